"""The `cited` command and its subcommands."""

import logging
import os
import signal
import sys
import webbrowser
from contextlib import ExitStack, closing
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ingest.collections import find
from ingest.errors import UserFacingError
from ingest.settings import Settings
from ui.command.accounts import tokens, users
from ui.command.backup import backup, restore
from ui.command.collections import app as collections
from ui.command.doctor import doctor
from ui.command.evaluate import evaluate
from ui.command.ingest import ingest, user_name
from ui.command.logs import set_up, tell
from ui.command.options import EXIT_CODES, CollectionName, DataDir, ExitCode, chosen
from ui.command.show import (
    count,
    json_text,
    show_answer,
    show_run,
    show_standings,
    show_status,
    standings_json,
)

if TYPE_CHECKING:
    from ui.page.server import Served

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=EXIT_CODES,
)
app.command("ingest")(ingest)
app.command("doctor")(doctor)
app.command("evaluate")(evaluate)
app.command("backup")(backup)
app.command("restore")(restore)
app.add_typer(collections, name="collections")
app.add_typer(users, name="user")
app.add_typer(tokens, name="token")

ALL_RUNS = 1_000_000_000


def _show_version(requested: bool) -> None:
    if requested:
        from importlib import metadata

        typer.echo(f"cited {metadata.version('cited-assistant')}")
        raise typer.Exit()


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
    collection: CollectionName = None,
    data_dir: DataDir = None,
) -> None:
    """Answers questions from your texts in exact quotes with their place, or says that the texts do not answer."""


@app.command()
def status(
    failed: Annotated[bool, typer.Option("--failed", help="Show only the files that failed.")] = False,
    collection: CollectionName = None,
    data_dir: DataDir = None,
) -> None:
    """List the indexed files: passages, size, when they were read, and why any failed."""
    from ingest.runs.status import status as read_status

    sources = read_status(chosen(data_dir, collection).folder)
    show_status([source for source in sources if source.failure or not failed])
    if any(source.failure for source in sources):
        raise typer.Exit(ExitCode.FAILED)


@app.command()
def runs(
    number: Annotated[int | None, typer.Argument(help="Show all changes of this run.")] = None,
    collection: CollectionName = None,
    data_dir: DataDir = None,
) -> None:
    """List the last ingest runs: time, who started them, duration, changes and failures."""
    from ingest.runs.journal import authors
    from ingest.runs.status import runs as read_runs

    settings = chosen(data_dir, collection)
    records = read_runs(settings.folder, limit=20 if number is None else ALL_RUNS)
    if number is not None and number not in {record.number for record in records}:
        raise typer.BadParameter(f"there is no run {number}")
    by = authors(settings.folder)
    for record in records:
        if number in (None, record.number):
            most = 5 if number is None else len(record.changes)
            show_run(record, most=most, by=by.get(record.number, ""))


@app.command()
def ask(
    words: Annotated[
        list[str] | None, typer.Argument(metavar="QUESTION", help="Your question; it needs no quotation marks.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")] = False,
    as_typed: Annotated[
        bool, typer.Option("--as-typed", help="Search for exactly what was typed, without correcting or splitting it.")
    ] = False,
    within: Annotated[
        list[str] | None,
        typer.Option("--within", metavar="PATH", help="Search only this source or folder; repeat it for more."),
    ] = None,
    kinds: Annotated[
        list[str] | None,
        typer.Option("--kind", metavar="ENDING", help="Search only files such as pdf; repeat it for more kinds."),
    ] = None,
    after: Annotated[
        str | None,
        typer.Option(metavar="YYYY-MM-DD", help="Search only what was last read into the index on this day or later."),
    ] = None,
    before: Annotated[
        str | None,
        typer.Option(metavar="YYYY-MM-DD", help="Search only what was last read into the index before this day."),
    ] = None,
    fail_if_abstained: Annotated[
        bool,
        typer.Option(
            "--fail-if-abstained", help=f"Exit with {ExitCode.ABSTAINED} unless the texts answer the question."
        ),
    ] = False,
    collection: CollectionName = None,
    data_dir: DataDir = None,
) -> None:
    """Answer a question in quotes with their place, or say that the texts do not answer it."""
    question = " ".join(words or ()).strip()
    if not question:
        raise typer.BadParameter("the question is empty; write it after the command: cited ask what is sciatica")
    from assistant.assistant import open_assistant
    from assistant.render import answer_json, answer_text
    from ui.programs import requests

    sources = [os.path.abspath(path) if Path(path).exists() else path for path in within or ()]
    limits = {"sources": sources, "kinds": kinds or [], "after": after, "before": before}
    with open_assistant(chosen(data_dir, collection)) as assistant:
        answer = requests.ask(assistant, question, as_typed=as_typed, within=limits)
        notice = assistant.description().notice_below(answer.roots)
    if as_json:
        typer.echo(json_text(answer_json(answer)))
    else:
        show_answer(answer_text(answer, notice))
    if fail_if_abstained and answer.abstention is not None:
        raise typer.Exit(ExitCode.ABSTAINED)


@app.command()
def ui(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0 picks a free one.")] = None,
    browser: Annotated[bool, typer.Option("--browser", help="Open the page in a browser.")] = False,
    mcp: Annotated[bool, typer.Option("--mcp", help="Also serve MCP clients at /mcp.")] = False,
    insecure: Annotated[
        bool, typer.Option("--insecure", help="Serve other machines though there are no accounts.")
    ] = False,
    workers: Annotated[
        int, typer.Option(min=1, help="Number of processes that answer; each needs cores and a page's memory.")
    ] = 1,
    collection: CollectionName = None,
    data_dir: DataDir = None,
) -> None:
    """Serve the chat page until you press Ctrl+C."""
    from ui.handlers.accounts import Accounts
    from ui.page.collection_routes import address
    from ui.page.server import open_to_all

    settings = chosen(data_dir, collection, host=host, port=port, mcp=mcp or None, insecure=insecure or None)
    set_up(settings)
    with ExitStack() as stack:
        served = _one_page(settings, stack) if workers == 1 else _several_pages(settings, workers, stack)
        url = served.url + address(find(settings.data_dir, settings.collection))
        if browser:
            webbrowser.open(url)
        typer.echo(f"The page is at {url} (Ctrl+C to stop)")
        if settings.mcp:
            typer.echo(f"MCP clients can connect to {served.url}mcp")
        if served.beyond_this_machine:
            warning = "passwords and texts travel unencrypted: put a proxy with TLS in front of the page"
            if settings.insecure and not Accounts(settings.data_dir).exist():
                warning = f"without accounts, {open_to_all(settings)}"
            tell(f"cited: warning: {warning}", settings)
        served.wait()
        typer.echo("Stopped")


def _one_page(settings: Settings, stack: ExitStack) -> "Served":
    from assistant.library import Library
    from ui.page.stubs import without_stubs

    with without_stubs():
        from ui.page.app import serve

    return serve(stack.enter_context(closing(Library(settings))), settings, block=False)


def _several_pages(settings: Settings, number: int, stack: ExitStack) -> "Served":
    from ui.command.workers import Workers
    from ui.page.front import serve_front

    workers = Workers(settings, number)
    served = serve_front(workers.pages, settings, workers.stop)
    stack.callback(workers.stop)
    workers.start()
    return served


@app.command()
def verify(
    export: Annotated[Path, typer.Argument(help="A conversation exported as JSON.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
    collection: CollectionName = None,
    data_dir: DataDir = None,
) -> None:
    """Check the quotes of an exported conversation against the files: same, moved, changed or gone."""
    from assistant.conversations.json_file import read_conversation
    from assistant.conversations.verify import verify as check
    from ingest.index.catalog import Catalog

    conversation = read_conversation(export)
    quotes = [quote for turn in conversation.turns if turn.answer for quote in turn.answer.quotes]
    with closing(Catalog(chosen(data_dir, collection).folder)) as catalog, catalog.read() as snapshot:
        standings = check(quotes, snapshot)
    if as_json:
        typer.echo(json_text(standings_json(conversation, standings)))
    else:
        show_standings(conversation, standings)
    if not all(standing.stands for standing in standings):
        raise typer.Exit(ExitCode.FAILED)


@app.command()
def mcp(collection: CollectionName = None, data_dir: DataDir = None) -> None:
    """Serve an MCP client over stdin and stdout; the client starts this command itself."""
    from ui.programs.mcp_server import serve_stdio

    settings = chosen(data_dir, collection)
    set_up(settings)
    serve_stdio(settings)


@app.command()
def forget(
    folder: Annotated[Path, typer.Argument(help="An ingested folder or file.")],
    collection: CollectionName = None,
    data_dir: DataDir = None,
) -> None:
    """Remove a folder or file from the index; the files themselves stay."""
    from ingest.runs.journal import note_run
    from ingest.runs.pipeline import forget as run_forget

    settings = chosen(data_dir, collection)
    report = run_forget(folder, settings.folder)
    note_run(report, settings.folder, by=user_name(), what="forget")
    typer.echo(f"Forgot {folder}: {count(len(report.removed), 'document')} removed from the index")


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
        sys.exit(ExitCode.FAILED)
