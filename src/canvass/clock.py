"""Seconds by phase of a piece of work."""

from __future__ import annotations

from collections.abc import Callable


class Clock:
    """A stopwatch that books seconds by phase.

    `now` reads the time in seconds: `time.perf_counter` for wall time, `time.thread_time` for this thread's processor
    time. `seconds` maps each phase to the seconds booked for it so far.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self.seconds: dict[str, float] = {}
        self._now = now
        self._last = now()

    def stop(self, phase: str) -> None:
        """Book the time since the last stop (at first, since the clock was made) for `phase`."""
        now = self._now()
        self.seconds[phase] = self.seconds.get(phase, 0.0) + now - self._last
        self._last = now
