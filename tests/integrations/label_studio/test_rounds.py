"""Three whole rounds with a real Label Studio: push, annotate by its own API in its own order, pull; nothing is lost."""

import json

import pytest
from emoji_projects import SMILE, make_emoji_project
from label_studio_server import needs_label_studio
from people_there import annotate, annotate_rightly, next_task, submit
from projects import NOON

from canvass.annotation.exchange.handing_out import handed_out
from canvass.integrations.label_studio.pull import Pulled, pull
from canvass.integrations.label_studio.push import push

pytestmark = needs_label_studio

SIZE = 6
LEFT = 2  # tasks of each batch that nobody gets to


def scores(client, number, version):
    """The score of each task that nobody has annotated or skipped, by the models of one version."""
    found = {}
    for task in client.tasks(number):
        if task.content["annotations"]:
            continue
        of_version = [one for one in task.content["predictions"] if one["model_version"] == version]
        assert len(of_version) == 1, task.content
        found[task.content["id"]] = of_version[0]["score"]
    return found


def check_answers(project, gold):
    """All answers are there, and right."""
    found = {one.text: one for one in project.answered()}
    assert set(found) == set(gold)
    for text, right in gold.items():
        one = found[text]
        assert one.domain == right.domain
        if right.domain == "music":
            assert (one.intent, one.slots) == (right.intent, right.slots)
    assert sum(bool(one.slots) for one in found.values()) > 1


def test_three_rounds(client, ben, tmp_path):
    project, gold = make_emoji_project(tmp_path / "music")
    with project:
        versions, answered, skipped, waiting = [], {}, None, set()
        number = None
        for play in range(3):
            pushed = push(project, client, SIZE, now=NOON + play)
            assert pushed.tasks == SIZE
            # What waits from the rounds before has predictions of the new models, too.
            assert pushed.predicted == len(waiting)
            assert number in {None, pushed.project}
            number = pushed.project
            assert client.project(number).content["model_version"] == pushed.model_version
            versions.append(pushed.model_version)

            expected = scores(client, number, pushed.model_version)
            assert len(expected) == SIZE + len(waiting)
            assert len(set(expected.values())) > 1
            order = sorted(expected, key=lambda one: expected[one])
            done = 0
            while done < len(order) - LEFT:
                task = next_task(client, number)
                assert expected[task["id"]] == expected[order[done]], (play, done)
                # The page shows what the newest models predict, and nothing older.
                assert [one["model_version"] for one in task["predictions"]] == [pushed.model_version]
                text = task["data"]["text"]
                assert text.startswith(SMILE)
                if skipped is None:
                    submit(client, task, [], was_cancelled=True)
                    skipped = text
                else:
                    annotate_rightly(client, task, gold[text])
                    answered[text] = gold[text]
                done += 1
            if play == 2:
                # A second opinion; from the second person on, Label Studio draws at random.
                annotate(ben, task, "AddToPlaylist" if gold[text].intent == "PlayMusic" else "PlayMusic")
            waiting = set(order[done:])

            pulled = pull(project, client, now=NOON + play)
            assert (pulled.skipped, pulled.waiting, pulled.bad, pulled.missing) == (1, LEFT, 0, 0)
            assert pulled.disputed == (play == 2)
            before = project.store.answers(current_only=False)
            assert pull(project, client, now=NOON + play).answered == 0
            assert project.store.answers(current_only=False) == before

        assert versions == ["canvass-r0", "canvass-r1", "canvass-r2"]
        ((disputed, both),) = project.store.disputes()
        assert disputed.text == text
        assert {one.annotator for one in both} == {"ada@example.org", "ben@example.org"}
        del answered[disputed.text]
        check_answers(project, answered)
        assert {one.text for one in project.store.tasks("skipped")} == {skipped}
        assert len(handed_out(project).tasks) == LEFT
        # Each was trained on more than the one before.
        assert [one.answers for one in project.store.rounds()] == sorted(
            {one.answers for one in project.store.rounds()}
        )


def test_nothing_new_changes_nothing_there(client, music):
    """A push without answers in between brings new tasks, and leaves the old ones as they are."""
    first = push(music, client, 3, now=NOON)
    before = {one.content["id"]: one.content["predictions"] for one in client.tasks(first.project)}
    again = push(music, client, 2, now=NOON)
    after = {one.content["id"]: one.content["predictions"] for one in client.tasks(first.project)}
    assert again.model_version == first.model_version
    assert {number: after[number] for number in before} == _aged(before, after)


def _aged(before, after):
    """Predictions say how long ago they were made."""
    return {
        number: [
            {**one, "created_ago": other["created_ago"]}
            for one, other in zip(some, after[number], strict=True)
        ]
        for number, some in before.items()
    }


@pytest.fixture
def token_file(label_studio, tmp_path):
    file = tmp_path / "token"
    file.write_text(label_studio.personal.value)
    return file


def test_by_command(canvass, label_studio, client, music, token_file):
    """The same through the command line, with a personal access token."""
    folder = music.folder
    words = ("--token-file", token_file)
    pushed = canvass("label-studio", "push", folder, "--url", label_studio.url + "/", "--size", 3, *words)
    assert pushed.code == 0, pushed.err
    facts = json.loads(pushed.out)
    assert (facts["tasks"], facts["created"], facts["url"]) == (3, True, label_studio.url)
    task = next_task(client, facts["project"])
    annotate(client, task, "PlayMusic")
    pulled = canvass("label-studio", "pull", folder, "--annotator", "ada@example.org=ada", *words)
    assert pulled.code == 0, pulled.err
    assert json.loads(pulled.out)["answered"] == 1
    assert [one.annotator for one in music.store.answers()] == ["ada"]
    again = canvass("label-studio", "pull", folder, *words)
    assert json.loads(again.out) == {**json.loads(json.dumps(Pulled().__dict__)), "repeated": 1, "waiting": 2}
    for one in (pushed, pulled, again):
        assert label_studio.personal.value not in one.out + one.err
    lost = canvass("label-studio", "push", folder, "--url", "http://127.0.0.1:9", "--project", 1, *words)
    assert (lost.code, lost.out) == (2, "")
    assert "cannot be reached (Connection refused); check that it runs, and --url" in lost.err
