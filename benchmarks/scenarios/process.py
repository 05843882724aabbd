"""Run a command; print its exit code, seconds and peak memory as JSON. To be run with `python -S -E`.

A process of its own, since Linux counts what the parent held at the fork towards the peak of the child.
"""

from __future__ import annotations

import json
import os
import sys
import time


def main() -> None:
    """Run the command of the arguments."""
    quiet = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    start = time.perf_counter()
    child = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ, file_actions=quiet)
    _, status, usage = os.wait4(child, 0)
    seconds = time.perf_counter() - start
    found = {
        "exit": os.waitstatus_to_exitcode(status),
        "seconds": seconds,
        "processor_seconds": usage.ru_utime + usage.ru_stime,
        "peak_mb": usage.ru_maxrss * 1024 / 1e6,
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
