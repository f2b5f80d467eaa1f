"""A text with masks -> what may stand there: the logits at each mask, and a softmax over the whole vocabulary.

Source: ``FillMaskPipeline`` of transformers.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from playground.errors import InputError, InputTooLongError, UnsupportedOptionError
from playground.models.families import check_finite
from playground.pipelines.reading import Reader, cut_tokens, entries
from playground.pipelines.request import PipelineRequest
from playground.pipelines.result import FilledMask, FillMaskAnswer, MaskGuess
from playground.texts import quoted

MOST_MASKS = 16


def fill_mask(reader: Reader, request: PipelineRequest) -> dict[str, Any]:
    """The fields of the result.

    Raises:
        InputError: there is no mask in what the model reads, or too many; the message says how a mask is written.
        UnsupportedOptionError: the tokenizer has none.
    """
    text = _with_masks(reader, request.text)
    encoding = reader.encode(text, truncation=True, max_length=reader.limit)
    ids = list(encoding["input_ids"])
    whole = len(reader.tokenizer(text, verbose=False)["input_ids"])
    places = [n for n, token_id in enumerate(ids) if token_id == reader.tokenizer.mask_token_id]
    _check(reader, places, whole > len(ids))
    targets, notes = _target_ids(reader, request.targets or ())
    inputs = reader.tensors(encoding)
    logits = reader.run(inputs).logits
    check_finite(reader.model, logits)
    rows = logits[0, places].float()
    best = [_best(row, targets, request.option("top_k")) for row in rows.softmax(-1)]
    masks = [_mask(reader, ids, places, n, rows[n], best[n]) for n in range(len(places))]
    said = _pipeline(reader, request, text)
    cut = whole - len(ids)
    tokens = reader.tokens(encoding)
    return {
        "passes": (reader.one_pass("the text with its masks", tokens, inputs, {"logits": logits}, cut),),
        "answer": FillMaskAnswer(int(logits.shape[-1]), tuple(masks)),
        "pipeline": entries([entry for row in said for entry in row]),
        "max_difference": _distance(masks, said),
        "notes": (*notes, *([cut_tokens(whole, len(ids))] if cut else [])),
    }


def _with_masks(reader: Reader, text: str) -> str:
    """The text with ``[MASK]`` written as this model writes it."""
    mask = reader.tokenizer.mask_token
    if mask is None:
        raise UnsupportedOptionError(f"The tokenizer of {reader.name} has no mask token.", "Pick a masked model.")
    return text if mask in text else text.replace("[MASK]", mask).replace("<mask>", mask)


def _check(reader: Reader, places: list[int], cut: bool) -> None:
    mask = reader.tokenizer.mask_token
    if not places and cut:
        raise InputTooLongError(f"The mask stands behind what {reader.name} reads.", "Shorten the text before it.")
    if not places:
        raise InputError("There is no mask in the text.", f"Write {mask} where a word is missing.")
    if len(places) > MOST_MASKS:
        raise InputError(f"There are {len(places)} masks.", f"Use at most {MOST_MASKS}.")


def _target_ids(reader: Reader, targets: tuple[str, ...]) -> tuple[list[int], list[str]]:
    """The ids of the words that alone may be chosen, and what is said of those that aren't one token."""
    vocabulary = reader.tokenizer.get_vocab()
    ids, notes = [], []
    for target in targets:
        token_id = vocabulary.get(target)
        if token_id is None:
            pieces = reader.tokenizer(target, add_special_tokens=False, verbose=False)["input_ids"]
            if not pieces:
                raise InputError(f"The tokenizer makes nothing of {target!r}.", "Leave it out.")
            token_id = pieces[0]
            shown = reader.tokenizer.convert_ids_to_tokens(token_id)
            first = f"its first piece {quoted(shown)} is scored instead"
            notes.append(f"{quoted(target)} isn't one token of this vocabulary; {first}.")
        ids.append(int(token_id))
    return sorted(set(ids)), notes


def _best(shares: Tensor, targets: list[int], top_k: int) -> list[tuple[int, float]]:
    """The most probable tokens (of the targets, if there are any), with their probabilities."""
    chosen = shares[targets] if targets else shares
    values, places = chosen.topk(min(top_k, len(chosen)))
    ids = [targets[place] for place in places.tolist()] if targets else places.tolist()
    return list(zip(ids, values.tolist(), strict=True))


def _mask(
    reader: Reader, ids: list[int], places: list[int], number: int, logits: Tensor, best: list[tuple[int, float]]
) -> FilledMask:
    guesses = []
    for token_id, score in best:
        filled = [token_id if n == places[number] else one for n, one in enumerate(ids)]
        filled = [one for one in filled if one != reader.tokenizer.pad_token_id]
        sequence = reader.tokenizer.decode(filled, skip_special_tokens=len(places) == 1)
        word = reader.tokenizer.decode([token_id])
        guesses.append(MaskGuess(token_id, word, float(logits[token_id]), score, sequence))
    return FilledMask(places[number], float(torch.logsumexp(logits, -1)), tuple(guesses))


def _pipeline(reader: Reader, request: PipelineRequest, text: str) -> list[list[dict[str, Any]]]:
    """What the pipeline says, a list for each mask."""
    options: dict[str, Any] = {"top_k": request.option("top_k")}
    if request.targets:
        options["targets"] = list(request.targets)
    with reader.pipeline("fill-mask") as pipeline:
        said = pipeline(text, tokenizer_kwargs={"truncation": True}, **options)
    return [said] if isinstance(said[0], dict) else said


def _distance(masks: list[FilledMask], said: list[list[dict[str, Any]]]) -> float:
    ours = [{one.token_id: one.score for one in mask.guesses} for mask in masks]
    pairs = [(own, one) for own, row in zip(ours, said, strict=True) for one in row]
    return max(abs(own.get(one["token"], 0.0) - one["score"]) for own, one in pairs)
