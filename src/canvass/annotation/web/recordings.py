"""The recordings of requests: which file or address the page may play, and what it is told where there is none.

A page names a task and never a path, so that no request leads to another file; and what the pool names is served only
if it is an audio file within the folder of the project, or of its pool, wherever its links lead.
"""

from __future__ import annotations

import contextlib
import logging
import re
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

from canvass.annotation.project.project import Project
from canvass.annotation.store.records import Task
from canvass.annotation.web.problems import Problem

AUDIO_TYPES = {
    ".aac": "audio/aac",
    ".flac": "audio/flac",
    ".m4a": "audio/mp4",
    ".mp3": "audio/mpeg",
    ".oga": "audio/ogg",
    ".ogg": "audio/ogg",
    ".opus": "audio/ogg",
    ".wav": "audio/wav",
    ".webm": "audio/webm",
}
REMOTE = re.compile(r"https?://", re.IGNORECASE)
PATTERN = re.compile(r"[*?\[]")  # what makes a name of the pool a glob

logger = logging.getLogger(__name__)


class Recordings:
    """The recordings of a project, by the column of its pool that names them."""

    def __init__(self, project: Project) -> None:
        self._column = project.settings.columns.audio
        self._addresses = project.settings.page.audio_addresses
        pools = {_folder_of(project.folder / name) for name in project.settings.project.pool}
        self._folders = [folder.resolve() for folder in (project.folder, *sorted(pools))]
        self._told = False

    def shape(self, task: Task) -> dict[str, str] | None:
        """Write where the page finds the recording of a task, or why it may not play it; None without one."""
        named = self._name(task)
        if named is None:
            return None
        if not REMOTE.match(named):
            return {"source": f"api/tasks/{task.id}/audio"}
        server = "://".join(urlsplit(named)[:2]).lower()
        if server in self._addresses:
            return {"source": named}
        return {
            "problem": f"The recording is at {server}, which audio_addresses in canvass.toml does not name."
        }

    def find(self, task: Task) -> Path:
        """Find the file of a task's recording, or say that there is none that is served (404)."""
        named = self._name(task)
        if named is None or REMOTE.match(named):
            raise Problem(f"task {task.id} has no recording in a file", HTTPStatus.NOT_FOUND)
        for folder in self._folders:
            with contextlib.suppress(OSError):  # such as a name that is too long
                path = (folder / named).resolve()
                is_ours = any(map(path.is_relative_to, self._folders))
                if path.suffix.lower() in AUDIO_TYPES and is_ours and path.is_file():
                    return path
        if not self._told:
            self._told = True
            logger.warning(
                "the recording %r of task %d is not there; expected %s in %s (said once)",
                named,
                task.id,
                ", ".join(AUDIO_TYPES),
                " or ".join(map(str, self._folders)),
            )
        raise Problem(
            f"the recording {named[:100]!r} is not there, or is no audio file", HTTPStatus.NOT_FOUND
        )

    def _name(self, task: Task) -> str | None:
        named = task.others.get(self._column)
        return named if isinstance(named, str) and "\0" not in named else None


def _folder_of(pool: Path) -> Path:
    """Give the folder of a file, folder or glob of the pool."""
    parts = pool.parts
    first = next((place for place, part in enumerate(parts) if PATTERN.search(part)), None)
    if first is not None:
        return Path(*parts[:first])
    return pool if pool.is_dir() else pool.parent
