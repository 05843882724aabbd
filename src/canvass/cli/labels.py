"""`canvass labels`: the intents and slot labels of a project; one is renamed, merged into another, or deleted."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from canvass.cli import options, terminal
from canvass.cli.projects import ProjectFolder, open_project
from canvass.errors import OptionError, nearest, shown

if TYPE_CHECKING:
    from canvass.annotation.project.labels import LabelUse
    from canvass.annotation.project.project import Project
    from canvass.annotation.store.label_names import LabelKind

ACTIONS = {
    "list": "",
    "rename": "the label and its new name",
    "merge": "the label, and the one that it becomes",
    "delete": "the label",
}


def command(
    folder: ProjectFolder,
    action: Annotated[str, typer.Argument(metavar="[list|rename|merge|delete]", help="What to do.")] = "list",
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME [NAME]]",
            help="The label, and for rename its new name, for merge the label that it becomes.",
        ),
    ] = None,
    *,
    kind: Annotated[
        str | None,
        typer.Option(metavar="K", help="The name is that of an intent or of a slot, where there are both."),
    ] = None,
    as_json: options.JsonOption = False,
) -> None:
    """List the intents and slot labels of a project, or rename, merge or delete one, also while people annotate.

    Every answer stays as it was given, and is read under the new name. The page shows it at once, and the next round
    trains with it. Requests of a deleted intent are left out, and their answers count as passed over.
    """
    from canvass.annotation.project.labels import label_uses

    names = names or []
    if action not in ACTIONS:
        raise OptionError(
            f"{shown(action)} is no action{nearest(action, list(ACTIONS))} (there are {', '.join(ACTIONS)})"
        )
    if len(names) != {"list": 0, "delete": 1}.get(action, 2):
        raise OptionError(f"{action} takes {ACTIONS[action] or 'no name'}, and {len(names)} names were given")
    if kind not in (None, "intent", "slot"):
        raise OptionError(f"--kind {shown(kind)} is none; write intent or slot")
    with open_project(folder) as project:
        if action != "list":
            terminal.say(_change(project, action, names, kind))
        elif as_json:
            terminal.print_json([asdict(use) for use in label_uses(project)])
        else:
            _show(label_uses(project))


def _change(project: Project, action: str, names: list[str], kind: str | None) -> str:
    """Change a label; gives a sentence on what it was used for."""
    from canvass.annotation.project.labels import delete_label, merge_label, rename_label
    from canvass.annotation.store.label_names import KINDS

    name, now = names[0], time.time()
    chosen = _kind_of(project, name, kind)
    if action == "rename":
        use = rename_label(project, chosen, name, names[1], now=now)
        done = f"is called {shown(names[1])} now"
    elif action == "merge":
        use = merge_label(project, chosen, name, names[1], now=now)
        done = f"is one with {shown(names[1])} now"
    else:
        use = delete_label(project, chosen, name, now=now)
        done = "is deleted" if chosen == "slot" else "is deleted, and its requests are left out"
    return (
        f"the {KINDS[chosen]} {shown(name)} {done}: {use.labelled} labelled requests, {use.test} of the test set and "
        f"{use.answers} answers had it; models follow at the next round"
    )


def _kind_of(project: Project, name: str, kind: str | None) -> LabelKind:
    """Tell what a name is of: an intent unless only a slot label has it; raises OptionError where both do."""
    if kind is not None:
        return "intent" if kind == "intent" else "slot"
    is_intent = any(guide.name == name for guide in project.intents())
    is_slot = any(guide.name == name for guide in project.slots())
    if is_intent and is_slot:
        raise OptionError(f"an intent and a slot label are called {shown(name)}; say which with --kind")
    return "slot" if is_slot else "intent"


def _show(uses: list[LabelUse]) -> None:
    count = "{:,}".format if terminal.interactive() else str
    rows = [
        (use.kind, use.name, *map(count, (use.labelled, use.test, use.answers)), ", ".join(use.retired))
        for use in uses
    ]
    numbers = ("labelled", "test", "answers")
    terminal.show_rows(("kind", "name", *numbers, "names before"), rows, right=numbers)
