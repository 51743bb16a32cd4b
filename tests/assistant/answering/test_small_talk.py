"""Small talk gets a friendly line; whatever may ask something of the texts does not."""

import pytest

from assistant.answering.small_talk import AGREED, FAREWELL, GREETING, ITSELF, THANKS, small_talk


@pytest.mark.parametrize(
    ("message", "reply"),
    [
        ("thanks!", THANKS),
        ("Thank you so much for your help!", THANKS),
        ("OK, thanks 🙏", THANKS),
        ("that was helpful", THANKS),
        ("hello", GREETING),
        ("Hi there 👋", GREETING),
        ("Good morning!", GREETING),
        ("bye", FAREWELL),
        ("Good night", FAREWELL),
        ("ok", AGREED),
        ("Got it.", AGREED),
        ("who are you", ITSELF),
        ("What’s your name?", ITSELF),
        ("what can you do?", ITSELF),
        ("Are you a bot?", ITSELF),
        ("help", ITSELF),
        ("Vielen Dank für die Hilfe!", THANKS),
        ("Merci pour votre aide", THANKS),
        ("Muchas gracias", THANKS),
        ("Obrigado!", THANKS),
        ("Guten Tag", GREETING),
        ("Bonjour", GREETING),
        ("Buenos días", GREETING),
        ("Goedemorgen", GREETING),
        ("Bom dia", GREETING),
        ("Tot ziens", FAREWELL),
        ("Arrivederci!", FAREWELL),
        ("D’accord.", AGREED),
    ],
)
def test_a_message_of_small_talk_gets_its_line(message: str, reply: str) -> None:
    assert small_talk(message) == reply


@pytest.mark.parametrize(
    "message",
    [
        "thanks for what?",
        "hello world program",
        "Who are you calling in an emergency?",
        "ok to run with bursitis?",
        "help with sciatica",
        "is it ok?",
        "bye-laws",
        "good morning stretches",
        "thank you letter",
        "prima dopo",
        "hallo welt programm",
        "what do you do against sciatica?",
        "why?",
        "yes",
        "?",
        "",
    ],
)
def test_what_asks_something_is_no_small_talk(message: str) -> None:
    assert small_talk(message) == ""
