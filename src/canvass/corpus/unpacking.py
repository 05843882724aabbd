"""Extraction of one member of a zip or tar.gz archive, limited in size; member names are never used as paths."""

from __future__ import annotations

import tarfile
import zlib
from pathlib import Path
from typing import IO, Any

from canvass.corpus.formats.archives import LARGEST_TOTAL, MOST_MEMBERS, opened_zip
from canvass.corpus.formats.sources import LARGEST_CHUNK, Source
from canvass.errors import InputError

SMALL_CHUNK = 1 << 20  # bytes


def unpack(path: Path, member: str, target: Path) -> None:
    """Copy a member of an archive to a file; the extension tells zip from tar.

    Raises
    ------
    InputError
        If the archive is damaged or too large, or has no such member.
    FileError
        If the archive cannot be read.

    """
    if path.name.lower().endswith(".zip"):
        with opened_zip(str(path)) as archive:
            target.write_bytes(archive.read(member))
    else:
        _from_tar(path, member, target)


def _from_tar(path: Path, member: str, target: Path) -> None:
    # As a stream: nothing behind the member is unpacked.
    with Source(str(path)) as source:
        stream: Any = _Bounded(source, str(path))  # has all that tarfile needs of a stream
        try:
            with tarfile.open(fileobj=stream, mode="r|") as archive:
                for number, entry in enumerate(archive):
                    if number > MOST_MEMBERS:
                        raise InputError(
                            f"{path}: the archive has more than {MOST_MEMBERS:,} members; it is refused"
                        )
                    if entry.name.removeprefix("./") == member and entry.isreg():
                        _copy(archive.extractfile(entry), target)
                        return
        except (tarfile.TarError, zlib.error, EOFError, ValueError) as error:
            raise InputError(f"{path}: the archive is damaged ({error}); get the file anew") from error
    raise InputError(f"{path}: the archive has no {member}; it is another one than was expected")


def _copy(content: IO[bytes] | None, target: Path) -> None:
    with target.open("wb") as file:
        while content is not None and (data := content.read(SMALL_CHUNK)):
            file.write(data)


class _Bounded:
    """A stream of unpacked bytes that raises InputError beyond `LARGEST_TOTAL`."""

    def __init__(self, source: Source, path: str) -> None:
        self._source, self._path = source, path
        self._left = LARGEST_TOTAL

    def read(self, size: int) -> bytes:
        """Read at most `size` bytes."""
        data = self._source.read(min(size, LARGEST_CHUNK))
        self._left -= len(data)
        if self._left < 0:
            raise InputError(
                f"{self._path}: the archive would unpack to more than {LARGEST_TOTAL >> 30} GB; it is refused"
            )
        return data
