"""Count the keys and the clicks that bring 50 pre-annotated utterances of SNIPS to gold in the annotation page.

    python -m benchmarks.servers.keystrokes  # domain:music, by models trained on 100 others
    python -m benchmarks.servers.keystrokes --target all --labelled 300
    python -m benchmarks.servers.keystrokes --target all --labelled 300 --joined --only keys  # two requests in one
    python -m benchmarks.servers.keystrokes --corpus slurp --target domain:calendar --only keys

The annotator is a perfect one: with the keyboard, the fewest presses that the page's own functions allow (found by
`keystrokes.js`; where there are too many states, slot by slot, which is an upper bound); with the mouse, a press or a
drag is one action. Each is really done in Chromium against the real server, and what the server saved is compared with
gold. `blank` is the same without predictions, with the intent that was predicted: what pre-annotation saves.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from benchmarks.servers.browser import CHROMIUM, Material, link_of, material, page_of, project_of, tasks_of
from canvass import Target
from canvass.corpus.spans import text_tokens

if TYPE_CHECKING:
    from canvass import Utterance
    from canvass.annotation.store.records import NewTask, TaskPrediction
    from canvass.types import Slot

MOST_STATES = 60_000
FEW_INTENTS = 8
UNSURE = 0.8
SPACED = 5  # taggings that Space goes through
GRACE = 520  # milliseconds in which the page takes a second Enter for a slip
TEXT = (
    "words => [...document.querySelectorAll('#words .word')].map(one => one.textContent).join('') === words"
)
MARKED = """() => [...document.querySelectorAll('#words .slot')].map(box => {
  const all = box.querySelectorAll('.word');
  return [all[0].number, all[all.length - 1].number, box.querySelector('.tag bdi').textContent];
})"""
PLAN = Path(__file__).with_name("keystrokes.js").read_text()


class Count(NamedTuple):
    """What an utterance took: presses of keys, or actions of the mouse; whether none can do with fewer."""

    actions: int
    exact: bool


def shape(slots: tuple[Slot, ...]) -> list[dict[str, Any]]:
    """Write slots as the page has them."""
    return [{"start": one.start, "end": one.end, "label": one.label} for one in slots]


def wait_for(page: Any, gold: Utterance) -> None:
    """Wait until an utterance is in view; the benchmark is faster than any annotator."""
    page.wait_for_function(
        TEXT, arg="".join(gold.text[start:end] for start, end, _ in text_tokens(gold.text))
    )


def intent_key(intent: str | None, prediction: TaskPrediction, intents: list[str]) -> str | None:
    """Give the number that sets the intent: of few, or of the likeliest; None where it is right, or has none."""
    if intent == prediction.intent or intent is None:
        return None
    offered = intents if len(intents) <= FEW_INTENTS else [name for name, _ in prediction.likeliest]
    return str(offered.index(intent) + 1) if intent in offered else None


def by_keys(
    page: Any, gold: Utterance, prediction: TaskPrediction, intents: list[str], labels: list[str]
) -> Count:
    """Annotate with the keyboard alone."""
    number = intent_key(gold.intent, prediction, intents)
    searched = number is None and gold.intent not in (None, prediction.intent)
    plan = page.evaluate(
        PLAN,
        {
            "text": gold.text,
            "tokens": [one[:2] for one in text_tokens(gold.text)],
            "unsure": [start for start, _, share in prediction.certainty if share < UNSURE],
            "taggings": [shape(prediction.slots), *(shape(slots) for slots, _ in prediction.alternatives)],
            "spaced": SPACED,
            "gold": shape(gold.slots or ()),
            "labels": labels,
            "intents": intents,
            "intent": gold.intent if searched else None,
            "most": MOST_STATES,
        },
    )
    keys = [*([number] if number else []), *plan["keys"], "Enter"]
    if keys == ["Enter"]:
        page.wait_for_timeout(GRACE)
    for key in keys:
        page.keyboard.press(key)
    return Count(len(keys), plan["exact"])


class Mouse:
    """A perfect annotator without a keyboard; counts presses and drags."""

    def __init__(self, page: Any, gold: Utterance) -> None:
        self.page = page
        self.gold = gold
        self.spans = [one[:2] for one in text_tokens(gold.text)]
        self.actions = 0

    def slots(self) -> list[tuple[int, int, str]]:
        """Read what is marked: first word, last word, label."""
        found = self.page.evaluate(MARKED)
        return [(first, last, label) for first, last, label in found]

    def press(self, selector: str, place: int = 0) -> None:
        """Press on an element."""
        self.page.locator(selector).nth(place).click()
        self.actions += 1

    def drag(self, first: int, last: int, handle: str | None = None) -> None:
        """Press on a word, or on the handle of the selected slot, and let go on a word."""
        begin = handle or "#words .word"
        box = self.page.locator(begin).nth(0 if handle else first).bounding_box()
        end = self.page.locator("#words .word").nth(last).bounding_box()
        mouse = self.page.mouse
        mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        mouse.down()
        mouse.move(end["x"] + end["width"] / 2, end["y"] + end["height"] / 2)
        mouse.up()
        self.actions += 1

    def label(self, name: str) -> None:
        """Press a label."""
        self.page.locator("#labels .chip .name").and_(self.page.get_by_text(name, exact=True)).click()
        self.actions += 1

    def annotate(self, prediction: TaskPrediction) -> None:
        """Bring the utterance to gold, and save."""
        gold = self.gold
        if gold.intent is not None and gold.intent != prediction.intent:
            self.page.locator("#intents .chip .name").and_(
                self.page.get_by_text(gold.intent, exact=True)
            ).click()
            self.actions += 1
        wanted = [
            (
                next(i for i, (start, _) in enumerate(self.spans) if start == slot.start),
                next(i for i, (_, end) in enumerate(self.spans) if end == slot.end),
                slot.label,
            )
            for slot in gold.slots or ()
        ]
        for one in wanted:
            self.place(*one)
        while wrong := [i for i, one in enumerate(self.slots()) if one not in wanted]:
            self.press("#words .slot .tag", wrong[0])
            self.press("#words .remove")
        self.press("#actions .main")

    def place(self, first: int, last: int, label: str) -> None:
        """Put one slot where it belongs, in the cheapest way."""
        now = self.slots()
        if (first, last, label) in now:
            return
        larger = [i for i, one in enumerate(now) if one[2] == label and one[0] <= first and last <= one[1]]
        if larger:
            # Shrink it: to mark some of its words anew would leave the others marked.
            begins, ends, _ = now[larger[0]]
            self.press("#words .slot .tag", larger[0])
            if ends != last:
                self.drag(0, last, "#words .handle.end")
            if begins != first:
                self.drag(0, first, "#words .handle.start")
            return
        same = [i for i, one in enumerate(now) if one[:2] == (first, last)]
        if same:
            self.press("#words .slot .tag", same[0])
        else:
            self.drag(first, last)
        self.label(label)


def by_mouse(page: Any, gold: Utterance, prediction: TaskPrediction) -> Count:
    """Annotate with the mouse alone."""
    mouse = Mouse(page, gold)
    mouse.annotate(prediction)
    return Count(mouse.actions, exact=False)


def run(found: Material, target: Target, tasks: list[NewTask], way: str) -> list[Count]:
    """Annotate all in one way; raises AssertionError where the server has anything but gold."""
    counts = []
    with (
        tempfile.TemporaryDirectory() as folder,
        project_of(Path(folder), found, target, tasks) as project,
        link_of(project) as link,
        page_of(link, way) as page,
    ):
        intents = [one.name for one in project.intents()]
        labels = [one.name for one in project.slots()]
        for task, gold in zip(tasks, found.annotated, strict=True):
            wait_for(page, gold)
            assert task.prediction is not None
            if way == "mouse":
                counts.append(by_mouse(page, gold, task.prediction))
            else:
                counts.append(by_keys(page, gold, task.prediction, intents, labels))
        page.wait_for_function("() => document.getElementById('state').textContent === '✓ All saved'")
        saved = {task.text: (answer.intent, answer.slots) for task, answer in project.store.accepted()}
        wrong = [one.text for one in found.annotated if saved[one.text] != (one.intent, one.slots)]
        assert not wrong, wrong
    return counts


def report(name: str, counts: list[Count]) -> str:
    """One line of figures."""
    numbers = [one.actions for one in counts]
    bound = sum(not one.exact for one in counts)
    note = f"; {bound} slot by slot" if bound and name != "mouse" else ""
    return (
        f"{name:6} {sum(numbers):4} in all, {statistics.mean(numbers):.2f} an utterance, median "
        f"{statistics.median(numbers):g}, most {max(numbers)}; one alone for {numbers.count(1)} of {len(numbers)}{note}"
    )


def main() -> None:
    """Count, and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--target", default="domain:music", type=Target.parse)
    parser.add_argument("--labelled", default=100, type=int, help="utterances of the target to train on")
    parser.add_argument("--corpus", default="snips", help="a folder of ../shared/data")
    parser.add_argument("--only", choices=("keys", "mouse", "blank"), help="one of the three ways")
    parser.add_argument("--joined", action="store_true", help="two utterances in each, joined by and")
    parser.add_argument("--utterances", default=50, type=int)
    parser.add_argument("--seed", default=0, type=int)
    options = parser.parse_args()
    if CHROMIUM is None:
        sys.exit("there is no Chromium: apt-get install chromium")
    found = material(
        options.target,
        corpus=options.corpus,
        labelled=options.labelled,
        annotated=options.utterances,
        seed=options.seed,
        joined=options.joined,
    )
    tasks = tasks_of(found, options.target)
    words = sum(len(text_tokens(one.text)) for one in found.annotated)
    slots = sum(len(one.slots or ()) for one in found.annotated)
    right = sum(
        task.prediction is not None
        and (task.prediction.intent, task.prediction.slots) == (one.intent, one.slots)
        for task, one in zip(tasks, found.annotated, strict=True)
    )
    corpus = f"{options.corpus}{', joined by two' * options.joined}"
    print(
        f"{options.target}: {len(tasks)} utterances of {corpus}, {words} words, {slots} slots; models "
        f"trained on {options.labelled} others predict {right} of them wholly right"
    )
    blank = tasks_of(found, options.target, blank=True)
    for way, shown in (("keys", tasks), ("mouse", tasks), ("blank", blank)):
        if options.only in {None, way}:
            print(report(way, run(found, options.target, shown, way)), flush=True)


if __name__ == "__main__":
    main()
