"""A text -> what the model would say after each of its layers, at each position (the "logit lens").

Source: nostalgebraist 2020, "interpreting GPT: the logit lens". The hidden state of a layer is read as if it were the
last: ``lm_head(final_norm(hidden_states[layer]))``. The last layer is the model's own answer, number for number. Early
layers aren't trained to be read like this; a word there is no thought of the model's. It leaves out lenses that are
trained for each layer (Belrose et al. 2023), which read early layers better and need a file for each model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch

from playground.errors import InputError
from playground.generation.pieces import Pieces, special_tokens
from playground.inside.inputs import Reading, model_and_task, read
from playground.inside.readout import Readout
from playground.inside.request import MASKED, MAX_POSITIONS, LensRequest
from playground.inside.result import LensCell, LensGuess, LensResult, LensTrack
from playground.models.families import check_ids

if TYPE_CHECKING:
    from jaxtyping import Float, Int
    from transformers import PreTrainedTokenizerBase

    from playground.models.manager import ModelManager

MOST_LOGITS = 2**24  # that are held at once: one layer of so many positions as go into 64 MB
FOLLOWED = 3  # tokens of the last layer whose way is always shown
MOST_POSITIONS = 256


def logit_lens(manager: ModelManager, request: LensRequest) -> LensResult:
    """The predictions of a model after each layer.

    Raises:
        InputError: the text or a position can't be used.
        UnsupportedOptionError: this family can't be read layer by layer.
        ModelError: the model can't be used.
    """
    model_id, task = model_and_task(manager, request)
    with manager.lease(model_id, task, request.quantization) as loaded:
        reading = read(loaded.model, loaded.tokenizer, request, task)
        check_ids(loaded.model, request.track_token_ids)
        positions = _positions(request, len(reading.tokens))
        with torch.inference_mode():
            readout = Readout(loaded.model, reading.token_ids)
            layers = _layers(readout, positions, request)
        names = _Names(loaded.tokenizer)
        return LensResult(
            request=replace(request, model_id=model_id),
            model_type=loaded.model.config.model_type,
            pretrained=loaded.pretrained,
            masked=task == MASKED,
            layers=readout.layers,
            last_block=readout.last_block,
            final_norm=readout.final_norm,
            tokens=reading.tokens,
            positions=positions,
            cells=tuple(layer.cells(names) for layer in layers),
            tracks=_tracks(layers, names),
            notes=(*reading.notes, *_covered(reading, positions, request)),
        )


@dataclass(frozen=True)
class _Layer:
    """One layer's numbers at every position; ``followed`` are the tokens whose probability is ``shares``."""

    ids: Int[torch.Tensor, "position top"]
    probabilities: Float[torch.Tensor, "position top"]
    entropy: Float[torch.Tensor, " position"]
    rank: Int[torch.Tensor, " position"]
    followed: Int[torch.Tensor, "position token"]
    shares: Float[torch.Tensor, "position token"]

    def cells(self, names: _Names) -> tuple[LensCell, ...]:
        """The same as plain values."""
        rows = zip(self.ids.tolist(), self.probabilities.tolist(), strict=True)
        best = [tuple(LensGuess(one, names[one], p) for one, p in zip(*row, strict=True)) for row in rows]
        rest = zip(best, self.entropy.tolist(), self.rank.tolist(), self.shares[:, 0].tolist(), strict=True)
        return tuple(LensCell(*cell) for cell in rest)


class _Names:
    """Token id -> what it adds to a text, or the name of a special token."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        self._pieces, self._special = Pieces(tokenizer), special_tokens(tokenizer)

    def __getitem__(self, token_id: int) -> str:
        return self._special.get(token_id) or self._pieces[token_id]


def _positions(request: LensRequest, count: int) -> tuple[int, ...]:
    """The places in the text after which to look."""
    if not request.positions:
        return tuple(range(max(0, count - MAX_POSITIONS), count))
    wrong = [place for place in request.positions if not 0 <= place < count]
    if wrong:
        raise InputError(f"There is no token {wrong[0]}.", f"The text has {count}: they are 0 to {count - 1}.")
    if len(request.positions) > MOST_POSITIONS:
        raise InputError(f"{len(request.positions)} positions are asked for.", f"Ask for at most {MOST_POSITIONS}.")
    return request.positions


def _covered(reading: Reading, positions: tuple[int, ...], request: LensRequest) -> list[str]:
    count = len(reading.tokens)
    if request.positions or len(positions) == count:
        return []
    return [f"The model reads all {count:,} tokens; the predictions after the last {len(positions)} are shown."]


def _layers(readout: Readout, positions: Sequence[int], request: LensRequest) -> list[_Layer]:
    """Every layer, one at a time, and so many positions of it as fit: the last one first, for it says who wins."""
    last = readout.layers
    width = readout.logits(last, positions[:1]).shape[-1]
    step = max(1, MOST_LOGITS // width)
    parts: list[list[_Layer]] = []
    for begin in range(0, len(positions), step):
        some = positions[begin : begin + step]
        final = readout.logits(last, some)
        wanted = torch.tensor(request.track_token_ids, dtype=torch.long, device=final.device).expand(len(some), -1)
        followed = torch.cat([final.topk(min(FOLLOWED, width)).indices, wanted], dim=-1)
        top = min(request.top, width)
        parts.append([_measured(readout.logits(layer, some), followed, top) for layer in range(last)])
        parts[-1].append(_measured(final, followed, top))
    return [
        _Layer(*(torch.cat(columns) for columns in zip(*map(_fields, same), strict=True)))
        for same in zip(*parts, strict=True)
    ]


def _fields(layer: _Layer) -> tuple[torch.Tensor, ...]:
    return layer.ids, layer.probabilities, layer.entropy, layer.rank, layer.followed, layer.shares


def _measured(
    logits: Float[torch.Tensor, "position token"], followed: Int[torch.Tensor, "position followed"], top: int
) -> _Layer:
    """What is kept of one layer's logits; the first of the followed tokens is the winner."""
    best, ids = logits.topk(top)
    log_sum = logits.logsumexp(dim=-1, keepdim=True)
    own = logits.gather(-1, followed)
    rank = (logits > own[:, :1]).sum(dim=-1) + 1
    shares = torch.softmax(logits, dim=-1)
    entropy = log_sum[:, 0] - torch.linalg.vecdot(shares, logits.nan_to_num(neginf=0.0))
    return _Layer(ids, (best - log_sum).exp(), entropy.clamp(min=0.0), rank, followed, (own - log_sum).exp())


def _tracks(layers: list[_Layer], names: _Names) -> tuple[tuple[LensTrack, ...], ...]:
    """The followed tokens of each position, each once."""
    shares = torch.stack([layer.shares for layer in layers], dim=-1).tolist()
    tracks = []
    for ids, ways in zip(layers[-1].followed.tolist(), shares, strict=True):
        own = {one: LensTrack(one, names[one], tuple(way)) for one, way in zip(ids, ways, strict=True)}
        tracks.append(tuple(own.values()))
    return tuple(tracks)
