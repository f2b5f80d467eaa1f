"""A text -> what the model is given, one run of it, and what ``pipeline()`` says beside: what all tasks share.

Leaves out what is made of the model's numbers, which is each task's own module.
"""

from __future__ import annotations

import copy
import inspect
import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
import transformers
from torch import Tensor

from playground.classification.labels import label_names
from playground.errors import UnsupportedOptionError
from playground.models.block_sparse import restore_sparse_attention, sparse_above
from playground.models.families import check_ids, explaining
from playground.models.limits import token_limit
from playground.pipelines.result import ModelPass, PipelineToken, TensorShape
from playground.texts import is_byte_level, readable_piece

if TYPE_CHECKING:
    from playground.models.manager import LoadedModel

SHOWN_DIGITS = 6


class Reader:
    """Reads texts with one resident model, and runs the real pipeline on a tokenizer of its own.

    A companion of its `LoadedModel`: ``pipeline()`` keeps settings on the tokenizer and may set its ``pad_token``, so
    what others use is left alone. It is told how much the model reads, which some tokenizers don't know.
    """

    def __init__(self, loaded: LoadedModel) -> None:
        self.name = loaded.key.model_id
        self.model: Any = loaded.model
        self.tokenizer: Any = loaded.tokenizer
        self.limit = token_limit(loaded.model, loaded.tokenizer)
        self._byte_level = is_byte_level(loaded.tokenizer)
        self._turn = threading.Lock()
        self._own: Any = None

    def close(self) -> None:
        """Forgets the tokenizer of its own."""
        self._own = None

    def encode(self, *texts: str | list[str], **options: Any) -> transformers.BatchEncoding:
        """What the tokenizer returns, with offsets where it knows them."""
        return self.tokenizer(
            *texts,
            return_offsets_mapping=bool(self.tokenizer.is_fast),
            return_special_tokens_mask=True,
            verbose=False,
            **options,
        )

    def need_offsets(self) -> None:
        """Nothing, if the tokenizer says which characters a token stands for.

        Raises:
            UnsupportedOptionError: it doesn't.
        """
        if not self.tokenizer.is_fast:
            raise UnsupportedOptionError(
                f"The tokenizer of {self.name} doesn't say which characters a token stands for.",
                "Pick a model with a fast tokenizer.",
            )

    def tensors(self, encoding: Mapping[str, Any]) -> dict[str, Tensor]:
        """One text as the model takes it: tensors [1, seq] on its device."""
        names = [name for name in self.tokenizer.model_input_names if name in encoding]
        check_ids(self.model, encoding["input_ids"])
        return {name: torch.tensor([list(encoding[name])], device=self.model.device) for name in names}

    @torch.inference_mode()
    def run(self, inputs: Mapping[str, Tensor], **options: Any) -> Any:
        """What the model returns; `use_cache` is off where it could be on.

        Raises:
            UnsupportedOptionError: it can't be run on a text alone.
        """
        if "use_cache" in inspect.signature(self.model.forward).parameters:
            options = {"use_cache": False, **options}
        above = sparse_above(self.model.config)
        if above is not None and inputs["input_ids"].shape[1] > above:
            restore_sparse_attention(self.model)
        with explaining(self.model, "can't read this text"):
            return self.model(**inputs, **options)

    def tokens(self, encoding: Any, row: int = 0) -> tuple[PipelineToken, ...]:
        """The tokens of one row of an encoding; a batch has ``input_ids`` as a list of lists."""
        ids = encoding["input_ids"]
        many = bool(ids) and isinstance(ids[0], list)
        pick = (lambda name: encoding[name][row]) if many else (lambda name: encoding[name])
        ids, special = pick("input_ids"), pick("special_tokens_mask")
        fast = bool(self.tokenizer.is_fast)
        segments = encoding.sequence_ids(row) if fast else [None] * len(ids)
        spans = pick("offset_mapping") if fast else [(None, None)] * len(ids)
        pieces = self.tokenizer.convert_ids_to_tokens(ids)
        return tuple(
            PipelineToken(
                readable_piece(str(piece), byte_level=self._byte_level),
                int(token_id),
                bool(mark),
                segment,
                None if segment is None else span[0],
                None if segment is None else span[1],
            )
            for piece, token_id, mark, segment, span in zip(pieces, ids, special, segments, spans, strict=True)
        )

    def readable(self, token_id: int) -> str:
        """A token as it adds to a text."""
        piece = str(self.tokenizer.convert_ids_to_tokens(token_id))
        return readable_piece(piece, byte_level=self._byte_level)

    def one_pass(
        self,
        about: str,
        tokens: tuple[PipelineToken, ...],
        inputs: Mapping[str, Tensor],
        outputs: Mapping[str, Tensor],
        cut: int = 0,
    ) -> ModelPass:
        """A run of the model as the page tells it."""
        return ModelPass(about, tokens, shapes(inputs), shapes(outputs), cut)

    @contextmanager
    def pipeline(self, task: str) -> Iterator[Any]:
        """``pipeline(task)`` on this model, for one caller at a time."""
        with self._turn:
            if self._own is None:
                self._own = copy.deepcopy(self.tokenizer)
                self._own.model_max_length = self.limit
            make: Any = transformers.pipeline
            with explaining(self.model, f'can\'t be given to pipeline("{task}")'):
                yield make(task, model=self._named_model(), tokenizer=self._own)

    def _named_model(self) -> Any:
        """The model, or where its labels are of no use to the pipeline a twin on the same weights with both tables."""
        config = self.model.config
        if not getattr(config, "id2label", None):
            return self.model
        names, _ = label_names(config)
        tables = {"id2label": dict(enumerate(names)), "label2id": {name: n for n, name in enumerate(names)}}
        if all(getattr(config, name, None) == table for name, table in tables.items()):
            return self.model
        twin = copy.copy(self.model)
        twin.config = copy.copy(config)
        for name, table in tables.items():
            setattr(twin.config, name, table)
        return twin


def reader(loaded: LoadedModel) -> Reader:
    """The one `Reader` of a resident model."""
    return loaded.companion("pipelines", Reader)


def shapes(tensors: Mapping[str, Tensor]) -> tuple[TensorShape, ...]:
    """Names, sizes and types of tensors."""
    return tuple(
        TensorShape(name, tuple(one.shape), str(one.dtype).removeprefix("torch.")) for name, one in tensors.items()
    )


def entries(answer: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """What a pipeline returned, each entry as JSON with six digits."""
    return tuple(json.dumps({name: _short(value) for name, value in one.items()}, ensure_ascii=False) for one in answer)


def _short(value: Any) -> Any:
    if hasattr(value, "item"):
        value = value.item()
    return float(f"{value:.{SHOWN_DIGITS}g}") if isinstance(value, float) else value


def cut_tokens(whole: int, used: int) -> str:
    """What is said of a text that is longer than what the model reads."""
    return f"The model reads {used:,} tokens of this text, which has {whole:,}: the rest is cut off."


def unknown_tokens(reader: Reader, passes: Sequence[ModelPass], *, each: bool) -> Iterator[str]:
    """What is said of texts with tokens that the vocabulary has no piece for: of ``each`` pass, or of the first."""
    unknown = reader.tokenizer.unk_token
    if unknown == reader.tokenizer.eos_token:  # GPT-2's ends a text
        return
    for one in passes if each else passes[:1]:
        if count := sum(token.token_id == reader.tokenizer.unk_token_id for token in one.tokens):
            where, tokens = (f"{one.about.capitalize()}: " if each else ""), "token is" if count == 1 else "tokens are"
            yield f"{where}{count} {tokens} {unknown}, so the model can't tell what stands there."
