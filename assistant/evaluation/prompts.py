"""Test prompts: questions with their right answers, in JSONL, YAML and CSV files.

The fields are those of `Prompt`. A prompt is an object on a line in JSONL, an
item of a list in YAML, and a row in CSV, where the first row names the fields.
A CSV cell holds a list as `one|two`, grades as `a.md=3|b.md=1`, `leans` and
`unanswerable` as true or false; a text that contains `|` needs JSONL or YAML.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Final

from assistant.evaluation.record_files import Record, Records, json_line, read_csv, read_jsonl
from ingest.errors import Fault, PromptsInvalid

LISTS: Final = ("history", "answers", "needs", "passages", "sources", "tags")
GOLD: Final = ("answers", "needs", "passages")
HIGHEST_GRADE: Final = 3
TRUE_CELLS: Final = frozenset({"true", "yes", "1"})
FLAGS: Final = ("leans", "unanswerable")
FALSE_CELLS: Final = frozenset({"false", "no", "0"})


@dataclass(frozen=True, slots=True)
class Prompt:
    """A test prompt: a question and what counts as a right answer to it.

    `history` holds the earlier questions of the conversation, oldest first.
    `leans` says whether the question makes sense only after them or stands
    alone; if None, follow-up resolution is not measured. A right quote contains
    one of `answers` or, if there are none, lies inside one of `passages` or, if
    there are none of these either, contains one of `needs`. A complete answer
    quotes all of `needs`. The files to find are `sources`, or the keys of `relevance` with grades from 0
    (not relevant) to 3 (answers the question); if both are given, the grades
    count. `unanswerable` means that the assistant should abstain.
    """

    id: str
    question: str
    history: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    passages: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    relevance: Mapping[str, int] = field(default_factory=dict, hash=False)
    unanswerable: bool = False
    leans: bool | None = None
    tags: tuple[str, ...] = ()

    @property
    def answerable(self) -> bool:
        """Whether quotes can be judged, because there are answers, needs or passages."""
        return bool(self.answers or self.needs or self.passages)

    @property
    def grades(self) -> Mapping[str, int]:
        """The files to find with their grades; sources without grades have grade 1."""
        return self.relevance or dict.fromkeys(self.sources, 1)

    @property
    def right_grade(self) -> int:
        """The lowest grade that counts as right: 2 if files are graded, 1 if they are only named."""
        return 2 if self.relevance else 1


FIELDS: Final = tuple(each.name for each in fields(Prompt))


def load_prompts(path: Path, known_sources: Collection[str] | None) -> tuple[Prompt, ...]:
    """Read the test prompts of a .jsonl, .yaml, .yml or .csv file, in file order.

    Args:
        path: the file.
        known_sources: the sources in the corpus; None skips this check.

    Raises:
        PromptsInvalid: the file cannot be read or has faults; lists all of them by line.
    """
    records, faults = _read(path)
    prompts: list[Prompt] = []
    lines: dict[str, int] = {}
    for record in records:
        found = list(_faults(record, known_sources))
        identity = record.fields.get("id")
        if isinstance(identity, str) and identity in lines:
            found.append(Fault(record.line_of("id"), f"id {identity!r} is already used on line {lines[identity]}"))
        elif isinstance(identity, str):
            lines[identity] = record.line_of("id")
        faults += found
        if not found:
            prompts.append(_prompt(record))
    if not records and not faults:
        faults.append(Fault(None, "the file has no questions"))
    if faults:
        raise _invalid(path, faults)
    return tuple(prompts)


def append_prompt(path: Path, prompt: Prompt) -> None:
    """Append a prompt to a JSONL file; create the file if it does not exist.

    Raises:
        PromptsInvalid: the file has faults, already contains the prompt's id or
            is not JSONL, or the prompt itself has faults; nothing is written.
    """
    if path.suffix.lower() != ".jsonl":
        raise PromptsInvalid("prompts can only be added to .jsonl files", str(path), "choose one")
    present = load_prompts(path, None) if path.exists() and path.stat().st_size else ()
    record = {
        name: _plain(value) for name in FIELDS if (value := getattr(prompt, name)) or value is prompt.leans is False
    }
    faults = [Fault(None, fault.what) for fault in _faults(Record(0, record), None)]
    if any(prompt.id == other.id for other in present):
        faults.append(Fault(None, f"id {prompt.id!r} is already in the file"))
    if faults:
        raise PromptsInvalid("the prompt cannot be added", str(path), "correct it", faults)
    ends_line = not present or path.read_bytes().endswith(b"\n")
    try:
        with path.open("a", encoding="utf-8", newline="\n") as file:
            file.write(("" if ends_line else "\n") + json_line(record))
    except OSError as error:
        raise PromptsInvalid(f"cannot be written: {error.strerror}", str(path), "choose another file") from error


def _plain(value: object) -> object:
    if isinstance(value, tuple):
        return list(value)
    return dict(value) if isinstance(value, Mapping) else value


def _invalid(path: Path, faults: list[Fault]) -> PromptsInvalid:
    count = f"{len(faults)} faults" if len(faults) > 1 else "a fault"
    by_line = sorted(faults, key=lambda fault: fault.line or 0)
    return PromptsInvalid(f"has {count}, so nothing was run", str(path), "correct the file", by_line)


def _read(path: Path) -> Records:
    readers: dict[str, Callable[[Path], Records]] = {
        ".jsonl": read_jsonl,
        ".yaml": _read_yaml,
        ".yml": _read_yaml,
        ".csv": lambda csv: _from_cells(read_csv(csv)),
    }
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise PromptsInvalid("not a file format for test prompts", str(path), f"use one of {', '.join(readers)}")
    try:
        return reader(path)
    except OSError as error:
        raise PromptsInvalid(f"cannot be read: {error.strerror}", str(path), "choose a file of questions") from error


def _read_yaml(path: Path) -> Records:
    from assistant.evaluation.yaml_files import read_yaml

    return read_yaml(path)


def _from_cells(records: Records) -> Records:
    """Convert the cells of a CSV file to the types of their fields; cells that do not parse stay text."""
    typed = [
        Record(record.line, {name: _cell(name, str(value)) for name, value in record.fields.items()})
        for record in records.records
    ]
    return Records(typed, records.faults)


def _cell(name: str, value: str) -> object:
    if name in LISTS:
        return [item.strip() for item in value.split("|")]
    if name == "relevance":
        pairs = (item.rpartition("=") for item in value.split("|"))
        return {source.strip(): int(grade) if grade.strip().isdecimal() else grade for source, _, grade in pairs}
    if name in FLAGS and value.strip().lower() in TRUE_CELLS | FALSE_CELLS:
        return value.strip().lower() in TRUE_CELLS
    return value.strip()


def _prompt(record: Record) -> Prompt:
    given = {name: value for name, value in record.fields.items() if value is not None}
    return Prompt(**{name: tuple(value) if isinstance(value, list) else value for name, value in given.items()})  # type: ignore[arg-type]


def _faults(record: Record, known_sources: Collection[str] | None) -> Iterator[Fault]:
    """Yield every fault of one prompt, regardless of the other prompts."""
    for name in record.fields:
        if name not in FIELDS:
            yield Fault(record.line_of(name), f"unknown field {name!r}; the fields are {', '.join(FIELDS)}")
    for name in ("id", "question"):
        yield from _text_faults(record, name)
    for name in LISTS:
        yield from _list_faults(record, name)
    yield from _grade_faults(record)
    for name in FLAGS:
        if not isinstance(record.fields.get(name), bool | None):
            yield Fault(record.line_of(name), f"{name} must be true or false")
    if record.fields.get("leans") is not None and not record.fields.get("history"):
        yield Fault(record.line_of("leans"), "leans needs a history")
    yield from _purpose_faults(record)
    yield from _source_faults(record, known_sources)


def _text_faults(record: Record, name: str) -> Iterator[Fault]:
    value = record.fields.get(name)
    if value is None or (isinstance(value, str) and not value.strip()):
        yield Fault(record.line_of(name), f"{name} is missing")
    elif not isinstance(value, str):
        yield Fault(record.line_of(name), f"{name} must be text (put {value!r} in quotation marks)")


def _list_faults(record: Record, name: str) -> Iterator[Fault]:
    value = record.fields.get(name)
    if value is None:
        return
    if not isinstance(value, list):
        yield Fault(record.line_of(name), f"{name} must be a list of texts")
        return
    for item in value:
        if not isinstance(item, str):
            yield Fault(record.line_of(name), f"{name} must contain only texts (put {item!r} in quotation marks)")
        elif not item.strip():
            yield Fault(record.line_of(name), f"{name} contains an empty text")


def _grade_faults(record: Record) -> Iterator[Fault]:
    value, line = record.fields.get("relevance"), record.line_of("relevance")
    if value is None:
        return
    if not isinstance(value, dict) or not all(isinstance(source, str) for source in value):
        yield Fault(line, "relevance must map files to grades")
        return
    bad = [
        source
        for source, grade in value.items()
        if not isinstance(grade, int) or isinstance(grade, bool) or not 0 <= grade <= HIGHEST_GRADE
    ]
    for source in bad:
        yield Fault(line, f"the grade of {source!r} must be a whole number from 0 to {HIGHEST_GRADE}")
    if value and not bad and not any(value.values()):
        yield Fault(line, "relevance grades no file above 0")


def _purpose_faults(record: Record) -> Iterator[Fault]:
    gold = [name for name in GOLD if record.fields.get(name)]
    if gold and record.fields.get("unanswerable"):
        yield Fault(record.line_of("unanswerable"), f"unanswerable does not go with {' and '.join(gold)}")
    if not any(record.fields.get(name) for name in (*GOLD, "sources", "relevance", "unanswerable")):
        yield Fault(record.line, f"nothing to judge: give {', '.join(GOLD)}, sources, relevance or unanswerable")


def _source_faults(record: Record, known_sources: Collection[str] | None) -> Iterator[Fault]:
    if known_sources is None:
        return
    for name in ("sources", "relevance"):
        value = record.fields.get(name)
        for source in value if isinstance(value, list | dict) else ():
            if isinstance(source, str) and source.strip() and source not in known_sources:
                yield Fault(record.line_of(name), f"the corpus has no source {source!r}")
