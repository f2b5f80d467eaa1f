"""Receipts of generation: the run as one call of ``model.generate``, which gives the token ids of the page."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from playground.generation.processors import generate_options, overrides, read_generation_config
from playground.generation.prompts import read_as_text
from playground.generation.request import TASK
from playground.generation.side_by_side import SHOW
from playground.receipt import AS_JSON, Receipt, literal

if TYPE_CHECKING:
    from transformers import GenerationConfig

    from playground.generation.events import Finished
    from playground.generation.request import GenerateRequest
    from playground.models.manager import ModelManager
    from playground.models.pretrained import Pretrained

_HEAD = """\
{lines}

import torch
from transformers import {imports}

tokenizer = {tokenizer}
model = {model}.eval()

# %% The prompt
{prompt}
"""

_CHOSEN = """\

# %% The tokens that the reply begins with
chosen = {chosen}


class Chosen(LogitsProcessor):
    def __call__(self, ids, scores):
        place = ids.shape[1] - input_ids.shape[1]
        if place < len(chosen):
            scores = torch.full_like(scores, -float("inf"))
            scores[:, chosen[place]] = 0
        return scores

"""

_GENERATE = """\

# %% The reply
torch.manual_seed({seed})
with torch.inference_mode():
    output = model.generate(
        input_ids,
        attention_mask=torch.ones_like(input_ids),
{settings}
    )
reply = output[0, input_ids.shape[1] :].tolist()

{show}

{as_json}
print(json.dumps({{"token_ids": reply}}))
"""


def receipt_of(manager: ModelManager, request: GenerateRequest, finished: Finished | None = None) -> Receipt:
    """The receipt of a run on this machine; see `generation_receipt`."""
    spec = manager.spec(request.model_id, TASK)
    run = manager.pretrained(spec.id, TASK, request.quantization)
    ids = read_as_text(request, manager.tokenizer(spec.id))
    own_config = read_generation_config(manager.folder(spec))
    return generation_receipt(replace(request, model_id=spec.id), run, finished, ids, own_config)


def generation_receipt(
    request: GenerateRequest,
    run: Pretrained,
    finished: Finished | None = None,
    prompt_ids: tuple[int, ...] | None = None,
    own_config: GenerationConfig | None = None,
) -> Receipt:
    """The token ids of a reply, by plain transformers.

    ``run`` is how the page held the model. ``finished`` cuts the run where the page's ended (the context was full,
    others waited, or Stop was pressed). ``prompt_ids`` are written out for prompts that no tokenizer call gives:
    special tokens read as text. ``own_config`` is what comes with the model as ``generation_config.json``: what the
    page doesn't do of it is switched off.
    """
    most = request.max_new_tokens
    if finished is not None:
        most = finished.max_new_tokens or most
        most = max(1, len(finished.token_ids)) if finished.reason == "stopped" else most
    head = _HEAD.format(
        imports=", ".join(_imports(request, run)),
        tokenizer=run.tokenizer_code(),
        model=run.code(),
        lines=run.model_lines(),
        prompt=_prompt(request, prompt_ids),
    )
    chosen = _CHOSEN.format(chosen=list(request.prefix_token_ids)) if request.prefix_token_ids else ""
    settings = {name: repr(value) for name, value in generate_options(request, most).items()}
    settings |= _around(request, own_config, finished is None or finished.use_cache)
    lines = "\n".join(f"        {name}={value}," for name, value in settings.items())
    reply = _GENERATE.format(seed=request.seed, settings=lines, show=SHOW, as_json=AS_JSON)
    return Receipt("Generation", head + chosen + reply)


def _around(request: GenerateRequest, own_config: GenerationConfig | None, use_cache: bool) -> dict[str, str]:
    """What ``model.generate`` gets beside the settings of choosing.

    Prompt lookup only makes it quicker: it needs a cache, and looks for stop strings only after each round of guesses.
    """
    stops = bool(request.stop_strings or getattr(own_config, "stop_strings", None))
    settings: dict[str, str] = {} if use_cache else {"use_cache": "False"}
    if request.stop_strings:
        settings["stop_strings"] = f"[{', '.join(literal(one) for one in request.stop_strings)}]"
    if stops:
        settings["tokenizer"] = "tokenizer"
    if request.prefix_token_ids:
        settings["logits_processor"] = "[Chosen()]"
    elif request.prompt_lookup_num_tokens and use_cache and not stops:
        settings["prompt_lookup_num_tokens"] = repr(request.prompt_lookup_num_tokens)
    return settings | {name: repr(value) for name, value in overrides(own_config).items() if name not in settings}


def _prompt(request: GenerateRequest, prompt_ids: tuple[int, ...] | None) -> str:
    """The lines that make ``input_ids``."""
    if request.split_special_tokens and prompt_ids is not None:
        ids = f"input_ids = torch.tensor([{list(prompt_ids)}], device=model.device)"
        return f"# special tokens that were typed are read as plain text\n{ids}"
    if request.messages:
        turns = "".join(
            f'    {{"role": {literal(one.role)}, "content": {literal(one.content)}}},\n' for one in request.messages
        )
        return (
            f"messages = [\n{turns}]\n"
            "prompt = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)\n"
            'input_ids = tokenizer(prompt, add_special_tokens=False, return_tensors="pt").input_ids.to(model.device)'
        )
    if not request.prompt:
        return "input_ids = torch.tensor([[tokenizer.bos_token_id]], device=model.device)"
    return (
        f"prompt = {literal(request.prompt)}\n"
        'input_ids = tokenizer(prompt, return_tensors="pt").input_ids.to(model.device)'
    )


def _imports(request: GenerateRequest, run: Pretrained) -> list[str]:
    names = ["AutoModelForCausalLM", "AutoTokenizer"]
    names += ["BitsAndBytesConfig"] if run.quantized else []
    return names + (["LogitsProcessor"] if request.prefix_token_ids else [])
