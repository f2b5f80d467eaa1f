"""Tiny random models for every task of the pipelines, saved in folders, and a playground that offers them."""

from __future__ import annotations

import contextlib
import io
import json
from pathlib import Path
from typing import Any

import torch
import transformers
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors

from playground.config import Settings
from playground.models.catalog import QUANTIZATIONS, Catalog, ModelSpec
from playground.models.manager import ModelManager
from playground.service import Playground
from tests.tiny_classifiers import SPECIAL, tiny_tokenizer

SIZES = {"vocab_size": 300, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2,
         "intermediate_size": 48, "max_position_embeddings": 64, "pad_token_id": 0}  # fmt: skip
NAMES = dict(enumerate(["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]))
NLI = ["contradiction", "entailment", "neutral"]
LABELS = {"id2label": dict(enumerate(NLI)), "label2id": {name: n for n, name in enumerate(NLI)}}
T5 = {"vocab_size": 300, "d_model": 32, "d_ff": 64, "d_kv": 8, "num_layers": 2, "num_heads": 4,
      "decoder_start_token_id": 0, "pad_token_id": 0, "eos_token_id": 3}  # fmt: skip
MODELS: dict[str, tuple[str, str, dict[str, Any]]] = {
    # id: class, task of the catalog, its config
    "tiny/encoder": ("BertModel", "feature-extraction", SIZES),
    "tiny/masked": ("BertForMaskedLM", "fill-mask", SIZES),
    "tiny/masked-bytes": ("RobertaForMaskedLM", "fill-mask", SIZES),
    "tiny/nli": ("BertForSequenceClassification", "text-classification", {**SIZES, **LABELS}),
    "tiny/stars": ("BertForSequenceClassification", "text-classification", {**SIZES, "num_labels": 5}),
    "tiny/names": ("BertForTokenClassification", "token-classification", {**SIZES, "id2label": NAMES}),
    "tiny/names-bytes": ("RobertaForTokenClassification", "token-classification", {**SIZES, "id2label": NAMES}),
    "tiny/answers": ("BertForQuestionAnswering", "question-answering", SIZES),
    "tiny/answers-bytes": ("RobertaForQuestionAnswering", "question-answering", SIZES),
    "tiny/t5": ("T5ForConditionalGeneration", "text2text-generation", T5),
    "tiny/bart": ("BartForConditionalGeneration", "text2text-generation",
                  {"vocab_size": 300, "d_model": 32, "encoder_layers": 2, "decoder_layers": 2, "encoder_ffn_dim": 48,
                   "decoder_ffn_dim": 48, "encoder_attention_heads": 2, "decoder_attention_heads": 2,
                   "max_position_embeddings": 64, "pad_token_id": 0, "eos_token_id": 3, "bos_token_id": 2,
                   "decoder_start_token_id": 2}),
}  # fmt: skip


def byte_tokenizer(max_length: int = 40) -> Any:
    """A byte-level tokenizer, as RoBERTa's: a token per byte, and no mark on what goes on with a word."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocab = {piece: number for number, piece in enumerate([*SPECIAL, *alphabet])}
    tokenizer = Tokenizer(models.BPE(vocab, [], unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] [SEP] $B [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    names = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, mask_token="[MASK]", model_max_length=max_length,
        model_input_names=["input_ids", "attention_mask"], **names,
    )  # fmt: skip


def save(folder: Path, model_id: str, seed: int = 0) -> ModelSpec:
    """The catalog entry of a tiny model, saved in a folder of its own."""
    name, task, sizes = MODELS[model_id]
    torch.manual_seed(seed)
    kind = getattr(transformers, name)
    model = kind(kind.config_class(**sizes)).eval()
    with torch.no_grad():
        for weight in model.parameters():
            if weight.dim() > 1:
                weight.mul_(4)  # random answers are too much alike otherwise
    place = folder / model_id.replace("/", "-")
    model.save_pretrained(place)
    written = "bytes" in model_id or task == "text2text-generation"
    (byte_tokenizer() if written else tiny_tokenizer()).save_pretrained(place)
    return ModelSpec(model_id, task, "folder", str(place), quantizations=QUANTIZATIONS)


def tiny_playground(folder: Path, *model_ids: str) -> Playground:
    """A playground whose catalog has these models, or all."""
    specs = tuple(save(folder, model_id) for model_id in model_ids or MODELS)
    settings = Settings(warm_up=("none",), device="cpu")
    return Playground(settings, ModelManager(settings, Catalog(specs)))


def printed(code: str) -> Any:
    """What the last line that a receipt prints says."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(code, "receipt", "exec"), {})
    return json.loads(out.getvalue().strip().splitlines()[-1])
