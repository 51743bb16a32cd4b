"""Hands out the work of a run to the processes of a Ray cluster; only this process writes the index.

Ray Data is not used: it does not run through `ray://` (ray-project/ray issue 42739), and what is to be encoded is
known only once this process has compared the passages with the index.
"""

import logging
import pickle
import re
import shutil
import signal
import tempfile
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from itertools import chain, count, islice
from pathlib import Path, PurePath
from threading import Event
from typing import TYPE_CHECKING, Any

import numpy as np

from ingest.errors import ClusterInvalid, SourceUnreadable, installing
from ingest.models.encoder import Encoder, Vectors32
from ingest.readers import isolated
from ingest.readers.registry import read_bytes
from ingest.runs.work import Cut, Encoded, Task, cut
from ingest.schema import READERS, Document
from ingest.settings import ReadLimits, isolate_ray
from ingest.text.chunk import VERSION

if TYPE_CHECKING:
    from ray import ObjectRef
    from ray.actor import ActorHandle

TRIES = 2  # after the first, of a task whose worker was killed; a file that kills its workers fails by itself
AHEAD = 4  # files that may be read or wait to be stored, for each worker
BYTES_AHEAD = 64_000_000  # of these files; a larger one is read with none ahead
AT_ONCE = 32  # passages encoded in one task: about a second, so that a killed worker loses little
ENCODED_AHEAD = 2  # such tasks, for each worker, before no more passages are taken in
OBJECT_STORE = 500_000_000  # bytes, of a cluster of this process: files, documents and vectors on their way
LONGEST_START = 900.0  # seconds until the first worker answers; on a machine with twenty times too much to do, 180
CONNECTIONS = 3  # tries
LONGEST_END = 2.0  # seconds for the workers to stop what they do
TICK = 0.1  # seconds between looks at `stop`

logger = logging.getLogger(__name__)

_PREPARE = "version"
_WORKERS = re.compile(r"[1-9][0-9]{0,3}|ray://\S+:[0-9]{1,5}")
Version = tuple[str, int, int]


def check(workers: str) -> None:
    """Check that `workers` names some, and that Ray is installed.

    Raises:
        ClusterInvalid: it does not, or Ray is not.
    """
    if not _WORKERS.fullmatch(workers):
        raise ClusterInvalid(
            "not a number of workers or a cluster", workers, "use a number such as 4, or ray://HOST:PORT"
        )
    if find_spec("ray") is None:
        what = "more than one worker needs Ray, which is not installed"
        raise ClusterInvalid(what, remedy=installing("cluster"))


class Worker:
    """What a process of the cluster does; `stop` is called while another method runs.

    It gets its pickled encoder with each call, in a list, and keeps it: Ray
    would give a worker that it starts again what its constructor got only with
    a warning.
    """

    def __init__(self, limits: ReadLimits) -> None:
        self._encoder: Encoder | None = None
        self._limits = limits
        self._stop = Event()

    def version(self, encoder: "list[ObjectRef]") -> Version:
        """Return what must be the same in all processes: the versions of the program, its readers and its splitting."""
        self._loaded(encoder)
        return own_version()

    def _loaded(self, encoder: "list[ObjectRef]") -> Encoder:
        if self._encoder is None:
            import ray

            self._encoder = pickle.loads(ray.get(encoder[0]))
        return self._encoder

    def cut(
        self, encoder: "list[ObjectRef]", root: str, source: str, content: bytes | Document
    ) -> Cut | SourceUnreadable:
        """Return the document and passages of a file's bytes or of a stored document, or why it has none."""
        try:
            if isinstance(content, Document):
                reading = isolated.cut(content, self._limits, self._stop)
            else:
                with tempfile.TemporaryDirectory() as folder:
                    path = Path(folder) / PurePath(source).name
                    path.write_bytes(content)
                    reading = isolated.read(path, source, self._limits, self._stop)
            return cut(reading, root, self._loaded(encoder))
        except SourceUnreadable as error:
            return error

    def encode(self, encoder: "list[ObjectRef]", texts: Sequence[str]) -> Vectors32:
        """Return the vectors of the texts, shape (len(texts), dimension)."""
        return self._loaded(encoder).encode(texts)

    def stop(self) -> None:
        """End the reading of a file."""
        self._stop.set()


@dataclass(frozen=True, slots=True)
class _Job:
    """A call of a worker's method; `key` is the number of the file or the ids of the texts.

    `suspect` is a job that ended its worker, which is then asked whether it answers again.
    """

    method: str
    arguments: tuple[Any, ...] = ()
    key: Any = None
    size: int = 0
    suspect: "_Job | None" = None


class Cluster:
    """The workers of a run, started by the first task: `workers` processes here, or those of ray://HOST:PORT."""

    def __init__(self, workers: str, encoder: Encoder, limits: ReadLimits, stop: Event) -> None:
        check(workers)
        self._address = workers
        self._encoder = encoder
        self._limits = limits
        self._stop = stop
        self._ray: Any = None
        self._sent: list[ObjectRef] = []  # the encoder
        self._folder: str | None = None  # of Ray's logs and sockets
        self._all: list[ActorHandle] = []
        self._idle: list[ActorHandle] = []
        self._running: dict[ObjectRef, tuple[ActorHandle, _Job]] = {}
        self._waiting: deque[_Job] = deque()  # to encode, or to do again
        self._tasks: Iterator[tuple[int, Task]] = iter(())
        self._exhausted = True  # whether all tasks are handed out
        self._sizes: dict[int, int] = {}  # the bytes of each file that is handed out and not taken yet
        self._cuts: dict[int, Cut | SourceUnreadable] = {}
        self._vectors: deque[Encoded] = deque()

    def cut(self, tasks: Iterable[Task]) -> Iterator[Cut | SourceUnreadable]:
        """Yield the document and passages of each task, in order; see `Workers`."""
        upcoming = iter(tasks)
        first = list(islice(upcoming, 1))
        self._tasks, self._exhausted = enumerate(chain(first, upcoming)), not first
        if first:
            self._start()
        for number in count():
            self._turn(wait=False)
            while number not in self._cuts:
                if self._exhausted and number not in self._sizes:
                    return
                self._turn(wait=True)
            del self._sizes[number]
            yield self._cuts.pop(number)

    def encode(self, texts: Mapping[str, str], *, finish: bool) -> Iterator[Encoded]:
        """Take in texts, and yield the vectors that are ready; see `Workers`."""
        ids = list(texts)
        for start in range(0, len(ids), AT_ONCE):
            self._start()
            part = ids[start : start + AT_ONCE]
            self._waiting.append(_Job("encode", ([texts[each] for each in part],), part))
        while True:
            while self._vectors:
                yield self._vectors.popleft()
            jobs = chain(self._waiting, (job for _, job in self._running.values()))
            left = sum((job.suspect or job).method == "encode" for job in jobs)
            if self._stop.is_set() or left <= (0 if finish else ENCODED_AHEAD * len(self._all)):
                return
            self._turn(wait=True)

    def close(self) -> None:
        """End the work, and the cluster if it is of this process."""
        if self._ray is None:
            return
        ray, self._ray = self._ray, None
        workers, self._all = self._all, []
        try:
            if workers:
                ray.wait([each.stop.remote() for each in workers], num_returns=len(workers), timeout=LONGEST_END)
        except (ConnectionError, ray.exceptions.RayError):
            logger.warning("%s: the cluster is gone", self._address)
        ray.shutdown()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _start(self) -> None:
        """Start the workers, once; the first task is handed out when one of them answers."""
        if self._ray is not None:
            return
        isolate_ray(own=self._address.isdecimal())
        make_record = logging.getLogRecordFactory()
        import ray

        self._ray = ray
        wanted = self._connect()
        logging.setLogRecordFactory(make_record)  # Ray's adds its own fields to every line of the log
        self._sent = [ray.put(pickle.dumps(self._encoder))]
        options = {"num_cpus": 1, "max_concurrency": 2, "max_restarts": -1, "max_task_retries": TRIES}
        self._all = [ray.remote(**options)(Worker).remote(self._limits) for _ in range(wanted)]
        for worker in self._all:
            self._hand_out(worker, _Job(_PREPARE))
        end = time.monotonic() + LONGEST_START
        while not self._idle:
            self._check_stop()
            if time.monotonic() > end:
                what = f"no worker of the cluster has answered for {LONGEST_START:g} seconds"
                raise ClusterInvalid(what, self._address, "check that the cluster has free processors")
            self._take(TICK)

    def _connect(self) -> int:
        """Start or reach the cluster; return how many workers to use."""
        ray, address = self._ray, self._address
        handler = signal.getsignal(signal.SIGTERM)
        try:
            if not address.isdecimal():
                self._reach()
                return max(1, int(ray.available_resources().get("CPU", 1)))
            # Not in TMPDIR: the path of a socket is at most 104 characters on some systems.
            self._folder = tempfile.mkdtemp(prefix="ray-", dir="/tmp" if Path("/tmp").is_dir() else None)
            ray.init(
                "local",
                num_cpus=int(address),
                include_dashboard=False,
                log_to_driver=False,
                logging_level="ERROR",
                object_store_memory=OBJECT_STORE,
                _temp_dir=self._folder,
            )
            return int(address)
        except (ConnectionError, RuntimeError, ValueError, TimeoutError) as error:
            last = (str(error).strip().splitlines() or [type(error).__name__])[-1]
            remedy = "check that it runs, with the same versions of Python, Ray and this program"
            raise ClusterInvalid(f"the cluster cannot be started or reached ({last})", address, remedy) from error
        finally:
            signal.signal(signal.SIGTERM, handler)  # Ray takes it, and then leaves without an orderly end

    def _reach(self) -> None:
        """Reach the cluster; where it is busy, it may need more than one try to start a process for this one."""
        for left in reversed(range(CONNECTIONS)):
            try:
                self._ray.init(self._address, log_to_driver=False, logging_level="ERROR")
                return
            except ConnectionAbortedError:
                if not left:
                    raise

    def _turn(self, *, wait: bool) -> None:
        """Take in what is done, and give the idle workers something to do."""
        self._check_stop()
        while self._running and self._take(TICK if wait else 0.0) and not wait:
            pass
        while self._idle and (job := self._next()) is not None:
            self._hand_out(self._idle.pop(), job)

    def _check_stop(self) -> None:
        if self._stop.is_set():
            raise isolated.stopped()

    def _next(self) -> _Job | None:
        """Return what to do next: to encode comes first, because it makes room."""
        if self._waiting:
            return self._waiting.popleft()
        while len(self._sizes) < AHEAD * len(self._all) and sum(self._sizes.values()) < BYTES_AHEAD:
            number, task = next(self._tasks, (-1, None))
            if task is None:
                self._exhausted = True
                return None
            try:
                content = self._content(task)
            except SourceUnreadable as error:
                self._sizes[number], self._cuts[number] = 0, error
                continue
            self._sizes[number] = len(content.text if isinstance(content, Document) else content)
            return _Job("cut", (task.root, task.source, content), number)
        return None

    def _content(self, task: Task) -> bytes | Document:
        """Return what a worker needs: the bytes of a file, because it may not see this machine's folders."""
        if isinstance(task.content, Document):
            return task.content
        try:
            large = task.content.stat().st_size > self._limits.megabytes * 1_000_000
        except OSError:
            large = False  # reading it says why
        if large:
            raise isolated.too_large(task.source, self._limits)
        return read_bytes(task.content, task.source)

    def _hand_out(self, worker: "ActorHandle", job: _Job) -> None:
        self._running[getattr(worker, job.method).remote(self._sent, *job.arguments)] = worker, job

    def _take(self, seconds: float) -> bool:
        """Wait for a worker at most so long, and take in what it has done; return whether one was ready."""
        ray = self._ray
        ready, _ = ray.wait(list(self._running), num_returns=1, timeout=seconds)
        for each in ready:
            worker, job = self._running.pop(each)
            try:
                found = ray.get(each)
            except (ray.exceptions.RayActorError, ray.exceptions.OutOfMemoryError) as error:
                self._failed(worker, job, error)
                continue
            except ray.exceptions.RayTaskError as error:
                if job.method != _PREPARE:
                    raise
                self._failed(worker, job, error)
                continue
            if job.method == _PREPARE:
                self._prepared(worker, job, found)
            else:
                self._idle.append(worker)
                self._done(job, found)
        return bool(ready)

    def _done(self, job: _Job, found: Cut | SourceUnreadable | Vectors32) -> None:
        if isinstance(found, np.ndarray):
            self._vectors.append((job.key, found))
        else:
            self._cuts[job.key] = found

    def _failed(self, worker: "ActorHandle", job: _Job, error: Exception) -> None:
        """Ask a worker that ended at a task whether it answers again; without an answer, others get the task."""
        if job.method != _PREPARE:
            self._hand_out(worker, _Job(_PREPARE, suspect=job))
            return
        self._all.remove(worker)
        if job.suspect is not None:
            self._waiting.append(job.suspect)
        if not self._all:
            lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
            remedy = "install the same version of cited-assistant[cluster] on every machine of the cluster"
            raise ClusterInvalid(f"no worker of the cluster can work ({lines[-1]})", self._address, remedy) from error

    def _prepared(self, worker: "ActorHandle", job: _Job, found: Version) -> None:
        """Count on a worker that answers; what it ended at before fails, since it has been tried often enough."""
        if found != own_version():
            what = f"the cluster has version {found} of this program, not {own_version()}"
            raise ClusterInvalid(what, self._address, "install the same version on every machine of the cluster")
        self._idle.append(worker)
        if job.suspect is not None and job.suspect.method == "cut":
            source = job.suspect.arguments[1]
            what = f"cannot be read (it ended the process that read it {TRIES + 1} times)"
            self._cuts[job.suspect.key] = SourceUnreadable(what, source, isolated.REPORT_IT)
        elif job.suspect is not None:
            what = f"the encoder ended its process {TRIES + 1} times"
            raise ClusterInvalid(what, self._address, "free some memory, or use fewer workers")


def own_version() -> Version:
    """Return the versions of the program, its readers and its splitting in this process."""
    return version("cited-assistant"), READERS, VERSION
