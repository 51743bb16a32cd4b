"""The assistant as clients see it: folders of this machine have names instead of paths."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import PurePath
from typing import TypeVar

from assistant.schema import Abstention, Answer, Answering, Evidence, Outline, Quote, Remark, ScoredPassage, Standing
from ingest.models.encoder import Encoder
from ingest.origin import root_names
from ingest.schema import EVERYTHING, CorpusDescription, Document, Passage, Place, Selection

Scored = TypeVar("Scored", bound=ScoredPassage | Evidence)
Rename = Callable[[str], str]


class Public:
    """Answers like the assistant that it wraps, with the names of roots in the place of their paths.

    A client gives the names back. A path is taken too: conversations that were
    kept by earlier versions contain it.
    """

    def __init__(self, opened: Callable[[], Answering]) -> None:
        """Wrap the assistant that `opened` returns."""
        self._opened = opened

    @property
    def encoder(self) -> Encoder:
        """The encoder of the index."""
        return self._opened().encoder

    def ask(
        self, question: str, history: Sequence[str] = (), *, as_typed: bool = False, within: Selection = EVERYTHING
    ) -> Answer:
        """Answer a question in quotes, or abstain; `history` holds the earlier questions, oldest first."""
        hide, show = self._renaming()
        answer = self._opened().ask(question, history, as_typed=as_typed, within=_within(within, show))
        abstention = answer.abstention
        return replace(
            answer,
            quotes=tuple(_quote(quote, hide) for quote in answer.quotes),
            abstention=None if abstention is None else _abstention(abstention, hide),
            remark=answer.remark and _remark(answer.remark, hide),
            within=within,
        )

    def search(self, question: str, limit: int = 10, *, within: Selection = EVERYTHING) -> list[ScoredPassage]:
        """Return the passages nearest to a question, best first."""
        hide, show = self._renaming()
        return [_scored(each, hide) for each in self._opened().search(question, limit, within=_within(within, show))]

    def titles(self) -> Sequence[tuple[Place, str]]:
        """Return the place and title of every source, ordered by root and source."""
        hide, _ = self._renaming()
        return [((hide(root), source), title) for (root, source), title in self._opened().titles()]

    def count(self, within: Selection) -> int:
        """Return the number of sources of a selection."""
        _, show = self._renaming()
        return self._opened().count(_within(within, show))

    def stages(self, question: str, history: Sequence[str] = ()) -> Mapping[str, Sequence[ScoredPassage | Evidence]]:
        """Return the results of each stage, best first; the stages are in order."""
        found, (hide, _) = self._opened().stages(question, history), self._renaming()
        return {stage: [_scored(each, hide) for each in results] for stage, results in found.items()}

    def quote(self, scored: Sequence[ScoredPassage]) -> list[Quote]:
        """Return whole passages as quotes."""
        hide, show = self._renaming()
        return [_quote(quote, hide) for quote in self._opened().quote([_scored(each, show) for each in scored])]

    def description(self) -> CorpusDescription:
        """Return the description of the collection."""
        description, (hide, _) = self._opened().description(), self._renaming()
        return replace(description, notices=tuple((hide(root), notice) for root, notice in description.notices))

    def sources(self) -> frozenset[str]:
        """Return the paths of all sources in the corpus, relative to their roots."""
        return self._opened().sources()

    def roots(self) -> Sequence[str]:
        """Return the names of the roots."""
        return list(root_names(self._opened().roots()).values())

    def roots_of(self, source: str) -> Sequence[str]:
        """Return the names of the roots that contain a source; empty if the index has no such source."""
        hide, _ = self._renaming()
        return [hide(root) for root in self._opened().roots_of(source)]

    def document(self, root: str, source: str) -> Document:
        """Return the full text of a source, as ingested."""
        _, show = self._renaming()
        return self._opened().document(show(root), source)

    def verify(self, quotes: Sequence[Quote]) -> tuple[Standing, ...]:
        """Check each quote against the current texts."""
        hide, show = self._renaming()
        return tuple(
            replace(standing, found=standing.found and replace(standing.found, root=hide(standing.found.root)))
            for standing in self._opened().verify([_quote(quote, show) for quote in quotes])
        )

    def _renaming(self) -> tuple[Rename, Rename]:
        """Return what maps the path of a root to its name, and what maps it back."""
        names = root_names(self._opened().roots())
        roots = {name: root for root, name in names.items()}
        return lambda root: names.get(root, PurePath(root).name), lambda name: roots.get(name, name)


def _within(within: Selection, rename: Rename) -> Selection:
    return replace(within, places=tuple((root and rename(root), path) for root, path in within.places))


def _passage(passage: Passage, rename: Rename) -> Passage:
    return replace(passage, root=rename(passage.root))


def _scored(scored: Scored, rename: Rename) -> Scored:
    return replace(scored, passage=_passage(scored.passage, rename))


def _quote(quote: Quote, rename: Rename) -> Quote:
    also = tuple(_quote(other, rename) for other in quote.also)
    return replace(quote, evidence=_scored(quote.evidence, rename), also=also)


def _remark(remark: Remark, rename: Rename) -> Remark:
    return replace(remark, outlines=tuple(_outline(outline, rename) for outline in remark.outlines))


def _outline(outline: Outline, rename: Rename) -> Outline:
    headings = tuple(replace(heading, root=rename(heading.root)) for heading in outline.headings)
    return replace(outline, root=rename(outline.root), headings=headings)


def _abstention(abstention: Abstention, rename: Rename) -> Abstention:
    return replace(abstention, nearest=tuple(_quote(quote, rename) for quote in abstention.nearest))
