"""The page: figures, and what a file that stands alone may not hold."""

import itertools
import re
import sys
from collections import Counter
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canvass.errors import ExtraMissingError
from canvass.report import curve_figures, svg
from canvass.report.document import report_of
from canvass.report.page import as_html
from canvass.report.projections import draw_projection
from canvass.simulation.measures import MAIN
from canvass.simulation.store import read_study
from report.synthetic import write_study

pytest.importorskip("matplotlib", reason="the figures need matplotlib: pip install 'canvass-nlu[report]'")
VOID = {"meta", "link", "br"}


class Page(HTMLParser):
    """Checks that elements are closed in order, and collects ids, references and images."""

    def __init__(self, text):
        super().__init__()
        self.open, self.ids, self.tags, self.references, self.words = [], [], Counter(), [], []
        self.images = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.tags[tag] += 1
        named = dict(attributes)
        if "id" in named:
            self.ids.append(named["id"])
        self.references += [
            value for name, value in attributes if name in {"href", "src", "xlink:href", "data"}
        ]
        if tag == "svg":
            self.images.append(named)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not {"style", "title"} & set(self.open):
            self.words.append(data)


@pytest.fixture(scope="module")
def html(report):
    return as_html(report).decode()


@pytest.fixture(scope="module")
def page(html):
    return Page(html)


def test_the_page_asks_for_nothing(html, page):
    assert page.tags["script"] == page.tags["img"] == page.tags["iframe"] == 0
    assert all(reference.startswith("#") or reference == "data:," for reference in page.references), (
        page.references
    )
    assert not re.search(r"url\((?!#)|@import|https?://(?!www\.w3\.org/)", html)
    assert "default-src 'none'" in html


def test_names_are_given_once_and_references_lead_somewhere(html, page):
    assert [name for name, count in Counter(page.ids).items() if count > 1] == []
    referred = {reference[1:] for reference in page.references if reference.startswith("#")} | set(
        re.findall(r"url\(#([^)]+)\)", html)
    )
    assert referred <= set(page.ids)
    for image in page.images:
        assert image.get("aria-hidden") == "true" or all(
            name in page.ids for name in image["aria-labelledby"].split()
        )


def test_texts_are_escaped_and_isolated(html, page):
    assert "<script" not in html
    words = "".join(page.words)
    assert "<script>" in words
    assert "alert(1)" in words
    assert "\u202e" not in html
    assert "<bdi>شغل <mark>أغنية<bdi>نوع</bdi></mark>" in html


def test_what_the_page_says(page):
    words = re.sub(r"\s+", " ", " ".join(page.words)).replace("\xa0", " ")
    for part in ("Probably worth it", "majority-joint", "With 3 seeds", "−50 %", "Learning curves", "What was chosen first", "canvass simulate 'my corpus' -o study", "4 x 10 utterances"):  # fmt: skip
        assert part in words, part


@pytest.mark.slow
def test_the_same_study_gives_the_same_bytes(folder, html):
    assert as_html(report_of(read_study(folder))).decode() == html
    assert not re.search(r"20\d\d-\d\d-\d\d|matplotlib", html)


@pytest.mark.slow
def test_the_settings_of_the_machine_do_not_matter(report):
    import matplotlib as mpl

    draw = lambda: curve_figures.draw_curves(report.targets[0], MAIN, "tokens", "a", wide=True)  # noqa: E731
    expected = draw()
    with mpl.rc_context({"axes.titlepad": 40, "axes.labelpad": 30, "font.size": 30, "svg.hashsalt": "other"}):
        assert draw() == expected


@pytest.mark.parametrize("wide", [True, False])
def test_curves_are_drawn_in_the_colours_of_the_page(report, wide):
    drawn = curve_figures.draw_curves(report.targets[0], MAIN, "utterances", "name", wide=wide)
    tree = ET.fromstring(drawn)
    assert tree.get("role") == "img"
    assert set(re.findall(r"#[0-9a-f]{6}\b", drawn)) == set()
    assert {f"var(--{role})" for role in ("s1", "s2", "s4", "s5", "grid", "muted")} <= set(
        re.findall(r"var\(--\w+\)", drawn)
    )
    texts = ["".join(element.itertext()) for element in tree.iter("{http://www.w3.org/2000/svg}text")]
    assert "slot error rate" in texts
    assert "utterances annotated" in texts
    assert any("whole pool: 5.0" in text for text in texts)
    assert ("majority-joint" in texts) == wide
    titles = [element.text for element in tree.iter("{http://www.w3.org/2000/svg}title")]
    assert any(title.startswith("majority-joint: 6.7") for title in titles)


def test_without_word_features_a_line_is_thin_and_has_no_band(with_and_without):
    target = report_of(with_and_without).targets[0]
    looks = curve_figures.looks_of(target)
    for name in ("majority-joint", "random"):
        assert looks[f"{name} without words"] == looks[name]._replace(mark="")
    drawn = curve_figures.draw_curves(target, MAIN, "utterances", "name", wide=True)
    assert len(re.findall(r"stroke-width: 1\.2", drawn)) == len(re.findall(r"stroke-width: 2\.1", drawn)) == 4
    assert "random without words" in drawn


def test_the_picture_marks_what_was_chosen(report):
    scenes = report.targets[0].scenes
    assert [scene.strategy for scene in scenes] == ["random", "random-positive", "majority-joint"]
    assert scenes[0].words == "random: 1 chosen, 1 of them of the target, 1 near the lines."
    # |y_lg| < 2.94 or members that disagree: -3 to 2 and none beyond, here.
    near = scenes[0].kind == 2
    assert near.tolist() == [-3 < x < 3 for x in range(-6, 6)]
    drawn = draw_projection(scenes[2], scenes, "p")
    texts = [
        "".join(element.itertext())
        for element in ET.fromstring(drawn).iter("{http://www.w3.org/2000/svg}text")
    ]
    assert {"logistic", "hinge", "squared", "majority-joint"} <= set(texts)
    assert "var(--s1)" in drawn


@pytest.mark.slow
def test_savings_are_drawn_where_there_is_a_long_run(report, tmp_path):
    assert "majority-joint: 40 more" in curve_figures.draw_savings(report.targets[0], "s")
    folder = write_study(tmp_path / "s", without=lambda name: name.kind == "prolonged")
    assert curve_figures.draw_savings(report_of(read_study(folder)).targets[0], "s") is None
    assert "Annotations saved" not in as_html(report_of(read_study(folder))).decode()


@pytest.mark.slow
def test_several_targets(two_targets):
    html = as_html(report_of(two_targets)).decode()
    page = Page(html)
    assert "All targets" in "".join(page.words)
    assert "domain:&lt;q&amp;a&gt;" in html
    assert [name for name, count in Counter(page.ids).items() if count > 1] == []


@pytest.mark.slow
def test_an_unfinished_study_says_so(tmp_path):
    folder = write_study(tmp_path / "s", without=lambda name: name.seed == 2)
    html = as_html(report_of(read_study(folder))).decode()
    assert "The study is not finished: 6 of 18 runs are missing" in html


def test_without_matplotlib_the_extra_is_named(report, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ExtraMissingError, match=r"pip install 'canvass-nlu\[report\]'"):
        as_html(report)


@given(st.lists(st.floats(0, 100), max_size=12), st.floats(0.5, 8))
def test_labels_are_spread_apart(places, gap):
    places = sorted(places)
    moved = curve_figures.spread(places, gap, 100.0)
    assert len(moved) == len(places)
    assert all(b - a >= gap - 1e-9 for a, b in itertools.pairwise(moved))
    assert all(position <= 100 + 1e-9 for position in moved)
    if all(b - a >= gap for a, b in itertools.pairwise(places)) and (not places or places[-1] <= 100):
        assert moved == pytest.approx(places)


def test_placeholders_are_of_no_use_elsewhere():
    assert len(set(svg.PLACEHOLDERS.values())) == len(svg.ROLES)
