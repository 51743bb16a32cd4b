"""Reads the best passages with the cross-encoder, and scores their sentences by how well they answer the question."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as Group
from dataclasses import dataclass, fields, replace
from itertools import islice

import numpy as np

from assistant.answering import lines
from assistant.answering.answer_type import announces, asked, counted, describes, offers
from assistant.answering.context import Context, Surroundings, introduction
from assistant.answering.fuse import fused_score
from assistant.answering.lists import introduces, is_step
from assistant.answering.reading import reading_text
from assistant.answering.rerank import UNREAD, Reading, Reranker
from assistant.answering.retrieve import Candidate, Question
from assistant.answering.siblings import siblings
from assistant.answering.something_else import is_about_something_else, looks_above
from assistant.answering.weights import Scorer
from assistant.answering.word_list import has_rare_word
from assistant.schema import Evidence
from ingest.schema import Place
from ingest.text.terms import content_stems

# Passages that are read: trial "passages-near-the-best".
READ = 6  # at most
READ_ANYWAY = 3
REACH = 0.15  # of the fused score: others that are further below the best are not read
# The best one by its own text is read too: where all titles have a word of the question, they say little.
BY_WORDS = 0.8  # weight of bm25 beside the cosine there; trial "best-by-its-text"
# Taken off the score of a sentence that only says what its text is about; of front matter, and of a picture.
ANNOUNCED, DESCRIBING = 5.0, 5.0
LABEL = 2  # words of a heading that labels a section with a name, at most, unless it begins with it
CONTEXTS = 12  # best sentences that get a context; no others are quoted
BY_FAR = 2.0  # of the score
QUOTABLE = 6.0  # of the score: no sentence that is further below the best is quoted


@dataclass(frozen=True, slots=True)
class Features:
    """Signs that a sentence answers a question.

    - `sentence_logit` and `passage_logit` are the cross-encoder's, of the
      sentence and of the passage that holds it; `UNREAD` if the sentence is
      about something else than the question, see something_else.py, if its
      row or list item is named otherwise, see `_Matcher.named_otherwise`, or if
      all candidates lack a name that the question has, see `_Matcher.named`.
    - `elsewhere` is the highest logit of a passage of another source, at least
      `LEAST`: whether sources agree that there is an answer.
    - `passage_cosine`, `title_cosine` and `bm25` are the passage's, see `Candidate`.
    - `sentence_exact`, `heading_exact` and `exact` are the shares of the
      question's words, weighted by their idf, that the sentence, the title and
      headings, and passage, title and headings together contain (by stem), 0 to 1.
    - `missing` is the weighted share of the words that occur nowhere in the corpus.
    - `kind_offered`, `kind_lacking` and `is_question` are 0 or 1: whether the
      sentence has, or lacks, the kind of thing asked for (a number, a time, a
      name, a cause), and whether it is itself a question.
    """

    sentence_logit: float
    passage_logit: float
    elsewhere: float
    passage_cosine: float
    title_cosine: float
    bm25: float
    sentence_exact: float
    heading_exact: float
    exact: float
    missing: float
    kind_offered: float
    kind_lacking: float
    is_question: float

    def row(self) -> list[float]:
        """Return the values in the order of `NAMES`."""
        return [getattr(self, name) for name in NAMES]


NAMES = tuple(field.name for field in fields(Features))
LEAST = -8.0  # logit; a corpus of one source is as if others said nothing


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a candidate passage: its index in the passage, its features and its score.

    Only the best sentences have a `context`, see `with_context`; the others
    are quoted alone. `given_way` is what was taken off the score of front
    matter and pictures. `sibling` says that its passage is about a sibling of
    what the question names, see siblings.py.
    """

    candidate: Candidate
    position: int
    features: Features
    score: float
    context: Context | None = None
    given_way: float = 0.0
    sibling: bool = False

    def evidence(self) -> Evidence:
        """Return the sentence as evidence."""
        start, end = self.candidate.passage.sentences[self.position]
        return Evidence(self.candidate.passage, start, end, self.score, ((start, end),))

    @property
    def is_step(self) -> bool:
        """Whether the sentence is one of the steps of a numbered list."""
        return self.context is not None and is_step(self.context.passage, self.context.at)

    @property
    def only_introduces(self) -> bool:
        """Whether the sentence introduces something that is not quoted with it: nothing follows, or long code."""
        return (
            self.context is not None
            and self.context.positions[-1] == self.context.at
            and introduces(self.evidence().text)
        )

    def supported(self, *, whole_list: bool = True) -> list[Evidence]:
        """Return the sentence and those that must be quoted with it; adjacent ones are joined.

        Without the `whole_list`, of its list there is only its own item, with
        the line that introduces it and what lies between.
        """
        if self.context is None:
            return [self.evidence()]
        context = self.context if whole_list else Context.of(self.context.passage, self.context.at, 0)
        return list(context.evidence(self.score))

    def whole(self) -> Evidence:
        """Return the sentence and those that must be quoted with it as one piece, with what lies between them."""
        pieces = self.supported()
        return replace(pieces[0], end=pieces[-1].end, focus=self.evidence().focus)


def score_sentences(
    question: Question, candidates: Sequence[Candidate], reranker: Reranker, scorer: Scorer
) -> list[Sentence]:
    """Read the best candidates and return all their sentences, best first, ties in the candidates' order.

    Those that lack a name of the question are read only if all do, see `Features`.
    Of those about a sibling of what it names, the first is read, too, and left out
    unless the best sentence is in it by far.
    """
    matcher, weights = _Matcher(question), scorer.weights(NAMES)
    own: list[Candidate] = []
    of_siblings: list[Candidate] = []
    for each, is_sibling in zip(candidates, siblings(question, candidates), strict=True):
        (of_siblings if is_sibling else own).append(each)
    near, unnamed = _worth_reading(own, matcher)
    aside = of_siblings[:1]
    candidates = [*near, *aside]
    renamed = matcher.named_otherwise(candidates)
    readings = reranker.read(question.text, [reading_text(each.passage, each.head) for each in candidates])
    scored = []
    for candidate, reading in zip(candidates, readings, strict=True):
        others = [
            other.logit
            for rival, other in zip(candidates, readings, strict=True)
            if rival.passage.place != candidate.passage.place and rival not in aside
        ]
        for position, features in enumerate(
            _features(candidate, reading, max(others, default=LEAST), matcher, renamed, unnamed=unnamed)
        ):
            score = float(weights @ features.row())
            text, opens = candidate.passage.cut(*candidate.passage.sentences[position]), _opens(candidate)
            if announces(text, opening=opens):
                score -= ANNOUNCED
            less = DESCRIBING if describes(text, question.text, opening=opens) else 0.0
            sibling = candidate in aside
            scored.append(Sentence(candidate, position, features, score - less, given_way=less, sibling=sibling))
    scored.sort(key=lambda sentence: -sentence.score)
    without = [each for each in scored if not each.sibling]
    return without if without and without[0].score >= scored[0].score - BY_FAR else scored


def most_telling(sentences: Sequence[Sentence]) -> Sentence:
    """Return the sentence that shows whether the best one's source answers: the best, or front matter that is better.

    Front matter is not quoted first, but the source answers what it names.
    """
    place = sentences[0].candidate.passage.place
    own = [each for each in sentences if each.candidate.passage.place == place]
    return max(own, key=lambda each: each.score + each.given_way)


def _worth_reading(candidates: Sequence[Candidate], matcher: "_Matcher") -> tuple[Sequence[Candidate], bool]:
    """Return the candidates near the best one, by their fused score, and the best one without regard to titles.

    Only those with all names of the question count; if there are none, all do, and the second value says so.
    """
    by_text = sorted(candidates, key=lambda each: -(each.cosine + BY_WORDS * each.bm25))
    labels = matcher.labels(candidates)
    first = list(islice(matcher.named(candidates, labels), READ))  # few are looked at for names: it takes 0.2 ms each
    unnamed = not first
    if unnamed:
        first, telling = list(candidates[:READ]), by_text[:1]
    else:
        telling = [next(matcher.named(by_text, labels))]
    least = fused_score(first[0]) - REACH if first else 0.0
    near = [each for at, each in enumerate(first) if at < READ_ANYWAY or fused_score(each) >= least]
    return [*near, *(each for each in telling if each not in near)], unnamed


def _opens(candidate: Candidate) -> bool:
    """Whether a passage stands before the first heading, where a text says what it is about."""
    return not candidate.passage.heading


def with_context(sentences: Sequence[Sentence], surroundings: Surroundings) -> list[Sentence]:
    """Return the sentences; those of the first `CONTEXTS` that may be quoted get their context."""
    return [
        replace(each, context=surroundings.context(each.candidate.passage, each.position))
        if at < CONTEXTS and each.score >= sentences[0].score - QUOTABLE
        else each
        for at, each in enumerate(sentences)
    ]


def _above(candidate: Candidate) -> str:
    """Return what a passage stands below: its title, headings and the head of its table."""
    return " ".join((candidate.passage.title, *candidate.passage.heading, candidate.head))


def _features(
    candidate: Candidate,
    reading: Reading,
    elsewhere: float,
    matcher: "_Matcher",
    renamed: Group[tuple[str, int]],
    *,
    unnamed: bool,
) -> list[Features]:
    """Return the features of each sentence of a passage; one that is `unnamed` lacks a name of the question.

    `renamed` are sentences of other names, see `_Matcher.named_otherwise`.
    """
    passage = candidate.passage
    above = _above(candidate)
    heading_exact, exact = matcher.exact(above), matcher.exact(above, passage.text)
    features = []
    for position, (span, logit) in enumerate(zip(passage.sentences, reading.sentences, strict=True)):
        text = passage.cut(*span)
        offering = offers(text, matcher.kinds, matcher.things)
        under = "\n".join((*passage.heading[-1:], candidate.head))
        introducing = introduction(passage, position) if matcher.looks_above else None
        introduced = text if introducing is None else lines.text(passage, introducing)
        other = (
            unnamed
            or (passage.id, position) in renamed
            or is_about_something_else(matcher.question, text, above, under, introduced)
        )
        features.append(
            Features(
                sentence_logit=UNREAD if other else logit,
                passage_logit=UNREAD if other else reading.logit,
                elsewhere=max(LEAST, elsewhere),
                passage_cosine=candidate.cosine,
                title_cosine=candidate.title,
                bm25=candidate.bm25,
                sentence_exact=matcher.exact(above, text),
                heading_exact=heading_exact,
                exact=exact,
                missing=matcher.missing,
                kind_offered=float(offering),
                kind_lacking=float(bool(matcher.kinds) and not offering),
                is_question=float(text.rstrip().endswith("?")),
            )
        )
    return features


class _Matcher:
    """Matches texts against the words of one question and the kinds of thing it asks for."""

    def __init__(self, question: Question) -> None:
        self.question = f"{question.text} {question.person}".rstrip()
        self.kinds = asked(question.text)
        self.things = counted(question.text)
        self.looks_above = looks_above(self.question)
        self._language = question.language
        self._stems = [term.stem for term in question.terms]
        self._names = [(term.stem, _beginning(term.word)) for term in question.terms if term.names]
        total = question.weight or 1.0
        self._weights = np.array([term.idf / total for term in question.terms])
        self.missing = sum(term.idf for term in question.terms if term.frequency == 0) / total

    def labels(self, candidates: Sequence[Candidate]) -> Mapping[Place, Group[str]]:
        """Return the names of the question that label a section of a text: its heading says little else."""
        found: dict[Place, set[str]] = {}
        for each in candidates if self._names else ():
            headings = each.passage.heading
            names = {stem for stem, begins in self._names if any(self._is_label(text, begins) for text in headings)}
            found.setdefault(each.passage.place, set()).update(names)
        return found

    def _is_label(self, text: str, begins: re.Pattern[str]) -> bool:
        at = begins.search(text)
        return at is not None and (not text[: at.start()].strip("*_# ") or len(content_stems(text)) <= LABEL)

    def named(self, candidates: Iterable[Candidate], labels: Mapping[Place, Group[str]]) -> Iterator[Candidate]:
        """Yield the candidates with all names of the question, if only as the beginnings of words.

        A name may stand anywhere in a candidate's text, unless it labels a section there that does not hold the
        candidate, or the candidate stands under a heading with another name: "Dose" may answer about what its text
        names once, but not below "Ibuprofen", nor if that has a heading of its own.

        Source: trial "names-anywhere-in-a-text".
        """
        return (
            each
            for each in candidates
            if not (lacking := self._lacking(each))
            or (
                lacking <= each.names.difference(labels.get(each.passage.place, ()))
                and not has_rare_word(" ".join(set(each.passage.heading) - {each.passage.title}))
            )
        )

    def named_otherwise(self, candidates: Sequence[Candidate]) -> Group[tuple[str, int]]:
        """Return the sentences in rows and list items of other names than the question's: passage ids and positions.

        They are those without its names whose row or item is labelled with
        another rare word, where a row or item of the same text is labelled
        with one of the question's.
        """
        labelled: dict[Place, list[tuple[tuple[str, int], str, str]]] = {}
        for passage in (each.passage for each in candidates if self._names):
            for at in range(len(passage.sentences)):
                label, line = lines.named(passage, at)
                if label and not lines.is_head(passage, at):
                    labelled.setdefault(passage.place, []).append(((passage.id, at), label, line))
        return {
            sentence
            for rows in labelled.values()
            if (names := [b for _, b in self._names if any(b.search(label) for _, label, _ in rows)])
            for sentence, label, line in rows
            if has_rare_word(label) and not any(begins.search(line) for begins in names)
        }

    def _lacking(self, candidate: Candidate) -> Group[str]:
        """Return the names that neither a passage nor what it stands below has, nor its path."""
        texts = _above(candidate), candidate.passage.text
        whole = "\n".join((candidate.passage.source, *texts))
        missing = {stem for stem, begins in self._names if not begins.search(whole)}
        return missing.difference(*(content_stems(text, self._language) for text in texts)) if missing else missing

    def exact(self, *texts: str) -> float:
        """Return the weighted share of the words that the texts contain together, 0 to 1."""
        stems = set[str]().union(*(content_stems(text, self._language) for text in texts))
        return float(np.array([stem in stems for stem in self._stems]) @ self._weights) if self._stems else 0.0


def _beginning(name: str) -> re.Pattern[str]:
    """Return what finds words that begin with a name, or a year: escitalopram is another drug than citalopram."""
    if name.isdecimal():
        return re.compile(rf"(?<!\d){name}(?!\d)|(?<!\d){name[:2]}\d\d ?[/–-] ?{name[2:]}(?!\d)")  # noqa: RUF001
    return re.compile(rf"(?<![^\W\d_]){re.escape(name)}", re.IGNORECASE)
