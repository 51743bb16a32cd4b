"""Conversations for people: every citation whole, and nothing of the texts is markup."""

import re
from datetime import UTC, datetime
from html import unescape

import pytest
from markdown_it import MarkdownIt

from assistant.conversations.export import conversation_html, conversation_markdown, exported
from assistant.render import answer_markdown
from assistant.schema import Abstention, Answer, Conversation, Evidence, Quote, Turn
from ingest.origin import FileState
from ingest.schema import Passage, Selection

WHEN = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
HOSTILE = "<script>alert(1)</script> & *x* _y_ `z` [a](javascript:1) ![i](http://x.org/i.png) | {{ 7 * 7 }} $m$ ~~s~~"
SHA = "c9cab2ccbcbd3e4032bce4b65dbef419baac25eee371545f108374e26a3ce4ca"  # printf 'Walking helps.' | sha256sum


def quote_of(text: str, *, title: str = "A title", url: str | None = None) -> Quote:
    passage = Passage("p", "/texts", "a/b.md", 40, 40 + len(text), text, None, ("Back",), (), "", title)
    return Quote(Evidence(passage, 40, 40 + len(text), 1.0), url, 3, None, FileState.SAME)


def conversation_of(*turns: Turn, name: str = "Walking") -> Conversation:
    return Conversation("id", name, WHEN, turns)


def shown(kind: str, conversation: Conversation) -> str:
    """Return the words that a person reads."""
    html = exported(conversation, kind)
    assert html is not None
    if kind == "md":
        html = MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(html)
    else:
        html = html.split("<body>")[1]
    return " ".join(unescape(re.sub(r"<[^>]*>", "", html)).split())


@pytest.mark.parametrize("kind", ["md", "html"])
def test_a_citation_has_all_that_finds_it_again(kind: str) -> None:
    answer = Answer("Does walking help?", (quote_of("Walking helps.", url="https://example.org/a"),), None, (), 0.9, 7)
    told = shown(kind, conversation_of(Turn(1, "Does it?", answer)))
    assert "Walking Started 2026-03-01 12:30 UTC." in told
    assert "1. Does it? Understood as: Does walking help? Walking helps." in told
    assert "[1] A title · Back · a/b.md · line 3 · https://example.org/a" in told
    assert f"/texts, characters 40–54, run 7, SHA-256 {SHA}" in told


@pytest.mark.parametrize("kind", ["md", "html"])
def test_what_was_asked_within_is_told(kind: str) -> None:
    abstention = Abstention("No passage answers the question well enough.", (), (quote_of("Near."),), 1, 2)
    within = Selection((("/texts", "a_b"),), ("md",))
    told = shown(kind, conversation_of(Turn(1, "Why?", Answer("Why?", (), abstention, (), 0.1, 7, within=within))))
    assert "Searched only: a_b; md files The chosen texts do not answer this. No passage" in told
    assert "Searched 2 passages of the 1 chosen document." in told


@pytest.mark.parametrize("kind", ["md", "html"])
def test_an_abstention_and_a_failure_are_told(kind: str) -> None:
    abstention = Abstention("The texts never mention “ibuprofen”.", ("ibuprofen",), (quote_of("Near."),), 3, 12)
    turns = (Turn(1, "Ibuprofen?", Answer("Ibuprofen?", (), abstention, (), 0.1, 7)), Turn(2, "Why?", failure="broken"))
    told = shown(kind, conversation_of(*turns))
    assert "The texts do not answer this. The texts never mention “ibuprofen”." in told
    assert "Searched 12 passages of 3 documents. The nearest passages, which do not answer it: Near." in told
    assert "2. Why? This did not work: broken" in told


@pytest.mark.parametrize("text", [HOSTILE, "# no heading", "1. no list", "- no list", "+ no", "=== no", "> no quote"])
@pytest.mark.parametrize("kind", ["md", "html"])
def test_nothing_is_markup(kind: str, text: str) -> None:
    quoted = Answer(text, (quote_of(text, title=text, url=f"x:{text}"),), None, (), 0.9, 7)
    abstained = Answer(text, (), Abstention(text, (text,), (quote_of(text),), 1, 1), (), 0.1, 7)
    turns = (Turn(1, text, quoted), Turn(2, text + "?", abstained), Turn(3, text, failure=text))
    told = shown(kind, conversation_of(*turns, name=text))
    assert told.count(text) == 11
    html = conversation_html(conversation_of(*turns, name=text))
    html += (
        MarkdownIt("commonmark")
        .enable(["table", "strikethrough"])
        .render(conversation_markdown(conversation_of(*turns)))
    )
    assert not re.search(r"<(?:script|img|em|del|table|a|hr)\b", html)


LINES = [
    "a\r- b",
    "a\r1. b",
    "a\r# b",
    "a\r---",
    "a\n\n    b",
    "    a",
    "a\n:---",
    "a\x0c:---",
    "a\n\n\n> b ",
    ":---\r:---",
]


@pytest.mark.parametrize("text", LINES)
def test_no_line_of_a_text_begins_markup(text: str) -> None:
    abstained = Answer(text, (), Abstention(text, (), (quote_of(text),), 1, 1), (), 0.1, 7)
    turns = (Turn(1, text, abstained), Turn(2, "Q?", abstained), Turn(3, "Q?", failure=text))
    renderer = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    html = renderer.render(conversation_markdown(conversation_of(*turns, name=text)))
    assert not re.search(r"<(?:li|table|hr|pre|code|h3)\b", html)
    assert re.findall(r"<(h\d)", html) == ["h1", "h2", "h2", "h2"]
    html = renderer.render(answer_markdown(abstained, text))
    assert not re.search(r"<(?:li|table|hr|pre|code|h\d)\b", html)
    words = " ".join(text.split()).replace(">", "&gt;")
    assert f"<strong>{words}</strong>" in html
    assert html.count("<em>") == 1


def test_the_page_needs_nothing_else() -> None:
    html = conversation_html(conversation_of(Turn(1, "Q?", Answer("Q?", (quote_of("A."),), None, (), 0.9, 7))))
    assert "default-src 'none'" in html
    assert not re.search(r"""(?:src|href)=["'](?!data:)""", html)


def test_json_is_one_of_the_kinds_and_others_are_none() -> None:
    conversation = conversation_of(Turn(1, "Q?", failure="f"))
    assert (exported(conversation, "json") or "").startswith('{\n  "format": "cited-conversation"')
    assert exported(conversation, "exe") is None
