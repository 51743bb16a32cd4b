"""Ranks passages by a combination of their scores."""

from collections.abc import Sequence
from dataclasses import replace

from assistant.answering.evidence import Texts
from assistant.answering.retrieve import Candidate, Question
from assistant.schema import ScoredPassage

# Weights relative to the passage's cosine; see the trials fusion-bm25-weight and fusion-title-weight.
BM25_WEIGHT, TITLE_WEIGHT = 0.8, 0.5
RANKED = 10  # sources in an answer's ranking


def fuse(question: Question, candidates: Sequence[Candidate], texts: Texts) -> list[Candidate]:
    """Return the candidates with the cosines of their titles, best first; ties keep the catalog's order.

    Scores are not normalised over the candidates, so they mean the same in a
    corpus of ten passages and in one of a hundred thousand.

    Source: convex combination of scores (Bruch, Gai and Ingber 2023).
    """
    titles = texts.get([candidate.passage.title for candidate in candidates])
    titled = [
        replace(candidate, title=float(title.whole @ question.tokens.whole))
        for candidate, title in zip(candidates, titles, strict=True)
    ]
    return sorted(titled, key=lambda c: -fused_score(c))


def fused_score(candidate: Candidate) -> float:
    """Return the passage's cosine plus the weighted bm25 share and title cosine."""
    return candidate.cosine + BM25_WEIGHT * candidate.bm25 + TITLE_WEIGHT * candidate.title


def rank_sources(passages: Sequence[ScoredPassage]) -> tuple[str, ...]:
    """Return the sources of ranked passages without repeats, best first, at most `RANKED`."""
    return tuple(dict.fromkeys(scored.passage.source for scored in passages))[:RANKED]
