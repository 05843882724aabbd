"""Execution of a study's missing runs in processes; each finished run is one file, so a study can be interrupted."""

from __future__ import annotations

import multiprocessing
import platform
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from canvass import __version__
from canvass.errors import FileError, OptionError, TrainingError
from canvass.simulation.store import (
    PROVENANCE_FILE,
    SECONDS_FILE,
    STUDY_FILE,
    append,
    read_spec,
    remove_leftovers,
    write_spec,
)
from canvass.simulation.worker import make_worker, prepare, run

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from canvass.simulation.spec import RunName, Spec, TargetFacts
    from canvass.simulation.worker import Reading, Result

LIBRARIES = ("numpy", "scipy", "scikit-learn", "python-crfsuite", "numba", "pyarrow", "spacy")


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
