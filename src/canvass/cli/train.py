"""The reference NLU of a target: `canvass train`, what it says (`predict`), and how often it is wrong (`evaluate`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from typing import TYPE_CHECKING, Annotated, Any

import typer

from canvass.cli import options, terminal
from canvass.cli.words import learn_or_load
from canvass.errors import OptionError, TargetError
from canvass.files import STANDARD_STREAM, check_output

if TYPE_CHECKING:
    from canvass.corpus.pool import Pool
    from canvass.metrics import Routing, Scores
    from canvass.models.nlu import NLU

Model = Annotated[str, typer.Argument(metavar="MODEL", help="A model file, written by canvass train.")]
# What speaks of slots, of intents, or of both.
OF_SLOTS = {
    "span_slot_error_rate", "span_precision", "span_recall", "span_f1", "substitutions", "insertions", "deletions",
    "correct_slots", "reference_slots", "predicted_slots",
}  # fmt: skip
OF_INTENTS = {"intent_error_rate", "intent_errors"}
OF_BOTH = {"slot_error_rate"}
RATES = (
    ("slot error rate, intent as a slot", "slot_error_rate"),
    ("slot error rate, spans alone", "span_slot_error_rate"),
    ("intent error rate", "intent_error_rate"),
    ("frame error rate", "frame_error_rate"),
    ("span precision", "span_precision"),
    ("span recall", "span_recall"),
    ("span F1", "span_f1"),
)


def train(
    labelled: options.LabelledFiles,
    *,
    target: options.TargetOption = None,
    out: Annotated[str, options.out_option("Write the model to this file (.npz).", metavar="MODEL")],
    seed: options.SeedOption = 0,
    iterations: Annotated[
        int, typer.Option(metavar="N", help="Train the slot tagger for N iterations.")
    ] = 60,
    words: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Use the word features of this file, which canvass words wrote (.npz), or those that are learnt from "
            "the requests of this pool.",
        ),
    ] = None,
    reading: options.LabelledOptions,
    as_json: options.JsonOption = False,
) -> None:
    """Train the models of a target: committee, intent classifier and slot tagger, in one file."""
    from canvass.models.nlu import NLU

    wanted = options.target_of(target)
    options.check_at_least_one("--iterations", iterations)
    if out == STANDARD_STREAM:
        raise OptionError("--out - makes no sense for a model; name a file")
    options.check_inputs(out, labelled, reading.labelled_format, [])
    features = None if words is None else learn_or_load([words], reading, options.PoolOptions(), None)
    known = reading.read([labelled])
    terminal.warn_of_findings(known)
    utterances = known.utterances
    [wanted] = options.known_targets([wanted], utterances)
    options.tell_cost(utterances, [wanted], iterations)
    with terminal.busy(f"training on {len(utterances):,} annotated requests"):
        nlu = NLU.train(utterances, wanted, seed=seed, iterations=iterations, words=features)
    if nlu.tagger is None and (nlu.annotated or not nlu.intent_names):
        terminal.warn(
            f"no tagger was trained: only {nlu.annotated} utterances of {wanted} are annotated for slots"
        )
    nlu.save(out)
    _tell(nlu, len(utterances), out, as_json=as_json)


def _tell(nlu: NLU, labelled: int, out: str, *, as_json: bool) -> None:
    """Say what the models were trained on."""
    facts = {
        "target": str(nlu.target),
        "labelled": labelled,
        "of_the_target": nlu.positives,
        **({"out_of_scope": labelled - nlu.positives} if nlu.knows_scope else {}),
        "annotated_for_slots": nlu.annotated,
        "intents": len(nlu.intent_names),
        "tags": len(nlu.tagger.tags) if nlu.tagger else 0,
    }
    if as_json:
        terminal.print_json(facts)
    else:
        terminal.show_made(facts, out)


def predict(
    model: Model,
    pool: options.PoolFiles,
    *,
    out: Annotated[
        str,
        options.out_option(
            "Write to this file: .jsonl, .csv, .tsv or .parquet, or - for JSONL on standard output."
        ),
    ] = STANDARD_STREAM,
    reading: options.InputOptions,
    pool_format: options.PoolFormat = None,
) -> None:
    """Predict whether requests belong to the target, and their intent and slots.

    Each request is written with is_target, the members' scores, and the intent and slots that it has if it
    does belong to the target.
    """
    from canvass.models.nlu import NLU

    options.check_table(out)
    opened = options.PoolOptions(pool_format=pool_format).open(pool, reading)
    nlu = NLU.load(model)
    check_output(out, [model, *opened.files])
    # A bar would be torn by a result that runs over the terminal.
    shown = nullcontext(lambda _units, _share: None) if options.writes_to_terminal(out) else None
    with shown or terminal.progress("predicting", opened.total_bytes) as advance:
        options.write_table(out, _records(nlu, opened, advance))
    terminal.warn_of_bad(opened.bad)
    if out != STANDARD_STREAM:
        terminal.show_written(out)


def _records(nlu: NLU, pool: Pool, advance: Callable[[int, int], None]) -> Iterator[dict[str, Any]]:
    import pyarrow as pa

    from canvass.corpus.normalise import keys
    from canvass.evaluation import takes_for_target
    from canvass.models.committee import MEMBERS
    from canvass.selection.batch_file import prediction_record

    for block in pool.blocks():
        rows = block.batch.to_pylist()
        texts = [row["text"] for row in rows]
        predictions = nlu.predict(texts) if nlu.can_predict else [None] * len(rows)
        members = None if nlu.committee is None else nlu.committee.decision_function(texts)
        taken = takes_for_target(nlu, keys(pa.array(texts, type=pa.string())))
        targeted = [True] * len(rows) if taken is None else taken.tolist()
        scores = [[]] * len(rows) if members is None else members.tolist()
        for row, prediction, is_target, score in zip(rows, predictions, targeted, scores, strict=True):
            yield {
                **row,
                "is_target": is_target,
                **{f"score_{member}": value for member, value in zip(MEMBERS, score, strict=False)},
                **prediction_record(prediction),
            }
        advance(len(rows), block.consumed)


def evaluate(
    model: Model,
    labelled: options.LabelledFiles,
    *,
    reading: options.LabelledOptions,
    as_json: options.JsonOption = False,
) -> None:
    """Count a model's errors: intent and slots on the target's requests, routing on all of them.

    Piped, it prints one JSON object, as with --json.
    """
    from canvass import evaluation
    from canvass.models.nlu import NLU

    nlu = NLU.load(model)
    utterances = reading.read([labelled]).utterances
    if not any(map(nlu.target.matches, utterances)):
        raise TargetError(
            f"{labelled} has no utterance of {nlu.target}, the target of {model}; there is nothing to count"
        )
    scores, routing = evaluation.evaluate(nlu, utterances)
    held_out = evaluation.HeldOut.of(evaluation.counted(nlu, utterances), nlu.target)
    left_out = set() if held_out.has_slots else OF_SLOTS | OF_BOTH
    left_out |= set() if held_out.has_intents else OF_INTENTS | OF_BOTH
    rates = {name: value for name, value in scores.as_dict().items() if name not in left_out}
    if as_json or not terminal.interactive():
        facts = {"target": str(nlu.target), **rates, "routing": routing.as_dict() if routing else None}
        terminal.print_json(facts)
    else:
        _show_errors(scores, rates, routing)


def _show_errors(scores: Scores, rates: dict[str, float], routing: Routing | None) -> None:
    terminal.show_facts([(title, f"{rates[name]:.2%}") for title, name in RATES if name in rates])
    counts = []
    if "span_slot_error_rate" in rates:
        counts.append(
            f"{scores.reference_slots:,} slots: {scores.substitutions:,} substituted, {scores.insertions:,} inserted, "
            f"{scores.deletions:,} deleted"
        )
    if "intent_errors" in rates:
        counts.append(f"{scores.intent_errors:,} wrong intents")
    terminal.show()
    terminal.show(f"{scores.utterances:,} utterances with {'; '.join(counts)}")
    if routing is not None:
        terminal.show(
            f"routing: precision {routing.precision:.2%}, recall {routing.recall:.2%}, F1 {routing.f1:.2%} "
            f"({routing.false_positives:,} false alarms, {routing.false_negatives:,} missed)"
        )
