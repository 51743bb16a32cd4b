"""Says what weights were made from: the inputs that sources.toml names, and what else a repeat needs."""

import hashlib
import json
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from ingest.errors import UserFacingError

SOURCES = Path(__file__).parent / "sources.toml"
LIBRARIES = ("numpy", "onnx", "onnxruntime", "scikit-learn", "scipy", "tokenizers", "torch", "transformers")


@dataclass(frozen=True, slots=True)
class Source:
    """An input of the training; `sha256` is "" where it is not known yet.

    It is `file` in the folder called `place`, or the place itself where `file` is "".
    """

    title: str
    version: str
    licence: str
    place: str
    file: str
    sha256: str = ""


def load_sources() -> dict[str, Source]:
    """Return the inputs by name, as sources.toml has them."""
    return {name: Source(**fields) for name, fields in tomllib.loads(SOURCES.read_text(encoding="utf-8")).items()}


def check_sources(sources: Mapping[str, Source], places: Mapping[str, Path]) -> dict[str, str]:
    """Return the SHA-256 of each input, by its name.

    Raises:
        UserFacingError: an input is missing, or is another one than sources.toml says.
    """
    found = {}
    for name, source in sources.items():
        path = places[source.place] / source.file
        if not path.exists():
            raise UserFacingError(
                f"the input {name} is missing ({source.title})", str(path), f"name its {source.place}"
            )
        found[name] = sha256(path)
        if source.sha256 not in ("", found[name]):
            what = f"the input {name} is another one: its SHA-256 is {found[name]}"
            raise UserFacingError(what, str(path), f"name the right one, or change {SOURCES.name}")
    return found


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file, or of the hashes and names of a folder's files, a line each, sorted by name."""
    lines = b"".join(_lines(path)) if path.is_dir() else path.read_bytes()
    return hashlib.sha256(lines).hexdigest()


def _lines(folder: Path) -> Iterator[bytes]:
    for name, file in sorted((file.relative_to(folder).as_posix(), file) for file in folder.rglob("*")):
        if file.is_file():
            yield f"{sha256(file)}  {name}\n".encode()


def write_manifest(
    file: Path, sources: Mapping[str, Source], found: Mapping[str, str], made: Mapping[str, object]
) -> None:
    """Write the inputs with the hashes found, the libraries' versions, and what `made` tells of the training."""
    inputs = {
        name: {"title": each.title, "version": each.version, "licence": each.licence, "sha256": found[name]}
        for name, each in sources.items()
    }
    manifest = {**made, "libraries": {name: version(name) for name in LIBRARIES}, "inputs": inputs}
    file.write_text(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
