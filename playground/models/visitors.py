"""What visitors of a public playground may cause to be loaded: which models, in which copies, how large, how long.

All of it is decided here. Always allowed is what the page needs itself: the embedded models and those that the owner
loads at start, in the copy that "auto" gives. Of everything else the settings ``public_...`` say how much.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from playground.config import Settings
from playground.errors import BusyError, NotAllowedError, PlaygroundError, PreparationError
from playground.models.catalog import QUANTIZATIONS, ModelSpec
from playground.models.lending import ModelKey
from playground.models.report import QuantizationOption
from playground.units import format_bytes

if TYPE_CHECKING:
    import torch

log = logging.getLogger(__name__)
HOUR = 3600.0
_OWNERS = re.compile(  # what only whoever runs the page can do something with
    r"\b(?:HF|PLAYGROUND|TRANSFORMERS|TORCH|XDG)_[A-Z_]+|(?<!\w)--[a-z][a-z-]+|\bpip\b|\bmake [a-z]+-|\bmodels file\b"
    r"|\bhf cache\b|\bthe network\b|\bfolder\b|\bInstall it\b|\bCheck (?:its revision|the files)\b"
    r"|(?<![\w:/.])/\w[^\s/]*/\w"  # a path of its machine
)
SEALED = "The GPU here is lent for seconds, so only models that were loaded at the start can be used, as they are."
_OWN_MACHINE = "Pick another model or copy, or run the playground on a machine of your own."


def most_download_bytes(settings: Settings, spec: ModelSpec) -> int | None:
    """How many bytes may be downloaded for a model; None: any number, since its owner asked for it."""
    return settings.public_bytes if settings.public and spec.id not in settings.warm_up else None


def _minutes(count: int) -> str:
    return "1 minute" if count == 1 else f"{count} minutes"


def _for_visitors(text: str) -> str:
    """The sentences that speak of no setting and no command; a setting in brackets leaves with its brackets.

    >>> _for_visitors("It isn't here (HF_HUB_OFFLINE). Set HF_HOME to a folder. Pick another.")
    "It isn't here. Pick another."
    """
    text = re.sub(r"\s*\([^()]*\)", lambda found: "" if _OWNERS.search(found[0]) else found[0], text)
    return " ".join(one for one in re.split(r"(?<=[.!?;])\s+", text) if not _OWNERS.search(one))


def in_their_words(settings: Settings, text: str) -> str:
    """What is said of a model; where the page is public, without what only its owner can do. For failures: `tell`."""
    return (_for_visitors(text) or "It isn't available here.") if text and settings.public else text


class Visitors:
    """Decides about loads that visitors cause; where the playground isn't public, all are allowed."""

    def __init__(self, settings: Settings, device: Callable[[], torch.device]) -> None:
        self._settings, self._device = settings, device
        self.sealed = False  # whether nothing is loaded any more
        self.renew()
        self._ended: deque[tuple[float, float]] = deque()  # (when, how many seconds it took)
        self._running: list[float] = []

    def renew(self) -> None:
        """Makes the lock free, in a process that was forked."""
        self._lock = threading.Lock()

    @property
    def public(self) -> bool:
        """Whether the page has visitors."""
        return self._settings.public

    def rules(self) -> str:
        """The rules as sentences for the page; empty where the playground isn't public."""
        settings = self._settings
        if self.sealed:
            return SEALED
        if not settings.public:
            return ""
        named = [name for name in settings.public_models if name not in ("catalog", "embedded")]
        models = "any model of this list" if "catalog" in settings.public_models else "the embedded models"
        models = ", ".join([models, *named]) if named else models
        copies = "any copy" if set(QUANTIZATIONS) <= set(settings.public_copies) else ", ".join(settings.public_copies)
        return (
            f"A visit may load {models} in {copies}, each of up to {format_bytes(settings.public_bytes)} in memory and "
            f"to download, for {_minutes(settings.public_minutes)} of loading in an hour. "
            "The embedded models as they usually run are always there."
        )

    def tell(self, error: PlaygroundError) -> PlaygroundError:
        """A failure in a visitor's words: without what only the owner can do, which the log says."""
        if not self.public:
            return error
        message, fix = _for_visitors(error.message), _for_visitors(error.fix)
        if isinstance(error, PreparationError):  # it is about disks and packages through and through
            message, fix = "", ""
        if (message, fix) == (error.message, error.fix):
            return error
        log.warning("Visitors are told less than this: %s", error)
        told = type(error)(message or "This model isn't ready here.", fix or "Pick another model.")
        told.retryable = error.retryable
        return told

    @contextmanager
    def told(self) -> Iterator[None]:
        """Around what may fail: a failure comes out in a visitor's words."""
        try:
            yield
        except PlaygroundError as error:
            raise self.tell(error) from error

    def require_model(self, spec: ModelSpec) -> None:
        """Nothing, if visitors may use a model at all.

        Raises:
            NotAllowedError: they may not.
        """
        if why := self._model_obstacle(spec):
            raise NotAllowedError(why, _OWN_MACHINE)

    def obstacle(self, key: ModelKey, spec: ModelSpec, predicted: int | None) -> str:
        """Why visitors can't have a copy of a model, as a sentence; empty if they can."""
        if self.is_free(key, spec):
            return ""
        settings = self._settings
        if self.sealed:
            return SEALED
        if why := self._model_obstacle(spec):
            return why
        if key.quantization not in self._copies(spec):
            return f"Visitors of this public page can have {', '.join(settings.public_copies)}, not {key.quantization}."
        if predicted is not None and predicted > settings.public_bytes:
            most = format_bytes(settings.public_bytes)
            return f"It needs {format_bytes(predicted)}; visitors of this public page can load up to {most}."
        return ""

    def limit(self, option: QuantizationOption, key: ModelKey, spec: ModelSpec) -> QuantizationOption:
        """A way to hold a model's numbers, not available where visitors can't have it; why not in their words."""
        if not option.available:
            return replace(option, reason=in_their_words(self._settings, option.reason))
        why = self.obstacle(key, spec, option.predicted_bytes)
        return replace(option, available=False, reason=why) if why else option

    def require(self, key: ModelKey, spec: ModelSpec, predicted: int | None) -> None:
        """Nothing, if a visitor may have this copy loaded now.

        Raises:
            NotAllowedError: visitors may not have it.
            BusyError: visitors have had enough loaded within an hour.
        """
        if why := self.obstacle(key, spec, predicted):
            raise NotAllowedError(why, _OWN_MACHINE)
        if not self.is_free(key, spec):
            self.require_time()

    def require_time(self) -> None:
        """Nothing, if visitors' loads have taken less than what is allowed in an hour.

        Raises:
            BusyError: they have taken as much.
        """
        with self._lock:
            now = time.monotonic()
            while self._ended and self._ended[0][0] < now - HOUR:
                self._ended.popleft()
            spent = sum(seconds for _, seconds in self._ended) + sum(now - began for began in self._running)
        if spent >= 60 * self._settings.public_minutes:
            raise BusyError(
                f"Visitors of this public page have had models loaded for {_minutes(self._settings.public_minutes)} "
                "within an hour, which is all there is.",
                "Pick a model that is loaded (the Models tab shows them), or try again later.",
            )

    @contextmanager
    def timed(self, key: ModelKey, spec: ModelSpec) -> Iterator[None]:
        """Counts the seconds that a load takes, if they count."""
        if self.is_free(key, spec):
            yield
            return
        began = time.monotonic()
        with self._lock:
            self._running.append(began)
        try:
            yield
        finally:
            with self._lock:
                self._running.remove(began)
                self._ended.append((time.monotonic(), time.monotonic() - began))

    def is_free(self, key: ModelKey, spec: ModelSpec) -> bool:
        """Whether a copy may be loaded at any time, by anybody."""
        if not self._settings.public and not self.sealed:
            return True
        return self._is_own(spec) and key.quantization == self._named("auto", spec)

    def _is_own(self, spec: ModelSpec) -> bool:
        """Whether a model is the playground's; of one that a visitor trained or loaded from a file the limits hold."""
        return spec.source == "embedded" or spec.id in self._settings.warm_up

    def _model_obstacle(self, spec: ModelSpec) -> str:
        names = self._settings.public_models
        known = self._is_own(spec) or spec.source == "trained" or spec.id in names
        if not self._settings.public or known or "catalog" in names:
            return ""
        return f"Visitors of this public page can't have {spec.title} loaded."

    def _copies(self, spec: ModelSpec) -> set[str]:
        return {self._named(name, spec) for name in self._settings.public_copies}

    def _named(self, name: str, spec: ModelSpec) -> str:
        from playground.models.loading import pick_quantization

        return pick_quantization(name, spec.quantizations, self._device())
