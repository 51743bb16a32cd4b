"""EML and MBOX: messages with their subject as heading, a row of sender, addressees and date, text and attachments."""

import re
from collections.abc import Iterator
from dataclasses import replace
from email import message_from_bytes
from email.message import Message
from email.policy import Compat32
from functools import partial

from ingest.errors import SourceUnreadable
from ingest.readers.assemble import Piece, assemble, clean, extracted
from ingest.readers.containers.mail_text import LONGEST_HEADER, body_pieces, header_text, part_content, part_text
from ingest.readers.containers.members import LOWEST_LEVEL, Found, Members, member_pieces
from ingest.readers.source import one_line, stem_title
from ingest.readers.tables import rows
from ingest.readers.web import html
from ingest.schema import Document

_SHOWN = ("From", "To", "Cc", "Date")
_DEEPEST = 20  # parts in parts
# The line before each message of an MBOX file: after a blank line, with a time of day.
_POSTMARK = re.compile(rb"(?:\A|(?<=\n\n)|(?<=\n\r\n))From [^\r\n]{0,300}\d:\d\d[^\r\n]{0,300}\r?\n")
_MARKED_FROM = re.compile(rb"^>(>*From )", re.MULTILINE)


class _AsWritten(Compat32):
    """Returns the beginnings of headers as they are written; to parse long ones takes quadratic time."""

    def header_fetch_parse(self, name: str, value: str) -> str:
        """Return the beginning of the value."""
        return value[:LONGEST_HEADER]


def read_eml(data: bytes, source: str, members: Members) -> Document:
    """Return a message and its attachments in supported formats.

    Raises:
        SourceUnreadable: the parts are nested too deeply, or the attachments exceed the budget.
    """
    mailbox = _Mailbox(source, members)
    message = _parsed(data, source)
    subject = _subject(message)
    assembled = assemble(list(mailbox.pieces(message, subject, level=1)))
    return extracted(data, source, subject or stem_title(source), assembled, "; ".join(mailbox.found.notes()))


def read_mbox(data: bytes, source: str, members: Members) -> Document:
    """Return the messages of an MBOX file.

    Raises:
        SourceUnreadable: it is no MBOX file, or as for `read_eml`.
    """
    marks = list(_POSTMARK.finditer(data))
    if not marks:
        raise SourceUnreadable('is not an MBOX file (no message begins with "From ")', source, "export it again")
    mailbox = _Mailbox(source, members)
    pieces: list[Piece] = []
    for number, mark in enumerate(marks, start=1):
        end = marks[number].start() if number < len(marks) else len(data)
        message = _parsed(_MARKED_FROM.sub(rb"\1", data[mark.end() : end]), source)
        subject = _subject(message) or f"Message {number}"
        pieces += mailbox.pieces(message, subject, level=1)
    assembled = assemble(pieces)
    return extracted(data, source, stem_title(source), assembled, "; ".join(mailbox.found.notes()))


def _parsed(data: bytes, source: str) -> Message:
    try:
        return message_from_bytes(data, policy=_AsWritten())
    except RecursionError as error:
        raise SourceUnreadable("has parts nested too deeply", source, "save its text") from error


class _Mailbox:
    """Turns messages into pieces; collects what was read of their attachments."""

    def __init__(self, source: str, members: Members) -> None:
        self.found = Found()
        self._source = source
        self._members = members

    def pieces(self, message: Message, subject: str, level: int) -> Iterator[Piece]:
        """Yield the subject, the headers as a row, the text, and the attachments one level deeper."""
        yield Piece(subject, min(level, LOWEST_LEVEL))
        charset = _charset(message)
        values = [header_text(message.get(name), charset) for name in _SHOWN]
        yield Piece(rows((_SHOWN, values), heads=1)[0], apart=True, kind="row")
        enclosed: list[Message] = []
        for part, depth in _leaves(message, 0):
            if depth >= _DEEPEST or level >= _DEEPEST:
                self.found.passed.append("parts nested too deeply")
            elif _is_text(part):
                yield from self._text(part, level)
            else:
                enclosed.append(part)
        for part in enclosed:
            yield from self._enclosed(part, level + 1)

    def _text(self, part: Message, level: int) -> Iterator[Piece]:
        try:
            text, note = part_text(part, self._source)
            if note:
                self.found.remarks.append(f"a part: {note}")
            if part.get_content_type() != "text/html":
                yield from body_pieces(text)
            elif text.strip():
                for piece in html.pieces(text.encode("utf-8", "surrogatepass"), self._source):
                    yield replace(piece, level=min(piece.level + level, LOWEST_LEVEL)) if piece.level else piece
        except SourceUnreadable as error:
            self.found.failed.append(f"a part {error.what}")

    def _enclosed(self, part: Message, level: int) -> Iterator[Piece]:
        """Yield the pieces of a forwarded message or an attachment."""
        if part.get_content_type() == "message/rfc822":
            inner = _inner(part)
            yield from self.pieces(inner, _subject(inner) or "Message", level)
            return
        name = one_line(clean(header_text(part.get_filename()))) or part.get_content_type()
        if self._members.knows(name):
            self._members.budget.spend(self._source, 0, 1)
        before = len(self.found.documents)
        self.found.read([(name, partial(part_content, part))], self._source, self._members)
        for document in self.found.documents[before:]:
            yield from member_pieces(document, min(level, LOWEST_LEVEL))


def _subject(message: Message) -> str:
    return header_text(message.get("Subject"), _charset(message))


def _charset(message: Message) -> str | None:
    """Return the encoding of the first part that states one, which is that of unmarked headers as well."""
    return next((charset for part, _ in _leaves(message, 0) if (charset := part.get_content_charset())), None)


def _leaves(message: Message, depth: int) -> Iterator[tuple[Message, int]]:
    """Yield the parts that have no parts, with their depth; of alternatives, the one that reads best."""
    parts = _parts(message)
    if depth >= _DEEPEST or not parts or message.get_content_maintype() == "message":
        yield message, depth
        return
    best = _best(parts) if message.get_content_type() == "multipart/alternative" else parts
    for part in best:
        yield from _leaves(part, depth + 1)
    for part in parts:
        if not any(part is each for each in best):  # one alternative may have files that the others lack
            yield from (leaf for leaf in _leaves(part, depth + 1) if _is_file(leaf[0]))


def _parts(message: Message) -> list[Message]:
    """Return the parts; the library would decode the text of a message without parts, whatever encoding it names."""
    payload = message.get_payload() if message.is_multipart() else []
    return [part for part in payload if isinstance(part, Message)]


def _best(alternatives: list[Message]) -> list[Message]:
    """Return the plain text unless it is blank, else the last alternative."""
    plain = (part for part in alternatives if part.get_content_type() == "text/plain" and part_content(part).strip())
    return list(next(([part] for part in plain), alternatives[-1:]))


def _is_file(part: Message) -> bool:
    return bool(part.get_filename()) and part.get_content_maintype() != "image"


def _inner(part: Message) -> Message:
    return next(iter(_parts(part)), part)


def _is_text(part: Message) -> bool:
    """Return whether a part is text of the message; one whose own parts cannot be told apart is, too."""
    is_shown = part.get_content_type() in ("text/plain", "text/html") or part.get_content_maintype() == "multipart"
    return is_shown and part.get_content_disposition() != "attachment" and not part.get_filename()
