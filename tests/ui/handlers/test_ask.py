"""The Ask tab's renderers: what people read is escaped, marked to the character and never a wrong link."""

import re
import threading
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from html import unescape
from urllib.parse import parse_qs

import pytest
from markupsafe import Markup

from assistant.conversations.export import conversation_html as exported_html
from assistant.conversations.export import conversation_markdown
from assistant.render import answer_json, answer_markdown, answer_text
from assistant.schema import Abstention, Answer, Conversation, Evidence, Quote, Remark, ScoredPassage, Turn, Turns
from ingest.errors import IndexMissing, IndexStale, SourceUnreadable
from ingest.origin import FileState
from ingest.schema import EVERYTHING, CorpusDescription, Document, Heading, Passage, Selection
from ingest.settings import Settings
from ui.handlers import ask
from ui.handlers.ask import Stop
from ui.page.conversation import conversation_html, header_html, welcome_html
from ui.page.places import MarkedSpan, fingerprint, web_address
from ui.page.reader import reader_html
from ui.page.sources import NEAREST, UNCERTAIN, further_html, sources_html

DESCRIPTION = CorpusDescription(
    "Back <and> hip", "About backs.", "Not <b>advice</b>.", ("Does it hurt?", "Why <i>me</i>?")
)
HOSTILE = "<script>alert(1)</script> & \"quotes\" 'x' {{value}} ${value} `**md**` [a](javascript:1)"


def quote_in(
    text: str,
    quoted: str,
    *,
    url: str | None = None,
    file: FileState = FileState.SAME,
    heading: tuple[str, ...] = (),
    page: int | None = None,
    line: int | None = 3,
    title: str = "A title",
    at: int = 100,
    recognised: bool = False,
) -> Quote:
    passage = Passage("id", "root", "a/b.md", at, at + len(text), text, page, heading, (), "sha", title, recognised)
    start = at + text.index(quoted)
    return Quote(Evidence(passage, start, start + len(quoted), 1.0), url, line, page, file)


def answer_of(*quotes: Quote) -> Answer:
    return Answer("Q?", quotes, None, ("a/b.md",), 0.9, 7)


def abstention_of(*nearest: Quote, missing: tuple[str, ...] = ()) -> Answer:
    return Answer("Q?", (), Abstention("Nothing carries <this>.", missing, nearest, 1, 1234), (), 0.1, 7)


def sources_of(answer: Answer) -> str:
    return sources_html((Turn(1, answer.question, answer),))


def conversation_of(answer: Answer) -> str:
    return conversation_html((Turn(1, answer.question, answer),), DESCRIPTION)


def saved(answer: Answer) -> Conversation:
    return Conversation("id", "Q?", datetime(2026, 1, 1, tzinfo=UTC), (Turn(1, answer.question, answer),))


def marked(html: str) -> list[str]:
    return [plain(found) for found in re.findall(r"<mark[^>]*>(.*?)</mark>", html, re.DOTALL)]


def plain(html: str) -> str:
    return unescape(re.sub(r"<[^>]*>", "", html))


class Texts:
    """An assistant with one answer, or with one error."""

    def __init__(self, answer: Answer | Exception) -> None:
        self.answer = answer
        self.histories: list[Sequence[str]] = []

    def ask(
        self, question: str, history: Sequence[str] = (), *, as_typed: bool = False, within: Selection = EVERYTHING
    ) -> Answer:
        self.histories.append(history)
        self.as_typed = as_typed
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def description(self) -> CorpusDescription:
        if isinstance(self.answer, Exception):
            raise self.answer
        return DESCRIPTION

    def document(self, root: str, source: str) -> Document:
        if source != "a.md":
            raise SourceUnreadable("no such source", source)
        return DOCUMENT

    def search(self, question: str, limit: int = 10, *, within: Selection = EVERYTHING) -> list[ScoredPassage]:
        passages = [
            Passage(f"p{at}", "/nowhere", "a.md", at, at + 4, DOCUMENT.text[at : at + 4], None, (), (), "s", "T")
            for at in range(0, 40, 4)
        ]
        return [ScoredPassage(passage, 1.0) for passage in passages[:limit]]

    def quote(self, scored: Sequence[ScoredPassage]) -> list[Quote]:
        passages = [each.passage for each in scored]
        evidence = [Evidence(passage, passage.start, passage.end, 1.0) for passage in passages]
        return [Quote(each, None, DOCUMENT.line(each.start), None, FileState.GONE) for each in evidence]


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        (f"Before. {HOSTILE}. After.", HOSTILE),
        ("a.*b (a.*b) [a.*b]", "(a.*b)"),
        ("المقدمة. العلاج يساعد. النهاية.", "العلاج يساعد."),
        ("naïve 🦴🏽 e\u0301 “quoted” 👩‍👩‍👧 end", "🏽 e\u0301 “quoted” 👩‍👩‍👧"),
        ("same. same. same.", "same."),
        ("x", "x"),
    ],
)
def test_card_marks_exactly_the_quote_and_shows_the_whole_passage(text: str, quoted: str) -> None:
    html = sources_of(answer_of(quote_in(text, quoted)))
    passage = re.search(r'<blockquote class="passage"[^>]*>(.*?)</blockquote>', html, re.DOTALL)
    assert passage
    assert marked(html) == [quoted]
    assert plain(passage[1]) == text
    assert plain(passage[1].split("<mark>")[0]) == text[: text.index(quoted)]


def test_each_quote_of_one_passage_has_its_own_card_and_number_in_order() -> None:
    text = "First one. Second one. Third one."
    quotes = [quote_in(text, part) for part in ("First one.", "Second one.", "Third one.")]
    sources, conversation = sources_of(answer_of(*quotes)), conversation_of(answer_of(*quotes))
    assert re.findall(r'id="(card-1-\d)"', sources) == ["card-1-1", "card-1-2", "card-1-3"]
    assert marked(sources) == ["First one.", "Second one.", "Third one."]
    assert re.findall(r'href="#(card-1-\d)"[^>]*>\[(\d)\]', conversation) == [
        ("card-1-1", "1"),
        ("card-1-2", "2"),
        ("card-1-3", "3"),
    ]
    assert "3 quotes from 1 source" in conversation


@pytest.mark.parametrize(
    "url",
    ["javascript:alert(1)", "JAVASCRIPT:1", "java\nscript:1", "data:text/html,x", "file:///etc/passwd",
     "//x.org", "x.org/a", "http://", "http://[", "", None],
)  # fmt: skip
def test_only_web_addresses_are_linked(url: str | None) -> None:
    assert web_address(url) is None
    html = sources_of(answer_of(quote_in("A text.", "A text.", url=url)))
    assert 'target="_blank"' not in html


@pytest.mark.parametrize(
    ("url", "text", "expected"),
    [
        ("https://x.org/a", "One-two, & three", "https://x.org/a#:~:text=One%2Dtwo%2C%20%26%20three"),
        ("http://x.org/a?b=1#c", "a\n b", "http://x.org/a?b=1#c:~:text=a%20b"),
        ("https://x.org", "a b c d e f g h i j k", "https://x.org#:~:text=a%20b%20c%20d%20e,g%20h%20i%20j%20k"),
        ("https://x.org/é", "é", "https://x.org/é#:~:text=%C3%A9"),
        ("HTTPS://x.org/a", "", "https://x.org/a"),
    ],
)
def test_web_address_leads_to_the_text(url: str, text: str, expected: str) -> None:
    assert web_address(url, text) == expected


def test_card_names_the_place() -> None:
    html = sources_of(answer_of(quote_in("A.", "A.", heading=("A title", "Part", "Section"), page=1234, line=None)))
    assert "Part › Section" in html
    assert "A title › Part" not in html
    assert plain(html).count("a/b.md · page 1,234") == 1
    assert "line" not in plain(html)


@pytest.mark.parametrize(
    ("state", "note"),
    [
        (FileState.SAME, None),
        (FileState.CHANGED, "This file has changed since it was ingested."),
        (FileState.GONE, "This file no longer exists."),
    ],
)
def test_card_tells_a_changed_file(state: FileState, note: str | None) -> None:
    html = sources_of(answer_of(quote_in("A.", "A.", file=state)))
    assert ('class="state"' in html) == (note is not None)
    assert note is None or note in html


def test_abstention_is_labelled_and_helps() -> None:
    near = quote_in("Near but no answer.", "Near")
    html = conversation_of(abstention_of(near, near, missing=("ibuprofen", "mg<b>")))
    text = plain(html)
    assert 'data-state="abstained"' in html
    assert "The texts do not answer this" in text
    assert "Nothing carries <this>." in text
    assert "ibuprofen" in text and "mg<b>" in text
    assert "Searched all 1 document, 1,234 passages." in text
    assert 'href="#sources-1"' in html and "See the 2 nearest passages" in text
    assert re.findall(r'class="example"[^>]*>(.*?)</button>', html) == ["Does it hurt?", "Why &lt;i&gt;me&lt;/i&gt;?"]


def test_nearest_passages_are_open_and_never_marked() -> None:
    html = sources_of(abstention_of(quote_in("Near but no answer.", "Near")))
    assert '<details class="card nearest" open><summary><span class="tag">nearest passage, not an answer' in html
    assert marked(html) == []
    assert "Near but no answer." in html


def test_abstention_without_anything_near() -> None:
    html = sources_of(abstention_of())
    assert "No passages found" in html
    assert "See the" not in conversation_of(abstention_of())
    assert "Words that occur in no text" not in conversation_of(abstention_of())


def test_notice_stands_under_answers_and_abstentions_only() -> None:
    turns = [
        Turn(1, "Q", answer_of(quote_in("A.", "A."))),
        Turn(2, "Q", abstention_of()),
        Turn(3, "Q", failure="f"),
        Turn(4, "Q"),
    ]
    assert [conversation_html((turn,), DESCRIPTION).count('class="notice"') for turn in turns] == [1, 1, 0, 0]
    assert "Not &lt;b&gt;advice&lt;/b&gt;." in conversation_html((turns[0],), DESCRIPTION)


def test_only_the_latest_turn_shows_its_sources() -> None:
    answer = answer_of(quote_in("A.", "A."))
    html = sources_html((Turn(4, "Q", answer), Turn(5, "Q", answer)))
    assert re.findall(r'<section class="sources" id="(sources-\d)"[^>]*?( hidden)?>', html) == [
        ("sources-4", " hidden"),
        ("sources-5", ""),
    ]
    assert 'id="card-4-1"' in html and 'id="card-5-1"' in html


def test_lines_wrapped_by_hand_join_to_the_eye_and_no_character_is_lost() -> None:
    long = "A line that someone wrapped by hand at seventy characters or there"
    text = f"{long}\nabouts, and its next.\n\n{long}\n- an item\n{long}\n  indented\nshort\nline"
    html = sources_of(answer_of(quote_in(text, text[10:80])))
    passage = re.search(r"<blockquote[^>]*>(.*?)</blockquote>", html, re.DOTALL)
    assert passage and plain(passage[1]) == text
    assert html.count('<span class="wrap">\n</span>') == 1
    assert marked(html) == [text[10:80]]


def test_half_a_surrogate_pair_is_made_visible() -> None:
    html = conversation_html((Turn(1, "a \ud800 b"),), DESCRIPTION)
    assert "a \\ud800 b" in html
    html.encode("utf-8")


TEXT = "---\nmeta\n# One\n\nFirst <b>.\n  indented\n\n## Two\nSecond.\n\n"
HEADINGS = tuple(
    Heading(level, line.lstrip("# "), TEXT.index(line), TEXT.index(line) + len(line))
    for level, line in ((1, "# One"), (2, "## Two"))
)
DOCUMENT = Document("a/b.md", "Title", None, TEXT, "0", headings=HEADINGS)


def test_reader_shows_all_text_with_headings_and_the_mark() -> None:
    start = TEXT.index("First")
    html = reader_html(DOCUMENT, [MarkedSpan.of(start, "First <b>.")])
    assert marked(html) == ["First <b>."]
    assert re.findall(r'<(h\d) id="reader-heading-\d"[^>]*>(.*?)</h\d>', html) == [("h3", "One"), ("h4", "Two")]
    assert "line 5" in html
    shown = plain(re.sub(r"</?h\d[^>]*>", "\n", html.split('<div class="text">')[1]))
    assert shown.split() == TEXT.replace("#", "").split()
    assert "\n  indented" in shown


def test_reader_of_an_empty_span_shows_the_text_without_a_mark_or_a_note() -> None:
    html = reader_html(DOCUMENT, [])
    assert marked(html) == [] and "has changed since" not in html and "Second." in html


@pytest.mark.parametrize(("start", "end"), [(0, 10), (-3, 2), (0, 10_000), (9, 3)])
def test_reader_marks_nothing_where_the_quote_no_longer_stands(start: int, end: int) -> None:
    html = reader_html(DOCUMENT, [MarkedSpan(start, end, fingerprint("First <b>."))])
    assert marked(html) == []
    assert "The quote is no longer in this place." in html
    assert "Second." in html


def test_reader_shows_a_document_without_text() -> None:
    empty = Document("a", "T", None, "", "0", verbatim=False)
    assert '<div class="text"></div>' in reader_html(empty, [MarkedSpan(0, 1, "")])


def states(steps: Iterable[Turns]) -> list[list[tuple[int, bool, str]]]:
    return [[(turn.number, turn.pending, turn.failure) for turn in turns] for turns in steps]


def test_respond_is_pending_then_answered() -> None:
    answer = answer_of(quote_in("A.", "A."))
    first = list(ask.respond(Texts(answer), " Q? \n", (), Stop()))
    assert states(first) == [[(1, True, "")], [(1, False, "")]]
    assert first[-1][0].question == "Q?" and first[-1][0].answer is answer
    assert states(ask.respond(Texts(answer), "R?", first[-1], Stop()))[-1] == [(1, False, ""), (2, False, "")]


def test_a_question_is_asked_with_those_it_may_lean_on_or_as_typed() -> None:
    texts = Texts(abstention_of())
    alone = [Turn(number, each, replace(abstention_of(), question=each)) for number, each in enumerate("AB", 1)]
    leaning = Turn(3, "and yoga?", replace(abstention_of(), question="chronic pain: and yoga?"))
    failed = Turn(4, "It failed?", failure="no index")
    for before, as_typed in ((alone, False), ([*alone, leaning, failed], False), (alone, True)):
        list(ask.respond(texts, "why?", tuple(before), Stop(), as_typed=as_typed))
        assert texts.as_typed == as_typed
    assert texts.histories == [("B",), ("B", "and yoga?", "It failed?"), ()]


def test_a_question_understood_otherwise_than_typed_says_so_and_can_be_asked_as_typed() -> None:
    answer = replace(abstention_of(), question="<i>: and  yoga?")
    html = conversation_html((Turn(1, 'and "yoga"?', answer),), DESCRIPTION)
    assert 'Understood as: <span dir="auto">&lt;i&gt;: and  yoga?</span>' in html
    assert 'class="typed" data-question="and &#34;yoga&#34;?">Search for exactly what I typed</button>' in html
    assert "Understood as" not in conversation_html((Turn(1, "<i>: and yoga?", answer),), DESCRIPTION)


def test_respond_tells_an_error_in_the_conversation() -> None:
    turns = list(ask.respond(Texts(IndexStale("old index", "/data", "run cited ingest")), "Q?", (), Stop()))[-1]
    assert states([turns]) == [[(1, False, "data: old index; run cited ingest")]]
    html = conversation_html(turns, DESCRIPTION)
    assert "This did not work" in html and "run cited ingest" in html


def test_a_question_before_any_text_is_told_where_to_put_some() -> None:
    turns = list(ask.respond(Texts(IndexMissing("no index")), "Q?", (), Stop()))[-1]
    assert states([turns]) == [[(1, False, ask.NO_TEXTS)]]


def test_fault_ends_the_waiting_and_leaves_no_pending_turn_behind() -> None:
    steps = ask.respond(Texts(ZeroDivisionError()), "Q?", (), Stop())
    pending = next(steps)
    with pytest.raises(ZeroDivisionError):
        next(steps)
    assert states([ask.broken(pending)]) == [[(1, False, ask.FAULT)]]
    assert len(next(ask.respond(Texts(ZeroDivisionError()), "Q?", pending, Stop()))) == 1


def test_a_stop_ends_the_waiting_at_once_and_its_answer_is_not_shown_later() -> None:
    stop, release = Stop(), threading.Event()

    class Slow(Texts):
        def ask(
            self, question: str, history: Sequence[str] = (), *, as_typed: bool = False, within: Selection = EVERYTHING
        ) -> Answer:
            release.wait(20)
            return super().ask(question, history)

    steps = ask.respond(Slow(abstention_of()), "Q?", (), stop)
    assert next(steps)[0].pending
    stop.request()
    assert states(steps) == [[(1, False, ask.STOPPED)]]
    release.set()
    assert states(ask.respond(Slow(abstention_of()), "R?", (), stop))[-1] == [(1, False, "")]


def test_a_stopped_question_can_be_asked_again() -> None:
    html = conversation_html((Turn(1, "Why <me>?", failure=ask.STOPPED),), DESCRIPTION)
    assert 'data-state="stopped"' in html and "This did not work" not in html
    assert 'class="example" data-question="Why &lt;me&gt;?">Ask again' in html


def test_further_passages_are_not_those_that_were_shown() -> None:
    found = ask.further(Texts(abstention_of()), "Q?", {"p4", "p0"})
    assert [quote.evidence.passage.id for quote in found] == ["p8", "p12", "p16", "p20", "p24"]
    assert [(quote.text, quote.line, quote.file) for quote in found][0] == ("\n# O", 2, FileState.GONE)
    html = further_html(found)
    assert html.count('<span class="tag">found, not quoted</span>') == 5 and "<mark" not in html
    assert plain(further_html(())) == "No further passages found."


def test_fold_of_further_passages_asks_for_others_than_those_shown() -> None:
    html = sources_of(answer_of(quote_in("A.", "A.")))
    query = re.search(r'class="further" data-query="([^"]*)"', html)
    assert query and parse_qs(unescape(query[1])) == {"question": ["Q?"], "but": ["id"]}
    assert "Further passages, not quoted" in html
    assert "further" not in sources_html((Turn(1, "Q", failure="f"),))


def test_an_answer_is_copied_with_its_places() -> None:
    quote = quote_in("A *text* with <b>.", "A *text* with <b>.", url="https://x.org/a_b", heading=("Part",))
    html = conversation_of(answer_of(quote))
    text, markdown = (unescape(found) for found in re.findall(r'data-copy="([^"]*)"', html))
    assert text == (
        "Q?\n\n[1] A *text* with <b>.\n    A title · Part · a/b.md · line 3 · https://x.org/a_b\n\nNot <b>advice</b>.\n"
    )
    assert markdown == (
        "**Q?**\n\n> A \\*text\\* with \\<b\\>.\n\n"
        "\\[1\\] A title · Part · a/b.md · line 3 · https://x.org/a\\_b\n\n*Not \\<b\\>advice\\</b\\>.*\n"
    )


def test_an_abstention_is_copied_as_one() -> None:
    html = conversation_of(abstention_of(quote_in("1. Near.", "1. Near.")))
    text, markdown = (unescape(found) for found in re.findall(r'data-copy="([^"]*)"', html))
    assert "The texts do not answer this. Nothing carries <this>." in text
    assert "The nearest passages, which do not answer it:\n\n> 1\\. Near.\n\nA title" in markdown


def test_the_latest_answer_says_where_to_look_for_further_questions() -> None:
    asked = ("Q", "Does it hurt?", "x" * 101)
    answered = [Turn(n, q, answer_of(quote_in("A.", "A."))) for n, q in enumerate(asked, 1)]
    html = conversation_html(tuple(answered), DESCRIPTION)
    (query,) = re.findall(r'data-onward="([^"]*)"', html)
    expected = {"run": ["7"], "root": ["root"], "source": ["a/b.md"], "start": ["100"], "asked": ["Q", "Does it hurt?"]}
    assert parse_qs(unescape(query)) == expected
    assert 'class="example"' not in html
    assert "data-onward" not in conversation_html((*answered, Turn(4, "R")), DESCRIPTION)


def test_examples_are_offered_below_a_remark_and_an_abstention() -> None:
    remark = Answer("Hi", (), None, (), 0.0, 7, remark=Remark("Hello."))
    html = conversation_html((Turn(1, "Does it hurt?", remark),), DESCRIPTION)
    assert html.count("You could also ask") == 1
    assert re.findall(r'class="example"[^>]*>(.*?)</button>', html) == ["Why &lt;i&gt;me&lt;/i&gt;?"]
    assert "Questions that the texts answer" in conversation_of(abstention_of())


@pytest.mark.parametrize(
    ("question", "size"),
    [
        ("x" * 120, ""),
        ("x" * 121, ' class="long"'),
        ("one\ntwo", ' class="long"'),
        ("x" * 481, ' class="long folded"'),
        ("line\n" * 5, ' class="long folded"'),
    ],
)
def test_a_long_question_is_set_as_text_and_a_longer_one_folded(question: str, size: str) -> None:
    html = conversation_html((Turn(1, question, failure="f"),), DESCRIPTION)
    assert f'<h2 id="question-1" dir="auto"{size}>' in html
    assert ("Show all" in html) == ("folded" in size)


def test_a_card_says_that_its_quote_is_the_whole_paragraph() -> None:
    said = "The quote is the whole paragraph."
    assert said in sources_of(answer_of(quote_in("Alone.\n", "Alone.")))
    assert said not in sources_of(answer_of(quote_in("One. Two.", "One.")))


def test_the_form_of_a_test_prompt_offers_quotes_or_nearest_passages() -> None:
    quote = quote_in("First. The hip <hurts> & heals. Last.", "The hip <hurts> & heals.")
    answered, abstained = (
        conversation_of(each).split('class="saving"')[1] for each in (answer_of(quote), abstention_of(quote))
    )
    assert re.findall(r'data-kind="(\w+)"', answered) == ["quote", "abstain"]
    assert re.findall(r'value="([^"]*)"', answered) == ["The hip &lt;hurts&gt; &amp; heals."]
    assert re.findall(r'data-kind="(\w+)"', abstained) == ["passage", "abstain"]
    assert re.findall(r'value="([^"]*)"', abstained) == ["First. The hip &lt;hurts&gt; &amp; heals. Last."]
    assert "checked" in abstained and "checked" not in answered


def test_words_that_the_texts_lack_are_marked_in_the_question_as_typed() -> None:
    answer = Answer("x", (), Abstention("They lack “mg”.", ("mg", "a+b<"), (), 1, 1), (), 0.1, 7)
    html = conversation_html((Turn(1, "mg a+b< omg?", answer),), DESCRIPTION)
    assert '<span class="lacking">mg</span> <span class="lacking">a+b&lt;</span> omg?</h2>' in html
    assert re.findall(r'<ul class="terms">(.*?)</ul>', html) == ["<li><bdi>a+b&lt;</bdi></li>"]


def test_conversation_is_bounded_and_numbers_go_on() -> None:
    turns: Turns = ()
    for _ in range(ask.MOST_TURNS + 5):
        *_, turns = ask.respond(Texts(abstention_of()), "Q?", turns, Stop())
    assert [turn.number for turn in turns] == list(range(6, ask.MOST_TURNS + 6))


@pytest.mark.parametrize("question", ["", " \n\t"])
def test_empty_question_gets_a_hint(question: str) -> None:
    assert "Type a question" in ask.hint(question)


def test_longest_question() -> None:
    assert ask.hint("x" * 10_000) == ""
    assert "10,001 characters" in ask.hint("x" * 10_001)


def test_a_fault_of_the_index_is_told_on_the_start_page() -> None:
    description, failure = ask.described(Texts(IndexStale("the index is old", "", "run cited ingest --rebuild")))
    assert "the index is old; run cited ingest --rebuild" in welcome_html(description, failure)
    assert "no texts here yet" in welcome_html(description, empty=True)
    assert ask.NAME in header_html(description, (), Settings(), Markup())


def test_sources_that_agree_are_said_to() -> None:
    one, other = (
        quote_in("Heat helps backs.", "Heat helps backs."),
        quote_in("Heat helps a back.", "Heat helps a back."),
    )
    passage = replace(other.evidence.passage, source="c.md", sha="other")
    elsewhere = replace(other, evidence=replace(other.evidence, passage=passage))
    assert "[1] and [3] say the same" in conversation_of(answer_of(one, quote_in("No.", "No."), elsewhere))
    assert answer_json(answer_of(one, elsewhere))["agreements"] == [[1, 2]]
    assert "say the same" not in conversation_of(answer_of(one, other))


def test_text_recognised_in_an_image_is_marked_everywhere() -> None:
    answer = answer_of(quote_in("The quote.", "The quote.", page=2, line=None, recognised=True))
    assert "page 2 · read by OCR" in answer_markdown(answer)
    assert "page 2, read by OCR" in conversation_of(answer)
    assert "page 2, read by OCR" in sources_of(answer)
    quotes = answer_json(answer)["quotes"]
    assert isinstance(quotes, list) and quotes[0]["recognised"] is True
    assert "OCR" not in conversation_of(answer_of(quote_in("The quote.", "The quote.", page=2)))


def test_a_place_that_may_answer_is_not_labelled_as_one_that_does_not() -> None:
    nearest = tuple(quote_in(text, text, title=text) for text in ("Rest may help.", "Heat helps."))
    unsure = replace(abstention_of(*nearest), abstention=Abstention("Look.", (), nearest, 1, 9, uncertain=True))
    for answer, verdict, split in ((unsure, "This may be it.", 1), (abstention_of(*nearest), "do not answer this.", 0)):
        for told in (answer_markdown(answer), answer_text(answer).plain, conversation_markdown(saved(answer))):
            told = told.replace("\\", "")
            first, second, label = (told.index(part) for part in ("Rest may", "Heat helps", "which do not answer it"))
            assert verdict in told and (first < label < second if split else label < first < second)
        html = exported_html(saved(answer))
        assert html.count("which do not answer it") == 1 and verdict in html
        assert sources_of(answer).count(NEAREST) == 2 - split
        assert sources_of(answer).count(UNCERTAIN) == split


def test_answer_json_of_quotes() -> None:
    text = "Before. The quote. After."
    found = answer_json(answer_of(quote_in(text, "The quote.", heading=("One", "Two"), url="https://x.org", page=2)))
    assert found == {
        "question": "Q?",
        "state": "answered",
        "abstained": False,
        "reason": None,
        "missing_terms": [],
        "quotes": [
            {
                "source": "a/b.md",
                "title": "A title",
                "text": "The quote.",
                "start": 108,
                "end": 118,
                "line": 3,
                "page": 2,
                "recognised": False,
                "heading": "One › Two",
                "url": "https://x.org",
                "root": "root",
                "file": "same",
                "also": [],
                "part_of_list": False,
            }
        ],
        "agreements": [],
        "ranked": ["a/b.md"],
        "nearest": [],
        "gate_score": 0.9,
        "run": 7,
        "corrections": [],
        "remark": None,
        "open_parts": [],
        "within": None,
        "hint": "",
        "outlines": [],
    }


def test_answer_json_of_an_abstention() -> None:
    found = answer_json(abstention_of(quote_in("Near.", "Near.", line=None), missing=("ibuprofen",)))
    assert found["abstained"] is True
    assert found["reason"] == "Nothing carries <this>."
    assert found["missing_terms"] == ["ibuprofen"]
    assert found["quotes"] == [] and found["ranked"] == []
    assert isinstance(found["nearest"], list) and found["nearest"][0]["text"] == "Near."
    assert found["nearest"][0]["heading"] is None and found["nearest"][0]["line"] is None
