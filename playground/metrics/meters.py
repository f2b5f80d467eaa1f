"""The meters of a playground, and their text.

Counts only: a label is a name of ours, of a device, or of a model of the catalog. What visitors typed, who they are and
where they ask from is in none of them; a model that was typed in or trained here counts as `OTHER`.
"""

from __future__ import annotations

from asyncio import CancelledError
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector
from prometheus_client.exposition import choose_encoder

from playground.errors import BudgetError, BusyError, InputError, ModelError, NotAllowedError, StoppedError
from playground.generation.request import TASK
from playground.metrics.gauges import Gauges

if TYPE_CHECKING:
    from collections.abc import Callable

    from playground.generation.events import Finished
    from playground.generation.request import GenerateRequest
    from playground.models.catalog import Catalog
    from playground.models.fleet import FleetReport

OTHER = "other"
REFUSED = (InputError, ModelError, NotAllowedError, BudgetError)
SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)


def outcome_of(error: BaseException | None) -> str:
    """How a request ended: done, stopped, busy, refused (whoever asked can mend it) or failed.

    >>> [outcome_of(one) for one in (None, GeneratorExit(), BusyError(""), InputError(""), ValueError())]
    ['done', 'stopped', 'busy', 'refused', 'failed']
    """
    if error is None:
        return "done"
    if isinstance(error, StoppedError | GeneratorExit | CancelledError):
        return "stopped"
    if isinstance(error, BusyError):
        return "busy"
    return "refused" if isinstance(error, REFUSED) else "failed"


class Meters:
    """The meters of one playground; safe to use from any number of threads."""

    def __init__(self, catalog: Catalog, fleet: Callable[[], FleetReport]) -> None:
        self._catalog = catalog
        self._registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        registry.register(Gauges(fleet, self.named))
        self._requests = Counter(
            "playground_requests", "Requests that have ended.", ("capability", "method", "outcome"), registry=registry
        )
        self._tokens = Counter(
            "playground_tokens", "Tokens of replies that came to their end, and of their prompts.", ("model", "kind"),
            registry=registry,
        )  # fmt: skip
        self._first_token = Histogram(
            "playground_first_token_seconds", "From a request for a reply to its first token, time in line included.",
            ("model",), registry=registry, buckets=SECONDS,
        )  # fmt: skip

    def named(self, model_id: str | None) -> str:
        """The label of a model: its id if the catalog has it, that of the first that writes without one, or `OTHER`."""
        if model_id is None:
            return self._catalog.default_for(TASK).id
        return model_id if self._catalog.find(model_id) else OTHER

    def request_ended(self, capability: str, method: str, outcome: str) -> None:
        """Counts a request."""
        self._requests.labels(capability, method, outcome).inc()

    def reply_ended(self, request: GenerateRequest, finished: Finished) -> None:
        """Counts the tokens of a reply, and how soon the first one came; one that never began has none."""
        if finished.seconds_to_first_token is None:
            return
        model = self.named(request.model_id)
        self._tokens.labels(model, "prompt").inc(finished.prompt_tokens)
        self._tokens.labels(model, "reply").inc(len(finished.token_ids))
        self._first_token.labels(model).observe(finished.seconds_to_first_token)

    def text(self, accept: str = "") -> tuple[bytes, str]:
        """All meters as text, and its content type: the form that an ``Accept`` header asks for, or Prometheus' own."""
        encode, kind = choose_encoder(accept)
        return encode(self._registry), kind
