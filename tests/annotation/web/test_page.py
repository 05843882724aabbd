"""The page in a real browser, against the real server and store."""

import contextlib
import dataclasses
import itertools
import wave
from pathlib import Path
from types import SimpleNamespace

import pytest
from pages import (
    CHROMIUM,
    NAMELESS,
    TOO_WIDE,
    WORDS,
    Person,
    browser_of,
    project_of_many,
    project_with,
    queue_of,
    queue_with_predictions,
    served,
    utterance,
)
from projects import StillQueue, make_project

from canvass import read_labelled
from canvass.annotation.project.groups import groups_of, refused_texts, send_groups
from canvass.annotation.project.project import Project
from canvass.annotation.rounds.queue import QueueState
from canvass.annotation.store.records import NewAnswer, ReviewItem, Turns
from canvass.models.nlu import NLU
from canvass.types import Slot, Target
from examples import fill
from parameters import slow_unless

pytest.importorskip("uvicorn", reason="the page needs a server: pip install 'canvass-nlu[annotate]'")
playwright = pytest.importorskip(
    "playwright.sync_api", reason="a browser is driven by playwright: pip install playwright"
)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium: apt-get install chromium")

RIVER = utterance("play river by joni mitchell", ("river", "SongName"), ("joni mitchell", "ArtistName"))
MOON = utterance("put on blue moon", ("blue moon", "SongName"))
JUDE = utterance("save this song by the who", ("the who", "ArtistName"), intent="AddToPlaylist")
ONE = utterance("play one by u2", ("one", "SongName"), ("u2", "ArtistName"))
SNIPS = Path(__file__).parents[4] / "shared" / "data" / "snips"
INTENTS = ["AddToPlaylist", "PlayMusic"]


@pytest.fixture(scope="module")
def browser():
    with browser_of(playwright) as found:
        yield found


def spoiled(gold):
    """What models might say instead, each wrong in its way; the last is right."""
    slots = gold.slots
    yield dataclasses.replace(gold, slots=(), intent="AddToPlaylist")
    yield dataclasses.replace(
        gold, slots=tuple(dataclasses.replace(one, label="ArtistName") for one in slots)
    )
    yield dataclasses.replace(gold, slots=(Slot(0, slots[0].end, "SongName"),))
    yield dataclasses.replace(gold, slots=(Slot(0, 4, "SongName"), *slots))
    yield gold


@pytest.mark.parametrize("way", ["by_keys", pytest.param("by_mouse", marks=pytest.mark.slow)])
def test_annotate_with_one_hand(browser, tmp_path, way):
    song, artist = ("so what", "miles davis") if way == "by_keys" else ("blue moon", "u2")
    pattern = ["play ", ("SongName",), " by ", ("ArtistName",)]
    gold = fill("PlayMusic", pattern, {"SongName": song, "ArtistName": artist})
    pairs = [
        tuple(dataclasses.replace(one, text=f"{gold.text} {i}") for one in (gold, prediction))
        for i, prediction in enumerate(spoiled(gold))
    ]
    with (
        project_with(tmp_path, queue_with_predictions(pairs)) as project,
        served(project) as server,
        Person(browser, server) as ada,
    ):
        for one, _ in pairs:
            assert ada.text == one.text
            getattr(ada, way)(one, INTENTS)
        ada.all_saved()
        found = {
            task.text: (answer.domain, answer.intent, answer.slots)
            for task, answer in project.store.accepted()
        }
        assert found == {one.text: (one.domain, one.intent, one.slots) for one, _ in pairs}
        assert ada.page.text_content("#empty") == (
            "Nothing is left to annotate at the moment. New utterances appear here by themselves."
        )
        assert [one for one in ada.asked if not one.startswith(server.base)] == []
        assert ada.said == []


@pytest.mark.slow
@pytest.mark.corpora
@pytest.mark.skipif(not SNIPS.exists(), reason="the corpora of ../shared/data are not here")
@pytest.mark.parametrize("way", ["by_keys", "by_mouse"])
def test_twenty_of_snips(browser, tmp_path, way):
    target = Target("domain", "music")
    known = read_labelled([str(SNIPS / "train.jsonl.gz")]).utterances
    ours = [one for one in known if target.matches(one)][::20]
    labelled, test, golds = ours[:60], ours[60:120], ours[120:140]
    others = [one for one in known if not target.matches(one)][::100]
    predicted = NLU.train([*labelled, *others], target).predict([one.text for one in golds])
    predictions = [
        dataclasses.replace(gold, intent=prediction.intent, slots=prediction.slots)
        for gold, prediction in zip(golds, predicted, strict=True)
    ]
    assert sum(gold != prediction for gold, prediction in zip(golds, predictions, strict=True)) > 5
    pool = [str(SNIPS / "test.jsonl.gz")]
    with Project.create(tmp_path / "snips", [*labelled, *others], pool, target, test=test) as project:
        project.store.swap(queue_with_predictions(list(zip(golds, predictions, strict=True))), round=0)
        with served(project) as server, Person(browser, server) as ada:
            for gold in golds:
                ada.wait_for_text(gold.text)
                getattr(ada, way)(gold, [one.name for one in project.intents()])
            ada.all_saved()
        found = {task.text: (answer.intent, answer.slots) for task, answer in project.store.accepted()}
        assert found == {gold.text: (gold.intent, gold.slots) for gold in golds}


@pytest.mark.slow
def test_suggestions_of_an_assistant(browser, tmp_path):
    river, moon, jude = queue_of(RIVER, MOON, JUDE)
    said = dataclasses.replace(river.prediction, by="wise-1", confidence=1.0)
    tasks = [
        dataclasses.replace(river, prediction=said),
        dataclasses.replace(
            moon, prediction=dataclasses.replace(said, positive=False, intent=None, slots=(), confidence=0.5)
        ),
        dataclasses.replace(jude, prediction=dataclasses.replace(said, hidden=True)),
    ]
    queue = StillQueue()
    queue.assistant = SimpleNamespace(leaves="wise-1 at host is sent requests.")
    queue.state = lambda: QueueState(1, "fresh", "", 5, "the assistant wise-1 is offline")
    with (
        project_with(tmp_path, tasks) as project,
        served(project, queue) as server,
        Person(browser, server) as ada,
    ):
        why = ada.page.locator("#why")
        assert len(ada.slots) == 2
        assert (
            "Suggested by the assistant wise-1, which is sure: check it all the same." in why.text_content()
        )
        assert "The assistant wise-1 at host is sent requests." in why.text_content()
        assert ada.page.locator("#notices").text_content() == "The assistant wise-1 is offline."
        ada.press("Enter")
        assert ada.text == MOON.text
        assert "wise-1, which is not sure" in why.text_content()
        assert ada.page.locator("#verdict").is_visible()  # it is said to be of no target
        ada.press("Enter")
        assert (ada.text, ada.slots) == (JUDE.text, [])
        assert "the error of the assistant are estimated" in why.text_content()
        ada.press("2", "Enter")
        ada.all_saved()
        answers = project.store.answers()
        assert [(answer.kind, answer.shown and answer.shown.by) for answer in answers] == [
            ("frame", "wise-1"),
            ("elsewhere", "wise-1"),
            ("frame", None),
        ]


def test_undo_redo_and_back(browser, tmp_path):
    tasks = queue_of(RIVER, MOON, JUDE)
    with project_with(tmp_path, tasks) as project, served(project) as server, Person(browser, server) as ada:
        save = ada.page.locator("#actions .main .name")
        ada.press("f")
        assert save.text_content() == "Accept"
        ada.press("f", "End", "Backspace", "1")  # joni mitchell is no slot, and the intent another
        assert (ada.slots, ada.intent) == ([("river", "SongName")], "AddToPlaylist")
        assert save.text_content() == "Save"  # it is not what was predicted any more
        ada.press("u", "Control+z")
        assert (len(ada.slots), ada.intent) == (2, "PlayMusic")
        assert save.text_content() == "Accept"
        ada.press("Control+y")
        assert (len(ada.slots), ada.intent) == (1, "PlayMusic")
        ada.press("Enter")
        assert ada.text == MOON.text
        ada.press("End", "Backspace")
        ada.press("u", "u")  # undone; and with nothing left to undo, back to the one before
        assert (ada.text, len(ada.slots)) == (RIVER.text, 1)
        ada.press(
            "ArrowLeft", "Shift+ArrowLeft", "a", "r", "t", "i", "s", "Enter"
        )  # the rest of the name says nothing
        assert ada.text == MOON.text
        ada.press("Enter")
        ada.all_saved()
        first, second = (task for task in project.store.tasks() if task.text in (RIVER.text, MOON.text))
        old, new = project.store.answers_of(first.id)
        assert [slot.label for slot in old.slots] == ["SongName"]
        assert (new.replaces, new.slots, old.current, new.current) == (old.id, RIVER.slots, False, True)
        assert len(project.store.answers_of(second.id)) == 1


def test_skip_flag_note_and_elsewhere(browser, tmp_path):
    tasks = queue_of(RIVER, MOON, JUDE, ONE)
    with project_with(tmp_path, tasks) as project, served(project) as server, Person(browser, server) as ada:
        ada.press("f", "n")
        ada.page.keyboard.type("who sings? s x")
        ada.press("Enter", "s")
        ada.press("x", "w", "e", "Enter")  # weather
        ada.press("Shift+X")
        ada.press("x", "Escape", "Enter")
        ada.all_saved()
        answers = project.store.answers()
        assert [(one.kind, one.domain, one.intent, one.slots) for one in answers] == [
            ("skip", None, None, None),
            ("elsewhere", "weather", None, None),
            ("elsewhere", None, None, None),
            ("frame", "music", "PlayMusic", ONE.slots),
        ]
        assert (answers[0].flagged, answers[0].note) == (True, "who sings? s x")
        assert not any(one.flagged or one.note for one in answers[1:])
        # Hundredths of a second: a machine's keys can be quicker than one, but not all the letters of a note.
        assert answers[0].seconds > 0
        assert all(0 <= one.seconds < 60 and one.shown is not None for one in answers)


@pytest.mark.slow
def test_borders_and_labels_by_keys(browser, tmp_path):
    text = "please play one more time by the who"
    prediction = utterance(text, ("one more", "SongName"), ("by the who", "ArtistName"))
    tasks = queue_of(prediction)
    with project_with(tmp_path, tasks) as project, served(project) as server, Person(browser, server) as ada:
        ada.press("ArrowDown", "Shift+ArrowRight")  # the end of the first slot
        assert ada.slots[0] == ("one more time", "SongName")
        ada.press("Shift+ArrowRight", "Shift+ArrowRight")
        assert ada.slots == [("one more time by the", "SongName"), ("who", "ArtistName")]
        ada.press("Shift+ArrowLeft", "Shift+ArrowLeft")  # what the neighbour lost comes back
        assert ada.slots == [("one more time", "SongName"), ("by the who", "ArtistName")]
        ada.press("ArrowRight", "Control+Shift+ArrowRight")  # the beginning of the second
        assert ada.slots[1] == ("the who", "ArtistName")
        ada.press("2")
        assert ada.slots[1] == ("the who", "SongName")
        ada.press("ArrowLeft", "1", "Enter")
        ada.all_saved()
        (_, answer), = project.store.accepted()  # fmt: skip
        assert answer.slots == utterance(text, ("one more time", "SongName"), ("the who", "ArtistName")).slots


@pytest.mark.slow
def test_a_blind_task_asks_for_the_intent(browser, tmp_path):
    tasks = queue_of(RIVER, source="random")
    with project_with(tmp_path, tasks) as project, served(project) as server, Person(browser, server) as ada:
        assert (ada.slots, ada.intent_missing) == ([], True)
        assert "Drawn at random" in ada.page.text_content("#why")
        ada.press("Enter")
        assert "Which intent?" in ada.page.text_content("#guide")
        ada.press("p", "Enter")  # PlayMusic, before AddToPlaylist
        ada.press("Enter")
        ada.all_saved()
        (_, answer), = project.store.accepted()  # fmt: skip
        assert (answer.intent, answer.slots, answer.shown) == ("PlayMusic", (), None)


def test_a_reload_in_the_middle_and_a_server_that_is_away(browser, tmp_path):
    tasks = queue_of(RIVER, MOON, JUDE, ONE)
    with project_with(tmp_path, tasks) as project, served(project) as server, Person(browser, server) as ada:
        page, state = ada.page, ada.page.locator("#state")
        arrived = []

        def lose_the_answer(route):
            arrived.append(route.fetch().status)  # the server has it, the page never hears of that
            route.abort()

        page.route("**/api/answers", lose_the_answer)
        ada.press("Enter")
        page.wait_for_function("() => document.getElementById('state').className === 'away'")
        assert (arrived[0], state.text_content()) == (200, "1 unsaved, kept here")
        page.unroute("**/api/answers")
        page.route(
            "**/api/answers",
            lambda route: route.fulfill(
                status=503, json={"error": {"code": "storage", "message": "the disk is full"}}
            ),
        )
        ada.press("End", "Backspace", "f", "Enter", "End", "Backspace")
        page.wait_for_function(
            "() => document.getElementById('state').textContent === '2 unsaved, kept here'"
        )
        page.wait_for_selector("#notices :text('The disk is full. 2 answers are kept here')")
        page.reload()  # in the middle of the third
        page.wait_for_selector(WORDS)
        assert (ada.text, ada.slots) == (JUDE.text, [])
        assert state.text_content().startswith("2 unsaved")
        page.unroute("**/api/answers")
        ada.press("u", "Enter")
        assert ada.text == ONE.text
        ada.all_saved()
        answers = project.store.answers(current_only=False)
        assert [(project.store.task(one.task).text, one.slots, one.flagged) for one in answers] == [
            (RIVER.text, RIVER.slots, False),
            (MOON.text, (), True),
            (JUDE.text, JUDE.slots, False),
        ]
        assert page.locator("#notices .notice").count() == 0


@pytest.mark.slow
def test_a_refused_answer_is_kept_and_shown_again(browser, tmp_path):
    tasks = queue_of(RIVER, MOON)
    with project_with(tmp_path, tasks) as project, served(project) as server, Person(browser, server) as ada:
        page = ada.page
        refusal = {"error": {"code": "bad_request", "message": "slots are wrong"}}
        page.route("**/api/answers", lambda route: route.fulfill(status=400, json=refusal), times=1)
        ada.press("f", "Enter")
        page.wait_for_selector("#notices :text('was refused: Slots are wrong.')")
        page.reload()
        page.wait_for_selector(WORDS)
        assert ada.text == MOON.text
        page.click("#notices :text('Look at it again')")
        page.wait_for_selector("#banner:visible")
        assert ada.text == RIVER.text
        ada.press("End", "Backspace", "Enter")
        ada.all_saved()
        assert ada.text == MOON.text
        assert page.locator("#notices .notice").count() == 0
        (answer,) = project.store.answers()
        assert (answer.flagged, answer.slots) == (True, RIVER.slots[:1])


@pytest.mark.slow
def test_newer_models_exchange_what_nobody_has_seen(browser, tmp_path):
    queue = StillQueue()
    fresh = QueueState(2, "fresh", "", 9)
    with (
        project_with(tmp_path, queue_of(RIVER, MOON, JUDE)) as project,
        served(project, queue) as server,
        Person(browser, server) as ada,
    ):
        project.store.swap(queue_of(ONE), round=1)
        queue.state = lambda: fresh
        ada.press("Enter")
        newest = next(task.id for task in project.store.tasks() if task.text == ONE.text)
        ada.page.wait_for_function(
            "number => JSON.parse(sessionStorage[Object.keys(sessionStorage).find(key => key.endsWith('held'))])[1]"
            " === number",
            arg=newest,
        )
        assert ada.text == MOON.text  # it was in view when they came
        ada.press("Enter")
        assert ada.text == ONE.text


@pytest.mark.slow
def test_no_key_waits_for_the_network(browser, tmp_path):
    tasks = queue_of(RIVER, MOON, JUDE, ONE)
    with project_with(tmp_path, tasks) as project, served(project) as server, Person(browser, server) as ada:
        ada.page.route("**/api/**", lambda route: None)  # requests hang
        for expected in (MOON, JUDE):
            ada.page.wait_for_timeout(520)  # no second Enter of a double press
            # The next utterance is there before the event of the key is over.
            shown = ada.page.evaluate(
                "() => { document.body.dispatchEvent(new KeyboardEvent('keydown', {key: 'Enter', bubbles: true}));"
                " return [...document.querySelectorAll('#words .word')].map(one => one.textContent).join(' ') }"
            )
            assert shown == expected.text
        assert ada.page.text_content("#state") == "2 unsaved …"
        ada.page.unroute_all(behavior="ignoreErrors")


@pytest.mark.slow
def test_a_lease_that_comes_late_brings_nothing_back(browser, tmp_path):
    tasks = queue_of(RIVER, MOON, JUDE)
    with project_with(tmp_path, tasks) as project, served(project) as server, Person(browser, server) as ada:
        late = []
        ada.page.route(
            "**/api/lease", lambda route: route.abort() if late else late.append((route, route.fetch()))
        )
        ada.press("Enter")
        while not late:
            ada.page.wait_for_timeout(10)
        assert [one["text"] for one in late[0][1].json()["tasks"]] == [MOON.text, JUDE.text]
        ada.press("Enter")
        route, response = late[0]
        route.fulfill(response=response)
        ada.page.wait_for_selector("#notices .notice")  # the lease after it failed
        assert ada.text == JUDE.text
        ada.press("Enter")
        ada.page.wait_for_selector("#empty:visible")


def sound(path):
    """Write half a second of silence."""
    with wave.open(str(path), "wb") as stream:
        stream.setnchannels(1)
        stream.setsampwidth(1)
        stream.setframerate(8000)
        stream.writeframes(b"\x80" * 4000)


@pytest.mark.parametrize(
    ("width", "height"), slow_unless([(390, 844)], [(1280, 800), (390, 844), (640, 400)])
)
def test_turns_and_the_recording_are_around_the_words(browser, tmp_path, width, height):
    long = "and " * 74 + "so…"
    turns = Turns(("first", "<b>second</b>", "תשמיע בבקשה", long), ("播放七里香", "later"), 12, 3)
    river, moon, jude = queue_of(RIVER, MOON, JUDE)
    tasks = [
        dataclasses.replace(river, turns=turns, others={"audio": "a.wav"}),
        dataclasses.replace(moon, others={"audio": "none.wav"}),
        jude,
    ]
    sound(tmp_path / "a.wav")  # beside the pool
    with (
        project_with(tmp_path, tasks) as project,
        served(project) as server,
        Person(browser, server, viewport={"width": width, "height": height}) as ada,
    ):
        page = ada.page
        shown = [one for one in page.locator(".turns li").all() if one.is_visible()]
        words = ["12 earlier turns", *turns.before, *turns.after, "3 later turns"]
        assert [one.text_content() for one in shown] == (
            words if min(width, height) > 500 else [*words[3:5], words[5]]
        )
        assert page.locator(".turns b").count() == 0
        assert page.locator("#before li").nth(3).get_attribute("dir") == "rtl"
        boxes = [
            page.locator(one).bounding_box() for one in ("#before", "#words", "#after", "#actions .main")
        ]
        assert all(one["y"] + one["height"] <= two["y"] + 1 for one, two in itertools.pairwise(boxes))
        assert boxes[-1]["y"] + boxes[-1]["height"] <= height
        assert boxes[1]["height"] > 30
        assert page.evaluate(TOO_WIDE) == []
        # The turns are no words: neither the mouse nor the keyboard marks them.
        page.locator("#before li").last.click()
        assert ada.selected is None
        ada.press("ArrowRight")
        assert ada.selected == [0, 1]
        ada.press("Escape", "l")
        page.wait_for_function("() => document.getElementById('audio').ended")
        page.locator("#audio").focus()
        ada.press("Enter")
        ada.wait_for_text(MOON.text)
        assert page.locator(".turns:visible").count() == 0
        page.wait_for_selector("#recording-problem:visible")
        assert (
            page.text_content("#recording-problem")
            == "The recording is not there, or this browser cannot play it."
        )
        ada.press("Enter")
        ada.wait_for_text(JUDE.text)
        ada.press("l")
        assert page.text_content("#guide") == "There is no recording of this one."
        assert page.locator("#recording:visible").count() == 0
        ada.all_saved()
        assert [one for one in ada.said if "404" not in one] == []


@pytest.mark.slow
def test_scripts_without_blanks_from_right_to_left_and_hostile(browser, tmp_path):
    texts = [
        utterance("😀 תשמיע את river של ג'וני מיטשל", ("river", "SongName")),
        utterance("播放周杰倫的七里香", ("周杰倫", "ArtistName")),
        utterance("play 👩‍👩‍👧‍👦 by 🇫🇷 e\u0301a"),
        utterance("<img src=x onerror=alert(1)> \u202egnos\u202c <b>by</b> &amp; joni"),
    ]
    with (
        project_with(tmp_path, queue_of(*texts)) as project,
        served(project) as server,
        Person(browser, server) as ada,
    ):
        assert ada.text == texts[0].text
        assert ada.page.get_attribute("#words", "dir") == "rtl"
        ada.press("ArrowLeft", "ArrowLeft")  # the left arrow goes on
        assert ada.selected == [1, 2]
        ada.press("End", "Shift+ArrowRight", "Shift+ArrowRight", "1", "Enter")
        ada.press("End", "Shift+ArrowLeft", "Shift+ArrowLeft", "2", "Enter")
        # One stop for a family of seven code points, one for a flag of two.
        ada.press("ArrowRight", "ArrowRight", "1", "ArrowRight", "ArrowRight", "2", "Enter")
        assert ada.page.locator("#words .hidden-character").all_text_contents() == ["‹202E›", "‹202C›"]
        assert ada.page.locator("#words img, #words b").count() == 0
        ada.press("End", "1", "Enter")
        ada.all_saved()
        values = [
            [(answer.task, task.text[slot.start : slot.end], slot.label) for slot in answer.slots]
            for task, answer in project.store.accepted()
        ]
        assert [[one[1:] for one in row] for row in values] == [
            [("river", "SongName"), ("ג'וני מיטשל", "ArtistName")],
            [("周杰倫", "ArtistName"), ("七里香", "SongName")],
            [("👩‍👩‍👧‍👦", "ArtistName"), ("🇫🇷", "SongName")],
            [("joni", "ArtistName")],
        ]
        assert ada.said == []


@pytest.mark.slow
def test_a_new_label_and_parts_of_words(browser, tmp_path):
    tasks = queue_of(utterance("playriver now"))
    with (
        project_with(tmp_path, tasks, new_labels=True, inside_tokens=True) as project,
        served(project) as server,
        Person(browser, server) as ada,
    ):
        ada.press("c", "ArrowRight", "ArrowRight", "ArrowRight", "ArrowRight", "ArrowRight")
        ada.press("Shift+ArrowRight", "Shift+ArrowRight", "Shift+ArrowRight", "Shift+ArrowRight")
        ada.press("g", "Enter")  # no label begins so
        ada.page.wait_for_selector("#form input[name=name]")
        assert ada.page.input_value("#form input[name=name]") == "g"
        ada.page.fill("#form input[name=name]", "Genre")
        ada.page.fill("#form input[name=description]", "a kind of music")
        ada.press("Enter")
        ada.page.wait_for_selector("#words .slot")
        assert ada.slots == [("river", "Genre")]
        ada.press("Enter")
        ada.all_saved()
        (_, answer), = project.store.accepted()  # fmt: skip
        assert answer.slots == (Slot(4, 9, "Genre"),)
        assert [(one.name, one.description, one.annotator) for one in project.store.labels()] == [
            ("Genre", "a kind of music", "Ada")
        ]


@pytest.mark.slow
def test_history_disputes_and_the_reviews(browser, tmp_path):
    tasks = [*queue_of(RIVER, wanted=2), *(dataclasses.replace(one, priority=9.0) for one in queue_of(MOON))]
    with project_with(tmp_path, tasks) as project, served(project) as server, Person(browser, server) as ada:
        page = ada.page
        river = next(one.id for one in project.store.tasks() if one.text == RIVER.text)
        ada.press("Enter")
        ada.all_saved()
        project.store.save(
            NewAnswer("b1", river, "Bob", "frame", "music", "PlayMusic", RIVER.slots[:1]), now=1.0
        )
        project.store.set_review(
            [ReviewItem("contradicted", (river,), RIVER.text, "The models say otherwise.", 0.97)]
        )
        ada.press("r")
        page.wait_for_selector("#panel .item")
        assert page.locator("#panel h3").all_text_contents() == ["Disputes 1", "Second look 1"]
        assert "97 % sure" in page.text_content("#panel")
        ada.press("ArrowDown", "Enter")
        page.wait_for_selector("#banner .item")
        assert len(ada.slots) == 2
        ada.press("b")  # Bob's
        assert ada.slots == [("river", "SongName")]
        ada.press("a", "Enter")
        page.wait_for_selector("#panel[open]")  # back to the list
        page.wait_for_selector("#panel :text('Nothing')")
        ada.all_saved()
        assert project.store.task(river).state == "closed"
        ada.press("Escape")
        assert ada.text == MOON.text
        ada.press("h")
        page.wait_for_selector("#panel .item")
        page.click("#panel .item >> nth=-1")
        assert ada.text == RIVER.text
        ada.press("Escape")
        assert ada.text == MOON.text


@pytest.mark.slow
def test_two_annotators_never_hold_the_same(browser, tmp_path):
    texts = [f"put on blue moon {number}" for number in range(14)]
    tasks = queue_of(*(utterance(text, ("blue moon", "SongName")) for text in texts))
    with (
        project_with(tmp_path, tasks) as project,
        served(project) as server,
        Person(browser, server) as ada,
        Person(browser, server, "Bob", viewport={"width": 400, "height": 700}) as bob,
    ):
        assert (ada.text, bob.text) == (texts[0], texts[5])  # four are held ahead
        while len(project.store.answers()) < len(texts):
            for person in (ada, bob):
                if person.page.locator(WORDS).count():
                    person.press("Enter")
            ada.page.wait_for_timeout(20)
        answers = project.store.answers(current_only=False)
        assert sorted(one.task for one in answers) == sorted(
            task.id for task in project.store.tasks("answered")
        )
        assert {one.annotator for one in answers} == {"Ada", "Bob"}
        assert project.store.disputes() == []


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone(browser, tmp_path, scheme):
    phone = {
        "viewport": {"width": 360, "height": 640},
        "has_touch": True,
        "is_mobile": True,
        "color_scheme": scheme,
    }
    tasks = queue_of(RIVER, MOON)
    with (
        project_with(tmp_path, tasks) as project,
        served(project) as server,
        Person(browser, server, **phone) as ada,
    ):
        page = ada.page
        page.wait_for_selector("#glance .tiles")
        page.tap("#words .slot >> nth=0")
        page.tap("#words .remove")
        page.tap("#words .word >> nth=1")
        page.tap("#labels .chip:has-text('Artist')")
        assert ada.slots == [("river", "ArtistName"), ("joni mitchell", "ArtistName")]
        assert page.evaluate(TOO_WIDE) == []
        assert page.evaluate(NAMELESS) == []
        for view in ("progress", "help", "review"):
            page.tap(f"#to-{view}")
            page.wait_for_selector("#panel .panel-body > *:not(:text('One moment'))")
            assert page.evaluate(TOO_WIDE) == []
            page.tap("#panel .close")
        # The answer is within reach without scrolling.
        save = page.locator("#actions .main").bounding_box()
        assert save["y"] + save["height"] <= 640
        page.tap("#actions .main")
        ada.all_saved()
        (_, answer), = project.store.accepted()  # fmt: skip
        assert [one.label for one in answer.slots] == ["ArtistName", "ArtistName"]
        background = page.evaluate("() => getComputedStyle(document.getElementById('desk')).backgroundColor")
        assert (background == "rgb(255, 255, 255)") == (scheme == "light")
        assert ada.said == []


@pytest.mark.slow
def test_search_finds_and_a_lead_corrects(browser, tmp_path):
    tasks = queue_of(RIVER, MOON, JUDE, ONE)
    with project_with(tmp_path, tasks) as project, served(project) as server, Person(browser, server) as ada:
        page = ada.page
        _, moon, jude, _ = (task.id for task in project.store.tasks())
        project.store.save(
            NewAnswer("b1", moon, "Bob", "frame", "music", "PlayMusic", (), flagged=True), now=1.0
        )
        project.store.save(NewAnswer("b2", jude, "Bob", "skip"), now=2.0)

        def found(typed):
            page.fill("#panel input", typed)
            page.wait_for_timeout(500)
            return page.evaluate(
                "() => [...document.querySelectorAll('#panel .line')].map(one => one.dataset.text)"
            )

        ada.press("/")
        page.wait_for_selector("#panel input:focus")
        assert found("by:Bob") == [JUDE.text, MOON.text]
        assert found("is:skipped") == [JUDE.text]
        assert found("PLAY is:open") == [RIVER.text, ONE.text]
        assert found("is:nothing") == []
        assert "expected one of open" in page.text_content("#panel [role=status]")
        assert found('by:"bob" is:flagged label:PlayMusic moon') == [MOON.text]
        ada.press("Enter")
        page.wait_for_selector("#banner :text('the answer of Bob')")
        ada.press("End", "1", "Enter")
        ada.all_saved()
        old, new = project.store.answers_of(moon)
        assert (old.annotator, old.current, new.annotator, new.replaces) == ("Bob", False, "Ada", "b1")
        assert ada.text == RIVER.text
        ada.press("p")
        page.click("#panel :text('Skips')")
        page.wait_for_selector("#panel .item >> nth=0")
        assert page.input_value("#panel input") == "is:skipped"
        ada.press("Escape")
        assert [words for words in ada.said if "400 (Bad Request)" not in words] == []  # is:nothing


def badge(page):
    return page.evaluate(
        "() => { const one = document.getElementById('review-count'); return one.hidden ? 0 : Number(one.textContent) }"
    )


@pytest.mark.slow
def test_review_can_be_emptied(browser, tmp_path):
    tasks = queue_of(RIVER, MOON, JUDE, ONE)
    with project_with(tmp_path, tasks) as project, served(project) as server, Person(browser, server) as ada:
        page = ada.page
        river, moon, jude, _ = (task.id for task in project.store.tasks())
        ada.press("Enter")
        ada.all_saved()
        for name, task, flagged, note in [("b1", moon, True, ""), ("b2", jude, False, "who?")]:
            answer = NewAnswer(
                name, task, "Bob", "frame", "music", "PlayMusic", (), flagged=flagged, note=note
            )
            project.store.save(answer, now=1.0)
        project.store.set_review([ReviewItem("contradicted", (river,), RIVER.text, "No.", 0.97)])
        page.reload()
        page.wait_for_selector(WORDS)
        page.wait_for_function("() => document.getElementById('review-count').textContent === '3'")
        ada.press("r")
        page.wait_for_selector("#panel .item")
        assert page.locator("#panel h3").all_text_contents() == ["Second look 1", "Flags and notes 2"]
        assert "flagged by Bob" in page.text_content("#panel")
        assert "noted by Bob" in page.text_content("#panel")
        ada.press("ArrowDown", "x")
        page.wait_for_function("() => document.querySelectorAll('#panel .doubt').length === 2")
        page.click("#panel .fine >> nth=0")
        page.wait_for_function("() => document.querySelectorAll('#panel .doubt').length === 1")
        page.reload()  # it stays
        page.wait_for_selector(WORDS)
        page.wait_for_function("() => document.getElementById('review-count').textContent === '1'")
        project.store.save(NewAnswer("b3", jude, "Bob", "skip", note="hm", replaces="b2"), now=2.0)
        project.store.save(NewAnswer("b4", moon, "Bob", "skip", note="hm", replaces="b1"), now=2.0)
        assert [item.tasks for item in project.store.to_review()] == [(moon,), (jude,)]  # answered anew
        assert badge(page) == 1


@pytest.mark.slow
def test_one_drag_is_one_step_and_undo_goes_far_back(browser, tmp_path):
    tasks = queue_of(RIVER, MOON, JUDE, ONE)
    with project_with(tmp_path, tasks) as project, served(project) as server, Person(browser, server) as ada:
        page, mouse = ada.page, ada.page.mouse
        ada.press("Enter", "Enter")
        ada.press("s")
        assert ada.text == ONE.text
        page.locator("#words .slot").first.locator(".tag").click()

        def grab(rim):
            box = page.locator(f"#words .handle.{rim}").bounding_box()
            mouse.move(box["x"], box["y"] + box["height"] / 2)
            mouse.down()

        grab("start")
        mouse.move(*ada.middle(0), steps=20)
        mouse.up()
        assert ada.slots[0] == ("play one", "SongName")
        grab("end")
        mouse.move(*ada.middle(2), steps=10)
        mouse.move(*ada.middle(3), steps=10)
        mouse.up()
        assert ada.slots[0][0].startswith("play one by")
        page.reload()
        page.wait_for_selector(WORDS)
        ada.press("u")
        assert ada.slots == [("play one", "SongName"), ("u2", "ArtistName")]
        ada.press("u")
        assert ada.slots == [("one", "SongName"), ("u2", "ArtistName")]
        page.wait_for_selector("#recent li >> nth=2")
        seen = []
        for _ in range(3):
            ada.press("u")
            page.wait_for_timeout(50)
            seen.append(ada.text)
        assert seen == [JUDE.text, MOON.text, RIVER.text]
        ada.press("u")
        page.wait_for_selector("#guide :text('nothing to undo')")
        ada.press("End", "Backspace", "Enter")
        ada.wait_for_text(ONE.text)
        ada.all_saved()
        assert [
            len(answer.slots) for task, answer in project.store.accepted() if task.text == RIVER.text
        ] == [1]


@pytest.mark.slow
def test_a_double_press_saves_once_and_texts_can_be_copied(browser, tmp_path):
    tasks = queue_of(RIVER, MOON, JUDE)
    with project_with(tmp_path, tasks) as project, served(project) as server, Person(browser, server) as ada:
        ada.context.grant_permissions(["clipboard-read", "clipboard-write"])
        page = ada.page

        def copied():
            ada.press("Control+c")
            return page.evaluate("() => navigator.clipboard.readText()")

        assert copied() == RIVER.text
        ada.press("End")
        assert copied() == "joni mitchell"
        page.keyboard.press("Enter")
        page.keyboard.press("Enter")
        assert ada.text == MOON.text
        page.keyboard.press("s")
        page.keyboard.press("Enter")  # another key came between
        ada.all_saved()
        assert [answer.kind for answer in project.store.answers()] == ["frame", "skip", "frame"]
        ada.press("h")
        page.wait_for_selector("#panel .item")
        ada.press("ArrowDown")
        assert copied() == JUDE.text


@pytest.mark.slow
def test_labels_and_names_reach_the_other_page(browser, tmp_path):
    tasks = queue_of(*(utterance(f"put on blue moon {number}") for number in range(14)))
    with (
        project_with(tmp_path, tasks, new_labels=True) as project,
        served(project) as server,
        Person(browser, server) as ada,
        Person(browser, server, "ADA") as other,
        Person(browser, server, "Bob") as bob,
    ):
        ada.press("Enter")
        ada.all_saved()
        other.page.wait_for_function("() => document.getElementById('who').textContent === 'Ada'")
        ada.press("ArrowRight", "+")
        ada.page.fill("#form input[name=name]", "Genre")
        ada.press("Enter")
        ada.page.wait_for_selector("#words .slot")
        assert bob.page.locator("#labels :text-is('Genre')").count() == 0
        bob.press("Enter")  # with the next utterance
        bob.page.wait_for_selector("#labels :text-is('Genre')")
        project.store.retire("slot", "Genre", "Style", now=1.0)
        bob.press("Enter")
        bob.page.wait_for_selector("#labels :text-is('Style')")
        bob.press("ArrowRight", "s", "t", "Enter", "Enter")
        bob.all_saved()
        assert [slot.label for slot in project.store.answers()[-1].slots] == ["Style"]


def test_a_lead_exports_backs_up_and_changes_labels(browser, tmp_path):
    with (
        project_with(tmp_path, queue_of(RIVER, MOON)) as project,
        served(project) as server,
        Person(browser, server) as ada,
    ):
        page = ada.page
        ada.press("Enter")
        ada.all_saved()
        ada.press("p")
        page.select_option("#panel select >> nth=1", "csv")
        with page.expect_download() as download:
            page.click("#panel :text-is('Export')")
        assert download.value.suggested_filename == "music-annotated.csv"
        assert RIVER.text in Path(download.value.path()).read_text()
        page.wait_for_selector("#panel :text('Written')")
        page.select_option("#panel select >> nth=0", "answers")
        assert page.locator("#panel select >> nth=1 >> option").all_text_contents() == [
            *("jsonl", "csv", "tsv", "parquet")
        ]
        with page.expect_download() as download:
            page.click("#panel :text-is('Back up now')")
        assert download.value.suggested_filename == "music.zip"
        page.click("[aria-label='rename SongName']")
        page.fill("#form input", "Title")
        page.keyboard.press("Enter")
        page.wait_for_selector("[aria-label='rename Title']")
        page.click("[aria-label='merge Title']")
        page.fill("#form input", "ArtistNam")
        page.keyboard.press("Enter")
        page.wait_for_selector("#form .problem:has-text('ArtistName')")
        page.fill("#form input", "ArtistName")
        page.keyboard.press("Enter")
        page.wait_for_selector("[aria-label='rename Title']", state="detached")
        page.click("[aria-label='delete ArtistName']")
        page.keyboard.press("Enter")
        page.wait_for_selector("[aria-label='delete ArtistName']", state="detached")
        ada.press("Escape")
        assert "ArtistName" not in page.inner_text("#labels")
        (answer,) = project.store.answers()
        assert answer.slots == ()
        assert [words for words in ada.said if "400" not in words] == []


@pytest.mark.slow
@pytest.mark.parametrize("nothing", [None, ()])  # files of intents alone have empty lists as well
def test_without_slots_no_word_of_them(browser, tmp_path, nothing):
    plain = [dataclasses.replace(one, slots=nothing) for one in (RIVER, MOON)]
    with project_with(tmp_path, queue_of(*plain)) as project:
        project.settings = dataclasses.replace(project.settings, slots=())
        project.given.__dict__.update(
            labelled=tuple(dataclasses.replace(one, slots=nothing) for one in project.labelled),
            test=tuple(dataclasses.replace(one, slots=nothing) for one in project.test),
        )
        with served(project) as server, Person(browser, server) as ada:
            page = ada.page
            for key in ("Escape", "p", "?", "h", "r"):
                ada.press(key)
                page.wait_for_timeout(150)
                assert "slot" not in page.inner_text("body").lower()
                assert "slot" not in page.text_content("#voice").lower()
                ada.press("Escape")
            ada.press("ArrowRight", "f")  # letters are commands: there is nothing to name
            assert page.get_attribute("#actions .action:has-text('Flag')", "aria-pressed") == "true"
            page.set_viewport_size({"width": 390, "height": 844})
            assert page.is_hidden("#labels")
            assert page.is_hidden("#actions .action:has-text('Remove label')")


@pytest.mark.slow
def test_the_next_likeliest_labels_by_one_key(browser, tmp_path):
    (task, other) = queue_of(RIVER, MOON)
    alternatives = ((RIVER.slots[:1], 0.2), ((), 0.1))
    prediction = dataclasses.replace(task.prediction, alternatives=alternatives)
    tasks = [dataclasses.replace(task, prediction=prediction), other]
    with project_with(tmp_path, tasks) as project, served(project) as server, Person(browser, server) as ada:
        ada.press("Space")
        assert ada.slots == [("river", "SongName")]
        ada.press("Space")
        assert ada.slots == []
        ada.press("Space")
        assert len(ada.slots) == 2
        ada.press("ArrowDown", "Space", "Enter")  # also while words are selected
        ada.all_saved()
        (_, answer), = project.store.accepted()  # fmt: skip
        assert answer.slots == RIVER.slots[:1]
        ada.press("Space")
        assert "no other labels" in ada.page.text_content("#guide")


@pytest.mark.slow
def test_a_likely_change_by_one_key(browser, tmp_path):
    (task, other) = queue_of(RIVER, MOON)
    river, artist = RIVER.slots
    wrong = (dataclasses.replace(river, label="ArtistName"), artist)
    alternatives = ((RIVER.slots, 0.2), (wrong[:1], 0.1), (RIVER.slots[:1], 0.05))
    prediction = dataclasses.replace(task.prediction, slots=wrong, alternatives=alternatives)
    tasks = [dataclasses.replace(task, prediction=prediction), other]
    with project_with(tmp_path, tasks) as project, served(project) as server, Person(browser, server) as ada:
        page = ada.page
        chips = page.locator("#offers .chip")
        assert chips.all_text_contents() == ["qriverSongName", "wjoni mitchellno label"]
        ada.press("w", "q")  # together they are the third, which has no key of its own
        assert ada.slots == [("river", "SongName")]
        assert [chip.get_attribute("aria-pressed") for chip in chips.all()] == ["true", "true"]
        ada.press("w")
        assert ada.slots == [("river", "SongName"), ("joni mitchell", "ArtistName")]
        ada.press("u")
        assert ada.slots == [("river", "SongName")]
        ada.press("ArrowRight")
        page.keyboard.press("w")  # words are selected: it belongs to the search of labels
        assert ada.slots == [("river", "SongName")]
        ada.press("Escape", "Escape")
        chips.nth(1).click()
        ada.press("Enter")
        ada.all_saved()
        (_, answer), = project.store.accepted()  # fmt: skip
        assert answer.slots == RIVER.slots
        assert not page.is_visible("#offers")
        ada.press("q")  # nothing is offered
        assert ada.slots == [("blue moon", "SongName")]
        assert ada.said == []


@pytest.mark.slow
def test_the_same_for_near_duplicates(browser, tmp_path):
    river = utterance(f"can you {RIVER.text}", ("river", "SongName"), ("joni mitchell", "ArtistName"))
    texts = ["can you play one by u2", "could you play two by abba", "stop it"]
    tasks = queue_of(river, *(utterance(text) for text in texts))
    with project_with(tmp_path, tasks) as project, served(project) as server, Person(browser, server) as ada:
        page = ada.page
        ada.press("b")
        page.wait_for_selector("#panel :text('Answer a request first')")
        ada.press("Escape", "Enter")
        ada.all_saved()
        page.evaluate("() => document.getElementById('words').focus()")
        ada.press("b")
        page.wait_for_selector("#panel input")
        assert page.locator("#panel .item .line").all_inner_texts() == [
            "can you play oneSongName by u2ArtistName",
            "could you play twoSongName by abbaArtistName",
        ]
        assert [box.is_checked() for box in page.locator("#panel input").all()] == [True, False]
        ada.press("ArrowDown", "ArrowDown", "Space")
        page.wait_for_selector("#panel button:text-is('The same for 2')")
        ada.press("Space")
        page.wait_for_selector("#panel button:text-is('The same for 1')")
        page.click("#panel button.main")
        page.wait_for_selector("#panel :text('1 request has this answer now, too')")
        copied = [answer for answer in project.store.answers() if answer.copies]
        assert [project.store.task(answer.task).text for answer in copied] == texts[:1]
        ada.press("Escape")
        assert ada.text == texts[1]  # the copy was next
        ada.press("h")
        page.wait_for_selector("#panel .facts :text('copied')")
        assert ada.said == []


@pytest.mark.slow
def test_a_long_guideline_stands_beside_its_label(browser, tmp_path):
    rule = "\n".join(
        f"{number}. Titles of songs, albums aside, also where they are quoted." for number in range(12)
    )
    with project_with(tmp_path, queue_of(RIVER)) as project:
        guides = [
            dataclasses.replace(guide, description=rule if guide.name == "SongName" else "Who sings.")
            for guide in project.settings.slots
        ]
        project.settings = dataclasses.replace(project.settings, slots=tuple(guides))
        example = next(guide for guide in guides if guide.name == "SongName").examples[0]
        with served(project) as server, Person(browser, server) as ada:
            page = ada.page
            page.hover("#labels .chip:has-text('ArtistName')")
            assert "Who sings." in page.text_content("#guide")
            chip = page.locator("#labels .chip:has-text('SongName')")
            chip.hover()
            page.wait_for_selector("#card:visible")
            assert page.inner_text("#card p") == rule
            assert page.inner_text("#card li >> nth=0") == example.replace("[", "").replace("]", "")
            card, label = page.locator("#card").bounding_box(), chip.bounding_box()
            assert card["y"] + card["height"] <= label["y"]
            assert card["y"] >= 0
            page.hover("#card")  # it can be read and scrolled
            page.wait_for_timeout(300)
            assert page.is_visible("#card")
            page.hover("#title")
            page.wait_for_selector("#card", state="hidden")
            chip.focus()
            page.wait_for_selector("#card:visible")
            ada.press("Escape")
            page.wait_for_selector("#card", state="hidden")
            page.set_viewport_size({"width": 640, "height": 400})
            chip.scroll_into_view_if_needed()
            chip.hover()
            page.wait_for_selector("#card:visible")
            card = page.locator("#card").bounding_box()
            assert card["y"] >= 0
            assert card["y"] + card["height"] <= 400
            assert ada.said == []


@pytest.mark.slow
def test_annotators_do_not_lead(browser, tmp_path):
    tasks = queue_of(*(utterance(f"put on blue moon {number}") for number in range(9)))
    with project_with(tmp_path, tasks) as project, served(project) as server:
        with Person(browser, server) as ada:
            ada.press("Enter")
            ada.all_saved()
            ada.press("p")
            link = ada.page.text_content("#panel code")
            assert link.startswith(f"{server.base}/?token=")
        server.link = link
        with Person(browser, server, "Bo") as bo:
            page = bo.page
            assert [one for one in page.locator(".top nav button:visible").all_inner_texts() if one] == [
                *("Search", "History", "Progress", "Help", "Bo")
            ]
            bo.press("r")
            assert not page.is_visible("#panel")
            bo.press("p")
            page.wait_for_selector("#panel .tiles")
            for words in ("Export", "Back up", "Link for", "Corrections"):
                assert page.locator(f"#panel :text('{words}')").count() == 0
            bo.press("Escape", "Enter")
            bo.all_saved()
            bo.press("/")
            page.wait_for_selector("#panel .item")  # of Ada's answer and his own one
            assert page.locator("#panel .item .who").all_inner_texts()[0].startswith("Bo ")
            page.fill("#panel input", "by:Ada moon")
            page.wait_for_timeout(400)
            assert page.locator("#panel .item").count() == 1
            bo.press("Enter")
            page.wait_for_selector("#banner:visible")
            bo.press("Escape")
            assert page.evaluate("async () => (await fetch('/api/export?part=all&format=csv')).status") == 403
            page.click("#who")
            assert page.locator("#form option").evaluate_all("all => all.map((one) => one.value)") == ["Ada"]
            assert [words for words in bo.said if "403" not in words] == []


@pytest.mark.slow
def test_several_projects_on_one_server(browser, tmp_path):
    with (
        project_with(tmp_path, queue_of(RIVER, MOON)) as songs,
        make_project(tmp_path / "more songs") as more,
    ):
        more.store.swap(queue_of(JUDE), round=0)
        with (
            served([(songs, StillQueue()), (more, StillQueue())]) as server,
            contextlib.closing(browser.new_context()) as context,
        ):
            page = context.new_page()
            said = []
            page.on("console", lambda message: said.append(message.text))
            page.goto(server.link)
            page.wait_for_selector("#list .item")
            assert [words.split(" · ")[-1] for words in page.locator("#list .item").all_inner_texts()] == [
                *("0 answers, 2 waiting", "0 answers, 1 waiting")
            ]
            for place, text in ((0, RIVER.text), (1, JUDE.text)):
                page.locator("#list a").nth(place).click()
                page.fill("#form input", "Ada")
                page.keyboard.press("Enter")
                page.wait_for_selector(WORDS)
                assert "".join(page.locator("#words .word, #words .gap").all_inner_texts()) == text
                page.keyboard.press("Enter")
                page.wait_for_function("() => document.getElementById('state').textContent === '✓ All saved'")
                page.click("#to-projects")
                page.wait_for_selector("#list :text('1 answer,')")
            assert said == []
        assert [answer.annotator for project in (songs, more) for answer in project.store.answers()] == [
            "Ada",
            "Ada",
        ]


PALE = """() => {
  const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = ([red, green, blue]) => [red, green, blue].map((part) => part / 255).reduce((sum, part, place) =>
    sum + [.2126, .7152, .0722][place] * (part <= .04045 ? part / 12.92 : ((part + .055) / 1.055) ** 2.4), 0);
  const under = (one) => {
    for (; one; one = one.parentElement) {
      const found = numbers(getComputedStyle(one).backgroundColor);
      if (found.length < 4 || found[3] > 0) return found;
    }
    return [255, 255, 255];
  };
  return [...document.querySelectorAll('kbd')].filter((one) => one.offsetParent && one.textContent &&
    getComputedStyle(one).visibility === 'visible' && !one.closest(':disabled')).flatMap((one) => {
      const below = under(one), share = Number(getComputedStyle(one).opacity);
      const colour = numbers(getComputedStyle(one).color).map((part, place) => part * share + below[place] * (1 - share));
      const [low, high] = [light(colour), light(below)].sort((some, other) => some - other);
      return (high + .05) / (low + .05) < 4.5 ? [`${one.textContent}: ${(high + .05) / (low + .05)}`] : [];
  });
}"""


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_hints_of_keys_can_be_read(browser, tmp_path, scheme):
    tasks = queue_of(RIVER, MOON)
    with (
        project_with(tmp_path, tasks) as project,
        served(project) as server,
        Person(browser, server, color_scheme=scheme) as ada,
    ):
        assert ada.page.evaluate(PALE) == []
        ada.press("ArrowRight")
        assert ada.page.evaluate(PALE) == []
        ada.press("Escape", "x", "?")
        assert ada.page.evaluate(PALE) == []


@pytest.mark.slow
def test_forced_colours_show_what_is_chosen(browser, tmp_path):
    def look(selector):
        return ada.page.evaluate(
            "name => { const {backgroundColor, borderBottomWidth, outlineStyle} = "
            "getComputedStyle(document.querySelector(name)); return [backgroundColor, borderBottomWidth, outlineStyle] }",
            selector,
        )

    tasks = queue_of(RIVER)
    with (
        project_with(tmp_path, tasks) as project,
        served(project) as server,
        Person(browser, server, forced_colors="active") as ada,
    ):
        assert look("#words .slot")[1:] == ["2px", "solid"]
        assert look("#intents .chip[aria-pressed=true]")[0] != look("#intents .chip[aria-pressed=false]")[0]
        ada.press("ArrowRight")
        assert look("#words .selected")[0] != look("#words .word:not(.selected)")[0]
        ada.press("Escape", "f")
        assert look(".action[aria-pressed=true]")[0] != look(".action:nth-child(3)")[0]
        assert ada.page.text_content("#voice") == "Flagged"
        assert ada.page.get_attribute("#words", "aria-label") == f"Utterance: {RIVER.text}"


SIZES = [(1280, 800), (390, 844), (640, 400)]
OUT_OF_VIEW = """() => ['#words', '#actions', '#actions .main'].filter(name => {
  const {top, bottom, height} = document.querySelector(name).getBoundingClientRect();
  return height < 30 || top < 0 || bottom > innerHeight;
})"""

COVERED_BY_CARD = """() => {
  const card = document.querySelector('#card').getBoundingClientRect();
  return ['#words', '#actions', '#labels input'].filter(name => {
    const {top, bottom, left, right} = document.querySelector(name).getBoundingClientRect();
    return card.top < bottom && top < card.bottom && card.left < right && left < card.right;
  });
}"""


def bottom_of(element):
    box = element.bounding_box()
    return box["y"] + box["height"]


@pytest.fixture(scope="module")
def bank(tmp_path_factory):
    """The server of a project of 150 intents and 80 labels; its texts have 400 words."""
    with project_of_many(tmp_path_factory.mktemp("bank")) as project, served(project) as server:
        yield project, server


@pytest.mark.slow
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_many_intents_and_labels_leave_text_and_buttons_in_view(browser, bank, width, height):
    _, server = bank
    with Person(browser, server, f"at {width}", viewport={"width": width, "height": height}) as ada:
        page = ada.page
        assert page.evaluate(OUT_OF_VIEW) == []
        bar = page.locator("#actions .main").bounding_box()
        every, line = page.locator("#intents > .chip.new"), page.locator("#intents")
        assert bottom_of(every) <= bottom_of(line)  # in view without scrolling
        every.click()
        assert page.evaluate(OUT_OF_VIEW) == []
        assert page.locator("#chooser .chip:not(.new):visible").count() == 150
        assert page.is_hidden("#offers")
        every.click()
        assert page.is_hidden("#chooser")
        ada.press("ArrowRight", "ArrowRight", *"dat")
        assert page.input_value("#labels input") == "dat"
        assert page.evaluate(COVERED_BY_CARD) == []
        ada.press("Escape", "Escape", "End")  # the last of 400 words
        assert page.evaluate(OUT_OF_VIEW) == []
        last, words = (page.locator(name).bounding_box() for name in ("#words .selected", "#words"))
        assert words["y"] < last["y"] < words["y"] + words["height"]
        assert page.evaluate(TOO_WIDE) == []
        assert page.locator("#actions .main").bounding_box() == bar


@pytest.mark.slow
def test_letters_belong_to_an_open_chooser(browser, bank):
    project, server = bank
    with Person(browser, server, "slow") as ada:
        page, text = ada.page, ada.text
        likeliest = page.locator("#intents .chip .name").all_text_contents()
        assert likeliest == [name for name, _ in project.store.task(ada.task).prediction.likeliest]
        ada.press("3")
        assert ada.intent == likeliest[2]
        ada.press("i")
        for letter in "card":
            ada.press(letter)
            page.wait_for_timeout(1200)
        found = page.locator("#chooser .chip:not(.new):visible .name").all_text_contents()
        assert (len(found), ada.intent, ada.text) == (10, likeliest[2], text)
        assert "lost_card" in found
        ada.press("Enter")
        assert ada.intent == "activate_card"
        ada.press("i", *"stolen")  # a description alone takes nothing
        assert page.locator("#chooser .chip:not(.new):visible .name").all_text_contents() == ["lost_card"]
        ada.press("Enter")
        assert ada.intent == "lost_card"
        ada.press("i", *"freeze_a")
        page.wait_for_timeout(1200)
        assert page.locator("#chooser .chip:not(.new):visible").count() == 2
        ada.press("c")  # the only one left
        assert ada.intent == "freeze_account"
        page.wait_for_timeout(1200)
        for letter in "oxsh":  # a slip, too, is no command
            ada.press(letter)
        assert (ada.intent, ada.text, page.locator("#panel[open]").count()) == ("freeze_account", text, 0)
        assert "Letters still belong" in page.text_content("#guide")
        ada.press("Escape", "f")
        assert page.get_attribute("#actions .action:has-text('Flag')", "aria-pressed") == "true"


@pytest.mark.slow
def test_escape_closes_at_the_first_press(browser, bank):
    _, server = bank
    with Person(browser, server, "away") as ada:
        page = ada.page
        for opener, what in [
            (["i", "c", "a"], "#chooser:visible"),
            (["h"], "#panel[open]"),
            (["r"], "#panel[open]"),
            (["p"], "#panel[open]"),
            (["?"], "#panel[open]"),
            (["+"], "#form[open]"),
            (["n"], "#note:focus"),
            (["ArrowRight", "d", "a"], "#labels input:focus"),
        ]:
            ada.press(*opener)
            page.wait_for_selector(what)
            ada.press("Escape")
            assert page.locator(what).count() == 0, what
        page.click("#who")
        page.wait_for_selector("#form[open]")
        ada.press("Escape")
        assert page.locator("#form[open]").count() == 0


@pytest.mark.slow
def test_a_text_of_100_kb(browser, tmp_path):
    long = utterance("play river by joni " * 5_300, ("river", "SongName"))
    tasks = queue_of(long, MOON)
    with project_with(tmp_path, tasks) as project, served(project) as server, Person(browser, server) as ada:
        ada.press("End", "1", "Enter")
        assert ada.text == MOON.text
        ada.all_saved()
        (task, answer), = project.store.accepted()  # fmt: skip
        assert [task.text[one.start : one.end] for one in answer.slots] == ["river", "joni"]
        assert answer.slots[1].end == len(task.text) - 1


@pytest.mark.slow
def test_a_lead_decides_on_groups_of_requests_that_nobody_handles(browser, tmp_path):
    def group(name, *texts):
        return SimpleNamespace(name=(name,), sampled=texts, requests=10 * len(texts))

    sent = [
        group("lamp", "lamp on", "lamp off"),
        group("bitcoin", "send bitcoin", "get bitcoin"),
        group("spam", "win now"),
    ]
    with (
        project_with(tmp_path, queue_of(RIVER, MOON)) as project,
        served(project) as server,
        Person(browser, server) as ada,
    ):
        send_groups(project, SimpleNamespace(groups=sent))
        page = ada.page
        ada.press("p")
        page.wait_for_selector("#panel .group :text('get bitcoin')")
        page.click("[aria-label='refuse spam']")
        page.keyboard.press("Enter")
        page.wait_for_selector("[aria-label='refuse spam']", state="detached")
        page.click("[aria-label='split lamp']")
        page.keyboard.press("Enter")
        page.wait_for_selector("#panel .group >> nth=2")
        parts = [found.name for found in groups_of(project) if "lamp" in found.texts[0]]
        page.click(f"[aria-label='merge {parts[1]}']")
        page.fill("#form input", parts[0])
        page.keyboard.press("Enter")
        page.wait_for_selector(f"[aria-label='merge {parts[1]}']", state="detached")
        page.click("[aria-label='name bitcoin']")
        page.fill("#form input", "SendMoney")
        page.keyboard.press("Enter")
        page.wait_for_selector("[aria-label='name bitcoin']", state="detached")
        page.wait_for_selector("[aria-label='rename SendMoney']")
        assert [found.texts for found in groups_of(project)] == [("lamp on", "lamp off")]
        assert {task.text for task in project.store.tasks("open", "leased")} >= {
            "send bitcoin",
            "get bitcoin",
        }
        assert refused_texts(project) == ["win now"]
        assert "SendMoney" in project.intents()[-1].name
