"""Under which names the answers of Label Studio's users are kept: by e-mail, or as somebody says."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from canvass.annotation.exchange.importing import check_annotator
from canvass.annotation.store.task_store import Store
from canvass.corpus.formats.column_names import listed
from canvass.corpus.formats.located import Value
from canvass.errors import OptionError, shown
from canvass.integrations.label_studio.answers import Annotated, annotator_name

NAME = "label studio people"


def names_of(store: Store) -> dict[str, str]:
    """Map the names that annotations have, such as label-studio-3, to those that their answers are kept under."""
    return dict(json.loads(store.fact(NAME) or "{}"))


def named(annotated: Annotated, names: Mapping[str, str]) -> Annotated:
    """Put the name that a person's answers are kept under into an annotation."""
    given = annotated.given
    name = names.get(given.answer.annotator, given.answer.annotator)
    return replace(annotated, given=replace(given, answer=replace(given.answer, annotator=name)))


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
