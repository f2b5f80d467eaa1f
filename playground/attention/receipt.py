"""The receipt for attention: the weights of one head with plain transformers, and the same summary of it."""

from __future__ import annotations

from playground.attention.result import AttentionResult
from playground.receipt import Receipt, literal

_TITLES = {"self": "Self-attention", "encoder": "Encoder attention", "decoder": "Decoder attention"}


def attention_receipt(
    result: AttentionResult, auto_class: str, source: str, kind: str, layer: int | None, head: int | None
) -> Receipt:
    """Python that prints, as JSON, the five largest weights of a head and its entropy.

    ``source`` is what ``from_pretrained`` gets; a layer or head of None stands for the average over all of them.
    """
    stack = result.stack(kind)
    name = {"self": "attentions"}.get(stack.kind, f"{stack.kind}_attentions")
    lines = [
        "import json",
        "",
        "import torch",
        f"from transformers import {auto_class}, AutoTokenizer",
        "",
        f"MODEL = {literal(source)}",
        "tokenizer = AutoTokenizer.from_pretrained(MODEL)",
        "# Only eager attention writes its weights down; the faster sdpa never does.",
        f'model = {auto_class}.from_pretrained(MODEL, attn_implementation="eager", dtype=torch.{result.dtype}).eval()',
        "",
        *_inputs(result),
        "with torch.no_grad():",
        f"    outputs = model(**inputs, {_decoder_argument(result)}output_attentions=True)",
        "",
        f"attentions = torch.stack(outputs.{name})[:, 0].float()  # layer, head, query, key",
        f"weights = {_chosen(layer, head)}",
        "",
        f"queries = tokenizer.convert_ids_to_tokens({_query_ids(stack.kind)})",
        f"keys = tokenizer.convert_ids_to_tokens({_key_ids(stack.kind)})",
        "best = weights.flatten().topk(min(5, weights.numel())).indices.tolist()",
        "pairs = [divmod(index, len(keys)) for index in best]",
        'largest = [{"query": queries[q], "key": keys[k], "weight": weights[q, k].item()} for q, k in pairs]',
        f"entropy = torch.special.entr({_real_rows(stack.kind)}).sum(-1).mean().item()  # nats",
        'print(json.dumps({"shape": list(attentions.shape), "largest": largest, "entropy_nats": entropy}))',
    ]
    title = f"{_TITLES.get(stack.kind, 'Cross-attention')} of {result.request.model_id.rpartition('/')[2]}"
    return Receipt(title, "\n".join(lines) + "\n")


_ENCODER_IDS = 'inputs["input_ids"][0]'


def _inputs(result: AttentionResult) -> list[str]:
    """The lines that make the model's inputs."""
    request = result.request
    is_decoded = len(result.stacks) > 1
    texts = [request.text] + [request.second_text] * (bool(request.second_text.strip()) and not is_decoded)
    length = result.tokens_shown + request.padding
    padding = ', padding="max_length"' if request.padding else ""
    lines = ["if tokenizer.pad_token is None:", "    tokenizer.pad_token = tokenizer.eos_token"] if padding else []
    given = ", ".join(literal(text) for text in texts)
    lines.append(f'inputs = tokenizer({given}, truncation=True, max_length={length}{padding}, return_tensors="pt")')
    if request.attention_mask is not None:
        lines.append(f'inputs["attention_mask"] = torch.tensor([{list(request.attention_mask)}])')
    return lines + (_decoder_lines(result) if is_decoded else [])


def _decoder_lines(result: AttentionResult) -> list[str]:
    """The lines that make what the decoder reads: the target shifted right, or what the model writes."""
    length = len(result.stack("decoder").queries)
    unused = 'inputs.pop("token_type_ids", None)  # some tokenizers return them, no encoder-decoder model takes them'
    if result.written is None:
        text = literal(result.request.second_text)
        return [
            unused,
            f"target = tokenizer(text_target={text}, truncation=True, max_length={length})['input_ids']",
            "decoder_input_ids = torch.tensor([[model.config.decoder_start_token_id, *target[:-1]]])",
        ]
    return [
        unused,
        f"written = model.generate(**inputs, max_new_tokens={max(1, length)}, do_sample=False, num_beams=1)",
        f"decoder_input_ids = written[:, :{length}]",
    ]


def _decoder_argument(result: AttentionResult) -> str:
    return "decoder_input_ids=decoder_input_ids, " if len(result.stacks) > 1 else ""


def _chosen(layer: int | None, head: int | None) -> str:
    """The expression for one head, or the average that None stands for."""
    axes = [axis for axis, index in ((0, layer), (1, head)) if index is None]
    index = ", ".join(":" if position is None else str(position) for position in (layer, head))
    if not axes:
        return f"attentions[{index}]"
    kept = f"attentions[{index}]" if len(axes) == 1 else "attentions"
    return f"{kept}.mean({'dim=(0, 1)' if len(axes) == 2 else 'dim=0'})"


def _query_ids(kind: str) -> str:
    return "decoder_input_ids[0]" if kind in ("decoder", "cross") else _ENCODER_IDS


def _key_ids(kind: str) -> str:
    return "decoder_input_ids[0]" if kind == "decoder" else _ENCODER_IDS


def _real_rows(kind: str) -> str:
    return "weights" if kind in ("decoder", "cross") else 'weights[inputs["attention_mask"][0].bool()]'
