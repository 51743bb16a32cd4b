"""Keeps an index up to date while its files change."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from threading import Event

from ingest.errors import IndexLocked, UserFacingError
from ingest.models.encoder import Encoder
from ingest.runs.pipeline import Prune, Report, ingest

# Milliseconds without a change that end a batch: editors write a copy, rename it and delete the old one.
SETTLED = 400
LONGEST_BATCH = 5_000  # milliseconds
TICK = 500  # milliseconds between looks at `stop`, and until a run that another writer prevented is tried again


def watch(
    paths: Sequence[Path], data_dir: Path, encoder: Encoder, *, stop: Event, prune: Prune = Prune.CAREFUL
) -> Iterator[Report | UserFacingError]:
    """Ingest the paths, and again whenever something below them changed; yield each outcome until `stop` is set.

    A run that fails (a folder that is gone for the moment, another writer) is
    yielded as its error, once, and the next change starts another one.

    Raises:
        RootInvalid: a path is missing or holds nothing to read at the start.
    """
    roots = [path.absolute() for path in paths]
    changes = _changes(roots, data_dir.absolute(), stop)
    next(changes, None)  # the watch begins before the first run, so that no change is missed
    yield ingest(roots, data_dir, encoder, prune=prune)
    told, locked = "", False
    for changed in changes:
        if not changed and not locked:
            continue
        try:
            yield ingest(roots, data_dir, encoder, prune=prune)
            told, locked = "", False
        except UserFacingError as error:
            locked = isinstance(error, IndexLocked)
            if str(error) != told:
                yield error
            told = str(error)


def _changes(roots: Sequence[Path], data_dir: Path, stop: Event) -> Iterator[bool]:
    """Yield whether something changed, every TICK milliseconds at least.

    A folder that is deleted or moved takes its watch along, so where another
    one stands in its place, or none, the watch is made anew.
    """
    from watchfiles import Change
    from watchfiles import watch as watch_files

    # A file is watched by its folder: editors put a new file in its place.
    folders = sorted({path.parent if path.is_file() else path for path in roots})
    renewed = False
    while not stop.is_set():
        there = {folder: _identity(folder) for folder in folders}
        batches = watch_files(
            *(folder for folder, identity in there.items() if identity is not None),
            watch_filter=_filter(roots, data_dir),
            debounce=LONGEST_BATCH,
            step=SETTLED,
            stop_event=stop,
            rust_timeout=TICK,
            yield_on_timeout=True,
            raise_interrupt=True,
        )
        try:
            for batch in batches:
                deleted = {Path(name) for change, name in batch if change is Change.deleted}
                if not deleted.isdisjoint(folders) or there != {folder: _identity(folder) for folder in folders}:
                    break
                # Only now: a run of a folder that is not watched yet would miss what becomes of it next.
                yield bool(batch) or renewed
                renewed = False
        except FileNotFoundError:  # gone since its identity was looked at
            stop.wait(TICK / 1000)
        renewed = True


def _identity(folder: Path) -> tuple[int, int] | None:
    """Return what tells a folder from another one at its place; None where there is none."""
    try:
        found = folder.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _filter(roots: Sequence[Path], data_dir: Path) -> Callable[[object, str], bool]:
    """Return what tells whether a changed path can matter: not the index itself, nothing hidden."""

    def matters(_change: object, name: str) -> bool:
        path = Path(name)
        root = next((root for root in roots if path.is_relative_to(root)), None)
        if root is None or path.is_relative_to(data_dir):
            return False
        return not any(part.startswith(".") for part in path.relative_to(root).parts)

    return matters
