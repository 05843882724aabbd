"""Measure what a first run compiles: processor seconds and compilations by module, with an empty cache of kernels.

`python benchmarks/cold_compile.py select LABELLED POOL -n 20 -o -` runs one command of canvass, in a process of its own
whose `NUMBA_CACHE_DIR` is an empty folder, and prints a table (docs/performance.md). A function that is compiled while
another one is counts for itself alone.
`--functions` prints the functions, too.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

from numba.core import event

EVENTS: Any = event  # some releases of numba ship types and some do not
ASKED = "CANVASS_COLD_COMPILE"  # the environment variable that names where the child writes what it measured


class Compilations(event.Listener):
    """Exclusive processor seconds and number of compilations of each function."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self.times: dict[str, int] = defaultdict(int)
        self._running = threading.local()

    def on_start(self, event: Any) -> None:
        """Begin a function; the time of what it calls is taken from it again."""
        function = event.data["dispatcher"].py_func
        running = self._running.__dict__.setdefault("stack", [])
        running.append([f"{function.__module__}:{function.__qualname__}", time.thread_time(), 0.0])

    def on_end(self, event: Any) -> None:
        """End the function that was begun last on this thread."""
        del event
        running = self._running.stack
        name, start, inner = running.pop()
        whole = time.thread_time() - start
        self.seconds[name] += whole - inner
        self.times[name] += 1
        if running:
            running[-1][2] += whole


def measure(out: Path, arguments: list[str]) -> None:
    """Run a command of canvass in this process, and write what it compiled."""
    from canvass.cli.main import main

    found = Compilations()
    EVENTS.register("numba:compile", found)
    sys.argv = ["canvass", *arguments]
    code: object = 0
    try:
        main()
    except SystemExit as end:
        code = end.code
    rows = {name: (found.seconds[name], found.times[name]) for name in found.seconds}
    out.write_text(json.dumps({"code": code or 0, "processor": time.process_time(), "functions": rows}))


def main() -> None:
    """Run the command of the arguments in a child, and print what it compiled."""
    if ASKED in os.environ:
        measure(Path(os.environ[ASKED]), sys.argv[1:])
        return
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--functions", action="store_true", help="Print every function, too.")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "compiled.json"
        environment = {**os.environ, ASKED: str(out), "NUMBA_CACHE_DIR": f"{folder}/cache"}
        subprocess.run([sys.executable, __file__, *options.command], env=environment, check=True)
        found = json.loads(out.read_text())
    modules: dict[str, list[float]] = defaultdict(lambda: [0.0, 0])
    for name, (seconds, times) in found["functions"].items():
        module = name.partition(":")[0]
        row = modules[module if module.startswith("canvass.") else "numba"]
        row[0] += seconds
        row[1] += times
    print("| module | compilations | processor seconds |\n| --- | ---: | ---: |")
    for module, (seconds, times) in sorted(modules.items(), key=lambda item: -item[1][0]):
        print(f"| `{module.removeprefix('canvass.')}` | {times} | {seconds:.1f} |")
    total = [sum(column) for column in zip(*modules.values(), strict=True)] or [0, 0]
    print(f"| all | {total[1]} | {total[0]:.1f} |")
    print(f"\nexit code {found['code']}, {found['processor']:.1f} processor seconds in all")
    if options.functions:
        for name, (seconds, times) in sorted(found["functions"].items(), key=lambda item: -item[1][0]):
            print(f"{seconds:6.2f} {times:3d} {name}")


if __name__ == "__main__":
    main()
