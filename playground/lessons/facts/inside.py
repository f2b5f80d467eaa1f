"""What lessons can read of a whole model, of what it would say after each layer, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from playground.inside.request import METHODS
from playground.lessons.facts.field import Fields, says, told_apart

if TYPE_CHECKING:
    from playground.inside.map_result import ModelMapResult
    from playground.inside.result import AttributeNextResult, LensResult


@dataclass(frozen=True)
class LayerFact:
    """What a model would say after one of its layers."""

    layer: int = says("The layer: 0 are the embeddings, the last is the model's answer.")
    best: str = says("The token that it would say.")
    probability: float = says("Its probability.")
    entropy_nats: float = says("How open the choice is there, in nats: 0 is certain.")
    rank: int = says("The place of the token that wins in the end: 1 if it is the best here already.")


@dataclass(frozen=True)
class InsideFacts:
    """What a model would say after each of its layers, behind the last token of a text (or under its mask)."""

    text: str = says("The text.")
    model_id: str = says("The model.")
    count: int = says("How many tokens it read.")
    layers: int = says("How many layers it has.")
    answer: str = says("The token that wins in the last layer.")
    probability: float = says("Its probability there.")
    leads_from: int = says("The layer from which on it stays the best.")
    after: tuple[LayerFact, ...] = says("Each layer, the embeddings first.")


@dataclass(frozen=True)
class WhyFacts:
    """Which words spoke for the next token."""

    text: str = says("The text.")
    model_id: str = says("The model.")
    token: str = says("The token that is explained: the most probable one.")
    probability: float = says("Its probability.")
    logit: float = says("Its logit.")
    strongest: dict[str, str] = says("The word that speaks most for it, by the name of the method.")
    different: int | None = says("How many different words the methods name; nothing before all three have run.")
    speaks: dict[str, dict[str, float]] = says("How much a word speaks for it: the method first.")
    delta: float = says("By how much integrated gradients miss what they should add up to.")


@dataclass(frozen=True)
class ModelMapFacts:
    """A whole model, and what a text becomes in it."""

    text: str = says("The text that went through it.")
    model_id: str = says("The model.")
    class_name: str = says("The class of transformers that it is.")
    parameters: int = says("How many numbers were learned; tied ones count once.")
    megabytes: float = says("What it takes in memory, in MB.")
    blocks: int = says("How many blocks it has, those of both sides.")
    heads: int = says("How many heads each attention has; 0 where that can't be seen.")
    key_value_heads: int = says("How many heads of keys and values they share.")
    head_dim: int = says("How many numbers q, k and v have in each head.")
    tied: bool = says("True if some weights are used in two places.")
    share: dict[str, float] = says("A share of the parameters: embedding, attention, mlp, norm, head or other.")
    lengths: tuple[float, ...] = says("How long the tokens' vectors are after each block, on average.")


def observe_inside(result: LensResult, fields: Fields) -> InsideFacts:
    """What each layer would say."""
    cells = [row[result.opening] for row in result.cells]
    after = tuple(
        LayerFact(n, cell.best[0].piece, cell.best[0].probability, cell.entropy_nats, cell.rank)
        for n, cell in enumerate(cells)
    )
    behind = [one.layer for one in after if one.rank > 1]
    return InsideFacts(
        text=result.request.prompt,
        model_id=result.request.model_id,
        count=len(result.tokens),
        layers=result.layers,
        answer=after[-1].best,
        probability=after[-1].probability,
        leads_from=behind[-1] + 1 if behind else 0,
        after=after,
    )


def observe_why(result: AttributeNextResult, fields: Fields) -> WhyFacts:
    """Which words spoke for the token, by each method that has run."""
    kept = [n for n, word in enumerate(result.words) if not word.special]
    names = told_apart([result.words[n].text for n in kept])
    speaks = {
        one.method: {name: one.word_values[n] for n, name in zip(kept, names, strict=True)} for one in result.methods
    }
    strongest = {method: max(values, key=values.__getitem__) for method, values in speaks.items()}
    return WhyFacts(
        text=result.request.prompt,
        model_id=result.request.model_id,
        token=result.target.piece,
        probability=result.target.probability,
        logit=result.target.logit,
        strongest=strongest,
        different=len(set(strongest.values())) if len(strongest) == len(METHODS) else None,
        speaks=speaks,
        delta=next((one.delta for one in result.methods if one.delta is not None), 0.0),
    )


def observe_model_map(result: ModelMapResult, fields: Fields) -> ModelMapFacts:
    """What a model is made of, and how long vectors are on their way."""
    blocks = [part.name for part in result.parts if part.kind == "block"]
    norms = {one.name: one.norm for one in result.states}
    first = result.attentions[0] if result.attentions else None
    return ModelMapFacts(
        text=result.request.text,
        model_id=result.request.model_id,
        class_name=result.model_class,
        parameters=result.parameters,
        megabytes=result.bytes / 1e6,
        blocks=len(blocks),
        heads=first.heads if first else 0,
        key_value_heads=first.key_value_heads if first else 0,
        head_dim=first.head_dim if first else 0,
        tied=any(one.tied_to for part in result.parts for one in part.tensors),
        share={one.kind: one.parameters / max(1, result.parameters) for one in result.shares},
        lengths=tuple(norms[name] for name in blocks if name in norms),
    )
