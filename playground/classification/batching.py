"""Texts -> logits, with everybody's texts sharing the forward passes of one resident model.

A `Classifier` serves one loaded model: one thread looks after it, and each time it comes round it takes all the texts
that queued up while it was busy, and those of people who have pressed and whose text is still being tokenized; nobody
waits for a clock. Texts are sorted by length before they are padded, so little is computed for padding, and every
answer goes back to the one who asked. On a CPU large passes run two at a time, each on half of the cores: there two
small teams get more done than a large one that meets after every layer. And small ones have as many threads as were
quickest of late: beside a browser that takes one of two cores, a text waits in each layer for the second thread.

Leaves out what the logits mean (`describe`), and which side a family may be padded at (`models.padding`).
"""

from __future__ import annotations

import copy
import inspect
import queue
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch
import transformers

from playground.classification.labels import label_names
from playground.errors import BusyError, DeviceMemoryError, PlaygroundError, UnsupportedOptionError
from playground.models.block_sparse import restore_sparse_attention, sparse_above
from playground.models.cpu.threads import StepThreads, leave_cores, release_helpers, threads_of_cpu, use_threads
from playground.models.families import embedding_rows
from playground.models.limits import token_limit
from playground.models.memory import is_out_of_memory
from playground.models.padding import pad_token_id
from playground.models.reasons import refusal

if TYPE_CHECKING:
    from playground.models.manager import LoadedModel

Encoding = Mapping[str, list[int]]
CPU_BATCH_TOKENS = 1024  # padded tokens of one forward pass; more makes a CPU no faster and everybody's wait longer
GPU_BATCH_TOKENS = 32768
PASS_TOKENS = 40  # what a pass costs besides its tokens, in tokens: rather one more pass than more padding than that
LANE_TOKENS = 256  # from here on two passes run side by side on a CPU
ROWS_PER_TOKEN = 0.3  # a text of 54 tokens takes twice as long as a very short one, as 16 rows do in a generation
ARRIVAL_SECONDS = 0.02  # the longest wait for somebody whose text is being tokenized
TOKENIZER_CHUNK = 256  # texts that are tokenized while others wait for the tokenizer


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
    """Runs one resident sequence-classification model for everybody; a companion of its `LoadedModel`."""

    def __init__(self, loaded: LoadedModel, batch_tokens: int | None = None) -> None:
        self.name = loaded.key.model_id
        self.model: Any = loaded.model
        self.tokenizer = loaded.tokenizer
        self.labels, self.labels_note = label_names(loaded.model.config)
        self.max_length = token_limit(loaded.model, loaded.tokenizer)
        self.forward_passes, self._busy = 0, loaded.busy
        on_cpu = self.model.device.type == "cpu"
        self.batch_tokens = batch_tokens or (CPU_BATCH_TOKENS if on_cpu else GPU_BATCH_TOKENS)
        self._pad_id = pad_token_id(loaded.model, loaded.tokenizer)
        self._fillers = {
            "input_ids": self._pad_id or 0,
            "attention_mask": 0,
            "token_type_ids": getattr(self.tokenizer, "pad_token_type_id", 0),
        }
        fillable = set(self.tokenizer.model_input_names) <= set(self._fillers)
        self.padding_side = loaded.safe_padding if fillable else None
        self.takes_batches = self._pad_id is not None
        self._rows = {"input_ids": embedding_rows(self.model) or 0, "token_type_ids": _type_rows(self.model)}
        self.options = {"use_cache": False} if "use_cache" in inspect.signature(self.model.forward).parameters else {}
        self._sparse_above = sparse_above(self.model.config)
        side_by_side = on_cpu and threads_of_cpu() > 1 and self._sparse_above is None
        self._lanes = lanes() if side_by_side else None
        self._threads = StepThreads(threads_of_cpu() if on_cpu else 1, use_threads, loaded.busy)
        self._free_pipelines: queue.SimpleQueue[Any] = queue.SimpleQueue()
        make: Any = transformers.pipeline  # its overloads know no tokenizer's base class
        for _ in range(2 if self._lanes else 1):  # a pipeline keeps settings on itself: one for each that runs at once
            self._free_pipelines.put(make("text-classification", model=self._named_model(), tokenizer=self.tokenizer))
        self._counting = threading.Lock()
        self._arriving = 0
        self._queue: queue.SimpleQueue[list[_Job]] = queue.SimpleQueue()
        self._closed = False
        self._closing = threading.Lock()
        self._thread = threading.Thread(target=self._work, name=f"classifier {loaded.key.model_id}", daemon=True)
        self._thread.start()

    def _named_model(self) -> Any:
        """The model, or where its ``id2label`` is of no use to the pipeline a twin on the same weights with another."""
        id2label = dict(enumerate(self.labels))
        if self.model.config.id2label == id2label:
            return self.model
        twin = copy.copy(self.model)
        twin.config = copy.copy(self.model.config)
        twin.config.id2label = id2label
        return twin

    def inputs(self, encoding: Encoding | transformers.BatchEncoding) -> dict[str, list[int]]:
        """What the model needs of what the tokenizer returned."""
        return {name: list(encoding[name]) for name in self.tokenizer.model_input_names if name in encoding}

    def encode(self, text: str, text_pair: str | None = None, *, truncate: bool = True) -> transformers.BatchEncoding:
        """What the tokenizer returns for one text, with offsets; longer texts are cut to ``max_length``."""
        return self.tokenizer(
            text,
            text_pair,
            truncation=truncate,
            max_length=self.max_length if truncate else None,
            return_offsets_mapping=self.tokenizer.is_fast,
            return_special_tokens_mask=True,
            verbose=False,
        )

    def encode_many(self, texts: Sequence[str], pairs: Sequence[str] | None = None) -> Iterator[tuple[Encoding, int]]:
        """For each text (or pair) what the model needs of it, and how many tokens it has before it is cut."""
        for start in range(0, len(texts), TOKENIZER_CHUNK):
            part = slice(start, start + TOKENIZER_CHUNK)
            chunk = [list(column[part]) for column in (texts, pairs) if column]
            whole = self.tokenizer(*chunk, verbose=False)
            lengths = [len(ids) for ids in whole["input_ids"]]
            if max(lengths) > self.max_length:
                whole = self.tokenizer(*chunk, truncation=True, max_length=self.max_length)
            for number, length in enumerate(lengths):
                yield {name: values[number] for name, values in whole.items()}, length

    def submit(self, encoding: Encoding, pipeline_input: dict[str, str] | None = None) -> Future[Answer]:
        """The answer to come for one encoded text; with ``pipeline_input`` also what ``pipeline()`` makes of that."""
        return self._enqueue([_Job(self.inputs(encoding), pipeline_input)])[0]

    def submit_many(self, encodings: Sequence[Encoding]) -> list[Future[Answer]]:
        """The answers to come for texts that wait together."""
        return self._enqueue([_Job(self.inputs(encoding), None) for encoding in encodings])

    def _enqueue(self, jobs: list[_Job]) -> list[Future[Answer]]:
        with self._closing:
            if self._closed:
                raise _unloaded()
            self._queue.put([job for job in jobs if self._fits(job)])
        return [job.future for job in jobs]

    def _fits(self, job: _Job) -> bool:
        """Whether the model has an embedding for every id: a GPU that looks for one in vain is lost until a restart."""
        for name, rows in self._rows.items():
            greatest = max(job.encoding.get(name, ()), default=0)
            if rows and greatest >= rows:
                has = "1 embedding" if rows == 1 else f"{rows} embeddings"
                what = f"{self.name} has {has} for {name}, and its tokenizer gives the number {greatest}."
                fix = "Give one text alone." if name == "token_type_ids" else "Try another text, or another model."
                job.future.set_exception(UnsupportedOptionError(what, fix))
                return False
        return True

    @contextmanager
    def arriving(self) -> Iterator[None]:
        """While a text is prepared inside, a pass that is about to start waits for it: they may share the pass."""
        with self._counting:
            self._arriving += 1
        try:
            yield
        finally:
            with self._counting:
                self._arriving -= 1

    def close(self) -> None:
        """Ends the thread; whoever still waits is told to try again."""
        with self._closing:
            self._closed = True
            self._queue.put([])
        if threading.current_thread() is not self._thread:
            self._thread.join(timeout=10)

    def _work(self) -> None:
        self._threads.begin()
        while not self._closed:
            groups = list(self.groups(self._take(), self.batch_tokens // (2 if self._lanes else 1)))
            self._threads.heed()
            began, tokens = time.perf_counter(), _weight(groups)
            self._answer(*groups)
            if tokens and not self._side_by_side(groups):
                self._threads.took(round(ROWS_PER_TOKEN * tokens), time.perf_counter() - began)
            release_helpers()
        if self._lanes:
            self._lanes.shutdown()
        for job in self._take(wait=False):
            job.future.set_exception(_unloaded())

    def _take(self, wait: bool = True) -> list[_Job]:
        """Everything that waits now or is about to come; blocks until there is something."""
        taken = self._queue.get() if wait else []
        patience = time.monotonic() + ARRIVAL_SECONDS
        while wait and self._arriving and time.monotonic() < patience:
            with suppress(queue.Empty):
                taken += self._queue.get(timeout=0.001)
        with suppress(queue.Empty):
            while True:
                taken += self._queue.get_nowait()
        return [job for job in taken if job.future.set_running_or_notify_cancel()]

    def groups(self, jobs: Sequence[Any], batch_tokens: int | None = None) -> Iterator[list[Any]]:
        """Jobs sorted by their ``length``, in groups of at most ``batch_tokens`` tokens with the padding counted.

        A group also ends where one more text would bring more padding than a pass of its own costs, or any padding at
        all where the model reads it.
        """
        group: list[Any] = []
        tokens, most = 0, batch_tokens or self.batch_tokens
        for job in sorted(jobs, key=lambda job: job.length):
            padded = job.length * (len(group) + 1)
            wasted = padded - tokens - job.length
            bearable = PASS_TOKENS if self.padding_side else 0
            if group and (not self.takes_batches or padded > most or wasted > bearable):
                yield group
                group, tokens = [], 0
            group.append(job)
            tokens += job.length
        if group:
            yield group

    def _answer(self, *groups: list[_Job]) -> None:
        """Fulfils the jobs, a pass for each group; if one of several spoils a pass, only its own owner hears of it."""
        start = self._begin if self._side_by_side(groups) else _at_once
        begun = []
        for jobs in reversed(groups):  # what takes longest first: so the lanes end together
            alike: dict[Any, list[_Job]] = {}  # a class that tries the same sentence costs one row
            for job in jobs:
                alike.setdefault(job.content, []).append(job)
            firsts = [same[0] for same in alike.values()]
            pipelines = start(self._pipelines, [job for job in firsts if job.pipeline_input])
            begun.append((jobs, alike, start(self._logits, [job.encoding for job in firsts]), pipelines))
        for jobs, alike, logits, pipelines in begun:
            try:
                rows, labels = logits.result(), pipelines.result()
            except Exception as error:
                self._blame(jobs, error)
                continue
            for same, row in zip(alike.values(), rows, strict=True):
                for job in same:
                    job.future.set_result(Answer(tuple(row), labels.get(id(same[0]))))

    def _begin(self, work: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """Work on the next free lane."""

        def in_lane() -> Any:
            leave_cores(self._busy())
            return work(*arguments)

        assert self._lanes is not None
        return self._lanes.submit(in_lane)

    def _side_by_side(self, groups: Sequence[Sequence[_Job]]) -> bool:
        return self._lanes is not None and _weight(groups) >= LANE_TOKENS

    def _blame(self, jobs: list[_Job], error: Exception) -> None:
        out_of_memory = is_out_of_memory(error)
        if out_of_memory and self.model.device.type == "cuda":
            torch.cuda.empty_cache()
        if len(jobs) > 1:
            for job in jobs:
                self._answer([job])
            return
        if out_of_memory:
            error = DeviceMemoryError("The device ran out of memory on this text.", "Try again, or shorten it.")
        elif not isinstance(error, PlaygroundError):
            fix = "Try another text, or another model."
            error = refusal(self.model, self.name, "can't read this text", error, fix)
        jobs[0].future.set_exception(error)

    @torch.inference_mode()
    def _logits(self, encodings: list[Encoding]) -> list[list[float]]:
        self.forward_passes += 1
        batch = self.padded(encodings)
        self._prepare(batch["input_ids"].shape[1])
        logits = self.model(**batch, **self.options).logits
        if logits.shape[-1] != len(self.labels):
            raise UnsupportedOptionError(
                f"{self.name} gives {logits.shape[-1]} logits, and its config.json names {len(self.labels)} labels.",
                "Choose another model, or mend its id2label.",
            )
        return logits.float().tolist()

    def _prepare(self, length: int) -> None:
        if self._sparse_above is not None and length > self._sparse_above:
            restore_sparse_attention(self.model)

    def padded(self, encodings: list[Encoding]) -> dict[str, torch.Tensor]:
        """Tensors ``[batch, seq]`` on the model's device, filled up to the longest text.

        On the side that changes no answer, whatever side the tokenizer prefers: on the left a model with absolute
        positions would read the same text at other positions than when the text is alone.
        """
        longest = max(len(encoding["input_ids"]) for encoding in encodings)
        batch = {}
        for name in encodings[0]:
            gaps = [[self._fillers.get(name, 0)] * (longest - len(encoding[name])) for encoding in encodings]
            rows = [
                [*gap, *encoding[name]] if self.padding_side == "left" else [*encoding[name], *gap]
                for gap, encoding in zip(gaps, encodings, strict=True)
            ]
            batch[name] = torch.tensor(rows, device=self.model.device)
        return batch

    def _pipelines(self, jobs: list[_Job]) -> dict[int, tuple[tuple[str, float], ...]]:
        """What ``transformers.pipeline`` returns, by job; several texts share its passes where its padding is safe."""
        if not jobs:
            return {}
        together = self.takes_batches and self.tokenizer.padding_side == self.padding_side
        pipeline = self._free_pipelines.get()
        self._prepare(max(job.length for job in jobs))
        try:
            results = pipeline(
                [job.pipeline_input for job in jobs],
                top_k=None,
                truncation=True,
                max_length=self.max_length,
                batch_size=len(jobs) if together else 1,
            )
        finally:
            self._free_pipelines.put(pipeline)
        return {
            id(job): tuple((entry["label"], entry["score"]) for entry in entries)
            for job, entries in zip(jobs, results, strict=True)
        }


def lanes() -> ThreadPoolExecutor:
    """Two threads, each with half of torch's threads for its passes."""
    return ThreadPoolExecutor(2, "lane", use_threads, (threads_of_cpu() // 2,))


def _rows(module: Any) -> int:
    """How many rows a table of embeddings has; 0 for what is none."""
    return getattr(module, "num_embeddings", 0)


def _type_rows(model: Any) -> int:
    """The same of the table for ``token_type_ids``, by the name that it has in every family."""
    return next((_rows(one) for name, one in model.named_modules() if name.endswith("token_type_embeddings")), 0)


def _weight(groups: Sequence[Sequence[_Job]]) -> int:
    """Tokens of all passes, padding not counted."""
    return sum(job.length for group in groups for job in group)


def _at_once(work: Callable[..., Any], *arguments: Any) -> Future[Any]:
    """What a pool's ``submit`` returns, with the work done here and now."""
    future: Future[Any] = Future()
    try:
        future.set_result(work(*arguments))
    except Exception as error:
        future.set_exception(error)
    return future


def classifier(loaded: LoadedModel) -> Classifier:
    """The one `Classifier` of a resident model."""
    return loaded.companion("classifier", Classifier)


def _unloaded() -> BusyError:
    return BusyError("The model was unloaded while your text was waiting.", "Try again.")
