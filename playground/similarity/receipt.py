"""Receipts of the similarity tab: the losses on the page, computed with plain transformers."""

from __future__ import annotations

from collections.abc import Sequence

from playground.receipt import Receipt, literal

_SEQ2SEQ = """\
import json
import math

import torch
from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

model_id = {model}
words = {words}

tokenizer = AutoTokenizer.from_pretrained(model_id)
model = AutoModelForSeq2SeqLM.from_pretrained(model_id, dtype=torch.float32).eval()

perplexities = {{}}
for source in words:
    for target in words:
        if source != target:
            input_ids = tokenizer(source, return_tensors="pt").input_ids
            labels = tokenizer(target, return_tensors="pt").input_ids
            with torch.inference_mode():
                loss = model(input_ids=input_ids, labels=labels).loss
            perplexities[f"{{source}} -> {{target}}"] = math.exp(loss.item())

for pair, perplexity in sorted(perplexities.items(), key=lambda item: item[1]):
    print(f"{{pair:40}} exp(loss) = {{perplexity:,.2f}}")
print(json.dumps(perplexities))
"""

_CAUSAL = """\
import json
import math

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

model_id = {model}
words = {words}
template = {template}  # only the pieces of {{target}} count

tokenizer = AutoTokenizer.from_pretrained(model_id)
model = AutoModelForCausalLM.from_pretrained(model_id, dtype=torch.float32).eval()


def ids_of(text):
    ids = tokenizer(text).input_ids
    return ids[:-1] if ids and ids[-1] == tokenizer.eos_token_id else ids


perplexities = {{}}
for source in words:
    for target in words:
        if source != target:
            before = template.replace("{{source}}", source).split("{{target}}")[0]
            prompt, full = ids_of(before.rstrip()), ids_of(before + target)
            shared = 0
            while shared < min(len(prompt), len(full) - 1) and prompt[shared] == full[shared]:
                shared += 1
            input_ids = torch.tensor([full])
            labels = torch.tensor([[-100] * shared + full[shared:]])
            with torch.inference_mode():
                loss = model(input_ids=input_ids, labels=labels).loss
            perplexities[f"{{source}} -> {{target}}"] = math.exp(loss.item())

for pair, perplexity in sorted(perplexities.items(), key=lambda item: item[1]):
    print(f"{{pair:40}} exp(loss) = {{perplexity:,.2f}}")
print(json.dumps(perplexities))
"""


def word_loss_receipt(words: Sequence[str], model: str, template: str | None = None) -> Receipt:
    """The exp(loss) of every ordered pair of words.

    Args:
        model: what ``from_pretrained`` gets: a Hub id or a folder.
        template: the causal template; None for a sequence-to-sequence model.

    Example:
        >>> "AutoModelForSeq2SeqLM" in word_loss_receipt(["man", "woman"], "google/flan-t5-small").code
        True
    """
    form = _SEQ2SEQ if template is None else _CAUSAL
    code = form.format(model=literal(model), words=literal(list(words)), template=literal(template))
    return Receipt("Word similarity by loss", code)
