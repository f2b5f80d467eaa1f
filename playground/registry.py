"""Which capabilities there are, and what each of their methods needs: written where the method is, read from here.

A capability is a folder with a ``facade.py``, whose class is a base of `Playground`. A method that needs torch says so
with `heavy`: then it waits until all such modules are imported, by one thread alone, and on a Space with ZeroGPU it
runs on the GPU if it says for how long.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from playground.config import Settings
    from playground.links.form import Link
    from playground.models.catalog import Catalog
    from playground.models.manager import ModelManager
    from playground.models.origin import Origin
    from playground.runs import Runs
    from playground.tokens.rules import TokenizerShelf
    from playground.training.arrivals import Arrivals
    from playground.training.line import Trainings

Method = TypeVar("Method", bound=Callable[..., Any])
Seconds = float | Callable[[Any], float]  # of every request, or told from the request


class Wing:
    """What the methods of every capability have at hand; none of it is for callers."""

    settings: Settings
    catalog: Catalog
    manager: ModelManager
    runs: Runs
    trainings: Trainings
    arrivals: Arrivals
    imported: bool
    lends_gpu: bool  # whether this is a Space with ZeroGPU
    if TYPE_CHECKING:
        tokenizers: TokenizerShelf

        def import_everything(self) -> None:
            """Imports all modules that need torch and transformers."""

        def origin(self, model_id: str) -> Origin:
            """What ``from_pretrained`` gets in a receipt."""

        def link(self, result: Any, asked: Any = None, seen: Any = None) -> Link:
            """The link to a run."""


@dataclass(frozen=True)
class Declaration:
    """One method: the module whose import it waits for, and how long it may have the GPU of a Space with ZeroGPU."""

    method: str
    module: str
    gpu_seconds: Seconds


def heavy(module: str, *, gpu_seconds: Seconds = 0) -> Callable[[Method], Method]:
    """Declares that a method needs ``module``, which imports torch.

    ``gpu_seconds`` is how long it may take on a GPU, the way of a few hundred megabytes of weights there included: the
    longer, the sooner a visitor's daily time is used up and the longer the wait for a GPU. 0: it doesn't need any.

    transformers loads its parts when they are first named, and that fails where two threads name them at once: a
    person who clicks while the app warms up would get an ImportError. So everything is imported first.
    """

    def declare(method: Method) -> Method:
        if inspect.isgeneratorfunction(method):

            @functools.wraps(method)
            def wrapper(self: Wing, *args: Any, **kwargs: Any) -> Any:
                self.import_everything()
                yield from method(self, *args, **kwargs)

        else:

            @functools.wraps(method)
            def wrapper(self: Wing, *args: Any, **kwargs: Any) -> Any:
                self.import_everything()
                return method(self, *args, **kwargs)

        wrapper.declaration = Declaration(method.__name__, module, gpu_seconds)  # type: ignore[attr-defined]
        return wrapper  # type: ignore[return-value]

    return declare


def declarations(kind: type) -> Iterator[Declaration]:
    """What the methods of a class have declared."""
    for name in sorted(dir(kind)):
        declared = getattr(inspect.getattr_static(kind, name), "declaration", None)
        if isinstance(declared, Declaration):
            yield declared
