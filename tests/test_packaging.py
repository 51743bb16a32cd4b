"""What a wheel holds besides modules: everything that the packages read, and nothing of training."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PACKAGES = ("ingest", "assistant", "ui")
LEFT_OUT = ("assistant/training/", "ui/pictures/")  # the pictures are the README's


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def shipped() -> set[str]:
    data = PYPROJECT["tool"]["setuptools"]["package-data"]
    folders = {package: ROOT.joinpath(*package.split(".")) for package in data}
    return {name_of(path) for package, globs in data.items() for each in globs for path in folders[package].glob(each)}


def test_every_data_file_is_shipped() -> None:
    files = (path for package in PACKAGES for path in (ROOT / package).rglob("*") if path.is_file())
    wanted = {name_of(path) for path in files if path.suffix not in (".py", ".pyc")}
    assert {name for name in wanted if not name.startswith(LEFT_OUT)} == shipped()


def test_every_package_is_typed() -> None:
    assert {f"{package}/py.typed" for package in PACKAGES} <= shipped()


def test_training_is_left_out_and_every_licence_is_there() -> None:
    assert "assistant.training*" in PYPROJECT["tool"]["setuptools"]["packages"]["find"]["exclude"]
    licences = PYPROJECT["project"]["license-files"]
    assert {"LICENSE", "assistant/answering/reranker/LICENSE", "assistant/answering/reranker/NOTICE"} == set(licences)
    assert all((ROOT / name).is_file() for name in licences)
