import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from assistant.evaluation.compare import compare
from assistant.evaluation.judge import judge
from assistant.evaluation.measures import score
from assistant.evaluation.plots import RiskPoint, risk_against_coverage, risk_plot, tag_plot
from assistant.evaluation.prompts import Prompt
from assistant.evaluation.report import write_junit, write_report
from assistant.evaluation.results import QuotedText, Result
from ingest.errors import ResultsInvalid

EVIL = '<script>alert("1")</script>&\x00\ud800'


def reply(identity: str, *texts: str, gate: float | None = 0.5) -> Result:
    quotes = tuple(QuotedText("a<b>.md", text, 3, 3 + len(text)) for text in texts)
    return Result(identity, "", not texts, ("a<b>.md",), quotes, gate, 20.0)


PROMPTS = (
    Prompt("right", "groin?", answers=("groin",), tags=("hip", "a tag of more than twenty letters")),
    Prompt("wrong" + EVIL, "Where" + EVIL, answers=("knee" + EVIL,), tags=("tag" + EVIL,), history=("Before?",)),
    Prompt("refused", "How often?", passages=("Walk every day. " * 60, "Short passage.")),
    Prompt("answered", "Which dose?", unanswerable=True, tags=("hip",)),
    Prompt("ranked", "Which file?", sources=("a<b>.md",)),
)
RESULTS = (
    reply("right", "in the groin", gate=0.9),
    reply("wrong" + EVIL, "elbow" + EVIL, gate=0.7),
    reply("refused", gate=0.1),
    reply("answered", "ten grams", gate=0.7),
    reply("ranked", "a quote"),
)


def html_of(folder: Path, prompts: tuple[Prompt, ...], results: tuple[Result, ...], **options: object) -> str:
    judgements = judge(prompts, results)
    write_report(folder / "r.html", judgements, score(judgements), name="p" + EVIL, **options)  # type: ignore[arg-type]
    return (folder / "r.html").read_text(encoding="utf-8")


def test_the_report_tells_measures_and_every_failing_prompt(tmp_path: Path) -> None:
    html = html_of(tmp_path, PROMPTS, RESULTS, unmet=("quote_hit is low",), missing=2)
    assert "5 questions, 2 more without a result; median reply time 20 ms" in html
    assert "quote_hit is low" in html
    assert "Failing questions (3)" in html
    assert re.search(r"Quote hit rate <code.*?0\.3333", html, re.DOTALL)
    for words in ("Where&lt;script&gt;", "elbow&lt;script&gt;", "Which dose?", "ten grams", "How often?", "Before?"):
        assert words in html
    assert "a&lt;b&gt;.md, characters 3–12" in html
    assert "nothing (abstained)" in html
    assert html.count("<svg") == 2


def test_the_report_lists_what_an_answer_lacks(tmp_path: Path) -> None:
    needed = Prompt("needed", "How?", needs=("Walk", "Rest" + EVIL, "5 minutes"), tags=("list",))
    prompts = (*PROMPTS[:1], needed, replace(needed, id="missed"), replace(needed, id="unsure"))
    unsure = replace(reply("unsure"), uncertain=True)
    results = (RESULTS[0], reply("needed", "Walk for", "5 minutes."), reply("missed", "Sit."), unsure)
    html = html_of(tmp_path, prompts, results)
    assert "Incomplete answers (1)" in html
    assert "Failing questions (2)" in html
    failing, incomplete = html[html.index("Failing questions") :].split("Incomplete answers")
    found = re.findall(r"<div>(.) <q class=\"text\">(Walk|Rest|5 minutes)", incomplete)
    assert found == [("✓", "Walk"), ("✗", "Rest"), ("✓", "5 minutes")]
    assert failing.count("quotes that contain everything needed") == 2
    assert "nothing (uncertain)" in failing
    assert "Incomplete answers" not in html_of(tmp_path, PROMPTS, RESULTS)
    write_junit(tmp_path / "j.xml", judge(prompts, results), name="p")
    failures = [each.text or "" for each in ElementTree.parse(tmp_path / "j.xml").iter("failure")]
    assert [text.splitlines()[1] for text in failures] == ["quoted: a<b>.md: Sit.", "quoted: nothing (uncertain)"]
    assert failures[0].startswith("expected: quotes that contain 'Walk' and 'Rest<script>")


def test_nothing_in_the_report_is_loaded_or_run(tmp_path: Path) -> None:
    html = html_of(tmp_path, PROMPTS, RESULTS, comparison=compare(RESULTS, RESULTS[:4], PROMPTS), earlier_name=EVIL)
    assert "<script" not in html
    assert not re.findall(r"(?:src|href)=(?!\"data:)", html)
    assert "http:" not in html
    assert "https:" not in html
    assert "default-src 'none'" in html


def test_the_report_tells_what_flipped(tmp_path: Path) -> None:
    earlier = (reply("right"), *RESULTS[1:])
    html = html_of(tmp_path, PROMPTS, RESULTS, comparison=compare(earlier, RESULTS, PROMPTS), earlier_name="old.jsonl")
    assert "Compared with old.jsonl" in html
    assert "Questions flipped: 1 (1 for the better, 0 for the worse" in html
    assert "p = 1)" in html


@pytest.mark.parametrize(
    ("prompts", "results", "plots"),
    [
        ((), (), 0),
        (PROMPTS[4:], RESULTS[4:], 0),
        (PROMPTS[2:3], RESULTS[2:3], 1),
        (PROMPTS[:1], RESULTS[:1], 2),
        (PROMPTS[:1], (replace(RESULTS[0], gate_score=None, milliseconds=None),), 1),
    ],
)
def test_a_report_of_little(
    prompts: tuple[Prompt, ...], results: tuple[Result, ...], plots: int, tmp_path: Path
) -> None:
    html = html_of(tmp_path, prompts, results)
    assert html.count("<svg") == plots
    assert not re.search(r"\bnan\b", html)
    assert "None" not in re.sub(r"<p class=\"quiet\">None\.</p>", "", html)


def test_risk_against_coverage_by_hand() -> None:
    # Of 4 judged prompts 3 are answered: one right at .9, then two wrong that tie at .7.
    assert risk_against_coverage(judge(PROMPTS, RESULTS)) == (RiskPoint(1 / 4, 0), RiskPoint(3 / 4, 2 / 3))
    assert risk_against_coverage(judge(PROMPTS[2:3], RESULTS)) == ()
    assert risk_against_coverage(()) == ()


def test_the_curve_ends_at_the_run_as_it_was() -> None:
    svg = ElementTree.fromstring(risk_plot([RiskPoint(0.25, 0.0), RiskPoint(0.75, 0.5)]))
    curve, dot = svg.find("polyline"), svg.find("circle")
    assert curve is not None
    assert dot is not None
    # 544 wide from 64, 240 high from 16, the axis of risk up to .6.
    assert curve.get("points") == "200.0,256.0 472.0,56.0"
    assert (dot.get("cx"), dot.get("cy")) == ("472.0", "56.0")


def test_bars_are_as_wide_as_their_shares() -> None:
    judgements = judge(PROMPTS[:1] + PROMPTS[2:4], RESULTS)
    svg = ElementTree.fromstring(tag_plot(judgements))
    bars = [(bar.get("class"), float(bar.get("width") or 0)) for bar in svg.iter("rect")]
    third = pytest.approx(330 / 3, abs=0.1)
    assert bars[:5] == [
        ("right-quote", third),
        ("right-abstention", 0),
        ("wrong-quote", 0),
        ("false-refusal", third),
        ("false-answer", third),
    ]
    labels = [label.text for label in svg.iter("text")]
    assert labels[:4] == ["all questions", "33% of 3 right", "a tag of more than tw…", "100% of 1 right"]
    assert "no tag" in labels


def test_junit_has_a_case_a_prompt_and_one_a_demand(tmp_path: Path) -> None:
    path = tmp_path / "j.xml"
    write_junit(path, judge(PROMPTS, RESULTS), name="p" + EVIL, unmet=("quote_hit (Quote hit rate) is 0.3, below 0.8",))
    suite = ElementTree.parse(path).getroot().find("testsuite")
    assert suite is not None
    counts = {name: suite.get(name) for name in ("tests", "failures", "skipped", "errors", "time")}
    assert counts == {"tests": "6", "failures": "4", "skipped": "1", "errors": "0", "time": "0.100"}
    cases = {case.get("name"): case for case in suite}
    assert list(cases) == [
        "right",
        'wrong<script>alert("1")</script>&\\x00\\ud800',
        "refused",
        "answered",
        "ranked",
        "quote_hit",
    ]
    failure = cases["answered"].find("failure")
    assert failure is not None
    assert failure.get("message") == "false answer: Which dose?"
    assert failure.text == "expected: an abstention\nquoted: a<b>.md: ten grams"
    assert cases["right"].find("failure") is None
    assert cases["ranked"].find("skipped") is not None


def test_what_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(ResultsInvalid, match="cannot be written"):
        write_junit(tmp_path / "none" / "j.xml", (), name="p")
    with pytest.raises(ResultsInvalid, match="cannot be written"):
        write_report(tmp_path / "none" / "r.html", (), score(()), name="p")
