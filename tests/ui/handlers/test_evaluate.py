"""The Evaluate tab's work: files of prompts, runs with their progress, what is kept, and what is shown of it."""

import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from html import unescape
from pathlib import Path

import pytest

from assistant.evaluation.compare import compare
from assistant.evaluation.judge import Outcome
from assistant.evaluation.prompts import Prompt, load_prompts
from assistant.evaluation.results import read_results
from assistant.schema import Abstention, Answer, Evidence, Quote, ScoredPassage
from ingest.errors import PromptsInvalid, ResultsInvalid, SettingsInvalid
from ingest.origin import FileState
from ingest.schema import Passage
from ui.handlers import evaluate
from ui.handlers.evaluate import EvaluationProgress, Evaluations, FinishedEvaluation
from ui.handlers.saving import save_prompt
from ui.page import evaluation as shown

TEXT = "The hip <hurts> & heals. Walk."
PASSAGE = Passage("1", "/root", "a.md", 10, 10 + len(TEXT), TEXT, None, (), ((10, 34), (35, 40)), "0", "A")
QUOTE = Quote(Evidence(PASSAGE, 10, 34, 1.0), None, 7, None, FileState.SAME)
HOSTILE = "<script>alert(1)</script>"
PROMPTS: tuple[dict[str, object], ...] = (
    {"id": "right", "question": "hip?", "answers": ["hip"], "sources": ["a.md"], "tags": ["joint", HOSTILE]},
    {"id": "wrong", "question": "knee of the hip?", "passages": ["kneecap " * 9], "tags": ["joint"]},
    {"id": "refused", "question": "How often?", "answers": ["daily"], "history": ["Before?"]},
    {"id": "dose", "question": HOSTILE, "unanswerable": True},
    {"id": "file", "question": "Which hip file?", "sources": ["a.md"]},
)


class HipExpert:
    """Quotes its one passage to every question about hips, and abstains otherwise."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.asked = 0

    def ask(self, question: str, history: Sequence[str] = ()) -> Answer:
        with self.lock:
            self.asked += 1
            if "hip" in question:
                return Answer(question, (QUOTE,), None, ("a.md",), 0.75, 1)
            return Answer(question, (), Abstention("no", (), (QUOTE,), 1, 1), (), 0.25, 1)

    def stages(self, question: str, history: Sequence[str] = ()) -> Mapping[str, Sequence[ScoredPassage | Evidence]]:
        return {"dense": [ScoredPassage(PASSAGE, 1.0)], "evidence": [QUOTE.evidence]}

    def sources(self) -> frozenset[str]:
        return frozenset({"a.md"})


def put(data_dir: Path, prompts: Sequence[dict[str, object]] = PROMPTS, name: str = "p.jsonl") -> None:
    (data_dir / "prompts").mkdir(exist_ok=True)
    text = "".join(json.dumps(prompt) + "\n" for prompt in prompts)
    (data_dir / "prompts" / name).write_text(text, encoding="utf-8")


def finished(data_dir: Path) -> FinishedEvaluation:
    *_, last = evaluate.run(HipExpert(), "p.jsonl", data_dir)
    assert isinstance(last, FinishedEvaluation)
    return last


def plain(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html)).split())


def test_nothing_is_offered_where_there_is_nothing(tmp_path: Path) -> None:
    assert evaluate.prompts_files(tmp_path) == []
    assert evaluate.kept_runs(tmp_path) == []
    assert evaluate.kept_file("r.jsonl", tmp_path) is None


def test_files_of_prompts_are_offered_by_name(tmp_path: Path) -> None:
    for name in ("b.yaml", "a.jsonl", "c.CSV", "notes.txt"):
        put(tmp_path, name=name)
    assert evaluate.prompts_files(tmp_path) == ["a.jsonl", "b.yaml", "c.CSV"]


def test_a_run_tells_how_far_it_is_and_is_kept(tmp_path: Path) -> None:
    put(tmp_path)
    *told, last = evaluate.run(HipExpert(), "p.jsonl", tmp_path)
    assert [(each.done, each.total) for each in told if isinstance(each, EvaluationProgress)] == [
        (n, 5) for n in range(6)
    ]
    assert isinstance(last, FinishedEvaluation)
    assert [str(each.outcome) for each in last.judgements] == [
        Outcome.RIGHT_QUOTE,
        Outcome.WRONG_QUOTE,
        Outcome.FALSE_REFUSAL,
        Outcome.RIGHT_ABSTENTION,
        Outcome.UNJUDGED,
    ]
    assert read_results(tmp_path / "results" / f"{last.stem}.jsonl") == last.results
    assert evaluate.kept_file(f"{last.stem}.html", tmp_path) is not None
    [(label, name)] = evaluate.kept_runs(tmp_path)
    assert name == f"{last.stem}.jsonl"
    assert re.fullmatch(r"\d\d \w{3} \d{4}, \d\d:\d\d:\d\d · p", label)


def test_a_run_that_is_left_keeps_nothing(tmp_path: Path) -> None:
    put(tmp_path)
    expert = HipExpert()
    steps = evaluate.run(expert, "p.jsonl", tmp_path)
    assert [next(steps), next(steps)]
    steps.close()  # type: ignore[attr-defined]
    assert expert.asked == 1
    assert evaluate.kept_runs(tmp_path) == []


def test_two_runs_in_one_second_are_two(tmp_path: Path) -> None:
    put(tmp_path)
    assert len({finished(tmp_path).stem for _ in range(3)}) == 3
    assert len(evaluate.kept_runs(tmp_path)) == 3


def test_a_person_waits_for_few_prompts_of_a_run_only(tmp_path: Path) -> None:
    put(tmp_path, [{"id": str(n), "question": "?", "unanswerable": True} for n in range(200)])
    expert = HipExpert()
    running = threading.Thread(target=lambda: list(evaluate.run(expert, "p.jsonl", tmp_path)))
    running.start()
    while not expert.asked:
        pass
    before = expert.asked
    expert.ask("hip?")
    assert expert.asked - before < 10
    running.join()
    assert expert.asked == 201


def test_faulty_prompts_are_not_run_and_every_fault_is_told(tmp_path: Path) -> None:
    put(tmp_path, [{"id": "a", "question": "Q?", "sources": ["b.md"]}, {"id": "a", "question": HOSTILE, "x": 1}])
    expert = HipExpert()
    with pytest.raises(PromptsInvalid) as caught:
        list(evaluate.run(expert, "p.jsonl", tmp_path))
    assert expert.asked == 0
    html = shown.fault_html(caught.value)
    assert "p.jsonl has 4 faults, so nothing was run" in plain(html)
    assert re.findall(r"<b>(Line \d)</b>", html) == ["Line 1", "Line 2", "Line 2", "Line 2"]
    assert "the corpus has no source 'b.md'" in plain(html)
    put(tmp_path, [{"id": "a", "question": "Q?", "sources": ["b.md"]}])
    assert isinstance(list(evaluate.run(expert, "p.jsonl", tmp_path, allow_unknown=True))[-1], FinishedEvaluation)


def test_a_name_that_leads_out_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "secret.jsonl").write_text('{"id": "a", "question": "Q?", "unanswerable": true}\n')
    with pytest.raises(PromptsInvalid, match="cannot be read"):
        list(evaluate.run(HipExpert(), "../secret.jsonl", tmp_path))
    assert evaluate.kept_file("../secret.jsonl", tmp_path) is None


def test_an_upload_is_kept_once_and_replaces_nothing(tmp_path: Path) -> None:
    upload = tmp_path / "u.jsonl"
    upload.write_text('{"id": "a", "question": "Q?", "unanswerable": true}\n')
    names = [evaluate.add_prompts(upload, HipExpert(), tmp_path) for _ in range(2)]
    upload.write_text('{"id": "b", "question": "R?", "unanswerable": true}\n')
    names.append(evaluate.add_prompts(upload, HipExpert(), tmp_path))
    assert names == ["u.jsonl", "u.jsonl", "u-2.jsonl"]
    upload.write_text("{")
    with pytest.raises(PromptsInvalid, match=r"^u\.jsonl: has a fault"):
        evaluate.add_prompts(upload, HipExpert(), tmp_path)
    assert evaluate.prompts_files(tmp_path) == ["u-2.jsonl", "u.jsonl"]


def test_an_upload_may_name_unknown_sources_on_demand(tmp_path: Path) -> None:
    upload = tmp_path / "u.jsonl"
    upload.write_text('{"id": "a", "question": "Q?", "sources": ["elsewhere.md"]}\n')
    with pytest.raises(PromptsInvalid, match="a fault"):
        evaluate.add_prompts(upload, HipExpert(), tmp_path)
    assert evaluate.add_prompts(upload, HipExpert(), tmp_path, allow_unknown=True) == "u.jsonl"


def test_a_comparison_is_shown_and_stands_in_the_report_until_it_is_taken_back(tmp_path: Path) -> None:
    put(tmp_path)
    first = finished(tmp_path)
    kept = tmp_path / "results" / f"{first.stem}.jsonl"
    rows = [json.loads(line) for line in kept.read_text(encoding="utf-8").splitlines()]
    rows[0] |= {"abstained": True, "quotes": []}
    kept.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    run = finished(tmp_path)
    report = tmp_path / "results" / f"{run.stem}.html"
    html = shown.comparison_html(evaluate.compare_with(run, kept.name, tmp_path), "before", run)
    assert "1 question changed outcome (1 for the better, 0 for the worse; this may be chance)" in plain(html)
    folded = html[html.index("<details>") :]
    assert "More measures McNemar’s exact test of the flips: p = 1." in plain(folded)
    assert "McNemar" not in html.replace(folded, "")
    assert "Quote hit rate 0 % 33.3 % +33.3 points (" in plain(folded)
    assert re.findall(r'href="#(prompt-\d)">([^<]*)', html) == [("prompt-2", "hip?")]
    assert 'id="prompt-2"' in shown.prompts_html(run.judgements)
    assert "Compared with" in report.read_text(encoding="utf-8")
    evaluate.forget_comparison(run, tmp_path)
    assert "Compared with" not in report.read_text(encoding="utf-8")
    with pytest.raises(ResultsInvalid, match="no longer exists"):
        evaluate.compare_with(run, "gone.jsonl", tmp_path)


def test_a_run_compared_with_itself_flips_nothing(tmp_path: Path) -> None:
    put(tmp_path)
    run = finished(tmp_path)
    html = shown.comparison_html(compare(run.results, run.results, run.prompts), "itself", run)
    assert "0 questions changed outcome (0 for the better, 0 for the worse)" in plain(html)
    assert "<li>" not in html


def test_measures_have_values_and_intervals(tmp_path: Path) -> None:
    put(tmp_path)
    run = finished(tmp_path)
    html = shown.run_html(run)
    assert "1 right quote" in plain(html)
    row = re.search(r'<tr data-measure="quote_hit">.*?</tr>', html)
    assert row
    assert "33.3 % 0.8 to 90.6 %" in plain(row[0])
    rare = re.search(r'<tr data-measure="ndcg10">.*', html)
    assert rare
    assert "More measures" in html[: rare.start()]
    assert "100 % none, the values are too alike" in plain(rare[0])
    assert html.count("<svg") == 2
    assert f'href="results/{run.stem}.jsonl" download' in html
    assert not re.search(r"\b(None|nan)\b", plain(html))


def test_every_prompt_shows_what_was_expected_beside_what_was_quoted(tmp_path: Path) -> None:
    put(tmp_path)
    html = shown.prompts_html(finished(tmp_path).judgements)
    rows = re.findall(r'<details class="prompt".*?</details>', html)
    assert [re.search(r'data-outcome="([^"]*)"', row)[1] for row in rows] == [  # type: ignore[index]
        "wrong-quote",
        "false-refusal",
        "right-quote",
        "right-abstention",
        "ranking-only",
    ]
    wrong, refused, right, dose, _ = map(plain, rows)
    assert "Expected A quote from: kneecap" in wrong
    assert "✗ does not answer a.md · line 7 Open source" in wrong
    assert "Quoted The hip <hurts> & heals. ✓ answers" in right
    assert "Asked before Before?" in refused
    assert "Quoted Nothing (abstained)." in refused
    assert "An abstention" in dose
    assert "root=%2Froot" in html
    tags = [json.loads(unescape(found)) for found in re.findall(r'data-tags="([^"]*)"', html)]
    assert tags[2] == ["joint", HOSTILE]
    assert "joint (2)" in plain(html)
    assert "<script" not in html


def test_a_long_table_ends_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shown, "MOST_SHOWN", 3)
    put(tmp_path)
    html = shown.prompts_html(finished(tmp_path).judgements)
    assert html.count('class="prompt"') == 3
    assert "2 more questions not shown" in plain(html)


def test_progress_tells_what_is_left() -> None:
    def told(done: int, total: int, seconds: float, *, tracing: bool = False) -> str:
        return plain(shown.progress_html(EvaluationProgress("p.jsonl", done, total, seconds, tracing)))

    assert "Asked 0 of 5 questions from p.jsonl" in told(0, 5, 0.0)
    assert "Asked 50 of 100 questions from p.jsonl · about 5 s left" in told(50, 100, 5.0)
    assert "about 10 min left" in told(1, 601, 1.0)
    assert "Traced 1 of 5 questions" in told(1, 5, 0.0, tracing=True)


class Held(HipExpert):
    """Answers one question whenever it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.let = threading.Semaphore(0)

    def ask(self, question: str, history: Sequence[str] = ()) -> Answer:
        self.let.acquire()
        return super().ask(question, history)


@pytest.fixture
def held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Held, Evaluations, threading.Event]]:
    """Make runs over an assistant that waits before each answer; in the end it answers all."""
    monkeypatch.setattr(evaluate, "TELL_SECONDS", 0.01)
    put(tmp_path)
    expert, ending = Held(), threading.Event()
    yield expert, Evaluations(expert, tmp_path, ending), ending
    ending.set()
    expert.let.release(100)


def test_nothing_is_followed_before_the_first_run(tmp_path: Path) -> None:
    assert list(Evaluations(HipExpert(), tmp_path, threading.Event()).follow()) == []


def test_a_run_goes_on_when_nobody_looks_and_comes_back(
    held: tuple[Held, Evaluations, threading.Event], tmp_path: Path
) -> None:
    expert, evaluations, _ = held
    assert evaluations.start("p.jsonl")
    looking = evaluations.follow()
    assert isinstance(next(looking), EvaluationProgress)
    looking.close()  # type: ignore[attr-defined]
    expert.let.release(5)
    *_, done = evaluations.follow()
    assert isinstance(done, FinishedEvaluation)
    assert expert.asked == 5
    assert list(evaluations.follow()) == [done]
    assert len(evaluate.kept_runs(tmp_path)) == 1


def test_one_run_at_a_time_which_everyone_sees(held: tuple[Held, Evaluations, threading.Event]) -> None:
    expert, evaluations, _ = held
    assert evaluations.start("p.jsonl")
    assert not evaluations.start("other.jsonl")
    expert.let.release(1)
    seen = next(step for step in evaluations.follow() if isinstance(step, EvaluationProgress) and step.done)
    assert (seen.name, seen.done, seen.total) == ("p.jsonl", 1, 5)
    expert.let.release(4)
    assert isinstance(list(evaluations.follow())[-1], FinishedEvaluation)
    assert evaluations.start("p.jsonl")


@pytest.mark.parametrize("by", ["a person", "the page's end"])
def test_a_cancelled_run_keeps_nothing_and_another_can_start(
    held: tuple[Held, Evaluations, threading.Event], tmp_path: Path, by: str
) -> None:
    expert, evaluations, ending = held
    evaluations.start("p.jsonl")
    evaluations.cancel() if by == "a person" else ending.set()
    expert.let.release(1)
    assert list(evaluations.follow())[-1] is None
    assert expert.asked <= 1
    assert evaluate.kept_runs(tmp_path) == []
    ending.clear()
    expert.let.release(10)
    assert evaluations.start("p.jsonl")
    assert isinstance(list(evaluations.follow())[-1], FinishedEvaluation)


def test_the_faults_of_a_run_are_told_to_whoever_follows_it(held: tuple[Held, Evaluations, threading.Event]) -> None:
    _, evaluations, _ = held
    evaluations.start("none.jsonl")
    for _ in range(2):
        with pytest.raises(PromptsInvalid, match="cannot be read"):
            list(evaluations.follow())


def test_a_run_follows_its_questions_through_the_stages_on_demand(tmp_path: Path) -> None:
    put(tmp_path)
    assert shown.stages_html(finished(tmp_path)) == ""
    *told, last = evaluate.run(HipExpert(), "p.jsonl", tmp_path, stages=True)
    assert [step.done for step in told if isinstance(step, EvaluationProgress) and step.tracing] == [1, 2, 3, 4]
    assert isinstance(last, FinishedEvaluation)
    html = shown.stages_html(last)
    assert "Passages found by meaning 50 % 50 % 50 %" in plain(html)
    assert "2 lost questions knee of the hip? lost at: Passages found by meaning" in plain(html)
    assert 'href="#prompt-0"' in html


def test_the_threshold_is_stored_shown_and_chosen_from_a_run(
    indexed: Callable[[dict[str, str]], object], tmp_path: Path
) -> None:
    data_dir = tmp_path / "data"
    assert evaluate.gate_threshold(data_dir) is None
    indexed({"a.md": "# A\n\nA text.\n"})
    assert evaluate.gate_threshold(data_dir) is None
    assert "if the score is at least 0.60 , the default." in plain(shown.threshold_html(None))
    assert evaluate.store_threshold(0.25, data_dir) == evaluate.gate_threshold(data_dir) == 0.25
    assert "if the score is at least 0.25 ; the default is 0.60." in plain(shown.threshold_html(0.25))
    put(data_dir)
    found = evaluate.calibrated(finished(data_dir), 0, data_dir)
    assert evaluate.gate_threshold(data_dir) == found.value == 0.5
    words = "0 % of those without an answer would be answered, and 33 % of the others refused"
    assert words in plain(shown.calibrated_html(found))
    for allowed in (None, -1, 101):
        with pytest.raises(SettingsInvalid, match="no percentage"):
            evaluate.calibrated(finished(data_dir), allowed, data_dir)
    with pytest.raises(SettingsInvalid, match="not a score"):
        evaluate.store_threshold(1.5, data_dir)
    assert evaluate.store_threshold(None, data_dir) is evaluate.gate_threshold(data_dir) is None


def test_the_page_speaks_of_questions_and_not_of_prompts(tmp_path: Path) -> None:
    put(tmp_path)
    run = finished(tmp_path)
    compared = evaluate.compare_with(run, f"{run.stem}.jsonl", tmp_path)
    pages = [
        shown.start_html(),
        shown.read_only_html(),
        shown.unchosen_html(),
        shown.run_html(run),
        shown.finished_html(run),
        shown.comparison_html(compared, "before", run),
        shown.prompts_html(run.judgements),
        (tmp_path / "results" / f"{run.stem}.html").read_text(encoding="utf-8"),
    ]
    assert not [page for page in pages if re.search(r"prompt", plain(page), re.IGNORECASE)]


def test_a_saved_prompt_is_offered_and_a_second_one_of_its_question_is_not_taken(tmp_path: Path) -> None:
    assert "Saved to saved.jsonl" in save_prompt(
        Prompt("", "Does the hip hurt?", answers=("The hip hurts.",), sources=("a.md",)), tmp_path
    )
    assert "already" in save_prompt(Prompt("", " does  the HIP hurt?", unanswerable=True), tmp_path)
    save_prompt(Prompt("", "Does the hip -- hurt??", unanswerable=True), tmp_path)
    save_prompt(Prompt("", "?!", unanswerable=True), tmp_path)
    assert evaluate.prompts_files(tmp_path) == ["saved.jsonl"]
    assert load_prompts(tmp_path / "prompts" / "saved.jsonl", {"a.md"}) == (
        Prompt("does-the-hip-hurt", "Does the hip hurt?", answers=("The hip hurts.",), sources=("a.md",)),
        Prompt("does-the-hip-hurt-2", "Does the hip -- hurt??", unanswerable=True),
        Prompt("question", "?!", unanswerable=True),
    )


def test_a_prompt_that_cannot_be_saved_says_why(tmp_path: Path) -> None:
    with pytest.raises(PromptsInvalid) as caught:
        save_prompt(Prompt("", "Q?", answers=("a",), unanswerable=True), tmp_path)
    assert "unanswerable does not go with answers" in str(caught.value)
