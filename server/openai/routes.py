"""The routes under ``/v1``: who may call them, what each answers, and that work ends when its asker goes."""

from __future__ import annotations

import asyncio
import functools
import json
import secrets
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from playground.errors import InputError
from playground.generation.request import TASK
from server.arrival import address_of, arrived_at
from server.event_stream import EventStream
from server.openai.answers import Form, embeddings
from server.openai.failures import answer_to, last_words, refused
from server.openai.parameters import Asked, person_of, read_chat, read_completion, read_embeddings
from server.openai.replies import Replies
from server.requests import Gone, while_there
from server.turns import Turns

if TYPE_CHECKING:
    from playground.generation.events import Event
    from playground.models.catalog import ModelSpec
    from playground.service import Playground

Batches = AsyncGenerator[list[tuple[int, "Event"]], None]
SERVED = (TASK, "feature-extraction")
PATHS = "/v1/models, /v1/chat/completions, /v1/completions and /v1/embeddings"


class OpenAIApi:
    """OpenAI's API over one playground. With a ``key`` every call must bear it."""

    def __init__(self, playground: Playground, key: str = "") -> None:
        self._playground = playground
        self._key = key.encode()
        self._turns = Turns(running=1)

    def routes(self) -> list[BaseRoute]:
        """What is served under ``/v1``; anything else there is answered with what there is."""
        post, any_method = ["POST"], ["GET", "POST", "PUT", "PATCH", "DELETE"]
        return [
            Route("/v1/models", self._kindly(self._models), methods=["GET"]),
            Route("/v1/models/{model:path}", self._kindly(self._model), methods=["GET"]),
            Route("/v1/chat/completions", self._kindly(self._chat), methods=post),
            Route("/v1/completions", self._kindly(self._completions), methods=post),
            Route("/v1/embeddings", self._kindly(self._embeddings), methods=post),
            Route("/v1/{rest:path}", self._kindly(self._nothing), methods=any_method),
        ]

    def _kindly(self, handler: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
        @functools.wraps(handler)
        async def answer(request: Request) -> Response:
            if not self._may_ask(request):
                return refused(401, "This server wants its API key: Authorization: Bearer KEY.", code="invalid_api_key")
            try:
                return await handler(request)
            except Gone:
                return Response(status_code=499)  # nobody reads it
            except Exception as error:
                return answer_to(error)

        return answer

    def _may_ask(self, request: Request) -> bool:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        bears = scheme.lower() == "bearer" and secrets.compare_digest(given.strip().encode(), self._key)
        return bears or not self._key

    # Models

    async def _models(self, request: Request) -> Response:
        served = [spec for spec in self._playground.catalog if spec.task in SERVED]
        return JSONResponse({"object": "list", "data": [_described(spec) for spec in served]})

    async def _model(self, request: Request) -> Response:
        model = request.path_params["model"]
        spec = self._playground.catalog.find(model)
        if spec is None or spec.task not in SERVED:
            message = f"{model[:100]} isn't a model of this server: /v1/models lists them."
            return refused(404, message, code="model_not_found")
        return JSONResponse(_described(spec))

    async def _nothing(self, request: Request) -> Response:
        return refused(404, f"{request.method} {request.url.path[:100]} isn't served here. There are {PATHS}.")

    # Generation

    async def _chat(self, request: Request) -> Response:
        return await self._generate(request, read_chat(await _body(request), address_of(request)))

    async def _completions(self, request: Request) -> Response:
        return await self._generate(request, read_completion(await _body(request), address_of(request)))

    async def _generate(self, request: Request, asked: Asked) -> Response:
        interval = 0.05 if asked.stream else 0.25
        batches = self._playground.compare_batches(asked.requests, interval, arrived_at(request))
        form = Form.of(asked, asked.requests[0].model_id or self._playground.catalog.default_for(TASK).id)
        replies = Replies(asked)
        if asked.stream:  # what fails before the first event still gets a status of its own
            replies.read(await while_there(request.receive, anext(batches)))
            return EventStream(_chunks(form, replies, batches))
        await while_there(request.receive, _read_all(replies, batches))
        return JSONResponse(form.whole(replies))

    # Embeddings

    async def _embeddings(self, request: Request) -> Response:
        body = await _body(request)
        asked, as_base64 = read_embeddings(body)
        place = (address_of(request), person_of(body), secrets.token_hex(8))

        async def in_turn() -> Any:
            async with self._turns.turn(*place):
                work = asyncio.ensure_future(asyncio.to_thread(self._playground.embed, asked))
                try:
                    return await asyncio.shield(work)
                finally:
                    await asyncio.wait({work})  # a turn is given back when its thread is free

        return JSONResponse(embeddings(await while_there(request.receive, in_turn()), as_base64))


async def _read_all(replies: Replies, batches: Batches) -> None:
    async with aclosing(batches):
        async for batch in batches:
            replies.read(batch)


async def _chunks(form: Form, replies: Replies, batches: Batches) -> AsyncGenerator[bytes, None]:
    """The stream, as bytes: what was read already, and what comes."""
    async with aclosing(batches):
        for chunk in form.opening():
            yield _event(chunk)
        ended: set[int] = set()
        try:
            while True:
                if place := max(reply.position for reply in replies.each):
                    yield f": waiting, number {place} in line\n\n".encode()  # a comment, which keeps proxies patient
                for index, reply in enumerate(replies.each):
                    for chunk in form.grown(index, reply) if index not in ended else ():
                        yield _event(chunk)
                    ended |= {index} if reply.finished else set()
                replies.read(await anext(batches))
        except StopAsyncIteration:
            for chunk in form.closing(replies):
                yield _event(chunk)
        except Exception as error:
            yield _event(last_words(error))
        yield b"data: [DONE]\n\n"


def _event(chunk: dict[str, Any]) -> bytes:
    return b"data: " + orjson.dumps(chunk) + b"\n\n"


async def _body(request: Request) -> dict[str, Any]:
    try:
        body = json.loads(await request.body())
    except (ValueError, RecursionError):
        raise InputError("The body is no JSON.", "Send a JSON object.") from None
    if not isinstance(body, dict):
        raise InputError("The body is no JSON object.", "Send one.")
    return body


def _described(spec: ModelSpec) -> dict[str, Any]:
    owner = spec.id.rpartition("/")[0] or "unknown"
    return {"id": spec.id, "object": "model", "created": 0, "owned_by": owner, "task": spec.task}
