"""Small inputs that could cost much: bounded, taken by turns, and refused with a sentence."""

from __future__ import annotations

import asyncio
import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from filelock import FileLock
from starlette.applications import Starlette

from playground.config import Settings
from playground.training.arrivals import Arrivals
from server.model_upload import model_upload_route
from server.requests import LONGEST_BODY, MODEL_UPLOAD
from server.turns import Crowded, Superseded, Turns
from server.uploads import LOCK, PREFIX, BoundedUploads, RunFolder

ROOT = Path(__file__).parents[2]


def run_in_turns(turns: Turns, asked: list[tuple[str, str, str]]) -> tuple[list[int], list[str]]:
    """(numbers in the order in which they had their turn, what became of each) of requests that come all at once."""
    order: list[int] = []

    async def one(number: int) -> str:
        try:
            async with turns.turn(*asked[number]):
                order.append(number)
                await asyncio.sleep(0)
        except Superseded:
            return "superseded"
        except Crowded:
            return "crowded"
        return "served"

    async def all_of_them() -> list[str]:
        return await asyncio.gather(*(one(number) for number in range(len(asked))))

    return order, asyncio.run(all_of_them())


def test_one_person_with_many_requests_delays_another_by_one():
    asked = [("a", "greedy", str(number)) for number in range(50)] + [("b", "other", "x")]
    order, became = run_in_turns(Turns(running=1, per_person=100), asked)
    assert became == ["served"] * 51
    assert order.index(50) <= 1


def test_made_up_sessions_of_one_address_delay_another_address_by_one():
    asked = [("a", f"session {number}", "x") for number in range(40)] + [("b", "other", "x")]
    order, _ = run_in_turns(Turns(running=1), asked)
    assert order.index(40) <= 1


def test_people_behind_one_address_take_turns_among_themselves():
    asked = [("school", "greedy", str(number)) for number in range(6)] + [("school", "other", "x")]
    order, _ = run_in_turns(Turns(running=1), asked)
    assert order.index(6) <= 1


def test_the_newest_keystroke_wins():
    asked = [("a", "me", "first")] + [("a", "me", "typing")] * 5
    order, became = run_in_turns(Turns(running=1), asked)
    assert order == [0, 5]
    assert became == ["served", *["superseded"] * 4, "served"]


def test_a_person_may_wait_for_so_much_and_no_more():
    _, became = run_in_turns(Turns(running=1, per_person=2), [("a", "me", str(number)) for number in range(5)])
    assert became == ["served", "served", "served", "crowded", "crowded"]


def test_one_who_goes_while_waiting_takes_no_turn():
    async def scene() -> list[str]:
        turns, done = Turns(running=1), []
        holds = asyncio.Event()

        async def hold() -> None:
            async with turns.turn("a", "first", "x"):
                await holds.wait()

        async def wait(name: str) -> None:
            async with turns.turn("a", name, "x"):
                done.append(name)

        tasks = [asyncio.ensure_future(each) for each in (hold(), wait("goes"), wait("stays"))]
        await asyncio.sleep(0)
        tasks[1].cancel()
        holds.set()
        await asyncio.gather(*tasks, return_exceptions=True)
        async with turns.turn("b", "later", "x"):
            done.append("later")
        return done

    assert asyncio.run(scene()) == ["stays", "later"]


@pytest.mark.parametrize(
    "path", ["/gradio_api/queue/join", "/gradio_api/call/tokenize", "/gradio_api/component_server"]
)
def test_a_body_has_a_longest_length(app_server, path):
    body = json.dumps({"data": ["x" * LONGEST_BODY]})
    answer = httpx.post(f"{app_server}/gradio_api/{path}", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 413
    assert "upload a file" in answer.json()["detail"]


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"[" * 100_000, b'{"fn_name": 1}', b"\xff\xfe"])
def test_a_malformed_call_of_a_server_function_is_said_to_be_one(app_server, body):
    headers = {"Content-Type": "application/json"}
    answer = httpx.post(f"{app_server}/gradio_api/component_server", content=body, headers=headers)
    assert answer.status_code == 400
    assert "fn_name" in answer.json()["detail"]


def test_an_address_in_place_of_a_file_is_not_fetched(app_server):
    file = {"path": "http://127.0.0.1:1/x.csv", "meta": {"_type": "gradio.FileData"}}
    answer = httpx.post(f"{app_server}/gradio_api/call/classify_table", json={"data": [file]})
    assert answer.status_code == 400
    assert "aren't fetched" in answer.json()["detail"]


def uploading(folder: Path, **limits: int) -> httpx.AsyncClient:
    """A client of a bare server that reads what is uploaded and writes it into the folder."""

    async def server(scope, receive, send):
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        (folder / f"{len(list(folder.iterdir()))}.csv").write_bytes(body)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"[]"})

    app = BoundedUploads(server, folder, **limits)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://here")


def test_uploads_are_bounded_in_one_request_and_in_all(tmp_path):
    async def scene() -> list[int]:
        client = uploading(tmp_path, most_per_request=1000, most_in_all=6000)
        sizes = [1001, 1000, 900, 1000, 10]
        return [(await client.post("/gradio_api/upload", content=b"x" * size)).status_code for size in sizes]

    # what was refused had been sent all the same and counts; 3000 bytes from one address are used up after four
    assert asyncio.run(scene()) == [413, 200, 200, 413, 429]


def test_a_full_folder_takes_nothing(tmp_path):
    (tmp_path / "there.csv").write_bytes(b"x" * 4000)

    async def scene() -> httpx.Response:
        client = uploading(tmp_path, most_per_request=1000, most_in_all=4000)
        return await client.post("/gradio_api/upload", content=b"x")

    answer = asyncio.run(scene())
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")


def test_a_file_of_a_model_is_bounded_and_what_breaks_off_leaves_nothing(tmp_path):
    arrivals = Arrivals()
    arrivals.live_in(tmp_path / "arriving")
    visitors = Settings(public=True, public_bytes=1000, max_model_upload=5000)
    app = Starlette(routes=[model_upload_route(arrivals, visitors)])

    async def scene() -> list[int]:
        client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://here")

        async def send(size: int) -> int:
            sent = {"content": b"x" * size, "headers": {"content-type": "application/zip"}}
            return (await client.post(MODEL_UPLOAD, **sent)).status_code

        return [await send(size) for size in (1001, 900, 10)] + [(await client.get(MODEL_UPLOAD)).status_code]

    assert asyncio.run(scene()) == [413, 200, 200, 405]
    assert sorted(path.stat().st_size for path in arrivals.home.rglob("*.zip")) == [10, 900]
    assert asyncio.run(scene())[1:] == [429, 429, 405], "an address has had half of all"
    arrivals.close()
    assert not (tmp_path / "arriving").exists()


def test_the_folder_of_a_run_is_private_and_goes_with_it(tmp_path):
    folder = RunFolder(tmp_path)
    path = folder.begin()
    assert stat.S_IMODE(path.stat().st_mode) == 0o700
    (path / "upload.csv").write_text("text of a person")
    RunFolder(tmp_path).begin()
    assert path.exists(), "another run removed the folder of a running one"
    folder.end()
    assert not path.exists()


def test_what_a_crashed_run_left_is_removed_at_the_next_start(tmp_path):
    code = (
        "import os, pathlib, sys; from server.uploads import RunFolder\n"
        "RunFolder(pathlib.Path(sys.argv[1])).begin(); os._exit(9)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, check=False)
    (left,) = tmp_path.glob(f"{PREFIX}*")
    stranger = tmp_path / "another-program"
    stranger.mkdir()
    RunFolder(tmp_path).begin()
    assert not left.exists() and stranger.exists()


def test_a_folder_without_a_lock_is_left_to_who_has_just_made_it(tmp_path):
    new, old = tmp_path / f"{PREFIX}new", tmp_path / f"{PREFIX}old"
    new.mkdir(), old.mkdir()
    os.utime(old, (1, 1))
    RunFolder(tmp_path).begin()
    assert new.exists() and not old.exists()
    with FileLock(new / LOCK, timeout=0):
        RunFolder(tmp_path).begin()
        assert new.exists()
