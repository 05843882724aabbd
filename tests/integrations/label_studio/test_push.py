"""Batches into a real Label Studio: what arrives, in which order, and what happens when a push is interrupted."""

import contextlib
import itertools
import re

import httpx
import pytest
from emoji_projects import SMILE, make_emoji_project
from label_studio_server import needs_label_studio
from people_there import annotate, next_task
from projects import NOON, make_project, music_left, tasks_of

from canvass.annotation.exchange.handing_out import hand_out, handed_out
from canvass.corpus.formats.label_studio_regions import result_of
from canvass.errors import InputError, OptionError, ProjectInUseError, ServiceError, StoreError
from canvass.integrations.label_studio.client import Client
from canvass.integrations.label_studio.link import NAME, Link, address_of, number_of
from canvass.integrations.label_studio.push import push

TITLE = {"title": "made by hand"}
CONFIG = """<View><Labels name="tag" toName="t"><Label value="SongName"/></Labels><Text name="t" value="$utterance"/>
<Choices name="what" toName="t"><Choice value="PlayMusic"/></Choices></View>"""


def contents(client, number):
    return [one.content for one in client.tasks(number)]


class TestLink:
    """Which project of Label Studio a folder belongs to."""

    def test_it_is_remembered(self, music):
        link = Link.of(music.store)
        assert Link.of(music.store) == link
        moved = link.at("http://one", 3).kept(music.store)
        assert Link.of(music.store) == moved
        assert (moved.url, moved.project, moved.mark) == ("http://one", 3, link.mark)

    def test_a_broken_one_is_a_sentence(self, music):
        music.store.set_fact(NAME, "{}")
        with pytest.raises(StoreError, match="what it says of Label Studio cannot be read"):
            Link.of(music.store)

    def test_the_address(self):
        assert address_of(Link(url="http://one"), None) == "http://one"
        assert address_of(Link(url="http://one"), "http://two") == "http://two"
        with pytest.raises(OptionError, match="--url is missing, and nothing of this project was pushed yet"):
            address_of(Link(), None)

    def test_the_number(self):
        link = Link(url="http://one", project=3)
        assert number_of(link, "http://one", None) == 3
        assert number_of(link, "http://two", 5) == 5
        assert number_of(Link(), "http://two", None) is None
        with pytest.raises(
            OptionError, match="belongs to project 3 of http://one; give --project 3 if that is the same"
        ):
            number_of(link, "http://two", None)

    def test_what_waits_goes_along(self):
        link = Link(url="http://one", project=3, mark="a", tasks=(1, 2), batch=(2, 4))
        assert link.at("http://two", 3).tasks == (1, 2)
        moved = link.at("http://one", 4)
        assert (moved.project, moved.tasks, moved.batch) == (4, (), (1, 2, 4))
        assert moved.mark != link.mark


class Breaking(httpx.BaseTransport):
    """Goes to the real server, and breaks at one request: before it is sent, or after it was answered."""

    def __init__(self, at, *, lost_answer):
        self.at, self.lost_answer = at, lost_answer
        self.count = 0
        self.broke = ""
        self.real = httpx.HTTPTransport()

    def handle_request(self, request):
        self.count += 1
        if self.count < self.at:
            return self.real.handle_request(request)
        if self.lost_answer:
            self.real.handle_request(request).read()
        self.broke = f"{request.method} {request.url.path}"
        raise httpx.ConnectError("broken") if not self.lost_answer else httpx.ReadTimeout("lost")

    def close(self):
        self.real.close()


class TestReal:
    pytestmark = needs_label_studio

    def test_a_first_push_makes_the_project(self, client, tmp_path):
        project, gold = make_emoji_project(tmp_path / "music")
        with project:
            pushed = push(project, client, 6, now=NOON)
            assert (pushed.created, pushed.tasks, pushed.model_version) == (True, 6, "canvass-r0")
            there = client.project(pushed.project).content
            assert there["title"] == "music"
            assert there["sampling"] == "Uncertainty sampling"
            assert there["model_version"] == "canvass-r0"
            tasks = contents(client, pushed.project)
            ours = handed_out(project).tasks
            # The batch, and nothing else of the pool.
            assert [(one["data"]["canvass_id"], one["data"]["text"]) for one in tasks] == [
                (one.utterance, one.text) for one in ours
            ]
            for one, task in zip(ours, tasks, strict=True):
                assert one.text in gold
                (prediction,) = task["predictions"]
                assert prediction["model_version"] == "canvass-r0"
                assert prediction["result"] == result_of(
                    one.text, one.prediction.intent, one.prediction.slots
                )
                chance = one.prediction.intent_probability * one.prediction.confidence
                assert prediction["score"] == pytest.approx(chance)
            # Code points: the smile is one, and a blank.
            regions = [
                (task["data"]["text"], region["value"])
                for task in tasks
                for region in task["predictions"][0]["result"]
                if region["type"] == "labels"
            ]
            assert regions
            for text, value in regions:
                assert text[value["start"] : value["end"]] == value["text"]
                assert value["start"] >= len(SMILE) == 2

    def test_the_next_push_needs_no_project(self, client, music):
        first = push(music, client, 4, now=NOON)
        again = push(music, client, 3, now=NOON)
        assert (again.project, again.created, again.tasks, again.present) == (first.project, False, 3, 0)
        # The same models: what waits has their predictions.
        assert again.predicted == 0
        assert len(contents(client, first.project)) == 7
        assert len(handed_out(music).tasks) == 7

    def test_it_goes_on_as_the_next_file_would(self, client, music, tmp_path):
        with make_project(tmp_path / "other") as other:
            in_file = hand_out(other, 5, now=NOON)
        push(music, client, 5, now=NOON)
        assert [one.text for one in handed_out(music).tasks] == [one.text for one in in_file.tasks]

    @pytest.mark.parametrize("lost_answer", [False, True])
    def test_wherever_it_is_interrupted_the_next_push_ends_it(
        self, label_studio, client, tmp_path, lost_answer
    ):
        broken = []
        for at in itertools.count(1):
            transport = Breaking(at, lost_answer=lost_answer)
            before = {one.content["id"] for one in client.projects()}
            with make_project(tmp_path / str(at)) as project:
                with (
                    Client(label_studio.url, label_studio.token, transport=transport) as breaking,
                    contextlib.suppress(ServiceError),
                ):
                    push(project, breaking, 4, now=NOON)
                if not transport.broke:
                    break
                broken.append(transport.broke)
                pushed = push(project, client, 4, now=NOON)
                made = [one for one in client.projects() if one.content["id"] not in before]
                assert [one.content["id"] for one in made] == [pushed.project], transport.broke
                assert made[0].content["model_version"] == "canvass-r0"
                tasks = contents(client, pushed.project)
                held = handed_out(project).tasks
                assert sorted(one["data"]["text"] for one in tasks) == sorted(one.text for one in held)
                assert len(held) == 4, transport.broke
                assert all(len(one["predictions"]) == 1 for one in tasks)
        assert [one.partition(" ")[0] for one in broken].count("POST") == 2, broken
        assert re.search(r"POST /api/projects/\d+/import", " ".join(broken))

    def test_a_batch_that_was_chosen_and_not_written_down_is_found(self, client, music, monkeypatch):
        """The process ended between the choice and the note of it."""
        elsewhere = hand_out(music, 2, now=NOON).tasks
        with monkeypatch.context() as patched:
            patched.setattr(Link, "kept", _dying(Link.kept, when=lambda link: bool(link.batch)))
            with pytest.raises(KeyboardInterrupt):
                push(music, client, 3, now=NOON)
        chosen = {one.text for one in handed_out(music).tasks} - {one.text for one in elsewhere}
        assert len(chosen) == 3
        pushed = push(music, client, 9, now=NOON)
        assert (pushed.resumed, pushed.tasks) == (True, 3)
        # What was handed out in a file is none of its business.
        assert {one["data"]["text"] for one in contents(client, pushed.project)} == chosen
        assert not push(music, client, 1, now=NOON).resumed

    def test_what_a_failed_choice_leaves_is_nobodys(self, client, music, monkeypatch):
        with monkeypatch.context() as patched:
            patched.setattr("canvass.integrations.label_studio.push.hand_out", _failing)
            with pytest.raises(InputError, match="nothing more"):
                push(music, client, 3, now=NOON)
        in_file = {one.text for one in hand_out(music, 2, now=NOON).tasks}
        pushed = push(music, client, 3, now=NOON)
        assert not pushed.resumed
        assert not in_file & {one["data"]["text"] for one in contents(client, pushed.project)}

    def test_a_project_that_is_there_is_completed(self, client, music):
        number = client.create_project({**TITLE, "label_config": CONFIG}).content["id"]
        pushed = push(music, client, 3, number=number, now=NOON)
        assert pushed.added_labels == ("AddToPlaylist", "elsewhere", "ArtistName")
        there = client.project(number).content
        assert (there["title"], there["sampling"]) == ("made by hand", "Uncertainty sampling")
        for task in contents(client, number):
            assert set(task["data"]) == {"utterance", "canvass_id", "count"}
            names = {(one["from_name"], one["to_name"]) for one in task["predictions"][0]["result"]}
            assert names <= {("what", "t"), ("tag", "t")}
        assert push(music, client, 1, now=NOON).project == number

    def test_another_shape_is_refused_before_anything_is_handed_out(self, client, music):
        config = '<View><Text name="t" value="$t"/><TextArea name="a" toName="t"/></View>'
        number = client.create_project({**TITLE, "label_config": config}).content["id"]
        with pytest.raises(InputError, match=f"project {number} of .*: .* has neither Choices nor Labels"):
            push(music, client, 3, number=number, now=NOON)
        with pytest.raises(
            ServiceError, match="there is no project 99999 that this account may see; name another"
        ):
            push(music, client, 3, number=99_999, now=NOON)
        assert not handed_out(music).tasks
        assert music.store.keys() == set()
        assert push(music, client, 3, now=NOON).created

    def test_tasks_that_are_there_are_not_sent_again(self, client, music, tmp_path):
        """By hand, say, or from a backup of the folder."""
        with make_project(tmp_path / "other") as other:
            texts = [one.text for one in hand_out(other, 3, now=NOON).tasks]
        number = client.create_project({**TITLE, "label_config": CONFIG}).content["id"]
        client.import_tasks(
            number, [{"data": {"utterance": one}} for one in (texts[0], f" {texts[1]}", "alien")]
        )
        pushed = push(music, client, 3, number=number, now=NOON)
        assert (pushed.tasks, pushed.present) == (1, 2)
        tasks = contents(client, number)
        assert len(tasks) == 4
        by_text = {one["data"]["utterance"]: one for one in tasks}
        assert [
            len(by_text[one]["predictions"]) for one in (texts[0], f" {texts[1]}", texts[2], "alien")
        ] == [1, 1, 1, 0]
        # Offsets of a prediction are those of the text that is there.
        for region in by_text[f" {texts[1]}"]["predictions"][0]["result"]:
            if region["type"] == "labels":
                value = region["value"]
                assert f" {texts[1]}"[value["start"] : value["end"]] == value["text"]

    def test_doubles_are_counted(self, client, music):
        first = push(music, client, 2, now=NOON)
        copy = contents(client, first.project)[0]["data"]
        client.import_tasks(first.project, [{"data": copy}])
        assert push(music, client, 1, now=NOON).twice == 1

    def test_the_least_certain_comes_first(self, client, music):
        number = push(music, client, 6, now=NOON).project
        expected = sorted(contents(client, number), key=lambda one: one["predictions"][0]["score"])
        for task in expected:
            offered = next_task(client, number)
            assert offered["id"] == task["id"]
            annotate(client, offered, "PlayMusic")
        assert next_task(client, number) is None

    def test_a_new_project_gets_what_waits(self, client, music):
        first = push(music, client, 3, now=NOON)
        client.send("DELETE", f"/api/projects/{first.project}")
        with pytest.raises(ServiceError, match="make a new one with canvass label-studio push --new-project"):
            push(music, client, 3, now=NOON)
        again = push(music, client, 3, new_project=True, now=NOON)
        assert (again.created, again.resumed, again.tasks) == (True, True, 3)
        assert again.project != first.project
        assert {one["data"]["text"] for one in contents(client, again.project)} == {
            one.text for one in handed_out(music).tasks
        }

    def test_a_personal_token_does_as_well(self, label_studio, music):
        with label_studio.client(label_studio.personal) as client:
            assert push(music, client, 2, now=NOON).tasks == 2

    def test_one_push_at_a_time(self, client, music):
        class Second:
            url = client.url

            def release(self):
                push(music, client, 2, now=NOON)

        with pytest.raises(ProjectInUseError, match="is in use by canvass label-studio push"):
            push(music, Second(), 2, now=NOON)

    def test_a_batch_of_an_open_queue(self, client, music):
        """Tasks that a server of the page has ready may be chosen, too; none is there twice."""
        music.store.add(tasks_of(music_left(8)))
        with music.lock("canvass annotate"):
            pushed = push(music, client, 4, now=NOON)
        assert len(contents(client, pushed.project)) == 4
        assert {one.source for one in handed_out(music).tasks} <= {"selected", "handed out"}


def _dying(method, *, when):
    def kept(link, store):
        if when(link):
            raise KeyboardInterrupt
        return method(link, store)

    return kept


def _failing(*_, **__):
    raise InputError("the pool has nothing more")
