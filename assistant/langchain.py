"""LangChain adapters: the assistant as a chain and as a retriever, its encoder as embeddings.

Kept apart from the assistant, because LangChain takes half a second to import.
"""

from typing import Any

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import Runnable, RunnableConfig

from assistant.schema import Answer, Answering, ScoredPassage
from ingest.models.encoder import Encoder


class AssistantRunnable(Runnable[str, Answer]):
    """The assistant as a LangChain Runnable from a question to an answer."""

    name = "Assistant"

    def __init__(self, assistant: Answering) -> None:
        self._assistant = assistant

    def invoke(self, input: str, config: RunnableConfig | None = None, **kwargs: Any) -> Answer:  # noqa: A002, ANN401
        """Answer a question, with callbacks and tracing."""
        return self._call_with_config(self._assistant.ask, input, config, run_type="chain", **kwargs)


class PassageRetriever(BaseRetriever):
    """A LangChain retriever over the assistant; each passage carries its place as metadata."""

    assistant: Any
    limit: int = 10

    def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun) -> list[Document]:
        return [_document(scored) for scored in self.assistant.search(query, self.limit)]


class EncoderEmbeddings(Embeddings):
    """LangChain embeddings computed by an encoder of ours."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Return a unit vector for each text."""
        return [[float(x) for x in vector] for vector in self._encoder.encode(texts)]

    def embed_query(self, text: str) -> list[float]:
        """Return the unit vector of a question."""
        return [float(x) for x in self._encoder.encode([text], query=True)[0]]


def _document(scored: ScoredPassage) -> Document:
    passage = scored.passage
    place = {"source": passage.source, "root": passage.root, "start": passage.start, "end": passage.end}
    return Document(passage.text, id=passage.id, metadata={**place, "page": passage.page, "score": scored.score})
