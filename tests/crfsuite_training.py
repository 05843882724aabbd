"""CRFsuite's own training, for comparisons: the same problem, the same options, its weights and why it ended."""

import gzip
import itertools
import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pycrfsuite

from canvass.corpus.normalise import keys
from canvass.corpus.spans import bio_tags, misaligned_slot
from canvass.features.extraction import hash_tokens
from canvass.models.crf.problem import make_problem
from canvass.types import Slot
from crfsuite_file import read_weights

SNIPS = Path(__file__).parents[2] / "shared" / "data" / "snips"
ENDINGS = {
    "L-BFGS resulted in convergence": "converged",
    "L-BFGS terminated with the stopping criteria": "stalled",
    "L-BFGS terminated with the maximum number of iterations": "exhausted",
    "L-BFGS terminated with error code": "failed",
}


def snips(intent, count):
    """The first utterances of an intent, as (text, slots)."""
    found = []
    with gzip.open(SNIPS / "train.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            record = json.loads(line)
            slots = tuple(Slot(**slot) for slot in record["slots"])
            if record["intent"] == intent and misaligned_slot(record["text"], slots) is None:
                found.append((record["text"], slots))
    return found[:count]


def problem_of(examples):
    """Make the problem that the tagger trains on, of (text, slots)."""
    texts = [text for text, _ in examples]
    names = [tag for text, spans in examples for tag in bio_tags(text, spans)]
    order = list(dict.fromkeys(names))
    starts, attributes, *_ = hash_tokens(keys(pa.array(texts, type=pa.string())))
    _, numbers = np.unique(attributes.ravel(), return_inverse=True)
    return make_problem(
        starts, numbers.reshape(attributes.shape), np.array([order.index(name) for name in names]), len(order)
    )


class Trained(NamedTuple):
    """Weights as matrices; value and trials of the line search of each iteration, as printed; why it ended."""

    state: np.ndarray
    transitions: np.ndarray
    values: list[float]
    trials: list[int]
    reason: str

    @property
    def iterations(self):
        return len(self.values)


class Trainer(pycrfsuite.Trainer):
    """Keeps what CRFsuite reports."""

    def __init__(self):
        super().__init__(algorithm="lbfgs", verbose=True)
        self.lines = []

    def message(self, message):
        self.lines.append(message)


def crfsuite(problem, folder, **options):
    """Train with CRFsuite: weights by the numbers of the problem."""
    trainer = Trainer()
    trainer.set_params(options)
    for a, b in itertools.pairwise(problem.starts.tolist()):
        if a < b:
            items = [[str(number) for number in row] for row in problem.attributes[a:b].tolist()]
            trainer.append(items, [str(tag) for tag in problem.tags[a:b].tolist()])
    path = folder / "crf"
    trainer.train(str(path))
    weights = read_weights(path.read_bytes())
    state = np.zeros((len(problem.feature_starts) - 1, problem.tag_count))
    transitions = np.zeros((problem.tag_count, problem.tag_count))
    rows, columns = ([int(name) for name in names] for names in (weights.attributes, weights.labels))
    state[np.ix_(rows, columns)] = weights.state
    transitions[np.ix_(columns, columns)] = weights.transitions
    ended = [ENDINGS[start] for line in trainer.lines for start in ENDINGS if line.startswith(start)]
    return Trained(
        state,
        transitions,
        [float(line.split(": ")[1]) for line in trainer.lines if line.startswith("Loss: ")],
        [int(line.split(": ")[1]) for line in trainer.lines if line.startswith("Line search trials: ")],
        ended[-1],
    )
