"""A sentence about another type or version, or without the harm or the ban that is asked for, does not answer."""

import pytest

from assistant.answering.something_else import is_about_something_else


@pytest.mark.parametrize(
    ("question", "above", "sentence", "other"),
    [
        ("symptoms of Bartter syndrome type 1", "Bartter syndrome type 3", "They are cramps.", True),
        ("symptoms of Bartter syndrome type I", "Bartter syndrome type III", "They are cramps.", True),
        ("symptoms of Bartter syndrome type IIIC", "Bartter syndrome type IIID", "They are cramps.", True),
        ("symptoms of Bartter syndrome type 1", "Bartter syndrome type 3", "It is milder than type 1.", True),
        ("symptoms of Bartter syndrome type 1", "Bartter syndrome", "Type 2 brings cramps.", True),
        ("symptoms of Bartter syndrome type 1", "Bartter syndrome", "Types 2 and type 1 bring cramps.", False),
        ("symptoms of Bartter syndrome type 1", "Bartter syndrome type I", "They are cramps.", False),
        ("symptoms of Bartter syndrome type 1", "Bartter syndrome", "They are cramps.", False),
        ("dose of zorbinol tablets", "Doses", "Zorbinol gel 1.16 %: four times a day.", True),
        ("dose of zorbinol tablets", "Doses", "medicine: Zorbinol gel 1.16 % | form: gel 100 g tube", True),
        ("dose of zorbinol tablets", "Doses", "Zorbinol capsules: twice a day.", False),
        ("dose of zorbinol tablets", "Doses", "Zorbinol gel or tablets: twice a day.", False),
        ("dose of zorbinol tablets", "Doses", "Zorbinol is taken twice a day, before the gel.", False),
        ("zorbinol 50 mg tablets", "Doses", "A zorbinol injection lasts for a month.", True),
        ("Is zorbinol gel better than zorbinol tablets?", "Doses", "Zorbinol gel stays on the skin.", False),
        ("Are these tablets safe?", "Doses", "These drops are safe.", False),
        ("line length in PEP 8", "PEP 257", "Lines have 72 characters.", True),
        ("What changed in version 2.1?", "Changes", "Version 2.0 brought colours.", True),
        ("Which parts I should stretch?", "Hip", "Stretch parts 2 and 3.", False),
        ("Can yoga make back pain worse?", "Yoga", "Some evidence supports yoga for back pain.", True),
        ("Can yoga make back pain worse?", "Yoga", "Yoga aggravates a slipped disc.", False),
        ("side effects of yoga", "Yoga", "Yoga eases pain.", True),
        ("Who should not have fusion?", "Fusion", "Doctors recommend fusion for scoliosis.", True),
        ("Who should not have fusion?", "Fusion", "Fusion is not for smokers.", False),
        ("What should I avoid?", "Hip", "Keep to gentle walks instead of runs.", False),
        ("What should I avoid?", "Hip", "Walk every day.", True),
        ("What should you not do?", "Hip", "Walk every day.", True),
        ("What should I never put on it?", "Burn", "Do not put butter on it.", False),
        ("What not to do", "Burn", "Cool it.", True),
        ("Who can't have fusion?", "Fusion", "Fusion is for scoliosis.", True),
        ("Which exercises can I not do?", "Hip", "Walk every day.", True),
        ("When may I not drive?", "Hip", "Drive to the shop.", True),
        ("I can't sleep, what helps?", "Hip", "A pillow eases the pain.", False),
        ("What helps when I can't sleep?", "Hip", "A pillow eases the pain.", False),
        ("What if he cannot sit?", "Hip", "A pillow eases the pain.", False),
        ("Why can't I sit?", "Hip", "The nerve is pressed.", False),
        ("Who could not attend?", "Minutes", "Apologies: Ada.", False),
        ("What may or may not help?", "Hip", "Heat eases the pain.", False),
        ("When is it better to operate or not to?", "Hip", "After six weeks.", False),
        ("Does yoga help?", "Yoga", "Yoga does not help.", False),
        ("", "", "", False),
        ("private insurance for grade 9", "", "Grade 9 - 10: 6 %", False),
        ("private insurance for grade 10", "", "Grade 9 - 10: 6 %", False),
        ("private insurance for grade 12", "", "It is for Grade 11 (Lead/Principal) and above.", False),
        ("private insurance for grade 9", "", "It is for Grade 11 (Lead/Principal) and above.", False),
        ("private insurance for grade 3", "", "It is for grade 4 and below.", False),
        ("treatment of grade 2 sprains", "Grade 1 and 2 sprains", "Rest it.", False),
        ("treatment of grade 3 sprains", "Grades 1–2", "Rest it.", True),
        ("treatment of stage 3", "Stage 3a", "Rest it.", False),
        ("treatment of stage 3b", "Stage 3a", "Rest it.", True),
        ("Can type 2 diabetes be prevented?", "Type I Diabetes", "It cannot be prevented.", True),
        ("Can type-2 diabetes be prevented?", "Type 1 diabetes", "It cannot be prevented.", True),
        ("Can type 1 diabetes be prevented?", "Type 1 diabetes", "Unlike type 2, it cannot be prevented.", False),
        ("Can type 1 diabetes be prevented?", "Type 1 diabetes", "Type 2 can be prevented.", True),
        ("What is new in v3?", "Version 2", "Colours.", True),
        ("How can I avoid back pain?", "Back", "Change your position every half hour.", False),
        ("What exercises help avoid back pain?", "Back", "Walk every day.", False),
        ("What foods to avoid with gout", "Gout", "Beans are eaten.", True),
        ("What can I take if I shouldn't take ibuprofen?", "Pain", "Paracetamol eases pain.", False),
        ("Why shouldn't I sit all day?", "Back", "It makes the muscles weak.", False),
        ("What helps people who must not run?", "Hip", "Swim every day.", False),
        ("When should I not drive?", "Hip", "Drive to the shop.", True),
        ("What should I do if it gets worse?", "Back", "Call 111.", False),
        ("What helps against nerve damage?", "Back", "Physiotherapy helps.", False),
        ("Can running damage the knee?", "Knee", "Running is fun.", True),
        ("Can you tell me what I should avoid with gout?", "Gout", "Beans are eaten.", True),
        ("I want to know what to avoid", "Gout", "Beans are eaten.", True),
    ],
)
def test_another_type_or_no_harm_is_something_else(question: str, above: str, sentence: str, *, other: bool) -> None:
    assert is_about_something_else(question, sentence, above) is other


@pytest.mark.parametrize(
    ("question", "sentence", "under"),
    [
        ("What are the side effects of ibuprofen?", "Nausea and headache are common.", "Side effects"),
        ("Which foods should I avoid with gout?", "red meat", "Foods to avoid"),
        ("What should I not eat?", "red meat", "Do not eat:"),
    ],
)
def test_harm_or_a_ban_may_be_told_above_the_sentence(question: str, sentence: str, under: str) -> None:
    assert is_about_something_else(question, sentence, "")
    assert not is_about_something_else(question, sentence, "", under)


@pytest.mark.parametrize(
    ("question", "introduced", "other"),
    [
        ("which medicines do I have to stop before surgery", "You can continue to take:", True),
        ("which medicines do I have to stop before surgery", "14 days before surgery, you need to stop:", False),
        ("which medicines do I have to stop before surgery", "You may not take:", False),
        ("What should I avoid before surgery?", "It is safe to take:", True),
        ("What can I eat before surgery?", "Do not eat:", True),
        ("What can I eat before surgery?", "You may eat:", False),
        ("What can't I eat before surgery?", "Do not eat:", False),
        ("Can I eat bread before surgery?", "Do not eat:", False),
        ("How do I stop my back hurting at night?", "Things you can try:", False),
        ("What can I do about snoring?", "To stop snoring, you can:", False),
        ("What can I take for a headache?", "If paracetamol does not help, you can take:", False),
        ("Which foods should I avoid with gout?", "These can trigger an attack:", False),
        ("Who should not take it?", "It may be unsafe for people with:", False),
    ],
)
def test_a_list_of_the_opposite_is_something_else(question: str, introduced: str, *, other: bool) -> None:
    assert is_about_something_else(question, "bread, except white", "Surgery", "", introduced) is other
