"""One tokenizer, and the tiny models that are asked for, made once for all tests of generation."""

import functools

import pytest

from tests.unit.generation.generation_models import OneModel, tiny_model, tiny_tokenizer


@pytest.fixture(scope="session")
def tokenizer():
    return tiny_tokenizer()


@pytest.fixture(scope="session")
def tiny(tokenizer):
    made = functools.cache(lambda kind: tiny_model(kind, len(tokenizer)))
    return lambda kind="llama", **settings: OneModel(made(kind), tokenizer, **settings)
