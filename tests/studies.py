"""A tiny study that tests share: its options, and how to run it; starts, and what the rounds of a run came to."""

from typing import NamedTuple

from canvass.metrics import FrameErrors, Routing, Scores, score
from canvass.simulation.spec import Spec
from canvass.simulation.start import Corpus, digest_of, facts_of
from canvass.simulation.study import Reading, open_folder, run_study

TARGET = "domain:music"
STRATEGIES = ("majority-joint", "random")


def spec_of(utterances, **changes):
    options = {
        "corpus": digest_of(utterances),
        "targets": (TARGET,),
        "strategies": {TARGET: STRATEGIES},
        "seeds": 2,
        "seed_size": 8,
        "negatives": 8,
        "schedule": (3, 4),
        "budget_unit": "utterances",
        "pool_share": None,
        "noise": 0.0,
        "transfer": (),
        "transfer_every": 0,
        "test": "fifth",
        "words": "off",
        "canvass": "0",
    }
    return Spec(**{**options, **changes})


def run_missing(folder, path, spec, *, processes=1, names=None, after_run=lambda _: None):
    reading = Reading((str(path),))
    cut = Corpus.of(reading.labelled().utterances, test=spec.test)
    missing = open_folder(folder, spec, [facts_of(cut, spec, target) for target in spec.targets])
    run_study(
        folder, spec, reading, missing if names is None else names, processes=processes, after_run=after_run
    )
    return missing


def results(folder):
    """The bytes of all files that are results: neither seconds nor provenance."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.suffix != ".jsonl"
    }


def unpack_errors(errors):
    """Unpack uint16 (N, 5) of `measures.pack_errors` into counts for `metrics.score`."""
    return [
        FrameErrors(
            substitutions=substitutions,
            insertions=insertions,
            deletions=deletions,
            correct_slots=hits,
            reference_slots=substitutions + deletions + hits,
            predicted_slots=substitutions + insertions + hits,
            intent_wrong=bool(wrong),
        )
        for substitutions, insertions, deletions, hits, wrong in errors.tolist()
    ]


def split(utterances, target, *, seed, positives, negatives):
    """The start of a run: a fifth of the corpus for the test, a labelled set, and the pool."""
    return Corpus.of(utterances).start(target, seed=seed, positives=positives, negatives=negatives)


class Round(NamedTuple):
    """What a round came to: annotations so far, keys that it chose, how many of the target, and errors."""

    annotations: int
    chosen: tuple[str, ...]
    on_target: int
    scores: Scores
    routing: Routing | None


def rounds_of(run):
    """Execute a run; the first entry is the state before the first round."""
    return [
        Round(
            len(state.labelled) - len(run.start.labelled),
            tuple(choice.candidate.key for choice in state.choices),
            sum(run.target.matches(choice.gold) for choice in state.choices),
            score(state.errors),
            state.routing,
        )
        for state in run.states()
    ]
