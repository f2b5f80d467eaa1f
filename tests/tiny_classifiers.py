"""Tiny random classifiers of seven families, made in the test, and a manager that lends them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
import transformers
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from playground.config import Settings
from playground.models.catalog import Catalog, ModelSpec
from playground.models.manager import LoadedModel, ModelKey
from playground.models.shared_tokenizer import share

SENTENCE = "the a film food was is not very good bad fine i love hate it this that and but never again great poor"
WORDS = SENTENCE.split()
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
SMALL = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 48}
FAMILIES = ("bert", "roberta", "distilbert", "albert", "deberta", "modernbert", "llama")


def tiny_tokenizer(family: str = "bert", max_length: int = 40, side: str = "right"):
    """Words and single letters as tokens; pairs get token types where the family has them."""
    pieces = SPECIAL + WORDS + [f"##{letter}" for letter in "abcdefghijklmnopqrstuvwxyz"]
    pieces += list("abcdefghijklmnopqrstuvwxyz.,!?'")
    vocab = {piece: number for number, piece in enumerate(dict.fromkeys(pieces))}
    tokenizer = Tokenizer(models.WordPiece(vocab, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    if family != "llama":
        tokenizer.post_processor = processors.TemplateProcessing(
            single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
        )
    names = {"pad_token": "[PAD]", "unk_token": "[UNK]"}
    if family != "llama":
        names |= {"cls_token": "[CLS]", "sep_token": "[SEP]", "mask_token": "[MASK]"}
    inputs = ["input_ids", "attention_mask"]
    if family in ("bert", "albert", "deberta"):
        inputs.insert(1, "token_type_ids")
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, model_max_length=max_length, padding_side=side, model_input_names=inputs, **names
    )


def tiny_model(family: str = "bert", labels: int = 3, problem_type: str | None = None, pad: int | None = 0, **more):
    """A random model of a family with a classification head whose logits are well apart."""
    shared = {"vocab_size": 120, "num_labels": labels, "problem_type": problem_type, "pad_token_id": pad}
    shared |= {"max_position_embeddings": 64} | more
    config = {
        "bert": lambda: transformers.BertConfig(**SMALL, **shared),
        "roberta": lambda: transformers.RobertaConfig(**SMALL, **shared),
        "distilbert": lambda: transformers.DistilBertConfig(dim=32, n_layers=2, n_heads=2, hidden_dim=48, **shared),
        "albert": lambda: transformers.AlbertConfig(embedding_size=16, **SMALL, **shared),
        "deberta": lambda: transformers.DebertaV2Config(
            relative_attention=True, pos_att_type=["c2p", "p2c"], position_biased_input=False, **SMALL, **shared
        ),
        "modernbert": lambda: transformers.ModernBertConfig(
            global_attn_every_n_layers=2, local_attention=8, cls_token_id=2, sep_token_id=3, **SMALL, **shared
        ),
        "llama": lambda: transformers.LlamaConfig(
            num_key_value_heads=1, bos_token_id=2, eos_token_id=3, **SMALL, **shared
        ),
    }[family]()
    torch.manual_seed(7)
    model = transformers.AutoModelForSequenceClassification.from_config(config).eval().requires_grad_(False)
    for name, parameter in model.named_parameters():
        if "norm" not in name.lower():
            parameter.normal_(0, 0.3, generator=torch.Generator().manual_seed(len(name)))
    return model


class TinyManager:
    """Lends models made in the test, as the model manager lends real ones."""

    def __init__(self, **loaded: LoadedModel) -> None:
        self.loaded = loaded
        self.catalog = Catalog(tuple(one.spec for one in loaded.values()))
        self.settings = Settings()

    @contextmanager
    def lease(self, model_id: str, task: str, quantization: str = "auto") -> Iterator[LoadedModel]:
        yield self.loaded[model_id]

    def close(self) -> None:
        for one in self.loaded.values():
            one.close()


def lend(model, tokenizer, name: str = "tiny", folder: Path = Path(".")) -> LoadedModel:
    spec = ModelSpec(
        id=name,
        title=name,
        task="text-classification",
        source="folder",
        location=str(folder),
        licence="none",
        parameters=None,
        quantizations=("auto",),
        note="",
    )
    key = ModelKey(name, spec.task, "auto")
    return LoadedModel(key, spec, folder, model, share(tokenizer), "cpu", "float32", 0)


@contextmanager
def managed(family: str = "bert", max_length: int = 40, side: str = "right", **options) -> Iterator[TinyManager]:
    manager = TinyManager(tiny=lend(tiny_model(family, **options), tiny_tokenizer(family, max_length, side)))
    try:
        yield manager
    finally:
        manager.close()
