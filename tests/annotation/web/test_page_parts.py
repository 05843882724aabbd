"""The page's own functions, called in the browser and compared with plain twins; and the colours of its style sheet."""

import itertools
import re
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pages import CHROMIUM, browser_of, examples

from canvass.annotation.web.app import PAGE, TYPES
from canvass.corpus.spans import text_tokens

playwright = pytest.importorskip(
    "playwright.sync_api", reason="a browser is driven by playwright: pip install playwright"
)
needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium: apt-get install chromium")
HERE = "http://page.test"
MODULES = ("text", "spans", "cursor", "labels", "draft", "keys", "offers")
GUIDE = Path(__file__).parents[3] / "docs" / "annotate.md"


@pytest.fixture(scope="module")
def modules():
    """A page that has the modules of pure functions, and nothing else; no server is needed."""
    with browser_of(playwright) as browser:
        page = browser.new_page()

        def answer(route):
            name = route.request.url.removeprefix(f"{HERE}/")
            path = PAGE / name
            if path.suffix == ".js":
                route.fulfill(body=path.read_text(), content_type=TYPES[".js"])
            else:
                route.fulfill(body="<!doctype html>", content_type=TYPES[".html"])

        page.route("**", answer)
        page.goto(HERE)
        page.evaluate(
            "async names => { for (const name of names) window[name] = await import(`/${name}.js`) }",
            list(MODULES),
        )
        yield page


CHARACTERS = st.one_of(
    st.characters(exclude_categories=["Cs"]), st.sampled_from("ab 's歌\u200d👩👧🇫🇷\u0301אבกำ\u202e\n\t-")
)
TEXTS = st.text(CHARACTERS, max_size=25)


@needs_browser
@examples(20)
@given(st.lists(TEXTS, min_size=1, max_size=20))
@example(["👩‍👩‍👧‍👦🇫🇷 e\u0301", "", "a\r\nb"])
def test_offsets_are_those_of_python(modules, texts):
    cut = [[list(one[:2]) for one in text_tokens(text)] for text in texts]
    found = modules.evaluate(
        """pairs => pairs.map(([string, tokens]) => {
          const all = new text.Text(string);
          const stops = text.words(all, tokens);
          return {
            length: all.length,
            values: tokens.map(([start, end]) => all.slice(start, end)),
            points: Array.from({length: all.length}, (_, i) => all.point(all.units ? all.units[i] : i)),
            stops: stops.map(one => [one.start, one.end]),
            letters: text.letters(all).map(one => all.slice(one.start, one.end)).join(''),
          };
        })""",
        [[text, tokens] for text, tokens in zip(texts, cut, strict=True)],
    )
    for text, tokens, one in zip(texts, cut, found, strict=True):
        assert one["length"] == len(text)
        assert one["values"] == [text[start:end] for start, end in tokens]
        assert one["points"] == list(range(len(text)))
        # Stops are whole tokens, all of them, in order; where no character is cut, they are the tokens.
        borders = {border for token in tokens for border in token}
        assert all({start, end} <= borders and start < end for start, end in one["stops"])
        assert sum(end - start for start, end in one["stops"]) == sum(end - start for start, end in tokens)
        if text.isascii():
            assert one["stops"] == tokens
        # JavaScript's white space is Python's, with the byte order mark and without four separators.
        plain = re.sub(r"[\s\ufeff]", "", text)
        assert re.sub(r"[\s\ufeff]", "", one["letters"]) == plain


STOPS = [(0, 4), (5, 10), (11, 13), (14, 18), (18, 20), (21, 29)]
RANGES = st.tuples(st.integers(0, 5), st.integers(0, 5)).map(sorted)


def as_slots(marked):
    return [{"start": STOPS[a][0], "end": STOPS[b][1], "label": label} for a, b, label in marked]


@needs_browser
@examples(20)
@given(st.lists(st.tuples(st.booleans(), RANGES, st.sampled_from("XYZ")), max_size=8))
def test_slots_make_room(modules, changes):
    """Twin: a slot is a range of stops, and what is placed or carved is cut out of every other."""
    marked = []
    for put, (first, last), label in changes:
        rest = []
        for a, b, name in marked:
            rest += (
                [(a, min(b, first - 1), name), (max(a, last + 1), b, name)]
                if a <= last and first <= b
                else [(a, b, name)]
            )
        marked = sorted(
            [*(one for one in rest if one[0] <= one[1]), *([(first, last, label)] if put else [])]
        )
    found = modules.evaluate(
        """([changes, stops]) => changes.reduce((slots, [put, [first, last], label]) => {
          const span = {start: stops[first].start, end: stops[last].end, label};
          return put ? spans.place(slots, span, stops) : spans.carve(slots, span, stops);
        }, [])""",
        [changes, [{"start": a, "end": b} for a, b in STOPS]],
    )
    assert found == as_slots(marked)


TAGGINGS = st.lists(st.sampled_from(["", "X", "Y", "-"]), min_size=len(STOPS), max_size=len(STOPS))


def slots_of_tags(tags):
    """Slots of a label a word; "-" goes on with the slot before."""
    slots = []
    for number, tag in enumerate(tags):
        if tag == "-" and slots and slots[-1][1] == number - 1:
            slots[-1][1] = number
        elif tag in ("X", "Y"):
            slots.append([number, number, tag])
    return as_slots([tuple(slot) for slot in slots])


@needs_browser
@examples(20)
@given(TAGGINGS, st.lists(TAGGINGS, max_size=6))
def test_offers_make_every_other_tagging_of_the_best(modules, best, others):
    best, others = slots_of_tags(best), [slots_of_tags(tags) for tags in others]
    made, back, offered = modules.evaluate(
        """([best, others, stops]) => [
          others.map((other) => offers.differences(best, other).reduce((slots, change) => offers.toggle(slots, change, stops), best)),
          others.map((other) => offers.differences(best, other).flatMap((change) => [change, change])
            .reduce((slots, change) => offers.toggle(slots, change, stops), best)),
          offers.changesOf(best, others)]""",
        [best, others, [{"start": a, "end": b} for a, b in STOPS]],
    )
    assert made == others
    assert back == [best] * len(others)
    # Twin: a change is a longest run of words on which the two never agree to end a slot.
    changes = []
    for other in others:
        only = [[one for one in these if one not in those] for these, those in ((best, other), (other, best))]
        run = None
        for start in range(40):
            inside = [one for one in only[0] + only[1] if one["start"] <= start < one["end"]]
            begun = [[one for one in part if one["start"] == start] for part in only]
            if run is None and any(begun):
                run = {"without": [], "added": []}
            if run is not None:
                run["without"] += begun[0]
                run["added"] += begun[1]
                if not any(one["end"] > start + 1 for one in inside):
                    changes += [run] * (run not in changes)
                    run = None
    assert offered == changes[:8]


COMMANDS = [
    "move 1", "move -1", "jump 1", "jump -1", "rim 1", "rim -1", "extend 1", "extend -1", "other 1", "other -1",
    "extendFar 1", "extendFar -1", "label X", "label Y", "remove", "release",
]  # fmt: skip


@needs_browser
@examples(20)
@given(st.lists(RANGES, max_size=2), st.lists(st.sampled_from(COMMANDS), min_size=1, max_size=14))
def test_whatever_the_cursor_does_the_slots_stay_in_order(modules, ranges, commands):
    marked = sorted((a, b, "XY"[i]) for i, (a, b) in enumerate(ranges))
    if len(marked) == 2 and marked[1][0] <= marked[0][1]:
        marked = marked[:1]
    states = modules.evaluate(
        """([slots, commands, stops]) => {
          const context = {stops, unsure: new Set([11])};
          const states = [cursor.begin(slots)];
          for (const command of commands) {
            const [name, argument] = command.split(' ');
            const state = states.at(-1);
            states.push(
              name === 'other' ? cursor.extend(state, context, Number(argument), true)
              : name === 'label' ? cursor.label(state, context, argument)
              : name === 'remove' || name === 'release' ? cursor[name](state, context)
              : cursor[name](state, context, Number(argument)));
          }
          return states;
        }""",
        [as_slots(marked), commands, [{"start": a, "end": b} for a, b in STOPS]],
    )
    starts, ends = {a for a, _ in STOPS}, {b for _, b in STOPS}
    for before, command, state in zip(states, commands, states[1:], strict=False):
        slots, selection = state["slots"], state["selection"]
        assert all(
            one["start"] in starts and one["end"] in ends and one["start"] < one["end"] for one in slots
        )
        assert all(one["end"] <= other["start"] for one, other in itertools.pairwise(slots))
        if command.split()[0] in ("move", "jump", "rim", "release"):
            assert slots == before["slots"]
        if selection:
            assert selection["start"] in starts
            assert selection["end"] in ends
            assert selection["slot"] is None or selection["slot"] in slots
        if command.startswith("label") and before["selection"]:
            span = before["selection"]
            given_ = {"start": span["start"], "end": span["end"], "label": command[-1]}
            apart = [
                one for one in before["slots"] if one["end"] <= span["start"] or span["end"] <= one["start"]
            ]
            assert all(one in slots for one in [given_, *apart])


@needs_browser
def test_labels_are_found_by_any_part_of_name_and_description(modules):
    known = {
        "artist": "",
        "album": "",
        "lost_card": "the card was stolen",
        "music_item": "",
        "ObjectName": "",
        "card_type": "",
    }

    def found(typed):
        script = "([labels, typed]) => window.labels.matching(labels, typed).map(label => label.name)"
        items = [{"name": name, "description": description} for name, description in known.items()]
        return modules.evaluate(script, [items, typed])

    assert found("a") == ["artist", "album"]  # of one letter, words that begin so
    assert found("i") == ["music_item"]
    assert found("card") == ["card_type", "lost_card"]  # the best first
    assert found("tem") == ["music_item"]
    assert found("objectn") == ["ObjectName"]
    assert found("stolen") == found("stolen lost") == ["lost_card"]
    assert found("nameo") == found("stolen album") == []
    looks = modules.evaluate("() => Array.from({length: 32}, (_, i) => labels.look(i))")
    assert len(set(looks)) == 32


@needs_browser
def test_the_guide_names_every_key(modules):
    groups = modules.evaluate(
        "() => keys.KEYS.map(({title, rows}) => [title, rows.map(([names, , ...words]) => "
        "[names.length ? names.map(name => '`' + keys.written(name) + '`').join(', ') : words[0], words.at(-1)])])"
    )
    rows = [
        f"| {'' if place else title} | {shown} | {words} |"
        for title, found in groups
        for place, (shown, words) in enumerate(found)
    ]
    assert "\n".join(rows) in GUIDE.read_text()


def luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    low, high = sorted([luminance(one), luminance(other)])
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours_can_be_read(scheme):
    """WCAG 2.2: 4.5 for text, 3 for the lines that tell labels apart."""
    light, _, dark = (PAGE / "style.css").read_text().partition("@media (prefers-color-scheme: dark)")
    part = light if scheme == "light" else dark.partition("\n}\n")[0]
    named = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", part.partition(".hue0")[0]))
    for ground in ("paper", "desk", "panel"):
        for ink in ("ink", "muted", "link", "bad", "good"):
            assert contrast(named[ink], named[ground]) >= 4.5, (ink, ground)
        assert contrast(named["faint"], named[ground]) >= 3
    assert contrast(named["on-link"], named["link"]) >= 4.5
    assert contrast(named["ink"], named["alarm"]) >= 4.5
    hues = re.findall(r"\.hue(\d) \{ --line: (#\w+); --tint: (#\w+); --deep: (#\w+); \}", part)
    assert [int(one[0]) for one in hues] == list(range(8))
    for _, line, tint, deep in hues:
        assert contrast(deep, tint) >= 4.5
        assert contrast(named["ink"], tint) >= 4.5
        assert contrast(line, tint) >= 1.9  # beside it stands the name
    assert len({line for _, line, _, _ in hues}) == 8


def test_nothing_is_loaded_from_outside_and_no_markup_is_written():
    for path in PAGE.iterdir():
        text = path.read_text()
        addresses = [one for one in re.findall(r"https?://[^\s\"'`)]+", text) if "www.w3.org" not in one]
        assert addresses == [], path.name
        assert not re.search(
            r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|style=", text
        ), path.name
        assert path.suffix in TYPES
        if path.suffix == ".js":
            for name in re.findall(r'from "\./([^"]+)"', text):
                assert (PAGE / name).exists(), (path.name, name)
            assert len(text.splitlines()) < 600, path.name
