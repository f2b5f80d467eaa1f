"""At which side a model's shorter texts may be padded, so that none is read otherwise than alone.

Nothing in a checkpoint says whether a family masks its padding: FNet mixes all positions, a convolution of ConvBERT
reaches into the next ones, XLNet reads its answer at the last. So it is tried: short texts alone and beside a long one.

Leaves out who pads, and what with (`classification.batching` and its like).
"""

from __future__ import annotations

import inspect
import logging
from typing import TYPE_CHECKING, Any, Literal

import torch

from playground.models.block_sparse import sparse_above
from playground.models.families import embedding_rows

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

log = logging.getLogger(__name__)
Side = Literal["right", "left"]
PROBE_TOKENS = 32  # at most, for each of the texts that are tried
PROBES = ("a", "one two three four", "one two three four five six seven eight nine ten and so on " * 2)
TOLERANCE = {torch.float32: 1e-4}  # of the greatest number that comes out; float32 rounds to 1e-6
ROUGH_TOLERANCE = 5e-2  # for half precision and quantized weights, which round to 1e-2
FILLERS = {"attention_mask": 0, "token_type_ids": 0}


def pad_token_id(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> int | None:
    """The id that fills up shorter texts, or None where the model can only take one text at a time.

    A decoder that classifies finds the end of a text by its config's ``pad_token_id``, and RoBERTa counts positions by
    it, so that one counts where it is set. Elsewhere the mask hides the padding, and any token will do.
    """
    rows = embedding_rows(model)
    own = getattr(model.config.get_text_config(), "pad_token_id", None)
    if own is None and hasattr(model, "score") and not model.config.is_encoder_decoder:
        return None
    candidates = (own, tokenizer.pad_token_id, tokenizer.eos_token_id, 0)
    return next(one for one in candidates if isinstance(one, int) and 0 <= one < (rows or one + 1))


def safe_padding(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, pad_token_id: int | None) -> Side | None:
    """The side at which padding changes no row, the right one where both will do; None: never pad rows together."""
    if pad_token_id is None or sparse_above(model.config) is not None:
        return None
    encoded = [tokenizer(text, truncation=True, max_length=PROBE_TOKENS, verbose=False) for text in PROBES]
    rows = [{name: list(one[name]) for name in ("input_ids", *FILLERS) if name in one} for one in encoded]
    if any(not row["input_ids"] for row in rows) or "attention_mask" not in rows[0]:
        return None
    sides: tuple[Side, Side] = ("right", "left")
    try:
        alone = [_outputs(model, [row], pad_token_id, "right")[0] for row in rows]
        for side in sides:
            together = _outputs(model, rows, pad_token_id, side)
            if all(_equal(model, *pair) for pair in zip(alone, together, strict=True)):
                return side
    except Exception as error:  # a family that takes no batch, or wants more inputs, says so in its own way
        log.info("%s takes one text at a time: %s", type(model).__name__, error)
    return None


@torch.inference_mode()
def _outputs(
    model: PreTrainedModel, rows: list[dict[str, list[int]]], pad_token_id: int, side: Side
) -> list[torch.Tensor]:
    """What each row gets: logits or hidden states, of its own positions where there is one for each."""
    longest = max(len(row["input_ids"]) for row in rows)
    batch: dict[str, Any] = {}
    for name in rows[0]:
        filler = FILLERS.get(name, pad_token_id)
        gaps = [[filler] * (longest - len(row[name])) for row in rows]
        padded = [gap + row[name] if side == "left" else row[name] + gap for row, gap in zip(rows, gaps, strict=True)]
        batch[name] = torch.tensor(padded, device=model.device)
    runner: Any = model
    if model.config.is_encoder_decoder and "SequenceClassification" not in type(model).__name__:
        runner = model.get_encoder()  # what its decoder reads is not padded here
    if "use_cache" in inspect.signature(runner.forward).parameters:
        batch["use_cache"] = False
    output = runner(**batch)
    values = (output.logits if "logits" in output else output[0]).float()
    if values.ndim < 3 or values.shape[1] != longest:
        return list(values)
    lengths = [len(row["input_ids"]) for row in rows]
    return [one[-n:] if side == "left" else one[:n] for one, n in zip(values, lengths, strict=True)]


def _equal(model: PreTrainedModel, alone: torch.Tensor, together: torch.Tensor) -> bool:
    rough = getattr(model, "is_quantized", False) or model.dtype not in TOLERANCE
    tolerance = ROUGH_TOLERANCE if rough else TOLERANCE[model.dtype]
    if alone.shape != together.shape:
        return False
    return bool((alone - together).abs().max() <= tolerance * alone.abs().max().clamp(min=1e-6))
