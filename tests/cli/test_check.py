"""`canvass check`, and what `train` and `new` tell of it in short."""

import json

from commands import write, write_records

from examples import labelled_and_rest

KNOWN, _ = labelled_and_rest()
TWICE = [
    {"text": "good day", "domain": "music", "intent": name, "slots": []} for name in ("Greet", "greet", "Bye")
]


def test_check_lists_and_train_and_new_tell(canvass, folder):
    clean = canvass("check", "labelled.jsonl")
    assert clean.code == 0
    write_records(
        folder / "odd.jsonl", [*map(json.loads, (folder / "labelled.jsonl").read_text().splitlines()), *TWICE]
    )
    found = canvass("check", "odd.jsonl")
    assert (found.code, found.err) == (0, "")
    facts = json.loads(canvass("check", "odd.jsonl", "--json").out)
    assert facts["records"] == len(KNOWN) + 3
    assert facts["counts"]["contradiction"] == 2
    assert [f"{one['kind']}: {one['words']}" for one in facts["findings"]] == found.out.splitlines()
    for words in (
        ["train", "odd.jsonl", "-d", "music", "-o", "m.npz"],
        ["new", "project", "odd.jsonl", "pool.jsonl", "-d", "music"],
    ):
        told = canvass(*words)
        assert told.code == 0
        assert f"odd.jsonl:{len(KNOWN) + 1} and intent 'greet' at odd.jsonl:{len(KNOWN) + 2}" in told.err
        assert "the intents 'Greet' (1), 'greet' (1) differ by case or blanks alone" in told.err
        assert "canvass check LABELLED" in told.err
    assert "canvass check" not in canvass("train", "labelled.jsonl", "-d", "music", "-o", "m.npz").err


def test_nothing_found(canvass, folder):
    music = [one for one in KNOWN if one.domain == "music"]
    write(folder / "music.jsonl", music)
    assert canvass("check", "music.jsonl").out == f"{len(music):,} records: nothing found\n"
