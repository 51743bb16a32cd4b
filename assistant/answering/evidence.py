"""Scores the sentences of the best passages by how well they answer the question.

Source: late interaction (Khattab and Zaharia 2020): question and sentence are
matched token by token, here with the token vectors of the passage encoder.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from assistant.answering.answer_type import asked, counted, offers
from assistant.answering.context import Context, Surroundings
from assistant.answering.retrieve import Candidate, Question
from assistant.answering.weights import Scorer
from assistant.schema import Evidence
from ingest.models.encoder import Encoder, TokenVectors
from ingest.text.terms import content_terms

READ = 8  # passages whose sentences are scored
CONTEXTS = 12  # best sentences that get a context; in 97 % of cases a right one is among them
CACHED = 3_000  # sentences and titles with cached vectors; about 45 kB each

Cover = NDArray[np.float64]  # for each word of the question, how well a text covers it, 0 to 1


@dataclass(frozen=True, slots=True)
class Features:
    """Signs that a sentence answers a question.

    Cosines are -1 to 1. A text covers a word of the question by the cosine of
    its most similar token in context, 0 to 1, or by 1 if it contains the word
    itself; a number is covered only by the same number. Words are weighted by
    their idf.

    - `sentence_coverage`, `neighbour_coverage`, `passage_coverage` and
      `heading_coverage` are weighted means over the question's words: of the
      sentence, the sentence and its neighbours, the whole passage (each with
      title and headings), and title and headings alone.
    - `exact` is the weighted share of the words that passage, title and
      headings contain literally (by stem).
    - `likeness` is the mean over all tokens of the question, unweighted.
    - `weakest` is the passage's coverage of the word it covers worst.
    - `missing` is the weighted share of the words that occur nowhere in the corpus.
    - `known` is the coverage by all scored sentences together: whether the
      texts are about such things at all.
    - `lead` is the passage's cosine minus the mean of the three nearest
      passages of other sources.
    - `rerank_logit` is from the cross-encoder; 0 if it has not read the sentence.
    - `kind_offered`, `kind_lacking` and `is_question` are 0 or 1: whether the
      sentence has, or lacks, the kind of thing asked for (a number, a time, a
      name, a cause), and whether it is itself a question.
    """

    sentence_cosine: float
    passage_cosine: float
    bm25: float
    likeness: float
    sentence_coverage: float
    neighbour_coverage: float
    passage_coverage: float
    heading_coverage: float
    exact: float
    weakest: float
    missing: float
    known: float
    lead: float
    kind_offered: float
    kind_lacking: float
    is_question: float
    rerank_logit: float = 0.0

    def row(self) -> list[float]:
        """Return the values in the order of `NAMES`."""
        return [getattr(self, name) for name in NAMES]


NAMES = tuple(field.name for field in fields(Features))


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a candidate passage: its index in the passage, its features and its score.

    Only the best sentences have a `context`, see `with_context`; the others
    are read and quoted alone.
    """

    candidate: Candidate
    position: int
    features: Features
    score: float
    context: Context | None = None

    def evidence(self) -> Evidence:
        """Return the sentence as evidence."""
        start, end = self.candidate.passage.sentences[self.position]
        return Evidence(self.candidate.passage, start, end, self.score)

    def supported(self) -> list[Evidence]:
        """Return the sentence and those that must be quoted with it; adjacent ones are joined."""
        return list(self.context.evidence(self.score)) if self.context else [self.evidence()]

    def reading(self) -> str:
        """Return the cross-encoder's input for the sentence, see `Context.reading`."""
        return (self.context or Context(self.candidate.passage, (self.position,), self.position)).reading()


class Texts:
    """A cache of the token vectors of texts. Thread-safe."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._known: dict[str, TokenVectors] = {}  # only grows; replaced by a new one when full

    def get(self, texts: Sequence[str]) -> list[TokenVectors]:
        """Return the vectors of the texts; encode those that are not cached in one batch."""
        known = self._known
        found = {text: known[text] for text in texts if text in known}
        missing = sorted(set(texts) - found.keys())
        if missing:
            fresh = dict(zip(missing, self._encoder.encode_tokens(missing), strict=True))
            found |= fresh
            if len(known) + len(fresh) > CACHED:
                self._known = fresh
            else:
                known |= fresh
        return [found[text] for text in texts]


def score_sentences(
    question: Question, candidates: Sequence[Candidate], texts: Texts, scorer: Scorer
) -> list[Sentence]:
    """Return all sentences of the best `READ` candidates, best first, ties in the order of the candidates.

    Sentences are encoded without their title and headings.
    """
    one_source = len({c.passage.place for c in candidates}) == 1
    candidates = candidates[:READ]
    texts.get([text for c in candidates for text in (_context(c), *_sentences(c))])  # all at once, in full batches
    weights = scorer.weights(NAMES)
    matcher = _Matcher(question)
    headings = [matcher.cover(_context(c), texts.get([_context(c)])[0]) for c in candidates]
    covers = [_covers(c, heading, texts, matcher) for c, heading in zip(candidates, headings, strict=True)]
    known = matcher.share(np.maximum.reduce([cover for own in covers for cover in own])) if covers else 0.0
    scored = []
    for candidate, heading, own in zip(candidates, headings, covers, strict=True):
        shared = {
            "heading_coverage": matcher.share(heading),
            "known": known,
            "lead": _lead(candidate, candidates, one_source=one_source),
        }
        for position, features in enumerate(_features(question, candidate, texts, matcher, own, shared)):
            scored.append(Sentence(candidate, position, features, float(weights @ features.row())))
    return sorted(scored, key=lambda sentence: -sentence.score)


def with_context(sentences: Sequence[Sentence], surroundings: Surroundings) -> list[Sentence]:
    """Return the sentences; the first `CONTEXTS` get their context."""
    best = [replace(s, context=surroundings.context(s.candidate.passage, s.position)) for s in sentences[:CONTEXTS]]
    return [*best, *sentences[CONTEXTS:]]


def _covers(candidate: Candidate, heading: Cover, texts: Texts, matcher: "_Matcher") -> list[Cover]:
    """Return the cover of each sentence of a passage, including that of its title and headings (`heading`)."""
    sentences = _sentences(candidate)
    pairs = zip(sentences, texts.get(sentences), strict=True)
    return [np.maximum(heading, matcher.cover(text, tokens)) for text, tokens in pairs]


def _lead(candidate: Candidate, candidates: Sequence[Candidate], *, one_source: bool) -> float:
    """Return the lead over other sources or, if the corpus is a single source, over its other passages."""
    elsewhere = (c for c in candidates if c.passage.place != candidate.passage.place)
    rest = (c for c in candidates if c is not candidate) if one_source else elsewhere
    others = sorted((c.cosine for c in rest), reverse=True)[:3]
    return candidate.cosine - sum(others) / len(others) if others else candidate.cosine


def _features(
    question: Question,
    candidate: Candidate,
    texts: Texts,
    matcher: "_Matcher",
    own: Sequence[Cover],
    shared: dict[str, float],
) -> list[Features]:
    """Return the features of each sentence of a passage.

    `own` holds the covers of the sentences, `shared` the features that are the same for all of them.
    """
    sentences = _sentences(candidate)
    tokens = texts.get(sentences)
    whole = np.maximum.reduce(own)
    exact = matcher.exact(f"{_context(candidate)} {candidate.passage.text}")
    features = []
    for i, text in enumerate(sentences):
        offering = offers(text, matcher.kinds, matcher.things)
        features.append(
            Features(
                sentence_cosine=float(tokens[i].whole @ question.tokens.whole),
                passage_cosine=candidate.cosine,
                bm25=candidate.bm25,
                likeness=matcher.likeness(tokens[i]),
                sentence_coverage=matcher.share(own[i]),
                neighbour_coverage=matcher.share(np.maximum.reduce(own[max(0, i - 1) : i + 2])),
                passage_coverage=matcher.share(whole),
                exact=exact,
                weakest=float(whole.min()) if len(whole) else 0.0,
                missing=matcher.missing,
                **shared,
                kind_offered=float(offering),
                kind_lacking=float(bool(matcher.kinds) and not offering),
                is_question=float(text.rstrip().endswith("?")),
            )
        )
    return features


class _Matcher:
    """Matches texts against the words of one question and the kinds of thing it asks for."""

    def __init__(self, question: Question) -> None:
        self.kinds = asked(question.text)
        self.things = counted(question.text)
        self._terms = question.terms
        self._tokens = question.tokens
        total = question.weight or 1.0
        self._weights = np.array([term.idf / total for term in question.terms])
        self._pieces = [
            [i for i, (start, end) in enumerate(question.tokens.spans) if start < term.span[1] and end > term.span[0]]
            for term in question.terms
        ]
        self.missing = sum(term.idf for term in question.terms if term.frequency == 0) / total

    def cover(self, text: str, tokens: TokenVectors) -> Cover:
        """Return how well the text covers each word of the question, as the mean over the word's tokens."""
        cover = np.zeros(len(self._terms))
        stems = {term.stem for term in content_terms(text)}
        best = self._best(tokens)
        for i, (term, pieces) in enumerate(zip(self._terms, self._pieces, strict=True)):
            if term.stem in stems:
                cover[i] = 1.0
            elif pieces and not term.stem[:1].isdigit():
                cover[i] = max(0.0, float(best[pieces].mean()))
        return cover

    def likeness(self, tokens: TokenVectors) -> float:
        """Return the mean cosine of the question's tokens to their most similar tokens; 0 without tokens."""
        best = self._best(tokens)
        return float(best.mean()) if len(best) else 0.0

    def share(self, cover: Cover) -> float:
        """Return the weighted mean of a cover, 0 to 1; 0 without words."""
        return float(cover @ self._weights)

    def exact(self, text: str) -> float:
        """Return the weighted share of the words that the text contains literally, 0 to 1."""
        stems = {term.stem for term in content_terms(text)}
        return self.share(np.array([float(term.stem in stems) for term in self._terms]))

    def _best(self, tokens: TokenVectors) -> NDArray[np.float32]:
        if not tokens.spans or not self._tokens.spans:
            return np.zeros(len(self._tokens.spans), dtype=np.float32)
        best: NDArray[np.float32] = (self._tokens.vectors @ tokens.vectors.T).max(axis=1)
        return best


def _context(candidate: Candidate) -> str:
    return " ".join((candidate.passage.title, *candidate.passage.heading))


def _sentences(candidate: Candidate) -> list[str]:
    return [candidate.passage.cut(*span) for span in candidate.passage.sentences]
