"""The rules of the server as a real browser meets them: links, cookies, and pages of other sites."""

import http.server
import json
import shutil
import threading

import pytest
from projects import make_project, music_left, tasks_of
from servers import TOKEN, running

playwright = pytest.importorskip(
    "playwright.sync_api", reason="a browser is driven by playwright: pip install playwright"
)
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium: apt-get install chromium"),
]
PATIENCE = 60_000  # milliseconds
SCRIPT = """
const reply = await fetch("/api/lease", {
  method: "POST", headers: {"Content-Type": "application/json"}, body: JSON.stringify({annotator: "Ada", count: 1}),
});
document.title = `${reply.status} ${(await reply.json()).tasks.length}`;
"""


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as driver:
        found = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture
def server(tmp_path):
    page = tmp_path / "page"
    page.mkdir()
    (page / "index.html").write_text(
        '<!doctype html><title>ours</title><script>document.title = "inline"</script>'
        '<script type="module" src="main.js"></script><img src="http://example.invalid/x.png">'
    )
    (page / "main.js").write_text(SCRIPT)
    with make_project(tmp_path / "music") as project:
        project.store.swap(tasks_of(music_left(5)), round=0)
        with running(project, page=page) as found:
            found.store = project.store
            yield found


@pytest.fixture
def elsewhere():
    """A page on another site: `localhost` is another one than 127.0.0.1."""

    class Handler(http.server.BaseHTTPRequestHandler):
        content = b""

        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(Handler.content)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as found:
        thread = threading.Thread(target=found.serve_forever)
        thread.start()

        def show(content):
            Handler.content = content.encode()
            return f"http://localhost:{found.server_port}/"

        yield show
        found.shutdown()
        thread.join()


def test_from_the_link_to_the_first_request(browser, server):
    context = browser.new_context()
    page = context.new_page()
    asked, said = [], []
    page.on("request", lambda request: asked.append((request.url, request.headers.get("referer"))))
    page.on("console", lambda message: said.append(message.text))
    page.goto(server.link)
    page.wait_for_function("() => document.title === '200 1'", timeout=PATIENCE)
    assert page.url == f"{server.base}/"
    assert page.evaluate("() => document.cookie") == ""
    assert not any(referer for _, referer in asked), asked
    assert [url for url, _ in asked if TOKEN in url] == [server.link]
    # The policy is enforced: the inline script did not run, and nothing was loaded from outside.
    assert sum("Content Security Policy" in one for one in said) >= 2
    [cookie] = context.cookies()
    assert (cookie["httpOnly"], cookie["sameSite"], cookie["expires"]) == (True, "Strict", -1)
    context.close()


@pytest.mark.slow
def test_a_link_on_another_site_still_opens_the_page(browser, server, elsewhere):
    """The cookie is not sent with the first request from there, and is with the second, which is from us."""
    context = browser.new_context()
    page = context.new_page()
    for link in (server.link, server.base):
        page.goto(elsewhere(f'<a href="{link}">annotate</a>'))
        page.click("a")
        page.wait_for_function("() => document.title.startsWith('200')", timeout=PATIENCE)
        assert page.url == f"{server.base}/"
    context.close()


def test_a_page_of_another_site_does_and_sees_nothing(browser, server, elsewhere):
    context = browser.new_context()
    page = context.new_page()
    page.goto(server.link)
    page.wait_for_function("() => document.title === '200 1'", timeout=PATIENCE)
    before = server.store.counts()
    # The same site for a browser (a port is no part of it), so that the cookie is sent along; and another site.
    body = json.dumps({"annotator": "Eve", "count": 3})
    for place in (
        elsewhere("<title>evil</title>").replace("localhost", "127.0.0.1"),
        elsewhere("<title>evil</title>"),
    ):
        page.goto(place)
        found = page.evaluate(
            """async ([base, body]) => {
              const tries = [
                ["POST", "no-cors", "text/plain"], ["POST", "cors", "application/json"], ["GET", "cors", undefined],
              ];
              const replies = [];
              for (const [method, mode, type] of tries) {
                const headers = type ? {"Content-Type": type} : {};
                try {
                  const reply = await fetch(base + (method === "GET" ? "/api/history" : "/api/lease"),
                    {method, mode, headers, credentials: "include", body: method === "GET" ? undefined : body});
                  replies.push(await reply.text());
                } catch { replies.push(null); }
              }
              return replies;
            }""",
            [server.base, body],
        )
        assert [one or None for one in found] == [None, None, None]
        page.evaluate(
            """([base, body]) => {
              const form = Object.assign(document.createElement("form"),
                {method: "post", action: base + "/api/lease", enctype: "text/plain", target: "_self"});
              form.append(Object.assign(document.createElement("input"), {name: body, value: ""}));
              document.body.append(form);
              form.submit();
            }""",
            [server.base, body],
        )
        page.wait_for_url(f"{server.base}/api/lease", timeout=PATIENCE)
        assert '"error"' in page.content()
    assert server.store.counts() == before
    context.close()


@pytest.mark.slow
def test_no_page_frames_ours(browser, server, elsewhere):
    context = browser.new_context()
    page = context.new_page()
    page.goto(server.link)
    page.goto(elsewhere(f'<iframe src="{server.base}/"></iframe>').replace("localhost", "127.0.0.1"))
    page.wait_for_load_state("networkidle", timeout=PATIENCE)
    assert all("ours" not in frame.content() for frame in page.frames if frame.parent_frame is not None)
    context.close()
