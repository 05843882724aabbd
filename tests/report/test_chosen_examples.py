"""Texts cut at their slots, and what of a text may not reach a page."""

from hypothesis import given
from hypothesis import strategies as st

from canvass.report.chosen_examples import example as shown
from canvass.report.chosen_examples import segments
from canvass.report.formatting import REPLACEMENT, visible
from report.synthetic import ARABIC, HOSTILE, example

texts = st.text(st.characters(categories=["L", "N", "P"]), max_size=20)
slots = st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20), st.sampled_from("ab")), max_size=5)


@given(texts, slots)
def test_segments_put_together_are_the_text(text, slots):
    cut = segments(text, [(start, min(end, len(text)), label) for start, end, label in slots], [])
    assert "".join(segment.text for segment in cut) == text
    assert all(segment.text for segment in cut)


def test_slots_are_marked_by_code_points():
    first, second = segments(ARABIC, [(4, 9, "نوع")], [(4, 9, "نوع")])[:2]
    assert (first.text, second.text, second.label, second.right) == (ARABIC[:4], ARABIC[4:9], "نوع", True)


def test_of_overlapping_slots_the_first_is_shown():
    cut = segments("abcdef", [(0, 3, "x"), (2, 5, "y"), (4, 4, "z")], [(0, 3, "other")])
    assert [tuple(segment) for segment in cut] == [("abc", "x", False), ("def", "", True)]


def test_what_acts_on_a_page_is_replaced():
    assert visible("a\u202eb\u2066c\x00d\x1b[31m\n\te\u00a0f\u2028") == (
        f"a{REPLACEMENT}b{REPLACEMENT}c{REPLACEMENT}d{REPLACEMENT}[31m  e f "
    )
    assert visible("نمی\u200cشود 👩\u200d🔧 Łódź") == "نمی\u200cشود 👩\u200d🔧 Łódź"


def test_an_example_that_was_predicted_right():
    assert shown(example("play river", [[5, 10, "song"]], [[5, 10, "song"]])).right
    assert not shown(example("play river", [[5, 10, "song"]], [])).right
    assert not shown(example("play river", [[5, 10, "song"]], None)).right
    assert shown(example("stop", None, [])).right


def test_the_first_choices_of_the_first_seed(report):
    examples = report.targets[0].examples
    assert set(examples) == {"random", "random-positive", "majority-crf", "majority-joint"}
    assert examples["random"][1].text == HOSTILE.replace("\u202e", REPLACEMENT)
