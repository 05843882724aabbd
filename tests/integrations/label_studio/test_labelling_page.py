"""Label Studio's own page, in a real browser: what was pushed is seen where it belongs, what is marked comes back."""

import shutil

import pytest
from emoji_projects import SMILE, make_emoji_project
from label_studio_server import EMAIL, PASSWORD, needs_label_studio
from projects import NOON

from canvass.annotation.project.settings import LabelGuide
from canvass.corpus.formats.label_studio import prediction_of
from canvass.integrations.label_studio.labelling import Wanted, labelling_config
from canvass.integrations.label_studio.pull import pull
from canvass.integrations.label_studio.push import push
from canvass.types import Slot

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [
    *needs_label_studio,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium: apt-get install chromium"),
]
PATIENCE = 60_000  # milliseconds
# Where a piece of the text is on the screen: left, right and the middle of its height.
WHERE = """piece => {
    const walker = document.createTreeWalker(document.querySelector('.lsf-richtext__line'), NodeFilter.SHOW_TEXT);
    let found = null;
    for (let node; (node = walker.nextNode());) if (node.data.includes(piece)) found = node;
    const at = found.data.lastIndexOf(piece), range = document.createRange();
    range.setStart(found, at);
    range.setEnd(found, at + piece.length);
    const box = range.getBoundingClientRect();
    return [box.left, box.right, (box.top + box.bottom) / 2];
}"""

MARKED = """words => JSON.stringify([...document.querySelectorAll('.htx-highlight')].map(one => one.innerText)) ===
    JSON.stringify(words)"""


@pytest.fixture
def page(label_studio):
    sync = pytest.importorskip("playwright.sync_api")
    with sync.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        found = browser.new_page(viewport={"width": 1200, "height": 700})
        found.set_default_timeout(PATIENCE)
        found.goto(f"{label_studio.url}/user/login/", wait_until="domcontentloaded")
        found.fill("input[name=email]", EMAIL)
        found.fill("input[name=password]", PASSWORD)
        with found.expect_navigation():
            found.click("button[type=submit]")
        yield found
        browser.close()


ODD = [
    "😀 play\njazz one",
    "👨🏻\u200d🚒 play jazz one",
    "שלום play jazz one",
    "a\u0301 play  jazz one",
    " play jazz one ",
    "play <b>jazz</b> &amp; one",
    "play\r\njazz one",
    "play\tjazz one",
]


def test_predictions_are_seen_where_they_belong(page, label_studio, client):
    intents, slots = (LabelGuide(name="PlayMusic"),), (LabelGuide(name="Genre"),)
    fields = {"title": "odd texts", "label_config": labelling_config(Wanted(intents, slots))}
    number = client.create_project(fields).content["id"]
    tasks = []
    for text in ODD:
        slot = Slot(text.index("jazz"), text.index("jazz") + 4, "Genre")
        said = prediction_of(text, "PlayMusic", [slot], score=0.5, model_version="v")
        tasks.append({"data": {"text": text}, "predictions": [said]})
    client.import_tasks(number, tasks)
    client.change_project(number, {"model_version": "v"})
    for task in client.tasks(number):
        page.goto(
            f"{label_studio.url}/projects/{number}/data?task={task.content['id']}",
            wait_until="domcontentloaded",
        )
        page.wait_for_function(MARKED, arg=["jazz"])


def test_offsets_of_the_page_are_code_points(page, label_studio, client, tmp_path):
    project, gold = make_emoji_project(tmp_path / "music")
    with project:
        number = push(project, client, 12, now=NOON).project
        task = next(
            one.content
            for one in client.tasks(number)
            if "SongName" in str(one.content["predictions"]) and " my list" in one.content["data"]["text"]
        )
        text = task["data"]["text"]
        predicted = [one["value"] for one in task["predictions"][0]["result"] if one["type"] == "labels"]
        page.goto(
            f"{label_studio.url}/projects/{number}/data?task={task['id']}", wait_until="domcontentloaded"
        )
        page.get_by_role("button", name="Submit").wait_for()
        # Seen where it belongs, and not two places on.
        words = [one["text"] for one in predicted]
        page.wait_for_function(MARKED, arg=words)
        # `list` is marked, by its first three letters: the mouse takes whole words.
        page.locator(".lsf-labels .lsf-label", has_text="ArtistName").click()
        left, right, middle = page.evaluate(WHERE, "list")
        page.mouse.move(left + 1, middle)
        page.mouse.down()
        page.mouse.move((left + right) / 2, middle)
        page.mouse.move(left + 0.7 * (right - left), middle)
        page.mouse.up()
        page.wait_for_function(MARKED, arg=[*words, "list"])
        with page.expect_response(lambda one: "/annotations" in one.url and one.request.method == "POST"):
            page.get_by_role("button", name="Submit").click()
        assert pull(project, client, now=NOON).answered == 1
        ((_, answer),) = project.store.accepted()
        assert text.startswith(SMILE)
        expected = [
            Slot(text.index(one["text"]), text.index(one["text"]) + len(one["text"]), one["labels"][0])
            for one in predicted
        ]
        assert set(answer.slots) == {*expected, Slot(len(text) - 4, len(text), "ArtistName")}
        assert answer.intent == gold[text].intent
