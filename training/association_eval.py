"""How well the association model's losses agree with people's ratings of how close two words are.

The formula is FORMULA. A loss is summed over the pieces of the target, `</s>` included, so that a word of two pieces is
not favoured for being long; the loss of the same word after an empty source is subtracted, so that a frequent word is
not favoured for being frequent; both directions count, because people rate a pair and not an order.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from scipy.stats import spearmanr
from transformers import AutoTokenizer, T5ForConditionalGeneration

MODEL = Path(__file__).resolve().parent.parent / "assets" / "models" / "association"
FORMULA = "-1/2 * ([L(b|a) - L(b|)] + [L(a|b) - L(a|)]), L = sum of the target pieces' losses (nats, </s> included)"


@torch.inference_mode()
def summed_losses(model, tokenizer, pairs: list[tuple[str, str]], batch_size: int = 64) -> dict[tuple[str, str], float]:
    """Return {(source, target): L(target|source)} in nats, each distinct pair once. An empty source is allowed."""
    distinct = sorted(set(pairs))
    losses: dict[tuple[str, str], float] = {}
    for first in range(0, len(distinct), batch_size):
        chunk = distinct[first : first + batch_size]
        inputs = tokenizer([source for source, _ in chunk], padding=True, return_tensors="pt")
        labels = tokenizer([target for _, target in chunk], padding=True, return_tensors="pt")
        targets = labels["input_ids"].masked_fill(labels["attention_mask"] == 0, -100)
        logits = model(input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"], labels=targets).logits
        each = torch.nn.functional.cross_entropy(logits.float().transpose(1, 2), targets, reduction="none")
        losses.update(zip(chunk, each.sum(1).tolist(), strict=True))
    return losses


def closeness(model, tokenizer, pairs: list[tuple[str, str]]) -> list[float]:
    """Return FORMULA for each pair: how many nats each word makes the other likelier, averaged over both directions."""
    wanted = [question for a, b in pairs for question in ((a, b), (b, a), ("", a), ("", b))]
    loss = summed_losses(model, tokenizer, wanted)
    return [-0.5 * (loss[a, b] - loss["", b] + loss[b, a] - loss["", a]) for a, b in pairs]


def load(model_dir: Path | str = MODEL):
    """Return (model, tokenizer), in float32."""
    model = T5ForConditionalGeneration.from_pretrained(model_dir, dtype=torch.float32).eval()
    return model, AutoTokenizer.from_pretrained(model_dir)


def evaluate(rows: list[tuple[str, str, float]], model_dir: Path | str = MODEL) -> dict:
    """Return {"spearman", "n", "formula"} for (word1, word2, people's rating). Raises ValueError: under three rows."""
    if len(rows) < 3:
        raise ValueError("A rank correlation needs at least three rows of word1,word2,similarity.")
    model, tokenizer = load(model_dir)
    measured = closeness(model, tokenizer, [(first, second) for first, second, _ in rows])
    correlation = spearmanr(measured, np.array([rating for *_, rating in rows])).statistic
    return {"spearman": round(float(correlation), 4), "n": len(rows), "formula": FORMULA}
