"""Why Label Studio and canvass do not find together: one check after the other, each with what to set.

Nothing is changed there. What Label Studio would refuse is found out by requests that it has another reason to refuse
as well, so that it never does what they ask; and it is made to send one webhook, by a change of no field.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from canvass.corpus.formats.records import listed
from canvass.errors import CanvassError, InputError, ServiceError, shown
from canvass.integrations.label_studio.client import FORBIDDEN, NOT_FOUND
from canvass.integrations.label_studio.config import Wanted, completed
from canvass.integrations.label_studio.findings import (
    OPEN,
    Check,
    judge_order,
    judge_refusal,
    judge_release,
    judge_sampling,
    judge_token,
    kind_of,
)
from canvass.integrations.label_studio.health import bare_address, health_of, same_address

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from canvass.annotation.project.project import Project
    from canvass.corpus.formats.located import Value
    from canvass.integrations.label_studio.client import Client
    from canvass.integrations.label_studio.tokens import Token

ARRIVAL_SECONDS = 3.0  # for a webhook
CONNECTED, FAILED = "CO", "ER"
ANNOTATIONS = ("ANNOTATION_CREATED", "ANNOTATION_UPDATED", "ANNOTATIONS_DELETED")


@dataclass
class Doctor:
    """Checks everything that the two programs need of each other, the first causes first.

    Attributes
    ----------
    client, token
        The server, and the token that the client uses.
    project
        The folder whose labels the configuration shall offer; None leaves that out.
    number
        The project in Label Studio; None leaves out what is of one.
    backend
        The address of the ML backend, as Label Studio is told it; None takes the one that is connected.
    now
        Seconds of the epoch.
    sleep
        For tests: what waits for a webhook.

    """

    client: Client
    token: Token
    project: Project | None = None
    number: int | None = None
    backend: str | None = None
    now: float = 0.0
    sleep: Callable[[float], None] = time.sleep
    _health: dict[str, Any] | None = field(default=None, init=False, repr=False)

    def checks(self) -> Iterator[Check]:
        """Check one thing after the other; what cannot be looked at, since something before it failed, is said, too."""
        asked = ["server", "token", "project", "address"]
        try:
            release = self.client.release()
            yield Check(asked.pop(0), "ok", f"{self.client.url} is Label Studio")
            yield judge_release(release)
            account = self._account()
            asked.pop(0)
            yield account
            if account.verdict == "ok":
                yield from self._of_account()
                return
            why = "the token is not accepted"
        except CanvassError as error:
            yield Check(asked.pop(0), "problem", str(error))
            why = "the server cannot be asked"
        yield from (Check(name, "not checked", why) for name in asked)
        yield from self._backend_here()

    def _account(self) -> Check:
        try:
            user = self.client.user()
        except CanvassError as error:
            return judge_token(error, self.token, self.now)
        return Check("token", "ok", f"{kind_of(self.token)} of {shown(user.content_of('email'))}")

    def _of_account(self) -> Iterator[Check]:
        """Check what a valid token can look at."""
        backend: Value | None = None
        if self.number is None:
            advice = "canvass label-studio push makes one, or give --project N"
            yield Check("project", "not checked", "nothing was pushed yet", advice)
        else:
            try:
                project = self.client.project(self.number)
                yield Check("project", "ok", f"{self.number} is {shown(project.content_of('title'))}")
                yield self._labels(project)
                yield judge_sampling(project.content_of("sampling"))
                backend, check = self._backend_there()
                counts = self.client.get(f"/api/projects/{self.number}/model-versions").content
                title = None if backend is None else backend.content_of("title")
                yield judge_order(
                    project.content_of("model_version"), counts if isinstance(counts, dict) else {}, title
                )
                yield check
            except CanvassError as error:
                yield self._no_project(error)
        if self.backend is None:
            return
        yield from self._address()
        yield from self._backend_here()
        if backend is not None and self.number is not None:
            yield self._webhook(self.number)

    def _no_project(self, error: CanvassError) -> Check:
        if not isinstance(error, ServiceError) or error.status not in {FORBIDDEN, NOT_FOUND}:
            return Check("project", "problem", str(error))
        words = f"there is no project {self.number} that this account may see"
        return Check(
            "project", "problem", words, "give another number with --project, or have the account added to it"
        )

    def _labels(self, project: Value) -> Check:
        if self.project is None:
            return Check("labels", "not checked", "no project folder was given")
        where, config = "the labelling configuration", str(project.content_of("label_config") or "")
        try:
            missing = completed(config, Wanted.of(self.project), where).added
        except InputError as error:
            return Check("labels", "problem", str(error))
        if missing:
            advice = "canvass label-studio push adds them, or do so under Settings, Labeling Interface"
            return Check("labels", "problem", f"{where} does not offer {listed(missing)}", advice)
        return Check("labels", "ok", f"{where} offers all of {self.project.target}")

    def _backend_there(self) -> tuple[Value | None, Check]:
        """Find the ML backend that is connected; asking for it makes Label Studio look after it anew."""
        assert self.number is not None
        name, wanted = "backend there", self.backend
        backends = self.client.ml_backends(self.number)
        backend = next(
            (
                backend
                for backend in backends
                if wanted is None or same_address(str(backend.content_of("url")), wanted)
            ),
            None,
        )
        if backend is None and wanted is None:
            return None, Check(name, "not checked", "none is connected; push and pull work without")
        if backend is None:
            words = f"{bare_address(str(wanted))} is not connected"
            return None, Check(name, "problem", words, "connect it under Settings, Model")
        self.backend = wanted or str(backend.content_of("url")).rstrip("/")
        bare, state = bare_address(self.backend), backend.content_of("state")
        if state == CONNECTED:
            models = shown(backend.content_of("model_version"))
            return backend, Check(name, "ok", f"{bare} is connected, with models {models}")
        if state == FAILED:
            words = f"{bare} answers its setup with {shown(backend.content_of('error_message'))}"
            return backend, Check(name, "problem", words, "see what canvass label-studio serve says")
        advice = (
            "see the checks below; where Label Studio runs in a container, 127.0.0.1 is that container: serve with "
            "--host and an address that it reaches"
        )
        return backend, Check(name, "problem", f"Label Studio does not reach {bare}", advice)

    def _address(self) -> Iterator[Check]:
        """Find out whether the guard against server-side request forgery refuses the address.

        Both requests have a field that makes no sense, so that nothing comes of them where the address is allowed.
        """
        assert self.backend is not None
        of = {} if self.number is None else {"project": self.number}
        predictions = {"url": self.backend, "timeout": "probe", **of}
        webhooks = {"url": f"{self.backend}/webhook", "send_payload": "probe", **of}
        for name, path, body, variable in (
            ("address", "/api/ml", predictions, "ML_BLOCK_LOCAL_IP"),
            ("address of webhooks", "/api/webhooks/", webhooks, "SSRF_PROTECTION_ENABLED"),
        ):
            try:
                self.client.send("POST", path, body)
            except ServiceError as error:
                yield judge_refusal(name, bare_address(self.backend), error, variable)
            except CanvassError as error:
                yield Check(name, "problem", str(error))
            else:
                yield Check(name, "not checked", f"Label Studio took what makes no sense at {path}")

    def _backend_here(self) -> Iterator[Check]:
        """Check the backend as it looks from here."""
        if self.backend is None:
            return
        name, bare = "backend", bare_address(self.backend)
        began = time.perf_counter()
        try:
            health = health_of(self.backend)
        except ServiceError as error:
            yield Check(name, "problem", str(error))
            return
        took = time.perf_counter() - began
        training, hooks = health.get("training"), health.get("webhooks")
        if not isinstance(training, dict) or not isinstance(hooks, dict):
            yield Check(name, "problem", f"{bare} is an ML backend, but not of canvass", "check the port")
            return
        if self.project is not None and health.get("target") != str(self.project.target):
            words = f"{bare} serves {health.get('target')}, and this project is {self.project.target}"
            yield Check(name, "problem", words, "check the port")
            return
        self._health = health
        models = health.get("model_version")
        if training.get("phase") == "failed":
            yield Check(
                name,
                "problem",
                f"{bare} serves {models}, and could not train since: {training.get('message')}",
            )
        else:
            words = f"{bare} answers in {1000 * took:.0f} ms, with {models or 'no models yet: they are being trained'}"
            yield Check(name, "ok", words)
        if hooks.get("problem"):
            words = f"{hooks.get('left_out')} left out, {hooks.get('waiting')} waiting; the last: {hooks['problem']}"
            yield Check("annotations", "problem", words)

    def _webhook(self, number: int) -> Check:
        """Check that annotations are sent, and that they arrive."""
        assert self.backend is not None
        name, place = "webhook", f"{self.backend}/webhook"
        try:
            hooks = self.client.get("/api/webhooks/", {"project": number}).items()
            hook = next((hook for hook in hooks if same_address(str(hook.content_of("url")), place)), None)
            if hook is None:
                advice = (
                    "if its address was refused when the backend was connected: open it, remove the backend there, and "
                    "connect it again"
                )
                return Check(
                    name, "problem", "there is none, so annotations do not arrive by themselves", advice
                )
            if not hook.content_of("is_active") or not hook.content_of("send_payload"):
                return Check(
                    name, "problem", "it is off, or sends no payload", "set both under Settings, Webhooks"
                )
            actions = hook.content_of("actions") or []
            if not hook.content_of("send_for_all_actions") and not set(ANNOTATIONS) <= set(actions):
                return Check(
                    name, "problem", "it is not for all annotations", f"let it send {', '.join(ANNOTATIONS)}"
                )
            if self._health is None:
                return Check(name, "not checked", "it is there; whether it arrives cannot be seen from here")
            return self._arrival(number)
        except CanvassError as error:
            return Check(name, "problem", str(error))

    def _arrival(self, number: int) -> Check:
        """Have Label Studio send a webhook, by a change of nothing."""
        assert self.backend is not None
        before = _received(health_of(self.backend))
        self.client.change_project(number, {})
        end = time.monotonic() + ARRIVAL_SECONDS
        while _received(health_of(self.backend)) == before:
            if time.monotonic() > end:
                words = "it is there, and what was sent just now did not arrive"
                advice = f"the log of Label Studio says why; {OPEN}; or see to firewalls between the two"
                return Check("webhook", "problem", words, advice)
            self.sleep(0.1)
        return Check("webhook", "ok", "what was sent just now arrived")


def _received(health: dict[str, Any]) -> object:
    hooks = health.get("webhooks")
    return hooks.get("received") if isinstance(hooks, dict) else None
