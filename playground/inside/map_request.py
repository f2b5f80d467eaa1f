"""What can be asked about a model as a whole: its parts, a text on its way through them, and one head unrolled."""

from __future__ import annotations

from dataclasses import dataclass

from playground.errors import InputError
from playground.texts import usable_text
from playground.values import whole_number

MAX_MAP_TOKENS = 64  # that are followed through the model; a longer text is cut, and the answer says so
MAX_MAP_CHARACTERS = 20_000
STACKS = ("self", "encoder", "decoder", "cross")


@dataclass(frozen=True)
class ModelMapRequest:
    """A model, and what is followed through it.

    Without a ``model_id`` it is the catalog's first that generates text; ``task`` chooses the head that is loaded (by
    default the one that the catalog names). ``decoder_text`` is what the decoder of a model with two
    sides reads (without it: what the model writes, or takes itself).

    With a ``layer``, one head is unrolled for one token: ``stack`` is whose layers are counted (``self``, or
    ``encoder``, ``decoder`` and ``cross`` where there are two sides; by default the first that there is), ``layer``,
    ``head`` and ``position`` count from 0. The position is that of the token which reads; by default the last.
    """

    text: str = ""
    model_id: str = ""
    decoder_text: str = ""
    task: str = ""
    quantization: str = "auto"
    stack: str = ""
    layer: int | None = None
    head: int = 0
    position: int | None = None

    def __post_init__(self) -> None:
        for name in ("layer", "head", "position"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, whole_number(name, getattr(self, name)))
        if self.stack and self.stack not in STACKS:
            raise InputError(f"There is no stack {self.stack[:40]!r}.", f"Use one of {', '.join(STACKS)}.")
        for text in (self.text, self.decoder_text):
            if not isinstance(text, str):
                raise InputError("The text is no text.", "Give a text, or leave it out.")
            usable_text(text, MAX_MAP_CHARACTERS)
        if self.layer is not None and not self.text.strip():
            raise InputError("There is no text, and a head reads one.", "Type a sentence, or pick an example.")
