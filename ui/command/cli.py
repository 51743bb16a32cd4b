"""The `cited` command: ingest, status, runs, ask, ui, verify, forget, doctor, evaluate."""

import getpass
import logging
import signal
import sys
from functools import partial
from importlib import metadata
from io import TextIOWrapper
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Annotated

import typer

from ingest.errors import UserFacingError, printable
from ingest.settings import load_settings
from ui.command.accounts import tokens, users
from ui.command.backup import backup, restore
from ui.command.evaluate import evaluate
from ui.command.logs import set_up, tell
from ui.command.options import DataDir
from ui.command.show import (
    count,
    json_text,
    show_answer,
    show_plan,
    show_report,
    show_run,
    show_standings,
    show_status,
    standings_json,
)

if TYPE_CHECKING:
    from ingest.runs.pipeline import Prune, RunReport
    from ingest.settings import Settings

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("evaluate")(evaluate)
app.command("backup")(backup)
app.command("restore")(restore)
app.add_typer(users, name="user")
app.add_typer(tokens, name="token")

ALL_RUNS = 1_000_000_000


def _show_version(requested: bool) -> None:
    if requested:
        typer.echo(f"cited {metadata.version('cited-assistant')}")
        raise typer.Exit()


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Answers questions from your texts in exact quotes with their place, or says that the texts do not answer."""


@app.command()
def ingest(
    paths: Annotated[list[Path] | None, typer.Argument(help="Folders or files.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change, without changing it.")] = False,
    prune: Annotated[bool, typer.Option("--prune/--no-prune", help="Remove texts whose files are gone.")] = True,
    yes: Annotated[bool, typer.Option("--yes", help="Remove them even if they are more than half.")] = False,
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Split and encode everything again.")] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Keep running and ingest changes.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Update the index from folders or files; the rest of the index stays as it is."""
    from ingest.errors import PruningUnconfirmed
    from ingest.runs.pipeline import Prune, check, plan

    if not paths and (watch or not rebuild):
        raise typer.BadParameter("give a folder or file to ingest")
    if watch and (dry_run or rebuild):
        raise typer.BadParameter("--watch cannot be combined with --dry-run or --rebuild")
    if rebuild and dry_run:
        raise typer.BadParameter("--rebuild cannot be combined with --dry-run")
    settings = load_settings(data_dir=data_dir)
    if dry_run:
        planned = plan(paths or [], settings.data_dir)
        show_plan(planned)
        if planned.failed:
            raise typer.Exit(1)
        return
    check(paths or [], settings.data_dir)
    mode = Prune.NEVER if not prune else Prune.ALWAYS if yes else Prune.CAREFUL
    if watch:
        _watch(paths or [], settings, mode)
        return
    run = partial(_ingest, paths or [], settings, rebuild=rebuild)
    try:
        report = run(prune=mode)
    except PruningUnconfirmed as error:
        question = f"{printable(error.where)}: {error.what}. Remove them?"
        if sys.stdin is None or not sys.stdin.isatty() or not typer.confirm(question):  # None if closed
            raise
        report = run(prune=Prune.ALWAYS)
    show_report(report)
    if report.failed:
        raise typer.Exit(1)


def _ingest(paths: list[Path], settings: "Settings", *, rebuild: bool, prune: "Prune") -> "RunReport":
    """Run the pipeline with a progress bar."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from ingest.models.encoder import open_encoder
    from ingest.runs.journal import note_run
    from ingest.runs.pipeline import ingest as run_ingest

    console = Console(stderr=True)
    with console.status("Loading the encoder (the first time takes about 15 s)"):
        encoder = open_encoder(settings.encoder, settings.models_dir, allow_downloads=settings.allow_downloads)
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("Ingesting", total=None)

        def show(done: int, total: int, source: str) -> None:
            bar.update(task, completed=done, total=total, description=printable(source)[-40:].ljust(40))

        report = run_ingest(
            paths,
            settings.data_dir,
            encoder,
            rebuild=rebuild,
            prune=prune,
            limits=settings.read_limits,
            on_progress=show,
        )
    note_run(report, settings.data_dir, by=_user())
    return report


def _watch(paths: list[Path], settings: "Settings", prune: "Prune") -> None:
    """Ingest changes until a signal; a second signal aborts the current run and leaves the index unchanged."""
    from ingest.models.encoder import open_encoder
    from ingest.runs.journal import note_failure, note_run
    from ingest.runs.watch import watch

    set_up(settings)
    by = _user()
    stop = Event()

    def end(_number: int, _frame: object) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    encoder = open_encoder(settings.encoder, settings.models_dir, allow_downloads=settings.allow_downloads)
    typer.echo("Watching for changes (Ctrl+C to stop)")
    try:
        runs = watch(paths, settings.data_dir, encoder, stop=stop, prune=prune, limits=settings.read_limits)
        for outcome in runs:
            if isinstance(outcome, UserFacingError):
                note_failure(outcome, by=by)
                tell(f"cited: {outcome}", settings)
            else:
                note_run(outcome, settings.data_dir, by=by)
                show_report(outcome)
    except KeyboardInterrupt:
        tell("Interrupted", settings)
    typer.echo("Stopped")


@app.command()
def status(
    failed: Annotated[bool, typer.Option("--failed", help="Show only the files that failed.")] = False,
    data_dir: DataDir = None,
) -> None:
    """List the indexed files: passages, size, when they were read, and why any failed."""
    from ingest.runs.status import status as read_status

    sources = read_status(load_settings(data_dir=data_dir).data_dir)
    show_status([source for source in sources if source.failure or not failed])
    if any(source.failure for source in sources):
        raise typer.Exit(1)


@app.command()
def runs(
    number: Annotated[int | None, typer.Argument(help="Show all changes of this run.")] = None,
    data_dir: DataDir = None,
) -> None:
    """List the last ingest runs: time, who started them, duration, changes and failures."""
    from ingest.runs.journal import authors
    from ingest.runs.status import runs as read_runs

    settings = load_settings(data_dir=data_dir)
    records = read_runs(settings.data_dir, limit=20 if number is None else ALL_RUNS)
    if number is not None and number not in {record.number for record in records}:
        raise typer.BadParameter(f"there is no run {number}")
    by = authors(settings.data_dir)
    for record in records:
        if number in (None, record.number):
            most = 5 if number is None else len(record.changes)
            show_run(record, most=most, by=by.get(record.number, ""))


@app.command()
def ask(
    question: Annotated[str, typer.Argument(help="Your question.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Answer a question in quotes with their place, or say that the texts do not answer it."""
    from assistant.assistant import open_assistant
    from assistant.render import answer_json, answer_text

    with open_assistant(load_settings(data_dir=data_dir)) as assistant:
        answer = assistant.ask(question)
        notice = assistant.description().notice
    if as_json:
        typer.echo(json_text(answer_json(answer)))
    else:
        show_answer(answer_text(answer, notice))


@app.command()
def ui(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0 picks a free one.")] = None,
    browser: Annotated[bool, typer.Option("--browser", help="Open the page in a browser.")] = False,
    mcp: Annotated[bool, typer.Option("--mcp", help="Also serve MCP clients at /mcp.")] = False,
    insecure: Annotated[
        bool, typer.Option("--insecure", help="Serve other machines though there are no accounts.")
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """Open the chat page."""
    from assistant.assistant import open_assistant
    from ui.handlers.accounts import Accounts
    from ui.page.app import serve

    settings = load_settings(host=host, port=port, mcp=mcp or None, insecure=insecure or None, data_dir=data_dir)
    set_up(settings)
    with open_assistant(settings) as assistant:
        served = serve(assistant, settings, open_browser=browser, block=False)
        typer.echo(f"The page is at {served.url} (Ctrl+C to stop)")
        if settings.mcp:
            typer.echo(f"MCP clients can connect to {served.url}mcp")
        if served.beyond_this_machine:
            warning = "passwords and texts travel unencrypted: put a proxy with TLS in front of the page"
            if settings.insecure and not Accounts(settings.data_dir).exist():
                warning = f"without accounts, anyone who can reach {settings.host} can read and change the texts"
            tell(f"cited: warning: {warning}", settings)
        served.wait()
        typer.echo("Stopped")


@app.command()
def verify(
    export: Annotated[Path, typer.Argument(help="A conversation exported as JSON.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Check the quotes of an exported conversation against the files: same, moved, changed or gone."""
    from contextlib import closing

    from assistant.conversations.json_file import read_conversation
    from assistant.conversations.verify import verify as check
    from ingest.index.catalog import Catalog

    conversation = read_conversation(export)
    quotes = [quote for turn in conversation.turns if turn.answer for quote in turn.answer.quotes]
    with closing(Catalog(load_settings(data_dir=data_dir).data_dir)) as catalog, catalog.read() as snapshot:
        standings = check(quotes, snapshot)
    if as_json:
        typer.echo(json_text(standings_json(conversation, standings)))
    else:
        show_standings(conversation, standings)
    if not all(standing.stands for standing in standings):
        raise typer.Exit(1)


@app.command()
def mcp(data_dir: DataDir = None) -> None:
    """Serve an MCP client over stdin and stdout; the client starts this command itself."""
    from ui.programs.mcp_server import serve_stdio

    settings = load_settings(data_dir=data_dir)
    set_up(settings)
    serve_stdio(settings)


@app.command()
def forget(
    folder: Annotated[Path, typer.Argument(help="An ingested folder or file.")], data_dir: DataDir = None
) -> None:
    """Remove a folder or file from the index; the files themselves stay."""
    from ingest.runs.journal import note_run
    from ingest.runs.pipeline import forget as run_forget

    settings = load_settings(data_dir=data_dir)
    report = run_forget(folder, settings.data_dir)
    note_run(report, settings.data_dir, by=_user(), what="forget")
    typer.echo(f"Forgot {folder}: {count(len(report.removed), 'document')} removed from the index")


@app.command()
def doctor(
    fix: Annotated[bool, typer.Option("--fix", help="Mend what can be mended without losing anything.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Check the index: catalog, vectors, encoder, folders, lock and versions."""
    from rich.console import Console

    from ingest.index.doctor import examine
    from ingest.runs.mend import mend

    settings = load_settings(data_dir=data_dir)
    console = Console(highlight=False)
    for done in mend(settings) if fix else ():
        console.print("[green]mended[/]  ", end="")
        console.print(printable(done), markup=False, soft_wrap=True)
    findings = examine(settings)
    for finding in findings:
        console.print("[green]ok[/]  " if finding.ok else "[red]no[/]  ", end="")
        console.print(printable(finding.what), markup=False, soft_wrap=True)
        if finding.remedy:
            console.print(f"      {printable(finding.remedy)}", style="yellow", markup=False, soft_wrap=True)
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)


def _user() -> str:
    """Return the name of the operating system's user."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user without a name, as in some containers
        return "unknown"


def main() -> None:
    """Run the command; report a UserFacingError on stderr with exit code 1."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # names and texts may not fit the terminal's encoding
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # services are stopped in order, as by Ctrl+C
    logging.basicConfig(level=logging.ERROR, format="%(levelname)s %(name)s: %(message)s")
    try:
        app()
    except UserFacingError as error:
        typer.echo(f"cited: {error}", err=True)
        sys.exit(1)
