"""Beam search over one prompt, one step at a time, with the tree of everything it looked at."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import torch
from torch import Tensor
from transformers import LogitsProcessorList

from playground.generation.choose import Draw, penalize
from playground.generation.events import Beam, BeamNode, BeamState
from playground.generation.pieces import Pieces
from playground.generation.request import GenerateRequest

RUNNING: BeamState = "kept"
FINISHED: BeamState = "finished"
DROPPED: BeamState = "dropped"
_UNREACHABLE = -1.0e9
_NO_GENERATOR = torch.Generator()


@dataclass(eq=False)
class BeamSearch:
    """One beam search and its tree; give it the logits of each step.

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
    processors: LogitsProcessorList | None = None
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

    def advance(
        self, logits: Tensor, ends: Callable[[tuple[int, ...]], bool]
    ) -> tuple[tuple[BeamNode, ...], list[int]]:
        """What was looked at, and for each beam that runs on the row it continues.

        ``logits`` has shape (num_beams, vocab); ``ends(reply)`` says whether a reply is complete by a stop string.
        """
        looked = self._look(logits, ends)
        self._finish(looked)
        beams, step = self.request.num_beams, len(self.running[0])
        kept = [one for one in looked if one.node.state == RUNNING]
        if kept:
            missing = beams - len(kept)  # where a processor leaves fewer continuations than there are beams
            self.totals = [one.node.total_log_probability for one in kept] + [_UNREACHABLE] * missing
            kept += [kept[-1]] * missing
            self.running = [one.reply for one in kept]
            self.tips = [one.node.node for one in kept]
        worst = min(beam.mean_log_probability for beam in self.finished) if len(self.finished) >= beams else -math.inf
        self.done = not kept or self.totals[0] / (step + 1) <= worst
        return tuple(one.node for one in looked), [one.row for one in kept]

    def best(self) -> list[Beam]:
        """The finished hypotheses, or the running ones while there are none."""
        if self.finished:
            return self.finished
        running = zip(self.tips, self.running, self.totals, strict=True)
        return [Beam(tip, reply, "", total, total / len(reply)) for tip, reply, total in running if reply]

    def _look(self, logits: Tensor, ends: Callable[[tuple[int, ...]], bool]) -> list[_Looked]:
        """The best continuations of all beams, best first, and what becomes of each."""
        beams, step = self.request.num_beams, len(self.running[0])
        looked: list[_Looked] = []
        going = 0
        for rank, (total, row, token_id) in enumerate(self._best_continuations(logits)):
            reply = (*self.running[row], token_id)
            if token_id in self.eos_ids or step + 1 >= self.max_new_tokens or ends(reply):
                state = FINISHED if rank < beams else DROPPED
            else:
                state = RUNNING if going < beams else DROPPED
                going += state == RUNNING
            node = BeamNode(
                self.nodes, self.tips[row], step, token_id, self.pieces[token_id],
                total - self.totals[row], total, state,
            )  # fmt: skip
            self.nodes += 1
            looked.append(_Looked(node, row, reply))
        return looked

    def _best_continuations(self, logits: Tensor) -> list[tuple[float, int, int]]:
        """Sum of log-probabilities, row and token of twice as many continuations as there are beams."""
        draws = [
            Draw(self.request, (*self.prompt_ids, *reply), _NO_GENERATOR, processors=self.processors)
            for reply in self.running
        ]
        before = torch.tensor(self.totals, dtype=torch.float32, device=logits.device)
        sums = penalize(logits.log_softmax(-1), draws) + before[:, None]
        totals, places = sums.flatten().topk(max(2, 1 + len(self.eos_ids)) * self.request.num_beams)
        pairs = zip(totals.tolist(), places.tolist(), strict=True)
        return [(total, *divmod(place, logits.shape[-1])) for total, place in pairs if total > _UNREACHABLE / 2]

    def _finish(self, looked: Sequence[_Looked]) -> None:
        """Puts finished hypotheses aside, the best ``num_beams`` of all."""
        for one in looked:
            if one.node.state == FINISHED:
                total = one.node.total_log_probability
                self.finished.append(Beam(one.node.node, one.reply, "", total, total / len(one.reply)))
        self.finished.sort(key=lambda beam: -beam.mean_log_probability)
        del self.finished[self.request.num_beams :]


class _Looked(NamedTuple):
    """A continuation that was looked at: its node, the row it continues, and its whole reply."""

    node: BeamNode
    row: int
    reply: tuple[int, ...]
