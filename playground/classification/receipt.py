"""Receipts of the classification tab: the numbers on the page, the pipeline's way and step by step."""

from __future__ import annotations

from collections.abc import Sequence

from playground.classification.result import ClassifierInfo, ClassifyResult, TableResult
from playground.receipt import AS_JSON, Receipt, literal

MAX_TEXTS = 100

_PIPELINE = """\
{model}

import torch
from transformers import pipeline{imports}

classifier = pipeline(
    "text-classification",
    model=MODEL,
    {options},
)
{renamed}
# %% The text and its labels
result = classifier({inputs}, top_k=None, truncation=True, max_length={max_length})

for entry in result:
    print(f"{{entry['label']:20}} {{entry['score']:.4f}}")

{as_json}
print(json.dumps({{entry["label"]: entry["score"] for entry in result}}))
"""

_STEPS = """\
{model}

import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer{imports}

tokenizer = {tokenizer}
model = AutoModelForSequenceClassification.from_pretrained(MODEL, {options}){place}.eval()
{renamed}
# %% 1. Text -> input_ids
inputs = tokenizer({arguments}, truncation=True, max_length={max_length}, return_tensors="pt").to(model.device)
print(tokenizer.convert_ids_to_tokens(inputs["input_ids"][0]))

# %% 2. input_ids -> one logit per label
with torch.inference_mode():
    logits = model(**inputs).logits[0].float()

# %% 3. logits -> probabilities
probabilities = {function}

# %% 4. id -> label
for label_id, probability in enumerate(probabilities.tolist()):
    print(f"{{model.config.id2label[label_id]:20}} logit {{logits[label_id]:8.4f}}   {{probability:.4f}}")

{as_json}
print(json.dumps({{model.config.id2label[n]: p for n, p in enumerate(probabilities.tolist())}}))
"""

_TEXTS = """\
{model}

import torch
from transformers import pipeline{imports}

classifier = pipeline(
    "text-classification",
    model=MODEL,
    {options},
)
{renamed}
# %% The texts and their labels
texts = [{cut}
{texts}
]
answers = classifier(texts, top_k=None, truncation=True, max_length={max_length})

for text, answer in zip(texts, answers):
    print(f"{{answer[0]['label']:20}} {{answer[0]['score']:.4f}}  {{' + '.join(text.values())}}")
{compared}
{as_json}
print(json.dumps([{{entry["label"]: entry["score"] for entry in answer}} for answer in answers]))
"""

_COMPARED = """
# %% How often that is the right label, and how often one label for all of them would be
right = {right}
pairs = [(answer[0]["label"], label) for answer, label in zip(answers, right) if label is not None]
known = [label for _, label in pairs]
commonest = max(classifier.model.config.id2label.values(), key=known.count)  # of equally frequent ones the first
print(f"right: {{sum(said == label for said, label in pairs)}} of {{len(pairs)}}")
print(f"always saying {{commonest!r}}: {{known.count(commonest)}} of {{len(pairs)}}")
"""

FUNCTIONS = {
    "softmax": "torch.softmax(logits, dim=-1)",
    "sigmoid": "torch.sigmoid(logits)  # each label on its own: they need not add up to 1",
    "none": "logits  # a regression model: the logit is the answer",
}


def pipeline_receipt(result: ClassifyResult) -> Receipt:
    """The probabilities of the page, by ``pipeline()`` alone."""
    request = result.request
    code = _PIPELINE.format(
        **loaded_as(result.info, "classifier.model.config"),
        options=_pipeline_options(result.info),
        inputs=_entry(request.text, request.text_pair),
    )
    return Receipt("Classification with the pipeline", code)


def texts_receipt(results: Sequence[ClassifyResult]) -> Receipt:
    """The probabilities of several texts that one model was asked one by one."""
    return _texts_receipt(results[0].info, [(one.request.text, one.request.text_pair) for one in results])


def table_receipt(result: TableResult) -> Receipt:
    """The probabilities of a table's rows; of a long one the first MAX_TEXTS, and it says so.

    Where right labels are known, also how many of these rows are right.
    """
    rows, labels = result.rows, result.info.labels
    right = [None if row.gold is None else labels[row.gold] for row in rows[:MAX_TEXTS]]
    compared = _COMPARED.format(right=literal(right)) if any(right) else ""
    return _texts_receipt(result.info, [(row.text, row.text_pair) for row in rows], compared)


def _texts_receipt(info: ClassifierInfo, texts: Sequence[tuple[str, str | None]], compared: str = "") -> Receipt:
    entries = [f"    {_entry(*each)}," for each in texts[:MAX_TEXTS]]
    code = _TEXTS.format(
        **loaded_as(info, "classifier.model.config"),
        options=_pipeline_options(info),
        texts="\n".join(entries),
        compared=compared,
        cut=f"  # the first {MAX_TEXTS} of {len(texts):,}" if len(texts) > MAX_TEXTS else "",
    )
    return Receipt("Classification of several texts", code)


def _entry(text: str, text_pair: str | None) -> str:
    pair = f', "text_pair": {literal(text_pair)}' if text_pair else ""
    return f'{{"text": {literal(text)}{pair}}}'


def _pipeline_options(info: ClassifierInfo) -> str:
    held = info.pretrained
    if held.quantized:  # pipeline() hands these on
        return f"model_kwargs=dict({held.options()})"
    return held.options() + (', device="cpu"' if held.device == "cpu" else "")


def steps_receipt(result: ClassifyResult) -> Receipt:
    """The probabilities of the page, step by step: tokenizer, model, logits, probabilities, labels."""
    request, held = result.request, result.info.pretrained
    texts = [request.text, request.text_pair] if request.text_pair else [request.text]
    code = _STEPS.format(
        **loaded_as(result.info, "model.config"),
        tokenizer=held.tokenizer_code(),
        options=held.options(),
        place='.to("cpu")' if held.device == "cpu" and not held.quantized else "",
        arguments=", ".join(literal(text) for text in texts),
        function=FUNCTIONS[result.info.function_to_apply],
    )
    return Receipt("Classification step by step", code)


def loaded_as(info: ClassifierInfo, config: str) -> dict[str, object]:
    """What all receipts say of the model; ``renamed`` gives the labels numbers that the model's config.json lacks."""
    held = info.pretrained
    names = literal(dict(enumerate(info.labels)))
    rounded = held.rounding(config.removesuffix(".config"))
    renamed = f"{config}.id2label = {names}  # its config.json doesn't number them 0, 1, 2, ...\n"
    return {
        "imports": "\nfrom transformers import BitsAndBytesConfig" if held.quantized else "",
        "model": held.model_lines(),
        "as_json": AS_JSON,
        "max_length": info.max_length,
        "renamed": rounded + (renamed if info.labels_note else ""),
    }
