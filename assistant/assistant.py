"""The assistant: a LangChain Runnable from a question to an answer in quotes."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Self

from langchain_core.runnables import Runnable, RunnableConfig

from assistant.answering.context import Surroundings
from assistant.answering.evidence import Sentence, Texts, score_sentences, with_context
from assistant.answering.follow_up import resolve_follow_up
from assistant.answering.fuse import fuse, fused_score, rank_sources
from assistant.answering.gate import THRESHOLD, probability
from assistant.answering.quote import Quoter, abstain, choose
from assistant.answering.rerank import Reranker, open_reranker, rerank
from assistant.answering.retrieve import Candidate, Question, encode_question, retrieve
from assistant.answering.weights import Model, load_model
from assistant.conversations.verify import verify
from assistant.index import Index, View
from assistant.metrics import measured, timed
from assistant.schema import Answer, Evidence, Quote, ScoredPassage, Standing
from ingest.errors import RootInvalid
from ingest.models.encoder import Encoder
from ingest.schema import CorpusDescription, Document
from ingest.settings import Settings


class Assistant(Runnable[str, Answer]):
    """Answers questions from an index in quotes, or abstains. Thread-safe.

    The same index and question always give the same answer. A question is
    resolved and answered in one view of the index.
    """

    def __init__(self, index: Index, reranker: Reranker | None = None, model: Model | None = None) -> None:
        """Create an assistant on an index.

        Args:
            index: what to search.
            reranker: the cross-encoder that rescores the best sentences; None skips that step.
            model: the coefficients of the score and the gate; None takes the shipped ones.
        """
        model = model or load_model()
        self._index = index
        self._reranker = reranker
        self._first = model.plain  # scores all sentences before the cross-encoder reads the best
        self._last = model.plain if reranker is None else model.reranked
        self._texts = Texts(index.encoder)

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

    def ask(self, question: str, history: Sequence[str] = ()) -> Answer:
        """Answer a question; `history` holds the earlier questions of the conversation, oldest first.

        Raises:
            QuoteMismatch: a quote differs from the text of its source.
        """
        return self._call_with_config(lambda text: self._ask(text, history), question, None, run_type="chain")

    def invoke(self, input: str, config: RunnableConfig | None = None, **kwargs: Any) -> Answer:  # noqa: A002, ANN401
        """Answer a question through LangChain's interface, with callbacks and tracing."""
        return self._call_with_config(self._ask, input, config, run_type="chain", **kwargs)

    def search(self, question: str, limit: int = 10) -> list[ScoredPassage]:
        """Return the passages nearest to a question, best first."""
        with self._index.view() as view:
            return _fused(self._candidates(encode_question(question, view), view))[:limit]

    def stages(self, question: str, history: Sequence[str] = ()) -> Mapping[str, Sequence[ScoredPassage | Evidence]]:
        """Return the results of each stage, best first: dense, lexical, fused, evidence."""
        with self._index.view() as view:
            asked = encode_question(resolve_follow_up(question, history, view.snapshot).text, view)
            candidates, sentences = self._find(asked, view)
        cosines = [ScoredPassage(candidate.passage, candidate.cosine) for candidate in candidates]
        bm25 = [ScoredPassage(candidate.passage, candidate.bm25) for candidate in candidates if candidate.bm25 > 0]
        return {
            "dense": sorted(cosines, key=lambda each: -each.score),
            "lexical": sorted(bm25, key=lambda each: -each.score),
            "fused": _fused(candidates),
            "evidence": [sentence.evidence() for sentence in sentences],
        }

    def description(self) -> CorpusDescription:
        """Return the corpus's description of itself."""
        with self._index.view() as view:
            return view.snapshot.description()

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

    def _find(self, question: Question, view: View) -> tuple[list[Candidate], list[Sentence]]:
        with timed("search"):
            candidates = self._candidates(question, view)
        with timed("sentences"):
            sentences = score_sentences(question, candidates, self._texts, self._first)
            sentences = with_context(sentences, Surroundings(view.snapshot))
        if self._reranker is not None:
            with timed("rerank"):
                sentences = rerank(question.text, sentences, self._reranker, self._last)
        return candidates, sentences

    def _candidates(self, question: Question, view: View) -> list[Candidate]:
        return fuse(question, retrieve(question, view), self._texts) if question.text else []

    def _ask(self, question: str, history: Sequence[str] = ()) -> Answer:
        return measured(question, lambda: self._answer(question, history))

    def _answer(self, question: str, history: Sequence[str]) -> Answer:
        with self._index.view() as view:
            with timed("understand"):
                text = resolve_follow_up(question, history, view.snapshot).text if history else question
                encoded = encode_question(text, view)
            candidates, sentences = self._find(encoded, view)
            with timed("quote"):
                quoter = Quoter(view.snapshot)
                score = probability(sentences[0].features, self._last) if sentences else 0.0
                answers = score >= float(view.snapshot.meta("gate_threshold") or THRESHOLD)
                counts = view.snapshot.counts()
                return Answer(
                    question=text,
                    quotes=tuple(map(quoter.quote, choose(sentences))) if answers else (),
                    abstention=None if answers else abstain(encoded, sentences, quoter, counts),
                    ranked=rank_sources(_fused(candidates)),
                    gate_score=score,
                    run=view.snapshot.run(),
                )


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
