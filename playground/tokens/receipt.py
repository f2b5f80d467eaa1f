"""Receipts of the Tokens tab: a tokenization, a batch, a chat template, a comparison, a mask experiment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playground.models.origin import Origin, models_lines
from playground.receipt import AS_JSON, Receipt, literal
from playground.tokens.batch import call_arguments
from playground.tokens.masks_receipt import mask_receipt
from playground.tokens.request import ChatTemplateRequest, CompareRequest, EncodeRequest, TokenizeRequest
from playground.tokens.result import MaskComparison

_NEXT = """\
# %% What the model would say next, with the opening of its turn and without
import torch
from transformers import AutoModelForCausalLM

model = AutoModelForCausalLM.from_pretrained(MODELREVISION_ARGUMENT, dtype=torch.float32).eval()
following = []
for opened in (True, False):
    prompt = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=opened)
    ids = tokenizer(prompt, add_special_tokens=False, return_tensors="pt").input_ids
    with torch.inference_mode():
        best = model(ids).logits[0, -1].softmax(dim=-1).topk(3)
    following.append(best.values.tolist())
    tokens = [f"{tokenizer.decode([token])!r} {p:.1%}" for token, p in zip(best.indices.tolist(), following[-1])]
    print(f"add_generation_prompt={opened}: {', '.join(tokens)}")
"""


def token_receipt(asked: Any, origin_of: Callable[[str], Origin]) -> Receipt:
    """The receipt of any request of the Tokens tab, or of a mask comparison.

    ``origin_of`` says where a model id's tokenizer comes from.
    """
    if isinstance(asked, MaskComparison):
        return mask_receipt(asked)
    if isinstance(asked, CompareRequest):
        return compare_receipt(asked, tuple(origin_of(model_id) for model_id in asked.model_ids))
    makers: dict[type, Callable[[Any, Origin], Receipt]] = {
        TokenizeRequest: tokenize_receipt,
        EncodeRequest: encode_receipt,
        ChatTemplateRequest: chat_receipt,
    }
    return makers[type(asked)](asked, origin_of(asked.model_id))


def tokenize_receipt(request: TokenizeRequest, origin: Origin) -> Receipt:
    """The tokens of one text, with their ids and character spans."""
    special = "" if request.add_special_tokens else ", add_special_tokens=False"
    code = f"""{origin.lines()}

from transformers import AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained(MODEL{origin.revision_argument})

# %% A text and its tokens
text = {literal(request.text)}
encoding = tokenizer(text, return_offsets_mapping=True{special})
tokens = tokenizer.convert_ids_to_tokens(encoding["input_ids"])
print(f"{{'id':>7}}  {{'token':<20}} {{'from:to':<9}} what it stands for in the text")
for token, token_id, (start, end) in zip(tokens, encoding["input_ids"], encoding["offset_mapping"]):
    print(f"{{token_id:>7}}  {{token!r:<20}} {{f'{{start}}:{{end}}':<9}} {{text[start:end]!r}}")

{AS_JSON}
print(json.dumps({{"input_ids": encoding["input_ids"], "tokens": tokens}}))
"""
    return Receipt("Tokens of a text", code)


def encode_receipt(request: EncodeRequest, origin: Origin) -> Receipt:
    """A batch with its padding and masks."""
    arguments = "".join(f", {name}={literal(value)}" for name, value in call_arguments(request).items())
    pairs = f"\npairs = {_texts(request.pairs)}" if any(request.pairs) else ""
    code = f"""{origin.lines()}

from transformers import AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained(MODEL{origin.revision_argument})

# %% A batch
texts = {_texts(request.texts)}{pairs}

batch = tokenizer(texts{", pairs" if pairs else ""}{arguments})
for name, rows in batch.items():
    print(name, rows)

{AS_JSON}
print(json.dumps(dict(batch)))
"""
    return Receipt("A batch of texts", code)


def chat_receipt(request: ChatTemplateRequest, origin: Origin) -> Receipt:
    """A conversation as the model reads it."""
    lines = "".join(
        f"    {{'role': {literal(message.role)}, 'content': {literal(message.content)}}},\n"
        for message in request.messages
    )
    code = f"""{origin.lines()}

from transformers import AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained(MODEL{origin.revision_argument})

# %% A conversation as the model reads it
messages = [
{lines}]

text = tokenizer.apply_chat_template(
    messages, tokenize=False, add_generation_prompt={request.add_generation_prompt}
)
print(text)
input_ids = tokenizer(text, add_special_tokens=False)["input_ids"]

{_NEXT.replace("REVISION_ARGUMENT", origin.revision_argument)}
{AS_JSON}
print(json.dumps({{"text": text, "input_ids": input_ids, "next": following}}))
"""
    return Receipt("A chat template", code)


def compare_receipt(request: CompareRequest, origins: tuple[Origin, ...]) -> Receipt:
    """One text under several tokenizers."""
    code = f"""{models_lines(origins)}

from transformers import AutoTokenizer

# %% One text under each tokenizer
text = {literal(request.text)}
names = {literal(list(request.model_ids))}
counts = {{}}
for name, (source, revision) in zip(names, MODELS):
    tokenizer = AutoTokenizer.from_pretrained(source, revision=revision)
    token_ids = tokenizer(text, add_special_tokens={request.add_special_tokens}).input_ids
    counts[name] = len(token_ids)
    print(name, "makes", len(token_ids), "tokens of it:", [tokenizer.decode([token_id]) for token_id in token_ids])

{AS_JSON}
print(json.dumps(counts))
"""
    return Receipt("Tokenizers side by side", code)


def _texts(texts: tuple[str, ...]) -> str:
    return "[\n" + "".join(f"    {literal(text)},\n" for text in texts) + "]"
