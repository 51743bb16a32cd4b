import csv
import io
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.errors import SourceUnreadable
from ingest.readers.data import tabular
from ingest.schema import Document

ReadAs = Callable[[str, str | bytes], Document]
Refused = Callable[[str, str | bytes], SourceUnreadable]


def texts(document: Document) -> list[str]:
    return [document.text[block.start : block.end] for block in document.blocks]


def passages(document: Document) -> list[tuple[str, str]]:
    headings = [heading.title for heading in document.headings]
    return list(zip(headings, texts(document), strict=True))


@pytest.mark.parametrize(("name", "mark"), [("a.csv", ","), ("a.csv", ";"), ("a.csv", "\t"), ("a.tsv", "\t")])
def test_a_row_is_a_passage_with_its_columns(read_as: ReadAs, name: str, mark: str) -> None:
    document = read_as(name, f"drug{mark}dose\r\nAspirin{mark}100 mg\r\n{mark}\r\nParacetamol{mark}\r\n")
    assert passages(document) == [("Row 2", "drug: Aspirin | dose: 100 mg"), ("Row 4", "drug: Paracetamol")]
    assert [(block.kind, block.apart) for block in document.blocks] == [("row", True)] * 2
    assert (document.title, document.verbatim) == ("a", False)


def test_quoted_cells_and_rows_of_other_lengths(read_as: ReadAs) -> None:
    document = read_as("a.csv", 'name,note\n"Smith, J.","two\nlines, ""quoted"""\na,b,c\n,\nd\n')
    assert passages(document) == [
        ("Row 2", 'name: Smith, J. | note: two lines, "quoted"'),
        ("Row 3", "a | b | c"),
        ("Row 5", "name: d"),
    ]
    assert document.note == "rows with more cells than the head were read without its names (1)"


@pytest.mark.parametrize(
    ("content", "first"),
    [
        ("text\nHello, world, this is one.\n", "text: Hello, world, this is one."),
        ("text\nMilk, eggs\nSalt, oil\nRice, beans\n", "text: Milk, eggs"),
        ("Name;Price, EUR\nApple;3,5\n", "Name: Apple | Price, EUR: 3,5"),
        ("Name;Price\nApple, red;3,5\n", "Name: Apple, red | Price: 3,5"),
        ("name,note; or not\na,b\nc,d; e; f\n", "name: a | note; or not: b"),
        ('text\n"Hello, world"\n', "text: Hello, world"),
        (",,\nname,note\na,b; c\n", "name: a | note: b; c"),
        ("sep=;\nname;dose\nA;2,5\n", "name: A | dose: 2,5"),
        ('name, fee, place\nA, "6,000", mill\n', "name: A | fee: 6,000 | place: mill"),
    ],
)
def test_the_delimiter_is_guessed_from_the_rows(read_as: ReadAs, content: str, first: str) -> None:
    assert texts(read_as("a.csv", content))[0] == first


def test_a_table_in_another_encoding(read_as: ReadAs) -> None:
    document = read_as("a.csv", "name;Straße\nJürgen;Übung für den Rücken\n".encode("cp1252"))
    assert passages(document) == [("Row 2", "name: Jürgen | Straße: Übung für den Rücken")]
    assert "guessed: cp1252" in document.note


def test_a_table_with_only_a_head_is_its_head(read_as: ReadAs) -> None:
    assert passages(read_as("a.csv", "name,dose\n")) == [("Row 1", "name | dose")]


@pytest.mark.parametrize(
    "titles",
    ["Levels of the pond\nSpring 2024\n\n", "Levels of the pond,,\n", "Source:,pond office,\nDate,2024-05-01,\n"],
)
def test_titles_above_the_head(read_as: ReadAs, titles: str) -> None:
    document = read_as("a.csv", f"{titles}Site,Level,Day\nWeir,2.40,Monday\nSluice,,Tuesday\n")
    *above, first, second = texts(document)
    assert (first, second) == ("Site: Weir | Level: 2.40 | Day: Monday", "Site: Sluice | Day: Tuesday")
    assert "".join("".join(above).replace(" | ", "").split()) == "".join(titles.replace(",", "").split())


def test_a_further_table_has_its_own_head(read_as: ReadAs) -> None:
    content = (
        "Boats\nname,length\nHeron,9\nSwan,8\n\nCrew\nname,rank,age\nAda,cook,40\nBo,mate,31\n\nday,fee\nMonday,3\n"
    )
    assert passages(read_as("a.csv", content)) == [
        ("Row 1", "Boats"),
        ("Row 3", "name: Heron | length: 9"),
        ("Row 4", "name: Swan | length: 8"),
        ("Row 6", "Crew"),
        ("Row 8", "name: Ada | rank: cook | age: 40"),
        ("Row 9", "name: Bo | rank: mate | age: 31"),
        ("Row 12", "day: Monday | fee: 3"),
    ]


def test_years_are_heads_and_numbers_above_numbers_are_none(read_as: ReadAs) -> None:
    assert texts(read_as("a.csv", "Site,2019,2020\nWeir,1,2\n")) == ["Site: Weir | 2019: 1 | 2020: 2"]
    assert texts(read_as("a.csv", "Age,0,5,10\nPupils,1,2,3\n")) == ["Age: Pupils | 0: 1 | 5: 2 | 10: 3"]
    headless = read_as("a.csv", "1,Heron,9.5\n2,,8\n3,Swan,\n")
    assert texts(headless) == ["1 | Heron | 9.5", "2 | – | 8", "3 | Swan"]
    assert texts(read_as("a.csv", ",price\napple,3\npear,4\n")) == ["apple | price: 3", "pear | price: 4"]


def test_a_remark_below_a_table_has_no_name(read_as: ReadAs) -> None:
    assert texts(read_as("a.csv", "a,b,c\nx,y,z\nSource: the pond office,,\n"))[1] == "Source: the pond office"


def test_a_group_named_once_is_given_in_brackets(read_as: ReadAs) -> None:
    document = read_as("a.csv", "Bank,Jetty,Open\nLeft,One,always\n,Two,never\nRight,Three,at noon\n,Four,at dusk\n")
    assert texts(document) == [
        "Bank: Left | Jetty: One | Open: always",
        "Bank: [Left] | Jetty: Two | Open: never",
        "Bank: Right | Jetty: Three | Open: at noon",
        "Bank: [Right] | Jetty: Four | Open: at dusk",
    ]
    assert document.note == "names in square brackets are those of the nearest row above that has one"


@pytest.mark.parametrize(
    "rows",
    [
        "Left,One,always\n,Two,\n",  # another cell is blank too
        "Left,One,always\n,Two,never\nLeft,Three,never\n",  # a name occurs twice
        "Left,One,always\n,Total,never\n",  # a total is of no group
        "Left,One,a\n,Two,b\nRight,Three,c\nMid,Four,d\nFar,Five,e\n",  # most have no such row
        ",One,always\nLeft,Two,never\n,Three,never\n",  # the first row has no name
    ],
)
def test_blank_cells_that_may_be_of_no_group_stay_blank(read_as: ReadAs, rows: str) -> None:
    document = read_as("a.csv", f"Bank,Jetty,Open\n{rows}")
    assert "[" not in document.text
    assert document.note == ""


@pytest.mark.parametrize(
    ("name", "content", "second"),
    [
        ("a.tsv", 'Name\tNote\nA\t"open\nB\tfine\nC\tgood\n', 'Name: A | Note: "open'),
        ("a.tsv", 'Name\tNote\nA\t"open\nB\tfine"\nC\tgood\n', 'Name: A | Note: "open'),
        ("a.csv", 'Name,Note\nA,"open\nB,fine\nC,good\n', 'Name: A | Note: "open'),
        ("a.csv", 'Name,Note\nA,"wide" gate\nB,fine\nC,good\n', 'Name: A | Note: "wide" gate'),
        ("a.csv", 'Name,Note\nA,"x, y" z\nB,fine\nC,good\n', "Name: A | Note: x, y z"),
    ],
)
def test_a_stray_quotation_mark_costs_no_other_row(read_as: ReadAs, name: str, content: str, second: str) -> None:
    document = read_as(name, content)
    assert texts(document)[0] == second
    assert texts(document)[1].startswith("Name: B | Note: fine")
    assert texts(document)[2] == "Name: C | Note: good"
    assert "a stray quotation mark was read as one row" in document.note


@pytest.mark.slow
def test_many_stray_quotation_marks_take_linear_time(read_as: ReadAs) -> None:
    document = read_as("a.csv", "a,b\n" + 'x,"y\n' * 50_000)
    assert len(document.blocks) == 50_000
    assert document.note == "each line with a stray quotation mark was read as one row (50,000)"


def test_a_quoted_cell_with_lines_and_delimiters_is_one_cell(read_as: ReadAs) -> None:
    content = 'Name,Address,Fee\nA,"Mill Lane 3,\nBerrow, Norfolk",9\n'
    assert texts(read_as("a.csv", content)) == ["Name: A | Address: Mill Lane 3, Berrow, Norfolk | Fee: 9"]


def test_a_long_row_is_divided_between_its_values(read_as: ReadAs) -> None:
    names = [f"column {number}" for number in range(40)]
    values = [f"value {number} of the heron" for number in range(40)]
    document = read_as("a.csv", f"{','.join(names)}\n{','.join(values)}\n")
    assert len(document.blocks) > 1
    assert [block.apart for block in document.blocks] == [True] + [False] * (len(document.blocks) - 1)
    assert all(len(text) <= 600 and text.startswith("column 0: value 0 of the heron | ") for text in texts(document))
    pairs = [pair for text in texts(document) for pair in text.split(" | ")]
    assert list(dict.fromkeys(pairs)) == [f"{name}: {value}" for name, value in zip(names, values, strict=True)]


def test_a_long_value_is_running_text(read_as: ReadAs) -> None:
    long = "The heron fishes at dawn. " * 40
    document = read_as("a.csv", f'name,text\nHeron,"{long}\n\nIt sleeps at noon."\n')
    assert texts(document) == ["name: Heron", f"text: {long.strip()}", "It sleeps at noon."]
    assert [block.kind for block in document.blocks] == ["row", "paragraph", "paragraph"]


def test_a_cell_of_any_length_is_read(read_as: ReadAs) -> None:
    assert len(texts(read_as("a.csv", "name\n" + "x" * 200_000))[0]) == 200_006
    assert len(texts(read_as("a.csv", 'name,b\n"' + "x\n" * 100_000 + '",1'))) == 2


CELL = st.text("ab1 .-\"',\n", max_size=12)


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[str], list[list[str]]]:
    """Draw a head, and rows whose first cell is filled."""
    names = draw(st.lists(st.text("Kelmn", min_size=1, max_size=5), min_size=2, max_size=5, unique=True))
    first = st.text("abc", min_size=1, max_size=5)
    row = st.tuples(first, *(CELL for _ in names[1:])).map(list)
    return names, draw(st.lists(row, min_size=1, max_size=8))


@settings(deadline=None)
@given(tables(), st.sampled_from(("a.csv", "a.tsv")))
def test_every_value_is_read_under_its_own_name(table: tuple[list[str], list[list[str]]], name: str) -> None:
    names, rows = table
    file = io.StringIO()
    csv.writer(file, delimiter="\t" if name == "a.tsv" else ",", lineterminator="\n").writerows([names, *rows])
    document = tabular.read(file.getvalue().encode(), name)
    assert texts(document) == [expected(names, row) for row in rows]
    assert document.note == ""


def expected(names: Sequence[str], row: Sequence[str]) -> str:
    values = [" ".join(cell.split()) for cell in row]
    if len(names) > 2 and not any(values[1:]):
        return values[0]
    return " | ".join(f"{name}: {value}" for name, value in zip(names, values, strict=True) if value)


def test_heads_after_a_gap_must_fit_the_row_below(read_as: ReadAs) -> None:
    content = "Name,Fee,Town\nAnn,5,Ford\n\nBoat,7,Mill\nRaft,8,Quay\n\nOnly,here\nBea,6,Ford\n"
    assert texts(read_as("a.csv", content)) == [
        "Name: Ann | Fee: 5 | Town: Ford",
        "Name: Boat | Fee: 7 | Town: Mill",
        "Name: Raft | Fee: 8 | Town: Quay",
        "Name: Only | Fee: here",
        "Name: Bea | Fee: 6 | Town: Ford",
    ]


def test_a_cell_without_an_end_costs_no_text(read_as: ReadAs) -> None:
    text = read_as("a.csv", f'a,"b{"x" * 1_100_000},c\nd,e,f\n').text
    assert text.count("x") == 1_100_000 and text.endswith("d,e,f")
