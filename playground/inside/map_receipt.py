"""The receipt of a whole model: its sizes, a text through its blocks and one head, with plain transformers."""

from __future__ import annotations

from playground.inside.map_result import HeadUnrolled, ModelMapResult
from playground.inside.receipt import head_lines
from playground.models.pretrained import FAST_8_BIT
from playground.receipt import AS_JSON, Receipt

_SIZES = """
# %% What it is made of
print(model)
parameters = sum(one.numel() for one in model.parameters())  # tied weights are one parameter
size = model.get_memory_footprint()  # its buffers too{quantized}
print(f"{{parameters:,}} parameters, {{size:,}} bytes")
numbers = {{"parameters": parameters, "bytes": size}}
"""
_TEXT = """
# %% A text through it: how long the vectors are after each block, at each token
inputs = {{{inputs}}}
norms = {{}}


def note(name):
    def hook(module, given, output):
        state = output[0] if isinstance(output, tuple) else output
        norms.setdefault(name, state[0].float().norm(dim=-1).tolist())
    return hook


for name in {blocks}:
    model.get_submodule(name).register_forward_hook(note(name))

# Torch's own attention, watched: what enters it is what the model makes of its text, positions and all.
attend, calls = torch.nn.functional.scaled_dot_product_attention, []


def watched(query, key, value, attn_mask=None, dropout_p=0.0, is_causal=False, scale=None, **options):
    calls.append((query, key, value, attn_mask, is_causal, scale))
    return attend(query, key, value, attn_mask, dropout_p, is_causal, scale=scale, **options)


torch.nn.functional.scaled_dot_product_attention = watched
with torch.no_grad():
    model(**{{name: torch.tensor([ids], device=model.device) for name, ids in inputs.items()}})
torch.nn.functional.scaled_dot_product_attention = attend
for name, each in norms.items():
    print(f"{{name:24}}", *(f"{{one:8.2f}}" for one in each[:8]))
numbers["norms"] = norms
"""
_HEAD = """
# %% One head for one token: {attention}, head {head}, token {position}
query, key, value, mask, is_causal, scale = calls[{place}]
q = query[0, {head}, {position}].float()
shared = {head} * key.shape[1] // query.shape[1]  # fewer heads of keys than of queries: some share one
k, v = key[0, shared].float(), value[0, shared].float()
products = k @ q
scores = products * ({scaling})
if mask is not None and mask.dtype == torch.bool:
    scores = scores.masked_fill(~mask.expand(*query.shape[:2], -1, -1)[0, {head}, {position}], -torch.inf)
elif mask is not None:  # a bias of position, or what stands for "not to be read"
    scores = scores + mask.expand(*query.shape[:2], -1, -1)[0, {head}, {position}]
if is_causal:
    scores[{position} + 1 :] = -torch.inf
weights = scores.softmax(-1)
output = weights @ v
for place, (product, weight) in enumerate(zip(products, weights)):
    print(f"token {{place:3}}: q·k {{product:9.3f}}  weight {{weight:.3f}}")
numbers["head"] = {{"query": q, "products": products, "weights": weights, "output": output}}
numbers["head"] = {{name: one.tolist() for name, one in numbers["head"].items()}}
"""


def model_map_receipt(result: ModelMapResult) -> Receipt:
    """Python that prints, as JSON, parameters and bytes, the norm after each block and the unrolled head."""
    quantized = "; not the scales of its quantized weights" if result.pretrained.quantized else ""
    if result.pretrained.quantization == FAST_8_BIT:
        quantized = "; of rounded floats here, which fast-8-bit holds in a byte each, beside their scales"
    code = head_lines(result.pretrained) + _SIZES.format(quantized=quantized)
    if result.tokens:
        code += _TEXT.format(inputs=_inputs(result), blocks=blocks_of(result))
    if result.head:
        code += _head(result, result.head)
    code += f"\n{AS_JSON}print(json.dumps(numbers))\n"
    return Receipt(f"The whole of {result.request.model_id.rpartition('/')[2]}", code)


def blocks_of(result: ModelMapResult) -> list[str]:
    """The names of all blocks that ran."""
    ran = {one.name for one in result.states}
    return [part.name for part in result.parts if part.kind == "block" and part.name in ran]


def _inputs(result: ModelMapResult) -> str:
    given = {"input_ids": result.tokens, "decoder_input_ids": result.decoder_tokens}
    if result.decoder_reads == "input" and "ForSequenceClassification" in result.model_class:
        del given["decoder_input_ids"]  # which it takes itself
    return ", ".join(f'"{name}": {[one.token_id for one in tokens]}' for name, tokens in given.items() if tokens)


def _head(result: ModelMapResult, head: HeadUnrolled) -> str:
    return _HEAD.format(
        attention=head.attention.name,
        head=head.head,
        position=head.position,
        place=result.attentions.index(head.attention),
        scaling="scale if scale is not None else q.shape[0] ** -0.5",
    )
