"""A class of 64 over HTTP beside eight running generations, on a server in a process of its own.

Students are raw server-sent events, so that they cost little. Each question is sent to all by the teacher; a student
answers as soon as she sees it. In one of them a third of the students lose their connection for ten seconds.

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
import statistics
import sys
import time
from collections.abc import Awaitable, Callable

import httpx
import psutil
from bench_streams import free_port, read_defaults, serving

STUDENTS = 64
GENERATIONS = 8
ASKED = {"type": "choice", "question": "Which?", "choices": ["one", "two", "three"]}


class Student:
    """One page: what it saw and answered, and when (seconds of ``time.perf_counter``)."""

    def __init__(self, client: httpx.AsyncClient, room: str, number: int) -> None:
        self.client, self.room, self.number = client, room, number
        self.seat = ""
        self.seen: dict[int, float] = {}
        self.revealed: dict[int, float] = {}
        self.sent: set[int] = set()
        self.answer_seconds: list[float] = []
        self.cut = False

    async def run(self) -> None:
        """Follows the class until it is cancelled."""
        self.seat = (await self.client.post(f"{self.room}/join", json={})).json()["seat"]
        headers = {"Authorization": f"Bearer {self.seat}"}
        while True:
            while self.cut:
                await asyncio.sleep(0.05)
            async with self.client.stream("GET", f"{self.room}/events", headers=headers) as events:
                async for line in events.aiter_lines():
                    if self.cut:
                        break
                    if line.startswith("data: "):
                        await self.look(json.loads(line[6:]), headers)

    async def look(self, screen: dict, headers: dict[str, str]) -> None:
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
            sent = await self.client.post(f"{self.room}/answers", json=body, headers=headers)
            if sent.status_code == 200:
                self.sent.add(number)
                self.answer_seconds.append(time.perf_counter() - now)


async def lesson(url: str, rounds: int, lost_seconds: float) -> dict[str, float]:
    """The figures of one lesson."""
    limits = httpx.Limits(max_connections=400, max_keepalive_connections=400)
    async with httpx.AsyncClient(timeout=120, limits=limits, trust_env=False) as client:
        opened = (await client.post(f"{url}/class/api/rooms", json={})).json()
        room, headers = f"{url}/class/api/rooms/{opened['code']}", {"Authorization": f"Bearer {opened['key']}"}
        students = [Student(client, room, number) for number in range(STUDENTS)]
        running = [asyncio.ensure_future(student.run()) for student in students]
        await until(lambda: all(student.seat for student in students))
        await asyncio.sleep(1)
        asked, shown = [], []
        for number in range(1, rounds + 2):
            is_lost = number > rounds
            for student in students[::3] if is_lost else ():
                student.cut = True
            asked.append(time.perf_counter())
            (await client.post(f"{room}/ask", json={"question": ASKED}, headers=headers)).raise_for_status()
            if is_lost:
                await asyncio.sleep(lost_seconds)
                for student in students:
                    student.cut = False
            await until(functools.partial(everybody, students, number, "sent"))
            shown.append(time.perf_counter())
            (await client.post(f"{room}/reveal", json={}, headers=headers)).raise_for_status()
            await until(functools.partial(everybody, students, number, "revealed"))
        rows = list(csv.DictReader(io.StringIO((await client.get(f"{room}/answers.csv", headers=headers)).text[1:])))
        for one in running:
            one.cancel()
        given = sum(len(student.sent) for student in students)
        return {
            "question_p95_ms": p95([s.seen[n] - asked[n - 1] for s in students for n in range(1, rounds + 1)]),
            "answer_p95_ms": p95([seconds for s in students for seconds in s.answer_seconds]),
            "reveal_p95_ms": p95([s.revealed[n] - shown[n - 1] for s in students for n in range(1, rounds + 2)]),
            "answers_lost": given - len(rows),
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


async def generate(url: str, arguments: list[object]) -> None:
    """One generation after another, until it is cancelled."""
    async with httpx.AsyncClient(timeout=600, trust_env=False) as client:
        while True:
            call = f"{url}/gradio_api/call/generate"
            event_id = (await client.post(call, json={"data": arguments})).json()["event_id"]
            async with client.stream("GET", f"{call}/{event_id}") as events:
                async for _ in events.aiter_lines():
                    pass


async def classroom(url: str, rounds: int, lost_seconds: float) -> dict[str, float]:
    """The figures of a lesson beside generations, and what the server's processors did for the class alone."""
    defaults = await asyncio.to_thread(read_defaults, url)
    alone = await cores_of(url, lesson(url, rounds, lost_seconds))
    given = {"prompt": "Once upon a time", "max_new_tokens": 200}
    arguments = [given.get(name, default) for name, default in defaults.items()]
    running = [asyncio.ensure_future(generate(url, arguments)) for _ in range(GENERATIONS)]
    await asyncio.sleep(8)
    figures = await lesson(url, rounds, lost_seconds)
    failed = [one for one in running if one.done()]
    for one in running:
        one.cancel()
    if failed:
        raise RuntimeError(f"{len(failed)} generations ended")
    return {**figures, "server_cores": alone}


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
