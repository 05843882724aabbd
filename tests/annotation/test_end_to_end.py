"""An automatic annotator with gold labels, through the real server: chosen keys and errors are those of a study."""

import time
from dataclasses import asdict
from pathlib import Path

import pytest
from commands import write_records

pytest.importorskip("uvicorn", reason="the page needs uvicorn: pip install 'canvass-nlu[annotate]'")

from server_process import Connection, Servers

from canvass.annotation.project.creation import SETTINGS
from canvass.annotation.project.project import Project
from canvass.annotation.project.settings import with_changes
from canvass.annotation.project.settings_file import write_settings
from canvass.corpus.labelled import read_labelled
from canvass.corpus.normalise import key_of
from canvass.simulation.runs import Run
from canvass.types import Target
from examples import MUSIC, music, others
from studies import rounds_of, split

SNIPS = Path(__file__).parents[3] / "shared" / "data" / "snips"
PATIENCE = 300  # seconds, on a busy machine
SEED = 3


def make(folder, start, target, strategy, batch):
    """A project from the start of a study.

    Without random picks: a study has none. The queue is a little longer than a batch, since an empty one would not
    wait for the last answer.
    """
    pool = folder / "pool.jsonl"
    write_records(pool, [{"text": one.text, "id": one.id, "count": one.count} for one in start.pool])
    with Project.create(
        folder / "project", start.labelled, [str(pool)], target, test=start.test, strategy=strategy, seed=SEED
    ) as project:
        settings = with_changes(
            project.settings, "queue", size=batch + 2, retrain_after=batch, idle_seconds=1e6, random_share=0.0,
            outside_share=0.0,
        )  # fmt: skip
        write_settings(project.folder / SETTINGS, settings)
        return project.folder


def generation(server, number):
    """Wait for a queue."""
    end = time.monotonic() + PATIENCE
    while True:
        queue = server.post("/api/lease", {"annotator": "oracle", "count": 0})["queue"]
        if queue["generation"] >= number:
            assert queue["phase"] == "fresh", queue
            return
        assert queue["phase"] != "failed", queue
        assert time.monotonic() < end, queue
        time.sleep(0.02)


def answer_of(task, gold, target):
    one = gold[key_of(task["text"])]
    ours = target.matches(one)
    return {
        "id": f"answer-{task['id']}",
        "task": task["id"],
        "annotator": "oracle",
        "kind": "frame" if ours else "elsewhere",
        "domain": one.domain,
        "intent": one.intent,
        "slots": [asdict(slot) for slot in one.slots] if ours else None,
        "shown": True,
        "seconds": 1.0,
    }


def annotated(folder, start, target, rounds, batch):
    """(keys, slot error rate) of each round, as a client of the server sees them."""
    gold = {key_of(one.text): one for one in start.pool}
    chosen = [()]
    with Servers(folder) as servers:
        servers.start()
        server = Connection(servers.ready())
        try:
            for number in range(1, rounds + 1):
                generation(server, number)
                tasks = server.post("/api/lease", {"annotator": "oracle", "count": batch})["tasks"]
                assert all(task["source"] == "selected" for task in tasks)
                chosen.append(tuple(key_of(task["text"]) for task in tasks))
                for task in tasks:
                    assert server.post("/api/answers", answer_of(task, gold, target))["saved"]
            generation(server, rounds + 1)
        finally:
            server.close()
    with Project.open(folder) as project:
        assert [one.answers for one in project.store.rounds()] == [batch * one for one in range(rounds + 1)]
        assert len(project.store.answers(current_only=False)) == batch * rounds
        return list(zip(chosen, (one.slot_error_rate for one in project.store.rounds()), strict=True))


def studied(start, target, strategy, rounds, batch):
    return [
        (entry.chosen, entry.scores.slot_error_rate)
        for entry in rounds_of(Run(start, target, strategy, (batch,) * rounds, SEED))
    ]


@pytest.mark.slow
def test_a_small_project_goes_as_a_study(tmp_path):
    start = split([*music(), *others()], MUSIC, seed=1, positives=8, negatives=8)
    folder = make(tmp_path, start, MUSIC, "majority-joint", 4)
    expected = studied(start, MUSIC, "majority-joint", 2, 4)
    assert annotated(folder, start, MUSIC, 2, 4) == expected
    assert len({key for keys, _ in expected for key in keys}) == 8


@pytest.mark.corpora
@pytest.mark.slow
@pytest.mark.parametrize("strategy", ["majority-joint", "random-positive"])
@pytest.mark.skipif(not SNIPS.exists(), reason="the corpora of ../shared/data are not here")
def test_snips_goes_as_a_study(tmp_path, strategy):
    corpus = read_labelled([str(SNIPS / "train.jsonl.gz")]).utterances[::3]
    target = Target("intent", "AddToPlaylist")
    start = split(corpus, target, seed=2, positives=40, negatives=200)
    folder = make(tmp_path, start, target, strategy, 20)
    expected = studied(start, target, strategy, 5, 20)
    assert annotated(folder, start, target, 5, 20) == expected
    assert expected[-1][1] < expected[0][1]
