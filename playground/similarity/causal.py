"""A template with a word in it, another one as its end: losses of models that only go on.

A causal model has no label of its own, so a template says what stands around the words, and only the pieces of the
target count: ``model(input_ids=..., labels=...).loss`` with -100 for everything before it.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence

import torch

from playground.errors import UnsupportedOptionError
from playground.similarity.scorer import Pieces, Scorer, cross_entropy, padded, with_losses
from playground.similarity.words import before_target

FROM_CACHE, PAIR_BY_PAIR = "prompt read once, targets from its cache", "pair by pair"


class CausalScorer(Scorer):
    """Losses of targets under a causal model."""

    WAYS = (FROM_CACHE, PAIR_BY_PAIR)
    template: str

    def label_ids(self, target: str) -> list[int]:
        """The pieces of a target behind an empty source."""
        return self.split("", target)[1]

    @torch.inference_mode()
    def plain_loss(self, source: str, target: str) -> float:
        """The model's own loss, everything before the target masked."""
        prompt, label = self.split(source, target)
        device = self.model.device
        labels = torch.tensor([[-100] * len(prompt) + label], device=device)
        return float(self.model(input_ids=torch.tensor([prompt + label], device=device), labels=labels).loss)

    def rows(self, sources: Sequence[str], targets: Sequence[str]) -> Iterator[tuple[int, list[list[Pieces]]]]:
        """One source after the other."""
        for index, source in enumerate(sources):
            split = [self.split(source, target) for target in targets]
            if self.way == PAIR_BY_PAIR:
                yield index, [[self._pair(*pair) for pair in split]]
            else:
                yield index, [self._row(split)]

    @torch.inference_mode()
    def _pair(self, prompt: list[int], label: list[int]) -> Pieces:
        ids = torch.tensor([prompt + label], device=self.model.device)
        logits = self.model(input_ids=ids).logits[:, len(prompt) - 1 : -1]
        return with_losses([label], cross_entropy(logits, ids[:, len(prompt) :]).tolist())[0]

    def _row(self, split: list[tuple[list[int], list[int]]]) -> list[Pieces]:
        """Reads the prompt once; its cache serves all targets, and their first piece needs no second pass at all."""
        rows: dict[int, Pieces] = {}
        for prompt in {tuple(prompt) for prompt, _ in split}:
            members = [number for number, (own, _) in enumerate(split) if tuple(own) == prompt]
            rows |= dict(zip(members, self._after(list(prompt), [split[number][1] for number in members]), strict=True))
        return [rows[number] for number in range(len(split))]

    @torch.inference_mode()
    def _after(self, prompt: list[int], labels: list[list[int]]) -> list[Pieces]:
        """Losses of each label as the continuation of one prompt."""
        first = self.model(torch.tensor([prompt], device=self.model.device), use_cache=True)
        rows: list[Pieces] = []
        size = self.pairs_per_chunk(max(map(len, labels)))
        for start in range(0, len(labels), size):
            part = labels[start : start + size]
            ids, _ = padded(part, -100, self.model.device)
            logits = first.logits[:, -1:].expand(len(part), -1, -1)
            if ids.shape[1] > 1:
                cache = copy.deepcopy(first.past_key_values)
                cache.batch_repeat_interleave(len(part))
                known = ids[:, :-1].clamp(min=0)
                after = self.model(known, past_key_values=cache, use_cache=True).logits
                logits = torch.cat([logits, after], dim=1)
            rows += with_losses(part, cross_entropy(logits, ids).tolist())
        return rows

    def split(self, source: str, target: str) -> tuple[list[int], list[int]]:
        """(prompt ids, ids of the target as it continues the prompt) for the template."""
        before = before_target(self.template, source)
        prompt = self._ids(before.rstrip()) or [self._start_id()]
        full = self._ids(before + target) if before.strip() else self._ids(target)
        shared = 0
        while shared < len(prompt) and shared < len(full) - 1 and prompt[shared] == full[shared]:
            shared += 1
        if shared < len(prompt) and before.strip():
            return full[:shared] or [self._start_id()], full[shared:]
        return prompt, full[shared:]

    def _ids(self, text: str) -> list[int]:
        """What ``tokenizer(text)`` returns, without an end token: the text goes on."""
        ids = list(self.tokenizer(text, verbose=False)["input_ids"])
        return self.fitting(text, ids[:-1] if ids and ids[-1] == self.tokenizer.eos_token_id else ids)

    def _start_id(self) -> int:
        for token_id in (self.tokenizer.bos_token_id, self.tokenizer.eos_token_id):
            if token_id is not None:
                return int(token_id)
        raise UnsupportedOptionError(
            f"{self.loaded.spec.title} has no token to begin with.", "Put a word before {source} in the template."
        )
