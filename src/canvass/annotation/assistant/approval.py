"""Whether an assistant may answer alone: what `canvass judge` approved, and whether it still holds."""

from __future__ import annotations

import json
import time

from canvass.annotation.project.project import Project
from canvass.annotation.quality.assistant_error import is_check, share_wrong

MARGIN = 0.1  # by how much an assistant may be worse than a person
APPROVAL = "assistant"  # a fact: which assistant may annotate alone (`question`), since when, or why no more
FEWEST_WRONG = 2  # of its checked answers, until it may not


def approve(project: Project, question: str | None) -> None:
    """Approve the assistant of a question (`Assistant.question`), and no other; None: approve none."""
    approval = {"question": question, "at": time.time(), "stopped": ""}
    project.store.set_fact(APPROVAL, json.dumps(approval) if question else "")


def withdraw(project: Project) -> int:
    """Take back the approval, and all that assistants answered alone; returns how many answers."""
    approve(project, None)
    return project.store.withdraw(now=time.time())


def objection(project: Project, question: str) -> str:
    """Say why the assistant of a question may not annotate alone; empty where it may.

    Of what it would have answered alone, people answer a share unseen. Once `FEWEST_WRONG` of these or more, and more
    than `MARGIN`, were wrong since the approval, that ends for good.
    """
    approval = json.loads(project.store.fact(APPROVAL) or "null")
    if approval is None:
        return f"canvass judge has not approved it for {project.name}; run it with the same server, model and mask"
    if approval["question"] != question:
        return (
            "canvass judge approved another model, other guidelines or another mask; run it again with these"
        )
    recent = [answer for answer in project.store.answers() if answer.at >= approval["at"]]
    checked = share_wrong(answer for answer in recent if is_check(answer))
    if not approval["stopped"] and checked.wrong >= FEWEST_WRONG and checked.rate > MARGIN:
        approval["stopped"] = (
            f"{checked.wrong} of {checked.n} of its answers that people checked were wrong, and {MARGIN:.0%} are "
            "allowed; canvass judge --withdraw takes all of them back"
        )
        project.store.set_fact(APPROVAL, json.dumps(approval))
    return str(approval["stopped"])
