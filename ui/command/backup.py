"""The commands `cited backup` and `cited restore`."""

from pathlib import Path, PurePosixPath
from typing import Annotated

import typer

from ingest.collections import MAIN
from ingest.errors import printable
from ui.command.options import DataDir, settings_of


def backup(
    file: Annotated[Path, typer.Argument(help="The backup to write, a ZIP file.")],
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it exists.")] = False,
    wait: Annotated[float, typer.Option(metavar="SECONDS", min=0, help="Wait this long for a run to end.")] = 0,
    data_dir: DataDir = None,
) -> None:
    """Save all collections and the accounts in one file: indexes, uploads, conversations, test prompts and results."""
    from ui.handlers.backup import back_up

    manifest = back_up(settings_of(data_dir=data_dir), file, force=force, wait=wait)
    sizes = f"{len(manifest.members)} files with {_megabytes(manifest.size)} in {_megabytes(file.stat().st_size)}"
    typer.echo(f"Backed up to {printable(str(file))}: {sizes}")
    for name, index in manifest.indexes.items():
        typer.echo(_line(name, index.run))


def restore(
    file: Annotated[Path, typer.Argument(help="A backup made by `cited backup`.")],
    force: Annotated[
        bool, typer.Option("--force", help="Replace a data folder that has content; it is moved aside and kept.")
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """Restore a backup into the data folder: all collections and the accounts."""
    from ui.handlers.restore import restore as run_restore

    settings = settings_of(data_dir=data_dir)
    restored = run_restore(file, settings, force=force)
    made = restored.manifest.made.astimezone().strftime("%Y-%m-%d %H:%M:%S")
    typer.echo(f"Restored the backup of {made} into {printable(str(settings.data_dir))}")
    for name, index in restored.manifest.indexes.items():
        now = restored.runs[name]
        later = "" if now == index.run else f"; it is run {now} now, later than the runs of the former index"
        typer.echo(_line(name, index.run) + later)
    if restored.former is not None:
        typer.echo(f"The former content is kept in {printable(str(restored.former))}")
        typer.echo("If the page is running, restart it")


def _line(name: str, run: int) -> str:
    """Say what a collection is as of; `name` is that of its folder in the manifest."""
    return f"  {PurePosixPath(name).name or MAIN}: {f'run {run}' if run else 'no texts yet'}"


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"
