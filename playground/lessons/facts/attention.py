"""What lessons can read of where attention looks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from playground.lessons.facts.field import Fields, says, told_apart

if TYPE_CHECKING:
    from playground.attention.result import AttentionResult, AttentionStack


@dataclass(frozen=True)
class HeadFact:
    """One attention head in numbers, each a mean over the tokens that read."""

    layer: int = says("Its layer, counted from 0.")
    head: int = says("Its number in the layer, counted from 0.")
    entropy_nats: float = says("How spread its look is: 0 if every token reads one other.")
    first_token: float = says("The share that goes to the first token.")
    special_tokens: float = says("The share that goes to special tokens.")
    previous_token: float | None = says("The share that goes to the token just before.")
    same_token: float | None = says("The share that goes to the token itself.")


@dataclass(frozen=True)
class AttentionFacts:
    """Where a model's attention looks."""

    text: str = says("The text.")
    model_id: str = says("The model.")
    layers: int = says("How many layers it has.")
    heads: int = says("How many heads each layer has.")
    count: int = says("How many tokens were read.")
    tokens: tuple[str, ...] = says("The tokens.")
    shown: HeadFact = says("The head that is shown large.")
    reads: dict[str, str] = says("In the head shown: the token that a token reads most.")
    weight: dict[str, dict[str, float]] = says("In the head shown: how much one token reads of another.")
    average_first_token: float = says("The share that goes to the first token, over all heads.")
    average_special_tokens: float = says("The share that goes to special tokens, over all heads.")
    most_previous: HeadFact = says("The head that looks most at the token before.")
    most_first: HeadFact = says("The head that looks most at the first token.")


def observe_attention(result: AttentionResult, fields: Fields) -> AttentionFacts:
    """Where the heads look; the one shown in detail."""
    stack = result.stacks[0]
    layer, head = int(fields["layer"]), int(fields["head"])
    shown = stack.head(layer, head).tolist()
    keys, queries = (told_apart([one.text for one in tokens]) for tokens in (stack.keys, stack.queries))
    every = [_head(stack, at, number) for at in range(stack.layers) for number in range(stack.heads)]
    return AttentionFacts(
        text=result.request.text,
        model_id=result.request.model_id,
        layers=stack.layers,
        heads=stack.heads,
        count=len(keys),
        tokens=tuple(token.text for token in stack.keys),
        shown=_head(stack, layer, head),
        reads={name: keys[max(range(len(row)), key=row.__getitem__)] for name, row in zip(queries, shown, strict=True)},
        weight={name: dict(zip(keys, row, strict=True)) for name, row in zip(queries, shown, strict=True)},
        average_first_token=_mean(one.first_token for one in every),
        average_special_tokens=_mean(one.special_tokens for one in every),
        most_previous=max(every, key=lambda one: one.previous_token or 0.0),
        most_first=max(every, key=lambda one: one.first_token),
    )


def _head(stack: AttentionStack, layer: int, head: int) -> HeadFact:
    summary = stack.summaries[layer][head]
    return HeadFact(
        layer,
        head,
        summary.entropy_nats,
        summary.first_token_share,
        summary.special_tokens_share,
        summary.previous_token_share,
        summary.same_token_share,
    )


def _mean(numbers: Iterable[float]) -> float:
    found = list(numbers)
    return sum(found) / len(found)
