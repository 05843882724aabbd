"""Annotations of Label Studio into the store of a project: each once, corrections over what they correct, deletions.

Whoever calls has read them with `canvass.integrations.label_studio.answers`. The same annotation again changes
nothing, whichever way it came. The answers of a user are kept under the e-mail, or under the name that somebody says.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from canvass.annotation.exchange.answer_files import moved
from canvass.annotation.exchange.importing import check_annotator, save_over, standing_answer, tasks_of
from canvass.annotation.store.records import NewAnswer, Task
from canvass.annotation.store.task_store import Store
from canvass.corpus.formats.column_names import listed
from canvass.corpus.formats.located import Value
from canvass.errors import OptionError, shown
from canvass.integrations.label_studio.answers import Annotated, annotation_name, annotator_name

NAME = "label studio people"
DELETED = "deleted in Label Studio"


@dataclass(frozen=True)
class Kept:
    """What became of annotations.

    `answered` are new answers, `corrected` of them stand in the place of an earlier one of the same person; `repeated`
    were there already; `outdated` stand behind a later annotation of the same person and text; `deleted` came after
    the news that they had been deleted. `added` tasks were not in the project before; `disputed` say otherwise than
    another person's. `withdrawn` answers were of annotations that are no more.
    """

    answered: int = 0
    corrected: int = 0
    repeated: int = 0
    outdated: int = 0
    deleted: int = 0
    added: int = 0
    disputed: int = 0
    withdrawn: int = 0

    @property
    def changed(self) -> int:
        """How many answers are new or gone."""
        return self.answered + self.withdrawn


def keep(store: Store, annotations: Sequence[Annotated], *, now: float) -> Kept:
    """Save annotations as answers; of several by one person on one text, the one that was changed last.

    Raises StoreError if the disk is full or fails; what was saved before stays, and the same call goes on from there;
    InputError if a slot has no place in the task's own spelling of the text.
    """
    latest: dict[tuple[str, str], Annotated] = {}
    names = names_of(store)
    for each in annotations:
        said = each.given.answer
        said = replace(said, annotator=names.get(said.annotator, said.annotator))
        annotated = replace(each, given=replace(each.given, answer=said))
        place = said.annotator, annotated.given.key
        before = latest.get(place)
        if before is None or before.name == annotated.name or before.moment <= annotated.moment:
            latest[place] = annotated
    by_annotator: defaultdict[str, list[Annotated]] = defaultdict(list)
    for (annotator, _), annotated in latest.items():
        by_annotator[annotator].append(annotated)
    counts = Counter(outdated=len({annotated.name for annotated in annotations}) - len(latest))
    for annotator, some in by_annotator.items():
        counts["added"] += sum(store.task_of_key(annotated.given.key) is None for annotated in some)
        tasks = tasks_of(store, [annotated.given for annotated in some], annotator, now)
        for annotated in some:
            counts.update(_keep_one(store, annotated, tasks[annotated.given.key], now))
    return Kept(**counts)


def _keep_one(store: Store, annotated: Annotated, task: Task, now: float) -> list[str]:
    answers = store.answers_of(task.id)
    if any(before.id == _deleted_id(annotated.name) for before in answers):
        return ["deleted"]
    said, text = annotated.given.answer, annotated.given.utterance.text
    if task.text != text and said.slots:
        # Another text of the same key became the task meanwhile.
        said = replace(
            said, slots=tuple(moved(slot, text, task.text, annotated.given.where) for slot in said.slots)
        )
    before = standing_answer(answers, said.annotator)
    if before is not None and before.said == said.said and before.id.startswith(f"{annotated.name}-"):
        return ["repeated"]
    saved = save_over(store, task, said, before, prefix=annotated.name, now=now)
    if saved.repeated:
        return ["repeated"]
    return ["answered", *["corrected"] * (before is not None), *["disputed"] * (saved.state == "disputed")]


def annotations_in(store: Store, project: int) -> set[int]:
    """List the annotations of a Label Studio project, by number, whose answers stand."""
    prefix = annotation_name(project, 0).removesuffix("0")
    numbers = (
        answer.id.removeprefix(prefix).partition("-")
        for answer in store.answers()
        if answer.id.startswith(prefix)
    )
    return {int(number) for number, _, rest in numbers if number.isdecimal() and rest != "deleted"}


def withdraw(store: Store, project: int, annotations: Iterable[int], *, now: float) -> Kept:
    """Take back the answers of annotations that were deleted in Label Studio.

    Each becomes a skip of the same person, which is kept beside the old answer: nothing is learned from the text until
    somebody annotates it again. An annotation that is not known, or whose answer was corrected since, changes nothing.
    """
    names = {annotation_name(project, number) for number in annotations}
    count = 0
    for answer in store.answers():
        name = "-".join(answer.id.split("-")[:4])
        if name not in names or answer.id == _deleted_id(name):
            continue
        skip = NewAnswer(
            _deleted_id(name), answer.task, answer.annotator, "skip", note=DELETED, replaces=answer.id
        )
        count += not store.save(skip, now=now).repeated
    return Kept(withdrawn=count)


def _deleted_id(name: str) -> str:
    return f"{name}-deleted"


def names_of(store: Store) -> dict[str, str]:
    """Map the names that annotations have, such as label-studio-3, to those that their answers are kept under."""
    return dict(json.loads(store.fact(NAME) or "{}"))


def parsed(words: Iterable[str]) -> dict[str, str]:
    """Read words such as ana@example.org=ana; raises OptionError.

    >>> parsed(["ana@example.org=ana"])
    {'ana@example.org': 'ana'}
    """
    names = {}
    for pair in words:
        email, mark, name = pair.partition("=")
        if not mark or not email.strip():
            raise OptionError(f"--annotator {shown(pair)}: expected EMAIL=NAME, such as ana@example.org=ana")
        check_annotator(name)
        names[email.strip()] = name.strip()
    return names


def remember(store: Store, users: Sequence[Value], wanted: Mapping[str, str]) -> None:
    """Write down a name for each user who has none: the one that is wanted for the e-mail, or else the e-mail.

    Whose answers came in before anyone knew the e-mail (a webhook has only a number) keeps the name that they have.

    Raises OptionError if a wanted name is for nobody, for somebody whose answers are kept under another, or for two.
    """
    known = names_of(store)
    emails = {str(user.need("email").content): annotator_name(user.content) for user in users}
    strangers = sorted(set(wanted) - set(emails))
    if strangers:
        raise OptionError(
            f"--annotator {strangers[0]}: nobody in Label Studio has this e-mail (there are {listed(sorted(emails))})"
        )
    used = {answer.annotator for answer in store.answers(current_only=False)}
    names = dict(known)
    for email, person in emails.items():
        before = known.get(person, person if person in used else None)
        name = wanted.get(email)
        if name is not None and before not in {None, name} and before in used:
            raise OptionError(
                f"--annotator {email}={name}: this person's answers are kept under {before!r} already; leave it out"
            )
        names[person] = name or before or _name(email, person)
    shared = next((name for name in wanted.values() if list(names.values()).count(name) > 1), None)
    if shared is not None:
        raise OptionError(
            f"--annotator ...={shared}: another person has this name; answers of two would be taken for one's"
        )
    if names != known:
        store.set_fact(NAME, json.dumps(names))


def _name(email: str, person: str) -> str:
    """Take the e-mail for a name, or the number where it cannot be one."""
    try:
        check_annotator(email)
    except OptionError:
        return person
    return email
