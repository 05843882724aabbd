"""Drive the page in a real browser: a project with given tasks, a server, and a person at the keyboard or the mouse."""

import contextlib
import dataclasses
import os
import shutil

from commands import write
from hypothesis import settings
from projects import make_project, prediction_of, tasks_of
from servers import running

from canvass.annotation.project.project import Project
from canvass.corpus.spans import text_tokens
from canvass.types import Slot, Target, Utterance

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
WORDS = "#desk:not([hidden]) #words .word"
# Some figures of the system's fonts differ; what matters is that nothing needs to be scrolled sideways.
TOO_WIDE = """() => [...document.body.querySelectorAll('*')].filter(one =>
  one.getBoundingClientRect().right > document.documentElement.clientWidth + 1).map(one => one.outerHTML.slice(0, 80))"""
NAMELESS = """() => [...document.querySelectorAll('button, input, [role]')].filter(one => one.offsetParent && !(
  one.textContent.trim() || one.ariaLabel || one.getAttribute('aria-labelledby') || one.labels?.length ||
  one.role === 'status' || one.id === 'words')).map(one => one.outerHTML)"""


def examples(quick):
    """So many examples, since each is a call of the browser; a thorough run tries as many as elsewhere."""
    usual = settings()
    return usual if os.environ.get("CANVASS_EXAMPLES") == "thorough" else settings(usual, max_examples=quick)


@contextlib.contextmanager
def browser_of(playwright):
    """A browser for all tests of a file."""
    with playwright.sync_playwright() as started:
        found = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield found
        found.close()


@contextlib.contextmanager
def project_with(folder, tasks, **page_settings):
    """A small project whose queue holds these tasks; keyword options are those of `[page]`."""
    with make_project(folder / "music") as project:
        settings = project.settings
        project.settings = dataclasses.replace(
            settings, page=dataclasses.replace(settings.page, **page_settings)
        )
        project.store.swap(tasks, round=0)
        yield project


VERBS = ["freeze", "lost", "activate", "order", "cancel", "dispute", "check", "change", "explain", "report"]
THINGS = [
    *("card", "account", "transfer", "loan", "payment", "balance", "pin", "limit"),
    *("statement", "address", "mortgage", "fee", "currency", "cheque", "insurance"),
]
MANY_INTENTS = [f"{verb}_{thing}" for thing in THINGS for verb in VERBS]
MANY_LABELS = [
    f"{noun}_{kind}"
    for noun in ("date", "amount", "city", "person", "merchant", "product", "branch", "phone")
    for kind in ("from", "to", "new", "old", "first", "last", "home", "work", "main", "other")
]


@contextlib.contextmanager
def project_of_many(folder, tasks=30):
    """A project of 150 intents and 80 labels; each task has 400 words, five likeliest intents and a slot."""
    known = []
    for number in range(2 * len(MANY_INTENTS)):
        intent, label = MANY_INTENTS[number // 2], MANY_LABELS[number % len(MANY_LABELS)]
        text = f"please {intent.replace('_', ' ')} value{number} now"
        start = text.index("value")
        slot = Slot(start, text.index(" now"), label)
        known.append(Utterance(text, domain="bank", intent=intent, slots=(slot,)))
    pool = folder / "pool.jsonl"
    write(pool, known[:3], annotated=False)
    with Project.create(folder / "bank", known, [str(pool)], Target("all", ""), test=known[:10]) as project:
        settings = project.settings
        intents = tuple(
            dataclasses.replace(
                guide, description="it was stolen, or is not found" * (guide.name == "lost_card")
            )
            for guide in settings.intents
        )
        page = dataclasses.replace(settings.page, new_labels=True)
        project.settings = dataclasses.replace(settings, intents=intents, page=page)
        words = " and because".join(f" word{number}" for number in range(132))
        texts = [f"please freeze card {number}{words}" for number in range(tasks)]
        likeliest = tuple((name, 0.9 / (place + 1) - 0.1) for place, name in enumerate(MANY_INTENTS[:5]))
        alternatives = tuple(((Slot(7, 13, label),), 0.05) for label in MANY_LABELS[1:9])
        utterances = [
            Utterance(text, domain="bank", intent=MANY_INTENTS[0], slots=(Slot(7, 13, MANY_LABELS[0]),))
            for text in texts
        ]
        project.store.swap(
            [
                dataclasses.replace(
                    task,
                    prediction=dataclasses.replace(
                        task.prediction, likeliest=likeliest, alternatives=alternatives
                    ),
                )
                for task in queue_of(*utterances)
            ],
            round=0,
        )
        yield project


@contextlib.contextmanager
def served(project, queue=None):
    """The server of a project."""
    with running(project, queue) as server:
        yield server


class Person:
    """Somebody with a browser of their own, who opened the link and gave a name."""

    def __init__(self, browser, server, name="Ada", **options):
        self.context = browser.new_context(**{"viewport": {"width": 1280, "height": 820}, **options})
        self.context.set_default_timeout(20_000)
        self.page = self.context.new_page()
        self.asked, self.said, self.pressed = [], [], ""
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.goto(server.link)
        self.page.fill("#form input", name)
        self.page.keyboard.press("Enter")
        self.page.wait_for_selector(WORDS)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.context.close()

    def press(self, *keys):
        """Press keys; people need longer than the page's grace for a second Enter, tests wait for it."""
        for key in keys:
            if (key, self.pressed) == ("Enter", "Enter"):
                self.page.wait_for_timeout(520)
            self.page.keyboard.press(key)
            self.pressed = key

    @property
    def text(self):
        """The utterance in view, without the names of labels."""
        return self.page.evaluate(
            "() => [...document.querySelectorAll('#words .word, #words .gap')].map(one => one.textContent).join('')"
        )

    @property
    def slots(self):
        """What is marked: (words, label)."""
        return [
            tuple(one)
            for one in self.page.evaluate(
                "() => [...document.querySelectorAll('#words .slot')].map(box => [[...box.querySelectorAll("
                "'.word, .gap')].map(one => one.textContent).join(''), box.querySelector('.tag bdi').textContent])"
            )
        ]

    @property
    def selected(self):
        """The numbers of the selected words, [first, last + 1), or None."""
        return self.page.evaluate(
            "() => { const found = [...document.querySelectorAll('#words .selected[class*=word], "
            "#words .chosen .word')]; return found.length ? [found[0].number, found.at(-1).number + 1] : null }"
        )

    @property
    def intent(self):
        return self.page.locator("#intents .chip[aria-pressed=true] .name").text_content()

    @property
    def task(self):
        """The number of the task in view, as the page keeps it over a reload."""
        return self.page.evaluate(
            "() => JSON.parse(sessionStorage[Object.keys(sessionStorage).find(key => key.endsWith('held'))])[0]"
        )

    def all_saved(self, answers=None):
        """Wait until the server has everything."""
        self.page.wait_for_function("() => document.getElementById('state').textContent === '✓ All saved'")
        if answers is not None:
            self.page.wait_for_function(
                "count => document.querySelector('#glance .tiles dd')?.textContent === String(count)",
                arg=answers,
            )

    def wait_for_text(self, text):
        """Wait until an utterance is in view: tests are faster than people, and may be ahead of what was leased."""
        self.page.wait_for_function(
            "text => [...document.querySelectorAll('#words .word, #words .gap')].map(one => one.textContent)"
            ".join('') === text",
            arg=text,
        )

    def name_label(self, name):
        """Type a label, letter by letter, as far as it takes."""
        for letter in name:
            if self.selected is None:
                break
            self.press(letter.lower())

    def by_keys(self, gold, intents):
        """Bring the utterance in view to what it should be, without a mouse."""
        spans = [one[:2] for one in text_tokens(gold.text)]
        if self.intent_missing or self.intent != gold.intent:
            self.press("i", str(intents.index(gold.intent) + 1))
        wanted = {(gold.text[one.start : one.end], one.label) for one in gold.slots}
        while wrong := [one for one in self.slots if one not in wanted]:
            self.press("Home")
            while not self.page.evaluate(
                "([words, label]) => { const box = document.querySelector('#words .chosen'); return box !== null &&"
                " box.textContent.startsWith(words) && box.querySelector('.tag bdi').textContent === label }",
                list(wrong[0]),
            ):
                self.press("ArrowDown")
            self.press("Backspace")
        for slot in gold.slots:
            if (gold.text[slot.start : slot.end], slot.label) in self.slots:
                continue
            first = next(i for i, (start, _) in enumerate(spans) if start == slot.start)
            last = next(i for i, (_, end) in enumerate(spans) if end == slot.end)
            self.press("Home")
            while self.selected[0] != first:
                self.press("ArrowRight")
            while self.selected[1] != last + 1:
                self.press("Shift+ArrowRight")
            self.name_label(slot.label)
        self.press("Enter")

    def by_mouse(self, gold, intents):
        """The same without a keyboard."""
        page = self.page
        if self.intent_missing or self.intent != gold.intent:
            page.click(f"#intents .chip:has-text('{gold.intent}')")
        wanted = {(gold.text[one.start : one.end], one.label) for one in gold.slots}
        while wrong := [i for i, one in enumerate(self.slots) if one not in wanted]:
            page.locator("#words .slot").nth(wrong[0]).locator(".tag").click()
            page.click("#words .remove")
        spans = [one[:2] for one in text_tokens(gold.text)]
        for slot in gold.slots:
            if (gold.text[slot.start : slot.end], slot.label) in self.slots:
                continue
            first = next(i for i, (start, _) in enumerate(spans) if start == slot.start)
            last = next(i for i, (_, end) in enumerate(spans) if end == slot.end)
            self.drag(first, last)
            page.locator("#labels .chip .name", has_text=slot.label).and_(
                page.get_by_text(slot.label, exact=True)
            ).click()
        page.click("#actions .main")

    @property
    def intent_missing(self):
        return self.page.locator("#intents .chip[aria-pressed=true]").count() == 0

    def middle(self, number):
        box = self.page.locator("#words .word").nth(number).bounding_box()
        return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    def drag(self, first, last):
        """Press on a word, and let go on another."""
        mouse = self.page.mouse
        mouse.move(*self.middle(first))
        mouse.down()
        if last != first:
            mouse.move(*self.middle(last))
        mouse.up()


def utterance(text, *slots, intent="PlayMusic"):
    """An utterance of music; slots are (words, label)."""
    found = sorted(Slot(text.index(words), text.index(words) + len(words), label) for words, label in slots)
    return Utterance(text, domain="music", intent=intent, slots=tuple(found))


def queue_of(*utterances, **options):
    """Tasks in this order, with the utterance's own annotations for a prediction of which the tagger is sure."""
    tasks = tasks_of(list(utterances), **options)
    return [
        dataclasses.replace(one, prediction=dataclasses.replace(one.prediction, certainty=()))
        for one in tasks
    ]


def queue_with_predictions(pairs):
    """Tasks of (gold, what the models say)."""
    tasks = tasks_of([gold for gold, _ in pairs])
    return [
        dataclasses.replace(task, prediction=prediction_of(prediction))
        for task, (_, prediction) in zip(tasks, pairs, strict=True)
    ]
