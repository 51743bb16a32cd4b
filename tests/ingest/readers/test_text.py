import itertools
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.errors import SourceUnreadable
from ingest.readers.encoding import decode
from ingest.readers.plain import text
from ingest.schema import Document

ReadAs = Callable[[str, str | bytes], Document]
Refused = Callable[[str, str | bytes], SourceUnreadable]


def spans(document: Document) -> list[tuple[int, int, bool]]:
    return [(block.start, block.end, block.apart) for block in document.blocks]


def test_paragraphs_are_blocks_and_blank_lines_set_them_apart(read_as: ReadAs) -> None:
    document = read_as("two_words.txt", "First line\nsecond line.\n \t\n  Next one.  \n")
    assert spans(document) == [(0, 23, False), (29, 38, True)]
    assert [document.text[start:end] for start, end, _ in spans(document)] == ["First line\nsecond line.", "Next one."]
    assert (document.title, document.url, document.headings, document.page_starts) == ("two words", None, (), ())
    assert document.verbatim


def test_offsets_match_the_file_read_as_text(tmp_path: Path, read_as: ReadAs) -> None:
    document = read_as("a.txt", b"Caf\xc3\xa9 one.\r\n\r\nTwo\rthree.\r\n")
    assert document.text == "Café one.\n\nTwo\nthree.\n"
    assert spans(document) == [(0, 9, False), (11, 21, True)]
    own = Path(tmp_path / "a.txt").read_text(encoding="utf-8")
    assert [own[start:end] for start, end, _ in spans(document)] == ["Café one.", "Two\nthree."]
    assert document.line(11) == 3


def test_a_bom_stays_in_the_text_and_out_of_the_blocks(tmp_path: Path, read_as: ReadAs) -> None:
    document = read_as("a.txt", b"\xef\xbb\xbfOne.\n")
    assert document.text == "\ufeffOne.\n" == Path(tmp_path / "a.txt").read_text(encoding="utf-8")
    assert spans(document) == [(1, 5, False)]


def test_equal_paragraphs_keep_their_own_spans(read_as: ReadAs) -> None:
    assert spans(read_as("a.txt", "Same.\n\nSame.\n\nSame.")) == [(0, 5, False), (7, 12, True), (14, 19, True)]


def test_a_character_beyond_the_basic_plane_counts_once(read_as: ReadAs) -> None:
    assert spans(read_as("a.txt", "🦴 bone\n\nend")) == [(0, 6, False), (8, 11, True)]


def test_only_newlines_end_lines(read_as: ReadAs) -> None:
    assert spans(read_as("a.txt", "a\u2028b\x0c\x85c")) == [(0, 6, False)]


@pytest.mark.parametrize("content", ["\ufeff", "\ufeff \n", "\u3000\u00a0"])
def test_white_space_alone_is_empty(refused: Refused, content: str) -> None:
    assert refused("a.txt", content).what == "is empty"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-16-le", "utf-16-be"])
def test_wide_encodings_are_read_by_their_bom(read_as: ReadAs, encoding: str) -> None:
    marked = "\ufeff" if "-" in encoding[4:] else ""
    document = read_as("a.txt", f"{marked}Hip 🦴.\r\n\r\nPain.".encode(encoding))
    assert (document.text, document.encoding, document.note) == ("Hip 🦴.\n\nPain.", encoding[:6], "")


@pytest.mark.parametrize("content", [b"\xff\xfea", b"\xff\xfe\x00\xd8a\x00", b"\xfe\xff\x00a\x00"])
def test_broken_wide_encodings_are_refused(refused: Refused, content: bytes) -> None:
    assert refused("a.txt", content).what == "is damaged: its bytes do not match its BOM (UTF-16)"


def test_nul_is_refused_in_every_encoding(refused: Refused) -> None:
    assert refused("a.txt", "a\0b".encode("utf-16")).what == "is not text (it contains NUL characters)"
    assert refused("a.txt", b"Hip\0").what == "is not text (it contains NUL bytes)"
    assert refused("a.txt", b"Words.\n\0").what == "is not text (it contains NUL bytes)"
    assert refused("a.txt", b"\1\0\2\0").what == "is not text (it contains NUL bytes)"


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("content", ["Hip \U0001f9b4.\r\n\r\nPain.", "腰痛は数週間で治る。\n毎日歩く。"])
def test_utf16_without_a_bom_is_guessed_and_noted(read_as: ReadAs, tmp_path: Path, encoding: str, content: str) -> None:
    document = read_as("a.txt", content.encode(encoding))
    assert document.text == content.replace("\r", "") == (tmp_path / "a.txt").read_text(encoding=document.encoding)
    assert document.encoding == encoding
    assert document.note == f"its encoding was guessed: {encoding}; if letters look wrong, save it as UTF-8"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Café au lait helps the knee. It’s naïve, “quoted” – dash.", "cp1252"),
        ("Die Hüfte schmerzt nachts; Übungen für den Rücken helfen häufig.", "cp1252"),
        ("café", "cp1252"),
        ("Боль в спине проходит за несколько недель. Двигайтесь каждый день.", "cp1251"),
        ("腰痛は数週間で治ることが多いです。毎日歩いてください。", "cp932"),
        ("腰痛通常在几周内好转。每天走路。", "gb18030"),
        ("Ο πόνος στη μέση περνά σε λίγες εβδομάδες.", "cp1253"),
    ],
)
def test_other_encodings_are_guessed_and_noted(read_as: ReadAs, tmp_path: Path, text: str, encoding: str) -> None:
    document = read_as("a.txt", text.encode(encoding))
    assert document.text == text == (tmp_path / "a.txt").read_text(encoding=document.encoding)
    assert document.note == f"its encoding was guessed: {document.encoding}; if letters look wrong, save it as UTF-8"


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r"])
def test_bytes_in_no_encoding_are_named_with_their_line(refused: Refused, line_end: bytes) -> None:
    error = refused("a.txt", line_end.join([b"one", b"two", bytes(range(128, 256)), bytes(range(1, 32)) * 9]))
    assert str(error) == "a.txt: is not UTF-8 (byte 0x80 in line 3); save it as UTF-8"


@pytest.mark.parametrize("broken", [b"\xe2\x80", b"\n\xff!", b"\xc3"])
@pytest.mark.parametrize("name", ["a.txt", "a.md", "a.html"])
def test_utf8_with_a_broken_byte_is_not_guessed(refused: Refused, name: str, broken: bytes) -> None:
    error = refused(name, "Café crème brûlée.\n".encode() * 50 + broken)
    line, byte = 51 + broken.count(b"\n"), broken.lstrip()[0]
    assert str(error) == f"{name}: is not UTF-8 (byte 0x{byte:02x} in line {line}); save it as UTF-8"


def test_an_overlong_line_is_refused(refused: Refused) -> None:
    assert refused("a.txt", "x" * 6_000_000).what == "has a line of 6,000,000 characters (limit 5,000,000)"


def test_a_very_long_line_is_one_block(read_as: ReadAs) -> None:
    assert spans(read_as("a.txt", "word " * 400_000)) == [(0, 1_999_999, False)]


def test_a_very_long_blank_line_is_fast(read_as: ReadAs) -> None:
    assert spans(read_as("a.txt", "a\n" + " " * 1_000_000 + "\nb")) == [(0, 1, False), (1_000_003, 1_000_004, True)]


@settings(deadline=None)
@given(st.text() | st.text("Ab1. \n-=*|\t:({", max_size=200))
def test_headings_and_blocks_cover_all_words(content: str) -> None:
    try:
        document = text.read(content.encode(), "a.txt")
    except SourceUnreadable:
        assert not content.removeprefix("\ufeff").strip() or "\0" in content
        return
    found = [(heading.start, heading.end) for heading in document.headings]
    parts = sorted(found + [(block.start, block.end) for block in document.blocks])
    inside = "".join(document.text[start:end] for start, end in parts)
    assert words(inside) == words(document.text)
    assert all(before <= start for (_, before), (start, _) in itertools.pairwise(parts))
    assert all(part.strip() == part for part in (document.text[b.start : b.end] for b in document.blocks))


def words(content: str) -> str:
    return "".join(filter(str.isalnum, content))


def test_a_long_text_of_short_lines_is_read() -> None:
    assert len(decode(b"word\n" * 1_100_000, "a.txt").text) == 5_500_000
