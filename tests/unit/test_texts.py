"""One policy for odd text, and one way to show a piece, whatever wing asks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

import playground as pg
from playground.errors import InputError, InputTooLongError
from playground.texts import (
    byte_alphabet,
    named_piece,
    readable_bytes,
    shown_bytes,
    shown_piece,
    shown_text,
    usable_text,
)

SENTIMENT, SMOLLM, ASSOCIATION = (
    "playground/sentiment-5-stars",
    "HuggingFaceTB/SmolLM2-135M-Instruct",
    "playground/word-association",
)
HALF = "half \ud83d of a pair"


@pytest.fixture(scope="module")
def playground():
    with pg.Playground(pg.Settings(device="cpu", hub="off")) as one:
        yield one


@given(st.text(alphabet=st.characters(exclude_categories=("Cs",))))
def test_every_text_of_whole_characters_stays_as_it_is(text):
    assert usable_text(text) == text


@pytest.mark.parametrize("code", [0xD800, 0xDBFF, 0xDC00, 0xDFFF])
def test_half_of_a_pair_is_refused_with_its_place(code):
    with pytest.raises(InputError, match=r"Character 3 of the text is half of a character .* Delete it"):
        usable_text(f"ab{chr(code)}c")


@pytest.mark.parametrize(
    ("piece", "named"),
    [
        (" cat", "·cat"),
        (" ", "· (a space)"),
        ("\n", "↵ (a line break)"),
        ("\n\n", "↵↵ (2 line breaks)"),
        ("\t\t", "→→ (2 tabs)"),
        (" \n", "·↵ (2 signs of whitespace)"),
        ("", ""),
    ],
)
def test_a_piece_of_whitespace_alone_says_what_it_is(piece, named):
    assert named_piece(piece) == named


def test_a_limit_is_said():
    assert usable_text("abc", 3) == "abc"
    with pytest.raises(InputTooLongError, match=r"The word has 4 characters. Use at most 3."):
        usable_text("abcd", 3, "The word")


REQUESTS = {
    "classify": lambda: pg.ClassifyRequest(HALF),
    "attend": lambda: pg.AttentionRequest(HALF),
    "tokenize": lambda: pg.TokenizeRequest(HALF, SENTIMENT),
    "encode": lambda: pg.EncodeRequest((HALF,), SENTIMENT),
    "render_chat": lambda: pg.ChatTemplateRequest((pg.Message("user", HALF),), SMOLLM),
    "explain_split": lambda: pg.SplitRequest(HALF, SENTIMENT),
    "search_vocabulary": lambda: pg.VocabularyRequest(HALF, SENTIMENT),
    "compare_tokenizers": lambda: pg.CompareRequest(HALF, (SENTIMENT, SMOLLM)),
    "word_loss": lambda: pg.WordLossRequest(("man", HALF)),
    "generate": lambda: pg.GenerateRequest(prompt=HALF),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_every_capability_refuses_half_a_pair_in_the_same_words(playground, name):
    with pytest.raises(InputError, match="half of a character"):
        getattr(playground, name)(REQUESTS[name]())


@pytest.mark.parametrize(
    ("text", "shown"), [("a b", "a·b"), ("\t\n", "→↵"), ("\x00\x7f", "␀␡"), ("\xa0\u200d", "⟨U+00A0⟩⟨U+200D⟩")]
)
def test_whitespace_and_control_characters_are_visible(text, shown):
    assert shown_text(text) == shown


@given(st.binary(max_size=12))
def test_bytes_are_whole_characters_or_spelled_out(data):
    shown = readable_bytes(data)
    shown.encode()  # no half of a pair is left
    if shown == data.decode(errors="replace"):
        assert shown.encode() == data
    letters = {byte: letter for letter, byte in byte_alphabet().items()}
    assert shown_piece("".join(letters[byte] for byte in data), byte_level=True) in (shown_bytes(data), shown)


def test_one_piece_looks_alike_in_every_wing(playground):
    """``cat`` behind a space: from a byte-level vocabulary, from a metaspace one, and as WordPiece goes on."""
    assert shown_piece("Ġcat", byte_level=True) == shown_piece("▁cat") == "·cat"
    tokens = playground.tokenize(pg.TokenizeRequest("a cat", SMOLLM)).tokens
    attention = playground.attend(pg.AttentionRequest("a cat", SMOLLM)).stacks[0].keys
    assert [token.shown for token in tokens] == [token.text for token in attention] == ["a", "·cat"]
    loss = playground.word_loss(pg.WordLossRequest(("man", "cat"), ASSOCIATION)).losses[0]
    assert loss.pieces[0].piece == f"·{loss.target}"
