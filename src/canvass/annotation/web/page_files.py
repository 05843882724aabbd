"""The files of the page: right types, and a digest, so that a browser keeps what has not changed."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

PAGE = Path(__file__).parent / "page"
INDEX = "index.html"
PROJECTS = "projects.html"  # where a server has several
HEAD, HEAD_FILE = b"<!-- head.html -->\n", "head.html"  # what the pages begin with, in the place of a comment
# The system's table of types differs from machine to machine, and `nosniff` makes browsers believe what they are told.
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}


class PageFile(NamedTuple):
    """A file as it is sent."""

    content: bytes
    type: str
    tag: str  # the ETag: a digest of the content, in quotes


def page_file(path: str, folder: Path = PAGE) -> PageFile | None:
    """Find the file for the path of an address; None where there is none, or it is of a type that pages have not.

    The path is looked up among the files that are there, so that no `..` leads out of the folder.
    """
    name = path.removeprefix("/") or INDEX
    file = next((path for path in folder.rglob("*") if path.relative_to(folder).as_posix() == name), None)
    if file is None or file.is_symlink() or not file.is_file() or file.suffix not in TYPES:
        return None
    state = file.stat()
    return _read(file, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=256)
def _read(path: Path, changed: int, size: int) -> PageFile:
    del changed, size  # part of what the cache goes by
    content = path.read_bytes()
    if HEAD in content:
        content = content.replace(HEAD, (path.parent / HEAD_FILE).read_bytes())
    return PageFile(content, TYPES[path.suffix], f'"{hashlib.sha256(content).hexdigest()[:32]}"')


def is_current(tag: str, if_none_match: str) -> bool:
    """Whether a browser that sends these tags has the file already.

    >>> is_current('"a1"', 'W/"a1", "b2"'), is_current('"a1"', '"b2"'), is_current('"a1"', "*")
    (True, False, True)
    """
    sent = [value.strip().removeprefix("W/") for value in if_none_match.split(",")]
    return tag in sent or sent == ["*"]
