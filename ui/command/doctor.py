"""The command `cited doctor`."""

from typing import TYPE_CHECKING, Annotated

import typer

from ingest.collections import collections, find
from ingest.errors import IndexMissing, UserFacingError, printable
from ui.command.options import DataDir, ExitCode, chosen, or_before

if TYPE_CHECKING:
    from rich.console import Console

    from ingest.index.doctor import Finding


def doctor(
    fix: Annotated[bool, typer.Option("--fix", help="Mend what can be mended without losing anything.")] = False,
    collection: Annotated[
        str | None,
        typer.Option(
            "--collection",
            "-c",
            metavar="NAME",
            callback=or_before,
            help="Collection to check; otherwise CITED_COLLECTION, or all of them.",
        ),
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Check the index: catalog, vectors, encoder, folders, lock and versions."""
    from rich.console import Console

    from ingest.index.doctor import Finding, examine, versions
    from ingest.runs.mend import mend

    settings, console = chosen(data_dir, collection), Console(highlight=False)
    checked = [find(settings.data_dir, settings.collection)] if settings.collection else collections(settings.data_dir)
    sound = True
    for each in checked:
        one = settings.model_copy(update={"collection": each.slug})
        name = f"{each.name}: " if len(checked) > 1 else ""
        try:
            for done in mend(one) if fix else ():
                console.print("[green]mended[/]  ", end="")
                console.print(printable(name + done), markup=False, soft_wrap=True)
            findings = examine(one)
        except UserFacingError as error:
            if len(checked) == 1:
                raise
            findings = [Finding(isinstance(error, IndexMissing), error.what, error.remedy)]
        for finding in findings:
            _show(console, finding, name, each.slug)
        sound = sound and all(finding.ok for finding in findings)
    _show(console, versions())
    if not sound:
        raise typer.Exit(ExitCode.FAILED)


def _show(console: "Console", finding: "Finding", name: str = "", slug: str = "") -> None:
    """Print a finding with the name of its collection; `slug` goes into the commands that mend it."""
    console.print("[green]ok[/]  " if finding.ok else "[red]no[/]  ", end="")
    console.print(printable(name + finding.what), markup=False, soft_wrap=True)
    if finding.remedy:
        remedy = finding.remedy.replace("`cited ", f"`cited --collection {slug} ") if slug else finding.remedy
        console.print(f"      {printable(remedy)}", style="yellow", markup=False, soft_wrap=True)
