"""The receipt of a mask experiment: the same model with the right and with the wrong batch."""

from __future__ import annotations

from dataclasses import replace

from playground.receipt import AS_JSON, Receipt, literal
from playground.tokens.batch import call_arguments
from playground.tokens.request import MaskRequest
from playground.tokens.result import MaskComparison

_READ = {
    "text-classification": "    return output.logits",
    "feature-extraction": """    weights = mask.unsqueeze(-1).float()
    return (output.last_hidden_state * weights).sum(1) / weights.sum(1).clamp(min=1e-9)  # mean over what counts""",
    "text-generation": "    return output.logits[torch.arange(len(last)), last]  # where the answer is read",
    "text2text-generation": "    return output.logits[:, 0]  # the decoder's first token",
}
_SAID = {  # the heading, and what moved the answer
    "flipped bits": ("A wrong attention mask", "with the wrong mask"),
    "no mask": ("A batch without its mask", "without the mask"),
    "wrong padding side": ("A batch padded on the wrong side", "padded on the wrong side,"),
    "no special tokens": ("A batch without special tokens", "without special tokens"),
}
_TAIL = f"""\
difference = (answer(right, mask, last_one(mask)) - answer(wrong, wrong_mask, last)).abs().amax(dim=1)
for text, number in zip(texts, difference.tolist()):
    print(f"{{text[:40]!r}}: MISTAKE the answer moves by up to {{number:.4f}}")

{AS_JSON}
print(json.dumps({{"largest_difference": difference.tolist(), "wrong_mask": wrong_mask.tolist()}}))
"""


def mask_receipt(result: MaskComparison) -> Receipt:
    """Both runs and their largest difference, per row: of labels, of a mean embedding, or of the next token."""
    request, task, pretrained = result.request, result.task, result.pretrained
    arguments = "".join(f", {name}={literal(value)}" for name, value in _arguments(request).items())
    pairs = f"\npairs = {_texts(request.batch.pairs)}" if request.batch.pairs else ""
    title, mistake = _SAID[request.mistake]
    classes = [pretrained.auto_class, "AutoTokenizer", *(["BitsAndBytesConfig"] if pretrained.quantized else [])]
    code = f"""{pretrained.model_lines()}

import torch
from transformers import {", ".join(classes)}

tokenizer = {pretrained.tokenizer_code()}
model = {pretrained.code()}.eval()

# %% How the model answers a batch
texts = {_texts(request.batch.texts)}{pairs}


def last_one(mask):
    return [max((k for k, bit in enumerate(row) if bit), default=len(row) - 1) for row in mask.tolist()]


@torch.inference_mode()
def answer(batch, mask, last):
    inputs = {{"input_ids": batch["input_ids"], "attention_mask": mask}}
{_inputs(result)}    output = {_runner(result)}(**{{name: row.to(model.device) for name, row in inputs.items()}})
    mask = mask.to(model.device)
{_READ[task]}


# %% The right batch and the wrong one
right = tokenizer(texts{", pairs" if pairs else ""}, return_tensors="pt"{arguments})
mask = right["attention_mask"]
{_wrong(request, bool(pairs))}

{_TAIL.replace("MISTAKE", mistake)}"""
    return Receipt(title, code)


def _inputs(result: MaskComparison) -> str:
    """The lines that make further inputs."""
    lines = ""
    if result.has_token_types:
        lines += '    inputs["token_type_ids"] = batch["token_type_ids"]\n'
    if result.task == "text2text-generation":
        lines += f'    inputs["decoder_input_ids"] = torch.full((len(mask), 1), {result.decoder_start})\n'
    return lines


def _runner(result: MaskComparison) -> str:
    return "model.get_encoder()" if result.encoder_only else "model"


def _arguments(request: MaskRequest) -> dict[str, object]:
    arguments = call_arguments(request.batch)
    del arguments["return_special_tokens_mask"]
    return arguments


def _wrong(request: MaskRequest, has_pairs: bool) -> str:
    """The lines that make the wrong batch, its mask, and where a causal model is read."""
    if request.mistake == "no mask":
        return "wrong, wrong_mask = right, torch.ones_like(mask)\nlast = last_one(mask)"
    if request.mistake == "flipped bits":
        flips = [list(pair) for pair in sorted(set(request.flips))]
        return (
            "wrong, wrong_mask = right, mask.clone()\n"
            f"for row, column in {flips}:\n    wrong_mask[row, column] = 1 - wrong_mask[row, column]\n"
            "last = last_one(mask)"
        )
    batch = request.batch
    texts = "texts, pairs" if has_pairs else "texts"
    if request.mistake == "no special tokens":
        given = _arguments(replace(request, batch=replace(batch, add_special_tokens=False)))
        arguments = "".join(f", {name}={literal(value)}" for name, value in given.items())
        return (
            f'wrong = tokenizer({texts}, return_tensors="pt"{arguments})\n'
            'wrong_mask = wrong["attention_mask"]\nlast = last_one(wrong_mask)'
        )
    given = {name: value for name, value in _arguments(request).items() if name != "padding_side"}
    arguments = "".join(f", {name}={literal(value)}" for name, value in given.items())
    right_side = literal(batch.padding_side) if batch.padding_side else "tokenizer.padding_side"
    return (
        f'side = "left" if {right_side} == "right" else "right"\n'
        f'wrong = tokenizer({texts}, return_tensors="pt"{arguments}, padding_side=side)\n'
        'wrong_mask = wrong["attention_mask"]\n'
        'last = [mask.shape[1] - 1] * len(mask) if side == "right" else last_one(wrong_mask)'
    )


def _texts(texts: tuple[str, ...]) -> str:
    return "[\n" + "".join(f"    {literal(text)},\n" for text in texts) + "]"
