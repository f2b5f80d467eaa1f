"""A word in, another one as its label: losses of models with an encoder and a decoder.

``model(input_ids=..., labels=...).loss``, with the labels of ``tokenizer(text_target=...)``: translation models write
and read in two languages, others make no difference. Each source is encoded once, and its labels are scored together.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from transformers.modeling_outputs import BaseModelOutput

from playground.models.padding import pad_token_id
from playground.similarity.scorer import Pieces, Scorer, cross_entropy, padded, with_losses

TOGETHER, PAIR_BY_PAIR = "encoded once, labels together", "pair by pair"


class Seq2SeqScorer(Scorer):
    """Losses of labels under a sequence-to-sequence model."""

    WAYS = (TOGETHER, PAIR_BY_PAIR)

    def obstacle(self) -> str:
        """A model that hears or sees is in transformers' table, too, without an encoder for text."""
        has_both = self.model.config.is_encoder_decoder
        return "" if has_both else "it has no encoder that reads one word and no decoder that says the other."

    def label_ids(self, target: str) -> list[int]:
        """The pieces of a target, the end token among them."""
        return self.fitting(target, _ids(self.tokenizer(text_target=target, verbose=False)))

    def source_ids(self, source: str) -> list[int]:
        """What the encoder reads."""
        return self.fitting(source, _ids(self.tokenizer(source, verbose=False)))

    @torch.inference_mode()
    def plain_loss(self, source: str, target: str) -> float:
        """What the article computes."""
        return float(self.model(**self._single(self.source_ids(source), self.label_ids(target))).loss)

    def rows(self, sources: Sequence[str], targets: Sequence[str]) -> Iterator[tuple[int, list[list[Pieces]]]]:
        """Each source with all labels; several sources share a pass where memory allows it."""
        labels = [self.label_ids(target) for target in targets]
        if self.way == PAIR_BY_PAIR:
            for index, source in enumerate(sources):
                yield index, [[self._pair(self.source_ids(source), label) for label in labels]]
            return
        size = max(1, self.pairs_per_chunk(max(map(len, labels))) // len(targets))
        for start in range(0, len(sources), size):
            yield start, self._chunk(sources[start : start + size], labels)

    def _single(self, source: list[int], label: list[int]) -> dict[str, Tensor]:
        device = self.model.device
        return {"input_ids": torch.tensor([source], device=device), "labels": torch.tensor([label], device=device)}

    @torch.inference_mode()
    def _pair(self, source: list[int], label: list[int]) -> Pieces:
        inputs = self._single(source, label)
        return with_losses([label], cross_entropy(self.model(**inputs).logits, inputs["labels"]).tolist())[0]

    def _chunk(self, sources: Sequence[str], labels: list[list[int]]) -> list[list[Pieces]]:
        """Encodes each source once, then scores all its labels; the labels go in chunks if one source has too many."""
        hidden, mask = self._encode(sources)
        rows: list[list[Pieces]] = [[] for _ in sources]
        size = max(1, self.pairs_per_chunk(max(map(len, labels))) // len(sources))
        for start in range(0, len(labels), size):
            part = labels[start : start + size]
            for row, losses in zip(rows, self._decode(hidden, mask, part), strict=True):
                row += with_losses(part, losses)
        return rows

    @torch.inference_mode()
    def _encode(self, sources: Sequence[str]) -> tuple[Float[Tensor, "source seq hidden"], Tensor]:
        ids = [self.source_ids(source) for source in sources]
        input_ids, mask = padded(ids, pad_token_id(self.model, self.tokenizer) or 0, self.model.device)
        encoded = self.model.get_encoder()(input_ids=input_ids, attention_mask=mask)
        return encoded.last_hidden_state, mask

    @torch.inference_mode()
    def _decode(self, hidden: Tensor, mask: Tensor, labels: list[list[int]]) -> list[list[list[float]]]:
        """Losses (source, label, piece) of every label after every encoded source."""
        padded_labels, _ = padded(labels, -100, self.model.device)
        count = len(labels)
        logits = self.model(
            encoder_outputs=BaseModelOutput(last_hidden_state=hidden.repeat_interleave(count, dim=0)),
            attention_mask=mask.repeat_interleave(count, dim=0),
            use_cache=False,
            **self._decoder_inputs(padded_labels, len(hidden)),
        ).logits
        losses = cross_entropy(logits, padded_labels.repeat(len(hidden), 1))
        return losses.view(len(hidden), count, -1).tolist()

    def _decoder_inputs(self, labels: Tensor, repeats: int) -> dict[str, Tensor]:
        """What the decoder reads: the labels shifted by one; families without a method for it shift them themselves."""
        if hasattr(self.model, "prepare_decoder_input_ids_from_labels"):
            shifted = self.model.prepare_decoder_input_ids_from_labels(labels=labels)
            return {"decoder_input_ids": shifted.repeat(repeats, 1)}
        return {"labels": labels.repeat(repeats, 1)}


def _ids(encoded: Any) -> list[int]:
    return list(encoded["input_ids"])
