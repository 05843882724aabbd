"""The file formats: the way from the names that a user gives to files and rows."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from canvass.corpus.formats.archives import is_hidden
from canvass.corpus.formats.choice import (
    format_among_others,
    format_of,
    has_words_alone,
    output_format_of,
    project_of,
    refuse_unread,
)
from canvass.corpus.formats.column_names import Columns
from canvass.corpus.formats.format import FORMATS
from canvass.corpus.formats.losses import BadLines
from canvass.corpus.storage import files_behind, is_remote
from canvass.errors import FileError, OptionError
from canvass.files import STANDARD_STREAM

Names = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]

__all__ = ["FORMATS", "Names", "files_of", "format_of", "output_format_of"]

TEXT = "text"
# Files of lines that are no utterances, by the custom of programmers.
NO_UTTERANCES = re.compile(
    r"^(requirements|constraints|licen[cs]e|readme|changelog|notice|copying)|vocab|stop_?words|lookup|labels?$"
)


def files_of(
    names: Names,
    override: str | None,
    columns: Columns | None = None,
    bad: BadLines | None = None,
    *,
    annotated: bool = False,
) -> list[str]:
    """Find the files behind a name or several: files, folders (with the folders in them), globs, and "-".

    Of folders and globs, hidden files (their names start with "." or "_") are left out. Files of no known format, or of
    one without annotations where only `annotated` files are asked for, are passed over, and noted in `bad`; so are
    lines of plain text beside files of other formats, lists of words, and files whose names say that they hold
    something else. The rest is sorted; a file that is named twice is read once. A folder that is a project of a format
    stands for itself. Raises FileError if a name has no file, or a project has training data that cannot be read;
    OptionError if a file that was named itself has no known format, or "-" is named twice.
    """
    several = [names] if isinstance(names, str | os.PathLike) else names
    given = [os.fspath(name) for name in several]
    if given.count(STANDARD_STREAM) > 1:
        raise OptionError("standard input (-) can be read only once; name it once")
    chosen: list[str] = []
    for name in (_first_file(first, override) for first in given):
        inside = _inside(name, override)
        if inside == [name]:
            format_of(name, override, columns)
            chosen.append(name)
            continue
        claimed = _claimed(
            inside, override, columns, annotated=annotated, takes_text=Path(name).suffix == ".txt"
        )
        if bad is not None:
            bad.passed_over(
                file for file in inside if file not in claimed and not _is_part(file, claimed, columns)
            )
        if not claimed:
            kind = "the pattern matches" if _is_pattern(name) else "the folder holds"
            extensions = ", ".join(
                dict.fromkeys(
                    ending for row in FORMATS if row.read or not annotated for ending in row.extensions
                )
            )
            others = f"; it has {len(inside)} others, such as {inside[0]}" if inside else ""
            raise FileError(f"{name}: {kind} no file that can be read here (expected {extensions}{others})")
        chosen += claimed
    # The same file under two names would have its rows counted twice.
    first_names: dict[str, str] = {}
    for file in chosen:
        is_path = file != STANDARD_STREAM and not is_remote(file)
        first_names.setdefault(os.path.realpath(file) if is_path else file, file)
    return list(first_names.values())


def _claimed(
    files: Sequence[str],
    override: str | None,
    columns: Columns | None,
    *,
    annotated: bool,
    takes_text: bool,
) -> list[str]:
    """Choose the files that a format claims; lines of plain text may be something else than utterances."""
    kinds = {file: format_among_others(file, override, columns) for file in files}
    for file, kind in kinds.items():
        if kind is None and override is None:
            refuse_unread(file)
    claimed = {
        file: kind for file, kind in kinds.items() if kind is not None and (kind.read or not annotated)
    }
    if override is None and not takes_text:
        lines = [file for file, kind in claimed.items() if kind.name == TEXT]
        known = any(kind.name != TEXT for kind in claimed.values())
        for file in lines:
            if (
                known
                or NO_UTTERANCES.search(Path(file).stem.lower())
                or (len(kinds) > 1 and has_words_alone(file))
            ):
                del claimed[file]
    return [_first_file(file, override) for file in claimed]


def _inside(name: str, override: str | None) -> list[str]:
    """List the files of a folder or a pattern, here or at an address; the name alone where it is that of a file."""
    if is_remote(name):
        return files_behind(name)
    if name != STANDARD_STREAM and Path(name).is_dir():
        return list(_walk(name, override))
    if name == STANDARD_STREAM or Path(name).exists():
        return [name]
    if not _is_pattern(name):
        raise FileError(f"{name}: no such file or folder; check the name")
    found = sorted(glob.glob(name, recursive=True))  # noqa: PTH207 - may be absolute
    visible = [file for file in found if not is_hidden(Path(file).name)]
    return [
        file for place in visible for file in (_walk(place, override) if Path(place).is_dir() else [place])
    ]


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


def _is_part(file: str, chosen: Sequence[str], columns: Columns | None) -> bool:
    """Whether a file is read together with one of the chosen ones, as those of `seq` and the values of slots."""
    for other in chosen:
        kind = format_of(other, None, columns)
        if kind.first_file is not None and kind.first_file(file) == other:
            return True
        if any(Path(file).match(str(Path(other).parent / pattern)) for pattern in kind.beside):
            return True
    return False


def _is_pattern(name: str) -> bool:
    return glob.has_magic(name) and not Path(name).exists()


def _walk(folder: str, override: str | None) -> Iterator[str]:
    for parent, folders, files in os.walk(folder, onerror=_refuse_folder):
        if override is None and project_of(parent) is not None:
            folders[:] = []
            yield parent
            continue
        folders[:] = sorted(name for name in folders if not is_hidden(name))
        yield from (str(Path(parent) / name) for name in sorted(files) if not is_hidden(name))


def _refuse_folder(error: OSError) -> None:
    raise FileError(f"{error.filename}: the folder cannot be read ({error.strerror})") from error
