"""Labelling configurations: made from the labels of a project, and completed where there is one."""

import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as some
from label_studio_server import needs_label_studio
from projects import make_project

from canvass.annotation.project.settings import LabelGuide, with_changes
from canvass.errors import InputError
from canvass.integrations.label_studio.labelling import Wanted, completed, labelling_config, read_labelling
from canvass.types import Target


def guides(*names):
    return tuple(LabelGuide(name=one) for one in names)


WANTED = Wanted(guides("PlayMusic", "elsewhere"), guides("SongName", "ArtistName"), ("weather",))
OURS = labelling_config(WANTED)


def test_it_reads_back():
    found = read_labelling(OURS)
    assert (found.intents, found.slots, found.domains) == (
        ("PlayMusic", "elsewhere"),
        ("SongName", "ArtistName"),
        ("weather",),
    )
    assert found.field == "text"
    assert (found.controls.intent, found.controls.slot, found.controls.domain) == ("intent", "slot", "domain")


NAMES = some.lists(
    some.text(string.printable.strip() + "é音😀<>&\"'", min_size=1).filter(lambda one: one == one.strip()),
    min_size=1,
    max_size=8,
    unique=True,
)


@given(NAMES, NAMES)
def test_any_label_can_be_offered(intents, slots):
    found = read_labelling(labelling_config(Wanted(guides(*intents), guides(*slots))))
    assert (found.intents, found.slots) == (tuple(intents), tuple(slots))


@given(NAMES, NAMES, NAMES, NAMES)
def test_completing_adds_what_is_missing_and_nothing_else(intents, slots, more_intents, more_slots):
    first = labelling_config(Wanted(guides(*intents), guides(*slots)))
    wanted = Wanted(guides(*more_intents), guides(*more_slots))
    config, added = completed(first, wanted, "it")
    found = read_labelling(config)
    new_intents = [one for one in more_intents if one not in intents]
    new_slots = [one for one in more_slots if one not in slots]
    assert found.intents == (*intents, *new_intents)
    assert found.slots == (*slots, *new_slots)
    assert added == (*new_intents, *new_slots)
    assert completed(config, wanted, "it") == (config, ())


def test_a_complete_configuration_stays_to_the_byte():
    odd = OURS.replace("\n", "\n\t ").replace("<Text", "<!-- the text --><Text")
    assert completed(odd, WANTED, "it")[0] == odd


def test_comments_and_other_controls_stay():
    other = """<View><!-- keep --><Header value="Look"/>
      <Labels name="tag" toName="t"><Label value="SongName" background="red"/></Labels>
      <Text name="t" value="$utterance"/><Rating name="stars" toName="t"/>
      <Choices name="what" toName="t" choice="single-radio"><Choice value="PlayMusic"/></Choices></View>"""
    config, added = completed(other, WANTED, "it")
    assert added == ("elsewhere", "ArtistName")
    for kept in (
        "<!-- keep -->",
        'Header value="Look"',
        'background="red"',
        'Rating name="stars"',
        "single-radio",
    ):
        assert kept in config
    found = read_labelling(config)
    assert (found.field, found.intents) == ("utterance", ("PlayMusic", "elsewhere"))


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ("not XML", "is not XML"),
        ("<View/>", "has neither Choices nor Labels of a Text"),
        (re.sub("(?s)<Labels.*</Labels>", "", OURS), "has no Labels of the text for slots; add one there"),
        (
            re.sub("(?s)<Choices.*</Choices>", "", OURS),
            "has no Choices of the text for intents; add one there",
        ),
        (OURS.replace('choice="single"', 'choice="multiple"'), "Choices 'intent' takes several choices"),
        (
            OURS.replace('name="intent"', 'name="intent" value="$options"'),
            "takes its choices from each task ($options)",
        ),
        (
            OURS.replace('name="slot"', 'name="slot" value="$labels"'),
            "takes its choices from each task ($labels)",
        ),
    ],
)
def test_another_shape_is_refused(config, words):
    with pytest.raises(InputError, match=re.escape(words)) as raised:
        completed(config, WANTED, "project 3")
    assert str(raised.value).startswith("project 3")


def test_many_choices_are_a_menu():
    many = guides(*(f"intent {one}" for one in range(40)))
    assert 'layout="select"' in labelling_config(Wanted(many, ()))
    assert "<Labels" not in labelling_config(Wanted(many, ()))


def test_descriptions_are_hints():
    wanted = Wanted((LabelGuide(name="Play", description='to "hear" it'),), ())
    assert 'hint="to &quot;hear&quot; it"' in labelling_config(wanted)


def test_the_labels_of_a_project(music):
    wanted = Wanted.of(music)
    assert [one.name for one in wanted.intents] == ["AddToPlaylist", "PlayMusic", "elsewhere"]
    assert [one.name for one in wanted.slots] == ["ArtistName", "SongName"]
    assert wanted.domains == ("timers", "weather")
    assert 'granularity="word"' in labelling_config(wanted)
    free = music.with_settings(with_changes(music.settings, "page", inside_tokens=True))
    assert "granularity" not in labelling_config(Wanted.of(free))


def test_labels_that_were_added_while_annotating_are_offered(music):
    music.store.add_label("slot", "Album", "", "ana", 1.0)
    assert "Album" in [one.name for one in Wanted.of(music).slots]


def test_the_labels_of_one_intent(tmp_path):
    with make_project(tmp_path / "play", target=Target("intent", "PlayMusic")) as project:
        wanted = Wanted.of(project)
    assert [one.name for one in wanted.intents] == ["PlayMusic", "elsewhere"]
    assert wanted.domains == ()


class TestReal:
    pytestmark = needs_label_studio

    def test_label_studio_takes_it(self, client):
        odd = Wanted(
            guides("Play <\"it\"> & 'that'", "音楽 😀", "elsewhere"),
            guides("a=b", "Song Name"),
            ("weather & more",),
        )
        made = client.create_project({"title": "config", "label_config": labelling_config(odd)})
        found = read_labelling(made.need("label_config").string())
        assert found.intents == tuple(one.name for one in odd.intents)
        assert set(made.content["parsed_label_config"]) == {"slot", "intent", "domain"}
        assert made.content["parsed_label_config"]["slot"]["labels"] == ["a=b", "Song Name"]
