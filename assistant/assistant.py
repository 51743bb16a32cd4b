"""The assistant: from a question to an answer in quotes."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import zip_longest
from typing import Self

from assistant.answering.answer_type import asks_for_steps, lacks_figure
from assistant.answering.comparisons import sides, what_is
from assistant.answering.context import Surroundings
from assistant.answering.evidence import Sentence, most_telling, score_sentences, with_context
from assistant.answering.follow_up import ResolvedQuestion, resolve_follow_up, resolve_foreign
from assistant.answering.fuse import RANKED, Titles, fuse, fused_score, rank_sources
from assistant.answering.gate import FOREIGN_THRESHOLD, THRESHOLD, decide, probability
from assistant.answering.languages import hint, readable
from assistant.answering.lists import LIST_MOST
from assistant.answering.overview import overview
from assistant.answering.parts import parts, topic
from assistant.answering.quote import WORDS_OF_STEPS, Quoter, abstain, choose, once, with_steps_first
from assistant.answering.rerank import CosineReranker, Reranker, open_reranker
from assistant.answering.retrieve import Candidate, Question, encode_question, names_in, retrieve, storable
from assistant.answering.small_talk import small_talk
from assistant.answering.spelling import Speller
from assistant.answering.weights import Model, Scorer, load_model
from assistant.answering.wording import as_headings_say, says, with_apostrophes, with_dates
from assistant.conversations.verify import verify
from assistant.index import Index, View
from assistant.metrics import measured, timed
from assistant.schema import Answer, Correction, Evidence, Quote, Remark, ScoredPassage, Standing, State
from ingest.collections import own_description
from ingest.errors import RootInvalid
from ingest.index.selections import chosen
from ingest.models.encoder import Encoder
from ingest.schema import EVERYTHING, CorpusDescription, Document, Place, Selection
from ingest.settings import Settings
from ingest.text.language import question_language
from ingest.text.terms import ENGLISH, content_stems


class Assistant:
    """Answers questions from an index in quotes, or abstains. Thread-safe.

    The same index and question always give the same answer. A question is
    resolved and answered in one view of the index.
    """

    def __init__(self, index: Index, reranker: Reranker | None = None, model: Model | None = None) -> None:
        """Create an assistant on an index.

        Args:
            index: what to search.
            reranker: the cross-encoder that reads the best passages; without one the encoder's cosines must do.
            model: the coefficients of the score and the gate; None takes the shipped ones.
        """
        self._model = model or load_model()
        self._index = index
        self._reranker = reranker or CosineReranker(index.encoder)
        self._reads = reranker is not None
        self._titles = Titles(index.encoder)
        self._speller = Speller()

    @classmethod
    def open(cls, settings: Settings) -> Self:
        """Open the index and the models named in the settings.

        Raises:
            IndexMissing: nothing has been ingested yet.
            IndexStale: the index was made with another encoder or version.
            ModelMissing: a model cannot be loaded.
        """
        reranker = open_reranker(settings.reranker, settings.models_dir, allow_downloads=settings.allow_downloads)
        return cls(Index.open(settings), reranker)

    def ask(
        self, question: str, history: Sequence[str] = (), *, as_typed: bool = False, within: Selection = EVERYTHING
    ) -> Answer:
        """Answer a question; `history` holds the earlier questions of the conversation, oldest first.

        If `as_typed`, the question is searched for as it is: not mended, not
        completed and not taken apart. `within` is answered as if its sources
        were all that there are.

        Raises:
            QuoteMismatch: a quote differs from the text of its source.
            RequestInvalid: the selection has no source, or one of its places does not exist.
        """

        def answer() -> Answer:
            with self._index.view(within) as view:
                if as_typed:
                    return self._answer_part(storable(question), view)
                return self._answer(storable(question), list(map(storable, history)), view)

        return measured(question, answer)

    def search(self, question: str, limit: int = 10, *, within: Selection = EVERYTHING) -> list[ScoredPassage]:
        """Return the passages nearest to a question, best first.

        Raises:
            RequestInvalid: the selection has no source, or one of its places does not exist.
        """
        with self._index.view(within) as view:
            return _fused(self._candidates(encode_question(question, view), view))[:limit]

    def stages(self, question: str, history: Sequence[str] = ()) -> Mapping[str, Sequence[ScoredPassage | Evidence]]:
        """Return the results of each stage for the first part, best first: dense, lexical, fused, evidence."""
        with self._index.view() as view:
            understood = self._understood(storable(question), list(map(storable, history)), view)
            encoded = encode_question(understood.asked[0], view, understood.language)
            scorer = self._scorer(encoded.language, view.totals.languages)
            candidates, sentences = self._find(encoded, view, scorer)
        cosines = [ScoredPassage(candidate.passage, candidate.cosine) for candidate in candidates]
        bm25 = [ScoredPassage(candidate.passage, candidate.bm25) for candidate in candidates if candidate.bm25 > 0]
        return {
            "dense": sorted(cosines, key=lambda each: -each.score),
            "lexical": sorted(bm25, key=lambda each: -each.score),
            "fused": _fused(candidates),
            "evidence": [sentence.evidence() for sentence in sentences],
        }

    def description(self) -> CorpusDescription:
        """Return the description of the collection: its own, filled from those of its roots."""
        with self._index.view() as view:
            return own_description(self._index.folder).over(view.snapshot.description())

    def sources(self) -> frozenset[str]:
        """Return the paths of all sources in the corpus."""
        with self._index.view() as view:
            return view.snapshot.sources()

    def quote(self, scored: Sequence[ScoredPassage]) -> list[Quote]:
        """Return whole passages as quotes.

        Raises:
            QuoteMismatch: a passage differs from the text of its source.
        """
        with self._index.view() as view:
            quoter = Quoter(view.snapshot)
            return [
                quoter.quote(Evidence(each.passage, each.passage.start, each.passage.end, each.score))
                for each in scored
            ]

    def titles(self) -> Sequence[tuple[Place, str]]:
        """Return the place and title of every source, ordered by root and source."""
        with self._index.view() as view:
            return [(place, title) for _, place, title in view.snapshot.titles()]

    def count(self, within: Selection) -> int:
        """Return the number of sources of a selection.

        Raises:
            RequestInvalid: it has no source, or one of its places does not exist.
        """
        with self._index.view() as view:
            return len(chosen(within, view.snapshot))

    def roots(self) -> Sequence[str]:
        """Return the folders (roots) of the corpus."""
        with self._index.view() as view:
            return list(view.snapshot.roots())

    def roots_of(self, source: str) -> Sequence[str]:
        """Return the folders (roots) that contain a source; empty if the index has no such source."""
        with self._index.view() as view:
            return view.snapshot.roots_of(source)

    def document(self, root: str, source: str) -> Document:
        """Return the full text of a source, as ingested.

        Raises:
            RootInvalid: the index has no such source.
        """
        with self._index.view() as view:
            document = view.snapshot.document(root, source)
        if document is None:
            raise RootInvalid("the index has no such source", source, "it was removed from the index; ask again")
        return document

    def verify(self, quotes: Sequence[Quote]) -> tuple[Standing, ...]:
        """Check each quote against the current texts."""
        with self._index.view() as view:
            return verify(quotes, view.snapshot)

    @property
    def encoder(self) -> Encoder:
        """The encoder of the index, which also encodes the questions."""
        return self._index.encoder

    def close(self) -> None:
        """Close the index."""
        self._index.close()

    def _find(self, question: Question, view: View, scorer: Scorer) -> tuple[list[Candidate], list[Sentence]]:
        with timed("search"):
            candidates = self._candidates(question, view)
        with timed("read"):
            sentences = score_sentences(question, candidates, self._reranker, scorer)
            most = WORDS_OF_STEPS if asks_for_steps(question.text) else LIST_MOST
            sentences = with_context(sentences, Surroundings(view.snapshot, most))
        return candidates, sentences

    def _scorer(self, language: str, languages: Mapping[str, int]) -> Scorer:
        """Return the coefficients for a question in a language; those of English where the encoder has no others.

        `languages` is the amount of text in each language of the corpus.
        """
        if not self._reads:
            return self._model.plain
        if readable(language, languages):
            return self._model.reranked
        return self._model.foreign.get(self.encoder.identity.name, self._model.reranked)

    def _candidates(self, question: Question, view: View) -> list[Candidate]:
        return fuse(question, retrieve(question, view), self._titles) if question.text else []

    def _answer(self, question: str, history: Sequence[str], view: View) -> Answer:
        reply = small_talk(question)
        remark = Remark(reply) if reply else overview(question, view.snapshot)
        if remark is not None:
            run, within = view.snapshot.run(), view.snapshot.within
            return Answer(question, (), None, (), 0.0, run, remark=remark, within=within)
        with timed("understand"):
            understood = self._understood(question, history, view)
        asked, language, corrections = understood.asked, understood.language, understood.corrections
        text = " · ".join(asked)
        answers = [self._answer_compared(part, view, language) for part in asked]
        if len(answers) == 1 and not answers[0].quotes and (reworded := self._answer_reworded(text, view, language)):
            return replace(reworded, corrections=corrections + reworded.corrections)
        whole = _together(text, asked, answers) if len(answers) > 1 else answers[0]
        return replace(whole, question=text, corrections=corrections)

    def _understood(self, question: str, history: Sequence[str], view: View) -> "_Understood":
        """Return what is searched for: mended, with dates as the texts write them, completed and taken apart."""
        language = question_language(question, view.totals.languages)
        question = with_apostrophes(question) if language == ENGLISH else question  # "dont" is a word in French
        mended = self._speller.mend(question, view.snapshot, language)
        earlier = [self._speller.mend(each, view.snapshot, language).text for each in history]
        dated = with_dates(mended.text, view.snapshot)

        names: Callable[[str], list[str]] = partial(names_in, view=view) if language == ENGLISH else lambda _: []

        def complete(first: str) -> ResolvedQuestion:
            if language != ENGLISH:
                return resolve_foreign(first, earlier, language)
            return resolve_follow_up(topic(first), earlier, view.snapshot, names)

        first, *others = parts(dated.text, view.snapshot, complete, names)
        return _Understood([first, *map(topic, others)], language, mended.corrections + dated.corrections)

    def _answer_reworded(self, question: str, view: View, language: str) -> Answer | None:
        """Answer a question in the words of a heading; None if no quote stands under a heading with such a word."""
        for worded in as_headings_say(question, view.snapshot):
            answer = self._answer_part(worded.text, view, language)
            if answer.quotes and says(answer.quotes[0].evidence.passage, worded.corrections[0].text):
                return replace(answer, question=worded.text, corrections=worded.corrections)
        return None

    def _answer_compared(self, question: str, view: View, language: str) -> Answer:
        """Answer a question; if it asks of two things and its quotes leave one out, each is asked for by itself."""
        answer, compared = self._answer_part(question, view, language), _named_whole(sides(question), view, language)
        if not _unquoted(compared, answer, language):
            return answer
        answers = [self._answer_side(name, asked, view, language) for name, asked in compared.items()]
        if not any(each.quotes for each in answers):
            return answer
        both = _together(question, list(compared), answers)
        unquoted = _unquoted(compared, both, language)
        own = zip(compared, answers, strict=True)
        left = tuple(name for name, each in own if name in unquoted and _unquoted([name], each, language, titles=True))
        return replace(both, open_parts=left)

    def _answer_side(self, name: str, question: str, view: View, language: str) -> Answer:
        """Answer a question about one of two things compared, or quote what stands under a heading with its name."""
        answer = self._answer_part(question, view, language)
        if answer.quotes or question != what_is(name):
            return answer
        named = self._answer_part(name, view, language)
        return named if named.quotes and says(named.quotes[0].evidence.passage, name) else answer

    def _answer_part(self, question: str, view: View, language: str = "") -> Answer:
        encoded = encode_question(question, view, language)
        scorer = self._scorer(encoded.language, view.totals.languages)
        candidates, sentences = self._find(encoded, view, scorer)
        with timed("quote"):
            quoter = Quoter(view.snapshot)
            score = probability(most_telling(sentences).features, scorer) if sentences else 0.0
            english = readable(encoded.language, view.totals.languages)
            usual = FOREIGN_THRESHOLD if scorer in self._model.foreign.values() else THRESHOLD
            state = decide(score, float(view.snapshot.meta("gate_threshold") or usual))
            steps = asks_for_steps(question)
            if steps:
                sentences = with_steps_first(sentences)
            quoted = choose(sentences, steps=steps) if state is State.ANSWERED else []
            if quoted and (
                sentences[0].sibling
                or sentences[0].only_introduces
                or (english and lacks_figure(question, "\n".join(evidence.text for evidence in quoted)))
            ):
                state = State.UNCERTAIN
            answered = state is State.ANSWERED
            return Answer(
                question=question,
                quotes=once([*map(quoter.quote, quoted)]) if answered else (),
                abstention=None if answered else abstain(encoded, sentences, quoter, view, state),
                ranked=rank_sources(candidates, _logits(sentences)),
                gate_score=score,
                run=view.snapshot.run(),
                within=view.snapshot.within,
                hint=hint(encoded.language, view.totals.languages) if answered else "",
            )


@dataclass(frozen=True, slots=True)
class _Understood:
    """The questions to search for, their language (ISO 639-1), and what was corrected in them."""

    asked: list[str]
    language: str
    corrections: tuple[Correction, ...]


@contextmanager
def open_assistant(settings: Settings) -> Iterator[Assistant]:
    """Open the assistant described by the settings, and close it on exit."""
    assistant = Assistant.open(settings)
    try:
        yield assistant
    finally:
        assistant.close()


def _fused(candidates: Sequence[Candidate]) -> list[ScoredPassage]:
    return [ScoredPassage(candidate.passage, fused_score(candidate)) for candidate in candidates]


def _logits(sentences: Sequence[Sentence]) -> dict[str, float]:
    """Return how surely each passage that was read answers (a logit), by its id."""
    found: dict[str, float] = {}
    for sentence in sentences:
        passage, logit = sentence.candidate.passage.id, sentence.features.passage_logit
        found[passage] = max(logit, found.get(passage, logit))
    return found


def _named_whole(compared: Mapping[str, str], view: View, language: str) -> Mapping[str, str]:
    """Return two things that are compared; "acute" of "acute and chronic kidney pain" is "acute kidney pain".

    The longest end of the other that the texts have after it counts.
    """
    if len(compared) != 2:
        return compared
    one, other = compared
    words = other.split()
    if not compared[one].startswith((one, what_is(one))) or len(one.split()) >= len(words):
        return compared
    for whole in (f"{one} {' '.join(words[start:])}" for start in range(1, len(words))):
        stems = " ".join(content_stems(whole, language))
        if view.snapshot.texts_with([[stems]], 1):
            return {whole: compared[one].replace(one, whole, 1), other: compared[other]}
    return compared


def _unquoted(names: Iterable[str], answer: Answer, language: str, *, titles: bool = False) -> tuple[str, ...]:
    """Return the names of which some word is in no quote, nor in the heading above it, nor in its text's title."""
    passages = [quote.evidence.passage for quote in answer.quotes]
    above = (text for each in passages for text in (*each.heading[-1:], each.title if titles else ""))
    texts = (*above, *(quote.text for quote in answer.quotes))
    quoted = {stem for text in texts for stem in content_stems(text, language)}
    return tuple(name for name in names if not quoted.issuperset(content_stems(name, language)))


def _together(text: str, asked: Sequence[str], answers: Sequence[Answer]) -> Answer:
    """Return one answer from those to the parts of a question: all that is quoted, and which parts are not answered."""
    best = max(answers, key=lambda answer: (bool(answer.quotes), answer.gate_score))
    quotes = once(_distinct([quote for answer in answers for quote in answer.quotes]))
    ranked = dict.fromkeys(source for places in zip_longest(*(each.ranked for each in answers)) for source in places)
    return replace(
        best,
        question=text,
        quotes=quotes,
        ranked=tuple(source for source in ranked if source)[:RANKED],
        open_parts=tuple(part for part, answer in zip(asked, answers, strict=True) if quotes and not answer.quotes),
    )


def _distinct(quotes: Sequence[Quote]) -> tuple[Quote, ...]:
    """Return the quotes without those that lie in another, or are in the same place as one before them."""
    kept: list[Quote] = []
    for quote in sorted(quotes, key=lambda each: len(each.text), reverse=True):
        if not any(quote.evidence.lies_in(other.evidence) for other in kept):
            kept.append(quote)
    return tuple(quote for quote in quotes if any(quote is each for each in kept))
