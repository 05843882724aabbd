"""How many processors there are for the threads and processes that canvass starts."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


def processors() -> int:
    """Count the processors that this process may use (of all, where the system does not say)."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def thread_pool(count: int) -> Iterator[ThreadPoolExecutor]:
    """Start threads that are waited for at the end, but not by somebody who interrupts: a fit may take a minute."""
    executor = ThreadPoolExecutor(count, thread_name_prefix="canvass")
    try:
        yield executor
    except Exception:
        executor.shutdown(cancel_futures=True)
        raise
    except BaseException:
        executor.shutdown(wait=False, cancel_futures=True)
        raise
    executor.shutdown()
