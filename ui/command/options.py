"""The options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

DataDir = Annotated[Path | None, typer.Option("--data-dir", help="Folder of the index (or CITED_DATA_DIR).")]
