"""The exception tree: whatever a user can mend is a `CanvassError`.

The text of each is one sentence or two: what is wrong, where (file:line, field), what was expected, and
what to do. The command line prints it and exits with `exit_code`; a traceback is always a defect of ours.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DISTRIBUTION = "canvass-nlu"  # what pip installs; `canvass` alone is another project's name
SHOWN_CHARACTERS = 60


class CanvassError(Exception):
    """Something that the caller can mend."""

    exit_code = 2


class InputError(CanvassError):
    """The content of a file is not what was expected."""


class EmptyPoolError(InputError):
    """A pool has no utterance."""


class FileError(CanvassError):
    """A file or folder cannot be found, opened or written."""


class ProjectInUseError(CanvassError):
    """Another process works on a project that only one may work on at a time."""


class StoreError(FileError):
    """The database of an annotation project cannot be opened, read or written."""


class AnswerConflict(CanvassError):  # noqa: N818 - what happened, as the wire calls it
    """An answer arrived a second time under the same id, with another content."""


class OptionError(CanvassError):
    """An option has a value that makes no sense, alone or with the others."""


class TargetError(OptionError):
    """The target names a domain or an intent that the labelled set does not have."""


class TrainingError(CanvassError):
    """The labelled set cannot train the models that were asked for."""


class ModelFileError(CanvassError):
    """A model or plan file is damaged, or was written by another version."""


class EngineError(CanvassError):
    """A cluster cannot be reached, gave up, or runs another canvass than the client."""


class ServiceError(CanvassError):
    """A server on the network cannot be reached, refuses, or answers what was not expected."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status  # of its HTTP answer; None where there was none


class ScorerError(CanvassError):
    """A model of the user's fails, cannot be reached, or answers what was not expected."""


class ExtraMissingError(CanvassError):
    """An optional part is not installed; the message names the extra that brings it."""

    def __init__(self, need: str, extra: str) -> None:
        super().__init__(need, extra)  # both, so that a copy can be made from them in another process
        self.need = need
        self.extra = extra

    def __str__(self) -> str:
        """Say what needs the part, and how it is installed.

        >>> print(ExtraMissingError("files of spaCy need spaCy", "spacy"))
        files of spaCy need spaCy; install it with: pip install 'canvass-nlu[spacy]'
        """
        return f"{self.need}; install it with: pip install '{DISTRIBUTION}[{self.extra}]'"


@contextlib.contextmanager
def needing(need: str, extra: str, *, library: str = "") -> Iterator[None]:
    """Raise ExtraMissingError, which says what needs the extra, where an import in the block fails.

    With a `library`, only where that one is not there.
    """
    try:
        yield
    except ImportError as error:
        missing = error.name if isinstance(error, ModuleNotFoundError) else None
        if library and (missing or "").partition(".")[0] != library:
            raise
        raise ExtraMissingError(need, extra) from None


@contextlib.contextmanager
def damage(
    words: str,
    *errors: type[BaseException],
    reason: Callable[[str], str] = lambda words: words.split("\n")[0],
) -> Iterator[None]:
    """Raise InputError, whose sentence begins with `words`, where one of the errors is met in the block.

    `reason` makes of what the error says what stands in the sentence.

    >>> with damage("a.zip: not a zip archive, or a damaged one", ValueError):
    ...     int("PK")
    Traceback (most recent call last):
    canvass.errors.InputError: a.zip: not a zip archive, or a damaged one (invalid literal for int() with base 10: \
'PK'); get the file anew
    """
    try:
        yield
    except errors as error:
        raise InputError(f"{words} ({reason(str(error))}); get the file anew") from error


def location(path: str, line: int | None = None) -> str:
    """Name a place in a file the way editors and compilers do.

    >>> location("pool.jsonl", 1841)
    'pool.jsonl:1841'
    >>> location("pool.parquet")
    'pool.parquet'
    """
    return path if line is None else f"{path}:{line}"


def nearest(word: str, choices: list[str], limit: int = 3) -> str:
    """Suggest the choices that look most like a word; an empty string where none does.

    >>> nearest("musik", ["music", "weather", "qa"])
    '; did you mean music?'
    >>> nearest("xyzzy", ["music", "weather"])
    ''
    """
    import difflib

    lowered = {choice.lower(): choice for choice in choices}
    close = [lowered[name] for name in difflib.get_close_matches(word.lower(), lowered, n=limit, cutoff=0.6)]
    return f"; did you mean {' or '.join(close)}?" if close else ""


def plural(count: int, singular: str, several: str = "") -> str:
    """Write a number of things.

    >>> plural(1, "run"), plural(2000, "run"), plural(2, "record is", "records are")
    ('1 run', '2,000 runs', '2 records are')
    """
    return f"{count:,} {singular if count == 1 else several or singular + 's'}"


def shown(value: object) -> str:
    """Show a value of a file in a sentence: short, and printable whatever it holds."""
    words = repr(value)
    if len(words) > SHOWN_CHARACTERS:
        words = words[: SHOWN_CHARACTERS - 3] + "..."
    return words.encode("utf-8", "backslashreplace").decode()
