"""What can go wrong with a request, and the one shape in which a client hears of it."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from canvass.errors import AnswerConflict, CanvassError, FileError

# One word a status, for programs; the sentence is for people.
CODES: dict[int, str] = {
    HTTPStatus.BAD_REQUEST: "bad_request",
    HTTPStatus.UNAUTHORIZED: "token",
    HTTPStatus.FORBIDDEN: "forbidden",
    HTTPStatus.NOT_FOUND: "not_found",
    HTTPStatus.METHOD_NOT_ALLOWED: "method",
    HTTPStatus.REQUEST_TIMEOUT: "timeout",
    HTTPStatus.CONFLICT: "conflict",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "too_large",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "content_type",
    HTTPStatus.MISDIRECTED_REQUEST: "host",
    HTTPStatus.INTERNAL_SERVER_ERROR: "defect",
    HTTPStatus.SERVICE_UNAVAILABLE: "storage",
}


class Problem(CanvassError):  # noqa: N818 - most are no error of anyone
    """A request that is refused: a status of HTTP, and a sentence for whoever sent it."""

    def __init__(self, message: str, status: int = HTTPStatus.BAD_REQUEST) -> None:
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
    status = HTTPStatus.CONFLICT if isinstance(error, AnswerConflict) else HTTPStatus.BAD_REQUEST
    return Problem(str(error), HTTPStatus.SERVICE_UNAVAILABLE if isinstance(error, FileError) else status)
