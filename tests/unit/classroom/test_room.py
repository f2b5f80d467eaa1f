"""A room as a state machine: whatever happens in whatever order, no answer is lost and none counts twice."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, precondition, rule

from playground.classroom import room as classroom
from playground.classroom.compare import count_words, reveal, told
from playground.classroom.questions import Choice, CloserPair, GreedyReply, Number, OneOfTop, Slider, Word
from playground.classroom.report import answers_csv, class_text
from playground.classroom.result import ModelSays, Said, Writing
from playground.classroom.room import Room
from playground.classroom.rooms import SILENT_SECONDS, Rooms, read_code
from playground.classroom.screens import for_board, for_seat, for_students, for_teacher
from playground.errors import BusyError, InputError, NotAllowedError

YES_OR_NO = Choice("Will it rain?", ("yes", "no"))
PLACES = st.integers(0, 1)
SAYS = ModelSays((Said("yes", 0.75), Said("no", 0.25)), right=0)


class Class(RuleBasedStateMachine):
    """Students who join, answer, change their minds, reload, send twice and come late, beside a plain model of it."""

    seats = Bundle("seats")

    @initialize()
    def open(self):
        self.now = 0.0
        self.room = Room("ABC234", "key", self.now)
        self.numbers: dict[str, int] = {}
        self.expected: list[dict[int, int]] = []
        self.names: dict[int, str] = {}

    @rule(target=seats, name=st.sampled_from(["", "Ada", "<b>Bob</b>", "{{ 7 * 7 }}"]))
    def join(self, name):
        seat = self.room.join(name, "", self.now)
        assert seat.token not in self.numbers and seat.number not in self.numbers.values()
        self.numbers[seat.token] = seat.number
        self.names[seat.number] = name
        return seat.token

    @rule(token=seats)
    def reload(self, token):
        seat = self.room.join("", token, self.now)
        assert (seat.token, seat.number, seat.name) == (token, self.numbers[token], self.names[seat.number])
        mine = {n: given[seat.number] for n, given in enumerate(self.expected, 1) if seat.number in given}
        assert self.room.answers_of(seat.number) == mine

    @rule()
    def ask(self):
        assert self.room.ask(YES_OR_NO, SAYS).number == len(self.expected) + 1
        self.expected.append({})

    @precondition(lambda self: self.expected)
    @rule(token=seats, place=PLACES, times=st.integers(1, 3))
    def answer(self, token, place, times):
        """Sent more than once, as a page does that has lost its connection."""
        number, seat = len(self.expected), self.numbers[token]
        taken = self.room.current.state == "open" or self.expected[-1].get(seat) == place
        for _ in range(times):
            if taken:
                assert self.room.answer(token, number, place, self.now) == place
            else:
                with pytest.raises(InputError, match="no more answers"):
                    self.room.answer(token, number, place, self.now)
        if taken:
            self.expected[-1][seat] = place

    @precondition(lambda self: len(self.expected) > 1)
    @rule(token=seats, place=PLACES)
    def answer_late(self, token, place):
        """To a question that isn't the last any more."""
        given = self.expected[-2].get(self.numbers[token])
        if given == place:
            assert self.room.answer(token, len(self.expected) - 1, place, self.now) == place
        else:
            with pytest.raises(InputError):
                self.room.answer(token, len(self.expected) - 1, place, self.now)

    @precondition(lambda self: self.expected)
    @rule()
    def reveal(self):
        closed = self.room.close()
        shown = reveal(closed.question, closed.answers, SAYS)
        self.room.show(closed.number, shown, SAYS)
        counts = Counter(self.expected[-1].values())
        assert [(bar.name, bar.count) for bar in shown.bars] == [("yes", counts[0]), ("no", counts[1])]

    @precondition(lambda self: self.expected)
    @rule()
    def close(self):
        assert self.room.close().state in ("closed", "revealed")

    @rule(shown=st.booleans())
    def names_on_or_off(self, shown):
        self.room.show_names(shown)

    @rule(token=consumes(seats))
    def leave(self, token):
        """Nobody says good-bye; the answers stay."""
        self.now += 100

    @invariant()
    def nothing_is_lost_or_doubled(self):
        assert [one.answers for one in self.room.rounds] == self.expected
        rows = list(csv.DictReader(io.StringIO(answers_csv(self.room).lstrip("\ufeff"))))
        assert len(rows) == sum(map(len, self.expected))
        counts = Counter((int(row["question"]), int(row["seat"])) for row in rows)
        assert set(counts.values()) <= {1}

    @invariant()
    def no_screen_tells_more_than_it_may(self):
        students, board = for_students(self.room), for_board(self.room, self.now)
        everything = json.dumps([students, board, for_teacher(self.room, self.now)])
        assert not any(token in everything for token in self.numbers)
        if self.room.current and self.room.current.state != "revealed":
            assert students["reveal"] is None and "0.75" not in everything
        if not self.room.names_shown:
            assert "Bob" not in everything and "Bob" not in answers_csv(self.room)
        assert board["answered"] == (len(self.expected[-1]) if self.expected else 0)


TestClass = Class.TestCase
TestClass.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)


@pytest.fixture
def room():
    return Room("ABC234", "the key", 0.0)


def test_only_the_teachers_key_is_hers(room):
    assert room.is_teacher("the key")
    assert not any(room.is_teacher(key) for key in ("", "the kez", "the key ", "ключ"))


def test_an_answer_is_one_of_the_choices(room):
    token = room.join("", "", 0).token
    room.ask(YES_OR_NO, SAYS)
    for given in (2, -1, "yes", 0.5, None, [0], "0"):
        with pytest.raises(InputError):
            room.answer(token, 1, given, 0)
    assert room.rounds[0].answers == {}


def test_a_question_that_never_was_takes_no_answer(room):
    token = room.join("", "", 0).token
    for number in (0, 1, -1):
        with pytest.raises(InputError, match="no such question"):
            room.answer(token, number, 0, 0)
    with pytest.raises(NotAllowedError):
        room.answer("made up", 1, 0, 0)


def test_a_room_has_only_so_many_seats(room, monkeypatch):
    monkeypatch.setattr(classroom, "MOST_SEATS", 2)
    first = room.join("", "", 0)
    room.join("", "", 0)
    with pytest.raises(BusyError):
        room.join("", "", 0)
    assert room.join("", first.token, 0).number == first.number


def test_who_is_silent_is_not_present(room):
    token = room.join("", "", 0).token
    assert (room.present(10), room.present(1000)) == (1, 0)
    room.seat(token, 1000)
    assert room.present(1010) == 1


def test_who_closes_the_page_soon_is_not_present_but_a_reload_is(room):
    token = room.join("", "", 0).token
    room.left(token, 10)
    room.left("nobody's", 10)
    assert (room.present(12), room.present(20)) == (1, 0)
    room.seat(token, 13)  # loaded again
    assert room.present(30) == 1


def test_late_comers_see_where_the_class_is(room):
    room.ask(YES_OR_NO, SAYS)
    room.lead("#run=1.abc")
    room.join("late", "", 99)
    seen = for_students(room)
    assert (seen["asked"]["choices"], seen["asked"]["state"], seen["follow"]) == (["yes", "no"], "open", "#run=1.abc")


def test_the_last_reveal_belongs_to_its_question(room):
    room.ask(YES_OR_NO, SAYS)
    number = room.close().number
    room.ask(YES_OR_NO, SAYS)
    room.close()
    with pytest.raises(InputError, match="Another question"):
        room.show(number, reveal(YES_OR_NO, {}, SAYS), SAYS)


def test_the_board_shows_what_the_teacher_did_last(room):
    token = room.join("", "", 0).token
    room.find(token, "#run=1.found", 0)
    seen = [for_board(room, 0)["shows"]]
    acts = [
        lambda: room.lead("#run=1.a"),
        lambda: room.ask(YES_OR_NO, SAYS),
        lambda: room.lead("#run=1.b", on_board=False),  # her screen goes on, the question stays
        lambda: room.put_on_board(1),
        lambda: room.put_on_board(0),
        lambda: room.lead("#run=1.c"),
        lambda: room.lead(""),
        lambda: room.put_on_board(1),
        lambda: room.close(),
    ]
    for act in acts:
        act()
        seen.append(for_board(room, 0)["shows"])
    assert seen == ["", "follow", "question", "question", "link", "question", "follow", "question", "link", "question"]
    assert for_students(room)["follow"] == ""


def test_what_is_right_waits_for_the_reveal(room):
    token = room.join("", "", 0).token
    room.ask(Choice("Which?", ("one", "two")), ModelSays((Said("one", None), Said("two", None))))
    room.answer(token, 1, 0, 0)
    before = json.dumps(for_board(room, 0))
    says = told(room.round(1).question, room.round(1).says, 1)
    room.tell(1, says)
    assert json.dumps(for_board(room, 0)) == before
    room.close()
    room.show(1, reveal(room.round(1).question, room.round(1).answers, says), says)
    assert for_students(room)["reveal"]["right"] == 1
    assert for_seat(room, 1) == {"answers": {1: 0}, "place": 0}


def test_a_class_takes_all_its_texts_home(room):
    for prompt in ("The sky is", "The sea is", "The sky is"):
        room.ask(YES_OR_NO, SAYS)
        room.wrote(Writing(prompt, f" {len(room.rounds)}", 2.0, " blue", 1.5, 1, origin="A model in 8-bit"))
    text = class_text(room, "")
    assert text.count("Measured with A model in 8-bit.") == 2
    assert "The sky is 3" in text and "The sea is 2" in text and "The sky is 1" not in text


def test_links_are_links_to_runs(room):
    token = room.join("", "", 0).token
    for link in ("", "javascript:alert(1)", "#run=", "#run=<b>", "http://a/#tab=x", "#run=" + "a" * 5000):
        with pytest.raises(InputError):
            room.find(token, link, 0)
    room.find(token, "https://example.org/x/#run=1.abc", 0)
    assert for_board(room, 0)["link"] == ""
    room.put_on_board(1)
    assert for_board(room, 0)["link"] == "#run=1.abc"
    assert "https://here/#run=1.abc" in class_text(room, "https://here/")


def test_the_files_say_which_model_answered(room):
    token = room.join("", "", 0).token
    says = replace(SAYS, origin="A model in 8-bit")
    room.ask(YES_OR_NO, says)
    room.answer(token, 1, 0, 0)
    assert "A model" not in answers_csv(room), "it isn't revealed"
    room.close()
    room.show(1, reveal(YES_OR_NO, room.round(1).answers, says), says)
    assert answers_csv(room).splitlines()[1].endswith("yes,,yes,0.75,A model in 8-bit")
    assert "  yes: 1\nMeasured with A model in 8-bit." in class_text(room, "")


def test_numbers_are_written_as_people_write_them(room):
    token = room.join("", "", 0).token
    room.ask(Slider("How many?", 0, 10_000_000), ModelSays())
    with pytest.raises(InputError, match=r"20,000,000 is out of range\..*from 0 to 10,000,000\."):
        room.answer(token, 1, 20_000_000, 0)
    room.answer(token, 1, 0, 0)
    shown = reveal(room.round(1).question, room.round(1).answers, ModelSays())
    assert shown.bars[1].name == "1,000,000 to 2,000,000\u00a0%"


def test_years_have_no_groups_and_small_numbers_no_powers_of_ten(room):
    years, seats = Slider("When?", 1990, 2025, "year"), [room.join("", "", 0).token for _ in range(2)]
    assert reveal(years, {}, ModelSays()).bars[0].name == "1990 to 1993.5\u00a0year"
    room.ask(Number("How long?"), ModelSays())
    for seat, given in zip(seats, (0.000001, 12.0), strict=True):
        room.answer(seat, 1, given, 0)
    assert [bar.name for bar in reveal(Number("?"), room.round(1).answers, ModelSays()).bars] == ["0.000001", "12"]
    assert [line.split(",")[6] for line in answers_csv(room).splitlines()[1:]] == ["0.000001", "12"]


@pytest.mark.parametrize(
    ("asked", "right", "given", "cells"),
    [
        (YES_OR_NO, 1, 0, "yes,no,,,"),
        (Slider("How sure?"), 78.25, 80, "80,78.25,,,"),
        (Number("How tall?"), 1234567.5, 2.0, "2,1234567.5,,,"),
        (Word("Which?"), "Paris", "Rome", "Rome,Paris,,,"),
    ],
)
def test_what_the_teacher_says_is_right_is_no_answer_of_a_model(room, asked, right, given, cells):
    token = room.join("", "", 0).token
    room.ask(asked, ModelSays())
    room.answer(token, 1, given, 0)
    room.close()
    assert "no,,," not in answers_csv(room), "it isn't revealed"
    names = tuple(Said(name, None) for name in getattr(asked, "choices", ()))
    says = told(asked, ModelSays(names), right)
    if isinstance(asked, Word):
        says = count_words(says, [given])
    room.show(1, reveal(asked, room.round(1).answers, says), says)
    assert answers_csv(room).splitlines()[1].endswith(cells)
    assert f"\nRight: {cells.split(',')[1]}\n" in class_text(room, "")


def test_what_is_wrong_with_choices_is_said_in_english():
    with pytest.raises(InputError, match=r"^There is 1 choice\. Give 2 to 30 different ones\.$"):
        Choice("Which?", ("one",))
    with pytest.raises(InputError, match=r"^Two of the choices are the same\."):
        Choice("Which?", ("one", "one"))
    with pytest.raises(InputError, match=r"^There must be two words to choose from\. Write one a line\.$"):
        CloserPair("man", ("woman",))
    with pytest.raises(InputError, match=r"^The number of tokens is 1\. It goes from 2 to 10\.$"):
        OneOfTop("It is", top=1)
    with pytest.raises(InputError, match=r"^The number of tokens of each reply is 0\. It goes from 1 to 100\.$"):
        GreedyReply("It is", max_new_tokens=0)


def test_ends_of_a_slider_are_said_as_they_were_typed():
    with pytest.raises(InputError, match=r"^The slider goes from 2000 to 1990\. Its low end is the smaller number\.$"):
        Slider("When?", 2000.0, 1990.0)


def test_a_slider_goes_no_further_than_a_number_does():
    with pytest.raises(InputError, match=r"^−1e\+308 is out of range\."):
        Slider("How much?", -1e308, 1e308)


def test_both_texts_give_way_to_the_question_that_is_closed_or_revealed(room):
    room.ask(YES_OR_NO, SAYS)
    room.wrote(Writing("It is", " red", 2.0, " blue", 1.5, 1))
    room.lead("#run=1.abc")
    room.lead("")
    assert for_board(room, 0)["shows"] == "writing"
    room.close()
    assert (for_board(room, 0)["shows"], for_students(room)["writing"]) == ("question", None)
    room.wrote(Writing("It is", " red", 2.0, " blue", 1.5, 1))
    room.show(1, reveal(YES_OR_NO, {}, SAYS), SAYS)
    assert (for_board(room, 0)["shows"], for_students(room)["writing"]) == ("question", None)


def test_cells_of_the_file_are_no_formulas(room):
    token = room.join("=cmd()", "", 0).token
    room.ask(Slider("=1+1"), ModelSays())
    room.answer(token, 1, 40, 0)
    room.show_names(True)
    text = answers_csv(room)
    assert "'=cmd()" in text and "'=1+1" in text


def test_an_ended_room_keeps_nothing(room):
    token = room.join("Ada", "", 0).token
    room.ask(YES_OR_NO, SAYS)
    room.answer(token, 1, 0, 0)
    room.end()
    seen = for_teacher(room, 0)
    assert seen["ended"] and not room.rounds and not room.seats and seen["names"] == []
    for act in (lambda: room.join("", token, 0), lambda: room.ask(YES_OR_NO, SAYS), lambda: room.lead("#run=1.a")):
        with pytest.raises(InputError, match="over"):
            act()


def test_rooms_are_apart_and_end_in_silence():
    now = 0.0
    rooms = Rooms(lambda: now)
    (one, key), (other, _) = rooms.open(), rooms.open()
    assert read_code(f" {one.code[:3].lower()}-{one.code[3:].lower()}") == one.code != other.code
    assert one.is_teacher(key) and not other.is_teacher(key)
    token = one.join("", "", 0).token
    with pytest.raises(NotAllowedError):
        other.seat(token, 0)
    now = SILENT_SECONDS / 2
    other.touched = now
    assert rooms.sweep() == SILENT_SECONDS / 2 and not one.ended
    now = SILENT_SECONDS
    rooms.sweep()
    assert one.ended and not other.ended and len(rooms) == 1
