"""Receipts of the classification tab: the numbers on the page, the pipeline's way and step by step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playground.receipt import Receipt, literal

if TYPE_CHECKING:
    from playground.classification.classify import ClassifierInfo, ClassifyResult

_PIPELINE = """\
import json

import torch
from transformers import pipeline{imports}

model_id = {source}{comment}
classifier = pipeline(
    "text-classification",
    model=model_id,
    {model_options},
)

result = classifier({inputs}, top_k=None, truncation=True, max_length={max_length})

for entry in result:
    print(f"{{entry['label']:20}} {{entry['score']:.4f}}")
print(json.dumps({{entry["label"]: entry["score"] for entry in result}}))
"""

_STEPS = """\
import json

import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer{imports}

model_id = {source}{comment}
tokenizer = AutoTokenizer.from_pretrained(model_id)
model = AutoModelForSequenceClassification.from_pretrained(model_id, {options}).eval()

# 1. Text -> input_ids
inputs = tokenizer({arguments}, truncation=True, max_length={max_length}, return_tensors="pt").to(model.device)
print(tokenizer.convert_ids_to_tokens(inputs["input_ids"][0]))

# 2. input_ids -> one logit per label
with torch.inference_mode():
    logits = model(**inputs).logits[0].float()

# 3. logits -> probabilities
probabilities = {function}

# 4. id -> label
for label_id, probability in enumerate(probabilities.tolist()):
    print(f"{{model.config.id2label[label_id]:20}} logit {{logits[label_id]:8.4f}}   {{probability:.4f}}")
print(json.dumps({{model.config.id2label[n]: p for n, p in enumerate(probabilities.tolist())}}))
"""

_FUNCTIONS = {
    "softmax": "torch.softmax(logits, dim=-1)",
    "sigmoid": "torch.sigmoid(logits)  # each label on its own: they need not add up to 1",
    "none": "logits  # a regression model: the logit is the answer",
}


def pipeline_receipt(result: ClassifyResult) -> Receipt:
    """The probabilities of the page, by ``pipeline()`` alone."""
    request = result.request
    pair = f', "text_pair": {literal(request.text_pair)}' if request.text_pair else ""
    options = _options(result.info)
    if _quantized(result.info):
        options = f"model_kwargs={{{options.replace('quantization_config=', repr('quantization_config') + ': ')}}}"
    code = _PIPELINE.format(
        imports=_imports(result.info),
        source=literal(result.info.source),
        comment=_comment(result.info),
        model_options=options,
        inputs=f'{{"text": {literal(request.text)}{pair}}}',
        max_length=result.info.max_length,
    )
    return Receipt("Classification with the pipeline", code)


def steps_receipt(result: ClassifyResult) -> Receipt:
    """The probabilities of the page, step by step: tokenizer, model, logits, probabilities, labels."""
    request = result.request
    texts = [request.text, request.text_pair] if request.text_pair else [request.text]
    code = _STEPS.format(
        imports=_imports(result.info),
        source=literal(result.info.source),
        comment=_comment(result.info),
        options=_options(result.info),
        arguments=", ".join(literal(text) for text in texts),
        max_length=result.info.max_length,
        function=_FUNCTIONS[result.info.function_to_apply],
    )
    return Receipt("Classification step by step", code)


def _quantized(info: ClassifierInfo) -> bool:
    return info.quantization in ("8-bit", "4-bit")


def _imports(info: ClassifierInfo) -> str:
    return "" if not _quantized(info) else "\nfrom transformers import BitsAndBytesConfig"


def _comment(info: ClassifierInfo) -> str:
    """Where the model came from, if the code names a folder."""
    return "" if info.source == info.model_id else f"  # {info.model_id}, as prepared on this machine"


def _options(info: ClassifierInfo) -> str:
    if info.quantization == "8-bit":
        return "quantization_config=BitsAndBytesConfig(load_in_8bit=True)"
    if info.quantization == "4-bit":
        return (
            'quantization_config=BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4", '
            f"bnb_4bit_use_double_quant=True, bnb_4bit_compute_dtype=torch.{info.dtype})"
        )
    device = "" if info.device == "cpu" else f", device_map={info.device!r}"
    return f"dtype=torch.{info.dtype}{device}"
