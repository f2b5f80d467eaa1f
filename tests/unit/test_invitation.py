"""How a class finds the page: the address, a QR code that reads as that address, and nothing more than was asked."""

from __future__ import annotations

import io
import os
import re
import socket

import pytest
import segno

import app
from playground.config import Settings
from server import guards
from server.invitation import address_for_others, can_show_pictures, invitation, qr_code

CLASS = {"host": "0.0.0.0", "port": 7860, "address": "192.168.1.23", "public": True, "picture": True, "environ": {}}


def modules(drawn: str) -> list[list[bool]]:
    """The dark modules that a terminal would show."""
    lines = [re.sub("\x1b\\[[0-9;]*m", "", line) for line in drawn.splitlines()]
    halves = [[[sign in "▀█" for sign in line], [sign in "▄█" for sign in line]] for line in lines]
    return [row for pair in halves for row in pair]


def test_the_picture_is_the_qr_code_of_the_address():
    said = invitation(**CLASS)
    drawn = "\n".join(line for line in said.splitlines() if line.startswith("\x1b"))
    wanted = [
        [bool(module) for module in row]
        for row in segno.make("http://192.168.1.23:7860", error="l").matrix_iter(border=2)
    ]
    assert modules(drawn)[: len(wanted)] == wanted
    assert len(drawn.splitlines()) <= 20
    assert all(line.startswith("\x1b[30;107m") and line.endswith("\x1b[0m") for line in drawn.splitlines())
    assert qr_code("http://192.168.1.23:7860") == drawn


def test_a_class_is_told_the_address_and_what_a_firewall_does():
    said = invitation(**CLASS | {"picture": False})
    assert said.splitlines()[0] == "Others in this network open http://192.168.1.23:7860"
    assert "firewall" in said and "7860/tcp" in said and "\x1b" not in said
    assert "--public" not in said
    assert "--public" in invitation(**CLASS | {"public": False})


@pytest.mark.parametrize(
    "changes", [{"host": "127.0.0.1"}, {"host": "10.0.0.7"}, {"environ": {"SPACE_ID": "me/playground"}}]
)
def test_nobody_else_is_invited(changes):
    assert invitation(**CLASS | changes) == ""


def test_in_a_container_no_address_is_made_up(tmp_path, monkeypatch):
    (tmp_path / "mark").touch()
    assert address_for_others((str(tmp_path / "mark"),)) is None
    assert invitation(**CLASS | {"address": None}).startswith("Others open http://THIS-MACHINE:7860")

    def no_network(self, address):
        raise OSError("Network is unreachable")

    monkeypatch.setattr(socket.socket, "connect", no_network)
    assert address_for_others(()) is None


def test_the_address_is_one_of_this_machine():
    found = address_for_others(())
    if found is not None:
        with socket.socket() as own:
            own.bind((found, 0))  # only a machine's own addresses can be bound


def test_a_log_file_gets_no_picture(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    reader, writer = os.openpty()
    with os.fdopen(writer, "w", encoding="utf-8") as terminal:
        assert can_show_pictures(terminal)
        monkeypatch.setenv("TERM", "dumb")
        assert not can_show_pictures(terminal)
    os.close(reader)
    assert not can_show_pictures(io.StringIO())


def test_a_tunnel_only_if_asked_and_then_the_page_is_public(tmp_path):
    plain, shared = Settings.read([], {}), Settings.read(["--share"], {})
    assert (app.launch_options(plain)["share"], app.launch_options(shared)["share"]) == (False, True)
    assert (plain.public, shared.public) == (False, True)
    assert not Settings.read(["--share", "--public", "no"], {}).public

    def answers_to(settings, name):
        return name in guards(settings, "", tmp_path)[1].kwargs["hosts"]

    assert (answers_to(plain, "abc.gradio.live"), answers_to(shared, "abc.gradio.live")) == (False, True)
