"""The file formats: a table with one row each, and the way from the names a user gives to files and rows."""

from __future__ import annotations

import glob
import os
from pathlib import Path
from typing import TYPE_CHECKING

from canvass.corpus.formats import delimited, jsonl, parquet, text
from canvass.corpus.formats.records import BadLines, Block, Fields, Format, pool_utterance_of, utterance_of
from canvass.errors import FileError, OptionError
from canvass.files import STANDARD_STREAM, split_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

__all__ = [
    "FORMATS",
    "BadLines",
    "Block",
    "Fields",
    "Format",
    "files_of",
    "format_of",
    "pool_utterance_of",
    "utterance_of",
]

FORMATS: tuple[Format, ...] = (jsonl.FORMAT, delimited.CSV, delimited.TSV, parquet.FORMAT, text.FORMAT)


def format_of(path: str, override: str | None = None) -> Format:
    """Find the format of a file: `override`, or else the one of the extension before .gz or .zst.

    Standard input ("-") is JSON Lines unless `override` says otherwise.

    >>> format_of("logs/pool.csv.gz").name
    'csv'

    Raises
    ------
    OptionError
        If the name or the extension is of no known format.

    """
    known = ", ".join(row.name for row in FORMATS)
    if override is not None:
        for row in FORMATS:
            if row.name == override:
                return row
        raise OptionError(f"{override!r} is not a known format; choose one of {known}")
    if path == STANDARD_STREAM:
        return jsonl.FORMAT
    extension = split_name(path)[0]
    for row in FORMATS:
        if extension in row.extensions:
            return row
    extensions = ", ".join(extension for row in FORMATS for extension in row.extensions)
    raise OptionError(
        f"{path}: the extension {extension!r} is of no known format (known: {extensions}, each also with "
        f".gz or .zst); rename the file, or say which format it is ({known})"
    )


def files_of(names: Sequence[str], override: str | None, usable: Callable[[Format], bool]) -> list[str]:
    """Find the files behind names: files, folders (with the folders in them), globs, and "-".

    Of folders and globs, hidden files (their names start with "." or "_") and files of no known or usable
    format are left out, and the rest is sorted; a file that is named twice is read once.

    Raises
    ------
    FileError
        If a name has no file.
    OptionError
        If a file that was named itself has no known format, or "-" is named twice.

    """
    if list(names).count(STANDARD_STREAM) > 1:
        raise OptionError("standard input (-) can be read only once; name it once")
    found: list[str] = []
    for name in names:
        if name == STANDARD_STREAM or not (Path(name).is_dir() or _is_pattern(name)):
            _refuse_missing(name)
            format_of(name, override)
            found.append(name)
            continue
        inside = _walk(name) if Path(name).is_dir() else _matches(name)
        some = [file for file in inside if _is_usable(file, override, usable)]
        if not some:
            kind = "the folder holds" if Path(name).is_dir() else "the pattern matches"
            extensions = ", ".join(ending for row in FORMATS if usable(row) for ending in row.extensions)
            raise FileError(f"{name}: {kind} no file that can be read here (expected {extensions})")
        found += some
    # The same file under two names would have its rows counted twice.
    first_names: dict[str, str] = {}
    for file in found:
        first_names.setdefault(file if file == STANDARD_STREAM else os.path.realpath(file), file)
    return list(first_names.values())


def _is_pattern(name: str) -> bool:
    return glob.has_magic(name) and not Path(name).exists()


def _refuse_missing(name: str) -> None:
    if "://" in name:
        raise FileError(
            f"{name}: files on remote file systems cannot be read yet; copy the file to this machine"
        )
    if name != STANDARD_STREAM and not Path(name).exists():
        raise FileError(f"{name}: no such file or folder; check the name")


def _walk(folder: str) -> Iterator[str]:
    for parent, folders, files in os.walk(folder, onerror=_refuse_folder):
        folders[:] = sorted(name for name in folders if not _is_hidden(name))
        yield from (str(Path(parent) / name) for name in sorted(files) if not _is_hidden(name))


def _refuse_folder(error: OSError) -> None:
    raise FileError(f"{error.filename}: the folder cannot be read ({error.strerror})") from error


def _matches(pattern: str) -> Iterator[str]:
    for name in sorted(glob.glob(pattern, recursive=True)):  # noqa: PTH207 - may be absolute
        if not _is_hidden(Path(name).name):
            yield from _walk(name) if Path(name).is_dir() else [name]


def _is_hidden(name: str) -> bool:
    return name.startswith((".", "_"))


def _is_usable(file: str, override: str | None, usable: Callable[[Format], bool]) -> bool:
    if override is not None:
        return usable(format_of(file, override))
    return any(usable(row) and split_name(file)[0] in row.extensions for row in FORMATS)
