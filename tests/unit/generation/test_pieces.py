"""Token ids -> text: of one token, and of a reply while it grows."""

import pytest

from playground.generation.pieces import Decoder, Pieces, ReplyText


@pytest.mark.parametrize("text", ["👩‍🚀 fliegt", "日本語の文", "नमस्ते दुनिया", "a\ufffdb", "🦊🦊"])
def test_text_is_never_half_a_character(tokenizer, text):
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    reply, seen = ReplyText(Decoder(tokenizer), [5, 6]), ""
    for token_id in ids:
        seen += reply.add(token_id)
        assert text.startswith(seen), seen
    assert seen == reply.text == text


def test_bytes_that_make_no_character_never_hold_the_text_back_for_long(tokenizer):
    stray = tokenizer("é", add_special_tokens=False)["input_ids"][:1]
    reply = ReplyText(Decoder(tokenizer), [])
    for _ in range(10):
        reply.add(stray[0])
    end = reply.add(tokenizer("a", add_special_tokens=False)["input_ids"][0])
    assert end.endswith("a")
    assert reply.text.count("\ufffd") == 10


def test_pieces_show_spaces_and_bytes(tokenizer):
    pieces = Pieces(tokenizer)
    assert [pieces[one] for one in tokenizer("the")["input_ids"]] == ["the"]
    assert pieces[tokenizer(" ", add_special_tokens=False)["input_ids"][0]] == " "
    assert [pieces[one] for one in tokenizer("é")["input_ids"]] == ["<0xC3>", "<0xA9>"]
    assert pieces[0] == "<eos>"
