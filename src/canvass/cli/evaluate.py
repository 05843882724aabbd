"""`canvass evaluate`: how many errors a model makes on annotated requests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from canvass.cli import options, terminal
from canvass.cli.predict import Model
from canvass.errors import TargetError

if TYPE_CHECKING:
    from canvass.metrics import Routing, Scores

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


def command(
    model: Model,
    labelled: options.LabelledFiles,
    *,
    reading: options.LabelledOptions,
    as_json: options.JsonOption = False,
) -> None:
    """Count a model's errors: intent and slots on the target's requests, routing on all of them.

    Piped, it prints one JSON object, as with --json.
    """
    from canvass.evaluation import HeldOut, counted, evaluate
    from canvass.models.nlu import NLU

    nlu = NLU.load(model)
    utterances = reading.read([labelled]).utterances
    if not any(map(nlu.target.matches, utterances)):
        raise TargetError(
            f"{labelled} has no utterance of {nlu.target}, the target of {model}; there is nothing to count"
        )
    scores, routing = evaluate(nlu, utterances)
    held_out = HeldOut.of(counted(nlu, utterances), nlu.target)
    left_out = set() if held_out.has_slots else OF_SLOTS | OF_BOTH
    left_out |= set() if held_out.has_intents else OF_INTENTS | OF_BOTH
    rates = {name: value for name, value in scores.as_dict().items() if name not in left_out}
    if as_json or not terminal.interactive():
        facts = {"target": str(nlu.target), **rates, "routing": routing.as_dict() if routing else None}
        terminal.print_json(facts)
    else:
        _show(scores, rates, routing)


def _show(scores: Scores, rates: dict[str, float], routing: Routing | None) -> None:
    console = terminal.console()
    terminal.show_facts(console, [(title, f"{rates[name]:.2%}") for title, name in RATES if name in rates])
    counts = []
    if "span_slot_error_rate" in rates:
        counts.append(
            f"{scores.reference_slots:,} slots: {scores.substitutions:,} substituted, {scores.insertions:,} inserted, "
            f"{scores.deletions:,} deleted"
        )
    if "intent_errors" in rates:
        counts.append(f"{scores.intent_errors:,} wrong intents")
    console.print(f"\n{scores.utterances:,} utterances with {'; '.join(counts)}")
    if routing is not None:
        console.print(
            f"routing: precision {routing.precision:.2%}, recall {routing.recall:.2%}, F1 {routing.f1:.2%} "
            f"({routing.false_positives:,} false alarms, {routing.false_negatives:,} missed)"
        )
