"""A backup of an index whose vectors are on a server holds its texts, from which they are made again."""

from collections.abc import Callable
from pathlib import Path

from assistant.assistant import Assistant
from assistant.index import Index
from ingest.index import servers
from ingest.index.vectors import VECTORS_FOLDER
from ingest.runs.pipeline import RunReport, mend
from ingest.settings import Settings
from tests.conftest import FakeEncoder
from tests.servers import Chroma
from ui.handlers.backup import back_up
from ui.handlers.restore import restore


def test_vectors_on_a_server_are_encoded_again_after_a_restore(
    chroma_server: Chroma, indexed: Callable[..., RunReport], encoder: FakeEncoder, tmp_path: Path
) -> None:
    indexed({"a.md": "Walking helps a stiff back.\n", "b.md": "Swimming helps a sore hip.\n"})
    back_up(Settings(data_dir=tmp_path / "data"), tmp_path / "saved.zip")
    copy = Settings(data_dir=tmp_path / "copy")
    restore(tmp_path / "saved.zip", copy)
    assert mend(copy.data_dir, encoder).restored == 2  # and not those of the original, which a run there may delete
    servers.use(servers.Servers())  # also where there is no server
    restored = Settings(data_dir=tmp_path / "restored")
    restore(tmp_path / "saved.zip", restored)
    assert not (restored.data_dir / VECTORS_FOLDER).exists()
    assert mend(restored.data_dir, encoder).restored == 2
    assistant = Assistant(Index(restored.data_dir, encoder))
    try:
        assert [each.passage.source for each in assistant.search("Swimming helps a hip", 1)] == ["b.md"]
    finally:
        assistant.close()
