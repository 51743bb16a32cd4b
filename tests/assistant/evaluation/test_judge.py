"""What is right about a reply: whether a quote holds an answer."""

import pytest

from assistant.evaluation.judge import is_right_quote, judge
from assistant.evaluation.prompts import Prompt
from assistant.evaluation.results import Result


@pytest.mark.parametrize(
    ("answer", "text", "right"),
    [
        ("5", "It takes 15 minutes.", False),
        ("5", "It takes 2.5 minutes.", False),
        ("5", "It takes 5.5 minutes.", False),
        ("5", "It takes 5,000 minutes.", False),
        ("5", "It takes 5, or 6.", True),
        ("5", "It takes 5.", True),
        ("5 m", "It takes 5 minutes.", False),
        ("10", "In 2010 it rained.", False),
        ("2.5 mg", "Take 12.5 mg.", False),
        ("2.5 mg", "Take 2.5 mg.", True),
        ("effective", "TENS is ineffective.", False),
        ("effective", "TENS is effective.", True),
        ("effective", "It is ineffective at first, then effective.", True),
        ("stand", "I understand nothing.", False),
        ("historically", "over time.Historically, it", True),
        ("%", "5% of them", True),
        ("(see below)", "It hurts (see below).", True),
        ("\u6a5f", "\u6a5f\u68b0\u5b66\u7fd2", True),
        ("علاج", "العلاج الطبيعي", True),
        ("straße", "Die Straßen", False),
    ],
)
def test_an_answer_is_whole_words(answer: str, text: str, right: bool) -> None:
    assert is_right_quote(Prompt("a", "Q?", answers=(answer,)), text) is right


@pytest.mark.parametrize("name", ["\ud800", "a\x00b", "Übung 漢字.md", "two words\tand\na tab"])
def test_any_id_and_source_is_ranked(name: str) -> None:
    """A lone surrogate, which JSON can spell, crashed the whole process in trec_eval's C code."""
    (judged,) = judge([Prompt(name, "q", sources=(name,))], [Result(name, "q", False, ("other.md", name), ())])
    assert judged.ranking is not None
    assert judged.ranking.mrr10 == 0.5
