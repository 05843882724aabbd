"""The ML backend of a project: what Label Studio asks of one, as plain functions; nothing here knows of HTTP.

The protocol is Label Studio's own (health, setup, predict, webhook), spoken directly. Setup hands over the API token
of whoever owns the project: it is not looked at, kept or logged.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from http import HTTPStatus
from typing import Any

from canvass import __version__
from canvass.annotation.project.project import Project
from canvass.annotation.rounds.queue import Queue
from canvass.annotation.rounds.round import RoundResult
from canvass.annotation.web.problems import Problem
from canvass.corpus.formats.column_names import listed
from canvass.errors import InputError
from canvass.integrations.label_studio.labelling import read_labelling
from canvass.integrations.label_studio.predicting import model_version, predictions_of
from canvass.integrations.label_studio.webhooks import TRAIN, Inbox, event_of
from canvass.models.nlu import NLU
from canvass.models.tagger import FEWEST

MODEL_CLASS = "canvass"
PATIENCE = 2.0  # seconds for the queue to end
MOST_TASKS = 10_000  # of one prediction
TOO_MANY = "too many annotations wait to be written; canvass label-studio pull fetches what is missed"


class Backend:
    """Predicts with the newest models, and trains on what webhooks bring; safe to use from several threads.

    `project` is open; whoever starts the backend holds its lock. `number` says of which project of Label Studio
    annotations are taken; None is of any. `say` is told, in sentences, what a person should know; `clock` gives the
    seconds of the epoch.
    """

    def __init__(
        self,
        project: Project,
        *,
        number: Callable[[], int | None] = lambda: None,
        say: Callable[[str], None] = lambda _: None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.project = project
        self.queue = Queue(project, clock=clock, on_round=self._take)
        self.inbox = Inbox(project, self.queue.answered, say=say, clock=clock)
        self._number = number
        self._say = say
        self._newest: tuple[int, NLU] | None = None
        self._why_none = ""
        self._said: set[str] = set()

    def start(self) -> None:
        """Train the first models, and begin to write what webhooks bring."""
        self.queue.start()
        self.inbox.start()

    def stop(self) -> int:
        """Write what webhooks brought, and end; returns how many of them could not be written.

        A training that cannot be interrupted leaves no trace, and ends with the process.
        """
        left = self.inbox.stop()
        self.queue.stop(PATIENCE)
        return left

    @property
    def version(self) -> str | None:
        """The version of the newest models; None before the first."""
        newest = self._newest
        return None if newest is None else model_version(newest[0])

    def _take(self, result: RoundResult) -> None:
        """Swap in the models of a round."""
        nlu = result.models.reference
        if nlu.can_predict:
            self._newest = (result.number, nlu)
        else:
            self._why_none = (
                f"no utterance of {nlu.target} has an intent, and a tagger needs at least {FEWEST} that are annotated "
                f"for slots: there {'is one' if nlu.annotated == 1 else 'are none'}"
            )

    def health(self, _body: Mapping[str, Any]) -> dict[str, Any]:
        """Say that the backend is there, and how it is: a failed training is a sentence, and older models serve on."""
        state, tally = self.queue.state(), self.inbox.tally()
        return {
            "status": "UP",
            "model_class": MODEL_CLASS,
            "model_version": self.version,
            "canvass": __version__,
            "project": self.project.name,
            "target": str(self.project.target),
            "training": {"phase": state.phase, "message": state.message},
            "webhooks": {"waiting": self.inbox.waiting, **asdict(tally)},
        }

    def setup(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Say which models are the newest; a configuration that does not fit the project is said on the terminal."""
        schema = body.get("schema")
        if isinstance(schema, str):
            self._check(schema)
        return {"model_version": self.version}

    def predict(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Predict tasks: one result each, in their order."""
        tasks, config = body.get("tasks"), body.get("label_config")
        if not isinstance(tasks, list) or len(tasks) > MOST_TASKS:
            raise Problem(f"predict: tasks are missing; expected a list of at most {MOST_TASKS:,}")
        newest = self._newest
        if newest is None:
            why = self._why_none or self.queue.state().message
            raise Problem(f"predict: there are no models yet: {why}", HTTPStatus.SERVICE_UNAVAILABLE)
        number, nlu = newest
        results = predictions_of(nlu, number, tasks, config if isinstance(config, str) else "")
        return {"results": results, "model_version": model_version(number)}

    def webhook(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Note what happened there, and answer at once."""
        if body.get("action") == TRAIN:
            self.inbox.put(None)
            return self.train(body)
        try:
            event = event_of(body)
        except InputError as error:
            raise Problem(str(error)) from error
        expected = self._number()
        if event is not None and expected not in {None, event.project}:
            self._say_once(f"webhooks of project {event.project} are ignored: this serves project {expected}")
            event = None
        if not self.inbox.put(event):
            raise Problem(f"webhook: {TOO_MANY}", HTTPStatus.SERVICE_UNAVAILABLE)
        return {"status": "ignored" if event is None else "queued"}

    def train(self, _body: Mapping[str, Any]) -> dict[str, Any]:
        """Train as soon as no training runs."""
        self.queue.run_soon()
        return {"status": "queued"}

    def validate(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Say whether a configuration has what is predicted."""
        config = body.get("config")
        try:
            read_labelling(config if isinstance(config, str) else "")
        except InputError as error:
            raise Problem(f"validate: {error}") from error
        return {"status": "ok"}

    def versions(self, _body: Mapping[str, Any]) -> dict[str, Any]:
        """List the models: only the newest are kept."""
        return {"versions": [] if self.version is None else [self.version]}

    def job_status(self, _body: Mapping[str, Any]) -> dict[str, Any]:
        """Say whether a training runs."""
        return {
            "job_status": "started" if self.queue.state().phase in {"training", "waiting"} else "finished"
        }

    def nothing(self, _body: Mapping[str, Any]) -> dict[str, Any]:
        """Take note of what changes nothing here: a project that was copied or removed there."""
        return {"status": "ok"}

    def _check(self, schema: str) -> None:
        try:
            labelling = read_labelling(schema)
        except InputError as error:
            self._say_once(f"nothing is predicted: {error}")
            return
        for what, guides, offered in (
            ("intents", self.project.intents(), labelling.intents),
            ("slot labels", self.project.slots(), labelling.slots),
        ):
            if missing := [guide.name for guide in guides if guide.name not in offered]:
                self._say_once(
                    f"the labelling configuration there does not offer the {what} {listed(missing)}, so they are not "
                    "predicted; canvass label-studio push brings it up to date"
                )

    def _say_once(self, sentence: str) -> None:
        if sentence not in self._said:
            self._said.add(sentence)
            self._say(sentence)


@dataclass(frozen=True, slots=True)
class Route:
    """A method, a path, and the function that answers with an object; one that is `slow` keeps no other waiting."""

    method: str
    path: str
    function: Callable[[Backend, Mapping[str, Any]], dict[str, Any]]
    slow: bool = False


ROUTES = (
    Route("GET", "/", Backend.health),
    Route("GET", "/health", Backend.health),
    Route("POST", "/setup", Backend.setup),
    Route("POST", "/predict", Backend.predict, slow=True),
    Route("POST", "/webhook", Backend.webhook),
    Route("POST", "/train", Backend.train),
    Route("GET", "/versions", Backend.versions),
    Route("POST", "/versions", Backend.versions),
    Route("POST", "/validate", Backend.validate),
    Route("POST", "/duplicate_model", Backend.nothing),
    Route("POST", "/delete", Backend.nothing),
    Route("POST", "/job_status", Backend.job_status),
)
