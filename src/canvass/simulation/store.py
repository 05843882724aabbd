"""The folder of a study: what is written, and how it is read again; docs/studies.md describes the files.

Reading needs no model and trains nothing. The files hold neither a clock nor a host nor a path: two studies of one
corpus with one set of options are equal to the byte.
"""

from __future__ import annotations

import contextlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np

from canvass.archive import load as load_archive
from canvass.archive import save as save_archive
from canvass.errors import FileError, InputError, ModelFileError
from canvass.files import whole_file
from canvass.simulation.spec import RunName, Spec, TargetFacts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

STUDY_FILE = "study.json"
SECONDS_FILE = "seconds.jsonl"
PROVENANCE_FILE = "provenance.jsonl"
KIND = "run"
VERSION = 1
ROUTING_COLUMNS = ("true_positives", "false_positives", "false_negatives", "true_negatives")
SIZE_COLUMNS = (
    "labelled",
    "positives",
    "committee_weights",
    "intents",
    "intent_weights",
    "tags",
    "tagger_weights",
)


class Chosen(NamedTuple):
    """The C choices of a run, in the order in which they were made.

    `round` int32 (C,), from 1; `on_target` bool (C,): by the gold labels; `tokens`, `slots` int32 (C,): of the gold
    annotation; `filled` bool (C,): had not passed the filter; `score` float64 (C,): the strategy's.
    """

    round: NDArray[np.int32]
    on_target: NDArray[np.bool_]
    tokens: NDArray[np.int32]
    slots: NDArray[np.int32]
    filled: NDArray[np.bool_]
    score: NDArray[np.float64]


class Picture(NamedTuple):
    """P utterances of the pool in the plane of `simulation.projection`, before a round, and M lines.

    `points` float32 (P, 2): y_lg and the coordinate along the second axis; `scores` float32 (P, M); `state` int8
    (P,): 0 in the pool, 1 chosen in the round, 2 chosen earlier; `is_target` bool (P,): by the gold labels; `sampled`
    bool (P,): of the sample, not only here since it was chosen; `lines` float64 (M, 3): a, c, k of
    a y_lg + c v + k = 0.
    """

    points: NDArray[np.float32]
    scores: NDArray[np.float32]
    state: NDArray[np.int8]
    is_target: NDArray[np.bool_]
    sampled: NDArray[np.bool_]
    lines: NDArray[np.float64]


@dataclass(frozen=True)
class StoredRun:
    """The results of one run with S states: before the first round, and after each; the ceiling has one.

    `errors` uint16 (S, N, 5), columns `counts.ERROR_COLUMNS`, of the target's N test utterances, in the same order
    in all runs of a target; `routing` int64 (S, 4), columns `ROUTING_COLUMNS`, on the whole test set, (0, 4) where
    there is no committee; `sizes` int64 (S, 7), columns `SIZE_COLUMNS`; `keys` and `ids` of the choices, whose
    figures are `chosen`; `examples` one list a round; `pictures` by the round whose choices they show; `transfer`
    uint16 (S', N, 5), as `errors`, of the second family, after the rounds `transfer_rounds`.
    """

    name: RunName
    errors: NDArray[np.uint16]
    routing: NDArray[np.int64]
    sizes: NDArray[np.int64]
    keys: tuple[str, ...]
    ids: tuple[str, ...]
    chosen: Chosen
    examples: tuple[tuple[dict[str, Any], ...], ...]
    pictures: dict[int, Picture]
    transfer: NDArray[np.uint16]
    transfer_rounds: tuple[int, ...]

    def counts_after(self, what: str) -> NDArray[np.int64]:
        """Sum up to each state, int64 (S,): "utterances", "tokens", "slots" or "on_target" of what was chosen."""
        amounts = np.ones(len(self.chosen.round)) if what == "utterances" else getattr(self.chosen, what)
        sums = np.bincount(self.chosen.round, weights=amounts, minlength=len(self.errors))
        return np.asarray(np.cumsum(sums), dtype=np.int64)

    @property
    def reference_slots(self) -> NDArray[np.int64]:
        """Slots of the reference of each test utterance, int64 (N,)."""
        first = self.errors[0].astype(np.int64)
        return np.asarray(first[:, 0] + first[:, 2] + first[:, 3])

    def save(self, folder: Path) -> None:
        """Write the run's file; it appears whole, or not at all."""
        arrays: dict[str, NDArray[Any]] = {
            "errors": self.errors,
            "routing": self.routing,
            "sizes": self.sizes,
        }
        arrays |= {f"chosen_{name}": array for name, array in self.chosen._asdict().items()}
        for number, picture in self.pictures.items():
            arrays |= {f"picture_{number}_{name}": array for name, array in picture._asdict().items()}
        if len(self.transfer_rounds):
            arrays["transfer"] = self.transfer
        header = {
            "run": self.name._asdict(),
            "keys": list(self.keys),
            "ids": list(self.ids),
            "examples": [list(some) for some in self.examples],
            "pictures": sorted(self.pictures),
            "transfer_rounds": list(self.transfer_rounds),
        }
        path = folder / self.name.file
        path.parent.mkdir(exist_ok=True)
        save_archive(path, KIND, VERSION, header, arrays)

    @classmethod
    def load(cls, folder: Path, name: RunName) -> Self:
        """Read the file of a run; raises FileError or ModelFileError where it is missing or damaged."""
        path = folder / name.file
        header, arrays = load_archive(path, KIND, VERSION)
        if header.get("run") != name._asdict():
            raise ModelFileError(f"{path} is of another run; put the file back where it was")
        try:
            nothing = np.zeros((0, *arrays["errors"].shape[1:]), dtype=np.uint16)
            return cls(
                name,
                arrays["errors"],
                arrays["routing"],
                arrays["sizes"],
                tuple(header["keys"]),
                tuple(header["ids"]),
                Chosen(**{part: arrays[f"chosen_{part}"] for part in Chosen._fields}),
                tuple(tuple(some) for some in header["examples"]),
                {
                    number: Picture(**{part: arrays[f"picture_{number}_{part}"] for part in Picture._fields})
                    for number in header["pictures"]
                },
                arrays.get("transfer", nothing),
                tuple(header["transfer_rounds"]),
            )
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise ModelFileError(
                f"{path} is damaged ({error}); delete it, and run the command of the study again"
            ) from error


@dataclass(frozen=True)
class Study:
    """A study as it was found in its folder: `runs` are those that are finished, `missing` the others."""

    folder: Path
    spec: Spec
    facts: dict[str, TargetFacts]
    runs: tuple[StoredRun, ...]
    missing: tuple[RunName, ...]
    provenance: tuple[dict[str, Any], ...] = field(default=(), repr=False)
    seconds: tuple[dict[str, Any], ...] = field(default=(), repr=False)

    def runs_of(self, target: str, kind: str, strategy: str = "") -> tuple[StoredRun, ...]:
        """Find the runs of a target and kind, and, unless it is empty, of a strategy, by seed."""
        found = [one for one in self.runs if (one.name.target, one.name.kind) == (target, kind)]
        chosen = [one for one in found if strategy in {"", one.name.strategy}]
        return tuple(sorted(chosen, key=lambda one: one.name.seed))


def read_study(folder: str | Path) -> Study:
    """Read a study, finished or not.

    Raises
    ------
    FileError
        If there is none in the folder, or a file cannot be read.
    InputError, ModelFileError
        If a file is damaged, or was written by another version.

    """
    place = Path(folder)
    spec, facts = read_spec(place)
    names = spec.runs()
    there = [name for name in names if (place / name.file).exists()]
    return Study(
        place,
        spec,
        facts,
        tuple(StoredRun.load(place, name) for name in there),
        tuple(name for name in names if name not in set(there)),
        tuple(_lines(place / PROVENANCE_FILE)),
        tuple(_lines(place / SECONDS_FILE)),
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
        "targets": {one.target: asdict(one) for one in facts},
    }
    with whole_file(folder / STUDY_FILE) as stream:
        stream.write(json.dumps(document, ensure_ascii=False, indent=1).encode() + b"\n")


def append(folder: Path, name: str, record: dict[str, Any]) -> None:
    """Append a line to one of the files that are not results: seconds, provenance."""
    with (folder / name).open("ab") as stream:
        stream.write(json.dumps(record, ensure_ascii=False).encode() + b"\n")


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    """Read the lines of such a file; a line cut short by a crash is no reason to refuse the results."""
    if not path.exists():
        return
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        with contextlib.suppress(ValueError):
            yield json.loads(line)


def remove_leftovers(folder: Path) -> None:
    """Remove what a killed process had begun to write."""
    for path in folder.glob("**/.*.npz.*.part"):
        path.unlink(missing_ok=True)
