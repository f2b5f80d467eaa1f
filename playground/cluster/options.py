"""What `python -m playground.cluster` is told beside the flags of the app: which cluster, and how many replicas.

>>> read_options(["--replicas", "0:6", "--cores", "4", "--port", "7861"])
(ClusterOptions(address='', least=0, most=6, cores=4, gpus=0.0, per_node=0, pin=False, dashboard=False, update=False, \
streams=16, home=False), ['--port', '7861'])
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass

from playground.errors import ConfigError


@dataclass(frozen=True)
class ClusterOptions:
    """Where a fleet runs, and how large it is.

    Without an ``address`` a cluster is started on this machine alone. Of ``least`` to ``most`` replicas there are as
    many as keep ``streams`` calls each; ``least`` 0 lets the last one go. ``cores`` 0: those of the cluster are
    divided. ``per_node`` replicas share a machine (0: all of them where the cluster is started here, else one), and
    with ``pin`` each keeps to cores of its own. ``update`` replaces the replicas of a fleet that runs already. Where
    there may be several fronts, ``home`` is a process for what belongs to one place.
    """

    address: str = ""
    least: int = 2
    most: int = 2
    cores: int = 0
    gpus: float = 0.0
    per_node: int = 0
    pin: bool = False
    dashboard: bool = False
    update: bool = False
    streams: int = 16
    home: bool = False

    @property
    def share(self) -> int:
        """How many replicas divide what a machine has."""
        return self.per_node or (1 if self.address else max(1, self.most))


def read_options(arguments: Sequence[str]) -> tuple[ClusterOptions, list[str]]:
    """The options, and the flags that are left for the app.

    Raises:
        ConfigError: a value isn't allowed.
    """
    given, rest = _parser().parse_known_args(list(arguments))
    least, most = _range(given.replicas)
    for name in ("cores", "gpus", "per_node", "streams"):
        if getattr(given, name) < (1 if name == "streams" else 0):
            raise ConfigError(f"--{name.replace('_', '-')} is {getattr(given, name)}.", "Give a positive number.")
    return ClusterOptions(
        given.address, least, most, given.cores, given.gpus, given.per_node, given.pin, given.dashboard, given.update,
        given.streams, bool(given.address),
    ), rest  # fmt: skip


def _range(text: str) -> tuple[int, int]:
    """How many replicas: "3", or "1:6" for one to six.

    >>> _range("3"), _range("1:6")
    ((3, 3), (1, 6))
    """
    parts = text.split(":")
    if not all(part.isdigit() for part in parts) or len(parts) > 2 or not 0 <= int(parts[0]) <= int(parts[-1]) > 0:
        raise ConfigError(f"--replicas is {text!r}.", "Use a number such as 2, or a range such as 1:6.")
    return int(parts[0]), int(parts[-1])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m playground.cluster",
        description="Transformers Playground over a Ray cluster: a page in this process, models in replicas.",
        epilog="All flags of python app.py can be given, too; budgets are those of each replica.",
        allow_abbrev=False,
    )
    parser.add_argument("--address", default="", help="a running Ray cluster: auto, or HOST:PORT; default: a new one")
    parser.add_argument("--replicas", default="2", help="how many replicas, or a range such as 0:6 [2]")
    parser.add_argument("--cores", type=int, default=0, help="cores of a replica [all of the cluster, divided]")
    parser.add_argument("--gpus", type=float, default=0.0, help="GPUs of a replica; 0.5: two share one [0]")
    parser.add_argument("--per-node", type=int, default=0, help="replicas on one machine [all here, elsewhere 1]")
    parser.add_argument("--streams", type=int, default=16, help="calls a replica has before another is started [16]")
    parser.add_argument("--pin", action="store_true", help="keep each replica to cores of its own (Linux)")
    parser.add_argument("--dashboard", action="store_true", help="Ray's dashboard on 127.0.0.1:8265")
    parser.add_argument("--update", action="store_true", help="replace the replicas of a running fleet, one by one")
    return parser
