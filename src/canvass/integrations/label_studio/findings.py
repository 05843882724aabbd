"""What `canvass label-studio doctor` makes of what it sees: pure judgements, each with what to set."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from canvass.errors import ServiceError, shown
from canvass.integrations.label_studio.client import FORBIDDEN, UNAUTHORISED
from canvass.integrations.label_studio.place import SAMPLING
from canvass.integrations.label_studio.predicting import VERSION

if TYPE_CHECKING:
    from collections.abc import Mapping

    from canvass.errors import CanvassError
    from canvass.integrations.label_studio.tokens import Token

Verdict = Literal["ok", "problem", "not checked"]

TESTED = (1, 23, 2)
OLDEST = (1, 13, 0)
FIRST_SERVER_FAILURE = 500
LONGEST_ROUND = 9  # digits
REFUSED = re.compile(r"reserved network address \(block: ([^)]+)\)|URL was not allowed")
UNRESOLVED = re.compile(r"[Cc]an't resolve hostname (\S+)")
OPEN = (
    "start Label Studio with ML_BLOCK_LOCAL_IP=false and SSRF_PROTECTION_ENABLED=false or, to open less, with "
    "USE_DEFAULT_BANNED_SUBNETS=false and all addresses that shall stay closed in USER_ADDITIONAL_BANNED_SUBNETS"
)
PUSH_SETS = "canvass label-studio push sets it, with predictions that have it"
ACCOUNT = "Account & Settings"


@dataclass(frozen=True)
class Check:
    """What was looked at, how it is, in words, and what to do about it, empty where there is nothing to do."""

    name: str
    verdict: Verdict
    words: str
    advice: str = ""


def judge_release(release: str) -> Check:
    """Judge the release of Label Studio.

    >>> judge_release("1.24.0").words
    '1.24.0, newer than the 1.23.2 that this was tested with'
    """
    numbers = tuple(int(digits) for digits in re.findall(r"\d+", release)[:3])
    tested, oldest = (".".join(map(str, version)) for version in (TESTED, OLDEST))
    if numbers < OLDEST:
        return Check(
            "version", "problem", f"{release} is too old", f"take {oldest} or newer; {tested} was tested"
        )
    if numbers == TESTED:
        return Check("version", "ok", f"{release}, which this was tested with")
    relation = "older" if numbers < TESTED else "newer"
    return Check("version", "ok", f"{release}, {relation} than the {tested} that this was tested with")


def judge_token(error: CanvassError, token: Token, now: float) -> Check:
    """Say why a token was refused, as far as it tells."""
    said, claims = str(error), token.claims
    if not isinstance(error, ServiceError) or error.status != UNAUTHORISED:
        return Check("token", "problem", said)
    expires = claims.get("exp")
    if "disabled for this organization" in said:
        words = "it is a legacy token, and the organisation has legacy tokens switched off"
        advice = (
            f"make a personal access token there ({ACCOUNT}), or have legacy tokens allowed (Organization, API Tokens "
            "Settings)"
        )
    elif claims.get("token_type") == "access":
        words = "it is an access token, which is good for minutes"
        advice = f"take the personal access token that it was made of ({ACCOUNT})"
    elif isinstance(expires, int | float) and expires < now:
        words = "it is a personal access token, and its time is over"
        advice = f"make a new one there ({ACCOUNT})"
    else:
        words = f"{kind_of(token)}, which this server does not know: revoked, of another server, or not copied whole"
        advice = f"copy it anew there ({ACCOUNT})"
    return Check("token", "problem", words, advice)


def kind_of(token: Token) -> str:
    """Say which kind of token it is."""
    return "a personal access token" if token.kind == "personal" else "a legacy token"


def judge_sampling(sampling: object) -> Check:
    """Judge the order in which tasks are offered."""
    if sampling == SAMPLING:
        return Check("sampling", "ok", SAMPLING)
    return Check(
        "sampling",
        "problem",
        f"it is {shown(sampling)}, so the least certain tasks do not come first",
        f"canvass label-studio push sets it to {SAMPLING}; the pages of Label Studio have no switch for it",
    )


def judge_order(version: object, counts: Mapping[str, Any], title: object) -> Check:
    """Judge whether the order follows the newest predictions: only those of the project's `model_version` count.

    `counts` are the predictions of each version, `title` is that of the ML backend, None without one: connecting one
    makes its title the project's version, if it had none.
    """
    name = "model version"
    versions = {name: count for name, count in counts.items() if count}
    if not versions:
        words = "there are no predictions, so tasks come in any order"
        return Check(name, "problem", words, "canvass label-studio push brings them")
    newest = max(versions, key=round_of)
    if not version:
        words = "the project has none, so tasks come in any order"
    elif version not in versions:
        of = ", the title of the ML backend," if version == title else ""
        words = f"it is {shown(version)}{of} which no prediction has, so tasks come in any order"
    elif round_of(newest) > round_of(version):
        words = f"it is {shown(version)}, and predictions of {shown(newest)} do not count in the order"
    else:
        return Check(name, "ok", f"{version}, which {versions[version]} predictions have")
    return Check(name, "problem", words, PUSH_SETS)


def round_of(version: object) -> int:
    """Read the number of the round from a model version; -1 where it is of other models.

    >>> round_of("canvass-r7"), round_of("canvass")
    (7, -1)
    """
    number = str(version).removeprefix(VERSION)
    if not str(version).startswith(VERSION) or not number.isdecimal() or len(number) > LONGEST_ROUND:
        return -1
    return int(number)


def judge_refusal(name: str, bare: str, error: ServiceError, variable: str) -> Check:
    """Read from a refusal of what makes no sense whether the address was the reason."""
    said = str(error)
    refused, unresolved = REFUSED.search(said), UNRESOLVED.search(said)
    if refused is not None:
        block = f", which is in {refused[1]}" if refused[1] else ""
        words = f"Label Studio refuses {bare}{block}: {variable} is on, as it is by default since 1.23.1"
        return Check(name, "problem", words, OPEN)
    if unresolved is not None:
        words = f"Label Studio cannot resolve the host of {bare}"
        advice = "take a name that its machine or container knows, or an IPv4 address; those of IPv6 it does not take"
        return Check(name, "problem", words, advice)
    if error.status == FORBIDDEN:
        return Check(name, "not checked", "this account may not change the project")
    if error.status is not None and error.status < FIRST_SERVER_FAILURE:
        return Check(name, "ok", f"{bare} is allowed")
    return Check(name, "problem", said)
