"""Folders, and zip archives without their dangers: members stay inside, and what they unpack to is bounded."""

from __future__ import annotations

import contextlib
import io
import os
import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from canvass.corpus.formats.sources import on_disk, whole
from canvass.corpus.storage import is_remote
from canvass.errors import InputError, damage, shown
from canvass.files import STANDARD_STREAM, write_whole

MOST_MEMBERS = 100_000
LARGEST_TOTAL = 1 << 30
# Deflate reaches 1032; JSON that people export stays below 50. Small members may be as empty as they like.
LARGEST_RATIO = 200
SMALL = 1 << 20
ENCRYPTED = 1
FIRST_MOMENT = (1980, 1, 1, 0, 0, 0)  # that a zip archive can tell
LITTER = re.compile(r"(^|/)(__MACOSX/|\._|\.DS_Store$)")
DAMAGES = (
    *(zipfile.BadZipFile, zlib.error, EOFError, OSError),
    *(NotImplementedError, RuntimeError, ValueError),
)
LEAVING = re.compile(r"^[/\\]|^[A-Za-z]:|(^|[/\\])\.\.([/\\]|$)|\x00")


class Archive:
    """The members of a zip archive that was checked before anything was unpacked."""

    def __init__(self, path: str, archive: zipfile.ZipFile) -> None:
        self.path = path
        self._archive = archive
        members = {member.filename for member in archive.infolist() if not member.is_dir()}
        self._read: set[str] = set()
        self.names = tuple(sorted(name for name in members if not LITTER.search(name)))
        """The names of all files in it, sorted; without those that macOS puts there for itself."""

    def where(self, name: str) -> str:
        """Name a member, for a sentence."""
        return f"{self.path}: {name}"

    def unread(self) -> list[str]:
        """Name the members that were not read, for a sentence."""
        return [self.where(name) for name in self.names if name not in self._read]

    def read(self, name: str) -> bytes:
        """Unpack a member; raises InputError if there is none of this name, or it is damaged."""
        self._read.add(name)
        try:
            with damage(f"{self.path}: the member {shown(name)} is damaged", *DAMAGES):
                return self._archive.read(name)
        except KeyError as error:
            raise InputError(f"{self.path}: the archive has no {shown(name)}; export it anew") from error


class Folder(Archive):
    """The files of a folder, as `Archive` has those of an archive; hidden ones are left out."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._read = set()
        self.names = tuple(sorted(files_below(path)))

    def where(self, name: str) -> str:
        """Name a file, for a sentence."""
        return str(Path(self.path) / name)

    def read(self, name: str) -> bytes:
        """Read a file; raises FileError, or InputError if it is larger than `LARGEST_TOTAL`."""
        self._read.add(name)
        return whole(self.where(name), LARGEST_TOTAL)


def files_below(folder: str) -> Iterator[str]:
    """Yield the files of a folder and of those in it, relative to it and sorted, without hidden ones."""
    for parent, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not is_hidden(name))
        for name in sorted(files):
            if not is_hidden(name):
                yield (Path(parent) / name).relative_to(folder).as_posix()


def is_hidden(name: str) -> bool:
    """Whether a file or folder is not meant to be read: by the custom of Unix, and of Spark and Hive."""
    return name.startswith((".", "_"))


@contextlib.contextmanager
def opened_tree(path: str) -> Iterator[Archive]:
    """Open a folder, or a zip archive; raises as `opened_zip`."""
    if path != STANDARD_STREAM and not is_remote(path) and Path(path).is_dir():
        yield Folder(path)
        return
    with opened_zip(path) as archive:
        yield archive


@contextlib.contextmanager
def opened_zip(path: str) -> Iterator[Archive]:
    """Open a zip archive, from a file or standard input.

    Raises InputError if it is damaged or encrypted, a member's name leads out of it or is there twice, or it would
    unpack to more than 1 GB or 200 times its size; FileError if the file cannot be read.
    """
    with on_disk(path, decompress=True) as file:
        with damage(f"{path}: not a zip archive, or a damaged one", *DAMAGES):
            archive = zipfile.ZipFile(file)
        with archive:
            _check(path, archive.infolist())
            yield Archive(path, archive)


def write_zip(path: str, members: dict[str, str]) -> None:
    """Write a zip archive of texts, the same bytes for the same texts; it appears whole or not at all."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        for name, text in members.items():
            archive.writestr(zipfile.ZipInfo(name, FIRST_MOMENT), text.encode(), zipfile.ZIP_DEFLATED)
    write_whole(path, sink.getvalue())


def _check(path: str, members: list[zipfile.ZipInfo]) -> None:
    if len(members) > MOST_MEMBERS:
        raise InputError(
            f"{path}: the archive has {len(members):,} members; expected at most {MOST_MEMBERS:,}"
        )
    total = 0
    seen = set()
    for member in members:
        name = shown(member.filename)
        if LEAVING.search(member.orig_filename):
            raise InputError(f"{path}: the member {name} leads out of the archive; it is refused whole")
        if member.filename in seen:
            raise InputError(f"{path}: the archive has {name} twice; expected it once")
        if member.flag_bits & ENCRYPTED:
            raise InputError(f"{path}: the member {name} is encrypted; export it without a password")
        seen.add(member.filename)
        total += member.file_size
        if member.file_size > SMALL and member.file_size > LARGEST_RATIO * member.compress_size:
            raise InputError(
                f"{path}: the member {name} would unpack to more than {LARGEST_RATIO} times its size; it is refused"
            )
    if total > LARGEST_TOTAL:
        raise InputError(
            f"{path}: the archive would unpack to more than {LARGEST_TOTAL >> 30} GB; it is refused"
        )
