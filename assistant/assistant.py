"""The assistant: a LangChain Runnable from a question to an answer in quotes, and its retriever."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Self

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document as LangChainDocument
from langchain_core.embeddings import Embeddings
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import Runnable, RunnableConfig

from assistant.answering.evidence import Sentence, Texts, score_sentences
from assistant.answering.follow_up import understood
from assistant.answering.fuse import fuse, fused_score, rank_sources
from assistant.answering.gate import THRESHOLD, probability
from assistant.answering.quote import Quoter, abstain, choose
from assistant.answering.rerank import Reranker, open_reranker, rerank
from assistant.answering.retrieve import Candidate, Question, retrieve, understand
from assistant.conversations.verify import verify
from assistant.index import Index, View
from assistant.schema import Answer, Evidence, Quote, ScoredPassage, Standing
from ingest.errors import RootInvalid
from ingest.models.encoder import Encoder
from ingest.schema import CorpusDescription, Document
from ingest.settings import Settings


class Assistant(Runnable[str, Answer]):
    """Answers questions from an index in quotes, or abstains.

    The same index and question give the same answer.
    """

    def __init__(self, index: Index, reranker: Reranker | None = None) -> None:
        self._index = index
        self._reranker = reranker
        with index.view() as view:
            self._texts = Texts(view.encoder)

    @classmethod
    def open(cls, settings: Settings) -> Self:
        """Open the index that the settings name.

        Raises:
            IndexMissing: nothing was ingested there yet.
            IndexStale: it was made with another encoder or version.
            ModelMissing: the reranker cannot be loaded.
        """
        reranker = open_reranker(settings.reranker, settings.models_dir, allow_downloads=settings.allow_downloads)
        return cls(Index.open(settings), reranker)

    def ask(self, question: str, history: Sequence[str] = ()) -> Answer:
        """Answer a question; `history` are the questions before it, oldest first.

        Raises:
            QuoteMismatch: the index contradicts itself.
        """
        return self.invoke(self._understood(question, history))

    def invoke(self, input: str, config: RunnableConfig | None = None, **kwargs: Any) -> Answer:  # noqa: A002, ANN401
        """Answer a question, as LangChain calls it: callbacks and tracing work."""
        return self._call_with_config(self._answer, input, config, run_type="chain", **kwargs)

    def search(self, question: str, limit: int = 10) -> list[ScoredPassage]:
        """Return the passages nearest to a question, best first."""
        with self._index.view() as view:
            candidates = self._candidates(understand(question, view), view)
        return _scored(candidates, "fused")[:limit]

    def stages(self, question: str, history: Sequence[str] = ()) -> Mapping[str, Sequence[ScoredPassage | Evidence]]:
        """Return what each stage finds, best first: dense, lexical, fused, evidence."""
        with self._index.view() as view:
            _, candidates, sentences = self._find(understood(question, history, view.snapshot).text, view)
        lexical = [candidate for candidate in candidates if candidate.bm25 > 0]
        return {
            "dense": _scored(sorted(candidates, key=lambda c: -c.cosine), "dense"),
            "lexical": _scored(sorted(lexical, key=lambda c: -c.bm25), "lexical"),
            "fused": _scored(candidates, "fused"),
            "evidence": [sentence.evidence() for sentence in sentences],
        }

    def description(self) -> CorpusDescription:
        """Return what the corpus says of itself."""
        with self._index.view() as view:
            return view.snapshot.description()

    def sources(self) -> frozenset[str]:
        """Return the sources of the corpus."""
        with self._index.view() as view:
            return view.snapshot.sources()

    def roots_of(self, source: str) -> Sequence[str]:
        """Return the roots that hold a source; none where the index has no such source."""
        with self._index.view() as view:
            return view.snapshot.roots_of(source)

    def document(self, root: str, source: str) -> Document:
        """Return a whole source as it was ingested.

        Raises:
            RootInvalid: the index has no such source.
        """
        with self._index.view() as view:
            document = view.snapshot.document(root, source)
        if document is None:
            raise RootInvalid("the index has no such source", source, "ask again: it was removed since")
        return document

    def verify(self, quotes: Sequence[Quote]) -> tuple[Standing, ...]:
        """Return for each quote whether it still stands in the texts of today."""
        with self._index.view() as view:
            return verify(quotes, view.snapshot)

    @property
    def encoder(self) -> Encoder:
        """The encoder that the index was made with, and that its questions are encoded with."""
        with self._index.view() as view:
            return view.encoder

    def close(self) -> None:
        """Let go of the index."""
        self._index.close()

    def _understood(self, question: str, history: Sequence[str]) -> str:
        if not history:
            return question
        with self._index.view() as view:
            return understood(question, history, view.snapshot).text

    def _find(self, text: str, view: View) -> tuple[Question, list[Candidate], list[Sentence]]:
        question = understand(text, view)
        candidates = self._candidates(question, view)
        sentences = score_sentences(question, candidates, self._texts)
        if self._reranker is not None:
            sentences = rerank(question.text, sentences, self._reranker)
        return question, candidates, sentences

    def _candidates(self, question: Question, view: View) -> list[Candidate]:
        return fuse(question, retrieve(question, view), self._texts) if question.text else []

    def _answer(self, text: str) -> Answer:
        with self._index.view() as view:
            question, candidates, sentences = self._find(text, view)
            quoter = Quoter(view.snapshot)
            reranked = self._reranker is not None
            score = probability(sentences[0].features, reranked=reranked) if sentences else 0.0
            answers = score >= float(view.snapshot.meta("gate_threshold") or THRESHOLD)
            return Answer(
                question=text,
                quotes=tuple(map(quoter.quote, choose(sentences, quoter.around))) if answers else (),
                abstention=None if answers else abstain(question, sentences, quoter, view.snapshot.counts()),
                ranked=rank_sources(_scored(candidates, "fused")),
                gate_score=score,
                run=view.snapshot.run(),
            )


class PassageRetriever(BaseRetriever):
    """The assistant's retrieval as LangChain knows it: passages with their place as metadata."""

    assistant: Any
    limit: int = 10

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun
    ) -> list[LangChainDocument]:
        return [_langchain_document(scored) for scored in self.assistant.search(query, self.limit)]


class EncoderEmbeddings(Embeddings):
    """Our encoder as LangChain knows it."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Return a unit vector for each text."""
        return [[float(x) for x in vector] for vector in self._encoder.encode(texts)]

    def embed_query(self, text: str) -> list[float]:
        """Return a question's unit vector."""
        return [float(x) for x in self._encoder.encode([text], query=True)[0]]


@contextmanager
def open_assistant(settings: Settings) -> Iterator[Assistant]:
    """Open the assistant on the index that the settings name, and close it at the end."""
    assistant = Assistant.open(settings)
    try:
        yield assistant
    finally:
        assistant.close()


def _scored(candidates: Sequence[Candidate], stage: str) -> list[ScoredPassage]:
    score = {"dense": lambda c: c.cosine, "lexical": lambda c: c.bm25, "fused": fused_score}[stage]
    return [ScoredPassage(candidate.passage, score(candidate), stage) for candidate in candidates]


def _langchain_document(scored: ScoredPassage) -> LangChainDocument:
    passage = scored.passage
    place = {"source": passage.source, "root": passage.root, "start": passage.start, "end": passage.end}
    metadata = {**place, "page": passage.page, "score": scored.score}
    return LangChainDocument(passage.text, id=passage.id, metadata=metadata)
