from dataclasses import replace

import pytest

from assistant.evaluation.compare import Flip, compare, mcnemar
from assistant.evaluation.judge import Outcome
from assistant.evaluation.prompts import Prompt
from assistant.evaluation.results import QuotedText, Result
from ingest.errors import ResultsInvalid

PROMPTS = (
    Prompt("hip", "hip?", answers=("groin",)),
    Prompt("knee", "knee?", answers=("kneecap",)),
    Prompt("dose", "dose?", unanswerable=True),
    Prompt("price", "price?", unanswerable=True),
)


def reply(identity: str, *texts: str) -> Result:
    quotes = tuple(QuotedText("a.md", text, 0, len(text)) for text in texts)
    return Result(identity, "", not texts, (), quotes, 0.5, 1.0)


EARLIER = (reply("hip", "in the groin"), reply("knee", "the kneecap"), reply("dose"), reply("price", "ten"))


def test_a_run_compared_with_itself_flips_nothing() -> None:
    same = compare(EARLIER, EARLIER, PROMPTS)
    assert (same.flips, same.changed, same.better, same.worse, same.p_value, same.unmatched) == ((), (), 0, 0, 1.0, ())
    defined = [each for each in same.differences.values() if each.change is not None]
    assert len(defined) == 14
    assert all(each.change == 0 and not each.beyond_chance for each in defined)
    hit = same.differences["quote_hit"]
    assert (hit.low, hit.high) == pytest.approx((0.025**0.5 - 1, 1 - 0.025**0.5))


def test_swapped_answers_of_two_prompts_are_found() -> None:
    swapped = (replace(EARLIER[1], id="hip"), replace(EARLIER[0], id="knee"), *EARLIER[2:])
    found = compare(EARLIER, swapped, PROMPTS)
    assert found.flips == (
        Flip("hip", "hip?", Outcome.RIGHT_QUOTE, Outcome.WRONG_QUOTE),
        Flip("knee", "knee?", Outcome.RIGHT_QUOTE, Outcome.WRONG_QUOTE),
    )
    assert (found.better, found.worse, found.p_value) == (0, 2, pytest.approx(0.5))
    hit = found.differences["quote_hit"]
    assert (hit.earlier, hit.later, hit.change, hit.low) == (1, 0, -1, -1)
    assert hit.high == pytest.approx(1 - 2 * 0.025**0.5)
    assert not hit.beyond_chance


def test_swapped_wrong_answers_are_found_though_nothing_flips() -> None:
    wrong = (reply("hip", "an arm"), reply("knee", "a leg"))
    swapped = (reply("hip", "a leg"), reply("knee", "an arm"))
    found = compare(wrong, swapped, PROMPTS)
    assert (found.flips, found.changed, found.unmatched) == ((), ("hip", "knee"), ("dose", "price"))


def test_a_refusal_that_became_uncertain_is_another_reply_and_no_flip() -> None:
    uncertain = (*EARLIER[:2], replace(EARLIER[2], uncertain=True), EARLIER[3])
    found = compare(EARLIER, uncertain, PROMPTS)
    assert (found.flips, found.changed) == ((), ("dose",))


def test_flips_for_the_worse_come_first_and_those_between_wrongs_count_for_neither() -> None:
    earlier = (reply("hip", "an arm"), reply("knee", "the kneecap"), reply("price", "ten"))
    later = (reply("hip"), reply("knee"), reply("price"))
    found = compare(earlier, later, PROMPTS)
    assert [flip.id for flip in found.flips] == ["knee", "hip", "price"]
    assert (found.better, found.worse, found.p_value) == (1, 1, 1.0)


@pytest.mark.parametrize(
    ("better", "worse", "p_value"), [(0, 0, 1.0), (1, 0, 1.0), (0, 5, 2 / 32), (8, 1, 2 * (1 + 9) / 512), (3, 3, 1.0)]
)
def test_mcnemar_by_hand(better: int, worse: int, p_value: float) -> None:
    assert mcnemar(better, worse) == pytest.approx(p_value)


@pytest.mark.parametrize("flips", range(1, 12))
def test_a_change_of_a_share_is_beyond_chance_where_mcnemar_says_so(flips: int) -> None:
    prompts = tuple(Prompt(str(n), "Q?", answers=("hip",)) for n in range(12))
    for better in range(flips + 1):
        earlier = tuple(reply(str(n), "hip" if n >= better else "leg") for n in range(12))
        later = tuple(reply(str(n), "leg" if better <= n < flips else "hip") for n in range(12))
        found = compare(earlier, later, prompts)
        assert (found.better, found.worse) == (better, flips - better)
        assert found.differences["quote_hit"].beyond_chance == (found.p_value < 0.05)


def test_a_real_difference_is_beyond_chance_and_a_small_one_is_not() -> None:
    prompts = tuple(Prompt(str(n), "Q?", answers=("hip",)) for n in range(40))
    earlier = tuple(reply(str(n), "leg" if n < 20 else "hip") for n in range(40))
    much = compare(earlier, tuple(reply(str(n), "hip") for n in range(40)), prompts)
    assert much.differences["quote_hit"].beyond_chance
    assert much.p_value == pytest.approx(2 / 2**20)
    little = compare(earlier, tuple(reply(str(n), "hip" if n else "leg") for n in range(19, 59)), prompts[19:])
    assert not little.differences["quote_hit"].beyond_chance


def test_runs_of_other_prompts_cannot_be_compared() -> None:
    with pytest.raises(ResultsInvalid, match="no prompt in common"):
        compare(EARLIER, (reply("other"),), PROMPTS)
