"""What an assistant answers alone: when it may, what counts as its answer, how it is checked, and taken back."""

import json
from dataclasses import replace

import pytest
from chat_server import chat_server, right
from projects import NOON, make_project, music_left, tasks_of

from canvass.annotation.assistant.assistant import Assistant
from canvass.annotation.assistant.judging import judge_project
from canvass.annotation.exchange.exporting import answer_records, write_export
from canvass.annotation.quality.assistant_error import (
    APPROVAL,
    AssistantError,
    Share,
    assistant_errors,
    objection,
    withdraw,
)
from canvass.annotation.quality.progress import status_of
from canvass.annotation.store.records import ALONE, NewAnswer
from canvass.annotation.web.progress_json import progress_json
from canvass.corpus.labelled import read_labelled
from canvass.errors import InputError, OptionError

pytest.importorskip("httpx", reason="an assistant needs httpx: pip install 'canvass-nlu[scorer]'")

LEFT = music_left(16)
WISE = f"{ALONE}wise-1"


def sure(tasks):
    """Let the models be sure of their predictions."""
    return [replace(task, prediction=replace(task.prediction, confidence=0.9)) for task in tasks]


@pytest.fixture
def project(tmp_path):
    with make_project(tmp_path / "music") as made:
        made.store.swap(sure(tasks_of(LEFT)), round=0)
        yield made


@pytest.fixture
def server():
    with chat_server(right(LEFT)) as serving:
        yield serving


def approve(project, server, *, at=0.0):
    """Write the approval of the assistant as it is now, as if it had passed."""
    assistant = Assistant(project, server.address, "wise-1")
    approval = {"question": assistant.question(assistant.prompt()), "at": at, "stopped": ""}
    project.store.set_fact(APPROVAL, json.dumps(approval))


@pytest.fixture
def alone(project, server):
    approve(project, server)
    return Assistant(project, server.address, "wise-1", alone=True)


def states(project):
    return {task.text: task.state for task in project.store.tasks()}


def person_answers(project, task, name="ann", **changes):
    gold = next(utterance for utterance in LEFT if utterance.text == task.text)
    said = {"domain": "music", "intent": gold.intent, "slots": gold.slots, **changes}
    return project.store.save(NewAnswer(f"{name}{task.id}", task.id, name, "frame", **said), now=NOON)


def test_what_both_are_sure_of_is_answered_but_for_what_is_checked(project, alone):
    counts = []
    alone._answered = counts.append
    assert alone.look() == len(LEFT)
    waiting = project.store.tasks("open")
    assert 0 < len(waiting) < len(LEFT) / 3
    assert all(task.prediction.hidden and task.prediction.agreed for task in waiting)
    answers = project.store.answers()
    assert counts == [len(answers)] == [len(LEFT) - len(waiting)]
    assert {answer.annotator for answer in answers} == {WISE}
    golds = {utterance.text: (utterance.intent, utterance.slots) for utterance in LEFT}
    for task, answer in project.store.accepted():
        assert (answer.intent, answer.slots) == golds[task.text]
    assert {utterance.text for utterance in project.answered()} == golds.keys() - {
        task.text for task in waiting
    }
    assert "answers alone" in alone.leaves


@pytest.mark.parametrize(
    "change",
    [
        {"wanted": 2},
        {"source": "random"},
        {"prediction": replace(tasks_of(LEFT)[0].prediction, intent="AddToPlaylist", confidence=1.0)},
        {"prediction": replace(tasks_of(LEFT)[0].prediction, confidence=0.5)},
        {"prediction": replace(tasks_of(LEFT)[0].prediction, confidence=1.0, positive=False)},
        {"prediction": None},
    ],
    ids=["of two people", "random", "disagreed", "unsure", "not of the target", "unknown"],
)
def test_all_else_waits_for_people(project, alone, change):
    project.store.swap([replace(task, **change) for task in sure(tasks_of(LEFT))[:1]], round=1)
    alone.look()
    (task,) = project.store.tasks()
    assert task.state == "open"
    assert task.prediction is None or not task.prediction.agreed


def test_an_assistant_that_is_not_sure_answers_nothing(project, server, alone):
    def unsure(handler, text):
        handler.wfile = _Unsure(handler.wfile)
        right(LEFT)(handler, text)

    server.behave = unsure
    assert alone.look() == len(LEFT)
    assert not project.store.answers()


class _Unsure:
    """Says, in what is written, that the assistant is not sure; as long as what was announced."""

    def __init__(self, stream):
        self._stream = stream

    def write(self, data):
        return self._stream.write(data.replace(rb"\"sure\": true", rb"\"sure\":false"))

    def flush(self):
        self._stream.flush()


def test_no_one_answers_alone_without_the_approval_of_what_is_asked_now(project, server, alone):
    def refusal(model="wise-1", **options):
        with pytest.raises(OptionError) as refused:
            Assistant(project, server.address, model, alone=True, **options)
        return str(refused.value)

    assert "--assistant-alone: canvass judge approved another model" in refusal("wise-2")
    assert "approved another model, other guidelines or another mask" in refusal(mask="string:capwords")
    project.store.add_label("intent", "StopMusic", "", "ann", NOON)
    assert "other guidelines" in refusal()
    alone.look()
    assert not project.store.answers()
    assert "wise-1 answers nothing alone any more: canvass judge approved another" in alone.objection
    project.store.set_fact(APPROVAL, "")
    assert "--assistant-alone: canvass judge has not approved it for music; run it" in refusal()


def test_it_is_no_person(project, server, alone):
    alone.look()
    (first, *_) = project.store.accepted()
    status = status_of(project)
    assert status.annotators == ()
    assert status.agreement == ()
    assert status.answers == ()
    assert status.accepted == len(project.store.answers())
    assert project.store.annotators() == []
    assert progress_json(project, 0.0)["answered"] == 0
    with pytest.raises(InputError, match="annotator of the answer begins with assistant:, which marks"):
        person_answers(project, first[0], WISE)
    asked = [utterance.text for utterance in alone.prompt()._annotated]
    assert not set(asked) & {utterance.text for utterance in LEFT}
    verdict = judge_project(project, alone)
    assert verdict.errors["whole frame"].n == 0
    person_answers(project, first[0])
    assert judge_project(project, alone).errors["whole frame"].n == 0
    assert {record["annotator"] for record in answer_records(project)} == {WISE, "ann"}


def test_exports_say_whose_answer_it_is_and_can_be_read(project, alone, tmp_path):
    alone.look()
    person_answers(project, project.store.tasks("open")[0])
    write_export(str(tmp_path / "all.jsonl"), project, everything=True)
    rows = [json.loads(line) for line in (tmp_path / "all.jsonl").read_text().splitlines()]
    answered = {task.text for task, answer in project.store.accepted() if answer.alone}
    assert {row["text"]: row["assistant"] for row in rows if row["assistant"]} == dict.fromkeys(
        answered, "wise-1"
    )
    assert len(read_labelled([str(tmp_path / "all.jsonl")]).utterances) == len(rows)


def test_a_person_has_the_last_word(project, alone):
    alone.look()
    task, _ = project.store.accepted()[0]
    saved = person_answers(project, task, slots=())
    assert saved.state == "answered"
    kept = {answer.annotator: answer.current for answer in project.store.answers_of(task.id)}
    assert kept == {WISE: False, "ann": True}
    assert {other.id: answer.slots for other, answer in project.store.accepted()}[task.id] == ()


def test_checks_measure_it_and_end_it_for_good(project, server, alone):
    alone.look()
    checks = [*project.store.tasks("open")]
    assert len(checks) >= 1
    person_answers(project, checks[0])
    (error,) = assistant_errors(project.store.answers())
    count = len(LEFT) - len(checks)
    assert error == AssistantError("wise-1", Share(0, 0), Share(0, 0), count, Share(0, 1))
    assert f"It answered {count} alone, and 0 of 1 that were checked were wrong (0% to 79%)" in error.words
    assert status_of(project).as_dict()["assistants"][0]["checked"]["n"] == 1
    assert progress_json(project, 0.0)["assistants"] == [error.words]
    # Two others that are wrong.
    for place in range(2):
        task = replace(sure(tasks_of(LEFT))[place], key=f"other {place}", text=f"other {place}")
        hidden = replace(task.prediction, by="wise-1", hidden=True, agreed=True)
        project.store.add([replace(task, prediction=hidden)])
        (other,) = [each for each in project.store.tasks("open") if each.text == task.text]
        answer = NewAnswer(f"w{place}", other.id, "ann", "frame", "music", "AddToPlaylist", ())
        project.store.save(answer, now=NOON)
    question = alone.question(alone.prompt())
    said = (
        "2 of 3 of its answers that people checked were wrong, and 10% are allowed; canvass judge --withdraw"
    )
    assert objection(project, question).startswith(said)
    for place in range(30):
        task = replace(sure(tasks_of(LEFT))[0], key=f"right {place}", text=f"right {place}")
        hidden = replace(task.prediction, by="wise-1", hidden=True, agreed=True, slots=())
        project.store.add([replace(task, prediction=hidden)])
        (other,) = [each for each in project.store.tasks("open") if each.text == task.text]
        answer = NewAnswer(f"r{place}", other.id, "ann", "frame", "music", hidden.intent, ())
        project.store.save(answer, now=NOON)
    assert objection(project, question).startswith(said)
    approve(project, server, at=NOON + 1)
    assert objection(project, alone.question(alone.prompt())) == ""


def test_all_is_withdrawn_at_once_and_goes_to_people(project, alone):
    alone.look()
    answered = {task.id for task, _ in project.store.accepted()}
    corrected = min(answered)
    person_answers(project, project.store.task(corrected))
    assert withdraw(project) == len(answered) - 1
    assert withdraw(project) == 0
    assert [task.id for task, _ in project.store.accepted()] == [corrected]
    assert set(states(project).values()) == {"open", "answered"}
    assert len(project.store.answers(current_only=False)) == 2 * len(answered)
    # Newer models rank what was withdrawn, and it stays; no assistant answers it again.
    project.store.swap(sure(tasks_of([*reversed(LEFT)])), round=1)
    assert answered <= {task.id for task in project.store.tasks()}
    alone.look()
    assert len(project.store.accepted()) == 1
    assert "has not approved it" in alone.objection
    held = project.store.lease("bob", count=50, now=NOON, seconds=60.0)
    assert {task.id for task in held} >= answered - {corrected}


def test_withdrawing_leaves_what_somebody_holds(project, alone):
    alone.look()
    task, answer = project.store.accepted()[0]
    project.store.retire("intent", answer.intent, None, now=NOON)
    assert project.store.task(task.id).state == "open"
    project.store.lease("bob", count=50, now=NOON, seconds=1e9)
    withdraw(project)
    assert project.store.task(task.id).holder == "bob"
    project.store.swap([], round=1)
    assert project.store.answers_of(task.id)
