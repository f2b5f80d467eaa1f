"""How many tokens a model takes: for one input, and for a prompt and its reply together.

Two things limit it: the positions that a model knows, and what its tokenizer was saved with. Neither is where one
expects it. Models with relative positions (T5, XLNet) and recurrent ones (Mamba) have no end at all, RoBERTa and its
kin say 514 and read 512, and a tokenizer that was told no length says 10³⁰.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from transformers import PreTrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

MOST_TOKENS = 8192  # of one input, whatever a model may take
ENDLESS_CONTEXT = 2048  # of prompt and reply, where neither positions nor anything else end
_NAMES = (
    "max_position_embeddings", "n_positions", "n_ctx", "max_seq_len", "max_sequence_length", "model_max_length",
)  # fmt: skip
# Their positions are distances between tokens, or there are none; some carry a number of an older model all the same.
_RELATIVE = ("t5", "mt5", "umt5", "longt5", "switch_transformers", "bloom", "mpt")


def token_limit(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase | None = None) -> int:
    """The most tokens of one input, special tokens included: what the model, its tokenizer and `MOST_TOKENS` allow."""
    limits = [MOST_TOKENS, position_limit(model)]
    if tokenizer is not None:
        limits.append(int(tokenizer.model_max_length))
    return min(limit for limit in limits if limit is not None and limit > 0)


def context_length(model: PreTrainedModel) -> int:
    """The most tokens of prompt and reply together, or of a text and its continuation."""
    return position_limit(model) or ENDLESS_CONTEXT


def position_limit(model: PreTrainedModel) -> int | None:
    """How many positions a model knows; None where nothing limits them.

    A model of an encoder and a decoder has two tables; the shorter counts.
    """
    counts = [count for config in _text_configs(model) if (count := _said(config)) is not None]
    return min(counts) - _offset(model, counts) if counts else None


def _text_configs(model: PreTrainedModel) -> list[PreTrainedConfig]:
    """The configurations of what reads and of what writes; one and the same in most models."""
    sides = model.config.get_text_config(encoder=True), model.config.get_text_config(decoder=True)
    return list({id(config): config for config in sides}.values())


def _said(config: PreTrainedConfig) -> int | None:
    """What a configuration says of its positions; None where that is nothing, or doesn't limit anything."""
    if config.model_type in _RELATIVE:
        return None
    if config.model_type == "led":
        return min(config.max_encoder_position_embeddings, config.max_decoder_position_embeddings)
    said = (getattr(config, name, None) for name in _NAMES)
    count = next((value for value in said if isinstance(value, int) and not isinstance(value, bool)), None)
    if count is None or count <= 0:
        return None
    return max(count, _stretched(config))


def _stretched(config: PreTrainedConfig) -> int:
    """The length that a stretching of rotary positions (YaRN) was made for, where it says so; else 0."""
    rope: Any = getattr(config, "rope_parameters", None)
    if not isinstance(rope, dict) or rope.get("rope_type") != "yarn":
        return 0
    return int((rope.get("original_max_position_embeddings") or 0) * (rope.get("factor") or 0))


def _offset(model: PreTrainedModel, counts: list[int]) -> int:
    """Rows of a position table that no token can have: RoBERTa counts positions from behind that of its padding."""
    for name, module in model.named_modules():
        if name.endswith(("position_embeddings", "embed_positions")):
            rows, padding = len(getattr(module, "weight", ())), getattr(module, "padding_idx", None)
            ahead = model.config.model_type == "prophetnet"  # its decoder also looks up the position behind the last
            return padding + 1 + ahead if padding is not None and rows in counts else 0
    return 0
