"""The servers that hold the catalogs and vectors of this process; without one, an index is in its folder alone."""

import hashlib
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from ingest.settings import COLLECTIONS, Settings

if TYPE_CHECKING:
    from chromadb.config import Settings as ChromaSettings


@dataclass(frozen=True, slots=True)
class Servers:
    """The addresses of the servers; "" is none.

    `catalog_url` is SQLAlchemy's address of a PostgreSQL database, and
    `chroma_url` that of a Chroma server.
    """

    catalog_url: str = field(default="", repr=False)  # there may be a password in it
    chroma_url: str = ""


_chosen = Servers()


def of(settings: Settings) -> Servers:
    """Return the servers that the settings name."""
    return Servers(settings.catalog_url.get_secret_value(), settings.chroma_url)


def use(servers: Servers) -> None:
    """Choose the servers of this process, before any index is opened."""
    global _chosen
    _chosen = servers


def chosen() -> Servers:
    """Return the servers of this process."""
    return _chosen


def name_of(folder: Path) -> str:
    """Return the name of an index on the servers, which all machines agree on: ASCII, at most 18 characters."""
    if folder.parent.name != COLLECTIONS:
        return "main"
    return f"c_{hashlib.sha256(folder.name.encode()).hexdigest()[:16]}"


def chroma_settings() -> "ChromaSettings":
    """Return what each client of Chroma is given, a copy of its own: to read them anew takes 10 ms."""
    return _chroma_settings().model_copy()


@cache
def _chroma_settings() -> "ChromaSettings":
    from chromadb.config import Settings as ChromaSettings

    return ChromaSettings(anonymized_telemetry=False)
