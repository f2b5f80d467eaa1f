"""What a page sends, as what a room takes: short JSON objects, and what goes wrong as a status and a sentence."""

from __future__ import annotations

import json
import logging
import math
from typing import Any, get_args

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from playground.classroom.questions import Question
from playground.errors import BusyError, InputError, InputTooLongError, NotAllowedError, PlaygroundError
from playground.wire import from_json
from server.requests import refusal

log = logging.getLogger(__name__)
LONGEST_BODY = 40_000  # bytes; the longest text, with choices


async def read_body(request: Request) -> dict[str, Any]:
    """The JSON object that was sent; an empty body is an empty one.

    Raises:
        InputError: it is none.
        InputTooLongError: it is too long.
    """
    body = await request.body()
    if len(body) > LONGEST_BODY:
        raise InputTooLongError("That is too long for a class.", "Shorten it.")
    try:
        given = json.loads(body or b"{}")
    except (ValueError, RecursionError):
        raise InputError("The body is no JSON.", "Send a JSON object.") from None
    if not isinstance(given, dict):
        raise InputError("The body is no JSON object.", "Send one.")
    return given


def text(body: dict[str, Any], name: str) -> str:
    """A text of the body; empty if it isn't there.

    Raises:
        InputError: it is something else.
    """
    given = body.get(name, "")
    if not isinstance(given, str):
        raise InputError(f"{name} is no text.", "Send a text.")
    return given


def number(body: dict[str, Any], name: str, default: float) -> float:
    """A finite number of the body.

    Raises:
        InputError: it is none.
    """
    given = body.get(name, default)
    if isinstance(given, bool) or not isinstance(given, int | float) or not math.isfinite(given):
        raise InputError(f"{name} is no number.", "Send a number.")
    return given


def question(body: dict[str, Any]) -> Question:
    """The question to ask.

    Raises:
        InputError: it is of no kind that there is, or can't be asked.
    """
    given = body.get("question")
    kinds = {kind.type: kind for kind in get_args(Question)}
    kind = given.get("type") if isinstance(given, dict) else None
    if not isinstance(kind, str) or kind not in kinds:
        raise InputError("There is no question.", f"Its type is one of {', '.join(kinds)}.")
    asked: Question = from_json(kinds[kind], given)
    return asked


def failure(error: Exception) -> Response:
    """The answer to a request that failed."""
    if not isinstance(error, PlaygroundError):
        log.error("A request to the classroom failed", exc_info=error)
        return refusal(500, f"Something went wrong on our side ({type(error).__name__}). Try again.")
    if isinstance(error, NotAllowedError):
        return refusal(403, str(error))
    return refusal(429 if isinstance(error, BusyError) else 503 if error.retryable else 400, str(error))


def answer(content: Any = None) -> Response:
    """An answer that no cache keeps."""
    return JSONResponse(content if content is not None else {}, headers={"Cache-Control": "no-store"})
