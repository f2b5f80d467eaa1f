"""The shape of a tiny model: its configuration, its numbers counted without making it, and the bytes of a training."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from playground.training.desk import FLOAT
from playground.training.language_model.request import TrainLanguageModelRequest

if TYPE_CHECKING:
    from transformers import PretrainedConfig

MOST_HEADS_BYTES = 12_000  # of attention in one checkpoint
MOST_PROBE = 40
EXCERPT = 400  # characters of the text that are shown


def count_parameters(request: TrainLanguageModelRequest, vocab_size: int) -> int:
    """How many numbers a model of this shape learns; the table of tokens is its last layer, too.

    >>> count_parameters(TrainLanguageModelRequest("a", architecture="gpt2", n_layer=1, hidden_size=16, context=16), 10)
    3728
    """
    hidden, layers = request.hidden_size, request.n_layer
    if request.architecture == "gpt2":
        a_layer = 12 * hidden**2 + 13 * hidden  # attention, feed-forward, their biases, two norms
        return (vocab_size + request.context) * hidden + layers * a_layer + 2 * hidden
    a_layer = 4 * hidden**2 + 3 * hidden * intermediate_size(hidden) + 2 * hidden
    return vocab_size * hidden + layers * a_layer + hidden


def intermediate_size(hidden_size: int) -> int:
    """How wide the feed-forward part of a Llama is here; with its gate it then has as many numbers as GPT-2's."""
    return 8 * hidden_size // 3


def configuration(request: TrainLanguageModelRequest, vocab_size: int) -> PretrainedConfig:
    """The configuration of the model, with transformers' defaults for what isn't asked."""
    from transformers import GPT2Config, LlamaConfig

    kind = GPT2Config if request.architecture == "gpt2" else LlamaConfig
    return kind(**settings(request, vocab_size))


def settings(request: TrainLanguageModelRequest, vocab_size: int) -> dict[str, Any]:
    """What the configuration is made with. No token begins or ends a text, and none is left out by chance."""
    ends = {"bos_token_id": None, "eos_token_id": None, "tie_word_embeddings": True}
    if request.architecture == "gpt2":
        names = {"n_embd": request.hidden_size, "n_layer": request.n_layer, "n_head": request.n_head}
        dropout = dict.fromkeys(("resid_pdrop", "embd_pdrop", "attn_pdrop"), 0.0)
        return {"vocab_size": vocab_size, "n_positions": request.context, **names, **dropout, **ends}
    return {
        "vocab_size": vocab_size,
        "max_position_embeddings": request.context,
        "hidden_size": request.hidden_size,
        "intermediate_size": intermediate_size(request.hidden_size),
        "num_hidden_layers": request.n_layer,
        "num_attention_heads": request.n_head,
        "num_key_value_heads": request.n_head,
        **ends,
    }


def activation_bytes(request: TrainLanguageModelRequest, vocab_size: int) -> int:
    """About what one step keeps for the way back: a few dozen numbers per hidden one and token, weights of attention,
    and the logits with their softmax.
    """
    tokens = request.per_device_train_batch_size * request.context
    a_layer = 34 * request.hidden_size + 3 * request.n_head * request.context
    return FLOAT * tokens * (request.n_layer * a_layer + 4 * vocab_size)


def probe_length(request: TrainLanguageModelRequest) -> int:
    """On how many tokens attention is shown, so that a checkpoint stays small."""
    heads, length = request.n_layer * request.n_head, min(MOST_PROBE, request.context)
    while heads * length * (length + 1) // 2 > MOST_HEADS_BYTES and length > 8:
        length -= 1
    return length
