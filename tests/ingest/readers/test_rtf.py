from collections.abc import Callable

import pytest

from ingest.errors import SourceUnreadable
from ingest.schema import Document

ReadAs = Callable[[str, str | bytes], Document]
Refused = Callable[[str, str | bytes], SourceUnreadable]


FONTS = r"{\fonttbl{\f0\fnil Arial;}{\f1\fcharset204 Arial Cyr;}{\f2\fcharset2 Symbol;}{\f3\fcharset128 Gothic;}}"
STYLES = r"{\stylesheet{\s0 Normal;}{\s1\b heading 1;}{\*\cs2 Strong;}}{\info{\title A title}{\author Ann}}"


def rtf(body: str) -> bytes:
    return (r"{\rtf1\ansi\ansicpg1252\deff0" + FONTS + STYLES + body + "}").encode("latin-1")


def texts(document: Document) -> list[tuple[str, str]]:
    return [(block.kind, document.text[block.start : block.end]) for block in document.blocks]


def lines(document: Document) -> list[str]:
    return [text for _, text in texts(document)]


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (r"caf\'e9 \'93x\'94 a\~b a\_b a\-b \{\}\\", "café “x” a b a-b ab {}\\"),
        (r"\u945?\u8805\'3f5 \uc2\u252??\uc0\u8364 x", "α≥5 ü€x"),
        (r"\u-10179?\u-9066? end", "\U0001f496 end"),
        (r"{\f1 \'e4\'e0} {\f2 \'b3} 5 mg {\f3 \'8d\'98}", "да ≥ 5 mg 腰"),
        (r"10{\super 6} H{\sub 2}O 1{\super st} x{\up6 2}y", "10⁶ H₂O 1st x²y"),
        (r"a{\v hidden}{\deleted gone}{\revised kept}{\*\unknown lost}b", "akeptb"),
        (r"a {\strike 50 }60 \strike c\strike0 d {\striked1 e\plain f}", "a 60 d f"),
        (r"{\field{\*\fldinst HYPERLINK x}{\fldrslt shown}} \emdash\endash\rquote\tab z", "shown —–’ z"),
        (r"one\line two" + "\\\n" + "three", "one\ntwo\nthree"),
        (r"{\upr{ANSI}{\*\ud{Uni\u231?}}}", "Uniç"),
        (r"{\pict\bin5 {{{}}0102}shown", "shown"),
    ],
)
def test_characters(read_as: ReadAs, body: str, text: str) -> None:
    assert "\n".join(lines(read_as("a.rtf", rtf(body + r"\par")))) == text


def test_titles_headings_and_lists(read_as: ReadAs) -> None:
    document = read_as(
        "a.rtf",
        rtf(
            r"\pard\s1 Opening\par\pard{\header Not read}\s0 Nine to six.\par\pard\outlinelevel1 Below\par\pard"
            r"{\listtext\tab 2.\tab}Second\par\pard{\pntext\f2\'b7\tab}Dot\par\pard{\*\listtext o\tab}Round\par"
        ),
    )
    assert document.title == "A title"
    assert [(heading.level, heading.title) for heading in document.headings] == [(1, "Opening"), (2, "Below")]
    assert texts(document) == [
        ("paragraph", "Nine to six."),
        ("item", "2. Second"),
        ("item", "Dot"),
        ("item", "Round"),
    ]


def test_notes_comments_and_boxes_follow_their_paragraph(read_as: ReadAs) -> None:
    note = r"{\super\chftn{\footnote\pard {\super\chftn} Not on Sunday.}}"
    comment = r"{\*\atnauthor Bea}{\*\annotation\pard Really?}"
    box = r"{\shp{\*\shpinst{\sp{\sn x}{\sv y}}{\shptxt In a box.\par}}{\shprslt Twice}}"
    assert lines(read_as("a.rtf", rtf(rf"Open 12{note} days{comment}.{box}\par Next.\par"))) == [
        "Open 12[1] days.",
        "[1] Not on Sunday.",
        "Comment by Bea: Really?",
        "In a box.",
        "Next.",
    ]


def test_a_table_keeps_empty_and_merged_cells(read_as: ReadAs) -> None:
    def row(*cells: str, marks: tuple[str, ...] = ("", "", ""), head: str = "") -> str:
        defined = "".join(rf"{mark}\cellx{1000 * at}" for at, mark in enumerate(marks, start=1))
        return rf"\trowd{head}{defined}\pard\intbl " + "".join(rf"{cell}\cell " for cell in cells) + r"\row "

    table = (
        row("Area", "Cars", "Bikes", head=r"\trhdr")
        + row("East", "", "2. May", marks=(r"\clvmgf", "", ""))
        + row("", "4", "", marks=(r"\clvmrg", r"\clmgf", r"\clmrg"))
        + r"\trowd\cellx1000\cellx3000\pard\intbl West\cell 7\cell\row "
    )
    assert texts(read_as("a.rtf", rtf(rf"Before\par {table}\pard After\par"))) == [
        ("paragraph", "Before"),
        ("row", "Area: East | Bikes: 2. May"),
        ("row", "Area: East | Cars, Bikes: 4"),
        ("row", "Area: West | Cars, Bikes: 7"),
        ("paragraph", "After"),
    ]


def test_a_table_in_a_table_stays_in_its_cell(read_as: ReadAs) -> None:
    inner = r"\pard\intbl\itap2 a\nestcell b\nestcell{\*\nesttableprops\trowd\nestrow}{\nonesttables\par}"
    table = rf"\trowd\cellx1000\cellx2000\pard\intbl x\cell {inner}\pard\intbl y\cell\row"
    assert texts(read_as("a.rtf", rtf(table + r"\pard"))) == [("row", "x | a | b; y")]


def test_formulas_are_named_as_left_out(read_as: ReadAs) -> None:
    document = read_as("a.rtf", rtf(r"dose {\mmath{\*\moMath{\mr x}}} mg\par"))
    assert (lines(document), document.note) == (["dose mg"], "formulas were left out")
    assert read_as("b.rtf", rtf(r"{\*\mmathPr\mmathFont34}x\par")).note == ""


def test_files_that_are_not_rtf_or_too_deep(refused: Refused, read_as: ReadAs) -> None:
    assert refused("a.rtf", "text").what == "is not an RTF file"
    assert refused("a.rtf", b"{\\rtf1 " + b"{" * 30_000 + b"x").what == "is nested too deeply"
    assert lines(read_as("a.rtf", rtf(r"cut off {\footnote a note {\b").removesuffix(b"}"))) == [
        "cut off [1]",
        "[1] a note",
    ]


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("one\r\nmore} and more", ["onemore and more"]),
        (r"Open 12{\footnote {\super\chftn} } days.", ["Open 12[1] days."]),
        (r"Open 12{\super *}{\footnote {\super *} Not on Sunday.}", ["Open 12[1]", "[1] Not on Sunday."]),
        (r"Up to 10{\super 6}{\footnote {\super\chftn} 6 or more.}", ["Up to 10⁶[1]", "[1] 6 or more."]),
        (r"m{\b\super 2\plain y}", ["m²y"]),
        (r"\mac \'8a", ["ä"]),
        (r"\ansicpg9999 caf\'e9", ["café"]),
        (r"\trowd\row One.", ["One."]),
        (r"\trowd\cellx1000\cellx2000\pard\intbl a\cell b\cell", ["a | b"]),
        (r"\trowd\cellx1000\pard\intbl One.\par Two.\cell\row\pard", ["One.", "Two."]),
    ],
)
def test_odd_and_damaged_bodies(read_as: ReadAs, body: str, found: list[str]) -> None:
    assert lines(read_as("a.rtf", rtf(body))) == found


def test_a_larger_line_is_a_heading(read_as: ReadAs) -> None:
    text = r"\fs24 These hold for everyone who stays here.\par "
    document = read_as("a.rtf", rtf(r"\pard{\b\fs40 House rules\par}" + text + text))
    assert [(heading.level, heading.title) for heading in document.headings] == [(1, "House rules")]
