from collections.abc import Callable
from email.message import EmailMessage

import pytest

from ingest.errors import SourceUnreadable
from ingest.schema import Document
from tests.ingest.readers.test_packages import packed

ReadAs = Callable[[str, str | bytes], Document]
Refused = Callable[[str, str | bytes], SourceUnreadable]
BODY = """Dear Bo,

the pond is drained in March. Please bring:
- boots
- a net

On Sunday Bo wrote:
> When is the pond drained?
>> It is too full.

Ada
--\x20
Ada Vale, Mill Lane
"""


def message(body: str = BODY, subject: str = "The pond – März") -> EmailMessage:
    mail = EmailMessage()
    mail["Subject"] = subject
    mail["From"] = "Ada Vale <ada@example.org>"
    mail["To"] = "bo@example.org"
    mail["Date"] = "Mon, 4 Mar 2024 10:00:00 +0000"
    mail.set_content(body)
    return mail


def headings(document: Document) -> list[tuple[int, str]]:
    return [(heading.level, heading.title) for heading in document.headings]


def units(document: Document) -> list[tuple[str, str, bool]]:
    return [(block.kind, document.text[block.start : block.end], block.apart) for block in document.blocks]


def test_a_message(read_as: ReadAs) -> None:
    document = read_as("a.eml", message().as_bytes())
    assert headings(document) == [(1, "The pond – März")]
    date = "Mon, 04 Mar 2024 10:00:00 +0000"
    assert units(document) == [
        ("row", f"From: Ada Vale <ada@example.org> | To: bo@example.org | Date: {date}", True),
        ("paragraph", "Dear Bo,", True),
        ("paragraph", "the pond is drained in March. Please bring:", True),
        ("item", "- boots", False),
        ("item", "- a net", False),
        ("paragraph", "On Sunday Bo wrote:", True),
        ("paragraph", "> When is the pond drained?", True),
        ("paragraph", "> > It is too full.", True),
        ("paragraph", "Ada", True),
        ("paragraph", "Ada Vale, Mill Lane", True),
    ]
    assert (document.title, document.verbatim, document.note) == ("The pond – März", False, "")


def test_of_alternatives_the_plain_text_is_read_and_else_the_page(read_as: ReadAs) -> None:
    mail = message("Plain.\n")
    mail.add_alternative("<h1>Pond</h1><p>Page.</p>", subtype="html")
    assert units(read_as("a.eml", mail.as_bytes()))[1:] == [("paragraph", "Plain.", True)]
    mail = message("\n")
    mail.add_alternative("<h1>Pond</h1><p>Page.</p>", subtype="html")
    document = read_as("a.eml", mail.as_bytes())
    assert [text for _, text, _ in units(document)[1:]] == ["Page."]
    assert headings(document) == [(1, "The pond – März"), (2, "Pond")]


def test_files_in_an_alternative_are_read(read_as: ReadAs) -> None:
    mail = message("Plain.\n")
    mail.add_alternative("<p>Page.</p>", subtype="html")
    page = mail.get_payload()[-1]  # type: ignore[index]
    page.make_mixed()  # type: ignore[union-attr]
    page.add_attachment(b"Deep.", maintype="text", subtype="plain", filename="a.txt")  # type: ignore[union-attr]
    assert [text for _, text, _ in units(read_as("a.eml", mail.as_bytes()))[1:]] == ["Plain.", "Deep."]


def test_a_letter_of_windows_is_read_as_sent(read_as: ReadAs) -> None:
    head = b"Subject: x\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
    assert "5–10 mg don’t" in read_as("a.eml", head + b"5\x9610 mg don\x92t\r\n").text


def test_text_after_an_attachment_is_no_part_of_it(read_as: ReadAs) -> None:
    mail = message("See below.\n")
    mail.add_attachment(b"Deep.", maintype="text", subtype="plain", filename="a.txt")
    mail.attach(message("Sent by the list.\n"))
    mail.get_payload()[-1].replace_header("Content-Type", "text/plain")  # type: ignore[index, union-attr]
    document = read_as("a.eml", mail.as_bytes())
    assert document.text.index("Sent by the list.") < document.text.index("a.txt")


def test_attachments_are_read_or_named(read_as: ReadAs) -> None:
    mail = message("See below.\n")
    mail.add_attachment(b"name,fee\nAda,9\n", maintype="text", subtype="csv", filename="fees.csv")
    mail.add_attachment(
        packed({"deep.txt": "Deep.", "in.zip": packed({"x.txt": "Too deep."})}),
        maintype="application",
        subtype="zip",
        filename="all.zip",
    )
    mail.add_attachment(b"\0", maintype="text", subtype="plain", filename="bad.txt")
    mail.add_attachment(b"x", maintype="image", subtype="png", filename="pond.png")
    mail.add_attachment(message("Inner.\n", "Forwarded"))
    document = read_as("a.eml", mail.as_bytes())
    assert headings(document)[1:] == [
        (2, "fees.csv"),
        (3, "Row 2"),
        (2, "all.zip"),
        (3, "deep.txt"),
        (2, "Forwarded"),
    ]
    texts = [text for _, text, _ in units(document)]
    assert [text for text in texts if not text.startswith("From:")] == [
        "See below.",
        "name: Ada | fee: 9",
        "Deep.",
        "Inner.",
    ]
    assert document.note == (
        "1 of 3 files in it cannot be read: bad.txt is not text (it contains NUL bytes); "
        "passed over, since their formats are not supported: pond.png; "
        "all.zip: passed over, since their formats are not supported: in.zip"
    )


def test_flowed_text_is_joined(read_as: ReadAs) -> None:
    content = b"Subject: x\nContent-Type: text/plain; format=flowed\n\nThe pond \nis full.\n> Is \n> it?\n-- \nAda\n"
    texts = [text for _, text, _ in units(read_as("a.eml", content))]
    assert texts == ["The pond is full.", "> Is it?", "Ada"]


@pytest.mark.parametrize(
    ("header", "body", "text"),
    [
        (b"text/plain; charset=cp1252", b"Caf\xe9 au lait.", "Café au lait."),
        (b"text/plain; charset=nonsense", "Café.".encode(), "Café."),
        (b"text/plain", "Café.".encode(), "Café."),
        (b"text/plain; charset=\0", "Café.".encode(), "Café."),
        (b"text/plain; charset=idna", "Café.".encode(), "Café."),
        (b"text/plain; charset=hex", "Café.".encode(), "Café."),
        (b"text/plain; charset*=utf-8''\0x", "Café.".encode(), "Café."),
        (b"text/plain; charset=utf-8\nContent-Transfer-Encoding: base64", b"Q2Fmw6ku", "Café."),
        (b"text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable", b"Caf=C3=A9.", "Café."),
    ],
)
def test_encodings(read_as: ReadAs, header: bytes, body: bytes, text: str) -> None:
    document = read_as("a.eml", b"Content-Type: " + header + b"\n\n" + body)
    assert [found for _, found, _ in units(document)] == [text]
    assert document.title == "a"


@pytest.mark.parametrize(
    ("raw", "subject"),
    [
        (b"=?utf-8?q?Caf=C3=A9?= now", "Café now"),
        (b"=?nonsense?q?Caf=E9?=", "Café"),
        ("Café".encode(), "Café"),
        (b"Caf\xe9", "Café"),
        (b"one\n two", "one two"),
    ],
)
def test_subjects(read_as: ReadAs, raw: bytes, subject: str) -> None:
    assert read_as("a.eml", b"Subject: " + raw + b"\n\nText.").title == subject


def test_a_raw_subject_is_in_the_encoding_of_the_text(read_as: ReadAs) -> None:
    content = "Subject: Рыба\nContent-Type: text/plain; charset=koi8-r\n\nРыба.".encode("koi8-r")
    assert read_as("a.eml", content).title == "Рыба"


def test_a_damaged_line_costs_that_line(read_as: ReadAs) -> None:
    content = b"Content-Type: text/plain; charset=utf-8\n\n" + "Café.\n".encode() * 20 + b"\xd1\n"
    document = read_as("a.eml", content)
    assert document.text.count("Café.") == 20
    assert document.note == "a part: damaged lines were left out (1)"


def test_parts_without_their_boundary_are_text(read_as: ReadAs) -> None:
    content = b"Content-Type: multipart/mixed\n\nThe pond is full.\n"
    assert [text for _, text, _ in units(read_as("a.eml", content))] == ["The pond is full."]


def test_a_mailbox_gives_each_message_under_its_subject(read_as: ReadAs) -> None:
    mark = b"From ada@example.org Mon Mar  4 10:00:00 2024\n"
    plain = b"From: Bo\n\n>From the mill on, all is open.\n\nFrom here it is not.\n"
    document = read_as("a.mbox", mark + message("One.\n").as_bytes() + b"\n" + mark + plain)
    assert headings(document) == [(1, "The pond – März"), (1, "Message 2")]
    assert [text for _, text, _ in units(document)][1:] == [
        "One.",
        "From: Bo",
        "From the mill on, all is open.",
        "From here it is not.",
    ]


def test_refused_mail(refused: Refused) -> None:
    assert refused("a.mbox", b"Subject: x\n\nText.").what.startswith("is not an MBOX file")
    assert refused("a.eml", b"Content-Type: multipart/encrypted; boundary=x\n\n--x\n\n--x--").what
    nested = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(2_000))
    assert refused("a.eml", nested).what == "has parts nested too deeply"


@pytest.mark.parametrize("count", [25, 100])
def test_messages_in_messages_have_an_end(read_as: ReadAs, count: int) -> None:
    content = b"Subject: x\nContent-Type: message/rfc822\n\n" * count + b"\nText."
    document = read_as("a.eml", b"From: Ada\n" + content)
    assert "parts nested too deeply" in document.note


def test_long_headers_take_linear_time(read_as: ReadAs) -> None:
    content = (
        b"Subject: " + b"=?utf-8?q?a?= " * 100_000 + b"\nContent-Type: text/plain" + b";a=b" * 300_000 + b"\n\nText."
    )
    assert [text for _, text, _ in units(read_as("a.eml", content))] == ["Text."]


def test_lines_that_flow_with_the_spaces_taken_out(read_as: ReadAs) -> None:
    content = b"Content-Type: text/plain; format=flowed; delsp=yes\n\nThe po \nnd is full.\n"
    assert [text for _, text, _ in units(read_as("a.eml", content))] == ["The pond is full."]


def test_a_page_without_text_and_a_part_that_cannot_be_read(read_as: ReadAs) -> None:
    mail = message("See below.\n")
    mail.add_alternative(" ", subtype="html")
    page = b"\n--b\nContent-Type: text/html\n\n" + b"<p>" + b"<div>" * 5_000 + b"x\n"
    blank = b"\n--b\nContent-Type: text/html\n\n \n"
    damaged = b"\n--b\nContent-Type: text/plain; charset=utf-8\n\n" + "Café né ".encode() + b"\xd1\n"
    content = b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nText.\n" + blank + page + damaged + b"\n--b--\n"
    document = read_as("a.eml", content)
    assert [text for _, text, _ in units(document)] == ["Text."]
    assert document.note == (
        "2 of 2 files in it cannot be read: a part is nested too deeply (more than 2,048 elements); "
        "a part is not UTF-8 (byte 0xd1 in line 1)"
    )


def test_a_damaged_subject_is_kept_as_it_is(read_as: ReadAs) -> None:
    assert read_as("a.eml", b"Subject: =?utf-8?b?abcde?=\n\nText.").title == "=?utf-8?b?abcde?="
