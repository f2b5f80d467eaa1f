"""Token ids -> text: of one token, and of a reply while it grows."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playground.generation.pieces import Decoder, Pieces, ReplyText
from tests.unit.generation.tokenizer_kinds import KINDS, of_kind

ALL = [(kind, tidy) for kind in KINDS for tidy in (False, True)]


def streamed(tokenizer, prompt, reply):
    """The texts of the steps, as a stream gives them."""
    text = ReplyText(Decoder(tokenizer), prompt)
    return [text.add(token_id, ended=place == len(reply)) for place, token_id in enumerate(reply, start=1)]


def expected(tokenizer, prompt, reply):
    """What plain transformers adds to the prompt's text."""
    before = tokenizer.decode(prompt, skip_special_tokens=True)
    after = tokenizer.decode([*prompt, *reply], skip_special_tokens=True)
    same = next((n for n, pair in enumerate(zip(before, after, strict=False)) if len(set(pair)) > 1), None)
    return after[min(len(before), len(after)) if same is None else same :]


@pytest.mark.parametrize(("kind", "tidy"), ALL, ids=lambda value: getattr(value, "__name__", value))
@settings(max_examples=150, deadline=None, derandomize=True)
@given(data=st.data())
def test_steps_join_to_what_plain_transformers_decodes(kind, tidy, data):
    """For any sequence of tokens: of any ids, and of ids that a text gives."""
    tokenizer = of_kind(kind, tidy)
    anything = st.lists(st.integers(0, len(tokenizer) - 1), min_size=0, max_size=30)
    texts = st.text(alphabet="the fox , . ! ' n'tsmé日本👍🏽\u200d", max_size=12).map(
        lambda text: tokenizer(text, add_special_tokens=False)["input_ids"]
    )
    ids = st.one_of(anything, texts, st.tuples(texts, anything).map(lambda pair: pair[0] + pair[1]))
    prompt, reply = data.draw(ids), data.draw(ids.filter(bool))
    steps, whole = streamed(tokenizer, prompt, reply), expected(tokenizer, prompt, reply)
    assert "".join(steps) == whole
    shown = ""
    for step in steps:
        shown += step
        assert whole.startswith(shown)  # so no U+FFFD is shown that the final text doesn't have


@pytest.mark.parametrize("kind", KINDS[:3], ids=lambda kind: kind.__name__)
def test_an_emoji_of_eight_bytes_is_itself(kind):
    tokenizer = of_kind(kind)
    ids = tokenizer("the 👍🏽 fox", add_special_tokens=False)["input_ids"]
    assert "".join(streamed(tokenizer, [], ids)).strip() == "the 👍🏽 fox"


@pytest.mark.parametrize("kind", KINDS[:3], ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("text", ["👩‍🚀 the", "日本語の文", "नमस्ते दुनिया", "a\ufffdb", "🦊🦊"])
def test_text_is_never_half_a_character(kind, text):
    tokenizer = of_kind(kind)
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    assert "".join(streamed(tokenizer, [1, *ids], ids)).strip() == text


def test_a_long_reply_is_not_decoded_from_its_beginning(monkeypatch):
    """The window stays short, so that a token costs the same however long the reply is."""
    for kind in KINDS:
        tokenizer = of_kind(kind)
        decoder, most = Decoder(tokenizer), []
        plain = decoder.text
        monkeypatch.setattr(decoder, "text", lambda ids, plain=plain, most=most: (most.append(len(ids)), plain(ids))[1])
        ids = tokenizer("the quick brown fox jumps over the lazy dog " * 20, add_special_tokens=False)["input_ids"]
        reply = ReplyText(decoder, [])
        for token_id in ids:
            reply.add(token_id)
        assert max(most) < 30 < len(ids), kind


def test_bytes_that_make_no_character_never_hold_the_text_back_for_long():
    tokenizer = of_kind(KINDS[0])
    stray = tokenizer("é", add_special_tokens=False)["input_ids"][:1]
    reply = ReplyText(Decoder(tokenizer), [])
    for _ in range(10):
        reply.add(stray[0])
    assert reply.text.count("\ufffd") == 9
    assert reply.add(tokenizer("a", add_special_tokens=False)["input_ids"][0]) == "\ufffda"


def test_pieces_show_spaces_and_bytes(tokenizer):
    pieces = Pieces(tokenizer)
    assert [pieces[one] for one in tokenizer("the")["input_ids"]] == ["the"]
    assert pieces[tokenizer(" ", add_special_tokens=False)["input_ids"][0]] == " "
    assert [pieces[one] for one in tokenizer("é")["input_ids"]] == ["<0xC3>", "<0xA9>"]
    assert pieces[0] == "<eos>"
