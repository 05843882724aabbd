"""A copy of a project while it is in use: the answers alone, or all that the folder holds."""

from __future__ import annotations

import tempfile
import zipfile
from pathlib import Path

from canvass.annotation.project.creation import DATABASE, LABELLED, SETTINGS, TEST, WORDS
from canvass.annotation.project.project import Project
from canvass.errors import FileError, OptionError
from canvass.files import check_output, private, whole_file

BACKUPS, KEPT = "backups", 10
DATABASES, ARCHIVE = (".db", ".sqlite", ".sqlite3"), ".zip"
# No clock in an archive: same project, same bytes (but for what SQLite does inside its file).
DATE = (1980, 1, 1, 0, 0, 0)


def back_up(project: Project, path: str | Path) -> None:
    """Write a backup that appears whole or not at all, for its owner alone; whoever annotates need not stop.

    A name that ends in .db gives a copy of canvass.db; one that ends in .zip all files of the folder, to be unpacked.
    The copy is made by SQLite's own backup call: a copy of the file of a live database may be broken.

    Raises OptionError if the name ends otherwise, and FileError if a file cannot be read or written.
    """
    target = Path(path)
    check_backup(target)
    if target.suffix.lower() in DATABASES:
        project.store.backup(target)
        return
    check_output(target)
    with tempfile.TemporaryDirectory(prefix=f".{target.name}.", suffix=".part", dir=target.parent) as folder:
        copy = Path(folder) / DATABASE
        project.store.backup(copy)
        files = [project.folder / name for name in (SETTINGS, LABELLED, TEST)]
        if project.words is not None:
            files.append(project.folder / WORDS)
        with (
            private(),
            whole_file(target) as stream,
            zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive,
        ):
            for file in (*files, copy):
                entry = zipfile.ZipInfo(f"{project.name}/{file.name}", DATE)
                entry.compress_type = zipfile.ZIP_DEFLATED
                entry.external_attr = 0o600 << 16
                archive.writestr(entry, _content(file))


def keep_backup(project: Project, number: int) -> None:
    """Keep a copy of the answers as they are before round `number`, and of earlier ones the newest.

    They are `backups/before-NUMBER.db` in the folder of the project, `KEPT` of them.
    """
    folder = project.folder / BACKUPS
    try:
        with private():
            folder.mkdir(exist_ok=True)
    except OSError as error:
        raise FileError(f"{folder}: cannot be made ({error.strerror or error})") from error
    project.store.backup(folder / f"before-{number:06d}.db")
    for old in kept_backups(project)[:-KEPT]:
        old.unlink(missing_ok=True)


def kept_backups(project: Project) -> list[Path]:
    """List the copies that were kept before rounds, the oldest first."""
    return sorted((project.folder / BACKUPS).glob("before-*.db"))


def check_backup(target: Path) -> None:
    """Refuse a name that does not say what to write; raises OptionError."""
    if target.suffix.lower() not in {*DATABASES, ARCHIVE}:
        raise OptionError(
            f"--out {target}: end the name in .db for a copy of {DATABASE}, or in .zip for all files of the project"
        )


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise FileError(f"{file}: could not be read ({error.strerror or error})") from error
