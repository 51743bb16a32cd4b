"""Handlers of what a question is limited to: read a selection from a request, and offer sources to choose."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import PurePath, PurePosixPath
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from assistant.render import within_json
from assistant.schema import Answering
from ingest.errors import RequestInvalid
from ingest.origin import root_names
from ingest.schema import EVERYTHING, Place, Selection, kind_of

OFFERED = 50
"""Sources, and folders, that are offered at once; of more, those whose names contain some words."""
MOST_CHOSEN = 1_000

Text = Annotated[str, Field(min_length=1, max_length=4_096)]


class Within(BaseModel):
    """A selection as programs and the page send it, and as answers show it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sources: Annotated[list[Text], Field(max_length=MOST_CHOSEN)] = []
    kinds: Annotated[list[Text], Field(max_length=MOST_CHOSEN)] = []
    after: date | None = None
    before: date | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """A source or a folder as written in a selection, its title or "", and how many sources it has."""

    written: str
    title: str
    sources: int


@dataclass(frozen=True, slots=True)
class Choices:
    """What can be chosen: the first folders and sources, how many more there are, and kinds with their numbers."""

    folders: tuple[Choice, ...]
    more_folders: int
    sources: tuple[Choice, ...]
    more_sources: int
    kinds: tuple[tuple[str, int], ...]


def selection(assistant: Answering, given: Mapping[str, object] | None) -> Selection:
    """Return the selection that a request asks for, see `Within`; everything if it names nothing.

    Sources and folders are written as in answers, with or without their root.

    Raises:
        RequestInvalid: it is not written as `Within` says.
    """
    if not given:
        return EVERYTHING
    try:
        within = Within.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, ("within", *first["loc"])))
        remedy = "pass sources, kinds, after and before; days are written like 2026-01-31"
        raise RequestInvalid(first["msg"][:1].lower() + first["msg"][1:], where, remedy) from error
    roots = assistant.roots() if within.sources else ()
    return Selection(
        places=tuple(dict.fromkeys(_place(written, roots) for written in within.sources)),
        kinds=tuple(dict.fromkeys(kind.lower().removeprefix(".") for kind in within.kinds)),
        after=within.after,
        before=within.before,
    )


def sent(assistant: Answering, text: str) -> Selection:
    """Return the selection that the page sends as JSON; "" is everything.

    Raises:
        RequestInvalid: it is not written as `Within` says.
    """
    try:
        given = json.loads(text) if text else None
    except ValueError as error:
        raise RequestInvalid("not JSON", "within", "choose the sources again") from error
    if not isinstance(given, dict | None):
        raise RequestInvalid("not a selection", "within", "choose the sources again")
    return selection(assistant, given)


def written(within: Selection) -> str:
    """Return a selection as JSON, as `sent` reads it."""
    return json.dumps(within_json(within)) if within else ""


def choices(assistant: Answering, find: str = "") -> Choices:
    """Return the sources and folders whose names or titles contain all words of `find`, and all kinds."""
    entries = assistant.titles()
    words = find.casefold().split()
    folders = Counter(folder for place, _ in entries for folder in _folders(place))
    named = [Choice(folder, "", number) for folder, number in sorted(folders.items())]
    sources = [Choice("/".join(place), title, 1) for place, title in entries]
    kinds = Counter(kind_of(source) for (_, source), _ in entries)
    del kinds[""]
    first, more = _first(named, words)
    shown, others = _first(sources, words)
    return Choices(first, more, shown, others, tuple(kinds.most_common()))


def _first(among: Sequence[Choice], words: Sequence[str]) -> tuple[tuple[Choice, ...], int]:
    """Return the first of those that contain all words, and how many more there are."""
    found = [each for each in among if all(word in f"{each.written} {each.title}".casefold() for word in words)]
    return tuple(found[:OFFERED]), max(0, len(found) - OFFERED)


def _folders(place: Place) -> list[str]:
    """Return the folders that contain a source, from its root on."""
    root, source = place
    above = [str(parent) for parent in PurePosixPath(source).parents if parent.parts]
    return [root, *(f"{root}/{folder}" for folder in reversed(above))]


def _place(text: str, roots: Sequence[str]) -> Place:
    """Return the place that is written as a root, or its name, and a path in it, or as a path in any root."""
    path = PurePath(text).as_posix()
    names = {name: root for root, name in root_names(roots).items()} | {
        PurePath(root).as_posix(): root for root in roots
    }
    for name in sorted(names, key=len, reverse=True):
        if path == name or path.startswith(f"{name}/"):
            return names[name], path[len(name) + 1 :]
    return "", path
