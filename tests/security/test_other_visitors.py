"""What one visitor runs, asked for or uploaded is another's to neither stop, read nor use up."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import httpx
import pytest

from playground.errors import InputError
from tabs.generation.runs import Runs
from tabs.gradio_patches import upload_folder


def arguments_of(url: str, endpoint: str, **given: object) -> list[object]:
    parameters = httpx.get(f"{url}/gradio_api/info").json()["named_endpoints"][endpoint]["parameters"]
    return [given.get(one["parameter_name"], one.get("parameter_default")) for one in parameters]


def test_no_endpoint_takes_an_id_of_somebody(app_server):
    endpoints = httpx.get(f"{app_server}/gradio_api/info").json()["named_endpoints"]
    names = {one["parameter_name"] for endpoint in endpoints.values() for one in endpoint["parameters"]}
    assert not names & {"person", "address", "run_id", "run", "session", "session_hash", "ticket"}
    assert not {name for name in endpoints if "cancel" in name or "stop" in name or "receipt" in name}


def test_a_page_stops_and_finds_its_own_runs_alone():
    cancelled: list[str] = []
    runs = Runs(cancelled.append)
    mine = runs.enter("me", "first")
    for name in ("first", mine.run_id):
        with pytest.raises(InputError, match="put away"):
            runs.find("another", name)
    runs.stop("another")
    runs.forget("another")
    assert not mine.stopped and not cancelled
    assert runs.find("me", "first") is mine
    runs.stop("me")
    assert cancelled == [mine.run_id]


def test_ids_of_runs_can_not_be_guessed():
    runs = Runs(lambda run_id: None)
    ids = {runs.enter("me", "same name").run_id for _ in range(50)}
    assert len(ids) == 50 and all(len(one) >= 16 for one in ids)


def test_a_stranger_can_not_cancel_a_running_reply(app_server):
    data = arguments_of(app_server, "/generate", prompt="A list of colors: red, blue", max_new_tokens=30)
    seen: list[str] = []
    with httpx.Client(base_url=app_server, timeout=120) as mine, httpx.Client(base_url=app_server) as other:
        event_id = mine.post("/gradio_api/call/generate", json={"data": data, "session_hash": "mine"}).json()[
            "event_id"
        ]

        def read() -> None:
            with mine.stream("GET", f"/gradio_api/call/generate/{event_id}") as answer:
                seen.extend(line for line in answer.iter_lines() if line.startswith("data:"))

        reading = threading.Thread(target=read)
        reading.start()
        for session, event in (("another", "made-up"), ("", ""), ("another", "0" * 32)):
            for number in range(3):
                body = {"session_hash": session, "event_id": event, "fn_index": number}
                assert other.post("/gradio_api/cancel", json=body).status_code < 500
                assert other.post("/gradio_api/reset", json=body).status_code < 500
        reading.join(120)
    finished = [event for line in seen for event in (json.loads(line[5:]) or [[]])[0] if event["type"] == "finished"]
    assert {event["reason"] for event in finished} in ({"length"}, {"eos"})


def test_nobody_can_list_what_others_have_uploaded(app_server):
    path = httpx.post(f"{app_server}/gradio_api/upload", files={"files": ("mine.csv", b"a,b\n1,2\n")}).json()[0]
    folders = [path.rpartition("/")[0], path.rpartition("/")[0].rpartition("/")[0]]
    for folder in (*folders, f"{folders[0]}/..", f"{folders[1]}/.lock"):
        answer = httpx.get(f"{app_server}/gradio_api/file={folder}")
        assert answer.status_code in (400, 403, 404), folder
        assert "mine.csv" not in answer.text


@pytest.mark.parametrize(
    "name", ["../../escape.csv", "/etc/cron.d/x.csv", "a/../../b.csv", "x" * 400 + ".csv", ".lock"]
)
def test_a_file_name_leads_nowhere_else(app_server, name):
    answer = httpx.post(f"{app_server}/gradio_api/upload", files={"files": (name, b"a,b\n1,2\n")})
    assert answer.status_code < 500
    if answer.status_code == 200:
        (path,) = answer.json()
        assert ".." not in path and Path(path).is_relative_to(upload_folder())


def test_a_file_of_another_folder_is_not_read_as_an_upload(app_server):
    for path in ("/etc/passwd", "../../etc/passwd", "app.py", "/proc/self/environ"):
        file = {"path": path, "meta": {"_type": "gradio.FileData"}}
        data = arguments_of(app_server, "/classify_table", file=file)
        if file not in data:
            data = [file, *data[1:]]
        with httpx.Client(base_url=app_server, timeout=60) as client:
            event = client.post("/gradio_api/call/classify_table", json={"data": data}).json().get("event_id")
            with client.stream("GET", f"/gradio_api/call/classify_table/{event}") as answer:
                said = answer.read().decode()
        assert "root:x:" not in said and "build_app" not in said and "PATH=" not in said
        assert "event: error" in said
