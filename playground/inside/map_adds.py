"""Where a stream goes past modules and is added to what they return, found in the numbers of a run.

Modules don't say what happens between them. But if what enters the next module is what entered this one plus what it
returned, then a residual stream went past it. Only what the numbers show is reported, with the scale that they show.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

import torch

from playground.inside.map_result import MapAdd
from playground.inside.map_run import Call

MOST_KNOWN = 12  # values in one module among which sums are looked for
EXACT, COARSE = 1e-3, 0.15  # how much of a sum may be left over, in float32 and in 16 bits
Known = list[tuple[str, torch.Tensor]]


def adds_of(call: Call, is_block: Callable[[str], bool]) -> tuple[MapAdd, ...]:
    """The additions between the modules that one called; empty where there are none that the numbers show.

    A stream that comes from further out is followed, to the block that it is in.
    """
    if call.output is None or not call.calls or not call.inputs:
        return ()
    shape = call.output.shape
    known: Known = [("", one) for one in call.inputs if one.shape == shape]
    adds: list[MapAdd] = []
    for child in [*call.calls, Call("", inputs=[call.output])]:
        for value in [one for one in child.inputs if one.shape == shape]:
            if len(known) > MOST_KNOWN or any(torch.equal(value, one) for _, one in known):
                continue
            if found := _explained(value, known):
                stream, branches, scale = found
                source = stream or _origin(call, _entered(known, value, branches, scale), is_block)
                adds.append(MapAdd(child.name, source, branches, scale))
                known.append((f"+{len(adds)}", value))
        if child.output is not None and child.output.shape == shape:
            known.append((child.name, child.output))
    return tuple(adds)


def _explained(value: torch.Tensor, known: Known) -> tuple[str, tuple[str, ...], float] | None:
    """Stream, branches and scale of the sum that a value is: of a stream and one branch, else of a stream and two."""
    tolerance = EXACT if value.dtype == torch.float32 else COARSE
    best: tuple[float, tuple[str, tuple[str, ...], float]] | None = None
    for (stream, base), (name, branch) in combinations(known, 2):
        error, scale = _multiple(value - base, branch)
        if name and (best is None or error <= best[0]):
            best = error, (stream, (name,), scale)
    if best and best[0] <= tolerance:
        return best[1]
    for (stream, base), (one, first), (two, second) in combinations(known, 3):
        error, scale = _multiple(value - base, first.float() + second.float())
        if one and two and one != two and error <= tolerance:
            return stream, (one, two), scale
    return None


def _entered(known: Known, value: torch.Tensor, branches: tuple[str, ...], scale: float) -> torch.Tensor:
    """Which of the tensors that entered is the stream of a sum."""
    branch = sum(one.float() for name, one in known if name in branches)
    entered = [one for name, one in known if not name]
    return min(entered, key=lambda one: float((value - one - scale * branch).abs().max()))


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


def _multiple(difference: torch.Tensor, branch: torch.Tensor) -> tuple[float, float]:
    """How far a difference is from being a multiple of a branch, as a share of its size, and which multiple."""
    wanted, given = difference.double().flatten(), branch.double().flatten()
    size, own = float(wanted @ wanted), float(given @ given)
    if not size or not own:
        return 1.0, 1.0
    scale = float(wanted @ given) / own
    rest = wanted - scale * given
    return (float(rest @ rest) / size) ** 0.5, 1.0 if abs(scale - 1) < 0.01 else float(f"{scale:.3g}")
