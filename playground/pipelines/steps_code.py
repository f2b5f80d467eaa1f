"""The code of each task's steps, to be filled in by `receipt`."""

from __future__ import annotations

STEPS = {
    "feature-extraction": """
# %% Each text -> hidden states -> their mean -> length 1
texts = {texts}
means = []
for text in texts:
    inputs = tokenizer(text, truncation=True, max_length={max_length}, return_tensors="pt").to(model.device)
    with torch.inference_mode():
        states = model(**inputs).last_hidden_state[0].float()
    print(tuple(states.shape), text)
    means.append(states.mean(dim=0))
vectors = torch.nn.functional.normalize(torch.stack(means), dim=-1)

# %% How near each text is to the first: the cosine
for text, cosine in zip(texts, (vectors @ vectors[0]).tolist()):
    print(f"{{cosine:7.4f}}  {{text}}")

{as_json}
print(json.dumps((vectors @ vectors.T).tolist()))
""",
    "fill-mask": """
# %% 1. Text -> tokens, and where the masks are
inputs = tokenizer({text}, truncation=True, max_length={max_length}, return_tensors="pt").to(model.device)
masks = (inputs["input_ids"][0] == tokenizer.mask_token_id).nonzero().flatten()
print(tokenizer.convert_ids_to_tokens(inputs["input_ids"][0]), "masks at", masks.tolist())

# %% 2. Tokens -> a logit for every token of the vocabulary, at each mask
with torch.inference_mode():
    logits = model(**inputs).logits[0, masks].float()

# %% 3. Logits -> probabilities -> the best
probabilities = logits.softmax(-1)
allowed = torch.arange(probabilities.shape[-1])
{allowed}found = []
for shares in probabilities.cpu():
    best = shares[allowed].topk(min({top_k}, len(allowed)))
    found.append([[int(allowed[n]), share] for n, share in zip(best.indices, best.values.tolist())])
    for token_id, share in found[-1]:
        print(f"{{share:.4f}} {{tokenizer.decode([token_id])!r}}")

{as_json}
print(json.dumps(found))
""",
    "zero-shot-classification": """
# %% 1. Each label -> a hypothesis beside the text
text = {text}
labels = {labels}
hypotheses = [{template}.format(label) for label in labels]

# %% 2. Text and hypothesis -> the logits of an NLI model
logits = []
for hypothesis in hypotheses:
    inputs = tokenizer(text, hypothesis, truncation="only_first", max_length={max_length}, return_tensors="pt")
    with torch.inference_mode():
        logits.append(model(**inputs.to(model.device)).logits[0].float())
    print(hypothesis, dict(zip(model.config.id2label.values(), logits[-1].tolist())))
logits = torch.stack(logits)

# %% 3. Logits -> a score for each label
{softmax}
for label, score in zip(labels, scores.tolist()):
    print(f"{{label:20}} {{score:.4f}}")

{as_json}
print(json.dumps(scores.tolist()))
""",
    "question-answering": """
# %% 1. Question and text -> tokens, in windows where the text is long
question, text = {question}, {text}
length = {max_seq_len}
room = length - len(tokenizer(question, "").input_ids)
encoding = tokenizer(
    [question], [text], truncation="only_second", max_length=length, stride=min({doc_stride}, room // 2),
    return_overflowing_tokens=True, return_offsets_mapping=True,
)

# %% 2. Each window -> a start and an end logit for every token; the best pairs of them
found = []
for row in range(len(encoding["input_ids"])):
    names = [name for name in tokenizer.model_input_names if name in encoding]
    inputs = {{name: torch.tensor([encoding[name][row]], device=model.device) for name in names}}
    with torch.inference_mode():
        output = model(**inputs)
    own = [n for n, side in enumerate(encoding.sequence_ids(row)) if side == 1]
    ids = encoding["input_ids"][row]
    counted = torch.tensor([n in own or one == tokenizer.cls_token_id for n, one in enumerate(ids)])
    logits = [one[0].float().cpu() for one in (output.start_logits, output.end_logits)]
    start, end = (torch.where(counted, one, -10000.0).softmax(-1) for one in logits)
    for first in own:
        for last in own:
            if 0 <= last - first < {max_answer_len}:
                place = encoding["offset_mapping"][row][first][0], encoding["offset_mapping"][row][last][1]
                found.append((*place, (start[first] * end[last]).item()))

# %% 3. The best of all windows
best = {{}}
for begin, end, score in sorted(found, key=lambda one: -one[2]):
    best.setdefault((begin, end), (begin, end, score))
best = list(best.values())[:{top_k}]
for begin, end, score in best:
    print(f"{{score:.4f}} {{text[begin:end]!r}}")

{as_json}
print(json.dumps(best))
""",
}
ALLOWED = """\
vocabulary = tokenizer.get_vocab()
targets = {targets}  # nothing else may be chosen
ids = {{vocabulary.get(one) or tokenizer(one, add_special_tokens=False).input_ids[0] for one in targets}}
allowed = torch.tensor(sorted(ids))
"""
TOGETHER = "scores = logits[:, {entailment}].softmax(dim=0)  # the labels compete"
ALONE = "scores = logits[:, [{contradiction}, {entailment}]].softmax(dim=-1)[:, 1]  # each label for itself"

SEQ2SEQ = """
# %% 1. Text -> tokens -> what the encoder makes of them, once
text = {text}
inputs = tokenizer(text, truncation=True, max_length={max_length}, return_tensors="pt").to(model.device)
inputs.pop("token_type_ids", None)

# %% 2. In one line: the decoder writes token by token
written = model.generate(**inputs, num_beams=1, do_sample=False, max_new_tokens={max_new_tokens})[0]
print(tokenizer.decode(written, skip_special_tokens=True))

# %% 3. The loop: the decoder reads what it has written, and gives a logit for every token that may come next
with torch.inference_mode():
    encoder_outputs = model.get_encoder()(**inputs)
    probabilities = []
    for step in range(1, len(written)):
        logits = model(
            encoder_outputs=encoder_outputs,
            attention_mask=inputs["attention_mask"],
            decoder_input_ids=written[None, :step],
        ).logits[0, -1].float()
        shares = logits.softmax(-1)
        probabilities.append(shares[written[step]].item())
        best = [f"{{tokenizer.decode([one])!r}} {{shares[one]:.3f}}" for one in shares.topk(5).indices]
        print(step, repr(tokenizer.decode(written[step])), "from", *best)

{as_json}
print(json.dumps([written.tolist(), probabilities]))
"""

_TOKENS = """
# %% 1. Text -> tokens, with the characters that each stands for
text = {text}
encoding = tokenizer(
    [text], truncation=True, max_length={max_length}, {overflow}return_offsets_mapping=True,
    return_special_tokens_mask=True,
)
prefix = getattr(tokenizer.backend_tokenizer.model, "continuing_subword_prefix", None)

# %% 2. Tokens -> a probability for every label, at each token
windows = []
for row, ids in enumerate(encoding["input_ids"]):
    names = [name for name in tokenizer.model_input_names if name in encoding]
    inputs = {{name: torch.tensor([encoding[name][row]], device=model.device) for name in names}}
    with torch.inference_mode():
        scores = model(**inputs).logits[0].float().softmax(-1).cpu()
    tokens = []
    for n, (start, end) in enumerate(encoding["offset_mapping"][row]):
        if encoding["special_tokens_mask"][row][n]:
            continue
        piece = tokenizer.convert_ids_to_tokens(ids[n])
        joins = len(piece) != end - start if prefix else start > 0 and " " not in text[start - 1 : start + 1]
        joins = joins and ids[n] != tokenizer.unk_token_id
        tokens.append({{"scores": scores[n], "start": start, "end": end, "joins": joins}})
    windows.append(tokens)


# %% 3. Tokens -> {strategy}
def labelled(scores, start, end):
    return [model.config.id2label[int(scores.argmax())], start, end, scores.max().item()]


"""
_EACH = """\
parts = [[labelled(one["scores"], one["start"], one["end"]) for one in tokens] for tokens in windows]
"""
_WORDS = """\
parts = []
for tokens in windows:
    words = []
    for one in tokens:
        words = [*words[:-1], [*words[-1], one]] if words and one["joins"] else [*words, [one]]
    agreed = [{agreed} for word in words]
    parts.append([labelled(s, word[0]["start"], word[-1]["end"]) for s, word in zip(agreed, words)])
"""
_AGREED = {
    "first": 'word[0]["scores"]',
    "max": 'max((one["scores"] for one in word), key=lambda s: s.max())',
    "average": 'torch.stack([one["scores"] for one in word]).mean(dim=0)',
}
_JOINED = """

def joined(parts):
    groups = []
    for part in parts:
        begins, tag = part[0].startswith("B-"), part[0].removeprefix("B-").removeprefix("I-")
        if groups and not begins and tag == groups[-1][-1][0].removeprefix("B-").removeprefix("I-"):
            groups[-1].append(part)
        else:
            groups.append([part])
    return [[g[0][0].split("-", 1)[-1], g[0][1], g[-1][2], sum(p[3] for p in g) / len(g)] for g in groups]


parts = [joined(one) for one in parts]
"""
_FOUND = """\
found = []
for one in sorted((one for window in parts for one in window if one[0] != "O"), key=lambda one: one[1]):
    if len(windows) > 1 and found and one[1] < found[-1][2]:  # windows overlap: the longer, then the surer stays
        found[-1] = max(found[-1], one, key=lambda one: (one[2] - one[1], one[3]))
    else:
        found.append(one)
for label, start, end, score in found:
    print(f"{{score:.4f}} {{label:6}} {{text[start:end]}}")

{as_json}
print(json.dumps(found))
"""


def tokens(strategy: str) -> str:
    """The steps of token classification with one strategy."""
    words = _WORDS.replace("{agreed}", _AGREED[strategy]) if strategy in _AGREED else _EACH
    return _TOKENS + words + ("" if strategy == "none" else _JOINED) + _FOUND
