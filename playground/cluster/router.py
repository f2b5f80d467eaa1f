"""Ray Serve's router for the fleet: asks `Placement` for each call, and tells it where calls went and ended.

It runs in every front, in the thread that sends its calls.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from ray.serve.request_router import PendingRequest, ReplicaID, RequestRouter, RunningReplica

from playground.cluster.bundles import ReadBundles
from playground.cluster.calls import Call
from playground.cluster.placement import Placement, Standing

if TYPE_CHECKING:
    from collections.abc import Sequence


class ModelRouter(RequestRouter):
    """Routes calls to where their model is."""

    def initialize_state(self, **kwargs: Any) -> None:
        """Begins with nothing known; Serve calls it once, before the first call."""
        self._placement = Placement()
        self._guard = threading.Lock()  # calls end on threads of Ray's own
        self._requests: dict[str, str] = {}

    async def choose_replicas(
        self, candidate_replicas: list[RunningReplica], pending_request: PendingRequest | None = None
    ) -> list[list[RunningReplica]]:
        """The replicas for a call, the best first."""
        asked = pending_request.args[0] if pending_request is not None and pending_request.args else None
        replicas = {one.replica_id.unique_id: one for one in candidate_replicas}
        if isinstance(asked, ReadBundles) and asked.replica_id in replicas:
            return [[replicas[asked.replica_id]]]
        if not isinstance(asked, Call):
            return [list(candidate_replicas)]
        with self._guard:
            groups = self._placement.choose(asked, _standings(candidate_replicas))
        return [[replicas[name] for name in group] for group in groups]

    def on_request_routed(self, pending_request: PendingRequest, replica_id: ReplicaID, result: Any) -> None:
        """A replica has taken a call."""
        call = _call_of(pending_request)
        if call is not None:
            with self._guard:
                self._requests[pending_request.metadata.internal_request_id] = call.call_id
                self._placement.sent(call, replica_id.unique_id)

    def on_request_completed(self, replica_id: ReplicaID, internal_request_id: str) -> None:
        """A call has ended."""
        with self._guard:
            if call_id := self._requests.pop(internal_request_id, ""):
                self._placement.ended(call_id)


def _call_of(pending: PendingRequest | None) -> Call | None:
    first = pending.args[0] if pending is not None and pending.args else None
    return first if isinstance(first, Call) else None


def _standings(replicas: Sequence[RunningReplica]) -> list[Standing]:
    """What the replicas told last; one that is new holds nothing."""
    told = [(one.replica_id.unique_id, one.routing_stats or {}) for one in replicas]
    return [Standing(name, frozenset(said.get("models", ())), said.get("free_bytes", 0)) for name, said in told]
