"""Requests and prompts: what is read, and what is said about input that cannot be used."""

import math

import pytest

from playground.errors import EmptyInputError, InputError, InputTooLongError, UnsupportedOptionError
from playground.generation.generate import generate
from playground.generation.request import GenerateRequest, Message
from tests.unit.generation.generation_models import (
    OneModel,
    tiny_tokenizer,
)


def test_chat_and_special_tokens(tiny, tokenizer):
    manager = tiny()
    chat = GenerateRequest(messages=(Message("user", "the fox <eos>"),), max_new_tokens=3)
    started = generate(manager, chat).result().started
    text = tokenizer.apply_chat_template(
        [{"role": "user", "content": "the fox <eos>"}], tokenize=False, add_generation_prompt=True
    )
    assert started.prompt_tokens == len(tokenizer(text, add_special_tokens=False)["input_ids"])
    assert "special token" in started.notes[0]
    plain = GenerateRequest(messages=chat.messages, max_new_tokens=3, split_special_tokens=True)
    split = manager.engine.prepare(plain).prompt.token_ids
    assert split.count(0) == 1  # only the template's own
    assert tokenizer.decode(list(split)) == text


def test_input_that_cannot_be_used_says_why(tiny, tokenizer):
    manager = tiny()
    with pytest.raises(EmptyInputError):
        GenerateRequest()
    with pytest.raises(InputError, match="temperature"):
        GenerateRequest(prompt="a", temperature=0)
    with pytest.raises(InputError, match="top_p"):
        GenerateRequest(prompt="a", top_p=math.nan)
    with pytest.raises(InputError, match="num_beams"):
        GenerateRequest(prompt="a", num_beams=99)
    with pytest.raises(InputTooLongError, match="128"):
        generate(manager, GenerateRequest(prompt="fox " * 300))
    with pytest.raises(InputError, match="vocabulary"):
        generate(manager, GenerateRequest(prompt="a", prefix_token_ids=(4000,)))
    with pytest.raises(InputError, match="max_new_tokens"):
        generate(manager, GenerateRequest(prompt="a", max_new_tokens=2, prefix_token_ids=(1, 2, 3)))
    with pytest.raises(EmptyInputError):
        generate(manager, GenerateRequest(messages=(Message("user", "  "),)))
    without = OneModel(manager.loaded.model, tiny_tokenizer(chat=False))
    with pytest.raises(UnsupportedOptionError, match="chat template"):
        generate(without, GenerateRequest(messages=(Message("user", "hi"),)))
    assert manager.leases == without.leases == 0
    for wrong in ({"prompt": "ab\ud83d c"}, {"messages": (Message("user", "ab\ud83d"),)},
                  {"prompt": "a", "stop_strings": ("ab\udc00",)}):  # fmt: skip
        with pytest.raises(InputError, match="is half of a character"):
            GenerateRequest(**wrong)
    empty = generate(manager, GenerateRequest(prompt="", max_new_tokens=2)).result()
    assert "<eos>" in empty.started.notes[0]
