import json
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.errors import SourceUnreadable
from ingest.readers.data import json_records
from ingest.schema import Document

ReadAs = Callable[[str, str | bytes], Document]
Refused = Callable[[str, str | bytes], SourceUnreadable]


def texts(document: Document) -> list[str]:
    return [document.text[block.start : block.end] for block in document.blocks]


def headings(document: Document) -> list[tuple[int, str]]:
    return [(heading.level, heading.title) for heading in document.headings]


def test_a_record_is_a_row_of_paths(read_as: ReadAs) -> None:
    lines = [
        '{"q": "Why?", "tags": ["a", "b"], "n": 2.50, "none": null, "in": {"é": true, "by": {"name": "Ada"}}}',
        "",
        '"A text."',
        "7",
        '{"turns": [{"who": "Bo", "says": "Yes."}, {"who": "Ada"}], "where": ["Left, bank", "mill"]}',
    ]
    document = read_as("a.jsonl", "\n".join(lines))
    assert headings(document) == [(1, f"Record {number}") for number in range(1, 5)]
    assert texts(document) == [
        "q: Why? | tags: a, b | n: 2.50 | in.é: true | in.by.name: Ada",
        "A text.",
        "7",
        "turns[0].who: Bo | turns[0].says: Yes. | turns[1].who: Ada | where: Left, bank; mill",
    ]
    assert all(block.kind == "row" and block.apart for block in document.blocks)


@pytest.mark.parametrize("line", ["{", "{'a': 1}", "[" * 100_000])
def test_an_invalid_line_costs_that_line(read_as: ReadAs, refused: Refused, line: str) -> None:
    document = read_as("a.jsonl", f'{{"a": 1}}\n\n{line}\n{{"b": 2}}')
    assert texts(document) == ["a: 1", "b: 2"]
    assert document.note == "lines that are not valid JSON were left out (1, the first is line 3)"
    assert refused("a.jsonl", line).what == "is not JSONL (line 1 is not valid JSON)"


def test_characters_that_cannot_be_stored_are_dropped(read_as: ReadAs) -> None:
    assert texts(read_as("a.jsonl", r'{"a": "x\u0000y\ud800z", "\u0000b": "1"}')) == ["a: xyz | b: 1"]


def test_a_number_is_written_as_in_the_file(read_as: ReadAs) -> None:
    assert texts(read_as("a.json", '{"a": 1.10, "b": 1e400, "c": -0.0}')) == ["a: 1.10 | b: 1e400 | c: -0.0"]
    assert texts(read_as("a.json", "1" * 5_000)) == ["1" * 5_000]


def test_a_json_list_is_records_and_an_object_its_fields(read_as: ReadAs) -> None:
    document = read_as("a.json", '[{"a": 1}, {"a": {"b": 2}}, null, "c"]')
    assert headings(document) == [(1, "Record 1"), (1, "Record 2"), (1, "Record 4")]
    assert texts(document) == ["a: 1", "a.b: 2", "c"]
    assert texts(read_as("a.json", '{"a": 1, "b": {"c": [2, 3]}}')) == ["a: 1 | b.c: 2, 3"]


def test_the_parts_of_a_large_object(read_as: ReadAs) -> None:
    content = {
        "title": "Boats of the mill",
        "boats": [{"name": "Heron", "use": "fishing " * 20}, {"name": "Swan", "use": "rowing " * 40}],
        "crew": {"ada": {"rank": "cook"}, "bo": {"rank": "mate", "past": {"text": "long " * 130}}},
    }
    document = read_as("a.json", json.dumps(content))
    assert headings(document) == [(1, "boats"), (2, "Record 1"), (2, "Record 2")]
    assert texts(document) == [
        "title: Boats of the mill",
        "crew.ada.rank: cook",
        "crew.bo.rank: mate",
        f"crew.bo.past.text: {('long ' * 130).strip()}",
        f"name: Heron | use: {('fishing ' * 20).strip()}",
        f"name: Swan | use: {('rowing ' * 40).strip()}",
    ]


def test_long_lists_of_numbers_and_deep_values_are_left_out_and_noted(read_as: ReadAs) -> None:
    deep = '{"a":' * 40 + "1" + "}" * 40
    document = read_as("a.jsonl", json.dumps({"name": "Mill", "outline": [[[1, 2]] * 60]}) + "\n" + deep + '\n"x"')
    assert texts(document) == ["name: Mill", "x"]
    assert document.note == "lists of more than 100 numbers were left out; values below 30 levels were left out"


@pytest.mark.slow
def test_a_long_name_above_many_values_is_refused(refused: Refused) -> None:
    content = json.dumps({"n" * 10_000: dict.fromkeys(map(str, range(10_000)), 1)})
    assert "more than 50,000,000 characters" in refused("a.jsonl", content).what
    assert "more than 50,000,000 characters" in refused("a.json", content).what


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ('{"a": 1,\n}', "is not valid JSON (line 2:"),
        ("[" * 100_000, "is not readable JSON (nested too deeply)"),
        ("{}", "contains no text to quote"),
    ],
)
def test_refused_json(refused: Refused, content: str, what: str) -> None:
    assert refused("a.json", content).what.startswith(what)


NAME = st.text("abc", min_size=1, max_size=3)
VALUE = st.text("xyzé1 .", max_size=8).map(str.strip)
JSON = st.recursive(VALUE | st.booleans() | st.none(), lambda inner: st.dictionaries(NAME, inner, max_size=4))


def leaves(value: object, path: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        for name, part in value.items():
            yield from leaves(part, f"{path}.{name}" if path else name)
    elif value is not None and value != "":
        text = " ".join((value if isinstance(value, str) else json.dumps(value)).split())
        yield f"{path}: {text}"


@pytest.mark.slow
@settings(deadline=None)
@given(st.dictionaries(NAME, JSON, min_size=1, max_size=6), st.sampled_from(("a.json", "a.jsonl")))
def test_every_value_is_read_under_its_own_path(value: dict[str, object], name: str) -> None:
    content = json.dumps(value).encode()
    document = (json_records.read_json if name == "a.json" else json_records.read_jsonl)(content, name)
    found = [part for text in texts(document) for part in text.split(" | ")]
    assert list(dict.fromkeys(found)) == list(dict.fromkeys(leaves(value)))
