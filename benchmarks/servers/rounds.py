"""A round of the annotation queue over a large pool: its phases, and how long others wait meanwhile.

    python -m benchmarks.servers.rounds 1m
    python -m benchmarks.servers.rounds 80-labels  # or clinc150: a bot with many intents

First rounds are run one after the other: wall and processor seconds of each, and wall seconds by phase. Then a queue
runs in the background while somebody answers, and two things are timed in another thread, with the queue at rest and
while it works: how late a thread wakes up that slept for five milliseconds, and how long an answer takes to be saved.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.data.workloads import workload
from canvass.annotation.project.annotations import complete
from canvass.annotation.project.project import Project
from canvass.annotation.rounds.queue import Queue, next_round
from canvass.annotation.rounds.round import Rounds
from canvass.annotation.store.records import NewAnswer, Round

if TYPE_CHECKING:
    from collections.abc import Iterator

    from canvass.annotation.store.records import Task

ROUNDS = 6
ANSWERS = 10
NAP = 0.005


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("size", nargs="?", default="1m")
    work = workload(parser.parse_args().size)
    work.make()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "project"
        with Project.create(place, work.utterances(), [str(work.pool)], work.target) as project:
            play(project)
            measure(project)


def play(project: Project) -> None:
    """Play rounds one after the other, each after some answers."""
    rounds = Rounds(project)
    for _ in range(ROUNDS):
        number, count = next_round(project)
        wall, processor = time.perf_counter(), time.process_time()
        result = rounds.run(number, answers=count)
        wall, processor = time.perf_counter() - wall, time.process_time() - processor
        _, added = project.store.swap(result.tasks, round=number)
        for name, value in result.facts.items():
            project.store.set_fact(name, value)
        project.store.add_round(Round(number, time.time(), count, len(result.labelled), 0))
        phases = ", ".join(f"{name} {seconds:.3f}" for name, seconds in result.seconds.items())
        print(f"round {number}: {wall:.2f} s, processor {processor:.2f} s, {added} tasks: {phases}")
        for task in project.store.lease("ann", count=ANSWERS, now=time.time(), seconds=600):
            save(project, task)


def save(project: Project, task: Task) -> None:
    """Accept what was predicted."""
    assert task.prediction is not None
    said = NewAnswer(
        f"answer-{task.id}", task.id, "ann", "frame", None, task.prediction.intent, task.prediction.slots
    )
    project.store.save(complete(said, project.target, project.given.domain_of_intent), now=time.time())


def measure(project: Project) -> None:
    """Time naps and answers while a queue works and rests."""
    queue = Queue(project)
    queue.start()
    while queue.state().phase != "fresh":
        time.sleep(0.1)
    time.sleep(3)  # the review list
    found: dict[tuple[str, bool], list[float]] = {}
    tasks = leased(project)
    for _ in range(8):
        for _ in range(ANSWERS):
            busy = queue.state().phase == "training"
            start = time.perf_counter()
            save(project, next(tasks))
            found.setdefault(("save an answer", busy), []).append(time.perf_counter() - start)
            queue.answered()
        end = time.perf_counter() + 4
        while time.perf_counter() < end:
            busy = queue.state().phase == "training"
            start = time.perf_counter()
            time.sleep(NAP)
            found.setdefault(("wake up", busy), []).append(time.perf_counter() - start - NAP)
    queue.stop()
    print(f"generations: {queue.state().generation}")
    for (name, busy), seconds in sorted(found.items()):
        ordered = sorted(seconds)
        at = {share: 1000 * ordered[int(share * (len(ordered) - 1))] for share in (0.5, 0.99, 1.0)}
        print(
            f"{name}, {'while a round is run' if busy else 'between rounds'}: median {at[0.5]:.1f} ms, 99 % "
            f"{at[0.99]:.1f} ms, most {at[1.0]:.1f} ms (n = {len(ordered)})"
        )


def leased(project: Project) -> Iterator[Task]:
    """Give tasks for ever, one at a time."""
    while True:
        found = project.store.lease("ann", count=1, now=time.time(), seconds=600)
        if found:
            yield found[0]
        else:
            time.sleep(NAP)


if __name__ == "__main__":
    main()
