"""`canvass train`: the reference NLU of a target."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from canvass.cli import options, terminal
from canvass.cli.words import learn_or_load
from canvass.errors import OptionError
from canvass.files import STANDARD_STREAM

if TYPE_CHECKING:
    from canvass.models.nlu import NLU


def command(
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
    if iterations < 1:
        raise OptionError(f"--iterations {iterations} makes no sense; it must be at least 1")
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
