"""Texts -> logits, with everybody's texts sharing the forward passes of one resident model.

A `Classifier` serves one loaded model: one thread runs the model, and each time it comes round it takes all the texts
that queued up while it was busy, so nobody waits for a clock. Texts are sorted by length before they are padded, so
little is computed for padding, and every answer goes back to the one who asked.

Leaves out what the logits mean (`classification`).
"""

from __future__ import annotations

import copy
import inspect
import queue
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch
import transformers

from playground.errors import BusyError, DeviceMemoryError

if TYPE_CHECKING:
    from playground.models.manager import LoadedModel

Encoding = Mapping[str, list[int]]
CPU_BATCH_TOKENS = 1024  # padded tokens of one forward pass; more makes a CPU no faster and everybody's wait longer
GPU_BATCH_TOKENS = 32768
TOKENIZER_CHUNK = 256  # texts that are tokenized while others wait for the tokenizer
INPUT_NAMES = ("input_ids", "attention_mask", "token_type_ids")
LEFT_PADDED = ("xlnet",)  # these read their answer at the last position, so padding must come first


@dataclass(frozen=True)
class Answer:
    """What the model said to one text: a logit per label, and what ``pipeline()`` said where that was asked for."""

    logits: tuple[float, ...]
    pipeline: tuple[tuple[str, float], ...] | None = None


@dataclass(eq=False)
class _Job:
    """One text on its way through the model."""

    encoding: Encoding
    pipeline_input: dict[str, str] | None
    future: Future[Answer] = field(default_factory=Future)

    @property
    def length(self) -> int:
        return len(self.encoding["input_ids"])

    @property
    def content(self) -> object:
        """What the model is given: equal for two texts that must get the same answer."""
        asked = tuple((self.pipeline_input or {}).items())
        return asked, tuple(tuple(values) for values in self.encoding.values())


class Classifier:
    """Runs one resident sequence-classification model for everybody; a companion of its `LoadedModel`.

    It keeps tokenizers of its own: a fast tokenizer holds its truncation as a setting, so two threads that share one
    can cut each other's texts.
    """

    def __init__(self, loaded: LoadedModel, batch_tokens: int | None = None) -> None:
        self.model: Any = loaded.model
        self.tokenizer = copy.deepcopy(loaded.tokenizer)
        self.max_length = usable_length(loaded.model, loaded.tokenizer)
        self.forward_passes = 0
        on_cpu = self.model.device.type == "cpu"
        self.batch_tokens = batch_tokens or (CPU_BATCH_TOKENS if on_cpu else GPU_BATCH_TOKENS)
        self._pad_id = pad_token_id(loaded.model, loaded.tokenizer)
        self.options = {"use_cache": False} if "use_cache" in inspect.signature(self.model.forward).parameters else {}
        make: Any = transformers.pipeline  # its overloads know no tokenizer's base class
        self._pipeline = make("text-classification", model=self.model, tokenizer=copy.deepcopy(loaded.tokenizer))
        self._tokenizing = threading.Lock()
        self._queue: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._closed = False
        self._closing = threading.Lock()
        self._thread = threading.Thread(target=self._work, name=f"classifier {loaded.key.model_id}", daemon=True)
        self._thread.start()

    def encode(self, text: str, text_pair: str | None = None, *, truncate: bool = True) -> transformers.BatchEncoding:
        """What the tokenizer returns for one text, with offsets; longer texts are cut to ``max_length``."""
        with self._tokenizing:
            return self.tokenizer(
                text,
                text_pair,
                truncation=truncate,
                max_length=self.max_length if truncate else None,
                return_offsets_mapping=self.tokenizer.is_fast,
                return_special_tokens_mask=True,
                verbose=False,
            )

    def encode_many(self, texts: Sequence[str]) -> Iterator[tuple[Encoding, int]]:
        """For each text what the model needs of it, and how many tokens it has before it is cut."""
        for start in range(0, len(texts), TOKENIZER_CHUNK):
            chunk = list(texts[start : start + TOKENIZER_CHUNK])
            with self._tokenizing:
                whole = self.tokenizer(chunk, verbose=False)
                lengths = [len(ids) for ids in whole["input_ids"]]
                if max(lengths) > self.max_length:
                    whole = self.tokenizer(chunk, truncation=True, max_length=self.max_length)
            for number, length in enumerate(lengths):
                yield {name: values[number] for name, values in whole.items()}, length

    def submit(self, encoding: Encoding, pipeline_input: dict[str, str] | None = None) -> Future[Answer]:
        """The answer to come for one encoded text; with ``pipeline_input`` also what ``pipeline()`` makes of that."""
        job = _Job({name: encoding[name] for name in INPUT_NAMES if name in encoding}, pipeline_input)
        with self._closing:
            if self._closed:
                raise _unloaded()
            self._queue.put(job)
        return job.future

    def close(self) -> None:
        """Ends the thread; whoever still waits is told to try again."""
        with self._closing:
            self._closed = True
            self._queue.put(None)
        if threading.current_thread() is not self._thread:
            self._thread.join(timeout=10)

    def _work(self) -> None:
        while not self._closed:
            for group in self.groups(self._take()):
                self._answer(group)
        for job in self._take(wait=False):
            job.future.set_exception(_unloaded())

    def _take(self, wait: bool = True) -> list[_Job]:
        """Everything that waits now; blocks until there is something."""
        taken = [self._queue.get()] if wait else []
        while True:
            try:
                taken.append(self._queue.get_nowait())
            except queue.Empty:
                return [job for job in taken if job is not None and job.future.set_running_or_notify_cancel()]

    def groups(self, jobs: Sequence[Any]) -> Iterator[list[Any]]:
        """Jobs sorted by their ``length``, in groups of at most ``batch_tokens`` tokens with the padding counted."""
        group: list[Any] = []
        for job in sorted(jobs, key=lambda job: job.length):
            if group and (self._pad_id is None or job.length * (len(group) + 1) > self.batch_tokens):
                yield group
                group = []
            group.append(job)
        if group:
            yield group

    def _answer(self, jobs: list[_Job]) -> None:
        """Fulfils the jobs; if one of several spoils the pass, only its own owner hears of it."""
        alike: dict[Any, list[_Job]] = {}  # a class that tries the same sentence costs one row
        for job in jobs:
            alike.setdefault(job.content, []).append(job)
        firsts = [group[0] for group in alike.values()]
        try:
            rows = self._logits([job.encoding for job in firsts])
            labels = self._pipelines([job for job in firsts if job.pipeline_input])
        except Exception as error:
            self._blame(jobs, error)
            return
        for group, row in zip(alike.values(), rows, strict=True):
            for job in group:
                job.future.set_result(Answer(tuple(row), labels.get(id(group[0]))))

    def _blame(self, jobs: list[_Job], error: Exception) -> None:
        out_of_memory = isinstance(error, torch.OutOfMemoryError)
        if out_of_memory and self.model.device.type == "cuda":
            torch.cuda.empty_cache()
        if len(jobs) > 1:
            for job in jobs:
                self._answer([job])
            return
        if out_of_memory:
            error = DeviceMemoryError("The device ran out of memory on this text.", "Try again, or shorten it.")
        jobs[0].future.set_exception(error)

    @torch.inference_mode()
    def _logits(self, encodings: list[Encoding]) -> list[list[float]]:
        self.forward_passes += 1
        batch = self.padded(encodings)
        return self.model(**batch, **self.options).logits.float().tolist()

    def padded(self, encodings: list[Encoding]) -> dict[str, torch.Tensor]:
        """Tensors ``[batch, seq]`` on the model's device, filled up to the longest text.

        On the right, whatever side the tokenizer prefers: on the left a model with absolute positions would read the
        same text at other positions than when the text is alone.
        """
        longest = max(len(encoding["input_ids"]) for encoding in encodings)
        filler = {
            "input_ids": self._pad_id or 0,
            "attention_mask": 0,
            "token_type_ids": getattr(self.tokenizer, "pad_token_type_id", 0),
        }
        left = self.model.config.model_type in LEFT_PADDED
        batch = {}
        for name in encodings[0]:
            gaps = [[filler[name]] * (longest - len(encoding[name])) for encoding in encodings]
            rows = [(gap + e[name]) if left else (e[name] + gap) for gap, e in zip(gaps, encodings, strict=True)]
            batch[name] = torch.tensor(rows, device=self.model.device)
        return batch

    def _pipelines(self, jobs: list[_Job]) -> dict[int, tuple[tuple[str, float], ...]]:
        """What ``transformers.pipeline`` returns, by job; several texts share its passes where its padding is safe."""
        if not jobs:
            return {}
        together = self._pad_id is not None and self._pipeline.tokenizer.padding_side == "right"
        results = self._pipeline(
            [job.pipeline_input for job in jobs],
            top_k=None,
            truncation=True,
            max_length=self.max_length,
            batch_size=len(jobs) if together else 1,
        )
        return {
            id(job): tuple((entry["label"], entry["score"]) for entry in entries)
            for job, entries in zip(jobs, results, strict=True)
        }


def usable_length(model: transformers.PreTrainedModel, tokenizer: transformers.PreTrainedTokenizerBase) -> int:
    """How many tokens the model reads at most, special tokens included: the least of what tokenizer and model say.

    RoBERTa and its kin say 514 and read 512: their positions are counted from behind the padding's own.
    """
    limit = min(int(tokenizer.model_max_length), 8192)
    positions = getattr(model.config.get_text_config(), "max_position_embeddings", None)
    if not isinstance(positions, int) or positions <= 0:
        return limit
    for name, module in model.named_modules():
        if name.endswith("position_embeddings") and getattr(module, "padding_idx", None) is not None:
            positions -= module.padding_idx + 1
            break
    return min(limit, positions)


def pad_token_id(model: transformers.PreTrainedModel, tokenizer: transformers.PreTrainedTokenizerBase) -> int | None:
    """The id that fills up shorter texts, or None where the model can only take one text at a time.

    Decoders find the end of a text by their config's ``pad_token_id``, so that one counts where it is set.
    """
    own = getattr(model.config.get_text_config(), "pad_token_id", None)
    if own is not None:
        return own
    if model.config.is_encoder_decoder or not hasattr(model, "score"):
        return tokenizer.pad_token_id
    return None


def classifier(loaded: LoadedModel) -> Classifier:
    """The one `Classifier` of a resident model."""
    return loaded.companion("classifier", Classifier)


def _unloaded() -> BusyError:
    return BusyError("The model was unloaded while your text was waiting.", "Try again.")
