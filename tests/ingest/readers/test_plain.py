"""The headings, lists, tables and code of plain text."""

from collections.abc import Callable

import pytest

from ingest.schema import Document

ReadAs = Callable[[str, str | bytes], Document]
PROSE = "The garden behind the mill is open from nine to five, and on Sundays it opens at ten."


def headings(document: Document) -> list[tuple[int, str]]:
    return [(heading.level, heading.title) for heading in document.headings]


def units(document: Document) -> list[tuple[str, str]]:
    return [(block.kind, document.text[block.start : block.end]) for block in document.blocks]


def test_a_sentence_about_a_section_is_no_heading(read_as: ReadAs) -> None:
    document = read_as("a.txt", f"Section 5 does not apply.\n\n{PROSE}\n\nPart a is kept.\n\n{PROSE}\n")
    assert headings(document) == []


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (f"Garden\n======\n\n{PROSE}\n\nHours\n-----\n{PROSE}\n", [(1, "Garden"), (2, "Hours")]),
        (f"======\nGarden\n======\n\n{PROSE}\n\nHours\n=====\n{PROSE}\n", [(1, "Garden"), (2, "Hours")]),
        (f"THE MILL GARDEN\n\n{PROSE}\n", [(1, "THE MILL GARDEN")]),
        (f"THE GARDEN\n{PROSE}\n\nTHE MILL\n{PROSE}\n", [(1, "THE GARDEN"), (1, "THE MILL")]),
        (f"1. Garden\n\n{PROSE}\n\n1.1 Hours\n{PROSE}\n\n2. Mill\n\n{PROSE}", [(1, "1. Garden"), (2, "1.1 Hours")]),
        (f"CHAPTER I\n\n{PROSE}\n\nChapter 2: The Mill\n\n{PROSE}\n", [(1, "CHAPTER I"), (1, "Chapter 2: The Mill")]),
        (f"Garden\n\n{PROSE}\n\nMill\n\n{PROSE}\n\nPond\n\n{PROSE}\n", [(1, "Garden"), (1, "Mill"), (1, "Pond")]),
    ],
)
def test_headings(read_as: ReadAs, content: str, expected: list[tuple[int, str]]) -> None:
    document = read_as("a.txt", content)
    assert headings(document)[: len(expected)] == expected
    assert {text for _, text in units(document)} == {PROSE}
    assert all(document.text[heading.start : heading.end] == heading.title for heading in document.headings)


@pytest.mark.parametrize(
    "content",
    [
        f"DO NOT PICK THE FOXGLOVE!\n\n{PROSE}\n",  # a warning
        f"{PROSE}\n\nKEEP OFF THE BANK\n\n{PROSE}\n",  # one line in capitals may be one, too
        f"{PROSE}\n\nDO NOT SWIM\n\n{PROSE}\n\nNO FISHING HERE\n\n{PROSE}\n",
        "PICK NOTHING\nKEEP OFF\nTAKE CARE\n",  # all is in capitals
        f"1. Open the gate\n\n2. Shut the gate\n\n{PROSE}\n"[:34],  # steps
        "2.5 Million people came to the garden\nand to the mill in the year before the last one.\n",
        "1.1 Garden ........ 3\n1.2 Mill .......... 4\n",  # contents
        f"Garden\n\n{PROSE}\n\nDear Ada\n\nBo\n\nCid\n",  # few short lines stand above a paragraph
        "The gate is shut at night.\n--------------------------\nThe mill is not.\n",  # a sentence above a rule
        "Bed   Plant\n-----------\nOne   Beans\n",  # the head of a table
    ],
)
def test_lines_that_may_be_sentences_are_no_headings(read_as: ReadAs, content: str) -> None:
    assert headings(read_as("a.txt", content)) == []


def test_a_warning_in_capitals_between_other_headings_is_quoted(read_as: ReadAs) -> None:
    content = f"1. THE GARDEN\n\n{PROSE}\n\nKEEP OFF THE BANK\n\n{PROSE}\n\n2. THE MILL\n\n{PROSE}\n"
    document = read_as("a.txt", content)
    assert headings(document) == [(1, "1. THE GARDEN"), (1, "2. THE MILL")]
    assert ("paragraph", "KEEP OFF THE BANK") in units(document)


def test_a_text_of_headings_alone_is_quoted(read_as: ReadAs) -> None:
    document = read_as("a.txt", "Garden\n======\n")
    assert (headings(document), units(document)) == ([], [("paragraph", "Garden")])


def test_items_with_marks_and_their_further_lines(read_as: ReadAs) -> None:
    content = "Bring:\n- gloves\n- a hat that shades\n  the neck\n\n1. Open the gate.\n\n2. Shut it.\n"
    document = read_as("a.txt", content)
    assert units(document) == [
        ("paragraph", "Bring:"),
        ("item", "- gloves"),
        ("item", "- a hat that shades\n  the neck"),
        ("item", "1. Open the gate."),
        ("item", "2. Shut it."),
    ]
    assert not any(block.apart for block in document.blocks)


def test_items_without_marks(read_as: ReadAs) -> None:
    document = read_as("a.txt", f"{PROSE}\n\nYou need:\n\nA spade\nGloves of strong leather\nTwine\n")
    assert units(document)[2:] == [("item", "A spade"), ("item", "Gloves of strong leather"), ("item", "Twine")]
    assert [block.apart for block in document.blocks] == [False, True, False, False, False]


@pytest.mark.parametrize(
    "content",
    ["The tide\nis high at noon\nand low at night.", "The tide is high now,\nThe moon is full,\nThe boat is late."],
)
def test_verses_and_narrow_prose_are_no_list(read_as: ReadAs, content: str) -> None:
    assert units(read_as("a.txt", content)) == [("paragraph", content)]


@pytest.mark.parametrize(
    "content",
    [
        "Bed\tPlant\tRows\nOne\tBeans, dwarf. Sow in May.\t12\nTwo\tPeas\t\n",
        "Bed | Plant\n--- | -----\nOne | Beans. Sow in May.\n",
        "+-----+-------+\n| Bed | Plant |\n+=====+=======+\n| One | Beans |\n+-----+-------+\n",
        "Bed     Plant       Rows\nOne     Beans       12\nThree   Kale        30\n",
    ],
)
def test_a_line_of_a_drawn_table_is_a_row(read_as: ReadAs, content: str) -> None:
    lines = [line.strip() for line in content.split("\n") if any(map(str.isalpha, line))]
    assert units(read_as("a.txt", content)) == [("row", line) for line in lines]


def test_indented_code_is_one_unit(read_as: ReadAs) -> None:
    content = f"{PROSE}\n\n    for bed in beds:\n        water(bed)\n\n    An indented remark, no code at all.\n"
    assert units(read_as("a.txt", content)) == [
        ("paragraph", PROSE),
        ("code", "for bed in beds:\n        water(bed)"),
        ("paragraph", "An indented remark, no code at all."),
    ]


def test_rules_part_paragraphs(read_as: ReadAs) -> None:
    document = read_as("a.txt", f"{PROSE}\n-----\n{PROSE}\n\n* * *\n")
    assert units(document) == [("paragraph", PROSE), ("paragraph", PROSE)]


@pytest.mark.slow
@pytest.mark.parametrize("line", ["a  b" * 100_000, "." * 300_000, "A" * 300_000, "- x\n" * 50_000, "A\tb\n" * 50_000])
def test_odd_texts_take_linear_time(read_as: ReadAs, line: str) -> None:
    assert read_as("a.txt", f"Words.\n\n{line}").blocks


def test_a_list_of_contents_is_a_list(read_as: ReadAs) -> None:
    document = read_as("a.txt", "Opening\n\nBoats .... 4\nRafts .... 5\nOars ..... 6\n\nThe end of it all.\n")
    assert [block.kind for block in document.blocks] == ["paragraph", "item", "item", "item", "paragraph"]


def test_long_lines_are_no_columns(read_as: ReadAs) -> None:
    lines = "\n".join(f"{'word ' * 70}  {number}" for number in range(4))
    assert [kind for kind, _ in units(read_as("a.txt", lines))] == ["paragraph"]


def test_headings_as_in_markdown_are_the_headings(read_as: ReadAs) -> None:
    content = (
        "# Survival\n\n## Stings ##\n<!-- keys: sting -->\nKeep calm.\n\n### Treatment\n\n1. Remove it.\n\n"
        "CAPITALS\n\nRest follows here.\n"
    )
    document = read_as("guide.txt", content)
    assert [(each.level, each.title) for each in document.headings] == [
        (1, "Survival"),
        (2, "Stings"),
        (3, "Treatment"),
    ]
    assert [content[each.start : each.end] for each in document.headings][1] == "## Stings ##"
    assert "CAPITALS" in [document.text[block.start : block.end] for block in document.blocks]


@pytest.mark.parametrize(
    "content",
    [
        "# one\n\n# two\n\n# three\n\nText.\n",  # one level: comments
        "## a comment\n## of three\n## lines\n\nText.\n",
        "## One\n\n## Two\n\nText.\n",
        "## 1\n\n##\n\n## #\n\nText.\n",
    ],
)
def test_comments_and_few_marks_are_no_headings(read_as: ReadAs, content: str) -> None:
    assert read_as("a.txt", content).headings == ()
