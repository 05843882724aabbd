"""The bytes of an input: a file, plain or compressed, or standard input; and the lines in them.

Whatever goes wrong below (no such file, no permission, a damaged or truncated archive) becomes a named error
here, so that the formats need not know where their bytes come from.
"""

from __future__ import annotations

import codecs
import contextlib
import io
import itertools
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple, Self

import numpy as np
import pyarrow as pa

from canvass.corpus.storage import is_remote, opened, sizes_of
from canvass.errors import FileError, InputError, damage, location, shown
from canvass.files import STANDARD_STREAM, split_name

NEWLINE = 10
UTF32_MARKS = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)
UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
AS_UTF8 = "write the file as UTF-8, or name its encoding after the format, as in csv:cp1252"
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
LARGEST_CHUNK = 1 << 24
SMALLEST_CHUNK = 1 << 16
# A file without line ends is not of the format it claims to be; do not read all of it to say so.
LONGEST_LINE = 1 << 28
# Chunks aim at slightly fewer rows than a block has, so that few of them are cut in two.
FILLING = 0.95
TYPICAL_LINE = 64
LINES_TOGETHER = 1 << 14


def file_error(path: str, error: OSError) -> FileError:
    """Put a failure of the operating system into a sentence."""
    if isinstance(error, FileNotFoundError):
        return FileError(f"{path}: no such file; check the name")
    if isinstance(error, IsADirectoryError):
        return FileError(f"{path} is a folder; expected a file")
    if isinstance(error, PermissionError):
        return FileError(f"{path}: no permission to read it")
    return FileError(f"{path}: could not be read ({error.strerror or error})")


class EncodedPath(str):
    """The path of a file of text in an encoding that the user named; other files are UTF-8, or UTF-16 with its mark."""

    __slots__ = ("encoding",)
    encoding: str

    def __new__(cls, path: str, encoding: str) -> Self:
        """Make the path; the encoding is one that Python knows."""
        made = super().__new__(cls, path)
        made.encoding = encoding
        return made


class Source(io.RawIOBase):
    """The decompressed bytes of a file, or of standard input for the path "-", in UTF-8.

    UTF-16 is known by its byte order mark; any other encoding is that of an `EncodedPath`. `position` counts the bytes
    read of the file as it is stored. Standard input is never closed. Of a `part`, only the lines are read that begin in
    these bytes, start to end; `path` then says so. Raises FileError if the file cannot be opened or read; InputError if
    the compressed data are damaged or cut short.
    """

    def __init__(self, path: str, part: tuple[int, int] | None = None) -> None:
        self.path = path if part is None or part[0] == 0 else f"{path} (from byte {part[0]:,})"
        self.is_beginning = part is None or part[0] == 0
        self.position = 0
        self._size = None if part is None else part[1] - part[0]
        self._name = path
        self._encoding = path.encoding if isinstance(path, EncodedPath) else None
        self._stored: Any = sys.stdin.buffer if path == STANDARD_STREAM else opened_file(path)
        if part is not None:
            try:
                self._stored = LinesOf(self._stored, *part)
            except OSError as error:
                raise file_error(path, error) from error
        compression = None if path == STANDARD_STREAM else split_name(path)[1]
        self._decoder: Any = None
        self._begun, self._decoded = False, b""
        self._stream: Any = None
        if compression:
            self._stream = pa.CompressedInputStream(pa.PythonFile(_Counted(self), mode="r"), compression)

    def read_stored(self, size: int) -> bytes:
        """Read bytes as they are stored, and count them."""
        try:
            data: bytes = self._stored.read(size)
        except OSError as error:
            raise file_error(self.path, error) from error
        self.position += len(data)
        return data

    def read(self, size: int = -1) -> bytes:
        """Read `size` bytes of UTF-8, or fewer at the end of the file."""
        if not self._begun:
            self._begun = True
            data = self._read(size)
            if self._encoding is None and self.is_beginning:
                self._encoding = self._marked(data[:4])
            if self._encoding is None:
                return data
            self._decoder = codecs.getincrementaldecoder(self._encoding)()
            self._decoded = self._recoded(data)
        if self._decoder is None:
            return self._read(size)
        pieces = [self._decoded]
        length = len(self._decoded)
        while size < 0 or length < size:
            data = self._read(max(size - length, SMALLEST_CHUNK))
            pieces.append(self._recoded(data, final=not data))
            length += len(pieces[-1])
            if not data:
                break
        whole = b"".join(pieces)
        cut = len(whole) if size < 0 else size
        self._decoded = whole[cut:]
        return whole[:cut]

    def _marked(self, data: bytes) -> str | None:
        """Name the encoding that a byte order mark tells, but for UTF-8; refuse UTF-16 without one."""
        if data.startswith(UTF32_MARKS):
            return "UTF-32"
        if data.startswith(UTF16_MARKS):
            return "UTF-16"
        if [bool(code) for code in data] in ([True, False] * 2, [False, True] * 2):
            raise InputError(
                f"{self.path}: the text looks like UTF-16 without a byte order mark; write it as UTF-8, or name the "
                "encoding after the format, as in csv:utf-16-le"
            )
        return None

    def _recoded(self, data: bytes, *, final: bool = False) -> bytes:
        """Put bytes of another encoding into UTF-8."""
        try:
            text: str = self._decoder.decode(data, final)
            return text.encode()
        except UnicodeError as error:
            raise InputError(
                f"{self.path}: not valid {self._encoding} ({error.args[-1]}); {AS_UTF8}"
            ) from error

    def _read(self, size: int) -> bytes:
        if self._stream is None:
            return self.read_stored(size)
        with damage(f"{self.path}: the compressed data are damaged or cut short", OSError):
            data: bytes = self._stream.read(None if size < 0 else size)
        return data

    def readinto(self, buffer: Any) -> int:
        """Read into a buffer, for the buffered readers of the standard library."""
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def readable(self) -> bool:
        """Whether it can be read: always."""
        return True

    def size(self) -> int:
        """Size of the file as it is stored; what has been read so far where it has no size of its own."""
        if self._name == STANDARD_STREAM:
            return self.position
        if self._size is None:
            self._size = sizes_of([self._name])[0] or 0
        return max(self._size, self.position)

    def close(self) -> None:
        """Close the file."""
        if not self.closed:
            if self._stream is not None:
                self._stream.close()
            if self._name != STANDARD_STREAM:
                self._stored.close()
        super().close()


class LinesOf:
    """The lines of a stored file that begin in the bytes from start to end; each line is in one such part."""

    def __init__(self, stored: Any, start: int, end: int) -> None:
        self._stored = io.BufferedReader(stored)
        self._left = end - start
        self._goes_on = False  # whether the last line does, after the end
        if start:
            # The line that holds the byte before belongs to the part before.
            self._stored.seek(start - 1)
            self._left += 1
            while piece := self._stored.readline(SMALLEST_CHUNK):
                self._left -= len(piece)
                if piece.endswith(b"\n"):
                    break

    def read(self, size: int) -> bytes:
        """Read some bytes, none at the end."""
        if self._left > 0:
            data = self._stored.read(min(size, self._left))
            self._left -= len(data)
        else:
            data = self._stored.readline(SMALLEST_CHUNK) if self._goes_on else b""
        self._goes_on = bool(data) and not data.endswith(b"\n")
        return data

    def close(self) -> None:
        """Close the file."""
        self._stored.close()


class _Counted(io.RawIOBase):
    """The stored side of a source, as Arrow's decompressor sees it."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def read(self, size: int = -1) -> bytes:
        return self._source.read_stored(size)

    def readable(self) -> bool:
        return True


def opened_file(path: str) -> IO[bytes]:
    """Open a file as it is stored, wherever it is; raises FileError if that fails."""
    try:
        return opened(path)
    except OSError as error:
        raise file_error(path, error) from error
    except ValueError as error:  # a null byte in the name
        raise FileError(f"{path!r} cannot be the name of a file") from error


@contextlib.contextmanager
def on_disk(path: str, *, decompress: bool = False) -> Iterator[str]:
    """Give the name of a file that can be read from any place, and more than once.

    That is the file itself, if it is one; standard input, pipes and, where asked for, compressed files go to
    a temporary file first.
    """
    plain = split_name(path)[1] is None or not decompress
    if (
        path != STANDARD_STREAM
        and not is_remote(path)
        and plain
        and (Path(path).is_file() or not Path(path).exists())
    ):
        opened_file(path).close()
        yield path
        return
    with Source(path) as source, tempfile.NamedTemporaryFile(prefix="canvass-") as spool:
        while data := source.read(LARGEST_CHUNK):
            spool.write(data)
        spool.flush()
        yield spool.name


def chunk_size(rows: int, size: int, lines: int) -> int:
    """Choose how many bytes to read at once for about `rows` lines, where `lines` of them took `size` bytes."""
    return min(max(int(FILLING * rows * size / max(lines, 1)), SMALLEST_CHUNK), LARGEST_CHUNK)


class Line(NamedTuple):
    """A line of a file, in bytes, and where it stands."""

    where: str
    data: bytes

    @property
    def text(self) -> str:
        r"""The line as text, without a "\r" at its end; raises InputError if it is not UTF-8."""
        try:
            return self.data.decode().removesuffix("\r")
        except UnicodeDecodeError as error:
            raise InputError(
                f"{self.where}: not valid UTF-8 at byte {error.start} of the line; {AS_UTF8}"
            ) from error

    def wrong(self, words: str) -> InputError:
        """Make the error for a line that is not what was expected."""
        return InputError(f"{self.where}: {shown(self.text)} {words}")


def located(data: bytes, path: str, first_line: int = 1) -> Iterator[Line]:
    r"""Cut bytes into lines, without the b"\n" at their ends; the first has the number `first_line` in the file."""
    for number, line in enumerate(data.removesuffix(b"\n").split(b"\n"), first_line):
        yield Line(location(path, number), line)


def located_lines(path: str) -> Iterator[Line]:
    """Yield the lines of a file with their places; raises as `chunks_of_lines` does.

    Raises FileError if the file cannot be read.
    """
    with Source(path) as source:
        for data, first_line in chunks_of_lines(source, LINES_TOGETHER):
            yield from located(data, path, first_line)


def whole(path: str, most: int) -> bytes:
    """Read all of a file; raises InputError if that is more than `most` bytes."""
    pieces: list[bytes] = []
    size = 0
    with Source(path) as source:
        while piece := source.read(LARGEST_CHUNK):
            pieces.append(piece)
            size += len(piece)
            if size > most:
                raise InputError(f"{path}: larger than {most >> 20} MB; cut the file into several")
    return b"".join(pieces)


def chunks_of_lines(source: Source, rows: int) -> Iterator[tuple[bytes, int]]:
    r"""Yield the bytes of a source in chunks of about `rows` lines that end with b"\n" (the last one need not).

    With each comes the number of its first line. A byte order mark at the start is left out. Raises InputError if a
    line is so long that the file cannot have one record a line.
    """
    pieces: list[bytes] = []
    first_line = 1
    is_first = source.is_beginning
    size = chunk_size(rows, TYPICAL_LINE, 1)
    while piece := source.read(size):
        if is_first:
            piece, is_first = piece.removeprefix(BYTE_ORDER_MARK), False
        cut = piece.rfind(b"\n") + 1
        if cut:
            chunk = b"".join((*pieces, piece[:cut]))
            yield chunk, first_line
            # Three times as fast as bytes.count, and without holding the interpreter's lock.
            lines = int(np.count_nonzero(np.frombuffer(chunk, dtype=np.uint8) == NEWLINE))
            size = chunk_size(rows, len(chunk), lines)
            first_line += lines
            pieces = [piece[cut:]]
        else:
            pieces.append(piece)
            if sum(map(len, pieces)) > LONGEST_LINE:
                raise InputError(
                    f"{location(source.path, first_line)}: the line is longer than {LONGEST_LINE >> 20} MB; "
                    "expected one record a line"
                )
    if rest := b"".join(pieces):
        yield rest, first_line


def is_recoded(path: str) -> bool:
    """Whether the text of a file is not stored as UTF-8."""
    if isinstance(path, EncodedPath):
        return True
    with contextlib.closing(opened_file(path)) as stored:
        return stored.read(len(UTF32_MARKS[0])).startswith((*UTF16_MARKS, *UTF32_MARKS))


def split_lines(path: str, columns: Any, where: Any, size: int, step: int) -> list[tuple[int, int, int]]:
    """Cut a file of lines into parts of about `step` bytes; compressed ones cannot be cut."""
    del columns, where  # a condition on columns is for formats that have some
    if split_name(path)[1] is not None or is_recoded(path):
        return [(0, size, size)]
    count = max(1, round(size / step))
    ends = [size * number // count for number in range(count + 1)]
    return [(start, end, end - start) for start, end in itertools.pairwise(ends)]
