"""Labelled sets with one intent, with single examples, or with hundreds of names: every command copes, or says why not."""

import json
from dataclasses import replace

import pytest
from commands import refused, write

from canvass.types import Slot, Utterance
from examples import labelled_and_rest, music
from parameters import slow_unless

ALL = ("--target", "all")
PAGE = ("annotate", "project", "--get", "/api/project")


def renamed(utterances, name):
    """Give each slot the label that `name` makes of its number."""
    return [
        replace(one, slots=tuple(replace(slot, label=f"{slot.label}{name(place)}") for slot in one.slots))
        for place, one in enumerate(utterances)
    ]


def with_intents(utterances, name):
    return [replace(one, intent=name(place, one.intent)) for place, one in enumerate(utterances)]


CASES = {
    "one intent": lambda: with_intents(music(), lambda *_: "PlayMusic"),
    "an intent with one example": lambda: [*music(), Utterance("hum me a tune", intent="Hum", slots=())],
    "intents with one example alone": lambda: with_intents(music(), lambda place, _: f"intent {place}"),
    "names that differ by case": lambda: renamed(
        with_intents(music(), lambda place, intent: intent if place % 2 else intent.lower()),
        lambda place: "" if place % 2 else " ",
    ),
    "300 labels": lambda: [
        Utterance(f"play song{place} now", intent="Play", slots=(Slot(5, 9 + len(str(place)), f"label{place % 300}"),))
        for place in range(600)
    ],
    "1,000 intents": lambda: [
        Utterance(f"{verb} thing{place}", intent=f"intent{place}", slots=())
        for place in range(1000)
        for verb in ("fetch", "bring")
    ],
}  # fmt: skip


@pytest.mark.parametrize("case", slow_unless(["one intent"], CASES))
def test_every_command_copes(canvass, folder, case):
    utterances = CASES[case]()
    write(folder / "labelled.jsonl", utterances)
    write(folder / "test.jsonl", utterances[::3])
    write(folder / "pool.jsonl", labelled_and_rest()[1], annotated=False)
    intents = {one.intent for one in utterances}
    labels = {slot.label for one in utterances for slot in one.slots}
    said = ""
    for words in (
        ("train", "labelled.jsonl", *ALL, "-o", "m.npz"),
        ("evaluate", "m.npz", "test.jsonl"),
        ("select", "labelled.jsonl", "pool.jsonl", *ALL, "-n", "3", "-o", "batch.jsonl"),
        ("check", "labelled.jsonl", "--json"),
        ("new", "project", "labelled.jsonl", "pool.jsonl", *ALL, "--test", "test.jsonl"),
        ("labels", "project"),
        PAGE,
    ):
        told = canvass(*words)
        assert told.code == 0, (words, told.err)
        assert told.err.count("\n") < 5
        said += told.err
        if words[0] == "check":
            kinds = json.loads(told.out)["counts"]
        elif words[0] == "labels":
            rows = [line.split("\t")[:2] for line in told.out.splitlines()]
            assert {name for kind, name in rows if kind == "intent"} == intents
            assert {name for kind, name in rows if kind == "slot"} == labels
        elif words == PAGE:
            shown = json.loads(told.out)
            assert {one["name"] for one in shown["intents"]} == intents
            assert {one["name"] for one in shown["slots"]} == labels
    assert ("differ by case" in said) == (kinds.get("names", 0) > 0) == ("case" in case)
    assert (kinds.get("single example", 0) > 0) == ("one example" in case)


@pytest.mark.slow
@pytest.mark.parametrize("case", ["one intent", "intents with one example alone", "1,000 intents"])
def test_a_study_copes_or_says_why_not(canvass, folder, case):
    write(folder / "labelled.jsonl", CASES[case]())
    words = ("--seeds", "1", "--seed-size", "10", "--rounds", "1", "--batch", "5", "-s", "margin-joint")
    told = canvass("simulate", "labelled.jsonl", *ALL, *words, "--test", "fifth", "--out", "study")
    assert told.code == 0 or refused(told)
