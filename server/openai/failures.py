"""What goes wrong, in OpenAI's form: a status that its clients know, and a sentence that says what to do."""

from __future__ import annotations

import logging
from typing import Any

from starlette.responses import JSONResponse

from playground.errors import (
    BusyError,
    GatedModelError,
    HubOfflineError,
    InputTooLongError,
    ModelNotFoundError,
    NotAllowedError,
    PlaygroundError,
)
from server.turns import Crowded

LISTED = "/v1/models lists the models of this server."
log = logging.getLogger(__name__)
# The first that fits; kind of error -> status, type, code. OpenAI's own clients ask again at 429 and from 500 on.
STATUSES: tuple[tuple[type[Exception], int, str, str | None], ...] = (
    (InputTooLongError, 400, "invalid_request_error", "context_length_exceeded"),
    (ModelNotFoundError, 404, "invalid_request_error", "model_not_found"),
    (GatedModelError, 403, "invalid_request_error", "model_not_found"),
    (NotAllowedError, 403, "permission_error", None),
    (BusyError, 429, "rate_limit_error", "rate_limit_exceeded"),
)


def refused(status: int, message: str, kind: str = "invalid_request_error", code: str | None = None) -> JSONResponse:
    """An answer that says why there is none."""
    headers = {"Retry-After": "1"} if status == 429 else {}
    headers |= {"WWW-Authenticate": "Bearer"} if status == 401 else {}
    return JSONResponse(_said(message, kind, code), status_code=status, headers=headers)


def answer_to(error: Exception) -> JSONResponse:
    """The answer to a call that failed."""
    status, message, kind, code = _read(error)
    return refused(status, message, kind, code)


def last_words(error: Exception) -> dict[str, Any]:
    """What a stream says that fails after its beginning."""
    _, message, kind, code = _read(error)
    return _said(message, kind, code)


def _said(message: str, kind: str, code: str | None) -> dict[str, Any]:
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


def _read(error: Exception) -> tuple[int, str, str, str | None]:
    """(status, message, type, code) of a failure; what isn't the asker's fault goes into the log whole."""
    if isinstance(error, Crowded):
        return 429, "Many people are asking right now. Try again in a moment.", "rate_limit_error", None
    if not isinstance(error, PlaygroundError):
        log.error("A call of the OpenAI API failed", exc_info=error)
        return 500, f"Something went wrong on our side ({type(error).__name__}). Try again.", "server_error", None
    message = f"{error} {LISTED}" if isinstance(error, ModelNotFoundError | HubOfflineError) else str(error)
    for kind, status, name, code in STATUSES:
        if isinstance(error, kind):
            return status, message, name, code
    if error.retryable:
        return 503, message, "server_error", None
    return 400, str(error), "invalid_request_error", None
