"""The client of Label Studio: what it says of each failure, and that it keeps the token to itself."""

import base64
import json
import logging
import time

import httpx
import pytest
from label_studio_server import needs_label_studio

from canvass.errors import FileError, InputError, OptionError, ServiceError
from canvass.integrations.label_studio.client import Client, checked_url
from canvass.integrations.label_studio.tokens import VARIABLE, Token, read_token

LEGACY = Token("0123456789abcdef0123456789abcdef01234567")
# {"token_type":"refresh"} in the middle
PERSONAL = Token("eyJhbGciOiJIUzI1NiJ9.eyJ0b2tlbl90eXBlIjoicmVmcmVzaCJ9.c2lnbmF0dXJl")
URL = "http://label-studio.test"


def client_of(answer, token=LEGACY, waits=None):
    """A client of a server that is a function."""
    return Client(
        URL, token, transport=httpx.MockTransport(answer), sleep=([] if waits is None else waits).append
    )


class Server:
    """Gives answers in turn, the last one again and again, and keeps the requests."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.requests = []

    def __call__(self, request):
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, httpx.Response) else httpx.Response(200, json=answer)


def whoami(client):
    return client.get("/api/current-user/whoami")


def jwt(**claims):
    """A token that says this of itself, as personal access tokens do."""
    middle = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return Token(f"eyJhbGciOiJIUzI1NiJ9.{middle}.c2lnbmF0dXJl")


def failure_of(answer, call=lambda client: client.project(3), token=LEGACY):
    with client_of(answer, token) as client, pytest.raises(ServiceError) as raised:
        call(client)
    assert token.value not in str(raised.value)
    return raised.value


@pytest.mark.parametrize(
    ("answer", "words", "status"),
    [
        (httpx.ConnectError("no"), "cannot be reached", None),
        (httpx.ConnectTimeout("no"), "cannot be reached (no answer in time)", None),
        (httpx.ReadTimeout("no"), "did not answer in time", None),
        (httpx.ReadError("reset"), "broke off (reset)", None),
        (httpx.RemoteProtocolError("closed"), "broke off (closed)", None),
        (
            httpx.Response(301, headers={"location": "https://elsewhere.test/"}),
            "leads on to 'https://elsewhere",
            301,
        ),
        (httpx.Response(401, json={"detail": "Invalid token."}), "the token is refused (Invalid token)", 401),
        (httpx.Response(403, json={"detail": "No."}), "may not do that (No)", 403),
        (httpx.Response(404, json={"detail": "No Project."}), "there is no such thing (No Project)", 404),
        (
            httpx.Response(400, json={"validation_errors": {"title": ["short"]}}),
            '({"title": ["short"]})',
            400,
        ),
        (httpx.Response(429), "Label Studio failed (429)", 429),
        (httpx.Response(500, text="<h1>oops</h1>"), "Label Studio failed (500); see its log", 500),
        (httpx.Response(503), "Label Studio failed (503)", 503),
        (httpx.Response(200, text="<html>"), "not JSON", 200),
        (httpx.Response(200, content=b"\xff\xfe{"), "not JSON", 200),
    ],
)
def test_each_failure_is_a_sentence(answer, words, status):
    error = failure_of(Server(answer))
    assert words in str(error)
    assert str(error).startswith(URL)
    assert error.status == status


def test_what_the_server_says_is_cut_and_never_has_the_token():
    said = f"your token {LEGACY.value} is bad\n" + "x" * 1000
    error = failure_of(Server(httpx.Response(400, json={"detail": said})))
    assert "your token ... is bad x" in str(error)
    assert len(str(error)) < 450


def test_what_may_be_over_soon_is_tried_again_where_that_is_harmless():
    waits = []
    busy = httpx.Response(503, headers={"retry-after": "4"})
    server = Server(httpx.ReadError("reset"), busy, {"id": 3})
    with client_of(server, waits=waits) as client:
        assert client.project(3).content == {"id": 3}
    assert waits == [0.5, 4.0]
    assert len(server.requests) == 3


@pytest.mark.parametrize("answer", [httpx.ReadError("reset"), httpx.Response(503), httpx.ReadTimeout("late")])
def test_what_would_do_it_twice_is_sent_once(answer):
    server = Server(answer)
    failure_of(server, lambda client: client.import_tasks(3, [{"data": {}}]))
    assert len(server.requests) == 1


@pytest.mark.parametrize("answer", [httpx.ReadError("reset"), httpx.Response(502)])
def test_it_gives_up(answer):
    server = Server(answer)
    failure_of(server)
    assert len(server.requests) == 4


def test_a_busy_server_cannot_keep_it_waiting():
    waits = []
    with client_of(Server(httpx.Response(429, headers={"retry-after": "9999"}), {}), waits=waits) as client:
        client.project(3)
    assert waits == [30.0]


def test_pages():
    tasks = [{"id": number} for number in range(200)]

    def answer(request):
        page = int(request.url.params["page"])
        some = tasks[100 * (page - 1) : 100 * page]
        return (
            httpx.Response(200, json={"tasks": some})
            if some
            else httpx.Response(404, json={"detail": "Invalid page."})
        )

    with client_of(answer) as client:
        assert [one.content for one in client.tasks(3)] == tasks
    error = failure_of(Server(httpx.Response(404)), lambda client: list(client.tasks(3)))
    assert error.status == 404


def test_large_imports_are_cut():
    server = Server({})
    with client_of(server) as client:
        client.import_tasks(3, [{"data": {"text": str(one)}} for one in range(450)])
        client.import_predictions(3, [])
    assert [len(json.loads(one.content)) for one in server.requests] == [200, 200, 50]


def test_another_shape_is_named():
    with (
        client_of(Server([1])) as client,
        pytest.raises(InputError, match=r"test/api/projects: \$ is \[1\]|is \[1\]"),
    ):
        list(client.projects())


@pytest.mark.parametrize("answer", [[], {"release": 3}, {"version": "2"}])
def test_another_server_is_told_from_label_studio(answer):
    error = failure_of(Server(answer), lambda client: client.release())
    assert str(error) == f"{URL}: there is a server, but it is not Label Studio; check --url"


@pytest.mark.parametrize(
    ("release", "accepted"),
    [
        ("1.13.0", True),
        ("1.24.0.dev1", True),
        ("2.0", True),
        ("1.12.9", False),
        ("1.9.2.post0", False),
        ("", False),
    ],
)
def test_releases_that_are_too_old_are_refused(release, accepted):
    server = Server({"release": release})
    if accepted:
        with client_of(server) as client:
            assert client.release() == release
        return
    error = failure_of(server, lambda client: client.release())
    assert str(error) == f"{URL}: Label Studio {release!r} is too old; expected 1.13.0 or newer"


def test_the_release_needs_no_token():
    server = Server({"release": "1.23.2"})
    with client_of(server) as client:
        assert client.release() == "1.23.2"
    assert "authorization" not in server.requests[0].headers


class Exchange:
    """Takes personal tokens in exchange for access tokens that are good for two requests."""

    def __init__(self):
        self.given = 0
        self.used = 0

    def __call__(self, request):
        if request.url.path == "/api/token/refresh/":
            assert json.loads(request.content) == {"refresh": PERSONAL.value}
            assert "authorization" not in request.headers
            self.given += 1
            self.used = 0
            return httpx.Response(200, json={"access": f"access-{self.given}"})
        assert request.headers["authorization"] == f"Bearer access-{self.given}"
        self.used += 1
        if self.used > 2:
            return httpx.Response(401, json={"detail": f"access-{self.given} is over"})
        return httpx.Response(200, json={"id": 3})


def test_a_personal_token_buys_access_again_when_that_ran_out():
    exchange = Exchange()
    with client_of(exchange, PERSONAL) as client:
        for _ in range(5):
            client.project(3)
    assert exchange.given == 3


def test_a_personal_token_that_is_refused_says_what_to_do():
    server = Server(httpx.Response(401, json={"detail": "Token is blacklisted"}))
    error = failure_of(server, token=PERSONAL)
    assert "(Token is blacklisted); make a new personal access token" in str(error)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("token", "detail", "words"),
    [
        (LEGACY, "Invalid token.", "make a new personal access token there"),
        (
            LEGACY,
            "legacy token authentication has been disabled for this organization",
            "or allow legacy tokens",
        ),
        (jwt(token_type="access", exp=time.time() + 60), "Token has wrong type", "good for minutes"),
        (jwt(token_type="access", exp=999), "Token has wrong type", "good for minutes"),
        (jwt(token_type="refresh", exp=999), "Token is invalid", "this one has expired"),
        (jwt(token_type="refresh", exp=time.time() + 3600), "Token is invalid", "not copied whole"),
        (jwt(token_type="refresh"), "Token is invalid", "not copied whole"),
    ],
)
def test_why_a_token_is_refused(token, detail, words):
    error = failure_of(Server(httpx.Response(401, json={"detail": detail})), token=token)
    assert detail.rstrip(".") in str(error)
    assert words in str(error)


def test_the_token_is_nowhere(caplog, capfd):
    caplog.set_level(logging.DEBUG)
    with client_of(Exchange(), PERSONAL) as client:
        client.project(3)
        shown = f"{client!r} {PERSONAL!r} {LEGACY!r}"
    everything = shown + caplog.text + "".join(capfd.readouterr())
    for secret in (PERSONAL.value, LEGACY.value, "access-1"):
        assert secret not in everything


@pytest.mark.parametrize(
    "url", ["localhost:8080", "ftp://host", "", "http://", "http://[::1", "https:///path"]
)
def test_what_is_no_address_is_refused(url):
    with pytest.raises(OptionError, match="is no address of a server"):
        checked_url(url)


def test_a_password_in_the_address_is_refused_and_not_repeated():
    with pytest.raises(OptionError) as raised:
        checked_url("http://ada:secret@host/")
    assert "secret" not in str(raised.value)


def test_addresses():
    assert checked_url(" https://host/studio/ ") == "https://host/studio"
    assert checked_url("http://[::1]:8080") == "http://[::1]:8080"


def test_kinds_of_tokens():
    assert (LEGACY.kind, PERSONAL.kind) == ("legacy", "personal")
    assert PERSONAL.claims == {"token_type": "refresh"}
    assert Token("a.b.c").kind == "legacy"
    assert Token("....").claims == {}


def test_tokens_are_read_from_a_file_or_the_environment(tmp_path, monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    file = tmp_path / "token"
    file.write_text(f" {LEGACY.value}\n")
    assert read_token(str(file)) == LEGACY
    with pytest.raises(
        OptionError, match=r"no token of Label Studio: .* --token-file, or set LABEL_STUDIO_API_KEY"
    ):
        read_token(None)
    monkeypatch.setenv(VARIABLE, PERSONAL.value)
    assert read_token(None) == PERSONAL
    assert read_token(str(file)) == LEGACY
    with pytest.raises(FileError, match=r"--token-file .*none: cannot be read \(No such file"):
        read_token(str(tmp_path / "none"))


@pytest.mark.parametrize("content", ["", "  \n", "two words", "one\ntwo", "tökén", "x" * 9000, "a\x00b"])
def test_what_is_no_token_is_refused_and_not_repeated(tmp_path, content):
    file = tmp_path / "token"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(OptionError, match="expected one token") as raised:
        read_token(str(file))
    assert not content.strip() or content.strip() not in str(raised.value)


def test_half_of_a_personal_token_is_recognised(tmp_path):
    """Label Studio's list of tokens leaves out their last part."""
    file = tmp_path / "token"
    file.write_text(PERSONAL.value.rpartition(".")[0])
    with pytest.raises(OptionError, match="the last part of the personal access token is missing"):
        read_token(str(file))


class TestReal:
    pytestmark = needs_label_studio

    @pytest.mark.parametrize("kind", ["token", "personal"])
    def test_both_kinds_of_tokens(self, label_studio, kind):
        with label_studio.client(getattr(label_studio, kind)) as client:
            assert client.release().startswith("1.")
            assert whoami(client).content["email"] == "ada@example.org"
            assert "ada@example.org" in {one.content["email"] for one in client.users()}

    def test_a_wrong_token(self, label_studio):
        for token in (Token("0" * 40), PERSONAL):
            with (
                label_studio.client(token) as client,
                pytest.raises(ServiceError, match="the token is refused") as raised,
            ):
                whoami(client)
            assert raised.value.status == 401

    def test_legacy_tokens_that_are_turned_off(self, label_studio, client):
        with label_studio.client(label_studio.personal) as other:
            settings = {"api_tokens_enabled": True, "legacy_api_tokens_enabled": False}
            other.send("POST", "/api/jwt/settings", settings)
            try:
                with pytest.raises(
                    ServiceError, match=r"disabled for this organization.*make a personal access token"
                ):
                    whoami(client)
            finally:
                other.send("POST", "/api/jwt/settings", settings | {"legacy_api_tokens_enabled": True})
        whoami(client)

    def test_an_access_token_in_the_place_of_the_personal_one(self, label_studio, client):
        content = {"refresh": label_studio.personal.value}
        access = client.send("POST", "/api/token/refresh/", content).need("access").string()
        with (
            label_studio.client(Token(access)) as other,
            pytest.raises(ServiceError, match=r"the token is refused.*good for minutes"),
        ):
            whoami(other)

    def test_a_personal_token_that_was_cut_off(self, label_studio):
        with (
            label_studio.client(Token(label_studio.personal.value[:-4] + "AAAA")) as other,
            pytest.raises(ServiceError, match=r"the token is refused.*not copied whole"),
        ):
            whoami(other)

    def test_a_project_that_is_not_there(self, client):
        with pytest.raises(ServiceError, match="No Project matches") as raised:
            client.project(99_999)
        assert raised.value.status == 404

    def test_a_path_of_another_server_kind(self, client):
        """A page in place of JSON, as of whatever else may listen on a port."""
        with pytest.raises(ServiceError, match=r"not there|not JSON|no such thing"):
            client.get("/nothing/here")

    def test_nobody_there(self, label_studio):
        words = r"cannot be reached .*Connection refused.*check that it runs"
        with (
            Client("http://127.0.0.1:9", label_studio.token) as nobody,
            pytest.raises(ServiceError, match=words),
        ):
            nobody.release()
