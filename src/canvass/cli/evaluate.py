"""`canvass evaluate`: how many errors a model makes on annotated requests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from canvass.cli import options, terminal
from canvass.cli.predict import Model
from canvass.errors import TargetError

if TYPE_CHECKING:
    from canvass.metrics import Routing, Scores

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
    from canvass.evaluation import evaluate
    from canvass.models.nlu import NLU

    nlu = NLU.load(model)
    utterances = reading.read([labelled]).utterances
    if not any(map(nlu.target.matches, utterances)):
        raise TargetError(
            f"{labelled} has no utterance of {nlu.target}, the target of {model}; there is nothing to count"
        )
    scores, routing = evaluate(nlu, utterances)
    if as_json or not terminal.interactive():
        facts = {
            "target": str(nlu.target),
            **scores.as_dict(),
            "routing": routing.as_dict() if routing else None,
        }
        terminal.print_json(facts)
    else:
        _show(scores, routing)


def _show(scores: Scores, routing: Routing | None) -> None:
    console = terminal.console()
    rates = scores.as_dict()
    terminal.show_facts(console, [(title, f"{rates[name]:.2%}") for title, name in RATES])
    console.print(
        f"\n{scores.utterances:,} utterances with {scores.reference_slots:,} slots: "
        f"{scores.substitutions:,} substituted, {scores.insertions:,} inserted, {scores.deletions:,} deleted"
        f"; {scores.intent_errors:,} wrong intents"
    )
    if routing is not None:
        console.print(
            f"routing: precision {routing.precision:.2%}, recall {routing.recall:.2%}, F1 {routing.f1:.2%} "
            f"({routing.false_positives:,} false alarms, {routing.false_negatives:,} missed)"
        )
