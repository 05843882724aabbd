"""The ML backend of Label Studio while it trains: how long a webhook waits, of which Label Studio bears with a second.

    python -m benchmarks.servers.label_studio_backend                 # 200 webhooks, a pool of a million
    python -m benchmarks.servers.label_studio_backend --size 100k

The backend is `canvass label-studio serve` in a process of its own. Webhooks go to it one after the other, as Label
Studio sends them, each over a connection of its own, with a payload as large as Label Studio's. One training after the
other is asked for meanwhile, so that one runs all the time. After it: a batch of a thousand predictions. Printed are
milliseconds from the first byte of a request to the last of its answer.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.data.workloads import workload
from benchmarks.environment import machine
from canvass.annotation.project.project import Project
from canvass.corpus.formats.label_studio_regions import result_of
from canvass.integrations.label_studio.labelling import Wanted, labelling_config

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE = 300  # seconds for the first models
PADDING = "x" * 4_000  # what else Label Studio says of a project and a task
COMMAND = [sys.executable, "-c", "from canvass.cli.main import program; program()", "label-studio", "serve"]


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--size", default="1m")
    parser.add_argument("--webhooks", default=200, type=int)
    options = parser.parse_args()
    work = workload(options.size)
    work.make()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "project"
        with Project.create(place, work.utterances(), [str(work.pool)], work.target) as project:
            config = labelling_config(Wanted.of(project))
            intent = next((one.name for one in project.intents()), "elsewhere")
        with backend_of(place) as port:
            waited, training = annotate(port, options.webhooks, config, intent)
            predicting = predict(port, config)
            versions = ask(port, "GET", "/health")[0]["model_version"]
        with Project.open(place) as project:
            stored = len(project.store.answers())
            seconds = [one.seconds for one in project.store.rounds()]
    assert stored == options.webhooks, f"{stored} answers are stored"
    facts = machine()
    print(f"{facts['processor']}, {facts['cores']} cores")
    print(
        f"load {os.getloadavg()[0]:.1f}; {len(seconds)} rounds of {np.mean(seconds):.1f} s, the last {versions}"
    )
    for what, numbers in (("all", waited), ("while a round was run", waited[training])):
        median, late, longest = 1000 * np.percentile(numbers, [50, 99, 100])
        print(
            f"{len(numbers)} webhooks, {what}: median {median:.0f} ms, 99 % within {late:.0f}, longest {longest:.0f}"
        )
    print(f"1,000 predictions: {1000 * predicting:.0f} ms")


def annotate(port: int, count: int, config: str, intent: str) -> tuple[np.ndarray, np.ndarray]:
    """Send webhooks; gives the seconds of each, and whether a round was being run around it."""
    waited, training = [], []
    for number in range(1, count + 1):
        state = ask(port, "GET", "/health")[0]["training"]["phase"]
        if state != "training":
            ask(port, "POST", "/webhook", {"action": "START_TRAINING", "project": {"id": 1}})
        body = webhook(number, config, intent)
        answer, seconds = ask(port, "POST", "/webhook", body)
        assert answer == {"status": "queued"}, answer
        waited.append(seconds)
        training.append(state == "training")
        time.sleep(0.05)  # a person takes longer
    return np.array(waited), np.array(training)


def webhook(number: int, config: str, intent: str) -> dict[str, Any]:
    """Make what Label Studio sends when somebody annotates."""
    text = f"request number {number} of the benchmark"
    return {
        "action": "ANNOTATION_CREATED",
        "annotation": {
            "id": number, "result": result_of(text, intent, ()), "task": number, "project": 1, "completed_by": 1,
            "was_cancelled": False, "updated_at": "2026-11-22T20:00:00.000000Z", "lead_time": 3.5,
        },
        "task": {"id": number, "data": {"text": text}, "project": 1, "meta": {"padding": PADDING}},
        "project": {"id": 1, "label_config": config, "description": PADDING},
    }  # fmt: skip


def predict(port: int, config: str) -> float:
    """Ask for the predictions of a thousand tasks; gives the seconds."""
    tasks = [{"id": i, "data": {"text": f"play song number {i} by the artist 😀"}} for i in range(1000)]
    answer, seconds = ask(
        port, "POST", "/predict", {"tasks": tasks, "label_config": config, "project": "1.1"}
    )
    assert len(answer["results"]) == len(tasks)
    return seconds


@contextlib.contextmanager
def backend_of(place: Path) -> Iterator[int]:
    """Start the backend, and wait for its first models; gives its port."""
    with subprocess.Popen(
        [*COMMAND, str(place), "--port", "0"], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            found = re.search(r":(\d+)\n", process.stdout.readline())
            assert found is not None
            port = int(found[1])
            end = time.monotonic() + PATIENCE
            while ask(port, "GET", "/health")[0]["model_version"] is None:
                assert time.monotonic() < end, "there are no models"
                time.sleep(0.2)
            yield port
        finally:
            process.terminate()
            process.wait(60)


def ask(port: int, method: str, path: str, body: Any = None) -> tuple[Any, float]:
    """Ask the backend over a connection of its own; gives the answer, and the seconds it took."""
    sent = None if body is None else json.dumps(body)
    began = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request(method, path, sent, {"Content-Type": "application/json"})
    content = connection.getresponse().read()
    connection.close()
    return json.loads(content), time.perf_counter() - began


if __name__ == "__main__":
    main()
