"""Join slurp and hwu64 to the assistant corpus of the studies: one record a text, compared by letters and digits.

    python -m benchmarks.study.assistant ../shared/data benchmarks/pools/assistant.jsonl

Both come from one collection, and have 4,894 texts with the very same labels in common. The first record of a text
stays, slurp before hwu64.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from canvass import read_labelled
from canvass.files import whole_file

if TYPE_CHECKING:
    from collections.abc import Iterable

    from canvass import Utterance

PARTS = ("slurp", "hwu64")


def normalised(text: str) -> str:
    """Keep the lower-cased letters and digits of a text, and single blanks between its words."""
    kept = "".join(character if character.isalnum() else " " for character in text.lower())
    return " ".join(kept.split())


def joined(utterances: Iterable[Utterance]) -> list[Utterance]:
    """Take the first utterance of each normalised text."""
    found: dict[str, Utterance] = {}
    for one in utterances:
        found.setdefault(normalised(one.text), one)
    return list(found.values())


def record(one: Utterance) -> dict[str, object]:
    """Make the record of an utterance."""
    slots = [{"start": slot.start, "end": slot.end, "label": slot.label} for slot in one.slots or ()]
    return {"id": one.id, "text": one.text, "domain": one.domain, "intent": one.intent, "slots": slots}


def main() -> None:
    """Write the corpus."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("corpora", type=Path)
    parser.add_argument("out", type=Path)
    options = parser.parse_args()
    utterances = [one for part in PARTS for one in read_labelled([str(options.corpora / part)]).utterances]
    found = joined(utterances)
    options.out.parent.mkdir(exist_ok=True)
    with whole_file(options.out) as stream:
        stream.write(b"".join(json.dumps(record(one), ensure_ascii=False).encode() + b"\n" for one in found))
    print(f"{len(utterances):,} utterances, {len(found):,} distinct")


if __name__ == "__main__":
    main()
