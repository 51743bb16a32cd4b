"""Ranks passages by both of their scores."""

from collections.abc import Iterable, Sequence

from assistant.retrieve import Candidate
from assistant.schema import ScoredPassage

BM25_WEIGHT = 0.4  # of bm25's share against the cosine; see tests/bench/RESULTS.md
RANKED = 10  # sources in an answer's ranking


def fuse(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Return the candidates, best first, ties in the order of the catalog.

    Both scores are absolute, not normalised over the candidates, so they mean
    the same in a corpus of ten passages and of a hundred thousand.

    Source: convex combination of scores (Bruch, Gai and Ingber 2023).
    """
    return sorted(candidates, key=lambda c: -fused_score(c))


def fused_score(candidate: Candidate) -> float:
    """Return cosine plus the weighted share of bm25."""
    return candidate.cosine + BM25_WEIGHT * candidate.bm25


def rank_sources(passages: Sequence[ScoredPassage]) -> tuple[str, ...]:
    """Return the sources of ranked passages, best first, each once, at most `RANKED`."""
    return tuple(dict.fromkeys(scored.passage.source for scored in passages))[:RANKED]
