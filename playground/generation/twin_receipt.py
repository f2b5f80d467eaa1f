"""The receipt of the twin: both models, the same tokens, the divergence at each, and what each writes by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playground.generation.processors import generate_options, overrides, read_generation_config
from playground.generation.request import TASK, GenerateRequest
from playground.receipt import AS_JSON, Receipt, literal

if TYPE_CHECKING:
    from playground.generation.result import TwinResult, TwinSide
    from playground.models.manager import ModelManager
    from playground.models.pretrained import Pretrained

_HEAD = """\
{lines}

import torch
from transformers import {imports}

tokenizer = {tokenizer}
first = {first}.eval()
{between}second = {second}.eval()

# %% Both read the same tokens
text = {text}
input_ids = tokenizer(text, return_tensors="pt").input_ids
following = input_ids[0, 1:]


def read(model):
    with torch.inference_mode():
        logits = model(input_ids.to(model.device), use_cache=False).logits[0, :-1]
    return logits.double().log_softmax(-1).cpu()


p, q = read(first), read(second)
kl_divergence = (p.exp() * (p - q)).sum(-1)
probability, other = (one.gather(-1, following[:, None]).squeeze(-1).exp() for one in (p, q))
changed = p.argmax(-1) != q.argmax(-1)
for token, *numbers in zip(tokenizer.convert_ids_to_tokens(following), kl_divergence, probability, other, changed):
    print(f"{{token:16}} KL {{numbers[0]:.5f}}  p {{numbers[1]:.4f}}  q {{numbers[2]:.4f}}", "*" * bool(numbers[3]))
found = {{
    "kl_divergence": kl_divergence.tolist(),
    "probability": probability.tolist(),
    "other_probability": other.tolist(),
    "changed": changed.tolist(),
    "perplexity": [one.log().mean().neg().exp().item() for one in (probability, other)],
}}
"""
_REPLY = """\

# %% Each goes on by itself
def go_on(model):
    given = input_ids.to(model.device)
    with torch.inference_mode():
        output = model.generate(
            given,
            attention_mask=torch.ones_like(given),
{settings}
        )
    return output[0, given.shape[1] :].tolist()


found["replies"] = [go_on(first), go_on(second)]
for reply in found["replies"]:
    print(tokenizer.decode(reply, skip_special_tokens=True))
"""


def twin_receipt(manager: ModelManager, result: TwinResult) -> Receipt:
    """The numbers and the replies of a twin, by plain transformers; both models are held as the run held them."""
    sides = (result.first, result.second)
    held = [manager.pretrained(side.model_id, TASK, side.quantization) for side in sides]
    imports = ["AutoModelForCausalLM", "AutoTokenizer"]
    imports += ["BitsAndBytesConfig"] if any(one.quantized for one in held) else []
    lines, between = _sources(*held)
    code = _HEAD.format(
        lines=lines,
        imports=", ".join(imports),
        tokenizer=held[0].tokenizer_code(),
        first=held[0].code(),
        between=between,
        second=held[1].code(),
        text=literal(result.request.text),
    )
    if result.request.max_new_tokens:
        code += _REPLY.format(settings=_settings(manager, result, sides[0]))
    return Receipt("Two models on one text", f"{code}\n{AS_JSON}\nprint(json.dumps(found))\n")


def _sources(first: Pretrained, second: Pretrained) -> tuple[str, str]:
    """What stands above the first model, and what between the two: nothing is said twice, and no heading either."""
    functions = second.functions if second.functions != first.functions else ""
    if first.source_lines() == second.source_lines():
        return first.model_lines(), f"{functions}\n\n" if functions else ""
    one, two = (
        lines.replace("# %% The model", f"# %% The {number} model", 1)
        for number, lines in (("first", first.model_lines()), ("second", second.source_lines()))
    )
    return one, f"\n{two}\n{functions}\n"


def _settings(manager: ModelManager, result: TwinResult, side: TwinSide) -> str:
    """What ``model.generate`` gets: always the most probable token, whatever the model's own config says."""
    asked = GenerateRequest(result.request.text, max_new_tokens=result.request.max_new_tokens)
    own = read_generation_config(manager.folder(manager.spec(side.model_id, TASK)))
    settings = generate_options(asked, asked.max_new_tokens) | overrides(own)
    return "\n".join(f"            {name}={value!r}," for name, value in settings.items())
