"""What can go wrong with a request, and the one shape in which a client hears of it."""

from __future__ import annotations

from typing import Any

from canvass.errors import AnswerConflict, CanvassError, FileError

BAD_REQUEST = 400
UNAUTHORISED = 401
FORBIDDEN = 403
NOT_FOUND = 404
METHOD_NOT_ALLOWED = 405
TIMEOUT = 408
CONFLICT = 409
TOO_LARGE = 413
UNSUPPORTED_TYPE = 415
MISDIRECTED = 421
INTERNAL = 500
UNAVAILABLE = 503

# One word a status, for programs; the sentence is for people.
CODES = {
    BAD_REQUEST: "bad_request",
    UNAUTHORISED: "token",
    FORBIDDEN: "forbidden",
    NOT_FOUND: "not_found",
    METHOD_NOT_ALLOWED: "method",
    TIMEOUT: "timeout",
    CONFLICT: "conflict",
    TOO_LARGE: "too_large",
    UNSUPPORTED_TYPE: "content_type",
    MISDIRECTED: "host",
    INTERNAL: "defect",
    UNAVAILABLE: "storage",
}


class Problem(CanvassError):  # noqa: N818 - most are no error of anyone
    """A request that is refused: a status of HTTP, and a sentence for whoever sent it."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status

    @property
    def content(self) -> dict[str, Any]:
        """What is sent: `{"error": {"code": ..., "message": ...}}`."""
        return {"error": {"code": CODES.get(self.status, "refused"), "message": str(self)}}


def problem_of(error: CanvassError) -> Problem:
    """Say what an error of canvass means to a client.

    What the store cannot write is 503: the page keeps the answer and sends it again. An id that was used for another
    answer is 409. Everything else that canvass has a sentence for is about what was sent.
    """
    if isinstance(error, Problem):
        return error
    status = CONFLICT if isinstance(error, AnswerConflict) else BAD_REQUEST
    return Problem(UNAVAILABLE if isinstance(error, FileError) else status, str(error))
