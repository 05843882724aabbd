"""One rule for what an answer means: the page and a file store the same record of it, or refuse it alike."""

import pytest

pytest.importorskip("starlette", reason="the page needs starlette: pip install 'canvass-nlu[annotate]'")

from hypothesis import given
from hypothesis import strategies as some
from projects import StillQueue, make_project, music_left, tasks_of

from canvass.annotation.exchange.answer_files import AnswerFiles
from canvass.annotation.store.records import Task
from canvass.annotation.web.problems import Problem
from canvass.annotation.web.reading import Reader
from canvass.annotation.web.service import Service
from canvass.annotation.web.shapes import ANSWER, FIELDS, read_answer
from canvass.errors import InputError
from canvass.types import Slot, Target, Utterance
from examples import MUSIC

TEXT = "play river now"
TASK = Task(**{**{name: getattr(tasks_of(music_left(1))[0], name) for name in
    ("utterance", "count", "source", "priority", "prediction", "reason")}, "key": TEXT, "text": TEXT})  # fmt: skip
TARGETS = [MUSIC, Target("intent", "PlayMusic"), Target("all")]
DOMAINS = some.sampled_from([None, "music", "weather", "elsewhere", "kitchen", "bad  name"])
INTENTS = some.sampled_from([None, "PlayMusic", "AddToPlaylist", "GetWeather", "OrderPizza", "bad  name"])
# Whole words, one that is cut, white space at an end, two that overlap, and a label that nobody knows.
SLOTS = some.lists(
    some.sampled_from(
        [Slot(5, 10, "SongName"), Slot(11, 14, "ArtistName"), Slot(5, 8, "SongName"), Slot(4, 10, "SongName"),
         Slot(0, 10, "ArtistName"), Slot(0, 4, "Verb")]
    ),
    max_size=2, unique=True,
)  # fmt: skip


@pytest.fixture(scope="module", params=TARGETS, ids=str)
def project(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("rule") / "project"
    with make_project(folder, target=request.param) as made:
        # An intent that the page took on: no utterance says of which domain it is.
        made.store.add_label("intent", "OrderPizza", "", "ada", 1.0)
        yield made


def by_page(project, kind, domain, intent, slots, *, new_names):
    """What the page stores, or its sentence; slots are sent with frames only, as the page does."""
    rule = Service(project, StillQueue()).rule()
    rule.new_names = new_names
    sent = {
        "id": "a", "task": 1, "annotator": "ada", "kind": kind, "domain": domain, "intent": intent,
        "slots": [{"start": one.start, "end": one.end, "label": one.label} for one in slots] if kind == "frame" else None,
    }  # fmt: skip
    try:
        return read_answer(Reader(sent, ANSWER, FIELDS), TASK, rule).said
    except Problem as problem:
        return str(problem)


def by_file(project, domain, intent, slots, *, new_names):
    """What an import stores, or its sentence."""
    files = AnswerFiles(project, "ada", new_labels=False)
    files.rule.new_names = new_names
    try:
        found = files.answered("answer", Utterance(TEXT, domain=domain, intent=intent, slots=tuple(slots)))
    except InputError as error:
        return str(error).replace("mend it, or take it on with --new-labels", "add it as a new label first")
    return found.answer.said


@given(
    kind=some.sampled_from(["frame", "elsewhere"]),
    domain=DOMAINS,
    intent=INTENTS,
    slots=SLOTS,
    new=some.booleans(),
)
def test_page_and_file_agree(project, *, kind, domain, intent, slots, new):
    target = project.target
    # A file names no kind: it says by the domain that a text is not of the target, and by the intent that it is.
    if kind == "elsewhere":
        # For `all` only this domain says so; else the page's word would be a frame in the file.
        domain = "elsewhere" if target.kind == "all" or domain in {None, target.name} else domain
    elif target.kind == "domain":
        domain = target.name
    elif domain == "elsewhere":
        domain = None
    if kind == "frame" and target.kind == "intent":
        intent = target.name
    if kind == "elsewhere" and target == Target("intent", intent or ""):
        domain = "elsewhere"
    page = by_page(project, kind, domain, intent, slots, new_names=new)
    assert page == by_file(project, domain, intent, slots, new_names=new)
    if not isinstance(page, str):
        assert page[0] == kind


def test_a_rejected_prediction_lends_no_domain(project):
    assert TASK.prediction.domain == "music"
    if project.target.kind == "all":
        said = by_page(project, "frame", None, "OrderPizza", [], new_names=True)
        assert (
            said
            == by_file(project, None, "OrderPizza", [], new_names=True)
            == ("frame", None, "OrderPizza", ())
        )


def test_a_skip_says_nothing(project):
    rule = Service(project, StillQueue()).rule()
    assert rule.decide(TEXT, "skip") == ("skip", None, None, None)
    with pytest.raises(InputError, match="a skip says nothing"):
        rule.decide(TEXT, "skip", intent="PlayMusic")
