"""What stands under a range of ages or weights is for the people in it."""

import time

import pytest

from assistant.answering.age_and_weight import is_for_others, told_of, with_person, without_person

BABY = "My 14 month old weighs 20 pounds. What is the dose for her?"
GIRL = "My daughter is 7 and weighs 60 lbs, how much does she get?"


@pytest.mark.parametrize(
    ("question", "above", "others"),
    [
        (BABY, "(45 to 88 pounds)", True),
        (BABY, "Older than 10 years (over 88 pounds)", True),
        (BABY, "2 to 5 years (18 to 44 pounds)", True),
        (BABY, "1 to 5 years", False),
        (BABY, "Infants under 25 lbs", False),
        (BABY, "Children 12 months and older", False),
        (BABY, "Children 2 years and older", True),
        (BABY, "Weight | 12–17 lbs | 18–23 lbs", False),  # noqa: RUF001
        (BABY, "Weight: 8 to 10 kg", False),
        (BABY, "The first 3 to 6 months", False),  # no ages, to all appearance
        (GIRL, "6 to 7 years", False),
        (GIRL, "Ages 2 to 5", True),
        (GIRL, "Age 6+", False),
        (GIRL, "Children from 12 years", True),
        (GIRL, "Children under 7 years", True),
        (GIRL, "Members with over 10 years", False),
        (GIRL, "Weight gain of 15 to 25 pounds", False),
        ("My son is 7. How much?", "Children under 6 years", True),
        ("He's 5, how much?", "Over 6 years", True),
        ("My A1C is 7, what should I eat?", "Adults over 18 years", False),
        ("I am 20 weeks and have a headache, what can I take?", "Adults over 18 years", False),
        ("My 3 1/2 year old coughs.", "Children 3 to 6 years", False),
        ("I am 45 and have worked here 3 years.", "1-5 years", False),
        (GIRL, "Children under 6 years", True),
        (GIRL, "Lifting up to 5 kg", False),
        ("My dad is 71 and had a fusion. When can he drive?", "1 to 2 years after surgery", False),
        ("My dad is 71 and had a fusion. When can he drive?", "Adults up to 65 years", True),
        ("How do I lose 20 pounds?", "Over 100 pounds", False),
        ("Is a dose for a 3 year old and for a 9 year old the same?", "Children over 12 years", False),
        ("What is the dose?", "Children over 12 years", False),
        ("", "", False),
    ],
)
def test_headings_for_others(question: str, above: str, others: bool) -> None:
    assert is_for_others(question, "Give 5 ml.", above) is others


@pytest.mark.parametrize(
    ("sentence", "others"),
    [
        ("| 36–47 lbs | 7.5 mL |", True),  # noqa: RUF001
        ("| 60-71 lbs | 12.5 mL |", False),
        ("- Under 6 years: 5 ml.", True),
        ("- 6 years and older: 10 ml.", False),
        ("Children under 6 years get 5 ml, older ones more.", False),  # tells of others too
    ],
)
def test_rows_and_items_for_others(sentence: str, others: bool) -> None:
    assert is_for_others(GIRL, sentence, "") is others


@pytest.mark.parametrize("story", ["She is 7 and weighs 60 pounds.", "a 3-month-old", "I am 80 kg.", "He is 12."])
def test_what_is_told_of_a_person_is_understood_again(story: str) -> None:
    told = told_of(story)
    assert told and without_person(with_person("What is the dose?", told)) == ("What is the dose?", told)
    assert without_person("What is the dose?") == ("What is the dose?", "")
    for heading in ("Under 1 year", "1 to 5 years", "6 to 10 years", "Over 11 years", "Over 50 kg", "Under 50 kg"):
        assert is_for_others(told, "Take it.", heading) == is_for_others(story, "Take it.", heading)


@pytest.mark.parametrize("story", ["My son is 7 and my daughter is 3.", "A 2-year-old coughs. I weigh 150 lbs."])
def test_nothing_is_told_of_several_people(story: str) -> None:
    assert told_of(story) == ""


def test_ranges_are_looked_for_fast() -> None:
    started = time.process_time()
    for text in (
        "12 " * 20_000,
        "1 to " * 20_000,
        "5 to 6 kg " * 5_000,
        "5 to 6 months " * 5_000,
        "over 5 kg " * 5_000,
    ):
        is_for_others(GIRL, "Take it.", text)
    for text in ("weigh " * 20_000, "he is 1" * 10_000, "he is 7 " * 10_000):
        told_of(text)
    assert time.process_time() - started < 3
