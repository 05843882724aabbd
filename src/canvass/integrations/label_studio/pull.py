"""Annotations of Label Studio as answers of the project: read whole and checked first, then saved one by one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from canvass.annotation.exchange.answer_files import AnswerFiles
from canvass.annotation.exchange.handing_out import handed_out
from canvass.annotation.project.project import Project
from canvass.corpus.normalise import key_of
from canvass.errors import InputError, OptionError, plural
from canvass.integrations.label_studio.answers import NOBODY, Annotated, answer_of, why_of
from canvass.integrations.label_studio.client import Client
from canvass.integrations.label_studio.labelling import Labelling, read_labelling
from canvass.integrations.label_studio.link import Link, number_of, read_project
from canvass.integrations.label_studio.saving import annotations_in, keep, remember, withdraw


@dataclass(frozen=True)
class Pulled:
    """What became of the annotations of a Label Studio project.

    `answered` are new answers, `corrected` of them stand in the place of an earlier one of the same person; `repeated`
    were there already. Of all that are there, `skipped` say that somebody passed. `added` tasks were not in the project
    before. `disputed` say otherwise than another person's. `withdrawn` answers were of annotations that were deleted.

    Left out were `outdated` ones, behind a later annotation of the same person; `empty` ones, which mark nothing;
    those `in_test`; `bad` ones, with labels that the project does not know, or slots off the token borders; and
    `drafts`, which nobody has submitted. `waiting` tasks have no annotation yet; `missing` ones were pushed and are
    there no more. `new_labels` were added to the project. `said` has the first sentence of each kind of trouble.
    """

    answered: int = 0
    corrected: int = 0
    skipped: int = 0
    repeated: int = 0
    added: int = 0
    disputed: int = 0
    withdrawn: int = 0
    outdated: int = 0
    empty: int = 0
    in_test: int = 0
    bad: int = 0
    drafts: int = 0
    waiting: int = 0
    missing: int = 0
    new_labels: tuple[str, ...] = ()
    said: tuple[str, ...] = ()


@dataclass
class _Read:
    """All that was read: annotations that are answers, and what is to be told of the others."""

    annotated: list[Annotated] = field(default_factory=list)
    unusable: list[InputError] = field(default_factory=list)
    numbers: set[int] = field(default_factory=set)
    keys: set[str] = field(default_factory=set)
    drafts: int = 0
    waiting: int = 0

    def of(self, *why: str) -> list[InputError]:
        """List what could not be used for one of these reasons."""
        return [error for error in self.unusable if why_of(error) in why]


def pull(
    project: Project,
    client: Client,
    *,
    number: int | None = None,
    names: Mapping[str, str] | None = None,
    new_labels: bool = False,
    skip_bad: int = 0,
    now: float,
) -> Pulled:
    """Save the annotations of a Label Studio project as answers; the same again changes nothing.

    An annotation belongs to the task of the same text, or makes one. Nothing is saved before all were checked. Without
    a `number` the Label Studio project is the one that the folder was pushed to. `names` are those of annotators by
    e-mail, for whoever shall not be known by it. `now` is the time of the answers.

    Raises ServiceError if Label Studio cannot be reached, refuses or fails; InputError if more annotations than
    `skip_bad` are bad, which those with labels that the project does not know are without `new_labels`; OptionError if
    no project is known, or a name makes no sense.
    """
    client.release()
    store = project.store
    link = Link.of(store)
    number = number_of(link, client.url, number)
    if number is None:
        raise OptionError(
            "nothing of this project was pushed yet, so there is nothing to pull; push first, or give --project N"
        )
    remote = read_project(client, number)
    where = f"project {number} of {client.url}: the labelling configuration"
    labelling = read_labelling(remote.need("label_config").string(), where)
    users = client.users()
    known = AnswerFiles(project, NOBODY, new_labels=new_labels)
    # Before they are read there: what a webhook brings meanwhile must not look like one that was deleted.
    before = annotations_in(store, number)
    read = _read(client, number, labelling, known)
    bad = read.of("labels", "malformed")
    if len(bad) > skip_bad:
        raise _refusal(read, skip_bad)
    remember(store, users, names or {})
    for kind, name in known.rule.added:
        store.add_label(kind, name, "", NOBODY, now)
    kept = keep(store, read.annotated, now=now)
    gone = withdraw(store, number, before - read.numbers, now=now)
    said = [str(errors[0]) for why in ("empty", "in test") if (errors := read.of(why))]
    return Pulled(
        **{
            name: getattr(kept, name)
            for name in ("answered", "corrected", "repeated", "added", "disputed", "outdated")
        },
        skipped=sum(annotated.given.answer.kind == "skip" for annotated in read.annotated),
        withdrawn=gone.withdrawn,
        empty=len(read.of("empty")),
        in_test=len(read.of("in test")),
        bad=len(bad),
        drafts=read.drafts,
        waiting=read.waiting,
        missing=sum(
            task.id in link.tasks and task.key not in read.keys for task in handed_out(project).tasks
        ),
        new_labels=tuple(name for _, name in known.rule.added),
        said=(*said, *map(str, bad[:1])),
    )


def _read(client: Client, number: int, labelling: Labelling, known: AnswerFiles) -> _Read:
    """Read all annotations; what was not submitted is counted and left alone."""
    read = _Read()
    for task in client.tasks(number):
        content = task.content
        annotations = task.need("annotations").items()
        drafts = task.get("drafts")
        read.drafts += 0 if drafts is None else len(drafts.items())
        read.waiting += not annotations
        text = task.need("data").content_of(labelling.field)
        if isinstance(text, str):
            read.keys.add(key_of(text))
        for annotation in annotations:
            identity = annotation.need("id").integer()
            if identity in read.numbers:  # pages move while somebody deletes tasks
                continue
            read.numbers.add(identity)
            try:
                read.annotated.append(answer_of(annotation.content, content, labelling, known))
            except InputError as error:
                read.unusable.append(error)
    return read


def _refusal(read: _Read, skip_bad: int) -> InputError:
    labels, others = read.of("labels"), read.of("malformed")
    if labels:
        more = f" ({len(others)} more cannot be read)" if others else ""
        return InputError(
            f"{plural(len(labels), 'annotation has', 'annotations have')} labels that the project does not know{more}, "
            f"and nothing was saved; the first: {labels[0]}"
        )
    return InputError(
        f"{plural(len(others), 'annotation')} cannot be read, and nothing was saved; mend it there, or leave out so "
        f"many with --skip-bad (it is {skip_bad}); the first: {others[0]}"
    )
