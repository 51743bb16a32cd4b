from collections.abc import Callable

import pytest

from ingest.errors import SourceUnreadable
from ingest.schema import Document

ReadAs = Callable[[str, str | bytes], Document]
Refused = Callable[[str, str | bytes], SourceUnreadable]


def passages(document: Document) -> list[tuple[str, str]]:
    headings = [heading.title for heading in document.headings]
    return list(zip(headings, (document.text[b.start : b.end] for b in document.blocks), strict=True))


@pytest.mark.parametrize(("name", "mark"), [("a.csv", ","), ("a.csv", ";"), ("a.csv", "\t"), ("a.tsv", "\t")])
def test_a_row_is_a_passage_with_its_columns(read_as: ReadAs, name: str, mark: str) -> None:
    document = read_as(name, f"drug{mark}dose\r\nAspirin{mark}100 mg\r\n{mark}\r\nParacetamol{mark}\r\n")
    assert passages(document) == [("Row 1", "drug: Aspirin\ndose: 100 mg"), ("Row 3", "drug: Paracetamol")]
    assert (document.title, document.verbatim) == ("a", False)


def test_quoted_cells_and_rows_of_other_lengths(read_as: ReadAs) -> None:
    document = read_as("a.csv", 'name,note\n"Smith, J.","two\nlines, ""quoted"""\na,b,c\n,\nd\n')
    assert passages(document) == [
        ("Row 1", 'name: Smith, J.\nnote: two lines, "quoted"'),
        ("Row 2", "name: a\nnote: b\ncolumn 3: c"),
        ("Row 4", "name: d"),
    ]


@pytest.mark.parametrize(
    ("content", "first"),
    [
        ("text\nHello, world, this is one.\n", "text: Hello, world, this is one."),
        ("Name;Price, EUR\nApple;3,5\n", "Name: Apple\nPrice, EUR: 3,5"),
        ("Name;Price\nApple, red;3,5\n", "Name: Apple, red\nPrice: 3,5"),
        ("name,note; or not\na,b\nc,d; e; f\n", "name: a\nnote; or not: b"),
        ('text\n"Hello, world"\n', "text: Hello, world"),
        (",,\nname,note\na,b; c\n", "name: a\nnote: b; c"),
    ],
)
def test_the_delimiter_is_guessed_from_the_rows(read_as: ReadAs, content: str, first: str) -> None:
    assert passages(read_as("a.csv", content))[0] == ("Row 1", first)


def test_a_table_in_another_encoding(read_as: ReadAs) -> None:
    document = read_as("a.csv", "name;Straße\nJürgen;Übung für den Rücken\n".encode("cp1252"))
    assert passages(document) == [("Row 1", "name: Jürgen\nStraße: Übung für den Rücken")]
    assert "guessed: cp1252" in document.note


def test_a_table_with_only_a_header_has_no_text(refused: Refused) -> None:
    assert refused("a.csv", "name,dose\n").what == "contains no text to quote"


def test_an_overlong_cell(refused: Refused) -> None:
    what = refused("a.csv", "name\n" + "x" * 200_000).what
    assert what.startswith("is not a valid table (line 2: field larger than")


def test_a_json_record_is_a_passage(read_as: ReadAs) -> None:
    lines = ['{"q": "Why?", "tags": ["a", "b"], "n": 2.5, "none": null, "in": {"é": true}}', "", '"A text."', "7"]
    assert passages(read_as("a.jsonl", "\n".join(lines))) == [
        ("Record 1", 'q: Why?\ntags: a, b\nn: 2.5\nin: {"é": true}'),
        ("Record 2", "A text."),
        ("Record 3", "7"),
    ]


@pytest.mark.parametrize("line", ["{", "{'a': 1}", "[" * 100_000, "1" * 5_000])
def test_an_invalid_json_line_is_named(refused: Refused, line: str) -> None:
    error = refused("a.jsonl", '{"a": 1}\n\n' + line)
    assert error.what == "is not JSONL (line 3 is not valid JSON)"


def test_characters_that_cannot_be_stored_are_dropped(read_as: ReadAs) -> None:
    assert passages(read_as("a.jsonl", r'{"a": "x\u0000y\ud800z"}')) == [("Record 1", "a: xyz")]
