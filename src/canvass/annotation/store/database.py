"""The connections to a project's database: writes that are whole or not at all, errors as sentences, backups.

What is committed is on the disk: write-ahead log, synchronous=FULL. One connection writes, for one thread at a time;
others are lent to whoever reads, so that a long list keeps no answer waiting. Other processes may read and write at the
same time; a write waits for theirs, up to `BUSY_SECONDS`.

The write-ahead log is memory that all processes share, and needs locks that hold; over a network there is neither, and
answers would be lost without a word (sqlite.org/wal.html, "Overview", and sqlite.org/useovernet.html). So a database on
a network file system is refused.
"""

from __future__ import annotations

import contextlib
import os
import re
import sqlite3
import tempfile
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Self

from canvass.annotation.store.schema import VERSION, create_tables, upgrade, version_of
from canvass.errors import CanvassError, FileError, StoreError
from canvass.files import check_output

BUSY_SECONDS = 20.0
MOUNTS = Path("/proc/self/mounts")
# As /proc/mounts calls them.
NETWORK = re.compile(
    r"9p|afs|beegfs|ceph|cifs|coda|davfs|gfs2|glusterfs|gpfs|lustre|ncpfs|nfs4?|ocfs2|orangefs|smb3|smbfs|vboxsf"
    r"|fuse\.(afp|ceph|gcsfuse|glusterfs|goofys|juicefs|mount-s3|rclone|s3fs|sshfs)"
)


class Database:
    """A database file, for any number of threads."""

    def __init__(self, path: Path) -> None:
        """Open a file that is there; raises FileError, or StoreError where it is not a database of canvass.

        One that may not be written, or is in such a folder, can be read; every write raises StoreError.
        """
        self.path = path
        self._lending = threading.Lock()
        self._readers: list[sqlite3.Connection] | None = []
        if not path.is_file():
            raise FileError(f"{path}: there is no such database; name a folder that canvass new made")
        refuse_network(path)
        self._writable = os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)
        with _sentences(self.path, "opened"):
            self._connection = self._connect()
        self._writing = threading.Lock()
        try:
            self._prepare()
        except BaseException:
            self._connection.close()
            raise

    @classmethod
    def create(cls, path: Path) -> Self:
        """Make a new file; raises FileError where there is one, or the folder cannot be written."""
        refuse_network(path)
        check_output(path)
        try:
            path.touch(mode=0o600, exist_ok=False)
        except FileExistsError as error:
            raise FileError(f"{path} is there already; canvass never overwrites a database") from error
        except OSError as error:
            raise FileError(
                f"{path}: cannot be made ({error.strerror or error}); choose another folder"
            ) from error
        try:
            with _sentences(path, "made"), contextlib.closing(connect(path)) as connection:
                connection.execute("BEGIN IMMEDIATE")
                create_tables(connection)
                connection.execute("COMMIT")
            _synchronise(path.parent)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return cls(path)

    def _prepare(self) -> None:
        with _sentences(self.path, "opened"):
            version = version_of(self._connection)
            if version is None:
                raise StoreError(
                    f"{self.path} is not the database of a canvass project; restore it from a backup"
                )
            if version > VERSION:
                raise StoreError(
                    f"{self.path} was written by a newer canvass (its schema has version {version}, this canvass knows "
                    f"up to {VERSION}); install a newer canvass"
                )
            if version < VERSION and not self._writable:
                raise StoreError(
                    f"{self.path} was written by an older canvass (its schema has version {version}, this one reads "
                    f"{VERSION}), and cannot be brought up to date here; copy the project to where it can be written"
                )
            if self._writable:
                self._connection.execute("PRAGMA journal_mode = WAL")
        if version < VERSION:
            with self.atomic("the schema") as connection:
                upgrade(connection)

    def _connect(self) -> sqlite3.Connection:
        """Open a connection. SQLite makes files beside a database, unless it is told that nobody writes to it.

        That is so where nobody may, and no log of a writer is there.
        """
        if self._writable:
            return connect(self.path)
        log = self.path.with_name(f"{self.path.name}-wal")
        idle = not log.exists() or log.stat().st_size == 0
        return connect(self.path, mode="ro&immutable=1" if idle else "ro")

    @contextlib.contextmanager
    def atomic(self, what: str = "it") -> Iterator[sqlite3.Connection]:
        """Open a transaction that writes: it is on the disk when the block ends well, and leaves no trace otherwise.

        Raises StoreError, which says that `what` was not saved, where the disk is full, or fails, or is busy.
        """
        with _sentences(self.path, "written", what), self._writing:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:  # some errors of SQLite have taken it back
                    self._connection.execute("ROLLBACK")
                raise

    def rows(self, query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Read all rows of a query, as of the last write."""
        with _sentences(self.path, "read"), self._reader() as connection:
            return connection.execute(query, values).fetchall()

    @contextlib.contextmanager
    def _reader(self) -> Iterator[sqlite3.Connection]:
        """Lend a connection that nobody else uses: there are as many as threads have ever read at once."""
        with self._lending:
            if self._readers is None:
                raise StoreError(f"{self.path} could not be read: it was closed")
            reader = self._readers.pop() if self._readers else None
        if reader is None:
            reader = self._connect()
            reader.execute("PRAGMA query_only = ON")
        try:
            yield reader
        finally:
            with self._lending:
                if self._readers is None:
                    reader.close()
                else:
                    self._readers.append(reader)

    def backup(self, target: Path) -> None:
        """Copy the database, while others write to it, to a file that appears whole or not at all.

        Raises FileError, OptionError (the target is the database itself) or StoreError.
        """
        check_output(target, [str(self.path)])
        try:
            handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".part", dir=target.parent)
        except OSError as error:
            raise FileError(
                f"{target}: cannot write to this folder ({error.strerror}); choose another"
            ) from error
        os.close(handle)
        hidden = Path(name)
        try:
            # Connections of its own: the copy is of one moment, and neither waits for writers nor keeps them waiting.
            with (
                _sentences(target, "written", "the backup"),
                contextlib.closing(self._connect()) as source,
                contextlib.closing(connect(hidden)) as copy,
            ):
                source.backup(copy)
                copy.execute("PRAGMA journal_mode = DELETE")
                if copy.execute("PRAGMA quick_check").fetchone()[0] != "ok":
                    raise StoreError(f"{self.path} is damaged; the backup was not written")
            _synchronise(hidden)
            hidden.replace(target)
            _synchronise(target.parent)
        except OSError as error:
            raise FileError(f"{target}: could not be written ({error.strerror or error})") from error
        finally:
            for ending in ("", "-journal", "-wal", "-shm"):
                hidden.with_name(hidden.name + ending).unlink(missing_ok=True)

    def close(self) -> None:
        """Close the connections; later calls raise StoreError."""
        with self._writing:
            self._connection.close()
        with self._lending:
            for reader in self._readers or ():
                reader.close()
            self._readers = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def connect(path: Path, mode: str = "rw") -> sqlite3.Connection:
    """Open a file that exists, in a mode of SQLite's addresses; transactions begin and end where the code says so."""
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}",
        uri=True,
        timeout=BUSY_SECONDS,
        isolation_level=None,
        check_same_thread=False,
    )
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


@contextlib.contextmanager
def _sentences(path: Path, done: str, what: str = "it") -> Iterator[None]:
    """Turn SQLite's errors into sentences."""
    try:
        yield
    except CanvassError:
        raise
    except sqlite3.Error as error:
        raise StoreError(_sentence(path, done, what, error)) from error


def _sentence(path: Path, done: str, what: str, error: sqlite3.Error) -> str:
    # The lowest byte is the kind; the others say where in SQLite it happened.
    kind = (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF
    saved = f"{what} was not saved" if done == "written" else f"{path} could not be {done}"
    again = "it is sent again by itself" if what == "the answer" else "then try again"
    if kind == sqlite3.SQLITE_FULL:
        return f"the disk is full: {saved}; free some space, {again}"
    if kind == sqlite3.SQLITE_IOERR:
        return f"the disk reports an error ({error}; {path}): {saved}; look after the disk, {again}"
    if kind in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
        return f"another program keeps {path} locked: {saved}; close that program, {again}"
    if kind in {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_CANTOPEN}:
        return f"{path} cannot be {'written to' if done == 'written' else 'opened'} ({error}): check who may; {again}"
    if kind in {sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT}:
        return f"{path} is damaged, or is not the database of a canvass project ({error}); restore it from a backup"
    return f"{path} could not be {done} ({error})"


def _synchronise(path: Path) -> None:
    """Bring a file, or the entries of a folder, to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def mounted() -> str:
    """Read the table of mounts; empty where the system has none (then nothing is refused)."""
    try:
        return MOUNTS.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return ""


def file_system(path: Path, table: str) -> str:
    r"""Find the type of the file system that holds a path: that of the deepest mount, the last where there are several.

    >>> file_system(Path("/home/eva/music/canvass.db"), "/dev/sda1 / ext4 rw 0 0\nserver:/h /home nfs4 rw 0 0\n")
    'nfs4'
    """
    kind, depth = "", 0
    for line in table.split("\n"):
        # A white-space or backslash of a mount point is written as three octal digits.
        fields = [
            re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), field) for field in line.split(" ")
        ]
        if len(fields) > 2 and path.is_relative_to(fields[1]) and len(Path(fields[1]).parts) >= depth:  # noqa: PLR2004
            kind, depth = fields[2], len(Path(fields[1]).parts)
    return kind


def refuse_network(path: Path, table: str | None = None) -> None:
    """Raise StoreError where a path is on a network file system; `table` is that of the system unless given."""
    kind = file_system(path.resolve(), mounted() if table is None else table)
    if NETWORK.fullmatch(kind):
        raise StoreError(
            f"{path} is on a network file system ({kind}), where a database can lose answers; put the project on a "
            "local disk (and send backups to the network with canvass backup)"
        )
