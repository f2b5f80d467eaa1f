"""Receipts of pipelines: one line where transformers has that pipeline, and every step with plain Auto classes."""

from __future__ import annotations

from typing import Any

from playground.models.pretrained import Pretrained
from playground.pipelines import steps_code
from playground.pipelines.request import SEQ2SEQ, PipelineRequest
from playground.pipelines.result import FillMaskAnswer, PipelineResult, Seq2SeqAnswer, ZeroShotAnswer
from playground.receipt import AS_JSON, Receipt, literal

_HEAD = """\
{model}

import torch
from transformers import {imports}

"""
_PIPE = """\
pipe = pipeline(
    "{task}",
    model=MODEL,
    {options},
)
{rounding}pipe.tokenizer.model_max_length = {max_length}  # what this model reads

# %% The text and the answer
"""
_CALLS = {
    "feature-extraction": """\
texts = {texts}
vectors = torch.stack([torch.tensor(pipe(text, truncation=True)[0]).mean(dim=0) for text in texts])
print(tuple(vectors.shape), "texts, numbers in the mean of each")

# %% How near each text is to the first: the cosine
cosines = torch.nn.functional.cosine_similarity(vectors[:1], vectors).tolist()
for text, cosine in zip(texts, cosines):
    print(f"{{cosine:7.4f}}  {{text}}")

{as_json}
print(json.dumps(cosines))
""",
    "fill-mask": """\
answer = pipe({text}, top_k={top_k}{targets}, tokenizer_kwargs={{"truncation": True}})
answer = [answer] if isinstance(answer[0], dict) else answer  # one list for each mask
for mask in answer:
    for entry in mask:
        print(f"{{entry['score']:.4f}} {{entry['token_str']!r:15}} {{entry['sequence']}}")

{as_json}
print(json.dumps([[[entry["token"], entry["score"]] for entry in mask] for mask in answer]))
""",
    "zero-shot-classification": """\
labels = {labels}
answer = pipe({text}, candidate_labels=labels, hypothesis_template={template}, multi_label={multi_label})
for label, score in zip(answer["labels"], answer["scores"]):
    print(f"{{label:20}} {{score:.4f}}")

{as_json}
print(json.dumps([answer["scores"][answer["labels"].index(label)] for label in labels]))
""",
    "token-classification": """\
answer = pipe({text}, aggregation_strategy={strategy}{stride})
for entry in answer:
    print(entry)

{as_json}
print(json.dumps([[entry.get("entity_group", entry.get("entity")), int(entry["start"]), int(entry["end"]),
                   float(entry["score"])] for entry in answer]))
""",
}
_TITLES = {
    "feature-extraction": "Texts as vectors",
    "fill-mask": "What stands under the mask",
    "zero-shot-classification": "Labels that nobody trained",
    "token-classification": "Names in a text",
    "question-answering": "The answer in a text",
    "summarization": "A summary",
    "translation": "A translation",
    "text2text-generation": "A text from a text",
}


def pipeline_receipts(result: PipelineResult) -> tuple[Receipt, ...]:
    """The answer by ``pipeline()`` alone, where transformers has that pipeline, and step by step."""
    words = _words(result)
    title = _TITLES[result.request.task]
    steps = Receipt(f"{title} step by step", _head(result.pretrained) + _steps(result).format(**words))
    if result.removed:
        return (steps,)
    return Receipt(f"{title} with the pipeline", _one_line(result, words)), steps


def _one_line(result: PipelineResult, words: dict[str, Any]) -> str:
    held, task = result.pretrained, result.request.task
    imports = "pipeline" + (", BitsAndBytesConfig" if held.quantized else "")
    options = f"model_kwargs=dict({held.options()})" if held.quantized else held.options()
    if held.device == "cpu" and not held.quantized:
        options += ', device="cpu"'
    head = _HEAD.format(model=held.model_lines(), imports=imports)
    made = _PIPE.format(task=task, options=options, rounding=held.rounding("pipe.model"), max_length=result.max_length)
    return head + made + _CALLS[task].format(**words)


def _head(held: Pretrained) -> str:
    names = [held.auto_class, "AutoTokenizer", *(["BitsAndBytesConfig"] if held.quantized else [])]
    head = _HEAD.format(model=held.model_lines(), imports=", ".join(names))
    return f"{head}tokenizer = {held.tokenizer_code()}\nmodel = {held.code()}.eval()\n"


def _steps(result: PipelineResult) -> str:
    if result.request.task in SEQ2SEQ:
        return steps_code.SEQ2SEQ
    if result.request.task == "token-classification":
        return steps_code.tokens(str(result.request.option("aggregation_strategy")))
    return steps_code.STEPS[result.request.task]


def _words(result: PipelineResult) -> dict[str, Any]:
    """What the templates are filled with."""
    request, answer = result.request, result.answer
    words: dict[str, Any] = {"as_json": AS_JSON, "max_length": result.max_length, "text": literal(request.text)}
    if request.task == "feature-extraction":
        words["texts"] = literal([request.text, *(request.texts or ())])
    elif isinstance(answer, FillMaskAnswer):
        words |= _of_masks(request, result, answer)
    elif isinstance(answer, ZeroShotAnswer):
        words |= _of_labels(request, answer)
    elif request.task == "token-classification":
        words["strategy"] = literal(request.option("aggregation_strategy"))
        words["stride"] = "" if request.stride is None else f", stride={request.stride}"
        overflow = f"return_overflowing_tokens=True, stride={request.stride}, "
        words["overflow"] = "" if request.stride is None else overflow
    elif request.task == "question-answering":
        words |= {name: request.option(name) for name in ("max_answer_len", "top_k")}
        words["question"] = literal(str(request.question).strip())
        words["max_seq_len"] = min(request.option("max_seq_len"), result.max_length)
        words["doc_stride"] = request.option("doc_stride")
    elif isinstance(answer, Seq2SeqAnswer):
        words["text"] = literal(answer.prefix + request.text)
        words["max_new_tokens"] = request.option("max_new_tokens")
    return words


def _of_masks(request: PipelineRequest, result: PipelineResult, answer: FillMaskAnswer) -> dict[str, Any]:
    """The text has the model's own mask, which the sequence of tokens shows."""
    position = answer.masks[0].position
    mask = result.passes[0].tokens[position].token
    text = request.text if mask in request.text else request.text.replace("[MASK]", mask).replace("<mask>", mask)
    targets = list(request.targets or ())
    return {
        "text": literal(text),
        "top_k": request.option("top_k"),
        "targets": f", targets={literal(targets)}" if targets else "",
        "allowed": steps_code.ALLOWED.format(targets=literal(targets)) if targets else "",
    }


def _of_labels(request: PipelineRequest, answer: ZeroShotAnswer) -> dict[str, Any]:
    alone = answer.contradiction_id is not None
    softmax = steps_code.ALONE if alone else steps_code.TOGETHER
    return {
        "labels": literal([one.label for one in answer.labels]),
        "template": literal(request.option("hypothesis_template")),
        "multi_label": bool(request.option("multi_label")),
        "entailment": answer.entailment_id,
        "softmax": softmax.format(contradiction=answer.contradiction_id, entailment=answer.entailment_id),
    }
