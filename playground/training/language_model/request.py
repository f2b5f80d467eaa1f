"""What can be asked: a text to learn from, a tokenizer, the size of a model, and how it is trained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from playground.errors import EmptyInputError, InputError
from playground.texts import usable_text
from playground.training.request import model_name, within
from playground.training.stories import MOST_CHARACTERS as MOST_OF_A_GRAMMAR
from playground.values import real_number, truth, whole_number

TASK = "text-generation"
TOKENIZERS = ("characters", "bpe")
ARCHITECTURES = ("llama", "gpt2")
MOST_CHARACTERS = 500_000
LONGEST_PROMPT = 200
_WHOLE: dict[str, tuple[float, float]] = {
    "lines": (200, 20_000),
    "vocab_size": (20, 4_000),
    "n_layer": (1, 8),
    "n_head": (1, 8),
    "hidden_size": (16, 256),
    "context": (16, 256),
    "max_steps": (1, 20_000),
    "per_device_train_batch_size": (1, 128),
    "seed": (0, 2**31 - 1),
}
_REAL: dict[str, tuple[float, float]] = {
    "learning_rate": (1e-6, 0.1),
    "warmup_steps": (0.0, 1.0),
    "weight_decay": (0.0, 1.0),
    "max_seconds": (0.0, 3_600.0),
}


@dataclass(frozen=True)
class TrainLanguageModelRequest:
    """Everything that decides what the model becomes; where `TrainingArguments` has the name, it means the same there.

    Give either ``text`` or ``grammar``, a story grammar (`playground.training.stories`) that writes so many ``lines``.
    ``tokenizer`` is "characters", or "bpe" with up to ``vocab_size`` entries. ``warmup_steps`` is a share of
    ``max_steps``. After ``max_seconds`` it ends early; 0: it doesn't. Every few seconds the model goes on from
    ``prompt``; empty is the beginning of a line.

    ``name`` is what the model is called.

    ``person`` is who asks (a session) and ``address`` where from, which no client may choose for itself. `cancel` ends
    what runs under ``run_id``. With ``keep`` it goes on when nobody follows it any more.
    """

    text: str = ""
    grammar: str = ""
    lines: int = 4_000
    tokenizer: str = "characters"
    vocab_size: int = 200
    architecture: str = "llama"
    n_layer: int = 2
    n_head: int = 4
    hidden_size: int = 64
    context: int = 96
    max_steps: int = 2_500
    per_device_train_batch_size: int = 16
    learning_rate: float = 3e-3
    warmup_steps: float = 0.05
    weight_decay: float = 0.01
    seed: int = 0
    max_seconds: float = 180.0
    prompt: str = ""
    name: str = ""
    person: str = ""
    address: str = ""
    run_id: str = ""
    keep: bool = False

    def __post_init__(self) -> None:
        taken: dict[str, Any] = {}
        for read, all_limits in ((whole_number, _WHOLE), (real_number, _REAL)):
            for name, limits in all_limits.items():
                taken[name] = within(read(name, getattr(self, name)), name, limits)
        taken["keep"] = truth("keep", self.keep)
        taken["prompt"] = usable_text(self.prompt or "", LONGEST_PROMPT, "The prompt")
        taken["text"] = usable_text(self.text or "", MOST_CHARACTERS)
        taken["grammar"] = usable_text(self.grammar or "", MOST_OF_A_GRAMMAR, "The grammar")
        taken["name"] = model_name(self.name)
        for name, value in taken.items():
            object.__setattr__(self, name, value)
        _check(self)


def _check(request: TrainLanguageModelRequest) -> None:
    """Nothing, if the settings go together.

    Raises:
        EmptyInputError: there is nothing to learn from.
        InputError: two things to learn from, a choice that isn't there, or heads that don't divide ``hidden_size``.
    """
    if not request.text.strip() and not request.grammar.strip():
        raise EmptyInputError(
            "There is nothing to learn from.", "Paste a text, drop a file, or take the story grammar."
        )
    if request.text.strip() and request.grammar.strip():
        raise InputError("There is a text and a grammar.", "Give one of them.")
    for name, allowed in (("tokenizer", TOKENIZERS), ("architecture", ARCHITECTURES)):
        if getattr(request, name) not in allowed:
            raise InputError(f"{name} is {str(getattr(request, name))[:40]!r}.", f"Use {' or '.join(allowed)}.")
    unit = request.n_head * (2 if request.architecture == "llama" else 1)  # rotary positions turn pairs of numbers
    if request.hidden_size % unit:
        below, above = request.hidden_size // unit * unit, -(-request.hidden_size // unit) * unit
        near = [str(size) for size in (below, above) if _WHOLE["hidden_size"][0] <= size <= _WHOLE["hidden_size"][1]]
        raise InputError(
            f"{request.n_head} heads can't share a hidden_size of {request.hidden_size}.",
            f"Use {' or '.join(near)}, or another number of heads.",
        )
