"""What is served under ``/class``: pages for students and the board, and the HTTP interface that moves a class.

The interface is described in ``docs/classroom.md``. Handlers run in the server's event loop, one at a time, so that a
room needs no lock; what asks a model does so in a thread, and holds the lock of its room meanwhile.
"""

from __future__ import annotations

import asyncio
import functools
import random
import secrets
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from playground.classroom.compare import count_words, draw, reveal, told, vote
from playground.classroom.questions import NextWord, OneOfTop, Word
from playground.classroom.report import answers_csv, class_text
from playground.classroom.screens import for_seat
from playground.errors import InputError
from server.arrival import address_of
from server.classroom.bodies import answer, failure, number, question, read_body, text
from server.classroom.hall import Hall, bearer
from server.classroom.live import ROLES, Live
from server.event_stream import EventStream
from server.requests import refusal

if TYPE_CHECKING:
    from playground.classroom.questions import Question
    from playground.classroom.result import ModelSays
    from playground.classroom.room import Room, Round
    from playground.service import Playground

Handler = Callable[[Request], Awaitable[Response]]
API = "/class/api"
ROOM = API + "/rooms/{code}"


class Classroom:
    """The classrooms of one server over one playground."""

    def __init__(self, playground: Playground, clock: Callable[[], float] = time.monotonic) -> None:
        self._playground = playground
        self._clock = clock
        self._chance: random.Random = secrets.SystemRandom()
        self.hall = Hall(clock)

    def open_room(self) -> tuple[str, str]:
        """(code, teacher's key) of a new room, which waits for its class."""
        return self.hall.open()

    def routes(self) -> list[BaseRoute]:
        """The HTTP interface; anything else below it is answered with a sentence."""
        posts = {
            f"{API}/rooms": self._open,
            f"{ROOM}/join": self._join,
            f"{ROOM}/answers": self._answer,
            f"{ROOM}/finds": self._find,
            f"{ROOM}/ask": self._ask,
            f"{ROOM}/close": self._close,
            f"{ROOM}/reveal": self._reveal,
            f"{ROOM}/right": self._right,
            f"{ROOM}/continue": self._continue,
            f"{ROOM}/texts": self._texts,
            f"{ROOM}/follow": self._follow,
            f"{ROOM}/board": self._board,
            f"{ROOM}/names": self._names,
            f"{ROOM}/end": self._end,
        }
        gets = {
            f"{ROOM}/events": self._events,
            f"{ROOM}/state": self._state,
            f"{ROOM}/mine": self._mine,
            f"{ROOM}/answers.csv": self._csv,
            f"{ROOM}/class.txt": self._text,
        }
        return [
            *(Route(path, _kindly(handler), methods=["POST"]) for path, handler in posts.items()),
            *(Route(path, _kindly(handler), methods=["GET"]) for path, handler in gets.items()),
            Route(API + "/{rest:path}", _nothing, methods=["GET", "POST"]),
        ]

    # What students do

    async def _open(self, request: Request) -> Response:
        code, key = self.hall.open(address_of(request))
        return answer({"code": code, "key": key})

    async def _join(self, request: Request) -> Response:
        live, body = self.hall.enter(request), await read_body(request)
        seat = live.room.join(text(body, "name"), text(body, "seat"), self._clock())
        live.room.touched = self._clock()
        live.ring()
        answers = live.room.answers_of(seat.number)
        return answer({"seat": seat.token, "number": seat.number, "name": seat.name, "answers": answers})

    async def _answer(self, request: Request) -> Response:
        live, seat = self.hall.sit(request)
        body = await read_body(request)
        asked = int(number(body, "question", 0))
        counts = live.room.answer(seat.token, asked, body.get("answer"), self._clock())
        live.ring()
        return answer({"question": asked, "answer": counts})

    async def _find(self, request: Request) -> Response:
        live, seat = self.hall.sit(request)
        found = live.room.find(seat.token, text(await read_body(request), "link"), self._clock())
        live.ring()
        return answer({"number": found.number})

    async def _mine(self, request: Request) -> Response:
        live, seat = self.hall.sit(request)
        return answer(for_seat(live.room, seat.number))

    # What everybody sees

    async def _events(self, request: Request) -> Response:
        live, role = self._onlooker(request)
        token = bearer(request)
        seen = functools.partial(_note_presence, live, token, self._clock)
        return EventStream(live.events(role, seen, lambda: live.room.left(token, self._clock())))

    async def _state(self, request: Request) -> Response:
        live, role = self._onlooker(request)
        _note_presence(live, bearer(request), self._clock)
        return Response(live.screen(role), media_type="application/json", headers={"Cache-Control": "no-store"})

    def _onlooker(self, request: Request) -> tuple[Live, str]:
        role = request.query_params.get("as", "student")
        if role not in ROLES:
            raise InputError("There is no such screen.", f"as is one of {', '.join(ROLES)}.")
        if role == "teacher":
            return self.hall.teach(request), role
        return self.hall.enter(request), role

    # What the teacher does

    async def _ask(self, request: Request) -> Response:
        live = self.hall.teach(request)
        body = await read_body(request)
        asked = question(body)
        async with live.lock:
            prepared = await asyncio.to_thread(self._playground.prepare_question, asked, address_of(request))
            says = _with_right(prepared.question, prepared.says, body)
            begun = live.room.ask(prepared.question, says)
        live.ring()
        return answer({"question": begun.number})

    async def _close(self, request: Request) -> Response:
        live = self.hall.teach(request)
        closed = live.room.close()
        live.ring()
        return answer({"question": closed.number})

    async def _reveal(self, request: Request) -> Response:
        live, body = self.hall.teach(request), await read_body(request)
        async with live.lock:
            if asked := live.room.current:  # what can't be right is refused before the class has to stop
                _with_right(asked.question, asked.says, body)
            closed = live.room.close()
            live.ring()
            says = _with_right(closed.question, closed.says, body)
            if isinstance(closed.question, NextWord) and closed.state != "revealed":
                words = sorted({str(word) for word in closed.answers.values()})
                says = await asyncio.to_thread(
                    self._playground.read_words, closed.question, says, words, address_of(request)
                )
            _show(live.room, closed, says)
        live.ring()
        return answer({"question": closed.number})

    async def _right(self, request: Request) -> Response:
        live, body = self.hall.teach(request), await read_body(request)
        async with live.lock:
            asked = live.room.round(int(number(body, "question", 0)))
            says = told(asked.question, asked.says, body.get("right"))
            live.room.tell(asked.number, says)
            if asked.state == "revealed" and asked.number == len(live.room.rounds):
                _show(live.room, asked, says)
        live.ring()
        return answer({"question": asked.number})

    async def _continue(self, request: Request) -> Response:
        live, body = self.hall.teach(request), await read_body(request)
        async with live.lock:
            asked = live.room.current
            if asked is None or asked.reveal is None or not isinstance(asked.question, NextWord | OneOfTop):
                raise InputError("There is no next token to go on with.", "Ask for one, and reveal it.")
            said = asked.reveal.bars
            is_drawn = text(body, "how") == "draw"
            chosen = draw(said, number(body, "temperature", 1.0), self._chance) if is_drawn else vote(said)
            if chosen.token_id < 0:
                raise InputError("The class chose what is no token.", "Ask again, or draw.")
            address = address_of(request)
            ask = self._playground.continued_question
            later = await asyncio.to_thread(ask, asked.question, chosen.token_id, address)
            prepared = await asyncio.to_thread(self._playground.prepare_question, later, address)
            begun = live.room.ask(prepared.question, prepared.says)
        live.ring()
        return answer({"question": begun.number, "token": chosen.name})

    async def _texts(self, request: Request) -> Response:
        live = self.hall.teach(request)
        async with live.lock:
            asked = live.room.current
            if asked is None or not isinstance(asked.question, NextWord | OneOfTop):
                raise InputError("The class has written nothing.", "Ask for a next token first.")
            writing = self._playground.class_writing
            live.room.wrote(await asyncio.to_thread(writing, asked.question, address_of(request)))
        live.ring()
        return answer()

    async def _follow(self, request: Request) -> Response:
        live, body = self.hall.teach(request), await read_body(request)
        live.room.lead(text(body, "link"), body.get("board") is not False)
        live.ring()
        return answer()

    async def _board(self, request: Request) -> Response:
        live, body = self.hall.teach(request), await read_body(request)
        live.room.put_on_board(int(number(body, "find", 0)))
        live.ring()
        return answer()

    async def _names(self, request: Request) -> Response:
        live, body = self.hall.teach(request), await read_body(request)
        live.room.show_names(body.get("shown") is True)
        live.ring()
        return answer()

    async def _end(self, request: Request) -> Response:
        self.hall.end(self.hall.teach(request))
        return answer()

    async def _csv(self, request: Request) -> Response:
        live = self.hall.teach(request)
        return _download(answers_csv(live.room), "text/csv", f"class-{live.room.code}.csv")

    async def _text(self, request: Request) -> Response:
        live = self.hall.teach(request)
        address = f"{request.base_url}"
        return _download(class_text(live.room, address), "text/plain", f"class-{live.room.code}.txt")


def _kindly(handler: Handler) -> Handler:
    """The handler, whose failures are answered with a status and a sentence."""

    @functools.wraps(handler)
    async def kind(request: Request) -> Response:
        try:
            return await handler(request)
        except Exception as error:
            return failure(error)

    return kind


async def _nothing(request: Request) -> Response:
    return refusal(404, "There is nothing here.")


def _note_presence(live: Live, token: str, clock: Callable[[], float]) -> None:
    """A student who looks is there; others who look have no seat."""
    if live.room.has_seat(token):
        live.room.seat(token, clock())


def _with_right(question: Question, says: ModelSays, body: dict[str, Any]) -> ModelSays:
    """What the model says; of a question whose answer only the teacher's page knows, what she says that it is.

    Raises:
        InputError, NotAllowedError: see `told`.
    """
    return says if body.get("right") is None else told(question, says, body["right"])


def _show(room: Room, asked: Round, says: ModelSays) -> None:
    """Puts the class beside the answer on all screens."""
    if isinstance(asked.question, Word):
        says = count_words(says, (str(word) for word in asked.answers.values()))
    room.show(asked.number, reveal(asked.question, asked.answers, says), says)


def _download(content: str, kind: str, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(content, media_type=f"{kind}; charset=utf-8", headers=headers)
