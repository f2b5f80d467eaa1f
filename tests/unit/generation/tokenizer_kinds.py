"""Tiny tokenizers of every kind that people bring: how each writes spaces, bytes and the ends of words."""

from __future__ import annotations

import functools

import transformers
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

TEXT = [
    "the quick brown fox jumps over the lazy dog , and the cat does n't mind .",
    "abcdef",
    "Grüße an die 日本 👍🏽 , he 's here ! don't you think so ?",
]
BYTES = [f"<0x{byte:02X}>" for byte in range(256)]


def byte_level():
    """GPT-2, SmolLM2, Llama 3."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=320, special_tokens=["<s>", "</s>"], initial_alphabet=alphabet)
    tokenizer.train_from_iterator(TEXT * 3, trainer)
    return tokenizer


def byte_fallback():
    """Llama 2, Mistral: bytes as tokens of their own, and a decoder that strips the first space."""
    letters = sorted(set("".join(TEXT).replace(" ", "▁")) - set("日本👍🏽ß"))
    vocab = {
        token: number for number, token in enumerate(["<unk>", "<s>", "</s>", *BYTES, *letters, "th", "▁th", "▁the"])
    }
    merges = [("t", "h"), ("▁", "th"), ("▁th", "e")]
    tokenizer = Tokenizer(models.BPE(vocab, merges, unk_token="<unk>", byte_fallback=True, fuse_unk=True))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    return tokenizer


def gemma():
    """Gemma: the same without a stripped space."""
    tokenizer = byte_fallback()
    tokenizer.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    return tokenizer


def word_piece():
    """BERT, also where it tidies spaces itself."""
    tokenizer = Tokenizer(models.WordPiece(unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece(cleanup=True)
    trainer = trainers.WordPieceTrainer(vocab_size=120, special_tokens=["<unk>", "<s>", "</s>"])
    tokenizer.train_from_iterator(TEXT * 3, trainer)
    return tokenizer


def unigram():
    """T5, XLNet, ALBERT: sentencepiece's unigram pieces behind a metaspace."""
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    trainer = trainers.UnigramTrainer(vocab_size=90, special_tokens=["<unk>", "<s>", "</s>"], unk_token="<unk>")
    tokenizer.train_from_iterator(TEXT * 3, trainer)
    return tokenizer


def word_end():
    """GPT-1, CLIP: ``</w>`` at the end of a word."""
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", end_of_word_suffix="</w>"))
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.BPEDecoder(suffix="</w>")
    trainer = trainers.BpeTrainer(
        vocab_size=150, special_tokens=["<unk>", "<s>", "</s>"], end_of_word_suffix="</w>", show_progress=False
    )
    tokenizer.train_from_iterator(TEXT * 3, trainer)
    return tokenizer


def no_decoder():
    """A plain list of words; nothing says how they are joined."""
    words = sorted({word for text in TEXT for word in text.split()})
    tokenizer = Tokenizer(models.WordLevel({w: n for n, w in enumerate(["<unk>", "<s>", "</s>", *words])}, "<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    return tokenizer


KINDS = (byte_level, byte_fallback, gemma, word_piece, unigram, word_end, no_decoder)


@functools.cache
def of_kind(kind, tidy=False):
    """A tokenizer of a kind with one more special token, ``<tool>``, that isn't among the named ones."""
    tokenizer = kind()
    tokenizer.add_special_tokens([AddedToken("<tool>", special=True)])
    fast = transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", clean_up_tokenization_spaces=tidy
    )
    if tidy:
        fast.clean_up_tokenization_spaces_for_bpe_even_though_it_will_corrupt_output = True
    return fast
