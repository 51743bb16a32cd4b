"""Follow-ups are asked with the words they lean on; a change of subject is asked as typed."""

import re

import pytest

from assistant.answering.follow_up import ResolvedQuestion, resolve_follow_up, resolve_foreign
from ingest.index.catalog import Snapshot

FILES = {
    "heat.txt": "Heat eases sciatica. Use heat for ten minutes.",
    "yoga.txt": "Yoga eases sciatica in women. Cats like warm beds.",
    "knee.txt": "A swollen knee is eased by cold. Use cold for five minutes.",
    "tea.txt": "Green tea tastes best after three minutes.",
}
EARLIER = "Does heat help with sciatica?"


@pytest.mark.parametrize("question", ["why?", "For how long?", "And how often?", "Who are they"])
def test_what_means_nothing_alone_takes_the_last_question_along(question: str, snapshot: Snapshot) -> None:
    assert resolve_follow_up(question, ["Where is my knee?", EARLIER], snapshot) == ResolvedQuestion(
        f"{EARLIER} {question}", True
    )


@pytest.mark.parametrize(
    "question",
    [
        "Is it safe?",
        "what causes it?",
        "Is that common?",
        "Which one is common?",
        "how far does its pain go?",
        "so does it hurt?",
        "how much more heat do they have?",
    ],
)
def test_what_points_back_takes_along_what_the_last_question_is_about(question: str, snapshot: Snapshot) -> None:
    assert resolve_follow_up(question, ["Where is my knee?", EARLIER], snapshot) == ResolvedQuestion(
        f"heat sciatica: {question}", True
    )


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("and yoga?", "sciatica: and yoga?"),
        ("What about women?", "sciatica: What about women?"),
        ("but with yoga?", "sciatica: but with yoga?"),
        ("for women?", "sciatica: for women?"),
        ("and a swollen knee?", "and a swollen knee?"),  # nothing of sciatica or heat stands with it
        ("What about the weather in London?", "What about the weather in London?"),  # nor with what no text holds
    ],
)
def test_another_case_takes_along_what_stands_with_it_in_a_passage(
    question: str, expected: str, snapshot: Snapshot
) -> None:
    assert resolve_follow_up(question, [EARLIER], snapshot) == ResolvedQuestion(expected, expected != question)


@pytest.mark.parametrize(
    ("question", "earlier", "expected"),
    [
        ("and yoga?", "Does cold help with warm knees?", "warm knees: and yoga?"),  # no passage has yoga and knees
        ("and yoga?", "Do cats like warm beds?", "cats warm beds: and yoga?"),
        ("and yoga?", "Does heat ease sciatica?", "ease sciatica: and yoga?"),
        ("and warm yoga?", "Are warm knees eased?", "eased: and warm yoga?"),  # "warm" is said anew
    ],
)
def test_a_phrase_is_taken_along_whole(question: str, earlier: str, expected: str, snapshot: Snapshot) -> None:
    assert resolve_follow_up(question, [earlier], snapshot) == ResolvedQuestion(expected, True)


@pytest.mark.parametrize(
    "question",
    [
        "What is a swollen knee?",
        "And when does green tea taste best?",
        "I have a swollen knee, does it need cold?",
        "If tea is green, is it healthy?",
        "Does Moore believe they will heal?",
        "Does sciatica have its name from a nerve?",
        "Is it true that cold eases a swollen knee?",
        "sciatica",
        "sciatica minutes?",
        "When should one drink green tea?",
        "so-called sciatica",
        "Is keto healthy?",
        "¿Qué ayuda a la espalda?",
        "背中が痛い",
        "?",
        "",
        "  ",
        "\U0001f9b5" * 50,
    ],
)
def test_a_question_of_its_own_is_asked_as_typed(question: str, snapshot: Snapshot) -> None:
    assert resolve_follow_up(question, [EARLIER], snapshot) == ResolvedQuestion(question, False)


def test_a_short_question_that_fits_several_subjects_is_asked_of_the_earlier_one(snapshot: Snapshot) -> None:
    earlier = "Should I use cold on a swollen knee?"
    assert resolve_follow_up("How many minutes?", [earlier], snapshot) == ResolvedQuestion(
        "cold swollen knee: How many minutes?", True
    )
    assert resolve_follow_up("Does yoga ease?", [earlier], snapshot) == ResolvedQuestion("Does yoga ease?", False)


def test_a_chain_of_follow_ups_keeps_its_subject_and_does_not_pile_up(snapshot: Snapshot) -> None:
    assert resolve_follow_up("and women?", [EARLIER, "and yoga?"], snapshot).text == "sciatica yoga: and women?"
    chain = [EARLIER, "Is it safe?", "What causes it?"]
    assert resolve_follow_up("Is it common?", chain, snapshot).text == "heat sciatica: Is it common?"
    assert resolve_follow_up("why?", chain, snapshot).text == "heat sciatica: What causes it? why?"


@pytest.mark.parametrize(
    ("question", "earlier", "expected"),
    [
        ("what about sick leave?", "how much annual leave do I earn?", "how much sick leave do I earn?"),
        ("And sick leave", "How much annual leave do I earn?", "How much sick leave do I earn?"),
        ("What about black tea?", "When does green tea taste best?", "When does black tea taste best?"),
        ("What about a swollen knee?", "Does cold help a sore knee?", "Does cold help a swollen knee?"),
    ],
)
def test_another_kind_of_the_same_thing_takes_its_place(
    question: str, earlier: str, expected: str, snapshot: Snapshot
) -> None:
    assert resolve_follow_up(question, [earlier], snapshot) == ResolvedQuestion(expected, True)


@pytest.mark.parametrize(
    ("question", "earlier"),
    [
        ("What about tea?", "When does green tea taste best?"),
        ("What about tea leaves?", "When does green tea taste best?"),
        ("Where is the sick leave form?", "How much annual leave do I earn?"),
        ("What about sick leave?", "Is annual leave like parental leave?"),
    ],
)
def test_without_another_kind_of_it_nothing_takes_its_place(question: str, earlier: str, snapshot: Snapshot) -> None:
    assert question in resolve_follow_up(question, [earlier], snapshot).text


def test_why_after_another_case_asks_about_that_case(snapshot: Snapshot) -> None:
    assert resolve_follow_up("why?", [EARLIER, "and yoga?"], snapshot).text == "sciatica: and yoga? why?"


def test_small_talk_in_between_is_passed_over(snapshot: Snapshot) -> None:
    assert resolve_follow_up("and yoga?", [EARLIER, "thanks!", "ok"], snapshot).text == "sciatica: and yoga?"
    assert resolve_follow_up("why?", ["hello"], snapshot) == ResolvedQuestion("why?", False)


def test_without_history_nothing_is_added(snapshot: Snapshot) -> None:
    assert resolve_follow_up("why?", [], snapshot) == ResolvedQuestion("why?", False)


def test_nothing_is_added_where_there_is_nothing_to_lean_on(snapshot: Snapshot) -> None:
    assert resolve_follow_up("and yoga?", ["Why?"], snapshot) == ResolvedQuestion("and yoga?", False)
    assert resolve_follow_up("why?", [" "], snapshot) == ResolvedQuestion("why?", False)


def test_of_a_long_question_the_follow_up_keeps_its_room(snapshot: Snapshot) -> None:
    assert resolve_follow_up("why?", ["heat " * 2_000 + "and cold"], snapshot).text.endswith("heat and cold why?")
    assert len(resolve_follow_up("why?", ["heat " * 2_000], snapshot).text) < 600


def test_words_that_the_question_has_too_are_not_said_twice(snapshot: Snapshot) -> None:
    found = resolve_follow_up("which ones use heat?", [EARLIER], snapshot)
    assert found.text == "sciatica: which ones use heat?"


MEDICINES = {"ibuprofen", "paracetamol", "gout"}


def medicines(text: str) -> list[str]:
    return [word for word in re.findall(r"\w+", text) if word.casefold() in MEDICINES]


@pytest.mark.parametrize(
    ("question", "earlier", "expected"),
    [
        ("and for children?", "How much ibuprofen may adults take?", "ibuprofen: and for children?"),
        ("What if I am pregnant?", "How much ibuprofen may adults take?", "ibuprofen: What if I am pregnant?"),
        ("and paracetamol?", "How much ibuprofen may I take a day?", "How much paracetamol may I take a day?"),
        ("And with diabetes?", "What should I not eat with gout?", "What should I not eat with diabetes?"),
        ("and paracetamol?", "Who should not take ibuprofen?", "Who should not take paracetamol?"),
        ("What about gout?", "Is ibuprofen good for pain?", "ibuprofen: What about gout?"),
        ("and at night?", "What must I never eat?", "What must I never eat? and at night?"),
    ],
)
def test_what_is_denied_and_what_is_named_is_not_lost(
    question: str, earlier: str, expected: str, snapshot: Snapshot
) -> None:
    assert resolve_follow_up(question, [earlier], snapshot, medicines).text == expected


def test_a_question_with_a_name_of_its_own_has_left_out_nothing(snapshot: Snapshot) -> None:
    earlier = "Should I use cold on a swollen knee?"
    assert not resolve_follow_up("Paracetamol minutes?", [earlier], snapshot, lambda text: ["Paracetamol"]).leans


@pytest.mark.parametrize(
    ("question", "leans"),
    [
        ("Is it safe to take in pregnancy?", True),
        ("Is it okay to use every day?", True),
        ("Is it safe to take aspirin?", False),
        ("Is it true that cold eases a knee?", False),
        ("Great, is it safe in pregnancy?", True),
        ("Hi there! Is it safe?", True),
        ("Are there stretches that help a swollen knee?", False),
        ("Does that help?", True),
        ("what happens if I stop it?", True),
    ],
)
def test_what_it_points_to(question: str, leans: bool, snapshot: Snapshot) -> None:
    assert resolve_follow_up(question, [EARLIER], snapshot).leans is leans


@pytest.mark.parametrize(
    ("question", "language", "leans"),
    [
        ("et pour les enfants ?", "fr", True),
        ("pourquoi ?", "fr", True),
        ("¿y para documentación?", "es", True),
        ("O que é bursite?", "pt", False),
        ("En quoi consiste la grippe ?", "fr", False),
        ("¿En qué consiste la gota?", "es", False),
        ("en voor bedrijven?", "nl", True),
        ("Quels sont les symptômes de la grippe ?", "fr", False),
        ("et quels sont les symptômes de la grippe chez les enfants ?", "fr", False),
    ],
)
def test_fragments_in_other_languages_come_after_the_question_before(question: str, language: str, leans: bool) -> None:
    earlier = "Qui doit porter un masque ?"
    found = resolve_foreign(question, [earlier], language)
    assert (found.text, found.leans) == (f"{earlier} {question}" if leans else question, leans)
    assert not resolve_foreign(question, [], language).leans
