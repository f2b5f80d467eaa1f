"""Receipts of the similarity tab: the losses on the page, computed with plain transformers."""

from __future__ import annotations

from collections.abc import Sequence

from playground.models.pretrained import Pretrained
from playground.receipt import Receipt, literal

_HEAD = """\
{lines}

import math

import torch
from transformers import {imports}

tokenizer = {tokenizer}
model = {model}.eval()

# %% Every word after every other
words = {words}
{template}
"""
_SEQ2SEQ = """\
perplexities = {}
for source in words:
    for target in words:
        if source != target:
            input_ids = tokenizer(source, return_tensors="pt").input_ids
            labels = tokenizer(text_target=target, return_tensors="pt").input_ids
"""
_CAUSAL = """\

def ids_of(text):
    ids = tokenizer(text).input_ids
    return ids[:-1] if ids and ids[-1] == tokenizer.eos_token_id else ids


perplexities = {}
for source in words:
    for target in words:
        if source != target:
            before = source.join(template.removesuffix("{target}").split("{source}"))
            prompt, full = ids_of(before.rstrip()), ids_of(before + target)
            shared = 0
            while shared < min(len(prompt), len(full) - 1) and prompt[shared] == full[shared]:
                shared += 1
            input_ids = torch.tensor([full])
            labels = torch.tensor([[-100] * shared + full[shared:]])
"""
_TAIL = """\
            with torch.inference_mode():
                loss = model(input_ids=input_ids.to(model.device), labels=labels.to(model.device)).loss
            perplexities[f"{source} -> {target}"] = math.exp(loss.item())

# %% The closest pairs first
for pair, perplexity in sorted(perplexities.items(), key=lambda item: item[1]):
    print(f"{pair:40} exp(loss) = {perplexity:,.2f}")

# %% The same numbers as JSON
import json

print(json.dumps(perplexities))
"""


def word_loss_receipt(words: Sequence[str], pretrained: Pretrained, template: str | None = None) -> Receipt:
    """The exp(loss) of every ordered pair of words, by a model that is held as the run held it.

    ``template`` is the causal template; None for a sequence-to-sequence model.

    Example:
        >>> held = Pretrained("google/flan-t5-small", "AutoModelForSeq2SeqLM", "float32", "float32", "cpu")
        >>> "AutoModelForSeq2SeqLM" in word_loss_receipt(["man", "woman"], held).code
        True
    """
    imports = [pretrained.auto_class, "AutoTokenizer", *(["BitsAndBytesConfig"] if pretrained.quantized else [])]
    head = _HEAD.format(
        lines=pretrained.model_lines(),
        imports=", ".join(imports),
        words=literal(list(words)),
        template=f"template = {literal(template)}  # only the pieces of {{target}} count\n" if template else "",
        tokenizer=pretrained.tokenizer_code(),
        model=pretrained.code(),
    )
    return Receipt("Word similarity by loss", head + (_CAUSAL if template else _SEQ2SEQ) + _TAIL)
