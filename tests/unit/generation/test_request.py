"""Requests are taken as what they mean, or refused kindly."""

import numpy as np
import pytest
import torch

from playground.errors import EmptyInputError, InputError
from playground.generation.request import GenerateRequest
from playground.models.tokenizers import Message


def test_numbers_of_numpy_and_one_stop_string_are_what_they_mean():
    meant = GenerateRequest(
        "a", max_new_tokens=5, temperature=0.5, do_sample=True, stop_strings=("green",), prefix_token_ids=(1, 2)
    )
    given = GenerateRequest(
        "a", max_new_tokens=np.int64(5), temperature=np.float32(0.5), do_sample=np.bool_(True), stop_strings="green",
        prefix_token_ids=np.array([1, 2]),
    )  # fmt: skip
    assert given == meant
    assert hash(given) == hash(meant)
    assert repr(given) == repr(meant)
    loose = GenerateRequest("a", max_new_tokens=5.0, stop_strings=None, prefix_token_ids=torch.tensor([1, 2]))
    assert (loose.max_new_tokens, loose.stop_strings, loose.prefix_token_ids) == (5, (), (1, 2))


def test_messages_as_chat_clients_send_them():
    parts = [{"type": "text", "text": "What is "}, {"type": "text", "text": "this?"}]
    request = GenerateRequest(messages=[{"role": "user", "content": parts}, Message("assistant", "It")])
    assert request.messages == (Message("user", "What is this?"), Message("assistant", "It"))


@pytest.mark.parametrize(
    ("messages", "said"),
    [
        ([{"role": "user", "content": None}], "no content"),
        ([{"content": "hi"}], "no role"),
        ([{"role": None, "content": "hi"}], "no role"),
        ([{"role": "user", "content": [{"type": "image_url", "image_url": "x"}]}], "no text"),
        ([{"role": "user", "content": {"text": "hi"}}], "no text"),
        ([{"role": "user", "content": 5}], "no text"),
        (["hi"], "no message"),
        ("hi", "no conversation"),
        (7, "no conversation"),
    ],
)
def test_messages_that_mean_nothing_are_refused(messages, said):
    with pytest.raises(InputError, match=said):
        GenerateRequest(messages=messages)
    if isinstance(messages, list) and isinstance(messages[0], dict) and "role" in messages[0]:
        with pytest.raises(InputError, match=said):
            Message(**messages[0])


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ({"temperature": 0}, "temperature is 0"),
        ({"temperature": "hot"}, "temperature is 'hot'"),
        ({"top_p": float("nan")}, "top_p is nan"),
        ({"top_p": True + 0.5}, "top_p is 1.5"),
        ({"num_beams": 99}, "num_beams is 99"),
        ({"max_new_tokens": 2.5}, "Give a whole number"),
        ({"max_new_tokens": True}, "max_new_tokens is True. Give a number"),
        ({"temperature": True}, "temperature is True. Give a number"),
        ({"max_new_tokens": None}, "max_new_tokens is None"),
        ({"do_sample": "False"}, "Give True or False"),
        ({"stop_strings": [""]}, "A stop string is empty"),
        ({"stop_strings": [5]}, "Give texts only"),
        ({"stop_strings": 5}, "Give a list"),
        ({"prefix_token_ids": "12"}, "Give a list"),
        ({"prefix_token_ids": [1.5]}, "whole number"),
        ({"prompt": 5}, "The prompt is no text"),
        ({"messages": [{"role": "user", "content": "hi"}]}, "Give one of them"),
        ({"num_beams": 2, "do_sample": True}, "deterministic"),
        ({"num_beams": 2, "prefix_token_ids": [1]}, "starts at the prompt"),
        ({"prompt_lookup_num_tokens": 2, "do_sample": True}, "greedy"),
        ({"prompt": "ab\ud83d c"}, "half of a character"),
        ({"stop_strings": "ab\udc00"}, "half of a character"),
    ],
)
def test_settings_that_cannot_be_used_say_why(setting, said):
    with pytest.raises(InputError, match=said):
        GenerateRequest(**{"prompt": "a", **setting})


def test_something_has_to_be_asked():
    for nothing in ({}, {"messages": []}, {"prompt": None}):
        with pytest.raises(EmptyInputError):
            GenerateRequest(**nothing)
