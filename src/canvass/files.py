"""Files: input by extension, and output that appears whole or not at all."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import tempfile
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

from canvass.errors import FileError, OptionError

STANDARD_STREAM = "-"
COMPRESSIONS = {".gz": "gzip", ".zst": "zstd"}


def split_name(path: str) -> tuple[str, str | None]:
    """Split a path into its format extension (lower case) and its compression.

    >>> split_name("logs/pool.JSONL.gz")
    ('.jsonl', 'gzip')
    >>> split_name("pool.parquet")
    ('.parquet', None)
    """
    name = Path(path).name.lower()
    for ending, compression in COMPRESSIONS.items():
        if name.endswith(ending):
            return Path(name[: -len(ending)]).suffix, compression
    return Path(name).suffix, None


_umask = threading.RLock()


@contextlib.contextmanager
def private() -> Iterator[None]:
    """Make files and folders for their owner alone while the block runs: what users said is nobody else's business."""
    with _umask:
        before = os.umask(0o077)
        try:
            yield
        finally:
            os.umask(before)


@contextlib.contextmanager
def whole_file(path: str | Path) -> Iterator[IO[bytes]]:
    """Write a file that appears whole when the block ends well, and not at all otherwise.

    The bytes go to a hidden file beside the target, are synchronised to disk, and take the target's name in one step; a
    file that is replaced keeps its permissions. The path "-" writes to standard output. Raises FileError if the folder
    does not exist or cannot be written.
    """
    if str(path) == STANDARD_STREAM:
        import sys

        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    target = Path(path)
    check_output(target)
    try:
        handle, hidden = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".part", dir=target.parent)
    except OSError as error:
        raise FileError(
            f"{target}: cannot write to this folder ({error.strerror}); choose another"
        ) from error
    try:
        with os.fdopen(handle, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        if target.is_file():
            Path(hidden).chmod(stat.S_IMODE(target.stat().st_mode))
        else:
            apply_umask(Path(hidden), 0o666)
        Path(hidden).replace(target)
    except OSError as error:
        raise FileError(f"{target}: could not be written ({error.strerror or error})") from error
    finally:
        Path(hidden).unlink(missing_ok=True)


@contextlib.contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """Give a hidden folder that takes the name of the one that was asked for when the block ends well, or else goes.

    It takes the place of an empty folder, and of no other. Raises FileError if it cannot be written.
    """
    parent = folder.absolute().parent
    try:
        hidden = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", suffix=".part", dir=parent))
    except OSError as error:
        raise FileError(
            f"{folder}: cannot write to {parent} ({error.strerror}); choose another place"
        ) from error
    try:
        yield hidden
        apply_umask(hidden, 0o777)
        hidden.rename(folder)
    except OSError as error:
        raise FileError(f"{folder}: could not be written ({error.strerror or error})") from error
    finally:
        shutil.rmtree(hidden, ignore_errors=True)


def apply_umask(path: Path, mode: int) -> None:
    """Give a temporary file or folder, so far private to its owner, the permissions that the umask leaves of `mode`."""
    with _umask:
        umask = os.umask(0o077)
        os.umask(umask)
    path.chmod(mode & ~umask)


def check_output(path: str | Path, inputs: Iterable[str] = ()) -> None:
    """Refuse an output that could not be written, or that would overwrite an input, before any work is done.

    Raises FileError if the folder of the output does not exist, or the output is a folder; OptionError if the output is
    one of the inputs.
    """
    if str(path) == STANDARD_STREAM:
        return
    target = Path(path)
    if not target.parent.is_dir():
        raise FileError(
            f"{target}: the folder {target.parent} does not exist; create it or choose another output"
        )
    if target.is_dir():
        raise FileError(f"{target} is a folder; name a file for the output")
    for name in inputs:
        if target.exists() and Path(name).exists() and target.samefile(name):
            raise OptionError(f"{target} is also an input, which would be overwritten; choose another output")


def check_outputs(outputs: Mapping[str, tuple[str | None, str]], inputs: Sequence[str]) -> None:
    """Check the outputs of a command: of each option, the path, or None, and the ending that it has to have.

    JSON Lines (.jsonl) may be compressed, as further endings say. Raises what `check_output` does.
    """
    for option, (path, ending) in outputs.items():
        if path is None:
            continue
        extension, compression = split_name(path)
        if extension != ending or (compression is not None and ending != ".jsonl"):
            raise OptionError(f"{option} {path}: end the name in {ending}")
        check_output(path, inputs)


def compressed(data: bytes, compression: str | None) -> bytes:
    """Compress bytes as `split_name` asks: the same bytes at any time, on any machine.

    >>> compressed(b"words", None)
    b'words'
    """
    if compression == "gzip":
        import gzip

        return gzip.compress(data, mtime=0)
    if compression == "zstd":
        import pyarrow as pa

        packed: bytes = pa.compress(data, codec="zstd", asbytes=True)
        return packed
    return data


def write_whole(path: str | Path, data: bytes) -> None:
    """Write a file, compressed if its name says so; it appears whole or not at all. Raises as `whole_file` does."""
    with whole_file(path) as stream:
        stream.write(compressed(data, split_name(str(path))[1]))
