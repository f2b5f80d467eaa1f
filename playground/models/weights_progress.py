"""How far ``from_pretrained`` is with the weights: what its own progress bar says, told to a function."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from transformers.utils import logging as transformers_logging

Report = Callable[[str, float | None], None]  # (what is being done, fraction from 0 to 1 where it is known)


@contextmanager
def weights_progress(report: Report) -> Iterator[None]:
    """Reports transformers' own progress bar "Loading weights" of this thread; other bars stay as they are."""
    thread = threading.get_ident()

    def hook(factory: Callable[..., Any], args: tuple[Any, ...], options: dict[str, Any]) -> Any:
        if threading.get_ident() == thread and options.get("desc") == "Loading weights":
            return _ReportingBar(report, list(args[0]))
        return previous(factory, args, options) if previous else factory(*args, **options)

    previous = transformers_logging.set_tqdm_hook(hook)
    try:
        yield
    finally:
        transformers_logging.set_tqdm_hook(previous)


class _ReportingBar(transformers_logging.EmptyTqdm):
    """A progress bar that calls a function."""

    def __init__(self, report: Report, items: list[Any]) -> None:
        super().__init__(items)
        self._report, self._items = report, items

    def __iter__(self) -> Iterator[Any]:
        for number, item in enumerate(self._items):
            self._report("reading the weights", number / len(self._items))
            yield item
