"""A small client of Label Studio's API: timeouts, retries, pages, a sentence for each failure, and no secret shown."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Self

from canvass.corpus.formats.located import Value
from canvass.errors import ExtraMissingError, OptionError, ServiceError, shown
from canvass.integrations.label_studio.tokens import Token, advice_for
from canvass.models.scorer import retry_after

try:
    import httpx
except ImportError:
    raise ExtraMissingError("speaking to Label Studio needs httpx", "label-studio") from None

OLDEST = (1, 13, 0)  # release that has every address that is asked here
SECONDS = 30.0  # for one answer
IMPORT_SECONDS = 300.0  # for one import, which Label Studio ends before it answers
PAGE = 100  # tasks a page
TOGETHER = 200  # tasks or predictions an import
WAITS = (0.5, 2.0, 5.0)  # seconds before each further attempt
REPEATABLE = frozenset({"GET", "PATCH", "PUT", "DELETE"})
TOO_MANY = 429
PASSING = frozenset({TOO_MANY, 502, 503, 504})  # what may be over in a moment
FIRST_REDIRECTION, FIRST_FAILURE, FIRST_SERVER_FAILURE = 300, 400, 500
LONGEST_DETAIL = 300  # characters of what the server said


class Client:
    """Speaks to one Label Studio in the name of a token; close it, or use it as a context.

    Every method raises ServiceError where the server cannot be reached, refuses or fails (its `status` says with what),
    and InputError where an answer has another shape than expected. Neither names the token. What does the same when it
    is sent twice is sent again where that may help.

    `url` is such as http://localhost:8080, and may be below a path; OptionError if it is none. Legacy tokens and
    personal access tokens both work. One answer may take so many `seconds`. For tests: requests go through `transport`,
    and `sleep` waits between attempts.
    """

    def __init__(
        self,
        url: str,
        token: Token,
        *,
        seconds: float = SECONDS,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.url = checked_url(url)
        self._token = token
        self._access: str | None = None
        self._sleep = sleep
        self._http = httpx.Client(timeout=seconds, transport=transport, follow_redirects=False)

    def __repr__(self) -> str:
        return f"Client({self.url!r})"

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # What Label Studio has

    def release(self) -> str:
        """Ask for the release, such as 1.23.2, which needs no token; raises where it is too old, or no Label Studio."""
        answer = self.get("/api/version", bare=True)
        release = answer.content.get("release") if isinstance(answer.content, dict) else None
        if not isinstance(release, str):
            raise ServiceError(f"{self.url}: there is a server, but it is not Label Studio; check --url")
        if tuple(int(digits) for digits in re.findall(r"\d+", release)[:3]) < OLDEST:
            oldest = ".".join(map(str, OLDEST))
            raise ServiceError(
                f"{self.url}: Label Studio {shown(release)} is too old; expected {oldest} or newer"
            )
        return release

    def users(self) -> list[Value]:
        """List the people of the organisation: id, email, and more."""
        return self.get("/api/users").items()

    def project(self, number: int) -> Value:
        """Read a project: id, title, label_config, sampling, model_version, and more."""
        return self.get(f"/api/projects/{number}")

    def projects(self) -> Iterator[Value]:
        """Read all projects that the account may see, a page at a time."""
        yield from self._pages("/api/projects", "results", {})

    def create_project(self, fields: Mapping[str, Any]) -> Value:
        """Make a project."""
        return self.send("POST", "/api/projects", fields)

    def change_project(self, number: int, fields: Mapping[str, Any]) -> Value:
        """Change some fields of a project."""
        return self.send("PATCH", f"/api/projects/{number}", fields)

    def tasks(self, project: int) -> Iterator[Value]:
        """Read all tasks of a project with data, annotations, drafts and predictions, a page at a time."""
        yield from self._pages("/api/tasks", "tasks", {"project": project, "fields": "all"})

    def import_tasks(self, project: int, tasks: Sequence[Mapping[str, Any]]) -> None:
        """Import tasks with their predictions; each import of `TOGETHER` comes in whole or not at all."""
        self._import(f"/api/projects/{project}/import", tasks)

    def import_predictions(self, project: int, predictions: Sequence[Mapping[str, Any]]) -> None:
        """Add predictions to tasks that are there; each names its `task`."""
        self._import(f"/api/projects/{project}/import/predictions", predictions)

    def _import(self, path: str, items: Sequence[Mapping[str, Any]]) -> None:
        for first in range(0, len(items), TOGETHER):
            self.send("POST", path, list(items[first : first + TOGETHER]), timeout=IMPORT_SECONDS)

    # How it is asked

    def get(self, path: str, parameters: Mapping[str, Any] | None = None, *, bare: bool = False) -> Value:
        """Read what is at a path."""
        return self.send("GET", path, params=parameters, bare=bare)

    def send(self, method: str, path: str, content: Any = None, *, bare: bool = False, **more: Any) -> Value:
        """Send JSON to a path and read the answer, None where it is empty; `bare` sends no token along.

        `more` of the request is as httpx takes it.
        """

        def attempt() -> httpx.Response:
            headers = {} if bare else self._authorisation()
            return self._attempted(method, path, json=content, headers=headers, **more)

        answer = attempt()
        if answer.status_code == HTTPStatus.UNAUTHORIZED and not bare and self._access is not None:
            # An access token is good for minutes; a refreshed one says whether that was the reason.
            self._access = None
            answer = attempt()
        return self._value(answer, path)

    def _pages(self, path: str, name: str, parameters: Mapping[str, Any]) -> Iterator[Value]:
        number = 0
        while True:
            number += 1
            try:
                page = self.get(path, {**parameters, "page": number, "page_size": PAGE})
            except ServiceError as error:
                # How the last page shows where their number is a multiple of the size.
                if error.status == HTTPStatus.NOT_FOUND and number > 1:
                    return
                raise
            items = page.need(name).items()
            yield from items
            if len(items) < PAGE:
                return

    def _authorisation(self) -> dict[str, str]:
        if self._token.kind == "legacy":
            return {"Authorization": f"Token {self._token.value}"}
        if self._access is None:
            answer = self._attempted("POST", "/api/token/refresh/", json={"refresh": self._token.value})
            self._access = self._value(answer, "/api/token/refresh/").need("access").string()
        return {"Authorization": f"Bearer {self._access}"}

    def _attempted(self, method: str, path: str, **request: Any) -> httpx.Response:
        """Send a request, as httpx takes it, again where that is harmless and may help, and take the last answer."""
        waits = iter(WAITS if method in REPEATABLE else ())
        while True:
            wait = next(waits, None)
            try:
                answer = self._http.request(method, f"{self.url}{path}", **request)
            except (httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError) as error:
                if wait is None:
                    raise self._unreachable(error, sent=True) from None
            except httpx.HTTPError as error:
                raise self._unreachable(error, sent=not isinstance(error, UNSENT)) from None
            else:
                if wait is None or answer.status_code not in PASSING:
                    return answer
                wait = max(wait, retry_after(answer.headers.get("retry-after", "")))
            self._sleep(wait)

    def _unreachable(self, error: httpx.HTTPError, *, sent: bool) -> ServiceError:
        if not sent:
            return ServiceError(
                f"{self.url}: Label Studio cannot be reached ({_reason(error)}); check that it runs, and --url"
            )
        why = (
            "did not answer in time"
            if isinstance(error, httpx.TimeoutException)
            else f"broke off ({_reason(error)})"
        )
        return ServiceError(f"{self.url}: Label Studio {why}; see its log, then run the same command again")

    def _value(self, answer: httpx.Response, path: str) -> Value:
        """Take the JSON of an answer, or say what is wrong with it."""
        status = answer.status_code
        if status >= FIRST_REDIRECTION:
            raise ServiceError(self._refusal(answer, path), status)
        if not answer.content:
            return Value(None, f"{self.url}{path}")
        try:
            return Value(answer.json(), f"{self.url}{path}")
        except ValueError:
            raise ServiceError(
                f"{self.url}{path}: the answer is not JSON, so this is not Label Studio, or something stands before "
                "it; check --url",
                status,
            ) from None

    def _refusal(self, answer: httpx.Response, path: str) -> str:
        status, said = answer.status_code, self._detail(answer)
        if status < FIRST_FAILURE:
            place = answer.headers.get("location", "")
            return (
                f"{self.url}{path} leads on to {shown(place)} ({status}), where no token is sent; check --url, https "
                "in place of http, say"
            )
        if status == HTTPStatus.UNAUTHORIZED:
            return f"{self.url}: the token is refused{said}; {advice_for(self._token, said, time.time())}"
        if status == HTTPStatus.FORBIDDEN:
            return f"{self.url}{path}: the account of this token may not do that{said}; take the token of one that may"
        if status == HTTPStatus.NOT_FOUND:
            return f"{self.url}{path}: there is no such thing{said}; check --url and --project"
        if status >= FIRST_SERVER_FAILURE or status == TOO_MANY:
            return f"{self.url}{path}: Label Studio failed ({status}){said}; see its log, then run the command again"
        return f"{self.url}{path}: Label Studio refused that ({status}){said}"

    def _detail(self, answer: httpx.Response) -> str:
        """Quote what Label Studio says of a failure, which is never more than a line, and never the token."""
        try:
            content = answer.json()
        except ValueError:
            return ""
        if not isinstance(content, dict):
            return ""
        parts = [content.get(name) for name in ("detail", "validation_errors")]
        text = " ".join(part if isinstance(part, str) else json.dumps(part) for part in parts if part)
        for secret in (self._token.value, self._access):
            if secret:
                text = text.replace(secret, "...")
        text = " ".join(text.split())
        text = text if len(text) <= LONGEST_DETAIL else f"{text[:LONGEST_DETAIL]}..."
        return f" ({text.rstrip('.')})" if text else ""


UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.UnsupportedProtocol, httpx.ProxyError)


def checked_url(url: str) -> str:
    """Check the address of a server, and take the slashes from its end.

    Raises OptionError if it is none, or holds what does not belong there, such as a password.

    >>> checked_url("http://localhost:8080/")
    'http://localhost:8080'
    """
    try:
        parts = httpx.URL(url.strip())
    except httpx.InvalidURL:
        parts = httpx.URL()
    if parts.scheme not in {"http", "https"} or not parts.host:
        raise OptionError(
            f"--url {shown(url)} is no address of a server; expected one such as http://localhost:8080"
        )
    if parts.userinfo or parts.query or parts.fragment:
        raise OptionError(
            f"--url has more than scheme, host, port and path ({parts.scheme}://{parts.host}); leave out user, query "
            "and fragment: the token goes into a file"
        )
    return str(parts).rstrip("/")


def _reason(error: httpx.HTTPError) -> str:
    """Say what went wrong below HTTP, in the words of the system."""
    if isinstance(error, httpx.TimeoutException):
        return "no answer in time"
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror
        cause = cause.__cause__ or cause.__context__
    return str(error) or type(error).__name__
