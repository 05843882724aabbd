"""The Label Studio project that a push goes to: the one that was named, the remembered one, or a new one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from canvass.errors import ServiceError
from canvass.integrations.label_studio.client import NOT_FOUND
from canvass.integrations.label_studio.labelling import Labelling, completed, labelling_config, read_labelling
from canvass.integrations.label_studio.link import number_of

if TYPE_CHECKING:
    from canvass.corpus.formats.located import Value
    from canvass.integrations.label_studio.client import Client
    from canvass.integrations.label_studio.labelling import Wanted
    from canvass.integrations.label_studio.link import Link

LONGEST_TITLE, SHORTEST_TITLE = 50, 3  # characters that Label Studio allows
SAMPLING = "Uncertainty sampling"


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

    Raises
    ------
    ServiceError
        If there is none of this number, or Label Studio refuses.
    InputError
        If its configuration has another shape than answers can be read from.
    OptionError
        If the remembered one is at another address.

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
    complete = completed(config, wanted, where)
    if complete.added:
        client.change_project(number, {"label_config": complete.config})
    return Place(number, complete.config, read_labelling(complete.config, where), created, complete.added)


def read_project(client: Client, number: int) -> Value:
    """Read a project; raises ServiceError with a sentence where there is none of this number."""
    try:
        return client.project(number)
    except ServiceError as error:
        if error.status != NOT_FOUND:
            raise
        raise ServiceError(
            f"{client.url}: there is no project {number} that this account may see; name another with --project, or "
            "make a new one with canvass label-studio push --new-project",
            NOT_FOUND,
        ) from None


def _made_before(client: Client, link: Link) -> Value | None:
    """Find the project that a push made, and was interrupted before it wrote down the number."""
    mark = f"({link.mark})"
    return next(
        (project for project in client.projects() if mark in str(project.content_of("description") or "")),
        None,
    )
