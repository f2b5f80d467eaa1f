"""A text -> a tokenizer of its own: characters, or byte-pair encoding (BPE), with the merges as they were learned.

Both are ``tokenizers``' BPE: characters are BPE without any merge. Source: Sennrich et al. 2016, Neural machine
translation of rare words with subword units.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from playground.errors import InputError
from playground.training.language_model.events import Merge
from playground.training.language_model.request import TrainLanguageModelRequest

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

UNKNOWN = "<unk>"
WORDS = r" ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s"  # no merge goes beyond one of these
MOST_CHARACTERS = 3_000
Pair = tuple[str, str]


def learn_tokenizer(text: str, request: TrainLanguageModelRequest) -> PreTrainedTokenizerBase:
    """The tokenizer of a text; it knows every character of it.

    Raises:
        InputError: the text has too many different characters.
    """
    alphabet = len(set(text))
    if alphabet > MOST_CHARACTERS:
        raise InputError(
            f"The text has {alphabet:,} different characters.", f"Use one with at most {MOST_CHARACTERS:,}."
        )
    backend = Tokenizer(models.BPE(unk_token=UNKNOWN))
    backend.pre_tokenizer = pre_tokenizers.Split(Regex(WORDS), "isolated")
    backend.decoder = decoders.Fuse()
    size = request.vocab_size if request.tokenizer == "bpe" else 1  # all characters are kept, whatever the size
    trainer = trainers.BpeTrainer(vocab_size=size, special_tokens=[UNKNOWN], show_progress=False)
    backend.train_from_iterator(text.splitlines(keepends=True), trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        unk_token=UNKNOWN,
        model_max_length=request.context,
        clean_up_tokenization_spaces=False,
    )


def merges_of(tokenizer: PreTrainedTokenizerBase, text: str) -> Iterator[Merge]:
    """The merges of a tokenizer in their order, each with what it did to the text that it was learned from.

    They are done once more here, on the text's different words: only pairs beside a merge change their counts.
    """
    backend: Tokenizer = tokenizer.backend_tokenizer  # type: ignore[attr-defined]
    learned: list[Pair] = [tuple(pair) for pair in json.loads(backend.to_str())["model"]["merges"]]
    pieces = pre_tokenizers.Split(Regex(WORDS), "isolated").pre_tokenize_str(text) if learned else []
    words = Counter(word for word, _ in pieces)
    symbols = {word: list(word) for word in words}
    where: defaultdict[Pair, set[str]] = defaultdict(set)
    for word, parts in symbols.items():
        for pair in pairwise(parts):
            where[pair].add(word)
    tokens = len(text)
    for pair in learned:
        count = 0
        for word in where.pop(pair, set()):
            before = len(symbols[word])
            symbols[word] = parts = _merged(symbols[word], pair)
            count += words[word] * (before - len(parts))
            for beside in pairwise(parts):
                where[beside].add(word)
        tokens -= count
        yield Merge(*pair, count, tokens)


def _merged(parts: list[str], pair: Pair) -> list[str]:
    """The pieces of a word after a merge, from the left."""
    found: list[str] = []
    place = 0
    while place < len(parts):
        both = place + 1 < len(parts) and (parts[place], parts[place + 1]) == pair
        found.append(parts[place] + parts[place + 1] if both else parts[place])
        place += 2 if both else 1
    return found
