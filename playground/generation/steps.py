"""Logits -> the next step of each stream: alone, together, or several at once.

It leaves out where the logits come from (`passes`) and which rows of them are whose (`batch`, `reader`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from playground.generation.choose import Choice, Draw, candidates, choose, look_up, rest_in_bins
from playground.generation.events import NextTokenResult
from playground.generation.kv_cache import KeyValueTable
from playground.generation.passes import Passes
from playground.generation.prompts import Prompt
from playground.generation.stream import Speaker, Stream


def advance(streams: Sequence[Stream], logits: Tensor) -> list[int]:
    """One choice for every stream; the rows that go on, in the order of the streams that do."""
    firsts, total = {}, 0
    for stream in streams:
        firsts[stream] = total
        total += stream.rows
    single = [stream for stream in streams if stream.beams is None]
    draws = [stream.draw() for stream in single]
    own = logits if len(single) == len(logits) else logits[[firsts[stream] for stream in single]]
    choices = choose(own, draws, single[0].speaker.pieces) if draws else []
    chosen = dict(zip(single, zip(choices, draws, strict=True), strict=True))
    kept: list[int] = []
    for stream, first in firsts.items():
        if stream in chosen:
            choice, draw = chosen[stream]
            rows, reason = [0], stream.take(choice, forced=draw.forced is not None)
        else:
            rows, reason = stream.take_beams(logits[first : first + stream.rows])
        if reason:
            stream.end(reason)
        else:
            kept += [first + row for row in rows]
    return kept


def force(stream: Stream, logits: Tensor) -> None:
    """Steps for the forced tokens whose turn has been read; the first that ends the reply is the last.

    ``logits`` has a row for each of them.
    """
    forced = stream.request.prefix_token_ids[len(stream.reply) :]
    ready = forced[: max(0, stream.read - len(stream.prompt.token_ids) + 1 - len(stream.reply))]
    if not ready:
        return
    first = stream.draw()
    ids = [*first.token_ids, *ready]
    draws = [
        replace(first, token_ids=ids[: len(first.token_ids) + place], forced=token_id)
        for place, token_id in enumerate(ready)
    ]
    for choice in choose(logits[: len(ready)].float(), draws, stream.speaker.pieces):
        if reason := stream.take(choice, forced=True):
            stream.end(reason)
            return


def recall(stream: Stream, choices: Sequence[Choice]) -> None:
    """Steps for forced tokens of which it is known how they were chosen; the first that ends the reply is the last."""
    for choice in choices:
        stream.pass_random_numbers()
        if reason := stream.take(choice, forced=True):
            stream.end(reason)
            return


def advance_alone(stream: Stream, passes: Passes) -> None:
    """One step of a stream that shares no pass: over its own table, or over its whole text."""
    stream.tell_started()
    table = stream.table
    if table is None:
        texts = [(*stream.prompt.token_ids, *reply) for reply in stream.replies]
        unique = list(dict.fromkeys(texts))
        logits = passes.whole(unique)[[unique.index(text) for text in texts]]
        advance([stream], logits.float())
    elif stream.request.prompt_lookup_num_tokens:
        guess(stream, passes, table)
    else:
        table.reserve(1)
        logits = passes.forward(table, [[reply[-1]] for reply in stream.replies])[:, -1]
        kept = advance([stream], logits.float())
        if not stream.ended:
            table.keep(kept)


def guess(stream: Stream, passes: Passes, table: KeyValueTable) -> None:
    """Steps of assisted decoding: guessed tokens are checked in one pass, the right ones are all taken."""
    left = stream.prompt.max_new_tokens - len(stream.reply)
    guesses = look_up(stream.to_read, min(stream.request.prompt_lookup_num_tokens, left - 1))
    table.reserve(1 + len(guesses))
    logits = passes.forward(table, [[stream.reply[-1], *guesses]], 1 + len(guesses))[0].float()
    taken = 0
    for row, guessed in enumerate([*guesses, None]):
        choice = choose(logits[row : row + 1], [stream.draw()], stream.speaker.pieces)[0]
        reason, taken = stream.take(choice, guessed=choice.token_id == guessed), taken + 1
        if reason:
            stream.end(reason)
        if reason or choice.token_id != guessed:
            break
    table.advance(taken - 1 - len(guesses))


def distribution(row: Tensor, draw: Draw, count: int, prompt: Prompt, speaker: Speaker) -> NextTokenResult:
    """What one row of logits says of the next token: the ``count`` best by name, the others by how many there are."""
    best = candidates(row, draw, count, speaker.pieces)
    others = torch.ones_like(row, dtype=torch.bool)
    others[[one.token_id for one in best]] = False
    entropy = float(torch.special.entr(row.softmax(-1)).sum())
    length, context = len(prompt.token_ids), speaker.context_length
    rest, held = rest_in_bins(row[others].cpu()), (speaker.quantization, speaker.dtype)
    return NextTokenResult(length, context, entropy, best, rest, prompt.notes, *held)
