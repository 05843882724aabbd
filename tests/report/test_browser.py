"""The page in a real browser: on a phone and on a desk, light and dark, and on paper."""

import shutil

import pytest

from canvass.report.document import report_of
from canvass.report.page import as_html

pytest.importorskip("matplotlib", reason="the figures need matplotlib: pip install 'canvass-nlu[report]'")
playwright = pytest.importorskip(
    "playwright.sync_api", reason="a browser is driven by playwright: pip install playwright"
)
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium: apt-get install chromium"),
]
WITHOUT_WORDS = """() => [...document.querySelectorAll('svg, img')].filter(element => {
  if (element.getAttribute('aria-hidden') === 'true') return false;
  const named = (element.getAttribute('aria-labelledby') || '').split(' ').map(id => document.getElementById(id));
  return element.getAttribute('role') !== 'img' || !named.length || named.some(words => !words || !words.textContent.trim());
}).length"""
# What sticks out on the right, unless it is within something that scrolls by itself.
TOO_WIDE = """() => [...document.body.querySelectorAll('*')].filter(element => !element.closest('.scroll, svg') &&
  element.getBoundingClientRect().right > document.documentElement.clientWidth + 1).map(element => element.outerHTML.slice(0, 80))"""


@pytest.fixture(scope="module")
def file(tmp_path_factory, report, two_targets):
    folder = tmp_path_factory.mktemp("pages")
    (folder / "one.html").write_bytes(as_html(report))
    (folder / "two.html").write_bytes(as_html(report_of(two_targets)))
    return folder


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["one.html", "two.html"])
def test_the_page_in_a_browser(browser, file, width, scheme, name):
    page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
    asked, said = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    address = (file / name).as_uri()
    page.goto(address)
    for opened in (False, True):
        if opened:
            page.evaluate(
                "() => document.querySelectorAll('details').forEach(element => element.open = true)"
            )
        assert page.evaluate("() => document.documentElement.scrollWidth") <= width
        assert page.evaluate(TOO_WIDE) == []
        assert page.evaluate(WITHOUT_WORDS) == 0
    assert [url for url in asked if url != address and not url.startswith("data:")] == []
    assert said == []
    # One of the two forms of the main figure is shown, as wide as the page allows.
    shown = page.locator("figure .wide:visible, figure .narrow:visible")
    assert shown.count() == page.locator("figure .wide").count()
    assert page.locator(".narrow:visible").count() == (shown.count() if width == 360 else 0)
    # Text in figures can be read: at least nine pixels high, as drawn on the screen.
    sizes = page.evaluate(
        "() => [...document.querySelectorAll('figure svg')].filter(svg => svg.getBoundingClientRect().width)"
        ".flatMap(svg => [...svg.querySelectorAll('text')].map(words => parseFloat(getComputedStyle(words).fontSize)"
        " * svg.getBoundingClientRect().width / svg.viewBox.baseVal.width))"
    )
    assert min(sizes) >= 9
    background = page.evaluate("() => getComputedStyle(document.body).backgroundColor")
    assert (background == "rgb(255, 255, 255)") == (scheme == "light")
    page.close()


def test_on_paper(browser, file):
    page = browser.new_page(color_scheme="dark")
    page.goto((file / "one.html").as_uri())
    page.emulate_media(media="print")
    assert page.evaluate("() => getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.locator("details:visible").count() == 0
    assert page.locator("figure svg:visible").count() >= 4
    assert page.pdf(format="A4").startswith(b"%PDF")
    page.close()
