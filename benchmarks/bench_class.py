"""A class of 64 over HTTP beside eight running generations, on a server in a process of its own.

Students are bare sockets: their devices would take nothing of the server's processors. Each question is sent to all by
the teacher; a student answers as soon as she sees it. In one of them a third of the students lose their connection for
ten seconds.

- ``question_p95_ms``: from the teacher's request until a student has the question (wanted: under 1,000)
- ``answer_p95_ms``: from an answer until the server has said that it counts (under 500)
- ``reveal_p95_ms``: from the teacher's request until a student has the answer
- ``answers_lost``: answers that the students gave and the room doesn't have, the lost connections included (0)
- ``server_cores``: processor time of the server per second for the class alone, without the generations (under 1)
- ``students``: how many there were

Run: python benchmarks/bench_class.py [--quick]
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import functools
import io
import json
import multiprocessing
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor

import psutil
from bench_streams import free_port, read_defaults, read_events, serving

STUDENTS = 64
GENERATIONS = 8
ASKED = {"type": "choice", "question": "Which?", "choices": ["one", "two", "three"]}


class Line:
    """A connection to the server that stays: one request after another, with as little work as a phone's would be."""

    def __init__(self, url: str, secret: str = "") -> None:
        self.host, _, self.port = url.removeprefix("http://").partition(":")
        self.secret = secret
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def send(self, method: str, path: str, body: dict | None = None) -> asyncio.StreamReader:
        """Where the answer can be read."""
        if self._streams is None:
            self._streams = await asyncio.open_connection(self.host, int(self.port), limit=1_000_000)
        reader, writer = self._streams
        content = json.dumps(body or {}).encode() if method == "POST" else b""
        head = f"{method} {path} HTTP/1.1\r\nHost: {self.host}:{self.port}\r\nContent-Type: application/json\r\n"
        head += f"Authorization: Bearer {self.secret}\r\nContent-Length: {len(content)}\r\n\r\n"
        writer.write(head.encode() + content)
        return reader

    async def ask(self, method: str, path: str, body: dict | None = None) -> bytes:
        """The content of an answer.

        Raises:
            RuntimeError: it was refused.
        """
        try:
            reader = await self.send(method, path, body)
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
        except (OSError, asyncio.IncompleteReadError):  # the server ends what was idle for some seconds
            self.cut()
            reader = await self.send(method, path, body)
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = next(int(line[15:]) for line in head.lower().split("\r\n") if line.startswith("content-length:"))
        content = await reader.readexactly(length)
        if " 200 " not in head.split("\r\n", 1)[0]:
            raise RuntimeError(content.decode())
        return content

    def cut(self) -> None:
        """Ends the connection."""
        if self._streams:
            self._streams[1].close()
            self._streams = None


class Student:
    """One page: what it saw and answered, and when (seconds of ``time.perf_counter``)."""

    def __init__(self, url: str, room: str, number: int) -> None:
        self.room, self.number = room, number
        self.line, self.events = Line(url), Line(url)
        self.seat = ""
        self.seen: dict[int, float] = {}
        self.revealed: dict[int, float] = {}
        self.sent: set[int] = set()
        self.answer_seconds: list[float] = []
        self.is_cut = False

    async def run(self) -> None:
        """Follows the class until it is cancelled."""
        self.seat = json.loads(await self.line.ask("POST", f"{self.room}/join"))["seat"]
        self.line.secret = self.events.secret = self.seat
        while True:
            while self.is_cut:
                await asyncio.sleep(0.05)
            reader = await self.events.send("GET", f"{self.room}/events")
            while not self.is_cut and (line := await reader.readline()):
                if line.startswith(b"data: ") and not self.is_cut:
                    await self.look(json.loads(line[6:]))
            self.events.cut()

    async def look(self, screen: dict) -> None:
        """Answers a question that is new."""
        now, asked = time.perf_counter(), screen["asked"]
        if not asked:
            return
        number = asked["number"]
        self.seen.setdefault(number, now)
        if screen["reveal"]:
            self.revealed.setdefault(number, now)
        if asked["state"] == "open" and number not in self.sent:
            body = {"question": number, "answer": self.number % 3}
            await self.line.ask("POST", f"{self.room}/answers", body)
            self.sent.add(number)
            self.answer_seconds.append(time.perf_counter() - now)


async def lesson(url: str, rounds: int, lost_seconds: float) -> dict[str, float]:
    """The figures of one lesson."""
    teacher = Line(url)
    opened = json.loads(await teacher.ask("POST", "/class/api/rooms"))
    room, teacher.secret = f"/class/api/rooms/{opened['code']}", opened["key"]
    students = [Student(url, room, number) for number in range(STUDENTS)]
    running = [asyncio.ensure_future(student.run()) for student in students]
    await until(lambda: all(student.seat for student in students))
    await asyncio.sleep(1)
    asked, shown = [], []
    for number in range(1, rounds + 2):
        is_lost = number > rounds
        for student in students[::3] if is_lost else ():
            student.is_cut = True
        asked.append(time.perf_counter())
        await teacher.ask("POST", f"{room}/ask", {"question": ASKED})
        if is_lost:
            await asyncio.sleep(lost_seconds)
            for student in students:
                student.is_cut = False
        await until(functools.partial(everybody, students, number, "sent"))
        shown.append(time.perf_counter())
        await teacher.ask("POST", f"{room}/reveal")
        await until(functools.partial(everybody, students, number, "revealed"))
    table = (await teacher.ask("GET", f"{room}/answers.csv")).decode()[1:]
    for one in running:
        one.cancel()
    given = sum(len(student.sent) for student in students)
    return {
        "question_p95_ms": p95([s.seen[n] - asked[n - 1] for s in students for n in range(1, rounds + 1)]),
        "answer_p95_ms": p95([seconds for s in students for seconds in s.answer_seconds]),
        "reveal_p95_ms": p95([s.revealed[n] - shown[n - 1] for s in students for n in range(1, rounds + 2)]),
        "answers_lost": given - len(list(csv.DictReader(io.StringIO(table)))),
        "answers": given,
    }


def everybody(students: list[Student], number: int, what: str) -> bool:
    """Whether all have sent an answer to a question, or have it revealed."""
    return all(number in getattr(student, what) for student in students)


async def until(reached: Callable[[], bool], seconds: float = 120) -> None:
    """Waits until something is so."""
    end = time.perf_counter() + seconds
    while not reached():
        if time.perf_counter() > end:
            raise TimeoutError("the class didn't come to its end")
        await asyncio.sleep(0.01)


def p95(seconds: list[float]) -> float:
    """The 95th percentile, in milliseconds."""
    return round(statistics.quantiles(seconds, n=20)[-1] * 1000, 1)


def generate(url: str, arguments: list[object]) -> None:
    """One generation after another; in a process of its own, as the students' devices are no part of the server."""
    while True:
        read_events(url, arguments, lambda data, seen: None)


async def classroom(url: str, rounds: int, lost_seconds: float) -> dict[str, float]:
    """The figures of a lesson beside generations, and what the server's processors did for the class alone."""
    defaults = await asyncio.to_thread(read_defaults, url)
    alone = await cores_of(url, lesson(url, rounds, lost_seconds))
    given = {"prompt": "Once upon a time", "max_new_tokens": 200}
    arguments = [given.get(name, default) for name, default in defaults.items()]
    crowd = multiprocessing.Process(target=generations, args=(url, arguments), daemon=True)
    crowd.start()
    await asyncio.sleep(8)
    figures = await lesson(url, rounds, lost_seconds)
    if not crowd.is_alive():
        raise RuntimeError("the generations ended")
    crowd.kill()
    return {**figures, "server_cores": alone}


def generations(url: str, arguments: list[object]) -> None:
    """Generations of as many people at once, until the process is ended."""
    with ThreadPoolExecutor(GENERATIONS) as people:
        for one in [people.submit(generate, url, arguments) for _ in range(GENERATIONS)]:
            one.result()


async def cores_of(url: str, work: Awaitable[object]) -> float:
    """How many cores a server uses while some work is done."""
    port = int(url.rpartition(":")[2])
    listening = (
        one.pid for one in psutil.net_connections("tcp") if one.status == "LISTEN" and one.laddr[1:] == (port,)
    )
    server = psutil.Process(next(listening))
    begin, before = time.perf_counter(), sum(server.cpu_times()[:2])
    await work
    return round((sum(server.cpu_times()[:2]) - before) / (time.perf_counter() - begin), 3)


def main() -> None:
    """Prints the figures as one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer questions")
    rounds = 3 if parser.parse_args().quick else 12
    port = free_port()
    with serving([sys.executable, "app.py", "--port", str(port), "--class"], port) as url:
        figures = asyncio.run(classroom(url, rounds, 10.0))
    print(json.dumps({**figures, "students": STUDENTS, "generations": GENERATIONS, "cpus": psutil.cpu_count()}))


if __name__ == "__main__":
    main()
