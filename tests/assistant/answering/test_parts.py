"""A message is taken apart into its questions, without the story before them; a single question stays one."""

import re

import pytest

from assistant.answering.comparisons import sides
from assistant.answering.follow_up import ResolvedQuestion
from assistant.answering.parts import MOST, parts, topic
from ingest.index.catalog import Snapshot

FILES = {
    "hip.md": "Hip bursitis hurts at night. Against bursitis, stretching of the hip is likely to help.",
    "spine.md": "In scoliosis, fusion is brought up by a surgeon.",
    "archive.md": "The invoice archive is kept in Hall B.",
    "cloud.md": "The team chose a cloud provider.",
    "chair.md": "Chairs at a desk last ten years.",
}
STORIES = [
    (
        "I have been sitting at a desk for ten years, and now … how likely is it bursitis, and which exercises?",
        ["how likely is it bursitis", "bursitis: which exercises?"],
    ),
    (
        "I have been sitting at a desk for ten years, and now my hip hurts at night. "
        "How likely is it bursitis, and which exercises help?",
        ["hip hurts night: How likely is it bursitis", "bursitis: which exercises help?"],
    ),
    ("My hip hurts at night. What can I do against bursitis?", ["hip hurts night: What can I do against bursitis?"]),
    ("I run a lot, what helps with hip bursitis?", ["what helps with hip bursitis?"]),
    (
        "I have scoliosis. Is fusion something a surgeon brings up?",
        ["scoliosis: Is fusion something a surgeon brings up?"],
    ),
    ("We moved in May.\nWhere is the invoice archive kept?", ["Where is the invoice archive kept?"]),
    (
        "Water was pouring from a pipe, nobody else about, I had no clue. Where is the invoice archive kept?",
        ["Where is the invoice archive kept?"],
    ),
    (
        "My hip hurts at night. How long can it last, and when should I see someone about bursitis?",
        [
            "My hip hurts at night: How long can it last",
            "hip hurts night long last: when should I see someone about bursitis?",
        ],
    ),
    (
        "My son is 7 and weighs 60 pounds. What helps with hip bursitis?",
        ["What helps with hip bursitis (7 years old, weighs 60 pounds)?"],
    ),
    # Nothing of the story stands with the question, and the question alone says too little.
    ("I lost my badge. How do I get a new one printed?", ["I lost my badge. How do I get a new one printed?"]),
    (
        "Acid got on my arm. How long do I hold it under water?",
        ["Acid got on my arm. How long do I hold it under water?"],
    ),
    (
        "We moved in May. How is the old invoice archive in Hall B moved to them?",
        ["How is the old invoice archive in Hall B moved to them?"],
    ),
    (
        "Our team grew to 12 people... which cloud provider did we choose? Who decided?",
        ["team: which cloud provider did we choose?", "cloud provider choose: Who decided?"],
    ),
]


@pytest.mark.parametrize(("message", "asked"), STORIES)
def test_of_a_story_only_what_belongs_to_the_question_is_kept(
    message: str, asked: list[str], snapshot: Snapshot
) -> None:
    assert parts(message, snapshot) == asked
    assert parts(message) == [message]


@pytest.mark.parametrize(
    "message",
    [
        "My back hurts, what can I do?",
        "My doctor suggests spinal fusion. Is it safe?",
        "I can choose between yoga and pilates. Which of the two works?",
        "That stretch kills my knees. What can I do instead?",
        "After rejecting confession, what did Luther call for?",
        "If there is a conflict between EU law and national law, which law takes precedence?",
        "After the introduction of X.25 in 1973, how many networks had been developed?",
        "siatica symtoms. thanks",
    ],
)
def test_what_a_question_needs_is_not_taken_for_a_story(message: str, snapshot: Snapshot) -> None:
    assert parts(message, snapshot) == [message]


@pytest.mark.parametrize(
    ("message", "asked"),
    [
        ("What causes sciatica and how is it treated?", ["What causes sciatica", "how is sciatica treated?"]),
        ("What is TENS and does it work?", ["What is TENS", "does TENS work?"]),
        (
            "What are the symptoms of hip bursitis and how is it treated?",
            ["What are the symptoms of hip bursitis", "how is hip bursitis treated?"],
        ),
        ("How does spinal fusion work and is it safe?", ["How does spinal fusion work", "is spinal fusion safe?"]),
        ("What causes sciatica? How is it treated?", ["What causes sciatica?", "How is sciatica treated?"]),
        ("What is scoliosis and what are its symptoms?", ["What is scoliosis", "what are scoliosis's symptoms?"]),
        (
            "What is uv, how do I install it and how do I remove it?",
            ["What is uv", "how do I install uv", "install uv: how do I remove it?"],
        ),
        (
            "How much annual leave do I earn and when does it expire?",
            ["How much annual leave do I earn", "annual leave earn: when does it expire?"],
        ),
        (
            "How long does bursitis last, and should I rest?",
            ["How long does bursitis last", "long bursitis last: should I rest?"],
        ),
        (
            "What causes sciatica, and which gentle stretches relieve it?",
            ["What causes sciatica", "which gentle stretches relieve sciatica?"],
        ),
        (
            "How likely is bursitis? How likely is it?",
            ["How likely is bursitis?", "likely bursitis: How likely is it?"],
        ),
        ("Who is Moore, is she a doctor?", ["Who is Moore", "is Moore a doctor?"]),
        ("what is aws and what services are provided", ["what is aws", "aws: what services are provided"]),
        (
            "What does fusion do, and why should that stop the pain?",
            ["What does fusion do", "fusion: why should that stop the pain?"],
        ),
        (
            "Is yoga good for sciatica, and if so, which poses?",
            ["Is yoga good for sciatica", "yoga sciatica: which poses?"],
        ),
        ("Who can get TENS and what does it cost?", ["Who can get TENS", "TENS: what does it cost?"]),
        (
            "Can I cancel the order and does it cost anything?",
            ["Can I cancel the order", "cancel order: does it cost anything?"],
        ),
        (
            "What was decided about the office and who is in charge?",
            ["What was decided about the office", "office: who is in charge?"],
        ),
        (
            "When does the shop open and where is the entrance?",
            ["When does the shop open", "shop open: where is the entrance?"],
        ),
        ("What is sciatica? What is bursitis?", ["What is sciatica?", "What is bursitis?"]),
        (
            "When did trains first run to Denver, and when did the last one leave from there?",
            ["When did trains first run to Denver", "trains first run Denver: when did the last one leave from there?"],
        ),
        (
            "What is the fee to join, and who do I talk to there about it?",
            ["What is the fee to join", "who do I talk to there about fee to join?"],
        ),
        (
            "What does it cost to join the club, what's the price of a basement locker, and which code do I type in?",
            [
                "What does it cost to join the club",
                "what's the price of a basement locker",
                "basement locker: which code do I type in?",
            ],
        ),
        (
            "comp 290 what time are the posts due, and when is the final presentation?",
            ["comp 290 what time are the posts due", "comp 290 time posts due: when is the final presentation?"],
        ),
        (
            "How much am I supposed to drink each day, and what's the limit for salt?",
            ["How much am I supposed to drink each day", "supposed drink day: what's the limit for salt?"],
        ),
        (
            "What helps when my back hurts, and how long does it take?",
            ["What helps when my back hurts", "helps back hurts: how long does it take?"],
        ),
        (
            "How do I reset my password? Which printers have a tray that holds A3 paper?",
            ["How do I reset my password?", "Which printers have a tray that holds A3 paper?"],
        ),
        (
            "What is the best exercise for people with a bad back, and is it safe?",
            ["What is the best exercise for people with a bad back", "exercise people bad back: is it safe?"],
        ),
    ],
)
def test_several_questions_are_asked_one_by_one(message: str, asked: list[str]) -> None:
    assert parts(message) == asked


@pytest.mark.parametrize(
    "message",
    [
        "pros and cons of yoga and pilates",
        "stretching and strengthening exercises",
        "What is the difference between sciatica and bursitis?",
        "Should I rest and do the exercises?",
        "Does it depend on where I live and how old I am?",
        "When and how should I stretch?",
        "Do you know when and how to apply heat?",
        "What are the causes and symptoms of sciatica?",
        "tabs or spaces?",
        "Is heat or cold better?",
        "How is sciatica diagnosed and treated?",
        "What exercises help the hip and the knee?",
        "Explain how the gate works and why it matters",
        "Who wrote it and when?",
        "Can I walk and swim with hip bursitis?",
        "Which stretches and which exercises help the hip?",
        "What do I do when it hurts and I can't sleep?",
        "How do I know whether my back pain is serious and not just a strain?",
        "When it hurts, what should be done about bursitis?",
        "Compare yoga and pilates",
        "why does exercise make chronic pain better, what happens in the body",
        "refund policy",
        "max line length in PEP 8",
        "what is a U.S. visa?",
        "Students who have a disability, how do they apply for extra time?",
        "Someone told me what the fee is, but when is it due?",
        "Does the fee depend on what's delivered and who's ordering?",
        "why?",
        "?",
        "",
    ],
)
def test_one_question_stays_one(message: str) -> None:
    assert parts(message) == [message]


def test_later_questions_are_about_what_the_conversation_is_about() -> None:
    def complete(first: str) -> ResolvedQuestion:
        return ResolvedQuestion(f"bursitis: {first}", leans=True, about="bursitis")

    assert parts("How is it treated? Is it dangerous?", None, complete) == [
        "bursitis: How is it treated?",
        "Is bursitis dangerous?",
    ]
    assert parts("How is it treated? What is sciatica?", None, complete)[1] == "What is sciatica?"
    assert parts("why?", None, complete) == ["bursitis: why?"]


def test_a_message_of_many_questions_is_searched_for_whole() -> None:
    message = " ".join(f"What is part {number}?" for number in range(MOST + 1))
    assert parts(message) == [message]


@pytest.mark.parametrize(
    ("question", "compared"),
    [
        (
            "What is the difference between sciatica and hip bursitis?",
            {"sciatica": "What is sciatica?", "hip bursitis": "What is hip bursitis?"},
        ),
        (
            "Compare yoga and pilates, with examples",
            {"yoga": "What is yoga?", "pilates": "What is pilates?"},
        ),
        ("Compare yoga and pilates", {"yoga": "What is yoga?", "pilates": "What is pilates?"}),
        ("sciatica vs. bursitis", {"sciatica": "What is sciatica?", "bursitis": "What is bursitis?"}),
        (
            "How is a sprain different from a strain?",
            {"a sprain": "What is a sprain?", "a strain": "What is a strain?"},
        ),
        (
            "yoga or running, which has better evidence?",
            {"yoga": "yoga, which has better evidence?", "running": "running, which has better evidence?"},
        ),
        (
            "Which is better for the back: yoga or running?",
            {"yoga": "Which is better for the back: yoga?", "running": "Which is better for the back: running?"},
        ),
        (
            "yoga vs pilates: how much does a lesson cost?",
            {"yoga": "yoga: how much does a lesson cost?", "pilates": "pilates: how much does a lesson cost?"},
        ),
        ("Is heat or cold better?", {"heat": "Is heat better?", "cold": "Is cold better?"}),
        (
            "What's the difference between the two modes of the heater, eco and boost?",
            {"eco": "What is eco (modes of the heater)?", "boost": "What is boost (modes of the heater)?"},
        ),
        ("difference between paracetamol, ibuprofen and aspirin", {}),
        ("the difference between the two " + "very " * 9_000, {}),
        ("What are the causes and symptoms of sciatica?", {}),
        ("Should I stretch before or after running?", {}),
        ("Is it better to rest or to move?", {}),
        ("How do I compare prices?", {}),
        ("What difference does yoga make with insomnia?", {}),
        ("Is there any difference in cost or time?", {}),
        ("-" + " " * 9_000 + "stretching", {}),
        ("difference between", {}),
        ("", {}),
    ],
)
def test_a_comparison_has_two_sides(question: str, compared: dict[str, str]) -> None:
    assert sides(question) == compared


@pytest.mark.parametrize(
    ("question", "first", "second"),
    [
        (
            "How long is leave for mothers and for fathers?",
            "How long is leave for mothers?",
            "How long is leave for fathers?",
        ),
        (
            "How many fit in the hall, and how many in the attic?",
            "How many fit in the hall?",
            "How many fit in the attic?",
        ),
        (
            "How many seats are in the hall compared with the attic if it rains?",
            "How many seats are in the hall if it rains?",
            "How many seats are in the attic if it rains?",
        ),
        (
            "How many must be at a meeting of the club for it to be valid, and how many at a board meeting?",
            "How many must be at a meeting of the club for it to be valid?",
            "How many must be at a board meeting?",
        ),
        (
            "How long does the scan take, CT compared with MRI?",
            "How long does the scan take, CT?",
            "How long does the scan take, MRI?",
        ),
        (
            "What is the dose for children versus adults?",
            "What is the dose for children?",
            "What is the dose for adults?",
        ),
    ],
)
def test_the_same_is_asked_of_two_things(question: str, first: str, second: str) -> None:
    assert list(sides(question).values()) == [first, second]


@pytest.mark.parametrize(
    "question",
    [
        "Should I walk in the morning and rest in the evening?",
        "What helps with pain and for how long?",
        "If I take ibuprofen, how soon does it work compared to paracetamol?",
        "For back pain, what should I choose compared to paracetamol?",
        "In winter, how much gas do we use compared to summer?",
        "My hip hurts, is it worse compared to last year?",
        "Difference between the two plans, how much do they cost and which is better?",
        "Difference between both drugs, when I'm pregnant or breastfeeding?",
    ],
)
def test_other_questions_ask_of_one(question: str) -> None:
    assert sides(question) == {}


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        ("what does the documentation say about private indexes?", "private indexes"),
        ("What do the docs say on refunds", "refunds"),
        ("Does the handbook say anything about pets?", "pets"),
        ("Is there anything in the minutes about the roof?", "the roof"),
        ("what was said about flaky tests and the CI?", "flaky tests and the CI"),
        ("What does the doctor say about yoga?", "What does the doctor say about yoga?"),
        ("What do the docs say about it?", "What do the docs say about it?"),
        ("What does the guide cost?", "What does the guide cost?"),
        ("What does the employee handbook say about pets?", "pets"),
        ("What was decided in the minutes on 12 March?", "What was decided in the minutes on 12 March?"),
        ("What is the maximum dose in the manual on aspirin?", "What is the maximum dose in the manual on aspirin?"),
        ("", ""),
    ],
)
def test_what_the_texts_say_about_a_topic_is_searched_by_the_topic(question: str, wanted: str) -> None:
    assert topic(question) == wanted


def medicines(text: str) -> list[str]:
    return [word for word in re.findall(r"\w+", text) if word.casefold() in ("ibuprofen", "gout")]


@pytest.mark.parametrize(
    "message",
    [
        "I can't take ibuprofen. What helps against back pain?",
        "I'm allergic to ibuprofen, what helps with a painful hip?",
        "I have lupus. What helps?",
    ],
)
def test_a_story_that_denies_or_says_all_stays(message: str, snapshot: Snapshot) -> None:
    assert parts(message, snapshot) == [message]


def test_a_story_that_says_nothing_is_left_out_of_several_questions(snapshot: Snapshot) -> None:
    assert len(parts("I'm new here. What is sciatica? What is bursitis?", snapshot)) == 2


@pytest.mark.parametrize(
    ("message", "second"),
    [
        (
            "How does ibuprofen work and how many hours before a race must I take it with water?",
            "how many hours before a race must I take ibuprofen with water?",
        ),
        (
            "How does ibuprofen work and how many hours before a race must I stop eating?",
            "how many hours before a race must I stop eating (ibuprofen)?",
        ),
        (
            "How does ibuprofen work and how many hours before a race do runners eat?",
            "how many hours before a race do runners eat?",
        ),
        (
            "How does ibuprofen work and how many hours before a race should I rest with gout?",
            "how many hours before a race should I rest with gout?",
        ),
        (
            "How does ibuprofen work? How many hours before a race must I stop eating?",
            "How many hours before a race must I stop eating?",
        ),
    ],
)
def test_a_name_goes_over_to_what_the_same_sentence_asks_of_the_asker(message: str, second: str) -> None:
    assert parts(message, names=medicines)[1] == second


def test_a_name_goes_over_only_if_a_passage_has_it_with_a_word_of_the_question(snapshot: Snapshot) -> None:
    def names(text: str) -> list[str]:
        return re.findall("bursitis", text)

    message = "How does bursitis hurt and how many minutes a day should I {}?"
    assert parts(message.format("do stretching at home"), snapshot, names=names)[1].endswith("at home (bursitis)?")
    assert parts(message.format("feed the neighbour's cat"), snapshot, names=names)[1].endswith("neighbour's cat?")


def test_names_of_a_story_are_kept(snapshot: Snapshot) -> None:
    message = "I have gout. What exercises help the painful hip?"
    assert "gout" in parts(message, snapshot, names=medicines)[0].split(":")[0]


def test_a_name_alone_does_not_complete_a_short_question(snapshot: Snapshot) -> None:
    message = "My toes swell with gout when I drink. To what percentage?"
    assert parts(message, snapshot, names=medicines) == [message]
    several = "My toes swell with gout. To what percentage? How often?"
    assert parts(several, snapshot, names=medicines)[0] == "My toes swell with gout: To what percentage?"


@pytest.mark.parametrize(
    ("message", "asked"),
    [
        (
            "What should I eat and what should I avoid with gout?",
            ["What should I eat with gout", "what should I avoid with gout?"],
        ),
        (
            "when can I shower and when can I go back to work after ACL surgery?",
            ["when can I shower after ACL surgery", "when can I go back to work after ACL surgery?"],
        ),
        (
            "can I shower after ACL surgery and when can I go back to work?",
            ["can I shower after ACL surgery", "after ACL surgery: when can I go back to work?"],
        ),
        (
            "what exercises should I do after hip arthroscopy and when can I drive?",
            ["what exercises should I do after hip arthroscopy", "after hip arthroscopy: when can I drive?"],
        ),
        (
            "how many weeks paternity leave do I get and who do I tell?",
            ["how many weeks paternity leave do I get", "weeks paternity leave: who do I tell?"],
        ),
        (
            "What is ibuprofen? Does paracetamol harm the liver if I take it daily?",
            ["What is ibuprofen?", "Does paracetamol harm the liver if I take it daily?"],
        ),
        (
            "What is ibuprofen? Is it safe to take in pregnancy?",
            ["What is ibuprofen?", "Is ibuprofen safe to take in pregnancy?"],
        ),
        ("Hi, what is yoga?", ["what is yoga?"]),
        ("No-impact exercises for hip pain?", ["No-impact exercises for hip pain?"]),
        ("Well-controlled diabetes: can I fast?", ["Well-controlled diabetes: can I fast?"]),
        (
            "What is sciatica and what is the best exercise for it?",
            ["What is sciatica", "what is the best exercise for sciatica?"],
        ),
        (
            "How does paracetamol work and how does it interact with alcohol?",
            ["How does paracetamol work", "how does paracetamol interact with alcohol?"],
        ),
        ("What is gout? Is it bad to eat before bed?", ["What is gout?", "Is it bad to eat before bed?"]),
        ("Interesting! Does it help?", ["Does it help?"]),
    ],
)
def test_each_part_has_what_it_is_about(message: str, asked: list[str]) -> None:
    assert parts(message) == asked


@pytest.mark.parametrize(
    "question",
    [
        "If my knee hurts when I run or climb stairs, what helps?",
        "Can I take it with asthma, high blood pressure or diabetes?",
        "Before or after meals, what should I drink?",
    ],
)
def test_a_condition_or_a_list_compares_nothing(question: str) -> None:
    assert sides(question) == {}
