"""Counts tell strangers how busy a place is: who runs it reads them, nobody else, and nobody is named in them."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

import app
import playground as pg
from playground.config import Settings
from server import api_list
from tests.security.test_who_may_ask import ask

KEY = "sesame-open"


def reader(client: str = "127.0.0.1", host: str = "127.0.0.1", **settings) -> TestClient:
    """A program at an address that asks under a name."""
    playground = pg.Playground(Settings(metrics=True, warm_up=("none",), **settings))
    routes = app.routes_for_programs(playground)
    return TestClient(Starlette(routes=routes), base_url=f"http://{host}:7860", client=(client, 5000))


def test_without_a_key_this_machine_reads():
    answer = reader().get("/metrics")
    assert answer.status_code == 200
    assert "playground_device_bytes" in answer.text
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("client", "host", "header"),
    [
        ("10.1.2.3", "127.0.0.1", ""),
        ("10.1.2.3", "10.1.2.4", ""),
        ("127.0.0.1", "class.example.org", ""),  # a proxy or a tunnel of this machine
        *(("127.0.0.1", "127.0.0.1", name) for name in ("X-Forwarded-For", "X-Real-IP", "Forwarded", "Via")),
    ],
)
def test_without_a_key_nobody_else_does(client, host, header):
    answer = reader(client, host).get("/metrics", headers={header: "127.0.0.1"} if header else {})
    assert answer.status_code == 403
    assert "playground_" not in answer.text


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer wrong", f"Basic {KEY}", f"Bearer {KEY}2"])
@pytest.mark.parametrize("client", ["127.0.0.1", "10.1.2.3"])
def test_with_a_key_it_must_be_borne_from_everywhere(client, header):
    answer = reader(client, metrics_key=KEY, public=True).get("/metrics", headers={"Authorization": header})
    assert answer.status_code == 401
    assert "playground_" not in answer.text


def test_with_its_key_any_machine_reads():
    headers = {"Authorization": f"Bearer {KEY}"}
    assert reader("10.1.2.3", "10.1.2.4", metrics_key=KEY, public=True).get("/metrics", headers=headers).text


@pytest.mark.parametrize("reach", [{"public": True}, {"share": True}, {"public": True, "share": True}])
def test_a_page_that_strangers_reach_wants_a_key(reach, capsys):
    with pytest.raises(pg.PlaygroundError, match="PLAYGROUND_METRICS_KEY"):
        reader(**reach)


def test_a_public_page_starts_with_a_key_or_without_metrics(capsys):
    assert app.main(["--public", "--metrics", "--port", "0"]) == 2
    assert "PLAYGROUND_METRICS_KEY" in capsys.readouterr().err
    assert app.main(["--metrics-key", "has a space"]) == 2
    assert "has a space" not in capsys.readouterr().err
    assert KEY not in repr(Settings(metrics_key=KEY))


def test_they_are_off_unless_asked():
    routes = app.routes_for_programs(pg.Playground(Settings(warm_up=("none",))))
    assert {route.path for route in routes} == {"/training/model", api_list.MCP_SCHEMA, api_list.SUMMARY}


def test_the_running_page_counts_what_it_is_asked_and_names_nobody(app_server, client):
    before = ask(app_server, "GET", "/metrics")[1]
    client.predict(text="a secret of mine", api_name="/tokenize")
    status, after = ask(app_server, "GET", "/metrics")
    assert status == 200
    assert after != before and 'method="tokenize",outcome="done"' in after
    assert "secret" not in after
    assert ask(app_server, "GET", "/metrics", {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"})[0] == 403
