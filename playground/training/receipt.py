"""A training of a classifier as plain transformers code: its losses are those of the page, step by step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playground.receipt import AS_JSON, Receipt, literal
from playground.training.classifier.job import ASKED_AT_ONCE, MOST_TOKENS
from playground.training.classifier.split import Rows, Split

if TYPE_CHECKING:
    from playground.models.origin import Origin
    from playground.training.events import TrainedClassifier
    from playground.training.request import TrainClassifierRequest

_IMPORTS = """\
import tempfile

import torch
import transformers
from transformers import (
    AutoModelForSequenceClassification, AutoTokenizer, DataCollatorWithPadding, Trainer, TrainerCallback,
    TrainingArguments,
)
"""
_METHODS = {
    "head": "model.base_model.requires_grad_(False)  # the head alone learns\n",
    "lora": """\
from peft import LoraConfig, get_peft_model

model = get_peft_model(
    model, LoraConfig(task_type="SEQ_CLS", r={r}, lora_alpha={alpha}, target_modules="all-linear")
)
model.print_trainable_parameters()
""",
    "full": "",
}
_STOP = """\


class Stop(TrainerCallback):
    \"\"\"Ends the training where Stop was pressed.\"\"\"

    def on_step_end(self, args, state, control, **kwargs):
        if state.global_step == {steps}:
            control.should_training_stop = control.should_evaluate = True
"""


def classifier_receipt(
    origin: Origin, asked: TrainClassifierRequest, split: Split, threads: int, result: TrainedClassifier | None
) -> Receipt:
    """The code of a training; of one that was stopped, until there."""
    stopped = result is not None and result.stopped
    steps = result.steps if result is not None else 0
    parts = [
        _rows(split),
        origin.lines(),
        _model(asked, threads, origin.revision_argument),
        _training(asked, _STOP.format(steps=steps) if stopped else "", stopped),
        _end(),
    ]
    return Receipt("Training a classifier", "\n".join(parts))


def _rows(split: Split) -> str:
    return "\n".join(
        [
            "# %% The rows: those that are learned from, and those that are held out",
            f"LABELS = {literal(list(split.labels))}",
            f"TRAIN = {_listed(split.train)}",
            f"HELD_OUT = {_listed(split.held)}",
            "",
        ]
    )


def _listed(rows: Rows) -> str:
    lines = [f"    ({literal(text)}, {label})," for text, label in zip(rows.texts, rows.label_ids, strict=True)]
    return "\n".join(["[", *lines, "]"])


def _model(asked: TrainClassifierRequest, threads: int, revision: str) -> str:
    method = _METHODS[asked.method].format(r=asked.r, alpha=2 * asked.r)
    return f"""
# %% A body that knows words, and a new head for the labels
{_IMPORTS}
torch.set_num_threads({threads})  # as on the page: more threads add in another order, and round otherwise
transformers.set_seed({asked.seed})
tokenizer = AutoTokenizer.from_pretrained(MODEL{revision})
model = AutoModelForSequenceClassification.from_pretrained(
    MODEL{revision}, num_labels=len(LABELS), id2label=dict(enumerate(LABELS)),
    label2id={{label: number for number, label in enumerate(LABELS)}},
    problem_type="single_label_classification", ignore_mismatched_sizes=True, dtype=torch.float32,
)
if tokenizer.pad_token is None:
    tokenizer.pad_token = tokenizer.eos_token
if model.config.pad_token_id is None:
    model.config.pad_token_id = tokenizer.pad_token_id
{method}"""


def _training(asked: TrainClassifierRequest, stop: str, stopped: bool) -> str:
    return f"""
# %% The training
def encode(rows):
    batch = tokenizer([text for text, _ in rows], truncation=True, max_length={MOST_TOKENS})
    return [
        {{**{{name: batch[name][number] for name in batch}}, "labels": label}}
        for number, (_, label) in enumerate(rows)
    ]


def accuracy(prediction):
    return {{"accuracy": float((prediction.predictions.argmax(-1) == prediction.label_ids).mean())}}
{stop}

trainer = Trainer(
    model=model,
    args=TrainingArguments(
        output_dir=tempfile.mkdtemp(),
        learning_rate={asked.learning_rate!r},
        num_train_epochs={asked.num_train_epochs},
        per_device_train_batch_size={asked.per_device_train_batch_size},
        per_device_eval_batch_size={ASKED_AT_ONCE},
        warmup_steps={asked.warmup_steps!r},  # below 1: a share of all steps
        weight_decay={asked.weight_decay!r},
        seed={asked.seed},
        eval_strategy="epoch",
        logging_steps=1,
        save_strategy="no",
        report_to="none",
        dataloader_pin_memory=False,
    ),
    train_dataset=encode(TRAIN),
    eval_dataset=encode(HELD_OUT),
    data_collator=DataCollatorWithPadding(tokenizer),
    compute_metrics=accuracy,{" callbacks=[Stop()]," if stopped else ""}
)
trainer.train()
"""


def _end() -> str:
    return f"""
# %% What came of it
model.eval()
log = trainer.state.log_history
losses = [one["loss"] for one in log if "loss" in one]
held_out = {{one["step"]: (one["eval_loss"], one["eval_accuracy"]) for one in log if "eval_loss" in one}}
for step, (loss, right) in held_out.items():
    print(f"step {{step}}: held-out loss {{loss:.4f}}, {{right:.1%}} right")
best = min(held_out, key=lambda step: held_out[step][0])
print(f"The lowest loss is that of step {{best}}: the page keeps the model of that step, this code that of the last.")

{AS_JSON}
print(json.dumps({{"losses": losses, "held_losses": [loss for loss, _ in held_out.values()]}}))
"""
