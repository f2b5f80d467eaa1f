"""Receipts of the questions why and what if: attributions, and labels without some tokens, with plain transformers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from playground.classification.receipt import FUNCTIONS, loaded_as
from playground.classification.result import AttributeResult, ClassifierInfo, PerturbResult
from playground.receipt import AS_JSON, Receipt, literal

_HEAD = """\
{model}

{numpy}import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer{imports}

tokenizer = {tokenizer}
model = AutoModelForSequenceClassification.from_pretrained(MODEL, {options}){place}.eval()
{renamed}
# %% The text
inputs = tokenizer({arguments}, truncation=True, max_length={max_length}, return_tensors="pt").to(model.device)
tokens = tokenizer.convert_ids_to_tokens(inputs["input_ids"][0])
"""

_WHY = """
# %% What is explained: one logit, against the same text without words
label_id = {label_id}  # {label}
positions = {positions}  # the tokens of the text, without special ones
rest = {{name: value for name, value in inputs.items() if name != "input_ids"}}
ids = inputs["input_ids"]
neutral = ids.clone()
neutral[0, positions] = {neutral_id}  # {neutral}: "no word here"


def logit(ids):
    with torch.inference_mode():
        return model(input_ids=ids, **rest).logits[0, label_id].item()


print(f"logit {{logit(ids):.4f}}, with every token neutral {{logit(neutral):.4f}}")
found = {{}}
"""

_GRADIENTS = """
# %% Gradients
embed = model.get_input_embeddings()
with torch.no_grad():
    start, end = embed(neutral), embed(ids)


def gradient(embeddings):
    embeddings = embeddings.detach().requires_grad_()
    logits = model(inputs_embeds=embeddings, **rest).logits
    return torch.autograd.grad(logits[0, label_id], embeddings)[0]

"""

_METHODS = {
    "integrated_gradients": """
# %% Integrated gradients: gradients on the straight way from the neutral text to this one, added up
nodes, weights = numpy.polynomial.legendre.leggauss({n_steps})
added = sum(w / 2 * gradient(start + (1 + x) / 2 * (end - start)) for x, w in zip(nodes.tolist(), weights.tolist()))
found["integrated_gradients"] = (added * (end - start))[0].sum(-1).tolist()
""",
    "occlusion": """
# %% Occlusion: the logit minus the logit with this one token made neutral
found["occlusion"] = [0.0] * len(tokens)
for n in positions:
    without = ids.clone()
    without[0, n] = {neutral_id}
    found["occlusion"][n] = logit(ids) - logit(without)
""",
    "gradient_x_input": """
# %% Gradient x input: one gradient, at the text itself
found["gradient_x_input"] = (gradient(end) * end)[0].sum(-1).tolist()
""",
}

_WHY_END = """
# %% Side by side
print(" " * 20, *(f"{{name:>22}}" for name in found))
for n, token in enumerate(tokens):
    print(f"{{token:20}}", *(f"{{values[n]:22.4f}}" for values in found.values()))

{as_json}
print(json.dumps(found))
"""

_WHAT_IF = """
# %% Without some tokens
positions = {positions}
changed = {{name: value.clone() for name, value in inputs.items()}}
{change}

# %% The labels before and after
def probabilities(inputs):
    with torch.inference_mode():
        logits = model(**inputs).logits[0].float()
    return ({function}).tolist()


before, after = probabilities(inputs), probabilities(changed)
print("Changed:", *(tokens[n] for n in positions))
for label_id, label in model.config.id2label.items():
    print(f"{{label:20}} {{before[label_id]:.4f}} -> {{after[label_id]:.4f}}")

{as_json}
print(json.dumps([before, after]))
"""
_MASK = """changed["input_ids"][0, positions] = {neutral_id}  # {neutral}
"""
_DELETE = """kept = [n for n in range(len(tokens)) if n not in positions]
changed = {name: value[:, kept] for name, value in changed.items()}
"""


def attribution_receipt(result: AttributeResult) -> Receipt:
    """The values of every method that answered; of a model that reads the text twice, without the gradients."""
    names = [one.method for one in result.methods if one.method == "occlusion" or not result.encoder_decoder]
    gradients = any(name != "occlusion" for name in names)
    words = {
        "label_id": result.label_id,
        "label": literal(result.label),
        "positions": [n for n, token in enumerate(result.tokens) if not token.special],
        "neutral_id": _id_of(result.neutral_token),
        "neutral": literal(result.neutral_token),
        "n_steps": result.request.n_steps,
    }
    parts = [_WHY.format(**words), _GRADIENTS if gradients else "", *(_METHODS[name].format(**words) for name in names)]
    if result.encoder_decoder:
        parts.append("# Gradients are left out: an encoder-decoder reads its text in two places.\n")
    parts.append(_WHY_END.format(as_json=AS_JSON))
    request = result.request
    head = _head(result.info, [request.text, request.text_pair], "import numpy\n" if gradients else "")
    return Receipt("Why this label", head + "".join(parts))


def perturb_receipt(result: PerturbResult) -> Receipt:
    """The probabilities before and after some tokens were masked or deleted."""
    text = result.request.request
    masked = _MASK.format(neutral_id=_id_of(result.neutral_token), neutral=literal(result.neutral_token))
    code = _WHAT_IF.format(
        positions=sorted(result.request.positions),
        change=masked if result.request.action == "mask" else _DELETE,
        as_json=AS_JSON,
        function=FUNCTIONS[result.info.function_to_apply].split("  #")[0],
    )
    return Receipt("What if a token were not there", _head(result.info, [text.text, text.text_pair]) + code)


def _id_of(token: str) -> str:
    return f"tokenizer.convert_tokens_to_ids({literal(token)})"


def _head(info: ClassifierInfo, texts: Sequence[str | None], numpy: str = "") -> str:
    held = info.pretrained
    shared: dict[str, Any] = loaded_as(info, "model.config")
    return _HEAD.format(
        **shared,
        numpy=numpy,
        tokenizer=held.tokenizer_code(),
        options=held.options(),
        place='.to("cpu")' if held.device == "cpu" and not held.quantized else "",
        arguments=", ".join(literal(text) for text in texts if text),
    )
