import logging
from collections.abc import Callable

import pytest

from ingest.errors import SourceUnreadable
from ingest.readers.web import html
from ingest.schema import Document

ReadAs = Callable[[str, str | bytes], Document]
Refused = Callable[[str, str | bytes], SourceUnreadable]


def quotes(document: Document) -> list[str]:
    return [document.text[block.start : block.end] for block in document.blocks]


def headings(document: Document) -> list[tuple[int, str]]:
    return [(heading.level, heading.title) for heading in document.headings]


PAGE = """<!DOCTYPE html>
<html><head><title>Back pain | The Site</title>
<link rel="canonical" href="https://e.org/back"><meta property="og:url" content="https://e.org/other">
<script>var hidden = 1;</script><style>p { color: red }</style></head>
<body><nav><ul><li><a href="/">Home</a></li><li><a href="/a">About us</a></li></ul></nav>
<h1>Back <em>pain</em></h1>
<p>Most back pain is <b>harm</b>less, says
   <a href="/n">the newsletter</a>.<!-- hidden --><br>It passes.</p>
<h2>What helps &amp; what not</h2>
<ul><li>Walking</li><li>Swimming<ul><li>indoors</li></ul>in summer</li></ul>
<table><thead><tr><th>Drug</th><th>Dose</th></tr></thead>
<tr><td>A</td><td><p>1 mg</p></td></tr><tr><td colspan="2">none</td></tr></table>
<pre>first
  second</pre>
<p>Same.</p><p>Same.</p>
<footer>Copyright by nobody</footer></body></html>
"""


def test_a_page_as_headings_and_blocks(read_as: ReadAs) -> None:
    document = read_as("a.html", PAGE)
    assert headings(document) == [(1, "Back pain"), (2, "What helps & what not")]
    assert quotes(document) == [
        "Most back pain is harmless, says the newsletter.\nIt passes.",
        "Walking",
        "Swimming",
        "indoors",
        "in summer",
        "Drug: A | Dose: 1 mg",
        "none",
        "first\n  second",
        "Same.",
        "Same.",
    ]
    kinds = ["paragraph", *["item"] * 4, "row", "row", "code", "paragraph", "paragraph"]
    assert [block.kind for block in document.blocks] == kinds
    assert (document.title, document.url) == ("Back pain", "https://e.org/back")
    assert not document.verbatim
    assert document.line(0) is None


def test_spans_by_hand(read_as: ReadAs) -> None:
    document = read_as("a.htm", "<h1>Öl 🦴</h1><p>One.<p>Two.")
    assert document.text == "Öl 🦴\n\nOne.\n\nTwo."
    assert [(h.start, h.end) for h in document.headings] == [(0, 4)]
    assert [(b.start, b.end, b.apart) for b in document.blocks] == [(6, 10, False), (12, 16, False)]


def test_text_outside_of_any_element(read_as: ReadAs) -> None:
    assert quotes(read_as("a.html", "Rest <i>helps</i>.<div>Walk.</div>Swim.")) == ["Rest helps.", "Walk.", "Swim."]


def test_two_line_breaks_separate_paragraphs(read_as: ReadAs) -> None:
    assert quotes(read_as("a.html", "<p>One<br>more<br> <br/>Two</p>")) == ["One\nmore", "Two"]


def test_a_layout_table_is_not_a_row(read_as: ReadAs) -> None:
    source = "<table><tr><td>Left<table><tr><td>a</td><td></td><td>b</td></tr></table></td><td>Right</td></tr></table>"
    assert quotes(read_as("a.html", source)) == ["Left", "a | b", "Right"]


def test_apparent_navigation_is_kept_if_there_is_nothing_else(read_as: ReadAs) -> None:
    assert quotes(read_as("a.html", "<body><nav><p>Only this.</p></nav></body>")) == ["Only this."]


def test_a_linked_list_item_and_a_marked_article_are_kept(read_as: ReadAs) -> None:
    source = (
        "<body class='nav'><article class='sidebar'><h1>T</h1><p>Long enough to be content, this sentence is.</p>"
        "<p><a href='/x'>A whole sentence may be a link.</a></p></article></body>"
    )
    assert len(quotes(read_as("a.html", source))) == 2


def test_a_row_of_links_is_a_menu_and_one_link_is_not(read_as: ReadAs) -> None:
    menu = "<div><a href='/'>Home</a></div><div><a href='/'>News</a></div><div><a href='/'>About</a></div>"
    source = f"{menu}<p>Content.</p><ul><li><a href='/x'>Linked item</a></li></ul>"
    assert quotes(read_as("a.html", source)) == ["Content.", "Linked item"]


def test_titles_of_other_pages_are_a_menu_even_as_questions_and_cries(read_as: ReadAs) -> None:
    titles = ("Allergic to nuts?", "Ten tips for spring!", "Our best soups", "How to sleep...")
    menu = "".join(f"<li><a href='/{number}'>{title}</a></li>" for number, title in enumerate(titles))
    source = f"<p>Content.</p><ul>{menu}</ul><p>More content.</p><p><a href='/x'>What helps?</a></p><p>Rest.</p>"
    assert quotes(read_as("a.html", source)) == ["Content.", "More content.", "What helps?", "Rest."]


def test_what_trafilatura_judges_content_is_kept_anywhere(read_as: ReadAs) -> None:
    texts = [f"A long sentence of real content stands in a box, and its number is {number}." for number in range(9)]
    paragraphs = "".join(f"<p>{text}</p>" for text in texts)
    assert quotes(read_as("a.html", f"<p>First.</p><div class='menu'>{paragraphs}</div>")) == ["First.", *texts]


def test_an_aside_in_an_article_is_its_note_and_elsewhere_a_sidebar(read_as: ReadAs) -> None:
    source = "<main><p>Content.</p><aside>A note.</aside></main><aside>An advert.</aside>"
    assert quotes(read_as("a.html", source)) == ["Content.", "A note."]


def test_hidden_and_side_texts_are_dropped_unless_judged_content(read_as: ReadAs) -> None:
    source = "<p>Content.</p><div class='cookie-banner'>We use cookies.</div><aside hidden>Psst</aside>"
    assert quotes(read_as("a.html", source)) == ["Content."]


def test_titles(read_as: ReadAs) -> None:
    assert read_as("a.html", "<title> Only \n title </title><p>x").title == "Only title"
    assert read_as("a.html", "<h2>Two</h2><h1>One</h1><p>x").title == "One"
    assert read_as("hip_pain.html", "<p>x").title == "hip pain"


@pytest.mark.parametrize("content", ["<title>a\x0b</title><p>x", "<h1>a\x0b</h1><p>x", "<h1>\x0b<p>x"])
def test_a_control_character_in_a_title(read_as: ReadAs, content: str) -> None:
    assert quotes(read_as("a.html", content)) == ["x"]


@pytest.mark.parametrize("address", ["javascript:alert(1)", "/relative", ""])
def test_only_web_addresses_count(read_as: ReadAs, address: str) -> None:
    assert read_as("a.html", f"<link rel=canonical href='{address}'><p>x").url is None
    page = f"<link rel=canonical href='{address}'><meta property=og:url content='http://e.org/'><p>x"
    assert read_as("a.html", page).url == "http://e.org/"


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("<p>Café – näß</p>".encode("cp1252").join([b"<meta charset=iso-8859-1>", b""]), "Café – näß"),
        (b"<?xml version='1.0' encoding='latin1'?><html><body><p>Caf\xe9</p></body></html>", "Café"),
        (b"<meta http-equiv=Content-Type content='text/html; charset=Shift_JIS'><p>\x8d\x98</p>", "腰"),
        ("<meta charset=iso-2022-jp><p>腰</p>".encode("iso-2022-jp"), "腰"),
        ("<meta charset=latin1><p>Café</p>".encode(), "Café"),
        ("<meta charset=nonsense><p>Café</p>".encode(), "Café"),
        ("<p>Café</p>".encode("utf-8-sig"), "Café"),
        ("<p>Café</p>".encode("utf-16"), "Café"),
        ("<p>Café</p>", "Café"),
    ],
)
def test_charsets(read_as: ReadAs, content: str | bytes, text: str) -> None:
    assert quotes(read_as("a.html", content)) == [text]


@pytest.mark.parametrize("declared", ["", "<meta charset=utf-8>", "<meta charset=unicode_escape>", "<meta charset=x>"])
def test_an_undeclared_charset_is_guessed(read_as: ReadAs, declared: str) -> None:
    document = read_as("a.html", f"{declared}\n<p>".encode() + b"Caf\xe9 au lait")
    assert quotes(document) == ["Café au lait"]
    assert document.note.startswith("its encoding was guessed: cp1252;")


def test_a_charset_that_does_not_fit(refused: Refused) -> None:
    error = refused("a.html", b"<meta charset=euc-kr><p>Caf\xff\xff")
    assert error.what == "is neither UTF-8 nor cp949, as it declares"
    assert "BOM" in refused("b.html", b"\xff\xfe<").what


@pytest.mark.parametrize(
    "content", ["<!-- nothing -->", "<html><body></body></html>", "<script>x</script>", "<h1>T</h1>"]
)
def test_a_page_without_text(refused: Refused, content: str | bytes) -> None:
    assert refused("a.html", content).what == "contains no text to quote"


def test_deep_nesting_is_read_or_refused_but_never_cut(read_as: ReadAs, refused: Refused) -> None:
    def nested(depth: int) -> str:
        return "<div>" * depth + "<p>Deep.</p>" + "</div>" * depth + "<p>After.</p>"

    assert quotes(read_as("a.html", nested(1500))) == ["Deep.", "After."]
    assert "nested too deeply" in refused("b.html", nested(5000)).what
    assert len(quotes(read_as("c.html", "<nav>x</nav>" + "<ul><li>a" * 700))) == 701  # kept whole


@pytest.mark.slow
@pytest.mark.parametrize(
    "source",
    [
        "<nav>x</nav>" + "<p>same words again</p>" * 10_000,
        "<p>" + "word " * 300_000,
        "<" * 100_000,
        "<p>" + "x<br>" * 50_000,
    ],
)
def test_large_pages_are_fast(read_as: ReadAs, source: str) -> None:
    assert read_as("a.html", source).blocks


def test_nothing_is_logged(read_as: ReadAs, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        read_as("a.html", "<nav>x</nav>")
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


def test_invalid_character_references_are_replaced() -> None:
    assert quotes(html.read(b"<p>a&#xD800;b&#0;c", "a.html")) == ["a\ufffdb\ufffdc"]
    with pytest.raises(SourceUnreadable):
        html.read(b"<p>a\0b", "a.html")


def test_superscripts_and_subscripts_are_no_part_of_a_number(read_as: ReadAs) -> None:
    source = (
        "<p>Up to 4 × 10<sup>5</sup> germs in 10<sup>−2</sup> m<sup>2</sup>, CO<sub>2</sub>, 1<sup>st</sup> day.</p>"
        "<p>It takes 9<sup><a href='#n4'>4</a></sup> days.<sup>5</sup> Mind<a href='#n6'><sup>6</sup></a> it."
        "<sup class='reference'>[7]</sup> Many studies<sup>2,3</sup> use <sup>14</sup>C<sup>[who?]</sup>.</p>"
        "<p>An area in metres<sup>2</sup>, x<sup>a+b</sup> and 2<sup>x<sup>2</sup></sup>.</p>"
        "<p><sup>8</sup> A note.</p>"
    )
    assert quotes(read_as("a.html", source)) == [
        "Up to 4 × 10⁵ germs in 10⁻² m², CO₂, 1st day.",
        "It takes 9[4] days.[5] Mind[6] it.[7] Many studies[2,3] use ¹⁴C[who?].",
        "An area in metres², x^(a+b) and 2^(x²).",
        "[8] A note.",
    ]


def test_a_formula_is_written_on_one_line(read_as: ReadAs) -> None:
    fraction = "<math><mfrac><mi>w</mi><mn>4</mn></mfrac><annotation>w/4</annotation></math>"
    assert quotes(read_as("a.html", f"<p>The dose is {fraction}.</p>")) == ["The dose is w/4."]
    deep = "<math>" + "<mrow>" * 1_500 + "<mn>7</mn>" + "</mrow>" * 1_500 + "</math>"
    assert quotes(read_as("b.html", f"<p>It is {deep}.</p>")) == ["It is 7."]


def test_a_consent_box_a_bar_of_links_and_the_foot_are_left_out_under_any_name(read_as: ReadAs) -> None:
    box = (
        "<div class='zz1'><div><p>This site uses cookies, so that it works. <a href='/c'>Read more</a></p></div>"
        "<button>Fine</button></div>"
    )
    bar = "<div class='zz2'><a href='/'>Start</a><a href='/prices'>Prices</a><a href='/way'>The way</a></div>"
    foot = "<div class='zz3'><p>© 2024 Mill of Ames. All rights reserved.</p></div>"
    text = "<h1>Mill</h1><p>The mill grinds on Fridays.</p><p>Bring a sack.</p>"
    assert quotes(read_as("a.html", f"<body>{box}{bar}{text}{foot}</body>")) == [
        "The mill grinds on Fridays.",
        "Bring a sack.",
    ]


@pytest.mark.parametrize(
    "asking",
    [
        "Wir verwenden Cookies, um unsere Seite zu verbessern.",
        "Nous utilisons des cookies pour améliorer votre expérience sur ce site.",
        "Utilizamos cookies para mejorar su experiencia en este sitio.",
        "Utilizziamo i cookie e altri cookies per migliorare il sito.",
        "Wij gebruiken cookies om deze site te verbeteren.",
    ],
)
def test_a_consent_box_in_another_language(read_as: ReadAs, asking: str) -> None:
    page = f"<p>Content.</p><div><p>{asking}</p><a href='#'>OK</a></div>"
    assert quotes(read_as("a.html", page)) == ["Content."]


@pytest.mark.parametrize(
    "text",
    [
        "For the topping we use twelve cookies and a cup of cream.",
        "Our site explains how a browser stores cookies.",
        "Copyright law protects a text for seventy years.",
    ],
)
def test_a_text_on_cookies_or_rights_is_kept(read_as: ReadAs, text: str) -> None:
    page = f"<h1>T</h1><main><p>First.</p><div><p>{text}</p><button>Print</button></div></main>"
    assert quotes(read_as("a.html", page)) == ["First.", text]


def test_links_are_not_glued_together(read_as: ReadAs) -> None:
    source = "<p>See <span><a href='/a'>bread</a></span><span><a href='/b'>cheese</a></span> here, in one word."
    assert quotes(read_as("a.html", source)) == ["See bread cheese here, in one word."]


def test_a_term_and_its_definition_are_one_unit(read_as: ReadAs) -> None:
    source = (
        "<dl><dt>Ewe</dt><dd>A female sheep.</dd><dt>Ram</dt><dt>Tup</dt><dd>A male one.</dd><dd><p>Horned.</p>"
        "<p>Often.</p></dd><dt>Is it loud?</dt><dd>No.</dd><dt>Lamb</dt><dd><ul><li>young</li></ul></dd>"
        "<dt>Alone</dt></dl>"
    )
    document = read_as("a.html", source)
    assert quotes(document) == [
        "Ewe: A female sheep.",
        "Ram, Tup: A male one.",
        "Ram, Tup: Horned.",
        "Often.",
        "Is it loud? No.",
        "Lamb: young",
        "Alone",
    ]


def test_a_folded_text_is_kept_with_its_summary(read_as: ReadAs) -> None:
    source = "<details><summary><button>How long?</button></summary><p>Two weeks.</p></details>"
    assert quotes(read_as("a.html", source)) == ["How long?", "Two weeks."]
    panel = "<p>Text.</p><div role='tabpanel' hidden>Shown on a click.</div>"
    assert quotes(read_as("b.html", panel)) == ["Text.", "Shown on a click."]


def test_struck_text_is_left_out_unless_a_tag_was_forgotten(read_as: ReadAs) -> None:
    assert quotes(read_as("a.html", "<p>Take <del>20</del> <s>15</s> 10 mg.")) == ["Take 10 mg."]
    styled = '<p>Take <span style="text-decoration: underline line-through">20</span> 10 mg.'
    assert quotes(read_as("a.html", styled)) == ["Take 10 mg."]
    assert quotes(read_as("a.html", "<p>It has 2<sup>n + 1</sup> states.")) == ["It has 2^(n + 1) states."]
    assert quotes(read_as("b.html", "<s><p>One.</p><p>Two.</p>")) == ["One.", "Two."]


def test_preformatted_sentences_are_paragraphs_and_code_is_code(read_as: ReadAs) -> None:
    prose = "The boat leaves at nine and comes\nback at noon on every day.\n\nIt carries twelve people and two dogs."
    document = read_as("a.html", f"<pre>{prose}</pre><pre>if (x) {{\n  y = 1;\n}}</pre>")
    assert [block.kind for block in document.blocks] == ["paragraph", "paragraph", "code"]


@pytest.mark.parametrize(
    ("stated", "language"), [("de", "de"), ("en-GB", "en"), ("PT_br", "pt"), ("", ""), ("deu", ""), ("x-klingon", "")]
)
def test_the_language_that_the_page_states(read_as: ReadAs, stated: str, language: str) -> None:
    assert read_as("a.html", f"<html lang='{stated}'><p>Text.").language == language


def test_soft_hyphens_are_not_read(read_as: ReadAs) -> None:
    assert quotes(read_as("a.html", "<p>A com&shy;mit&shy;tee, a long-term one.")) == ["A committee, a long-term one."]


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("<p>He said <q>stay</q> and left.</p>", ["He said “stay” and left."]),
        ("<dl><dt>Lamb</dt><dd><h3>Age</h3><p>young</p></dd></dl>", ["Lamb", "young"]),
        ("<dl><dt>Ox</dt><dd><table><tr><td>a<td>b</table></dd></dl>", ["Ox", "a | b"]),
        ("<dl><dt>Pig</dt><dd></dd></dl><p>End.</p>", ["Pig", "End."]),
        (
            "<p>The area (x)<sup>2</sup>, twice (daily)<sup>2</sup>, a<sup></sup>b.</p>",
            ["The area (x)², twice (daily)[2], ab."],
        ),
        (f"<p>x<sup>{'a<sup>' * 4}2</p>", ["x^(a^(a^(aa2)))"]),
    ],
)
def test_marks_in_a_line_and_terms(read_as: ReadAs, source: str, found: list[str]) -> None:
    assert quotes(read_as("a.html", source)) == found


def test_a_table_of_links_is_no_menu(read_as: ReadAs) -> None:
    rows = "".join(f"<tr><td><a href='/{n}'>Town {n}</a><td><a href='/m{n}'>Mill {n}</a></tr>" for n in range(4))
    assert quotes(read_as("a.html", f"<p>End.</p><table>{rows}</table>"))[1:] == [
        f"Town {n} | Mill {n}" for n in range(4)
    ]


def test_an_element_with_too_many_attributes_is_refused(read_as: ReadAs, refused: Refused) -> None:
    page = "<p>Text.</p><p {}>Much.</p>".format
    assert quotes(read_as("a.html", page(" ".join(f"attribute{n}='value of {n}'" for n in range(900))))) == [
        "Text.",
        "Much.",
    ]
    error = refused("b.html", page(" ".join(f"a{n}=1" for n in range(1_001))))
    assert error.what == "contains an element with more than 1,000 attributes"


@pytest.mark.parametrize(
    "box",
    [
        "<div id='cookie-bar'><p><b>Hello.</b> We use cookies to improve this site.</p><p>On cookies.</p></div>",
        "<div><p>Hello <b>you</b>, we use cookies to improve this site.</p><button>Fine</button></div>",
    ],
)
def test_a_named_consent_box_and_one_with_words_in_bold(read_as: ReadAs, box: str) -> None:
    assert quotes(read_as("a.html", f"<p>Content.</p>{box}")) == ["Content."]


def test_a_long_text_that_mentions_cookies_is_kept(read_as: ReadAs) -> None:
    long = "We use cookies on this site. " * 1_000
    assert quotes(read_as("a.html", f"<p>Content.</p><p>{long}</p>")) == ["Content.", long.strip()]


def test_lists_have_their_marks_and_their_depth(read_as: ReadAs) -> None:
    body = (
        "<p>Bring these things with you:</p><ul><li>Photo ID</li><li>Papers<ol start='3'><li><p>the first</p>"
        "<p>More of it.</p></li><li value='7'>the second</li></ol></li></ul>"
        "<ol type='a'><li>Rest</li><li>1. Walk</li></ol><ol reversed><li>last</li></ol>"
        "<ul><li><h3>Heat</h3><p>It eases pain.</p></li></ul><dl><dt>TENS</dt><dd>a current</dd></dl>"
    )
    text = read_as("a.html", f"<main><h1>Title</h1>{body}</main>").text
    assert text.split("\n\n")[1:] == [
        "Bring these things with you:",
        "- Photo ID",
        "- Papers",
        "  3. the first",
        "    More of it.",
        "  7. the second",
        "a. Rest",
        "1. Walk",
        "- last",
        "Heat",
        "It eases pain.",
        "TENS: a current",
    ]
