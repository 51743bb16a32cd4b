import json
import math
from collections.abc import Sequence
from pathlib import Path

import pytest

from assistant.evaluation.judge import judge
from assistant.evaluation.measures import MEASURES, estimate
from assistant.evaluation.prompts import Prompt
from assistant.evaluation.results import QuotedText, Result, read_results, write_results
from assistant.evaluation.run import Demand, calibrate, choose_threshold, evaluate, parse_demand, run_prompts, unmet
from assistant.schema import Abstention, Answer, Evidence, Quote
from ingest.errors import PromptsInvalid, ResultsInvalid, SettingsInvalid
from ingest.origin import FileState
from ingest.schema import Passage

TEXT = "The hip hurts. Walk."


class Parrot:
    """Quotes its one passage to every question about hips, and abstains otherwise."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, tuple[str, ...]]] = []

    def ask(self, question: str, history: Sequence[str] = ()) -> Answer:
        self.asked.append((question, tuple(history)))
        if "hip" in question:
            passage = Passage("1", "/", "a.md", 10, 10 + len(TEXT), TEXT, None, (), ((10, 24), (25, 30)), "0")
            quote = Quote(Evidence(passage, 10, 24, 1.0), None, 1, None, FileState.SAME)
            return Answer(question, (quote,), None, ("a.md", "b.md"), 0.75, 1)
        uncertain = "maybe" in question
        return Answer(question, (), Abstention("no", (), (), 1, 1, uncertain), ("b.md",), 0.25, 1)

    def sources(self) -> frozenset[str]:
        return frozenset({"a.md", "b.md"})


PROMPTS = (
    Prompt("one", "hip?", answers=("hip",)),
    Prompt("two", "dose?", unanswerable=True, history=("hip?",)),
)


def test_results_are_what_was_replied() -> None:
    told: list[tuple[int, int]] = []
    parrot = Parrot()
    one, two = evaluate(parrot, PROMPTS, lambda done, total: told.append((done, total)))
    assert (one.id, one.question, one.abstained, one.ranked) == ("one", "hip?", False, ("a.md", "b.md"))
    assert one.quotes == (QuotedText("a.md", "The hip hurts.", 10, 24, 1, None, "/"),)
    assert (two.abstained, two.quotes, two.gate_score) == (True, (), 0.25)
    assert one.milliseconds is not None
    assert one.milliseconds >= 0
    assert told == [(1, 2), (2, 2)]
    assert parrot.asked == [("hip?", ()), ("dose?", ("hip?",))]


def test_an_uncertain_answer_is_an_abstention_and_stays_uncertain_in_the_file(tmp_path: Path) -> None:
    prompts = [*PROMPTS, Prompt("three", "maybe?", unanswerable=True)]
    results = evaluate(Parrot(), prompts)
    assert [each.state for each in results] == ["answered", "unanswered", "uncertain"]
    assert [each.abstained for each in results] == [False, True, True]
    write_results(tmp_path / "r.jsonl", results)
    assert [each.state for each in read_results(tmp_path / "r.jsonl")] == ["answered", "unanswered", "uncertain"]


def test_a_run_can_be_left_in_the_middle() -> None:
    parrot = Parrot()
    assert next(run_prompts(parrot, PROMPTS)).id == "one"
    assert len(parrot.asked) == 1


def test_history_is_not_passed_where_there_is_none() -> None:
    class Plain(Parrot):
        def ask(self, question: str) -> Answer:  # type: ignore[override]
            return super().ask(question)

    assert len(evaluate(Plain(), PROMPTS[:1])) == 1


def test_no_prompts() -> None:
    assert evaluate(Parrot(), ()) == ()


def test_results_come_back_from_their_file(tmp_path: Path) -> None:
    odd = Result("odd \u2028", "ü\x85\ud800?", False, ("a.md",), (QuotedText("a.md", "z\u2029", 0, 2),), 1.0, 0.5)
    results = (*evaluate(Parrot(), PROMPTS), odd)
    path = tmp_path / "r.jsonl"
    write_results(path, results)
    assert read_results(path) == results
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(lines) == 3
    assert json.loads(lines[0]) == {
        "id": "one",
        "question": "hip?",
        "abstained": False,
        "uncertain": False,
        "ranked": ["a.md", "b.md"],
        "quotes": [
            {"source": "a.md", "text": "The hip hurts.", "start": 10, "end": 24, "line": 1, "page": None, "root": "/"}
        ],
        "gate_score": 0.75,
        "milliseconds": results[0].milliseconds,
        "asked": "hip?",
    }


def test_results_of_other_programs(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    path.write_text(
        '{"id": "a", "abstained": false, "ranked": [], "quotes": [{"source": "a", "text": "t"}], "more": 1}\n'
    )
    assert read_results(path) == (Result("a", "", False, (), (QuotedText("a", "t", None, None),)),)


def test_every_fault_of_a_results_file_is_told_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    good = '{"id": "a", "abstained": true, "ranked": [], "quotes": []}\n'
    path.write_text(
        good + "\n{\n" + good + '{"id": 1, "abstained": 0, "ranked": ["x", "x"], "quotes": [{}], "gate_score": NaN}\n'
        '{"id": "b", "abstained": true, "ranked": "x", "quotes": 1, "milliseconds": "5", "asked": 2}\n'
        '{"id": "c", "abstained": false, "uncertain": true, "ranked": [], "quotes": []}\n'
        '{"id": "d", "abstained": true, "uncertain": "no", "ranked": [], "quotes": []}\n'
    )
    with pytest.raises(ResultsInvalid) as caught:
        read_results(path)
    quotes = "quotes must be a list of objects with source, text and, as whole numbers, their place"
    assert [tuple(fault) for fault in caught.value.faults][1:] == [
        (4, "a second result for 'a'"),
        (5, "id must be text"),
        (5, "abstained must be true or false"),
        (5, "ranked lists a source twice"),
        (5, quotes),
        (5, "gate_score must be a number"),
        (6, "asked must be text"),
        (6, "ranked must be a list of sources"),
        (6, quotes),
        (6, "milliseconds must be a number"),
        (7, "uncertain does not go with an answer"),
        (8, "uncertain must be true or false"),
    ]
    assert caught.value.faults[0].line == 3


def test_files_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(ResultsInvalid, match="cannot be read"):
        read_results(tmp_path / "none.jsonl")
    with pytest.raises(ResultsInvalid, match="cannot be written"):
        write_results(tmp_path / "none" / "r.jsonl", ())


def test_demands_are_met_from_their_value_on() -> None:
    estimates = estimate(judge(PROMPTS, evaluate(Parrot(), PROMPTS)))
    met = ["quote_hit=1", " quote_hit = 0.5", "false_refusal=0", "false_answer=0.0", "words_per_answer=3"]
    assert unmet([parse_demand(text) for text in met], estimates) == ()
    short = ["quote_hit=1.01", "words_per_answer=2.5", "ndcg10=0", "false_answer=-1"]
    assert unmet([parse_demand(text) for text in short], estimates) == (
        "quote_hit (Quote hit rate) is 1, below 1.01",
        "words_per_answer (Words per answer) is 3, above 2.5",
        "ndcg10 (nDCG@10) is undefined: no question measures it",
        "false_answer (False answers) is 0, above -1",
    )


def test_less_is_better_of_these_measures() -> None:
    assert [name for name, measure in MEASURES.items() if measure.less_is_better] == [
        "quotes_per_answer",
        "words_per_answer",
        "words_beyond",
        "false_refusal",
        "false_answer",
        "answerable_uncertain",
        "answerable_unanswered",
        "unanswerable_uncertain",
    ]


@pytest.mark.parametrize("text", ["hits=0.5", "", "=1", "quote_hits"])
def test_an_unknown_measure_names_the_known_ones(text: str) -> None:
    with pytest.raises(SettingsInvalid, match="name one of quote_hit, first_quote_hit, .*, recall10"):
        parse_demand(text)


@pytest.mark.parametrize("text", ["quote_hit", "quote_hit=", "quote_hit=high", "quote_hit=nan", "quote_hit=inf"])
def test_a_value_that_is_no_number(text: str) -> None:
    with pytest.raises(SettingsInvalid, match="is not a number"):
        parse_demand(text)


def test_a_demand_is_read() -> None:
    assert parse_demand("gate_auroc=0.9") == Demand("gate_auroc", 0.9)


SCORES = [0.9, 0.8, 0.6, 0.4, 0.7, 0.5, 0.3, 0.1]
KINDS = [True, True, True, True, False, False, False, False]


@pytest.mark.parametrize(
    ("wanted", "value", "false_answer", "false_refusal"),
    [
        (0.0, (0.7 + 0.8) / 2, 0, 2 / 4),
        (0.24, (0.7 + 0.8) / 2, 0, 2 / 4),
        (0.25, (0.5 + 0.6) / 2, 1 / 4, 1 / 4),
        (0.5, (0.3 + 0.4) / 2, 2 / 4, 0),
        (1.0, 0.1, 1, 0),
    ],
)
def test_the_lowest_threshold_within_the_wanted_rate(
    wanted: float, value: float, false_answer: float, false_refusal: float
) -> None:
    chosen = choose_threshold(SCORES, KINDS, wanted)
    assert chosen.value == pytest.approx(value)
    assert (chosen.false_answer, chosen.false_refusal) == (false_answer, false_refusal)


def test_prompts_that_cannot_be_judged_do_not_set_the_threshold() -> None:
    prompts = [*PROMPTS, Prompt("ranked", "hip file?", sources=("a.md",)), Prompt("unasked", "?", unanswerable=True)]
    chosen = calibrate(prompts, evaluate(Parrot(), prompts[:3]), 0)
    assert (chosen.value, chosen.false_answer, chosen.false_refusal) == (0.5, 0, 0)


def test_tied_scores_fall_together() -> None:
    chosen = choose_threshold([0.5, 0.5, 0.5, 0.2], [True, True, False, False], 0.4)
    assert (chosen.false_answer, chosen.false_refusal) == (0, 1)
    assert 0.5 < chosen.value == math.nextafter(0.5, 1)
    assert choose_threshold([0.5, 0.5], [True, False], 1).value == 0.5


def test_neighbouring_scores_are_still_parted() -> None:
    low = 0.5
    high = math.nextafter(low, 1)
    chosen = choose_threshold([high, low], [True, False], 0)
    assert (chosen.value, chosen.false_answer, chosen.false_refusal) == (high, 0, 0)


def test_a_share_that_floats_round_is_still_reached() -> None:
    scores = [0.9] * 29 + [0.1] * 71 + [0.9]
    assert choose_threshold(scores, [False] * 100 + [True], 0.29).false_refusal == 0


def test_a_threshold_needs_both_kinds_and_a_rate() -> None:
    with pytest.raises(PromptsInvalid, match="no unanswerable question"):
        choose_threshold([0.5], [True], 0.1)
    with pytest.raises(PromptsInvalid, match="no answerable question"):
        choose_threshold([0.5], [False], 0.1)
    with pytest.raises(ValueError, match="from 0 to 1"):
        choose_threshold(SCORES, KINDS, 1.5)
