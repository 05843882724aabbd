"""Keeps the queue fresh: retrains and selects anew behind the annotators' backs, and never touches what they hold.

A thread runs a round after every few answers, or when nobody has answered for a while and something is new, and swaps
the queue. If a round fails, the queue stays as it is, and `state` says why. Kernels train and score without the
interpreter's lock, so those who serve the page meanwhile need not wait for it.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from canvass.annotation.assistant.assistant import Assistant
from canvass.annotation.project.backing_up import keep_backup
from canvass.annotation.project.project import Project
from canvass.annotation.quality.review import review_of
from canvass.annotation.rounds.round import RoundResult, Rounds, answered, save_estimates, save_round
from canvass.errors import CanvassError

Phase = Literal["waiting", "training", "fresh", "failed"]

PREPARING = "the first models are being trained; the first utterances come in a few seconds"
NICE = 19  # of a round's threads: those who serve the page come first

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class QueueState:
    """How fresh the queue is.

    `generation` counts the swaps since the start. `phase` is `waiting` before the first, `training` while a round is
    run, `fresh` between rounds, `failed` where the last one failed and the older queue goes on. `message` is a
    sentence for the page, or empty. `ready` tasks wait for someone. `assistant` says why the assistant suggests
    nothing, or answers nothing alone any more; empty where it does, or there is none.
    """

    generation: int
    phase: Phase
    message: str
    ready: int
    assistant: str = ""


class _StoppedError(Exception):
    """The queue is stopping: leave the pool."""


class Queue:
    """The queue of a project; `clock` gives the seconds of the epoch.

    `start` and `stop` are for the owner of the project's lock, once each; `answered`, `run_soon` and `state` for any
    thread. `on_round` is given every round that was swapped in, on the queue's thread: its models are the newest. The
    `assistant` suggests annotations of what waits, and is started and stopped with the queue.
    """

    def __init__(
        self,
        project: Project,
        *,
        clock: Callable[[], float] = time.time,
        on_round: Callable[[RoundResult], None] = lambda _: None,
        assistant: Assistant | None = None,
    ) -> None:
        self.assistant = assistant
        self._project = project
        self._clock = clock
        self._on_round = on_round
        self._rounds = Rounds(project)
        self._changed = threading.Condition()
        self._stopping = False
        self._thread: threading.Thread | None = None
        # Guarded by the condition:
        self._new = 0
        self._asked = False
        self._latest = clock()
        self._generation = 0
        self._phase: Phase = "waiting"
        self._message = PREPARING

    def start(self) -> None:
        """Begin to run rounds, the first at once."""
        self._thread = threading.Thread(target=self._run, name="canvass queue", daemon=True)
        self._thread.start()
        if self.assistant is not None:
            self.assistant.start(self.answered)

    def stop(self, patience: float = threading.TIMEOUT_MAX) -> None:
        """End the threads, and wait for so many seconds at most; a round that is being run leaves no trace.

        It takes a fraction of a second, but for a training that cannot be interrupted, which ends with the process.
        """
        end = time.monotonic() + patience
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(max(0.0, end - time.monotonic()))
        if self.assistant is not None:
            self.assistant.stop(max(0.0, end - time.monotonic()))

    def answered(self, count: int = 1) -> None:
        """Note that an answer was saved, or several."""
        with self._changed:
            self._new += count
            self._latest = self._clock()
            self._changed.notify_all()

    def run_soon(self) -> None:
        """Have a round run as soon as none is, whatever was answered."""
        with self._changed:
            self._asked = True
            self._changed.notify_all()

    def state(self) -> QueueState:
        """Say how fresh the queue is."""
        ready = self._project.store.counts()["open"]
        said = "" if self.assistant is None else self.assistant.message or self.assistant.objection
        with self._changed:
            return QueueState(self._generation, self._phase, self._message, ready, said)

    def _run(self) -> None:
        # On Linux a thread has a priority of its own, which those that it starts inherit.
        if sys.platform == "linux":
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)
        while self._run_one() and self._wait():
            pass

    def _wait(self) -> bool:
        """Wait until a round is due; False where the queue stops."""
        queue = self._project.settings.queue
        with self._changed:
            while not self._stopping:
                idle = self._clock() - self._latest
                if self._asked:
                    return True
                if self._new >= queue.retrain_after or (self._new and idle >= queue.idle_seconds):
                    return True
                if self._new and self._project.store.counts()["open"] == 0:
                    return True  # whoever waits for an utterance need not wait until others are idle
                left = queue.idle_seconds - idle if self._new else None
                self._changed.wait(left)
        return False

    def _run_one(self) -> bool:
        """Play a round and swap the queue, or say why not; False where the queue stops."""
        with self._changed:
            new, self._asked = self._new, False
            if self._generation:
                self._phase, self._message = "training", ""
        began = time.perf_counter()
        try:
            number, count = next_round(self._project)
            self._back_up(number, count)
            result = self._rounds.run(number, answers=count, progress=self._leave_if_stopping)
            self._leave_if_stopping()
            save_round(
                self._project, result, answers=count, at=self._clock(), seconds=time.perf_counter() - began
            )
            self._on_round(result)
        except _StoppedError:
            return False
        except CanvassError as error:
            logger.warning("the queue could not be made anew: %s", error)
            self._fail(str(error), new)
            return not self._stopping
        except Exception:
            # A defect of ours must not end the queue in silence.
            logger.exception("the queue could not be made anew")
            self._fail("the models could not be trained because of a defect; the log has the details", new)
            return not self._stopping
        with self._changed:
            self._new -= new
            self._generation += 1
            self._phase, self._message = "fresh", result.message
            stopping = self._stopping
        return not stopping and self._review(result)

    def _back_up(self, number: int, count: int) -> None:
        """Keep a copy of the answers, where there are any; without one the round is run all the same."""
        if not count:
            return
        try:
            keep_backup(self._project, number)
        except CanvassError as error:
            logger.warning("no backup was kept before training: %s", error)

    def _leave_if_stopping(self, *_: int) -> None:
        if self._stopping:
            raise _StoppedError

    def _fail(self, message: str, new: int) -> None:
        with self._changed:
            # Not at once again with the same answers.
            self._new -= new
            self._phase, self._message = "failed", message

    def _review(self, result: RoundResult) -> bool:
        """Make the estimates and the review list, unless a round is due already; False where the queue stops."""
        with self._changed:
            if self._new >= self._project.settings.queue.retrain_after:
                return not self._stopping
        try:
            save_estimates(self._project, result, lambda: self._stopping)
            items = review_of(self._project, result.labelled, lambda: self._stopping)
            if not self._stopping:
                self._project.store.set_review(items)
        except Exception:
            logger.exception("the estimates or the review list could not be made")
        return not self._stopping


def next_round(project: Project) -> tuple[int, int]:
    """Give the number of the round to run, and how many answers there are.

    Without new answers it is the one that was run last, with the same models; so a server that is started again
    goes on as if it had not been stopped.
    """
    count = answered(project)
    rounds = project.store.rounds()
    if not rounds:
        return 0, count
    last = rounds[-1]
    return (last.number if last.failure or last.answers == count else last.number + 1), count
