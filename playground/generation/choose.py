"""Logits -> the next token, what it beat, and its text: the part of generation that has nothing to do with batches.

The processors are transformers' own, in the order of ``model.generate``; what is added is that rows with equal settings
are processed together, and that every row draws from a random generator of its own. It leaves out where logits
come from (`engine`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from transformers import (
    LogitsProcessor,
    LogitsProcessorList,
    MinPLogitsWarper,
    RepetitionPenaltyLogitsProcessor,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

from playground.generation.generate import Alternative, Beam, BeamNode, Candidate, GenerateRequest
from playground.texts import readable_piece

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

RUNNING, FINISHED, DROPPED = "kept", "finished", "dropped"
FEW = 512
_UNREACHABLE = -1.0e9


class Pieces:
    """Token id -> what the token is, so that a person can read it: spaces kept, stray bytes as ``<0xE2>``."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        self._tokenizer = tokenizer
        self._known: dict[int, str] = {}
        self._anchor = _anchor(tokenizer)

    def __getitem__(self, token_id: int) -> str:
        if token_id not in self._known:
            self._known[token_id] = self._read(token_id)
        return self._known[token_id]

    def _read(self, token_id: int) -> str:
        """Decoded behind another token, because some decoders strip the space of a first one."""
        alone, both = decode(self._tokenizer, self._anchor), decode(self._tokenizer, [*self._anchor, token_id])
        text = both[len(alone) :]
        if text and "\ufffd" not in text:
            return text
        token = self._tokenizer.convert_ids_to_tokens(token_id)
        if not isinstance(token, str):
            return f"<{token_id}>"
        return readable_piece(token, byte_level=True)


class ReplyText:
    """A reply's text while it grows: `add` gives what a token adds, nothing while a character is incomplete.

    A decoder shows the bytes of an unfinished character as U+FFFD at the end, so those at the end wait for the next
    token. Only a window of the last tokens is decoded again: a long reply costs no more per token than a short one.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase, prompt_ids: Sequence[int]) -> None:
        self._tokenizer = tokenizer
        self._window = list(prompt_ids[-4:])
        self._shown = len(decode(tokenizer, self._window, skip=True))
        self.text = ""

    def add(self, token_id: int) -> str:
        """The new suffix of the text."""
        self._window.append(token_id)
        grown = decode(self._tokenizer, self._window, skip=True)
        settled = len(grown.rstrip("\ufffd"))
        settled = max(settled, len(grown) - 3)  # no character has more than three bytes before its last
        settled = len(grown) if not grown.endswith("\ufffd") else settled
        suffix = grown[self._shown : settled]
        self._shown = max(self._shown, settled)
        if self._shown == len(grown) and len(self._window) > 12:
            self._shorten(grown)
        self.text += suffix
        return suffix

    def _shorten(self, grown: str) -> None:
        """Forgets the older tokens where the newer ones decode to the same without them."""
        tail = decode(self._tokenizer, self._window[-4:], skip=True)
        if grown.endswith(tail):
            self._window, self._shown = self._window[-4:], len(tail)


@dataclass(eq=False)
class Draw:
    """One row's turn: its settings, all token ids so far, its own random stream; ``forced`` overrides the choice."""

    request: GenerateRequest
    token_ids: Sequence[int]
    generator: torch.Generator
    forced: int | None = None


@dataclass(frozen=True)
class Choice:
    """What a row chose, before it is dressed up as a `Step`."""

    token_id: int
    before: float
    after: float
    entropy: float
    alternatives: tuple[Alternative, ...]


@dataclass(frozen=True, eq=False)
class Kept:
    """Tokens that survived the sampler and their probabilities, shape (rows, kept); ids None: all, in order."""

    probabilities: Tensor
    ids: Tensor | None

    def of(self, token_ids: Tensor) -> Tensor:
        """The probabilities of some tokens, shape (rows, n); 0 for those that were cut."""
        if self.ids is None:
            return self.probabilities.gather(-1, token_ids)
        found = token_ids[:, :, None] == self.ids[:, None, :]
        return (found * self.probabilities[:, None, :]).sum(-1)

    def draw(self, vocab: int, generators: Sequence[torch.Generator]) -> Tensor:
        """One token per row, from each row's own random stream, with the numbers that ``torch.multinomial`` would use.

        That function draws by a race: each token gets a random time with its probability as the rate, the first one
        wins. The times of tokens that were cut must be drawn too, or the stream would get out of step with
        ``model.generate``.
        """
        times = torch.empty(1, vocab, device=self.probabilities.device)
        winners = []
        for row, generator in enumerate(generators):
            times.exponential_(generator=generator)
            if self.ids is None:
                winners.append((self.probabilities[row] / times[0]).argmax())
            else:
                winners.append(self.ids[row, (self.probabilities[row] / times[0, self.ids[row]]).argmax()])
        return torch.stack(winners)


def choose(logits: Tensor, draws: Sequence[Draw], pieces: Pieces) -> list[Choice]:
    """The next token of every row; ``logits`` is float32 of shape (rows, vocab).

    Rows that share settings are processed in one go. A row's random stream is used exactly as ``model.generate`` uses
    torch's global one, so the same seed gives the same tokens.
    """
    log_total = logits.logsumexp(-1, keepdim=True)
    log_before = logits - log_total
    entropies = -torch.linalg.vecdot(log_before.exp(), log_before)
    top = min(max(draw.request.top for draw in draws), logits.shape[-1])
    best, best_ids = logits.topk(top)
    chosen = torch.empty(len(draws), dtype=torch.long, device=logits.device)
    after = torch.empty(len(draws), top + 1, device=logits.device)
    for rows in _alike(draws):
        own, alike = ([draws[row] for row in rows], slice(None) if len(rows) == len(draws) else rows)
        kept = process(logits[alike], own)
        chosen[alike] = _pick(kept, own, logits.shape[-1])
        after[alike] = kept.of(torch.cat([best_ids[alike], chosen[alike, None]], -1))
    before = (logits.gather(-1, chosen[:, None]) - log_total).exp()[:, 0]
    table = zip(
        draws, chosen.tolist(), before.tolist(), entropies.clamp(min=0).tolist(),
        best_ids.tolist(), (best - log_total).exp().tolist(), after.tolist(), strict=True,
    )  # fmt: skip
    return [
        Choice(token_id, own, later[-1], entropy, _alternatives(draw.request.top, ids, befores, later, pieces))
        for draw, token_id, own, entropy, ids, befores, later in table
    ]


def process(logits: Tensor, draws: Sequence[Draw]) -> Kept:
    """What the sampler leaves of rows with equal settings.

    Sorting a whole vocabulary costs more than everything else here, so where the settings keep few tokens only those
    are looked at; the result is the same.

    Source: transformers ``GenerationMixin._get_logits_processor`` (which processors, in which order).
    """
    scores, request = _penalize(logits, draws), draws[0].request
    if not request.do_sample:
        best = scores.argmax(-1, keepdim=True)
        return Kept(torch.ones_like(best, dtype=scores.dtype), best)
    few = _few_by_top_k(scores, request) if request.top_k else _few_by_mass(scores / request.temperature, request)
    if few is not None:
        return few
    ids: Any = torch.empty(len(draws), 0, dtype=torch.long, device=logits.device)  # the warpers don't look at it
    return Kept(warpers(request)(ids, scores).softmax(-1), None)  # type: ignore[arg-type]


def warpers(request: GenerateRequest) -> LogitsProcessorList:
    """transformers' own warpers for these settings, in its order."""
    chain: list[LogitsProcessor] = []
    if request.temperature != 1.0:
        chain.append(TemperatureLogitsWarper(float(request.temperature)))
    if request.top_k:
        chain.append(TopKLogitsWarper(request.top_k))
    if request.top_p < 1.0:
        chain.append(TopPLogitsWarper(float(request.top_p)))
    if request.min_p > 0.0:
        chain.append(MinPLogitsWarper(float(request.min_p)))
    return LogitsProcessorList(chain)


def _few_by_top_k(scores: Tensor, request: GenerateRequest) -> Kept | None:
    """The ``top_k`` best tokens after all warpers; None where a tie at the border would let more in."""
    if request.top_k > FEW or request.top_k >= scores.shape[-1]:
        return None
    values, ids = scores.topk(request.top_k + 1)
    if bool((values[:, -2] == values[:, -1]).any()):
        return None
    short: Any = values[:, :-1]
    return Kept(warpers(request)(ids, short).softmax(-1), ids[:, :-1])  # type: ignore[arg-type]


def _few_by_mass(scores: Tensor, request: GenerateRequest) -> Kept | None:
    """What top_p and min_p keep, if that surely lies among the best few; None if it may not."""
    if request.top_p >= 1.0 and request.min_p <= 0.0:
        return None
    values, ids = scores.topk(min(FEW, scores.shape[-1]))
    probabilities = (values - scores.logsumexp(-1, keepdim=True)).exp()
    better = probabilities.cumsum(-1) - probabilities
    least = request.min_p * probabilities[:, :1]
    keep = (better < request.top_p) & (probabilities >= least)
    keep[:, 0] = True
    if bool(keep[:, -1].any()):
        return None
    return Kept(values.masked_fill(~keep, -math.inf).softmax(-1), ids)


def rest_in_bins(logits: Tensor, bins: int = 128) -> tuple[tuple[float, float], ...]:
    """Many logits as a few pairs (count, logit), best first; the sum of their exponentials is exact."""
    if not len(logits):
        return ()
    low, high = float(logits.min()), float(logits.max())
    width = (high - low) / bins or 1.0
    place = ((high - logits) / width).long().clamp(max=bins - 1)
    counts = torch.bincount(place, minlength=bins)
    sums = torch.zeros(bins, dtype=torch.float64).scatter_add_(0, place, (logits.double() - high).exp())
    return tuple(
        (float(count), high + math.log(total / count))
        for count, total in zip(counts.tolist(), sums.tolist(), strict=True)
        if count and total > 0
    )


def candidates(logits: Tensor, draw: Draw, count: int, pieces: Pieces) -> tuple[Candidate, ...]:
    """The ``count`` best next tokens of one row of logits, each with its logit and both probabilities."""
    values, ids = logits.topk(min(count, len(logits)))
    before = logits.softmax(-1)[ids].tolist()
    after = process(logits[None], [draw]).of(ids[None])[0].tolist()
    seen = set(draw.token_ids)
    return tuple(
        Candidate(token_id, pieces[token_id], logit, one, other, other > 0.0, token_id in seen)
        for token_id, logit, one, other in zip(ids.tolist(), values.tolist(), before, after, strict=True)
    )


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
        log_probs = _penalize(log_probs, draws)
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


def look_up(token_ids: Sequence[int], count: int, ngram: int = 2) -> list[int]:
    """Up to ``count`` tokens that followed the last time the text's end stood in it: a guess at how it goes on.

    >>> look_up([5, 6, 7, 8, 5, 6], 3)
    [7, 8, 5]

    Source: transformers ``PromptLookupCandidateGenerator``.
    """
    ids = list(token_ids)
    for size in range(min(ngram, len(ids) - 1), 0, -1):
        for begin in range(len(ids) - size - 1, -1, -1):
            if count > 0 and ids[begin : begin + size] == ids[-size:]:
                return ids[begin + size : begin + size + count]
    return []


_NO_GENERATOR = torch.Generator()


def decode(tokenizer: PreTrainedTokenizerBase, token_ids: Sequence[int], skip: bool = False) -> str:
    """The text of token ids, exactly: no spaces are tidied up."""
    text = tokenizer.decode(list(token_ids), skip_special_tokens=skip, clean_up_tokenization_spaces=False)
    return text if isinstance(text, str) else "".join(text)


def _alike(draws: Sequence[Draw]) -> list[list[int]]:
    """Row numbers, grouped by equal settings."""
    groups: dict[tuple[Any, ...], list[int]] = {}
    for row, draw in enumerate(draws):
        one = draw.request
        sampled = (one.temperature, one.top_k, one.top_p, one.min_p) if one.do_sample else ()
        groups.setdefault((one.repetition_penalty, *sampled), []).append(row)
    return list(groups.values())


def _pick(kept: Kept, draws: Sequence[Draw], vocab: int) -> Tensor:
    """The chosen ids; a forced token uses up its random numbers all the same."""
    if draws[0].request.do_sample:
        chosen = kept.draw(vocab, [draw.generator for draw in draws])
    else:
        assert kept.ids is not None
        chosen = kept.ids[:, 0]
    return _forced(chosen, draws)


def _forced(chosen: Tensor, draws: Sequence[Draw]) -> Tensor:
    """The chosen ids, with forced ones in their place."""
    if all(draw.forced is None for draw in draws):
        return chosen
    pairs = zip(chosen.tolist(), draws, strict=True)
    return torch.tensor([own if draw.forced is None else draw.forced for own, draw in pairs], device=chosen.device)


def _penalize(scores: Tensor, draws: Sequence[Draw]) -> Tensor:
    """Scores after the repetition penalty; shorter rows are padded with a token that they hold anyway."""
    penalty = draws[0].request.repetition_penalty
    if penalty == 1.0:
        return scores
    seen = [sorted(set(draw.token_ids)) for draw in draws]
    width = max(map(len, seen))
    ids = torch.tensor([row + row[-1:] * (width - len(row)) for row in seen], device=scores.device)
    return RepetitionPenaltyLogitsProcessor(penalty=float(penalty))(ids, scores)


def _alternatives(
    top: int, ids: list[int], before: list[float], after: list[float], pieces: Pieces
) -> tuple[Alternative, ...]:
    rows = zip(ids[:top], before[:top], after[:top], strict=True)
    return tuple(Alternative(token_id, pieces[token_id], one, other, other > 0.0) for token_id, one, other in rows)


def _anchor(tokenizer: PreTrainedTokenizerBase) -> list[int]:
    """The ids of some plain text to stand in front of a token."""
    return list(tokenizer("a", add_special_tokens=False)["input_ids"])
