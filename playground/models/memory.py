"""Bytes: what a model will need, what it took, what the device has, and how to give it back.

It leaves out which model may take them (`manager`).
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import math
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import torch

from playground.models.cpu.packed_4bit import packs

CGROUP = Path("/sys/fs/cgroup")
KEPT_BYTES = 64 * 2**20
RECORDING = threading.Lock()  # held while kernels are recorded: CUDA can't give memory back meanwhile
# What the allocators of CPUs, CUDA, cuBLAS, cuDNN, ROCm and Metal say, in lower case.
_OUT_OF_MEMORY = (
    "out of memory", "can't allocate memory", "cannot allocate memory", "not enough memory", "std::bad_alloc",
    "status_alloc_failed",
)  # fmt: skip


@dataclass(frozen=True)
class DeviceMemory:
    """What a device has, in bytes."""

    device: str
    name: str
    total_bytes: int
    free_bytes: int


def device_memory(device: torch.device) -> DeviceMemory:
    """What a device has right now; what PyTorch keeps cached for its next tensors counts as free."""
    if device.type == "cuda":
        free, total = torch.cuda.mem_get_info(device)
        cached = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return DeviceMemory(str(device), torch.cuda.get_device_name(device), total, free + cached)
    name = "Apple GPU (shares the CPU's memory)" if device.type == "mps" else "CPU memory"
    memory = psutil.virtual_memory()
    total, free = _container_limit(memory.total, memory.available)
    return DeviceMemory(str(device), name, total, free)


def _container_limit(total: int, free: int) -> tuple[int, int]:
    """Total and free bytes, narrowed to what a container may use; psutil sees the whole machine."""
    with contextlib.suppress(OSError, ValueError):
        limit = int((CGROUP / "memory.max").read_text())
        held = int((CGROUP / "memory.current").read_text())
        cache = _reclaimable(CGROUP / "memory.stat")
        return min(total, limit), max(0, min(free, limit - held + cache))
    return total, free


def _reclaimable(statistics: Path) -> int:
    """Bytes of a container's file cache, which the kernel gives up when programs need memory."""
    rows = dict(line.split() for line in statistics.read_text().splitlines())
    return int(rows.get("inactive_file", 0)) + int(rows.get("active_file", 0))


def measure_bytes(model: torch.nn.Module) -> int:
    """Bytes of a model's parameters and buffers, each storage counted once (tied weights share one).

    A quantized weight also carries the scales that bring its values back; they count too.
    """
    storages = {}
    for module in model.modules():
        for _, tensor in own_tensors(module):
            storage = tensor.untyped_storage()
            storages[storage.data_ptr()] = storage.nbytes()
    return sum(storages.values())


def own_tensors(module: torch.nn.Module) -> Iterator[tuple[str, torch.Tensor]]:
    """The parameters and buffers of one module, not of those in it, and what comes with a quantized weight, by name."""
    state = getattr(module, "state", None)  # where a bitsandbytes 8-bit layer keeps its weights after first use
    if type(state).__name__ == "MatmulLtState":
        yield from ((f"state.{name}", one) for name, one in vars(state).items() if isinstance(one, torch.Tensor))
    alone = {"recurse": False, "remove_duplicate": False}
    for name, tensor in [*module.named_parameters(**alone), *module.named_buffers(**alone)]:
        yield name, tensor
        yield from _scales(name, vars(tensor))


def _scales(path: str, attributes: dict[str, Any]) -> Iterator[tuple[str, torch.Tensor]]:
    """The tensors that bitsandbytes hangs on a quantized parameter, nested ones included."""
    for name, value in attributes.items():
        if isinstance(value, torch.Tensor):
            yield f"{path}.{name}", value
        elif name in ("quant_state", "state2") and value is not None:
            yield from _scales(f"{path}.{name}", vars(value))


def predict_bytes(blueprint: torch.nn.Module, dtype: torch.dtype, device: torch.device) -> int:
    """Bytes that a model will take, from its blueprint on the meta device: shapes without weights.

    A 4-bit weight costs half a byte, plus one byte per 64 values for the scale they share, plus a float32 per 256 such
    scales, plus its two code tables (16 and 256 values); packed for a CPU, it costs two bytes per scale instead. An
    8-bit weight costs a byte, plus a float32 per row. What bitsandbytes leaves alone (embeddings, norms, the head)
    keeps ``dtype``: this is why a small model with a large vocabulary shrinks by less than a factor of 8.

    Source: Dettmers et al. 2023, QLoRA, section 3 (blocks of 64, double quantization with blocks of 256).
    """
    quantized = {id(weight): size for weight, size in _quantized_weights(blueprint, device)}
    sizes: dict[int, int] = {}
    for name, tensor in [*blueprint.named_parameters(), *blueprint.named_buffers()]:
        plain = tensor.numel() * _element_size(blueprint, name, tensor, dtype)
        sizes[id(tensor)] = quantized.get(id(tensor), plain)
    return sum(sizes.values())


def _quantized_weights(blueprint: torch.nn.Module, device: torch.device) -> Iterator[tuple[Any, int]]:
    """Each weight that bitsandbytes will quantize, and its bytes afterwards."""
    layer: Any
    for layer in blueprint.modules():
        if type(layer).__name__ == "Linear4bit":
            count = layer.in_features * layer.out_features
            blocks = math.ceil(count / 64)
            if device.type == "cpu" and packs(layer):
                yield layer.weight, count // 2 + 2 * blocks + 4 * (1 + 16)
            else:
                yield layer.weight, math.ceil(count / 2) + blocks + 4 * (math.ceil(blocks / 256) + 1 + 16 + 256)
        elif type(layer).__name__ == "Linear8bitLt":
            yield layer.weight, layer.in_features * layer.out_features + 4 * layer.out_features


def _element_size(blueprint: torch.nn.Module, name: str, tensor: torch.Tensor, dtype: torch.dtype) -> int:
    """Bytes per value; some layers stay float32 in half precision because they would overflow."""
    kept = getattr(blueprint, "_keep_in_fp32_modules", None) or ()
    strict = getattr(blueprint, "_keep_in_fp32_modules_strict", None) or ()
    names = [*(kept if dtype == torch.float16 else ()), *(strict if dtype.itemsize == 2 else ())]
    return 4 if any(part in name.split(".") for part in names) else tensor.element_size()


def free_memory(device: torch.device) -> None:
    """Gives memory that no tensor uses any more back to the device and to the system."""
    if device.type == "cuda":
        with RECORDING:
            torch.cuda.empty_cache()
    elif device.type == "mps":
        torch.mps.empty_cache()
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).malloc_trim(0)


def keep_freed_memory() -> None:
    """Keeps up to KEPT_BYTES of freed memory for the next tensors, where glibc would hand it back after every pass.

    Otherwise a forward pass over many tokens faults its memory in again, page by page, which took a sixth of its time.
    `free_memory` still gives everything back when a model goes.

    Source: mallopt(3), M_MMAP_THRESHOLD (-3) and M_TRIM_THRESHOLD (-1).
    """
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            libc = ctypes.CDLL(None)
            libc.mallopt(-3, KEPT_BYTES // 2)
            libc.mallopt(-1, KEPT_BYTES)


def is_out_of_memory(error: BaseException | None) -> bool:
    """Whether an exception says that a device, or the machine, had no memory left; or comes from one that does.

    >>> is_out_of_memory(RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes"))
    True
    >>> is_out_of_memory(RuntimeError("CUDA error: device-side assert triggered"))
    False
    """
    if isinstance(error, (torch.OutOfMemoryError, MemoryError)):
        return True
    if isinstance(error, OSError) and error.errno == errno.ENOMEM:
        return True
    if isinstance(error, RuntimeError) and any(words in str(error).lower() for words in _OUT_OF_MEMORY):
        return True
    return error is not None and error.__cause__ is not None and is_out_of_memory(error.__cause__)
