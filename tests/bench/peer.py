"""Measure the program beside the plain pipeline that people would write instead, on the same work.

    python -m tests.bench.peer BENCH [PART [RUNS]]

The pipeline is BENCH/peer_langchain.py, run as it is, with what it needs besides the
program's own packages in .bench/peer (`make bench` installs that). Both work on medquad,
in processes of their own and in turns; what they take is the median of their runs. With a
PART of n, only every n-th document and question; with RUNS, at most so many of each. Writes a part of RESULTS.md.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from assistant.evaluation.results import read_results
from tests.bench.measure import RESULTS, WORK, machine, merged, table

SET = "medquad"
PEER = "peer_langchain.py"
PACKAGES = WORK / "peer"
INGESTS, EVALUATIONS, STARTS = 2, 2, 5  # runs
SKIPPED = 4  # of the questions, every fourth is asked
HEADING = "Beside the plain pipeline"
COLUMNS = ("work", "ours", "the pipeline", "ours : pipeline", "demanded", "aim")

EXPORT = """
import pathlib, sys
from ingest.models.encoder import BUNDLED, open_encoder
open_encoder(BUNDLED, pathlib.Path(sys.argv[1]))
"""

Figures = dict[str, float]


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table: what is measured, its key and unit, and the ratio of ours to theirs that is demanded."""

    name: str
    key: str
    unit: str
    demanded: float
    aim: float
    more_is_better: bool = False


ROWS = (
    Row("ingest, whole process", "ingest s", "s", 1 / 2.5, 1 / 4),
    Row("ingest, processor", "ingest processor s", "s", 1 / 2.5, 1 / 4),
    Row("ingest, characters a second", "ingest characters", "", 2.5, 4, more_is_better=True),
    Row("ingest, most memory", "ingest MB", "MB", 1 / 2, 1 / 4),
    Row("question to checked answer against bare search, median", "question p50 ms", "ms", 3, 1),
    Row("question to checked answer against bare search, 95th percentile", "question p95 ms", "ms", 3, 1),
    Row("cold process to its first answer", "start s", "s", 1 / 6, 1 / 12),
    Row("cold process, processor", "start processor s", "s", 1 / 6, 1 / 12),
    Row("cold process, most memory", "start MB", "MB", 1 / 2, 1 / 4),
    Row("all questions, whole process", "evaluate s", "s", 3, 1),
    Row("all questions, most memory", "evaluate MB", "MB", 1 / 2, 1 / 4),
)


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two: its commands, by what they do, and where it keeps what it makes."""

    name: str
    environment: Mapping[str, str]
    ingest: Sequence[str]
    ask: Sequence[str]
    evaluate: Sequence[str]
    index: Path
    results: Path
    found: dict[str, list[float]] = field(default_factory=dict)

    def keep(self, figures: Figures) -> None:
        """Keep the figures of a run."""
        for key, value in figures.items():
            self.found.setdefault(key, []).append(value)


def spent(command: Sequence[str], environment: Mapping[str, str], what: str) -> tuple[Figures, str]:
    """Run a command; return its seconds, those of the processor, its most memory in MB, and what it printed."""
    with tempfile.TemporaryFile("w+") as told:
        began = time.perf_counter()
        process = subprocess.Popen(command, env={**os.environ, **environment}, stdout=told, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        told.seek(0)
        text = told.read()
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}:\n{text}")
    processor = usage.ru_utime + usage.ru_stime
    return {f"{what} s": seconds, f"{what} processor s": processor, f"{what} MB": usage.ru_maxrss * 1024 / 1e6}, text


def sides(bench: Path, folder: Path, part: int) -> tuple[Side, Side]:
    """Write the texts and the questions of both; return ours and theirs."""
    corpus = folder / "corpus"
    corpus.mkdir()
    for path in sorted((bench / SET / "corpus").iterdir())[::part]:
        shutil.copyfile(path, corpus / path.name)
    lines = (bench / SET / "prompts.jsonl").read_text(encoding="utf-8").splitlines()[:: SKIPPED * part]
    prompts, first = folder / "prompts.jsonl", folder / "first.jsonl"
    prompts.write_text("\n".join(lines) + "\n", encoding="utf-8")
    first.write_text(lines[0] + "\n", encoding="utf-8")
    ours, theirs = folder / "ours", folder / "theirs"
    # Made once on a machine, so it belongs to no run; elsewhere, because a process counts the memory of the one that
    # started it.
    subprocess.run([sys.executable, "-c", EXPORT, str(WORK / "models")], check=True)
    shutil.copytree(WORK / "models", ours / "models")
    cited = [str(Path(sys.executable).with_name("cited"))]
    pipeline = [sys.executable, str(bench / PEER)]
    results = [folder / "ours.jsonl", folder / "theirs.jsonl"]
    evaluate = [*cited, "evaluate", str(prompts), "--results", str(results[0]), "--allow-unknown-sources", "--quiet"]
    return (
        Side(
            "ours",
            {"CITED_DATA_DIR": str(ours)},
            [*cited, "ingest", str(corpus), "--quiet"],
            [*cited, "ask", "--json", json.loads(lines[0])["question"]],
            evaluate,
            ours,
            results[0],
        ),
        Side(
            "the pipeline",
            {"PYTHONPATH": str(PACKAGES)},
            [*pipeline, "ingest", str(corpus), str(theirs)],
            [*pipeline, "answer", str(theirs), str(first), str(folder / "first.out")],
            [*pipeline, "answer", str(theirs), str(prompts), str(results[1])],
            theirs,
            results[1],
        ),
    )


def ingest(side: Side, characters: int) -> None:
    """Ingest into an empty index, and keep what it took."""
    for path in side.index.glob("*") if side.index.is_dir() else ():
        if path.name != "models":
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    figures, _ = spent(side.ingest, side.environment, "ingest")
    side.keep(figures | {"ingest characters": characters / figures["ingest s"]})


def ask(side: Side) -> None:
    """Ask one question in a new process, and keep what it took."""
    side.keep(spent(side.ask, side.environment, "start")[0])


def evaluate(side: Side) -> None:
    """Ask all questions in one process, and keep what it took and the times of the questions."""
    figures, told = spent(side.evaluate, side.environment, "evaluate")
    if side.name == "ours":
        times = [result.milliseconds or 0.0 for result in read_results(side.results)]
        median, most = statistics.median(times), statistics.quantiles(times, n=20)[-1]
    else:
        found = json.loads(told.splitlines()[-1])
        median, most = found["p50_ms"], found["p95_ms"]
    side.keep(figures | {"question p50 ms": median, "question p95 ms": most})


def report(ours: Mapping[str, float], theirs: Mapping[str, float], origin: str) -> str:
    """Return the part of the results: a table of what both took, the ratios, and those that are demanded."""
    rows = []
    for row in ROWS:
        ratio = ours[row.key] / theirs[row.key]
        held = ratio >= row.demanded if row.more_is_better else ratio <= row.demanded
        demanded = f"{said(row.demanded)} ({'holds' if held else 'missed'})"
        figures = [f"{shown(each[row.key])} {row.unit}".strip() for each in (ours, theirs)]
        rows.append([row.name, *figures, said(ratio), demanded, said(row.aim)])
    return f"## {HEADING}\n\n{origin}\n\n{table(COLUMNS, rows)}"


def said(ratio: float) -> str:
    """Return a ratio as people say it: 3x as much, or a third of it."""
    return f"{ratio:.2g}x" if ratio >= 1 else f"1/{1 / ratio:.2g}"


def shown(figure: float) -> str:
    """Return a figure with three digits or all of those before the point."""
    return f"{figure:,.0f}" if figure >= 100 else f"{figure:.3g}"


def main(bench: str, part: str = "1", runs: str = "5") -> None:
    """Measure both in turns and write the table."""
    folder = Path(bench)
    WORK.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=WORK) as temporary:
        both = sides(folder, Path(temporary), int(part))
        files = sorted((Path(temporary) / "corpus").iterdir())
        characters = sum(len(path.read_text(encoding="utf-8")) for path in files)
        works = ((lambda side: ingest(side, characters), INGESTS), (ask, STARTS), (evaluate, EVALUATIONS))
        for work in (work for work, times in works for _ in range(min(times, int(runs)))):
            for side in both:
                work(side)
                print(side.name, {key: round(values[-1], 1) for key, values in side.found.items()}, flush=True)
        ours, theirs = ({key: statistics.median(values) for key, values in side.found.items()} for side in both)
        asked = len((Path(temporary) / "prompts.jsonl").read_text(encoding="utf-8").splitlines())
    origin = f"Written by `make bench` on {date.today()}, {machine()}: {len(files)} documents and {asked} questions of "
    origin += f"{SET}. The pipeline's questions are bare searches."
    RESULTS.write_text(merged(RESULTS.read_text(encoding="utf-8"), report(ours, theirs, origin)), encoding="utf-8")
    print(report(ours, theirs, origin))


if __name__ == "__main__":
    main(*sys.argv[1:])
