"""The characters of a file: by its BOM, as UTF-8, or by a guess that is said."""

from dataclasses import dataclass

from ingest.errors import SourceUnreadable
from ingest.readers.source import BOM, SAVE_AS_UTF8, empty, not_utf8, refuse_nul, unify_line_ends

_WIDE_BOMS = (
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
# What is guessed, the likelier first where a text fits several equally well.
_GUESSED = (
    *("cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "koi8_r", "mac_roman"),
    *("cp932", "shift_jis", "euc_jp", "gb18030", "big5", "cp949", "euc_kr"),
)
# A prose line of a book has thousands of characters; longer ones are data, and take minutes to cut into sentences.
_LONGEST_LINE = 5_000_000


@dataclass(frozen=True, slots=True)
class Decoded:
    """A file's characters, Python's name of their encoding, and what to say of it where it was guessed."""

    text: str
    encoding: str = "utf-8"
    note: str = ""


def decode(data: bytes, source: str) -> Decoded:
    """Return the characters of a text file, every line end a newline.

    Offsets in the result are those of `Path.read_text(encoding=...)` with the
    encoding returned; the BOM of a UTF-8 file stays.

    Raises:
        SourceUnreadable: the bytes hold NUL characters or are in no encoding
            we know, there is nothing but white space, or a line is endless.
    """
    decoded = _decode(data, source)
    text = unify_line_ends(decoded.text)
    if "\0" in text:
        raise SourceUnreadable("is not text (it holds NUL characters)", source, SAVE_AS_UTF8)
    if not text.removeprefix(BOM).strip():
        raise empty(source)
    if len(text) > _LONGEST_LINE:
        longest = max(map(len, text.split("\n")))
        if longest > _LONGEST_LINE:
            raise SourceUnreadable(f"has a line of {longest:,} characters, which is no prose", source, "part its lines")
    return Decoded(text, decoded.encoding, decoded.note)


def _decode(data: bytes, source: str) -> Decoded:
    for mark, encoding in _WIDE_BOMS:
        if data.startswith(mark):
            try:
                return Decoded(data.decode(encoding), encoding)
            except UnicodeDecodeError as error:
                what = f"is broken: its characters do not fit its BOM ({encoding.upper()})"
                raise SourceUnreadable(what, source, SAVE_AS_UTF8) from error
    refuse_nul(data, source)
    try:
        return Decoded(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        guessed = guess(data)
        if guessed is None:
            raise not_utf8(data, error, source) from error
        return guessed


def guess(data: bytes) -> Decoded | None:
    """Return the characters of bytes that are not UTF-8 in their likeliest encoding, None where none is likely.

    Bytes that are mostly UTF-8 are that, and broken: nothing is likely.

    Source: charset-normalizer's mess and coherence of the decoded text; where
    several encodings are as good, the commonest.
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
    for encoding in sorted(names & set(_GUESSED), key=_GUESSED.index):
        try:
            note = f"its encoding was guessed: {encoding}; if letters are wrong, {SAVE_AS_UTF8}"
            return Decoded(data.decode(encoding), encoding, note)
        except UnicodeDecodeError:
            continue
    return None


def _is_broken_utf8(data: bytes) -> bool:
    """Say whether more characters beyond ASCII are UTF-8 than bytes are not."""
    text = data.decode("utf-8", "surrogateescape")
    beyond = sum(character > "\x7f" for character in text)
    broken = sum("\udc80" <= character <= "\udcff" for character in text)
    return beyond > 2 * broken
