"""The receipt of the logit lens: the same predictions after every layer with plain transformers."""

from __future__ import annotations

from playground.inside.result import LensResult
from playground.models.pretrained import Pretrained
from playground.receipt import AS_JSON, Receipt

_LENS = """
# %% A text through the model
input_ids = torch.tensor([{ids}], device=model.device)
positions = {positions}  # the tokens after which to look
with torch.no_grad():
    outputs = model(input_ids, output_hidden_states=True)
print(repr(tokenizer.decode(input_ids[0])))

# %% What the model would say if a hidden state were what its last layer returns
last = model.get_submodule({last_block!r})


def read_out(state):
    # {formula}, and whatever the model does besides (a soft cap, a scale)
    swap = last.register_forward_hook(lambda _, given, out: (state, *out[1:]) if isinstance(out, tuple) else state)
    with torch.no_grad():
        logits = model(input_ids).logits[0, positions]
    swap.remove()
    return logits.float()


# %% After each layer: the best token; for the last place how probable it is, and the entropy of all
found = []
for layer, state in enumerate(outputs.hidden_states):
    logits = outputs.logits[0, positions].float() if layer == {layers} else read_out(state)
    probabilities = logits.softmax(-1)
    probability, token_id = probabilities.max(-1)
    entropy = torch.special.entr(probabilities).sum(-1)
    found.append({{"token_id": token_id, "probability": probability, "entropy_nats": entropy}})
    print(f"{{layer:3}}", *(repr(tokenizer.decode(one)) for one in token_id[-8:]), end="")
    print(f"   {{probability[-1]:.1%}}, {{entropy[-1]:.2f}} nats")

{as_json}
print(json.dumps([{{name: values.tolist() for name, values in row.items()}} for row in found]))
"""


def lens_receipt(result: LensResult) -> Receipt:
    """Python that prints, as JSON, the best token of each layer and position, its probability and the entropy."""
    norm = "state"
    for name in result.final_norm:
        norm = f"model.{name}({norm})"
    code = _LENS.format(
        ids=[one.token_id for one in result.tokens],
        positions=list(result.positions),
        layers=result.layers,
        last_block=result.last_block,
        formula=f"model.get_output_embeddings()({norm})" if not result.masked else f"the head on {norm}",
        as_json=AS_JSON,
    )
    return Receipt(
        f"Layer by layer through {result.request.model_id.rpartition('/')[2]}", head_lines(result.pretrained) + code
    )


def head_lines(pretrained: Pretrained) -> str:
    """The beginning of a receipt: the model and its tokenizer, loaded as they were for the run."""
    classes = [pretrained.auto_class, "AutoTokenizer", *(["BitsAndBytesConfig"] if pretrained.quantized else [])]
    return "\n".join(
        [
            pretrained.model_lines(),
            "",
            "import torch",
            f"from transformers import {', '.join(classes)}",
            "",
            f"tokenizer = {pretrained.tokenizer_code()}",
            f"model = {pretrained.code()}.eval()",
            "",
        ]
    )
