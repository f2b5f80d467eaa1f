"""A class over HTTP, behind the app's guards: 64 students with bad connections, and people with no business there."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import time

import httpx
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from server import frames_of
from server.classroom.pages import Pages
from tests.class_server import class_server

SKY = {"question": {"type": "next_word", "text": "The sky is"}}


@pytest.fixture
def hall(tmp_path):
    """The address of a server, and seconds that pass when the test says so."""
    passed = [0.0]
    with class_server(tmp_path, lambda: time.monotonic() + passed[0]) as url:
        yield url, passed


@pytest.fixture
def teach(hall):
    """``teach(what, body)`` does something with the teacher's key; ``teach.room`` is the room's address."""
    opened = httpx.post(f"{hall[0]}/class/api/rooms", json={}).json()
    headers = {"Authorization": f"Bearer {opened['key']}"}

    def teach(what, body=None):
        return httpx.post(f"{teach.room}/{what}", json=body or {}, headers=headers)

    teach.room, teach.headers, teach.key = f"{hall[0]}/class/api/rooms/{opened['code']}", headers, opened["key"]
    return teach


def bears(secret):
    return {"Authorization": f"Bearer {secret}"}


def test_a_student_who_closes_the_page_is_not_waited_for(hall, teach):
    """The board counts those who are here: whoever has gone needn't answer."""
    seat = httpx.post(f"{teach.room}/join", json={}).json()["seat"]

    def present():
        return httpx.get(f"{teach.room}/state?as=teacher", headers=teach.headers).json()["present"]

    with httpx.stream("GET", f"{teach.room}/events", headers=bears(seat)) as events:
        lines = events.iter_lines()
        next(lines)
        hall[1][0] += 10
        assert present() == 1, "somebody who looks is there, however long nothing happens"
    until = time.monotonic() + 10
    while present() and time.monotonic() < until:
        hall[1][0] += 4
        time.sleep(0.05)
        assert hall[1][0] < 40, "long before nothing was heard of the page"
    assert present() == 0


class Student:
    """A student's page: follows the events, answers each question once it sees it, and tries again when cut off."""

    def __init__(self, client, room, number):
        self.client, self.room, self.number = client, room, number
        self.word = ("blue", "grey", "clear")[number % 3]
        self.cut = asyncio.Event()  # set while there is no connection
        self.seat, self.answered, self.saw_reveal = "", set(), False

    async def join(self):
        joined = (
            await self.client.post(f"{self.room}/join", json={"name": f"n{self.number}", "seat": self.seat})
        ).json()
        assert not self.seat or joined["seat"] == self.seat
        self.seat = joined["seat"]
        return joined

    async def follow(self):
        while not self.saw_reveal:
            while self.cut.is_set():
                await asyncio.sleep(0.02)
            headers = bears(self.seat)
            async with self.client.stream("GET", f"{self.room}/events", headers=headers) as events:
                async for line in events.aiter_lines():
                    if self.cut.is_set():
                        break
                    if line.startswith("data: "):
                        await self.look(json.loads(line[6:]))
                    if self.saw_reveal:
                        return

    async def look(self, screen):
        asked = screen["asked"]
        self.saw_reveal = bool(screen["reveal"])
        if asked and asked["state"] == "open" and asked["number"] not in self.answered:
            body = {"question": asked["number"], "answer": self.word}
            for _ in range(2):  # the first answer to it was lost on the way back
                sent = await self.client.post(f"{self.room}/answers", json=body, headers=bears(self.seat))
            assert sent.status_code == 200, sent.text
            self.answered.add(asked["number"])


async def lesson(teach, loss_seconds):
    """64 students, a third of whom lose their connection while the question comes; all answers in the end."""
    limits = httpx.Limits(max_connections=200, max_keepalive_connections=200)
    async with httpx.AsyncClient(timeout=30, limits=limits) as client:
        students = [Student(client, teach.room, number) for number in range(64)]
        await asyncio.gather(*(student.join() for student in students))
        following = [asyncio.ensure_future(student.follow()) for student in students]
        lost = students[::3]
        for student in lost:
            student.cut.set()
        assert (await client.post(f"{teach.room}/ask", json=SKY, headers=teach.headers)).status_code == 200
        await asyncio.sleep(loss_seconds)
        for student in lost:
            student.cut.clear()
            rejoined = await student.join()
            assert rejoined["answers"] in ({}, {"1": student.word})
        await wait_for(client, teach, lambda screen: screen["answered"] == 64)
        assert (await client.post(f"{teach.room}/reveal", json={}, headers=teach.headers)).status_code == 200
        await asyncio.wait_for(asyncio.gather(*following), 20)
        return students


async def wait_for(client, teach, reached):
    for _ in range(200):
        screen = (await client.get(f"{teach.room}/state?as=teacher", headers=teach.headers)).json()
        if reached(screen):
            return screen
        await asyncio.sleep(0.05)
    raise AssertionError(screen)


def test_no_answer_of_64_is_lost_or_counted_twice(teach):
    students = asyncio.run(lesson(teach, loss_seconds=0.5))
    shown = httpx.get(f"{teach.room}/state").json()["reveal"]
    counts = {bar["name"]: bar["count"] for bar in shown["bars"]}
    assert counts == {"·blue": 22, "·grey": 21, "·clear": 21, "·falling": 0}
    assert shown["agreement"] == pytest.approx(0.875)
    assert shown["bars"][shown["right"]]["name"] == "·blue"
    rows = list(csv.DictReader(io.StringIO(httpx.get(f"{teach.room}/answers.csv", headers=teach.headers).text[1:])))
    assert len(rows) == 64 and {row["nickname"] for row in rows} == {""}
    assert sorted(row["answer"] for row in rows) == sorted(student.word for student in students)


def test_the_class_writes_a_text(teach):
    seats = [httpx.post(f"{teach.room}/join", json={}).json()["seat"] for _ in range(3)]
    teach("ask", SKY)
    for number, words in enumerate((["grey", "grey", "blue"], ["blue", "clear", "blue"]), 1):
        assert teach("continue", {"how": "vote"}).status_code == 400, "it wasn't revealed"
        for seat, word in zip(seats, words, strict=True):
            httpx.post(f"{teach.room}/answers", json={"question": number, "answer": word}, headers=bears(seat))
        teach("reveal")
        assert (
            teach("continue", {"how": ("draw", "vote")[number - 1], "temperature": 0.01}).json()["question"]
            == number + 1
        )
    screen = httpx.get(f"{teach.room}/state").json()
    assert (screen["asked"]["text"], screen["asked"]["added"]) == ("The sky is", " grey blue")
    teach("texts")
    writing = httpx.get(f"{teach.room}/state").json()["writing"]
    assert (writing["class_text"], writing["model_text"], writing["tokens"]) == (" grey blue", " blue blue", 2)
    assert "The sky is grey blue" in httpx.get(f"{teach.room}/class.txt", headers=teach.headers).text


LESSON = {"type": "choice", "question": "Which?", "choices": ["one", "two"]}


def test_what_a_lesson_finds_right_is_shown_with_the_class(teach):
    """Told before the reveal or after it; until then nobody sees it, and a student sees where the own answer counts."""
    seats = [httpx.post(f"{teach.room}/join", json={}).json()["seat"] for _ in range(3)]
    for number, is_early in enumerate((True, False), 1):
        teach("ask", {"question": LESSON})
        for place, seat in enumerate(seats):
            body = {"question": number, "answer": min(place, 1)}
            httpx.post(f"{teach.room}/answers", json=body, headers=bears(seat))
        before = httpx.get(f"{teach.room}/state?as=board").json()
        for act in ("right", "reveal") if is_early else ("reveal", "right"):
            body = {"question": number, "right": 1} if act == "right" else {}
            assert teach(act, body).status_code == 200
            if act == "right" and is_early:
                assert httpx.get(f"{teach.room}/state?as=board").json() == before
        shown = httpx.get(f"{teach.room}/state").json()["reveal"]
        assert ([bar["count"] for bar in shown["bars"]], shown["right"]) == ([1, 2], 1)
        places = [httpx.get(f"{teach.room}/mine", headers=bears(seat)).json()["place"] for seat in seats]
        assert places == [0, 1, 1]
    assert teach("ask", {"question": LESSON, "right": 0}).status_code == 200
    teach("reveal")
    assert httpx.get(f"{teach.room}/state").json()["reveal"]["right"] == 0
    assert teach("ask", SKY | {"right": 0}).status_code == 403, "the model answers this"
    assert teach("right", {"question": 9, "right": 0}).status_code == 400
    assert httpx.get(f"{teach.room}/mine", headers=teach.headers).status_code == 403


def test_what_cant_be_right_is_refused_while_the_class_still_answers(teach):
    teach("ask", {"question": {"type": "slider", "question": "How warm?", "low": 0, "high": 1, "unit": ""}})
    assert teach("reveal", {"right": 3}).status_code == 400
    assert httpx.get(f"{teach.room}/state").json()["asked"]["state"] == "open"


def test_pages_of_a_space_may_stand_in_the_hubs_frame(hall):
    own = httpx.get(f"{hall[0]}/class").headers["content-security-policy"]
    assert own.endswith("frame-ancestors 'self'")
    pages = Pages("views", frames=frames_of({"SPACE_ID": "me/mine"}))
    response = TestClient(Starlette(routes=pages.routes())).get("/class")
    assert response.headers["content-security-policy"].endswith(
        "frame-ancestors 'self' https://huggingface.co https://*.hf.space"
    )


def test_only_the_teachers_key_moves_the_class(teach, hall):
    other = httpx.post(f"{hall[0]}/class/api/rooms", json={}).json()
    seat = httpx.post(f"{teach.room}/join", json={"name": "Ada"}).json()["seat"]
    acts = ("ask", "close", "reveal", "right", "continue", "texts", "follow", "board", "names", "end")
    for secret in ("none", seat, other["key"]):
        for act in acts:
            assert httpx.post(f"{teach.room}/{act}", json=SKY, headers=bears(secret)).status_code in (403, 429)
        for file in ("answers.csv", "class.txt", "state?as=teacher", "events?as=teacher"):
            assert httpx.get(f"{teach.room}/{file}", headers=bears(secret)).status_code in (403, 429)
    assert httpx.get(f"{teach.room}/state?as=teacher", headers=teach.headers).json()["ended"] is False


def test_a_room_is_not_seen_from_another_room(teach, hall):
    other = f"{hall[0]}/class/api/rooms/{httpx.post(f'{hall[0]}/class/api/rooms', json={}).json()['code']}"
    seat = httpx.post(f"{teach.room}/join", json={"name": "Ada"}).json()["seat"]
    teach("ask", {"question": {"type": "choice", "question": "Secret?", "choices": ["yes", "no"]}})
    assert httpx.get(f"{other}/state").json()["asked"] is None
    elsewhere = httpx.post(f"{other}/answers", json={"question": 1, "answer": 0}, headers=bears(seat))
    assert elsewhere.status_code == 403
    assert httpx.post(f"{other}/join", json={"seat": seat}).json()["seat"] != seat


def test_codes_cannot_be_tried_one_after_another(teach, hall):
    """Whoever sits in the room already isn't locked out with the one who guesses."""
    url, passed = hall
    seat = httpx.post(f"{teach.room}/join", json={}).json()["seat"]
    with httpx.Client() as client:
        tried = [client.get(f"{url}/class/api/rooms/AAAA{n:02}/state").status_code for n in range(10, 45)]
    assert tried == [403] * 30 + [429] * 5
    assert httpx.get(f"{teach.room}/state").status_code == 429
    assert httpx.get(f"{teach.room}/state", headers=bears(seat)).status_code == 200
    assert teach("close").status_code == 400, "she gets in, and hears that nothing was asked"
    passed[0] += 61
    assert httpx.get(f"{teach.room}/state").status_code == 200


def test_silent_rooms_are_forgotten_and_everybody_hears_of_it(teach, hall):
    code = teach.room.rpartition("/")[2]
    hall[1][0] += 5 * 3600
    httpx.post(f"{hall[0]}/class/api/rooms", json={})
    assert httpx.get(f"{teach.room}/state").status_code == 403
    assert code not in httpx.post(f"{hall[0]}/class/api/rooms", json={}).text


PAYLOADS = ("<img src=x onerror=alert(1)>", "{{7*7}}${7*7}", "=HYPERLINK(1)", "\u202eevil", "a" * 41, "\ud800", "")


def test_what_is_typed_is_bounded_and_stays_text(teach):
    for payload in PAYLOADS:
        body = json.dumps({"name": payload}).encode()
        joined = httpx.post(f"{teach.room}/join", content=body, headers={"Content-Type": "application/json"})
        assert joined.status_code == (400 if payload in ("a" * 41, "\ud800") else 200)
        assert joined.headers["content-type"].startswith("application/json")
        if joined.status_code == 200:
            assert joined.json()["name"] == payload
    for body in (b"[1]", b"{", b'{"name": 5}', b'{"name": "' + b"a" * 50_000 + b'"}', b"[" * 5000):
        refused = httpx.post(f"{teach.room}/join", content=body, headers={"Content-Type": "application/json"})
        assert refused.status_code == 400 and refused.json()["detail"]


@pytest.mark.parametrize(
    "question",
    [
        None,
        {"type": "nothing"},
        {"type": []},
        {"type": "next_word"},
        {"type": "next_word", "text": "  "},
        {"type": "next_word", "text": "a" * 5000},
        {"type": "one_of_top", "text": "The", "top": 99},
        {"type": "choice", "question": "?", "choices": ["same", "same"]},
        {"type": "slider", "question": "?", "low": 1, "high": 0},
        {"type": "closer_pair", "word": "a", "choices": ["a"]},
        {"type": "closer_pair", "word": "a", "choices": ["b", "b"]},
    ],
)
def test_a_question_that_makes_no_sense_is_refused(teach, question):
    assert teach("ask", {"question": question}).status_code == 400
    assert httpx.get(f"{teach.room}/state").json()["asked"] is None


def test_names_are_shown_only_when_she_says_so(teach):
    seat = httpx.post(f"{teach.room}/join", json={"name": "Ada"}).json()["seat"]
    teach("ask", SKY)
    httpx.post(f"{teach.room}/answers", json={"question": 1, "answer": "falling"}, headers=bears(seat))
    teach("reveal")
    surprises = [one["names"] for one in httpx.get(f"{teach.room}/state").json()["reveal"]["surprises"]]
    assert surprises == [[]]
    teach("names", {"shown": True})
    assert httpx.get(f"{teach.room}/state").json()["reveal"]["surprises"][0]["names"] == ["Ada"]
    teach("end")
    assert httpx.get(f"{teach.room}/state").status_code == 403
