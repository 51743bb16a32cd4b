"""Keeps an index up to date while its files change."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from threading import Event

from ingest.encoder import Encoder
from ingest.errors import IndexLocked, UserFacingError
from ingest.pipeline import Prune, Report, ingest

# Milliseconds without a change that end a batch: editors write a copy, rename it and delete the old one.
SETTLED = 400
LONGEST_BATCH = 5_000  # milliseconds
TICK = 500  # milliseconds between looks at `stop`, and until a run that another writer prevented is tried again


def watch(
    paths: Sequence[Path], data_dir: Path, encoder: Encoder, *, stop: Event, prune: Prune = Prune.CAREFUL
) -> Iterator[Report | UserFacingError]:
    """Ingest the paths, and again whenever something below them changed; yield each outcome until `stop` is set.

    A run that fails (a folder that is gone for the moment, another writer) is
    yielded as its error, and the next change starts another one.

    Raises:
        RootInvalid: a path is missing or holds nothing to read at the start.
    """
    roots = [path.absolute() for path in paths]
    changes = _changes(roots, data_dir.absolute(), stop)
    next(changes, None)  # the watch begins before the first run, so that no change is missed
    yield ingest(roots, data_dir, encoder, prune=prune)
    locked = False
    for changed in changes:
        if not changed and not locked:
            continue
        told, locked = locked, False
        try:
            yield ingest(roots, data_dir, encoder, prune=prune)
        except IndexLocked as error:
            locked = True
            if not told:
                yield error
        except UserFacingError as error:
            yield error


def _changes(roots: Sequence[Path], data_dir: Path, stop: Event) -> Iterator[bool]:
    """Yield whether something changed, every TICK milliseconds at least."""
    from watchfiles import watch as watch_files

    # A file is watched by its folder: editors put a new file in its place.
    folders = {path if path.is_dir() else path.parent for path in roots if path.exists()}
    batches = watch_files(
        *sorted(folders),
        watch_filter=_filter(roots, data_dir),
        debounce=LONGEST_BATCH,
        step=SETTLED,
        stop_event=stop,
        rust_timeout=TICK,
        yield_on_timeout=True,
        raise_interrupt=True,
    )
    for batch in batches:
        yield bool(batch)


def _filter(roots: Sequence[Path], data_dir: Path) -> Callable[[object, str], bool]:
    """Return what tells whether a changed path can matter: not the index itself, nothing hidden."""

    def matters(_change: object, name: str) -> bool:
        path = Path(name)
        root = next((root for root in roots if path.is_relative_to(root)), None)
        if root is None or path.is_relative_to(data_dir):
            return False
        return not any(part.startswith(".") for part in path.relative_to(root).parts)

    return matters
