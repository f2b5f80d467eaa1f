"""Where models may be on this machine: the device, RAM beside it, and the budget of each.

It leaves out which model gets the room (`manager`).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from playground.config import Settings
from playground.models.lending import SET_ASIDE, ModelKey
from playground.models.loading import pick_device
from playground.models.memory import device_memory, keep_freed_memory
from playground.models.report import DeviceReport
from playground.models.tiers import Tier

DEVICE_SHARE = 0.8  # of the free memory is for weights by default; the rest is for what flows through them
RAM_SHARE = 0.5
SPREAD_SHARE = 0.9  # of a budget that was set is for a model larger than it; the rest is for its KV cache


@dataclass(eq=False)
class Places:
    """The device, RAM beside it, and their budgets."""

    device: torch.device
    parked_device: torch.device
    device_tier: Tier
    ram_tier: Tier
    parking: bool
    reserve_bytes: int
    measured: bool

    @classmethod
    def measure(cls, settings: Settings, parking: bool | None) -> Places:
        """What this machine has now, and the budgets: from the settings, or a share of what is free."""
        keep_freed_memory()
        device, cpu = pick_device(settings.device), torch.device("cpu")
        memory, ram = device_memory(device), device_memory(cpu)
        parking = device.type == "cuda" if parking is None else parking
        budget = settings.memory_budget if settings.memory_budget is not None else int(memory.free_bytes * DEVICE_SHARE)
        ram_budget = settings.ram_budget if settings.ram_budget is not None else int(ram.free_bytes * RAM_SHARE)
        return cls(
            device, cpu, Tier(budget), Tier(ram_budget if parking else 0), parking,
            max(0, memory.free_bytes - budget), settings.memory_budget is None,
        )  # fmt: skip

    @property
    def limit_bytes(self) -> int:
        """What weights and caches may take together: the budget that was set, or all that was free at first."""
        return self.device_tier.budget_bytes + (self.reserve_bytes if self.measured else 0)

    def free_bytes(self, caches: int) -> int:
        """Bytes of the budget that are free for weights, where caches are promised so many."""
        return min(self.device_tier.free_bytes, self.limit_bytes - self.device_tier.used_bytes - caches)

    def shortage(self, key: ModelKey, needed: int, caches: int, passing: int = 0) -> int:
        """Bytes that are missing to hold ``needed`` for a model, by the budget and by what the device really has.

        ``passing`` are bytes that its load takes and gives back: they are on the device, and in no budget.
        """
        more = needed - self.device_tier.held.get(key, 0)
        return more - min(self.free_bytes(caches), device_memory(self.device).free_bytes - passing)

    def release(self, key: ModelKey) -> None:
        """Gives back all that a model holds anywhere."""
        self.device_tier.release(key)
        self.ram_tier.release(key)

    def can_spread(self, quantization: str, needed: int) -> bool:
        """Whether accelerate may put a part of a model into RAM: only beside a GPU, and not when it is quantized."""
        beside_gpu = self.device.type == "cuda" and quantization not in ("8-bit", "4-bit", SET_ASIDE)
        most = self.spread_bytes + self.ram_tier.budget_bytes
        return beside_gpu and self.device_tier.budget_bytes < needed <= most

    @property
    def spread_bytes(self) -> int:
        """How much of a model larger than the GPU goes onto the GPU."""
        budget = self.device_tier.budget_bytes
        return budget if self.limit_bytes > budget else int(SPREAD_SHARE * budget)

    def report(self, used: int, parked: int, caches: int) -> tuple[DeviceReport, ...]:
        """One row per place."""
        memory = device_memory(self.device)
        rows = [
            DeviceReport(
                memory.device, memory.name, memory.total_bytes, self.device_tier.budget_bytes, used,
                memory.free_bytes, self.reserve_bytes, caches, self.limit_bytes,
            )
        ]  # fmt: skip
        if self.parking:
            ram = device_memory(self.parked_device)
            budget = self.ram_tier.budget_bytes
            rows.append(
                DeviceReport(
                    "ram", "RAM for parked models", ram.total_bytes, budget, parked, ram.free_bytes, limit_bytes=budget
                )
            )
        return tuple(rows)
