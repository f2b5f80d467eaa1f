"""A result -> the facts that lessons read (`facts`): a function for each tab, nothing computed anew."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from playground.lessons import facts

if TYPE_CHECKING:
    from playground.attention.result import AttentionResult, AttentionStack
    from playground.classification.result import ClassifyResult
    from playground.generation.events import GenerationResult, Step
    from playground.generation.result import TwinResult
    from playground.inside.result import AttributeNextResult, LensResult
    from playground.models.report import QuantizationOption
    from playground.similarity.result import FlatPicture, WordLossResult, WordMapResult
    from playground.tokens.result import ChatTemplate, Comparison, EncodedBatch, MaskComparison, Tokenization

Fields = Mapping[str, Any]


def observe(tab: str, result: Any, fields: Fields) -> Any:
    """The facts of a tab's result; ``fields`` are what stood in its fields when it was asked."""
    return OBSERVERS[tab](result, fields)


def _classification(result: ClassifyResult, fields: Fields) -> facts.ClassificationFacts:
    labels = tuple(facts.LabelFact(one.label, one.probability, one.logit) for one in result.labels)
    best, second = (sorted(labels, key=lambda one: -one.probability) * 2)[:2]
    return facts.ClassificationFacts(
        text=result.request.text,
        model_id=result.info.model_id,
        best=best,
        second=second,
        labels=labels,
        label={one.label: one for one in labels},
        entropy_nats=result.entropy_nats,
        count=result.tokens_used,
        total=result.tokens_total,
        tokens=tuple(token.token for token in result.tokens),
        input_ids=tuple(token.token_id for token in result.tokens),
        attention_mask=tuple(token.attention_mask for token in result.tokens),
        token_type_ids=tuple(token.token_type_id for token in result.tokens),
    )


def _tokens(result: Tokenization, fields: Fields) -> facts.TokensFacts:
    counts = result.counts
    return facts.TokensFacts(
        text=result.text,
        model_id=result.model_id,
        count=counts.tokens,
        own_count=counts.tokens - counts.special_tokens,
        words=counts.words,
        characters=counts.characters,
        utf8_bytes=counts.utf8_bytes,
        unknown=counts.unknown_tokens,
        tokens=tuple(
            facts.TokenFact(one.shown, one.token_id, one.special, one.unknown, one.continuation)
            for one in result.tokens
        ),
        pieces=tuple(one.shown for one in result.tokens if not one.special),
    )


def _tokenizers(result: Comparison, fields: Fields) -> facts.TokenizersFacts:
    of = {one.model_id: _tokens(one, fields) for one in result.results}
    return facts.TokenizersFacts(
        text=result.text,
        of=of,
        fewest=min(of, key=lambda name: of[name].count),
        most=max(of, key=lambda name: of[name].count),
        agreed=len(result.agreed),
        contested=len(result.contested),
    )


def _batch(result: EncodedBatch, fields: Fields) -> facts.BatchFacts:
    rows = tuple(
        facts.RowFact(len(row.input_ids), row.kinds.count("padding"), row.shown, row.input_ids, row.attention_mask)
        for row in result.rows
    )
    padding = sum(row.padding for row in rows)
    return facts.BatchFacts(
        rows=rows,
        columns=max(row.length for row in rows),
        padding=padding,
        padding_share=padding / max(1, sum(row.length for row in rows)),
        rectangular=result.is_rectangular,
        truncated=sum(result.truncated),
    )


def _masks(result: MaskComparison, fields: Fields) -> facts.MasksFacts:
    rows = tuple(
        facts.MaskedRowFact(
            row.summary,
            row.unit,
            row.largest_difference,
            {one.name: one.right for one in row.quantities},
            {one.name: one.wrong for one in row.quantities},
        )
        for row in result.rows
    )
    moved = sorted(range(len(rows)), key=lambda row: rows[row].largest_difference)
    return facts.MasksFacts(result.request.mistake, result.request.flips, rows, moved[-1], moved[0])


def _chat(result: ChatTemplate, fields: Fields) -> facts.ChatFacts:
    tokens = result.tokenization.tokens
    written = sum(result.spans[span].is_content for span in result.token_spans)
    return facts.ChatFacts(
        text=result.text,
        messages=len(fields["messages"]),
        count=len(tokens),
        special=sum(token.special for token in tokens),
        content=written,
        markup=len(tokens) - written,
        added_system=any(span.role == "system" and span.message is None for span in result.spans),
        tokens=tuple(token.shown for token in tokens),
    )


def _attention(result: AttentionResult, fields: Fields) -> facts.AttentionFacts:
    stack = result.stacks[0]
    layer, head = int(fields["layer"]), int(fields["head"])
    shown, keys, queries = stack.head(layer, head).tolist(), _named(stack.keys), _named(stack.queries)
    every = [_head(stack, at, number) for at in range(stack.layers) for number in range(stack.heads)]
    return facts.AttentionFacts(
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


def _head(stack: AttentionStack, layer: int, head: int) -> facts.HeadFact:
    summary = stack.summaries[layer][head]
    return facts.HeadFact(
        layer,
        head,
        summary.entropy_nats,
        summary.first_token_share,
        summary.special_tokens_share,
        summary.previous_token_share,
        summary.same_token_share,
    )


def _named(tokens: Sequence[Any]) -> list[str]:
    """Names that tell tokens apart: a second ``cat`` is ``cat 2``.

    >>> from types import SimpleNamespace as Token
    >>> _named([Token(text="the"), Token(text="cat"), Token(text="the")])
    ['the', 'cat', 'the 2']
    """
    texts = [token.text.strip() for token in tokens]
    times = [texts[: place + 1].count(text) for place, text in enumerate(texts)]
    return [text if time == 1 else f"{text} {time}" for text, time in zip(texts, times, strict=True)]


def _mean(numbers: Iterable[float]) -> float:
    found = list(numbers)
    return sum(found) / len(found)


def _generation(result: GenerationResult, fields: Fields) -> facts.GenerationFacts:
    request, end = result.request, result.finished
    steps = tuple(map(_step, result.steps))
    words = [word.strip(".,;:!?\"'()").casefold() for word in end.text.split()]
    words = [word for word in words if word]
    return facts.GenerationFacts(
        prompt=fields["prompt"],
        model_id=request.model_id or "",
        text=end.text,
        reason=end.reason,
        count=len(end.token_ids),
        prompt_tokens=end.prompt_tokens,
        steps=steps,
        surest=max(steps, key=lambda one: one.probability, default=None),
        least_sure=min(steps, key=lambda one: one.probability, default=None),
        log_probability=_log_probability(result),
        perplexity=end.perplexity,
        distinct_words=len(set(words)),
        repeated=len(words) - len(set(words)),
        beams=tuple(
            facts.BeamFact(beam.text, beam.total_log_probability, beam.mean_log_probability) for beam in end.beams
        ),
        looked_at=sum(len(step.nodes) for step in result.beam_steps),
        do_sample=request.do_sample,
        temperature=request.temperature,
        top_p=request.top_p,
        max_new_tokens=request.max_new_tokens,
        num_beams=request.num_beams,
        seed=request.seed,
        quantization=request.quantization,
    )


def _step(step: Step) -> facts.StepFact:
    others = sorted(step.alternatives, key=lambda one: -one.before)
    return facts.StepFact(
        token=step.piece,
        probability=step.probability_before,
        drawn_with=step.probability_after,
        entropy_nats=step.entropy,
        rank=1 + sum(one.before > step.probability_before for one in others if one.token_id != step.token_id),
        alternatives=tuple(facts.AlternativeFact(one.piece, one.before, one.after) for one in others),
    )


def _log_probability(result: GenerationResult) -> float | None:
    """Of the best beam, or of the reply."""
    if result.finished.beams:
        return result.finished.beams[0].total_log_probability
    if not result.steps or any(step.probability_before <= 0 for step in result.steps):
        return None
    return sum(math.log(step.probability_before) for step in result.steps)


def _similarity(result: WordLossResult, fields: Fields) -> facts.SimilarityFacts:
    pair: dict[str, dict[str, facts.PairFact]] = {}
    for one in result.losses:
        about = facts.PairFact(one.loss, one.loss_sum, one.perplexity, len(one.pieces))
        pair.setdefault(one.source, {})[one.target] = about
    return facts.SimilarityFacts(
        model_id=result.model_id,
        words=tuple(fields["words"]),
        pair=pair,
        closest={source: min(to, key=lambda word: to[word].loss) for source, to in pair.items()},
        smallest=min(one.perplexity for one in result.losses),
        farthest={source: max(to, key=lambda word: to[word].loss) for source, to in pair.items()},
    )


def _word_map(result: WordMapResult, fields: Fields) -> facts.WordMapFacts:
    loss, embedding = result.by_loss, result.by_embedding
    return facts.WordMapFacts(
        model_id=result.model_id,
        words=result.words,
        nearest=result.nearest,
        kept_by_embedding=None if embedding is None else embedding.kept,
        kept_by_loss=loss.kept,
        negative_by_loss=loss.negative,
        near_by_embedding=None if embedding is None else _mean(embedding.still_near),
        near_by_loss=_mean(loss.still_near),
        first_by_embedding={} if embedding is None else _first(result.words, embedding),
        first_by_loss=_first(result.words, loss),
    )


def _first(words: Sequence[str], picture: FlatPicture) -> dict[str, str]:
    return {word: words[near[0]] for word, near in zip(words, picture.neighbours, strict=True)}


def _twin(result: TwinResult, fields: Fields) -> facts.TwinFacts:
    tokens = tuple(
        facts.TwinTokenFact(one.piece, one.kl_divergence, one.probability, one.other_probability, one.changed)
        for one in result.tokens
    )
    return facts.TwinFacts(
        text=result.request.text,
        count=len(tokens),
        tokens=tokens,
        farthest=max(tokens, key=lambda one: one.kl_divergence),
        mean_kl_divergence=result.mean_kl_divergence,
        changed=sum(one.changed for one in tokens),
        perplexity=result.first.perplexity,
        other_perplexity=result.second.perplexity,
        megabytes=result.first.measured_bytes / 1e6,
        other_megabytes=result.second.measured_bytes / 1e6,
        quantization=result.first.quantization,
        other_quantization=result.second.quantization,
        same_tokens=result.parts_at,
    )


def _inside(result: LensResult, fields: Fields) -> facts.InsideFacts:
    cells = [row[result.opening] for row in result.cells]
    after = tuple(
        facts.LayerFact(n, cell.best[0].piece, cell.best[0].probability, cell.entropy_nats, cell.rank)
        for n, cell in enumerate(cells)
    )
    behind = [one.layer for one in after if one.rank > 1]
    return facts.InsideFacts(
        text=result.request.prompt,
        model_id=result.request.model_id,
        count=len(result.tokens),
        layers=result.layers,
        answer=after[-1].best,
        probability=after[-1].probability,
        leads_from=behind[-1] + 1 if behind else 0,
        after=after,
    )


def _why(result: AttributeNextResult, fields: Fields) -> facts.WhyFacts:
    words = [(n, word.text) for n, word in enumerate(result.words) if not word.special]
    speaks = {one.method: {text: one.word_values[n] for n, text in words} for one in result.methods}
    return facts.WhyFacts(
        text=result.request.prompt,
        model_id=result.request.model_id,
        token=result.target.piece,
        probability=result.target.probability,
        logit=result.target.logit,
        strongest={method: max(values, key=values.__getitem__) for method, values in speaks.items()},
        speaks=speaks,
        delta=next((one.delta for one in result.methods if one.delta is not None), 0.0),
    )


def _models(result: Iterable[QuantizationOption], fields: Fields) -> facts.ModelsFacts:
    known = {one.name: one.predicted_bytes for one in result}
    return facts.ModelsFacts(
        model_id=fields["model_id"] or "",
        megabytes={name: size / 1e6 for name, size in known.items() if size is not None},
    )


OBSERVERS: dict[str, Callable[[Any, Fields], Any]] = {
    "classification": _classification,
    "tokens": _tokens,
    "tokenizers": _tokenizers,
    "batch": _batch,
    "masks": _masks,
    "chat": _chat,
    "attention": _attention,
    "generation": _generation,
    "similarity": _similarity,
    "word_map": _word_map,
    "twin": _twin,
    "inside": _inside,
    "why": _why,
    "models": _models,
}
