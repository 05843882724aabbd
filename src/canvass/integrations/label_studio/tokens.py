"""The secret of a Label Studio account: where it is read from, and which of two kinds it is; it is never shown."""

from __future__ import annotations

import base64
import binascii
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from canvass.errors import FileError, OptionError

VARIABLE = "LABEL_STUDIO_API_KEY"
# What Label Studio says where legacy tokens are switched off.
LEGACY_IS_OFF = "disabled for this organization"
LONGEST_TOKEN = 8_192
Kind = Literal["legacy", "personal"]
JWT_PARTS = 3
JWT_START = "eyJ"  # an object of JSON in base64


@dataclass(frozen=True)
class Token:
    """A token of Label Studio: `legacy` ones are sent as they are, `personal` ones buy an access token of minutes."""

    value: str = field(repr=False)

    @property
    def kind(self) -> Kind:
        """Which kind it is: a personal access token is a JWT, three parts of base64 with dots between them."""
        return "personal" if self.claims else "legacy"

    @property
    def claims(self) -> dict[str, object]:
        """What a personal access token says of itself (`token_type`, `exp` in seconds of the epoch); else nothing."""
        parts = self.value.split(".")
        if len(parts) != JWT_PARTS:
            return {}
        try:
            claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
        except (binascii.Error, ValueError):
            return {}
        return claims if isinstance(claims, dict) else {}


def read_token(file: str | None) -> Token:
    """Read the token from a file, or else from the environment.

    Raises FileError if the file cannot be read; OptionError if there is no token, or what is there cannot be one; the
    sentence does not repeat it.
    """
    if file is None:
        text, where = os.environ.get(VARIABLE, ""), VARIABLE
        if not text.strip():
            raise OptionError(
                f"no token of Label Studio: write it into a file and name that with --token-file, or set {VARIABLE}; "
                "Label Studio shows it under Account & Settings"
            )
    else:
        where = f"--token-file {file}"
        text = read_secret(where, file)
    token = text.strip()
    if (
        not token
        or len(token) > LONGEST_TOKEN
        or not token.isascii()
        or not token.isprintable()
        or " " in token
    ):
        raise OptionError(
            f"{where}: expected one token of Label Studio on one line; copy it from Account & Settings there"
        )
    if token.count(".") == JWT_PARTS - 2 and token.startswith(JWT_START):
        raise OptionError(
            f"{where}: the last part of the personal access token is missing; Label Studio shows it whole only once, "
            "when it is made: make a new one"
        )
    return Token(token)


def read_secret(where: str, file: str) -> str:
    """Read a file that holds a secret; empty where it is no text. Raises FileError, which begins with `where`."""
    try:
        with Path(file).open(encoding="utf-8") as stream:
            return stream.read(LONGEST_TOKEN + 1)
    except OSError as error:
        raise FileError(f"{where}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError:
        return ""


def advice_for(token: Token, said: str, now: float) -> str:
    """Say why Label Studio refused a token, as far as can be told, and what to do.

    `said` are the words of Label Studio, `now` the seconds of the epoch.

    >>> advice_for(Token("0123456789abcdef"), " (Invalid token)", 0.0).partition(":")[0]
    'make a new personal access token there, under Account & Settings'
    """
    new = "make a new personal access token there, under Account & Settings"
    claims = token.claims
    expires = claims.get("exp")
    if LEGACY_IS_OFF in said:
        return new.replace("new ", "") + ", or allow legacy tokens on the page of the organisation"
    if claims.get("token_type") == "access":
        return "it is an access token, good for minutes; take the personal access token that it was made of"
    if isinstance(expires, int | float) and expires < now:
        return f"{new}: this one has expired"
    return f"{new}: this one was revoked, is of another server, or was not copied whole"
