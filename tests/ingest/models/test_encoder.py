import json
import shutil
from importlib.resources import files
from pathlib import Path

import numpy as np
import onnx
import pytest

from ingest.errors import IndexMissing, IndexUnwritable, ModelMissing
from ingest.models import encoder as encoder_module
from ingest.models.encoder import BUNDLED, OnnxEncoder, open_encoder
from ingest.models.onnx_export import folder_name

pytestmark = pytest.mark.model

TEXTS = ["hip", "Most episodes of low back pain get better within weeks.", "", "pain " * 400, "العلاج 🦴 漢字"]


def test_vectors_are_of_unit_length_in_the_order_of_the_texts(exported: OnnxEncoder) -> None:
    vectors = exported.encode(TEXTS)
    assert vectors.dtype == np.float32
    assert vectors.shape == (5, exported.identity.dimension) == (5, 384)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    alone = np.vstack([exported.encode([text]) for text in TEXTS])
    assert np.array_equal(vectors, alone)


def test_no_texts_give_no_vectors(exported: OnnxEncoder) -> None:
    assert exported.encode([]).shape == (0, 384)
    assert exported.count_tokens([]) == []


def test_a_text_longer_than_the_window_is_truncated(exported: OnnxEncoder) -> None:
    assert exported.identity.window == 256
    long, longer = exported.encode(["pain " * 400, "pain " * 800])
    assert np.allclose(long, longer, atol=1e-5)
    assert exported.count_tokens(["pain " * 400]) == [400]


def test_meaning_counts_more_than_words(exported: OnnxEncoder) -> None:
    question, answer, other = exported.encode(["How can I sleep?", "A pillow helps at night.", "Stocks fell in May."])
    assert question @ answer > question @ other


@pytest.mark.parametrize("named", ["encoder", "cross-encoder"])
def test_attention_is_one_operator(exported: OnnxEncoder, models: Path, named: str) -> None:
    folder = models / folder_name(BUNDLED) if named == "encoder" else files("assistant.answering") / "reranker"
    nodes = onnx.load(str(folder / "model.onnx")).graph.node
    operators = {node.op_type for node in nodes}
    assert "MultiHeadAttention" in operators
    assert "Softmax" not in operators
    assert not any(node.metadata_props for node in nodes)  # it would name files of the machine that exported it


def test_the_export_is_reused(exported: OnnxEncoder, models: Path) -> None:
    again = open_encoder(BUNDLED, models)
    assert again.identity == exported.identity
    assert again.identity.name == BUNDLED


def test_prompts_are_prepended(models: Path, tmp_path: Path) -> None:
    folder = models / folder_name(BUNDLED)
    shutil.copytree(folder, tmp_path / "prompted")
    identity = json.loads((folder / "identity.json").read_text(encoding="utf-8"))
    changed = json.dumps({**identity, "query_prompt": "query: "})
    (tmp_path / "prompted" / "identity.json").write_text(changed, encoding="utf-8")
    plain, prompted = OnnxEncoder(folder), OnnxEncoder(tmp_path / "prompted")
    assert np.allclose(prompted.encode(["hip"], query=True), plain.encode(["query: hip"]), atol=1e-5)
    assert np.allclose(prompted.encode(["hip"]), plain.encode(["hip"]), atol=1e-5)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of the transformers library, of its own internals
@pytest.mark.parametrize(("kind", "least"), [("document", encoder_module.ROUNDED_COSINE), ("passage", 1.1)])
def test_a_local_folder_is_exported_with_its_prompts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, least: float
) -> None:
    """A model that loses too much with weights of 8 bits, as one must where the least cosine is 1.1, keeps its own."""
    from sentence_transformers import SentenceTransformer

    monkeypatch.setattr(encoder_module, "ROUNDED_COSINE", least)
    folder = tiny(tmp_path / "tiny", {"query": "query: ", kind: "passage: "})
    encoder = open_encoder(str(folder), tmp_path / "models")
    assert (encoder.identity.query_prompt, encoder.identity.document_prompt) == ("query: ", "passage: ")
    assert (encoder.identity.dimension, encoder.identity.window) == (32, 64)
    original = SentenceTransformer(str(folder), device="cpu")
    wanted = original.encode(["passage: Hitze hilft ."], prompt="", normalize_embeddings=True)
    assert encoder.identity.revision.endswith("-int8") == (least < 1)
    cosine = float((encoder.encode(["Hitze hilft ."]) @ wanted.T)[0, 0])
    assert cosine > (encoder_module.EXPORTED_COSINE if least > 1 else least)


def tiny(folder: Path, prompts: dict[str, str]) -> Path:
    """Make an encoder with random weights and these prompts; return its folder."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from transformers import BertConfig, BertModel, BertTokenizerFast

    marks = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    words = [*marks, "hitze", "hilft", "heat", "helps", "query", "passage", ":", "."]
    torch.manual_seed(1)
    config = BertConfig(
        vocab_size=len(words), hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32
    )
    BertModel(config).save_pretrained(folder / "bert")
    BertTokenizerFast(vocab={word: at for at, word in enumerate(words)}).save_pretrained(folder / "bert")
    modules = [Transformer(str(folder / "bert"), max_seq_length=64), Pooling(32)]
    SentenceTransformer(modules=modules, prompts=prompts, device="cpu").save(str(folder))
    return folder


def test_a_missing_model(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match="CITED_ENCODER") as caught:
        open_encoder(str(tmp_path / "none"), tmp_path / "models")
    assert caught.value.where == str(tmp_path / "none")
    assert not list((tmp_path / "models").glob("*"))


@pytest.mark.parametrize("missing", ["model.onnx", "tokenizer.json"])
def test_an_incomplete_export_is_made_again(exported: OnnxEncoder, models: Path, tmp_path: Path, missing: str) -> None:
    name = str(tmp_path / "none")  # so that its export fails at once
    whole = models / folder_name(BUNDLED)
    folder = Path(shutil.copytree(whole, tmp_path / "models" / folder_name(name)))
    assert open_encoder(name, tmp_path / "models").identity == exported.identity
    (folder / missing).unlink()
    with pytest.raises(IndexMissing, match="the exported encoder is missing"):
        OnnxEncoder(folder)
    with pytest.raises(ModelMissing):
        open_encoder(name, tmp_path / "models")


@pytest.mark.parametrize("damaged", ["model.onnx", "tokenizer.json", "identity.json"])
@pytest.mark.parametrize("kept", [0, 100])
def test_a_damaged_export_is_reported_with_a_remedy(models: Path, tmp_path: Path, damaged: str, kept: int) -> None:
    folder = Path(shutil.copytree(models / folder_name(BUNDLED), tmp_path / "models" / folder_name(BUNDLED)))
    (folder / damaged).write_bytes((folder / damaged).read_bytes()[:kept])
    with pytest.raises(ModelMissing, match="cannot be loaded") as caught:
        open_encoder(BUNDLED, tmp_path / "models")
    assert (caught.value.where, caught.value.remedy[:18]) == (str(folder), "delete this folder")


def test_an_unwritable_models_folder(tmp_path: Path) -> None:
    (tmp_path / "models").write_text("x", encoding="utf-8")
    with pytest.raises(IndexUnwritable, match=r"models: cannot be written \(.*\); check that it is a folder"):
        open_encoder(BUNDLED, tmp_path / "models")


def test_a_missing_export(tmp_path: Path) -> None:
    with pytest.raises(IndexMissing, match="ingest"):
        OnnxEncoder(tmp_path / "gone")
