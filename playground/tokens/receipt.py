"""Receipts of the Tokens tab: a tokenization, a batch, a chat template, a comparison, a mask experiment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playground.receipt import Receipt, literal
from playground.tokens.batch import call_arguments
from playground.tokens.masks_receipt import mask_receipt
from playground.tokens.request import ChatTemplateRequest, CompareRequest, EncodeRequest, TokenizeRequest
from playground.tokens.result import MaskComparison


def token_receipt(asked: Any, source_of: Callable[[str], str]) -> Receipt:
    """The receipt of any request of the Tokens tab, or of a mask comparison.

    ``source_of`` gives what ``from_pretrained`` gets for a model id.
    """
    if isinstance(asked, MaskComparison):
        return mask_receipt(asked)
    if isinstance(asked, CompareRequest):
        return compare_receipt(asked, tuple(source_of(model_id) for model_id in asked.model_ids))
    makers: dict[type, Callable[[Any, str], Receipt]] = {
        TokenizeRequest: tokenize_receipt,
        EncodeRequest: encode_receipt,
        ChatTemplateRequest: chat_receipt,
    }
    return makers[type(asked)](asked, source_of(asked.model_id))


def tokenize_receipt(request: TokenizeRequest, source: str) -> Receipt:
    """The tokens of one text, with their ids and character spans."""
    special = "" if request.add_special_tokens else ", add_special_tokens=False"
    code = f"""import json

from transformers import AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained({literal(source)})
text = {literal(request.text)}

encoding = tokenizer(text, return_offsets_mapping=True{special})
tokens = tokenizer.convert_ids_to_tokens(encoding["input_ids"])
for token, token_id, (start, end) in zip(tokens, encoding["input_ids"], encoding["offset_mapping"]):
    print(f"{{token_id:>7}}  {{token!r:<20}} {{start}}:{{end}}  {{text[start:end]!r}}")

print(json.dumps({{"input_ids": encoding["input_ids"], "tokens": tokens}}))
"""
    return Receipt("Tokens of a text", code)


def encode_receipt(request: EncodeRequest, source: str) -> Receipt:
    """A batch with its padding and masks."""
    arguments = "".join(f", {name}={literal(value)}" for name, value in call_arguments(request).items())
    pairs = f"\npairs = {_texts(request.pairs)}" if any(request.pairs) else ""
    code = f"""import json

from transformers import AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained({literal(source)})
texts = {_texts(request.texts)}{pairs}

batch = tokenizer(texts{", pairs" if pairs else ""}{arguments})
for name, rows in batch.items():
    print(name, rows)

print(json.dumps(dict(batch)))
"""
    return Receipt("A batch of texts", code)


def chat_receipt(request: ChatTemplateRequest, source: str) -> Receipt:
    """A conversation as the model reads it."""
    lines = "".join(
        f"    {{'role': {literal(message.role)}, 'content': {literal(message.content)}}},\n"
        for message in request.messages
    )
    code = f"""import json

from transformers import AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained({literal(source)})
messages = [
{lines}]

text = tokenizer.apply_chat_template(
    messages, tokenize=False, add_generation_prompt={request.add_generation_prompt}
)
print(text)
input_ids = tokenizer(text, add_special_tokens=False)["input_ids"]

print(json.dumps({{"text": text, "input_ids": input_ids}}))
"""
    return Receipt("A chat template", code)


def compare_receipt(request: CompareRequest, sources: tuple[str, ...]) -> Receipt:
    """One text under several tokenizers."""
    names = ", ".join(literal(name) for name in sources)
    code = f"""import json

from transformers import AutoTokenizer

text = {literal(request.text)}
counts = {{}}
for name in [{names}]:
    tokenizer = AutoTokenizer.from_pretrained(name)
    tokens = tokenizer.tokenize(text, add_special_tokens={request.add_special_tokens})
    counts[name] = len(tokens)
    print(name, len(tokens), tokens)

print(json.dumps(counts))
"""
    return Receipt("Tokenizers side by side", code)


def _texts(texts: tuple[str, ...]) -> str:
    return "[\n" + "".join(f"    {literal(text)},\n" for text in texts) + "]"
