"""Tiny random models, made in the test that needs them: real classes of transformers, real files, a few hundred kB."""

from __future__ import annotations

from pathlib import Path
from typing import Any

ARCHITECTURES = {
    "bert": ("BertForSequenceClassification", "text-classification", {"num_labels": 5}),
    "distilbert": ("DistilBertForSequenceClassification", "text-classification",
                   {"dim": 32, "hidden_dim": 64, "n_layers": 2, "n_heads": 4}),
    "roberta": ("RobertaForSequenceClassification", "text-classification", {"num_labels": 3}),
    "t5": ("T5ForConditionalGeneration", "text2text-generation",
           {"d_model": 32, "d_ff": 64, "d_kv": 8, "num_layers": 2, "num_heads": 4, "decoder_start_token_id": 0}),
    "llama": ("LlamaForCausalLM", "text-generation", {"num_key_value_heads": 2, "tie_word_embeddings": True}),
    "qwen2": ("Qwen2ForCausalLM", "text-generation",
              {"num_key_value_heads": 2, "use_sliding_window": True, "sliding_window": 4, "max_window_layers": 1}),
    "gemma3": ("Gemma3ForCausalLM", "text-generation",
               {"num_key_value_heads": 2, "head_dim": 8, "sliding_window": 4, "num_hidden_layers": 3}),
    "gpt2": ("GPT2LMHeadModel", "text-generation", {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 64}),
}  # fmt: skip
COMMON = {
    "vocab_size": 100, "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4,
    "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2,
}  # fmt: skip


def make_model(folder: Path, architecture: str, seed: int = 0, **changes: Any) -> Path:
    """The folder, with a random model of this architecture and a tokenizer of 100 words in it."""
    import torch
    import transformers

    name, _, options = ARCHITECTURES[architecture]
    model_class = getattr(transformers, name)
    own = {key: value for key, value in COMMON.items() if architecture not in ("t5", "gpt2", "distilbert")}
    base = own or {"vocab_size": 100, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}
    torch.manual_seed(seed)
    model_class(model_class.config_class(**{**base, **options, **changes})).save_pretrained(folder)
    make_tokenizer().save_pretrained(folder)
    return folder


def make_tokenizer() -> Any:
    """A tokenizer of 100 words: four special ones, then w4 to w99."""
    import transformers
    from tokenizers import Tokenizer, models, pre_tokenizers

    words = ["[PAD]", "[BOS]", "[EOS]", "[UNK]", *(f"w{number}" for number in range(4, 100))]
    tokenizer = Tokenizer(models.WordLevel({word: number for number, word in enumerate(words)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="[PAD]", bos_token="[BOS]", eos_token="[EOS]", unk_token="[UNK]"
    )


def make_spec(folder: Path, architecture: str, model_id: str = "", **changes: Any) -> Any:
    """The catalog entry of a tiny model, which is made if its folder is missing."""
    from playground.models.catalog import QUANTIZATIONS, ModelSpec

    if not folder.exists():
        make_model(folder, architecture)
    task = ARCHITECTURES[architecture][1]
    values = {"id": model_id or f"tiny/{architecture}", "task": task, "source": "folder", "location": str(folder)}
    return ModelSpec(**{**values, "quantizations": QUANTIZATIONS, **changes})
