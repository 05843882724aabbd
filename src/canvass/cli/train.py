"""`canvass train`: the reference NLU of a target."""

from __future__ import annotations

from typing import Annotated

import typer

from canvass.cli import options, terminal
from canvass.errors import OptionError
from canvass.files import STANDARD_STREAM


def command(
    labelled: options.LabelledFiles,
    *,
    out: Annotated[
        str, typer.Option("--out", "-o", metavar="MODEL", help="Where to write the model (.npz).")
    ],
    target: options.TargetOption = None,
    domain: options.DomainOption = None,
    seed: options.SeedOption = 0,
    iterations: Annotated[
        int, typer.Option("--iterations", metavar="N", help="Of the slot tagger's training.")
    ] = 60,
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
    """Train the models of a target: committee, intent classifier and slot tagger, in one file."""
    from canvass.corpus.labelled import read_labelled
    from canvass.models.nlu import NLU

    wanted = options.target_of(target, domain)
    if iterations < 1:
        raise OptionError(f"--iterations {iterations} makes no sense; it must be at least 1")
    options.check_format("--labelled-format", labelled_format)
    if out == STANDARD_STREAM:
        raise OptionError("--out - makes no sense for a model; name a file")
    fields = options.fields_of(text_field, id_field, count_field, domain_field, intent_field, slots_field)
    options.check_inputs(out, labelled, labelled_format, [])
    with terminal.busy("reading LABELLED"):
        known = read_labelled(
            [labelled], fields=fields, strict=strict, skip_bad=skip_bad, format=labelled_format
        )
    options.report_left_out(known)
    with terminal.busy(f"training on {len(known.utterances):,} annotated requests"):
        nlu = NLU.train(known.utterances, wanted, seed=seed, iterations=iterations)
    if nlu.tagger is None:
        terminal.warn(
            f"no tagger was trained: only {nlu.annotated} utterances of {wanted} are annotated for slots"
        )
    nlu.save(out)
    facts = {
        "target": str(wanted),
        "labelled": len(known.utterances),
        "of_the_target": nlu.positives,
        "annotated_for_slots": nlu.annotated,
        "intents": len(nlu.intents.names) if nlu.intents else 0,
        "tags": len(nlu.tagger.tags) if nlu.tagger else 0,
    }
    if as_json:
        terminal.print_json(facts)
    elif terminal.interactive():
        console = terminal.console()
        terminal.show_facts(console, [(name.replace("_", " "), value) for name, value in facts.items()])
        console.print()
        terminal.show_written(out)
