"""The file formats: the way from the names that a user gives to files and rows."""

from __future__ import annotations

import glob
import os
from pathlib import Path
from typing import TYPE_CHECKING

from canvass.corpus.formats.choice import format_among_others, format_of, output_format_of
from canvass.corpus.formats.records import BadLines, Block, Columns, Format, pool_utterance_of, utterance_of
from canvass.corpus.formats.table import FORMATS
from canvass.corpus.storage import files_behind, is_remote
from canvass.errors import FileError, OptionError
from canvass.files import STANDARD_STREAM

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

__all__ = [
    "FORMATS",
    "BadLines",
    "Block",
    "Columns",
    "Format",
    "files_of",
    "format_of",
    "output_format_of",
    "pool_utterance_of",
    "utterance_of",
]


def files_of(
    names: Sequence[str],
    override: str | None,
    usable: Callable[[Format], bool],
    columns: Columns | None = None,
) -> list[str]:
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
    for given in names:
        name = _first_file(given, override)
        if is_remote(name):
            found += _elsewhere(name, override, usable, columns)
            continue
        if name == STANDARD_STREAM or not (Path(name).is_dir() or _is_pattern(name)):
            _refuse_missing(name)
            format_of(name, override, columns)
            found.append(name)
            continue
        inside = _walk(name) if Path(name).is_dir() else _matches(name)
        some = [_first_file(file, override) for file in inside if _is_usable(file, override, usable, columns)]
        if not some:
            kind = "the folder holds" if Path(name).is_dir() else "the pattern matches"
            extensions = ", ".join(
                dict.fromkeys(ending for row in FORMATS if usable(row) for ending in row.extensions)
            )
            raise FileError(f"{name}: {kind} no file that can be read here (expected {extensions})")
        found += some
    # The same file under two names would have its rows counted twice.
    first_names: dict[str, str] = {}
    for file in found:
        is_path = file != STANDARD_STREAM and not is_remote(file)
        first_names.setdefault(os.path.realpath(file) if is_path else file, file)
    return list(first_names.values())


def _elsewhere(
    name: str, override: str | None, usable: Callable[[Format], bool], columns: Columns | None
) -> list[str]:
    """Find the files behind an address."""
    inside = files_behind(name)
    if inside == [name]:
        format_of(name, override, columns)
        return inside
    some = [file for file in inside if _is_usable(file, override, usable, columns)]
    if not some:
        raise FileError(f"{name}: there is no file that can be read here (among {len(inside)})")
    return some


def _first_file(name: str, override: str | None) -> str:
    """Find the file that stands for several, as those of `seq`; a file that stands for itself stays as it is."""
    if name == STANDARD_STREAM or is_remote(name) or _is_pattern(name):
        return name
    if override is None and Path(name).exists():
        return name
    rows = FORMATS if override is None else (format_of(name, override),)
    for row in rows:
        if row.first_file is not None and Path(first := row.first_file(name)).is_file():
            return first
    return name


def _is_pattern(name: str) -> bool:
    return glob.has_magic(name) and not Path(name).exists()


def _refuse_missing(name: str) -> None:
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


def _is_usable(
    file: str, override: str | None, usable: Callable[[Format], bool], columns: Columns | None
) -> bool:
    kind = format_among_others(file, override, columns)
    return kind is not None and usable(kind)
