"""Take the pictures of the annotation page that the docs show: `python -m benchmarks.servers.screenshots FOLDER`.

A project of SNIPS with predictions by models trained on 100 utterances; light, dark and on a phone. The review list, a
dispute and the error curve are made up, so that one picture shows all that there may be. A project of CLINC150 has so
many intents that they are looked for.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.servers.browser import WORDS, link_of, material, page_of, project_of, tasks_of
from canvass import Target
from canvass.annotation.store.records import NewAnswer, ReviewItem, Round

if TYPE_CHECKING:
    from canvass.annotation.project.project import Project

DOUBTED = "The models, trained without this answer, are 96 % sure of another intent."


def rounds(project: Project) -> None:
    """Let the error fall over eight rounds."""
    for number in range(9):
        error = 0.31 * 0.87**number + (0, 0.008, -0.006)[number % 3]
        project.store.add_round(
            Round(
                number=number,
                at=1.0,
                answers=10 * number,
                labelled=100 + 10 * number,
                target_labelled=100 + 9 * number,
                slot_error_rate=error,
                intent_error=error / 5,
                span_f1=1 - 0.9 * error,
                held_out=150,
                agreement=0.9 + number / 100,
                seconds=1.1,
                failure="",
            )
        )


def disputes(project: Project) -> None:
    """Have another annotator answer the first two tasks otherwise, and doubt a third."""
    answers = {one.task: one for one in project.store.answers()}
    tasks = [one for one in project.store.tasks() if one.id in answers]
    for number, task in enumerate(tasks[:2]):
        mine = answers[task.id]
        slots = (mine.slots or ())[:1]
        project.store.save(
            NewAnswer(f"bob-{number}", task.id, "Bob", "frame", mine.domain, mine.intent, slots), now=mine.at
        )
    project.store.set_review([ReviewItem("contradicted", (tasks[3].id,), tasks[3].text, DOUBTED, 0.96)])


def unhurried(route: Any) -> None:
    """Say of an answer that it took seconds, as a person's does."""
    answer = route.request.post_data_json
    route.continue_(post_data={**answer, "seconds": 4.2})


def touched(page: Any) -> None:
    """Make the browser a phone's: there is no mouse, and keys are not named."""
    page.set_viewport_size({"width": 390, "height": 780})
    page.context.new_cdp_session(page).send("Emulation.setTouchEmulationEnabled", {"enabled": True})


def take(page: Any, folder: Path, name: str) -> None:
    """Take one picture, light and dark."""
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.screenshot(path=folder / f"{name}-{scheme}.png")
    page.emulate_media(color_scheme="light")


def pictures(link: str, project: Project, folder: Path) -> None:
    """Go through the page, and take them all."""
    with page_of(link, "Ada") as page:
        page.wait_for_selector("#glance svg")
        page.route("**/api/answers", unhurried)
        take(page, folder, "first")
        for _ in range(5):
            page.keyboard.press("Enter")
            page.wait_for_timeout(600)
        page.wait_for_function("() => document.getElementById('state').textContent === '✓ All saved'")
        take(page, folder, "desk")
        for key in ("2", "ArrowDown", "ArrowDown"):
            page.keyboard.press(key)
        take(page, folder, "selected")
        page.keyboard.press("Escape")
        page.keyboard.press("u")
        page.keyboard.press("x")
        take(page, folder, "elsewhere")
        page.keyboard.press("Escape")
        disputes(project)
        page.reload()
        page.wait_for_selector("#review-count:visible")
        for key, name in (("p", "progress"), ("h", "history"), ("?", "help"), ("r", "review")):
            page.keyboard.press(key)
            page.wait_for_selector("#panel .panel-body > *:not(:text('One moment'))")
            take(page, folder, name)
            if name != "review":
                page.keyboard.press("Escape")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        page.wait_for_selector("#banner .item")
        take(page, folder, "dispute")
        page.keyboard.press("Escape")
        touched(page)
        page.reload()
        page.wait_for_selector(WORDS)
        take(page, folder, "phone")


def main() -> None:
    """Take them."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    target = Target.parse("domain:music")
    found = material(target, labelled=100, annotated=30)
    tasks = tasks_of(found, target, wanted=2)
    with (
        tempfile.TemporaryDirectory() as place,
        project_of(Path(place), found, target, tasks) as project,
        link_of(project) as link,
    ):
        rounds(project)
        pictures(link, project, folder)
    choose(folder)


def choose(folder: Path) -> None:
    """Look for one of 151 intents on a phone."""
    target = Target.parse("all")
    found = material(target, labelled=700, annotated=10, corpus="clinc150")
    with (
        tempfile.TemporaryDirectory() as place,
        project_of(Path(place), found, target, tasks_of(found, target)) as project,
        link_of(project) as link,
        page_of(link, "Ada") as page,
    ):
        touched(page)
        page.reload()
        page.wait_for_selector(WORDS)
        page.keyboard.press("i")
        page.keyboard.type("car", delay=50)
        take(page, folder, "chooser")


if __name__ == "__main__":
    main()
