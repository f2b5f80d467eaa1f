"""What is lent and how: `LoadedModel`, a resident model, and `Lease`, the ``with`` block that holds it.

It leaves out who decides what is resident (`manager`).
"""

from __future__ import annotations

import logging
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from playground.errors import DeviceMemoryError, StoppedError
from playground.models.adapters import read_adapter
from playground.models.catalog import ModelSpec
from playground.models.cpu.threads import leave_cores, release_helpers
from playground.models.origin import origin_of
from playground.models.pretrained import AUTO_CLASSES, Pretrained
from playground.models.shared_tokenizer import renew_turn

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from playground.models.padding import Side

log = logging.getLogger(__name__)
Companion = TypeVar("Companion")
SET_ASIDE = "set aside"  # in place of a quantization: bytes of work that is no model


@dataclass(frozen=True)
class ModelKey:
    """What is resident: one model, with one head, in one quantization."""

    model_id: str
    task: str
    quantization: str = "auto"


@dataclass(eq=False)
class LoadedModel:
    """A resident model as it is lent: treat everything in it as read-only, many people hold it at once."""

    key: ModelKey
    spec: ModelSpec
    folder: Path
    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    device: str
    dtype: str
    measured_bytes: int
    make_room: Callable[[int], None] = lambda needed: None
    spare: Callable[[], int] = lambda: 0
    public: bool = False
    busy: Callable[[], float] = lambda: 0.0  # the share of the cores that a training or another program has
    _companions: dict[str, Any] = field(default_factory=dict)
    _eager: PreTrainedModel | None = None
    _safe_padding: tuple[Side | None] | None = None
    _closed: bool = False
    _lock: threading.RLock = field(default_factory=threading.RLock)

    @property
    def safe_padding(self) -> Side | None:
        """The side at which rows of a batch may be padded and stay what they are alone; None: at neither.

        Found by a probe at first use, see `padding`. Rows of one length may share a pass all the same.
        """
        with self._lock:
            if self._safe_padding is None:
                from playground.models.padding import pad_token_id, safe_padding

                pad_id = pad_token_id(self.model, self.tokenizer)
                self._safe_padding = (safe_padding(self.model, self.tokenizer, pad_id),)
            return self._safe_padding[0]

    @property
    def pretrained(self) -> Pretrained:
        """How this run holds its model, for receipts."""
        device = "auto" if is_spread(self.model) else self.device
        return pretrained(self.spec, self.folder, self.key, (self.dtype, device), self.tokenizer, self.public)

    @property
    def eager(self) -> PreTrainedModel:
        """The same weights as a module that returns attention weights; costs no second copy."""
        with self._lock:
            if self._eager is None:
                from playground.models.loading import eager_view

                self._eager = eager_view(self.model)
            return self._eager

    def companion(self, name: str, make: Callable[[LoadedModel], Companion]) -> Companion:
        """The object that serves this model under a name (a batcher, a generation engine): made once, closed at unload.

        ``make`` gets this LoadedModel. A companion has a method ``close()``; one that holds memory of the device says
        so by ``nbytes`` (now) and ``reserved_bytes`` (what it may grow to), and before it takes more it calls
        ``make_room`` with all the bytes that it needs, which raises a BudgetError where there is no room. What it keeps
        beside that, in case somebody needs it, are ``kept_bytes``: it keeps them while ``spare`` isn't below 0, and
        gives them up when it is told to ``forget``.
        """
        with self._lock:
            if self._closed:
                raise shutting_down()
            if name not in self._companions:
                self._companions[name] = make(self)
            return self._companions[name]

    @property
    def cache_bytes(self) -> int:
        """Bytes that the companions hold now beside the weights, such as keys and values of running streams."""
        return sum(getattr(one, "nbytes", 0) for one in list(self._companions.values()))

    @property
    def reserved_bytes(self) -> int:
        """Bytes that the companions hold or were promised."""
        return sum(getattr(one, "reserved_bytes", 0) for one in list(self._companions.values()))

    @property
    def kept_bytes(self) -> int:
        """Bytes that the companions hold beyond that, and give up as soon as somebody needs them."""
        return sum(getattr(one, "kept_bytes", 0) for one in list(self._companions.values()))

    @property
    def streams(self) -> tuple[int, int]:
        """Generations of this model: how many run, and how many wait in line."""
        counts = [one.streams for one in list(self._companions.values()) if hasattr(one, "streams")]
        return sum(running for running, _ in counts), sum(waiting for _, waiting in counts)

    def forget(self) -> None:
        """Makes the companions give up what they keep in case somebody needs it."""
        for one in list(self._companions.values()):
            if getattr(one, "kept_bytes", 0):
                one.forget()

    def renew(self) -> None:
        """Forgets, in a process that was forked, companions, whose threads aren't there; new ones are made."""
        self._lock, self._companions = threading.RLock(), {}
        renew_turn(self.tokenizer)

    def close(self, for_good: bool = False) -> None:
        """Closes the companions, so that nothing but the lender refers to the model any more.

        ``for_good``: no new ones are made, also for those who hold the model still.
        """
        with self._lock:
            self._closed = self._closed or for_good
            companions, self._companions = list(self._companions.values()), {}
            self._eager = None
        for companion in companions:
            try:
                companion.close()
            except Exception:
                log.exception("A companion of %s couldn't be closed", self.key.model_id)


def pretrained(
    spec: ModelSpec,
    folder: Path,
    key: ModelKey,
    placed: tuple[str, str],
    tokenizer: PreTrainedTokenizerBase,
    public: bool = False,
) -> Pretrained:
    """What ``from_pretrained`` gets for a model; ``placed`` is dtype and device.

    A folder of this machine is named unless the page is public.
    """
    origin = origin_of(spec, folder, public)
    read_from = "" if spec.source == "hub" else getattr(tokenizer, "name_or_path", "")
    elsewhere = "" if read_from in ("", str(folder)) else read_from
    if elsewhere and public and (adapter := read_adapter(spec, folder)):  # it reads its base's tokenizer
        elsewhere = Path(adapter.base).name if Path(adapter.base).is_absolute() else adapter.base
    task = AUTO_CLASSES[key.task]
    return Pretrained(
        origin.source,
        task,
        key.quantization,
        *placed,
        origin.revision,
        elsewhere,
        origin.notes,
        origin.hub_id,
        origin.hub_revision,
    )


def is_spread(model: Any) -> bool:
    """Whether accelerate put a model's parts on several devices."""
    return len(set((getattr(model, "hf_device_map", None) or {"": 0}).values())) > 1


def shutting_down() -> StoppedError:
    """The error for those who want a model of a manager that was closed."""
    return StoppedError("The playground is shutting down.", "Start it again.")


class Lender(Protocol):
    """What a `Lease` needs of the manager."""

    def borrow(self, key: ModelKey) -> Any:
        """A held entry with the attribute ``loaded``; loads the model first if need be."""

    def give_back(self, held: Any) -> None:
        """Ends what `borrow` began."""

    def reclaim(self) -> None:
        """Frees what can be freed without disturbing anybody."""


class Lease:
    """A ``with`` block that holds a resident model; given back when it ends, however it ends.

    It belongs to no thread: a generator may be resumed, and its lease ended, on another thread than it began. Running
    out of memory inside the block comes out as a `DeviceMemoryError`, after the memory was given back.
    """

    __slots__ = ("_give_back_cores", "_held", "_key", "_lender")

    def __init__(self, lender: Lender, key: ModelKey) -> None:
        self._lender, self._key = lender, key
        self._held: Any = None
        self._give_back_cores: Callable[[], None] = lambda: None

    def __enter__(self) -> LoadedModel:
        self._held = self._lender.borrow(self._key)
        self._give_back_cores = leave_cores(self._held.loaded.busy())
        return self._held.loaded

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        held, self._held = self._held, None
        if held is not None:
            self._lender.give_back(held)
            self._give_back_cores()
        release_helpers()
        if error is not None:
            raise_if_out_of_memory(error, self._lender.reclaim)


def raise_if_out_of_memory(error: BaseException, reclaim: Callable[[], None]) -> None:
    """Nothing for other errors.

    The frames of the failed call still hold its tensors; they are cleared first, or nothing could be reclaimed.

    Raises:
        DeviceMemoryError: the error says that memory ran out.
    """
    from playground.models.memory import is_out_of_memory

    if not is_out_of_memory(error):
        return
    first_line = str(error).partition("\n")[0][:200]
    traceback.clear_frames(error.__traceback__)
    error.__traceback__ = None
    reclaim()
    raise DeviceMemoryError(
        f"The device ran out of memory while working ({first_line}).",
        "Try again, with a shorter input or a smaller model; what others are doing goes on.",
    ) from None
