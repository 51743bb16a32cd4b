"""Ranks passages by both of their scores."""

from collections.abc import Sequence
from dataclasses import replace

from assistant.answering.evidence import Texts
from assistant.answering.retrieve import Candidate, Question
from assistant.schema import ScoredPassage

# Of bm25's share and of the title's cosine against the passage's cosine; see tests/bench/RESULTS.md.
BM25_WEIGHT, TITLE_WEIGHT = 0.8, 0.5
RANKED = 10  # sources in an answer's ranking


def fuse(question: Question, candidates: Sequence[Candidate], texts: Texts) -> list[Candidate]:
    """Return the candidates with their titles' cosines, best first, ties in the order of the catalog.

    All scores are absolute, not normalised over the candidates, so they mean
    the same in a corpus of ten passages and of a hundred thousand.

    Source: convex combination of scores (Bruch, Gai and Ingber 2023).
    """
    titles = texts.get([candidate.passage.title for candidate in candidates])
    titled = [
        replace(candidate, title=float(title.whole @ question.tokens.whole))
        for candidate, title in zip(candidates, titles, strict=True)
    ]
    return sorted(titled, key=lambda c: -fused_score(c))


def fused_score(candidate: Candidate) -> float:
    """Return the cosine plus the weighted share of bm25 and cosine of the title."""
    return candidate.cosine + BM25_WEIGHT * candidate.bm25 + TITLE_WEIGHT * candidate.title


def rank_sources(passages: Sequence[ScoredPassage]) -> tuple[str, ...]:
    """Return the sources of ranked passages, best first, each once, at most `RANKED`."""
    return tuple(dict.fromkeys(scored.passage.source for scored in passages))[:RANKED]
