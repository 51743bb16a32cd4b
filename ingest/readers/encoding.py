"""Decodes text files: by BOM, as UTF-8, or by a guess that is reported."""

import unicodedata
from dataclasses import dataclass

from ingest.errors import SourceUnreadable
from ingest.readers.source import BOM, SAVE_AS_UTF8, empty, not_utf8, refuse_nul, unify_line_ends

_WIDE_BOMS = (
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
# Candidates for guessing; on a tie the first one wins.
_GUESSED = (
    *("cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "koi8_r", "mac_roman"),
    *("cp932", "shift_jis", "euc_jp", "gb18030", "big5", "cp949", "euc_kr"),
)
# Lines of prose have at most thousands of characters; longer ones are data and take minutes to split into sentences.
_LONGEST_LINE = 5_000_000


@dataclass(frozen=True, slots=True)
class Decoded:
    """A file's characters, Python's name of the encoding, and a note if it was guessed."""

    text: str
    encoding: str = "utf-8"
    note: str = ""


def decode(data: bytes, source: str) -> Decoded:
    """Return the characters of a text file, with every line end as a newline.

    Offsets match those of `Path.read_text(encoding=...)` with the returned
    encoding; the BOM of a UTF-8 file is kept.

    Raises:
        SourceUnreadable: the file contains NUL characters, uses an unknown
            encoding, is blank, or has an overlong line.
    """
    decoded = _decode(data, source)
    text = unify_line_ends(decoded.text)
    if "\0" in text:
        raise SourceUnreadable("is not text (it contains NUL characters)", source, SAVE_AS_UTF8)
    if not text.removeprefix(BOM).strip():
        raise empty(source)
    if len(text) > _LONGEST_LINE:
        longest = max(map(len, text.split("\n")))
        if longest > _LONGEST_LINE:
            what = f"has a line of {longest:,} characters (limit {_LONGEST_LINE:,})"
            raise SourceUnreadable(what, source, "break it into shorter lines")
    return Decoded(text, decoded.encoding, decoded.note)


def _decode(data: bytes, source: str) -> Decoded:
    for mark, encoding in _WIDE_BOMS:
        if data.startswith(mark):
            try:
                return Decoded(data.decode(encoding), encoding)
            except UnicodeDecodeError as error:
                what = f"is damaged: its bytes do not match its BOM ({encoding.upper()})"
                raise SourceUnreadable(what, source, SAVE_AS_UTF8) from error
    if b"\0" in data and (wide := _wide(data)):
        return wide
    refuse_nul(data, source)
    try:
        return Decoded(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        guessed = guess(data)
        if guessed is None:
            raise not_utf8(data, error, source) from error
        return guessed


def _wide(data: bytes) -> Decoded | None:
    """Decode bytes with NULs as UTF-16 without a BOM; None if they are no text in it."""
    nuls = data.count(b"\0")
    if 4 * nuls < len(data) and _is_utf8(data):
        return None
    for encoding, high in (("utf-16-le", 1), ("utf-16-be", 0)):
        if b"\0" in data[1 - high :: 2]:
            continue
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        certain = 2 * nuls > len(text) or any(space in text for space in " \n")
        if certain and all(map(_is_written, set(text))):
            return Decoded(text, encoding, _guessed(encoding))
    return None


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _is_written(character: str) -> bool:
    """Return whether a character occurs in texts: no control character, none that is private or unassigned."""
    return character in "\t\n\r\f" or unicodedata.category(character) not in ("Cc", "Cn", "Co", "Cs")


def _guessed(encoding: str) -> str:
    return f"its encoding was guessed: {encoding}; if letters look wrong, {SAVE_AS_UTF8}"


def guess(data: bytes) -> Decoded | None:
    """Decode bytes that are not UTF-8 with the most likely encoding; None if no encoding is likely.

    Bytes that are mostly UTF-8 count as damaged UTF-8 and are not guessed.

    Source: charset-normalizer's mess and coherence measures; ties go to the
    most common encoding.
    """
    from charset_normalizer import from_bytes

    if _is_broken_utf8(data):
        return None
    matches = from_bytes(data, cp_isolation=list(_GUESSED))
    best = matches.best()
    if best is None:
        return None
    alike = [match for match in matches if (match.chaos, match.coherence) == (best.chaos, best.coherence)]
    names = {name for match in alike for name in (match.encoding, *match.could_be_from_charset)}
    encoding = min(names & set(_GUESSED), key=_GUESSED.index)
    return Decoded(data.decode(encoding), encoding, _guessed(encoding))


def _is_broken_utf8(data: bytes) -> bool:
    """Return whether the bytes contain more valid non-ASCII UTF-8 characters than invalid bytes."""
    text = data.decode("utf-8", "surrogateescape")
    beyond = sum(character > "\x7f" for character in text)
    broken = sum("\udc80" <= character <= "\udcff" for character in text)
    return beyond > 2 * broken
