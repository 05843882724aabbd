"""What people see on a terminal; run on a real one (a pty)."""

import json
import re
import sys

import pytest
from commands import MUSIC, write, write_records
from rich.console import Console

from canvass.cli import batches
from canvass.cli.batches import COLOURS, show_candidates
from canvass.cli.terminal import harmless, print_json
from canvass.types import Candidate, Prediction, Slot
from examples import labelled_and_rest

KNOWN, REST = labelled_and_rest()
NASTY = "play \x1b[2J\x9b31m[bold]moon[/bold] [/] \u202eby\u2066 \x07björk\r\n[link=x]u2[/link]\x00"


def shown(*candidates, width=80, limit=10, colour=False):
    console = Console(
        width=width, force_terminal=True, color_system="truecolor" if colour else None, markup=False
    )
    with console.capture() as capture:
        show_candidates(console, candidates, limit)
    return capture.get()


def candidate(text, *slots, certainty=(), why="filter", intent="PlayMusic", count=1, members=None):
    prediction = Prediction(intent, 0.5, tuple(slots), 0.25, certainty)
    scores = {"logistic": 0.0, "hinge": -1.0, "squared": 0.5} if members is None else members
    return Candidate(
        1, "1", text, text, count, -1.0, scores, prediction, why, "majority-joint", "domain:music"
    )


def test_select_shows_choices_then_the_summary(on_terminal, folder):
    result = on_terminal(
        "select", "labelled.jsonl", "pool.jsonl", "--target", "domain:music", "-n", "12", "-o", "b.jsonl"
    )
    assert result.code == 0
    text = result.text
    order = [
        "PlayMusic",
        "and 2 more",
        "underlined: ",
        "votes: ",
        "rows read",
        "distinct",
        "already labelled",
    ]
    order += ["too long", "passed the filter", "chosen", "of these to fill", "seconds to train"]
    order += ["seconds to choose", "utterances a second", "Wrote b.jsonl."]
    places = [text.index(words) for words in order]
    assert places == sorted(places)
    assert re.search(rf"rows read +{len(REST)}\n", text)
    assert re.search(r"distinct +~\d+\n", text)
    assert re.search(r"chosen +12\n", text)
    assert "sure: target " in text
    assert "SongName" in text
    # Colours, underlines, and the bar on the way.
    assert "\x1b[1;38;5;" in result.out
    assert "\x1b[4m" in result.out or ";4m" in result.out or "\x1b[1;4;" in result.out
    assert "reading the pool" in text
    assert "training on " in text
    final = text[text.rindex("\x1b") + 1 :] if "\x1b" in text else text
    assert max(len(line) for line in re.split(r"[\r\n]", final)) <= 80
    assert (folder / "b.jsonl").read_text(encoding="utf-8").count("\n") == 12


def test_warning_and_error_are_wrapped_at_words(on_terminal, folder):
    result = on_terminal("select", "labelled.jsonl", "nix.jsonl", *MUSIC, columns=40)
    assert result.code == 2
    assert result.text == "canvass: nix.jsonl: no such file or \nfolder; check the name\n"


def test_piped_there_is_no_bar(canvass, folder):
    assert "reading the pool" not in canvass("select", "labelled.jsonl", "pool.jsonl", *MUSIC).err


@pytest.mark.slow
def test_texts_do_not_act_on_a_narrow_terminal_without_colours(on_terminal, folder):
    write(folder / "more.jsonl", [one for one in KNOWN if one.domain != "music"])
    rows = [
        {"text": "play river", "domain": "a\x1b[41m[red]b", "intent": "Play [b]\x1b[45m", "slots": [{"start": 5, "end": 10, "label": "Song [u]\x1b[46m Name"}]},
        {"text": "play thriller", "domain": "a\x1b[41m[red]b", "intent": "Play [b]\x1b[45m", "slots": [{"start": 5, "end": 13, "label": "Song [u]\x1b[46m Name"}]},
    ]  # fmt: skip
    write_records(folder / "nasty.jsonl", rows)
    write_records(folder / "pool.jsonl", [{"text": NASTY}, {"text": "play moon"}])
    (folder / "known").mkdir()
    for name in ("more.jsonl", "nasty.jsonl"):
        (folder / name).rename(folder / "known" / name)
    result = on_terminal(
        "select",
        "known",
        "pool.jsonl",
        "--target",
        "domain:a\x1b[41m[red]b",
        "-n",
        "2",
        columns=40,
        NO_COLOR="1",
    )
    assert result.code == 0
    for act in (
        "\x1b[2J\x9b",
        "\x9b",
        "\u202e",
        "\u2066",
        "\x07",
        "\x00",
        "\x1b[45m",
        "\x1b[46m",
        "\x1b[41m[red]",
    ):
        assert act not in result.out
    for literal in ("[bold]moon[/bold]", "[link=x]u2[/link]", "Play [b]", "[/]"):
        assert literal.replace(" ", "") in "".join(result.text.split())
    assert "rows read" in result.text
    assert "Nothing was written; add --out" in result.text
    codes = re.findall(r"\x1b\[([0-9;]*)m", result.out)
    assert codes
    assert (
        max(int(code) for some in codes for code in some.split(";")) < 30
    )  # bold, dim, underlined; no colour


def test_json_does_not_act_on_the_terminal_either(monkeypatch, capsys):
    print_json({"text": NASTY})
    assert "\x1b" not in capsys.readouterr().out  # JSON itself escapes these
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    print_json({"text": NASTY})
    out = capsys.readouterr().out
    assert out.isascii()
    assert json.loads(out) == {"text": NASTY}


def test_harmless_keeps_the_length_and_what_is_readable():
    assert len(harmless(NASTY)) == len(NASTY)
    assert harmless(NASTY).isprintable()
    readable = "Łódź क्षि 音楽 👨\u200d👩\u200d👧 می\u200cخواهم"
    assert harmless(readable) == readable
    assert harmless("a\tb\u00a0c\u3000d\x00\n") == "a b c d\ufffd\ufffd"


def test_slots_are_coloured_and_doubtful_words_underlined():
    one = candidate(
        "play blue moon", Slot(5, 14, "Song Name"), certainty=((0, 4, 0.99), (5, 9, 0.4), (10, 14, 0.89))
    )
    first = shown(one, colour=True).splitlines()[0]
    assert ("play \x1b[1;4;38;2;33;129;196mblue\x1b[0m\x1b[1;38;2;33;129;196m \x1b[0m\x1b[1;4;38;2;33;129;196mmoon\x1b[0m") in first  # fmt: skip
    plain = shown(one)
    assert "PlayMusic  Song Name blue moon" in plain
    assert "sure: target 50%, intent 50%, slots 25%  ·  votes +0.0 -1.0 +0.5" in plain
    assert "underlined: " in plain


def test_what_there_is_no_model_for_is_not_shown():
    one = Candidate(1, "1", "play", "play", 7, 0.5, {}, None, "fill", "random", "domain:music")
    text = shown(one)
    assert "votes" not in text
    assert "sure" not in text
    assert "seen 7 times  ·  fill" in text
    assert "fill: did not pass the filter" in text
    assert "intent" not in shown(candidate("play", intent=None))


def test_extreme_scores_do_not_overflow():
    assert "target 0%" in shown(candidate("play", members={"logistic": -1e9}))
    assert "target 100%" in shown(candidate("play", members={"logistic": 1e9}))


def test_very_long_texts_and_many_slots_are_cut():
    text = "a" * 5000
    slots = [Slot(i, i + 1, f"label {i}") for i in range(0, 100, 2)]
    found = shown(candidate(text, Slot(290, 5000, "long"), certainty=((299, 5000, 0.1),)), width=1000)
    assert "a" * 300 + "…" in found
    assert "a" * 301 not in found
    assert "long " + "a" * 60 + "…" in found
    assert "and 38 more slots" in shown(candidate(text, *slots)).replace("\n      ", " ")


@pytest.mark.parametrize("width", [20, 40, 80, 200])
def test_every_width(width):
    one = candidate("play blue moon by björk 音楽" * 9, Slot(5, 14, "Song [b]Name"), count=5, why="fill")
    for line in shown(one, one, width=width, limit=1).splitlines():
        assert len(line) <= width


def luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("colour", COLOURS)
def test_colours_are_readable_on_black_and_on_white(colour):
    assert (luminance(colour) + 0.05) / 0.05 >= 4
    assert 1.05 / (luminance(colour) + 0.05) >= 4


def test_more_labels_than_colours():
    labels = [f"l{i}" for i in range(20)]
    assert len(batches._colours_of(labels)) == 20
