"""How many planted errors `canvass check` finds among the annotations that it suspects most, and how sure it is.

    python -m benchmarks.planted_errors ../shared/data

A tenth of the annotations is altered as an erring annotator would (`canvass.simulation.noise`, with other seeds than
those of the check): intents alone, slots alone, or either. The first 15 % of all records, in the order of the check,
are looked at. The settings of the check were chosen on the first three corpora. snips holds the first two, and hwu64
shares texts with slurp; only clinc150 is independent of them.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from canvass import read_labelled
from canvass.annotation.quality.suspicions import BAR, find_suspicions
from canvass.seeding import uniform
from canvass.simulation.noise import Annotator

if TYPE_CHECKING:
    from collections.abc import Sequence

    from canvass.types import Utterance

PLANTED, LOOKED_AT = 0.1, 0.15
MOST = 2000
ERRING = 0.5
ROUNDS = 40


def corpora(folder: Path) -> dict[str, list[Utterance]]:
    """Read the annotated sets, at most `MOST` utterances of each, drawn by hash."""
    snips = read_labelled([str(folder / "snips" / "train.jsonl.gz")]).utterances
    sets = {
        name: [utterance for utterance in snips if utterance.intent == name][:500]
        for name in ("AddToPlaylist", "BookRestaurant")
    }
    sets["slurp dev"] = list(read_labelled([str(folder / "slurp" / "dev.jsonl.gz")]).utterances)
    sets["snips"] = list(snips)
    sets["hwu64"] = list(read_labelled([str(folder / "hwu64")]).utterances)
    sets["clinc150"] = list(read_labelled([str(folder / "clinc150" / "train.jsonl.gz")]).utterances)
    return {
        name: sorted(utterances, key=lambda utterance: uniform(0, "sample", utterance.text))[:MOST]
        for name, utterances in sets.items()
    }


def plant(utterances: Sequence[Utterance], kind: str, seed: int) -> tuple[list[Utterance], set[int]]:
    """Alter a tenth of the annotations: `intents`, `slots` or `both`, one error each; which ones were altered."""
    annotated, planted = list(utterances), set[int]()
    order = sorted(range(len(utterances)), key=lambda row: uniform(seed, "planted", utterances[row].text))
    erring = [Annotator.of(seed + 1000 * n, ERRING, utterances) for n in range(1, ROUNDS)]
    for row in order:
        gold = utterances[row]
        what = kind if kind != "both" else ("intents", "slots")[len(planted) % 2]
        for annotator in erring:
            said = annotator.annotate(gold)
            wrong = (
                replace(gold, intent=said.intent) if what == "intents" else replace(gold, slots=said.slots)
            )
            if wrong.intent != gold.intent or set(wrong.slots or ()) != set(gold.slots or ()):
                annotated[row] = wrong
                planted.add(row)
                break
        if len(planted) >= PLANTED * len(utterances):
            break
    return annotated, planted


def main() -> None:
    """Print a line for each corpus and kind of error."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--corpus", action="append")
    parser.add_argument("--seeds", type=int, default=1)
    options = parser.parse_args()
    for name, utterances in corpora(options.data).items():
        if options.corpus and name not in options.corpus:
            continue
        kinds = ["intents"] * (len({utterance.intent for utterance in utterances}) > 1)
        kinds += ["slots"] * any(utterance.slots for utterance in utterances)
        for kind in [*kinds, *(["both"] if len(kinds) > 1 else [])]:
            for seed in range(1, options.seeds + 1):
                annotated, planted = plant(utterances, kind, seed)
                began = time.process_time()
                found = find_suspicions(annotated)
                seconds = time.process_time() - began
                listed = [suspicion for suspicion in found if suspicion.score >= BAR]
                first = listed[: round(LOOKED_AT * len(annotated))]
                hits = [suspicion.number in planted for suspicion in first]
                facts = {
                    "corpus": name, "errors": kind, "seed": seed, "records": len(annotated),
                    "listed": len(listed),
                    "found": round(sum(hits) / len(planted), 3),
                    "first_5_percent": round(sum(hits[: len(annotated) // 20]) / (len(annotated) // 20), 3),
                    "said": round(sum(s.score for s in found) / len(annotated), 3),
                    "seconds": round(seconds, 1),
                }  # fmt: skip
                print(json.dumps(facts), flush=True)


if __name__ == "__main__":
    main()
