"""Who may talk to the server: the token, the names it answers to, the pages it trusts, and what a browser is told.

The server holds what people said to their assistants, and listens where any web page that its user has open can send
requests to. Four rules follow, each checked before anything else sees a request:

* **Host.** A page of `evil.example` can have its own name resolve to 127.0.0.1 (DNS rebinding) and would then be of the
  server's origin. Such requests carry the foreign name: whatever is not on the list of names is refused.
* **Token.** Who has no token gets nothing, neither data nor files. It comes once in the link, is exchanged for a cookie
  and taken out of the address, so that it is in no history, Referer or log. All comparisons take constant time.
* **Origin.** Other ports of localhost are the same *site*, and get a SameSite cookie sent along. So writes are taken
  only from pages of the very same origin, and from programs, which send neither Origin nor Sec-Fetch-Site.
* **Size.** A body is read up to a limit, also where it does not say how long it will be, and not for longer than a
  while.

`Guard` is the ASGI middleware that holds to them; the functions below it are pure.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus

from starlette.datastructures import Headers, QueryParams
from starlette.requests import cookie_parser
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from canvass.annotation.web.problems import Problem
from canvass.annotation.web.reading import Role

LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
LONGEST_BODY = 1_000_000  # bytes
# Bytes of a refused body that are still read and dropped, so that the answer arrives.
LONGEST_DRAIN = 16_000_000
BODY_SECONDS = 30.0
READS = frozenset({"GET", "HEAD"})
HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?)\.?(?::[0-9]{1,5})?", re.IGNORECASE)
DEFAULT_PORTS = {"http": ":80", "https": ":443"}

# Nothing is loaded from outside, nothing inline is run, no page may frame this one, no address is told to others.
POLICY = "Content-Security-Policy"
HEADERS = {
    POLICY: "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; media-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
UNKNOWN = "this server wants its token: open the link that canvass annotate printed, or send Authorization: Bearer ..."
# A page that says so to people; and one that only comes back by itself. Neither has anything of the project in it.
HEAD = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark"><title>canvass</title>
"""
REFUSED_PAGE = (
    f"{HEAD}<p>This page opens with the link that <code>canvass annotate</code> printed when it was started."
)
RETURNING_PAGE = f'{HEAD}<meta http-equiv="refresh" content="0; url=/">'


class Access:
    """What opens the server: a token for each role, the names it answers to, and codes that serve once.

    `token` is the secret of the printed link, which makes a lead. That of annotators is made of it, and does not give
    it away. `hosts` are the names and addresses that a Host header may have, as `host_name` gives them. Cookies do not
    know ports: the `cookie` of each server of a machine needs a name of its own.
    """

    def __init__(self, token: str, hosts: Iterable[str], *, cookie: str = "canvass") -> None:
        self.token = token
        self.annotator_token = _derived("annotator", token)
        self._tokens: dict[Role, str] = {"lead": token, "annotator": self.annotator_token}
        self.hosts = frozenset(hosts)
        self.cookie = cookie
        # Not the token itself: a cookie that leaks does not give the link away.
        self.sessions = {role: _derived("session", secret) for role, secret in self._tokens.items()}
        self._codes: set[str] = set()

    def one_time(self) -> str:
        """Make a code that opens the page once: other users of the machine see the arguments of a browser."""
        code = secrets.token_urlsafe(24)
        self._codes.add(code)
        return code

    def takes(self, words: str) -> Role | None:
        """Give the role that a token or an unused code opens, None for what is neither; the code is used up."""
        code = next((code for code in self._codes if same(code, words)), None)
        if code is not None:
            self._codes.discard(code)
            return "lead"
        return _role_of(words, self._tokens)

    def role(self, headers: Headers) -> Role | None:
        """Give the role of a request that carries a token as a bearer, or the cookie that it was exchanged for."""
        scheme, _, bearer = headers.get("authorization", "").partition(" ")
        role = _role_of(bearer.strip(), self._tokens) if scheme.lower() == "bearer" else None
        if role is not None:
            return role
        sent = {
            _role_of(cookie_parser(line).get(self.cookie, ""), self.sessions)
            for line in headers.getlist("cookie")
        }
        return next((role for role in self.sessions if role in sent), None)


def _derived(purpose: str, token: str) -> str:
    return hashlib.sha256(f"canvass {purpose}\0{token}".encode()).hexdigest()


def _role_of(words: str, known: Mapping[Role, str]) -> Role | None:
    return next((role for role, secret in known.items() if same(secret, words)), None)


def same(secret: str, words: str) -> bool:
    """Compare in a time that does not depend on where the two differ."""
    return hmac.compare_digest(secret.encode(), words.encode(errors="surrogatepass"))


def host_name(value: str) -> str | None:
    """Take the name or address out of a Host header; None where it has none.

    >>> host_name("LOCALHOST.:8800"), host_name("[::1]:8800"), host_name("127.0.0.1:8800@evil.example")
    ('localhost', '[::1]', None)
    """
    match = HOST.fullmatch(value)
    return match[1].lower() if match else None


def check_host(headers: Headers, allowed: Iterable[str]) -> None:
    """Refuse names that are not ours, whatever the port (it may be forwarded)."""
    values = headers.getlist("host")
    name = host_name(values[0]) if len(values) == 1 else None
    if name is None or name not in allowed:
        shown = ", ".join(values)[:100] or "no name"
        raise Problem(
            f"this server does not answer to {shown!r}; if the name is right, start it with --allow-host NAME",
            HTTPStatus.MISDIRECTED_REQUEST,
        )


def check_origin(headers: Headers, scheme: str) -> None:
    """Refuse what a page of another origin sends.

    Browsers say in Sec-Fetch-Site how the page that sends is related to us (on https and loopback), and in Origin which
    it is; `null` there means that it is not told, and then the former decides alone. A program sends neither.
    """
    relation, origin = headers.get("sec-fetch-site"), headers.get("origin")
    foreign = relation not in (None, "same-origin", "none")
    if origin is not None and not (origin == "null" and relation == "same-origin"):
        sent_scheme, _, sent_host = origin.lower().partition("://")
        ours = headers.get("host", "").lower()
        # Behind a proxy that adds TLS, the page's scheme is another than ours.
        foreign |= sent_scheme not in DEFAULT_PORTS
        foreign |= sent_host.removesuffix(DEFAULT_PORTS.get(sent_scheme, "")) != ours.removesuffix(
            DEFAULT_PORTS.get(sent_scheme, DEFAULT_PORTS.get(scheme, ""))
        )
    if foreign:
        raise Problem(
            "this request comes from another page than this server's, and was not done", HTTPStatus.FORBIDDEN
        )


def check_type(headers: Headers) -> None:
    """Demand JSON of a write: no form of a foreign page can send it without asking first."""
    sent = headers.get("content-type", "").partition(";")[0].strip().lower()
    if sent != "application/json":
        raise Problem(
            f"a write needs Content-Type: application/json, not {sent[:60] or 'none'!r}",
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        )


def check_length(headers: Headers, longest: int) -> None:
    """Refuse a body that says itself that it is longer than so many bytes."""
    if int(headers.get("content-length", "0")) > longest:
        raise _too_large(longest)


def _too_large(longest: int) -> Problem:
    return Problem(
        f"the body of a request may have {longest:,} bytes, and this one has more",
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    )


async def read_body(receive: Receive, longest: int = LONGEST_BODY) -> bytes:
    """Read a body of at most so many bytes, for half a minute at most."""
    parts: list[bytes] = []
    length = 0
    try:
        async with asyncio.timeout(BODY_SECONDS):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise Problem(
                        "the connection ended before the body of the request did", HTTPStatus.REQUEST_TIMEOUT
                    )
                part = message.get("body", b"")
                length += len(part)
                if length > longest:
                    raise _too_large(longest)
                parts.append(part)
                if not message.get("more_body", False):
                    return b"".join(parts)
    except TimeoutError:
        raise Problem(
            f"the body of the request took longer than {BODY_SECONDS:.0f} seconds", HTTPStatus.REQUEST_TIMEOUT
        ) from None


class Checked:
    """An app of ASGI behind checks; what passes has its body read already, of `longest` bytes at most."""

    longest = LONGEST_BODY
    challenge = "Bearer"  # for who is not known
    headers: Mapping[str, str] = {}  # of every response

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    def refused(self, scope: Scope, headers: Headers) -> Response | None:
        """Check what the head of a request says, by raising Problem; gives an answer where the app has none to give."""
        raise NotImplementedError

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request of HTTP; nothing else is spoken here."""
        if scope["type"] != "http":
            return
        headers = Headers(scope=scope)
        answer: Response | None = None
        body = b""
        try:
            answer = self.refused(scope, headers)
            if answer is None and scope["method"] not in READS:
                check_length(headers, self.longest)
                body = await read_body(receive, self.longest)
        except Problem as problem:
            answer = refusal(problem, headers, self.challenge)
        if answer is not None:
            await answer(scope, receive, _adding(self.headers, send))
            return
        await self.app(scope, replay(body, receive), _adding(self.headers, send))


class Guard(Checked):
    """The rules of this module.

    `media` are the servers, as in `https://audio.example.org`, from which the page may play recordings.
    """

    def __init__(self, app: ASGIApp, access: Access, media: Sequence[str] = ()) -> None:
        super().__init__(app)
        self.access = access
        policy = HEADERS[POLICY].replace("media-src 'self'", " ".join(["media-src 'self'", *media]))
        self.headers = {**HEADERS, POLICY: policy}

    def refused(self, scope: Scope, headers: Headers) -> Response | None:
        """Check host, token, origin and type, and exchange the token of a link for a cookie."""
        check_host(headers, self.access.hosts)
        reads = scope["method"] in READS
        if reads and "transfer-encoding" in headers:
            raise Problem("a read has no body", HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        page = reads and "/api/" not in scope["path"]
        token = QueryParams(scope["query_string"]).get("token") if page else None
        if token is not None and (role := self.access.takes(token)) is not None:
            return self._exchanged(role)
        scope["canvass.role"] = self.access.role(headers)
        if scope["canvass.role"] is None:
            if page and _navigated_from_outside(headers):
                # A link on another site brought us here: SameSite=Strict kept the cookie back, and sends it with
                # the next request, which comes from a page of ours.
                return HTMLResponse(RETURNING_PAGE, HTTPStatus.UNAUTHORIZED, {"Cache-Control": "no-store"})
            if page and "text/html" in headers.get("accept", ""):
                return HTMLResponse(REFUSED_PAGE, HTTPStatus.UNAUTHORIZED, {"Cache-Control": "no-store"})
            raise Problem(UNKNOWN, HTTPStatus.UNAUTHORIZED)
        if not reads:
            check_origin(headers, scope["scheme"])
            check_type(headers)
        return None

    def _exchanged(self, role: Role) -> Response:
        """Give the cookie for the token, and an address that does not have it."""
        answer = RedirectResponse("/", 303, {"Cache-Control": "no-store"})
        answer.set_cookie(
            self.access.cookie, self.access.sessions[role], httponly=True, samesite="strict", path="/"
        )
        return answer


def refusal(problem: Problem, headers: Headers, challenge: str) -> Response:
    """Make the answer to a refused request; a body that nobody will read to its end closes the connection."""
    answer = JSONResponse(problem.content, problem.status, {"Cache-Control": "no-store"})
    if problem.status == HTTPStatus.UNAUTHORIZED:
        answer.headers["WWW-Authenticate"] = challenge
    if "transfer-encoding" in headers or int(headers.get("content-length", "0")) > LONGEST_DRAIN:
        answer.headers["Connection"] = "close"
    return answer


def _navigated_from_outside(headers: Headers) -> bool:
    return (headers.get("sec-fetch-site"), headers.get("sec-fetch-mode")) == ("cross-site", "navigate")


def replay(body: bytes, receive: Receive) -> Receive:
    """Give the app a body that was read already, then whatever comes after it."""
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


def _adding(headers: Mapping[str, str], send: Send) -> Send:
    """Add headers to a response."""
    raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]

    async def adding(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", []), *raw]}
        await send(message)

    return adding
