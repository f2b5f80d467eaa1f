"""What lessons can read of a result: one dataclass for each tab, and the function that fills it.

The readings of a lesson are paths into these: ``classification.best.label``, ``generation.steps[3].token``,
``similarity.closest(man)``. What is looked up by a word is a dictionary. Each field has a sentence, is sent to the page
as JSON, and nothing is computed anew. A field more is a reading more, everywhere; docs/lessons.md says how a tab more
gets its readings.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playground.lessons.facts import (
    attention,
    classification,
    generation,
    inside,
    models,
    pipelines,
    similarity,
    tokens,
    training,
)
from playground.lessons.facts.field import Fields

READ: dict[str, tuple[type, Callable[[Any, Fields], Any]]] = {
    "classification": (classification.ClassificationFacts, classification.observe_classification),
    "tokens": (tokens.TokensFacts, tokens.observe_tokens),
    "tokenizers": (tokens.TokenizersFacts, tokens.observe_tokenizers),
    "batch": (tokens.BatchFacts, tokens.observe_batch),
    "masks": (tokens.MasksFacts, tokens.observe_masks),
    "chat": (tokens.ChatFacts, tokens.observe_chat),
    "attention": (attention.AttentionFacts, attention.observe_attention),
    "generation": (generation.GenerationFacts, generation.observe_generation),
    "similarity": (similarity.SimilarityFacts, similarity.observe_similarity),
    "word_map": (similarity.WordMapFacts, similarity.observe_word_map),
    "twin": (generation.TwinFacts, generation.observe_twin),
    "inside": (inside.InsideFacts, inside.observe_inside),
    "why": (inside.WhyFacts, inside.observe_why),
    "pipelines": (pipelines.PipelinesFacts, pipelines.observe_pipelines),
    "model_map": (inside.ModelMapFacts, inside.observe_model_map),
    "training": (training.TrainingFacts, training.observe_training),
    "language_model": (training.LanguageModelFacts, training.observe_language_model),
    "models": (models.ModelsFacts, models.observe_models),
}
FACTS: dict[str, type] = {tab: facts for tab, (facts, _) in READ.items()}


def observe(tab: str, result: Any, fields: Fields) -> Any:
    """The facts of a tab's result; ``fields`` are what stood in its fields when it was asked."""
    _, observer = READ[tab]
    return observer(result, fields)
