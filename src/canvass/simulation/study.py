"""Execution of a study's missing runs in processes; each finished run is one file, so a study can be interrupted.

A worker process reads the corpus once, then executes the runs that it is given.
"""

from __future__ import annotations

import multiprocessing
import os
import platform
import signal
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field, replace
from importlib.metadata import PackageNotFoundError, version
from multiprocessing import connection, parent_process
from pathlib import Path
from typing import TYPE_CHECKING, Any

from canvass import __version__
from canvass.errors import CanvassError, FileError, InputError, OptionError, TrainingError
from canvass.simulation.store import (
    PROVENANCE_FILE,
    SECONDS_FILE,
    STUDY_FILE,
    append,
    read_spec,
    remove_leftovers,
    write_spec,
)
from canvass.types import Target, Utterance

if TYPE_CHECKING:
    from canvass.corpus.labelled import Labelled
    from canvass.corpus.pool import Pool
    from canvass.features.word_features import WordFeatures
    from canvass.models.scorer import Scorer
    from canvass.simulation.spec import RunName, Spec, TargetFacts
    from canvass.simulation.start import Corpus, Opinions, Start

LIBRARIES = ("numpy", "scipy", "scikit-learn", "python-crfsuite", "numba", "pyarrow", "spacy")


@dataclass(frozen=True)
class Reading:
    """How the corpus of a study is read.

    * `names`, `keywords`: what `read_labelled` is called with.
    * `model_columns`: those of another model, which strategies of the study rank by.
    """

    names: tuple[str, ...]
    keywords: dict[str, Any] = field(default_factory=dict)
    model_columns: tuple[str, ...] = ()

    def labelled(self) -> Labelled:
        """Read the corpus, and the account of what its files hold beside it."""
        from canvass.corpus.labelled import read_labelled

        options = self._pool().read_options if self.model_columns else None
        columns = {} if options is None else {"columns": options.columns}
        return read_labelled(self.names, **self.keywords | columns)

    def opinions(self) -> Opinions | None:
        """Read what another model says of each key in columns of the corpus; the first record of a key is taken."""
        from canvass.corpus.normalise import keys

        if not self.model_columns:
            return None
        opinions: dict[str, dict[str, float]] = {}
        for block in self._pool().blocks():
            said = block.batch.drop_columns(["text", "id", "count"])
            said = said.drop_columns([name for name in said.schema.names if name == "intent"])
            for key, values in zip(
                keys(block.batch.column("text")).to_pylist(), said.to_pylist(), strict=True
            ):
                opinions.setdefault(key, values)
        return opinions

    def _pool(self) -> Pool:
        """Open the corpus as a pool with the columns of a model; raises as `Pool.open`."""
        from canvass.corpus.pool import Pool

        shared = {name: self.keywords[name] for name in ("columns", "skip_bad", "format")}
        return Pool.open(self.names, **shared, model_columns=self.model_columns)


@dataclass(frozen=True)
class Result:
    """Outcome of a run: its processor seconds by phase, or, if it failed, an error that names it."""

    name: RunName
    seconds: dict[str, float]
    error: CanvassError | None = None


@dataclass
class Worker:
    """Executes runs of a study, one after the other."""

    folder: Path
    spec: Spec
    corpus: Corpus
    opinions: Opinions | None = None
    scorer: Scorer | None = None
    _words: dict[tuple[str, int], WordFeatures | None] = field(default_factory=dict)

    def _words_of(self, name: RunName, start: Start) -> WordFeatures | None:
        """Learn word features from the texts of a start's pool, once for its runs; None if it teaches too little."""
        from canvass.simulation.start import learn_words

        place = name.target, name.seed
        if place not in self._words:
            self._words = {place: learn_words(start)}  # runs come seed by seed
        return self._words[place]

    def run(self, name: RunName) -> Result:
        """Execute a run and write its file.

        A CanvassError is returned in the result; any other exception is raised as RuntimeError with the run's name.
        """
        from canvass.simulation.noise import Annotator
        from canvass.simulation.record import record
        from canvass.simulation.runs import Run
        from canvass.simulation.simulated_assistant import SimulatedAssistant

        began = time.perf_counter()
        spec, target = self.spec, Target.parse(name.target)
        try:
            start = self.corpus.start(
                target,
                seed=name.seed,
                positives=spec.seed_size,
                negatives=spec.negatives,
                pool_share=spec.pool_share,
            )
            words = self._words_of(name, start) if spec.words != "off" else None
            if name.kind == "ceiling":
                # Everything is annotated, and nothing is left to choose.
                start = replace(start, labelled=(*start.labelled, *start.pool), pool=())
            annotator = Annotator.of(name.seed, spec.noise, self.corpus.rest) if spec.noise else None
            assistant = None
            if spec.assistant_error is not None and name.kind == "strategy":
                knows = annotator or Annotator.of(name.seed, 0.0, self.corpus.rest)
                assistant = SimulatedAssistant(
                    name.seed, spec.assistant_error, spec.assistant_influence, knows, target
                )
            strategy = name.strategy or "random"
            schedule = spec.schedule_of(name.kind)
            run = Run(
                start,
                target,
                strategy,
                schedule,
                name.seed,
                spec.budget_unit,
                annotator,
                words,
                self.opinions,
                self.scorer,
                spec.variety,
                assistant,
                both=spec.words == "both" and name.kind == "strategy",
            )
            stored, seconds = record(run, name, spec)
            stored.save(self.folder)
        except CanvassError as error:
            return Result(name, {}, type(error)(f"the run {name} failed: {error}"))
        except Exception as error:
            raise RuntimeError(f"the run {name} failed") from error
        return Result(name, {**seconds, "wall": time.perf_counter() - began})


def make_worker(folder: Path, spec: Spec, reading: Reading) -> Worker:
    """Read and divide the corpus of a study; raises InputError if its digest is not the one in the specification."""
    from canvass.simulation.start import Corpus, digest_of

    utterances, opinions = reading.labelled().utterances, reading.opinions()
    if digest_of(utterances, opinions) != spec.corpus:
        raise InputError("LABELLED has changed since the study began; give the one it began with")
    return Worker(folder, spec, Corpus.of(utterances, test=spec.test), opinions, scorer_of(spec, utterances))


def scorer_of(spec: Spec, utterances: Sequence[Utterance]) -> Scorer | None:
    """Make the scorer of a study, which may use the labels of the corpus; None without one. Raises as `Scorer.of`."""
    from canvass.models.scorer import Scorer

    return Scorer.of(spec.scorer, utterances, shortlist=spec.shortlist) if spec.scorer else None


_prepared: list[Worker | CanvassError] = []


def prepare(folder: Path, spec: Spec, reading: Reading) -> None:
    """Initialise a worker process: leave interrupts to the parent, end with it, use one thread, read the corpus."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_exit_with_parent, daemon=True).start()
    import pyarrow as pa
    import sklearn.linear_model  # noqa: F401 - loads the libraries whose threads are limited
    from threadpoolctl import threadpool_limits

    pa.set_cpu_count(1)
    threadpool_limits(1)
    try:
        _prepared.append(make_worker(folder, spec, reading))
    except CanvassError as error:
        _prepared.append(error)


def _exit_with_parent() -> None:
    parent: Any = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)


def run(name: RunName) -> Result:
    """Execute a run in an initialised worker process."""
    worker = _prepared[0]
    return worker.run(name) if isinstance(worker, Worker) else Result(name, {}, worker)


def open_folder(folder: Path, spec: Spec, facts: Sequence[TargetFacts]) -> list[RunName]:
    """Begin a study, or resume one; returns the missing runs.

    Raises FileError if the folder cannot be made, or holds anything but a study; OptionError if the study in the folder
    has other options; only targets, strategies and seeds may be added.
    """
    if (folder / STUDY_FILE).exists():
        begun, _ = read_spec(folder)
        if begun.grows_to(spec):
            write_spec(folder, spec, facts)
        elif option := begun.differs_in(spec):
            raise OptionError(
                f"{folder} holds a study that differs in {option}; give the options it was begun with, or another --out"
            )
    else:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            others = [path for path in folder.iterdir() if not path.name.startswith(".")]
        except OSError as error:
            raise FileError(
                f"{folder}: cannot be a folder for a study ({error.strerror or error})"
            ) from error
        if others:
            raise FileError(
                f"{folder} holds no study but {others[0].name}; name a new or an empty folder with --out"
            )
        write_spec(folder, spec, facts)
    remove_leftovers(folder)
    return [name for name in spec.runs() if not (folder / name.file).exists()]


def note_provenance(folder: Path, command: Sequence[str]) -> None:
    """Record the command and the versions that make results, once per call of the command."""
    versions = {"canvass": __version__}
    for library in LIBRARIES:
        try:
            versions[library] = version(library)
        except PackageNotFoundError:
            continue
    record: dict[str, Any] = {
        "command": list(command),
        "versions": versions,
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
    }
    append(folder, PROVENANCE_FILE, record)


def run_study(
    folder: Path,
    spec: Spec,
    reading: Reading,
    names: Sequence[RunName],
    *,
    processes: int,
    after_run: Callable[[Result], None] = lambda _result: None,
) -> None:
    """Execute runs in processes, each of which reads the corpus once; a single process is this one.

    Raises CanvassError if a run fails; the message names the run. Finished runs are kept.
    """
    if not names:
        return
    if processes == 1:
        worker = make_worker(folder, spec, reading)
        for name in names:
            after_run(_record_seconds(folder, worker.run(name)))
        return
    before = set(multiprocessing.active_children())
    context = multiprocessing.get_context("spawn")
    executor = ProcessPoolExecutor(
        min(processes, len(names)), context, initializer=prepare, initargs=(folder, spec, reading)
    )
    try:
        waiting = {executor.submit(run, name): name for name in names}
        while waiting:
            for future in wait(waiting, return_when=FIRST_COMPLETED).done:
                name = waiting.pop(future)
                try:
                    result = future.result()
                except BrokenProcessPool as error:
                    raise TrainingError(
                        f"a process of the study died, while {name} or a run beside it was in progress "
                        "(out of memory?); run the same command again to go on, with fewer --processes if need be"
                    ) from error
                after_run(_record_seconds(folder, result))
    except BaseException:
        executor.shutdown(wait=False, cancel_futures=True)
        for child in set(multiprocessing.active_children()) - before:
            child.terminate()
            child.join()
        remove_leftovers(folder)
        raise
    executor.shutdown()


def _record_seconds(folder: Path, result: Result) -> Result:
    """Append the seconds of a run to `SECONDS_FILE`; raises the error of a failed run."""
    if result.error is not None:
        raise result.error
    append(folder, SECONDS_FILE, {"run": result.name._asdict(), "seconds": result.seconds})
    return result
