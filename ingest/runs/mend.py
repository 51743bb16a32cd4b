"""Mends an index as far as that is safe: nothing is lost that the catalog or the texts do not hold."""

import shutil

from ingest.errors import IndexLocked, IndexMissing, IndexStale, IndexUnreadable, ModelMissing
from ingest.index.catalog import Catalog
from ingest.index.lock import forget_holder, holder, locked
from ingest.models.encoder import OnnxEncoder, open_encoder
from ingest.models.onnx_export import folder_name
from ingest.runs import pipeline
from ingest.settings import Settings
