"""What a model's own ``generation_config.json`` adds to a request, and the logits processors that come of both.

`GenerateRequest` decides the settings that it has. The others, such as ``suppress_tokens`` or ``no_repeat_ngram_size``,
act as they do in ``model.generate``: transformers itself builds their processors. What can't act here is said.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from transformers import GenerationConfig

from playground.errors import UnsupportedOptionError, said_by

if TYPE_CHECKING:
    from transformers import LogitsProcessorList, PreTrainedModel

    from playground.generation.request import GenerateRequest

# Settings that `GenerateRequest` doesn't have and that change tokens, with the value at which they change none.
ACTING: dict[str, Any] = {
    "sequence_bias": None, "encoder_repetition_penalty": 1.0, "no_repeat_ngram_size": 0,
    "encoder_no_repeat_ngram_size": 0, "bad_words_ids": None, "min_length": 0, "min_new_tokens": 0,
    "forced_bos_token_id": None, "forced_eos_token_id": None, "remove_invalid_values": False,
    "exponential_decay_length_penalty": None, "suppress_tokens": None, "begin_suppress_tokens": None,
    "watermarking_config": None, "renormalize_logits": False, "stop_strings": None,
}  # fmt: skip
SAMPLING: dict[str, Any] = {"top_h": None, "typical_p": 1.0, "epsilon_cutoff": 0.0, "eta_cutoff": 0.0}
# Settings that would make another kind of decoding, with the value that switches them off in `model.generate`.
NOT_HERE: dict[str, Any] = {
    "guidance_scale": None, "penalty_alpha": None, "dola_layers": None, "max_time": None, "token_healing": None,
    "num_beam_groups": 1, "diversity_penalty": 0.0, "constraints": None, "force_words_ids": None, "use_mtp": None,
    "assistant_early_exit": None,
}  # fmt: skip
# Settings that change no token, but where `model.generate` keeps keys and values, and what it returns.
AROUND: dict[str, Any] = {"cache_implementation": None, "num_return_sequences": 1, "return_dict_in_generate": False}


@dataclass(frozen=True)
class OwnSettings:
    """What the model's generation config asks for: name and value of what acts, and of what doesn't."""

    adds: dict[str, Any]
    ignored: dict[str, Any]

    @property
    def shown(self) -> tuple[tuple[str, str], ...]:
        """What acts, as pairs (name, JSON)."""
        return tuple((name, json.dumps(_plain(value))) for name, value in self.adds.items())

    def notes(self) -> list[str]:
        """Sentences for the person."""
        notes = []
        if self.adds:
            notes.append(f"This model's generation_config.json adds {_listed(self.adds)}.")
        if self.ignored:
            notes.append(f"Its generation_config.json also asks for {_listed(self.ignored)}, which isn't applied here.")
        return notes


def own_settings(model: PreTrainedModel, request: GenerateRequest) -> OwnSettings:
    """What the model's generation config adds to this request."""
    acting = ACTING | (SAMPLING if request.do_sample else {})
    if request.stop_strings:
        del acting["stop_strings"]
    return OwnSettings(_set(model.generation_config, acting), _set(model.generation_config, NOT_HERE))


def stop_strings(model: PreTrainedModel, request: GenerateRequest) -> tuple[str, ...]:
    """The request's stop strings; where it has none, those of the model's generation config."""
    own = getattr(model.generation_config, "stop_strings", None) or ()
    return request.stop_strings or ((own,) if isinstance(own, str) else tuple(own))


def eos_ids(model: PreTrainedModel) -> frozenset[int]:
    """The token ids that end a reply, as the model's generation config names them."""
    value = getattr(model.generation_config, "eos_token_id", None)
    if value is None:
        return frozenset()
    return frozenset([value] if isinstance(value, int) else value)


def generate_options(request: GenerateRequest, max_new_tokens: int) -> dict[str, Any]:
    """The arguments with which ``model.generate`` does what a request asks for, apart from its stop strings."""
    options: dict[str, Any] = {"max_new_tokens": max_new_tokens, "do_sample": request.do_sample}
    if request.do_sample:
        options |= {name: getattr(request, name) for name in ("temperature", "top_k", "top_p")}
        options["min_p"] = request.min_p or None
    options |= {"repetition_penalty": request.repetition_penalty, "num_beams": request.num_beams}
    if request.num_beams > 1:
        options |= {"length_penalty": 1.0, "early_stopping": False}
    return options


def overrides(config: GenerationConfig | None) -> dict[str, Any]:
    """The arguments that switch off in ``model.generate`` what the model's own config has and what isn't done here."""
    return {} if config is None else {name: (NOT_HERE | AROUND)[name] for name in _set(config, NOT_HERE | AROUND)}


def read_generation_config(folder: Path) -> GenerationConfig | None:
    """What a model's folder says in ``generation_config.json``; None where it has none."""
    try:
        return GenerationConfig.from_pretrained(folder, local_files_only=True)
    except OSError:
        return None


def build_processors(
    model: PreTrainedModel, request: GenerateRequest, prompt_ids: Sequence[int], max_new_tokens: int
) -> LogitsProcessorList | None:
    """The processors of ``model.generate`` for one prompt; None where the model's own config adds none.

    They take token ids (rows, length), prompt included, and scores (rows, vocab).

    Raises:
        UnsupportedOptionError: transformers refuses the model's own config.

    Source: transformers ``GenerationMixin.generate``, up to where it has its processors.
    """
    if not set(own_settings(model, request).adds) - {"stop_strings"}:
        return None
    ids = torch.tensor([list(prompt_ids)], device=model.device)
    try:
        config, _ = model._prepare_generation_config(None, **(NOT_HERE | generate_options(request, max_new_tokens)))
        model._prepare_special_tokens(config, True, device=model.device)
        config.max_length = len(prompt_ids) + max_new_tokens
        processors: LogitsProcessorList = model._get_logits_processor(
            config, input_ids_seq_length=len(prompt_ids), encoder_input_ids=ids, device=str(model.device)
        )
    except (ValueError, TypeError) as error:
        raise UnsupportedOptionError(
            f"This model's generation_config.json can't be used: {said_by(error)}.", "Pick another model."
        ) from error
    return processors


def _set(config: GenerationConfig, neutral: dict[str, Any]) -> dict[str, Any]:
    """Those settings of a model's generation config that are not neutral."""
    values = ((name, getattr(config, name, None)) for name in neutral)
    return {name: value for name, value in values if value not in (None, neutral[name], [], ())}


def _plain(value: Any) -> Any:
    return value.to_dict() if hasattr(value, "to_dict") else value


def _listed(settings: dict[str, Any]) -> str:
    """Settings in a sentence, long values cut."""
    shown = []
    for name, value in settings.items():
        text = json.dumps(_plain(value))
        shown.append(f"{name} = {text if len(text) <= 60 else text[:57] + '...'}")
    return ", ".join(shown)
