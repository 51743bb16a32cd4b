"""Asking within a selection: like asking an index of only its sources, whatever else there is."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import pytest

from assistant.assistant import Assistant
from assistant.index import Index
from assistant.public import Public
from assistant.render import answer_json, answer_text
from assistant.schema import Answer
from ingest.errors import RequestInvalid
from ingest.index import selections
from ingest.runs.pipeline import RunReport, ingest
from ingest.schema import EVERYTHING, Selection
from tests.conftest import FakeEncoder

CHOSEN = {
    "letters/lighthouse.md": "# The lighthouse\n\nThe keeper of the lighthouse is called Ada. She counted ninety ships."
    "\n\n## The lamp\n\nThe lamp burns two litres of oil a night. It is lit at dusk.\n",
    "letters/budget.txt": "The budget of the harbour is 40,000 euros.\n\nThe harbour was built in 1911.\n",
    "notes/whales.md": "# Whales\n\nWhales breathe air. A whale can hold its breath for an hour.\n",
    "notes/heat.txt": "Heat eases a stiff back. It should not be hotter than a bath.\n\nCold eases a swollen knee.\n",
    "sources.csv": "Name,Dose\nAspirin,10 mg\nMorphine,5 mg\n",
}
QUESTIONS = (
    ("Who keeps the lighthouse?", ()),
    ("What is the budget of the harbour?", ()),
    ("How long can a whale hold its breath?", ()),
    ("What eases a stiff back?", ()),
    ("Which dose of aspirin?", ()),
    ("Does ibuprofen cure gout?", ()),  # words that only the other texts have
    ("What is the budget of the museum?", ()),
    ("When was the harbour built and what eases a swollen knee?", ()),
    ("Heat or cold, which eases a stiff back?", ()),
    ("How many shipps did she count?", ()),  # a slip
    ("What is the dose of ibuprofin?", ()),  # a slip of a word that only the other texts have
    ("and the lamp?", ("Who keeps the lighthouse?",)),
    ("why?", ("What eases a stiff back?",)),
    ("What is in here?", ()),
    ("Do you have anything about whales?", ()),
    ("", ()),
)


def others(number: int) -> dict[str, str]:
    """Return as many texts with the words of the chosen ones and of the questions, telling other things."""
    things = ("museum", "harbour", "lighthouse", "ferry", "bakery", "library", "whale", "ibuprofen")
    return {
        f"more/{at % 40:02d}/text-{at:04d}.md": f"# The {things[at % 8]} {at}\n\n"
        f"The budget of the {things[at % 8]} is {at * 7 % 900},000 euros. Its keeper counted {at} ships.\n\n"
        f"Ibuprofen eases a stiff back and cures gout within {at % 50} hours; a whale can hold its breath for"
        f" {at} minutes.\n"
        for at in range(number)
    }


def known(answer: Answer) -> dict[str, object]:
    """Return what an answer says, whatever index and run it comes from."""
    values = answer_json(answer)
    for quote in (*values["quotes"], *values["nearest"], *values["outlines"]):  # type: ignore[misc]
        del quote["root"]
    abstention = answer.abstention
    return {
        **{key: value for key, value in values.items() if key not in ("run", "within", "gate_score")},
        "reason": str(values["reason"]).replace("The chosen texts", "The texts"),
        "remark": str(values["remark"]).replace(" chosen", ""),
        "gate_score": pytest.approx(answer.gate_score, abs=1e-6),
        "searched": abstention and (abstention.documents, abstention.passages),
    }


def within(*paths: str, **conditions: object) -> Selection:
    return Selection(tuple(("", path) for path in paths), **conditions)  # type: ignore[arg-type]


def compared(tmp_path: Path, write: Callable[..., Path], number: int) -> None:
    """Check that each question is answered from five chosen texts among many as from an index of the five."""
    small, large = FakeEncoder(), FakeEncoder()
    ingest([write(CHOSEN, "five")], tmp_path / "small", small)
    ingest([write({**others(number), **CHOSEN}, "all")], tmp_path / "large", large)
    selection = within(*CHOSEN)
    with (
        closing(Assistant(Index(tmp_path / "small", small))) as five,
        closing(Assistant(Index(tmp_path / "large", large))) as all_texts,
    ):
        for question, history in QUESTIONS:
            for as_typed in (False, True):
                wanted = five.ask(question, history, as_typed=as_typed)
                found = all_texts.ask(question, history, as_typed=as_typed, within=selection)
                assert known(found) == known(wanted), question
        for question, _ in QUESTIONS:
            wanted_passages = [each.passage.text for each in five.search(question, 50)]
            assert [each.passage.text for each in all_texts.search(question, 50, within=selection)] == wanted_passages
        answers = [five.ask(question, history) for question, history in QUESTIONS]
        assert {bool(each.quotes) for each in answers} == {True, False}
        assert any(known(all_texts.ask(*asked)) != known(each) for asked, each in zip(QUESTIONS, answers, strict=True))


@pytest.mark.slow
def test_five_chosen_texts_among_many_are_asked_like_an_index_of_the_five(
    tmp_path: Path, write: Callable[..., Path]
) -> None:
    compared(tmp_path, write, 60)


@pytest.mark.slow
def test_five_chosen_texts_among_1500_are_asked_like_an_index_of_the_five(
    tmp_path: Path, write: Callable[..., Path]
) -> None:
    compared(tmp_path, write, 1_500 - len(CHOSEN))


@pytest.fixture
def assistant(indexed: Callable[..., RunReport], tmp_path: Path, encoder: FakeEncoder) -> Iterator[Assistant]:
    indexed({**CHOSEN, **others(8)})
    with closing(Assistant(Index(tmp_path / "data", encoder))) as opened:
        yield opened


@pytest.mark.parametrize(
    ("selection", "sources"),
    [
        (within("letters"), {"letters/lighthouse.md", "letters/budget.txt"}),
        (within("letters", "sources.csv"), {"letters/lighthouse.md", "letters/budget.txt", "sources.csv"}),
        (within("notes", kinds=("txt",)), {"notes/heat.txt"}),
        (within(kinds=("csv", "txt")), {"sources.csv", "notes/heat.txt", "letters/budget.txt"}),
        (within("more/03"), {"more/03/text-0003.md"}),
        (EVERYTHING, {*CHOSEN, *others(8)}),
    ],
)
def test_folders_sources_and_kinds_are_chosen(assistant: Assistant, selection: Selection, sources: set[str]) -> None:
    assert {each.passage.source for each in assistant.search("the", 50, within=selection)} == sources
    assert assistant.count(selection) == len(sources)


def test_a_root_is_a_folder_and_the_same_name_in_another_root_is_not_in_it(
    assistant: Assistant, tmp_path: Path, write: Callable[..., Path], encoder: FakeEncoder
) -> None:
    ingest([write({"notes/heat.txt": "Heat melts snow."}, "other")], tmp_path / "data", encoder)
    roots = [str(tmp_path / "corpus"), str(tmp_path / "other")]
    heat = "notes/heat.txt"
    assert [assistant.count(Selection(((root, ""),))) for root in roots] == [13, 1]
    assert [assistant.count(Selection(((root, heat),))) for root in (*roots, "")] == [1, 1, 2]
    assert assistant.ask("What melts snow?", within=Selection(((roots[1], heat),))).quotes
    assert not assistant.ask("What melts snow?", within=Selection(((roots[0], heat),))).quotes


def test_the_day_on_which_a_text_was_last_read_is_chosen(
    assistant: Assistant, indexed: Callable[..., RunReport]
) -> None:
    today, day = date.today(), timedelta(days=1)
    assert assistant.count(within(after=today - day, before=today + day)) == 13
    assert assistant.count(within("letters", after=today - day)) == 2
    for missed in (within(before=today - day), within(after=today + day)):
        with pytest.raises(RequestInvalid, match="no text is chosen; choose other sources, kinds or dates"):
            assistant.ask("Who keeps the lighthouse?", within=missed)


@pytest.mark.parametrize(
    ("selection", "words"),
    [
        (within("letters", "gone.md"), "gone.md: no text of this name; choose another"),
        (Selection((("/elsewhere", ""),)), "no text of this name"),
        (within(kinds=("pdf",)), "no text is chosen"),
        (within("letters", kinds=("csv",)), "no text is chosen"),
    ],
)
def test_a_selection_without_a_text_is_an_error(assistant: Assistant, selection: Selection, words: str) -> None:
    for ask in (assistant.ask, assistant.search):
        with pytest.raises(RequestInvalid, match=words):
            ask("Who keeps the lighthouse?", within=selection)
    assert assistant.ask("Who keeps the lighthouse?").run == 1


def test_an_abstention_says_that_only_chosen_texts_were_searched(assistant: Assistant) -> None:
    answer = assistant.ask("Does ibuprofen cure gout?", within=within("letters", "sources.csv"))
    shown = answer_text(answer).plain
    assert answer.abstention is not None and answer.abstention.missing_terms == ("ibuprofen", "cure", "gout")
    assert shown.startswith("Searched only: letters, sources.csv\n\nThe chosen texts do not answer this.")
    assert "The chosen texts never mention “ibuprofen”, “cure” or “gout”." in shown
    assert "of the 3 chosen documents." in shown
    assert answer_json(answer)["within"] == {
        "sources": ["letters", "sources.csv"],
        "kinds": [],
        "after": None,
        "before": None,
    }
    assert answer_json(assistant.ask("Does ibuprofen cure gout?"))["within"] is None


@pytest.mark.slow
def test_selections_and_all_texts_are_asked_in_turn_and_at_once(assistant: Assistant) -> None:
    chosen = [EVERYTHING, within("letters"), within("notes"), within("more"), within(kinds=("csv",)), within("more/03")]
    asked = [(question, each) for question, _ in QUESTIONS[:6] for each in chosen]
    once = [known(assistant.ask(question, within=each)) for question, each in asked]
    assert [known(assistant.ask(question, within=each)) for question, each in reversed(asked)] == once[::-1]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda each: known(assistant.ask(each[0], within=each[1])), asked)) == once


def test_the_next_run_is_seen_in_a_selection(assistant: Assistant, indexed: Callable[..., RunReport]) -> None:
    assert not assistant.ask("Who paints the fence?", within=within("letters")).quotes
    indexed({**CHOSEN, **others(8), "letters/fence.txt": "Tom paints the fence."})
    answer = assistant.ask("Who paints the fence?", within=within("letters"))
    assert (answer.run, [quote.source for quote in answer.quotes]) == (2, ["letters/fence.txt"])


def test_many_passages_are_searched_without_a_copy_of_their_vectors(
    assistant: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = within("letters", "notes", "sources.csv")
    wanted = [known(assistant.ask(question, history, within=chosen)) for question, history in QUESTIONS]
    assistant.close()
    monkeypatch.setattr(selections, "MOST_PASSAGES", 1)
    assert [known(assistant.ask(question, history, within=chosen)) for question, history in QUESTIONS] == wanted


def test_clients_name_roots_without_their_paths(assistant: Assistant, tmp_path: Path) -> None:
    public = Public(lambda: assistant)
    chosen = Selection((("corpus", "letters"),))
    answer = public.ask("Is the keeper of the lighthouse called Ada?", within=chosen)
    assert (answer.within, {quote.source for quote in answer.quotes}) == (chosen, {"letters/lighthouse.md"})
    assert public.count(chosen) == 2
    assert {root for (root, _), _ in public.titles()} == {"corpus"}
    assert {each.passage.root for each in public.search("the", within=chosen)} == {"corpus"}


def test_a_selection_is_searched_where_nothing_can_be_written(
    indexed: Callable[..., RunReport], tmp_path: Path, encoder: FakeEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    indexed({**CHOSEN, **others(8)})
    with closing(Assistant(Index(tmp_path / "data", encoder))) as assistant:
        wanted = known(assistant.ask("Who keeps the lighthouse?", within=within("letters")))
    from ingest.index.frozen import FrozenVectors
    from ingest.index.sqlite import SQLite

    monkeypatch.setattr(SQLite, "_open_to_read", lambda self: self._open("mode=ro"))
    monkeypatch.setattr(
        "assistant.index.open_for_reading", lambda folder, identity, least: FrozenVectors(folder, identity)
    )
    with closing(Assistant(Index(tmp_path / "data", encoder))) as assistant:
        assert known(assistant.ask("Who keeps the lighthouse?", within=within("letters"))) == wanted
