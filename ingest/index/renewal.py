"""The names of collections that are made anew: while a run renews one, and after it was killed."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chromadb import Collection

RENEWED, RETIRED = ".renewed-", ".retired-"
"""What follows a collection's name in that of its new copy, and in its own when the copy has taken its place."""


def finish_renewal(present: "Mapping[str, Collection]") -> None:
    """Give collections their names whose renewal was killed between the two renamings; `present` are all, by name."""
    for name in {each.partition(RENEWED)[0] for each in present if RENEWED in each} - present.keys():
        if any(each.startswith(f"{name}{RETIRED}") for each in present):
            whole = [collection for each, collection in present.items() if each.startswith(f"{name}{RENEWED}")]
            max(whole, key=lambda collection: collection.count()).modify(name=name)
