"""Tiny random models of many families for looking inside, each with the parts that its own code reads out with."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import torch
import transformers

from playground.config import Settings
from playground.models.catalog import Catalog, ModelSpec
from playground.models.lending import LoadedModel, ModelKey
from tests.tiny_models import make_tokenizer

SIZES = {
    "vocab_size": 100, "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 3, "num_attention_heads": 4,
    "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2, "max_position_embeddings": 64,
}  # fmt: skip
GROUPED = {**SIZES, "num_key_value_heads": 2}
GEMMA = {**GROUPED, "head_dim": 8, "sliding_window": 4, "final_logit_softcapping": 2.0}
OLD = {"vocab_size": 100, "n_embd": 32, "n_layer": 3, "n_head": 4, "n_positions": 64, "bos_token_id": 1,
       "eos_token_id": 2}  # fmt: skip
CAUSAL = {
    # family: class, sizes, where its final norm is, whether its answer is capped
    "gpt2": ("GPT2LMHeadModel", OLD, "transformer.ln_f"),
    "llama": ("LlamaForCausalLM", GROUPED, "model.norm"),
    "qwen2": ("Qwen2ForCausalLM", GROUPED, "model.norm"),
    "gemma2": ("Gemma2ForCausalLM", GEMMA, "model.norm"),
    "gpt_neox": ("GPTNeoXForCausalLM", SIZES, "gpt_neox.final_layer_norm"),
    "opt": ("OPTForCausalLM", {**SIZES, "ffn_dim": 64, "word_embed_proj_dim": 32}, "model.decoder.final_layer_norm"),
    "phi": ("PhiForCausalLM", SIZES, "model.final_layernorm"),
}
MASKED = {
    "bert": ("BertForMaskedLM", SIZES, "cls"),
    "roberta": ("RobertaForMaskedLM", SIZES, "lm_head"),
    "distilbert": ("DistilBertForMaskedLM", {"vocab_size": 100, "dim": 32, "hidden_dim": 64, "n_layers": 3,
                                             "n_heads": 4, "max_position_embeddings": 64}, ""),
}  # fmt: skip


def tiny(name: str, sizes: dict[str, object], strength: float = 6):
    """A random model whose weights are large enough for its layers to differ."""
    torch.manual_seed(0)
    kind = getattr(transformers, name)
    model = kind(kind.config_class(**sizes)).eval().requires_grad_(False)
    for weight in model.parameters():
        if weight.dim() > 1:
            weight.mul_(strength)
    return model


class OneModel:
    """A stand-in for the model manager that lends one model, whatever is asked for."""

    def __init__(self, model, task: str = "text-generation", tokenizer=None) -> None:
        spec = ModelSpec("tiny", task, "folder", "/tiny")
        self.model, self.settings, self.catalog = model, Settings(), Catalog((spec,))
        self.tokenizer = tokenizer or make_tokenizer()
        self.loaded = LoadedModel(ModelKey("tiny", task, "float32"), spec, Path("/tiny"), model, self.tokenizer, "cpu",
                                  "float32", 0)  # fmt: skip

    def spec(self, model_id, task):
        """The only one."""
        return self.catalog.find(model_id)

    def lease(self, model_id, task, quantization="auto"):
        """The only one; nothing is counted."""
        held = SimpleNamespace(loaded=self.loaded)
        return _Lent(held.loaded)


class _Lent:
    def __init__(self, loaded) -> None:
        self.loaded = loaded

    def __enter__(self):
        return self.loaded

    def __exit__(self, *error) -> None:
        return None
