import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ingest.schema import Block, Document, Kind
from ingest.text.sentences import LONGEST_CODE, LONGEST_PIECE, document_sentences, sentence_spans, starts_item

# Words, characters that confuse sentence splitters, and all kinds of white space.
PIECES = st.sampled_from(
    ["Dr.", "e.g.", "2.5", "[50]", "[a, b]", "Walk", "walk", ".", "!", "?", "...", "”", '"', ")", " ", "  ", "\t"]
    + ["\n", "\xa0", "\u2003", "é", "漢字。", "🦴", "العلاج", "∯", "&ᓰ&", "U.S.", "i.", "1)", "A.", "\x1c", "\u200b"]
)
TEXTS = st.one_of(st.text(max_size=200), st.lists(PIECES, max_size=60).map("".join))


def parts(text: str, language: str = "en") -> list[str]:
    return [text[start:end] for start, end in sentence_spans(text, 0, len(text), language)]


def test_addresses_of_links_end_no_sentence() -> None:
    address = "(https://example.org/" + "a-long-path/" * 9 + ")"
    wide = "This paragraph has lines that are about as wide as most of those in a text are,\n"
    linked = (
        f"where you have [set up your\ntravel card at\nhome]{address}, and have\nstarted with [it]{address}\n(or not)."
    )
    text = wide + linked
    assert parts(text) == [text]
    assert len(parts(f"[One form]{address}\n[Two forms]{address}\nHome")) == 3
    assert len(parts("[a\nb](c)\nd")) == 2


def parts_of(kind: Kind, text: str) -> list[str]:
    document = Document("a.md", "a", None, text, "", blocks=(Block(0, len(text), kind=kind),))
    return [text[start:end] for spans in document_sentences(document) for start, end in spans]


@given(text=TEXTS, before=st.text(max_size=5), after=st.text(max_size=5))
@example(text="a∯b. C", before="", after="")
@example(text="|\r", before="", after="")
@settings(max_examples=300, deadline=None)
def test_spans_slice_back_and_cover_everything(text: str, before: str, after: str) -> None:
    whole = before + text + after
    spans = sentence_spans(whole, len(before), len(before) + len(text))
    at = len(before)
    for start, end in spans:
        assert at <= start < end <= len(before) + len(text)
        assert whole[start:end] == whole[start:end].strip()
        assert not whole[at:start].strip()
        at = end
    assert not whole[at : len(before) + len(text)].strip()


def test_nothing_and_one() -> None:
    assert parts("") == []
    assert parts(" \n\t ") == []
    assert parts("  Rest. ") == ["Rest."]
    assert parts("no full stop") == ["no full stop"]


def test_sentences_of_ordinary_prose() -> None:
    text = "Dr. Smith took 2.5 mg of it, e.g. at night. It helped! Did it? Yes."
    assert parts(text) == ["Dr. Smith took 2.5 mg of it, e.g. at night.", "It helped!", "Did it?", "Yes."]


def test_reference_marks_stay_with_the_sentence_before_them() -> None:
    text = "Rest makes it worse.[50] Walking helps.[51][52] It is cheap. [a]"
    assert parts(text) == ["Rest makes it worse.[50]", "Walking helps.[51][52]", "It is cheap. [a]"]


WRAPPED = """\
Most episodes of low back pain get better within a few weeks. Keep moving: bed rest for more
than a day or two makes recovery slower. Nobody should take more than approx.
2.5 mg a day, and none at night."""


def test_a_sentence_continues_over_wrapped_lines() -> None:
    assert parts(WRAPPED) == [
        "Most episodes of low back pain get better within a few weeks.",
        "Keep moving: bed rest for more\nthan a day or two makes recovery slower.",
        "Nobody should take more than approx.\n2.5 mg a day, and none at night.",
    ]
    assert parts(WRAPPED.replace("\n", "\r\n")) == [part.replace("\n", "\r\n") for part in parts(WRAPPED)]


PAGE = """\
Care of the lower back
Most episodes of low back pain get better within a few weeks, whatever is done about
them. Keep moving: bed rest for more than a day or two makes recovery slower.
Medicines
Nobody may take it who has:
an ulcer
It is not allowed before the age of twelve, unless a doctor says so, in writing, to
Parents and the nurse on duty.
1/2
Exercises"""


def test_headings_and_lists_between_wrapped_lines_stay_separate() -> None:
    assert parts(PAGE) == [
        "Care of the lower back",
        "Most episodes of low back pain get better within a few weeks, whatever is done about\nthem.",
        "Keep moving: bed rest for more than a day or two makes recovery slower.",
        "Medicines",
        "Nobody may take it who has:",
        "an ulcer",
        "It is not allowed before the age of twelve, unless a doctor says so, in writing, to\n"
        "Parents and the nurse on duty.",
        "1/2",
        "Exercises",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "Roses are red and violets are blue\nSugar is sweet and so are you\nAnd the sky is wide",
        "How to do it\nStand with your feet apart and hold the weights in front of you.",
        "Before the scan nobody may:\n- eat any bread within six hours of it\n- drink milk within two hours of it",
        "Stand upright with your feet apart and your arms down\n2. Bend your knees until your thighs are level",
        "Society for the Protection of Backs\n12 High Street\nLondon",
        "| Walking at a steady pace | daily for half an hour |\n| Swimming slowly | twice a week |",
        "Keep warm at night.\nKeep moving by day.",
        "Adults of any age and weight: two tablets by day and one at night\nChildren under 6 years: none",
    ],
)
def test_deliberate_line_ends_separate_sentences(text: str) -> None:
    assert parts(text) == text.split("\n")


def test_full_stops_of_abbreviations_end_no_sentence() -> None:
    text = "It should be max. 30 mg unless approx. 12 hours went by. Take 5 mg. then rest. Rest 30 min. Then go."
    assert parts(text) == [
        "It should be max. 30 mg unless approx. 12 hours went by.",
        "Take 5 mg. then rest.",
        "Rest 30 min.",
        "Then go.",
    ]
    assert parts("Smith et al. Found it. هل هذا صحيح؟ نعم.") == ["Smith et al. Found it.", "هل هذا صحيح؟", "نعم."]


def test_sentences_without_a_space_between_them_are_split() -> None:
    assert parts("It wears over time.Historically, it was rest.") == [
        "It wears over time.",
        "Historically, it was rest.",
    ]


def test_a_picture_in_markdown_is_one_sentence() -> None:
    text = "Add tomatoes\n![A pan](pan.webp)\nLike this: ![a pot](pot.webp). Great![1] Stir!"
    wanted = ["Add tomatoes", "![A pan](pan.webp)", "Like this: ![a pot](pot.webp).", "Great![1]", "Stir!"]
    assert [text[start:end] for start, end in sentence_spans(text, 0, len(text))] == wanted


def test_repeated_sentences_have_their_own_spans() -> None:
    assert sentence_spans("Rest. Rest. Rest.", 0, 17) == ((0, 5), (6, 11), (12, 17))


@pytest.mark.parametrize("unit", ["Walk a bit every day. ", "word ", "x", "漢"])
def test_long_paragraphs_are_split_fast(unit: str) -> None:
    text = unit * (600_000 // len(unit))
    started = time.process_time()
    spans = sentence_spans(text, 0, len(text))
    assert time.process_time() - started < 10
    assert all(end - start <= LONGEST_PIECE for start, end in spans)
    assert sum(len(text[a:b].replace(" ", "")) for a, b in spans) == len(text.replace(" ", ""))


def test_closing_marks_stay_with_their_sentence() -> None:
    assert parts("<ins>Which to take?:</ins> Iron. <b>Never alone.</b> Take it with food.") == [
        "<ins>Which to take?:</ins> Iron.",
        "<b>Never alone.</b>",
        "Take it with food.",
    ]
    assert parts("**Never touch the blade.** The blade is sharp.") == [
        "**Never touch the blade.**",
        "The blade is sharp.",
    ]
    assert parts("| Zorb | Children. Pregnant women. |") == ["| Zorb | Children. Pregnant women. |"]


def test_one_long_line_does_not_split_the_wrapped_ones() -> None:
    wrapped = (
        "The rules do not hold for any of the members who joined in the years before\n1990, nor for guests of theirs."
    )
    assert parts(f"{wrapped}\nhttps://example.org/{'long/' * 30}")[0].startswith(wrapped[:-1])


@pytest.mark.slow
@pytest.mark.parametrize(
    "unit",
    [
        "[1] ",
        "[12]",
        "1. ",
        "a. ",
        "A.B.",
        "(",
        "“ ",
        '"',
        "?!",
        "Mr. ",
        "...",
        "e.g. ",
        "* ",
        "| ",
        "1) ",
        ". . ",
        "'",
        "« ",
    ],
)
def test_no_text_stalls_the_splitting(unit: str) -> None:
    """Nine bracketed numbers once took 26 seconds and could not be interrupted."""
    for length in (60, 200_000):
        text = unit * (length // len(unit))
        started = time.process_time()
        sentence_spans(text, 0, len(text))
        sentence_spans(f"See {text} and\n{text}", 0, 2 * len(text) + 9)
        assert time.process_time() - started < 5


def test_a_whole_sentence_in_brackets_and_list_markers() -> None:
    assert parts("(See the other summary.) This one is short.") == ["(See the other summary.)", "This one is short."]
    assert parts("1. Lie on your back.\n2. Bend your knees.") == ["1. Lie on your back.", "2. Bend your knees."]
    assert parts("It is from c.750 AD. Non-U.S. readers may skip it, i.e. This part.") == [
        "It is from c.750 AD.",
        "Non-U.S. readers may skip it, i.e. This part.",
    ]


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("de", "Am 3. Oktober, im 19. Jahrhundert und in der 2. Auflage galt z. B. Abs. 2 Nr. 3."),
        ("de", "Die Fa. Meyer in der Hauptstr. 5 liefert ca. 3 Mio. Stück, max. 4 davon an Friedrich II. von Preußen."),
        ("de", "Bis 24. Dezember nimmt Dr. med. Weber u. a. Herrn Prof. Groß in St. Gallen auf."),
        ("es", "La Sra. López vive en la Av. Central núm. 4, véase la pág. 12, con aprox. 3 gatos, p. ej. Luna."),
        ("es", "Ud. llega a las 9 a. m. con el Dr. Pérez, de EE. UU. y de la Dra. Gil."),
        (
            "fr",
            "M. Dupont et Mme. Durand lisent l'art. 5, la fig. 3 et la p. 12 du Dr. Martin, né av. J.-C.",
        ),
        (
            "it",
            "Il sig. Rossi, la sig.ra Bianchi e il dott. Verdi leggono l'art. 5, pag. 12, n. 4, p. es. Dante, a.C. no.",
        ),
        (
            "nl",
            "Dhr. Jansen, mevr. De Vries en dr. Bakker: blz. 12, art. 5 en nr. 4, o.a. Vondel, t.a.v. mw. Post.",
        ),
        (
            "pt",
            "O Sr. Silva, a Sra. Costa e o Dr. Lima leem o art. 5, a pág. 12 e o n.º 4 na Av. Sul, p. ex.",
        ),
    ],
)
def test_abbreviations_dates_and_ordinals_do_not_end_a_sentence(language: str, sentence: str) -> None:
    assert parts(sentence, language) == [sentence]


@pytest.mark.parametrize(
    ("language", "text", "second"),
    [
        ("de", "Es sind 5 kg. Das ist viel.", "Das ist viel."),
        ("de", "Er zahlte 20. Danach ging er.", "Danach ging er."),
        ("es", "Vive en Madrid. Tiene gatos.", "Tiene gatos."),
        ("fr", "Elle vit à Paris. Elle lit.", "Elle lit."),
        ("it", "Arriva il 3. Poi parte.", "Poi parte."),
        ("nl", "Zij blijft 3 dagen. Dan gaat zij.", "Dan gaat zij."),
        ("pt", "Mora em Lisboa. Tem gatos.", "Tem gatos."),
    ],
)
def test_sentences_of_other_languages_end(language: str, text: str, second: str) -> None:
    assert parts(text, language)[1:] == [second]


def test_each_block_is_split_by_the_rules_of_its_language() -> None:
    german = "Der Garten ist von zehn Uhr an geöffnet. Am 3. Oktober bleibt er den ganzen Tag geschlossen."
    english = "The garden opens at ten in the morning. It was on page 3. October is the best month to come."
    text = f"{english}\n\n{german}"
    blocks = (Block(0, len(english)), Block(len(english) + 2, len(text)))
    found = document_sentences(Document("a.md", "a", None, text, "", blocks=blocks, language="en"))
    assert [len(spans) for spans in found] == [3, 2]


def test_a_row_is_one_sentence() -> None:
    row = "Drug: Zorb | For: Children. Pregnant women. | Note: Stop after 3 days. Call us."
    assert parts_of("row", row) == [row]
    assert len(parts_of("paragraph", row)) > 1


def test_code_is_divided_at_line_ends_only() -> None:
    short = "x = 1. # Why? Because.\ny = 2"
    assert parts_of("code", short) == [short]
    lines = [f"call({number}, 'a sentence. Another one.')" for number in range(100)]
    divided = parts_of("code", "\n".join(lines))
    assert "\n".join(divided).split("\n") == lines
    assert all(LONGEST_CODE / 2 < len(part) <= LONGEST_CODE for part in divided[:-1])
    assert parts_of("code", "x" * 3 * LONGEST_CODE) == ["x" * 3 * LONGEST_CODE]


@pytest.mark.parametrize("language", ["es", "fr", "it", "nl", "pt"])
def test_initials_do_not_end_a_sentence(language: str) -> None:
    assert parts("Foi V. Rossini. E J. S. Bach.", language) == ["Foi V. Rossini.", "E J. S. Bach."]
    if language in ("fr", "it", "pt"):  # in the others, sentencex goes on after any initial
        assert parts("La vitamine C. Elle aide.", language) == ["La vitamine C.", "Elle aide."]


def test_a_portuguese_article_is_no_bullet() -> None:
    assert not starts_item("o sindicato decide") and not starts_item("  o conduttore")
    assert starts_item("o Photo ID") and starts_item("o\tphoto") and starts_item("o  photo")
