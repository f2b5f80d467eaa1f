"""One text -> how far two models are apart on it, token by token: what a quantization costs.

Both read the same tokens (teacher forcing), so that every place is judged after the same beginning. Then each goes on
by itself, which shows how soon a small difference makes another text.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch
from jaxtyping import Float, Int
from torch import Tensor

from playground.errors import InputError, InputTooLongError, PlaygroundError, UnsupportedOptionError, said_by
from playground.generation.pieces import Pieces
from playground.generation.prompts import Prompt, read_prompt
from playground.generation.request import TASK, GenerateRequest, TwinRequest
from playground.generation.result import TwinProgress, TwinReply, TwinResult, TwinSide, TwinToken
from playground.generation.running import start
from playground.generation.together import keys_of, require_together
from playground.models.limits import context_length
from playground.models.memory import is_out_of_memory
from playground.models.origin import rounding_of

if TYPE_CHECKING:
    from playground.models.manager import LoadedModel, ModelManager

MOST_TOKENS = 512
ROWS = 32  # positions whose distributions are compared at once
PARTS = 5


@dataclass(frozen=True)
class Apart:
    """Two models after each token but the last: what each gave the token that follows, and how far apart they are.

    ``probabilities``, ``best`` and ``best_probabilities`` have a row for each of the two.
    """

    kl_divergence: Float[Tensor, " place"]
    log_probabilities: Float[Tensor, "2 place"]
    best: Int[Tensor, "2 place"]
    best_probabilities: Float[Tensor, "2 place"]


def quantization_twin(manager: ModelManager, request: TwinRequest) -> Iterator[TwinProgress | TwinResult]:
    """What is being done, and last the `TwinResult`. Closing the iterator stops the work.

    Raises:
        EmptyInputError, InputError, InputTooLongError: the text can't be used, or the tokenizers differ.
        BudgetError: both don't fit at once. ModelError: one can't be used.
    """
    own = manager.spec(request.model_id, TASK).id
    asked = ((own, request.quantization), (request.other_model_id or own, request.other_quantization))
    keys = keys_of(manager, asked)
    require_together(manager, keys)
    held: dict[tuple[str, str], LoadedModel] = {}
    with ExitStack() as stack:
        for number, key in enumerate(keys):
            title = manager.spec(key.model_id, TASK).title
            yield TwinProgress(f"Loading {title} in {key.quantization}", number, PARTS)
            loaded = stack.enter_context(manager.lease(key.model_id, TASK, key.quantization))
            held[key.model_id, key.quantization] = loaded
        first, second = (held[one] for one in asked)
        text = read_text(first, second, request)
        yield TwinProgress(f"Both read {len(text.token_ids):,} tokens", 2, PARTS)
        result = read_twice(first, second, request, text)
        if request.max_new_tokens:
            yield TwinProgress(f"{result.first.title} in {result.first.quantization} goes on", 3, PARTS)
            reply = _reply(manager, first, request, asked[0])
            result = replace(result, first=replace(result.first, reply=reply))
            yield TwinProgress(f"{result.second.title} in {result.second.quantization} goes on", 4, PARTS)
            reply = _reply(manager, second, request, asked[1])
            result = replace(result, second=replace(result.second, reply=reply))
        yield replace(result, parts_at=parting(result.first.reply, result.second.reply))


def last_of(steps: Iterator[TwinProgress | TwinResult]) -> TwinResult:
    """The result of a twin that is read to its end."""
    *_, result = steps
    assert isinstance(result, TwinResult)
    return result


def read_twice(first: LoadedModel, second: LoadedModel, request: TwinRequest, text: Prompt) -> TwinResult:
    """What both make of the text (of `read_text`), without replies.

    Raises:
        UnsupportedOptionError: their distributions can't be compared.
    """
    ids = text.token_ids
    logits, seconds = zip(*(logits_of(loaded, ids) for loaded in (first, second)), strict=True)
    if logits[0].shape != logits[1].shape:
        sizes = [f"{one.shape[-1]:,}" for one in logits]
        raise UnsupportedOptionError(
            f"The models choose among {' and '.join(sizes)} tokens, so their distributions can't be compared.",
            "Choose one model in two quantizations.",
        )
    apart = compare(logits[0], logits[1], torch.tensor(ids[1:]))
    return TwinResult(
        request=request,
        start=_pieces(first, ids[:1]),
        tokens=_tokens(first, ids[1:], apart),
        mean_kl_divergence=float(apart.kl_divergence.mean()),
        changed_share=float((apart.best[0] != apart.best[1]).double().mean()),
        first=_side(first, apart.log_probabilities[0], len(ids) / seconds[0]),
        second=_side(second, apart.log_probabilities[1], len(ids) / seconds[1]),
        parts_at=None,
        notes=(*text.notes, *_rounded(first, second)),
    )


def _rounded(*both: LoadedModel) -> tuple[str, ...]:
    """What is to be known of copies that were rounded before: it isn't the Hub's numbers that lose bits here."""
    titles = {one.spec.title: rounding_of(one.spec) for one in both}
    known = "So this measures what fewer bits cost this copy."
    return tuple(f"{title}: {said} {known}" for title, said in titles.items() if said)


@torch.inference_mode()
def logits_of(loaded: LoadedModel, ids: Sequence[int]) -> tuple[Float[Tensor, "place vocab"], float]:
    """The logits after each token but the last, from one forward pass, and the seconds that it took.

    Raises:
        UnsupportedOptionError: the model can't read a text alone.
    """
    device = loaded.model.device
    given = torch.tensor([list(ids)], device=device)
    begun = time.perf_counter()
    try:
        logits = loaded.model(input_ids=given, use_cache=False).logits[0, :-1]
    except Exception as error:  # a family that wants more than ids says so in its own way
        if isinstance(error, PlaygroundError) or is_out_of_memory(error):
            raise
        raise UnsupportedOptionError(
            f"{loaded.spec.title} can't read a text alone ({type(error).__name__}: {said_by(error, 120)}).",
            "Choose another model.",
        ) from error
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return logits, max(1e-9, time.perf_counter() - begun)


@torch.inference_mode()
def compare(
    first: Float[Tensor, "place vocab"], second: Float[Tensor, "place vocab"], targets: Int[Tensor, " place"]
) -> Apart:
    """How far apart two models' logits are: sum over the vocabulary of p · (log p - log q), in float64, in nats."""
    parts = []
    for begin in range(0, len(targets), ROWS):
        rows = slice(begin, begin + ROWS)
        p, q = (_log_softmax(logits[rows]) for logits in (first, second))
        q = q.to(p.device)
        wanted = targets[rows].to(p.device).unsqueeze(-1)
        best = torch.stack([p.argmax(-1), q.argmax(-1)])
        both = torch.stack([p, q])
        parts.append((
            (p.exp() * (p - q)).sum(-1).clamp(min=0).cpu(),
            both.gather(-1, wanted.expand(2, -1, -1)).squeeze(-1).cpu(),
            best.cpu(),
            both.gather(-1, best.unsqueeze(-1)).squeeze(-1).exp().cpu(),
        ))  # fmt: skip
    return Apart(*(torch.cat(one, dim=-1) for one in zip(*parts, strict=True)))


def _log_softmax(logits: Tensor) -> Tensor:
    """In float64, which Apple's GPUs don't have."""
    logits = logits.cpu() if logits.device.type == "mps" else logits
    return logits.double().log_softmax(-1)


def read_text(first: LoadedModel, second: LoadedModel, request: TwinRequest) -> Prompt:
    """The ids that both read, and notes.

    Raises:
        InputError, InputTooLongError: the text is too short or too long.
    """
    rows = min(one.model.get_input_embeddings().num_embeddings for one in (first, second))
    most = min(MOST_TOKENS, *(context_length(one.model) for one in (first, second)))
    prompt = read_prompt(GenerateRequest(request.text, max_new_tokens=1), first.tokenizer, 10**9, rows)
    if len(prompt.token_ids) > most:
        raise InputTooLongError(
            f"The text has {len(prompt.token_ids):,} tokens; {most:,} fit here.", "Shorten it, or read it in parts."
        )
    if len(prompt.token_ids) < 2:
        raise InputError("The text is one token: nothing comes before it, nothing after.", "Write a few words more.")
    return prompt


def _pieces(loaded: LoadedModel, ids: Sequence[int]) -> tuple[str, ...]:
    pieces = Pieces(loaded.tokenizer)
    return tuple(pieces[token_id] for token_id in ids)


def _tokens(loaded: LoadedModel, ids: Sequence[int], apart: Apart) -> tuple[TwinToken, ...]:
    pieces = Pieces(loaded.tokenizer)
    probabilities, best = apart.log_probabilities.exp().tolist(), apart.best.tolist()
    chances = apart.best_probabilities.tolist()
    return tuple(
        TwinToken(
            token_id=token_id,
            piece=pieces[token_id],
            kl_divergence=kl,
            probability=probabilities[0][place],
            other_probability=probabilities[1][place],
            best=pieces[best[0][place]],
            best_probability=chances[0][place],
            other_best=pieces[best[1][place]],
            other_best_probability=chances[1][place],
            changed=best[0][place] != best[1][place],
        )
        for place, (token_id, kl) in enumerate(zip(ids, apart.kl_divergence.tolist(), strict=True))
    )


def _side(loaded: LoadedModel, log_probabilities: Tensor, speed: float) -> TwinSide:
    return TwinSide(
        model_id=loaded.spec.id,
        title=loaded.spec.title,
        quantization=loaded.key.quantization,
        dtype=loaded.dtype,
        measured_bytes=loaded.measured_bytes,
        perplexity=math.exp(min(700.0, -float(log_probabilities.mean()))),
        reading_tokens_per_second=speed,
        reply=None,
    )


def _reply(manager: ModelManager, loaded: LoadedModel, request: TwinRequest, asked: tuple[str, str]) -> TwinReply:
    """What one of the two writes after the text; greedy, one after the other, so that neither slows the other."""
    generate = GenerateRequest(
        request.text, model_id=asked[0], quantization=asked[1], max_new_tokens=request.max_new_tokens,
        person=request.person, address=request.address, top=1,
    )  # fmt: skip
    with start(manager, (generate,)) as running:
        end = running.result().finished
    return TwinReply(end.text, _pieces(loaded, end.token_ids), end.token_ids, end.tokens_per_second)


def parting(first: TwinReply | None, second: TwinReply | None) -> int | None:
    """The first place where two replies have different tokens, or where one of them has ended; None if there is none.

    >>> def reply(*ids): return TwinReply("", (), ids, None)
    >>> parting(reply(1, 2, 3), reply(1, 2, 4)), parting(reply(1, 2), reply(1, 2, 3)), parting(reply(1), reply(1))
    (2, 2, None)
    """
    if first is None or second is None or first.token_ids == second.token_ids:
        return None
    pairs = zip(first.token_ids, second.token_ids, strict=False)
    shorter = min(len(first.token_ids), len(second.token_ids))
    return next((place for place, (one, other) in enumerate(pairs) if one != other), shorter)
