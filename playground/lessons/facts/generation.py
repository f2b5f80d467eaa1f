"""What lessons can read of a reply, and of two models on one text."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from playground.lessons.facts.field import Fields, says

if TYPE_CHECKING:
    from playground.generation.events import GenerationResult, Step
    from playground.generation.result import TwinResult


@dataclass(frozen=True)
class AlternativeFact:
    """A token that could have stood there."""

    token: str = says("The token.")
    probability: float = says("Its probability by the model alone.")
    drawn_with: float = says("Its probability after temperature, top_p and the like: 0 if they cut it off.")


@dataclass(frozen=True)
class StepFact:
    """One token of a reply."""

    token: str = says("The token.")
    probability: float = says("Its probability by the model alone.")
    drawn_with: float = says("Its probability after temperature, top_p and the like.")
    entropy_nats: float = says("How open the choice was, in nats: 0 is certain.")
    rank: int = says("1 if no token was more probable, 2 if one was; one more than are listed if it isn't among them.")
    alternatives: tuple[AlternativeFact, ...] = says("What it could have been, most probable first.")


@dataclass(frozen=True)
class BeamFact:
    """One text that beam search ended with."""

    text: str = says("The text.")
    log_probability: float = says("The sum of its tokens' log-probabilities, in nats.")
    mean_log_probability: float = says("The same divided by its length, by which beams are ranked.")


@dataclass(frozen=True)
class GenerationFacts:
    """What a model wrote, and how sure it was."""

    prompt: str = says("What it went on from, or answered.")
    model_id: str = says("The model.")
    text: str = says("What it wrote.")
    reason: str = says("Why it ended: eos, stop_string, length, context, crowded or stopped.")
    count: int = says("How many tokens it wrote.")
    prompt_tokens: int = says("How many tokens the model was given.")
    steps: tuple[StepFact, ...] = says("Each token; none for beam search.")
    surest: StepFact | None = says("The token that the model was surest of.")
    least_sure: StepFact | None = says("The token that the model was least sure of.")
    log_probability: float | None = says("The sum of log-probabilities of what it wrote, in nats.")
    perplexity: float | None = says("How surprised the model is by what it wrote: 1 is not at all.")
    distinct_words: int = says("How many different words it wrote.")
    repeated: int = says("How many words it wrote that it had written already.")
    beams: tuple[BeamFact, ...] = says("What beam search ended with, best first.")
    looked_at: int = says("How many tokens beam search looked at and named.")
    do_sample: bool = says("True if tokens were drawn by chance.")
    temperature: float = says("The temperature.")
    top_p: float = says("top_p.")
    max_new_tokens: int = says("The most tokens that were allowed.")
    num_beams: int = says("How many texts were followed at once.")
    seed: int = says("The seed of the random draws.")
    quantization: str = says("How the weights were asked to be held.")


@dataclass(frozen=True)
class TwinTokenFact:
    """One token under two models."""

    token: str = says("The token.")
    kl_divergence: float = says("How far the second's distribution is from the first's, in nats: 0 is the same.")
    probability: float = says("What the first model gave it.")
    other_probability: float = says("What the second gave it.")
    changed: bool = says("True if another token is the most probable.")


@dataclass(frozen=True)
class TwinFacts:
    """One text under two models, token by token."""

    text: str = says("The text.")
    count: int = says("How many tokens were judged: all but the first.")
    tokens: tuple[TwinTokenFact, ...] = says("Each of them.")
    farthest: TwinTokenFact = says("The one where they are farthest apart.")
    mean_kl_divergence: float = says("The mean KL divergence, in nats.")
    changed: int = says("At how many tokens another one is the most probable.")
    perplexity: float = says("The first model's perplexity of the text.")
    other_perplexity: float = says("The second model's.")
    megabytes: float = says("What the first takes in memory, in MB.")
    other_megabytes: float = says("What the second takes.")
    quantization: str = says("How the first is held.")
    other_quantization: str = says("How the second is held.")
    same_tokens: int | None = says("How many tokens both wrote alike before they parted; nothing if they didn't.")


def observe_generation(result: GenerationResult, fields: Fields) -> GenerationFacts:
    """What was written, token by token."""
    request, end = result.request, result.finished
    steps = tuple(map(_step, result.steps))
    words = [word.strip(".,;:!?\"'()").casefold() for word in end.text.split()]
    words = [word for word in words if word]
    return GenerationFacts(
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
        beams=tuple(BeamFact(beam.text, beam.total_log_probability, beam.mean_log_probability) for beam in end.beams),
        looked_at=sum(len(step.nodes) for step in result.beam_steps),
        do_sample=request.do_sample,
        temperature=request.temperature,
        top_p=request.top_p,
        max_new_tokens=request.max_new_tokens,
        num_beams=request.num_beams,
        seed=request.seed,
        quantization=request.quantization,
    )


def _step(step: Step) -> StepFact:
    others = sorted(step.alternatives, key=lambda one: -one.before)
    return StepFact(
        token=step.piece,
        probability=step.probability_before,
        drawn_with=step.probability_after,
        entropy_nats=step.entropy,
        rank=1 + sum(one.before > step.probability_before for one in others if one.token_id != step.token_id),
        alternatives=tuple(AlternativeFact(one.piece, one.before, one.after) for one in others),
    )


def _log_probability(result: GenerationResult) -> float | None:
    """Of the best beam, or of the reply."""
    if result.finished.beams:
        return result.finished.beams[0].total_log_probability
    if not result.steps or any(step.probability_before <= 0 for step in result.steps):
        return None
    return sum(math.log(step.probability_before) for step in result.steps)


def observe_twin(result: TwinResult, fields: Fields) -> TwinFacts:
    """Where two models differ, token by token."""
    tokens = tuple(
        TwinTokenFact(one.piece, one.kl_divergence, one.probability, one.other_probability, one.changed)
        for one in result.tokens
    )
    return TwinFacts(
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
