"""Receipts of the similarity tab: the losses on the page, computed with plain transformers."""

from __future__ import annotations

from collections.abc import Sequence

from playground.models.pretrained import Pretrained
from playground.receipt import Receipt, literal
from playground.similarity.result import WordMatrixResult, WordPairsResult

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
losses = {}
for source in words:
    for target in words:
        if source != target:
            input_ids = tokenizer(source, return_tensors="pt").input_ids
            labels = tokenizer(text_target=target, return_tensors="pt").input_ids
            pieces = labels.numel()
"""
_CAUSAL = """\

def ids_of(text):
    ids = tokenizer(text).input_ids
    return ids[:-1] if ids and ids[-1] == tokenizer.eos_token_id else ids


losses = {}
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
            pieces = (labels[:, 1:] != -100).sum().item()
"""
_TAIL = """\
            with torch.inference_mode():
                loss = model(input_ids=input_ids.to(model.device), labels=labels.to(model.device)).loss
            losses[f"{source} -> {target}"] = loss.item(), pieces

# %% The closest pairs first: the loss of the whole label, its probability, and exp of the mean over its pieces
perplexities = {}
for pair, (loss, pieces) in sorted(losses.items(), key=lambda item: item[1][0] * item[1][1]):
    perplexities[pair] = math.exp(loss)
    nats = loss * pieces
    print(f"{pair:40} {nats:6.2f} nats, {math.exp(-nats):8.3%}, exp(loss) = {perplexities[pair]:,.2f}")

# %% The same numbers as JSON
import json

print(json.dumps(perplexities))
"""

_LOSS_HEAD = """\
{lines}

import torch
from transformers import {imports}

tokenizer = {tokenizer}
model = {model}.eval()

# %% The loss of one word after another
{template}

"""
_LOSS_SEQ2SEQ = """\
def ids_of(source, target):
    return tokenizer(source).input_ids, tokenizer(text_target=target).input_ids


def loss_of(source, target):
    \"\"\"The loss of the whole label in nats, its end token with it.\"\"\"
    source_ids, labels = ids_of(source, target)
    inputs = {"input_ids": torch.tensor([source_ids]), "labels": torch.tensor([labels])}
    with torch.inference_mode():
        mean = model(**{name: value.to(model.device) for name, value in inputs.items()}).loss
    return mean.item() * len(labels)


"""
_LOSS_CAUSAL = """\
def ids_of(text):
    ids = tokenizer(text).input_ids
    return ids[:-1] if ids and ids[-1] == tokenizer.eos_token_id else ids


def loss_of(source, target):
    \"\"\"The loss of the target's pieces in nats.\"\"\"
    before = source.join(template.removesuffix("{target}").split("{source}"))
    prompt, full = ids_of(before.rstrip()), ids_of(before + target)
    shared = 0
    while shared < min(len(prompt), len(full) - 1) and prompt[shared] == full[shared]:
        shared += 1
    labels = [-100] * shared + full[shared:]
    inputs = {"input_ids": torch.tensor([full]), "labels": torch.tensor([labels])}
    with torch.inference_mode():
        mean = model(**{name: value.to(model.device) for name, value in inputs.items()}).loss
    return mean.item() * (len(full) - shared)


"""
_MATRIX = """\
# %% Every word after every other
words = {words}
# An empty source gives the baseline of each word
losses = {f"{s} -> {t}": loss_of(s, t) for s in ["", *words] for t in words if s != t}
for pair, loss in sorted(losses.items(), key=lambda item: item[1])[:20]:
    print(f"{pair:40} {loss:8.4f} nats")

# %% The same numbers as JSON
import json

print(json.dumps(losses))
"""
_PAIRS = """\
# %% How close each pair is
pairs = [
{pairs}
]


def above(source, target):
    return loss_of(source, target) - loss_of("", target)


closeness = {f"{a} - {b}": -(above(a, b) + above(b, a)) / 2 for a, b in pairs}
for pair, number in sorted(closeness.items(), key=lambda item: -item[1]):
    print(f"{pair:40} {number:8.4f}")

"""
_CLOSENESS = """\
# %% The same numbers as JSON
import json

print(json.dumps(closeness))
"""
_PEOPLE = """\
# %% How far that agrees with people, who rated the same pairs from 0 to 10
import math

from scipy.stats import spearmanr

people = {people}
rho = spearmanr([closeness[f"{a} - {b}"] for a, b in pairs], people).statistic.item()
middle, wide = math.atanh(rho), 1.96 * math.sqrt((1 + rho**2 / 2) / (len(pairs) - 3))
interval = math.tanh(middle - wide), math.tanh(middle + wide)
print(f"Spearman's rho {rho:.2f} (95 % interval {interval[0]:.2f} to {interval[1]:.2f}); 1 is the same order")

# %% The same numbers as JSON
import json

print(json.dumps({"closeness": closeness, "rho": rho, "interval": interval}))
"""


def word_matrix_receipt(result: WordMatrixResult, pretrained: Pretrained) -> Receipt:
    """The loss of every word as the label of every other and of an empty source."""
    tail = _MATRIX.replace("{words}", literal(list(result.words)))
    return Receipt("Words against each other", loss_code(pretrained, result.template) + tail)


def word_pairs_receipt(result: WordPairsResult, pretrained: Pretrained, people: Sequence[float] = ()) -> Receipt:
    """How close the words of each pair are, and how far that agrees with ``people``'s ratings, where there are some."""
    pairs = "\n".join(f"    {literal((pair.word1, pair.word2))}," for pair in result.pairs)
    end = _PEOPLE.replace("{people}", literal(list(people))) if len(people) > 3 else _CLOSENESS
    tail = _PAIRS.replace("{pairs}", pairs) + end
    return Receipt("Pairs of words", loss_code(pretrained, result.template) + tail)


def loss_code(pretrained: Pretrained, template: str | None) -> str:
    """The beginning of a receipt: the model, and a function ``loss_of`` for the loss of one word after another."""
    head = _LOSS_HEAD.format(
        lines=pretrained.model_lines(),
        imports=_imports(pretrained),
        template=f"template = {literal(template)}  # only the pieces of {{target}} count\n" if template else "",
        tokenizer=pretrained.tokenizer_code(),
        model=pretrained.code(),
    )
    return head + (_LOSS_CAUSAL if template else _LOSS_SEQ2SEQ)


def _imports(pretrained: Pretrained) -> str:
    names = [pretrained.auto_class, "AutoTokenizer", *(["BitsAndBytesConfig"] if pretrained.quantized else [])]
    return ", ".join(names)


def word_loss_receipt(words: Sequence[str], pretrained: Pretrained, template: str | None = None) -> Receipt:
    """The loss and exp(loss) of every ordered pair of words, by a model that is held as the run held it.

    ``template`` is the causal template; None for a sequence-to-sequence model.

    Example:
        >>> held = Pretrained("google/flan-t5-small", "AutoModelForSeq2SeqLM", "float32", "float32", "cpu")
        >>> "AutoModelForSeq2SeqLM" in word_loss_receipt(["man", "woman"], held).code
        True
    """
    head = _HEAD.format(
        lines=pretrained.model_lines(),
        imports=_imports(pretrained),
        words=literal(list(words)),
        template=f"template = {literal(template)}  # only the pieces of {{target}} count\n" if template else "",
        tokenizer=pretrained.tokenizer_code(),
        model=pretrained.code(),
    )
    return Receipt("Word similarity by loss", head + (_CAUSAL if template else _SEQ2SEQ) + _TAIL)
