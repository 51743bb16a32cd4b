"""The cross-encoder reads passages: a tiny one is made on the spot, and the bundled one is there."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from assistant.answering.evidence import REACH, READ, READ_ANYWAY, score_sentences
from assistant.answering.reading import reading_text
from assistant.answering.rerank import UNREAD, WINDOW, CosineReranker, OnnxReranker, Reading, Text, open_reranker
from assistant.answering.retrieve import Candidate, Question, QuestionTerm
from assistant.answering.weights import load_model
from assistant.assistant import Assistant
from assistant.index import Index
from ingest.errors import ModelMissing
from ingest.runs.pipeline import RunReport
from ingest.schema import Passage
from tests.conftest import FakeEncoder

NOTHING = Question("what helps", np.zeros(1, np.float32), ())
TRAMADOL = replace(
    NOTHING, text="how much tramadol", terms=(QuestionTerm("tramadol", "tramadol", (9, 17), 3, 5.0, names=True),)
)


class Longest:
    """Finds that the longest sentence answers best, and remembers what it has read."""

    def __init__(self) -> None:
        self.read_texts: list[str] = []

    def read(self, question: str, texts: Sequence[Text]) -> list[Reading]:
        self.read_texts += [text for text, _ in texts]
        return [Reading(float(len(text)), tuple(float(end - start) for start, end in spans)) for text, spans in texts]


def candidate(*sentences: str, start: int = 0, source: str = "a.md", between: str = " ") -> Candidate:
    whole, spans = between.join(sentences), []
    for text in sentences:
        first = spans[-1][1] + 1 if spans else start
        spans.append((first, first + len(text)))
    p = Passage(
        whole, "/root", source, start, start + len(whole), whole, None, ("Guide", "Heat"), tuple(spans), "sha", "Guide"
    )
    return Candidate(p, 0.5, 0.5)


@pytest.mark.parametrize(("step", "read"), [(0.1, READ_ANYWAY), (REACH / 4.5, 5), (0.0, READ)])
def test_passages_far_below_the_best_are_not_read(step: float, read: int) -> None:
    reader = Longest()
    every = [replace(candidate("Heat helps.", source=f"{at}.md"), cosine=0.9 - at * step) for at in range(READ + 2)]
    score_sentences(NOTHING, every, reader, load_model().reranked)
    assert len(reader.read_texts) == read


def test_a_passage_is_read_with_title_and_headings() -> None:
    text, spans = reading_text(candidate("Heat  helps.", "Cats\nsleep.", start=70).passage)
    assert text == "Guide: Heat: Heat  helps. Cats\nsleep."
    assert [text[start:end] for start, end in spans] == ["Heat  helps.", "Cats\nsleep."]


def test_the_best_passages_are_read_and_their_sentences_ordered() -> None:
    reader = Longest()
    every = [
        candidate("Heat helps.", f"Cold harms on day {day}{'!' * day}", source=f"{day}.md") for day in range(READ + 2)
    ]
    found = score_sentences(NOTHING, every, reader, load_model().reranked)
    assert len(reader.read_texts) == READ
    assert len(found) == 2 * READ
    assert found[0].candidate is every[READ - 1] and found[0].position == 1
    assert [each.score for each in found] == sorted((each.score for each in found), reverse=True)
    longest, next_longest = (len(text) for text in sorted(reader.read_texts, key=len, reverse=True)[:2])
    assert found[0].features.passage_logit == longest and found[0].features.elsewhere == next_longest
    assert score_sentences(NOTHING, [], reader, load_model().reranked) == []


def test_a_passage_that_lacks_a_name_of_the_question_does_not_answer() -> None:
    def question(name: str, *, names: bool = True) -> Question:
        return Question(
            f"how much {name}", np.zeros(1, np.float32), (QuestionTerm(name, name, (9, 18), 3, 5.0, names),)
        )

    water, drug = candidate("Drink eight glasses a day."), candidate("Of Tramadols, take five.", source="b.md")
    for asked, read in (
        (question("tramadol"), [drug]),
        (question("tramadol", names=False), [water, drug]),
        (question("celecoxib"), [water, drug]),
        (question("heat"), [water, drug]),  # a heading has it
        (question("madols"), [water, drug]),  # the end of another name is another name
    ):
        reader = Longest()
        found = score_sentences(asked, [water, drug], reader, load_model().reranked)
        assert reader.read_texts == [reading_text(each.passage)[0] for each in read]
        unread = {each.features.passage_logit == UNREAD for each in found}
        assert unread == {asked.text.endswith(("celecoxib", "madols"))}
        assert {each.features.sentence_logit == UNREAD for each in found} == unread


def test_a_name_may_stand_in_the_path_of_a_file() -> None:
    reader = Longest()
    other, dose = (
        candidate("Drink eight.", source="water_dose.md"),
        candidate("Take five.", source="pain/tramadol_dose.md"),
    )
    score_sentences(TRAMADOL, [other, dose], reader, load_model().reranked)
    assert reader.read_texts == [reading_text(dose.passage)[0]]


def test_what_a_story_told_of_a_person_leaves_out_what_is_for_others() -> None:
    dose = candidate("Take five.")
    dose = replace(dose, passage=replace(dose.passage, heading=("Guide", "Over 88 pounds")))
    for person, unread in (("weighs 60 pounds", True), ("weighs 90 pounds", False), ("", False)):
        (found,) = score_sentences(replace(NOTHING, person=person), [dose], Longest(), load_model().reranked)
        assert (found.features.sentence_logit == UNREAD) is unread


def under(heading: str, text: str, source: str, *names: str) -> Candidate:
    made = candidate(text, source=source)
    return replace(made, passage=replace(made.passage, heading=("Guide", heading)), names=frozenset(names))


def test_a_name_may_stand_anywhere_in_a_text_unless_it_labels_a_section_there() -> None:
    dose, other = under("Dose", "Take five.", "a.md", "tramadol"), under("Dose", "Drink eight.", "b.md")
    for label, read in (("Taking tramadol", 1), ("Driving a car on tramadol", 2)):
        reader = Longest()
        named = under(label, "Ask a doctor.", "a.md", "tramadol")
        score_sentences(TRAMADOL, [other, dose, named], reader, load_model().reranked)
        assert len(reader.read_texts) == read
        assert ("Take five." in reader.read_texts[0]) == (read == 2)


@pytest.mark.parametrize(
    ("lines", "unread"),
    [
        (("| Drug | Take |", "| Tramadol | with food |", "| Codeine | before food |"), [2]),
        (("Tramadol | with food", "Codeine | unlike tramadol, before food", "Aspirin | after food"), [2]),
        (("- Tramadol: with food.", "- Codeine: before food.", "- Stop both after a week."), [1]),
        (("| Drug | Tramadol |", "| Dose | 5 |"), []),
        (("| Tramadol | 5 |", "| Maximum dose | 400 |", "|  | children 200 |"), []),  # these are no names
        (("- Tramadol: with food.", "- Dose: 50 mg."), []),
        (("Tramadol is taken with food.", "Codeine: before food."), []),
    ],
)
def test_rows_and_items_named_otherwise_do_not_answer(lines: Sequence[str], unread: list[int]) -> None:
    found = score_sentences(TRAMADOL, [candidate(*lines, between="\n")], Longest(), load_model().reranked)
    assert sorted(each.position for each in found if each.features.sentence_logit == UNREAD) == unread


def test_rows_of_two_names_and_of_a_table_in_two_passages() -> None:
    drugs = [QuestionTerm(name, name, (0, 1), 3, 5.0, names=True) for name in ("tramadol", "codeine")]
    first = candidate("| Tramadol | 400 mg |", "| Codeine | 240 mg |", between="\n")
    second = replace(candidate("| Naproxen | 9 |", start=99), names=frozenset({"tramadol", "codeine"}))
    both = Question("tramadol and codeine", np.zeros(1, np.float32), tuple(drugs))
    found = score_sentences(both, [first, second], Longest(), load_model().reranked)
    unread = {each.evidence().text for each in found if each.features.sentence_logit == UNREAD}
    assert unread == {"| Naproxen | 9 |"}


def test_only_other_sources_can_agree() -> None:
    same = score_sentences(
        NOTHING, [candidate("Heat helps."), candidate("It helps a lot.")], Longest(), load_model().reranked
    )
    assert all(each.features.elsewhere < 0 for each in same)


def test_without_a_cross_encoder_cosines_are_read() -> None:
    (reading,) = CosineReranker(FakeEncoder()).read("heat helps", [("Heat helps. Cats sleep.", [(0, 11), (12, 23)])])  # type: ignore[arg-type]
    assert reading.sentences[0] == pytest.approx(10) and reading.sentences[0] > reading.logit > reading.sentences[1]
    assert CosineReranker(FakeEncoder()).read("heat", []) == []  # type: ignore[arg-type]


@pytest.mark.model
@pytest.mark.filterwarnings("ignore")  # of the transformers library, of its own internals
def test_any_cross_encoder_is_exported_once_and_scores_as_the_original(
    tiny: Callable[[int], Path], tmp_path: Path
) -> None:
    from sentence_transformers import CrossEncoder

    folder = tiny(1)
    reranker = open_reranker(str(folder), tmp_path)
    assert reranker is not None
    texts = ["heat helps .", "cats sleep .", "", "heat " * 300, "heat helps . cats sleep ."]
    original = CrossEncoder(str(folder), device="cpu", max_length=WINDOW).predict(
        [("does heat help ?", text) for text in texts], activation_fn=lambda logits: logits
    )
    assert np.allclose(reranker.logits([("does heat help ?", text) for text in texts]), original, atol=1e-3)
    (reading,) = reranker.read("does heat help ?", [(texts[-1], [(0, 12), (13, 25)])])
    assert np.allclose([*reading.sentences, reading.logit], [original[0], original[1], original[4]], atol=1e-3)
    assert reranker.read("does heat help ?", []) == []
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


@pytest.fixture
def bundled(tmp_path: Path) -> OnnxReranker:
    reranker = open_reranker("bundled", tmp_path)
    assert reranker is not None
    return reranker


@pytest.mark.model
def test_the_bundled_one_tells_an_answer_from_a_neighbour(bundled: OnnxReranker) -> None:
    text = "Soup: Cut the carrots into small cubes. Let it simmer for forty minutes."
    spans = [(6, 39), (40, 72)]
    answered, not_here = (
        bundled.read(question, [(text, spans)])[0]
        for question in ("How long should the soup simmer?", "How long does the soup keep in the fridge?")
    )
    assert answered.sentences[1] > answered.sentences[0]
    assert answered.logit > not_here.logit


@pytest.mark.model
def test_a_sentence_beyond_the_window_is_not_read(bundled: OnnxReranker) -> None:
    text = "Let it simmer for forty minutes. " + "Cut the carrots. " * 120
    (reading,) = bundled.read("How long should the soup simmer?", [(text, [(0, 32), (len(text) - 17, len(text) - 1)])])
    assert reading.sentences[0] > UNREAD == reading.sentences[1]


def test_the_assistant_asks_it(indexed: Callable[..., RunReport], tmp_path: Path, encoder: object) -> None:
    indexed({"a.txt": "Heat helps. Heat helps a stiff back a great deal on cold days."})
    plain = Assistant(Index(tmp_path / "data", encoder))  # type: ignore[arg-type]
    asked = Assistant(Index(tmp_path / "data", encoder), Longest())  # type: ignore[arg-type]
    for assistant, first in ((plain, "Heat helps."), (asked, "Heat helps a stiff back a great deal on cold days.")):
        assert assistant.stages("What helps?")["evidence"][0].text == first  # type: ignore[union-attr]
        assistant.close()
