"""A room as each screen gets it: what students see, what the board shows, what the teacher has. JSON-ready values.

No screen gets an answer before it is revealed, and none but the teacher's gets who gave it, unless she shows names.
"""

from __future__ import annotations

from typing import Any

from playground.classroom.compare import bar_of
from playground.classroom.questions import Question
from playground.classroom.report import text_of
from playground.classroom.room import Room, Round
from playground.wire import to_json


def for_students(room: Room) -> dict[str, Any]:
    """The same for every student; each page knows its own answers."""
    return {
        "version": room.changed,
        "ended": room.ended,
        "asked": _asked(room.current),
        "reveal": _reveal(room),
        "writing": to_json(room.writing, short=True),
        "follow": room.follow,
    }


def for_board(room: Room, now: float) -> dict[str, Any]:
    """What students see, how many are there and how many have answered."""
    return {
        **for_students(room),
        "version": room.counted,
        "code": room.code,
        "joined": len(room.seats),
        "present": room.present(now),
        "answered": len(room.current.answers) if room.current else 0,
        "link": room.on_board,
        "shows": room.shows,
    }


def for_teacher(room: Room, now: float) -> dict[str, Any]:
    """What the board shows, and what only she may see."""
    names = {seat.number: seat.name for seat in room.seats} if room.names_shown else {}
    return {
        **for_board(room, now),
        "names_shown": room.names_shown,
        "names": [name for _, name in sorted(names.items()) if name],
        "finds": [{"number": one.number, "link": one.link, "name": names.get(one.seat, "")} for one in room.finds],
        "rounds": len(room.rounds),
    }


def for_seat(room: Room, seat: int) -> dict[str, Any]:
    """What a student has answered, by the number of the question, and the place of it among the bars that are shown."""
    asked, answers = room.current, room.answers_of(seat)
    place = -1
    if asked and asked.reveal and asked.number in answers:
        place = bar_of(asked.question, asked.says, asked.reveal, answers[asked.number])
    return {"answers": answers, "place": place}


def _asked(asked: Round | None) -> dict[str, Any] | None:
    """The question without what would tell the answer."""
    if asked is None:
        return None
    question = asked.question
    shown: dict[str, Any] = {
        "number": asked.number,
        "state": asked.state,
        "kind": question.type,
        "ask": question.ask,
        "text": _text(question),
        "added": getattr(question, "added", ""),
        "choices": list(getattr(question, "choices", ())),
    }
    return shown | {name: getattr(question, name) for name in ("low", "high", "unit") if hasattr(question, name)}


def _text(question: Question) -> str:
    added = str(getattr(question, "added", ""))
    return text_of(question).removesuffix(added) if added else text_of(question)


def _reveal(room: Room) -> dict[str, Any] | None:
    """The answer, with nicknames in place of seats, where they are shown."""
    asked = room.current
    if asked is None or asked.reveal is None:
        return None
    shown: dict[str, Any] = to_json(asked.reveal, short=True)
    names = {seat.number: seat.name for seat in room.seats} if room.names_shown else {}
    for surprise in shown["surprises"]:
        surprise["names"] = [names[seat] for seat in surprise.pop("seats") if names.get(seat)]
    return shown
