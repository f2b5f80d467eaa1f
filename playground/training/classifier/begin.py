"""The model that a training begins with: a body that knows words, a head that knows nothing yet, and what is trained.

It leaves out the training (`fit`) and the choice of the base (`plan`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
import transformers

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


def begin(base: str, labels: Sequence[str], seed: int) -> tuple[PreTrainedTokenizerBase, PreTrainedModel]:
    """The tokenizer and the model of a folder, with a head for these labels.

    The seed decides the first values of the head, and of the adapters that `only_trained` adds, so it is set first.
    """
    transformers.set_seed(seed)
    tokenizer = transformers.AutoTokenizer.from_pretrained(base, local_files_only=True)
    model = transformers.AutoModelForSequenceClassification.from_pretrained(
        base,
        num_labels=len(labels),
        id2label=dict(enumerate(labels)),
        label2id={label: number for number, label in enumerate(labels)},
        problem_type="single_label_classification",
        ignore_mismatched_sizes=True,
        dtype=torch.float32,
        local_files_only=True,
    )
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    if model.config.pad_token_id is None:
        model.config.pad_token_id = tokenizer.pad_token_id
    return tokenizer, model


def only_trained(model: Any, method: str, r: int) -> Any:
    """The model with what shall learn; for "lora" within peft's model, its adapters beside every linear layer."""
    if method == "head":
        model.base_model.requires_grad_(False)
    if method == "lora":
        from peft import LoraConfig, get_peft_model

        return get_peft_model(
            model, LoraConfig(task_type="SEQ_CLS", r=r, lora_alpha=2 * r, target_modules="all-linear")
        )
    return model


def count(model: torch.nn.Module) -> tuple[int, int]:
    """How many numbers the model has, and how many of them learn."""
    sizes = [(parameter.numel(), parameter.requires_grad) for parameter in model.parameters()]
    return sum(size for size, _ in sizes), sum(size for size, learns in sizes if learns)


def predicted_counts(blueprint: Any, method: str, r: int) -> tuple[int, int]:
    """The same of a model without weights, which isn't changed."""
    total, body = (sum(one.numel() for one in part.parameters()) for part in (blueprint, blueprint.base_model))
    if method == "full":
        return total, total
    head = total - body
    if method == "head":
        return total, head
    layers = [one for one in blueprint.base_model.modules() if isinstance(one, torch.nn.Linear)]
    adapters = sum(r * (one.in_features + one.out_features) for one in layers)
    return total + adapters + head, adapters + head
