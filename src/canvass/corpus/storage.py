"""Files by path or address: local files, and those of every file system that pyarrow supports.

An address is `s3://bucket/folder/file`, `gs://...`, `hdfs://host:port/...`, `abfs://container@account/...` or
`file:///...`; other schemes use fsspec, if it is installed. Keys, endpoints and regions
come from the environment and the configuration files of each system, never from the name. Names are not decoded.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any, cast

from canvass.errors import FileError

ADDRESS = re.compile(r"([a-z][a-z0-9+.-]*://[^/]*)(/.*)?", re.DOTALL)
MAGIC = re.compile(r"[*?\[]")
PATTERN = re.compile(r"\*\*/|\*\*|\[(!?)([^\]]+)\]|.", re.DOTALL)
# `**/` matches any number of folders; `*` and `?` do not match a slash.
WILDCARDS = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}


def is_remote(name: str) -> bool:
    """Tell whether a name is an address.

    >>> is_remote("s3://logs/2026/pool.parquet"), is_remote("logs/pool.parquet")
    (True, False)
    """
    return ADDRESS.fullmatch(name) is not None


@functools.lru_cache(maxsize=32)
def _system(start: str) -> tuple[Any, str]:
    """Connect to a file system; returns it and the path in it that `start` denotes."""
    import pyarrow as pa
    from pyarrow.fs import FileSystem, FSSpecHandler, PyFileSystem

    try:
        system, base = FileSystem.from_uri("file:///" if start == "file://" else start)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, ValueError) as error:
        try:
            from fsspec.core import url_to_fs

            fsspec_system, base = url_to_fs(start)
            return PyFileSystem(FSSpecHandler(fsspec_system)), base
        except (ImportError, ValueError) as other:
            reason = str(error).split("\n", maxsplit=1)[0]
            raise FileError(
                f"{start}: no such kind of file system ({reason}); expected s3://, gs://, hdfs://, abfs:// or "
                f"file://, or one whose fsspec package is installed"
            ) from other
    except OSError as error:
        raise FileError(f"{start}: the file system cannot be reached ({error})") from error
    return system, base


def place_of(name: str) -> tuple[Any, str]:
    """Find the pyarrow file system of a name, and the path in it.

    Raises FileError if the file system is unknown, or cannot be reached.
    """
    from pyarrow.fs import LocalFileSystem

    address = ADDRESS.fullmatch(name)
    if address is None:
        return LocalFileSystem(), name
    system, base = _system(address[1])
    return system, f"{base.rstrip('/')}{address[2] or ''}"


def opened(name: str) -> IO[bytes]:
    """Open a local or remote file for reading; raises OSError as `open` does, and FileError as `place_of` does."""
    if not is_remote(name):
        return Path(name).open("rb")
    system, path = place_of(name)
    return cast("IO[bytes]", system.open_input_file(path))  # has every method that is used


def sizes_of(names: Sequence[str]) -> list[int | None]:
    """Look up the size of each file, in bytes; None for what is no file, or has no known size."""
    sizes: list[int | None] = [None] * len(names)
    by_system: dict[str, list[tuple[int, str]]] = {}
    for i, name in enumerate(names):
        address = ADDRESS.fullmatch(name)
        if address is not None:
            by_system.setdefault(address[1], []).append((i, name))
        elif Path(name).is_file():
            sizes[i] = Path(name).stat().st_size
    for numbered in by_system.values():
        system = place_of(numbered[0][1])[0]
        infos = system.get_file_info([place_of(name)[1] for _, name in numbered])
        for (i, _), info in zip(numbered, infos, strict=True):
            sizes[i] = info.size
    return sizes


def files_behind(name: str) -> list[str]:
    """List the files of an address: a file itself, those in a folder (recursively), or those that match a pattern.

    They are sorted. Folders and patterns leave out hidden files (a part of the path begins with "." or "_"). Raises
    FileError if there is no such file, or the file system cannot be reached.
    """
    from pyarrow.fs import FileSelector, FileType

    only_folders = name.endswith("/") and not name.endswith("**/")  # of a pattern
    name = name if ADDRESS.fullmatch(name.rstrip("/")) is None else name.rstrip("/")
    system, path = place_of(name)
    magic = MAGIC.search(path)
    top = path if magic is None else path[: magic.start()].rpartition("/")[0]
    try:
        if magic is None:
            kind = system.get_file_info(path).type
            if kind == FileType.File:
                return [name]
            if kind == FileType.NotFound:
                raise FileError(f"{name}: no such file or folder; check the name")
        inside = system.get_file_info(FileSelector(top, recursive=True, allow_not_found=True))
    except OSError as error:
        raise FileError(f"{name}: cannot be listed ({error})") from error
    wanted = _matcher(path, only_folders=only_folders) if magic is not None else re.compile(".*", re.DOTALL)
    start = name[: len(name) - len(path)] if name.endswith(path) else name.removesuffix(path.lstrip("/"))
    paths = sorted(info.path for info in inside if info.type == FileType.File)
    return [
        f"{start}{file}"
        for file in paths
        if wanted.fullmatch(file)
        and not any(part.startswith((".", "_")) for part in file[len(top) :].split("/"))
    ]


def _matcher(pattern: str, *, only_folders: bool) -> re.Pattern[str]:
    """Compile a glob; it matches files, and all files in a matching folder."""

    def translated(token: re.Match[str]) -> str:
        if token[2]:  # one of several characters
            return f"(?!/)[{'^' * bool(token[1])}{token[2]}]"
        return WILDCARDS.get(token[0]) or re.escape(token[0])

    inside = "/.*" if only_folders else "(?:/.*)?"
    return re.compile(PATTERN.sub(translated, pattern) + inside, re.DOTALL)
