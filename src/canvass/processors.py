"""How many processors there are for the threads and processes that canvass starts."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import Future

Item = TypeVar("Item")
Result = TypeVar("Result")


def processors() -> int:
    """Count the processors that this process may use (of all, where the system does not say)."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def thread_pool(count: int) -> Iterator[ThreadPoolExecutor]:
    """Start threads that are waited for at the end, but not by somebody who interrupts: a fit may take a minute."""
    executor = ThreadPoolExecutor(count, thread_name_prefix="canvass")
    try:
        yield executor
    except BaseException as error:
        executor.shutdown(wait=isinstance(error, Exception), cancel_futures=True)
        raise
    executor.shutdown()


def map_in_order(
    function: Callable[[Item], Result], items: Iterable[Item], *, threads: int | None = None
) -> Iterator[tuple[Item, Result]]:
    """Apply a function to items on threads; yields each item with its result, in order.

    At most two items a thread are read ahead, so that any number of them fits into memory.

    >>> list(map_in_order(abs, iter([-1, 2]), threads=2))
    [(-1, 1), (2, 2)]
    """
    count = threads or processors()
    pending: deque[tuple[Item, Future[Result]]] = deque()
    with thread_pool(count) as executor:
        for item in items:
            pending.append((item, executor.submit(function, item)))
            if len(pending) > 2 * count:
                first, future = pending.popleft()
                yield first, future.result()
        while pending:
            first, future = pending.popleft()
            yield first, future.result()
