"""A question is said as the texts say it: their dates, and what their headings call an everyday word."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from assistant.answering.rerank import Reading, Text
from assistant.answering.wording import Worded, as_headings_say, says, with_apostrophes, with_dates
from assistant.assistant import Assistant
from assistant.index import Index
from assistant.schema import Correction
from ingest.index.catalog import Catalog, Snapshot
from ingest.runs.pipeline import RunReport
from tests.conftest import FakeEncoder

FILES = {
    "board.md": (
        "# Board meeting 2025-02-12\n\n## Present\n\n- Ada Byron\n- Max Bell\n\n## Agenda\n\n- The roof leaks.\n"
    ),
    "off.md": (
        "# Time off\n\n## Annual leave\n\nAnnual leave lasts three weeks.\n\n"
        "## Sick leave\n\nSick leave lasts a week.\n\n## Pay\n\nUnpaid leave lasts a day.\n"
    ),
    "club.md": "# Club meeting of March 3, 2024\n\nThe hall was painted.\n",
    "may.md": "# Walk of 12 May 2024\n\nAll were there. The bill is of 2024-05-12, the next of 2024-05-13.\n",
}


@pytest.fixture
def snapshot(indexed: Callable[..., RunReport], tmp_path: Path) -> Iterator[Snapshot]:
    indexed(FILES)
    with Catalog(tmp_path / "data").read() as opened:
        yield opened


@pytest.mark.parametrize(
    ("typed", "worded"),
    [
        ("What was said on 12 February 2025?", "What was said on 2025-02-12?"),
        ("What was said on the 12th of Feb. 2025?", "What was said on the 2025-02-12?"),
        ("the February 12, 2025 meeting", "the 2025-02-12 meeting"),
        ("the february 2025 meeting", "the 2025-02 meeting"),
        ("the meeting of 2024-03-03", "the meeting of March 3, 2024"),
        ("the meeting of 3 March 2024", "the meeting of March 3, 2024"),
        ("from 2024-03-03 to Feb 2025", "from March 3, 2024 to 2025-02"),
        ("the bill of 13 May 2024", "the bill of 2024-05-13"),
    ],
)
def test_a_date_is_written_as_the_texts_write_it(typed: str, worded: str, snapshot: Snapshot) -> None:
    found = with_dates(typed, snapshot)
    assert found.text == worded
    text = typed
    for correction in found.corrections:
        text = text.replace(correction.typed, correction.text, 1)
    assert text == worded


@pytest.mark.parametrize(
    "typed",
    [
        "the meeting of 2025-02-12",  # as the texts write it
        "the meeting of March 3, 2024",
        "the walk of 12 May 2024",
        "the meeting of 12 June 2025",  # in no text
        "the meeting of 2025-13-12",  # no date
        "the meeting of 39 February 2025",  # no day
        "the march of 2024 people",
        "",
    ],
)
def test_other_dates_stay_as_typed(typed: str, snapshot: Snapshot) -> None:
    assert with_dates(typed, snapshot) == Worded(typed)


def test_an_everyday_word_becomes_a_heading_that_some_text_has(snapshot: Snapshot) -> None:
    worded = list(as_headings_say("Who attended the board meeting?", snapshot))
    assert [each.text for each in worded] == ["Who present the board meeting?"]
    assert worded[0].corrections == (Correction("attended", "present"),)
    assert list(as_headings_say("When is the fee due?", snapshot)) == []  # no text says "deadline" or "pricing"
    assert list(as_headings_say("Does the roof leak?", snapshot)) == []


def test_a_passage_says_a_word_in_its_own_heading_alone(snapshot: Snapshot) -> None:
    found = {each.text: each for each in snapshot.passages([1, 2, 3]).values()}
    assert [says(each, "present") for text, each in found.items() if "Ada" in text] == [True]
    assert [says(each, "present") for text, each in found.items() if "roof" in text] == [False]
    assert not any(says(each, "leaving") for each in snapshot.passages(list(range(1, 9))).values())
    assert [says(each, "club") for text, each in found.items() if "hall" in text] == [True]


class Literal:
    """A cross-encoder that is sure of a passage if question and passage share one word, and of all its sentences."""

    def __init__(self, word: str) -> None:
        self.word = word
        self.asked: list[str] = []

    def read(self, question: str, texts: Sequence[Text]) -> list[Reading]:
        self.asked.append(question)
        logits = [6.0 if self.word in question and self.word in text.lower() else -6.0 for text, _ in texts]
        return [Reading(logit, (logit,) * len(spans)) for logit, (_, spans) in zip(logits, texts, strict=True)]


@pytest.fixture
def asking(indexed: Callable[..., RunReport], tmp_path: Path) -> Iterator[Callable[[str], Assistant]]:
    indexed(FILES)
    opened: list[Assistant] = []

    def run(word: str) -> Assistant:
        opened.append(Assistant(Index(tmp_path / "data", FakeEncoder()), Literal(word)))  # type: ignore[arg-type]
        return opened[-1]

    yield run
    for each in opened:
        each.close()


def test_who_attended_is_answered_by_a_list_of_those_present(asking: Callable[[str], Assistant]) -> None:
    answer = asking("present").ask("Who attended the board meeting of 12 February 2025?")
    assert answer.quotes[0].text == "Ada Byron\n- Max Bell"
    assert answer.question == "Who present the board meeting of 2025-02-12?"
    assert answer.corrections == (Correction("12 February 2025", "2025-02-12"), Correction("attended", "present"))


def test_as_typed_nothing_is_reworded(asking: Callable[[str], Assistant]) -> None:
    answer = asking("present").ask("Who attended the board meeting of 12 February 2025?", as_typed=True)
    assert (answer.quotes, answer.corrections) == ((), ())


def test_another_heading_does_not_answer_in_the_place_of_the_one_meant(asking: Callable[[str], Assistant]) -> None:
    answer = asking("roof").ask("Who attended because of the roof?")
    assert answer.quotes[0].text == "The roof leaks."  # as typed: nothing needs to be reworded
    assert answer.corrections == ()
    refused = asking("hall").ask("Who attended the meeting?")
    assert refused.quotes == ()
    assert refused.question == "Who attended the meeting?"


@pytest.mark.parametrize(
    ("question", "quoted"),
    [
        (
            "What is the difference between annual leave and sick leave?",
            {"Annual leave lasts three weeks.", "Sick leave lasts a week."},
        ),
        ("What is the difference between unpaid leave and a yacht?", set()),
    ],
)
def test_what_is_compared_is_quoted_from_under_its_name(
    question: str, quoted: set[str], asking: Callable[[str], Assistant], monkeypatch: pytest.MonkeyPatch
) -> None:
    read = Literal.read
    monkeypatch.setattr(Literal, "read", lambda self, q, texts: read(self, q if q.endswith("leave") else "", texts))
    answer = asking("leave").ask(question)
    assert {quote.text for quote in answer.quotes} == quoted
    assert answer.open_parts == ()


def test_apostrophes_that_people_leave_out() -> None:
    assert with_apostrophes("whos the manager, Whats new, hows it") == "who's the manager, What's new, how's it"
    asked = "It doesnt start, cant I, and who SHOULDNT? I want a dent, as the student hasn't."
    assert (
        with_apostrophes(asked) == "It doesn't start, can't I, and who SHOULDN'T? I want a dent, as the student hasn't."
    )
