"""Tiny tokenizers of the kinds that families come with: words and pieces, bytes, and pieces with ``▁``.

All have the same ids for the same purposes, so that one config fits each.
"""

from __future__ import annotations

import functools

import transformers
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors, trainers

PAD, UNKNOWN, START, END, MASK = range(5)
VOCABULARY = 320  # of the models; the tokenizers have fewer
SPECIAL = ["<pad>", "<unk>", "<s>", "</s>", "<mask>"]
WORDS = "the a film food was is not very good bad fine i love hate it this that and but never again great man woman"
LETTERS = "abcdefghijklmnopqrstuvwxyz.,!?'{}"
TEXTS = ("the film was very good", "i love this food and hate that film, but it was never fine again!", WORDS)


def make_tokenizer(task: str, is_encoder_decoder: bool, token_types: bool) -> transformers.PreTrainedTokenizerFast:
    """A tokenizer as the families of a task have it: WordPiece of encoders, bytes of decoders, Unigram of pairs."""
    if is_encoder_decoder:
        backend, template, pair = _unigram(), "$A </s>", "$A </s> $B:1 </s>:1"
    elif task == "text-generation":
        backend, template, pair = _byte_level(), "$A", "$A $B:1"
    else:
        backend, template, pair = _word_piece(), "<s> $A </s>", "<s> $A </s> $B:1 </s>:1"
    used = [(name, number) for number, name in enumerate(SPECIAL) if name in template]
    backend.post_processor = _with(backend.post_processor, template, pair, used)
    inputs = ["input_ids", *(["token_type_ids"] if token_types else []), "attention_mask"]
    names = {"pad_token": "<pad>", "unk_token": "<unk>", "bos_token": "<s>", "eos_token": "</s>"}
    if task != "text-generation" and not is_encoder_decoder:
        names |= {"cls_token": "<s>", "sep_token": "</s>", "mask_token": "<mask>"}
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=backend, model_input_names=inputs, clean_up_tokenization_spaces=False, **names
    )


def _with(own, template, pair, used):
    templates = processors.TemplateProcessing(single=template, pair=pair, special_tokens=used)
    return processors.Sequence([own, templates]) if own is not None else templates


def _word_piece() -> Tokenizer:
    pieces = dict.fromkeys([*SPECIAL, *WORDS.split(), *LETTERS, *(f"##{letter}" for letter in LETTERS)])
    backend = Tokenizer(models.WordPiece({piece: n for n, piece in enumerate(pieces)}, unk_token="<unk>"))
    backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    backend.decoder = decoders.WordPiece()
    return backend


@functools.cache
def _trained() -> str:
    backend = Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    backend.post_processor = processors.ByteLevel(trim_offsets=False)
    special = [AddedToken(name, special=True, normalized=False) for name in SPECIAL]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=300, special_tokens=special, initial_alphabet=alphabet, show_progress=False
    )
    backend.train_from_iterator(TEXTS, trainer)
    return backend.to_str()


def _byte_level() -> Tokenizer:
    return Tokenizer.from_str(_trained())


def _unigram() -> Tokenizer:
    pieces = [*SPECIAL, "▁", *(f"▁{word}" for word in WORDS.split() if len(word) > 1), *LETTERS]
    scores = [(piece, 0.0 if piece in SPECIAL else -8.0 + 2.0 * len(piece) / 8) for piece in dict.fromkeys(pieces)]
    backend = Tokenizer(models.Unigram(scores, unk_id=UNKNOWN, byte_fallback=False))
    backend.pre_tokenizer = pre_tokenizers.Metaspace()
    backend.decoder = decoders.Metaspace()
    return backend
