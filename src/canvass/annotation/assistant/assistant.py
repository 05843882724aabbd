"""Suggests annotations of what waits in the queue, from a thread of its own; people check what it says.

It looks at the queue again and again, and asks about the tasks that come next. Nobody waits for it: a task that is on
somebody's page keeps the prediction that it was opened with, and what the assistant does not answer is annotated with
that of the models.
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from canvass.annotation.assistant.chat import Chat, Memory
from canvass.annotation.assistant.prompt import LONGEST, Masked, Prompt, Suggestion
from canvass.annotation.project.project import Project
from canvass.annotation.quality.assistant_error import objection
from canvass.annotation.store.records import ALONE, NewAnswer, NewTask, Task, TaskPrediction
from canvass.callables import is_callable_name, load_callable
from canvass.errors import CanvassError, OptionError
from canvass.seeding import uniform
from canvass.simulation.simulated_assistant import HIDDEN
from canvass.types import Frame

FILE = "assistant.jsonl"
AHEAD = 20  # tasks from the front of the queue
TOGETHER = 4  # requests at a time
LOOK = 1.0  # seconds between two looks at the queue
MOST_ERRORS = 5  # in a row, until it is left alone
REST = 300.0  # seconds for which it is left alone
UNSURE = 0.5  # what stands for the probability of what it is not sure of
SURE = 0.5  # the least probability of a frame of which the models are sure

logger = logging.getLogger(__name__)


def load_mask(name: str | None) -> Callable[[str], str] | None:
    """Import the function of `--mask`; raises OptionError."""
    if name is None:
        return None
    if not is_callable_name(name):
        raise OptionError(f"--mask {name!r} is no module:function; name one that takes a text and gives one")
    return load_callable(name, "--mask")


class Assistant:
    """The assistant of one project.

    `start` and `stop` are for the owner of the project's lock, once each; the rest for any thread. The project's
    settings hold the budget; what is asked and answered is kept in `FILE` of its folder. `address` and `model` are as
    for `Chat`, with the same errors. `mask`, as `--mask` names it, runs over every text before that leaves. `alone`: it
    answers what it and the models are sure of and agree on; OptionError where it may not. `clock` gives seconds that go
    on evenly.
    """

    def __init__(
        self,
        project: Project,
        address: str,
        model: str,
        *,
        mask: str | None = None,
        alone: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stopping = threading.Event()
        self._project = project
        self._mask = load_mask(mask)
        self._mask_name = mask or ""
        self._chat = Chat(address, model, self._stopping.wait)
        self._memory = Memory(project.folder / FILE)
        self._clock = clock
        self._errors = 0
        self._silent_until = 0.0
        self._tried: set[int] = set()  # tasks
        self._thread: threading.Thread | None = None
        self._answered: Callable[[int], None] = lambda _: None
        self.message = ""  # why it suggests nothing at the moment, a sentence; empty: it does
        self.objection = ""  # why it answers nothing alone any more, a sentence; empty: it does, or never did
        self._alone = alone
        if alone and (why := objection(project, self.question(self.prompt()))):
            raise OptionError(f"--assistant-alone: {why}")
        texts = f"masked by {mask}" if mask else "as people wrote them"
        self.leaves = (
            f"{model} at {self._chat.host} is sent requests, {texts}, with guidelines and annotated examples."
        )
        if alone:
            self.leaves += " What it and the models are sure of and agree on, it answers alone."

    def start(self, answered: Callable[[int], None]) -> None:
        """Begin to look at the queue; `answered` is given the number of answers after each look that brought some."""
        self._answered = answered
        self._thread = threading.Thread(target=self._run, name="canvass assistant", daemon=True)
        self._thread.start()

    def stop(self, patience: float | None = None) -> None:
        """End the thread, once the requests that are under way are answered; so many seconds are waited at most."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(patience)

    def _run(self) -> None:
        while not self._stopping.wait(LOOK):
            try:
                self.look()
            except CanvassError as error:
                self._fail(str(error))
            except Exception:
                # A defect of ours must not end the thread in silence.
                logger.exception("the assistant could not be asked")
                self._fail("of a defect; the log has the details")

    def look(self) -> int:
        """Suggest what is next in the queue, as far as budget and server allow; returns how many went in."""
        if self._silent_until and self._clock() >= self._silent_until:
            self._silent_until = 0.0
            self._tried.clear()
        waiting = [
            task
            for task in self._project.store.tasks("open")[:AHEAD]
            if task.source == "selected" and task.id not in self._tried
        ]
        if not waiting:
            return 0
        prompt = self.prompt()
        suggestions = self.suggestions(waiting, prompt)
        self._tried.update(task.id for task in waiting)
        if self._alone and (why := objection(self._project, self.question(prompt))):
            self._alone = False
            self.objection = f"the assistant {self._chat.model} answers nothing alone any more: {why}"
            logger.warning("%s", self.objection)
        suggested = answered = 0
        for task, suggestion in zip(waiting, suggestions, strict=True):
            if suggestion is not None:
                prediction = self._prediction(task, suggestion)
                answer = None
                if self._alone and prediction.agreed and not prediction.hidden:
                    annotator = ALONE + self._chat.model
                    answer = NewAnswer(uuid.uuid4().hex, task.id, annotator, *suggestion.meaning)
                if self._project.store.suggest(task.id, prediction, answer, now=time.time()):
                    suggested += 1
                    answered += answer is not None
        if answered:
            self._answered(answered)
        return suggested

    def prompt(self) -> Prompt:
        """Make the prompt of the project as it is now."""
        return Prompt(self._project, self._mask)

    def question(self, prompt: Prompt) -> str:
        """Name what an approval is for: model, prompt and mask."""
        return Memory.question(self._chat.model, prompt.system, self._mask_name)

    def suggestions(self, tasks: Sequence[NewTask], prompt: Prompt) -> list[Suggestion | None]:
        """Ask about the texts of N tasks, or recall what was answered; None for what has no suggestion.

        `message` says why some were not asked about, where that is so.
        """
        requests = [prompt.masked(task.text) for task in tasks]
        questions = [Memory.question(self._chat.model, prompt.system, request.text) for request in requests]
        asked = {
            question: request
            for question, request in zip(questions, requests, strict=True)
            if question not in self._memory and len(request.text) <= LONGEST
        }
        self._ask(prompt, asked)
        suggestions = []
        for question, request in zip(questions, requests, strict=True):
            content = self._memory.answer(question)
            suggestions.append(None if content is None else prompt.read(content, request))
        return suggestions

    def _ask(self, prompt: Prompt, asked: dict[str, Masked]) -> None:
        """Ask a few at a time; this thread alone keeps count."""
        waiting = list(asked)
        with ThreadPoolExecutor(TOGETHER, thread_name_prefix="canvass-assistant") as threads:
            while waiting and not self._stopping.is_set() and self._may_ask():
                some, waiting = waiting[:TOGETHER], waiting[TOGETHER:]
                replies = threads.map(
                    lambda question: self._chat.ask(prompt.messages(asked[question]), prompt.schema), some
                )
                for question, reply in zip(some, replies, strict=True):
                    self._memory.add(question, reply)
                    if not reply.problem:
                        self._errors, self.message = 0, ""
                        continue
                    self._errors += 1
                    if self._errors >= MOST_ERRORS:
                        self._fail(reply.problem)

    def _may_ask(self) -> bool:
        spent = self._memory.spent(self._project.settings.assistant)
        if spent:
            self.message = f"the assistant {self._chat.model} is not asked any more: {spent}"
        return not spent and self._clock() >= self._silent_until

    def _fail(self, why: str) -> None:
        """Leave the server alone for a while, and say why."""
        self._errors = MOST_ERRORS - 1  # one more is enough
        self._silent_until = self._clock() + REST
        self.message = (
            f"the assistant {self._chat.model} is offline, since {why}; the models' predictions are shown, and it is "
            f"tried again in {REST / 60:.0f} minutes"
        )
        logger.warning("%s", self.message)

    def _prediction(self, task: Task, suggestion: Suggestion) -> TaskPrediction:
        """Make a suggestion of what was said; the models' intents and tagging stay as what else it may be."""
        ours, said = task.prediction, suggestion.meaning
        chance = 1.0 if suggestion.sure else UNSURE
        slots = said.slots or ()
        others = () if ours is None else ((ours.slots, ours.confidence), *ours.alternatives)
        return TaskPrediction(
            round=0 if ours is None else ours.round,
            domain=said.domain,
            intent=said.intent,
            intent_probability=chance,
            slots=slots,
            confidence=chance,
            positive=said.kind == "frame",
            likeliest=() if ours is None else ours.likeliest,
            alternatives=tuple(other for other in others if other[0] != slots),
            by=self._chat.model,
            hidden=uniform(self._project.settings.project.seed, "assistant", task.key) < HIDDEN,
            agreed=self._agree(task, suggestion),
        )

    def _agree(self, task: Task, suggestion: Suggestion) -> bool:
        """Whether models and assistant are sure of the same frame."""
        ours, said = task.prediction, suggestion.meaning
        if ours is None or ours.by:  # the models' was overwritten by an earlier suggestion
            return ours is not None and ours.agreed and ours.by == self._chat.model
        return (
            suggestion.sure
            and task.wanted == 1  # what several people shall answer is theirs
            and said.kind == "frame"
            and ours.positive is not False
            and ours.intent_probability * ours.confidence >= SURE
            and Frame.of(ours.intent, ours.slots, of_target=True)
            == Frame.of(said.intent, said.slots, of_target=True)
        )
