"""Shows the progress of long work on stderr: a bar on a terminal, elsewhere a line now and then."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from ingest.errors import printable

if TYPE_CHECKING:
    from rich.console import Console

LINE_SECONDS = 10.0
"""How often to print a line where no terminal is; what is done earlier prints none."""

Report = Callable[..., None]
"""Is told what is done: `report(done, total, name)`, or without the name of the current thing."""


@contextmanager
def progress(opening: str, title: str = "", *, quiet: bool = False) -> Iterator[Report]:
    """Show `opening`, and from the first report on the progress under `title`; `quiet` shows nothing."""
    from rich.console import Console

    console = Console(stderr=True)
    if quiet:
        yield _nothing
    elif console.is_dumb_terminal or not console.file.isatty():
        yield _lines(title or opening)
    else:
        with _bar(opening, title or opening, console) as report:
            yield report


def _nothing(_done: int, _total: int, _name: str = "") -> None: ...


def _lines(title: str) -> Report:
    told = time.monotonic()

    def report(done: int, total: int, name: str = "") -> None:
        nonlocal told
        if time.monotonic() - told >= LINE_SECONDS:
            told = time.monotonic()
            typer.echo(printable(f"{title}: {done:,} of {total:,} {name}".rstrip()), err=True)

    return report


@contextmanager
def _bar(opening: str, title: str, console: "Console") -> Iterator[Report]:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(opening, total=None)

        def report(done: int, total: int, name: str = "") -> None:
            shown = printable(name)[-40:].ljust(40) if name else title
            bar.update(task, completed=done, total=total, description=shown)

        yield report
