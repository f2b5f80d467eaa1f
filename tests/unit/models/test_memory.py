"""What counts as out of memory: it decides whose work ends."""

from __future__ import annotations

import errno

import pytest
import torch

from playground.models.memory import is_out_of_memory

FULL = [
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB."),
    RuntimeError("CUDA error: out of memory\nCUDA kernel errors might be asynchronously reported"),
    RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
    RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
    RuntimeError("HIP out of memory."),
    RuntimeError("MPS backend out of memory (MPS allocated: 9.00 GB)"),
    RuntimeError("[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate memory"),
    RuntimeError("std::bad_alloc"),
    MemoryError(),
    OSError(errno.ENOMEM, "Cannot allocate memory"),
]
OTHERS = [
    RuntimeError("CUDA error: device-side assert triggered"),
    RuntimeError("CUDA error: an illegal memory access was encountered"),
    IndexError("index out of range in self"),
    OSError(errno.ENOENT, "No such file or directory"),
    ValueError("out of memory"),  # a text somebody typed, in a message of our own
    None,
]


@pytest.mark.parametrize("error", FULL, ids=str)
def test_what_says_that_memory_ran_out(error):
    assert is_out_of_memory(error)


@pytest.mark.parametrize("error", OTHERS, ids=str)
def test_what_says_something_else(error):
    assert not is_out_of_memory(error)


def test_the_reason_of_an_error_counts():
    error = ValueError("the pass failed")
    error.__cause__ = torch.OutOfMemoryError("CUDA out of memory.")
    assert is_out_of_memory(error)
