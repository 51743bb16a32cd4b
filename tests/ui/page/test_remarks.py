"""Mended questions say so and can be undone; remarks are shown without anything quoted."""

import re
from datetime import UTC, datetime

from assistant.conversations.export import conversation_html, conversation_markdown
from assistant.render import answer_json, answer_markdown, answer_text
from assistant.schema import Abstention, Answer, Conversation, Correction, LocatedText, Outline, Remark, Turn
from ingest.schema import CorpusDescription, Document, Heading
from ui.page.conversation import conversation_html as page_html
from ui.page.places import MarkedSpan
from ui.page.reader import reader_html
from ui.page.sources import sources_html

WHEN = datetime(2026, 3, 1, tzinfo=UTC)
NOTHING = Abstention("Nothing says so.", (), (), 1, 2)
MENDED = Answer("sciatica symptoms", (), NOTHING, (), 0.1, 1, (Correction("siatica", "sciatica"),))
TEXT = "# The <hip>\n\n## Care & rest\n\nRest.\n"
HEADING = LocatedText("texts", "hip.md", 16, 27, "Care & rest", 3, None)
LISTED = Remark("1 text.", (Outline("texts", "hip.md", "The <hip>", "https://example.org", (HEADING,), 2),))
DESCRIPTION = CorpusDescription(notice="No advice.")


def remarked(remark: Remark) -> Answer:
    return Answer("What is in here?", (), None, (), 0.0, 1, (), remark)


def shown(answer: Answer, question: str = "siatica symptoms") -> str:
    return page_html((Turn(1, question, answer),), DESCRIPTION)


def test_a_mended_question_can_be_asked_as_typed_with_one_click() -> None:
    html = shown(MENDED)
    assert 'Searched for: <span dir="auto">sciatica symptoms</span>' in html
    assert re.search(r'class="typed" data-question="siatica symptoms"', html)


def test_the_command_says_what_was_searched_for() -> None:
    assert answer_text(MENDED).plain.splitlines()[0] == "Searched for: sciatica symptoms"
    assert answer_json(MENDED)["corrections"] == [{"typed": "siatica", "text": "sciatica"}]


def test_a_remark_is_shown_alone() -> None:
    html = shown(remarked(Remark("Hello!")), "hello")
    assert 'data-state="remarked"' in html
    assert "Hello!" in html
    for word in ("quote", "No advice.", "Useful", "do not answer"):
        assert word not in html
    assert "No passages found" not in sources_html((Turn(1, "hello", remarked(Remark("Hello!"))),))


def test_listed_sources_and_headings_open_in_their_places() -> None:
    html = shown(remarked(LISTED), "What is in here?")
    assert "The &lt;hip&gt;" in html
    assert "Care &amp; rest" in html
    assert "2 more headings" in html
    assert f"at={MarkedSpan.of(16, 'Care & rest')}" in html


def test_the_reader_opens_at_a_heading() -> None:
    document = Document(
        "hip.md",
        "The hip",
        None,
        TEXT,
        "",
        headings=(Heading(1, "The <hip>", 0, 11), Heading(2, "Care & rest", 13, 27)),
    )
    html = reader_html(document, [MarkedSpan.of(16, "Care & rest")])
    assert html.count("data-asked") == 1
    assert 'id="reader-heading-1" tabindex="-1" dir="auto" data-asked' in html


def test_remarks_are_printed_copied_and_exported() -> None:
    answer = remarked(LISTED)
    assert answer_text(answer, "No advice.").plain == "1 text.\n\nThe <hip>  hip.md\n  - Care & rest\n  … 2 more"
    assert "- **The \\<hip\\>** · hip.md\n  - Care \\& rest\n  - … 2 more" in answer_markdown(answer)
    outline = answer_json(answer)["outlines"]
    assert isinstance(outline, list)
    assert outline[0]["headings"] == [{"text": "Care & rest", "start": 16, "end": 27, "line": 3, "page": None}]
    conversation = Conversation("id", "name", WHEN, (Turn(1, "siatica", MENDED), Turn(2, "What is in here?", answer)))
    assert "Searched for: sciatica symptoms" in conversation_markdown(conversation)
    assert "Care \\& rest" in conversation_markdown(conversation)
    assert "Searched for: sciatica symptoms" in conversation_html(conversation)
    assert "Care &amp; rest" in conversation_html(conversation)
