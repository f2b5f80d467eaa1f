"""A request -> a trained model in a folder: what runs in the process of a training.

transformers' `Trainer` does the steps. What is shown beside them hangs on its callbacks and changes nothing in them.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal

import torch
from transformers import AutoModelForCausalLM, PrinterCallback, Trainer, TrainerCallback, TrainingArguments, set_seed

from playground.errors import InputTooLongError, StoppedError
from playground.training.desk import Desk, finite
from playground.training.language_model import samples
from playground.training.language_model.card import model_card, title_of
from playground.training.language_model.corpus import HELD_OUT, Corpus, read_corpus, require_enough
from playground.training.language_model.events import (
    CorpusRead,
    LanguageModelTrained,
    LossLogged,
    MergesLearned,
    TrainingCheckpoint,
)
from playground.training.language_model.request import TrainLanguageModelRequest
from playground.training.language_model.shape import EXCERPT, configuration, probe_length
from playground.training.language_model.tokenizer import learn_tokenizer, merges_of

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

LOGS = 200  # at most so many losses are logged
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 4.0  # seconds between checkpoints, at first and later
LOOK_SHARE = 5  # a checkpoint comes at the earliest after so many times what the last one took
SAMPLE_TOKENS = 160
FINAL_SAMPLES = 100
MERGES_TOGETHER = 20


@dataclass(frozen=True)
class Material:
    """What a model is trained with and looked at with; blocks are of ``context`` tokens each."""

    corpus: Corpus
    tokenizer: PreTrainedTokenizerBase
    train: list[int]
    heldout: list[int]
    blocks: list[Tensor]
    heldout_blocks: list[Tensor]
    prompt_ids: list[int]
    probe: Tensor


def fit(request: TrainLanguageModelRequest, desk: Desk) -> LanguageModelTrained:
    """What came out; the model and its tokenizer are in the desk's folder.

    Raises:
        InputError: the text, the grammar or the prompt can't be used, as far as `plan_language_model` can't tell.
        TrainingError: the loss is no number any more.
        StoppedError: it was stopped before the first step.
    """
    corpus = read_corpus(request)
    tokenizer = learn_tokenizer(corpus.text, request)
    merges = merges_of(tokenizer, corpus.text)
    for number in range(0, total := len(tokenizer) - len(set(corpus.text)) - 1, MERGES_TOGETHER):
        desk.send(MergesLearned(number, tuple(islice(merges, MERGES_TOGETHER)), total))
    material = prepare(request, corpus, tokenizer)
    set_seed(request.seed)
    model = AutoModelForCausalLM.from_config(configuration(request, len(tokenizer)))
    desk.send(_described(request, material, model))
    watch = Watch(request, material, desk)
    trainer = Trainer(
        model,
        TrainingArguments(**training_arguments(request, desk.device), output_dir=str(desk.folder)),
        train_dataset=[{"input_ids": block, "labels": block} for block in material.blocks],  # type: ignore[arg-type]
        callbacks=[watch],
    )
    trainer.remove_callback(PrinterCallback)
    if desk.stopped.is_set():
        raise StoppedError("The training was stopped before its first step.", "Start it again.")
    trainer.train()
    model.save_pretrained(desk.folder)
    tokenizer.save_pretrained(desk.folder)
    result = watch.trained(model)
    (desk.folder / "README.md").write_text(model_card(result), encoding="utf-8")
    return result


def training_arguments(request: TrainLanguageModelRequest, device: str) -> dict[str, Any]:
    """What `TrainingArguments` gets, but for the folder."""
    return {
        "max_steps": request.max_steps,
        "per_device_train_batch_size": request.per_device_train_batch_size,
        "learning_rate": request.learning_rate,
        "lr_scheduler_type": "cosine",
        "warmup_steps": request.warmup_steps,
        "weight_decay": request.weight_decay,
        "seed": request.seed,
        "logging_steps": math.ceil(request.max_steps / LOGS),
        "logging_nan_inf_filter": False,
        "save_strategy": "no",
        "report_to": "none",
        "disable_tqdm": True,
        "use_cpu": device == "cpu",
        "dataloader_pin_memory": False,
    }


def prepare(request: TrainLanguageModelRequest, corpus: Corpus, tokenizer: PreTrainedTokenizerBase) -> Material:
    """The text as tokens: nine tenths to learn from, the last tenth kept back, both in blocks.

    Raises:
        InputError: the text is too short for its context.
        InputTooLongError: the prompt leaves no room.
    """
    ids = _ids(tokenizer, corpus.text)
    cut = len(ids) - len(ids) // HELD_OUT
    train, heldout = ids[:cut], ids[cut:]
    require_enough(len(ids), request.context)
    prompt_ids = _ids(tokenizer, request.prompt)
    if len(prompt_ids) > request.context // 2:
        raise InputTooLongError(
            f"The prompt has {len(prompt_ids):,} tokens.", f"Use at most {request.context // 2}, half the context."
        )
    begin = corpus.text.index("\n") + 1  # the second line, from its beginning
    probe = _ids(tokenizer, corpus.text[begin : begin + 400] or corpus.text[:400])[: probe_length(request)]
    blocks = _blocks(train, request.context, stride_of(request.context))
    heldout_blocks = _blocks(heldout, request.context, request.context)
    return Material(
        corpus, tokenizer, train, heldout, blocks, heldout_blocks[: samples.HELDOUT_BLOCKS], prompt_ids,
        torch.tensor(probe),
    )  # fmt: skip


def _ids(tokenizer: PreTrainedTokenizerBase, text: str) -> list[int]:
    return list(tokenizer.backend_tokenizer.encode(text).ids)  # type: ignore[attr-defined]


def stride_of(context: int) -> int:
    """How far behind the last block of the text the next begins: they overlap, and a word is seen at many places.

    Else a short text would be learned by heart together with the places of its words, and no prompt could ask for it.
    """
    return max(1, context // 8)


def _blocks(ids: Sequence[int], context: int, stride: int) -> list[Tensor]:
    """Pieces of ``context`` tokens; what is left at the end is left out."""
    whole = torch.tensor(ids)
    return [whole[start : start + context] for start in range(0, len(ids) - context + 1, stride)]


def _described(request: TrainLanguageModelRequest, material: Material, model: PreTrainedModel) -> CorpusRead:
    tokenizer, corpus, size = material.tokenizer, material.corpus, len(material.tokenizer)
    return CorpusRead(
        characters=len(corpus.text),
        train_tokens=len(material.train),
        heldout_tokens=len(material.heldout),
        vocab_size=size,
        parameters=sum(one.numel() for one in model.parameters()),
        blocks=len(material.blocks),
        uniform_loss=math.log(size),
        unigram_loss=samples.unigram_loss(material.train, material.heldout, size),
        excerpt=corpus.text[:EXCERPT],
        probe=tuple(str(tokenizer.decode([one])) for one in material.probe.tolist()),
        possible_lines=corpus.grammar.count if corpus.grammar else 0,
    )


class Watch(TrainerCallback):  # type: ignore[misc]
    """Tells of each step, looks at the model every few seconds, and ends the training when it is time."""

    def __init__(self, request: TrainLanguageModelRequest, material: Material, desk: Desk) -> None:
        self._request, self._material, self._desk = request, material, desk
        self._began = time.monotonic()
        self._next_look, self._pause = 0.0, FIRST_PAUSE
        self._losses: list[tuple[int, float]] = []
        self._reason: Literal["done", "stopped", "time"] = "done"
        self.step = 0

    def on_train_begin(self, args: Any, state: Any, control: Any, model: Any = None, **more: Any) -> None:
        """The model before it has learned anything."""
        self._began = time.monotonic()
        self._look(model)

    def on_step_end(self, args: Any, state: Any, control: Any, model: Any = None, **more: Any) -> Any:
        """A checkpoint every few seconds, and whether this was the last step."""
        self.step, limit = int(state.global_step), self._request.max_seconds
        if self.step >= self._request.max_steps:
            return control
        if self._desk.stopped.is_set():
            self._reason = "stopped"
        elif limit and self._elapsed >= limit:
            self._reason = "time"
        if self._reason != "done":
            control.should_training_stop = True
        elif self._elapsed >= self._next_look:
            self._look(model)
        return control

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **more: Any) -> None:
        """A loss, as `Trainer` logs it."""
        if logs and "loss" in logs:
            step, loss = int(state.global_step), finite(float(logs["loss"]), int(state.global_step))
            self._losses.append((step, loss))
            self._desk.send(LossLogged(step, loss, float(logs.get("learning_rate", 0.0)), self._elapsed))

    @property
    def _elapsed(self) -> float:
        return time.monotonic() - self._began

    def _look(self, model: PreTrainedModel) -> None:
        began = self._elapsed
        self._desk.send(self._checkpoint(model, samples.SAMPLES))
        self._next_look = self._elapsed + max(self._pause, LOOK_SHARE * (self._elapsed - began))
        self._pause = min(LONGEST_PAUSE, self._pause * 1.5)

    def _checkpoint(self, model: PreTrainedModel, count: int) -> TrainingCheckpoint:
        material, corpus = self._material, self._material.corpus
        with samples.looking(model):
            heldout_loss = samples.mean_loss(model, material.heldout_blocks)
            ends_with_line = corpus.grammar is not None
            written = samples.write(
                model, material.tokenizer, material.prompt_ids, count, SAMPLE_TOKENS, ends_with_line
            )
            attention = samples.attention_bytes(model, material.probe.to(model.device))
        judged = tuple(map(corpus.judge, written))
        accepted = sum(bool(one.accepted) for one in judged) / count if corpus.grammar else None
        return TrainingCheckpoint(
            self.step, self._elapsed, heldout_loss, corpus.known_words(judged), accepted, judged, attention
        )

    def trained(self, model: PreTrainedModel) -> LanguageModelTrained:
        """What is said at the end, with more samples than before, after one last checkpoint."""
        seconds = self._elapsed
        last = self._checkpoint(model, FINAL_SAMPLES)
        self._desk.send(replace(last, seconds=seconds, samples=last.samples[: samples.SAMPLES]))
        accepted = [one for one in last.samples if one.accepted]
        return LanguageModelTrained(
            request=self._request,
            model_id="",
            title=title_of(self._request),
            steps=self.step,
            seconds=seconds,
            reason=self._reason,
            parameters=sum(one.numel() for one in model.parameters()),
            vocab_size=len(self._material.tokenizer),
            losses=tuple(self._losses),
            heldout_loss=last.heldout_loss,
            accepted=last.accepted,
            known_words=last.known_words,
            new_share=sum(bool(one.is_new) for one in accepted) / len(accepted) if accepted else None,
            samples=last.samples,
            device=self._desk.device,
            threads=torch.get_num_threads(),
        )
