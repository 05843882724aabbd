"""Who may talk to the server: names, token, origin, sizes; in this process, and over a socket."""

import http.client
import json
import logging
import socket
import time
from itertools import pairwise

import pytest

pytest.importorskip("starlette", reason="the page needs starlette: pip install 'canvass-nlu[annotate]'")

from hypothesis import given
from hypothesis import strategies as some
from projects import StillQueue, make_project, music_left, tasks_of
from servers import TOKEN, running

from canvass.annotation.web import security
from canvass.annotation.web.api import ROUTES
from canvass.annotation.web.app import make_app, workers
from canvass.annotation.web.inside import ask
from canvass.annotation.web.security import HEADERS, LONGEST_BODY, LOOPBACK, Access, host_name, same
from canvass.annotation.web.serve import services_of
from canvass.annotation.web.service import Service
from canvass.errors import OptionError

BEARER = ("Authorization", f"Bearer {TOKEN}")
HOST = ("Host", "localhost:8800")
JSON = ("Content-Type", "application/json")
LEASE = json.dumps({"annotator": "Ada", "count": 1}).encode()


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    with make_project(tmp_path_factory.mktemp("security") / "music") as made:
        made.store.swap(tasks_of(music_left(5)), round=0)
        yield made


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    (folder / "index.html").write_text("<!doctype html><title>the page</title>")
    (folder / "main.js").write_text("export const one = 1;\n")
    (folder / "notes.txt").write_text("not for browsers")
    return folder


@pytest.fixture
def access():
    return Access(TOKEN, LOOPBACK, cookie="canvass-8800")


@pytest.fixture
def app(project, page, access):
    with workers() as threads:
        yield make_app(services_of([(project, StillQueue())], access), access, threads, page=page)


def error_of(reply):
    """The one shape in which everything is refused."""
    assert reply.header("content-type") == "application/json"
    found = json.loads(reply.body)
    assert set(found) == {"error"}
    assert set(found["error"]) == {"code", "message"}
    assert TOKEN not in reply.body.decode()
    return reply.status, found["error"]["code"]


def post(app, *headers, path="/api/lease", body=(LEASE,)):
    return ask(app, "POST", path, headers=(HOST, BEARER, *headers), body=body)


def test_every_response_has_the_headers(app, access):
    cookie = ("Cookie", f"canvass-8800={access.sessions['lead']}")
    replies = [
        ask(app, "GET", "/", headers=(HOST, cookie)),
        ask(app, "GET", "/main.js", headers=(HOST, cookie)),
        ask(app, "GET", "/api/project", headers=(HOST, cookie)),
        ask(app, "GET", "/api/nothing", headers=(HOST, cookie)),
        ask(app, "GET", f"/?token={TOKEN}", headers=(HOST,)),
        ask(app, "GET", "/", headers=(HOST,)),
        ask(app, "GET", "/", headers=(("Host", "evil.example"),)),
        post(app, ("Origin", "http://evil.example"), JSON),
    ]
    assert [one.status for one in replies] == [200, 200, 200, 404, 303, 401, 421, 403]
    for reply in replies:
        for name, value in HEADERS.items():
            assert reply.header(name) == value
        assert not any(name.startswith("access-control") for name, _ in reply.headers)
    policy = dict(part.split(" ", 1) for part in HEADERS["Content-Security-Policy"].split("; "))
    assert policy == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "connect-src": "'self'",
        "img-src": "'self' data:",
        "media-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }


@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST:1", "localhost.:8800", "127.0.0.1:8800", "127.0.0.1", "[::1]", "[::1]:8800"],
)
def test_names_of_this_machine(app, host):
    assert ask(app, "GET", "/api/project", headers=(("Host", host), BEARER)).status == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example", "evil.example:8800", "localhost.evil.example", "127.0.0.1.evil.example", "localhost:8800@evil.example",
        "evil.example/localhost", "", " localhost", "localhost, evil.example", "127.1", "2130706433", "[::ffff:127.0.0.1]",
        "0.0.0.0", "localhost:", "localhost..", "\u212aocalhost".encode().decode("latin-1"),
    ],
)  # fmt: skip
def test_foreign_names_are_refused_whatever_the_token(app, host):
    assert error_of(ask(app, "GET", "/api/project", headers=(("Host", host), BEARER))) == (421, "host")


def test_one_name_and_no_more(app):
    for headers in ((), (HOST, ("Host", "evil.example")), (HOST, HOST)):
        assert error_of(ask(app, "GET", "/api/project", headers=(*headers, BEARER))) == (421, "host")


@given(some.text(max_size=30))
def test_a_host_is_a_name_or_nothing(value):
    found = host_name(value)
    assert found is None or (value.lower().startswith(found) and "@" not in found and "/" not in found)


def test_a_name_more(project, page):
    with workers() as threads:
        app = make_app(
            Service(project, StillQueue()), Access(TOKEN, {*LOOPBACK, "nlu.example"}), threads, page=page
        )
        assert ask(app, "GET", "/api/project", headers=(("Host", "NLU.example"), BEARER)).status == 200


@pytest.mark.parametrize(
    "headers",
    [
        (),
        (("Authorization", "Bearer wrong"),),
        (("Authorization", f"Basic {TOKEN}"),),
        (("Authorization", f"Bearer {TOKEN}x"),),
        (("Authorization", "Bearer"),),
        (("Cookie", "canvass-8800=wrong"),),
        (("Cookie", f"canvass-8800={TOKEN}"),),
        (("Cookie", f"canvass-8801={TOKEN}"),),
        (("Authorization", "Bearer \xff\xfe"),),
    ],
)
def test_without_the_token_there_is_nothing(app, headers):
    for path in ("/api/project", "/api/nothing", "/", "/main.js", "/nothing"):
        assert error_of(ask(app, "GET", path, headers=(HOST, *headers))) == (401, "token")
    assert error_of(ask(app, "POST", "/api/lease", headers=(HOST, JSON, *headers), body=(LEASE,))) == (
        401,
        "token",
    )


def test_a_person_without_the_token_reads_what_to_do(app):
    reply = ask(app, "GET", "/?token=wrong", headers=(HOST, ("Accept", "text/html,*/*")))
    assert reply.status == 401
    assert b"canvass annotate" in reply.body
    assert reply.header("content-type").startswith("text/html")


def test_the_link_gives_a_cookie_and_an_address_without_token(app, access):
    reply = ask(app, "GET", f"/?token={TOKEN}", headers=(HOST,))
    assert (reply.status, reply.header("location"), reply.header("cache-control")) == (303, "/", "no-store")
    cookie = reply.header("set-cookie")
    assert TOKEN not in cookie
    name, *rest = cookie.split("; ")
    assert {part.lower() for part in rest} == {"httponly", "path=/", "samesite=strict"}
    assert ask(app, "GET", "/", headers=(HOST, ("Cookie", f"theme=dark; {name}; x=1"))).status == 200
    assert access.sessions["lead"] in name


def test_the_link_never_leads_elsewhere(app):
    reply = ask(app, "GET", f"//evil.example/?token={TOKEN}", headers=(HOST,))
    assert (reply.status, reply.header("location")) == (303, "/")


def test_the_api_takes_no_token_from_an_address(app):
    assert error_of(ask(app, "GET", f"/api/project?token={TOKEN}", headers=(HOST,))) == (401, "token")


def test_a_code_opens_the_page_once(app, access):
    code = access.one_time()
    assert ask(app, "GET", f"/?token={code}", headers=(HOST,)).status == 303
    assert ask(app, "GET", f"/?token={code}", headers=(HOST,)).status == 401
    assert ask(app, "GET", f"/?token={TOKEN}", headers=(HOST,)).status == 303


def test_a_link_on_another_site_comes_back_by_itself_once(app):
    """SameSite=Strict keeps the cookie back where another site's link led here, but not from a page of ours."""
    outside = (("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "navigate"), ("Accept", "text/html"))
    reply = ask(app, "GET", "/", headers=(HOST, *outside))
    assert b'http-equiv="refresh"' in reply.body
    inside = (("Sec-Fetch-Site", "same-origin"), ("Sec-Fetch-Mode", "navigate"), ("Accept", "text/html"))
    assert b"refresh" not in ask(app, "GET", "/", headers=(HOST, *inside)).body


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "http://localhost:3000"},
        {"Origin": "http://localhost"},
        {"Origin": "null"},
        {"Origin": "null", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "http://localhost:8800.evil.example"},
        {"Origin": "file://localhost:8800"},
        {"Origin": "localhost:8800"},
        {"Origin": ""},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "http://localhost:8800", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "http://evil.example", "Sec-Fetch-Site": "same-origin"},
    ],
)
def test_foreign_pages_write_nothing(app, project, headers):
    before = project.store.counts()
    assert error_of(post(app, JSON, *headers.items())) == (403, "forbidden")
    assert project.store.counts() == before


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "http://localhost:8800"},
        {"Origin": "http://LOCALHOST:8800", "Sec-Fetch-Site": "same-origin"},
        {"Origin": "null", "Sec-Fetch-Site": "same-origin"},
        {"Origin": "https://localhost:8800"},
        {"Sec-Fetch-Site": "none"},
    ],
)
def test_our_page_and_programs_write(app, headers):
    assert post(app, JSON, *headers.items()).status == 200


def test_default_ports_are_the_same_origin(app):
    reply = ask(
        app,
        "POST",
        "/api/lease",
        headers=(("Host", "localhost"), BEARER, JSON, ("Origin", "https://localhost:443")),
        body=(LEASE,),
    )
    assert reply.status == 200


@pytest.mark.parametrize("kind", ["", "text/plain", "application/x-www-form-urlencoded", "application/jsonx"])
def test_a_write_is_json(app, kind):
    assert error_of(post(app, ("Content-Type", kind))) == (415, "content_type")
    assert post(app, ("Content-Type", "Application/JSON; charset=utf-8")).status == 200


def test_a_body_has_a_limit_also_in_pieces(app):
    """A body that is as long as allowed is read (and is no JSON); one byte more is refused, announced or not."""
    piece = b" " * 100_000
    for announced in (True, False):
        for more, expected in ((b"", (400, "bad_request")), (b" ", (413, "too_large"))):
            pieces = [piece] * (LONGEST_BODY // len(piece)) + [more]
            length = (("Content-Length", str(sum(map(len, pieces)))),) if announced else ()
            assert error_of(post(app, JSON, *length, body=pieces)) == expected


def test_a_body_that_ends_early(app):
    async def cut_short():
        return {"type": "http.disconnect"}

    import asyncio

    with pytest.raises(security.Problem, match="ended before"):
        asyncio.run(security.read_body(cut_short))


def test_a_body_that_never_ends(monkeypatch):
    import asyncio

    async def drip():
        await asyncio.sleep(0.01)
        return {"type": "http.request", "body": b" ", "more_body": True}

    monkeypatch.setattr(security, "BODY_SECONDS", 0.1)
    with pytest.raises(security.Problem, match="took longer"):
        asyncio.run(security.read_body(drip))


def test_files_of_the_page_and_no_others(app, page):
    (page.parent / "secret.js").write_text("secret")
    (page / "linked.js").unlink(missing_ok=True)
    (page / "linked.js").symlink_to(page.parent / "secret.js")
    for path in (
        "/../secret.js",
        "/%2e%2e/secret.js",
        "/..%2fsecret.js",
        "//secret.js",
        "/notes.txt",
        "/linked.js",
        "/.",
    ):
        assert error_of(ask(app, "GET", path, headers=(HOST, BEARER))) == (404, "not_found")


def test_files_are_sent_once(app, page):
    first = ask(app, "GET", "/main.js", headers=(HOST, BEARER))
    assert first.header("content-type") == "text/javascript; charset=utf-8"
    assert first.header("cache-control") == "no-cache"
    tag = first.header("etag")
    again = ask(app, "GET", "/main.js", headers=(HOST, BEARER, ("If-None-Match", f"W/{tag}")))
    assert (again.status, again.body, again.header("etag")) == (304, b"", tag)
    (page / "main.js").write_text("export const one = 2222;\n")
    changed = ask(app, "GET", "/main.js", headers=(HOST, BEARER, ("If-None-Match", tag)))
    assert (changed.status, changed.body) == (200, b"export const one = 2222;\n")


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_other_methods(app, method):
    reply = ask(app, method, "/api/project", headers=(HOST, BEARER, JSON))
    assert error_of(reply) == (405, "method")


def test_comparisons_take_any_input():
    assert same("a", "a")
    for other in ("", "b", "aa", "a\0", "\ud800", "é"):
        assert not same("a", other)


# Over a socket


@pytest.fixture(scope="module")
def server(project):
    with running(project) as found:
        yield found


def raw(server, request, *, seconds=10):
    """Send bytes, and return all that comes back until the server closes or nothing comes for a while."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=seconds) as connection:
        connection.sendall(request)
        found = b""
        while not (b"\r\n\r\n" in found and len(found) >= _length(found)):
            part = connection.recv(65536)
            if not part:
                break
            found += part
        return found


def _length(found):
    head, _, _ = found.partition(b"\r\n\r\n")
    lines = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
    return len(head) + 4 + int(lines.get(b"content-length", b"0"))


def request_of(server, method="GET", path="/api/project", *, host=None, headers=(), body=b""):
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host or f'127.0.0.1:{server.port}'}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


BEARER_LINE = f"Authorization: Bearer {TOKEN}"


def test_the_rules_hold_over_a_socket(server):
    sent = {
        "token": request_of(server),
        "host": request_of(server, host="evil.example", headers=[BEARER_LINE]),
        "absolute": request_of(server, path="http://evil.example/api/project", headers=[BEARER_LINE]),
        "origin": request_of(
            server,
            "POST",
            "/api/lease",
            headers=[
                BEARER_LINE,
                "Origin: http://evil.example",
                "Content-Type: application/json",
                f"Content-Length: {len(LEASE)}",
            ],
            body=LEASE,
        ),
        "fine": request_of(server, headers=[BEARER_LINE]),
    }
    codes = {name: int(raw(server, one).split()[1]) for name, one in sent.items()}
    assert codes == {"token": 401, "host": 421, "absolute": 404, "origin": 403, "fine": 200}


def test_two_host_lines(server):
    found = raw(server, request_of(server, headers=["Host: evil.example", BEARER_LINE]))
    assert int(found.split()[1]) in {400, 421}


def test_oversized_bodies_over_a_socket(server):
    headers = [BEARER_LINE, "Content-Type: application/json"]
    announced = request_of(
        server,
        "POST",
        "/api/lease",
        headers=[*headers, f"Content-Length: {2 * LONGEST_BODY}"],
        body=b" " * 2 * LONGEST_BODY,
    )
    assert raw(server, announced).split()[1] == b"413"
    only_announced = request_of(
        server, "POST", "/api/lease", headers=[*headers, "Content-Length: 99999999999999"]
    )
    found = raw(server, only_announced)
    assert found.split()[1] == b"413"
    assert b"connection: close" in found.lower()


def test_a_chunked_body_is_cut_off(server):
    """The server answers, and closes, after a megabyte of a body that has no end."""
    start = request_of(
        server,
        "POST",
        "/api/lease",
        headers=[BEARER_LINE, "Content-Type: application/json", "Transfer-Encoding: chunked"],
    )
    chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(start)
        sent, found = 0, b""
        try:
            while sent < 100 * LONGEST_BODY:
                connection.sendall(chunk)
                sent += 0x10000
        except (BrokenPipeError, ConnectionResetError):
            pass
        else:
            pytest.fail("the server went on reading")
        try:
            found = connection.recv(65536)
        except ConnectionResetError:
            found = b"HTTP/1.1 413"  # the reset overtook what was sent: the connection is closed, which is the point
        assert found.split()[1] == b"413"
        assert sent < 20 * LONGEST_BODY


def test_a_chunked_body_of_a_stranger_is_not_read(server):
    start = request_of(
        server, "POST", "/api/lease", headers=["Content-Type: application/json", "Transfer-Encoding: chunked"]
    )
    found = raw(server, start)
    assert found.split()[1] == b"401"
    assert b"connection: close" in found.lower()


def test_the_token_is_in_no_log(project, caplog, capfd):
    """Neither of ours nor of uvicorn's, with the most talkative settings of logging."""
    caplog.set_level(logging.DEBUG)
    logging.getLogger("uvicorn.access").propagate = True
    with running(project) as server:
        for name in ("uvicorn", "uvicorn.access", "uvicorn.error", "asyncio"):
            logging.getLogger(name).setLevel(logging.DEBUG)
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
        for path in (
            f"/?token={TOKEN}",
            f"/nothing?token={TOKEN}",
            f"/api/project?token={TOKEN}",
            "/?token=wrong-one",
        ):
            connection.request("GET", path)
            connection.getresponse().read()
        connection.request("POST", f"/api/lease?token={TOKEN}", body=b"{", headers=dict([BEARER, JSON]))
        connection.getresponse().read()
        connection.close()
        raw(server, b"nonsense " + TOKEN.encode() + b"\r\n\r\n")
    shown = caplog.text + "".join(capfd.readouterr())
    assert TOKEN not in shown
    assert "wrong-one" not in shown


def test_a_slow_client_keeps_nobody_waiting(server):
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as slow:
        slow.sendall(
            request_of(
                server,
                "POST",
                "/api/lease",
                headers=[BEARER_LINE, "Content-Type: application/json", "Content-Length: 100"],
                body=b"{",
            )
        )
        start = time.monotonic()
        assert raw(server, request_of(server, headers=[BEARER_LINE])).split()[1] == b"200"
        assert time.monotonic() - start < 5


def test_pieces_of_a_request_are_one_request(server):
    """What arrives byte by byte is the same request."""
    whole = request_of(server, headers=[BEARER_LINE])
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        for start, end in pairwise([*range(0, len(whole), 40), len(whole)]):
            connection.sendall(whole[start:end])
        assert connection.recv(65536).split()[1] == b"200"


# Roles, and several projects


def test_the_link_of_annotators_leads_nobody(app, access, project):
    reply = ask(app, "GET", f"/?token={access.annotator_token}", headers=(HOST,))
    cookie = ("Cookie", reply.header("set-cookie").partition(";")[0])
    assert access.sessions["lead"] not in cookie[1]

    def read(path, *headers):
        reply = ask(app, "GET", path, headers=(HOST, *headers))
        return reply.status, json.loads(reply.body)

    for headers in (cookie, ("Authorization", f"Bearer {access.annotator_token}")):
        status, found = read("/api/project", headers)
        assert (status, found["role"], found["invitation"]) == (200, "annotator", None)
        assert read("/api/search", headers)[0] == 403
        assert read("/api/search?annotator=Ada", headers) == (200, {"items": []})
        for route in ROUTES:
            if route.lead:
                reply = ask(app, route.method, route.path, headers=(HOST, headers, JSON), body=(b"{}",))
                assert error_of(reply) == (403, "forbidden"), route
    assert {route.path.removeprefix("/api/") for route in ROUTES if route.lead} == {
        *("review", "looked", "disputes", "formats", "export", "backup", "labels", "labels/change"),
        *("groups", "groups/change"),
    }
    status, found = read("/api/project", BEARER)
    assert read("/api/search", BEARER)[1]["items"]
    assert (found["role"], found["invitation"]) == ("lead", access.annotator_token)
    assert read("/api/formats", BEARER)[0] == 200
    assert (
        ask(app, "GET", "/api/project", headers=(HOST, ("Authorization", f"Bearer {TOKEN}x"))).status == 401
    )


def test_annotators_correct_themselves_alone(app, access, project):
    task = project.store.tasks()[0]

    def answer(name, annotator, token, **fields):
        body = {
            "id": name,
            "task": task.id,
            "annotator": annotator,
            "kind": "skip",
            **fields,
        }
        bearer = ("Authorization", f"Bearer {token}")
        return ask(
            app, "POST", "/api/answers", headers=(HOST, bearer, JSON), body=(json.dumps(body).encode(),)
        ).status

    assert answer("r1", "Ada", access.annotator_token) == 200
    assert answer("r2", "Ada", access.annotator_token, replaces="r1") == 200
    assert answer("r3", "Bo", access.annotator_token, replaces="r2") == 400
    assert answer("r3", "Bo", access.annotator_token, adjudicates=True) == 400
    assert answer("r3", "Bo", TOKEN, replaces="r2") == 200


def test_several_projects_each_with_its_own_queue(tmp_path, access):
    with (
        make_project(tmp_path / "songs") as songs,
        make_project(tmp_path / "my songs") as other,
        workers() as threads,
    ):
        songs.store.swap(tasks_of(music_left(2)), round=0)
        queues = [StillQueue(), StillQueue()]
        services = services_of([(songs, queues[0]), (other, queues[1])], access)
        app = make_app(services, access, threads)

        def read(path, status=200):
            reply = ask(app, "GET", path, headers=(HOST, BEARER))
            assert reply.status == status, path
            return json.loads(reply.body) if "/api/" in path else reply.body.decode()

        listed = read("/api/projects")["projects"]
        assert [(one["path"], one["title"], one["open"]) for one in listed] == [
            ("songs", "songs", 2),
            ("project-2", "my songs", 0),
        ]
        assert "projects.js" in read("/")
        assert "main.js" in read("/songs/")
        assert "class Page" in read("/songs/main.js")
        assert read("/songs/api/project")["others"]
        read("/elsewhere/api/project", 404)
        assert ask(app, "GET", "/songs/api/project", headers=(HOST,)).status == 401
        assert json.loads(post(app, JSON, path="/songs/api/lease").body)["tasks"] != []
        assert json.loads(post(app, JSON, path="/project-2/api/lease").body)["tasks"] == []
        with pytest.raises(OptionError, match="two projects are called songs"):
            services_of([(songs, queues[0]), (songs, queues[1])], access)
