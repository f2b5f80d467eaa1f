"""A module of any family -> what it is, by what it is made of and the name of its class.

A module that no rule knows stays what its class is called: a wrong name would be worse than none.
"""

from __future__ import annotations

import re
from typing import Any

from torch import nn

from playground.models.cpu.linear import class_name

_ATTENTION = re.compile(r"attention|attn|LayerSelfAtt", re.IGNORECASE)
_CROSS = re.compile(r"cross|encdec|encoder_attn|enc_dec", re.IGNORECASE)
_MLP = re.compile(r"mlp|feedforward|ffn|LayerFF|Intermediate|DenseAct|DenseGated|MoeBlock|Experts", re.IGNORECASE)
_NORM = re.compile(r"norm(alization)?(\d|$)|LayerNorm|RMSNorm", re.IGNORECASE)
_POSITIONS = re.compile(r"position|wpe|relative_attention_bias", re.IGNORECASE)
_ROTARY = re.compile(r"rotary", re.IGNORECASE)
_ACTIVATION = re.compile(r"(^|\.)activations?$")
_LINEAR = ("Conv1D", "Linear4bit", "Linear8bitLt")


def kind_of(name: str, module: nn.Module, around: str, holder: nn.Module) -> str:
    """The kind of a module (see `MapPart`); ``holder`` is the module in which it is, ``around`` that one's kind."""
    own = name.rpartition(".")[2]
    if not name:
        return "model"
    if isinstance(module, nn.ModuleList | nn.ModuleDict):
        return "stack" if isinstance(module, nn.ModuleList) and _holds_blocks(module) else "list"
    if around == "stack":
        return "block"
    if around == "model" and _reads_out(own):
        return "head"
    if not any(True for _ in module.children()) and (leaf := _leaf(own, module)):
        return "mlp" if leaf == "linear" and around == "block" and _is_half_of_mlp(module, holder) else leaf
    if around == "block" and own == "output" and hasattr(holder, "intermediate"):
        return "mlp"  # the second half of BERT's, with the norm behind it
    return "pooler" if "pooler" in own else _container(own, module)


def _leaf(own: str, module: nn.Module) -> str:
    """The kind of a module with none in it; empty where only its class can say."""
    kind = class_name(module)
    if isinstance(module, nn.Embedding):
        return "positions" if _POSITIONS.search(own + kind) else "embedding"
    if _NORM.search(kind):
        return "norm"
    if _ROTARY.search(kind):
        return "rotary"
    if "Dropout" in kind:
        return "dropout"
    if isinstance(module, nn.Linear) or kind in _LINEAR:
        return "linear"
    empty = not any(True for _ in module.parameters())
    return "activation" if empty and _ACTIVATION.search(type(module).__module__) else ""


def _is_half_of_mlp(module: Any, holder: nn.Module) -> bool:
    """Whether a linear layer stands right in a block beside one that leads back from its width."""
    sizes = (module.in_features, module.out_features)
    others = [one for one in holder.children() if isinstance(one, nn.Linear) and one is not module]
    return sizes[0] != sizes[1] and any((one.out_features, one.in_features) == sizes for one in others)


def _container(own: str, module: nn.Module) -> str:
    """The kind of a module around others, or of a leaf that no rule of leaves knows."""
    said = f"{own} {class_name(module)}"
    if _ATTENTION.search(class_name(module)) or _ATTENTION.search(own):
        return "cross-attention" if _CROSS.search(said) else "attention"
    if _MLP.search(class_name(module)) or own in ("mlp", "ffn", "feed_forward"):
        return "mlp"
    if any(True for _ in module.children()):
        return "group"
    return "other"


def _holds_blocks(modules: nn.ModuleList) -> bool:
    """Whether a list is one of blocks: each holds modules of its own, among them attention or something like it."""
    first = next(iter(modules), None)
    if first is None:
        return False
    inner = [f"{name} {class_name(one)}" for name, one in first.named_modules() if name]
    return len(inner) > 2 and any(_NORM.search(one.split()[-1]) for one in inner) and not _is_part(first)


def _is_part(module: nn.Module) -> bool:
    """Whether a module is one of the steps of a block, such as T5's lists of them hold, and no block itself."""
    name = class_name(module)
    is_step = bool(_ATTENTION.search(name) or _MLP.search(name))
    return is_step and not re.search(r"Block|DecoderLayer|EncoderLayer", name)


def _reads_out(own: str) -> bool:
    """Whether a part of the whole model, beside its body, makes its answer."""
    return bool(
        re.search(r"head|classif|^score$|^cls$|embed_out|logits|qa_outputs|predictions?$|^vocab_|proj_out", own)
    )


def about(module: nn.Module) -> str:
    """The sizes of a module in words; empty where it has none to speak of.

    >>> about(nn.Linear(576, 1536, bias=False)), about(nn.Embedding(49152, 576)), about(nn.Dropout(0.1))
    ('576 → 1,536', '49,152 × 576', 'p = 0.1')
    """
    one: Any = module
    kind = class_name(module)
    if kind == "Conv1D":
        return f"{one.nx:,} → {one.nf:,}"
    if isinstance(module, nn.Linear) or kind in _LINEAR:
        return f"{one.in_features:,} → {one.out_features:,}"
    if isinstance(module, nn.Embedding):
        return f"{one.num_embeddings:,} × {one.embedding_dim:,}"
    if "Dropout" in kind and isinstance(getattr(one, "p", None), float):
        return f"p = {one.p:g}"
    if isinstance(module, nn.ModuleList):
        return " and ".join(dict.fromkeys(class_name(one) for one in module))
    return ""


def side_of(name: str) -> str:
    """Of which side of an encoder-decoder a module is, by its name there: empty for what both share.

    >>> side_of("model.decoder.layers.0"), side_of("shared")
    ('decoder', '')
    """
    steps = name.split(".")[:3]
    return next((side for side in ("encoder", "decoder") if side in steps), "")
