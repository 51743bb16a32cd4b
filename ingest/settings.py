"""All settings, from CITED_* environment variables and command-line options."""

import os
from pathlib import Path
from typing import Any

from platformdirs import user_data_path
from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from ingest.errors import SettingsInvalid

PREFIX = "CITED_"


class Settings(BaseSettings):
    """The settings of one process; built once by the command and passed down."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid")

    data_dir: Path = Field(
        default_factory=lambda: user_data_path("cited-assistant"),
        description="folder of the index: catalog, vectors and exported models",
    )
    encoder: str = Field(
        default="all-MiniLM-L6-v2",
        description="sentence-transformers model: the bundled one, a local folder or a name",
    )
    reranker: str = Field(
        default="bundled",
        description="sentence-transformers CrossEncoder: the bundled one, a local folder, a name, or none",
    )
    allow_downloads: bool = Field(default=False, description="let models be fetched from a model hub")
    host: str = Field(default="127.0.0.1", description="address the page listens on")
    port: int = Field(default=7860, ge=0, le=65535, description="port the page listens on; 0 takes a free one")

    read_only: bool = Field(default=False, description="let the page show the texts, but neither add nor ingest any")

    history: bool = Field(default=True, description="let the page keep the conversations that are held in it")

    mcp: bool = Field(default=False, description="let the page's server answer MCP clients too, at /mcp")

    @property
    def models_dir(self) -> Path:
        """Folder of the exported models."""
        return self.data_dir / "models"


def keep_to_this_machine() -> None:
    """Have libraries tell nobody of their use.

    ONNX Runtime, from 1.29 on, sends events to its makers unless it finds this
    when it is first imported.
    """
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"


def load_settings(**options: Any) -> Settings:  # noqa: ANN401 - values are checked by pydantic
    """Build the settings from the environment and options (None means not given).

    Raises:
        SettingsInvalid: an unknown CITED_ variable or an impossible value.
    """
    known = {f"{PREFIX}{name}".upper() for name in Settings.model_fields}
    for name in sorted(os.environ):
        if name.upper().startswith(PREFIX) and name.upper() not in known:
            raise SettingsInvalid(
                "there is no such setting", name, f"unset it, or use one of {', '.join(sorted(known))}"
            )
    try:
        return Settings(**{name: value for name, value in options.items() if value is not None})
    except ValidationError as error:
        first = error.errors()[0]
        name = PREFIX + "_".join(str(part) for part in first["loc"]).upper()
        raise SettingsInvalid(first["msg"], name, "correct its value") from error
