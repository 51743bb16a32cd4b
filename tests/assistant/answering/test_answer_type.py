"""What a question asks for and what a sentence offers."""

import time

import pytest

from assistant.answering.answer_type import (
    Kind,
    announces,
    asked,
    asks_for_steps,
    counted,
    counts,
    describes,
    lacks_figure,
    offered,
    offers,
)

EVERY = frozenset(Kind)


@pytest.mark.parametrize(
    ("question", "kinds"),
    [
        ("How many reps?", {Kind.NUMBER}),
        ("When did it begin?", {Kind.TIME}),
        ("And when should I take it?", {Kind.TIME}),
        ("When my back hurts, what helps?", set()),
        ("Who wrote it and why?", {Kind.NAME, Kind.CAUSE}),
        ("How heavy are the dumbbells?", {Kind.WEIGHT}),
        ("How much weight do I take?", {Kind.WEIGHT}),
        ("How much does it weigh?", {Kind.WEIGHT}),
        ("How much does the course cost?", {Kind.MONEY}),
        ("How many times a week?", {Kind.FREQUENCY}),
        ("How many times did she win?", {Kind.NUMBER}),
        ("How much should I pay attention to pain?", {Kind.NUMBER}),
        ("How long, and how far down?", {Kind.DURATION, Kind.DISTANCE}),
        ("At what age, and in which year?", {Kind.AGE, Kind.YEAR}),
        ("someone who can't kneel", set()),
        ("Who can join?", set()),
        ("Which university was it?", {Kind.NAME}),
        ("What is sciatica?", set()),
        ("What is the success rate of a hip replacement?", {Kind.NUMBER}),
        ("What is the daily dose?", {Kind.NUMBER}),
        ("", set()),
    ],
)
def test_asked(question: str, kinds: set[Kind]) -> None:
    assert asked(question) == kinds


@pytest.mark.parametrize(
    ("sentence", "kinds"),
    [
        ("Repeat 20 times.", {Kind.NUMBER, Kind.AGE, Kind.DISTANCE, Kind.FREQUENCY}),
        ("Hold it for thirty seconds.", {Kind.NUMBER, Kind.AGE, Kind.DISTANCE, Kind.DURATION, Kind.TIME}),
        ("Touch the floor.", {Kind.DISTANCE}),
        ("Take 5 kg.", {Kind.NUMBER, Kind.AGE, Kind.DISTANCE, Kind.WEIGHT}),
        (
            "It began in May 1999, says Stuart McGill.",
            {Kind.NUMBER, Kind.AGE, Kind.DISTANCE, Kind.DURATION, Kind.YEAR, Kind.TIME, Kind.NAME},
        ),
        ("It may hurt.", set()),
        ("Take it with breakfast, or by seven o'clock.", {Kind.TIME, Kind.NUMBER, Kind.AGE, Kind.DISTANCE}),
        ("We meet on Tuesdays.", {Kind.TIME, Kind.DURATION, Kind.FREQUENCY, Kind.NAME}),
        ("Hold for 30 s.", {Kind.NUMBER, Kind.AGE, Kind.DISTANCE, Kind.DURATION}),
        ("Use a 5-kg weight.", {Kind.NUMBER, Kind.AGE, Kind.DISTANCE, Kind.WEIGHT}),
        ("Bake it at 200 C.", {Kind.NUMBER, Kind.AGE, Kind.DISTANCE, Kind.TEMPERATURE}),
        ("A person in pain.", set()),
        ("The water is lukewarm.", {Kind.TEMPERATURE}),
        ("The course is free.", {Kind.MONEY}),
        ("Women in their forties are hurt most.", {Kind.AGE, Kind.NUMBER}),
        ("It hurts because the nerve is pinched.", {Kind.CAUSE}),
        ("The nerve is white.", set()),
    ],
)
def test_offered(sentence: str, kinds: set[Kind]) -> None:
    assert offered(sentence, EVERY) == kinds
    assert offered(sentence, frozenset()) == set()


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        ("How heavy should the dumbbells be?", "The hinge is done for 20 repetitions in total."),
        ("How much does the course cost?", "The course has eight evenings."),
        ("How often should I swim?", "Swim 20 lengths."),
        ("How far do I bend?", "Stand with the knees bent a little."),
        ("In which year did she win?", "She won when she was old."),
        ("Who wrote it?", "The book was written by a nurse."),
    ],
)
def test_what_is_asked_for_is_not_what_is_offered(question: str, sentence: str) -> None:
    assert asked(question)
    assert not offered(sentence, asked(question))


@pytest.mark.parametrize(
    ("question", "things"),
    [
        ("How many brown bears are there?", {"brown", "bear"}),
        ("how many of the women took part", {"woman"}),
        ("How many times should I do it?", {"time"}),
        ("How many?", set()),
        ("How much rest do I need?", set()),
        ("How many times a week should I swim?", set()),  # asks how often
    ],
)
def test_counted(question: str, things: set[str]) -> None:
    assert counted(question) == things


@pytest.mark.parametrize(
    ("question", "sentence", "counted_there"),
    [
        ("How many women took part?", "In all, 1,250 older women took part.", True),
        ("How many women took part?", "No women took part.", True),
        ("How many women took part?", "In 2017 women of 65 and more years took part.", False),
        ("How many women took part?", "The women gained 30 percent.", False),
        ("How many women took part?", "Of the women, 30 took part.", True),
        ("How many weeks does it take?", "It takes twelve long weeks.", True),
        ("How many times do I repeat it?", "Do it twice.", True),
        ("How many times do I repeat it?", "Do it with 20 pounds.", False),
    ],
)
def test_counts(question: str, sentence: str, counted_there: bool) -> None:
    assert counts(sentence, counted(question)) == counted_there


@pytest.mark.parametrize(
    ("question", "answer", "lacks"),
    [
        ("How many files may it hold?", "Files beyond the limit are refused.", True),
        ("How many files may it hold?", "It refuses the eleventh file.", True),
        ("How many files may it hold?", "It holds ten files.", False),
        ("How many files may it hold?", "There is no limit.", False),
        ("What is the maximum number of files?", "Too big a folder is refused.", True),
        ("What does membership cost?", "Members meet 3 times a year.", True),
        ("How much does membership cost?", "Membership is free of charge.", False),
        ("What is the stipend?", "The stipend is 1,200 a month.", False),
        ("What is the deposit for?", "It covers damage.", False),
        ("When is the monthly rent due?", "On Mondays.", False),
        ("I forgot how many tablets I took, what should I do?", "Call a doctor.", False),
        ("How much does membership cost?", "Members meet 3 times a year.", True),
        ("How much does membership cost?", "Members pay 20 euros a year.", False),
        ("How much does membership cost?", "Nothing: membership is free.", False),
        ("monthly salary of a nurse", "Nurses work 40 hours a week.", True),
        ("What happens if I don't pay the fee?", "Your membership ends.", False),
        ("How much does walking help?", "It helps a lot.", False),
        ("How soon can I drive?", "You may drive once you no longer take opioids.", False),
        ("How long has she been chair?", "Since 2015.", False),
        ("How high is the risk?", "The risk is low.", False),
        ("No matter how long it is, what do I do?", "See a doctor.", False),
        ("What is the fine for overdue books?", "There are no fines.", False),
        ("What is the penalty for plagiarism?", "A failing grade.", False),
        ("What are the annual dues?", "The budget has dues and a payment schedule.", True),
        ("What's the fine if I park there?", "Parking there is against the law in 60 % of towns.", True),
        ("What's the fine if I park there?", "You pay 35 dollars.", False),
        ("how heavy is the lathe? can two of us lift it?", "Between centres: 37 in (940 mm). Speed: 475 RPM.", True),
        ("How heavy is the lathe?", "It weighs 58 kg.", False),
        ("How hot should the oven be?", "Put the loaf on the middle shelf.", True),
        ("How hot should the oven be?", "Bake it at 220 °C.", False),
        ("How long do I rest?", "Rest on your side.", True),
        ("How long do I rest?", "Rest until it stops hurting.", False),
    ],
)
def test_an_answer_lacks_the_figure_asked_for(question: str, answer: str, lacks: bool) -> None:
    assert lacks_figure(question, answer) is lacks


def test_figures_are_looked_for_fast() -> None:
    long = ("How much does it cost" + ", " * 20_000, "1 " * 100_000), ("How much is the fee?", "fee " * 50_000)
    started = time.process_time()
    assert [lacks_figure(*each) for each in long] == [True, True]
    assert time.process_time() - started < 1


def test_an_offer_of_a_number_counts_the_thing_asked_for() -> None:
    question = "How many bears live there?"
    kinds, things = asked(question), counted(question)
    assert offers("Five big bears live there.", kinds, things)
    assert not offers("Bears live there for five years.", kinds, things)
    assert offers("Bears live there for five years.", kinds, frozenset())
    assert not offers("Bears live there.", kinds, frozenset())


@pytest.mark.parametrize(
    ("question", "steps"),
    [
        ("How do I stretch the hip?", True),
        ("how to make bread", True),
        ("Walk me through the stretch", True),
        ("what are the steps of the dumbbell hinge", True),
        ("How should you lift a box?", True),
        ("Show me the stretch step by step", True),
        ("How does heat help?", False),
        ("How long should I hold it?", False),
        ("How do magnets work?", False),
        ("How many steps a day are healthy?", False),
        ("What helps?", False),
    ],
)
def test_how_something_is_done_is_asked(question: str, *, steps: bool) -> None:
    assert asks_for_steps(question) is steps


@pytest.mark.parametrize(
    ("sentence", "opening", "wanted"),
    [
        ("This recipe contains instructions for bread.", False, True),
        ("In this article, we explain how discs slip.", False, True),
        ("This leaflet tells you about your operation.", False, True),
        ("This guide gives a short overview of hip pain.", False, True),
        ("The following section describes the side effects.", False, True),
        ("This article shows that fusion often fails.", False, False),
        ("This recipe contains nuts.", False, False),
        ("This exercise shows results within a week.", False, False),
        ("Heat helps.", True, False),
        ("What fusion does, and when a doctor may recommend it.", True, True),
        ("What fusion does, and when a doctor may recommend it.", False, False),
        ("How strong the evidence is for three treatments.", True, True),
        ("When it hurts, stop.", True, False),
        ("Why does it hurt?", True, False),
    ],
)
def test_an_announcement_says_what_a_text_is_about(sentence: str, *, opening: bool, wanted: bool) -> None:
    assert announces(sentence, opening=opening) is wanted


@pytest.mark.parametrize(
    ("sentence", "question", "opening", "wanted"),
    [
        ("keywords: hip, back", "Does heat help?", True, True),
        ("facts_from: The owner's notes", "Does heat help?", True, True),
        ("tags = ['rice']", "Does heat help?", True, True),
        ("author: Ada Byron", "Who is the author?", True, False),
        ("facts_from: The owner's notes", "Where are the facts from?", True, False),
        ("keywords: hip, back", "Does heat help?", False, False),
        ("Keywords: hip, back", "Does heat help?", True, False),
        ("https://example.org", "Does heat help?", True, False),
        ("![Rice](/rice.webp)", "Does heat help?", False, True),
        ("![Rice](/rice.webp)\n![Pan](/pan.webp)", "Does heat help?", False, True),
        ("![Rice](/rice.webp) is cooked.", "Does heat help?", False, False),
        ("<!-- summary: heat helps -->", "Does heat help?", False, True),
        ("<!-- a --> Heat helps. <!-- b -->", "Does heat help?", False, False),
        ("", "Does heat help?", True, False),
    ],
)
def test_front_matter_and_pictures_describe(sentence: str, question: str, *, opening: bool, wanted: bool) -> None:
    assert describes(sentence, question, opening=opening) is wanted
