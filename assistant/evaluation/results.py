"""Results: the assistant's replies to test prompts, and the JSONL files that store them."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from assistant.evaluation.record_files import Record, json_line, read_jsonl
from assistant.schema import State
from ingest.errors import Fault, ResultsInvalid


@dataclass(frozen=True, slots=True)
class QuotedText:
    """A quote in a result: its text and its place in the source (characters, end exclusive).

    Files from other programs may have only source and text.
    """

    source: str
    text: str
    start: int | None
    end: int | None
    line: int | None = None
    page: int | None = None
    root: str | None = None

    @property
    def place(self) -> str:
        """The place in words; "" if unknown."""
        if self.page is not None:
            return f"page {self.page}"
        if self.line is not None:
            return f"line {self.line}"
        return "" if self.start is None else f"characters {self.start}–{self.end}"


@dataclass(frozen=True, slots=True)
class Result:
    """The reply to one prompt.

    `ranked` are sources, best first, without repeats. `gate_score` is the
    gate's probability (0 to 1) that the quotes answer the question, `asked` the
    question as searched for, `milliseconds` the time taken. These three are
    None if missing, as in files from other programs. `uncertain` means that
    the assistant abstained but showed a place that may answer.
    """

    id: str
    question: str
    abstained: bool
    ranked: tuple[str, ...]
    quotes: tuple[QuotedText, ...]
    gate_score: float | None = None
    milliseconds: float | None = None
    asked: str | None = None
    uncertain: bool = False

    @property
    def state(self) -> State:
        """Whether the prompt was answered, not answered, or may have been."""
        if not self.abstained:
            return State.ANSWERED
        return State.UNCERTAIN if self.uncertain else State.UNANSWERED


def write_results(path: Path, results: Iterable[Result]) -> None:
    """Write results as JSON Lines: one object per prompt with the fields of `Result`.

    Raises:
        ResultsInvalid: the file cannot be written.
    """
    text = "".join(json_line(_row(result)) for result in results)
    try:
        path.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise ResultsInvalid(f"cannot be written: {error.strerror}", str(path), "choose another file") from error


def read_results(path: Path) -> tuple[Result, ...]:
    """Read results, of this or another program; unknown fields are ignored.

    Raises:
        ResultsInvalid: the file cannot be read or has faults; lists all of them by line.
    """
    try:
        records, faults = read_jsonl(path)
    except OSError as error:
        raise ResultsInvalid(f"cannot be read: {error.strerror}", str(path), "choose a file of results") from error
    results: list[Result] = []
    seen: set[object] = set()
    for record in records:
        found = list(_faults(record))
        identity = record.fields.get("id")
        if isinstance(identity, str) and identity in seen:
            found.append(Fault(record.line, f"a second result for {identity!r}"))
        seen.add(str(identity))
        faults += found
        if not found:
            results.append(_result(record))
    if faults:
        by_line = sorted(faults, key=lambda fault: fault.line or 0)
        raise ResultsInvalid("not a file of results", str(path), "write it again with --results", by_line)
    return tuple(results)


def _row(result: Result) -> dict[str, object]:
    quotes = [asdict(quote) for quote in result.quotes]
    return {
        "id": result.id,
        "question": result.question,
        "asked": result.asked,
        "abstained": result.abstained,
        "uncertain": result.uncertain,
        "ranked": list(result.ranked),
        "quotes": quotes,
        "gate_score": result.gate_score,
        "milliseconds": result.milliseconds,
    }


def _result(record: Record) -> Result:
    row = record.fields
    return Result(
        id=str(row["id"]),
        question=str(row.get("question") or ""),
        abstained=bool(row["abstained"]),
        ranked=tuple(row["ranked"]),  # type: ignore[arg-type] # checked by _faults
        quotes=tuple(QuotedText(*(quote.get(each.name) for each in fields(QuotedText))) for quote in row["quotes"]),  # type: ignore[attr-defined]
        gate_score=row.get("gate_score"),  # type: ignore[arg-type]
        milliseconds=row.get("milliseconds"),  # type: ignore[arg-type]
        asked=row.get("asked"),  # type: ignore[arg-type]
        uncertain=bool(row.get("uncertain")),
    )


def _faults(record: Record) -> Iterator[Fault]:
    row, line = record.fields, record.line
    if not isinstance(row.get("id"), str):
        yield Fault(line, "id must be text")
    yield from _state_faults(record)
    if not isinstance(row.get("asked"), str | None):
        yield Fault(line, "asked must be text")
    ranked = row.get("ranked")
    if not isinstance(ranked, list) or not all(isinstance(source, str) for source in ranked):
        yield Fault(line, "ranked must be a list of sources")
    elif len(set(ranked)) < len(ranked):
        yield Fault(line, "ranked lists a source twice")
    quotes = row.get("quotes")
    if not isinstance(quotes, list) or not all(_is_quote(quote) for quote in quotes):
        yield Fault(line, "quotes must be a list of objects with source, text and, as whole numbers, their place")
    for name in ("gate_score", "milliseconds"):
        if row.get(name) is not None and not _is_number(row[name]):
            yield Fault(line, f"{name} must be a number")


def _state_faults(record: Record) -> Iterator[Fault]:
    abstained, uncertain = record.fields.get("abstained"), record.fields.get("uncertain")
    if not isinstance(abstained, bool):
        yield Fault(record.line, "abstained must be true or false")
    if not isinstance(uncertain, bool | None):
        yield Fault(record.line, "uncertain must be true or false")
    elif uncertain and abstained is False:
        yield Fault(record.line, "uncertain does not go with an answer")


def _is_quote(value: object) -> bool:
    if not isinstance(value, dict):
        return False
    texts = all(isinstance(value.get(name), str) for name in ("source", "text"))
    numbers = all(isinstance(value.get(name), int | None) for name in ("start", "end", "line", "page"))
    return texts and numbers and isinstance(value.get("root"), str | None)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
