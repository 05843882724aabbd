"""The Label Studio project of a project folder: which it is, what was pushed there, how a push finds or makes it."""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass, fields, replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from canvass.annotation.store.task_store import Store
from canvass.corpus.formats.located import Value
from canvass.errors import OptionError, ServiceError, StoreError
from canvass.integrations.label_studio.labelling import (
    Labelling,
    Wanted,
    completed,
    labelling_config,
    read_labelling,
)

if TYPE_CHECKING:
    from canvass.integrations.label_studio.client import Client

NAME = "label studio"
MARK_BYTES = 6
LONGEST_TITLE, SHORTEST_TITLE = 50, 3  # characters that Label Studio allows
SAMPLING = "Uncertainty sampling"


@dataclass(frozen=True)
class Link:
    """A Label Studio project in the eyes of a folder; a small fact of its store.

    `url` and `project` say where it is, None before it was made. `mark` is in its description, so that one that was
    made by a push that did not live to write down its number is found again. `tasks` were pushed, by their numbers
    here. Of a push that is under way, or was interrupted: `held` are the tasks that were handed out before it chose,
    None unless it is choosing; `batch` is what it chose, in round `round`, and has not finished sending.
    """

    url: str | None = None
    project: int | None = None
    mark: str = ""
    tasks: tuple[int, ...] = ()
    held: tuple[int, ...] | None = None
    batch: tuple[int, ...] = ()
    round: int = 0

    @classmethod
    def of(cls, store: Store) -> Link:
        """Read the link of a store; a new one, where nothing was pushed yet, is written down with its mark."""
        text = store.fact(NAME)
        if text is None:
            return cls(mark=_new_mark()).kept(store)
        try:
            document: dict[str, Any] = json.loads(text)
            stored = {attribute.name: document[attribute.name] for attribute in fields(cls)}
            lists = {name: tuple(value) for name, value in stored.items() if isinstance(value, list)}
            return cls(**stored | lists)
        except (ValueError, KeyError, TypeError) as error:
            raise StoreError(
                f"{store.path}: what it says of Label Studio cannot be read; restore a backup, or use the canvass that "
                "wrote it"
            ) from error

    def kept(self, store: Store) -> Link:
        """Write the link down."""
        store.set_fact(NAME, json.dumps(asdict(self)))
        return self

    def at(self, url: str, project: int) -> Link:
        """Point to a project of Label Studio; if that is another than before, what waited there goes there, too."""
        link = self if self.project in {None, project} else self.elsewhere()
        return replace(link, url=url, project=project)

    def elsewhere(self) -> Link:
        """Leave the project there; what was pushed, and waits for an answer, is to be sent again."""
        batch = tuple(sorted({*self.batch, *self.tasks}))
        return replace(self, url=None, project=None, mark=_new_mark(), tasks=(), batch=batch)


def _new_mark() -> str:
    return secrets.token_hex(MARK_BYTES)


def address_of(link: Link, url: str | None) -> str:
    """Choose the address of the server: the one that was given, or else the remembered one; raises OptionError."""
    if url is not None:
        return url
    if link.url is None:
        raise OptionError(
            "--url is missing, and nothing of this project was pushed yet; give the address of Label Studio, such as "
            "http://localhost:8080"
        )
    return link.url


def number_of(link: Link, url: str, project: int | None) -> int | None:
    """Choose the number of the Label Studio project; None where there is none yet.

    Raises OptionError if the remembered one is at another address: the same server under another name, or another
    server.
    """
    if project is not None:
        return project
    if link.project is not None and link.url != url:
        raise OptionError(
            f"this project belongs to project {link.project} of {link.url}; give --project {link.project} if that is "
            f"the same at {url}, the number of another one there, or leave out --url"
        )
    return link.project


@dataclass(frozen=True)
class Place:
    """A project of Label Studio that offers every label: its number, its labelling configuration, as text and as read.

    `created` is whether it was made just now; `added` are the labels that its configuration did not offer before.
    """

    number: int
    config: str
    labelling: Labelling
    created: bool = False
    added: tuple[str, ...] = ()


def find_place(client: Client, link: Link, number: int | None, wanted: Wanted, title: str) -> Place:
    """Find the project of a push, or make it, and see to it that its configuration offers every label.

    Raises ServiceError if there is none of this number, or Label Studio refuses, InputError if its configuration has
    another shape than answers can be read from, and OptionError if the remembered one is at another address.
    """
    number = number_of(link, client.url, number)
    project = read_project(client, number) if number is not None else _made_before(client, link)
    created = project is None
    if project is None:
        project = client.create_project(
            {
                "title": title[:LONGEST_TITLE].ljust(SHORTEST_TITLE, "."),
                "description": f"Made by canvass label-studio push ({link.mark}).",
                "label_config": labelling_config(wanted),
                "sampling": SAMPLING,
            }
        )
    number = project.need("id").integer()
    config = project.need("label_config").string()
    where = f"project {number} of {client.url}: the labelling configuration"
    config, added = completed(config, wanted, where)
    if added:
        client.change_project(number, {"label_config": config})
    return Place(number, config, read_labelling(config, where), created, added)


def read_project(client: Client, number: int) -> Value:
    """Read a project; raises ServiceError with a sentence where there is none of this number."""
    try:
        return client.project(number)
    except ServiceError as error:
        if error.status != HTTPStatus.NOT_FOUND:
            raise
        raise ServiceError(
            f"{client.url}: there is no project {number} that this account may see; name another with --project, or "
            "make a new one with canvass label-studio push --new-project",
            HTTPStatus.NOT_FOUND,
        ) from None


def _made_before(client: Client, link: Link) -> Value | None:
    """Find the project that a push made, and was interrupted before it wrote down the number."""
    mark = f"({link.mark})"
    return next(
        (project for project in client.projects() if mark in str(project.content_of("description") or "")),
        None,
    )
