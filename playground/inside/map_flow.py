"""What flows from module to module, found in the numbers of a run: who reads what, and where streams are joined.

Modules don't say what happens between them. But if what enters the next module is what entered this one plus what it
returned, then a residual stream went past it. Only what the numbers show is reported, with the scale that they show.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import combinations

import torch

from playground.inside.map_result import MapJoin
from playground.inside.map_run import Call

MOST_KNOWN = 12  # values in one module among which sums and products are looked for
EXACT, COARSE = 1e-3, 0.15  # how much of a sum may be left over, in float32 and in 16 bits
Known = list[tuple[str, torch.Tensor]]


@dataclass
class Flow:
    """What flows in one module: ``joins`` between those in it, and what each of them ``reads`` (see `MapPart`)."""

    joins: list[MapJoin] = field(default_factory=list)
    reads: dict[str, str] = field(default_factory=dict)


def flow_of(call: Call, is_block: Callable[[str], bool]) -> Flow:
    """The flow in one call. A stream that comes from further out is followed, to the block that it is in."""
    flow = Flow()
    if not call.calls:
        return flow
    known: Known = [("", one) for one in call.inputs]
    ends = [] if call.output is None else [Call("", inputs=[call.output])]
    for child in [*call.calls, *ends]:
        for place, value in enumerate(child.inputs):
            label = _label(value, known)
            if label is None and len(known) <= MOST_KNOWN and (found := _explained(value, known)):
                stream, branches, scale, times = found
                source = stream or _origin(call, _entered(known, value, found), is_block)
                flow.joins.append(MapJoin(child.name, source, branches, scale, times))
                label = f"+{len(flow.joins)}"
                known.append((label, value))
            if place == 0 and label is not None and child.name not in flow.reads:
                flow.reads[child.name] = label or f">{call.name}"
        if child.output is not None:
            known.append((child.name, child.output))
    return flow


def _label(value: torch.Tensor, known: Known) -> str | None:
    """Which of the known values this is; the last of them, None if none is."""
    return next((name for name, one in reversed(known) if _equal(one, value)), None)


def _explained(value: torch.Tensor, known: Known) -> tuple[str, tuple[str, ...], float, bool] | None:
    """Stream, branches, scale and whether they are multiplied: a stream and one branch, else a stream and two."""
    exact = EXACT if value.dtype == torch.float32 else COARSE
    known = [one for one in known if one[1].shape == value.shape]
    best: tuple[float, tuple[str, tuple[str, ...], float, bool]] | None = None
    for (stream, base), (name, branch) in combinations(known, 2):
        error, scale = _multiple(value - base, branch)
        if name and (best is None or error <= best[0]):
            best = error, (stream, (name,), scale, False)
    if best and best[0] <= exact:
        return best[1]
    for (stream, base), (one, first), (two, second) in combinations(known, 3):
        error, scale = _multiple(value - base, first.float() + second.float())
        if one and two and one != two and error <= exact:
            return stream, (one, two), scale, False
    for (stream, base), (name, branch) in combinations(known, 2):
        error, scale = _multiple(value, base.float() * branch.float())
        if name and error <= exact:
            return stream, (name,), scale, True
    return None


def _entered(known: Known, value: torch.Tensor, found: tuple[str, tuple[str, ...], float, bool]) -> torch.Tensor:
    """Which of the tensors that entered is the stream of a join."""
    _, branches, scale, times = found
    branch = sum(one.float() for name, one in known if name in branches)
    entered = [one for name, one in known if not name and one.shape == value.shape]
    joined = (lambda one: one * branch * scale) if times else (lambda one: one + scale * branch)
    return min(entered, key=lambda one: float((value - joined(one)).abs().max()))


def _origin(call: Call, value: torch.Tensor, is_block: Callable[[str], bool]) -> str:
    """Where a tensor that entered a module comes from: another module, or ``>`` and the outermost that it entered."""
    here = call
    while here.around is not None and not is_block(here.name):
        around = here.around
        if any(_equal(value, one) for one in around.inputs):
            here = around
            continue
        before = around.calls[: around.calls.index(here)]
        made = [one.name for one in before if one.output is not None and _equal(one.output, value)]
        return made[-1] if made else f">{here.name}"
    return f">{here.name}"


def _equal(one: torch.Tensor, other: torch.Tensor) -> bool:
    return one.shape == other.shape and torch.equal(one, other)


def _multiple(wanted: torch.Tensor, branch: torch.Tensor) -> tuple[float, float]:
    """How far some numbers are from being a multiple of a branch, as a share of their size, and which multiple."""
    wanted, given = wanted.double().flatten(), branch.double().flatten()
    size, own = float(wanted @ wanted), float(given @ given)
    if not size or not own:
        return 1.0, 1.0
    scale = float(wanted @ given) / own
    rest = wanted - scale * given
    return (float(rest @ rest) / size) ** 0.5, 1.0 if abs(scale - 1) < 0.01 else float(f"{scale:.3g}")
