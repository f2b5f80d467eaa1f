"""Work on a GPU that is recorded once and played again: a CUDA graph.

A decoding step of a small model is a thousand short kernels, and starting each of them takes Python longer than the GPU
needs to run it. A recording holds which kernels ran and where in memory they read and wrote, and one call starts them
all. So whoever plays it again writes new numbers into the same tensors first; what Python decided, stays as it was. It
leaves out what is recorded (`generation/static_step.py`).

Elsewhere than on CUDA the work itself is what is played.

Source: https://docs.pytorch.org/docs/stable/notes/cuda.html#cuda-graphs
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from playground.models.memory import RECORDING, free_memory

Work = Callable[[], Tensor]  # works on tensors that stay where they are

WARM_UPS = 2  # libraries choose their kernels, and take their memory, at first use
# Operations after which Python looks at a number of the GPU, or brings one of its own there.
WAITS = ("item", "_local_scalar_dense", "lift_fresh", "nonzero", "masked_select", "_unique2", "unique_dim")


class WithoutWaiting(TorchDispatchMode):
    """Stops work that couldn't be recorded, since Python and the GPU wait for each other in it.

    Found out before anything is recorded: CUDA is left in disorder by a recording that fails. torch documents the class
    that this one extends, in a module with a private name; a version that moves it fails at the import.

    Raises:
        RuntimeError: at the first operation that waits.
    """

    def __torch_dispatch__(self, operation: Any, types: Any, given: Any = (), named: Any = None) -> Any:
        if (name := operation.overloadpacket.__name__) in WAITS:
            raise RuntimeError(f"it waits for the GPU ({name})")
        return operation(*given, **(named or {}))


class Recorder:
    """Records work; its recordings are played one at a time, and so share the memory for what is between."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._pool: Any = None
        self._aside: Any = None  # one stream: for each that multiplies, cuBLAS keeps 32 MiB on a GPU of 2022 or later
        self.nbytes = 0

    def __call__(self, work: Work) -> Work:
        """Plays the work; what it returns is overwritten when any recording is played again.

        Raises:
            RuntimeError: it can't be recorded.
        """
        with WithoutWaiting():
            work()
        return self._on_cuda(work) if self._device.type == "cuda" else work

    def _on_cuda(self, work: Work) -> Work:
        with torch.cuda.device(self._device), RECORDING:
            self._aside = aside = self._aside or torch.cuda.Stream(self._device)
            now, graph = torch.cuda.current_stream(), torch.cuda.CUDAGraph()
            self._pool = self._pool or torch.cuda.graph_pool_handle()
            aside.wait_stream(now)
            with torch.cuda.stream(aside):
                for _ in range(WARM_UPS):
                    work()
            now.wait_stream(aside)
            torch.cuda.empty_cache()  # so that what is reserved from here on is the recording's
            before = torch.cuda.memory_reserved()
            with torch.cuda.graph(graph, pool=self._pool, stream=aside, capture_error_mode="thread_local"):
                output = work()
            self.nbytes += max(0, torch.cuda.memory_reserved() - before)

        def play() -> Tensor:
            graph.replay()
            return output

        return play

    def clear(self) -> None:
        """Gives the memory back, once nobody holds a recording any more."""
        self._pool, self.nbytes = None, 0
        free_memory(self._device)
