"""One generation of several models, each told by another process: what all of them tell, under the places of the whole.

A part that fails is told as the failure of its own replies; the others go on. It knows events alone.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Mapping
from queue import SimpleQueue

from playground.errors import PlaygroundError
from playground.generation.events import Finished
from playground.generation.running import Told

log = logging.getLogger(__name__)
Places = tuple[int, ...]  # of the replies of one part among all


def merged(parts: Mapping[Places, Iterator[list[Told]]]) -> Iterator[list[Told]]:
    """All that the parts tell, as it comes; each is read on a thread of its own.

    >>> list(merged({(1,): iter([[(0, PlaygroundError("Full.", "Wait."))]])}))
    [[(1, PlaygroundError('Full. Wait.'))]]
    """
    told: SimpleQueue[list[Told] | None] = SimpleQueue()
    for places, part in parts.items():
        threading.Thread(target=_take, args=(places, part, told), name="one model of several", daemon=True).start()
    running = len(parts)
    while running:
        batch = told.get()
        if batch is None:
            running -= 1
        elif batch:
            yield batch


def _take(places: Places, part: Iterator[list[Told]], told: SimpleQueue[list[Told] | None]) -> None:
    """Reads one part to its end."""
    left, failure = dict.fromkeys(places), PlaygroundError("The generation broke off.", "Start it again.")
    try:
        for batch in part:
            for number, what in batch:
                if isinstance(what, Finished | PlaygroundError):
                    left.pop(places[number], None)
            told.put([(places[number], what) for number, what in batch])
    except PlaygroundError as error:
        failure = error
    except Exception:
        log.exception("One model of several broke off")
    told.put([(place, failure.again()) for place in left])
    told.put(None)
