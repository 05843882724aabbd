"""One round of a project: what a study would train, measure and choose, and random picks by brute force."""

import json
from pathlib import Path

import pytest
from commands import write_records
from projects import run_round, write_estimates

from canvass.annotation.exchange.handing_out import hand_out
from canvass.annotation.project.annotations import complete
from canvass.annotation.project.project import Project
from canvass.annotation.project.settings import with_changes
from canvass.annotation.quality.estimate import (
    ESTIMATES,
    estimates_of,
    requests_of,
    score_picks,
    stored_estimates,
)
from canvass.annotation.quality.progress import status_of
from canvass.annotation.quality.stopping import STEP
from canvass.annotation.rounds import round as round_module
from canvass.annotation.rounds.queue import next_round
from canvass.annotation.rounds.round import STOP_SET, Rounds, save_estimates
from canvass.annotation.store.records import NewAnswer, Round
from canvass.corpus.labelled import read_labelled
from canvass.corpus.normalise import key_of
from canvass.errors import InputError, TrainingError
from canvass.seeding import uniform
from canvass.simulation.runs import Run
from canvass.strategies import majority
from canvass.types import Target, Utterance
from examples import MUSIC, music, others
from parameters import slow_unless
from studies import rounds_of, split

SNIPS = Path(__file__).parents[4] / "shared" / "data" / "snips"


def make(folder, start, target=MUSIC, *, strategy="majority-joint", seed=3, **queue):
    pool = folder / "pool.jsonl"
    write_records(pool, [{"text": one.text, "id": one.id, "count": one.count} for one in start.pool])
    project = Project.create(
        folder / "project", start.labelled, [str(pool)], target, test=start.test, strategy=strategy, seed=seed,
    )  # fmt: skip
    project.settings = with_changes(project.settings, "queue", **queue)
    return project


def put(project, result, count):
    """What the queue does with a round."""
    project.store.swap(result.tasks, round=result.number)
    for name, value in result.facts.items():
        project.store.set_fact(name, value)
    project.store.add_round(Round(result.number, 0.0, count, len(result.labelled), 0))


def answer_all(project, gold, count, now=0.0):
    """Answer the next tasks from the gold labels, as the page would; returns them."""
    tasks = project.store.lease("oracle", count=count, now=now, seconds=600)
    for task in tasks:
        one = gold[task.key]
        ours = project.target.matches(one)
        said = NewAnswer(
            f"answer-{task.id}", task.id, "oracle", "frame" if ours else "elsewhere", one.domain, one.intent,
            one.slots if ours else None,
        )  # fmt: skip
        project.store.save(complete(said, project.target, project.given.domain_of_intent), now=now)
    return tasks


def annotated(project, gold, rounds, batch):
    """(keys, slot error rate) of each round, like those of a run."""
    found, keys = [], ()
    machine = Rounds(project)
    for _ in range(rounds + 1):
        number, count = next_round(project)
        result = machine.run(number, answers=count)
        put(project, result, count)
        found.append((keys, result.scores.slot_error_rate))
        keys = tuple(task.key for task in answer_all(project, gold, batch))
    return found


def simulated(start, target, strategy, *, rounds, batch, seed):
    return [
        (entry.chosen, entry.scores.slot_error_rate)
        for entry in rounds_of(Run(start, target, strategy, (batch,) * rounds, seed))
    ]


@pytest.fixture(scope="module")
def small():
    return split([*music(), *others()], MUSIC, seed=1, positives=8, negatives=8)


@pytest.mark.parametrize(
    "strategy", slow_unless(["majority-joint"], ["majority-joint", "qbc-crf", "random", "random-positive"])
)
def test_the_rounds_are_those_of_a_run(tmp_path, small, strategy):
    gold = {key_of(one.text): one for one in small.pool}
    with make(tmp_path, small, strategy=strategy, size=4, random_share=0.0, outside_share=0.0) as project:
        assert annotated(project, gold, 4, 4) == simulated(small, MUSIC, strategy, rounds=4, batch=4, seed=3)


def test_the_rounds_of_all_are_those_of_a_run(tmp_path):
    everything = Target("all")
    start = split(music(), everything, seed=1, positives=8, negatives=0)
    gold = {key_of(one.text): one for one in start.pool}
    with make(
        tmp_path, start, everything, strategy="joint", size=4, random_share=0.0, outside_share=0.0
    ) as project:
        assert annotated(project, gold, 3, 4) == simulated(
            start, everything, "joint", rounds=3, batch=4, seed=3
        )


@pytest.mark.slow
@pytest.mark.corpora
@pytest.mark.skipif(not SNIPS.exists(), reason="the corpora of ../shared/data are not here")
def test_the_rounds_on_snips_are_those_of_a_run(tmp_path):
    corpus = read_labelled([str(SNIPS / "train.jsonl.gz")]).utterances[::3]
    target = Target("intent", "AddToPlaylist")
    start = split(corpus, target, seed=2, positives=40, negatives=200)
    gold = {key_of(one.text): one for one in start.pool}
    with make(tmp_path, start, target, size=20, random_share=0.0, outside_share=0.0) as project:
        expected = simulated(start, target, "majority-joint", rounds=4, batch=20, seed=3)
        assert annotated(project, gold, 4, 20) == expected
    assert expected[-1][1] < expected[0][1]


def test_a_restart_plays_the_last_round_again(tmp_path, small):
    gold = {key_of(one.text): one for one in small.pool}
    with make(tmp_path, small, size=6) as project:
        assert next_round(project) == (0, 0)
        annotated(project, gold, 1, 4)
        number, count = next_round(project)
        assert (number, count) == (2, 8)
        put(project, run_round(project, number), count)
        assert next_round(project) == (2, 8)
        before = project.store.tasks("open")
        again = run_round(project, 2)
        assert again == run_round(project, 2)
        project.store.swap(again.tasks, round=2)
        strip = lambda tasks: [(task.key, task.source, task.priority, task.prediction) for task in tasks]  # noqa: E731
        assert strip(project.store.tasks("open")) == strip(before)
        project.store.add_round(Round(3, 0.0, 8, 0, 0, failure="no"))
        assert next_round(project)[0] == 3


def test_picks_are_those_of_brute_force(tmp_path, small):
    with make(tmp_path, small, size=20, random_share=0.3, outside_share=0.2) as project:
        result = run_round(project, 0)
        nlu = result.models.reference
        given = {key_of(one.text) for one in (*small.labelled, *small.test)}
        texts = [one.text for one in small.pool if key_of(one.text) not in given]
        inside = dict(zip(texts, majority(nlu.committee.decision_function(texts)), strict=True))
        from canvass.annotation.rounds.round_models import seed_of_round

        seed = seed_of_round(3, 0)
        for source, share, wanted in (("random", 0.3, True), ("outside", 0.2, False)):
            order = sorted(
                (text for text in texts if inside[text] == wanted),
                key=lambda text: uniform(seed, source, text),
            )
            found = [task.text for task in result.tasks if task.source == source]
            assert found == order[: len(found)]
            assert len(found) == pytest.approx(20 * share, abs=1)
            assert all(task.prediction.positive == wanted for task in result.tasks if task.source == source)
        assert len({task.key for task in result.tasks}) == len(result.tasks) == 20
        assert [task.priority for task in result.tasks] == [float(place) for place in range(20)]
        assert all((task.reason is None) == (task.source != "selected") for task in result.tasks)
        assert all(task.weight == 1 for task in result.tasks)
        put(project, result, 0)
        counts = sum(one.count for one in small.pool if inside.get(one.text))
        assert requests_of(project) == {0: (counts, len(texts) - counts)}
        assert {control.source for control in result.controls} <= {"random", "outside"}


@pytest.mark.slow
def test_the_estimates_are_of_every_pick_that_was_learnt(tmp_path, small, monkeypatch):
    gold = {key_of(one.text): one for one in small.pool}
    with make(tmp_path, small, size=20, random_share=0.6, outside_share=0.2) as project:
        put(project, run_round(project, 0), 0)
        answered = answer_all(project, gold, 20)
        result = run_round(project, 1)
        put(project, result, 20)
        save_estimates(project, result, lambda: True)
        assert stored_estimates(project)[3].n == 0  # it was stopped
        save_estimates(project, result)
        estimates = stored_estimates(project)
        assert estimates[3].n == sum(task.source == "outside" for task in answered) > 2
        assert set(requests_of(project)) == {0, 1}
        # canvass next trains models, too: the same answers are predicted by its, and its controls are drawn beside.
        project.store.set_fact(ESTIMATES, write_estimates(estimates_of(None)))
        drawn = []
        monkeypatch.setattr(
            round_module, "score_picks", lambda *a, **k: drawn.extend(a[3]) or score_picks(*a, **k)
        )
        hand_out(project, 3, now=0.0, threads=1)
        assert stored_estimates(project)[3].n == estimates[3].n
        assert {control.source for control in drawn} == {"random", "outside"}


def test_predictions_are_those_of_the_measured_models(tmp_path, small):
    with make(tmp_path, small, size=10) as project:
        result = run_round(project, 4)
        nlu = result.models.reference
        for task in result.tasks:
            (predicted,) = nlu.predict([task.text])
            assert (task.prediction.intent, task.prediction.slots, task.prediction.confidence) == (
                predicted.intent, predicted.slots, predicted.confidence,
            )  # fmt: skip
            assert (task.prediction.round, task.prediction.domain) == (4, "music")


def test_the_domain_of_a_prediction_is_that_of_its_intent(tmp_path):
    start = split([*music(), *others()], Target("intent", "PlayMusic"), seed=1, positives=8, negatives=8)
    with make(tmp_path, start, Target("intent", "PlayMusic"), size=5) as project:
        assert {task.prediction.domain for task in run_round(project, 0).tasks} == {"music"}


def test_the_stop_set_is_drawn_once_and_compared_after_enough_answers(tmp_path, small):
    with make(tmp_path, small, size=5, random_share=0.4) as project:
        first = Rounds(project).run(0, answers=0)
        texts = json.loads(first.facts[STOP_SET])
        assert len(set(texts)) == len(texts) > 40
        picks = {task.text for task in first.tasks if task.source != "selected"}
        assert picks
        assert not picks & set(texts)
        assert first.agreement is None
        put(project, first, 0)
        near = run_round(project, 1, answers=STEP - 1)
        assert (near.agreement, near.facts.keys() & {STOP_SET, "stop reference"}) == (None, set())
        far = run_round(project, 1, answers=STEP)
        assert 0.5 < far.agreement <= 1  # the same data, another seed
        assert "stop reference" in far.facts


def test_the_overlap_is_a_share_by_hash(tmp_path, small):
    with make(tmp_path, small, size=40, overlap=0.5) as project:
        tasks = run_round(project, 0).tasks
        assert {task.wanted for task in tasks} == {1, 2}
        assert all((task.wanted == 2) == (uniform(3, "overlap", task.key) < 0.5) for task in tasks)


def test_what_somebody_has_or_had_is_not_chosen_again(tmp_path, small):
    gold = {key_of(one.text): one for one in small.pool}
    with make(tmp_path, small, size=40, random_share=0.2) as project:
        put(project, run_round(project, 0), 0)
        held = project.store.lease("other", count=3, now=0.0, seconds=600)
        done = answer_all(project, gold, 4)
        waiting = {task.key for task in project.store.tasks("open")}
        result = run_round(project, 1)
        keys = {task.key for task in result.tasks}
        assert not keys & {task.key for task in (*held, *done)}
        assert keys & waiting
        _, added = project.store.swap(result.tasks, round=1)
        assert added == len(result.tasks) == 40


def test_a_pool_that_is_used_up_is_said_and_the_models_are_measured_all_the_same(tmp_path, small):
    gold = {key_of(one.text): one for one in small.pool}
    with make(tmp_path, small, size=500) as project:
        put(project, run_round(project, 0), 0)
        answer_all(project, gold, 500)
        result = run_round(project, 1)
        assert result.tasks == ()
        assert "no utterance that could be chosen" in result.message
        assert result.scores.slot_error_rate >= 0


def test_a_pool_that_cannot_be_read_fails(tmp_path, small):
    with make(tmp_path, small) as project:
        pool = tmp_path / "pool.jsonl"
        pool.write_text(pool.read_text() + "{no json\n")
        with pytest.raises(InputError, match=r"pool\.jsonl:\d+"):
            run_round(project, 0)


def test_too_few_examples_fail(tmp_path, small):
    with make(tmp_path, small) as project:
        project.given.__dict__["labelled"] = tuple(one for one in small.labelled if MUSIC.matches(one))
        with pytest.raises(TrainingError, match="only utterances of domain:music"):
            run_round(project, 0)


def test_a_stop_in_the_pool_leaves_at_once(tmp_path, small):
    def leave(rows, size):
        raise KeyboardInterrupt

    with make(tmp_path, small) as project, pytest.raises(KeyboardInterrupt):
        Rounds(project).run(0, answers=0, progress=leave)


def test_weights_and_counts_of_a_pool_with_duplicates(tmp_path, small):
    doubled = small.__class__(
        small.labelled, tuple(Utterance(one.text, id=f"{i}", count=2) for one in small.pool for i in "ab"), small.test
    )  # fmt: skip
    with make(tmp_path, doubled, size=10, random_share=0.5) as project:
        result = run_round(project, 0)
        assert {task.count for task in result.tasks} == {4}
        assert {task.weight for task in result.tasks} == {1.0}


def test_a_project_without_example_begins_with_phrases(tmp_path):
    known = [*music()[::3], *others()]
    pool = tmp_path / "pool.jsonl"
    write_records(pool, [{"text": one.text, "id": f"u{number}"} for number, one in enumerate(known)])
    gold = {key_of(one.text): one for one in known}
    with Project.create(
        tmp_path / "p", [], [str(pool)], MUSIC, seed_phrases=("play", "save this song")
    ) as project:
        project.settings = with_changes(project.settings, "queue", size=20, outside_share=0.0)
        assert project.labelled == project.test == ()
        found = []
        for _ in range(3):
            number, count = next_round(project)
            result = run_round(project, number, answers=count)
            put(project, result, count)
            found.append(
                (status_of(project).missing, {task.reason.strategy for task in result.tasks if task.reason})
            )
            answer_all(project, gold, 18)
        (first, _), (_, chosen) = found[0], found[-1]
        assert first[0].startswith(
            "no model chooses yet: 0 requests of domain:music and 0 others are annotated"
        )
        assert found[0][1] == {"seed-phrases"}
        assert chosen == {"majority-joint"}
        assert len(found[-1][0]) == 1  # the test set is still missing
