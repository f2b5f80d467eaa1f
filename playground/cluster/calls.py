"""What crosses between a front and a replica: a `Call` of one method of `Playground`, and where it should go.

It imports nothing of Ray, so that both ends, the router and the tests can.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from playground import wire
from playground.errors import LostError

if TYPE_CHECKING:
    from playground.models.catalog import Catalog

AUTO = "auto"
PIECE_BYTES = 4 * 2**20  # of a file, in one message
# Of whoever names no model, by the request or its wing; a pipeline's request says its task itself.
_DEFAULT_TASKS = (
    ("ChatTemplateRequest", ("text-generation",)),
    ("EmbedRequest", ("feature-extraction",)),
    ("attention", ("feature-extraction",)),
    ("classification", ("text-classification",)),
    ("generation", ("text-generation",)),
    ("inside", ("text-generation",)),
    ("similarity", ("text2text-generation", "text-generation")),
    ("tokens", ("feature-extraction",)),
)


@dataclass(frozen=True)
class Call:
    """One method of a playground with its arguments.

    ``model`` is what it needs (`model_key`), empty where any replica will do, and ``loads`` whether it has that loaded;
    ``party`` is who asks, by address and person. ``asked_seconds`` is how long ago it was asked, since clocks of two
    machines differ. ``front`` is who can be told in bundles.
    """

    method: str
    arguments: tuple[Any, ...] = ()
    named: dict[str, Any] = field(default_factory=dict)
    model: str = ""
    party: tuple[str, str] = ("", "")
    loads: bool = True
    asked_seconds: float = 0.0
    front: str = ""
    call_id: str = field(default_factory=lambda: secrets.token_hex(8))


def model_key(model_id: str, quantization: str = AUTO) -> str:
    """A resident model as the router knows it; "auto" is a key of its own, beside the one that says what it is.

    >>> model_key("org/name"), model_key("org/name", "8-bit")
    ('org/name auto', 'org/name 8-bit')
    """
    return f"{model_id} {quantization}"


def needs(asked: Any, catalog: Catalog) -> str:
    """The key of the model that a request or a result is about; empty where it doesn't say.

    Of several requests, and of a question within a question, the first.
    """
    from playground.links.kinds import inner

    first = inner(asked[0] if isinstance(asked, tuple | list) and asked else asked)
    model_id = getattr(first, "model_id", None)
    if not model_id:
        tasks = (task,) if (task := getattr(first, "task", "")) else _default_tasks(first)
        found = [spec.id for task in tasks for spec in catalog.for_task(task)[:1]]
        if not found:
            return ""
        model_id = found[0]
    return model_key(model_id, getattr(first, "quantization", AUTO) or AUTO)


def party_of(asked: Any) -> tuple[str, str]:
    """Who asks, by address and person."""
    first = asked[0] if isinstance(asked, tuple | list) and asked else asked
    return getattr(first, "address", ""), getattr(first, "person", "")


def lost() -> LostError:
    """The failure of work whose replica has gone."""
    return LostError("The machine that worked on this has gone.", "Start it again: another one takes it.")


def _default_tasks(asked: Any) -> tuple[str, ...]:
    """The tasks whose first model of the catalog answers, if nothing names one."""
    if not hasattr(asked, "model_id"):
        return ()
    kind, tasks = type(asked), dict(_DEFAULT_TASKS)
    return tasks.get(kind.__name__) or tasks.get(wire.wing_of(kind), ())
