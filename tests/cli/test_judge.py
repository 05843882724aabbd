"""`canvass judge`: the test of an assistant against people, how often it approves wrongly, and the command."""

import json
import random

import pytest
from chat_server import chat_server, right
from commands import refused
from projects import make_project, tasks_of

from canvass.annotation.assistant.judging import FEWEST, Item, errors_by_kind, judge
from canvass.annotation.quality.assistant_error import MARGIN, Share
from canvass.annotation.store.records import NewAnswer
from canvass.types import Frame, Slot, Utterance

RIGHT = Frame(True, "PlayMusic", frozenset({(5, 10, "SongName")}))


def item(number, *, assistant=True, **people):
    """Make an item; whoever errs, errs in a way of their own."""

    def frame(name, is_right):
        return RIGHT if is_right else RIGHT._replace(intent=f"{name} {number}")

    return Item(frame("assistant", assistant), {name: frame(name, said) for name, said in people.items()})


@pytest.mark.parametrize(
    ("errors", "approved", "said"),
    [
        (0, True, "The assistant may annotate alone: for 2 of 2 people"),
        (20, False, "The assistant may not annotate alone: for 0 of 2 people"),
    ],
)
def test_an_assistant_against_two_people(errors, approved, said):
    items = [item(i, assistant=i >= errors, ann=i % 20 != 0, bob=i % 20 != 1) for i in range(100)]
    verdict = judge(items)
    assert verdict.approved is approved
    assert verdict.words.startswith(said)
    ann, bob = verdict.contests
    assert (ann.person, ann.n, ann.person_agrees) == ("ann", 100, 0.9)
    assert ann.assistant_agrees == sum(i >= errors and i % 20 != 1 for i in range(100)) / 100
    assert ann.won is bob.won is approved
    assert json.loads(json.dumps(verdict.as_dict()))["contests"][0]["person"] == "ann"


@pytest.mark.parametrize(
    ("n", "errors", "approved"), [(49, 0, False), (50, 0, True), (50, 2, False), (200, 10, True)]
)
def test_one_person_needs_a_small_error(n, errors, approved):
    verdict = judge([item(i, assistant=i >= errors, ann=True) for i in range(n)])
    assert verdict.approved is approved
    assert verdict.errors["whole frame"] == Share(errors, n)
    assert verdict.contests == ()
    assert ("have two people answer" in verdict.words) is not approved


def test_too_few_shared_items_are_no_contest():
    items = [item(i, ann=True, bob=True) for i in range(FEWEST - 1)]
    assert judge(items).contests == ()
    assert judge([]).approved is False


def test_errors_by_kind_of_label():
    elsewhere = Frame(False, None, frozenset())
    slots = RIGHT._replace(slots=frozenset({(0, 4, "SongName"), (5, 10, "SongName")}))
    items = [Item(RIGHT, {"ann": slots, "bob": elsewhere}), Item(elsewhere, {"ann": elsewhere})]
    assert errors_by_kind(items) == {
        "whole frame": Share(2, 3),
        "target or not": Share(1, 3),
        "intent": Share(0, 1),
        "slots": Share(1, 1),
        "intent PlayMusic": Share(0, 1),
        "slot SongName": Share(1, 2),
    }


def approvals(error, *, n, person_error, people, replays, seed):
    """Share of replays in which an assistant that errs at a rate, independently of people who do, is approved."""
    draw = random.Random(seed).random
    names = [f"person {i}" for i in range(people)]
    return (
        sum(
            judge(
                [
                    item(i, assistant=draw() >= error, **{name: draw() >= person_error for name in names})
                    for i in range(n)
                ]
            ).approved
            for _ in range(replays)
        )
        / replays
    )


@pytest.mark.slow
@pytest.mark.parametrize("n", [50, 100, 200])
@pytest.mark.parametrize(
    ("people", "person_error"),
    # One who errs more often than `MARGIN` can approve nobody.
    [(1, 0.0), (1, 0.05), *((people, error) for people in (2, 3) for error in (0.0, 0.05, 0.2))],
)
def test_wrongly_approved_in_at_most_one_of_twenty_replays(n, person_error, people):
    """At the border: the assistant agrees with people less often than people do by just `MARGIN`."""
    agree = 1 - person_error
    error = 1 - (agree**2 - MARGIN) / agree if people > 1 else 1 - (1 - MARGIN) / agree
    share = approvals(error, n=n, person_error=person_error, people=people, replays=1000, seed=n)
    assert share <= 0.05
    if people == 1:
        return
    assert approvals(0.0, n=200, person_error=person_error, people=people, replays=20, seed=n) == 1.0


@pytest.fixture
def annotated(tmp_path):
    """A project in which two people answered sixty requests, of which ten were shown a suggestion."""
    golds = [
        Utterance(f"play river {i} now", domain="music", intent="PlayMusic", slots=(Slot(5, 10, "SongName"),))
        for i in range(60)
    ]
    with make_project(tmp_path / "music") as project:
        project.store.swap(tasks_of(golds, wanted=2), round=0)
        for task in project.store.tasks():
            gold = golds[int(task.text.split()[2])]
            for name in ("ann", "bob"):
                answer = NewAnswer(
                    f"{name}{task.id}", task.id, name, "frame", "music", gold.intent, gold.slots
                )
                project.store.save(answer, now=1.0)
    return tmp_path / "music", golds


def test_the_command(canvass, annotated):
    folder, golds = annotated
    with chat_server(right(golds)) as server:
        words = ("judge", folder, "--assistant", server.address, "--model", "wise-1")
        verdict = json.loads(canvass(*words).out)
        assert len(server.bodies) == 60
        assert verdict["approved"] is True
        assert verdict["errors"]["whole frame"] == {
            "wrong": 0,
            "n": 120,
            "interval": [0.0, pytest.approx(0.031, abs=1e-3)],
        }
        assert [contest["n"] for contest in verdict["contests"]] == [60, 60]
        server.behave = right(golds, error=0.4)
        assert json.loads(canvass(*words).out) == verdict  # nothing is asked twice
        alone = ("annotate", folder, *words[2:], "--assistant-alone", "--get", "/api/project")
        assert "it answers alone" in canvass(*alone).out
        assert len(server.bodies) == 60
        wrong = json.loads(canvass(*words[:-1], "silly-1").out)
        assert wrong["approved"] is False
        assert wrong["errors"]["slot SongName"]["wrong"] > 30
        refused(canvass(*alone), "--assistant-alone: canvass judge has not approved it")
    refused(canvass("judge", folder, "--assistant", "host", "--model", "wise-1"), "is no address of a server")
    refused(canvass("judge", folder, "--model", "wise-1"), "say which assistant; give both, or --withdraw")
    refused(canvass("judge", folder, "--withdraw", "--model", "wise-1"), "give it alone")
    assert json.loads(canvass("judge", folder, "--withdraw", "--json").out) == {"withdrawn": 0}
