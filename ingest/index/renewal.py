"""The names of collections that are made anew: while a run renews one, and after it was killed."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chromadb import Collection

RENEWED, RETIRED = ".renewed-", ".retired-"
"""What follows a collection's name in that of its new copy, and in its own when the copy has taken its place."""


def finish_renewal(present: "Mapping[str, Collection]") -> set[str]:
    """Give collections their names whose renewal was killed between the two renamings; return all names then.

    `present` are all collections, by name.
    """
    names = set(present)
    for name in {each.partition(RENEWED)[0] for each in present if RENEWED in each} - present.keys():
        if any(each.startswith(f"{name}{RETIRED}") for each in present):
            copies = [each for each in present if each.startswith(f"{name}{RENEWED}")]
            whole = max(copies, key=lambda each: present[each].count())
            present[whole].modify(name=name)
            names = names - {whole} | {name}
    return names
