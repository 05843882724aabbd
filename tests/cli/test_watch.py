"""`canvass watch`: whether new requests are like those before."""

import json
import os

import pytest
from commands import refused, write, write_records

from canvass.types import Utterance
from word_pools import requests


@pytest.fixture
def labelled(tmp_path):
    path = tmp_path / "labelled.jsonl"
    known = sorted(set(requests(300, seed=9)))
    write(path, [Utterance(text, intent="weather" if "weather" in text else "other") for text in known])
    return path


@pytest.fixture
def pool(tmp_path):
    folder = tmp_path / "pool"
    folder.mkdir()
    add(folder, "a", requests(3000, seed=1))
    return folder


def add(folder, name, texts):
    (folder / f"{name}.txt").write_text("\n".join(texts) + "\n")


def test_a_quiet_window_and_one_with_an_intent_never_seen(canvass, labelled, pool, tmp_path):
    state, page = tmp_path / "watch.json", tmp_path / "watch.html"
    words = "watch", labelled, pool, "--state", state, "--report", page
    assert canvass(*words).out == "3,000 new requests are the reference from now on\n"
    add(pool, "b", requests(2000, seed=2))
    quiet = canvass(*words, "--json")
    assert quiet.code == 0
    assert json.loads(quiet.out) == {
        "new_files": 1, "requests": 2000, "changed": False, "changes": [], "state": "compared",
    }  # fmt: skip
    kept = state.read_bytes()
    assert canvass(*words).out == "nothing new\n"
    assert state.read_bytes() == kept
    add(pool, "c", requests(1900, seed=3) + [f"send {n} bitcoin to place{n}" for n in range(100)])
    changed = canvass(*words, "--json")
    assert changed.code == 3
    found = {(change["kind"], change["name"]): change for change in json.loads(changed.out)["changes"]}
    group = next(change for (kind, _), change in found.items() if kind == "group")
    assert "bitcoin" in group["name"]
    assert group["before"] == 0 < group["now"]
    assert all("bitcoin" in example for example in group["examples"])
    bitcoin = found["word", "bitcoin"]
    assert (bitcoin["before"], bitcoin["now"]) == (0, 0.05)
    assert len(bitcoin["examples"]) == 3
    assert all("bitcoin" in example for example in bitcoin["examples"])
    assert "bitcoin" in page.read_text()
    assert canvass(*words).code == 0  # the same call again: nothing is new


def test_too_few_new_requests_wait(canvass, labelled, pool, tmp_path):
    state = tmp_path / "watch.json"
    words = "watch", labelled, pool, "--state", state
    assert canvass(*words).code == 0
    kept = state.read_bytes()
    (pool / "b.txt").write_text("")
    assert canvass(*words).out == "0 new requests, too few for a window; they are kept for the next call\n"
    add(pool, "b", ["weather in place1"] * 999)
    assert canvass(*words).out == "999 new requests, too few for a window; they are kept for the next call\n"
    assert state.read_bytes() == kept
    result = canvass(*words, "--window", "999")
    assert result.code == 3
    assert "weather\t" in result.out


def test_bad_input_is_told_in_a_sentence(canvass, labelled, pool, tmp_path):
    state = tmp_path / "watch.json"
    words = "watch", labelled, pool, "--state", state
    assert refused(canvass("watch", labelled, "-", "--state", state), "POOL is standard input")
    assert refused(canvass("watch", labelled, pool, "--state", "state"), "end the name in .json")
    assert refused(canvass(*words, "--window", "0"), "--window 0 makes no sense")
    assert canvass(*words).code == 0
    write(labelled, [Utterance("play", intent="a"), Utterance("stop", intent="b")])
    assert refused(canvass(*words), "LABELLED has changed since the reference was made")
    for damaged in ("{", "[]", '{"kind": "watch"}'):
        state.write_text(damaged)
        assert refused(canvass(*words), "not what canvass watch of this version writes")


def test_an_empty_pool_and_windows_without_rows_wait(canvass, labelled, tmp_path):
    folder, state = tmp_path / "pool", tmp_path / "watch.json"
    folder.mkdir()
    words = "watch", labelled, folder, "--state", state
    assert refused(canvass(*words), "pool")
    (folder / "a.txt").write_text("")
    assert canvass(*words).out == "0 new requests, too few for a window; they are kept for the next call\n"
    assert not state.exists()
    add(folder, "b", requests(1500, seed=1))
    assert "1,500 new requests are the reference" in canvass(*words).out
    (folder / "c.jsonl").write_text("")
    assert canvass(*words).code == 0


@pytest.mark.slow
def test_one_request_a_million_times_is_a_change(canvass, labelled, tmp_path):
    folder, state = tmp_path / "pool", tmp_path / "watch.json"
    folder.mkdir()
    words = "watch", labelled, folder, "--state", state
    many = {"text": "weather in place1", "count": 1_000_000}
    write_records(folder / "a.jsonl", [many])
    assert canvass(*words).out == "1,000,000 new requests are the reference from now on\n"
    write_records(folder / "b.jsonl", [many])
    assert canvass(*words).out == "1,000,000 new requests: as before\n"
    write_records(folder / "c.jsonl", [{"text": text} for text in requests(1500, seed=1)])
    assert canvass(*words).code == 3
    write_records(folder / "d.jsonl", [many, *({"text": text} for text in requests(1500, seed=2))])
    assert canvass(*words).code == 3


@pytest.mark.slow
def test_a_clock_that_jumps_changes_nothing(canvass, labelled, pool, tmp_path):
    state = tmp_path / "watch.json"
    words = "watch", labelled, pool, "--state", state
    assert canvass(*words).code == 0
    kept = state.read_bytes()
    for moment in (0, 4_000_000_000):
        os.utime(pool / "a.txt", (moment, moment))
        assert canvass(*words).out == "nothing new\n"
    add(pool, "b", requests(2000, seed=2))
    os.utime(pool / "b.txt", (0, 0))  # older than the reference
    assert canvass(*words).out == "2,000 new requests: as before\n"
    assert state.read_bytes() != kept
