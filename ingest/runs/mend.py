"""Mends an index as far as that is safe: everything is made again from the catalog."""

import shutil
from contextlib import closing

from ingest.errors import IndexMissing, IndexStale, IndexUnreadable, ModelMissing
from ingest.index.catalog import Catalog
from ingest.index.lock import left_behind
from ingest.models.encoder import OnnxEncoder, open_encoder
from ingest.models.onnx_export import folder_name
from ingest.runs import pipeline
from ingest.settings import Settings


def mend(settings: Settings) -> list[str]:
    """Mend the index of the chosen collection, and return what was done, one line each.

    Raises:
        IndexMissing: nothing has been ingested yet.
        IndexLocked: another process is writing.
        IndexStale: the index was built by another version.
        IndexUnreadable: the catalog is damaged.
        IndexUnwritable: the disk is full or the folder is not writable.
        ModelMissing: the encoder is not on this machine.
    """
    data_dir = settings.folder
    with closing(Catalog(data_dir)) as catalog, catalog.read() as snapshot:
        identity, faults = snapshot.encoder(), snapshot.faults()
    if identity is None:
        raise IndexMissing("nothing has been ingested here yet", str(data_dir), "run `cited ingest FOLDER`")
    last = left_behind(data_dir)
    done = [f"write.holder removed, which {last} left"] if last else []  # by the end of this run
    encoder, exported = _encoder(settings, identity.name)
    done += exported
    try:
        if faults:
            raise IndexStale("passages differ from their texts")
        mended = pipeline.mend(data_dir, encoder)
    except (IndexStale, IndexUnreadable) as error:
        report = pipeline.ingest([], data_dir, encoder, rebuild=True)
        return [*done, f"{error.what}: everything built again, {report.encoded} passages encoded"]
    counts = {
        "missing vectors encoded again": mended.restored,
        "left-over vectors removed": mended.removed,
        "shards of vectors made anew": mended.renewed,
    }
    return [*done, *(f"{what}: {number}" for what, number in counts.items() if number)]


def _encoder(settings: Settings, name: str) -> tuple[OnnxEncoder, list[str]]:
    """Open the encoder, exporting it again if its export is damaged; return it and what was done."""
    try:
        return open_encoder(name, settings.models_dir, allow_downloads=settings.allow_downloads), []
    except ModelMissing:
        folder = settings.models_dir / folder_name(name)
        if not folder.is_dir():
            raise
        shutil.rmtree(folder)
        encoder = open_encoder(name, settings.models_dir, allow_downloads=settings.allow_downloads)
        return encoder, [f"the encoder {name} exported again"]
