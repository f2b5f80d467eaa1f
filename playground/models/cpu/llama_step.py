"""A step of decoding on a CPU for models of Llama's kind, with a third of the operations.

A step reads one token of each row. Its large products take some milliseconds, and calling the two thousand small
operations around them, most of which have next to nothing to do, takes as long again. Here the same numbers are found
with fewer: q, k and v are one product, and so are gate and up; q and k are turned to their positions together; the
single query of a row needs no more than two batched products for its attention.

Prompts, and everything else that is done with a model, go through transformers' own ``forward``, and who uses a step
compares both first (`passes`). It leaves out how products are made quick (`linear`, `fast_8bit`).

Source: transformers ``LlamaDecoderLayer``, which Mistral and Qwen2 share.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn

from playground.models.cpu.fast_8bit import Fast8bitLinear, round_few
from playground.models.cpu.linear import CrowdLinear, join

KINDS = ("LlamaForCausalLM", "MistralForCausalLM", "Qwen2ForCausalLM")
FULL = {"full_attention"}
LAYERS = (nn.Linear, CrowdLinear, Fast8bitLinear)


class LlamaStep:
    """One token of every row -> the logits after it, with a cache of transformers that grows by it."""

    def __init__(self, model: Any) -> None:
        inner = model.model
        self._embed, self._norm, self._head = inner.embed_tokens, inner.norm, model.lm_head
        self._rotary, self._blocks = inner.rotary_emb, [Block(layer) for layer in inner.layers]

    def __call__(self, token_ids: Tensor, cache: Any, position_ids: Tensor, mask: Tensor | None) -> Tensor:
        """Logits of shape (rows, vocab); ``token_ids`` and ``position_ids`` are (rows, 1).

        ``mask`` has a 1 for each position that a row sees, shape (rows, positions); None: they see all.
        """
        hidden = self._embed(token_ids)[:, 0]
        cos, sin = self._rotary(hidden, position_ids)
        half = sin.shape[-1] // 2
        turn = cos, torch.cat((-sin[..., :half], sin[..., half:]), -1)
        # Not torch's own dtype: while another model is loaded that is the other one's, in all threads.
        hide = hidden.new_zeros(1, 1, 1)
        if mask is not None:
            hide = hidden.new_zeros(mask.shape).masked_fill_(mask == 0, -math.inf)
            hide = hide.repeat_interleave(self._blocks[0].kv_heads, 0)[:, None]
        for block, kept in zip(self._blocks, cache.layers, strict=True):
            hidden = block(hidden, turn, kept, hide)
        return self._head(_normed(self._norm, hidden))  # type: ignore[no-any-return]


class Block:
    """One decoder layer, on rows of shape (rows, hidden_size)."""

    def __init__(self, layer: Any) -> None:
        attention, mlp = layer.self_attn, layer.mlp
        self._before, self._between = layer.input_layernorm, layer.post_attention_layernorm
        self._qkv = join([attention.q_proj, attention.k_proj, attention.v_proj])
        self._gate_up = join([mlp.gate_proj, mlp.up_proj])
        self._out, self._down, self._act = join([attention.o_proj]), join([mlp.down_proj]), mlp.act_fn
        for own in (self._qkv, self._gate_up, self._out, self._down):
            if isinstance(own, Fast8bitLinear):
                round_few(own)
        self._width, self._scaling = attention.head_dim, attention.scaling
        self._heads = attention.q_proj.out_features // self._width
        self.kv_heads = attention.k_proj.out_features // self._width

    def __call__(self, hidden: Tensor, turn: tuple[Tensor, Tensor], kept: Any, hide: Tensor) -> Tensor:
        """What the layer makes of the rows; their keys and values join those that are ``kept``."""
        hidden = hidden + self._attend(_normed(self._before, hidden), turn, kept, hide)
        gate, up = self._gate_up(_normed(self._between, hidden)).chunk(2, -1)
        return hidden + self._down(self._act(gate) * up)  # type: ignore[no-any-return]

    def _attend(self, hidden: Tensor, turn: tuple[Tensor, Tensor], kept: Any, hide: Tensor) -> Tensor:
        (rows, _), (cos, sin), width = hidden.shape, turn, self._width
        heads = self._qkv(hidden).view(rows, -1, width)
        both, new = heads[:, : -self.kv_heads], heads[:, -self.kv_heads :]
        both = torch.addcmul(both * cos, both.roll(width // 2, -1), sin)
        keys, values = kept.update(both[:, self._heads :, None], new[:, :, None])
        queries = both[:, : self._heads].reshape(rows * self.kv_heads, -1, width)
        keys, values = (one.reshape(rows * self.kv_heads, -1, width) for one in (keys, values))
        scores = torch.baddbmm(hide, queries, keys.transpose(1, 2), alpha=self._scaling)
        return self._out(torch.bmm(scores.softmax(-1), values).view(rows, -1))  # type: ignore[no-any-return]


def _normed(norm: Any, hidden: Tensor) -> Tensor:
    return nn.functional.rms_norm(hidden, norm.weight.shape, norm.weight, norm.variance_epsilon)


def llama_step(model: Any) -> LlamaStep | None:
    """A quicker step of a model in float32 or fast-8-bit on the CPU; None where it is of another kind."""
    if type(model).__name__ not in KINDS or model.device.type != "cpu" or model.dtype != torch.float32:
        return None
    if any(weight.is_meta for weight in model.parameters()):  # a part is elsewhere, and comes when its layer is called
        return None
    if getattr(model.config, "sliding_window", None) or set(getattr(model.config, "layer_types", None) or ()) - FULL:
        return None
    layers = [layer for layer in model.model.layers.modules() if hasattr(layer, "out_features")]
    return LlamaStep(model) if all(type(layer) in LAYERS for layer in layers) else None
