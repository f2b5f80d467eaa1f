"""Receipts of the generation tab: the run with ``model.generate``, or its loop where tokens were chosen by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playground.receipt import Receipt, literal

if TYPE_CHECKING:
    from playground.generation.events import Finished
    from playground.generation.request import GenerateRequest

_HEAD = """\
import json

import torch
from transformers import {imports}

model_id = {source}
tokenizer = AutoTokenizer.from_pretrained(model_id)
model = AutoModelForCausalLM.from_pretrained(model_id, {options}).eval()

{prompt}
"""

_GENERATE = """\

torch.manual_seed({seed})
with torch.inference_mode():
    output = model.generate(
        input_ids,
        attention_mask=torch.ones_like(input_ids),
{settings}
    )
reply = output[0, input_ids.shape[1] :].tolist()
"""

_LOOP = """\

# The loop inside model.generate, with the first tokens chosen by hand
forced = {forced}
processors = LogitsProcessorList([{processors}])
eos = model.generation_config.eos_token_id
eos = eos if isinstance(eos, list) else [eos]
generator = torch.Generator(model.device).manual_seed({seed})
reply, past_key_values, unread = [], None, input_ids
with torch.inference_mode():
    while len(reply) < {max_new_tokens}:
        output = model(unread, past_key_values=past_key_values, use_cache=True)
        past_key_values = output.past_key_values
        scores = processors(input_ids, output.logits[:, -1].float())
        unread = {choice}
        if len(reply) < len(forced):
            unread = torch.tensor([[forced[len(reply)]]], device=model.device)
        reply.append(unread.item())
        input_ids = torch.cat([input_ids, unread], dim=-1)
        if len(reply) >= len(forced) and {ends}:
            break
"""

_TAIL = """
print(tokenizer.decode(reply, skip_special_tokens=True))
print(json.dumps({"token_ids": reply}))
"""


def generation_receipt(
    request: GenerateRequest,
    source: str,
    finished: Finished | None = None,
    prompt_ids: tuple[int, ...] | None = None,
    dtype: str = "float32",
    device: str = "cpu",
) -> Receipt:
    """The token ids of a reply, by plain transformers.

    ``source`` is what ``from_pretrained`` gets. ``finished`` cuts the run where the page's ended (the context was
    full, or Stop was pressed). ``prompt_ids`` are written out for prompts that no tokenizer call gives: special tokens
    read as text.
    """
    most = request.max_new_tokens
    if finished is not None:
        most = min(most, max(1, finished.context_length - finished.prompt_tokens))
        most = max(1, len(finished.token_ids)) if finished.reason == "stopped" else most
    body = _loop(request, most) if request.prefix_token_ids else _generate(request, most)
    head = _HEAD.format(
        imports=", ".join(_imports(request)),
        source=literal(source) + ("" if source == request.model_id else f"  # {request.model_id}"),
        options=_options(request, dtype, device),
        prompt=_prompt(request, prompt_ids),
    )
    return Receipt("Generation", head + body + _TAIL)


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


def _generate(request: GenerateRequest, most: int) -> str:
    """The call of ``model.generate``."""
    settings = {"max_new_tokens": repr(most), "do_sample": repr(request.do_sample)}
    if request.do_sample:
        settings |= {name: repr(getattr(request, name)) for name in ("temperature", "top_k", "top_p")}
        settings["min_p"] = repr(request.min_p or None)
    settings["repetition_penalty"] = repr(float(request.repetition_penalty))
    if request.num_beams > 1:
        settings |= {"num_beams": repr(request.num_beams), "length_penalty": "1.0", "early_stopping": "False"}
    if request.prompt_lookup_num_tokens:
        settings["prompt_lookup_num_tokens"] = repr(request.prompt_lookup_num_tokens)
    if request.stop_strings:
        stops = ", ".join(literal(one) for one in request.stop_strings)
        settings |= {"stop_strings": f"[{stops}]", "tokenizer": "tokenizer"}
    lines = "\n".join(f"        {name}={value}," for name, value in settings.items())
    return _GENERATE.format(seed=request.seed, settings=lines)


def _loop(request: GenerateRequest, most: int) -> str:
    """The loop of ``model.generate`` with forced tokens."""
    choice = "scores.argmax(-1, keepdim=True)"
    if request.do_sample:
        choice = "torch.multinomial(scores.softmax(-1), num_samples=1, generator=generator)"
    ends = "reply[-1] in eos"
    if request.stop_strings:
        stops = ", ".join(literal(one) for one in request.stop_strings)
        ends = f"(reply[-1] in eos or any(stop in tokenizer.decode(reply) for stop in [{stops}]))"
    return _LOOP.format(
        forced=list(request.prefix_token_ids), processors=", ".join(_processors(request)), seed=request.seed,
        max_new_tokens=most, choice=choice, ends=ends,
    )  # fmt: skip


def _processors(request: GenerateRequest) -> list[str]:
    """The processors as Python, in the order of ``model.generate``."""
    chain = []
    if request.repetition_penalty != 1.0:
        chain.append(f"RepetitionPenaltyLogitsProcessor({float(request.repetition_penalty)})")
    if request.do_sample:
        chain += [f"TemperatureLogitsWarper({float(request.temperature)})"] if request.temperature != 1.0 else []
        chain += [f"TopKLogitsWarper({request.top_k})"] if request.top_k else []
        chain += [f"TopPLogitsWarper({float(request.top_p)})"] if request.top_p < 1.0 else []
        chain += [f"MinPLogitsWarper({float(request.min_p)})"] if request.min_p else []
    return chain


def _imports(request: GenerateRequest) -> list[str]:
    names = ["AutoModelForCausalLM", "AutoTokenizer"]
    if request.quantization in ("8-bit", "4-bit"):
        names.append("BitsAndBytesConfig")
    if request.prefix_token_ids:
        names += ["LogitsProcessorList", *(call.partition("(")[0] for call in _processors(request))]
    return names


def _options(request: GenerateRequest, dtype: str, device: str) -> str:
    """The arguments of ``from_pretrained``."""
    if request.quantization == "8-bit":
        return "quantization_config=BitsAndBytesConfig(load_in_8bit=True)"
    if request.quantization == "4-bit":
        return (
            'quantization_config=BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4", '
            f"bnb_4bit_use_double_quant=True, bnb_4bit_compute_dtype=torch.{dtype})"
        )
    return f"dtype=torch.{dtype}" + ("" if device == "cpu" else f", device_map={device!r}")
