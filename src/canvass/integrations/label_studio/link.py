"""Which Label Studio project belongs to a project folder, what was pushed there, and what a push is about to do."""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass, fields, replace
from typing import TYPE_CHECKING, Any

from canvass.errors import OptionError, StoreError

if TYPE_CHECKING:
    from canvass.annotation.store.task_store import Store

NAME = "label studio"
MARK_BYTES = 6


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
            return cls(**{attribute.name: _frozen(document[attribute.name]) for attribute in fields(cls)})
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


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
