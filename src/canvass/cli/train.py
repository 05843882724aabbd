"""`canvass train`: the reference NLU of a target."""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer

from canvass.cli import options, terminal
from canvass.files import check_output


def command(
    labelled: options.LabelledFiles,
    *,
    out: Annotated[str, typer.Option("--out", "-o", metavar="MODEL", help="Where to write the model (.npz).")],
    target: options.TargetOption = None,
    domain: options.DomainOption = None,
    seed: options.SeedOption = 0,
    iterations: Annotated[int, typer.Option("--iterations", help="Of the CRF's training.")] = 60,
    skip_bad: options.SkipBadOption = 0,
    strict: options.StrictOption = False,
    as_json: options.JsonOption = False,
    labelled_format: options.LabelledFormat = None,
    text_field: options.TextField = "text",
    id_field: options.IdField = "id",
    count_field: options.CountField = "count",
    domain_field: options.DomainField = "domain",
    intent_field: options.IntentField = "intent",
    slots_field: options.SlotsField = "slots",
) -> None:
    """Train the models of a target: committee, intent classifier and slot tagger, in one file."""
    from canvass.corpus.labelled import read_labelled
    from canvass.models.nlu import NLU

    wanted = options.target_of(target, domain)
    fields = options.fields_of(text_field, id_field, count_field, domain_field, intent_field, slots_field)
    check_output(out, [labelled])
    known = read_labelled([labelled], fields=fields, strict=strict, skip_bad=skip_bad, format=labelled_format)
    options.report_left_out(known)
    nlu = NLU.train(known.utterances, wanted, seed=seed, iterations=iterations)
    if nlu.tagger is None:
        terminal.say(
            f"warning: no tagger was trained, since only {nlu.annotated} utterances of {wanted} are annotated for slots"
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
        sys.stdout.write(json.dumps(facts) + "\n")
    elif terminal.interactive():
        console = terminal.console()
        terminal.show_facts(console, [(name.replace("_", " "), value) for name, value in facts.items()])
        console.print(f"wrote [bold]{out}[/bold]")
