"""Reads records from a YAML list, with the line of each field."""

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import yaml

from assistant.evaluation.record_files import Record, Records
from ingest.errors import Fault


def read_yaml(path: Path) -> Records:
    """Read a YAML list of mappings in UTF-8, UTF-16 or UTF-32.

    Raises:
        OSError: the file cannot be read.
    """
    content = path.read_bytes()
    try:
        loader = yaml.SafeLoader(content)
        root = loader.get_single_node()
    except yaml.YAMLError as error:
        return Records([], [_fault(error, content)])
    if root is None:
        return Records([], [])
    if not isinstance(root, yaml.SequenceNode):
        return Records([], [Fault(_line(root), "not a list")])
    records, faults = [], []
    for node in root.value:
        made = _record(loader, node, content)
        records += [item for item in made if isinstance(item, Record)]
        faults += [item for item in made if isinstance(item, Fault)]
    return Records(records, faults)


def _record(loader: yaml.SafeLoader, node: yaml.Node, content: bytes) -> list[Record | Fault]:
    if not isinstance(node, yaml.MappingNode):
        return [Fault(_line(node), "not a mapping of fields")]
    keys = [key for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
    lines = {str(key.value): _line(key) for key in keys}
    repeats = list(_repeats(keys))
    if repeats:
        return [*repeats]
    try:
        fields = cast(dict[object, object], loader.construct_document(node))
    except yaml.YAMLError as error:
        return [_fault(error, content)]
    except ValueError as error:  # an impossible date
        return [Fault(_line(node), f"invalid YAML: {error}")]
    return [Record(_line(node), {str(name): value for name, value in fields.items()}, lines)]


def _repeats(keys: list[yaml.ScalarNode]) -> Iterator[Fault]:
    seen: set[str] = set()
    for key in keys:
        if key.value in seen:
            yield Fault(_line(key), f"{key.value!r} is given twice")
        seen.add(key.value)


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _fault(error: yaml.YAMLError, content: bytes) -> Fault:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        return Fault(error.problem_mark.line + 1, f"invalid YAML: {error.problem or error.context}")
    if isinstance(error, yaml.reader.ReaderError):
        return Fault(content.count(b"\n", 0, error.position) + 1, f"invalid YAML: {error.reason}")
    return Fault(None, f"invalid YAML: {error}")
