"""Zip archives without their dangers: members stay inside, and cannot unpack to more than a machine can hold."""

from __future__ import annotations

import contextlib
import re
import zipfile
import zlib
from typing import TYPE_CHECKING

from canvass.corpus.formats.sources import on_disk
from canvass.errors import InputError, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_MEMBERS = 100_000
LARGEST_TOTAL = 1 << 30
# Deflate reaches 1032; JSON that people export stays below 50. Small members may be as empty as they like.
LARGEST_RATIO = 200
SMALL = 1 << 20
ENCRYPTED = 1
LEAVING = re.compile(r"^[/\\]|^[A-Za-z]:|(^|[/\\])\.\.([/\\]|$)|\x00")


class Archive:
    """The members of a zip archive that was checked before anything was unpacked."""

    def __init__(self, path: str, archive: zipfile.ZipFile) -> None:
        self.path = path
        self._archive = archive
        self._members = {one.filename: one for one in archive.infolist() if not one.is_dir()}
        self.names = tuple(sorted(self._members))
        """The names of all files in it, sorted."""

    def read(self, name: str) -> bytes:
        """Unpack a member.

        Raises
        ------
        InputError
            If there is none of this name, or it is damaged.

        """
        if name not in self._members:
            raise InputError(f"{self.path}: the archive has no {shown(name)}; export it anew")
        try:
            return self._archive.read(name)
        except (
            zipfile.BadZipFile,
            zlib.error,
            EOFError,
            OSError,
            NotImplementedError,
            RuntimeError,
            ValueError,
        ) as error:
            raise InputError(
                f"{self.path}: the member {shown(name)} is damaged ({error}); get the file anew"
            ) from error


@contextlib.contextmanager
def opened_zip(path: str) -> Iterator[Archive]:
    """Open a zip archive, from a file or standard input.

    Raises
    ------
    InputError
        If it is damaged or encrypted, a member's name leads out of it or is there twice, or it would unpack to more
        than 1 GB or 200 times its size.
    FileError
        If the file cannot be read.

    """
    with on_disk(path, decompress=True) as file:
        try:
            archive = zipfile.ZipFile(file)
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
            raise InputError(
                f"{path}: not a zip archive, or a damaged one ({error}); get the file anew"
            ) from error
        with archive:
            _check(path, archive.infolist())
            yield Archive(path, archive)


def _check(path: str, members: list[zipfile.ZipInfo]) -> None:
    if len(members) > MOST_MEMBERS:
        raise InputError(
            f"{path}: the archive has {len(members):,} members; expected at most {MOST_MEMBERS:,}"
        )
    total = 0
    seen = set()
    for one in members:
        name = shown(one.filename)
        if LEAVING.search(one.orig_filename):
            raise InputError(f"{path}: the member {name} leads out of the archive; it is refused whole")
        if one.filename in seen:
            raise InputError(f"{path}: the archive has {name} twice; expected it once")
        if one.flag_bits & ENCRYPTED:
            raise InputError(f"{path}: the member {name} is encrypted; export it without a password")
        seen.add(one.filename)
        total += one.file_size
        if one.file_size > SMALL and one.file_size > LARGEST_RATIO * one.compress_size:
            raise InputError(
                f"{path}: the member {name} would unpack to more than {LARGEST_RATIO} times its size; it is refused"
            )
    if total > LARGEST_TOTAL:
        raise InputError(
            f"{path}: the archive would unpack to more than {LARGEST_TOTAL >> 30} GB; it is refused"
        )
