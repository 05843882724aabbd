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
    file: options.LabelledFiles,
    *,
    skip_bad: options.SkipBadOption = 0,
    strict: options.StrictOption = False,
    labelled_format: options.LabelledFormat = None,
    text_field: options.TextField = "text",
    id_field: options.IdField = "id",
    count_field: options.CountField = "count",
    domain_field: options.DomainField = "domain",
    intent_field: options.IntentField = "intent",
    slots_field: options.SlotsField = "slots",
    as_json: options.JsonOption = False,
) -> None:
    """Count a model's errors: intent and slots on the target's requests, routing on all of them.

    Piped, it prints one JSON object, as with --json.
    """
    from canvass.corpus.labelled import read_labelled
    from canvass.evaluation import evaluate
    from canvass.models.nlu import NLU

    options.check_format("--labelled-format", labelled_format)
    nlu = NLU.load(model)
    fields = options.fields_of(text_field, id_field, count_field, domain_field, intent_field, slots_field)
    gold = read_labelled([file], fields=fields, strict=strict, skip_bad=skip_bad, format=labelled_format)
    options.report_left_out(gold)
    if not any(map(nlu.target.matches, gold.utterances)):
        raise TargetError(
            f"{file} has no utterance of {nlu.target}, the target of {model}; there is nothing to count"
        )
    scores, routing = evaluate(nlu, gold.utterances)
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
