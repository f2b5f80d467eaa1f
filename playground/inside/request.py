"""What can be asked about the inside of a language model: of a text, or of a prompt or chat and the reply so far."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from playground.errors import EmptyInputError, InputError
from playground.models.tokenizers import Message, read_messages
from playground.texts import usable_text
from playground.values import truth, whole_number, whole_numbers

CAUSAL, MASKED = "text-generation", "fill-mask"  # the tasks whose heads are read
MAX_TOKENS = 1024  # that a model reads here: all of its hidden states are held at once
MAX_POSITIONS = 64  # whose predictions are worked out at once, unless others are asked for
MAX_CHARACTERS = 100_000
METHODS = ("gradient_x_input", "integrated_gradients", "occlusion")


@dataclass(frozen=True)
class LensRequest:
    """What the model would say after each layer.

    Give a ``prompt``, or ``messages`` (the model's chat template is applied); ``prefix_token_ids`` are the reply so
    far. A prompt with a mask in it (``[MASK]``, or the model's own) is for a masked language model. Without a
    ``model_id`` it is the catalog's first that generates text.

    ``positions`` are the tokens after which to look, counted from 0; empty for the last `MAX_POSITIONS`. ``top`` is how
    many tokens are listed for each of them and each layer, and ``track_token_ids`` are tokens to be followed through
    the layers beside those that the last layer likes best.
    """

    prompt: str = ""
    messages: tuple[Message, ...] | None = None
    prefix_token_ids: tuple[int, ...] = ()
    split_special_tokens: bool = False
    model_id: str = ""
    quantization: str = "auto"
    positions: tuple[int, ...] = ()
    track_token_ids: tuple[int, ...] = ()
    top: int = 3

    def __post_init__(self) -> None:
        _settle(self, ("prefix_token_ids", "positions", "track_token_ids"))
        object.__setattr__(self, "top", whole_number("top", self.top))
        if not 1 <= self.top <= 10:
            raise InputError(f"top is {self.top}.", "Use 1 to 10.")
        if len(self.track_token_ids) > 8:
            raise InputError(f"{len(self.track_token_ids):,} tokens are to be followed.", "Follow at most 8.")


@dataclass(frozen=True)
class AttributeNextRequest:
    """Which tokens spoke for the next one; the text is given as in `LensRequest`.

    ``token_id`` is the token that is explained, by default the most probable one. With ``contrast_token_id`` it is
    explained why that token rather than this other one. ``n_steps`` are those of integrated gradients. ``run_id`` is
    what the work can be stopped by, ``address`` where it was asked from.
    """

    prompt: str = ""
    messages: tuple[Message, ...] | None = None
    prefix_token_ids: tuple[int, ...] = ()
    split_special_tokens: bool = False
    model_id: str = ""
    quantization: str = "auto"
    token_id: int | None = None
    contrast_token_id: int | None = None
    methods: tuple[str, ...] = METHODS
    n_steps: int = 32
    run_id: str = ""
    address: str = ""

    def __post_init__(self) -> None:
        _settle(self, ("prefix_token_ids",))
        for name in ("token_id", "contrast_token_id"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, whole_number(name, getattr(self, name)))
        object.__setattr__(self, "n_steps", whole_number("n_steps", self.n_steps))
        if not 2 <= self.n_steps <= 500:
            raise InputError(f"n_steps is {self.n_steps}.", "Use 2 to 500.")
        unknown = set(self.methods) - set(METHODS)
        if unknown or not self.methods:
            raise InputError(f"There is no method {sorted(unknown)}.", f"Choose among {', '.join(METHODS)}.")


def _settle(request: Any, lists: tuple[str, ...]) -> None:
    """Takes the values that both requests have as what they mean.

    Raises:
        EmptyInputError, InputTooLongError, InputError: there is no text, or one that no tokenizer can read.
    """
    taken: dict[str, Any] = {name: whole_numbers(name, getattr(request, name)) for name in lists}
    taken["split_special_tokens"] = truth("split_special_tokens", request.split_special_tokens)
    if request.messages is not None:
        given = [vars(one) if isinstance(one, Message) else one for one in request.messages]
        taken["messages"] = tuple(Message(**one) for one in read_messages(given)) or None
    for name, value in taken.items():
        object.__setattr__(request, name, value)
    if not isinstance(request.prompt, str):
        raise InputError("The prompt is no text.", "Give a text, or messages for a chat.")
    if request.messages and request.prompt:
        raise InputError("There is a prompt and a chat.", "Give one of them.")
    if not request.messages and not request.prompt.strip() and not request.prefix_token_ids:
        raise EmptyInputError("There is no text to look into.", "Type a sentence, or pick an example.")
    for text in (request.prompt, *(one.content for one in request.messages or ())):
        usable_text(text, MAX_CHARACTERS)
