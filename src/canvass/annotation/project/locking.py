"""One process at a time: an advisory lock on a file that says who holds it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from canvass.errors import FileError, ProjectInUseError


@contextlib.contextmanager
def locked(path: Path, purpose: str) -> Iterator[None]:
    """Hold the lock while the block runs; the system gives it back however the process ends.

    Raises ProjectInUseError if another process holds it; the sentence names that process and its purpose; FileError if
    the file cannot be opened.
    """
    import fcntl

    try:
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise FileError(f"{path}: could not be opened ({error.strerror or error})") from error
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(file, 1000, 0).decode(errors="replace").strip() or "another process"
            raise ProjectInUseError(
                f"{path.parent} is in use by {holder}; stop that first, or work on another project"
            ) from error
        os.ftruncate(file, 0)
        os.pwrite(file, f"{purpose} (process {os.getpid()})\n".encode(), 0)
        yield
    finally:
        os.close(file)
