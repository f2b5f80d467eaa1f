"""Words -> exp(loss) of one given the other, for a pair, a table or a list of pairs, and what that number hides.

The idea: feed one word to a sequence-to-sequence model and make the other its label. ``model(...).loss`` is the mean
surprise, in nats, over the label's pieces; ``exp(loss)`` is the perplexity: 1 means certain, 20 means as unsure as
between 20 equally likely pieces. The direction matters: *man -> woman* is not *woman -> man*.

A causal model has no label of its own, so a template says what stands around the words and only the pieces of the
target are counted. Each source is read once and its targets are scored together, in chunks bounded by memory.

This module leaves out drawing, clustering for display (`tabs.similarity.tab`) and the training of the embedded model.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import torch
from jaxtyping import Float
from torch import Tensor
from transformers.modeling_outputs import BaseModelOutput

from playground.errors import EmptyInputError, InputError, InputTooLongError
from playground.similarity.request import DEFAULT_TEMPLATE, WordLossRequest, WordMatrixRequest, WordPairsRequest
from playground.similarity.result import (
    PairMeasures,
    PieceLoss,
    Progress,
    WordLoss,
    WordLossResult,
    WordMatrixResult,
    WordPairsResult,
)
from playground.texts import is_byte_level, shown_piece, usable_text

if TYPE_CHECKING:
    from playground.models.manager import LoadedModel, ModelManager

SEQ2SEQ, CAUSAL, ENCODER = "text2text-generation", "text-generation", "feature-extraction"
EMBEDDING_MODEL = "sentence-transformers/all-MiniLM-L6-v2"
MAX_WORDS = 60
MAX_CHARACTERS = 2_000
CHUNK_BYTES = 192 * 2**20


def perplexity(losses: Sequence[float]) -> float:
    """exp of the mean loss of some pieces: how many equally likely pieces the model was unsure between.

    Two pieces with probabilities 1/2 and 1/8 have losses ln 2 and ln 8, whose mean is ln 4:

    >>> round(perplexity([math.log(2), math.log(8)]), 6)
    4.0
    """
    return math.exp(sum(losses) / len(losses))


def word_loss(manager: ModelManager, request: WordLossRequest) -> WordLossResult:
    """The loss of every ordered pair of the request's words, piece by piece.

    Raises:
        EmptyInputError, InputError, InputTooLongError: the words can't be used.
    """
    words, notes = check_words(request.words, most=3)
    with manager.lease(request.model_id, task_of(manager, request.model_id), request.quantization) as loaded:
        scorer = Scorer(loaded, request.template)
        losses = []
        for source in words:
            targets = [word for word in words if word != source]
            losses += [
                _word_loss(loaded, source, target, pieces)
                for target, pieces in zip(targets, scorer.piece_losses(source, targets), strict=True)
            ]
        return WordLossResult(request.model_id, scorer.template, tuple(sorted(losses, key=lambda w: w.loss)), notes)


def word_matrix(manager: ModelManager, request: WordMatrixRequest) -> Iterator[Progress | WordMatrixResult]:
    """A `Progress` for every source, then one `WordMatrixResult`. Closing the iterator stops the work.

    Raises:
        EmptyInputError, InputError, InputTooLongError: the words can't be used.
    """
    words, notes = check_words(request.words, most=MAX_WORDS)
    table: list[tuple[float, ...]] = []
    with manager.lease(request.model_id, task_of(manager, request.model_id), request.quantization) as loaded:
        scorer = Scorer(loaded, request.template)
        sources = ("", *words)
        yield Progress(0, len(sources))
        for start, sums in scorer.sums(sources, words):
            table += sums
            yield Progress(start + len(sums), len(sources))
        counts = tuple(len(ids) for ids in scorer.label_ids(words))
        template = scorer.template
    cosine = _cosine_table(manager, words) if request.cosine else None
    loss = tuple(tuple(total / count for total, count in zip(row, counts, strict=True)) for row in table[1:])
    yield WordMatrixResult(request.model_id, template, words, loss, counts, table[0], cosine, notes)


def word_pairs(manager: ModelManager, request: WordPairsRequest) -> Iterator[Progress | WordPairsResult]:
    """A `Progress` for every source, then one `WordPairsResult`. Only the pairs asked for are scored.

    Raises:
        EmptyInputError, InputError, InputTooLongError: the words can't be used.
    """
    if not request.pairs:
        raise EmptyInputError("There are no pairs.", "Give at least one pair of words.")
    words, _ = check_words([word for pair in request.pairs for word in pair], most=2_000)
    wanted: dict[str, list[str]] = {"": list(words)}
    for first, second in ((a.strip(), b.strip()) for a, b in request.pairs):
        wanted.setdefault(first, []).append(second)
        wanted.setdefault(second, []).append(first)
    sums: dict[tuple[str, str], float] = {}
    with manager.lease(request.model_id, task_of(manager, request.model_id), request.quantization) as loaded:
        scorer = Scorer(loaded, request.template)
        for done, (source, targets) in enumerate(wanted.items()):
            yield Progress(done, len(wanted))
            for target, pieces in zip(targets, scorer.piece_losses(source, targets), strict=True):
                sums[source, target] = sum(loss for _, loss in pieces)
        counts = {word: len(ids) for word, ids in zip(words, scorer.label_ids(words), strict=True)}
        template = scorer.template
    cosines = _cosine_pairs(manager, request.pairs) if request.cosine else [None] * len(request.pairs)
    measures = tuple(
        PairMeasures(
            word1=a,
            word2=b,
            loss_forward=sums[a, b] / counts[b],
            loss_backward=sums[b, a] / counts[a],
            loss_sum_forward=sums[a, b],
            loss_sum_backward=sums[b, a],
            baseline_sum_1=sums["", a],
            baseline_sum_2=sums["", b],
            cosine=cosine,
        )
        for (a, b), cosine in zip(((a.strip(), b.strip()) for a, b in request.pairs), cosines, strict=True)
    )
    yield WordPairsResult(request.model_id, template, measures)


def spearman(first: Sequence[float], second: Sequence[float]) -> float | None:
    """Spearman's rank correlation; None where it doesn't exist (fewer than 3 values, or all the same).

    >>> spearman([1, 2, 3], [10, 20, 15])
    0.5
    """
    from scipy.stats import spearmanr

    if len(first) < 3 or len(set(first)) < 2 or len(set(second)) < 2:
        return None
    return round(float(spearmanr(first, second).statistic), 12)


def check_words(words: Sequence[str], most: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The words, stripped and without repetitions, and notes about what was left out.

    Raises:
        EmptyInputError: there is no word. InputError: there is only one. InputTooLongError: too many, or one too long.
    """
    stripped = [word.strip() for word in words]
    kept = tuple(dict.fromkeys(word for word in stripped if word))
    notes = []
    if len(kept) < len([word for word in stripped if word]):
        repeated = sorted({word for word in kept if stripped.count(word) > 1})
        notes.append(f"Counted once: {', '.join(repeated[:5])}{' …' if len(repeated) > 5 else ''}.")
    if not kept:
        raise EmptyInputError("There are no words yet.", "Type two words, for example man and woman.")
    if len(kept) == 1:
        raise InputError(f"There is only one word, {_short(kept[0])}.", "A loss needs a second one to be the label.")
    if len(kept) > most:
        raise InputTooLongError(f"These are {len(kept):,} words; {most} fit.", f"Keep the {most} that matter most.")
    for word in kept:
        if len(word) > MAX_CHARACTERS:
            raise InputTooLongError(
                f"{_short(word)} has {len(word):,} characters; {MAX_CHARACTERS:,} fit.", "Shorten it or split it."
            )
        usable_text(word, name=_short(word))
    return kept, tuple(notes)


def task_of(manager: ModelManager, model_id: str) -> str:
    """Whether a model is asked as sequence-to-sequence or as causal model."""
    spec = manager.spec(model_id)
    return CAUSAL if spec.task == CAUSAL else SEQ2SEQ


class Scorer:
    """Losses of labels under one resident model.

    ``template`` is None for a sequence-to-sequence model, whose source and label are the words themselves.
    """

    def __init__(self, loaded: LoadedModel, template: str) -> None:
        self.loaded, self.model, self.tokenizer = loaded, loaded.model, loaded.tokenizer
        self.causal = loaded.key.task == CAUSAL
        self.template = check_template(template) if self.causal else None

    def label_ids(self, targets: Sequence[str]) -> list[list[int]]:
        """The pieces that count for each target; for a sequence-to-sequence model that includes the end token."""
        if self.causal:
            return [self._split("", target)[1] for target in targets]
        return [self._ids(target) for target in targets]

    def piece_losses(self, source: str, targets: Sequence[str]) -> list[list[tuple[int, float]]]:
        """For each target its (token_id, loss in nats) pairs, given the source."""
        [(_, rows)] = self._rows([source], targets)
        return rows[0]

    def sums(self, sources: Sequence[str], targets: Sequence[str]) -> Iterator[tuple[int, list[tuple[float, ...]]]]:
        """Chunks of (index of the first source, for each source the summed loss of every target)."""
        for start, rows in self._rows(sources, targets):
            yield start, [tuple(sum(loss for _, loss in pieces) for pieces in row) for row in rows]

    def _rows(
        self, sources: Sequence[str], targets: Sequence[str]
    ) -> Iterator[tuple[int, list[list[list[tuple[int, float]]]]]]:
        if self.causal:
            for index, source in enumerate(sources):
                yield index, [self._causal_row(source, targets)]
            return
        labels = [self._ids(target) for target in targets]
        size = max(1, self._pairs_per_chunk(max(map(len, labels))) // len(targets))
        for start in range(0, len(sources), size):
            yield start, self._seq2seq_rows(sources[start : start + size], labels)

    def _seq2seq_rows(self, sources: Sequence[str], labels: list[list[int]]) -> list[list[list[tuple[int, float]]]]:
        """Encodes each source once, then scores all its labels; the labels go in chunks if one source has too many."""
        hidden, mask = self._encode(sources)
        rows: list[list[list[tuple[int, float]]]] = [[] for _ in sources]
        size = max(1, self._pairs_per_chunk(max(map(len, labels))) // len(sources))
        for start in range(0, len(labels), size):
            part = labels[start : start + size]
            losses = self._decode(hidden, mask, part)
            for row, by_label in zip(rows, losses, strict=True):
                row += [
                    list(zip(ids, values[: len(ids)], strict=True)) for ids, values in zip(part, by_label, strict=True)
                ]
        return rows

    @torch.inference_mode()
    def _encode(self, sources: Sequence[str]) -> tuple[Float[Tensor, "source seq hidden"], Tensor]:
        ids = [self._ids(source) for source in sources]
        input_ids, mask = _pad(ids, self._pad_id(), self.model.device)
        encoded = self.model.get_encoder()(input_ids=input_ids, attention_mask=mask)
        return encoded.last_hidden_state, mask

    @torch.inference_mode()
    def _decode(self, hidden: Tensor, mask: Tensor, labels: list[list[int]]) -> list[list[list[float]]]:
        """Losses (source, label, piece) of every label after every encoded source."""
        padded, _ = _pad(labels, -100, self.model.device)
        decoder_ids = self.model.prepare_decoder_input_ids_from_labels(labels=padded)
        count = len(labels)
        logits = self.model(
            encoder_outputs=BaseModelOutput(last_hidden_state=hidden.repeat_interleave(count, dim=0)),
            attention_mask=mask.repeat_interleave(count, dim=0),
            decoder_input_ids=decoder_ids.repeat(len(hidden), 1),
            use_cache=False,
        ).logits
        losses = _cross_entropy(logits, padded.repeat(len(hidden), 1))
        return losses.view(len(hidden), count, -1).tolist()

    @torch.inference_mode()
    def _causal_row(self, source: str, targets: Sequence[str]) -> list[list[tuple[int, float]]]:
        """Reads the prompt once; its cache serves all targets, and their first piece needs no second pass at all."""
        split = [self._split(source, target) for target in targets]
        prompts = {tuple(prompt) for prompt, _ in split}
        rows: dict[int, list[tuple[int, float]]] = {}
        for prompt in prompts:
            members = [number for number, (own, _) in enumerate(split) if tuple(own) == prompt]
            rows |= dict(zip(members, self._after(list(prompt), [split[number][1] for number in members]), strict=True))
        return [rows[number] for number in range(len(targets))]

    def _after(self, prompt: list[int], labels: list[list[int]]) -> list[list[tuple[int, float]]]:
        """Losses of each label as the continuation of one prompt."""
        first = self.model(torch.tensor([prompt], device=self.model.device), use_cache=True)
        rows: list[list[tuple[int, float]]] = []
        size = self._pairs_per_chunk(max(map(len, labels)))
        for start in range(0, len(labels), size):
            part = labels[start : start + size]
            padded, _ = _pad(part, -100, self.model.device)
            logits = first.logits[:, -1:].expand(len(part), -1, -1)
            if padded.shape[1] > 1:
                cache = copy.deepcopy(first.past_key_values)
                cache.batch_repeat_interleave(len(part))
                known = padded[:, :-1].clamp(min=0)
                after = self.model(known, past_key_values=cache, use_cache=True).logits
                logits = torch.cat([logits, after], dim=1)
            losses = _cross_entropy(logits, padded).tolist()
            rows += [list(zip(ids, values[: len(ids)], strict=True)) for ids, values in zip(part, losses, strict=True)]
        return rows

    def _split(self, source: str, target: str) -> tuple[list[int], list[int]]:
        """(prompt ids, ids of the target as it continues the prompt) for the causal template."""
        assert self.template is not None
        before, _ = self.template.replace("{source}", source).split("{target}")
        prompt = self._ids(before.rstrip(), end=False) or [self._start_id()]
        full = self._ids(before + target, end=False) if before.strip() else self._ids(target, end=False)
        shared = 0
        while shared < len(prompt) and shared < len(full) - 1 and prompt[shared] == full[shared]:
            shared += 1
        if shared < len(prompt) and before.strip():
            return full[:shared] or [self._start_id()], full[shared:]
        return prompt, full[shared:]

    def _ids(self, text: str, end: bool = True) -> list[int]:
        """What ``tokenizer(text)`` returns, checked against the model's length."""
        ids = list(self.tokenizer(text, verbose=False)["input_ids"])
        if not end and ids and ids[-1] == self.tokenizer.eos_token_id:
            ids = ids[:-1]
        limit = getattr(self.model.config, "max_position_embeddings", None) or 512
        if len(ids) > limit:
            raise InputTooLongError(
                f"{_short(text)} is {len(ids):,} tokens for {self.loaded.spec.title}; {limit:,} fit.", "Shorten it."
            )
        beginning = self.tokenizer.convert_tokens_to_ids("▁")  # where a word begins: by itself it says nothing of it
        empty = {self.tokenizer.unk_token_id, beginning, *self.tokenizer.all_special_ids}
        if text.strip() and ids and set(ids) <= empty:
            raise InputError(
                f"{self.loaded.spec.title} knows no piece of {_short(text)}: it becomes only unknown tokens.",
                "Leave it out, or pick a model whose tokenizer knows it.",
            )
        return ids

    def _pairs_per_chunk(self, length: int) -> int:
        return max(1, CHUNK_BYTES // (length * self.model.config.get_text_config().vocab_size * 4))

    def _pad_id(self) -> int:
        return self.tokenizer.pad_token_id if self.tokenizer.pad_token_id is not None else self.tokenizer.eos_token_id

    def _start_id(self) -> int:
        bos, eos = self.tokenizer.bos_token_id, self.tokenizer.eos_token_id
        return bos if bos is not None else eos


def check_template(template: str) -> str:
    """The template, if it can be used: it ends with ``{target}`` and may name ``{source}`` before.

    Raises:
        InputError: it doesn't; the message says what to write.
    """
    template = template.strip()
    if template.count("{target}") != 1 or not template.endswith("{target}") or template.count("{source}") != 1:
        raise InputError(
            "The template needs {source} once and must end with {target}.", f"For example: {DEFAULT_TEMPLATE}"
        )
    return template


@torch.inference_mode()
def embed(loaded: LoadedModel, words: Sequence[str]) -> Float[Tensor, "word hidden"]:
    """Unit vectors of words: the mean of the encoder's last hidden states over the tokens that the mask keeps.

    Source: the model's card (mean pooling, then normalisation).
    """
    batch = loaded.tokenizer(list(words), padding=True, truncation=True, max_length=256, return_tensors="pt")
    hidden = loaded.model(**batch.to(loaded.model.device)).last_hidden_state
    mask = batch["attention_mask"].unsqueeze(-1)
    mean = (hidden * mask).sum(dim=1) / mask.sum(dim=1)
    return torch.nn.functional.normalize(mean.float(), dim=-1)


def _cosine_table(manager: ModelManager, words: Sequence[str]) -> tuple[tuple[float, ...], ...]:
    with manager.lease(EMBEDDING_MODEL, ENCODER) as loaded:
        vectors = embed(loaded, words)
    return tuple(map(tuple, (vectors @ vectors.T).clamp(-1, 1).tolist()))


def _cosine_pairs(manager: ModelManager, pairs: Sequence[tuple[str, str]]) -> list[float | None]:
    with manager.lease(EMBEDDING_MODEL, ENCODER) as loaded:
        first, second = embed(loaded, [a for a, _ in pairs]), embed(loaded, [b for _, b in pairs])
    return (first * second).sum(dim=-1).clamp(-1, 1).tolist()


def _word_loss(loaded: LoadedModel, source: str, target: str, pieces: list[tuple[int, float]]) -> WordLoss:
    losses = [loss for _, loss in pieces]
    mean = sum(losses) / len(losses)
    names = loaded.tokenizer.convert_ids_to_tokens([token_id for token_id, _ in pieces])
    byte_level = is_byte_level(loaded.tokenizer)
    shown = tuple(
        PieceLoss(i, shown_piece(name, byte_level=byte_level), math.exp(-loss), loss)
        for name, (i, loss) in zip(names, pieces, strict=True)
    )
    return WordLoss(source, target, mean, sum(losses), math.exp(mean), shown)


def _cross_entropy(logits: Float[Tensor, "batch seq vocab"], labels: Tensor) -> Float[Tensor, "batch seq"]:
    """Loss of each label in nats, 0 where the label is -100: log(sum(exp(logits))) - logit of the label, in float32."""
    logits = logits.float()
    chosen = logits.gather(-1, labels.clamp(min=0).unsqueeze(-1)).squeeze(-1)
    return (logits.logsumexp(dim=-1) - chosen).masked_fill(labels == -100, 0.0)


def _pad(rows: list[list[int]], value: int, device: Any) -> tuple[Tensor, Tensor]:
    """Rows padded on the right with a value, and their mask."""
    length = max(map(len, rows))
    ids = torch.tensor([row + [value] * (length - len(row)) for row in rows], device=device)
    mask = torch.tensor([[1] * len(row) + [0] * (length - len(row)) for row in rows], device=device)
    return ids, mask


def _short(text: str) -> str:
    return f"“{text[:30]}…”" if len(text) > 30 else f"“{text}”"
