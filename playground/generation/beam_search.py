"""Beam search over one prompt, one step at a time, with the tree of everything it looked at."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from playground.generation.choose import Draw, penalize
from playground.generation.events import Beam, BeamNode
from playground.generation.pieces import Pieces
from playground.generation.request import GenerateRequest

RUNNING, FINISHED, DROPPED = "kept", "finished", "dropped"
_UNREACHABLE = -1.0e9
_NO_GENERATOR = torch.Generator()


@dataclass(eq=False)
class BeamSearch:
    """Beam search over one prompt, one step at a time, with the tree of everything it looked at.

    Each step looks at the best continuations of all running beams together, twice as many as there are beams: those
    that end are put aside if they are among the best ``num_beams``, the best others run on. A finished one is ranked
    by its mean log-probability, so a long reply is not punished for its length.

    Source: transformers ``GenerationMixin._beam_search`` with ``early_stopping=False`` and ``length_penalty=1.0``.
    """

    request: GenerateRequest
    prompt_ids: tuple[int, ...]
    eos_ids: frozenset[int]
    max_new_tokens: int
    pieces: Pieces
    running: list[tuple[int, ...]] = field(default_factory=list)
    totals: list[float] = field(default_factory=list)
    tips: list[int] = field(default_factory=list)
    finished: list[Beam] = field(default_factory=list)
    nodes: int = 0
    done: bool = False

    def __post_init__(self) -> None:
        self.running = [()] * self.request.num_beams
        self.totals = [0.0] + [_UNREACHABLE] * (self.request.num_beams - 1)
        self.tips = [-1] * self.request.num_beams

    def advance(self, logits: Tensor, ends: Any) -> tuple[tuple[BeamNode, ...], list[int]]:
        """What was looked at, and for each beam that runs on the row it continues.

        ``logits`` has shape (num_beams, vocab); ``ends(reply)`` says whether a reply is complete by a stop string.
        """
        beams, step = self.request.num_beams, len(self.running[0])
        log_probs = logits.log_softmax(-1)
        draws = [Draw(self.request, (*self.prompt_ids, *reply), _NO_GENERATOR) for reply in self.running]
        log_probs = penalize(log_probs, draws)
        sums = log_probs + torch.tensor(self.totals, device=logits.device)[:, None]
        totals, flat = sums.flatten().topk(max(2, 1 + len(self.eos_ids)) * beams)
        looked: list[tuple[BeamNode, int]] = []
        replies: list[tuple[int, ...]] = []
        order: list[int] = []
        for rank, (total, place) in enumerate(zip(totals.tolist(), flat.tolist(), strict=True)):
            row, token_id = divmod(place, logits.shape[-1])
            if total <= _UNREACHABLE / 2:
                break
            reply = (*self.running[row], token_id)
            last = step + 1 >= self.max_new_tokens
            ended = token_id in self.eos_ids or last or ends(reply)
            state = (FINISHED if rank < beams else DROPPED) if ended else (RUNNING if len(order) < beams else DROPPED)
            node = BeamNode(
                self.nodes, self.tips[row], step, token_id, self.pieces[token_id],
                total - self.totals[row], total, state,
            )  # fmt: skip
            self.nodes += 1
            looked.append((node, row))
            replies.append(reply)
            if state == RUNNING:
                order.append(len(looked) - 1)
        self._finish(looked, replies)
        if order:
            order += [order[-1]] * (beams - len(order))
            kept = [looked[place] for place in order]
            self.running = [replies[place] for place in order]
            self.totals = [node.total_log_probability for node, _ in kept]
            self.tips = [node.node for node, _ in kept]
        worst = min(beam.mean_log_probability for beam in self.finished) if len(self.finished) >= beams else -math.inf
        self.done = not order or self.totals[0] / (step + 1) <= worst
        return tuple(node for node, _ in looked), [row for _, row in (looked[place] for place in order)]

    def best(self) -> list[Beam]:
        """The finished hypotheses, or the running ones while there are none."""
        if self.finished:
            return self.finished
        running = zip(self.tips, self.running, self.totals, strict=True)
        return [Beam(tip, reply, "", total, total / len(reply)) for tip, reply, total in running if reply]

    def _finish(self, looked: Sequence[tuple[BeamNode, int]], replies: Sequence[tuple[int, ...]]) -> None:
        """Puts finished hypotheses aside, the best ``num_beams`` of all."""
        for (node, _), reply in zip(looked, replies, strict=True):
            if node.state == FINISHED:
                mean = node.total_log_probability / len(reply)
                self.finished.append(Beam(node.node, reply, "", node.total_log_probability, mean))
        self.finished.sort(key=lambda beam: -beam.mean_log_probability)
        del self.finished[self.request.num_beams :]
