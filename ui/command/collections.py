"""The commands for collections: `cited collections`."""

import sys
from typing import Annotated

import typer

from ingest import collections
from ingest.collections import Collection
from ingest.errors import UserFacingError, printable
from ingest.schema import CorpusDescription
from ui.command.options import DataDir, settings_of
from ui.command.show import count, json_text

app = typer.Typer(invoke_without_command=True, help="List, create, change and delete collections.")

Name = Annotated[str, typer.Argument(help="Name of the collection.")]
NewName = Annotated[str | None, typer.Option("--name", help="Name that the page shows.")]
Description = Annotated[str | None, typer.Option(help="What the texts are about.")]
Notice = Annotated[str | None, typer.Option(help="Notice below every answer.")]
Questions = Annotated[list[str] | None, typer.Option("--question", help="An example question. Repeatable.")]


@app.callback()
def list_all(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print the list as JSON.")] = False,
    data_dir: DataDir = None,
) -> None:
    """List the collections: name for commands, name to show, and size."""
    if context.invoked_subcommand is not None:
        return
    found = collections.collections(settings_of(data_dir=data_dir).data_dir)
    if as_json:
        typer.echo(json_text([_values(each) for each in found]))
        return
    for each in found:
        typer.echo(f"{each.slug or '(main)'}\t{printable(each.name)}\t{_size(each)}")


@app.command("new")
def new(
    name: Name,
    description: Description = None,
    notice: Notice = None,
    questions: Questions = None,
    data_dir: DataDir = None,
) -> None:
    """Create an empty collection."""
    described = _changed(CorpusDescription(" ".join(name.split())), None, description, notice, questions)
    is_given = any(each is not None for each in (description, notice, questions))
    created = collections.create(settings_of(data_dir=data_dir).data_dir, name, described if is_given else None)
    typer.echo(f"Created {created.slug}; now run `cited ingest FOLDER --collection {created.slug}`")


@app.command("set")
def change(
    collection: Annotated[str, typer.Argument(help="Name of the collection; an empty name is the main one.")],
    name: NewName = None,
    description: Description = None,
    notice: Notice = None,
    questions: Questions = None,
    data_dir: DataDir = None,
) -> None:
    """Change what the page shows of a collection; an empty text removes it."""
    found = collections.find(settings_of(data_dir=data_dir).data_dir, collection)
    changed = collections.describe(found, _changed(found.description, name, description, notice, questions))
    typer.echo(f"Changed {changed.slug or 'the main collection'}")


@app.command("delete")
def delete(
    name: Name,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Delete a collection with its index, uploads, test prompts and conversations; other folders stay."""
    found = collections.find(settings_of(data_dir=data_dir).data_dir, name)
    question = f"Delete {printable(found.name)} ({_size(found)}), its uploads, test prompts and conversations?"
    if not yes and (sys.stdin is None or not sys.stdin.isatty() or not typer.confirm(question)):
        raise typer.BadParameter("nothing was deleted; use --yes to delete it without being asked")
    collections.delete(found)
    typer.echo(f"Deleted {found.slug}")


def _changed(
    former: CorpusDescription,
    name: str | None,
    description: str | None,
    notice: str | None,
    questions: list[str] | None,
) -> CorpusDescription:
    asked = former.questions if questions is None else tuple(filter(None, map(str.strip, questions)))
    return CorpusDescription(
        former.name if name is None else name.strip(),
        former.description if description is None else description.strip(),
        former.notice if notice is None else notice.strip(),
        asked,
    )


def _size(collection: Collection) -> str:
    from ingest.runs.status import status

    try:
        return count(len(status(collection.folder)), "source")
    except UserFacingError as error:
        return error.what


def _values(collection: Collection) -> dict[str, object]:
    own = collection.description
    return {
        "collection": collection.slug,
        "name": collection.name,
        "description": own.description,
        "notice": own.notice,
        "questions": list(own.questions),
        "sources": _size(collection),
    }
