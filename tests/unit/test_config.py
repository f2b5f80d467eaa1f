"""Settings: flags win over variables, variables over defaults, and a wrong value is named with what is allowed."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from playground.config import VERSION, Settings
from playground.errors import ConfigError
from playground.units import parse_bytes


def test_defaults_need_nothing():
    assert Settings.read([], {}) == Settings()


def test_a_flag_wins_over_its_variable():
    environ = {"PLAYGROUND_PORT": "8000", "PLAYGROUND_PUBLIC": "yes"}
    settings = Settings.read(["--port", "9000"], environ)
    assert (settings.port, settings.public) == (9000, True)


def test_a_switch_needs_no_value():
    assert Settings.read(["--public"], {}).public
    assert not Settings.read(["--public", "no"], {"PLAYGROUND_PUBLIC": "1"}).public


def test_class_is_short_for_classroom():
    assert Settings.read(["--class"], {}).classroom


def test_a_space_listens_to_everybody_and_is_public():
    settings = Settings.read([], {"SPACE_ID": "someone/playground"})
    assert (settings.host, settings.public) == ("0.0.0.0", True)
    assert not Settings.read(["--public", "no"], {"SPACE_ID": "someone/playground"}).public


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("port", "99999", "0 to 65535"),
        ("port", "http", "0 to 65535"),
        ("public", "perhaps", "yes, no"),
        ("device", "tpu", "auto, cpu"),
        ("memory_budget", "lots", "6GB"),
        ("hub", "maybe", "off, catalog or any"),
        ("models_file", "/no/such/file.yaml", "existing file"),
        ("idle_unload", "-1", "seconds"),
        ("max_streams", "0", "at least 1"),
        ("host", "bad host!", "host name"),
    ],
)
@pytest.mark.parametrize("source", ["variable", "flag"])
def test_a_wrong_value_is_named_with_what_is_allowed(name, value, allowed, source):
    variable, flag = f"PLAYGROUND_{name.upper()}", f"--{name.replace('_', '-')}"
    with pytest.raises(ConfigError) as caught:
        Settings.read(
            [f"{flag}={value}"] if source == "flag" else [], {variable: value} if source == "variable" else {}
        )
    message = str(caught.value)
    assert (flag if source == "flag" else variable) in message
    assert repr(value) in message
    assert allowed in message


def test_help_lists_every_setting(capsys):
    with pytest.raises(SystemExit) as caught:
        Settings.read(["--help"], {})
    text = capsys.readouterr().out
    assert caught.value.code == 0
    assert [item.name for item in fields(Settings) if f"--{item.name.replace('_', '-')}" not in text] == []


def test_sizes_are_read_with_their_units():
    assert parse_bytes("6GB") == 6 * 10**9
    assert parse_bytes("1.5 GiB") == 3 * 2**29
    with pytest.raises(ValueError, match="size"):
        parse_bytes("6 apples")


def test_the_version_is_the_newest_entry_of_the_changelog(capsys):
    with pytest.raises(SystemExit) as stopped:
        Settings.read(["--version"], {})
    assert stopped.value.code == 0
    assert capsys.readouterr().out == f"Transformers Playground {VERSION}\n"
    changes = (Path(__file__).parents[2] / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.findall(r"^## (\S+)", changes, re.M)[0] == VERSION
