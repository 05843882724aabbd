"""The annotation page of a project of a corpus in a real browser, for the benchmarks that drive it."""

from __future__ import annotations

import contextlib
import shutil
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from benchmarks.data.traffic import CORPORA
from canvass import Target, read_labelled
from canvass.annotation.project.project import Project
from canvass.annotation.rounds.queue import QueueState
from canvass.annotation.rounds.round_models import predict
from canvass.annotation.store.records import NewTask, Reason
from canvass.annotation.web.security import Access
from canvass.annotation.web.serve import Address, allowed_hosts, listen, server_of
from canvass.corpus.normalise import key_of
from canvass.models.committee import MEMBERS
from canvass.models.nlu import NLU
from canvass.seeding import uniform

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from canvass import Utterance

TOKEN = "a-token-of-the-benchmarks-0123456789"  # noqa: S105 - of a server that lives for a minute
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
WORDS = "#desk:not([hidden]) #words .word"
TEST = 150
PATIENCE = 300_000  # milliseconds for the first models


class StillQueue:
    """A queue that never trains: what is measured is the page."""

    assistant = None

    def answered(self, count: int = 1) -> None:
        """Hear of answers."""

    def state(self) -> QueueState:
        """Say that nothing happens."""
        return QueueState(1, "fresh", "", 0)


class Material(NamedTuple):
    """What a project is made of: the labelled set, the test set, and the utterances that are annotated."""

    labelled: list[Utterance]
    test: list[Utterance]
    annotated: list[Utterance]
    corpus: str


def material(
    target: Target,
    *,
    labelled: int,
    annotated: int,
    seed: int = 0,
    corpus: str = "snips",
    joined: bool = False,
) -> Material:
    """Draw from a corpus by hash: `labelled` of the target and as many others, and `annotated` of the target.

    With `joined`, each is two utterances of the corpus in one, as the requests of MixSNIPS are made (Qin, Xu, Che, Liu,
    AGIF, EMNLP 2020 Findings).
    """
    known = list(
        {
            key_of(one.text): one
            for one in read_labelled([str(CORPORA / corpus / "train.jsonl.gz")]).utterances
        }.values()
    )
    known.sort(key=lambda one: uniform(seed, "benchmark of the page", key_of(one.text)))
    if joined:
        known = [joined_by_and(*pair) for pair in zip(known[::2], known[1::2], strict=False)]
    ours = [one for one in known if target.matches(one)]
    others = [one for one in known if not target.matches(one)]
    return Material(
        ours[:labelled] + others[:labelled],
        ours[labelled : labelled + TEST],
        ours[labelled + TEST : labelled + TEST + annotated],
        corpus,
    )


def joined_by_and(first: Utterance, second: Utterance) -> Utterance:
    """Say two things in one utterance, whose intent is that of both."""
    shift = len(f"{first.text} and ")
    slots = [replace(slot, start=slot.start + shift, end=slot.end + shift) for slot in second.slots or ()]
    return replace(
        first,
        text=f"{first.text} and {second.text}",
        domain="joined",
        intent="+".join(sorted({first.intent or "", second.intent or ""})),
        slots=(*(first.slots or ()), *slots),
    )


def tasks_of(found: Material, target: Target, *, blank: bool = False, wanted: int = 1) -> list[NewTask]:
    """Make tasks with the predictions of models that were trained on the labelled set, or with empty ones."""
    texts = [one.text for one in found.annotated]
    nlu = NLU.train(found.labelled, target)
    votes = [] if nlu.committee is None else nlu.committee.decision_function(texts).tolist()
    tasks = []
    predictions = predict(nlu, texts, [None] * len(texts), number=0, domain_of_intent={})
    for rank, (one, prediction) in enumerate(zip(found.annotated, predictions, strict=True), 1):
        assert prediction is not None
        shown = replace(prediction, domain=one.domain, positive=True)
        if blank:
            shown = replace(shown, slots=(), certainty=(), alternatives=())
        members = dict(zip(MEMBERS, votes[rank - 1], strict=True)) if votes else {}
        reason = Reason(
            "majority-joint", rank, prediction.confidence * prediction.intent_probability, "filter", members
        )
        tasks.append(
            NewTask(
                key=key_of(one.text),
                text=one.text,
                utterance=one.id or str(rank),
                count=1,
                source="selected",
                priority=float(rank),
                prediction=shown,
                reason=reason,
                wanted=wanted,
            )
        )
    return tasks


@contextlib.contextmanager
def project_of(folder: Path, found: Material, target: Target, tasks: list[NewTask]) -> Iterator[Project]:
    """Make a project whose queue holds the tasks."""
    with Project.create(
        folder / found.corpus,
        found.labelled,
        [str(CORPORA / found.corpus / "test.jsonl.gz")],
        target,
        test=found.test,
    ) as project:
        project.store.swap(tasks, round=0)
        yield project


@contextlib.contextmanager
def link_of(project: Project) -> Iterator[str]:
    """Serve a project on a free port; gives the link."""
    listening, address = listen(Address("127.0.0.1", 0))
    access = Access(TOKEN, allowed_hosts(address, ()), cookie=f"canvass-{address.port}")
    queue: Any = StillQueue()
    with server_of([(project, queue)], access) as server:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            while not server.started:
                time.sleep(0.005)
            yield address.link(TOKEN)
        finally:
            server.should_exit = True
            thread.join(30)
            listening.close()


@contextlib.contextmanager
def page_of(link: str, name: str) -> Iterator[Any]:
    """Open the page in Chromium as an annotator."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as running:
        browser = running.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 820})
        page.goto(link)
        page.fill("#form input", name)
        page.keyboard.press("Enter")
        page.wait_for_selector(WORDS, timeout=PATIENCE)
        yield page
        browser.close()
