"""The model card of a language model that was trained from nothing: what whoever gets the file has to know."""

from __future__ import annotations

from playground.training.language_model.events import LanguageModelTrained
from playground.training.language_model.request import TrainLanguageModelRequest

OF_GRAMMAR, OF_TEXT = "Stories", "Language model"


def title_of(request: TrainLanguageModelRequest) -> str:
    """What the model is called where nobody gave it a name."""
    return request.name or (OF_GRAMMAR if request.grammar.strip() else OF_TEXT)


def model_card(result: LanguageModelTrained) -> str:
    """Markdown with front matter that the Hub reads."""
    asked = result.request
    source = f"{asked.lines:,} lines of a small grammar" if asked.grammar.strip() else "one text"
    accepted = "" if result.accepted is None else f"; lines that its grammar could write: {result.accepted:.0%}"
    tokenizer = "characters" if asked.tokenizer == "characters" else "byte-pair encoding (BPE)"
    return f"""\
---
library_name: transformers
pipeline_tag: text-generation
---
# {title_of(asked)}

A tiny language model, trained from random numbers with Transformers Playground on {source}. It knows nothing else, and
is made to be looked into.

- {asked.architecture}: n_layer {asked.n_layer}, n_head {asked.n_head}, hidden_size {asked.hidden_size}, context
  {asked.context}; {result.parameters:,} numbers
- Tokenizer: {tokenizer}, {result.vocab_size:,} entries, learned from the same text
- Held-out loss: {result.heldout_loss:.4f} nats per token{accepted}
- Steps: {result.steps:,} of {asked.max_steps:,} in {result.seconds:.0f} s
- learning_rate {asked.learning_rate:g}, per_device_train_batch_size {asked.per_device_train_batch_size}, warmup_steps
  {asked.warmup_steps:g}, weight_decay {asked.weight_decay:g}, seed {asked.seed}
"""
