"""Sentences scored again by a cross-encoder: a tiny one is made on the spot, and the bundled one is there."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from assistant.answering.context import Context
from assistant.answering.evidence import CONTEXTS, NAMES, Features, Sentence
from assistant.answering.rerank import Logits, open_reranker, rerank
from assistant.answering.retrieve import Candidate, encode_question
from assistant.answering.weights import load_model
from assistant.assistant import Assistant
from assistant.index import Index
from ingest.errors import ModelMissing
from ingest.runs.pipeline import RunReport
from ingest.schema import Passage

NOTHING = Features(**dict.fromkeys(NAMES, 0.0))


class Longest:
    """Finds that the longest text answers best."""

    def score(self, question: str, texts: Sequence[str]) -> Logits:
        return np.array([float(len(text)) for text in texts])


def sentences(*texts: str, title: str = "Guide", heading: tuple[str, ...] = ("Guide", "Heat")) -> list[Sentence]:
    whole, spans = " ".join(texts), []
    for text in texts:
        start = spans[-1][1] + 1 if spans else 0
        spans.append((start, start + len(text)))
    p = Passage("p", "/root", "a.md", 0, len(whole), whole, None, heading, tuple(spans), "sha", title)
    return [Sentence(Candidate(p, 0.5, 0.5), at, NOTHING, -float(at)) for at in range(len(texts))]


def test_a_sentence_is_read_with_title_headings_and_what_it_leans_on() -> None:
    passage = sentences("Heat  helps.", "It is cheap.", "Cats\nsleep.")[0].candidate.passage
    assert Context.of(passage, 0).reading() == "Guide: Heat: Heat helps."
    assert Context.of(passage, 1).reading() == "Guide: Heat: Heat helps. It is cheap."
    assert Context.of(passage, 2).reading() == "Guide: Heat: Cats sleep."


def test_the_best_are_ordered_anew_and_the_others_stay_behind() -> None:
    every = sentences(*(f"Heat number {at} helps{'!' * (at + 1)}" for at in range(CONTEXTS + 2)))
    found = rerank("what helps", every, Longest(), load_model().reranked)
    assert [each.position for each in found] == [*reversed(range(CONTEXTS)), CONTEXTS, CONTEXTS + 1]
    assert found[0].features.rerank_logit > found[1].features.rerank_logit
    assert [each.score for each in found] == sorted((each.score for each in found), reverse=True)
    assert rerank("what helps", [], Longest(), load_model().reranked) == []


@pytest.mark.model
@pytest.mark.filterwarnings("ignore")  # of the transformers library, of its own internals
def test_any_cross_encoder_is_exported_once_and_scores_as_the_original(
    tiny: Callable[[int], Path], tmp_path: Path
) -> None:
    from sentence_transformers import CrossEncoder

    folder = tiny(1)
    reranker = open_reranker(str(folder), tmp_path)
    assert reranker is not None
    texts = ["heat helps .", "cats sleep .", "", "heat " * 300]
    original = CrossEncoder(str(folder), device="cpu", max_length=128).predict(
        [("does heat help ?", text) for text in texts], activation_fn=lambda logits: logits
    )
    assert np.allclose(reranker.score("does heat help ?", texts), original, atol=1e-3)
    assert reranker.score("does heat help ?", []).shape == (0,)
    made = next(tmp_path.iterdir()).stat().st_mtime_ns
    open_reranker(str(folder), tmp_path)
    assert next(tmp_path.iterdir()).stat().st_mtime_ns == made


@pytest.mark.model
@pytest.mark.filterwarnings("ignore")
def test_a_model_with_more_outputs_is_refused(tiny: Callable[[int], Path], tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match="3 outputs"):
        open_reranker(str(tiny(3)), tmp_path / "models")
    assert not list((tmp_path / "models").iterdir())


@pytest.mark.slow
def test_a_model_that_is_not_here(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match="CITED_RERANKER"):
        open_reranker(str(tmp_path / "none"), tmp_path / "models")


def test_none_is_none(tmp_path: Path) -> None:
    assert open_reranker("none", tmp_path) is None


@pytest.mark.model
def test_the_bundled_one_tells_an_answer_from_a_neighbour(tmp_path: Path) -> None:
    reranker = open_reranker("bundled", tmp_path)
    assert reranker is not None
    answer, neighbour = reranker.score(
        "How long should the soup simmer?",
        ["Soup: Let it simmer for forty minutes.", "Soup: Cut the carrots into small cubes."],
    )
    assert answer > neighbour


def test_the_assistant_asks_it(indexed: Callable[..., RunReport], tmp_path: Path, encoder: object) -> None:
    indexed({"a.txt": "Heat helps. Heat helps a stiff back a great deal on cold days."})
    plain = Assistant(Index(tmp_path / "data", encoder))  # type: ignore[arg-type]
    asked = Assistant(Index(tmp_path / "data", encoder), Longest())  # type: ignore[arg-type]
    for assistant, first in ((plain, "Heat helps."), (asked, "Heat helps a stiff back a great deal on cold days.")):
        assert assistant.stages("What helps?")["evidence"][0].text == first  # type: ignore[union-attr]
        assistant.close()


def test_only_a_corpus_of_one_source_leads_over_its_own_passages(
    indexed: Callable[..., RunReport], tmp_path: Path, encoder: object
) -> None:
    many = "\n\n".join(f"Heat helps backs on day {day}." for day in range(12))
    for files, lead in (({"a.txt": many}, "small"), ({"a.txt": many, "b.txt": "Cats sleep."}, "whole")):
        indexed(files)
        assistant = Assistant(Index(tmp_path / "data", encoder))  # type: ignore[arg-type]
        with assistant._index.view() as view:
            candidates, sentences = assistant._find(encode_question("What helps backs?", view), view)
        features = sentences[0].features
        assert len({sentence.candidate.passage.source for sentence in sentences}) == 1 and len(candidates) > 8
        assert (features.lead == features.passage_cosine) is (lead == "whole")
        assistant.close()
