"""A process of a study: reads the corpus once, then plays the runs that it is given."""

from __future__ import annotations

import os
import signal
import threading
import time
from dataclasses import dataclass
from multiprocessing import connection, parent_process
from typing import TYPE_CHECKING, Any

from canvass.errors import CanvassError, InputError

if TYPE_CHECKING:
    from pathlib import Path

    from canvass.corpus.formats.records import Columns
    from canvass.corpus.labelled import Labelled
    from canvass.simulation.spec import RunName, Spec
    from canvass.simulation.start import Corpus
    from canvass.types import Utterance


@dataclass(frozen=True)
class Reading:
    """How a corpus is read: the parameters of `read_labelled`."""

    names: tuple[str, ...]
    columns: Columns
    strict: bool = False
    skip_bad: int = 0
    format: str | None = None
    out_of_scope: tuple[str, ...] = ()

    def labelled(self) -> Labelled:
        """Read the corpus, and what of its files is not in it."""
        from canvass.corpus.labelled import read_labelled

        return read_labelled(
            self.names,
            columns=self.columns,
            strict=self.strict,
            skip_bad=self.skip_bad,
            format=self.format,
            out_of_scope=self.out_of_scope,
        )

    def read(self) -> tuple[Utterance, ...]:
        """Read the corpus."""
        return self.labelled().utterances


@dataclass(frozen=True)
class Result:
    """How a run ended: its processor seconds by phase, or, where it failed, an error that names it."""

    name: RunName
    seconds: dict[str, float]
    error: CanvassError | None = None


class Worker:
    """Plays the runs of a study, one after the other."""

    def __init__(self, folder: Path, spec: Spec, corpus: Corpus) -> None:
        self.folder = folder
        self.spec = spec
        self.corpus = corpus

    def play(self, name: RunName) -> Result:
        """Play a run, and write its file."""
        from canvass.simulation.noise import Annotator
        from canvass.simulation.record import record
        from canvass.simulation.runs import Run
        from canvass.types import Target

        start = time.perf_counter()
        spec, target = self.spec, Target.parse(name.target)
        try:
            beginning = self.corpus.start(
                target,
                seed=name.seed,
                positives=spec.seed_size,
                negatives=spec.negatives,
                pool_share=spec.pool_share,
            )
            if name.kind == "ceiling":
                # Everything is annotated, and nothing left to choose.
                everything = (*beginning.labelled, *beginning.pool)
                beginning = type(beginning)(everything, (), beginning.test)
            annotator = Annotator.of(name.seed, spec.noise, self.corpus.rest) if spec.noise else None
            strategy = name.strategy or "random"
            schedule = spec.schedule_of(name.kind)
            run = Run(beginning, target, strategy, schedule, name.seed, spec.budget_unit, annotator)
            transfer = "no" if name.kind == "prolonged" else spec.transfer
            stored, seconds = record(run, name, transfer=transfer, pictures=name.kind == "strategy")
            stored.save(self.folder)
        except CanvassError as error:
            return Result(name, {}, type(error)(f"the run {name} failed: {error}"))
        except Exception as error:
            raise RuntimeError(f"the run {name} failed") from error
        return Result(name, {**seconds, "wall": time.perf_counter() - start})


def make_worker(folder: Path, spec: Spec, reading: Reading) -> Worker:
    """Read and cut the corpus of a study; raises InputError if it is not the one that the study began with."""
    from canvass.simulation.facts import digest_of
    from canvass.simulation.start import Corpus

    utterances = reading.read()
    if digest_of(utterances) != spec.corpus:
        raise InputError("LABELLED has changed since the study began; give the one it began with")
    return Worker(folder, spec, Corpus.of(utterances, test=spec.test))


_prepared: list[Worker | CanvassError] = []


def prepare(folder: Path, spec: Spec, reading: Reading) -> None:
    """Begin a process: leave interrupts to the parent, end when it ends, use one thread, read the corpus."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_end_with_the_parent, daemon=True).start()
    import pyarrow as pa
    import sklearn.linear_model  # noqa: F401 - brings the libraries whose threads are limited
    from threadpoolctl import threadpool_limits

    pa.set_cpu_count(1)
    threadpool_limits(1)
    try:
        _prepared.append(make_worker(folder, spec, reading))
    except CanvassError as error:
        _prepared.append(error)


def _end_with_the_parent() -> None:
    parent: Any = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)


def play(name: RunName) -> Result:
    """Play a run in a prepared process."""
    worker = _prepared[0]
    return worker.play(name) if isinstance(worker, Worker) else Result(name, {}, worker)
