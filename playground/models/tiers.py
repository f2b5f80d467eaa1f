"""Where weights may be: on the device, parked in RAM, or nowhere; and how many bytes each place may hold.

It leaves out who waits and who is lent what (`manager`).
"""

from __future__ import annotations

import contextlib
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

import torch

from playground.models.lending import is_spread


@dataclass
class Tier:
    """A place with a budget in bytes, and what each owner holds of it.

    >>> tier = Tier(budget_bytes=10)
    >>> tier.hold("a", 6)
    >>> tier.used_bytes, tier.fits(4), tier.fits(5)
    (6, True, False)
    >>> tier.release("a")
    >>> tier.used_bytes
    0
    """

    budget_bytes: int
    held: dict[Hashable, int] = field(default_factory=dict)

    @property
    def used_bytes(self) -> int:
        """Bytes held by all owners together."""
        return sum(self.held.values())

    @property
    def free_bytes(self) -> int:
        """Bytes of the budget that nobody holds."""
        return self.budget_bytes - self.used_bytes

    def fits(self, count: int) -> bool:
        """Whether this many more bytes stay within the budget."""
        return count <= self.free_bytes

    def hold(self, owner: Hashable, count: int) -> None:
        """Takes bytes for an owner, in place of what it held before."""
        self.held[owner] = count

    def release(self, owner: Hashable) -> None:
        """Gives back all that an owner holds."""
        self.held.pop(owner, None)


class Candidate(Protocol):
    """What `choose_victims` looks at."""

    used_at: float

    @property
    def held_bytes(self) -> int: ...


AnyCandidate = TypeVar("AnyCandidate", bound=Candidate)


def choose_victims(candidates: Iterable[AnyCandidate], needed: int) -> list[AnyCandidate]:
    """The least recently used candidates that together free at least ``needed`` bytes; none if all are too few."""
    victims, freed = [], 0
    for candidate in sorted(candidates, key=lambda one: one.used_at):
        if freed >= needed:
            break
        victims.append(candidate)
        freed += candidate.held_bytes
    return victims if freed >= needed else []


def can_move(model: torch.nn.Module) -> bool:
    """Whether a model can go to RAM and back: not if it is quantized or spread over several devices."""
    return not is_spread(model) and getattr(model, "hf_quantizer", None) is None


def move(model: torch.nn.Module, device: torch.device) -> None:
    """Moves a model's weights to a device, in place: every view of the same weights sees them there.

    Tied weights stay tied. On the way to RAM they go into page-locked memory, from where a GPU reads them back at full
    speed.
    """
    for tensor in _unique_tensors(model):
        tensor.data = _copy_to(tensor.data, device)
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _unique_tensors(model: torch.nn.Module) -> Iterator[torch.Tensor]:
    seen: set[int] = set()
    for tensor in [*model.parameters(), *model.buffers()]:
        if id(tensor) not in seen:
            seen.add(id(tensor))
            yield tensor


def _copy_to(tensor: torch.Tensor, device: torch.device) -> torch.Tensor:
    if device.type == "cpu" and tensor.is_cuda:
        with contextlib.suppress(RuntimeError):  # the system may refuse to lock that many pages
            parked = torch.empty(tensor.shape, dtype=tensor.dtype, pin_memory=True)
            return parked.copy_(tensor)
    return tensor.to(device, non_blocking=True, copy=True)
