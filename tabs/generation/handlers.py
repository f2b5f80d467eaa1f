"""What the tab does when something is pressed: plain functions on a playground, the pages' runs and values.

They know no component and need no page: `tabs.generation.tab` binds them.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import playground as pg
from playground.generation.side_by_side import side_by_side
from playground.links.form import linked
from playground.receipt import Receipt
from tabs.generation.format import format_event, format_next
from tabs.generation.runs import PageRun, Runs
from tabs.generation.settings import build_requests, echo, strategy_names

FEW_RUNS = 8  # of everybody: with more, nothing starts that nobody asked for


@dataclasses.dataclass
class Deltas:
    """What a view is told, piece by piece: what happened since the last one, and in the last one everything once more.

    A page that was busy may miss one: it sees so by ``n``, and the last one repairs it.
    """

    run: str
    runs: Runs
    n: int = 0
    events: list[Any] = dataclasses.field(default_factory=list)

    def next(self, **content: Any) -> str:
        """One delta as JSON; gradio would walk through a dictionary of this size."""
        self.events += content.get("events", ())
        return self._write(content)

    def last(self, **content: Any) -> str:
        """The last one."""
        return self._write({"events": self.events, **content, "final": True})

    def _write(self, content: dict[str, Any]) -> str:
        text = json.dumps({"run": self.run, "n": self.n, "people": len(self.runs), **content})
        self.n += 1
        return text


async def stream_run(
    playground: pg.Playground,
    runs: Runs,
    values: dict[str, Any],
    asked: dict[str, Any],
    person: str,
    asked_at: float | None = None,
    address: str = "",
) -> AsyncGenerator[str, None]:
    """Deltas for the view.

    What it asks with ``draw`` 0 or more is a step by hand: that many free tokens, then the distribution over the next.
    What it asks ``first`` nobody has pressed anything for: it doesn't run where many people wait.
    """
    if asked.get("first") and len(runs) > FEW_RUNS:
        yield Deltas(str(asked.get("run") or ""), runs).last()
        return
    run = runs.enter(person, str(asked.get("run") or ""))
    deltas = Deltas(run.name, runs)
    try:
        run.requests = build_requests(values, asked, person, run.run_id, address)
        yield deltas.next(begin=[echo(one) for one in run.requests])
        async with aclosing(_events(playground, run, asked, asked_at)) as events:
            async for shaped in events:
                yield deltas.next(events=shaped)
        yield deltas.last(next=await _upcoming(playground, run, asked))
    except pg.PlaygroundError as error:
        yield deltas.last(error=str(error))
    finally:
        runs.leave(person, run)


def write_receipt(playground: pg.Playground, run: PageRun) -> Receipt:
    """The code of what a run made; of several strategies each under its name."""
    ended = [(index, one) for index, one in sorted(run.finished.items()) if one.token_ids]
    receipts = [playground.generation_receipt(run.requests[index], finished) for index, finished in ended]
    if len(receipts) == 1:
        return receipts[0]
    if not receipts:
        return Receipt("Generation", "")
    requests = [run.requests[index] for index, _ in ended]
    return linked(side_by_side(receipts, strategy_names(requests)), pg.link_to(*requests))


async def _events(
    playground: pg.Playground, run: PageRun, asked: dict[str, Any], asked_at: float | None
) -> AsyncGenerator[list[list[Any]], None]:
    """Lists of (which request, event) as the view takes them, without the steps that it has."""
    known = int(asked.get("have") or 0)
    only_asks = asked.get("draw") is not None and not run.requests[0].prefix_token_ids and not asked["draw"]
    if only_asks or run.stopped:
        return
    async with aclosing(playground.compare_batches(run.requests, asked_at=asked_at)) as batches:
        async for batch in batches:
            run.note(batch)
            yield [
                [index, format_event(event)]
                for index, event in batch
                if not (isinstance(event, pg.Step) and event.index < known)
            ]


async def _upcoming(playground: pg.Playground, run: PageRun, asked: dict[str, Any]) -> dict[str, Any] | None:
    """The distribution after what a step by hand has taken; None where the model has ended the reply."""
    finished, request = run.finished.get(0), run.requests[0]
    if asked.get("draw") is None or run.stopped:
        return None
    if finished and finished.reason in ("eos", "stop_string", "context"):
        return None
    taken = finished.token_ids if finished else request.prefix_token_ids
    ahead = dataclasses.replace(request, prefix_token_ids=taken, max_new_tokens=len(taken) + 1)
    return format_next(await asyncio.to_thread(playground.next_token, ahead))
