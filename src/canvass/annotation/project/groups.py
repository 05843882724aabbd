"""Groups of `canvass discover` in a project, for its leads: to be named as an intent, merged, split, or refused.

They are one fact of the store. A group is known by its first text, the most typical one, which no other has. What is
refused stays there, and later discoveries leave out what is like it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pyarrow as pa

from canvass.annotation.project.project import Project
from canvass.annotation.store.records import NewTask
from canvass.corpus.normalise import key_of, keys
from canvass.errors import OptionError, shown
from canvass.features.extraction import compact, feature_matrix
from canvass.seeding import hash64
from canvass.selection.clustering import telling_terms, terms_of
from canvass.selection.discovery import Discovery

GROUPS, REFUSED = "groups", "refused groups"  # facts of the store
BITS = 18
MOST_TEXTS = 200  # of a group
QUEUED = 30  # requests of a named group that are annotated next


@dataclass(frozen=True)
class StoredGroup:
    """A group: its telling words, its traffic, and its requests, the most typical first."""

    name: str
    requests: int
    texts: tuple[str, ...]


def groups_of(project: Project) -> list[StoredGroup]:
    """Recall the groups that nobody has decided on."""
    stored = json.loads(project.store.fact(GROUPS) or "[]")
    return [StoredGroup(**record | {"texts": tuple(record["texts"])}) for record in stored]


def refused_texts(project: Project) -> list[str]:
    """Recall the requests of refused groups."""
    return list(json.loads(project.store.fact(REFUSED) or "[]"))


def send_groups(project: Project, discovery: Discovery) -> None:
    """Put the groups of a discovery into the place of those that nobody has decided on."""
    _write(
        project,
        [
            StoredGroup(_named(group.name, group.sampled), group.requests, group.sampled[:MOST_TEXTS])
            for group in discovery.groups
        ],
    )


def name_group(project: Project, first: str, intent: str, add_intent: Callable[[], object]) -> None:
    """Make an intent of a group, by `add_intent` where it is new, and queue its most typical requests.

    Raises OptionError if there is no such group, or the project takes one intent alone.
    """
    if project.target.kind == "intent":
        raise OptionError(
            f"this project is of {project.target} alone; begin one of {shown(intent)} with canvass new --seed-phrases "
            "FILE:N"
        )
    group = _find(groups_of(project), first)
    add_intent()
    project.store.add(
        [
            NewTask(key_of(text), text, f"{hash64(key_of(text).encode()):016x}", 1, "imported", 0.0)
            for text in group.texts[:QUEUED]
        ]
    )
    _replace(project, [group], [])


def merge_groups(project: Project, first: str, into: str) -> None:
    """Add the requests of a group to another; raises OptionError where one is missing, or both are the same."""
    groups = groups_of(project)
    group, other = _find(groups, first), _find(groups, into)
    if group is other:
        raise OptionError("a group cannot be merged into itself; choose another")
    texts = (*other.texts, *group.texts)
    _replace(project, [other, group], [StoredGroup(other.name, other.requests + group.requests, texts)])


def split_group(project: Project, first: str) -> None:
    """Cut a group in two by k-means of its n-grams; traffic is shared out as texts are.

    Raises OptionError if there is no such group, or its requests are too few or too alike.
    """
    from sklearn.cluster import KMeans

    group = _find(groups_of(project), first)
    if len({frozenset(terms_of(text)) for text in group.texts}) < 2:  # noqa: PLR2004
        raise OptionError("the requests of this group are too few or too alike to be split")
    matrix = feature_matrix(keys(pa.array(group.texts, pa.string())), bits=BITS)
    compact(matrix)
    places = KMeans(2, n_init=10, random_state=0).fit_predict(matrix)
    parts = [[group.texts[row] for row in np.flatnonzero(places == part)] for part in np.unique(places)]
    parts.sort(key=lambda part: part[0] != first)
    terms = [[terms_of(text) for text in part] for part in parts]
    seen = Counter(term for part in terms for some in part for term in some)
    _replace(
        project,
        [group],
        [
            StoredGroup(
                _named(telling_terms(terms_of_part, seen, len(group.texts)), part),
                round(group.requests * len(part) / len(group.texts)),
                tuple(part),
            )
            for part, terms_of_part in zip(parts, terms, strict=True)
        ],
    )


def refuse_group(project: Project, first: str) -> None:
    """Take a group out for good, with what is like it; raises OptionError if there is no such group."""
    group = _find(groups_of(project), first)
    refused = {*refused_texts(project), *group.texts}
    project.store.set_fact(REFUSED, json.dumps(sorted(refused), ensure_ascii=False))
    _replace(project, [group], [])


def _named(terms: Sequence[str], texts: Sequence[str]) -> str:
    return ", ".join(terms) or texts[0]


def _find(groups: Sequence[StoredGroup], first: str) -> StoredGroup:
    for group in groups:
        if group.texts[0] == first:
            return group
    raise OptionError("this group is not there any more; somebody has decided on it, or discovered anew")


def _replace(project: Project, old: Sequence[StoredGroup], new: Sequence[StoredGroup]) -> None:
    """Put groups into the place of the first of others."""
    groups: list[StoredGroup] = []
    for group in groups_of(project):
        groups += new if group == old[0] else [] if group in old else [group]
    _write(project, groups)


def _write(project: Project, groups: Sequence[StoredGroup]) -> None:
    project.store.set_fact(GROUPS, json.dumps([asdict(group) for group in groups], ensure_ascii=False))
