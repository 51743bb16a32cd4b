"""Handlers of the Evaluate tab: files of test prompts, runs in the background, saved results, the gate's threshold."""

import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePath

from assistant.evaluation.compare import Comparison, compare
from assistant.evaluation.judge import Judgement, judge
from assistant.evaluation.measures import Scores, score
from assistant.evaluation.prompts import Prompt, load_prompts
from assistant.evaluation.report import write_report
from assistant.evaluation.results import Result, read_results, write_results
from assistant.evaluation.run import Threshold, calibrate, run_prompts
from assistant.evaluation.trace import Trace, followed, traced
from assistant.schema import Answering
from ingest.errors import IndexMissing, PromptsInvalid, ResultsInvalid, SettingsInvalid
from ingest.index.catalog import Catalog
from ingest.index.kept import Kept, kept_in, reading_file, writing_file
from ingest.runs.pipeline import set_gate_threshold
from ui.handlers.limits import check_prompts, check_size
from ui.handlers.saving import PROMPTS_FOLDER

RESULTS_FOLDER = "results"
KINDS = (".jsonl", ".yaml", ".yml", ".csv")
STAMP = "%Y-%m-%d-%H%M%S"
STAMP_LENGTH = 17
PAUSE_SECONDS = 0.002
"""A pause after each prompt, so that questions of people waiting for the index go first."""
TELL_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class EvaluationProgress:
    """The progress of a run: its file of prompts, prompts done, prompts in total, and seconds taken so far.

    `tracing` says that the prompts were all asked and are now followed through the stages.
    """

    name: str
    done: int
    total: int
    seconds: float
    tracing: bool = False


@dataclass(frozen=True, slots=True)
class FinishedEvaluation:
    """A finished run: `name` is its file of prompts, `stem` the file name of its results and report."""

    name: str
    stem: str
    prompts: tuple[Prompt, ...]
    results: tuple[Result, ...]
    judgements: tuple[Judgement, ...]
    scores: Scores
    traces: tuple[Trace, ...] = ()


class Evaluations:
    """The runs of a page: one at a time, in the background, seen by everyone who opens the tab.

    A run goes on whoever looks, until it is done or cancelled, or `ending` is
    set. The last one stays, so that it can be shown again.
    """

    def __init__(self, assistant: Answering, data_dir: Path, ending: threading.Event) -> None:
        self._assistant = assistant
        self._data_dir = data_dir
        self._ending = ending
        self._lock = threading.Lock()
        self._cancelled = threading.Event()
        self._progress = EvaluationProgress("", 0, 0, 0.0)
        self._run: Future[FinishedEvaluation | None] | None = None

    def start(self, name: str, *, allow_unknown: bool = False, stages: bool = False) -> bool:
        """Start a run of a file of prompts; return False if another is still running."""
        with self._lock:
            if self._run is not None and not self._run.done():
                return False
            self._cancelled.clear()
            self._progress = EvaluationProgress(name, 0, 0, 0.0)
            worker = ThreadPoolExecutor(1, "evaluation")
            self._run = worker.submit(self._work, name, allow_unknown=allow_unknown, stages=stages)
            worker.shutdown(wait=False)
            return True

    def cancel(self) -> None:
        """Cancel the run that is running; nothing of it is saved."""
        self._cancelled.set()

    def follow(self) -> Iterator[EvaluationProgress | FinishedEvaluation | None]:
        """Yield the progress of the last run until it ends, then the run, or None if it was cancelled.

        Yields nothing if there has been no run.

        Raises:
            PromptsInvalid: the file has faults; nothing was asked.
            ResultsInvalid: the results could not be written.
        """
        run = self._run
        if run is None:
            return
        while not run.done():
            yield self._progress
            wait([run], timeout=TELL_SECONDS)
        yield run.result()

    def _work(self, name: str, *, allow_unknown: bool, stages: bool) -> FinishedEvaluation | None:
        for step in run(self._assistant, name, self._data_dir, allow_unknown=allow_unknown, stages=stages):
            if isinstance(step, FinishedEvaluation):
                return step
            if self._cancelled.is_set() or self._ending.is_set():
                break
            self._progress = step
        return None


def gate_threshold(data_dir: Path) -> float | None:
    """Return the stored threshold of the gate; None if it is the default, as without an index."""
    try:
        with closing(Catalog(data_dir)) as catalog, catalog.read() as snapshot:
            stored = snapshot.meta("gate_threshold")
    except IndexMissing:
        return None
    return float(stored) if stored else None


def store_threshold(value: float | None, data_dir: Path) -> float | None:
    """Store the threshold of the gate, None for the default, and return it.

    Raises:
        SettingsInvalid: it is not from 0 to 1.
        IndexLocked: another process is writing.
    """
    if value is not None and not 0 <= value <= 1:
        raise SettingsInvalid(f"{value:g} is not a score", "", "give a number from 0 to 1")
    set_gate_threshold(value, data_dir)
    return value


def calibrated(run: FinishedEvaluation, allowed: float | None, data_dir: Path) -> Threshold:
    """Choose the gate's threshold from a run, and store it; `allowed` are the false answers in per cent.

    Raises:
        SettingsInvalid: that is not from 0 to 100.
        PromptsInvalid: there are no answerable or no unanswerable prompts.
        IndexLocked: another process is writing.
    """
    if allowed is None or not 0 <= allowed <= 100:
        raise SettingsInvalid("the allowed false answers are no percentage", "", "give a number from 0 to 100")
    found = calibrate(run.prompts, run.results, allowed / 100)
    set_gate_threshold(found.value, data_dir)
    return found


def prompts_files(data_dir: Path) -> list[str]:
    """Return the names of the files of test prompts, sorted."""
    return [name for name in _names(PROMPTS_FOLDER, data_dir) if PurePath(name).suffix.lower() in KINDS]


def kept_runs(data_dir: Path) -> list[tuple[str, str]]:
    """Return the saved runs, newest first: a label, and the name of the results file."""
    names = [name for name in _names(RESULTS_FOLDER, data_dir) if PurePath(name).suffix == ".jsonl"]
    return [(run_label(name), name) for name in reversed(names)]


def run_label(name: str) -> str:
    """Return when a saved run was made and of which prompts; other files keep their names."""
    try:
        when = datetime.strptime(name[:STAMP_LENGTH], STAMP)
    except ValueError:
        return name
    return f"{when:%d %b %Y, %H:%M:%S} · {Path(name).stem[STAMP_LENGTH + 1 :]}"


def kept_file(name: str, data_dir: Path) -> bytes | None:
    """Return the content of the saved results or report with this name, or None."""
    if name not in _names(RESULTS_FOLDER, data_dir):
        return None
    found = kept_in(data_dir).read(f"{RESULTS_FOLDER}/{name}")
    return found[1] if found is not None else None


def add_prompts(upload: Path, assistant: Answering, data_dir: Path, *, allow_unknown: bool = False) -> str:
    """Save an uploaded file of prompts if it has no faults; return its name in the folder.

    Raises:
        PromptsInvalid: the file has faults; lists all of them by line. Nothing is saved.
    """
    try:
        _loaded(upload, assistant, allow_unknown=allow_unknown)
    except PromptsInvalid as error:
        raise PromptsInvalid(error.what, upload.name, error.remedy, error.faults) from error
    return _kept_copy(upload, kept_in(data_dir))


def run(
    assistant: Answering, name: str, data_dir: Path, *, allow_unknown: bool = False, stages: bool = False
) -> Iterator[EvaluationProgress | FinishedEvaluation]:
    """Ask all prompts of a file in the folder; yield the progress, then the finished run, which is saved.

    `stages` also follows the prompts through the stages of retrieval. Closing
    the iterator cancels the run; nothing is saved then.

    Raises:
        PromptsInvalid: the file has faults; nothing is asked.
        ResultsInvalid: the results cannot be written.
    """
    with reading_file(kept_in(data_dir), f"{PROMPTS_FOLDER}/{Path(name).name}") as path:
        prompts = _loaded(path, assistant, allow_unknown=allow_unknown)
    results: list[Result] = []
    traces: list[Trace] = []
    began = time.monotonic()
    yield EvaluationProgress(path.name, 0, len(prompts), 0.0)
    for result in run_prompts(assistant, prompts):
        results.append(result)
        time.sleep(PAUSE_SECONDS)
        yield EvaluationProgress(path.name, len(results), len(prompts), time.monotonic() - began)
    began = time.monotonic()
    for each in traced(assistant, prompts) if stages else ():
        traces.append(each)
        time.sleep(PAUSE_SECONDS)
        seconds = time.monotonic() - began
        yield EvaluationProgress(path.name, len(traces), len(followed(prompts)), seconds, tracing=True)
    yield _kept_run(path, prompts, tuple(results), tuple(traces), data_dir)


def compare_with(run: FinishedEvaluation, earlier: str, data_dir: Path) -> Comparison:
    """Compare a run with a saved one, and add the comparison to the run's report.

    Raises:
        ResultsInvalid: the earlier run no longer exists, has faults or is of other prompts.
    """
    if earlier not in _names(RESULTS_FOLDER, data_dir):
        raise ResultsInvalid("this run no longer exists", earlier, "choose another")
    with reading_file(kept_in(data_dir), f"{RESULTS_FOLDER}/{earlier}") as path:
        comparison = compare(read_results(path), run.results, run.prompts)
    _write_report(run, data_dir, comparison, run_label(earlier))
    return comparison


def forget_comparison(run: FinishedEvaluation, data_dir: Path) -> None:
    """Write the run's report again without a comparison."""
    _write_report(run, data_dir)


def _loaded(path: Path, assistant: Answering, *, allow_unknown: bool) -> tuple[Prompt, ...]:
    """Load the prompts of a file that is within the limits of the page."""
    check_size(path)
    prompts = load_prompts(path, None if allow_unknown else assistant.sources())
    check_prompts(prompts, path)
    return prompts


def _names(folder: str, data_dir: Path) -> list[str]:
    """Return the names of the files in a folder, in order."""
    return [PurePath(name).name for name in kept_in(data_dir).stamps(folder)]


def _kept_copy(upload: Path, kept: Kept) -> str:
    """Copy a file to the test prompts, and return its name; choose another if a different file has this one."""
    content = upload.read_bytes()
    number = 1
    while True:
        name = upload.name if number == 1 else f"{upload.stem}-{number}{upload.suffix}"
        found = kept.read(f"{PROMPTS_FOLDER}/{name}")
        if found is None:
            kept.replace(f"{PROMPTS_FOLDER}/{name}", content)
        if found is None or found[1] == content:
            return name
        number += 1


def _kept_run(
    path: Path, prompts: Sequence[Prompt], results: tuple[Result, ...], traces: tuple[Trace, ...], data_dir: Path
) -> FinishedEvaluation:
    kept = kept_in(data_dir)
    judgements = judge(prompts, results)
    finished = FinishedEvaluation(
        path.name, _free_stem(path.stem, kept), tuple(prompts), results, judgements, score(judgements), traces
    )
    with writing_file(kept, f"{RESULTS_FOLDER}/{finished.stem}.jsonl") as target:
        write_results(target, results)
    _write_report(finished, data_dir)
    return finished


def _free_stem(name: str, kept: Kept) -> str:
    """Return the time and the name of the prompts, with a number if two runs end in the same second."""
    stem = f"{datetime.now():{STAMP}}-{name}"
    number = 1
    free = stem
    while kept.stamp(f"{RESULTS_FOLDER}/{free}.jsonl") is not None:
        number += 1
        free = f"{stem} ({number})"
    return free


def _write_report(
    run: FinishedEvaluation, data_dir: Path, comparison: Comparison | None = None, earlier_name: str = ""
) -> None:
    judged = run.judgements, run.scores
    with writing_file(kept_in(data_dir), f"{RESULTS_FOLDER}/{run.stem}.html") as path:
        write_report(path, *judged, name=run.name, comparison=comparison, earlier_name=earlier_name)
