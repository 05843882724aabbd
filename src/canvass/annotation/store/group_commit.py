"""One commit for all who write at the same moment: what is slow about a small write is to bring it to the disk.

A write is a savepoint in a transaction that it may share with others. Whoever is done with theirs waits for the
commit; the first of them makes it, once nobody else is about to write. So a write that comes alone is committed at
once, as ever, and while the disk is busy the next ones gather. Nobody returns before what they wrote is on the disk.
"""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

GATHERING = 0.02  # seconds that a commit waits, at most, for those who are about to write


class _Group:
    """Writes of one transaction: how many there are, and how it ended."""

    def __init__(self) -> None:
        self.members = 0
        self.ended = False
        self.failure: BaseException | None = None


class GroupCommit:
    """Transactions of one connection that writes, for any number of threads; nobody else may use the connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._using = threading.Lock()
        self._committing = threading.Lock()
        self._arrivals = threading.Condition()
        # Guarded by the condition:
        self._arriving = 0
        # Guarded by `_using`:
        self._group: _Group | None = None

    @contextlib.contextmanager
    def atomic(self) -> Iterator[sqlite3.Connection]:
        """Write: on the disk when the block has ended well, and without a trace where it raises.

        What the block does shall be short, since others wait for it. Errors of SQLite pass through; where the commit
        fails, it fails for all that share it.
        """
        with self._arrivals:
            self._arriving += 1
        try:
            with self._using:
                group = self._join()
                try:
                    self._connection.execute("SAVEPOINT one")
                    yield self._connection
                    self._connection.execute("RELEASE one")
                except BaseException as error:
                    self._leave(group, error)
                    raise
                group.members += 1
        finally:
            with self._arrivals:
                self._arriving -= 1
                self._arrivals.notify_all()
        self._commit(group)

    def close(self) -> None:
        """Close the connection once nobody uses it; what was not committed is not kept."""
        with self._committing, self._using:
            self._connection.close()

    def _join(self) -> _Group:
        if self._group is None:
            self._connection.execute("BEGIN IMMEDIATE")
            self._group = _Group()
        return self._group

    def _leave(self, group: _Group, error: BaseException) -> None:
        """Take back what one has written; some errors of SQLite have taken back what all had."""
        if self._connection.in_transaction and group.members:
            self._connection.execute("ROLLBACK TO one")
            self._connection.execute("RELEASE one")
            return
        self._end(group, error)

    def _end(self, group: _Group, failure: BaseException | None) -> None:
        group.ended, group.failure = True, failure
        self._group = None
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")

    def _commit(self, group: _Group) -> None:
        """Wait for the commit, or make it."""
        with self._committing:
            if not group.ended:
                with self._arrivals:
                    self._arrivals.wait_for(lambda: self._arriving == 0, GATHERING)
                with self._using:
                    if not group.ended:
                        self._finish(group)
        if group.failure is not None:
            raise group.failure

    def _finish(self, group: _Group) -> None:
        failure: BaseException | None = None
        try:
            self._connection.execute("COMMIT")
        except BaseException as error:  # noqa: BLE001 - everybody hears of it
            failure = error
        self._end(group, failure)
