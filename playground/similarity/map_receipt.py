"""The receipt of the map of words: losses, cosines and both flat pictures, with plain transformers and numpy."""

from __future__ import annotations

from playground.models.pretrained import Pretrained
from playground.receipt import Receipt, literal
from playground.similarity.receipt import loss_code
from playground.similarity.result import WordMapResult

_LOSSES = """\
# %% Losses: the mean of both directions, above what a word costs after an empty source
import numpy as np

words = {words}
above = np.array([[loss_of(s, t) - loss_of("", t) if s != t else 0.0 for t in words] for s in words])
losses = (above + above.T) / 2
apart = np.where(np.eye(len(words), dtype=bool), 0.0, losses - losses[~np.eye(len(words), dtype=bool)].min())


# %% Points whose distances come near to those given: classical scaling
def flat(squared):
    centred = squared - squared.mean(axis=0) - squared.mean(axis=1, keepdims=True) + squared.mean()
    values, vectors = np.linalg.eigh(-centred / 2)
    points = np.zeros((len(squared), 2))
    axes = min(2, len(squared))
    points[:, :axes] = (vectors * np.sqrt(np.maximum(values, 0)))[:, ::-1][:, :axes]
    farthest = points[np.abs(points).argmax(axis=0), [0, 1]]
    return points * np.where(farthest < 0, -1, 1), np.sort(values)[::-1]


by_loss, values = flat(apart**2)
numbers = {{"kept by losses": float(values[:2].clip(0).sum() / np.abs(values).sum())}}

"""
_COSINES = """\
{lines}
from transformers import AutoModel

tokenizer = {tokenizer}
encoder = {model}.eval()

# %% The same words by their embeddings: PCA of unit vectors
batch = tokenizer(words, padding=True, return_tensors="pt").to(encoder.device)
mask = batch["attention_mask"].unsqueeze(-1)
with torch.inference_mode():
    hidden = encoder(**batch).last_hidden_state
vectors = torch.nn.functional.normalize((hidden * mask).sum(1) / mask.sum(1), dim=-1).double().cpu().numpy()
by_embedding, values = flat(2 - 2 * vectors @ vectors.T)
numbers["kept by embeddings"] = float(values[:2].clip(0).sum() / np.abs(values).sum())

# The picture of the losses, turned and mirrored to lie over this one
left, _, right = np.linalg.svd(by_loss.T @ by_embedding)
by_loss = by_loss @ left @ right

"""
_END = """\
# %% Where each word is in {names}
pictures = {{{pictures}}}
print(f"{{'word':20}}", *(f"{{'x, y by ' + name:20}}" for name in pictures))
for i, word in enumerate(words):
    print(f"{{word:20}}", *(f"{{x:7.3f}}, {{y:7.3f}}    " for x, y in (points[i] for points in pictures.values())))
for name, share in numbers.items():
    print(f"{{share:.0%}} is {{name}}: so much two axes can show, the rest is hidden")

# %% The same numbers as JSON
import json

for name, points in pictures.items():
    # Distances, which no turning changes
    numbers[name] = np.linalg.norm(points[:, None] - points[None], axis=-1).tolist()
print(json.dumps(numbers))
"""


def word_map_receipt(result: WordMapResult, pretrained: Pretrained, encoder: Pretrained | None) -> Receipt:
    """The points of both pictures, by models that are held as the run held them; no encoder, no second picture."""
    code = loss_code(pretrained, result.template) + _LOSSES.format(words=literal(list(result.words)))
    pictures = '"losses": by_loss'
    if encoder is not None:
        code += _COSINES.format(lines=encoder.model_lines(), tokenizer=encoder.tokenizer_code(), model=encoder.code())
        pictures = f'"embeddings": by_embedding, {pictures}'
    names = "both pictures" if encoder else "the picture"
    return Receipt("Words on a map", code + _END.format(names=names, pictures=pictures))
