"""What the tab does when something is pressed: plain functions on a playground and what the view sends.

They know no component; `tabs.models.tab` binds them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import playground as pg
from playground.errors import InputError
from playground.models.report import QuantizationOption
from tabs.models.fleet_format import format_fleet
from tabs.models.format import ModelsListed, format_models

COMMANDS = ("load", "unload", "pin", "unpin")


def list_models(playground: pg.Playground, asked_for: Collection[str] = ()) -> ModelsListed:
    """What is in memory now, with what became of the ids that this visitor ``asked_for``."""
    rules, settings = playground.visitor_rules(), playground.settings
    fleet = format_fleet(playground.fleet(), settings.public)
    return format_models(playground.catalog, playground.snapshot(), settings, rules, asked_for, fleet)


def list_options(playground: pg.Playground, given: Sequence[object]) -> tuple[QuantizationOption, ...]:
    """The quantizations of the model of an opened row, which is given by its id and task."""
    model_id, task = map(str, given)
    return playground.quantizations(model_id, task)


def obey(playground: pg.Playground, given: Sequence[object]) -> None:
    """Nothing; loads, unloads, pins or unpins a model, given as command, id, task and quantization.

    Raises:
        InputError: there is no such command.
        PlaygroundError: what went wrong, with its fix.
    """
    command, model_id, task, quantization = map(str, given)
    if command == "load":
        playground.load_model(model_id.strip(), task, quantization)
    elif command == "unload":
        playground.unload_model(model_id, task, quantization)
    elif command in ("pin", "unpin"):
        playground.pin_model(model_id, task, quantization, command == "pin")
    else:
        raise InputError(f"There is no command {command[:50]!r}.", f"Use one of {', '.join(COMMANDS)}.")
