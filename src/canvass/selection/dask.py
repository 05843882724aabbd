"""Run a job on a Dask cluster: a task for each piece, a tree of merges; the plan is a task's result that workers share.

What travels are bytes and plain types; nothing that a worker sends is unpickled into objects of canvass.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
import uuid
from dataclasses import dataclass
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any

from canvass import __version__
from canvass.corpus.pieces import Piece, Reading
from canvass.errors import CanvassError, EngineError, ExtraMissingError
from canvass.processors import processors
from canvass.selection.jobs import join_all, merge_all, score
from canvass.selection.parts import Part
from canvass.selection.shipping import Shipped, version_sentence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from canvass.selection.jobs import Job

FAN_IN = 16  # parts that one task merges
WAIT = 60  # seconds for the first worker
POLL = 0.1  # seconds


@dataclass(frozen=True)
class Dask:
    """A cluster by the address of its scheduler, or a client of it; without either, one in this process is started.

    `threads` is how many work on a cluster of this process, all processors by default; `timeout` the seconds to wait
    for a scheduler.
    """

    scheduler: str | None = None
    client: Any = None
    threads: int | None = None
    timeout: float = 20

    def run(self, job: Job, progress: Callable[[int, int], None] | None = None) -> Part:
        """Score all pieces on the cluster.

        Raises
        ------
        EngineError
            If the cluster cannot be reached, gives up, or runs another canvass.
        InputError, FileError
            If a file cannot be read.

        """
        with self._connected() as client, sentences(self.scheduler or "the scheduler"):
            check_versions(client)
            return _run(client, job, progress)

    @contextlib.contextmanager
    def _connected(self) -> Iterator[Any]:
        try:
            import distributed
        except ImportError:
            raise ExtraMissingError("the Dask engine needs Dask's distributed scheduler", "dask") from None
        library: Any = distributed  # not all of it has types
        if self.client is not None:
            yield self.client
            return
        if self.scheduler is None:
            # In this process: kernels do not hold the interpreter's lock, so that more processes would gain nothing.
            with (
                library.LocalCluster(
                    n_workers=1,
                    threads_per_worker=self.threads or processors(),
                    processes=False,
                    dashboard_address="127.0.0.1:0",
                    silence_logs=logging.CRITICAL,
                ) as cluster,
                library.Client(cluster, set_as_default=False) as client,
            ):
                yield client
            return
        try:
            client = library.Client(self.scheduler, timeout=self.timeout, set_as_default=False)
        except (OSError, ValueError) as error:
            raise EngineError(
                f"--scheduler {self.scheduler}: no Dask scheduler answers there ({_first_line(error)}); check the "
                "address, and that it runs"
            ) from error
        with client:
            yield client


def check_versions(client: Any) -> None:
    """Refuse workers with another canvass, before anything is sent that they could misread."""
    try:
        client.wait_for_workers(1, timeout=WAIT)
    except TimeoutError as error:
        raise EngineError(
            f"the scheduler answers, but no worker came within {WAIT} seconds; start some, or look at their logs"
        ) from error
    # A function of the standard library, which is there whatever a worker lacks.
    found = client.run(resolve_name, "canvass:__version__", on_error="return")
    have = {f"has {one}" if isinstance(one, str) else "has none" for one in found.values()}
    if have != {f"has {__version__}"}:
        raise EngineError(version_sentence(__version__, have - {f"has {__version__}"}))


def _run(client: Any, job: Job, progress: Callable[[int, int], None] | None) -> Part:
    name = f"canvass-{uuid.uuid4().hex}"
    plan = client.submit(_plan, job.plans.data, key=f"{name}-plan")
    leaves = client.map(
        _score,
        [piece.to_record() for piece in job.pieces],
        range(len(job.pieces)),
        # A group to Dask, which hands its tasks out one by one to whoever is free; single ones would all be sent to the
        # worker that has the plan.
        key=[(f"{name}-score", number) for number in range(len(job.pieces))],
        data=plan,
        digest=job.plans.digest,
        reading=job.reading.to_record(),
        topic=name,
    )
    futures = [plan, *leaves]

    def combine(function: Any, some: Sequence[Any], *words: Any) -> Any:
        """Build a tree of merges over futures."""
        while len(some) > 1:
            some = [
                client.submit(
                    function, *words, list(some[start : start + FAN_IN]), key=f"{name}-{uuid.uuid4().hex}"
                )
                for start in range(0, len(some), FAN_IN)
            ]
            futures.extend(some)
        return some[0]

    files: dict[int, list[Any]] = {}
    whole = []
    for piece, leaf in zip(job.pieces, leaves, strict=True):
        if piece.split_file is None:
            whole.append(leaf)
        else:
            files.setdefault(piece.split_file, []).append(leaf)
    whole += [combine(_join, some, job.reading.to_record()) for some in files.values()]
    root = combine(merge_all, whole)
    try:
        with _reported(client, name, job.pieces, progress) as tell_rest:
            wait_for(root)
            part = Part.of_bytes(root.result())
            tell_rest(part.partials[0].counters.rows)
            return part
    except BaseException:
        # Also of Ctrl-C: what has not begun is not begun, and what runs is forgotten.
        with contextlib.suppress(Exception):
            client.cancel(futures, force=True)
        raise


def wait_for(future: Any) -> None:
    """Wait in short naps: Ctrl-C may go to another thread, and then is heard by this one when it wakes."""
    while not future.done():
        time.sleep(POLL)


def _plan(data: bytes) -> bytes:
    """Hold the plan in the cluster; a task, so that it is made again where the worker that held it dies."""
    return data


def _score(
    record: list[Any], number: int, *, data: bytes, digest: str, reading: dict[str, Any], topic: str
) -> bytes:
    from distributed import get_worker

    part = score(Shipped(data, digest), Reading.of_record(reading), Piece.of_record(record))
    get_worker().log_event(topic, {"piece": number, "rows": part.partials[0].counters.rows})
    return part.to_bytes()


def _join(reading: dict[str, Any], parts: Sequence[bytes]) -> bytes:
    return join_all(Reading.of_record(reading), parts)


@contextlib.contextmanager
def _reported(
    client: Any, topic: str, pieces: Sequence[Piece], progress: Callable[[int, int], None] | None
) -> Iterator[Callable[[int], None]]:
    """Tell of each piece once, though it may be scored again after its worker has died.

    Events may come after the result: whoever has that calls what is yielded with the rows of all pieces.
    """
    if progress is None:
        yield lambda _rows: None
        return
    seen: dict[int, int] = {}
    lock = threading.Lock()
    done = False

    def tell(event: tuple[float, dict[str, int]]) -> None:
        piece, rows = event[1]["piece"], event[1]["rows"]
        with lock:
            if piece not in seen and not done:
                seen[piece] = rows
                progress(rows, pieces[piece].size)

    def tell_rest(rows: int) -> None:
        nonlocal done
        with lock:
            done = True
            rest = [piece for number, piece in enumerate(pieces) if number not in seen]
            if rest:
                progress(max(rows - sum(seen.values()), 0), sum(piece.size for piece in rest))

    client.subscribe_topic(topic, tell)
    try:
        yield tell_rest
    finally:
        with contextlib.suppress(Exception):
            client.unsubscribe_topic(topic)


@contextlib.contextmanager
def sentences(address: str) -> Iterator[None]:
    """Put what goes wrong in a cluster into a sentence."""
    from distributed import CancelledError, KilledWorker
    from distributed.comm.core import CommClosedError

    try:
        yield
    except CanvassError:
        raise
    except KilledWorker as error:
        raise EngineError(
            f"a worker died again and again while it scored the same piece (the last was {error.last_worker.address}); "
            "look at its log, give workers more memory, or fewer threads"
        ) from error
    except (CancelledError, CommClosedError, TimeoutError, OSError) as error:
        raise EngineError(
            f"{address} went away before the job was done ({_first_line(error)}); nothing was written, run it again "
            "when it is back"
        ) from error
    except ImportError as error:
        raise EngineError(
            f"a worker cannot load canvass ({_first_line(error)}); install canvass {__version__} on every worker"
        ) from error


def _first_line(error: BaseException) -> str:
    return str(error).split("\n", maxsplit=1)[0] or type(error).__name__
