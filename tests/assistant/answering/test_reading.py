"""What the cross-encoder reads of passages: rows of tables as phrases."""

from collections.abc import Callable
from pathlib import Path

import pytest

from assistant.answering.reading import reading_text
from assistant.answering.retrieve import encode_question, retrieve
from assistant.index import Index
from ingest.readers.markup import markdown
from ingest.schema import Passage
from ingest.text.chunk import split
from tests.conftest import FakeEncoder, reading_of

TABLE = """| Exercise     | Young | Old     |
| ------------ | :---- | ------- |
| Bridge       | 10    | 5\\|6    |
| Plank        |       | 20 s    |
| too | many | cells | here |
|     |     |     |
"""


def test_links_are_read_without_their_addresses() -> None:
    text = "See [the form](https://example.org/a). Then [go](b.md)."
    whole = Passage("a", "/root", "a.md", 0, len(text), text, None, (), ((0, 38), (39, len(text))), "sha")
    read, spans = reading_text(whole)
    assert [read[start:end] for start, end in spans] == ["See the form.", "Then go."]


def test_rows_are_read_with_the_names_of_their_columns() -> None:
    document = markdown.read(f"Do it.\n\nAfter | it.\n\n# Doses\n\n{TABLE}\nAfter | it.\n".encode(), "sets.md")
    first, passage = split(reading_of(document), "/root", FakeEncoder(window=10_000))
    assert reading_text(first)[0] == "Doses: Do it.\n\nAfter | it."
    text, spans = reading_text(passage)
    assert text.startswith("Doses: Exercise, Young, Old\nExercise Bridge:")
    assert [text[start:end] for start, end in spans] == [
        "Exercise, Young, Old",
        "Exercise Bridge: Young 10, Old 5\\|6.",
        "Exercise Plank: Old 20 s.",
        "too, many, cells, here",
        "",  # a row to fill in
        "After | it.",
    ]


def test_rows_below_a_head_that_is_in_another_passage_are_read_with_it(
    made: Callable[[dict[str, str]], Path], encoder: FakeEncoder
) -> None:
    rows = "".join(f"| {'Long ' * 12}name {n} | {n} | no |\n" for n in range(40))
    index = Index(made({"doses.md": f"Doses.\n\n{TABLE}{rows}"}), encoder)
    with index.view() as view:
        found = retrieve(encode_question("name 39", view), view)
        assert len(found) > 3
        assert [each.head for each in found] == ["", *["| Exercise     | Young | Old     |"] * (len(found) - 1)]
        text, spans = reading_text(found[-1].passage, found[-1].head)
        assert text[slice(*spans[-1])] == f"Exercise {'Long ' * 12}name 39: Young 39, Old no."
    index.close()


@pytest.mark.parametrize(
    ("sentence", "read"),
    [
        ("Group: Children | Dose: 10 mg", "Group: Children, Dose: 10 mg."),
        ("Either a | or b", "Either a | or b"),
        ("Note: a | b", "Note: a | b"),
        ("Note: a | b: c |", "Note: a | b: c |"),
        (" | ".join(["Q1: Pain: 4: bad"] * 99) + " | none", " | ".join(["Q1: Pain: 4: bad"] * 99) + " | none"),
    ],
)
def test_rows_of_other_formats_are_read_as_phrases_too(sentence: str, read: str) -> None:
    end = 5 + len(sentence)
    passage = Passage("", "", "a.docx", 5, end, sentence, None, (), ((5, end),), "", "")
    text, spans = reading_text(passage)
    assert text[slice(*spans[0])] == read
