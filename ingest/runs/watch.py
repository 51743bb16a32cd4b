"""Watches folders and files, and ingests their changes."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from threading import Event

from ingest.errors import IndexLocked, RunStopped, UserFacingError
from ingest.models.encoder import Encoder
from ingest.runs.pipeline import Prune, RunReport, ingest
from ingest.settings import DEFAULT_LIMITS, ReadLimits

# Milliseconds without a change that end a batch: editors save by writing, renaming and deleting files.
SETTLED = 400
LONGEST_BATCH = 5_000  # milliseconds
TICK = 500  # milliseconds between checks of `stop`, and before retrying a run while the index is locked


def watch(
    paths: Sequence[Path],
    data_dir: Path,
    encoder: Encoder,
    *,
    stop: Event,
    prune: Prune = Prune.CAREFUL,
    limits: ReadLimits = DEFAULT_LIMITS,
    turn: AbstractContextManager[object] | None = None,
    abort: Event | None = None,
) -> Iterator[RunReport | UserFacingError]:
    """Ingest the paths, then again after each change below them; yield each outcome until `stop` is set.

    Each run is made inside `turn`, such as a lock. Setting `abort` ends a run
    that is being made, and the watch with it.

    If a run fails (a folder is temporarily missing, another process is
    writing), its error is yielded once; the next change starts another run.

    Raises:
        RootInvalid: a path is missing or contains nothing to read at the start.
    """
    roots = [path.absolute() for path in paths]

    def run() -> RunReport:
        with turn or nullcontext():
            return ingest(roots, data_dir, encoder, prune=prune, limits=limits, stop=abort)

    changes = _changes(roots, data_dir.absolute(), stop)
    next(changes, None)  # start watching before the first run, so that no change is missed
    yield run()
    last_error, locked = "", False
    for changed in changes:
        if not changed and not locked:
            continue
        try:
            yield run()
            last_error, locked = "", False
        except RunStopped:
            return
        except UserFacingError as error:
            locked = isinstance(error, IndexLocked)
            if str(error) != last_error:
                yield error
            last_error = str(error)


def _changes(roots: Sequence[Path], data_dir: Path, stop: Event) -> Iterator[bool]:
    """Yield at least every TICK milliseconds whether something changed.

    A deleted or moved folder takes its watch with it, so the watch is restarted
    when a folder disappears or is replaced.
    """
    from watchfiles import Change
    from watchfiles import watch as watch_files

    # A file is watched through its folder, because editors replace the file.
    folders = sorted({path.parent if path.is_file() else path for path in roots})
    restarted = False
    while not stop.is_set():
        identities = {folder: _identity(folder) for folder in folders}
        batches = watch_files(
            *(folder for folder, identity in identities.items() if identity is not None),
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
                if not deleted.isdisjoint(folders) or identities != {folder: _identity(folder) for folder in folders}:
                    break
                # Only once the folder is watched again: an earlier run would miss the changes in between.
                yield bool(batch) or restarted
                restarted = False
        except FileNotFoundError:  # deleted after its identity was read
            stop.wait(TICK / 1000)
        restarted = True


def _identity(folder: Path) -> tuple[int, int] | None:
    """Return the device and inode of a folder, or None if it is missing."""
    try:
        found = folder.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _filter(roots: Sequence[Path], data_dir: Path) -> Callable[[object, str], bool]:
    """Return a filter for changed paths that ignores the index itself and hidden files."""

    def matters(_change: object, name: str) -> bool:
        path = Path(name)
        root = next((root for root in roots if path.is_relative_to(root)), None)
        if root is None or path.is_relative_to(data_dir):
            return False
        return not any(part.startswith(".") for part in path.relative_to(root).parts)

    return matters
