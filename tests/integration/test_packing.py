"""What a browser loads comes packed, and is the same when unpacked."""

from __future__ import annotations

import httpx

WIFI = 190_000  # bytes of the page, which comes before everything else


def _sent(response: httpx.Response) -> int:
    return sum(len(piece) for piece in response.iter_raw())


def test_the_page_is_light_and_the_same(app_server):
    with httpx.stream("GET", app_server, headers={"accept-encoding": "gzip"}) as packed:
        assert packed.headers["content-encoding"] == "gzip"
        assert "accept-encoding" in packed.headers["vary"].lower()
        assert _sent(packed) < WIFI
    plain = httpx.get(app_server, headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    again = httpx.get(app_server, headers={"accept-encoding": "gzip"})
    assert again.text == plain.text
    assert again.headers["content-security-policy"] == plain.headers["content-security-policy"]


def test_events_are_sent_as_they_come(app_server):
    calls = f"{app_server}/gradio_api/call/models"
    event = httpx.post(calls, json={"data": []}).json()["event_id"]
    with httpx.stream("GET", f"{calls}/{event}", headers={"accept-encoding": "gzip"}) as events:
        assert events.headers["content-type"].startswith("text/event-stream")
        assert "content-encoding" not in events.headers
        assert "event: complete" in "".join(events.iter_text())
