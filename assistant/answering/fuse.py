"""Ranks passages by a combination of their scores, and sources by what was read in them besides."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from assistant.answering.answer_type import describes
from assistant.answering.retrieve import Candidate, Question
from ingest.models.encoder import Encoder, Vectors32
from ingest.schema import Passage

# Weights relative to the passage's cosine; see the trials fusion-bm25-weight and fusion-title-weight.
BM25_WEIGHT, TITLE_WEIGHT = 0.8, 0.5
READ_WEIGHT = 0.3  # the same for how surely a passage answers (0 to 1); see the trial sources-by-what-was-read
EMPTY = 0.3  # taken off the score of front matter and pictures, so that text is read first
CACHED = 20_000  # titles with cached vectors; 1.5 kB each
RANKED = 10  # sources in an answer's ranking


class Titles:
    """A cache of the vectors of titles. Thread-safe."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._known: dict[str, Vectors32] = {}  # only grows; replaced by a new one when full

    def cosines(self, vector: Vectors32, titles: Sequence[str]) -> list[float]:
        """Return the cosine of a vector with each title; titles that are not cached are encoded in one batch."""
        known = self._known
        missing = sorted(set(titles) - known.keys())
        if missing:
            kept = (
                known
                if len(known) + len(missing) <= CACHED
                else {each: known[each] for each in titles if each in known}
            )
            self._known = known = kept | dict(zip(missing, self._encoder.encode(missing), strict=True))
        return [float(vector @ known[title]) for title in titles]


def fuse(question: Question, candidates: Sequence[Candidate], titles: Titles) -> list[Candidate]:
    """Return the candidates with the cosines of their titles, best first; ties keep the catalog's order.

    Scores are not normalised over the candidates, so they mean the same in a
    corpus of ten passages and in one of a hundred thousand.

    Source: convex combination of scores (Bruch, Gai and Ingber 2023).
    """
    cosines = titles.cosines(question.vector, [candidate.passage.title for candidate in candidates])
    titled = [
        replace(candidate, title=cosine, empty=_is_empty(candidate.passage, question.text))
        for candidate, cosine in zip(candidates, cosines, strict=True)
    ]
    return sorted(titled, key=lambda c: -fused_score(c))


def fused_score(candidate: Candidate) -> float:
    """Return the passage's cosine plus the weighted bm25 share and title cosine; an empty passage gives way."""
    score = candidate.cosine + BM25_WEIGHT * candidate.bm25 + TITLE_WEIGHT * candidate.title
    return score - EMPTY * candidate.empty


def _is_empty(passage: Passage, question: str) -> bool:
    opening = not passage.heading
    return all(describes(passage.cut(*span), question, opening=opening) for span in passage.sentences)


def rank_sources(candidates: Sequence[Candidate], logits: Mapping[str, float]) -> tuple[str, ...]:
    """Return the sources of candidates without repeats, best first, at most `RANKED`; ties keep their order.

    `logits` says how surely a passage answers, by the ids of those that were read.
    """

    def score(candidate: Candidate) -> float:
        logit = logits.get(candidate.passage.id)
        return fused_score(candidate) + (READ_WEIGHT / (1 + math.exp(-logit)) if logit is not None else 0.0)

    return tuple(dict.fromkeys(each.passage.source for each in sorted(candidates, key=lambda c: -score(c))))[:RANKED]
