"""Tokens against their text: nothing lost, nothing invented, whatever people type."""

from __future__ import annotations

import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

from playground.errors import InputError, InputTooLongError
from playground.tokens.request import CompareRequest, EncodeRequest, TokenizeRequest
from playground.tokens.rules import TokenizerShelf, read_rules
from playground.tokens.tokenize import compare, tokenize

MINILM = "sentence-transformers/all-MiniLM-L6-v2"
SMOLLM = "HuggingFaceTB/SmolLM2-135M-Instruct"
T5 = "playground/word-association"
RARE_BYTES = bytes.fromhex("04 06 13 14 16 1d f1 f2")  # SmolLM2's vocabulary has no piece for these
EMBEDDED = (MINILM, SMOLLM, T5)


@pytest.fixture(scope="module")
def tiny():
    """A shelf of two small tokenizers trained here: Unigram with NFKC, BPE that falls back to bytes."""
    lines = ["the cat sat on the mat", "hello world friend the fish", "abc def fi ghi"] * 20
    unigram = Tokenizer(models.Unigram())
    unigram.normalizer, unigram.pre_tokenizer = normalizers.NFKC(), pre_tokenizers.Metaspace()
    specials = ["<pad>", "</s>", "<unk>"]
    unigram.train_from_iterator(
        lines, trainers.UnigramTrainer(vocab_size=60, special_tokens=specials, unk_token="<unk>", show_progress=False)
    )
    fallback = Tokenizer(models.BPE(byte_fallback=True, unk_token="<unk>"))
    fallback.pre_tokenizer = pre_tokenizers.Metaspace()
    hexes = [f"<0x{byte:02X}>" for byte in range(256)]
    fallback.train_from_iterator(
        lines, trainers.BpeTrainer(vocab_size=330, special_tokens=["<unk>", "<s>", *hexes], show_progress=False)
    )
    shelf = TokenizerShelf(load=lambda model_id: pytest.fail("nothing to load"))
    shelf._rules.update(unigram=read_rules(unigram.to_str()), fallback=read_rules(fallback.to_str()))
    return shelf


def check_whole(result):
    """The segments are the text; every token with a span lies in exactly one segment, in order."""
    assert "".join(segment.text for segment in result.segments) == result.text
    position = 0
    for segment in result.segments:
        assert segment.start == position < segment.end
        assert segment.text == result.text[segment.start : segment.end]
        position = segment.end
    assert position == len(result.text)
    members = [index for segment in result.segments for index in segment.tokens]
    assert members == [token.index for token in result.tokens if not token.added]
    for token in result.tokens:
        if not token.added:
            segment = result.segments[token.segment]
            assert token.index in segment.tokens
            assert segment.start <= token.start < token.end <= segment.end
    assert result.counts.tokens == len(result.tokens) == len(result.input_ids)
    assert result.counts.utf8_bytes == len(result.text.encode())


def check_gaps(result):
    """Only whitespace, control and format characters, and marks that a normaliser strips, are in no segment."""
    for segment in result.segments:
        for character in "" if segment.tokens else segment.text:
            parts = unicodedata.normalize("NFKD", character)  # "¨" is a space with a mark
            kinds = {unicodedata.category(part)[0] for part in parts}
            assert kinds <= set("CMZ") or character == "�", (character, kinds)


ANY_TEXT = st.text(max_size=60) | st.lists(
    st.sampled_from(
        ["👩‍👩‍👧", "é", "e\u0301", "한국", "שלום", "مرحبا", "ﬁ", "㎏", " ", "\n", "\t",
         "\x00", "\u200b", "The", "cat's", "$%",
         "�", "<|im_end|>", "[CLS]", "</s>", "▁", "Ġ", "##a", "中文", "1234", "İ", "ß"]
    ),
    max_size=20,
).map("".join)  # fmt: skip


@pytest.mark.parametrize("model_id", EMBEDDED)
@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=ANY_TEXT)
def test_chips_join_back_to_the_text_exactly(shelf, model_id, text):
    result = tokenize(shelf, TokenizeRequest(text, model_id))
    check_whole(result)
    check_gaps(result)
    assert len(result.text) == len(text)
    if model_id == SMOLLM:
        rules = shelf.rules(model_id)
        parts = [rules.piece_bytes(token.token_id, token.piece) for token in result.tokens]
        held, whole = b"".join(part for part in parts if part), result.text.encode()
        dropped = bytes(byte for byte in whole if byte in RARE_BYTES)
        assert held == bytes(byte for byte in whole if byte not in RARE_BYTES)
        assert any(f"{len(dropped)} bytes" in note for note in result.notes) == bool(dropped)


@pytest.mark.parametrize("kind", ["unigram", "fallback"])
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=ANY_TEXT)
def test_other_algorithms_lose_no_character_either(tiny, kind, text):
    check_whole(tokenize(tiny, TokenizeRequest(text, kind)))


@pytest.mark.parametrize("model_id", EMBEDDED)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=ANY_TEXT)
def test_ids_and_offsets_are_those_of_transformers(shelf, model_id, text):
    tokenizer = shelf.tokenizer(model_id)
    theirs = tokenizer(text, return_offsets_mapping=True)
    ours = tokenize(shelf, TokenizeRequest(text, model_id))
    if model_id == SMOLLM and set(text.encode()) & set(RARE_BYTES):
        return  # there the tokenizer's own offsets are wrong
    assert list(ours.input_ids) == theirs["input_ids"]
    assert [token.piece for token in ours.tokens] == tokenizer.convert_ids_to_tokens(theirs["input_ids"])
    for token, offset in zip(ours.tokens, theirs["offset_mapping"], strict=True):
        assert token.added or (token.start, token.end) == offset


def test_half_of_a_character_is_shown_as_its_bytes(shelf):
    result = tokenize(shelf, TokenizeRequest("a 👍", SMOLLM))
    assert [token.shown for token in result.tokens] == ["a", "·<0xF0><0x9F>", "<0x91>", "<0x8D>"]
    assert [token.byte_note for token in result.tokens] == [
        "", "bytes 1–2 of 4 of 👍 (U+1F44D)", "byte 3 of 4 of 👍 (U+1F44D)", "byte 4 of 4 of 👍 (U+1F44D)",
    ]  # fmt: skip
    assert result.segments[1].text == " 👍" and result.segments[1].tokens == (1, 2, 3)


def test_bytes_without_a_piece_are_said_to_be_dropped_and_spans_stay_right(shelf):
    """After U+0004, which SmolLM2 can't write, the tokenizer's own offsets are one character too low."""
    result = tokenize(shelf, TokenizeRequest("a\x04 cat", SMOLLM))
    assert result.notes == ("1 bytes have no piece in this vocabulary: the tokenizer drops them without a trace.",)
    assert [(segment.text, len(segment.tokens)) for segment in result.segments] == [("a", 1), ("\x04", 0), (" cat", 1)]


def test_byte_fallback_is_shown_as_bytes(tiny):
    result = tokenize(tiny, TokenizeRequest("é", "fallback"))
    assert [token.shown for token in result.tokens if not token.added] == ["<0xC3>", "<0xA9>"]
    assert [token.byte_note for token in result.tokens if not token.added] == [
        "byte 1 of 2 of é (U+00E9)", "byte 2 of 2 of é (U+00E9)",
    ]  # fmt: skip


def test_where_no_space_sets_words_apart_nothing_is_counted_per_word(shelf):
    rates = [
        tokenize(shelf, TokenizeRequest(text, MINILM)).counts.tokens_per_word
        for text in ("two cats", "한국 사람", "人人生而自由", "すべての人間", "มนุษย์ทั้งหลาย")
    ]
    assert rates[0] == 1.0 and rates[1] is not None and rates[2:] == [None] * 3


def test_several_tokens_of_one_character_form_one_segment(shelf):
    """WordPiece takes a Korean syllable apart into letters, which all stand for that one character."""
    result = tokenize(shelf, TokenizeRequest("한국", MINILM))
    assert [(segment.text, len(segment.tokens)) for segment in result.segments] == [("한", 3), ("국", 3)]


def test_special_unknown_and_continuation_are_marked(shelf):
    result = tokenize(shelf, TokenizeRequest("unbelievably 👍", MINILM))
    assert [token.piece for token in result.tokens if token.special] == ["[CLS]", "[SEP]"]
    assert [token.piece for token in result.tokens if token.unknown] == ["[UNK]"]
    assert [token.piece for token in result.tokens if token.continuation] == ["##bel", "##ie", "##va", "##bly"]
    assert result.counts.special_tokens == 2 and result.counts.unknown_tokens == 1 and result.counts.words == 2


def test_an_unknown_token_is_named_as_the_vocabulary_names_it(shelf):
    """Unigram reports the text itself in its place."""
    token = tokenize(shelf, TokenizeRequest("a÷", T5)).tokens[1]
    assert (token.piece, token.unknown, token.start, token.end) == ("<unk>", True, 1, 2)


def test_a_metaspace_that_the_tokenizer_put_in_front_stands_for_no_character(tiny):
    result = tokenize(tiny, TokenizeRequest("xyz", "unigram"))
    assert result.tokens[0].piece == "▁" and result.tokens[0].added


def test_too_long_a_text_gets_a_kind_message(shelf):
    with pytest.raises(InputTooLongError, match="at most 20,000"):
        tokenize(shelf, TokenizeRequest("x" * 20_001, MINILM))


def test_a_long_text_can_be_described_in_part_and_counted_in_full(shelf):
    whole = tokenize(shelf, TokenizeRequest("Ж👍é" * 500, SMOLLM))
    part = tokenize(shelf, TokenizeRequest("Ж👍é" * 500, SMOLLM, describe=100))
    assert part.counts == whole.counts and part.input_ids == whole.input_ids
    assert 90 < len(part.tokens) <= 100 and part.tokens == whole.tokens[: len(part.tokens)]
    assert "".join(segment.text for segment in part.segments) == whole.text and len(part.segments) < 60


def test_padding_and_truncation_in_the_files_are_not_applied(shelf):
    """MiniLM's tokenizer.json asks for both, at 128 tokens."""
    assert tokenize(shelf, TokenizeRequest("cat", MINILM)).counts.tokens == 3
    assert tokenize(shelf, TokenizeRequest("cat " * 500, MINILM)).counts.tokens == 502


def test_a_comparison_marks_the_boundaries_that_differ(shelf):
    result = compare(shelf, CompareRequest("unbelievable cats", (MINILM, SMOLLM)))
    assert {0, 12, 13, 17} <= set(result.agreed)
    assert result.contested and not set(result.agreed) & set(result.contested)


@pytest.mark.parametrize("model_ids", [(MINILM,), (MINILM, MINILM), ()])
def test_a_comparison_needs_different_tokenizers(shelf, model_ids):
    with pytest.raises(InputError, match="two to four different"):
        compare(shelf, CompareRequest("x", model_ids))


def test_the_live_path_needs_no_torch():
    code = (
        "import sys\nfrom playground.service import Playground\n"
        "from playground.tokens.request import TokenizeRequest\n"
        "print(len(Playground().tokenize(TokenizeRequest('cats')).tokens), 'torch' in sys.modules)"
    )
    root = Path(__file__).parents[3]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["3", "False"]


def test_many_threads_may_use_one_tokenizer(shelf):
    """transformers' own call fails here with "Already borrowed" when padding changes between threads."""
    from concurrent.futures import ThreadPoolExecutor

    from playground.tokens.batch import encode

    def work(number):
        if number % 2:
            return tokenize(shelf, TokenizeRequest("cats " * 50, MINILM)).counts.tokens
        return len(encode(shelf, EncodeRequest(("cats", "cats and dogs"))).rows[0].input_ids)

    with ThreadPoolExecutor(16) as pool:
        assert set(pool.map(work, range(200))) == {52, 5}
