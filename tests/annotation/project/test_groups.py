"""Groups of `canvass discover` that leads decide on."""

import json
from types import SimpleNamespace

import pytest
from projects import make_project

from canvass.annotation.project.groups import (
    QUEUED,
    groups_of,
    merge_groups,
    name_group,
    refuse_group,
    refused_texts,
    send_groups,
    split_group,
)
from canvass.errors import OptionError
from canvass.types import Target

BITCOIN = [f"send {n} bitcoin to my sister" for n in range(40)]
LIGHT = [f"switch the lamp in room {n} off" for n in range(20)]
DOOR = [f"lock the front door at {n} pm" for n in range(10)]


def group(name, texts):
    return SimpleNamespace(name=(name,), sampled=tuple(texts), requests=10 * len(texts))


@pytest.fixture
def project(tmp_path):
    with make_project(tmp_path / "music") as made:
        mixed = [*LIGHT, *DOOR]
        send_groups(made, SimpleNamespace(groups=[group("bitcoin", BITCOIN), group("home", mixed)]))
        yield made


def names(project):
    return [(group.name, group.requests, len(group.texts)) for group in groups_of(project)]


def test_a_named_group_becomes_an_intent_and_its_requests_are_queued_for_good(project):
    added = []
    assert names(project) == [("bitcoin", 400, 40), ("home", 300, 30)]
    name_group(project, BITCOIN[0], "SendMoney", lambda: added.append("SendMoney"))
    assert added == ["SendMoney"]
    project.store.swap([], round=1)  # the next round takes nothing of it back
    assert [task.text for task in project.store.tasks("open")] == BITCOIN[:QUEUED]
    assert names(project) == [("home", 300, 30)]
    with pytest.raises(OptionError, match="not there any more"):
        name_group(project, BITCOIN[0], "SendMoney", list)


def test_groups_are_split_and_merged(project):
    split_group(project, LIGHT[0])
    light, door = groups_of(project)[1:]
    assert (set(light.texts), set(door.texts)) == (set(LIGHT), set(DOOR))
    assert (light.requests, door.requests, light.texts[0]) == (200, 100, LIGHT[0])
    assert "lamp" in light.name or "room" in light.name
    assert "door" in door.name or "lock" in door.name
    merge_groups(project, DOOR[0], BITCOIN[0])
    assert names(project) == [("bitcoin", 500, 50), (light.name, 200, 20)]
    with pytest.raises(OptionError, match="into itself"):
        merge_groups(project, LIGHT[0], LIGHT[0])


def test_what_is_alike_or_alone_cannot_be_split(project):
    for texts in (["lock it"], ["lock it", "Lock it", "LOCK IT"]):
        send_groups(project, SimpleNamespace(groups=[group("lock", texts)]))
        with pytest.raises(OptionError, match="too few or too alike"):
            split_group(project, "lock it")


def test_refused_groups_are_remembered_when_others_are_sent(project):
    refuse_group(project, BITCOIN[0])
    assert names(project) == [("home", 300, 30)]
    send_groups(project, SimpleNamespace(groups=[group("door", DOOR)]))
    refuse_group(project, DOOR[0])
    assert (names(project), refused_texts(project)) == ([], sorted(BITCOIN + DOOR))


def test_a_project_of_one_intent_takes_no_other(tmp_path):
    with make_project(tmp_path / "play", target=Target("intent", "PlayMusic")) as project:
        send_groups(project, SimpleNamespace(groups=[group("bitcoin", BITCOIN)]))
        with pytest.raises(OptionError, match="canvass new --seed-phrases"):
            name_group(project, BITCOIN[0], "SendMoney", list)
        assert json.loads(project.store.fact("groups"))[0]["name"] == "bitcoin"
