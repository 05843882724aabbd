"""What kind of file system a path is on: a database must not live on one that is reached over a network.

SQLite's write-ahead log is memory that all processes share, and needs locks that hold; over a network there is
neither, and answers would be lost without a word (sqlite.org/wal.html, "Overview", and sqlite.org/useovernet.html).
"""

from __future__ import annotations

import re
from pathlib import Path

from canvass.errors import StoreError

MOUNTS = Path("/proc/self/mounts")
# As /proc/mounts calls them.
NETWORK = frozenset(
    {
        *(
            "9p",
            "afs",
            "beegfs",
            "ceph",
            "cifs",
            "coda",
            "davfs",
            "gfs2",
            "glusterfs",
            "gpfs",
            "lustre",
            "ncpfs",
        ),
        *("nfs", "nfs4", "ocfs2", "orangefs", "smb3", "smbfs", "vboxsf"),
        *("fuse.afp", "fuse.ceph", "fuse.gcsfuse", "fuse.glusterfs", "fuse.goofys", "fuse.juicefs"),
        *("fuse.mount-s3", "fuse.rclone", "fuse.s3fs", "fuse.sshfs"),
    }
)


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
    if kind in NETWORK:
        raise StoreError(
            f"{path} is on a network file system ({kind}), where a database can lose answers; put the project on a "
            "local disk (and send backups to the network with canvass backup)"
        )
