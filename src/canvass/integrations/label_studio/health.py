"""The address of an ML backend, and its health, asked for as Label Studio does."""

from __future__ import annotations

import re
from typing import Any

import httpx

from canvass.errors import OptionError, ServiceError, shown
from canvass.integrations.label_studio.client import UNAUTHORISED, checked_url

MISDIRECTED = 421
HEALTH_SECONDS = 1.0  # as long as Label Studio waits
EXPECTED = "expected one such as http://192.168.1.5:9090"


def health_of(backend: str) -> dict[str, Any]:
    """Ask an ML backend for its health, with Label Studio's patience.

    Raises
    ------
    ServiceError
        If it cannot be reached, does not answer in time, refuses, or is none.

    """
    bare = bare_address(backend)
    try:
        answer = httpx.get(f"{backend.rstrip('/')}/health", timeout=HEALTH_SECONDS)
    except httpx.TimeoutException:
        raise ServiceError(
            f"{bare}/health does not answer within {HEALTH_SECONDS:g} s, and Label Studio waits no longer"
        ) from None
    except (httpx.HTTPError, httpx.InvalidURL):
        raise ServiceError(
            f"{bare} cannot be reached from here; start it with canvass label-studio serve DIR"
        ) from None
    if answer.status_code == UNAUTHORISED:
        raise ServiceError(
            f"{bare} wants its user and password; write them into the address there and in --backend, as "
            "http://USER:PASSWORD@HOST:PORT",
            UNAUTHORISED,
        )
    if answer.status_code == MISDIRECTED:
        raise ServiceError(
            f"{bare} does not answer to that name; start canvass label-studio serve with --allow-host and the name",
            MISDIRECTED,
        )
    try:
        health = answer.json() if answer.is_success else None
    except ValueError:
        health = None
    if not isinstance(health, dict):
        raise ServiceError(
            f"{bare}/health answers, but not as an ML backend does ({answer.status_code}); check the port"
        )
    return health


def checked_backend(url: str) -> str:
    """Check the address of an ML backend, which may hold a user and a password; raises OptionError.

    >>> checked_backend("http://ls:secret@192.168.1.5:9090/")
    'http://ls:secret@192.168.1.5:9090'
    """
    try:
        parts = httpx.URL(url.strip())
        checked_url(str(parts.copy_with(username=None, password=None)))
    except (httpx.InvalidURL, OptionError):
        raise OptionError(f"--backend {shown(bare_address(url))} is no address; {EXPECTED}") from None
    return url.strip().rstrip("/")


def bare_address(url: str) -> str:
    """Leave out user and password, for sentences.

    >>> bare_address("http://ls:secret@192.168.1.5:9090")
    'http://192.168.1.5:9090'
    """
    return re.sub(r"//[^/]*@", "//", url)


def same_address(url: str, other: str) -> bool:
    """Whether two addresses are of one place, whatever the user and the slashes at the end."""
    return bare_address(url).rstrip("/").lower() == bare_address(other).rstrip("/").lower()
