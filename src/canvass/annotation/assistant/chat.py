"""A model on a server with the OpenAI chat protocol: asked with back-off, within a budget, and remembered."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from canvass.annotation.project.settings import AssistantSettings
from canvass.errors import FileError, OptionError, needing, shown
from canvass.models.scorer import OK, WAITS, post, reason_of

VARIABLE = "CANVASS_ASSISTANT_KEY"
PATH = "/chat/completions"
SECONDS = 60.0  # for one answer
LONGEST_ANSWER = 20_000  # characters
MILLION = 1_000_000
BAD_REQUEST = 400


class Reply(NamedTuple):
    """What came back: the content (None: refused, or none), the tokens sent and answered, the requests it took.

    `problem` says why nothing came, or nothing that could be read; empty where something did.
    """

    content: str | None
    tokens: tuple[int, int]
    calls: int
    problem: str = ""


@dataclass
class Chat:
    """A server and a model there; safe to use from several threads.

    The address is such as https://host/v1; /chat/completions is added where it is missing. `sleep` waits between
    attempts, given seconds.

    Raises OptionError if the address is none, or holds a password, or the model has no name; ExtraMissingError without
    httpx.
    """

    address: str
    model: str
    sleep: Callable[[float], object] = threading.Event().wait
    _plain: bool = field(default=False, init=False)  # whether the model refuses a temperature

    def __post_init__(self) -> None:
        url = urlsplit(self.address)
        if url.scheme not in {"http", "https"} or not url.hostname or url.username or url.password:
            raise OptionError(
                f"--assistant {self.host} is no address of a server; write http://host:port/v1, without a user and a "
                f"password; a key goes into the environment as {VARIABLE}"
            )
        if not self.model.strip():
            raise OptionError("--model is empty; name a model of the assistant's server")
        with needing("asking an assistant needs httpx", "scorer"):
            import httpx
        key = os.environ.get(VARIABLE, "").strip()
        if not (key.isascii() and key.isprintable()):
            raise OptionError(f"{VARIABLE} holds what no key can hold; set it to the key alone")
        self._hide: Callable[[str], str] = lambda words: words.replace(key, "...") if key else words
        # Redirects are not followed: requests and key go to the address that was given, and nowhere else.
        self._client = httpx.Client(
            timeout=SECONDS,
            follow_redirects=False,
            headers={"Authorization": f"Bearer {key}"} if key else {},
        )

    @property
    def host(self) -> str:
        """The server's name and port."""
        return urlsplit(self.address).netloc.rpartition("@")[2] or shown(self.address)

    def ask(self, messages: list[dict[str, str]], schema: dict[str, Any]) -> Reply:
        """Ask once, and again where that may help."""
        import httpx

        calls = 1

        def pause(seconds: float) -> None:
            nonlocal calls
            calls += 1
            self.sleep(seconds)

        def failed(why: str) -> Reply:
            return Reply(None, (0, 0), calls, f"{self.host} {why}")

        sent: dict[str, Any] = {
            "model": self.model,
            "messages": messages,
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "frame", "strict": True, "schema": schema},
            },
        }
        address = self.address.rstrip("/")
        address += "" if address.endswith(PATH) else PATH
        try:
            plain = self._plain
            answer = post(self._client, address, sent if plain else {**sent, "temperature": 0}, pause)
            if answer.status_code == BAD_REQUEST and not plain and "temperature" in answer.text:
                self._plain = True
                calls += 1
                answer = post(self._client, address, sent, pause)
        except httpx.HTTPError as error:
            return failed(f"cannot be reached ({reason_of(error)}), asked {len(WAITS) + 1} times")
        if answer.status_code != OK:
            said = shown(self._hide(answer.text[:200]))
            return failed(f"answered with status {answer.status_code} ({said})")
        try:
            document = answer.json()
            message = document["choices"][0]["message"]
            content = message.get("content")
        except (ValueError, RecursionError, LookupError, TypeError, AttributeError):
            return failed("answered what is no chat completion")
        text = content if isinstance(content, str) and len(content) <= LONGEST_ANSWER else None
        return Reply(text, _tokens(document, messages, text or ""), calls)


def _tokens(document: Any, messages: list[dict[str, str]], said: str) -> tuple[int, int]:
    """Read how many tokens were used; characters, which are more, where the server does not say."""
    usage = document.get("usage") if isinstance(document, dict) else None
    usage = usage if isinstance(usage, dict) else {}
    sent, answered = usage.get("prompt_tokens"), usage.get("completion_tokens")
    return (
        sent if type(sent) is int and sent >= 0 else sum(len(message["content"]) for message in messages),
        answered if type(answered) is int and answered >= 0 else len(said),
    )


class Memory:
    """What an assistant was asked and answered, one line of JSON each, in a file that is only added to.

    Answers are found by the content of the question; requests and tokens of all of them count against the budget.
    Raises FileError where the file cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._answers: dict[str, str | None] = {}
        self.calls = 0
        self.tokens = [0, 0]
        self._torn = False
        try:
            text = path.read_text(encoding="utf-8") if path.exists() else ""
        except (OSError, UnicodeDecodeError) as error:
            raise FileError(f"{path}: cannot be read ({error}); move it away") from error
        for line in text.splitlines():
            try:
                self._take(json.loads(line))
            except (ValueError, LookupError, TypeError):
                continue  # a write that was cut off
        self._torn = bool(text) and not text.endswith("\n")

    @staticmethod
    def question(model: str, system: str, text: str) -> str:
        """Name a question by its content; examples are left out, since they change with every answer of a person."""
        return hashlib.sha256(json.dumps([model, system, text]).encode()).hexdigest()

    def __contains__(self, question: str) -> bool:
        return question in self._answers

    def answer(self, question: str) -> str | None:
        """Recall an answer; None where there is none, or it was no answer."""
        return self._answers.get(question)

    def add(self, question: str, reply: Reply) -> None:
        """Remember an answer, or only what was spent where none came; raises FileError."""
        record = {
            "question": None if reply.problem else question,
            "content": reply.content,
            "tokens": reply.tokens,
            "calls": reply.calls,
        }
        line = json.dumps(record, ensure_ascii=True)
        try:
            with self._path.open("a", encoding="ascii") as stream:
                stream.write(f"{chr(10) * self._torn}{line}\n")
        except OSError as error:
            raise FileError(f"{self._path}: cannot be written ({error.strerror})") from error
        self._torn = False
        self._take(record)

    def _take(self, record: dict[str, Any]) -> None:
        calls, (sent, answered) = int(record["calls"]), record["tokens"]
        question, content = record["question"], record["content"]
        self.calls += calls
        self.tokens = [self.tokens[0] + int(sent), self.tokens[1] + int(answered)]
        if question is not None:
            self._answers[question] = content

    def spent(self, budget: AssistantSettings) -> str:
        """Say that the budget is spent; empty where some is left."""
        prices = budget.input_price, budget.output_price
        cost = sum(price * count / MILLION for price, count in zip(prices, self.tokens, strict=True))
        if self.calls >= budget.calls:
            return f"its {budget.calls:,} requests are spent; raise calls under [assistant] in canvass.toml"
        if budget.cost and cost >= budget.cost:
            return f"it has cost {cost:.2f} of {budget.cost:g}; raise cost under [assistant] in canvass.toml"
        return ""
