"""Line breaks of templates stay out of the page, those of texts stay in."""

import re
from html import unescape

from assistant.schema import Answer, Evidence, Quote, Turn
from ingest.origin import FileState
from ingest.schema import CorpusDescription, Passage
from ui.page.conversation import conversation_html
from ui.page.sources import sources_html

TEXT = "\n  First.\n\n  Second \n"


def turn() -> Turn:
    passage = Passage("p", "r", "a.md", 0, len(TEXT), TEXT, None, ("Part",), (), "s", "Title")
    quote = Quote(Evidence(passage, 0, len(TEXT), 1.0), "https://example.org", 1, None, FileState.CHANGED)
    return Turn(1, "Q?", Answer("Q?", (quote,), None, (), 0.9, 1))


def test_no_white_space_comes_in_around_a_quote() -> None:
    for html in (sources_html((turn(),)), conversation_html((turn(),), CorpusDescription())):
        quoted = re.search(r"<blockquote[^>]*>(?:<mark>)?([^<]*)(?:</mark>)?</blockquote>", html)
        assert quoted and unescape(quoted[1]) == TEXT
        around = html.replace(quoted[1], "")
        assert re.search(r">\s*\n|\n\s*<", around) is None


def test_a_line_break_inside_a_sentence_is_one_space() -> None:
    assert "<mark>The quote is marked in it.</mark> And what comes after.</p></div>" in sources_html(())


def test_a_line_break_between_attributes_is_one_space() -> None:
    assert '" aria-haspopup="dialog" aria-label="Open source: Title">Open source</button>' in sources_html((turn(),))
