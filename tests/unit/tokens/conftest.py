"""What the tests of tokens share: the tokenizers of the embedded models."""

from __future__ import annotations

import functools
from pathlib import Path

import pytest

from playground.tokens.rules import TokenizerShelf

MINILM = "sentence-transformers/all-MiniLM-L6-v2"


@pytest.fixture(scope="session")
def shelf() -> TokenizerShelf:
    """The embedded models' tokenizers, read from their files."""
    from playground.models import embedded
    from playground.models.catalog import Catalog
    from playground.models.loading import load_tokenizer

    catalog = Catalog.read(None)

    def folder(model_id: str) -> Path:
        return embedded.locate(catalog.find(model_id or MINILM).location, None)

    return TokenizerShelf(functools.cache(lambda model_id: load_tokenizer(folder(model_id))), folder)
