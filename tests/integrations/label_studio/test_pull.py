"""Annotations of a real Label Studio as answers: of several people, changed, skipped, deleted, and wrong ones."""

import pytest
from emoji_projects import SMILE, make_emoji_project
from label_studio_server import needs_label_studio
from people_there import annotate, annotate_rightly, change, delete, draft, submit
from projects import NOON

from canvass.annotation.exchange.handing_out import handed_out
from canvass.annotation.project.settings import with_changes
from canvass.annotation.store.records import NewAnswer
from canvass.corpus.formats.label_studio_regions import result_of
from canvass.errors import InputError, OptionError, ServiceError
from canvass.integrations.label_studio.pull import Pulled, pull
from canvass.integrations.label_studio.push import push
from canvass.integrations.label_studio.saving import names_of, parsed
from canvass.types import Slot

ADA = "ada@example.org"


@pytest.mark.parametrize(
    "words", ["ada", "=ada", "ada@example.org=", " =x", "a@b=" + "x" * 81, "a@b=two\nlines"]
)
def test_what_is_no_name_is_refused(words):
    with pytest.raises(OptionError, match="--annotator"):
        parsed([words])


class TestReal:
    pytestmark = needs_label_studio

    @pytest.fixture
    def there(self, client, tmp_path):
        """A project of which six tasks were pushed: the project, the right answers, its number, the tasks."""
        project, gold = make_emoji_project(tmp_path / "music")
        with project:
            number = push(project, client, 6, now=NOON).project
            yield project, gold, number, [one.content for one in client.tasks(number)]

    def test_right_annotations_are_right_answers(self, client, there):
        project, gold, _, tasks = there
        for task in tasks:
            annotate_rightly(client, task, gold[task["data"]["text"]])
        pulled = pull(project, client, now=NOON)
        assert pulled == Pulled(answered=6)
        answered = project.answered()
        assert len(answered) == 6
        for one in answered:
            right = gold[one.text]
            assert (one.domain, one.intent) == (
                right.domain,
                right.intent if right.domain == "music" else None,
            )
            if right.domain == "music":
                assert one.slots == right.slots
        assert any(one.slots for one in answered)
        answers = project.store.answers()
        assert {(one.annotator, one.seconds, one.at) for one in answers} == {(ADA, 3.5, NOON)}
        assert all(one.shown is not None for one in answers)
        assert not handed_out(project).tasks

    def test_the_same_again_changes_nothing(self, client, there):
        project, gold, _, tasks = there
        for task in tasks[:4]:
            annotate_rightly(client, task, gold[task["data"]["text"]])
        first = pull(project, client, now=NOON)
        before = project.store.answers(current_only=False), project.store.tasks()
        assert pull(project, client, now=NOON + 60) == Pulled(repeated=first.answered, waiting=2)
        assert (project.store.answers(current_only=False), project.store.tasks()) == before

    def test_nothing_was_pushed(self, client, music):
        with pytest.raises(
            OptionError, match="nothing of this project was pushed yet, so there is nothing to pull"
        ):
            pull(music, client, now=NOON)

    def test_changes_are_corrections(self, client, there):
        project, _, _, tasks = there
        annotation = annotate(client, tasks[0], "PlayMusic")
        pull(project, client, now=NOON)
        change(client, annotation, tasks[0], "AddToPlaylist")
        pulled = pull(project, client, now=NOON)
        assert (pulled.answered, pulled.corrected, pulled.repeated) == (1, 1, 0)
        (task, answer), *_ = project.store.accepted()
        assert (task.text, answer.intent) == (tasks[0]["data"]["text"], "AddToPlaylist")
        change(client, annotation, tasks[0], "PlayMusic")
        assert pull(project, client, now=NOON).corrected == 1
        assert [one.intent for one in project.answered()] == ["PlayMusic"]
        assert pull(project, client, now=NOON) == Pulled(repeated=1, waiting=5)
        assert len(project.store.answers(current_only=False)) == 3

    def test_deleted_annotations_count_no_more(self, client, there):
        project, _, _, tasks = there
        annotations = [annotate(client, task, "PlayMusic") for task in tasks[:3]]
        pull(project, client, now=NOON)
        delete(client, annotations[0])
        client.send("DELETE", f"/api/tasks/{tasks[1]['id']}/")
        pulled = pull(project, client, now=NOON)
        assert (pulled.withdrawn, pulled.answered, pulled.repeated) == (2, 0, 1)
        assert [one.text for one in project.answered()] == [tasks[2]["data"]["text"]]
        assert pull(project, client, now=NOON).withdrawn == 0
        annotate(client, tasks[0], "AddToPlaylist")
        assert pull(project, client, now=NOON).corrected == 1
        assert len(project.answered()) == 2

    def test_skipped_tasks_are_skips(self, client, there):
        project, _, _, tasks = there
        annotate(client, tasks[0], "PlayMusic", was_cancelled=True)
        submit(client, tasks[1], [], was_cancelled=True)
        pulled = pull(project, client, now=NOON)
        assert (pulled.answered, pulled.skipped) == (2, 2)
        assert [one.kind for one in project.store.answers()] == ["skip", "skip"]
        assert project.store.counts()["skipped"] == 2

    def test_drafts_and_empty_annotations_are_left_alone(self, client, there):
        project, _, _, tasks = there
        draft(client, tasks[0], "PlayMusic")
        annotation = submit(client, tasks[1], [])
        pulled = pull(project, client, now=NOON)
        assert pulled == Pulled(drafts=1, empty=1, waiting=5, said=pulled.said)
        assert f"annotation {annotation['id']} of task {tasks[1]['id']}: marks nothing" in pulled.said[0]
        assert not project.store.answers()

    def test_two_people(self, client, ben, there):
        project, _, _, tasks = there
        for task, other in ((tasks[0], "PlayMusic"), (tasks[1], "AddToPlaylist")):
            annotate(client, task, "PlayMusic")
            annotate(ben, task, other)
        pulled = pull(project, client, now=NOON)
        assert (pulled.answered, pulled.disputed) == (4, 1)
        assert {one.annotator for one in project.store.answers()} == {ADA, "ben@example.org"}
        ((task, answers),) = project.store.disputes()
        assert task.text == tasks[1]["data"]["text"]
        assert len(answers) == 2
        assert pull(project, client, now=NOON) == Pulled(repeated=4, waiting=4)

    def test_of_two_by_one_person_the_newest_counts(self, client, there):
        project, _, _, tasks = there
        annotate(client, tasks[0], "PlayMusic")
        annotate(client, tasks[0], "AddToPlaylist")
        pulled = pull(project, client, now=NOON)
        assert (pulled.answered, pulled.outdated) == (1, 1)
        assert [one.intent for one in project.answered()] == ["AddToPlaylist"]
        assert pull(project, client, now=NOON) == Pulled(repeated=1, outdated=1, waiting=5)

    def test_unknown_labels_are_refused_or_taken_on(self, client, there):
        project, _, _, tasks = there
        annotate(client, tasks[0], "PlayMusic")
        annotate(client, tasks[1], "DanceToMusic")
        annotate(
            client, tasks[2], "PlayMusic", [Slot(2, 2 + tasks[2]["data"]["text"][2:].index(" "), "Verb")]
        )
        with pytest.raises(InputError) as raised:
            pull(project, client, now=NOON)
        words = str(raised.value)
        assert words.startswith(
            "2 annotations have labels that the project does not know, and nothing was saved; the"
        )
        assert "intent 'DanceToMusic' is unknown" in words
        assert "--new-labels" in words
        assert not project.store.answers()
        assert not project.store.labels()
        left_out = pull(project, client, skip_bad=2, now=NOON)
        assert (left_out.answered, left_out.bad) == (1, 2)
        pulled = pull(project, client, new_labels=True, now=NOON)
        assert (pulled.answered, pulled.repeated, pulled.new_labels) == (2, 1, ("DanceToMusic", "Verb"))
        assert "Verb" in [one.name for one in project.slots()]
        # And the next push offers them.
        number = push(project, client, 1, now=NOON).project
        assert "DanceToMusic" in client.project(number).content["label_config"]

    def test_slots_that_cut_words_are_refused(self, client, there):
        project, _, _, tasks = there
        annotation = annotate(client, tasks[0], "PlayMusic", [Slot(len(SMILE), len(SMILE) + 2, "SongName")])
        with pytest.raises(
            InputError, match=r"1 annotation cannot be read, and nothing was saved; mend it there"
        ) as raised:
            pull(project, client, now=NOON)
        assert f"annotation {annotation['id']} of task {tasks[0]['id']}" in str(raised.value)
        assert "token borders" in str(raised.value)
        free = project.with_settings(with_changes(project.settings, "page", inside_tokens=True))
        assert pull(free, client, now=NOON).answered == 1

    def test_offsets_outside_of_the_text_are_refused(self, client, there):
        project, _, _, tasks = there
        result = result_of(tasks[0]["data"]["text"], "PlayMusic", [Slot(2, 4, "SongName")])
        result[1]["value"] |= {"start": 900, "end": 905, "text": "river"}
        submit(client, tasks[0], result)
        with pytest.raises(InputError, match="expected offsets in code points"):
            pull(project, client, now=NOON)

    def test_elsewhere(self, client, there):
        project, _, _, tasks = there
        annotate(client, tasks[0], "elsewhere")
        domain = {
            "from_name": "domain",
            "to_name": "text",
            "type": "choices",
            "value": {"choices": ["weather"]},
        }
        submit(client, tasks[1], [*result_of(tasks[1]["data"]["text"], "elsewhere", ()), domain])
        assert pull(project, client, now=NOON).answered == 2
        said = {
            task.text: (one.kind, one.domain, one.intent, one.slots) for task, one in project.store.accepted()
        }
        assert said == {
            tasks[0]["data"]["text"]: ("elsewhere", None, None, None),
            tasks[1]["data"]["text"]: ("elsewhere", "weather", None, None),
        }

    def test_no_slots_is_an_answer(self, client, there):
        project, _, _, tasks = there
        annotate(client, tasks[0], "PlayMusic")
        pull(project, client, now=NOON)
        assert project.answered()[0].slots == ()

    def test_what_others_imported_becomes_tasks(self, client, there):
        project, _, number, _ = there
        test = project.test[0].text
        texts = ["play something new", test, "not annotated"]
        client.import_tasks(number, [{"data": {"text": one}} for one in texts])
        for task in client.tasks(number):
            if task.content["data"]["text"] in texts[:2]:
                annotate(client, task.content, "PlayMusic")
        pulled = pull(project, client, now=NOON)
        assert (pulled.answered, pulled.added, pulled.in_test) == (1, 1, 1)
        assert "errors are counted on" in pulled.said[0]
        assert [one.text for one in project.answered()] == [texts[0]]

    def test_tasks_that_were_deleted_there_are_told(self, client, there):
        project, _, _, tasks = there
        client.send("DELETE", f"/api/tasks/{tasks[0]['id']}/")
        assert pull(project, client, now=NOON) == Pulled(waiting=5, missing=1)

    def test_people_have_the_names_that_they_are_given(self, client, ben, there):
        project, _, _, tasks = there
        annotate(client, tasks[0], "PlayMusic")
        with pytest.raises(
            OptionError, match=r"--annotator carl@example.org: nobody in Label Studio has this e-mail"
        ):
            pull(project, client, names={"carl@example.org": "carl"}, now=NOON)
        pull(project, client, names={ADA: "ada"}, now=NOON)
        annotate(client, tasks[1], "PlayMusic")
        assert pull(project, client, now=NOON) == Pulled(answered=1, repeated=1, waiting=4)
        assert {one.annotator for one in project.store.answers()} == {"ada"}
        with pytest.raises(OptionError, match="kept under 'ada' already; leave it out"):
            pull(project, client, names={ADA: "augusta"}, now=NOON)
        with pytest.raises(OptionError, match=r"--annotator ...=ada: another person has this name"):
            pull(project, client, names={ADA: "ada", "ben@example.org": "ada"}, now=NOON)
        annotate(ben, tasks[2], "PlayMusic")
        pull(project, client, names={ADA: "ada", "ben@example.org": "ben"}, now=NOON)
        assert set(names_of(project.store).values()) == {"ada", "ben"}

    def test_answers_that_came_by_webhook_keep_their_name(self, client, there):
        """A webhook has a number in place of the e-mail; who was not known yet when it came stays that number."""
        project, _, _, tasks = there
        annotate(client, tasks[0], "PlayMusic")
        project.store.set_fact("label studio people", "{}")
        (task,) = [one for one in project.store.tasks() if one.text == tasks[1]["data"]["text"]]
        user = client.get("/api/current-user/whoami").content["id"]
        project.store.save(NewAnswer("x", task.id, f"label-studio-{user}", "skip"), now=NOON)
        pull(project, client, now=NOON)
        assert {one.annotator for one in project.store.answers()} == {f"label-studio-{user}"}

    def test_nothing_is_saved_where_the_server_fails(self, client, there, monkeypatch):
        project, _, _, tasks = there
        annotate(client, tasks[0], "PlayMusic")
        with monkeypatch.context() as patched:
            patched.setattr(client, "tasks", _failing_after(client.tasks, 3))
            with pytest.raises(ServiceError):
                pull(project, client, now=NOON)
        assert not project.store.answers()
        assert pull(project, client, now=NOON).answered == 1


def _failing_after(tasks, count):
    def failing(number):
        for place, task in enumerate(tasks(number)):
            if place == count:
                raise ServiceError("gone")
            yield task

    return failing
