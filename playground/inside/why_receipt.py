"""The receipt of "why this token": the same attributions with plain transformers."""

from __future__ import annotations

from playground.inside.receipt import head_lines
from playground.inside.result import AttributeNextResult
from playground.receipt import AS_JSON, Receipt, literal

_TEXT = """
# %% What is explained: the logit of one next token{rather}
ids = {ids}
token_id = {token_id}  # {token}
{contrast}first = {first}  # the first token that is explained
kept = {kept}  # special tokens and those before: they stay as they are


def explained(logits):
    return {explained}


def score(ids):
    with torch.no_grad():
        logits = model(torch.tensor([ids], device=model.device)).logits
    return explained(logits[:, -1].float()).item()


print(repr(tokenizer.decode(ids)), "->", repr(tokenizer.decode(token_id)), f"{{score(ids):.4f}}")
found = {{}}
"""
_GRADIENTS = """
# %% Gradients with respect to the embeddings
embed = model.get_input_embeddings()
with torch.no_grad():
    end = embed(torch.tensor([ids], device=model.device))


def gradient(embeddings):
    embeddings = embeddings.detach().requires_grad_()
    logits = model(inputs_embeds=embeddings).logits[:, -1].float()
    return torch.autograd.grad(explained(logits).sum(), embeddings)[0]

"""
_METHODS = {
    "gradient_x_input": """
# %% Gradient x input: one gradient, at the text itself
found["gradient_x_input"] = (gradient(end) * end)[0].sum(-1).tolist()
""",
    "integrated_gradients": """
# %% Integrated gradients: gradients on the straight way from a text of empty tokens to this one, added up
# Empty: the average of all embeddings. The first token stays: many heads rest on it.
empty = [n for n in range(1, len(ids)) if n not in kept]
start = end.clone()
average = embed.weight.float().mean(0)
scale = end[0, 0].float().norm() / embed.weight[ids[0]].float().norm()  # some models scale what they look up
start[0, empty] = (average * scale).to(start.dtype)
nodes, weights = numpy.polynomial.legendre.leggauss({n_steps})
added = sum(w / 2 * gradient(start + (1 + x) / 2 * (end - start)) for x, w in zip(nodes.tolist(), weights.tolist()))
found["integrated_gradients"] = (added * (end - start))[0].sum(-1).tolist()
with torch.no_grad():
    begin = explained(model(inputs_embeds=start).logits[:, -1].float()).item()
delta = sum(found["integrated_gradients"]) - (score(ids) - begin)
print(f"They add up to the difference to the empty text, but for {{delta:.4f}}")
""",
    "occlusion": """
# %% Occlusion: what is lost without this one token
found["occlusion"] = [0.0] * len(ids)
for n in range(len(ids)):
    if n not in kept and len(ids) > 1:
        found["occlusion"][n] = score(ids) - score(ids[:n] + ids[n + 1 :])
""",
}
_END = """
# %% Side by side
print(" " * 16, *(f"{{name:>20}}" for name in found))
for n in range(first, len(ids)):
    print(f"{{tokenizer.decode(ids[n])!r:16}}", *(f"{{values[n]:20.4f}}" for values in found.values()))

{as_json}
print(json.dumps({{name: values[first:] for name, values in found.items()}}))
"""


def attribute_next_receipt(result: AttributeNextResult) -> Receipt:
    """Python that prints, as JSON, each method's values of the tokens that are explained."""
    names = [one.method for one in result.methods]
    first, contrast = result.first_covered, result.contrast
    kept = [n for n, token in enumerate(result.tokens) if n < first or token.special]
    own = "logits[:, token_id]"
    words = {
        "rather": ", minus that of another" if contrast else "",
        "ids": [one.token_id for one in result.tokens],
        "token_id": result.target.token_id,
        "token": literal(result.target.piece),
        "contrast": f"contrast_id = {contrast.token_id}  # {literal(contrast.piece)}\n" if contrast else "",
        "first": first,
        "kept": kept,
        "explained": f"{own} - logits[:, contrast_id]" if contrast else own,
        "n_steps": result.request.n_steps,
        "as_json": AS_JSON,
    }
    gradients = any(name != "occlusion" for name in names)
    parts = [_TEXT, _GRADIENTS if gradients else "", *(_METHODS[name] for name in names), _END]
    head = head_lines(result.pretrained)
    if "integrated_gradients" in names:
        head = head.replace("import torch\n", "import numpy\nimport torch\n", 1)
    return Receipt("Why this token", head + "".join(part.format(**words) for part in parts))
