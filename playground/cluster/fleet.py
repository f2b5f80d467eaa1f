"""The replicas as a front sees them: sends calls, retries what can be asked again, and asks all of them at once.

It leaves out how they are started (`start`) and which methods they answer (`facade`).
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from typing import Any

from playground.cluster.bundles import Bundle, ReadBundles, Unbundling
from playground.cluster.calls import Call, lost
from playground.cluster.lines import Starting
from playground.cluster.replica import Absent
from playground.crossing import taken
from playground.models.fleet import FleetReport, NodeReport, ReplicaReport
from playground.models.lending import shutting_down
from playground.service import WarmUp

NAME, HOME = "playground", "home"  # applications of Ray Serve: the replicas, and what belongs to one place
FRESH_SECONDS = 0.5  # how long a report serves everybody who asks
SILENT_SECONDS = 30.0  # after which a replica that says nothing is no longer shown
ANSWER_SECONDS = 5.0  # for what every replica is asked
END_SECONDS = 3.0  # for those who wait to be told that it ends
TRIES = 3
AWAKE_SECONDS = 300.0  # after an answer, while the last replica stays
LOOK_SECONDS = 0.5  # between two looks whether one has started
FOR_LONG = 1e9


class Fleet:
    """All replicas of an application of Ray Serve, by its handle.

    ``leave`` is what `close` does last, after the replicas have stopped their work if the fleet ``ends`` with it.
    ``sleeps`` is whether the last replica goes, too, when nobody asks for long.
    """

    def __init__(self, handle: Any, leave: Callable[[], object], ends: bool = True, sleeps: bool = False) -> None:
        self._handle, self._leave, self._ends, self._sleeps = handle, leave, ends, sleeps
        self._unbundling = Unbundling(self._bundles)
        self.closed = False
        self._telling = ThreadPoolExecutor(8, "tell replicas")
        self._reporting, self._counting = threading.Lock(), threading.Lock()
        self._reported, self._reported_at = FleetReport(True, (), ()), 0.0
        self._heard: dict[str, tuple[float, ReplicaReport]] = {}
        self._asking = 0
        self._heard_at, self._lost_at = -FOR_LONG, -FOR_LONG
        self._early: list[str] = []  # calls that found no replica

    def answer(self, call: Call) -> Any:
        """What a replica answers; another one is asked when it is lost.

        Raises:
            LostError: so were those that were asked then.
        """
        with self._counted():
            for _ in range(TRIES):
                self._require_open()
                try:
                    answer = self._waited_for(self._handle.answer.remote(call).result)
                except _lost():
                    self._lost_at = time.monotonic()
                    continue
                self._heard_at = time.monotonic()
                return answer
        raise lost()

    def stream(self, call: Call, says_starting: bool = False) -> Iterator[Any]:
        """What a replica tells; where it ``says_starting``, `Starting` now and then while no replica runs.

        Raises:
            LostError: it has gone.
        """
        self._require_open()
        with self._counted(), self._unbundling.call(call.call_id) as items:
            try:
                sent = self._handle.options(stream=True).told.remote(replace(call, front=self._unbundling.front))
                if says_starting and self._may_be_empty():
                    yield from self._until_one_runs(call, sent)
                for item in items(sent):
                    self._heard_at = time.monotonic()
                    yield item
            except _lost():
                self._lost_at = time.monotonic()
                raise lost() from None

    def _may_be_empty(self) -> bool:
        """Whether it is worth asking Serve if any replica runs, which takes some milliseconds."""
        now = time.monotonic()
        return now - self._lost_at < SILENT_SECONDS or (self._sleeps and now - self._heard_at > AWAKE_SECONDS)

    def _until_one_runs(self, call: Call, sent: Any) -> Iterator[Starting]:
        """Places among the calls that wait for the first replica; who doesn't wait any more isn't answered later."""
        self._early.append(call.call_id)
        try:
            while not _runs():
                self._require_open()
                yield Starting(self._early.index(call.call_id) + 1)
                time.sleep(LOOK_SECONDS)
        except GeneratorExit:
            sent.cancel()
            raise
        finally:
            self._early.remove(call.call_id)

    async def stream_async(self, call: Call) -> AsyncIterator[Any]:
        """The same for an event loop; each call has messages of its own.

        Raises:
            LostError: it has gone.
        """
        self._require_open()
        with self._counted():
            try:
                async for item in self._handle.options(stream=True).told.remote(call):
                    yield taken(item)
            except _lost():
                raise lost() from None

    def _bundles(self, asked: ReadBundles) -> Iterator[Bundle]:
        with self._counted():
            try:
                yield from self._handle.options(stream=True).bundles.remote(asked)
            except _lost():
                raise lost() from None

    def cancel(self, run_id: str, call_id: str) -> None:
        """Asks a call to end, wherever it runs; doesn't wait."""
        self._tell("cancel", run_id, call_id)

    def leave(self, run_id: str, call_id: str) -> None:
        """Nobody reads a call any more, wherever it runs; doesn't wait."""
        self._tell("leave", run_id, call_id)

    def command(self, call: Call) -> list[Any]:
        """The answers of the replicas that have the call's model."""
        return [one for one in self._ask_all("command", call) if not isinstance(one, Absent)]

    def warmth(self) -> WarmUp:
        """How far all replicas have come with what they load at start."""
        all_of_them: list[WarmUp] = self._ask_all("warmth")
        if not all_of_them:
            return WarmUp(current="a replica", done=_sleeps())
        busy = next((one.current for one in all_of_them if not one.done), all_of_them[0].current)
        return WarmUp(
            ", ".join(sorted({one.device for one in all_of_them} - {""})), busy,
            sum(one.finished for one in all_of_them), sum(one.total for one in all_of_them),
            tuple(sorted({name for one in all_of_them for name in one.failed})), all(one.done for one in all_of_them),
        )  # fmt: skip

    def report(self) -> FleetReport:
        """What all replicas say of themselves, at most half a second old."""
        with self._reporting:
            if time.monotonic() - self._reported_at > FRESH_SECONDS:
                self._reported, self._reported_at = self._ask_for_report(), time.monotonic()
            return self._reported

    def processes(self) -> dict[str, int]:
        """The id of each replica's process on its machine, by the replica's name."""
        return dict(self._ask_all("where"))

    def close(self) -> None:
        """Ends the fleet, with all that runs in it, or leaves it to others."""
        if self._ends and not self.closed:
            self._ask_all("end")
        self.closed = True
        end = time.monotonic() + END_SECONDS
        while self._asking and time.monotonic() < end:  # Ray ends a process that reads when it has been left
            time.sleep(0.02)
        self._telling.shutdown(cancel_futures=True)
        self._leave()

    def _require_open(self) -> None:
        """Nothing, unless the fleet was left: Ray would begin a new cluster for whoever asks then.

        Raises:
            StoppedError: it was.
        """
        if self.closed:
            raise shutting_down()

    def _ask_for_report(self) -> FleetReport:
        now = time.monotonic()
        said: list[ReplicaReport] = self._ask_all("report")
        self._heard |= {one.replica_id: (now, one) for one in said}
        self._heard = {name: one for name, one in self._heard.items() if now - one[0] < SILENT_SECONDS}
        replicas = [one if at == now else replace(one, state="silent") for at, one in self._heard.values()]
        return FleetReport(True, () if self.closed else _nodes(), tuple(replicas), 0 if said else self._asking)

    def _tell(self, method: str, *arguments: Any) -> None:
        """Tells all replicas something, without waiting; nobody is there any more where the fleet was left."""
        if not self.closed:
            with suppress(RuntimeError):  # closed in between
                self._telling.submit(self._ask_all, method, *arguments)

    def _ask_all(self, method: str, *arguments: Any) -> list[Any]:
        """The answers of the replicas that give one."""
        from ray.serve.exceptions import DeploymentUnavailableError

        if self.closed:
            return []
        asked = partial(self._handle.broadcast(method, *arguments).results, timeout_s=ANSWER_SECONDS)
        try:
            answers = self._waited_for(partial(asked, return_exceptions=True))
        except (DeploymentUnavailableError, TimeoutError):
            return []
        return [one for one in answers if not isinstance(one, Exception)]

    def _waited_for(self, ask: Callable[[], Any]) -> Any:
        """An answer; an event loop waits for it by a thread, since Ray refuses to wait in one."""
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return ask()
        return self._telling.submit(ask).result()

    @contextmanager
    def _counted(self) -> Iterator[None]:
        """Counts a call while somebody waits for its answer."""
        with self._counting:
            self._asking += 1
        try:
            yield
        finally:
            with self._counting:
                self._asking -= 1


def _lost() -> tuple[type[BaseException], ...]:
    """What Ray raises where a replica has gone."""
    from ray.exceptions import RayActorError, RayChannelError, WorkerCrashedError

    return RayActorError, RayChannelError, WorkerCrashedError


def _sleeps() -> bool:
    """Whether there is no replica, and none is wanted until somebody asks."""
    from ray import serve

    application = serve.status().applications.get(NAME)
    return (
        application is not None
        and application.status == "RUNNING"
        and not any(sum(one.replica_states.values()) for one in application.deployments.values())
    )


def _runs() -> bool:
    """Whether a replica has started."""
    from ray import serve

    application = serve.status().applications.get(NAME)
    return application is None or any(one.replica_states.get("RUNNING") for one in application.deployments.values())


def _nodes() -> tuple[NodeReport, ...]:
    """The machines of the cluster."""
    import ray

    rows = []
    for node in ray.nodes():
        has = node.get("Resources", {})
        name = node.get("NodeName") or node.get("NodeManagerAddress", "")
        rows.append(
            NodeReport(node["NodeID"], name, node["Alive"], has.get("CPU", 0.0), has.get("GPU", 0.0),
                       int(has.get("memory", 0)))
        )  # fmt: skip
    return tuple(rows)
