"""The `cited ingest` command: updates the index, once or whenever something changes."""

import getpass
import signal
import sys
from functools import partial
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Annotated

import typer

from ingest.collections import ensure
from ingest.errors import UserFacingError, printable
from ui.command.logs import set_up, tell
from ui.command.options import CollectionName, DataDir, ExitCode, Quiet, settings_of
from ui.command.progress import progress
from ui.command.show import show_failures, show_plan, show_report

if TYPE_CHECKING:
    from ingest.runs.pipeline import Prune, RunReport
    from ingest.settings import Settings


def ingest(
    paths: Annotated[list[Path] | None, typer.Argument(help="Folders or files.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change, without changing it.")] = False,
    prune: Annotated[bool, typer.Option("--prune/--no-prune", help="Remove texts whose files are gone.")] = True,
    yes: Annotated[
        bool, typer.Option("--yes", help="Remove them without asking, even if more than half of the files are gone.")
    ] = False,
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Split and encode everything again.")] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Keep running and ingest changes.")] = False,
    workers: Annotated[
        str,
        typer.Option(
            metavar="N|ray://HOST:PORT",
            help="Read and encode in N processes, or in those of a Ray cluster.",
        ),
    ] = "1",
    quiet: Quiet = False,
    collection: CollectionName = None,
    data_dir: DataDir = None,
) -> None:
    """Update the index from folders or files; the rest of the index stays as it is.

    A collection that does not exist yet is created.
    """
    from ingest.errors import PruningUnconfirmed
    from ingest.runs.pipeline import ALONE, Prune, check, plan

    if not paths and (watch or not rebuild):
        raise typer.BadParameter("give a folder or file to ingest")
    given = {"--watch": watch, "--dry-run": dry_run, "--rebuild": rebuild, "--workers": workers != ALONE}
    _refuse_together([name for name, is_given in given.items() if is_given])
    settings = settings_of(data_dir=data_dir, collection=collection)
    if dry_run:
        planned = plan(paths or [], settings.folder)
        show_plan(planned, prune=prune, yes=yes)
        if planned.failed:
            raise typer.Exit(ExitCode.FAILED)
        return
    check(paths or [], settings.folder, workers)
    ensure(settings.data_dir, settings.collection)
    mode = Prune.NEVER if not prune else Prune.ALWAYS if yes else Prune.CAREFUL
    if watch:
        _watch(paths or [], settings, mode, quiet=quiet)
        return
    run = partial(_ingest, paths or [], settings, rebuild=rebuild, workers=workers, quiet=quiet)
    try:
        report = run(prune=mode)
    except PruningUnconfirmed as error:
        question = f"{printable(error.where)}: {error.what}. Remove them?"
        if sys.stdin is None or not sys.stdin.isatty() or not typer.confirm(question):  # None if closed
            raise
        report = run(prune=Prune.ALWAYS)
    _show(report, quiet=quiet)
    if report.failed:
        raise typer.Exit(ExitCode.FAILED)


def _refuse_together(options: list[str]) -> None:
    """Refuse options of which only one may be given, except `--rebuild` by several workers."""
    if len(options) > 1 and options != ["--rebuild", "--workers"]:
        raise typer.BadParameter(f"{options[0]} cannot be combined with {' or '.join(options[1:])}")


def user_name() -> str:
    """Return the name of the operating system's user."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user without a name, as in some containers
        return "unknown"


def _ingest(
    paths: list[Path], settings: "Settings", *, rebuild: bool, prune: "Prune", workers: str, quiet: bool
) -> "RunReport":
    """Run the pipeline and show its progress."""
    from ingest.models.encoder import open_encoder
    from ingest.runs.journal import note_run
    from ingest.runs.pipeline import ingest as run_ingest

    with progress("Loading the encoder (the first time takes about 15 s)", "Ingesting", quiet=quiet) as show:
        encoder = open_encoder(settings.encoder, settings.models_dir, allow_downloads=settings.allow_downloads)
        report = run_ingest(
            paths,
            settings.folder,
            encoder,
            rebuild=rebuild,
            prune=prune,
            limits=settings.read_limits,
            workers=workers,
            on_progress=show,
        )
    note_run(report, settings.folder, by=user_name())
    return report


def _watch(paths: list[Path], settings: "Settings", prune: "Prune", *, quiet: bool) -> None:
    """Ingest changes until a signal; a second signal aborts the current run and leaves the index unchanged."""
    from ingest.models.encoder import open_encoder
    from ingest.runs.journal import note_failure, note_run
    from ingest.runs.watch import watch

    set_up(settings)
    by = user_name()
    stop = Event()

    def end(_number: int, _frame: object) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    encoder = open_encoder(settings.encoder, settings.models_dir, allow_downloads=settings.allow_downloads)
    if not quiet:
        typer.echo("Watching for changes (Ctrl+C to stop)")
    try:
        runs = watch(paths, settings.folder, encoder, stop=stop, prune=prune, limits=settings.read_limits)
        for outcome in runs:
            if isinstance(outcome, UserFacingError):
                note_failure(outcome, by=by)
                tell(f"cited: {outcome}", settings)
            else:
                note_run(outcome, settings.folder, by=by)
                _show(outcome, quiet=quiet)
    except KeyboardInterrupt:
        tell("Interrupted", settings)
        raise typer.Exit(ExitCode.INTERRUPTED) from None
    if not quiet:
        typer.echo("Stopped")


def _show(report: "RunReport", *, quiet: bool) -> None:
    if not quiet:
        show_report(report)
    show_failures(report)
