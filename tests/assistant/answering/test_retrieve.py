"""Questions as they are searched for."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from assistant.answering.evidence import NAMES, Features, Sentence, most_telling
from assistant.answering.fuse import Titles, fuse, rank_sources
from assistant.answering.retrieve import Candidate, Question, encode_question, retrieve
from assistant.assistant import Assistant
from assistant.index import Index
from assistant.render import answer_json, answer_text
from ingest.models.encoder import Vectors32
from ingest.runs.pipeline import RunReport
from ingest.schema import Passage
from tests.conftest import FakeEncoder

HALF = "Is the trigon \udcff valve safe?"


class Strict(FakeEncoder):
    """An encoder that takes only what UTF-8 can hold, as tokenizers do."""

    def encode(self, texts: Sequence[str], *, query: bool = False) -> Vectors32:
        for text in texts:
            text.encode("utf-8")
        return super().encode(texts, query=query)


@pytest.fixture
def assistant(indexed: Callable[..., RunReport], tmp_path: Path) -> Iterator[Assistant]:
    indexed({"valve.txt": "The valve is safe to use in summer."})
    opened = Assistant(Index(tmp_path / "data", Strict()))  # type: ignore[arg-type]
    yield opened
    opened.close()


@pytest.mark.slow
@pytest.mark.parametrize("history", [(), (HALF,), ("Is a \udcff valve safe?", "And\ud800 now?")])
@pytest.mark.parametrize("question", [HALF, "\udcff", "Why\udcff?", "trig\udcffon\ud800"])
def test_half_a_surrogate_pair_is_a_question_mark(assistant: Assistant, question: str, history: Sequence[str]) -> None:
    answer = assistant.ask(question, history)
    told = json.dumps(answer_json(answer), ensure_ascii=False) + answer_text(answer).plain
    assert told.encode("utf-8")


def test_the_words_around_it_are_searched_for(assistant: Assistant) -> None:
    abstention = assistant.ask(HALF).abstention
    assert abstention is not None
    assert abstention.missing_terms == ("trigon",)
    assert assistant.search(HALF)[0].passage.source == "valve.txt"


class InParts(FakeEncoder):
    """An encoder that knows long words only in parts."""

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [sum(1 + (len(word) > 7) for word in text.split()) for text in texts]


def test_names_are_rare_nouns(indexed: Callable[..., RunReport], tmp_path: Path) -> None:
    indexed(
        {
            "a.md": "Tramadol and Diclofenac are prescribed remedies. Fermenting cabbage takes a week. "
            "They ferment2000 it, says the X20S of 1998. A landlady has Menkes disease, fault B12. "
            "Ask www.parkinsons.org.uk or parkinson@example.org about Parkinson's."
        }
    )
    index = Index(tmp_path / "data", InParts())  # type: ignore[arg-type]
    with index.view() as view:

        def names(question: str, language: str = "en") -> list[str]:
            return [term.word for term in encode_question(question, view, language).terms if term.names]

        assert names("How much tramadol or Diclofenac a day?") == ["tramadol", "Diclofenac"]
        assert names("How much citalopram a day?") == ["citalopram"]  # no text has it
        assert names("How much Zorbinolum a day?") == ["Zorbinolum"]
        assert names("How much zorbinolum a day?") == []  # perhaps it is misspelt
        assert names("Zorbinolum a day?") == names("How Much Zorbinolum A Day?") == []
        assert names("Superbowls, in subtexts?") == []  # compounds
        assert names("Is an apointment neccessary?") == []  # slips
        assert names("How are caries treated, and hemangiomas?") == ["hemangiomas"]
        assert names("Who prescribed it, and is fermenting it right?") == []
        assert names("how to tramadol, or do they diclofenac?") == []  # verbs, to all appearance
        assert names("A fortnight of ten centimetres or kilogrammes?") == []
        assert names("Wie viel Tramadol am Tag?", "de") == []
        assert names("Who has Addison's, or Crohn’s disease?") == ["Addison's", "Crohn’s"]
        assert names("Is it my Dad's, the dog's or Harry's?") == []
        assert names("Landlady's cabbage? Physio's remedies: Lodger's week?") == []
        assert names("What does my Landlady's cabbage cost?") == []  # a text has it in small letters
        assert names("Menkes's remedies?") == ["Menkes's"]
        assert names("Does it help with Parkinson's?") == ["Parkinson's"]  # small in an address only
        assert names("What does the Janitor's cabbage cost, and with which Sainsbury's remedies?") == []
        assert names("Is it tramadol? How is an allergy to tramadol treated?") == ["tramadol"]
        assert names("Which painkillers are there besides tramadol, or instead of the Diclofenac?") == []
        assert names("Can I tramadol with the X20S?") == ["X20S"]
        assert names("How is the repayment of the X99 done?") == []
        assert names("What does fault B13 mean, or b5?") == ["B13"]  # texts have a B12
        assert names("How much tramadol, according to the diclofenac?") == ["tramadol"]
        assert names("tramadol remedies?") == ["tramadol"] and names("Is it Remedies?") == ["Remedies"]  # a brand
        assert names("What did it cost in 2024/25, and in the winter of 2023?") == ["2024", "2023"]
        assert names("Who was it in 1998?") == ["1998"]
        assert names("Since 2010, between 2011 and 2012, 2000 kcal, $2013, PEP 1950 or 3000?") == ["1950"]
        assert names("Since 1 March 2019, by April 2025, born in 1985, with 2000 square feet or 2000 students?") == []
        assert names("Was gilt 2020?", "de") == []
        told = encode_question("How much tramadol (7 years old, weighs 60 pounds)?", view)
        assert (told.text, told.person) == ("How much tramadol?", "7 years old, weighs 60 pounds")
        assert [term.word for term in told.terms] == ["tramadol"]
        assert names("diclofenac-9 and citalopram-2, with tramadol-3?") == ["diclofenac", "tramadol"]
        (found,) = retrieve(encode_question("How much tramadol and citalopram?", view), view)
        assert found.names == {"tramadol"}
    index.close()


def candidate(text: str, source: str = "a.md", cosine: float = 0.5, heading: tuple[str, ...] = ()) -> Candidate:
    passage = Passage(text, "/root", source, 0, len(text), text, None, heading, ((0, len(text)),), text)
    return Candidate(passage, cosine, 0.0)


def test_passages_that_only_describe_give_way_to_text() -> None:
    question = Question("Does heat help?", FakeEncoder().encode(["heat"])[0], ())
    tags, text = candidate("tags: heat", cosine=0.6), candidate("Heat helps.", cosine=0.5)
    below = candidate("tags: heat", cosine=0.6, heading=("Tags",))
    found = fuse(question, [tags, text, below], Titles(FakeEncoder()))
    assert [each.passage for each in found] == [below.passage, text.passage, tags.passage]
    assert [each.empty for each in found] == [False, False, True]
    named = replace(question, text="Which tags are there?")
    assert [each.empty for each in fuse(named, [tags], Titles(FakeEncoder()))] == [False]


def test_sources_are_ranked_by_what_was_read_in_them() -> None:
    far, near, unread = candidate("A.", "a.md", 0.5), candidate("B.", "b.md", 0.4), candidate("C.", "c.md", 0.45)
    assert rank_sources([far, unread, near], {}) == ("a.md", "c.md", "b.md")
    assert rank_sources([far, unread, near], {"A.": -9.0, "B.": 9.0}) == ("b.md", "a.md", "c.md")
    assert rank_sources([], {}) == ()


def told(text: str, score: float, given_way: float = 0.0, source: str = "a.md") -> Sentence:
    return Sentence(candidate(text, source), 0, Features(**dict.fromkeys(NAMES, 0.0)), score, given_way=given_way)


def test_front_matter_tells_that_its_own_text_answers() -> None:
    best, matter, other = told("Heat helps.", 3.0), told("tags: heat", 1.0, 5.0), told("tags: ice", 2.0, 5.0, "b.md")
    assert most_telling([best, other, matter]) is matter
    assert most_telling([best, other]) is best
