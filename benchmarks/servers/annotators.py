"""Many annotators on one server, over a large pool, while the queue retrains: how long their answers wait.

    python -m benchmarks.servers.annotators                 # 50 annotators, a pool of a million, 60 seconds
    python -m benchmarks.servers.annotators --size 100k --seconds 20
    python -m benchmarks.servers.annotators --size 80-labels --annotators 1   # or clinc150: a bot with many intents

The server is `canvass annotate` in a process of its own, as people start it. The annotators are coroutines of this
process that do what the page does: they look at an utterance for two to three seconds, send the answer, ask for more
beside it, exchange what they have not seen when newer models chose, and look at the progress and search after every ten
answers.
Printed are milliseconds from the first byte of a request to the last of its answer, the seconds from the start of the
command to the first utterance that it offers, and how busy the machine was: on two cores, the annotators' own work and
everything else that runs are in these figures.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.data.workloads import workload
from benchmarks.environment import machine
from canvass.annotation.project.creation import SETTINGS
from canvass.annotation.project.project import Project
from canvass.annotation.project.settings import with_changes
from canvass.annotation.project.settings_file import write_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.data.workloads import Workload

THINK = (2.0, 3.0)  # seconds
AHEAD = 5  # what the page holds
LOOK = 10  # answers until the progress is looked at
PER_ANNOTATOR = 2 * AHEAD  # tasks in the queue: what is held, and as much again
PATIENCE = 300  # seconds for the first models
COMMAND = [sys.executable, "-c", "from canvass.cli.main import program; program()", "annotate"]


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--size", default="1m")
    parser.add_argument("--annotators", default=50, type=int)
    parser.add_argument("--seconds", default=60.0, type=float)
    options = parser.parse_args()
    work = workload(options.size)
    work.make()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "project"
        make_project(place, work, options.annotators)
        began = time.perf_counter()
        with server_of(place) as (process, port, token):
            found = asyncio.run(annotate(process.pid, port, token, options.annotators, options.seconds))
        with Project.open(place) as project:
            stored = {one.id for one in project.store.answers(current_only=False)}
            rounds = [one.seconds for one in project.store.rounds()]
    assert stored == found.confirmed, "answers were lost, or saved twice"
    print(
        f"first utterance {found.offered - began:.1f} s after the start, {found.before:.1f} s of processor; rounds: "
        f"{', '.join(f'{seconds:.2f}' for seconds in rounds)} s"
    )
    report(found, rounds, options.annotators)


def make_project(place: Path, work: Workload, annotators: int, **queue: float) -> None:
    """Make a project whose queue is long enough for so many, with further settings of the queue."""
    with Project.create(place, work.utterances(), [str(work.pool)], work.target) as project:
        size = max(project.settings.queue.size, PER_ANNOTATOR * annotators)
        settings = with_changes(project.settings, "queue", size=size, **queue)
        write_settings(place / SETTINGS, settings)


@contextlib.contextmanager
def server_of(place: Path) -> Iterator[tuple[subprocess.Popen[str], int, str]]:
    """Start the server; gives its process, port and token."""
    with subprocess.Popen(
        [*COMMAND, str(place), "--port", "0", "--no-open"], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            link = process.stdout.readline()
            port, token = re.fullmatch(r"http://127\.0\.0\.1:(\d+)/\?token=(\S+)\n", link).groups()  # type: ignore[union-attr]
            yield process, int(port), token
        finally:
            process.terminate()
            process.wait(60)


def processor_seconds(pid: int) -> float:
    """Sum the seconds that the threads of a process have had a processor."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@dataclass
class Found:
    """What was measured: seconds by what was asked, with whether a round was being run; and what was confirmed.

    `offered` is when the first utterance was, by the clock of `time.perf_counter`; `before`, the processor seconds of
    the server until then.
    """

    seconds: dict[str, list[tuple[float, bool]]] = field(default_factory=lambda: defaultdict(list))
    confirmed: set[str] = field(default_factory=set)
    generations: int = 0
    offered: float = 0.0
    before: float = 0.0
    elapsed: float = 0.0
    late: float = 0.0
    idle: int = 0
    rounds: int = 0
    processor: float = 0.0
    load: tuple[float, float] = (0.0, 0.0)


class Connection:
    """One connection that stays open, for one request at a time."""

    def __init__(self, port: int, token: str) -> None:
        self.port = port
        self.head = f"Host: 127.0.0.1\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n"
        self.streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Send a request and read its answer; anything but success is an error."""
        if self.streams is None:
            self.streams = await asyncio.open_connection("127.0.0.1", self.port)
        reader, writer = self.streams
        content = b"" if body is None else json.dumps(body).encode()
        writer.write(
            f"{method} {path} HTTP/1.1\r\n{self.head}Content-Length: {len(content)}\r\n\r\n".encode()
            + content
        )
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        length = re.search(r"content-length: (\d+)", head)
        assert length is not None, head
        answer = await reader.readexactly(int(length[1]))
        assert " 200 " in head.partition("\r\n")[0], (head, answer)
        parsed: dict[str, Any] = json.loads(answer)
        return parsed

    def close(self) -> None:
        """Close it."""
        if self.streams is not None:
            self.streams[1].close()


class Annotator:
    """Somebody before the page: accepts what is predicted, at a person's pace."""

    def __init__(self, name: str, port: int, token: str, found: Found) -> None:
        self.name = name
        self.found = found
        self.random = random.Random(name)  # noqa: S311 - a pace, not a secret
        # A browser has several as well.
        self.connections = [Connection(port, token) for _ in range(2)]
        self.waiting: list[dict[str, Any]] = []
        self.generation: int | None = None
        self.intent: str | None = None  # what was predicted last, for a blind pick of a bot

    async def ask(
        self, name: str, path: str, body: dict[str, Any] | None = None, *, way: int = 1
    ) -> dict[str, Any]:
        """Ask, and book the time."""
        start = time.perf_counter()
        answer = await self.connections[way].ask("GET" if body is None else "POST", path, body)
        seconds = time.perf_counter() - start
        busy = (answer.get("queue") or {}).get("phase") == "training"
        self.found.seconds[name].append((seconds, busy))
        return answer

    async def fill(self) -> None:
        """Hold what the page holds; where newer models chose, exchange what was not seen."""
        await self._lease([one["id"] for one in self.waiting])

    async def _lease(self, holding: list[int]) -> None:
        answer = await self.ask(
            "POST /api/lease", "/api/lease", {"annotator": self.name, "holding": holding, "count": AHEAD}
        )
        self.waiting = answer["tasks"]
        for one in self.waiting:
            self.intent = (one["prediction"] or {"intent": self.intent})["intent"]
        generation = answer["queue"]["generation"]
        before, self.generation = self.generation, generation
        self.found.generations = max(self.found.generations, generation)
        if before not in {None, generation} and len(self.waiting) > 1:
            unseen = [one["id"] for one in self.waiting[1:]]
            await self.ask("POST /api/release", "/api/release", {"annotator": self.name, "tasks": unseen})
            await self._lease([self.waiting[0]["id"]])

    async def work(self, end: float) -> None:
        """Annotate until the end; the first look begins anywhere in a think time, so that not all answer at once."""
        await asyncio.sleep(self.random.uniform(0, THINK[1]))
        done = 0
        while (wake := time.perf_counter() + self.random.uniform(*THINK)) < end:
            await asyncio.sleep(wake - time.perf_counter())
            self.found.late = max(self.found.late, time.perf_counter() - wake)
            if not self.waiting:
                self.found.idle += 1
                await self.fill()
                continue
            task = self.waiting.pop(0)
            await asyncio.gather(self.answer(task), self.fill())
            done += 1
            if done % LOOK == 0:
                await self.ask("GET /api/progress", f"/api/progress?annotator={self.name}")
                await self.ask("GET /api/search", "/api/search?words=play&limit=30")

    async def answer(self, task: dict[str, Any]) -> None:
        """Accept what is predicted, or say that there is no slot."""
        prediction = task["prediction"] or {"intent": self.intent, "slots": []}
        name = str(uuid.UUID(int=self.random.getrandbits(128)))
        said = {
            "id": name, "task": task["id"], "annotator": self.name, "kind": "frame", "intent": prediction["intent"],
            "slots": prediction["slots"], "seconds": 2.5, "shown": task["prediction"] is not None,
        }  # fmt: skip
        answer = await self.ask("POST /api/answers", "/api/answers", said, way=0)
        assert answer["saved"]
        self.found.confirmed.add(name)


async def annotate(pid: int, port: int, token: str, count: int, seconds: float) -> Found:
    """Let so many annotators work, once the first models are there."""
    found = Found()
    people = [Annotator(f"annotator-{number}", port, token, found) for number in range(count)]
    patient = time.monotonic() + PATIENCE
    while not people[0].waiting and time.monotonic() < patient:
        await people[0].fill()
        await asyncio.sleep(0.1)
    found.offered, found.before = time.perf_counter(), processor_seconds(pid)
    await asyncio.gather(*(one.fill() for one in people))
    found.seconds.clear()
    generation = people[0].generation or 0
    load, processor, start = os.getloadavg()[0], processor_seconds(pid), time.perf_counter()
    await asyncio.gather(*(one.work(start + seconds) for one in people))
    found.elapsed = time.perf_counter() - start
    found.processor = processor_seconds(pid) - processor
    found.rounds = found.generations - generation
    found.load = (load, os.getloadavg()[0])
    for one in people:
        for connection in one.connections:
            connection.close()
    return found


def report(found: Found, rounds: list[float], annotators: int) -> None:
    """Print the figures."""
    facts = machine()
    print(
        f"{facts['processor']}, {facts['cores']} cores, load {found.load[0]:.1f} before and {found.load[1]:.1f} after"
    )
    print(
        f"{annotators} annotators, {found.elapsed:.0f} s, {len(found.confirmed)} answers, each saved once; "
        f"{found.rounds} rounds, median {statistics.median(rounds):.2f} s; "
        f"server {found.processor:.0f} s of processor; {found.idle} times nothing to annotate; "
        f"annotators woke up to {1000 * found.late:.0f} ms late"
    )
    for name, rows in sorted(found.seconds.items()):
        print(line(name, [seconds for seconds, _ in rows]))
        if name != "GET /api/progress":
            print(line("  while a round is run", [seconds for seconds, busy in rows if busy]))


def line(name: str, seconds: list[float]) -> str:
    """One line of figures."""
    if not seconds:
        return f"{name:26} none"
    ordered = sorted(seconds)
    median, high, most = (1000 * ordered[int(share * (len(ordered) - 1))] for share in (0.5, 0.99, 1.0))
    return f"{name:26} {len(ordered):6} times: median {median:.0f} ms, 99 % {high:.0f} ms, most {most:.0f} ms"


if __name__ == "__main__":
    main()
