"""Provenance of a study as text: options, data, versions, commands."""

from __future__ import annotations

import shlex

from canvass.errors import plural
from canvass.report.document import Report
from canvass.report.formatting import visible
from canvass.simulation.spec import Spec, TargetFacts

TEST_PARTS = {"own": "the corpus's own test part", "fifth": "a fifth of the corpus, by hash of the key"}

WORDS = {
    "off": "none",
    "pool": "of the texts of each start's pool",
    "both": "of the texts of each start's pool; the same choices without, too",
}


def options(spec: Spec) -> list[tuple[str, str]]:
    """List the options of a study as pairs of name and value."""
    even = len(set(spec.schedule)) == 1
    rounds = f"{len(spec.schedule)} x {spec.schedule[0]}" if even else ", ".join(map(str, spec.schedule))
    strategies = list(dict.fromkeys(name for names in spec.strategies.values() for name in names))
    return [
        ("targets", ", ".join(map(visible, spec.targets))),
        ("strategies", ", ".join(strategies)),
        ("seeds", str(spec.seeds)),
        ("labelled to start with", f"{spec.seed_size:,} of the target, {spec.negatives:,} others"),
        ("rounds", f"{rounds} {spec.budget_unit}"),
        (
            "share of the target in the pool",
            "as it is" if spec.pool_share is None else f"{100 * spec.pool_share:g} %",
        ),
        ("word features", WORDS[spec.words]),
        ("annotator noise", f"{100 * spec.noise:g} %"),
        ("transfer", _transfer(spec)),
        ("errors counted on", TEST_PARTS[spec.test]),
        ("digest of the corpus", spec.corpus),
        ("canvass", spec.canvass),
    ]


def _transfer(spec: Spec) -> str:
    if not spec.transfer:
        return "not measured"
    on_the_way = f", and after every {spec.transfer_every} rounds" if spec.transfer_every > 1 else ""
    when = "after every round" if spec.transfer_every == 1 else f"after the last round{on_the_way}"
    return f"{', '.join(map(visible, spec.transfer))}, {when}"


def facts(target: TargetFacts) -> str:
    """Describe the numbers of utterances that the runs of a target start from."""
    return (
        f"{plural(target.labelled, 'labelled utterance')} to start with; a pool of {target.pool:,}, "
        f"{target.pool_target:,} of them of the target; errors counted on {target.test_target:,} of "
        f"{plural(target.test, 'test utterance')}."
    )


def calls(report: Report) -> list[tuple[str, str]]:
    """List the commands that ran the study, each with its versions; equal pairs once."""
    pairs: dict[tuple[str, str], None] = {}
    for record in report.provenance:
        command = shlex.join(map(str, record.get("command", [])))
        versions = ", ".join(f"{name} {number}" for name, number in dict(record.get("versions", {})).items())
        parts = (versions, f"Python {record.get('python', '?')}", str(record.get("machine", "")))
        pairs[visible(command), visible(", ".join(part for part in parts if part))] = None
    return list(pairs)
