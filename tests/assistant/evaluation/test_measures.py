import math
from dataclasses import replace

import numpy as np
import pytest

from assistant.evaluation.bootstrap import resampled_weights
from assistant.evaluation.judge import Outcome, is_right_quote, judge
from assistant.evaluation.measures import MEASURES, Estimate, estimate, score
from assistant.evaluation.prompts import Prompt
from assistant.evaluation.results import QuotedText, Result

PASSAGE = "Walk every day.\nRest is rarely needed for long."


def reply(identity: str, *texts: str, ranked: tuple[str, ...] = (), gate: float | None = None) -> Result:
    """Make a result that quotes the texts; without any it abstained."""
    quotes = tuple(QuotedText("a.md", text, 0, len(text)) for text in texts)
    return Result(identity, "Q?", not texts, ranked, quotes, gate, 1.0)


PROMPTS = (
    Prompt(
        "named",
        "Q?",
        answers=("knee", "elbow"),
        needs=("the HIP", "knee  joint"),
        sources=("a.md", "b.md"),
        tags=("joints",),
    ),
    Prompt(
        "graded",
        "Q?",
        answers=("hip",),
        needs=("hip", "groin"),
        relevance={"a.md": 3, "b.md": 1},
        tags=("joints", "grades"),
    ),
    Prompt("refused", "Q?", needs=("Walk",), passages=(PASSAGE,)),
    Prompt("inside", "Q?", passages=("Other text.", PASSAGE)),
    Prompt("answered", "Q?", unanswerable=True, tags=("dose",)),
    Prompt("kept", "Q?", unanswerable=True),
)
RESULTS = (
    reply("named", "The hip.", "The  Knee joint hurts.", ranked=("c.md", "a.md", "b.md"), gate=0.9),
    reply("graded", "hip", ranked=("b.md", "c.md", "a.md"), gate=0.6),
    replace(reply("refused", gate=0.2), uncertain=True),
    reply("inside", "Walk every day.", "rest is  rarely needed for long.", gate=0.7),
    reply("answered", "Anything at all that is quoted.", gate=0.6),
    reply("kept", gate=0.2),
)


def values(prompts: tuple[Prompt, ...], results: tuple[Result, ...]) -> dict[str, float | None]:
    return {name: each.value for name, each in estimate(judge(prompts, results)).items()}


def test_figures_worked_by_hand() -> None:
    log3 = math.log2(3)
    # Named: gains 0 1 1, of ideally 1 1.  Graded: gains 1 0 7, of ideally 7 1.
    ndcg = ((1 / log3 + 1 / 2) / (1 + 1 / log3) + (1 + 7 / 2) / (7 + 1 / log3)) / 2
    assert values(PROMPTS, RESULTS) == {
        "quote_hit": pytest.approx(3 / 4),
        "first_quote_hit": pytest.approx(1 / 4),
        "quote_precision": pytest.approx(3 / 5),
        "quotes_per_answer": pytest.approx(5 / 3),
        "words_per_answer": pytest.approx((6 + 1 + 9) / 3),
        "complete": pytest.approx(1 / 3),
        "words_beyond": pytest.approx(((6 - 4) + (1 - 1)) / 2),
        "false_refusal": pytest.approx(1 / 4),
        "false_answer": pytest.approx(1 / 2),
        "answerable_answered": pytest.approx(3 / 4),
        "answerable_uncertain": pytest.approx(1 / 4),
        "answerable_unanswered": pytest.approx(0),
        "unanswerable_uncertain": pytest.approx(0),
        "unanswerable_unanswered": pytest.approx(1 / 2),
        "gate_accuracy": pytest.approx((3 / 4 + 1 / 2) / 2),
        # Answerable .9 .6 .2 .7 against .6 .2: wins 2, 1 and a tie, a tie, 2; of 8.
        "gate_auroc": pytest.approx((2 + 1.5 + 0.5 + 2) / 8),
        "ndcg10": pytest.approx(ndcg),
        "mrr10": pytest.approx((1 / 2 + 1 / 3) / 2),
        "recall10": pytest.approx(1.0),
        "understood": None,
    }


def test_a_complete_answer_quotes_all_needs_in_any_order_and_over_several_quotes() -> None:
    prompt = Prompt("a", "Q?", needs=("5 minutes", "walk", "rest"))
    quotes = {
        ("Rest.", "Walk 5", "minutes."): (1, 0),
        ("Rest or walk 15 minutes.",): (0, 5 - 2),  # 15 is not 5
        ("walk", "walk", "walk"): (0, 3 - 1),
        ("Rest, and walk for a while, not 5 minutes only.",): (1, 10 - 4),
        (): (0, None),
    }
    for texts, (whole, beyond) in quotes.items():
        found = values((prompt,), (reply("a", *texts),))
        assert (found["complete"], found["words_beyond"]) == (whole, beyond)


def test_words_of_needs_that_overlap_count_once_at_most() -> None:
    prompt = Prompt("a", "Q?", needs=("walk every day", "every day", "day"))
    assert values((prompt,), (reply("a", "Walk every day."),))["words_beyond"] == 0


def test_without_needs_there_is_no_complete_answer() -> None:
    found = estimate(judge((Prompt("a", "Q?", answers=("hip",)),), (reply("a", "hip"),)))
    assert [(found[name].value, found[name].prompts) for name in ("complete", "words_beyond")] == [(None, 0)] * 2


def test_uncertain_is_not_answered_and_the_three_states_of_a_kind_make_one() -> None:
    prompts = [Prompt(f"yes{n}", "Q?", answers=("hip",)) for n in range(4)]
    prompts += [Prompt(f"no{n}", "Q?", unanswerable=True) for n in range(5)]
    results = [reply("yes0", "hip"), reply("yes1"), reply("no0", "hip"), reply("no1"), reply("no2")]
    results += [replace(reply(name), uncertain=True) for name in ("yes2", "yes3", "no3", "no4")]
    found = values(tuple(prompts), tuple(results))
    states = [f"answerable_{state}" for state in ("answered", "uncertain", "unanswered")]
    assert [found[name] for name in states] == pytest.approx([1 / 4, 2 / 4, 1 / 4])
    states = ["false_answer", "unanswerable_uncertain", "unanswerable_unanswered"]
    assert [found[name] for name in states] == pytest.approx([1 / 5, 2 / 5, 2 / 5])
    assert (found["false_refusal"], found["quote_hit"]) == pytest.approx((3 / 4, 1 / 4))
    outcomes = [each.outcome for each in judge(prompts, results)]
    assert outcomes.count(Outcome.FALSE_REFUSAL) == 3
    assert outcomes.count(Outcome.RIGHT_ABSTENTION) == 4


def test_follow_ups_are_understood_by_what_is_found_and_new_subjects_as_typed() -> None:
    leaning = Prompt("found", "Why?", ("Where?",), answers=("hip",), sources=("a.md",), leans=True)
    alone = Prompt("typed", "Where is it?", ("Why?",), sources=("a.md",), leans=False)
    prompts = (
        leaning,  # refused, but the right file first: 1
        replace(leaning, id="quoted"),  # a wrong file first, but a right quote: 1
        replace(leaning, id="lost"),  # a wrong file first and a wrong quote: 0
        replace(leaning, id="unsaid", leans=None),
        Prompt("nothing", "Why?", ("Where?",), unanswerable=True, leans=True),
        alone,  # 1, whatever was found
        replace(alone, id="dragged"),  # 0
        replace(alone, id="unknown"),
    )
    results = (
        reply("found", ranked=("a.md", "b.md")),
        reply("quoted", "The hip.", ranked=("b.md", "a.md")),
        reply("lost", "The knee.", ranked=("b.md", "a.md")),
        reply("unsaid", "The hip.", ranked=("a.md",)),
        reply("nothing"),
        replace(reply("typed", ranked=("b.md",)), asked="Where is it? "),
        replace(reply("dragged", ranked=("a.md",)), asked="Why? Where is it?"),
        reply("unknown", ranked=("a.md",)),
    )
    figure = estimate(judge(prompts, results))["understood"]
    assert (figure.value, figure.prompts) == (pytest.approx(3 / 5), 5)


def test_outcomes() -> None:
    only_ranked = Prompt("ranked", "Q?", sources=("a.md",))
    judgements = judge((*PROMPTS, only_ranked), (*RESULTS, reply("ranked", "a quote"), reply("stranger")))
    assert [each.outcome for each in judgements] == [
        Outcome.RIGHT_QUOTE,
        Outcome.RIGHT_QUOTE,
        Outcome.FALSE_REFUSAL,
        Outcome.RIGHT_QUOTE,
        Outcome.FALSE_ANSWER,
        Outcome.RIGHT_ABSTENTION,
        Outcome.UNJUDGED,
    ]
    assert [each.right_quotes for each in judgements] == [(False, True), (True,), (), (False, True), (), (), ()]
    assert not Outcome.UNJUDGED.right
    assert not Outcome.UNJUDGED.wrong
    assert Outcome.WRONG_QUOTE.wrong


@pytest.mark.parametrize(
    ("prompt", "text", "right"),
    [
        (Prompt("a", "Q?", answers=("Straße",)), "in der STRASSE", True),
        (Prompt("a", "Q?", answers=("two words",)), "Two\n  Words", True),
        (Prompt("a", "Q?", answers=("long answer",)), "long", False),
        (Prompt("a", "Q?", answers=("x",), passages=(PASSAGE,)), "Rest is rarely needed for long.", False),
        (Prompt("a", "Q?", passages=("x" * 40,)), "x" * 21, True),
        (Prompt("a", "Q?", passages=("x" * 40,)), "x" * 20, False),
        (Prompt("a", "Q?", passages=("x" * 40,)), " " + "x" * 20 + " ", False),
        (Prompt("a", "Q?", passages=("x" * 40,)), "x" * 41, False),
        (Prompt("a", "Q?", needs=("hip", "knee")), "The Knee.", True),
        (Prompt("a", "Q?", needs=("hip", "knee")), "The elbow.", False),
        (Prompt("a", "Q?", answers=("x",), needs=("hip",)), "The hip.", False),
        (Prompt("a", "Q?", needs=("hip",), passages=("y" * 40,)), "The hip.", False),
    ],
)
def test_what_a_right_quote_is(prompt: Prompt, text: str, right: bool) -> None:
    assert is_right_quote(prompt, text) is right


def test_ranking_counts_ten_places_and_as_many_files_as_they_hold() -> None:
    twelve = tuple(f"{n}.md" for n in range(12))
    prompt = Prompt("a", "Q?", sources=twelve)
    full = values((prompt,), (reply("a", ranked=twelve[2:]),))
    assert (full["ndcg10"], full["mrr10"], full["recall10"]) == pytest.approx((1, 1, 1))
    eleventh = values((replace(prompt, sources=("11.md",)),), (reply("a", ranked=twelve),))
    assert (eleventh["ndcg10"], eleventh["mrr10"], eleventh["recall10"]) == (0, 0, 0)


def test_grade_one_is_found_but_not_right_and_grade_zero_is_neither() -> None:
    prompt = Prompt("a", "Q?", relevance={"one.md": 1, "zero.md": 0})
    found = values((prompt,), (reply("a", ranked=("zero.md", "one.md")),))
    assert (found["mrr10"], found["recall10"]) == (0, 1)
    assert found["ndcg10"] == pytest.approx(1 / math.log2(3))


def test_grades_count_where_sources_are_named_as_well() -> None:
    prompt = Prompt("a", "Q?", sources=("b.md",), relevance={"a.md": 2})
    assert values((prompt,), (reply("a", ranked=("b.md", "a.md")),))["mrr10"] == 0.5


def test_a_ranking_of_nothing_is_zero() -> None:
    found = values(PROMPTS[:1], (reply("named"),))
    assert (found["ndcg10"], found["mrr10"], found["recall10"]) == (0, 0, 0)


def test_without_unanswerable_prompts_what_needs_them_is_undefined() -> None:
    found = values(PROMPTS[:4], RESULTS)
    assert [name for name, value in found.items() if value is None] == [
        "false_answer",
        "unanswerable_uncertain",
        "unanswerable_unanswered",
        "gate_accuracy",
        "gate_auroc",
        "understood",
    ]


def test_without_answerable_prompts_only_what_became_of_the_others_is_defined() -> None:
    found = values(PROMPTS[4:], RESULTS)
    assert {name: value for name, value in found.items() if value is not None} == {
        "false_answer": 0.5,
        "unanswerable_uncertain": 0,
        "unanswerable_unanswered": 0.5,
    }


def test_when_all_abstained() -> None:
    found = values(PROMPTS, tuple(reply(prompt.id, gate=0.5) for prompt in PROMPTS))
    assert found["quote_hit"] == found["first_quote_hit"] == 0
    assert found["quote_precision"] is found["quotes_per_answer"] is found["words_per_answer"] is None
    assert (found["complete"], found["words_beyond"]) == (0, None)
    assert (found["false_refusal"], found["false_answer"], found["gate_accuracy"]) == (1, 0, 0.5)
    assert found["gate_auroc"] == 0.5


def test_an_answer_without_quotes_misses() -> None:
    found = values(PROMPTS[:1], (Result("named", "Q?", False, (), ()),))
    assert (found["quote_hit"], found["quotes_per_answer"], found["quote_precision"]) == (0, 0, None)


def test_one_prompt_has_values_and_no_intervals_but_of_shares() -> None:
    judgements = judge(PROMPTS[1:2], RESULTS)
    found = estimate(judgements)
    assert (found["quote_hit"].value, found["quote_hit"].prompts) == (1, 1)
    for name, each in found.items():
        share = each.prompts and MEASURES[name].statistic(judgements).hits is not None
        assert (each.low is not None) == (each.high is not None) == bool(share)


def test_no_prompts_at_all() -> None:
    assert all(each.value is each.low is None and each.prompts == 0 for each in estimate(()).values())
    assert score(()).by_tag == {}


def test_scores_without_a_gate_leave_its_auroc_undefined() -> None:
    assert values(PROMPTS, tuple(replace(each, gate_score=None) for each in RESULTS))["gate_auroc"] is None


def test_auroc_of_perfect_and_of_inverted_scores() -> None:
    right = tuple(
        replace(each, gate_score=1.0 if prompt.answerable else 0.0)
        for prompt, each in zip(PROMPTS, RESULTS, strict=True)
    )
    assert values(PROMPTS, right)["gate_auroc"] == 1
    assert (
        values(PROMPTS, tuple(replace(each, gate_score=1 - (each.gate_score or 0)) for each in right))["gate_auroc"]
        == 0
    )


def test_by_tag() -> None:
    by_tag = score(judge(PROMPTS, RESULTS)).by_tag
    assert list(by_tag) == ["dose", "grades", "joints"]
    assert by_tag["joints"]["first_quote_hit"].value == 0.5
    assert by_tag["dose"]["false_answer"].value == 1
    assert by_tag["dose"]["quote_hit"].value is None


def halves(count: int) -> dict[str, Estimate]:
    prompts = tuple(Prompt(str(n), "Q?", answers=("hip",)) for n in range(count))
    return estimate(judge(prompts, tuple(reply(str(n), "hip" if n % 2 else "leg") for n in range(count))))


def test_intervals_of_a_share_have_the_width_they_should() -> None:
    hit = halves(400)["quote_hit"]
    half = 1.96 * math.sqrt(0.25 / 400)
    assert (hit.low, hit.value, hit.high) == pytest.approx((0.5 - half, 0.5, 0.5 + half), abs=0.005)


@pytest.mark.parametrize(
    ("hits", "prompts", "low", "high"),
    [
        (0, 37, 0, 1 - 0.025 ** (1 / 37)),  # 0 to 9.5 %
        (37, 37, 0.025 ** (1 / 37), 1),
        (0, 1, 0, 0.975),
        (1, 2, 1 - 0.975**0.5, 0.975**0.5),
    ],
)
def test_intervals_of_a_share_are_exact_at_the_edges(hits: int, prompts: int, low: float, high: float) -> None:
    asked = tuple(Prompt(str(n), "Q?", answers=("hip",)) for n in range(prompts))
    replies = tuple(reply(str(n), "hip" if n < hits else "leg") for n in range(prompts))
    found = estimate(judge(asked, replies))
    assert (found["quote_hit"].low, found["quote_hit"].high) == pytest.approx((low, high))


def test_every_plain_share_and_nothing_else_has_an_exact_interval() -> None:
    judgements = judge(PROMPTS, RESULTS)
    assert {name for name, each in MEASURES.items() if each.statistic(judgements).hits is None} == {
        "quote_precision",
        "quotes_per_answer",
        "words_per_answer",
        "words_beyond",
        "gate_accuracy",
        "gate_auroc",
        "ndcg10",
        "mrr10",
        "recall10",
    }


def test_a_bootstrap_of_prompts_that_agree_is_no_interval() -> None:
    replies = tuple(reply(str(n), "hip") for n in range(9))
    found = estimate(judge(tuple(Prompt(str(n), "Q?", answers=("hip",)) for n in range(9)), replies))
    assert (found["quote_precision"].value, found["quote_precision"].low, found["quote_precision"].high) == (
        1,
        None,
        None,
    )


def test_intervals_come_out_the_same_again() -> None:
    assert halves(30) == halves(30)


def test_each_kind_is_resampled_in_its_own_number() -> None:
    weights = resampled_weights(judge(PROMPTS, RESULTS))
    assert set(weights[:, :4].sum(axis=1)) == {4}
    assert set(weights[:, 4:].sum(axis=1)) == {2}
    assert np.allclose(weights.mean(axis=0), 1, atol=0.1)


def test_every_measure_says_what_it_is_in_which_unit_and_whence() -> None:
    for measure in MEASURES.values():
        assert measure.definition.endswith(".")
        doc = measure.statistic.__doc__ or ""
        assert "Unit:" in doc
        assert "Source:" in doc
