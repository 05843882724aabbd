"""`canvass discover`: what a labelled set lacks of a pool."""

import json

import pytest
from commands import refused, write, write_records

from canvass.annotation.project.groups import groups_of, refuse_group
from canvass.annotation.project.project import Project
from canvass.types import Utterance
from word_pools import requests

SONG, WEATHER, PLAY = "a song by", "what is the weather", "please"


def intent_of(text):
    return "song" if SONG in text else "weather" if WEATHER in text else "play"


@pytest.fixture
def labelled(tmp_path):
    path = tmp_path / "labelled.jsonl"
    known = [text for text in sorted(set(requests(400, seed=1))) if intent_of(text) != "play"]
    write(path, [Utterance(text, intent=intent_of(text)) for text in known])
    return path


@pytest.fixture
def pool(tmp_path):
    path = tmp_path / "pool.txt"
    path.write_text("\n".join(requests(1500)) + "\n")
    return path


def test_what_is_not_annotated_comes_first(canvass, labelled, pool, tmp_path):
    out, page = tmp_path / "groups.jsonl", tmp_path / "groups.html"
    result = canvass("discover", labelled, pool, "--json", "--out", out, "--report", page, "--groups", "4")
    assert (result.code, result.err) == (0, "")
    found = json.loads(result.out)
    assert found["requests"] == 1500
    assert len(found["groups"]) == 4
    for group in found["groups"]:
        assert {intent_of(text) for text in [*group["typical"], *group["various"]]} == {"play"}
        assert "please" in group["name"] or "some" in group["name"]
        assert group["labelled"] == 0
        assert 0 <= group["lost"] <= group["requests"]
        assert 1 < len(group["typical"]) <= 6
        assert len(set(group["various"])) == len(group["various"])
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert {row["group"] for row in rows} == {1, 2, 3, 4}
    assert {intent_of(row["text"]) for row in rows} == {"play"}
    html = page.read_text()
    assert "<svg" in html
    assert "<script" not in html
    # The groups that have a colour are named in it, below the map.
    for number, group in enumerate(found["groups"], 1):
        assert f'var(--s{number})">\u25cf</span> {number}. {group["name"]}</li>' in html
    assert found["groups"][0]["typical"][0] in html


@pytest.mark.slow
def test_refused_groups_stay_refused_in_another_pool(canvass, labelled, pool, tmp_path):
    out, refused_file, other = tmp_path / "groups.jsonl", tmp_path / "refused.jsonl", tmp_path / "other.txt"
    words = "--groups", "4", "--out", out
    canvass("discover", labelled, pool, *words)
    unwanted = [row for line in out.read_text().splitlines() if (row := json.loads(line))["group"] <= 2]
    write_records(refused_file, unwanted)
    texts = {row["text"] for row in unwanted}
    other.write_text("\n".join([*requests(1500), *requests(300, seed=7)]) + "\n")
    for name in (pool, other):
        assert canvass("discover", labelled, name, *words, "--refused", refused_file).code == 0
        rows = [json.loads(line) for line in out.read_text().splitlines()]
        for number in range(1, 5):
            group = [row["text"] in texts for row in rows if row["group"] == number]
            assert sum(group) < len(group) / 4
    (tmp_path / "nothing.jsonl").write_text("")
    assert canvass("discover", labelled, pool, "--refused", tmp_path / "nothing.jsonl").code == 0


@pytest.mark.slow
def test_order_threads_and_blocks_change_nothing(canvass, labelled, pool, tmp_path, small_blocks):
    first = canvass("discover", labelled, pool, "--json")
    assert first.code == 0
    lines = pool.read_text().splitlines()
    for number, half in enumerate((lines[600:], lines[:600])):
        (tmp_path / f"part{number}.txt").write_text("\n".join(sorted(half)) + "\n\n")
    parts = tmp_path / "part0.txt", tmp_path / "part1.txt"
    small_blocks(70)
    again = canvass("discover", labelled, *parts, "--json", "--threads", "1")
    assert again.out == first.out


@pytest.mark.slow
def test_counts_are_traffic_and_piped_lines_have_tabs(canvass, labelled, pool, tmp_path):
    weighed = tmp_path / "weighed.jsonl"
    texts = requests(1500)
    write_records(weighed, [{"text": text, "count": 7} for text in texts])
    rows = [line.split("\t") for line in canvass("discover", labelled, pool).out.splitlines()]
    times_seven = [line.split("\t") for line in canvass("discover", labelled, weighed).out.splitlines()]
    assert [len(row) for row in rows] == [6] * len(rows)
    number = [int(row[1].replace(",", "")) for row in rows]
    assert [int(row[1].replace(",", "")) for row in times_seven] == [7 * requests for requests in number]


def test_intents_with_few_examples_are_listed(canvass, pool, tmp_path):
    path = tmp_path / "labelled.jsonl"
    texts = sorted(set(requests(600, seed=1)))
    songs = [text for text in texts if intent_of(text) == "song"]
    weather = [text for text in texts if intent_of(text) == "weather"][:12]
    write(path, [Utterance(text, intent=intent_of(text)) for text in songs + weather])
    found = json.loads(canvass("discover", path, pool, "--json").out)
    assert [(row["label"], row["labelled"]) for row in found["scarce"]] == [("weather", 12)]
    exact = sum(intent_of(text) == "weather" for text in requests(1500))
    assert abs(found["scarce"][0]["requests"] - exact) < 0.2 * exact


def test_bad_input_is_told_in_a_sentence(canvass, labelled, pool, tmp_path):
    empty, same, one = tmp_path / "empty.txt", tmp_path / "same.txt", tmp_path / "one.jsonl"
    empty.write_text("")
    same.write_text("turn on the light\n" * 1000)
    write(one, [Utterance("play", intent="song")])
    assert refused(canvass("discover", labelled, empty), "empty pool", "empty.txt")
    assert refused(canvass("discover", labelled, same), "POOL has 1 different requests", "50 are needed")
    assert refused(canvass("discover", labelled, "-", stdin=b"play\n"), "POOL is read twice")
    assert refused(canvass("discover", one, pool), "LABELLED has 1 intents or domains; at least two")
    assert refused(canvass("discover", labelled), "POOL is missing")
    assert refused(canvass("discover", labelled, pool, "--groups", "0"), "--groups 0 makes no sense")
    assert refused(canvass("discover", labelled, pool, "--report", "map.svg"), "end the name in .html")
    assert refused(canvass("discover", labelled, pool, "--out", "map.csv"), "end the name in .jsonl")


def growth_of(result):
    """Read the growth of the groups about songs, and of the others."""
    found = json.loads(result.out)
    assert (result.code, found["since"], found["older"], found["newer"]) == (0, "2026-11-03", 300, 320)
    return [(SONG in group["typical"][0], group["older"], group["newer"]) for group in found["groups"]]


@pytest.mark.slow
def test_growth_is_told_by_a_column_of_dates_or_by_the_names_of_the_files(canvass, pool, tmp_path):
    labelled = tmp_path / "labelled.jsonl"
    known = [text for text in sorted(set(requests(400, seed=1))) if intent_of(text) != "song"]
    write(labelled, [Utterance(text, intent=intent_of(text)) for text in known])
    days = ["2026-11-01", "2026-11-02", "2026-11-03", "2026-11-10"]
    texts = [text for text in requests(1500, seed=5) if text not in set(known)]
    songs = iter(dict.fromkeys(text for text in texts if intent_of(text) == "song"))
    others = iter(text for text in texts if intent_of(text) != "song")
    rows = []
    for day, of_songs, of_all in zip(days, (10, 10, 50, 50), (150, 150, 160, 160), strict=True):
        taken = [next(songs) for _ in range(of_songs)] + [next(others) for _ in range(of_all - of_songs)]
        rows += [{"text": text, "at": f"{day}T10:00:00Z"} for text in taken]
    dated = tmp_path / "pool"
    dated.mkdir()
    for day in days:
        write_records(dated / f"{day}.jsonl", [row for row in rows if row["at"].startswith(day)])
    whole, table = tmp_path / "whole.jsonl", tmp_path / "pool.csv"
    write_records(whole, rows[::-1])
    table.write_text("text,at\n" + "".join(f"{row['text']},{row['at']}\n" for row in rows))
    by_name = growth_of(canvass("discover", labelled, dated, "--json"))
    assert by_name[0][0]
    of_songs = [row for row in by_name if row[0]]
    assert sum(row[2] for row in of_songs) > 3 * sum(row[1] for row in of_songs)
    for name in (whole, table):
        assert growth_of(canvass("discover", labelled, name, "--json", "--date", "at")) == by_name
    page = tmp_path / "page.html"
    lines = canvass("discover", labelled, dated, "--report", page).out.splitlines()
    assert lines[0].split("\t")[4] in {
        "new",
        f"{by_name[0][2] / 320 * 300 / max(by_name[0][1], 1) - 1:+.0%}",
    }
    assert "since 2026-11-03" in page.read_text()
    assert json.loads(canvass("discover", labelled, whole, "--json").out)["since"] is None
    for name in (whole, table):
        assert refused(canvass("discover", labelled, name, "--date", "day"), "--date day: no request of POOL")
    write_records(whole, [*rows, {"text": "play", "at": "yesterday"}])
    assert refused(canvass("discover", labelled, whole, "--date", "at"), "has 'yesterday'; expected a date")


@pytest.mark.slow
def test_a_project_gets_the_groups_and_its_refusals_hold(canvass, labelled, pool, tmp_path):
    folder = tmp_path / "assistant"
    assert canvass("new", folder, labelled, pool, "--target", "intent:song").code == 0
    first = json.loads(canvass("discover", folder, "--to-page", "--groups", "3", "--json").out)["groups"]
    with Project.open(folder) as project:
        sent = groups_of(project)
        assert [(group.name, group.requests) for group in sent] == [
            (group["name"], group["requests"]) for group in first
        ]
        refuse_group(project, sent[0].texts[0])
    again = json.loads(canvass("discover", folder, "--groups", "3", "--json").out)["groups"]
    assert first[0]["typical"][0] not in {group["typical"][0] for group in again}
    assert refused(canvass("discover", labelled, pool, "--to-page"), "--to-page", "of a project")
    assert refused(canvass("discover", folder, pool), "has a pool of its own")
