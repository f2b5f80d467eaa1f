"""The training of a classifier in its process: transformers' ``Trainer``, heard by one callback.

Whatever it is asked at random follows from the seed, in the order in which the receipt does the same.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
import transformers
from transformers import Trainer, TrainerCallback, TrainingArguments

from playground.errors import StoppedError
from playground.models.trained import ADAPTER, BEFORE
from playground.training.classifier.begin import begin, count, only_trained
from playground.training.classifier.card import model_card
from playground.training.classifier.job import ASKED_AT_ONCE, MOST_TOKENS, FitClassifier, split_said
from playground.training.classifier.split import Rows, Split
from playground.training.desk import Desk, finite
from playground.training.events import HeldOut, HeldRow, SplitSaid, TrainedClassifier, TrainingStep
from playground.training.request import TrainClassifierRequest

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


def fit(request: FitClassifier, desk: Desk) -> TrainedClassifier:
    """Trains, tells of it, and saves the model with the lowest loss on held-out rows.

    Raises:
        StoppedError: it was stopped before the first step. TrainingError: the loss is no number any more.
    """
    began = time.monotonic()
    asked, split = request.asked, request.split
    tokenizer, fresh = begin(request.base, split.labels, asked.seed)
    for part in (fresh, tokenizer):
        part.save_pretrained(desk.folder / BEFORE)
    model = only_trained(fresh, asked.method, asked.r).to(desk.device)
    train, held = (encode(tokenizer, rows) for rows in (split.train, split.held))
    before = probabilities(model, tokenizer, split.held.texts)
    watch = Watch(desk)
    trainer = Trainer(
        model=model,
        args=arguments(asked, desk, str(desk.folder / "scratch")),
        train_dataset=train,
        eval_dataset=held,
        data_collator=transformers.DataCollatorWithPadding(tokenizer),
        compute_metrics=accuracy,
        callbacks=[watch],
    )
    trainer.remove_callback(transformers.PrinterCallback)
    said = split_said(split, asked, count(model), _cut(tokenizer, split))
    desk.send(said)
    trainer.train()
    shutil.rmtree(trainer.args.output_dir, ignore_errors=True)
    watch.bring_back(model)
    after = probabilities(model, tokenizer, split.held.texts)
    result = _result(request, watch, said, before, after)
    save(model, tokenizer, desk.folder, request.base_id, model_card(result, asked, split))
    taken = desk.folder / ADAPTER if asked.method == "lora" else desk.folder
    size = sum(path.stat().st_size for path in taken.iterdir() if path.is_file())
    return replace(result, file_bytes=size, elapsed_seconds=time.monotonic() - began)


def encode(tokenizer: PreTrainedTokenizerBase, rows: Rows) -> list[dict[str, Any]]:
    """The rows as a data set: token ids and label ids."""
    encoded = tokenizer(list(rows.texts), truncation=True, max_length=MOST_TOKENS)
    return [
        {**{name: encoded[name][number] for name in encoded}, "labels": label}
        for number, label in enumerate(rows.label_ids)
    ]


def arguments(asked: TrainClassifierRequest, desk: Desk, folder: str) -> TrainingArguments:
    """What the ``Trainer`` is told."""
    return TrainingArguments(
        output_dir=folder,
        learning_rate=asked.learning_rate or 0.0,
        num_train_epochs=asked.num_train_epochs or 0,
        per_device_train_batch_size=asked.per_device_train_batch_size,
        per_device_eval_batch_size=ASKED_AT_ONCE,
        warmup_steps=asked.warmup_steps,
        weight_decay=asked.weight_decay,
        seed=asked.seed,
        eval_strategy="epoch",
        logging_steps=1,
        logging_nan_inf_filter=False,
        save_strategy="no",
        report_to="none",
        disable_tqdm=True,
        dataloader_pin_memory=False,
        use_cpu=desk.device == "cpu",
    )


def accuracy(prediction: Any) -> dict[str, float]:
    """The share of rows whose greatest logit is that of their label."""
    return {"accuracy": float((prediction.predictions.argmax(-1) == prediction.label_ids).mean())}


@torch.no_grad()
def probabilities(model: Any, tokenizer: PreTrainedTokenizerBase, texts: Sequence[str]) -> list[list[float]]:
    """What the model says to each text: a probability per label. Nothing random is asked for."""
    model.eval()
    found: list[list[float]] = []
    for start in range(0, len(texts), ASKED_AT_ONCE):
        batch = tokenizer(
            list(texts[start : start + ASKED_AT_ONCE]), truncation=True, max_length=MOST_TOKENS, padding=True,
            return_tensors="pt",
        ).to(model.device)  # fmt: skip
        found += model(**batch).logits.float().softmax(-1).tolist()
    return found


class Watch(TrainerCallback):
    """Tells of each step, keeps the best numbers so far, and ends the training when it shall stop."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._began = 0.0
        self._best: dict[str, torch.Tensor] = {}
        self.losses: list[float] = []
        self.held: list[HeldOut] = []
        self.best: HeldOut | None = None
        self.stopped = False

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """The clock starts."""
        self._began = time.monotonic()

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Whether to go on: stopped, the model as it is now is judged, too."""
        if self._desk.stopped.is_set() and state.global_step < state.max_steps:
            self.stopped = control.should_training_stop = control.should_evaluate = True

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, float] | None = None, **kwargs: Any) -> None:
        """A step was taken."""
        if not logs or "loss" not in logs or "learning_rate" not in logs:
            return
        step, elapsed = state.global_step, time.monotonic() - self._began
        self.losses.append(finite(logs["loss"], step))
        rest = elapsed / step * (state.max_steps - step)
        self._desk.send(TrainingStep(step, float(state.epoch or 0), logs["loss"], logs["learning_rate"], elapsed, rest))

    def on_evaluate(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """The held-out rows were asked; the same step counts once."""
        if self.held and self.held[-1].step == state.global_step:
            return
        metrics, model = kwargs["metrics"], kwargs["model"]
        best = self.best is None or metrics["eval_loss"] < self.best.loss
        found = HeldOut(
            state.global_step, float(state.epoch or 0), metrics["eval_loss"], metrics["eval_accuracy"], best
        )
        self.held.append(found)
        if best:
            self.best = found
            self._best = {name: one.detach().clone() for name, one in model.named_parameters() if one.requires_grad}
        self._desk.send(found)

    def bring_back(self, model: Any) -> None:
        """The model as it was when it was best.

        Raises:
            StoppedError: it never took a step.
        """
        if self.best is None:
            raise StoppedError("The training was stopped before its first step.", "Start it again.")
        with torch.no_grad():
            for name, parameter in model.named_parameters():
                if name in self._best:
                    parameter.copy_(self._best[name])
        self._best = {}


def _cut(tokenizer: PreTrainedTokenizerBase, split: Split) -> tuple[str, ...]:
    """A sentence about rows that are longer than is read."""
    texts = [text for text in (*split.train.texts, *split.held.texts) if len(text) > MOST_TOKENS]
    long = sum(len(ids) > MOST_TOKENS for ids in tokenizer(texts)["input_ids"]) if texts else 0
    return (f"Of {long:,} long rows only the first {MOST_TOKENS} tokens are read.",) if long else ()


def _result(
    request: FitClassifier,
    watch: Watch,
    begun: SplitSaid,
    before: list[list[float]],
    after: list[list[float]],
) -> TrainedClassifier:
    split, gold = request.split, request.split.held.label_ids
    said_before, said = ([_argmax(row) for row in rows] for rows in (before, after))
    rows = tuple(
        HeldRow(text, right, old, new, sure[new])
        for text, right, old, new, sure in zip(split.held.texts, gold, said_before, said, after, strict=True)
    )
    assert watch.best is not None
    return TrainedClassifier(
        model_id="", title=request.title, base_id=request.base_id, method=request.asked.method, labels=split.labels,
        accuracy_before=_share(gold, said_before), accuracy=_share(gold, said), loss=watch.best.loss,
        confusion_before=_confusion(gold, said_before, len(split.labels)),
        confusion=_confusion(gold, said, len(split.labels)), rows=rows, best_step=watch.best.step,
        steps=len(watch.losses), total_steps=begun.total_steps, stopped=watch.stopped, train_losses=tuple(watch.losses),
        held_losses=tuple(one.loss for one in watch.held), parameters=begun.parameters,
        trained_parameters=begun.trained_parameters, file_bytes=0, elapsed_seconds=0.0,
    )  # fmt: skip


def _argmax(row: Sequence[float]) -> int:
    return max(range(len(row)), key=row.__getitem__)


def _share(gold: Sequence[int], said: Sequence[int]) -> float:
    return sum(one == other for one, other in zip(gold, said, strict=True)) / len(gold)


def _confusion(gold: Sequence[int], said: Sequence[int], labels: int) -> tuple[tuple[int, ...], ...]:
    counts = [[0] * labels for _ in range(labels)]
    for right, answer in zip(gold, said, strict=True):
        counts[right][answer] += 1
    return tuple(map(tuple, counts))


def save(model: Any, tokenizer: PreTrainedTokenizerBase, folder: Path, base_id: str, card: str) -> None:
    """The whole model, and with adapters these alone in a folder of their own."""
    if hasattr(model, "peft_config"):
        model.peft_config["default"].base_model_name_or_path = base_id
        model.save_pretrained(folder / ADAPTER)
        (folder / ADAPTER / "README.md").write_text(card, encoding="utf-8")
        model = model.merge_and_unload()
        model.config.save_pretrained(folder / ADAPTER)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    (folder / "README.md").write_text(card, encoding="utf-8")
