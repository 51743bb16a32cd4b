"""Which sentences are quoted, how they are joined, and that a quote is what stands at its place."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from assistant.answering.context import Context
from assistant.answering.evidence import NAMES, Features, Sentence
from assistant.answering.quote import QUOTED, WORDS, WORDS_OF_STEPS, Quoter, choose, with_steps_first
from assistant.answering.retrieve import Candidate
from assistant.schema import Abstention, Answer, Evidence
from ingest.errors import QuoteMismatch
from ingest.index.catalog import Catalog
from ingest.origin import FileState
from ingest.runs.pipeline import RunReport
from ingest.schema import Passage

NOTHING = Features(**dict.fromkeys(NAMES, 0.0))


def passage(*sentences: str, source: str = "a.txt") -> Passage:
    """Return a passage of these sentences, a space between them."""
    text, spans = " ".join(sentences), []
    for sentence in sentences:
        start = spans[-1][1] + 1 if spans else 0
        spans.append((start, start + len(sentence)))
    return Passage(f"{source}:{text}", "/root", source, 0, len(text), text, None, (), tuple(spans), "sha")


def ranked(*scored: tuple[Passage, int, float]) -> list[Sentence]:
    sentences = [Sentence(Candidate(p, 0.5, 0.5), at, NOTHING, score, Context.of(p, at)) for p, at, score in scored]
    return sorted(sentences, key=lambda sentence: -sentence.score)


def texts(chosen: list[Evidence]) -> list[str]:
    return [evidence.text for evidence in chosen]


def test_the_best_sentence_is_always_quoted() -> None:
    p = passage("Rest helps.", "Heat helps.")
    assert texts(choose(ranked((p, 1, -50.0), (p, 0, -90.0)))) == ["Heat helps."]


def test_close_sentences_are_quoted_and_adjacent_ones_joined_in_reading_order() -> None:
    p = passage("Rest helps.", "Heat helps.", "Cats sleep.", "Ice helps.")
    chosen = choose(ranked((p, 1, 9.0), (p, 0, 8.5), (p, 3, 8.0), (p, 2, 1.0)))
    assert texts(chosen) == ["Rest helps. Heat helps.", "Ice helps."]
    assert [evidence.score for evidence in chosen] == [9.0, 8.0]


def test_the_best_passage_comes_first() -> None:
    p, q = passage("Rest helps."), passage("Heat helps.", source="b.txt")
    assert texts(choose(ranked((p, 0, 8.0), (q, 0, 9.0)))) == ["Heat helps.", "Rest helps."]


def test_a_further_quote_is_no_fragment() -> None:
    p = passage("Heat helps.")
    others = ["[citation needed]", "!!! note", "Rest helps, “often.”", "Tabled for Nov 5", "Ice for a day or two"]
    further = [(passage(text, source=f"{at}.txt"), 0, 8.0 - at / 10) for at, text in enumerate(others)]
    assert texts(choose(ranked((p, 0, 9.0), *further))) == ["Heat helps.", others[2], others[4]]
    assert texts(choose(ranked(further[0]))) == [others[0]]


@pytest.mark.parametrize(
    "leaning", ["It helps a little.", "“This is rare.”", "However, it fails.", "They don't.", "That’s it."]
)
def test_a_sentence_that_leans_brings_the_one_before_it(leaning: str) -> None:
    p = passage("Yoga was tried.", leaning, "Cats sleep.")
    assert texts(choose(ranked((p, 1, 9.0), (p, 0, 0.0), (p, 2, 0.0)))) == [f"Yoga was tried. {leaning}"]


def test_leaning_goes_back_to_a_sentence_that_stands_alone() -> None:
    p = passage("Cats sleep.", "Yoga was tried.", "It helped.", "But this was rare.")
    assert texts(choose(ranked((p, 3, 9.0)))) == ["Yoga was tried. It helped. But this was rare."]


@pytest.mark.parametrize("limiting", ["However, it fails in winter.", "But not for everyone.", "Yet proof is thin."])
def test_a_sentence_that_limits_the_one_before_it_comes_along(limiting: str) -> None:
    p = passage("Cats sleep.", "Yoga helps.", limiting, "Dogs bark.")
    assert texts(choose(ranked((p, 1, 9.0)))) == [f"Yoga helps. {limiting}"]


def test_paragraphs_are_neither_joined_nor_leant_on() -> None:
    text = "Heat helps.\n\nIt rained."
    p = Passage("p", "/root", "a.md", 0, len(text), text, None, (), ((0, 11), (13, 23)), "sha")
    assert texts(choose(ranked((p, 0, 9.0), (p, 1, 9.0)))) == ["Heat helps.", "It rained."]
    assert texts(choose(ranked((p, 1, 9.0)))) == ["It rained."]


def test_words_that_only_begin_like_a_pronoun_do_not_lean() -> None:
    p = passage("Cats sleep.", "Itching is common.")
    assert texts(choose(ranked((p, 1, 9.0)))) == ["Itching is common."]


def test_the_same_words_twice_in_one_source_are_one_quote_and_in_two_sources_two() -> None:
    once, again = passage("Heat helps."), passage("Heat  helps.", "Cats sleep.")
    other = passage("Heat helps.", source="b.txt")
    chosen = choose(ranked((once, 0, 9.0), (again, 0, 8.9), (other, 0, 8.8)))
    assert [(e.passage.source, e.text) for e in chosen] == [("a.txt", "Heat helps."), ("b.txt", "Heat helps.")]


def test_what_one_source_says_twice_in_other_words_is_quoted_once() -> None:
    p = passage("Heat eases a stiff back.", "Cats sleep.", "Heat eases the stiff back.")
    assert texts(choose(ranked((p, 0, 9.0), (p, 2, 8.9)))) == ["Heat eases a stiff back."]


def test_a_second_source_that_agrees_is_quoted_beyond_the_usual_number() -> None:
    helping = ["Heat helps backs.", "Rest helps knees.", "Ice helps feet.", "Tea helps coughs.", "Sleep helps minds."]
    helping.append("Songs help moods.")
    p = passage(*(each for sentence in helping for each in (sentence, "Cats sleep.")))
    other = passage("Heat helps backs.", source="b.txt")
    last = passage("Salt helps soup.", source="c.txt")
    own = [(p, 2 * number, 9.0 - number / 10) for number in range(QUOTED)]
    chosen = choose(ranked(*own, (last, 0, 8.2), (other, 0, 8.1)))
    assert [e.passage.source for e in chosen] == ["a.txt"] * QUOTED + ["b.txt"]


def test_what_may_answer_is_shown_with_what_introduces_it_however_far_up(tmp_path: Path) -> None:
    items = [f"- the {n}th of the things that are told here at some length and with many words" for n in range(9)]
    text = "You should never:\n\n" + "\n".join(items) + "\n"
    spans = [(0, 17)]
    for item in items:
        start = text.index(item) + 2
        spans.append((start, start + len(item) - 2))
    p = Passage("p", "/root", "a.md", 0, len(text), text, None, (), tuple(spans), "sha")
    (sentence,) = ranked((p, 9, 1.0))
    whole = sentence.whole()
    assert whole.text.startswith("You should never:") and whole.text.endswith(items[8][2:])
    assert whole.focus == (spans[9],)


def test_an_answer_has_quotes_or_an_abstention() -> None:
    abstention = Abstention("why", (), (), 1, 1)
    with pytest.raises(ValueError, match="only one of them"):
        Answer("q", (), None, (), 0.0, 1)
    Answer("q", (), abstention, (), 0.0, 1)


def stored(data: Path) -> Evidence:
    with Catalog(data).read() as snapshot:
        found = snapshot.passages([1])[1]
    return Evidence(found, *found.sentences[0], 1.0)


def test_a_quote_has_its_line_and_the_state_of_its_file(indexed: Callable[..., RunReport], tmp_path: Path) -> None:
    indexed({"a.txt": "\n\nHeat helps the hip. Rest helps.\n"})
    evidence = stored(tmp_path / "data")
    states = []
    for content in (None, "\n\nHeat harms the hip. Rest helps.\n", ""):
        if content is not None:
            (tmp_path / "corpus" / "a.txt").write_text(content)
        if content == "":
            (tmp_path / "corpus" / "a.txt").unlink()
        with Catalog(tmp_path / "data").read() as snapshot:
            quote = Quoter(snapshot).quote(evidence)
        assert (quote.text, quote.line, quote.page) == ("Heat helps the hip.", 3, None)
        states.append(quote.file)
    assert states == [FileState.SAME, FileState.CHANGED, FileState.GONE]


def steps(*scored: tuple[str, float]) -> list[Sentence]:
    """Return the sentences of a text whose lines have these scores; a line apart in each."""
    lines = [line for line, _ in scored]
    text, spans, at = "\n".join(lines), [], 0
    for line in lines:
        mark = 3 if line[0].isdigit() else 0
        spans.append((at + mark, at + len(line)))
        at += len(line) + 1
    p = Passage(text, "/root", "a.md", 0, len(text), text, None, (), tuple(spans), "sha")
    return ranked(*((p, at, score) for at, (_, score) in enumerate(scored)))


def test_a_step_of_the_best_source_comes_first_if_it_is_near() -> None:
    lines = ("Stretching is easy.", 9.0), ("1. Bend a knee.", 4.0), ("2. Lean forward.", 5.0)
    first = with_steps_first(steps(*lines))
    assert [sentence.evidence().text for sentence in first] == ["Lean forward.", "Stretching is easy.", "Bend a knee."]
    assert choose(first)[0].text == "Stretching is easy.\n1. Bend a knee.\n2. Lean forward."
    far = steps(("Stretching is easy.", 9.0), ("1. Bend a knee.", 1.0), ("2. Lean forward.", 2.0))
    single = steps(("Stretching is easy.", 9.0), ("1. Bend a knee.", 8.0))
    elsewhere = ranked((passage("Stretching is easy."), 0, 9.0)) + steps(("1. Bend a knee.", 8.0), ("2. Lean.", 7.0))
    for kept in (far, single, elsewhere, []):
        assert with_steps_first(kept) == kept


def test_a_quote_that_is_not_what_stands_there_is_an_error(indexed: Callable[..., RunReport], tmp_path: Path) -> None:
    indexed({"a.txt": "Heat helps the hip. Rest helps."})
    true = stored(tmp_path / "data")
    false = Passage(
        **{name: getattr(true.passage, name) for name in Passage.__slots__}
        | {"text": "Heat harms the hip. Rest helps."}
    )
    with Catalog(tmp_path / "data").read() as snapshot, pytest.raises(QuoteMismatch, match="characters 0-19"):
        Quoter(snapshot).quote(Evidence(false, 0, 19, 1.0))


def test_a_catalog_that_was_changed_consistently_is_caught_by_the_file(
    indexed: Callable[..., RunReport], tmp_path: Path
) -> None:
    indexed({"a.txt": "Heat helps the hip. Rest helps."})
    with closing(sqlite3.connect(tmp_path / "data" / "catalog.sqlite")) as catalog, catalog:
        catalog.execute("UPDATE documents SET text = replace(text, 'helps the hip', 'harms the hip')")
    with Catalog(tmp_path / "data").read() as snapshot, pytest.raises(QuoteMismatch):
        Quoter(snapshot).quote(stored(tmp_path / "data"))


def test_of_the_best_sentences_paragraph_more_is_quoted() -> None:
    p, q = passage("Rest helps.", "Heat helps.", "Ice helps."), passage("Yoga helps a lot.", source="b.txt")
    assert texts(choose(ranked((p, 0, 9.0), (p, 1, 3.5), (p, 2, 2.0), (q, 0, 3.5)))) == ["Rest helps. Heat helps."]


def test_of_a_list_no_more_is_quoted() -> None:
    text = "- Rest helps.\n- Heat helps."
    p = Passage("a", "/root", "a.md", 0, len(text), text, None, (), ((2, 13), (16, 27)), "sha")
    sentences = [Sentence(Candidate(p, 0.5, 0.5), at, NOTHING, score) for at, score in ((0, 9.0), (1, 3.5))]
    assert texts(choose(sentences)) == ["Rest helps."]


def test_no_more_is_quoted_where_a_number_or_a_name_is_asked_for() -> None:
    p = passage("Rest for two days.", "Heat helps.")
    best, other = ranked((p, 0, 9.0), (p, 1, 3.5))
    assert texts(choose([best, other])) == ["Rest for two days. Heat helps."]
    number = replace(best, features=replace(NOTHING, kind_offered=1.0))
    assert texts(choose([number, other])) == ["Rest for two days."]


def test_yes_under_another_heading_answers_another_question() -> None:
    one, other = passage("No, only for yourself."), replace(passage("Yes! Buy what you like."), heading=("Lamps?",))
    assert texts(choose(ranked((one, 0, 3.0), (other, 0, 2.9)))) == ["No, only for yourself."]
    same = passage("No, only for yourself.", "Yes! Buy what you like.")
    assert texts(choose(ranked((same, 0, 3.0), (same, 1, 2.9)))) == ["No, only for yourself. Yes! Buy what you like."]


def test_where_steps_are_asked_for_a_further_list_of_the_section_is_quoted() -> None:
    word = "turn " * 45
    first = [f"{number}. {word}now." for number in (1, 2)]
    second = [f"{number}. Then {word}back." for number in (1, 2)]
    lines = [(first[0], 9.0), (first[1], 8.0), ("Then bind it:", 1.0), (second[0], 7.0), (second[1], 6.5)]
    assert len(" ".join(texts(choose(steps(*lines), steps=True))).split()) > WORDS_OF_STEPS * 0.6
    assert len(" ".join(texts(choose(steps(*lines)))).split()) < WORDS_OF_STEPS * 0.6


@pytest.mark.parametrize(
    ("above", "mark", "ending", "below", "alone"),
    [
        ("", "- ", ".", "", True),
        ("Dogs may not eat:", "- ", ".", "", True),
        ("Dogs may not eat:", "- ", ".", "They are fed at six.", True),
        ("", "1. ", ".", "", False),
        ("", "- ", ":", "", False),
        ("", "- ", ", and", "", False),
        ("A dog is taken in if all of these are true:", "- ", ".", "", False),
        ("To feed a dog:", "- ", ".", "", False),
        ("Dogs may eat:", "- ", ".", "However, none of it while they are ill.", False),
    ],
)
def test_of_a_further_list_that_is_too_long_an_item_is_quoted_alone_if_it_can_be(
    above: str, mark: str, ending: str, below: str, alone: bool
) -> None:
    items = [f"Thing {number} is bad for any dog{', so keep it away from them' * 2}{ending}" for number in range(7)]
    text, spans = "", []
    for before, line in [("", above), *((mark, item) for item in items), ("\n", below)]:
        if line:
            spans.append((len(text) + len(before), len(text) + len(before + line)))
            text += f"{before}{line}\n"
    at = 4 if above else 3
    p = Passage("a", "/root", "a.md", 0, len(text), text, None, (), tuple(spans), "sha")
    best = ranked((passage("Dogs eat no grapes, as was said before.", source="b.txt"), 0, 3.0))
    chosen = texts(choose([*best, *ranked((p, at, 2.9))]))
    assert chosen[1:] == ([each for each in (above, items[3]) if each] if alone else [])
    assert len(texts(choose(ranked((p, at, 2.9))))[0].split()) > WORDS - 8


def test_what_only_introduces_is_no_further_quote() -> None:
    code = "\n".join(f"    set value {number} of many" for number in range(90))
    text = f"Cats sleep all day.\n\nA whole example of a file:\n\n{code}\n\nDogs sleep at night.\n"
    spans = [(0, 19), (21, 47), (49, 49 + len(code)), (len(text) - 21, len(text) - 1)]
    p = Passage("a", "/root", "a.md", 0, len(text), text, None, (), tuple(spans), "sha")
    chosen = texts(choose(ranked((p, 0, 3.0), (p, 1, 2.9), (p, 3, 2.8))))
    assert chosen == ["Cats sleep all day.", "Dogs sleep at night."]


def test_little_but_links_is_no_further_quote() -> None:
    p = passage("Walking helps.", "[A leaflet about walking](https://example.org/walk).", "Swimming helps most people.")
    assert texts(choose(ranked((p, 0, 3.0), (p, 1, 2.9), (p, 2, 2.8)))) == [
        "Walking helps.",
        "Swimming helps most people.",
    ]
    assert texts(choose(ranked((p, 1, 3.0)))) == ["[A leaflet about walking](https://example.org/walk)."]


def test_no_piece_of_what_must_be_quoted_is_a_fragment() -> None:
    p = passage("Never do this:", *("It rains on and on for many days." for _ in range(12)), "Drive a car")
    found = Sentence(Candidate(p, 0.5, 0.5), 13, NOTHING, 2.9, Context(p, (0, 13), 13))
    best = ranked((passage("Walk, it is healthy.", source="b.txt"), 0, 3.0))
    assert texts(choose([*best, found])) == ["Walk, it is healthy.", "Never do this:", "Drive a car"]
