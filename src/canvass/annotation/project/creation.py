"""A new project: what is held out, what is refused, the first guidelines, and the folder, whole or not at all."""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from canvass.annotation.project.annotations import utterance_record
from canvass.annotation.project.settings import LabelGuide, Settings
from canvass.annotation.project.settings_file import write_settings
from canvass.annotation.store.task_store import Store
from canvass.corpus.formats import jsonl
from canvass.corpus.labelled import check_examples
from canvass.corpus.normalise import key_of
from canvass.errors import FileError, TrainingError
from canvass.features.word_features import WordFeatures
from canvass.files import STANDARD_STREAM, check_output, private, whole_folder
from canvass.seeding import uniform
from canvass.selection.selection_models import check_models
from canvass.strategies import STRATEGIES
from canvass.types import Target, Utterance

SETTINGS, DATABASE, LABELLED, TEST, LOCK, WORDS = (
    "canvass.toml",
    "canvass.db",
    "labelled.jsonl",
    "test.jsonl",
    "canvass.lock",
    "words.npz",
)
LEARNT = "words"  # a fact of the store: what the word features are of, and since when
HELD_OUT = 0.2
FEWEST_HELD_OUT = 5  # an error rate of fewer utterances says nothing
EXAMPLES = 3  # of a label in its guideline
LONGEST = 100  # characters of an example, where there are shorter ones


def hold_out(
    labelled: Sequence[Utterance], target: Target, seed: int
) -> tuple[list[Utterance], list[Utterance]]:
    """Cut a fifth off a labelled set: what stays, and what is held out for the error curve.

    It is a fifth of the keys of the target and a fifth of those of the rest, the ones with the smallest hashes, so that
    a small target gets its share too. All utterances of a key are on one side. Nothing is held out where errors would
    be counted on fewer than `FEWEST_HELD_OUT`.
    """
    groups: dict[bool, set[str]] = {True: set(), False: set()}
    for utterance in labelled:
        groups[target.matches(utterance)].add(key_of(utterance.text))
    groups[False] -= groups[True]
    chosen: set[str] = set()
    for keys in groups.values():
        drawn = sorted(keys, key=lambda key: (uniform(seed, "held out", key), key))
        chosen.update(drawn[: round(HELD_OUT * len(drawn))])
    kept: list[Utterance] = []
    test: list[Utterance] = []
    for utterance in labelled:
        (test if key_of(utterance.text) in chosen else kept).append(utterance)
    has_slots = annotates_slots(labelled, target)
    if sum(is_counted(utterance, target, has_slots=has_slots) for utterance in test) < FEWEST_HELD_OUT:
        return list(labelled), []
    return kept, test


def annotates_slots(utterances: Sequence[Utterance], target: Target) -> bool:
    """Tell whether any utterance of the target is annotated for slots."""
    return any(target.matches(utterance) and utterance.slots is not None for utterance in utterances)


def is_counted(utterance: Utterance, target: Target, *, has_slots: bool) -> bool:
    """Tell whether errors are counted on an utterance: one of the target, annotated for slots where any is."""
    return target.matches(utterance) and (utterance.slots is not None or not has_slots)


def without_keys_of(labelled: Sequence[Utterance], test: Sequence[Utterance]) -> list[Utterance]:
    """Leave out what has a key of a test set, so that errors are counted on what no model has seen."""
    keys = {key_of(utterance.text) for utterance in test}
    return [utterance for utterance in labelled if key_of(utterance.text) not in keys]


def check_enough(
    labelled: Sequence[Utterance], test: Sequence[Utterance], target: Target, *, strategy: str, held_out: bool
) -> None:
    """Refuse a target with too few utterances to train on, or a test set of somebody's own without any of them.

    Raises TargetError or TrainingError; the sentence says how many there are, and how many are needed.
    """
    everything = [*labelled, *test] if held_out else labelled
    check_examples(everything, target, sum(map(target.matches, everything)))
    has_slots = annotates_slots(everything, target)
    if not held_out and not any(is_counted(utterance, target, has_slots=has_slots) for utterance in test):
        with_slots = " annotated for slots" if has_slots else ""
        raise TrainingError(
            f"the test set has no utterance of {target}{with_slots}, so no error could be counted; name another with "
            "--test, or leave it out: a fifth of LABELLED is held out then"
        )
    intents = {utterance.intent for utterance in labelled if target.matches(utterance) and utterance.intent}
    annotated = sum(target.matches(utterance) and utterance.slots is not None for utterance in labelled)
    check_models(STRATEGIES[strategy], target, intents=intents, annotated=annotated)
    check_examples(labelled, target, sum(map(target.matches, labelled)))


def guides_of(
    utterances: Sequence[Utterance], target: Target, *, seed: int
) -> tuple[tuple[LabelGuide, ...], tuple[LabelGuide, ...]]:
    """List the intents and slot labels of a target by name, each with examples that are drawn by hash of the key."""
    intents: defaultdict[str, list[str]] = defaultdict(list)
    slots: defaultdict[str, list[str]] = defaultdict(list)
    ours = {
        key_of(utterance.text): utterance for utterance in reversed(utterances) if target.matches(utterance)
    }
    for key in sorted(ours, key=lambda key: (len(key) > LONGEST, uniform(seed, "examples", key), key)):
        utterance = ours[key]
        if utterance.intent:
            intents[utterance.intent].append(" ".join(utterance.text.split()))
        for label in sorted({slot.label for slot in utterance.slots or ()}):
            slots[label].append(in_brackets(utterance, label))
    for name in target.intents:
        intents.setdefault(name, [])  # also of a target that has no example yet
    return _guides(intents), _guides(slots)


def in_brackets(utterance: Utterance, label: str) -> str:
    """Show an utterance with the values of a slot label in square brackets, white space as single blanks.

    >>> from canvass.types import Slot, Utterance
    >>> in_brackets(Utterance("play river", slots=(Slot(5, 10, "SongName"),)), "SongName")
    'play [river]'
    """
    text = utterance.text
    parts, end = [], 0
    for slot in utterance.slots or ():
        if slot.label == label:
            parts += [text[end : slot.start], "[", text[slot.start : slot.end], "]"]
            end = slot.end
    return " ".join("".join([*parts, text[end:]]).split())


def _guides(examples: dict[str, list[str]]) -> tuple[LabelGuide, ...]:
    return tuple(
        LabelGuide(name=name, examples=tuple(examples[name][:EXAMPLES])) for name in sorted(examples)
    )


def write_project(
    folder: Path,
    settings: Settings,
    labelled: Sequence[Utterance],
    test: Sequence[Utterance],
    words: WordFeatures | None,
) -> None:
    """Write the files of a new project, for their owner alone: they hold what users said.

    Raises FileError if there is a project, or anything else, in the folder, or it cannot be written, and StoreError if
    the folder is of a network file system.
    """
    refuse_folder(folder)
    check_output(folder.parent / f"{folder.name}.project")
    with private(), whole_folder(folder) as place:
        for name, utterances, split in ((LABELLED, labelled, "train"), (TEST, test, "test")):
            jsonl.write(
                str(place / name),
                (utterance_record(replace(utterance, split=split)) for utterance in utterances),
            )
        store = Store.create(place / DATABASE)
        if words is not None:
            write_words(place, store, words)
        store.close()
        write_settings(place / SETTINGS, settings)


def write_words(folder: Path, store: Store, words: WordFeatures) -> None:
    """Keep word features in the folder of a project, in the place of those that are there."""
    with private():
        words.save(folder / WORDS)
    facts = {
        "at": time.time(),
        "words": len(words.words),
        "requests": words.requests,
        "digest": words.digest,
    }
    store.set_fact(LEARNT, json.dumps(facts))


def refuse_folder(folder: Path) -> None:
    """Refuse a folder that already holds something; raises FileError."""
    if str(folder) == STANDARD_STREAM:
        raise FileError("- is no folder; name one for the project")
    if (folder / SETTINGS).exists():
        raise FileError(
            f"{folder} is a project already; open it with canvass annotate, or name another folder"
        )
    if folder.exists() and not folder.is_dir():
        raise FileError(f"{folder} is a file; name a folder for the project")
    if folder.is_dir() and any(folder.iterdir()):
        raise FileError(f"{folder} is not empty; name a new folder for the project")
