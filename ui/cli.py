"""The `cited` command: ingest, ask, ui, forget, doctor, evaluate."""

import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ingest.errors import UserFacingError, printable
from ingest.settings import load_settings
from ui.cli_evaluate import evaluate

if TYPE_CHECKING:
    from ingest.pipeline import Report

app = typer.Typer(
    help="Answers questions over your texts in exact quotes, each with its place, or says that they do not answer.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("evaluate")(evaluate)

DataDir = Annotated[Path | None, typer.Option("--data-dir", help="Folder of the index (or CITED_DATA_DIR).")]


@app.command()
def ingest(
    paths: Annotated[list[Path] | None, typer.Argument(help="Folders or files.")] = None,
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Cut and encode everything anew.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Bring the index up to date with folders or files; nothing else in it changes."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from ingest.encoder import open_encoder
    from ingest.pipeline import ingest as run_ingest

    if not paths and not rebuild:
        raise typer.BadParameter("name a folder or file to ingest")
    settings = load_settings(data_dir=data_dir)
    console = Console(stderr=True)
    with console.status("Loading the encoder (the first time takes about 15 s)"):
        encoder = open_encoder(settings.encoder, settings.models_dir, allow_downloads=settings.allow_downloads)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("Ingesting", total=None)

        def show(done: int, total: int, source: str) -> None:
            bar.update(task, completed=done, total=total, description=source[-40:].ljust(40))

        report = run_ingest(paths or [], settings.data_dir, encoder, rebuild=rebuild, on_progress=show)
    _show_report(report)
    if report.failed:
        raise typer.Exit(1)


@app.command()
def ask(
    question: Annotated[str, typer.Argument(help="What you want to know.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Answer a question in quotes, each with its place, or say that the texts do not answer it."""
    import json

    from rich.console import Console

    from assistant.chain import open_assistant
    from assistant.render import answer_json, answer_text

    with open_assistant(load_settings(data_dir=data_dir)) as assistant:
        answer = assistant.ask(question)
        notice = assistant.description().notice
    if as_json:
        typer.echo(json.dumps(answer_json(answer), ensure_ascii=False))
    else:
        Console(highlight=False).print(answer_text(answer, notice))


@app.command()
def ui(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0 takes a free one.")] = None,
    browser: Annotated[bool, typer.Option("--browser", help="Open the page in a browser.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Open the chat page."""
    from assistant.chain import open_assistant
    from ui.app import serve

    settings = load_settings(host=host, port=port, data_dir=data_dir)
    with open_assistant(settings) as assistant:
        served = serve(assistant, settings, open_browser=browser, block=False)
        typer.echo(f"The page is at {served.url} (Ctrl+C stops it)")
        try:
            served.wait()
        except KeyboardInterrupt:
            typer.echo("Stopped")
        finally:
            served.close()


@app.command()
def forget(
    root: Annotated[Path, typer.Argument(help="A folder or file that was ingested.")], data_dir: DataDir = None
) -> None:
    """Remove a root with its documents from the index; its files are not touched."""
    from ingest.pipeline import forget as run_forget

    removed = run_forget(root, load_settings(data_dir=data_dir).data_dir)
    typer.echo(f"Forgot {root}: {_count(removed, 'document')} removed from the index")


@app.command()
def doctor(data_dir: DataDir = None) -> None:
    """Check the catalog against the vectors, the encoder, the lock and the versions."""
    from rich.console import Console

    from ingest.doctor import examine

    findings = examine(load_settings(data_dir=data_dir))
    console = Console(highlight=False)
    for finding in findings:
        console.print("[green]ok[/]  " if finding.ok else "[red]no[/]  ", finding.what, sep="")
        if finding.remedy:
            console.print(f"      {finding.remedy}", style="yellow", markup=False)
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)


def main() -> None:
    """Run the command; what a person can mend is one line on stderr and exit code 1."""
    logging.basicConfig(level=logging.ERROR, format="%(levelname)s %(name)s: %(message)s")
    try:
        app()
    except UserFacingError as error:
        typer.echo(f"cited: {error}", err=True)
        sys.exit(1)


def _show_report(report: "Report") -> None:
    counts = report.counts()
    parts = [
        f"{counts[name]} {name}" for name in ("added", "updated", "unchanged", "removed", "failed") if counts[name]
    ]
    typer.echo(
        f"Run {report.run}: {_count(report.found, 'file')} found, {', '.join(parts) or 'nothing to do'}; "
        f"{_count(report.encoded, 'passage')} encoded, {report.passages} in the index"
    )
    for source in report.removed:
        typer.echo(f"removed: {printable(source)}")
    if report.skipped:
        names = ", ".join(report.skipped[:10]) + " …" * (len(report.skipped) > 10)
        typer.echo(f"Skipped, of no known format: {printable(names)}")
    for _, reason in report.failed:
        typer.echo(f"failed: {printable(reason)}", err=True)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
