"""Label Studio: regions and back, several annotations, JSON_MIN, and what counts as annotated."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canvass.corpus.formats import format_of, label_studio
from canvass.corpus.formats.column_names import Columns
from canvass.corpus.formats.label_studio_regions import Controls, Regions, regions_of, result_of
from canvass.corpus.formats.located import Value, code_point_offset, utf16_offset
from canvass.corpus.formats.losses import BadLines, Loss, Losses
from canvass.corpus.labelled import read_labelled
from canvass.corpus.pool import Pool
from canvass.errors import InputError
from canvass.types import Slot, Utterance
from texts import texts

FIELDS = Columns()


@given(text=st.text(st.characters(codec="utf-8"), max_size=20))
def test_utf16_offsets_are_those_of_the_encoding(text):
    units = text.encode("utf-16-le")
    for offset in range(len(text) + 1):
        there = utf16_offset(text, offset)
        assert units[: 2 * there].decode("utf-16-le") == text[:offset]
        assert code_point_offset(text, there) == offset
    known = {utf16_offset(text, offset) for offset in range(len(text) + 1)}
    for wrong in {*range(-2, len(units) // 2 + 3)} - known:
        assert code_point_offset(text, wrong) is None


@given(text=texts, intent=st.none() | st.text(max_size=5), data=st.data())
def test_regions_come_back(text, intent, data):
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6, unique=True)))
    slots = [Slot(start, end, "x y") for start, end in zip(cuts[::2], cuts[1::2], strict=False)]
    result = json.loads(json.dumps(result_of(text, intent, slots)))
    back = regions_of(Value(result, "f"), text)
    assert back == Regions(intent, None, [{"start": s.start, "end": s.end, "label": s.label} for s in slots])
    assert len({region["id"] for region in result}) == len(result)
    assert result == result_of(text, intent, slots)


def test_names_of_controls_and_other_regions():
    controls = Controls(intent="what", slot="part", text="utterance", domain="area")
    result = result_of("play jazz", "play", [Slot(5, 9, "genre")], controls)
    assert [(region["from_name"], region["to_name"]) for region in result] == [
        ("what", "utterance"),
        ("part", "utterance"),
    ]
    result += [
        {"type": "choices", "from_name": "area", "value": {"choices": ["music"]}},
        {"type": "choices", "from_name": "mood", "value": {"choices": ["glad"]}},
        {"type": "rating", "from_name": "stars", "value": {"rating": 3}},
        {"type": "labels", "from_name": "part", "value": {"start": 0, "end": 4, "text": "play"}},
        {"type": "labels", "from_name": "other", "value": {"start": 0, "end": 4, "labels": ["x"]}},
    ]
    found = regions_of(Value(result, "f"), "play jazz", controls)
    assert found == Regions("play", "music", [{"start": 5, "end": 9, "label": "genre"}], others=4)


def region(start, end, words=None):
    value = {"start": start, "end": end, "labels": ["x"]} | ({} if words is None else {"text": words})
    return Value([{"type": "labels", "from_name": "slot", "value": value}], "f")


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (region(2, 6), (2, 6)),
        (region(2, 6, "jazz"), (2, 6)),
        (region(3, 7, "jazz"), (2, 6)),  # from a release, or a program, that counts UTF-16 code units
        (region(0, 1, "😀"), (0, 1)),
        (region(0, 2, "😀"), (0, 2)),  # the blank is no word
        (region(0, 7, "😀\\njazz"), (0, 6)),
        (region(0, 6, "😀\\njazz"), (0, 6)),
    ],
)
def test_the_unit_of_offsets(found, expected):
    (slot,) = regions_of(found, "😀 jazz").slots
    assert (slot["start"], slot["end"]) == expected


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (region(1, 7), "f: $[0].value: 'x' goes from 1 to 7, which is no part of the text"),
        (region(3, 3), "goes from 3 to 3"),
        (region(3, 9), "goes from 3 to 9"),
        (region(2, 6, "pop"), "f: $[0].value.text is 'pop', but from 2 to 6 the text '😀 jazz' has 'jazz'"),
        (region(30, 70, "jazz"), "has nothing; expected offsets in code points"),
    ],
)
def test_offsets_that_are_wrong(found, words):
    with pytest.raises(InputError) as caught:
        regions_of(found, "😀 jazz")
    assert words in str(caught.value)


def annotation(intent, updated="", **more):
    return {"result": result_of("stop", intent, ()), "updated_at": updated} | more


@pytest.fixture
def stored(tmp_path):
    def store(content, name="a.json"):
        path = tmp_path / name
        path.write_text(json.dumps(content))
        return str(path)

    return store


def read(path, columns=FIELDS):
    bad = BadLines(losses=Losses())
    found = [utterance for _, utterance in label_studio.read(path, columns, bad)]
    return found, {what: loss.count for what, loss in bad.losses.found.items()}


DIFFER = "annotations that differ from the latest of their task"


@pytest.mark.parametrize(
    ("annotations", "intent", "lost"),
    [
        ([annotation("a", "2026-01-02"), annotation("b", "2026-01-01")], "a", {DIFFER: 1}),
        ([annotation("a", "2026-01-01"), annotation("b", "2026-01-02")], "b", {DIFFER: 1}),
        ([annotation("a"), annotation("b")], "b", {DIFFER: 1}),
        ([annotation("a"), annotation("a")], "a", {}),
        ([annotation("a", "1", ground_truth=True), annotation("b", "2")], "a", {}),
        ([annotation("a", "1"), annotation("b", "2", was_cancelled=True)], "a", {}),
        ([annotation("a", was_cancelled=True)], None, {"tasks that were skipped": 1}),
        ([], None, {"tasks without an annotation": 1}),
    ],
)
def test_which_of_several_annotations_counts(stored, annotations, intent, lost):
    found, losses = read(stored([{"data": {"text": "stop"}, "annotations": annotations}]))
    assert [one.intent for one in found] == ([] if intent is None else [intent])
    assert losses == lost


def test_all_annotations_of_a_task_for_who_wants_them():
    task = {
        "id": 5,
        "data": {"text": "stop"},
        "annotations": [
            annotation("a", "2", completed_by={"id": 1, "email": "ann@example.org"}),
            annotation("b", "1", completed_by=2, was_cancelled=True),
            {"result": [], "ground_truth": True},
        ],
    }
    found = label_studio.annotations_of(Value(task, "f"), Columns(), Controls(), has_slots=True)
    assert [(one.cancelled, one.ground_truth, one.moment) for one in found] == [
        (False, False, "2"),
        (True, False, "1"),
        (False, True, ""),
    ]
    assert [one.utterance for one in found] == [
        Utterance("stop", id="5", intent="a", slots=()),
        Utterance("stop", id="5", intent="b", slots=()),
        Utterance("stop", id="5", slots=()),
    ]
    assert found[1].where == "f: $.annotations[1]"


def test_slots_of_a_project_without_labels_are_not_annotated(stored):
    task = {"data": {"text": "stop"}, "annotations": [annotation("a")]}
    assert read(stored([task]))[0][0].slots is None
    other = {"data": {"text": "x"}, "annotations": [{"result": result_of("x", "b", [Slot(0, 1, "l")])}]}
    assert [one.slots for one in read(stored([task, other]))[0]] == [(), (Slot(0, 1, "l"),)]


def choice(name, value):
    return {"type": "choices", "from_name": name, "to_name": "t", "value": {"choices": [value]}}


def test_the_choices_of_intents_and_domains(stored):
    def path_of(*results):
        return stored(
            [
                {"data": {"text": "x", "domain": "d0"}, "annotations": [{"result": list(one)}]}
                for one in results
            ]
        )

    assert read(path_of([choice("label", "a")]))[0][0].intent == "a"
    both = path_of([choice("label", "a"), choice("domain", "d")])
    assert [(one.intent, one.domain) for one in read(both)[0]] == [("a", "d")]
    several = path_of([choice("p", "a"), choice("q", "b")])
    with pytest.raises(
        InputError, match=r"several Choices have no name that says which are the intents \(p, q\)"
    ):
        read(several)
    found, losses = read(several, Columns(intent="q"))
    assert [(one.intent, one.domain) for one in found] == [("b", "d0")]
    assert losses == {"regions that are neither choices nor labels of the text": 1}


def test_names_of_the_data(stored):
    path = stored([{"id": 4, "data": {"utt": "x", "freq": 3, "n": "i"}, "annotations": [annotation("a")]}])
    found, _ = read(path, Columns(text="utt", count="freq", id="n"))
    assert found == [Utterance("x", id="i", count=3, intent="a")]
    with pytest.raises(
        InputError,
        match=r"\$\[0\]\.data: field 'text' is missing .*utt.*name the column with --columns text=NAME",
    ):
        read(path)


def test_tasks_without_an_annotation_are_told_of_a_labelled_set(stored):
    path = stored([{"data": {"text": "a"}, "annotations": [annotation("x")]}, {"data": {"text": "b"}}])
    known = read_labelled([path])
    assert [one.text for one in known.utterances] == ["a"]
    assert known.lost == (("tasks without an annotation", Loss(1, f"{path}: $[1]")),)


def test_all_tasks_are_a_pool(stored):
    path = stored(
        [{"id": 1, "data": {"text": "a"}}, {"id": 2, "data": {"text": "b"}, "annotations": [annotation("x")]}]
    )
    rows = [row for block in Pool.open([path]).blocks() for row in block.batch.to_pylist()]
    assert [(row["text"], row["id"]) for row in rows] == [("a", "1"), ("b", "2")]


def test_tasks_as_they_are_imported():
    utterance = Utterance("😀 jazz", id="u", intent="play", slots=(Slot(2, 6, "genre"),))
    task = label_studio.task_of(utterance)
    assert task["data"] == {"text": "😀 jazz", "canvass_id": "u"}
    assert task["annotations"][0]["result"][1]["value"] == {
        "start": 2,
        "end": 6,
        "text": "jazz",
        "labels": ["genre"],
    }
    assert label_studio.task_of(Utterance("stop")) == {"data": {"text": "stop"}}
    prediction = label_studio.prediction_of(
        "😀 jazz", "play", utterance.slots, score=0.25, model_version="r7"
    )
    assert prediction == {"model_version": "r7", "score": 0.25, "result": task["annotations"][0]["result"]}


MINIMAL = [
    {
        "id": 1, "text": "😀 jazz", "canvass_id": "u1", "intent": "play",
        "slot": [{"start": 3, "end": 7, "text": "jazz", "labels": ["genre"]}],
        "annotator": 1, "annotation_id": 11, "created_at": "2026-01-01", "updated_at": "2026-01-02", "lead_time": 3.5,
    },
    {"id": 1, "text": "😀 jazz", "canvass_id": "u1", "intent": "stop", "annotator": 2, "annotation_id": 12, "updated_at": "2026-01-01"},
    {"id": 2, "text": "stop", "intent": {"choices": ["stop"]}, "annotator": 1, "annotation_id": 13},
]  # fmt: skip


def test_the_minimal_form(stored):
    path = stored(MINIMAL)
    assert format_of(path).name == "label-studio"
    found, losses = read(path)
    assert found == [
        Utterance("😀 jazz", id="u1", intent="play", slots=(Slot(2, 6, "genre"),)),
        Utterance("stop", id="2", intent="stop", slots=()),
    ]
    assert losses == {"annotations other than the latest of their task": 1}
    texts_of_pool = [row["text"] for block in Pool.open([path]).blocks() for row in block.batch.to_pylist()]
    assert texts_of_pool == ["😀 jazz", "😀 jazz", "stop"]


def test_the_minimal_form_with_other_names(stored):
    items = [{"text": "a", "topic": {"choices": ["x"]}, "annotator": 1, "annotation_id": 1}]
    assert read(stored(items))[0] == [Utterance("a", intent="x")]
    items = [{"text": "a", "topic": "x", "annotator": 1, "annotation_id": 1}]
    assert read(stored(items), Columns(intent="topic"))[0] == [Utterance("a", intent="x")]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"slot": [{"start": 4, "end": 9, "labels": ["g"]}]}, "$[0].slot[0]: 'g' goes from 4 to 9"),
        ({"slot": [{"start": 3, "labels": ["g"]}]}, "$[0].slot[0]: field 'end' is missing"),
        ({"intent": {"choices": ["a", "b"]}}, "$[0].intent is {'choices': ['a', 'b']}; expected one choice"),
        ({"text": None}, "$[0]: field 'text' is null"),
        ({"text": 3}, "$[0]: field 'text' is 3; expected a string"),
    ],
)
def test_bad_items_of_the_minimal_form(stored, change, words):
    path = stored([MINIMAL[0] | change, *MINIMAL[2:]])
    with pytest.raises(InputError) as caught:
        read(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert words in str(caught.value)


def test_a_file_of_one_task(stored):
    found, _ = read(stored({"data": {"text": "x"}, "annotations": [annotation("a")]}))
    assert found == [Utterance("x", intent="a")]
