"""The model card of a trained classifier: what whoever gets the file has to know."""

from __future__ import annotations

from playground.training.classifier.split import Split
from playground.training.events import TrainedClassifier
from playground.training.request import TrainClassifierRequest


def model_card(result: TrainedClassifier, asked: TrainClassifierRequest, split: Split) -> str:
    """Markdown with front matter that the Hub reads."""
    labels = "\n".join(
        f"| {_cell(label)} | {train} | {held} |"
        for label, train, held in zip(split.labels, split.counts(split.train), split.counts(split.held), strict=True)
    )
    return f"""\
---
base_model: {result.base_id}
library_name: {"peft" if result.method == "lora" else "transformers"}
pipeline_tag: text-classification
---
# {_cell(result.title)}

A text classifier, trained with Transformers Playground on {len(split.train):,} rows of one person; what it learned is
in those rows, with their mistakes.

| label | rows learned from | rows held out |
|---|---|---|
{labels}

- Base: {result.base_id}, {result.trained_parameters:,} of {result.parameters:,} numbers trained ({result.method})
- Right of {len(split.held)} held-out rows: {result.accuracy:.1%} (before: {result.accuracy_before:.1%}, chance:
  {1 / len(split.labels):.1%}); loss {result.loss:.4f}
- Steps: {result.steps} of {result.total_steps}; the model of step {result.best_step} was kept, which had the lowest
  loss on held-out rows
- learning_rate {asked.learning_rate:g}, num_train_epochs {asked.num_train_epochs}, per_device_train_batch_size
  {asked.per_device_train_batch_size}, warmup_steps {asked.warmup_steps:g}, weight_decay {asked.weight_decay:g},
  seed {asked.seed}, held_out {asked.held_out:g}{f", LoRA rank r {asked.r}" if result.method == "lora" else ""}
"""


def _cell(text: str) -> str:
    """A text that stays within its line and its cell."""
    return " ".join(text.replace("|", "\\|").split())
