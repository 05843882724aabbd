"""May an assistant annotate alone? It is compared with people on what they answered without seeing its suggestion.

With two people or more: the alternative annotator test (Calderon, Reichart, Dror 2025, "The Alternative Annotator Test
for LLM-as-a-Judge"). For each person, the assistant and that person are compared by how often they agree with the
others; the assistant wins against a person if it is shown to be worse by less than `MARGIN`, and is approved if it wins
against half of them. Frames agree or not, so that the test of each person is a score test of paired proportions (Tango
1998), which keeps its level where the t-test of the paper does not: with 50 requests and few differences.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from statistics import NormalDist
from typing import Any, NamedTuple

from canvass.annotation.assistant.assistant import Assistant
from canvass.annotation.project.project import Project
from canvass.annotation.quality.assistant_error import MARGIN, Share, approve, frame_of
from canvass.annotation.store.records import Answer, NewTask
from canvass.seeding import uniform
from canvass.types import Frame

LEVEL = 0.05  # of wrong approvals
FEWEST = 50  # requests that a person and another answered
MOST = 200  # requests that are asked about
ENOUGH = 0.5  # share of people it must win against


class Item(NamedTuple):
    """A text that people answered without the assistant's suggestion: its frame, and theirs by name."""

    assistant: Frame
    people: Mapping[str, Frame]


class Contest(NamedTuple):
    """The assistant against a person, on the `n` items that others answered, too.

    Each agrees with the others in some share of these, and `p` is the probability of such a result, or a better one,
    if the assistant were worse by `MARGIN`.
    """

    person: str
    n: int
    assistant_agrees: float
    person_agrees: float
    p: float
    won: bool


class Verdict(NamedTuple):
    """Whether the assistant is `approved`, why (`words`), the contests, and its error by kind of label."""

    approved: bool
    words: str
    contests: tuple[Contest, ...]
    errors: dict[str, Share]
    unanswered: int

    def as_dict(self) -> dict[str, Any]:
        """Give plain values for JSON."""
        return {
            **self._asdict(),
            "contests": [contest._asdict() for contest in self.contests],
            "errors": {kind: share.as_dict() for kind, share in self.errors.items()},
        }


def judge_project(project: Project, assistant: Assistant) -> Verdict:
    """Ask an assistant about at most `MOST` requests that people answered, those of most people first; judge it.

    What was approved before no longer is; from now on `objection` goes by this verdict.
    """
    unseen: defaultdict[int, dict[str, Answer]] = defaultdict(dict)
    prompt = assistant.prompt()
    alone = {answer.task for answer in project.store.answers(current_only=False) if answer.alone}
    for answer in project.store.answers():
        seen = answer.task in alone or (answer.shown is not None and answer.shown.by)
        if not (seen or answer.kind == "skip" or answer.adjudicates or answer.copies is not None):
            unseen[answer.task][answer.annotator] = answer
    tasks = [task for task in project.store.tasks() if task.id in unseen]
    seed = project.settings.project.seed
    tasks.sort(key=lambda task: (-len(unseen[task.id]), uniform(seed, "judge", task.key)))
    chosen: list[NewTask] = [*tasks[:MOST]]
    items, unanswered = [], 0
    for task, suggestion in zip(tasks, assistant.suggestions(chosen, prompt), strict=False):
        if suggestion is None:
            unanswered += 1
        else:
            people = {name: frame_of(answer) for name, answer in unseen[task.id].items()}
            items.append(Item(frame_of(suggestion.meaning), people))
    verdict = judge(items, unanswered)
    approve(project, assistant.question(prompt) if verdict.approved else None)
    return verdict


def judge(items: Sequence[Item], unanswered: int = 0) -> Verdict:
    """Judge an assistant by items; `unanswered` requests had no suggestion, and are told, not judged.

    Where fewer than two people share `FEWEST` items, it is approved if the upper end of a 95 % interval of its error
    (Wilson), by what people say, is at most `MARGIN`.
    """
    errors = errors_by_kind(items)
    contests = _contests(items)
    whole = errors["whole frame"]
    if len(contests) > 1:
        won = sum(contest.won for contest in contests)
        approved = won >= ENOUGH * len(contests)
        words = (
            f"for {won} of {len(contests)} people it is shown to agree with the others at most {MARGIN:.0%} less often "
            "than they do"
        )
    else:
        high = whole.interval.high
        approved = whole.n >= FEWEST and high <= MARGIN
        words = (
            f"{whole.wrong} of {whole.n} frames differ from what people say, so {high:.0%} may, and at most "
            f"{MARGIN:.0%} of at least {FEWEST} are allowed"
        )
        if not approved:
            words += (
                f"; or have two people answer {FEWEST} of the same requests (queue.overlap in canvass.toml)"
            )
    verdict = "may" if approved else "may not"
    return Verdict(
        approved, f"The assistant {verdict} annotate alone: {words}.", contests, errors, unanswered
    )


def _contests(items: Sequence[Item]) -> tuple[Contest, ...]:
    """Compare the assistant with each person; of those it wins, Benjamini and Yekutieli's correction keeps some."""
    shared = [item for item in items if len(item.people) > 1]
    contests = []
    for person in sorted({name for item in shared for name in item.people}):
        ours, theirs = [], []
        for item in shared:
            if person in item.people:
                others = [frame for name, frame in item.people.items() if name != person]
                ours.append(sum(frame == item.assistant for frame in others) / len(others))
                theirs.append(sum(frame == item.people[person] for frame in others) / len(others))
        n = len(ours)
        if n >= FEWEST:
            pairs = list(zip(ours, theirs, strict=True))
            p = not_worse(sum(a < b for a, b in pairs), sum(a > b for a, b in pairs), n, MARGIN)
            contests.append(Contest(person, n, sum(ours) / n, sum(theirs) / n, p, won=False))
    count = len(contests)
    dependence = math.fsum(1 / i for i in range(1, count + 1))
    ranked = sorted(contest.p for contest in contests)
    limits = [p for i, p in enumerate(ranked, 1) if p <= i * LEVEL / (count * dependence)]
    limit = limits[-1] if limits else -1.0
    return tuple(contest._replace(won=contest.p <= limit) for contest in contests)


def not_worse(worse: int, better: int, n: int, margin: float) -> float:
    """Test that one of a pair is right less often by less than `margin`; gives the p-value of the score test.

    Of `n` pairs it is `worse` in some, and `better` in others. H0: the difference of the proportions is `margin` or
    more (Tango 1998, "Equivalence test and confidence interval for the difference in proportions for the
    paired-sample design").

    >>> round(not_worse(1, 0, 50, 0.1), 4), round(not_worse(5, 0, 50, 0.1), 4)
    (0.0297, 0.5)
    """
    b = -worse - better + (2 * n - worse + better) * margin
    c = -better * margin * (1 - margin)
    q = (math.sqrt(b * b - 8 * n * c) - b) / (4 * n)
    variance = n * (2 * q + margin * (1 - margin))
    return NormalDist().cdf((worse - better - n * margin) / math.sqrt(variance))


def errors_by_kind(items: Iterable[Item]) -> dict[str, Share]:
    """Count where the assistant differs from people, in parts of a frame and by label; each person's word counts.

    An intent and a label are wrong where a person gave them, and the assistant did not.
    """
    counts: defaultdict[str, list[bool]] = defaultdict(list, {"whole frame": []})
    labels: defaultdict[str, list[bool]] = defaultdict(list)
    for said, people in items:
        for frame in people.values():
            counts["whole frame"].append(said != frame)
            counts["target or not"].append(said.of_target != frame.of_target)
            if not (said.of_target and frame.of_target):
                continue
            counts["intent"].append(said.intent != frame.intent)
            counts["slots"].append(said.slots != frame.slots)
            if frame.intent is not None:
                labels[f"intent {frame.intent}"].append(said.intent != frame.intent)
            for slot in frame.slots:
                labels[f"slot {slot[2]}"].append(slot not in said.slots)
    rows = [*counts.items(), *sorted(labels.items())]
    return {kind: Share(sum(wrong), len(wrong)) for kind, wrong in rows}
