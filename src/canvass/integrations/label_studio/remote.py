"""The tasks of a Label Studio project as a push sees them: by key, with the versions of their predictions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from canvass.corpus.normalise import key_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from canvass.integrations.label_studio.client import Client


@dataclass(frozen=True)
class RemoteTask:
    """A task there: its number, data, whether enough people annotated it, and which models predicted it."""

    number: int
    data: Mapping[str, Any] = field(repr=False)
    done: bool
    versions: frozenset[str]


@dataclass(frozen=True)
class RemoteTasks:
    """All tasks of a project by the key of their text, the oldest of each; `twice` counts the others."""

    by_key: Mapping[str, RemoteTask]
    twice: int = 0


def remote_tasks(client: Client, project: int, text_field: str) -> RemoteTasks:
    """Read the tasks of a project; those without a text are nobody's business here.

    Raises
    ------
    ServiceError, InputError
        As the client does.

    """
    by_key: dict[str, RemoteTask] = {}
    seen: set[int] = set()
    twice = 0
    for task in client.tasks(project):
        number = task.need("id").integer()
        data = task.need("data").content
        text = data.get(text_field) if isinstance(data, dict) else None
        if number in seen or not isinstance(text, str):  # pages move while somebody deletes tasks
            continue
        seen.add(number)
        remote = RemoteTask(
            number,
            data,
            task.content_of("is_labeled") is True,
            frozenset(str(each.content_of("model_version")) for each in task.need("predictions").items()),
        )
        before = by_key.setdefault(key_of(text), remote)
        if before is not remote:
            twice += 1
            if number < before.number:
                by_key[key_of(text)] = remote
    return RemoteTasks(by_key, twice)
