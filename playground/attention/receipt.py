"""The receipt for attention: the weights of one head with plain transformers, and the same summary of it."""

from __future__ import annotations

from playground.attention.result import AttentionResult
from playground.receipt import AS_JSON, Receipt, literal

_TITLES = {"self": "Self-attention", "encoder": "Encoder attention", "decoder": "Decoder attention"}
_TAIL = """\
# %% Where most of the attention goes
queries = tokenizer.convert_ids_to_tokens({queries})
keys = tokenizer.convert_ids_to_tokens({keys})
best = weights.flatten().topk(min(5, weights.numel())).indices.tolist()
pairs = [divmod(index, len(keys)) for index in best]
for q, k in pairs:
    print(f"{{queries[q]}} looks at {{keys[k]}} with {{weights[q, k]:.1%}} of its attention")
entropy = torch.special.entr({real}).sum(-1).mean().item()
print(f"entropy of a row, the mean of all: {{entropy:.3f}} nats")
print(f"0 would be all attention on one token, {{math.log(len(keys)):.3f}} the same on each of {{len(keys)}}")

{as_json}
largest = [{{"query": queries[q], "key": keys[k], "weight": weights[q, k].item()}} for q, k in pairs]
print(json.dumps({{"shape": list(attentions.shape), "largest": largest, "entropy_nats": entropy}}))
"""


def attention_receipt(result: AttentionResult, kind: str, layer: int | None, head: int | None) -> Receipt:
    """Python that prints, as JSON, the five largest weights of a head and its entropy.

    A layer or head of None stands for the average over all of them.
    """
    stack, pretrained = result.stack(kind), result.pretrained
    scores = ".softmax(-1)  # this model returns the scores before it;" if stack.from_scores else "  #"
    classes = [pretrained.auto_class, "AutoTokenizer", *(["BitsAndBytesConfig"] if pretrained.quantized else [])]
    lines = [
        pretrained.model_lines(),
        "",
        "import math",
        "",
        "import torch",
        f"from transformers import {', '.join(classes)}",
        "",
        f"tokenizer = {pretrained.tokenizer_code()}",
        "# Only eager attention writes its weights down; the faster sdpa never does.",
        f'model = {pretrained.auto_class}.from_pretrained(MODEL, attn_implementation="eager", {pretrained.options()})',
        f"model = {pretrained.rounded('model')}.eval()",
        "",
        "# %% A text through the model",
        *_inputs(result),
        "with torch.no_grad():",
        f"    outputs = model(**inputs, {_decoder_argument(result)}output_attentions=True)",
        "",
        f"attentions = torch.stack(outputs.{stack.output})[:, 0].float().cpu(){scores} layer, head, query, key",
        f"weights = {_chosen(layer, head)}",
        "",
        _TAIL.format(
            queries=_query_ids(stack.kind), keys=_key_ids(stack.kind), real=_real_rows(stack.kind), as_json=AS_JSON
        ),
    ]
    title = f"{_TITLES.get(stack.kind, 'Cross-attention')} of {result.request.model_id.rpartition('/')[2]}"
    return Receipt(title, "\n".join(lines))


_ENCODER_IDS = 'inputs["input_ids"][0]'


def _inputs(result: AttentionResult) -> list[str]:
    """The lines that make the model's inputs."""
    request = result.request
    is_pair = bool(request.second_text.strip()) and result.decoder_reads not in ("target", "written")
    given = ", ".join(literal(text) for text in (request.text, request.second_text)[: 1 + is_pair])
    length = result.tokens_shown
    lines = [f'inputs = tokenizer({given}, truncation=True, max_length={length}, return_tensors="pt")']
    lines += _padding_lines(result) if request.padding else []
    if request.attention_mask is not None:
        lines.append(f'inputs["attention_mask"] = torch.tensor([{list(request.attention_mask)}])')
    lines += _decoder_lines(result) if result.decoder_reads else []
    return lines + ([] if result.pretrained.device == "cpu" else ["inputs = inputs.to(model.device)"])


def _padding_lines(result: AttentionResult) -> list[str]:
    """The lines that add padding at the tokenizer's own side."""
    count = result.request.padding
    return [
        f'sides = (0, {count}) if tokenizer.padding_side == "right" else ({count}, 0)',
        f'fill = {{"input_ids": {result.pad_token_id}, "token_type_ids": tokenizer.pad_token_type_id}}',
        "for name, row in inputs.items():",
        "    inputs[name] = torch.nn.functional.pad(row, sides, value=fill.get(name, 0))  # attention_mask: 0",
    ]


def _decoder_lines(result: AttentionResult) -> list[str]:
    """The lines that make what the decoder reads."""
    length = len(result.stack("decoder").queries)
    lines = ['inputs.pop("token_type_ids", None)  # some tokenizers return them, no encoder-decoder model takes them']
    if result.decoder_reads == "target":
        text = literal(result.request.second_text)
        start = result.stack("decoder").queries[0].token_id
        return [
            *lines,
            f"target = tokenizer(text_target={text}, truncation=True, max_length={length})['input_ids']",
            f"decoder_input_ids = torch.tensor([[{start}, *target[:-1]]])",
        ]
    if result.decoder_reads == "input":
        ids = [token.token_id for token in result.stack("decoder").queries]
        return [*lines, f"decoder_input_ids = torch.tensor([{ids}])  # the input, shifted: what the model takes itself"]
    return [
        *lines,
        f"written = model.generate(**inputs, max_new_tokens={max(1, length)}, do_sample=False, num_beams=1)",
        f"decoder_input_ids = written[:, :{length}]",
    ]


def _decoder_argument(result: AttentionResult) -> str:
    if not result.decoder_reads:
        return ""
    device = "" if result.pretrained.device == "cpu" else ".to(model.device)"
    whole = "use_cache=False, " if result.model_type == "fsmt" else ""  # with a cache it reads without a causal mask
    return f"decoder_input_ids=decoder_input_ids{device}, {whole}"


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
    return "weights" if kind in ("decoder", "cross") else 'weights[inputs["attention_mask"][0].bool().cpu()]'
