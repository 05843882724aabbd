"""The folder of a study, written and read; docs/studies.md describes the files.

Reading needs no model and trains nothing. The results hold no clock, host or path: two studies of one corpus with the
same options are equal byte for byte.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from canvass.archive import load as load_archive
from canvass.archive import save as save_archive
from canvass.errors import FileError, InputError, ModelFileError
from canvass.files import write_whole
from canvass.simulation.spec import RunName, Spec, TargetFacts, without_words

STUDY_FILE = "study.json"
SECONDS_FILE = "seconds.jsonl"
PROVENANCE_FILE = "provenance.jsonl"
KIND = "run"
VERSION = 1


class Chosen(NamedTuple):
    """The C choices of a run, in the order in which they were made.

    * `round`: int32 (C,): the round, from 1.
    * `on_target`: bool (C,): whether the utterance is of the target, by its gold annotation.
    * `tokens`, `slots`: int32 (C,): lengths of the gold annotation.
    * `filled`: bool (C,): whether the choice did not pass the filter and fills the batch up.
    * `score`: float64 (C,): the score of the strategy.
    """

    round: NDArray[np.int32]
    on_target: NDArray[np.bool_]
    tokens: NDArray[np.int32]
    slots: NDArray[np.int32]
    filled: NDArray[np.bool_]
    score: NDArray[np.float64]


class Projection(NamedTuple):
    """P pool utterances projected to the plane of `simulation.record.plane` before a round, and the lines of M members.

    * `points`: float32 (P, 2): y_lg and the coordinate v along the second axis.
    * `scores`: float32 (P, M): scores of the members.
    * `state`: int8 (P,): 0 in the pool, 1 chosen in the round, 2 chosen earlier.
    * `is_target`: bool (P,): whether the utterance is of the target, by its gold annotation.
    * `sampled`: bool (P,): whether the utterance is of the sample; the others are choices of the round.
    * `lines`: float64 (M, 3): a, c, k of the line a y_lg + c v + k = 0.
    """

    points: NDArray[np.float32]
    scores: NDArray[np.float32]
    state: NDArray[np.int8]
    is_target: NDArray[np.bool_]
    sampled: NDArray[np.bool_]
    lines: NDArray[np.float64]


@dataclass(frozen=True)
class StoredRun:
    """The results of a run with S states: before the first round, and after each round; the ceiling has one state.

    * `name`: the name of the run.
    * `errors`: uint16 (S, N, 5), columns `measures.ERROR_COLUMNS`: errors on the target's N test utterances, in the
      same order in all runs of a target.
    * `routing`: int64 (S, 4), the counts of `metrics.Routing`: on the whole test set; (0, 4) without a committee.
    * `sizes`: int64 (S, 7): labelled utterances, positives, weights of the committee, intents, their weights, tags,
      and weights of the tagger.
    * `keys`, `ids`, `chosen`: keys, ids and figures of the choices.
    * `examples`: example choices of each round, for the report.
    * `projections`: projections, by the round whose choices they show.
    * `transfer`, `transfer_rounds`, `families`: uint16 (S', G, N, 5), as `errors`: errors of each of the G families of
      models `families` (`Spec.transfer`), trained after each of the S' rounds `transfer_rounds`.
    * `checks`: float64 (C, 4), as `Check`: keys, wrong, both without the assistant; (0, 4) where there is none.
    * `errors_without_words`: as `errors`, of models without word features; None where they were not counted. All else
      is of those with them.
    """

    name: RunName
    errors: NDArray[np.uint16]
    routing: NDArray[np.int64]
    sizes: NDArray[np.int64]
    keys: tuple[str, ...]
    ids: tuple[str, ...]
    chosen: Chosen
    examples: tuple[tuple[dict[str, Any], ...], ...]
    projections: dict[int, Projection]
    transfer: NDArray[np.uint16]
    transfer_rounds: tuple[int, ...]
    families: tuple[str, ...]
    checks: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 4)))
    errors_without_words: NDArray[np.uint16] | None = None

    @property
    def methods(self) -> tuple[Self, ...]:
        """The run and, if errors without word features were counted, the same choices with these errors."""
        if self.errors_without_words is None:
            return (self,)
        plain = replace(
            self,
            name=self.name._replace(strategy=without_words(self.name.strategy)),
            errors=self.errors_without_words,
            errors_without_words=None,
            # What would only be told twice, or is of the models with word features.
            routing=self.routing[:0],
            sizes=self.sizes[:0],
            examples=(),
            projections={},
            transfer=self.transfer[:0],
            transfer_rounds=(),
            families=(),
            checks=self.checks[:0],
        )
        return self, plain

    def counts_after(self, what: str) -> NDArray[np.int64]:
        """Count "utterances", "tokens", "slots" or "on_target" of the choices up to each state: int64 (S,)."""
        amounts = np.ones(len(self.chosen.round)) if what == "utterances" else getattr(self.chosen, what)
        sums = np.bincount(self.chosen.round, weights=amounts, minlength=len(self.errors))
        return np.asarray(np.cumsum(sums), dtype=np.int64)

    def save(self, folder: Path) -> None:
        """Write the file of the run atomically."""
        arrays: dict[str, NDArray[Any]] = {
            "errors": self.errors,
            "routing": self.routing,
            "sizes": self.sizes,
        }
        arrays |= {f"chosen_{name}": array for name, array in self.chosen._asdict().items()}
        for number, projection in self.projections.items():
            arrays |= {f"picture_{number}_{name}": array for name, array in projection._asdict().items()}
        if len(self.transfer_rounds):
            arrays["transfer"] = self.transfer
        if len(self.checks):
            arrays["checks"] = self.checks
        if self.errors_without_words is not None:
            arrays["errors_without_words"] = self.errors_without_words
        header = {
            "run": self.name._asdict(),
            "keys": list(self.keys),
            "ids": list(self.ids),
            "examples": [list(examples) for examples in self.examples],
            "pictures": sorted(self.projections),
            "transfer_rounds": list(self.transfer_rounds),
            "families": list(self.families),
        }
        path = folder / self.name.file
        path.parent.mkdir(exist_ok=True)
        save_archive(path, KIND, VERSION, header, arrays)

    @classmethod
    def load(cls, folder: Path, name: RunName) -> Self:
        """Read the file of a run; raises FileError or ModelFileError if it is missing or damaged."""
        path = folder / name.file
        header, arrays = load_archive(path, KIND, VERSION)
        if header.get("run") != name._asdict():
            raise ModelFileError(f"{path} is of another run; put the file back where it was")
        try:
            shape = arrays["errors"].shape[1:]
            rounds = tuple(header["transfer_rounds"])
            # The files of before there were several families have one, and no names.
            families = tuple(header.get("families", ["svm"] if rounds else []))
            nothing = np.zeros((0, len(families), *shape), dtype=np.uint16)
            return cls(
                name,
                arrays["errors"],
                arrays["routing"],
                arrays["sizes"],
                tuple(header["keys"]),
                tuple(header["ids"]),
                Chosen(**{part: arrays[f"chosen_{part}"] for part in Chosen._fields}),
                tuple(tuple(examples) for examples in header["examples"]),
                {
                    number: Projection(
                        **{part: arrays[f"picture_{number}_{part}"] for part in Projection._fields}
                    )
                    for number in header["pictures"]
                },
                arrays.get("transfer", nothing).reshape(len(rounds), len(families), *shape),
                rounds,
                families,
                arrays.get("checks", np.zeros((0, 4))),
                arrays.get("errors_without_words"),
            )
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise ModelFileError(
                f"{path} is damaged ({error}); delete it, and run the command of the study again"
            ) from error


@dataclass(frozen=True)
class Study:
    """A study as read from its folder: the finished runs, and the names of the missing ones.

    `facts` are those of each target; `provenance` and `seconds` are the records of the files that are no results.
    """

    folder: Path
    spec: Spec
    facts: dict[str, TargetFacts]
    runs: tuple[StoredRun, ...]
    missing: tuple[RunName, ...]
    provenance: tuple[dict[str, Any], ...] = field(default=(), repr=False)
    seconds: tuple[dict[str, Any], ...] = field(default=(), repr=False)

    def runs_of(self, target: str, kind: str, strategy: str = "") -> tuple[StoredRun, ...]:
        """Return the runs of a target and kind, and, unless it is empty, of a strategy, ordered by seed.

        Those of a study with `--words both` are there twice, the second time as `StoredRun.methods` has them.
        """
        runs = [run for run in self.runs if (run.name.target, run.name.kind) == (target, kind)]
        chosen = [shown for run in runs for shown in run.methods if strategy in {"", shown.name.strategy}]
        return tuple(sorted(chosen, key=lambda run: run.name.seed))


def read_study(folder: str | Path) -> Study:
    """Read a study, whether or not it is finished.

    Raises FileError if the folder holds no study, or a file cannot be read; InputError or ModelFileError if a file is
    damaged, or was written by another version.
    """
    folder = Path(folder)
    spec, facts = read_spec(folder)
    names = spec.runs()
    finished = [name for name in names if (folder / name.file).exists()]
    return Study(
        folder,
        spec,
        facts,
        tuple(StoredRun.load(folder, name) for name in finished),
        tuple(name for name in names if name not in set(finished)),
        tuple(_lines(folder / PROVENANCE_FILE)),
        tuple(_lines(folder / SECONDS_FILE)),
    )


def read_spec(folder: Path) -> tuple[Spec, dict[str, TargetFacts]]:
    """Read the options of a study and the facts of its targets."""
    path = folder / STUDY_FILE
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if (document["kind"], document["version"]) != ("study", VERSION):
            raise InputError(
                f"{path} has version {document['version']} of the format of a {document['kind']}; this canvass reads "
                f"version {VERSION} of a study"
            )
        facts = {name: TargetFacts(**plain) for name, plain in document["targets"].items()}
        return Spec.from_dict(document["options"]), facts
    except OSError as error:
        raise FileError(
            f"{folder}: no study there ({path.name}: {error.strerror or error}); name the folder that canvass simulate "
            "wrote to"
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{path} is no description of a study, or damaged ({error})") from error


def write_spec(folder: Path, spec: Spec, facts: Sequence[TargetFacts]) -> None:
    """Write the options of a study and the facts of its targets."""
    document = {
        "kind": "study",
        "version": VERSION,
        "options": spec.as_dict(),
        "targets": {of_target.target: asdict(of_target) for of_target in facts},
    }
    write_whole(folder / STUDY_FILE, json.dumps(document, ensure_ascii=False, indent=1).encode() + b"\n")


def append(folder: Path, name: str, record: dict[str, Any]) -> None:
    """Append a record to `SECONDS_FILE` or `PROVENANCE_FILE`, the files that are no results."""
    with (folder / name).open("ab") as stream:
        stream.write(json.dumps(record, ensure_ascii=False).encode() + b"\n")


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    """Read the records of such a file; a line truncated by a crash is skipped."""
    if not path.exists():
        return
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        with contextlib.suppress(ValueError):
            yield json.loads(line)


def remove_leftovers(folder: Path) -> None:
    """Remove the unfinished files of a killed process."""
    for path in folder.glob("**/.*.npz.*.part"):
        path.unlink(missing_ok=True)
