"""What a playground answers about generation.

Thin methods: each hands its request to the function that does it. What crosses is data.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from contextlib import aclosing
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from playground.registry import Wing, heavy

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator, Sequence

    from playground.generation.events import Event, Finished, NextTokenResult
    from playground.generation.request import GenerateRequest, TwinRequest
    from playground.generation.result import TwinProgress, TwinResult
    from playground.generation.running import Generation, Told
    from playground.receipt import Receipt


@dataclass(frozen=True)
class Apart:
    """What `compare` is asked, for another process to answer."""

    requests: tuple[GenerateRequest, ...]
    asked_at: float | None
    run_id: str


def _seconds(asked: Apart) -> float:
    """On a GPU: 25 passes a second at the least, somewhat fewer with many rows, and the time to read the prompts."""
    rows = sum(request.num_beams for request in asked.requests)
    steps = max((request.max_new_tokens for request in asked.requests), default=0)
    return 15 + steps * (0.04 + 0.001 * rows)


class GenerationWing(Wing):
    """What a playground answers about generation."""

    @heavy("playground.generation.generate")
    def generate(self, request: GenerateRequest) -> Generation:
        """The running generation: an iterable of events; see `generation.generate`."""
        return self.compare((request,))

    @heavy("playground.generation.generate")
    def compare(self, requests: Sequence[GenerateRequest], asked_at: float | None = None) -> Generation:
        """Up to twelve settings in one batch; see `generation.compare`."""
        from playground.generation import generate as generation
        from playground.generation.running import listen

        if not self.lends_gpu:
            return generation.compare(self.manager, requests, asked_at)
        asked = Apart(tuple(requests), asked_at, secrets.token_hex(8))
        return listen(asked.requests, self._compare_apart(asked), partial(self.cancel, asked.run_id))

    @heavy("playground.generation.generate", gpu_seconds=_seconds)
    def _compare_apart(self, asked: Apart) -> Iterator[list[Told]]:
        """`compare` for another process: all that happens, as values."""
        from playground.generation import generate as generation
        from playground.generation.running import tell

        with self.runs.begin(asked.run_id) as run:
            yield from tell(generation.compare(self.manager, asked.requests, asked.asked_at), lambda: run.cancelled)

    async def compare_batches(
        self,
        requests: Sequence[GenerateRequest],
        interval_seconds: float = 0.05,
        asked_at: float | None = None,
    ) -> AsyncGenerator[list[tuple[int, Event]], None]:
        """The same for an async handler: lists of (which request, event).

        Time in line counts from ``asked_at`` (of ``time.perf_counter``), or from this call.
        """
        asked_at = asked_at or time.perf_counter()
        if not self.imported:
            await asyncio.to_thread(self.import_everything)
        from playground.generation import running as streams

        def begin(requests: Sequence[GenerateRequest]) -> Generation:
            generation = self.compare(requests, asked_at)
            run.on_cancel(generation.stop)
            return generation

        run_id, address = (requests[0].run_id, requests[0].address) if requests else ("", "")
        with self.runs.begin(run_id, address) as run:
            async with aclosing(streams.batches_of_all(begin, tuple(requests), interval_seconds)) as batches:
                async for batch in batches:
                    yield batch

    @heavy("playground.generation.generate")
    def generation_receipt(self, request: GenerateRequest, finished: Finished | None = None) -> Receipt:
        """Runnable Python with plain transformers that gives the same token ids."""
        from playground.generation.receipt import receipt_of
        from playground.generation.request import TASK
        from playground.links.form import link_to, linked

        named = replace(request, model_id=request.model_id or self.manager.spec(None, TASK).id)
        return linked(receipt_of(self.manager, request, finished), link_to(named))

    @heavy("playground.generation.generate", gpu_seconds=20)
    def next_token(self, request: GenerateRequest) -> NextTokenResult:
        """The distribution over the next token; see `generation.next_token`."""
        from playground.generation import generate as generation

        return generation.next_token(self.manager, request)

    @heavy("playground.generation.twin", gpu_seconds=60)
    def quantization_twin(self, request: TwinRequest) -> Iterator[TwinProgress | TwinResult]:
        """What is being done, then one text under two models, token by token. Closing the iterator stops the work."""
        from playground.generation import twin

        yield from twin.quantization_twin(self.manager, request)

    @heavy("playground.generation.twin", gpu_seconds=60)
    def twin(self, request: TwinRequest) -> TwinResult:
        """The same, waited for."""
        from playground.generation import twin

        return twin.last_of(twin.quantization_twin(self.manager, request))

    @heavy("playground.generation.twin")
    def twin_receipt(self, result: TwinResult) -> Receipt:
        """Plain transformers code that gives the divergences and the replies of a twin."""
        from playground.generation.twin_receipt import twin_receipt
        from playground.links.form import linked

        return linked(twin_receipt(self.manager, result), self.link(result))

    def cancel(self, run_id: str) -> bool:
        """Whether anything ran under this id; it ends within a step, and its last words still come."""
        trained = self.trainings.stop(run_id)
        return self.runs.cancel(run_id) or trained
