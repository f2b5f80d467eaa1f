"""A batch with its right masks beside the same batch with wrong ones -> how far the model's answers move.

This module leaves out how a batch is made (`batch`) and the full view of attention (`attention`). The idea that
trips people up: a model doesn't see text, it sees rows of ids and is told by ``attention_mask`` which of them count. A
wrong mask raises no error; the numbers are just different.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import torch
from jaxtyping import Float
from torch import Tensor

from playground.errors import InputError, InputTooLongError, UnsupportedOptionError
from playground.models.families import (
    check_finite,
    check_hidden_states,
    check_ids,
    decoder_start,
    explaining,
    returns_attention,
    weights_of,
)
from playground.models.padding import pad_token_id
from playground.texts import quoted
from playground.tokens.batch import encode
from playground.tokens.request import MISTAKES, MaskRequest
from playground.tokens.result import AttentionPair, EncodedBatch, MaskComparison, Quantity, RowComparison
from playground.tokens.rules import TokenizerShelf
from playground.units import format_number

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from playground.models.manager import LoadedModel, ModelManager

MAX_COLUMNS = 64
Mask = tuple[tuple[int, ...], ...]
TOP = 8


@dataclass(frozen=True)
class _Run:
    """What one forward pass gave: per row a vector to compare, and attention as layer, row, query, key."""

    answers: Float[Tensor, "row number"]
    attention: Float[Tensor, "layer row query key"]


def compare_masks(manager: ModelManager, shelf: TokenizerShelf, request: MaskRequest) -> MaskComparison:
    """The model's answers with the right and the wrong masks, row by row.

    Both runs are plain ``model(input_ids=..., attention_mask=...)``: nothing mends the wrong one.

    Raises:
        InputError: the batch isn't rectangular, nothing is flipped, or the mistake can't be made with this batch.
        InputTooLongError: more than 64 columns.
        UnsupportedOptionError: this family takes no mask, or no batch, or has no attention weights to show.
    """
    spec = manager.spec(request.batch.model_id)
    right, wrong, wrong_mask = _both_batches(shelf, request)
    right_mask = tuple(row.attention_mask for row in right.rows)
    with manager.lease(spec.id, spec.task, request.quantization) as loaded:
        _check_model(loaded, right)
        first = _run(loaded, spec.task, right, right_mask, _read_positions(right, right_mask, request))
        second = _run(loaded, spec.task, wrong, wrong_mask, _read_positions(right, right_mask, request, wrong))
        compared = [_compare(loaded, spec.task, *pair) for pair in zip(first.answers, second.answers, strict=True)]
        return MaskComparison(
            request=request,
            task=spec.task,
            right=right,
            wrong=wrong,
            right_mask=right_mask,
            wrong_mask=wrong_mask,
            rows=tuple(replace(item, sample=right.rows[index].sample) for index, item in enumerate(compared)),
            attention=_pair(request, right, wrong, (right_mask, wrong_mask), first.attention, second.attention),
            pretrained=loaded.pretrained,
            encoder_only=_runs_encoder_alone(loaded, spec.task),
            has_token_types=_takes_token_types(loaded, right),
            decoder_start=decoder_start(loaded.model),
            notes=_notes(loaded, right),
        )


def _pair(
    request: MaskRequest,
    right: EncodedBatch,
    wrong: EncodedBatch,
    masks: tuple[Mask, Mask],
    first: Float[Tensor, "layer row query key"],
    second: Float[Tensor, "layer row query key2"],
) -> AttentionPair:
    """The attention of the row that was asked for, else of the first."""
    row = request.attention_row if 0 <= request.attention_row < len(right.rows) else 0
    return AttentionPair(
        right=_rounded(first[:, row]),
        wrong=_rounded(second[:, row]),
        right_tokens=right.rows[row].shown,
        wrong_tokens=wrong.rows[row].shown,
        right_mask=masks[0][row],
        wrong_mask=masks[1][row],
        row=row,
        aligned=right.rows[row].input_ids == wrong.rows[row].input_ids,
    )


def _runs_encoder_alone(loaded: LoadedModel, task: str) -> bool:
    """An embedding is made of what the encoder writes; a decoder would read something that nobody gave."""
    return task == "feature-extraction" and bool(loaded.model.config.is_encoder_decoder)


def _takes_token_types(loaded: LoadedModel, batch: EncodedBatch) -> bool:
    is_given = "token_type_ids" in loaded.tokenizer.model_input_names and batch.rows[0].token_type_ids is not None
    return is_given and "token_type_ids" in inspect.signature(loaded.model.forward).parameters


def _check_model(loaded: LoadedModel, batch: EncodedBatch) -> None:
    """Nothing, if the model can be run on this batch with a mask."""
    name = type(loaded.model).__name__
    parameters = inspect.signature(loaded.model.forward).parameters
    if "attention_mask" not in parameters:
        raise UnsupportedOptionError(
            f"{name} takes no attention_mask: it reads padding like any other token.", "Pick another model."
        )
    if not returns_attention(loaded.model):
        raise UnsupportedOptionError(f"{name} has no attention weights to show.", "Pick another model.")
    is_padded = any(0 in row.attention_mask for row in batch.rows)
    if len(batch.rows) > 1 and is_padded and pad_token_id(loaded.model, loaded.tokenizer) is None:
        raise UnsupportedOptionError(
            f"{name} finds the end of a text by its padding, and its config names no pad_token_id: it takes one text"
            " at a time.",
            "Give a single text.",
        )
    check_ids(loaded.model, [token_id for row in batch.rows for token_id in row.input_ids])


def _notes(loaded: LoadedModel, batch: EncodedBatch) -> tuple[str, ...]:
    """What must be said of a model that reads padding although the mask hides it."""
    if not any(0 in row.attention_mask for row in batch.rows) or loaded.safe_padding is not None:
        return ()
    return (
        "This model reads its padding although the mask hides it: even with the right mask a short text gets other"
        " numbers beside a long one than alone.",
    )


def _both_batches(shelf: TokenizerShelf, request: MaskRequest) -> tuple[EncodedBatch, EncodedBatch, Mask]:
    """The right batch, the wrong batch and the wrong mask."""
    if request.mistake not in MISTAKES:
        raise InputError(f"There is no mistake {request.mistake!r}.", f"Use one of {', '.join(MISTAKES)}.")
    right = _fitting(encode(shelf, request.batch))
    if request.mistake == "no special tokens":
        wrong = _fitting(encode(shelf, replace(request.batch, add_special_tokens=False)))
        if wrong.dictionary["input_ids"] == right.dictionary["input_ids"]:
            raise InputError("This tokenizer adds no special tokens to a text.", "Try another mistake or model.")
        return right, wrong, tuple(row.attention_mask for row in wrong.rows)
    if request.mistake == "wrong padding side":
        if not any(0 in row.attention_mask for row in right.rows):
            raise InputError("There is no padding in this batch.", "Use texts of different lengths.")
        side = "left" if right.padding_side == "right" else "right"
        wrong = encode(shelf, replace(request.batch, padding_side=side))
        return right, wrong, tuple(row.attention_mask for row in wrong.rows)
    if request.mistake == "no mask":
        if not any(0 in row.attention_mask for row in right.rows):
            raise InputError("There is no padding in this batch, so the mask is all ones.", "Add a shorter text.")
        return right, right, tuple((1,) * len(row.attention_mask) for row in right.rows)
    return right, right, _flipped(right, request.flips)


def _fitting(batch: EncodedBatch) -> EncodedBatch:
    if not batch.is_rectangular:
        raise InputError("The rows have different lengths, so they fit into no tensor.", "Choose padding: longest.")
    columns = len(batch.rows[0].input_ids)
    if not columns:
        raise InputError("There are no tokens.", "Type a sentence.")
    if columns > MAX_COLUMNS:
        raise InputTooLongError(
            f"The batch has {columns:,} columns.", f"Shorten the texts to {MAX_COLUMNS} tokens, or truncate them."
        )
    return batch


def _flipped(batch: EncodedBatch, flips: Sequence[tuple[int, int]]) -> Mask:
    if not flips:
        raise InputError("No bit of attention_mask is flipped.", "Choose one of the bits, or another mistake.")
    masks = [list(row.attention_mask) for row in batch.rows]
    for row, column in set(flips):
        if not (0 <= row < len(masks) and 0 <= column < len(masks[row])):
            raise InputError(f"There is no bit at row {row}, column {column}.", "Choose one of the bits.")
        masks[row][column] = 1 - masks[row][column]
    return tuple(map(tuple, masks))


def _read_positions(
    right: EncodedBatch, mask: Mask, request: MaskRequest, wrong: EncodedBatch | None = None
) -> list[int]:
    """Where a causal model's answer is read: the last token that counts.

    After the mistake "wrong padding side" it is the last column, whatever stands there: that is where ``generate``
    reads.
    """
    if wrong is not None and wrong is not right:
        if request.mistake == "wrong padding side" and wrong.padding_side == "right":
            return [len(row.input_ids) - 1 for row in wrong.rows]
        return [_last_one(row.attention_mask) for row in wrong.rows]
    return [_last_one(row) for row in mask]


def _last_one(mask: Sequence[int]) -> int:
    return max((column for column, bit in enumerate(mask) if bit), default=len(mask) - 1)


@torch.inference_mode()
def _run(
    loaded: LoadedModel,
    task: str,
    batch: EncodedBatch,
    mask: Mask,
    positions: list[int],
) -> _Run:
    """One forward pass over the batch: of the encoder alone where the answer is an embedding."""
    with explaining(loaded.model):
        model = loaded.eager
    runner: Any = model.get_encoder() if _runs_encoder_alone(loaded, task) else model
    inputs = {
        "input_ids": torch.tensor([row.input_ids for row in batch.rows], device=model.device),
        "attention_mask": torch.tensor(mask, device=model.device),
    }
    if _takes_token_types(loaded, batch):
        inputs["token_type_ids"] = torch.tensor([row.token_type_ids for row in batch.rows], device=model.device)
    if task == "text2text-generation":
        inputs["decoder_input_ids"] = torch.full((len(batch.rows), 1), decoder_start(model), device=model.device)
    options = {"use_cache": False} if "use_cache" in inspect.signature(runner.forward).parameters else {}
    with explaining(model):
        output = runner(**inputs, **options, output_attentions=True, return_dict=True)
    name = "encoder_attentions" if output.get("encoder_attentions") else "attentions"
    columns = len(batch.rows[0].input_ids)
    attention = weights_of(runner, output, name, columns, columns).mean(dim=2).cpu()
    answers = _answers(model, task, output, inputs["attention_mask"], positions)
    check_finite(model, answers)
    return _Run(answers, attention)


def _answers(
    model: PreTrainedModel, task: str, output: Any, mask: Tensor, positions: list[int]
) -> Float[Tensor, "row number"]:
    """Per row: logits of the labels, a mean-pooled embedding, or logits of the next token."""
    if task == "text-classification":
        return output.logits.float().cpu()
    if task == "feature-extraction":
        check_hidden_states(model, output, mask.shape[1])
        weights = mask.unsqueeze(-1).float()
        pooled = (output.last_hidden_state.float() * weights).sum(1) / weights.sum(1).clamp(min=1e-9)
        return pooled.cpu()
    if task == "text-generation":
        return torch.stack([output.logits[row, column].float() for row, column in enumerate(positions)]).cpu()
    return output.logits[:, 0].float().cpu()


def _compare(loaded: LoadedModel, task: str, right: Tensor, wrong: Tensor) -> RowComparison:
    if task == "text-classification":
        quantities, unit, summary = _compare_labels(right, wrong, loaded.model.config.id2label)
    elif task == "feature-extraction":
        quantities, unit, summary = _compare_embeddings(right, wrong)
    else:
        quantities, unit, summary = _compare_next_tokens(right, wrong, loaded)
    return RowComparison(0, quantities, unit, float((right - wrong).abs().max()), len(right), summary)


def _compare_labels(a: Tensor, b: Tensor, names: dict[int, str]) -> tuple[tuple[Quantity, ...], str, str]:
    shown = [str(names.get(k, f"LABEL_{k}")) for k in range(len(a))]
    quantities = tuple(Quantity(name, float(x), float(y)) for name, x, y in zip(shown, a, b, strict=True))
    before, after = shown[int(a.argmax())], shown[int(b.argmax())]
    moved = f"the label changes from {before} to {after}" if before != after else f"the label stays {before}"
    shift = float((a.softmax(-1) - b.softmax(-1)).abs().max())
    return quantities, "logit", f"{moved}; a probability moves by up to {shift:.3f}"


def _compare_embeddings(a: Tensor, b: Tensor) -> tuple[tuple[Quantity, ...], str, str]:
    cosine = float(torch.cosine_similarity(a, b, dim=0))
    quantities = (
        Quantity("length of the embedding", float(a.norm()), float(b.norm())),
        Quantity("cosine with the right embedding", 1.0, cosine),
        Quantity("distance from the right embedding", 0.0, float((a - b).norm())),
    )
    return (
        quantities,
        "embedding (mean over the tokens that count)",
        f"the two embeddings have a cosine of {format_number(cosine, '.4f')}",
    )


def _compare_next_tokens(a: Tensor, b: Tensor, loaded: LoadedModel) -> tuple[tuple[Quantity, ...], str, str]:
    p, q = a.softmax(-1), b.softmax(-1)
    chosen = list(dict.fromkeys([*p.topk(min(TOP, len(p))).indices.tolist(), *q.topk(min(4, len(q))).indices.tolist()]))
    quantities = tuple(
        Quantity(loaded.tokenizer.decode([token_id]), float(p[token_id]), float(q[token_id])) for token_id in chosen
    )
    divergence = float((p * (a.log_softmax(-1) - b.log_softmax(-1))).sum())
    before, after = (loaded.tokenizer.decode([int(x.argmax())]) for x in (p, q))
    moved = f"stays {quoted(before)}" if before == after else f"changes from {quoted(before)} to {quoted(after)}"
    return (
        quantities,
        "probability of the next token",
        f"the likeliest token {moved}; KL {divergence:.4f}\u00a0nats",
    )


def _rounded(attention: Float[Tensor, "layer query key"]) -> tuple[tuple[tuple[float, ...], ...], ...]:
    rows = (attention * 1e4).round().div(1e4).tolist()
    return tuple(tuple(tuple(round(value, 4) for value in row) for row in layer) for layer in rows)
