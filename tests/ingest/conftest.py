from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from ingest.index.catalog import Catalog
from ingest.index.vectors import VECTORS_FOLDER, Vectors
from ingest.models.encoder import Encoder
from ingest.schema import Document, Passage


@pytest.fixture(scope="session")
def fake(request: pytest.FixtureRequest) -> Callable[..., Encoder]:
    """Create fake encoders other than the fixture `encoder`: `fake(revision="2", window=24)`."""
    shared = next(p for p in request.config.pluginmanager.get_plugins() if hasattr(p, "FakeEncoder"))
    return shared.FakeEncoder  # type: ignore[no-any-return]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def passages_of(data: Path) -> Callable[[], dict[str, list[Passage]]]:
    """Read all passages of the last run, in order, grouped by source."""

    def read() -> dict[str, list[Passage]]:
        with closing(Catalog(data)) as catalog, catalog.read() as snapshot:
            keys = [key for keys in snapshot.keys_of(sorted(snapshot.shas())).values() for key in keys]
            found: dict[str, list[Passage]] = {}
            for passage in sorted(snapshot.passages(keys).values(), key=lambda p: (p.root, p.source, p.start)):
                found.setdefault(passage.source, []).append(passage)
            return found

    return read


@pytest.fixture
def document_of(data: Path) -> Callable[[Path, str], Document | None]:
    """Read a document of the last run by its root and source."""

    def read(root: Path, source: str) -> Document | None:
        with closing(Catalog(data)) as catalog, catalog.read() as snapshot:
            return snapshot.document(str(root), source)

    return read


@pytest.fixture
def whole(data: Path) -> Callable[[], None]:
    """Assert that the catalog is consistent and has exactly the vectors that Chroma has."""

    def check() -> None:
        with closing(Catalog(data)) as catalog, catalog.read() as snapshot:
            assert snapshot.faults() == []
            identity = snapshot.encoder()
            assert identity is not None
            with Vectors(data / VECTORS_FOLDER, identity) as vectors:
                assert set(vectors.ids()) == snapshot.shas()

    return check
