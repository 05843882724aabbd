"""The labels of a project: how often each is used, and how one is renamed, merged into another, or deleted.

Files and answers keep the names that they were written with (`canvass.annotation.store.label_names`); only canvass.toml
is edited. A server that is running reads today's names at once, and its next round trains with them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from canvass.annotation.project.annotations import label_counts
from canvass.annotation.project.answer_rule import LONGEST_NAME
from canvass.annotation.project.creation import SETTINGS
from canvass.annotation.project.project import Project
from canvass.annotation.project.settings_file import read_settings, rewrite_guide
from canvass.annotation.store.label_names import KINDS, LabelKind, refuse_retired
from canvass.corpus.formats.column_names import listed
from canvass.errors import OptionError, nearest, shown
from canvass.types import Utterance


@dataclass(frozen=True)
class LabelUse:
    """A label, and how many requests have it: in the labelled set, the test set, and the answers that count.

    `retired` are names that it had before, or that were merged into it.
    """

    kind: LabelKind
    name: str
    labelled: int
    test: int
    answers: int
    retired: tuple[str, ...]


def label_uses(project: Project) -> list[LabelUse]:
    """List the labels that annotators choose from, intents first."""
    target, names = project.target, project.store.names()
    labelled, test, answers = (label_counts(filter(target.matches, part)) for part in _parts(project))
    return [
        LabelUse(
            kind,
            guide.name,
            labelled[kind, guide.name],
            test[kind, guide.name],
            answers[kind, guide.name],
            tuple(sorted(old for old, new in names.of(kind).items() if new == guide.name)),
        )
        for kind in KINDS
        for guide in project.guides(kind)
    ]


def rename_label(project: Project, kind: LabelKind, name: str, new: str, *, now: float) -> LabelUse:
    """Give a label another name, which none has; returns the use of it.

    Raises OptionError if there is no such label, or the new name is in use or cannot be a name, and InputError if
    another label had the new name before.
    """
    _check(project, kind, name)
    if new in {guide.name for guide in project.guides(kind)}:
        raise OptionError(f"there is a {KINDS[kind]} {shown(new)} already; use merge to make one of the two")
    if kind == "intent" and new in project.given.intents:
        raise OptionError(
            f"the intent {shown(new)} is there already, and does not belong to {project.target}; choose another name"
        )
    if not 1 <= len(new) <= LONGEST_NAME or new != " ".join(new.split()) or not new.isprintable():
        raise OptionError(
            f"{shown(new)} cannot be the name of a label: it has 1 to {LONGEST_NAME} printable characters, and single "
            "blanks"
        )
    if project.store.names().of(kind).get(new) != name:  # a name that it had before is taken up again
        refuse_retired(project.store.names(), kind, new)
    return _retire(project, kind, name, new, now)


def merge_label(project: Project, kind: LabelKind, name: str, into: str, *, now: float) -> LabelUse:
    """Make two labels one: what has the first has the second from now on; returns the use of the first before.

    Raises OptionError if there is no such label.
    """
    _check(project, kind, name)
    _check(project, kind, into)
    if name == into:
        raise OptionError(f"{shown(name)} cannot be merged into itself; name two labels")
    return _retire(project, kind, name, into, now)


def delete_label(project: Project, kind: LabelKind, name: str, *, now: float) -> LabelUse:
    """Take a label out; returns what its use was.

    Slots with it are no slots any more. Requests of an intent that is gone are left out of training and of the test
    set, and answers that named it count as passed over.

    Raises OptionError if there is no such label, or no request of the target would be left to train on, or to count
    errors on.
    """
    _check(project, kind, name)
    if kind == "intent":
        target = project.target
        advice = "merge it into another" if len(project.intents()) > 1 else "begin another with canvass new"
        for words, part in zip(("train on", "count errors on"), _parts(project), strict=False):
            left = (utterance for utterance in part if target.matches(utterance) and utterance.intent != name)
            if next(left, None) is None:
                raise OptionError(
                    f"without the intent {shown(name)} no annotated request of {target} would be left to {words}; "
                    f"{advice} instead"
                )
    return _retire(project, kind, name, None, now)


def _retire(project: Project, kind: LabelKind, name: str, became: str | None, now: float) -> LabelUse:
    use = next(use for use in label_uses(project) if (use.kind, use.name) == (kind, name))
    before = project.store.names().of(kind)
    project.store.retire(kind, name, became, now=now)
    path = project.folder / SETTINGS
    guides = read_settings(path).guides(kind)
    renamed = became not in {guide.name for guide in guides}
    for guide in guides:
        if before.get(guide.name, guide.name) == name:
            new = replace(guide, name=became) if became is not None and renamed else None
            rewrite_guide(path, kind, guide.name, new)
    return use


def _check(project: Project, kind: LabelKind, name: str) -> None:
    """Refuse a label that annotators cannot choose."""
    known = [guide.name for guide in project.guides(kind)]
    if name not in known:
        raise OptionError(
            f"there is no {KINDS[kind]} {shown(name)}{nearest(name, known)} (there are {listed(known)})"
        )


def _parts(project: Project) -> tuple[Sequence[Utterance], Sequence[Utterance], Sequence[Utterance]]:
    return project.labelled, project.test, project.answered()
