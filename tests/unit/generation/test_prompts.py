"""Prompts: what is read, and what is said about input that cannot be used."""

from dataclasses import replace

import pytest
from tokenizers import AddedToken

from playground.errors import EmptyInputError, InputError, InputTooLongError, UnsupportedOptionError
from playground.generation.generate import generate, next_token
from playground.generation.request import GenerateRequest
from playground.models.tokenizers import Message
from tests.unit.generation.generation_models import OneModel, tiny_model, tiny_tokenizer


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


def test_what_is_said_of_an_empty_prompt_stays_true_when_another_is_typed():
    beginning = tiny_tokenizer()
    beginning.bos_token = beginning.eos_token
    read = manager_prompt(OneModel(tiny_model("llama", len(beginning)), beginning), GenerateRequest(prompt=""))
    assert list(read.token_ids) == [beginning.bos_token_id]
    bos = beginning.bos_token
    assert read.notes == (f"The prompt was empty, so the model began at {bos}, its token for a beginning.",)


def test_every_added_special_token_counts(tiny):
    """Not only those with a name (eos, pad ...): SmolLM2 has 14 such, Llama 3 has 250."""
    tokenizer = tiny_tokenizer()
    tokenizer.add_tokens([AddedToken("<tool>", special=True), AddedToken("<plain>", special=False)])
    tokenizer.add_tokens([AddedToken("dogma", special=True, single_word=True)])
    manager = OneModel(tiny_model("llama", len(tokenizer)), tokenizer)
    tool = tokenizer.convert_tokens_to_ids("<tool>")
    for request in (
        GenerateRequest(prompt="the <tool> <plain> fox, dogmatic", max_new_tokens=2),
        GenerateRequest(messages=[Message("user", "the <tool> <plain> fox, dogmatic")], max_new_tokens=2),
    ):
        read = manager_prompt(manager, request)
        assert tool in read.token_ids
        assert "You typed <tool>: the model reads it as a special token" in read.notes[0]
        split = manager_prompt(manager, replace(request, split_special_tokens=True))
        assert tool not in split.token_ids
        assert "You typed <tool>; the model reads it as plain text" in split.notes[0]
        assert "<tool>" in tokenizer.decode(split.token_ids)
    several = manager_prompt(manager, GenerateRequest(prompt="the <tool> dogma", max_new_tokens=2))
    assert "You typed <tool>, dogma: the model reads each as a special token" in several.notes[0]


def manager_prompt(manager, request):
    """The prompt of a request, after the engine was made."""
    generate(manager, request).result()
    return manager.engine.prepare(request).prompt


def test_a_tokenizer_with_more_ids_than_the_model_has_embeddings(tiny):
    """Refused before anything runs, with the token that is too much; every other prompt works."""
    tokenizer = tiny_tokenizer()
    rows = len(tokenizer)
    tokenizer.add_tokens([AddedToken("<new>", special=False)])
    manager = OneModel(tiny_model("llama", rows), tokenizer)
    with pytest.raises(UnsupportedOptionError, match=f"'<new>' as id {rows}, but .* only {rows} rows"):
        generate(manager, GenerateRequest(prompt="the <new> fox"))
    with pytest.raises(UnsupportedOptionError):
        next_token(manager, GenerateRequest(prompt="<new>"))
    with pytest.raises(InputError, match=f"go from 0 to {rows - 1}"):
        generate(manager, GenerateRequest(prompt="the", prefix_token_ids=(rows,)))
    assert generate(manager, GenerateRequest(prompt="the fox", max_new_tokens=2)).result().finished.token_ids
    assert manager.leases == 0


def test_a_message_of_special_tokens_that_the_template_rewrites():
    """Nobody can say where it stands, so it can't be read as text."""
    tokenizer = tiny_tokenizer()
    tokenizer.chat_template = "{% for m in messages %}{{ m.content[:9] }}{% endfor %}"
    manager = OneModel(tiny_model("llama", len(tokenizer)), tokenizer)
    request = GenerateRequest(messages=[Message("user", "fox <eos> and more")], split_special_tokens=True)
    with pytest.raises(InputError, match="rewrites a message"):
        generate(manager, request)


def test_input_that_cannot_be_used_says_why(tiny):
    manager = tiny()
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
    empty = generate(manager, GenerateRequest(prompt="", max_new_tokens=2)).result()
    assert "<eos>" in empty.started.notes[0]
