import os
import shutil
from importlib.resources import files
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from ingest.models import sessions
from ingest.models.sessions import OPTIMISED, damaged, session

TOKENS = np.array([[3, 1, 4]], np.int64)


def write_graph(path: Path, seed: int = 0) -> Path:
    """Write a graph that looks tokens up and multiplies their vectors."""
    random = np.random.default_rng(seed)
    weights = [
        numpy_helper.from_array(random.standard_normal(shape).astype(np.float32), name)
        for name, shape in (("words", (100, 32)), ("matrix", (32, 16)))
    ]
    graph = helper.make_graph(
        [
            helper.make_node("Gather", ["words", "input_ids"], ["found"]),
            helper.make_node("MatMul", ["found", "matrix"], ["product"]),
            helper.make_node("Identity", ["product"], ["scores"]),
        ],
        "graph",
        [helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["batch", "length"])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["batch", "length", 16])],
        weights,
    )
    path.parent.mkdir(exist_ok=True)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), str(path))
    return path


def scores(path: Path, models: Path | None = None) -> list[float]:
    (found,) = session(path, models).run(["scores"], {"input_ids": TOKENS})
    return [float(value) for value in found.ravel()]


def optimised(models: Path) -> list[Path]:
    return sorted((models / OPTIMISED).iterdir())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write_graph(tmp_path / "reranker" / "model.onnx")


def test_a_graph_is_optimised_once_and_gives_the_same(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = scores(path)
    assert scores(path, tmp_path / "models") == plain
    (folder,) = optimised(tmp_path / "models")
    assert sorted(file.name for file in folder.iterdir()) == ["model.onnx", "model.weights"]
    assert (folder / "model.weights").stat().st_size >= 4 * (100 * 32 + 32 * 16)
    monkeypatch.setattr(sessions, "_optimise", None)
    assert scores(path, tmp_path / "models") == plain


def test_another_graph_in_its_place_is_optimised_anew(path: Path, tmp_path: Path) -> None:
    other = write_graph(tmp_path / "other" / "model.onnx")
    before, kept = scores(path, tmp_path), scores(other, tmp_path)
    former = optimised(tmp_path)
    write_graph(path, seed=1)
    os.utime(path, ns=(1, 1))
    after = scores(path, tmp_path)
    assert after == scores(path) != before
    assert scores(other, tmp_path) == kept
    assert len(former) == len(optimised(tmp_path)) == 2  # the former one is gone
    assert len(set(former) & set(optimised(tmp_path))) == 1


@pytest.mark.parametrize("name", ["model.onnx", "model.weights"])
@pytest.mark.parametrize("how", ["gone", "half", "empty"])
def test_a_damaged_form_is_made_again(path: Path, tmp_path: Path, name: str, how: str) -> None:
    wanted = scores(path, tmp_path / "models")
    (folder,) = optimised(tmp_path / "models")
    file = folder / name
    whole = file.read_bytes()
    file.unlink()
    if how != "gone":
        file.write_bytes(whole[: len(whole) // 2] if how == "half" else b"")
    assert scores(path, tmp_path / "models") == wanted
    assert optimised(tmp_path / "models") == []
    assert scores(path, tmp_path / "models") == wanted
    assert file.read_bytes() == whole


def test_two_processes_may_optimise_a_graph_at_the_same_time(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = sessions._open

    def slowly(graph: Path, options: object) -> object:
        if graph == path and not optimised_by_another:
            optimised_by_another.append(True)
            sessions._optimise(path, folder)
        return opened(graph, options)

    optimised_by_another: list[bool] = []
    folder = tmp_path / OPTIMISED / sessions._name(path)
    monkeypatch.setattr(sessions, "_open", slowly)
    assert scores(path, tmp_path) == scores(path)
    assert optimised(tmp_path) == [folder]
    assert optimised_by_another == [True]


def test_a_graph_opens_where_nothing_can_be_kept(path: Path, tmp_path: Path) -> None:
    (tmp_path / "models").write_text("no folder", encoding="utf-8")
    assert scores(path, tmp_path / "models") == scores(path)


def test_a_damaged_graph_is_refused(path: Path, tmp_path: Path) -> None:
    scores(path, tmp_path / "models")
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(damaged()):
        session(path, tmp_path / "models")
    with pytest.raises(FileNotFoundError):
        session(tmp_path / "none.onnx", tmp_path / "models")


@pytest.mark.model
def test_no_slow_operator_takes_the_place_of_others(tmp_path: Path) -> None:
    shipped = Path(str(files("assistant.answering") / "reranker" / "model.onnx"))
    session(Path(shutil.copy2(shipped, tmp_path)), tmp_path)  # other tests may hold a session of the shipped file
    (folder,) = optimised(tmp_path)
    operators = {node.op_type for node in onnx.load(str(folder / "model.onnx"), load_external_data=False).graph.node}
    assert "LayerNormalization" in operators
    assert "SkipLayerNormalization" not in operators
