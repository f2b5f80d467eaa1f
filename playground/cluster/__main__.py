"""The whole app over a fleet: ``python -m playground.cluster``; ``--help`` lists the options."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from functools import partial

from playground.cluster.facade import FleetPlayground
from playground.cluster.options import ClusterOptions, read_options
from playground.cluster.start import open_playground
from playground.config import Settings
from playground.errors import ConfigError


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status, as that of ``app.main``. The page is of the floor above: it comes when this command is given."""
    try:
        options, rest = read_options(sys.argv[1:] if arguments is None else arguments)
    except ConfigError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return int(importlib.import_module("app").main(rest, partial(_open, options)))


def _open(options: ClusterOptions, settings: Settings) -> FleetPlayground:
    """The playground of a process that ends by SIGTERM as it does by Ctrl+C, although Ray takes that signal."""
    playground = open_playground(options, settings)
    importlib.import_module("process").listen_to_signals()
    return playground


if __name__ == "__main__":
    importlib.import_module("process").leave(main())
