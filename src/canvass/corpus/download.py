"""Download of one file: verified by checksum, written atomically, retried after temporary errors; unpacking.

Of a zip or tar.gz archive one member is unpacked, limited in size; its name is never used as a path.
"""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import socket
import ssl
import tarfile
import time
import zlib
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from canvass import __version__
from canvass.corpus.formats.archives import LARGEST_TOTAL, MOST_MEMBERS, opened_zip
from canvass.corpus.formats.sources import Source
from canvass.errors import InputError, OptionError, ServiceError, damage, needing
from canvass.files import whole_file

if TYPE_CHECKING:
    import httpx


PAUSES = (1, 4)  # seconds before the second and the third try
TIMEOUT = 30  # seconds without a byte
CHUNK = 1 << 16  # bytes
PERMANENT = (ConnectionRefusedError, socket.gaierror, ssl.SSLCertVerificationError)  # no retry
TEMPORARY = (408, 429, 500, 502, 503, 504)
MESSAGES = {
    401: "asks for a name and a password; the file is not public there",
    403: "refuses to give the file (403); try again later, or from another network",
    404: "has no such file (404); it was moved, or a mirror does not have it",
    410: "has no such file any more (410)",
    407: "cannot be asked: the proxy wants a name and a password",
}


@dataclass(frozen=True)
class Expected:
    """What a file must be: its SHA-256 one of `sha256`, hexadecimal, and at most `at_most` bytes long."""

    sha256: Collection[str]
    at_most: int


class _TemporaryError(ServiceError):
    """A failed attempt that is worth a retry."""


def download(
    address: str,
    target: Path,
    expected: Expected,
    *,
    progress: Callable[[int, int | None], None] = lambda _received, _total: None,
    pause: Callable[[float], None] = time.sleep,
    timeout: float = TIMEOUT,
) -> str:
    """Download a file over http or https, through the proxies that the environment names.

    * `address`: address of the file.
    * `target`: path to write to once the file is complete and verified; its folder exists.
    * `expected`: its checksums and largest size.
    * `progress`: called with the number of bytes received and the total, None if the server does not state it. A retry
      begins again from 0.
    * `pause`: called with the seconds to wait before a retry.
    * `timeout`: seconds without a byte after which a connection counts as broken.

    Returns the SHA-256 of the file. Raises ExtraMissingError if httpx is not installed; OptionError if the address is
    not http or https; ServiceError if the server cannot be reached, does not have the file, has a different one, or
    keeps breaking off; FileError if the file cannot be written.
    """
    if urlsplit(address).scheme not in {"http", "https"} or not urlsplit(address).hostname:
        raise OptionError(f"{address!r} is no address of a file; expected one that begins with https://")
    for seconds in PAUSES:
        try:
            return _attempt(address, target, expected, progress, timeout)
        except _TemporaryError:
            pause(seconds)
    return _attempt(address, target, expected, progress, timeout)


def digest_of(path: Path) -> str:
    """Compute the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _attempt(
    address: str,
    target: Path,
    expected: Expected,
    progress: Callable[[int, int | None], None],
    timeout: float,
) -> str:
    """Download the file once, and keep it if its checksum is right; returns its SHA-256."""
    sha256, received = hashlib.sha256(), 0
    with whole_file(target) as file, _answer(address, timeout) as response:
        total = int(response.headers.get("Content-Length", 0))
        for data in response.iter_raw(CHUNK):
            received += len(data)
            if max(received, total) > expected.at_most:
                size = f"{total:,}" if total else "more"
                raise ServiceError(
                    f"{address}: {size} bytes are offered, and at most {expected.at_most:,} were expected; it is "
                    "another file"
                )
            file.write(data)
            sha256.update(data)
            progress(received, total or None)
        digest = sha256.hexdigest()
        if digest not in expected.sha256:
            raise ServiceError(
                f"{address}: the file that came has the SHA-256 {digest}, and "
                f"{' or '.join(sorted(expected.sha256))} was expected; it was changed there or on the way, "
                f"and is not kept; if you know that it is right, say so with --sha256 {digest}"
            )
    return digest


@contextlib.contextmanager
def _answer(address: str, timeout: float) -> Iterator[httpx.Response]:
    """Request the file once, and translate errors of HTTP and of the network, also while the block reads it."""
    with needing("downloading a corpus needs httpx", "corpora"):
        import httpx
    headers = {"User-Agent": f"canvass/{__version__}", "Accept-Encoding": "identity"}
    try:
        with httpx.stream(
            "GET", address, headers=headers, timeout=timeout, follow_redirects=True
        ) as response:
            status = response.status_code
            if status in TEMPORARY:
                raise _TemporaryError(f"{address}: the server cannot answer now ({status})", status)
            if not response.is_success:
                words = MESSAGES.get(status, f"answers {status}, which canvass does not know how to mend")
                raise ServiceError(f"{address}: {urlsplit(address).hostname} {words}", status)
            yield response
    except (httpx.TooManyRedirects, httpx.UnsupportedProtocol) as error:
        raise ServiceError(
            f"{address} leads from one address to the next without an end, or to one that is not of the web"
        ) from error
    except httpx.HTTPError as error:
        cause, reason = _cause(error)
        if isinstance(cause, PERMANENT):
            raise ServiceError(f"{address}: cannot be reached ({reason}); is this machine online?") from error
        if isinstance(error, httpx.RemoteProtocolError):
            reason = "it ended before the file did"
        raise _TemporaryError(f"{address}: the connection broke ({reason})") from error


def _cause(error: BaseException) -> tuple[BaseException, str]:
    """Find the cause of an error below HTTP; returns it and its reason as text."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return cause, f"its certificate is not trusted: {cause.verify_message}"
        if isinstance(cause, TimeoutError):
            return cause, "nothing came for too long"
        if isinstance(cause, OSError) and cause.strerror:
            return cause, cause.strerror
        cause = cause.__cause__ or cause.__context__
    return error, str(error)


def unpack(path: Path, member: str, target: Path) -> None:
    """Copy a member of an archive to a file; the extension tells zip from tar.

    Raises InputError if the archive is damaged or too large, or has no such member; FileError if the archive cannot be
    read.
    """
    if path.name.lower().endswith(".zip"):
        with opened_zip(str(path)) as archive:
            target.write_bytes(archive.read(member))
    else:
        _from_tar(path, member, target)


def _from_tar(path: Path, member: str, target: Path) -> None:
    # As a stream: nothing behind the member is unpacked.
    damages = (tarfile.TarError, zlib.error, EOFError, ValueError)
    with (
        Source(str(path)) as source,
        damage(f"{path}: the archive is damaged", *damages),
        tarfile.open(fileobj=source, mode="r|") as archive,
    ):
        for number, entry in enumerate(archive):
            if number > MOST_MEMBERS:
                raise InputError(f"{path}: the archive has more than {MOST_MEMBERS:,} members; it is refused")
            if entry.offset_data + entry.size > LARGEST_TOTAL:
                raise InputError(
                    f"{path}: the archive would unpack to more than {LARGEST_TOTAL >> 30} GB; it is refused"
                )
            if entry.name.removeprefix("./") == member and entry.isreg():
                content = archive.extractfile(entry)
                assert content is not None, "it is a file"
                with content, target.open("wb") as file:
                    shutil.copyfileobj(content, file)
                return
    raise InputError(f"{path}: the archive has no {member}; it is another one than was expected")
