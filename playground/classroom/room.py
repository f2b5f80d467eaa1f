"""One class: who sits in it, what was asked and answered, what is on all screens. A plain state machine.

It knows no clock, no network and no model: whoever calls says what time it is and what a model said. It is used by one
thread at a time. Nothing of it is written anywhere; when nobody refers to it any more, it is gone.

A question goes through three states: open (answers come, and may be changed), closed, and revealed. An answer belongs
to a seat and to a question, so that however often it is sent it counts once.
"""

from __future__ import annotations

import hmac
import itertools
import secrets
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from playground.classroom.questions import Question, Value, one_line
from playground.classroom.result import ModelSays, Reveal, Writing
from playground.errors import BusyError, InputError, NotAllowedError

MOST_SEATS = 300
MOST_ROUNDS = 200
MOST_FINDS = 100
LONGEST_NAME = 40
LONGEST_LINK = 4000
PRESENT_SECONDS = 45.0  # a page says at least every 20 seconds that it is there
BACK_SECONDS = 8.0  # a page that is loaded again, or has lost its line, is back by then
State = Literal["open", "closed", "revealed"]
Shows = Literal["", "question", "writing", "follow", "link"]


@dataclass(frozen=True)
class Seat:
    """A student's place. ``number`` is how others may know it, ``token`` is its student's secret."""

    number: int
    token: str = field(repr=False)
    name: str = ""
    seen: float = 0.0


@dataclass(frozen=True)
class Round:
    """One question with its answers by the number of the seat."""

    number: int
    question: Question
    says: ModelSays = field(repr=False)
    answers: dict[int, Value] = field(default_factory=dict)
    state: State = "open"
    reveal: Reveal | None = None


@dataclass(frozen=True)
class Find:
    """A link that a student has sent to the teacher."""

    number: int
    seat: int
    link: str


class Room:
    """A class. ``code`` is said aloud, ``key`` moves the class; ``changed`` counts what every screen must hear of."""

    def __init__(self, code: str, key: str, now: float) -> None:
        self.code = code
        self._key = key
        self.touched = now
        self.rounds: list[Round] = []
        self.finds: list[Find] = []
        self.shown_links: list[str] = []
        self.follow = ""  # a link: what the teacher has on her screen
        self.on_board = ""  # a link that she has put on the board
        self.shows: Shows = ""  # on the board: what the teacher did last
        self.names_shown = False
        self.writing: Writing | None = None
        self.written: list[Writing] = []  # all that was on the screens, for the file
        self.ended = False
        self.changed = 0  # what students see
        self.counted = 0  # what the board and the teacher see
        self._seats: dict[str, Seat] = {}
        self._numbers = itertools.count(1)

    def is_teacher(self, key: str) -> bool:
        """Whether this is the teacher's key; how long the answer takes tells nothing of it."""
        return hmac.compare_digest(key.encode(), self._key.encode())

    # Seats

    @property
    def seats(self) -> tuple[Seat, ...]:
        """All seats that were ever taken."""
        return tuple(self._seats.values())

    def present(self, now: float) -> int:
        """How many have been heard of lately."""
        return sum(now - seat.seen < PRESENT_SECONDS for seat in self._seats.values())

    def join(self, name: str, token: str, now: float) -> Seat:
        """The seat of this token, or a new one; whoever comes back has kept answers and name.

        Raises:
            BusyError: the room is full.
            InputError: the name is too long, or the class is over.
        """
        self._require_going_on()
        known = self._seats.get(token)
        if known is None and len(self._seats) >= MOST_SEATS:
            raise BusyError("This room is full.", f"It has {MOST_SEATS} seats.")
        given = one_line(name, LONGEST_NAME, "The nickname") if name.strip() else known.name if known else ""
        number = known.number if known else next(self._numbers)
        seat = Seat(number, known.token if known else secrets.token_urlsafe(24), given, now)
        self._seats[seat.token] = seat
        self.counted += 1
        return seat

    def seat(self, token: str, now: float) -> Seat:
        """The seat of a token, which has been heard of now.

        Raises:
            NotAllowedError: it has none here.
        """
        if token not in self._seats:
            raise NotAllowedError("You have no seat in this room.", "Join it again.")
        known = self._seats[token]
        if now - known.seen >= PRESENT_SECONDS:
            self.counted += 1
        self._seats[token] = replace(known, seen=now)
        return known

    def left(self, token: str, now: float) -> None:
        """Notes that a page of this seat has gone: unless one is heard of soon, nobody is there."""
        if known := self._seats.get(token):
            self._seats[token] = replace(known, seen=min(known.seen, now - PRESENT_SECONDS + BACK_SECONDS))

    def has_seat(self, token: str) -> bool:
        """Whether this token has a seat here."""
        return token in self._seats

    def answers_of(self, seat: int) -> dict[int, Value]:
        """What a seat has answered, by the number of the question."""
        return {one.number: one.answers[seat] for one in self.rounds if seat in one.answers}

    # Questions

    @property
    def current(self) -> Round | None:
        """The last question."""
        return self.rounds[-1] if self.rounds else None

    def round(self, number: int) -> Round:
        """The question of this number.

        Raises:
            InputError: there is none.
        """
        if not 1 <= number <= len(self.rounds):
            raise InputError("There is no such question.", "Wait for the next one.")
        return self.rounds[number - 1]

    def ask(self, question: Question, says: ModelSays) -> Round:
        """The new question, open; one that was open before is closed.

        Raises:
            BusyError: too many were asked.
        """
        self._require_going_on()
        if len(self.rounds) >= MOST_ROUNDS:
            raise BusyError(f"{MOST_ROUNDS} questions were asked in this room.", "Open another one.")
        if self.current and self.current.state == "open":
            self._put(replace(self.current, state="closed"))
        self.rounds.append(Round(len(self.rounds) + 1, question, says))
        self.on_board = ""
        self._back_to_question()
        return self.rounds[-1]

    def answer(self, token: str, number: int, given: Any, now: float) -> Value:
        """The answer as it counts; a later one of the same seat takes the place of an earlier one.

        Raises:
            NotAllowedError: there is no such seat.
            InputError: the question takes no answers any more, or this is none.
        """
        seat = self.seat(token, now)
        self._require_going_on()
        asked = self.round(number)
        value = asked.question.read(given)
        if asked.state != "open" and asked.answers.get(seat.number) != value:
            raise InputError("This question takes no more answers.", "Wait for the next one.")
        if asked.answers.get(seat.number) != value:
            self._put(replace(asked, answers={**asked.answers, seat.number: value}))
            self.counted += 1
        return value

    def close(self) -> Round:
        """The question, which takes no answers from now on.

        Raises:
            InputError: nothing was asked.
        """
        asked = self._asked()
        if asked.state == "open":
            self._put(replace(asked, state="closed"))
            self._back_to_question()
        return self._asked()

    def tell(self, number: int, says: ModelSays) -> None:
        """Keeps what is right, where no model answers; no screen has it before the reveal.

        Raises:
            InputError: there is no such question.
        """
        self._require_going_on()
        self._put(replace(self.round(number), says=says))

    def show(self, number: int, reveal: Reveal, says: ModelSays) -> None:
        """Puts the answer on all screens.

        Raises:
            InputError: this isn't the question that was closed: another has come since.
        """
        asked = self._asked()
        if asked.number != number or asked.state == "open":
            raise InputError("Another question was asked meanwhile.", "Reveal that one.")
        self._put(replace(asked, state="revealed", reveal=reveal, says=says))
        self._back_to_question()

    def wrote(self, writing: Writing) -> None:
        """Puts both texts on all screens."""
        self._require_going_on()
        self.writing = writing
        before = [one for one in self.written if one.prompt != writing.prompt]
        self.written = [*before, writing]
        self._moved("writing")

    # What is on all screens

    def lead(self, link: str, on_board: bool = True) -> None:
        """Puts a link on all screens; on the board only if it may take another's place. An empty one lets go.

        Raises:
            InputError: it is no link to a run, or too long.
        """
        self._require_going_on()
        self.follow = read_link(link) if link else ""
        self._remember(self.follow)
        self._moved("follow" if self.follow and on_board else self.shows)

    def find(self, token: str, link: str, now: float) -> Find:
        """A student's link, for the teacher alone.

        Raises:
            BusyError: she has enough of them.
        """
        seat = self.seat(token, now)
        self._require_going_on()
        if len(self.finds) >= MOST_FINDS:
            raise BusyError("The teacher has got many links.", "Show yours in person.")
        found = Find(len(self.finds) + 1, seat.number, read_link(link))
        self.finds.append(found)
        self.counted += 1
        return found

    def put_on_board(self, number: int) -> None:
        """Puts what a student found on the board; 0 takes it off.

        Raises:
            InputError: there is no such find.
        """
        self._require_going_on()
        if not 0 <= number <= len(self.finds):
            raise InputError("There is no such link.", "Choose one of the list.")
        self.on_board = self.finds[number - 1].link if number else ""
        self._remember(self.on_board)
        self._moved("link" if number else self.shows)

    def show_names(self, shown: bool) -> None:
        """Lets the board and the files have nicknames, or not."""
        self.names_shown = shown
        self._moved(self.shows)

    def end(self) -> None:
        """The class is over: everything about it goes."""
        self.ended = True
        self._seats.clear()
        self.rounds.clear()
        self.finds.clear()
        self.shown_links.clear()
        self.follow = self.on_board = ""
        self.writing = None
        self.written.clear()
        self._moved("")

    def _asked(self) -> Round:
        self._require_going_on()
        if self.current is None:
            raise InputError("Nothing was asked yet.", "Ask the class first.")
        return self.current

    def _put(self, changed: Round) -> None:
        self.rounds[changed.number - 1] = changed

    def _remember(self, link: str) -> None:
        if link and link not in self.shown_links:
            self.shown_links.append(link)

    def _back_to_question(self) -> None:
        """The question stands on all screens, no longer both texts."""
        self.writing = None
        self._moved("question")

    def _moved(self, shows: Shows) -> None:
        """Something else is on the screens; the board shows this, or what is left where it has gone."""
        there: dict[str, object] = {"": True, "question": self.current, "writing": self.writing}
        there |= {"follow": self.follow, "link": self.on_board}
        left: Shows = "writing" if self.writing else "question" if self.current else "follow" if self.follow else ""
        self.shows = shows if there[shows] else left
        self.changed += 1
        self.counted += 1

    def _require_going_on(self) -> None:
        if self.ended:
            raise InputError("This class is over.", "Ask your teacher for a new code.")


def read_link(link: str) -> str:
    """A link to a run of this page, without the address before it.

    >>> read_link("http://10.0.0.5:7860/#run=1.eNp")
    '#run=1.eNp'

    Raises:
        InputError: it is none, or too long.
    """
    part = "#" + link.strip().partition("#")[2]
    packed = part.removeprefix("#run=")
    if packed == part or not packed or len(part) > LONGEST_LINK or not set(packed) <= LINK_SIGNS:
        raise InputError("This is no link to a run.", "Copy one with Share.")
    return part


LINK_SIGNS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.")
