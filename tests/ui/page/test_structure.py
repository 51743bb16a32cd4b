"""Tables and lists in texts as they were read, with the marks in them, and what is hidden of long ones."""

from assistant.schema import Evidence, Quote
from ingest.origin import FileState
from ingest.schema import Block, Kind, Passage
from ui.page.prose import Mark
from ui.page.sources import Card, focus_marks
from ui.page.structure import Part, folded, parts

MARKDOWN = "Birds:\n\n- wren\n  - of the hedge\n- swift\n\n| Bird | Eggs |\n|---|---|\n| Wren | 6 |\n\nA | b."


def shown(part: Part) -> object:
    """Return what a part shows, without its marks."""
    if part.kind == "table":
        return [[cell.text for cell in row] for row in ((part.head, *part.rows) if part.head else part.rows)]
    return [(item.depth, item.text) for item in part.items] if part.kind == "list" else part.text


def blocks_of(text: str, *kinds: Kind) -> list[Block]:
    """Return the paragraphs of a text as blocks of these kinds."""
    found, at = [], 0
    for kind, paragraph in zip(kinds, text.split("\n\n"), strict=True):
        found.append(Block(at, at + len(paragraph), kind=kind))
        at += len(paragraph) + 2
    return found


def quote_of(text: str, passage: str, *focus: str) -> Quote:
    start = passage.index(text)
    spans = tuple((10 + passage.index(each), 10 + passage.index(each) + len(each)) for each in focus)
    of = Passage("1", "r", "a.md", 10, 10 + len(passage), passage, None, (), (), "s", "A")
    return Quote(Evidence(of, 10 + start, 10 + start + len(text), 1.0, spans), None, 1, None, FileState.SAME)


def test_lines_tell_tables_and_lists() -> None:
    assert [(part.kind, shown(part)) for part in parts(MARKDOWN)] == [
        ("text", "Birds:"),
        ("list", [(0, "- wren"), (1, "- of the hedge"), (0, "- swift")]),
        ("table", [["Bird", "Eggs"], ["Wren", "6"]]),
        ("text", "A | b."),
    ]


def test_one_line_that_begins_with_a_dash_is_no_list() -> None:
    assert [part.kind for part in parts("One line\n- of a text\nwrapped by hand.")] == ["text"]


def test_heads_that_rows_repeat_are_shown_once_and_each_value_is_under_its_own() -> None:
    text = "Wren | Eggs: 6 | Nest: moss\n\nSwift | Nest: roof\n\nRobin | Eggs: 5: or 6 | Nest: ground"
    (table,) = parts(text, blocks=blocks_of(text, "row", "row", "row"))
    assert shown(table) == [
        ["", "Eggs", "Nest"],
        ["Wren", "6", "moss"],
        ["Swift", "", "roof"],
        ["Robin", "5: or 6", "ground"],
    ]


def test_rows_without_heads_are_not_given_any() -> None:
    text = "Note: wren | 6\n\nswift | Time: 2 | –"
    assert shown(parts(text)[0]) == [["Note: wren", "6"], ["swift", "Time: 2", "–"]]


def test_blocks_tell_what_lines_do_not() -> None:
    text = "One.\n\nTwo.\n\nThree.\n\na | b"
    found = parts(text, blocks=blocks_of(text, "paragraph", "item", "item", "paragraph"))
    assert [(part.kind, shown(part)) for part in found] == [
        ("text", "One."),
        ("list", [(0, "Two."), (0, "Three.")]),
        ("text", "a | b"),
    ]
    assert [item.marked for item in found[1].items] == [False, False]
    assert [part.kind for part in parts("- a\n- b", blocks=[])] == ["text"]


def test_a_mark_goes_on_through_items_and_cells() -> None:
    text = "- one\n- two\n\nEggs: 6 | Nest: moss\n\nEggs: 2 | Nest: roof"
    items, table = parts(text, [Mark(text.index("two"), text.index("moss") + 2, 7)])
    assert [[item.text[mark.start : mark.end] for mark in item.marks] for item in items.items] == [[], ["two"]]
    assert [[cell.text[m.start : m.end] for cell in row for m in cell.marks] for row in table.rows] == [["6", "mo"], []]
    assert items.items[1].marks[0].number == 7


def test_of_a_long_quote_the_first_lines_and_those_that_answer_are_shown() -> None:
    text = "\n".join(f"- item {number}" for number in range(14))
    at = text.index("- item 12")
    (focused,) = folded(parts(text, [Mark(at, at + 9, focus=True)]))
    assert set(range(14)) - focused.hidden == {0, 1, 2, 3, 4, 5, 12}
    (plain,) = folded(parts(text))
    assert set(range(14)) - plain.hidden == {0, 1, 2, 3, 4, 5}
    (short,) = folded(parts("\n".join(text.split("\n")[:9])))
    assert not short.hidden


def test_sentences_that_answer_are_in_focus_unless_they_are_the_whole_quote() -> None:
    passage = "Before. One is first. Two answers. Three goes along. After."
    quote = quote_of("One is first. Two answers. Three goes along.", passage, "Two answers.")
    assert [quote.text[mark.start : mark.end] for mark in focus_marks(quote.evidence)] == ["Two answers."]
    ((part,),) = [[each.part for each in Card(quote, "").parts]]
    assert [(part.text[mark.start : mark.end], mark.focus) for mark in part.marks] == [
        ("One is first. ", False),
        ("Two answers.", True),
        (" Three goes along.", False),
    ]
    assert focus_marks(quote_of("Two answers.", passage, "Two answers.").evidence) == []
    assert focus_marks(quote_of("One is first. Two answers.", passage, "One is first.", "Two answers.").evidence) == []


def test_a_quote_that_is_its_whole_paragraph_is_known() -> None:
    assert Card(quote_of("Alone.", "Alone.\n"), "").is_whole
    assert not Card(quote_of("One.", "One. Two."), "").is_whole
