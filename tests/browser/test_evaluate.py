"""The Evaluate tab in a real browser, on the shipped corpus with the real encoder: from Ask to a comparison."""

from __future__ import annotations

import json
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from assistant.answering.rerank import BUNDLED, open_reranker
from assistant.assistant import Assistant
from assistant.index import Index
from ingest.models.encoder import OnnxEncoder
from ingest.settings import Settings
from ui.handlers.evaluate import EvaluationProgress, Evaluations, FinishedEvaluation
from ui.page.app import serve

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

from tests.browser.conftest import LOOKS, shown
from tests.conftest import GRADIO_WARNINGS

pytestmark = [
    pytest.mark.browser,
    pytest.mark.model,
    *GRADIO_WARNINGS,
]

REPOSITORY = Path(__file__).parents[2]
QUESTION = "What is sciatica?"
FAULTY = '{"id": "a", "question": "Q?", "unanswerable": true}\n{"id": "a", "question": ""}\n{"id": 3, "x": 1\n'
OpenPage = Callable[[str, int, str], "Page"]
Screenshot = Callable[["Page", str], None]


@dataclass(frozen=True)
class Site:
    """A page on the shipped corpus, and the folder of its index."""

    address: str
    data_dir: Path


@pytest.fixture(scope="module")
def site(exported: OnnxEncoder, shipped: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = shutil.copytree(shipped, tmp_path_factory.mktemp("evaluate"), dirs_exist_ok=True)
    reranker = open_reranker(BUNDLED, folder)  # reads sooner than the encoder compares
    with closing(Assistant(Index(folder, exported), reranker)) as assistant:
        served = serve(assistant, Settings(host="127.0.0.1", port=0, data_dir=folder), block=False)
        yield Site(served.url, folder)
        served.close()


@pytest.fixture
def fresh(site: Site) -> Site:
    """The site without prompts and runs of other tests."""
    for name in ("prompts", "results"):
        shutil.rmtree(site.data_dir / name, ignore_errors=True)
    return site


def ask(page: Page, question: str, state: str) -> None:
    page.fill("#question textarea", question)
    page.press("#question textarea", "Enter")
    page.locator(f".turn[data-state={state}]").filter(has_text=question).last.wait_for()


def save_below(page: Page, turn: int) -> None:
    """Open the form that saves a turn as a question to check."""
    page.click(f"#turn-{turn} .actions summary")
    page.click(f"#turn-{turn} .to-prompt")


def put_prompts(site: Site, name: str, prompts: list[dict[str, object]]) -> None:
    (site.data_dir / "prompts").mkdir(exist_ok=True)
    text = "".join(json.dumps(prompt) + "\n" for prompt in prompts)
    (site.data_dir / "prompts" / name).write_text(text, encoding="utf-8")


def to_evaluate(page: Page, name: str) -> None:
    page.get_by_role("tab", name="Evaluate").click()
    page.wait_for_function("name => document.querySelector('#prompts-file input').value === name", arg=name)


def choose(page: Page, where: str, label: str) -> None:
    page.click(f"{where} input")
    page.locator(f"{where} [role=option]", has_text=label).first.click()


def run(page: Page, told: str) -> None:
    page.click("#run")
    page.wait_for_selector(f"#evaluation-status >> text={told}", timeout=90_000)  # a hundred questions take a while


def wide(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth > innerWidth"))


def test_from_an_answer_to_a_prompt_a_run_and_a_comparison(
    fresh: Site, open_page: OpenPage, screenshot: Screenshot
) -> None:
    page = open_page(fresh.address, 1440, "light")
    ask(page, QUESTION, "answered")
    form = page.locator("#turn-1 .saving")
    save_below(page, 1)
    form.get_by_role("button", name="Save").click()
    form.get_by_text("Tick what answers").wait_for()
    form.get_by_role("checkbox").first.check()
    screenshot(page, "save")
    form.get_by_role("button", name="Save").click()
    form.get_by_text("Saved to saved.jsonl").wait_for()
    form.get_by_role("button", name="Save").click()
    form.get_by_text("is already in saved.jsonl").wait_for()
    ask(page, "How much ibuprofen is safe in pregnancy?", "abstained")
    refusal = page.locator("#turn-2 .saving")
    save_below(page, 2)
    refusal.get_by_role("button", name="Save").click()
    refusal.get_by_text("Saved to saved.jsonl").wait_for()

    to_evaluate(page, "saved.jsonl")
    run(page, "Asked 2 questions from saved.jsonl")
    assert "1 right quote" in page.inner_text(".outcomes")
    assert "1 right abstention" in page.inner_text(".outcomes")
    page.click("summary >> text=What is sciatica?")
    opened = page.locator("details.prompt[open]")
    expected, quoted = (opened.locator(".sides > div").nth(side).inner_text() for side in (0, 1))
    assert "A quote that contains" in expected
    assert "✓ answers" in quoted
    assert "sciatica.md · line" in quoted
    opened.get_by_role("button", name="Open source").first.click()
    page.wait_for_selector("#reader mark")
    page.keyboard.press("Escape")

    [kept] = (fresh.data_dir / "results").glob("*.jsonl")
    rows = [json.loads(line) for line in kept.read_text(encoding="utf-8").splitlines()]
    rows[0] |= {"abstained": True, "quotes": []}
    kept.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    run(page, "Asked 2 questions from saved.jsonl")
    choose(page, "#earlier", " · saved")
    page.wait_for_selector(".comparison >> text=1 question changed outcome (1 for the better, 0 for the worse")
    page.click(".flips a")
    page.wait_for_selector("details.prompt[open] >> text=A quote that contains")
    screenshot(page, "compared")


def test_what_is_told_of_a_file_outlives_the_last_run_that_comes_later(
    fresh: Site, open_page: OpenPage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_prompts(fresh, "one.jsonl", [{"id": "a", "question": "What is the capital of Peru?", "unanswerable": True}])
    page = open_page(fresh.address, 1440, "light")
    to_evaluate(page, "one.jsonl")
    run(page, "Asked 1 question from one.jsonl")
    follow, told = Evaluations.follow, threading.Event()

    def late(self: Evaluations) -> Iterator[EvaluationProgress | FinishedEvaluation | None]:
        assert told.wait(30)
        yield from follow(self)

    monkeypatch.setattr(Evaluations, "follow", late)
    page = open_page(fresh.address, 1440, "light")
    page.get_by_role("tab", name="Evaluate").click()
    (tmp_path / "faulty.jsonl").write_text(FAULTY, encoding="utf-8")
    page.set_input_files("#setup input[type=file]", tmp_path / "faulty.jsonl")
    page.wait_for_selector(".faults >> text=Line 3")
    told.set()
    page.wait_for_selector("#evaluation-status >> text=Asked 1 question from one.jsonl")
    assert "Line 3" in page.inner_text(".faults")
    run(page, "Asked 1 question from one.jsonl")
    page.wait_for_selector(".faults", state="detached")


def test_an_uploaded_file_is_run_filtered_and_reported(
    fresh: Site, open_page: OpenPage, chromium: Browser, screenshot: Screenshot, tmp_path: Path
) -> None:
    page = open_page(fresh.address, 1440, "light")
    page.get_by_role("tab", name="Evaluate").click()
    page.wait_for_selector("text=How well does it answer?")
    faulty = tmp_path / "faulty.jsonl"
    faulty.write_text(FAULTY, encoding="utf-8")
    page.set_input_files("#setup input[type=file]", faulty)
    page.wait_for_selector(".faults >> text=Line 3")
    faults = page.inner_text(".faults")
    assert "id 'a' is already used on line 1" in faults
    assert "question is missing" in faults
    screenshot(page, "faults")
    assert not (fresh.data_dir / "prompts").exists()

    shipped = (REPOSITORY / "tests" / "prompts" / "corpus.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    some = [line for number, line in enumerate(shipped) if number % 5 == 0 or '"why"' in line]
    (tmp_path / "corpus.jsonl").write_text("".join(some), encoding="utf-8")
    page.set_input_files("#setup input[type=file]", tmp_path / "corpus.jsonl")
    page.wait_for_selector("#added-file >> text=Added corpus.jsonl")
    total = len(some)
    run(page, f"Asked {total} questions from corpus.jsonl")
    assert page.inner_text(".prompts output") == f"{total} questions"
    page.select_option("select[data-filter=tag]", "why")
    page.select_option("select[data-filter=outcome]", "right-quote")
    rows = page.locator("details.prompt:visible")
    assert 0 < rows.count() < total
    assert page.inner_text(".prompts output") == f"{rows.count()} questions"
    screenshot(page, "filtered")

    with page.expect_download() as results:
        page.click("text=Results (JSONL)")
    assert len(results.value.path().read_text(encoding="utf-8").splitlines()) == total
    with page.expect_download() as download:
        page.click("text=Report (HTML)")
    report = tmp_path / "report.html"
    download.value.save_as(report)
    check_report(chromium, report, screenshot)


def check_report(chromium: Browser, report: Path, screenshot: Screenshot) -> None:
    """Open the report from its file: it asks for nothing else, and its plots are there."""
    asked: list[str] = []
    errors: list[str] = []
    page = chromium.new_page(viewport={"width": 1000, "height": 900})
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: errors.append(message.text))
    page.goto(report.as_uri())
    page.wait_for_selector("text=Failing questions")
    assert [plot.bounding_box()["height"] > 100 for plot in page.query_selector_all("svg.plot")] == [True, True]
    screenshot(page, "report")
    page.close()
    assert asked == [report.as_uri()]
    assert errors == []


@pytest.mark.serial
def test_a_long_run_is_cancelled_and_does_not_keep_others_waiting(fresh: Site, open_page: OpenPage) -> None:
    prompts = [{"id": str(n), "question": f"Is {n} a number of hips?", "unanswerable": True} for n in range(3_000)]
    put_prompts(fresh, "long.jsonl", prompts)
    page = open_page(fresh.address, 1440, "light")
    other = open_page(fresh.address, 1440, "light")
    to_evaluate(page, "long.jsonl")
    page.click("#run")
    page.wait_for_selector("progress")
    began = time.monotonic()
    ask(other, QUESTION, "answered")
    assert time.monotonic() - began < 3
    assert page.locator("progress").count() == 1
    page.click("#cancel")
    page.wait_for_selector("#evaluation-status >> text=Cancelled")
    page.wait_for_timeout(600)
    assert "Cancelled" in page.inner_text("#evaluation-status")
    assert page.is_visible("#run")
    assert not page.is_visible("#cancel")
    assert not (fresh.data_dir / "results").exists()


@pytest.mark.serial
def test_a_run_goes_on_in_the_background_and_comes_back(fresh: Site, open_page: OpenPage) -> None:
    prompts = [{"id": str(n), "question": f"Is {n} a number of hips?", "unanswerable": True} for n in range(25)]
    put_prompts(fresh, "some.jsonl", prompts)
    page = open_page(fresh.address, 1440, "light")
    to_evaluate(page, "some.jsonl")
    page.click("#run")
    page.wait_for_selector("progress")
    page.get_by_role("tab", name="Ask").click()
    page.get_by_role("tab", name="Evaluate").click()
    page.wait_for_selector("#evaluation-status >> text=of 25 questions from some.jsonl")
    page.context.close()
    page = open_page(fresh.address, 1440, "light")
    to_evaluate(page, "some.jsonl")
    page.wait_for_selector("#evaluation-status >> text=Asked 25 questions from some.jsonl", timeout=90_000)
    assert page.is_visible(".measures")
    page.get_by_role("tab", name="Ask").click()
    page.get_by_role("tab", name="Evaluate").click()
    assert page.is_visible(".measures")
    assert len(list((fresh.data_dir / "results").glob("*.jsonl"))) == 1


def test_the_threshold_is_chosen_and_reset_and_lost_answers_are_shown(
    fresh: Site, open_page: OpenPage, screenshot: Screenshot
) -> None:
    put_prompts(
        fresh,
        "both.jsonl",
        [
            {"id": "one", "question": QUESTION, "answers": ["one kind of radiculopathy"]},
            {"id": "two", "question": "Who is Ada Lovelace?", "answers": ["a mathematician"]},
            {"id": "three", "question": "When was the moon landing?", "unanswerable": True},
        ],
    )
    page = open_page(fresh.address, 1440, "light")
    to_evaluate(page, "both.jsonl")
    page.wait_for_selector("#threshold-now >> text=if the score is at least 0.60, the default")
    page.get_by_text("Show where answers are lost").click()
    run(page, "Asked 3 questions from both.jsonl")
    page.get_by_text("1 lost question").click()
    assert "Who is Ada Lovelace?" in page.inner_text(".stages")
    page.click("#calibrate")
    page.wait_for_selector("#threshold-now >> text=Chosen from the last run")
    screenshot(page, "threshold")
    page.fill("#score input", "0.3")
    page.click("#set-threshold")
    page.wait_for_selector("#threshold-now >> text=if the score is at least 0.30")
    page.click("#reset-threshold")
    page.wait_for_selector("#threshold-now >> text=if the score is at least 0.60, the default")


def test_the_tab_fits(
    fresh: Site, open_page: OpenPage, screenshot: Screenshot, accessible: Callable[[Page], None]
) -> None:
    put_prompts(
        fresh,
        "few.jsonl",
        [
            {"id": "one", "question": QUESTION, "answers": ["one kind of radiculopathy"], "tags": ["what", "leg"]},
            {"id": "two", "question": "Who is Ada Lovelace?", "answers": ["a mathematician"], "tags": ["who"]},
            {"id": "three", "question": "When was the moon landing?", "unanswerable": True, "tags": ["when"]},
        ],
    )
    page = open_page(fresh.address, 390, "light")
    to_evaluate(page, "few.jsonl")
    for look in shown(page, *LOOKS):
        assert not wide(page)
        screenshot(page, f"evaluate-{look}-1-start")
    page.get_by_text("Show where answers are lost").click()
    run(page, "Asked 3 questions from")
    page.get_by_text("More measures").first.click()
    page.get_by_text("lost question").first.click()
    for look in shown(page, *LOOKS):
        assert not wide(page)
        screenshot(page, f"evaluate-{look}-2-run")
    page.click("summary >> text=What is sciatica?")
    for look in shown(page, *LOOKS):
        page.evaluate("document.querySelector('.prompts').scrollIntoView()")
        assert not wide(page)
        accessible(page)
        screenshot(page, f"evaluate-{look}-3-prompt")
