"""What people paste by mistake, into every endpoint: an answer or a kind sentence, never a nameless error."""

from __future__ import annotations

import json

import httpx._content
import pytest
from gradio_client.exceptions import AppError

TEXTS = {
    "empty": "",
    "blank": " \n\t ",
    "long": "word " * 20_000,
    "control": "a\x00b\x07c\x1b[31md\u2028e\ufeff",
    "emoji": "👩‍👩‍👧‍👦🏳️‍🌈👍🏽" * 3,
    "right to left": "שלום עולם مرحبا بالعالم \u202eabc\u202c",
    "surrogate": "half \ud83d of a pair \udc00",
    "markup": "<img src=x onerror=alert(1)> ${alert(1)} {{7*7}} <|im_end|></s>[CLS]",
}
EMBEDDED = ["sentence-transformers/all-MiniLM-L6-v2", "HuggingFaceTB/SmolLM2-135M-Instruct"]
# Every endpoint that takes a text: what else it is given.
CALLS = {
    "/classify": lambda text: {"text": text},
    "/tokenize": lambda text: {"text": text},
    "/encode": lambda text: {"texts": [text, "two"]},
    "/flip_mask": lambda text: {"texts": [text], "flips": [[0, 1]]},
    "/attention": lambda text: {"text": text},
    "/compare_tokenizers": lambda text: {"text": text, "model_ids": EMBEDDED},
    "/chat_template": lambda text: {"messages": [{"role": "user", "content": text}]},
    "/search_vocabulary": lambda text: {"query": text},
    "/explain_split": lambda text: {"word": text},
    "/generate": lambda text: {"prompt": text, "max_new_tokens": 2},
    "/next_token": lambda text: {"prompt": text},
    "/logit_lens": lambda text: {"prompt": text},
    "/model_map": lambda text: {"text": text},
    "/attribute_next": lambda text: {"prompt": text, "methods": ["gradient_x_input"]},
    "/word_loss": lambda text: {"words": ["man", text]},
    "/word_matrix": lambda text: {"words": ["man", "woman", text]},
    "/word_map": lambda text: {"words": ["man", "woman", text]},
    "/pipeline": lambda text: {"text": text, "texts": ["a cat"]},
    "/train_classifier": lambda text: {"rows": text},
    "/train_language_model": lambda text: {"text": text, "prompt": "§"},
    "/quantization_twin": lambda text: {"text": text, "other_quantization": "float32", "max_new_tokens": 1},
}
NAMELESS = ("The upstream Gradio app has raised an exception", "Something went wrong on our side", "Traceback")


def test_every_endpoint_with_a_text_is_called(client):
    """A new endpoint is added to this list, or to those that take no text."""
    without_text = {"/classify_table", "/models", "/load_model", "/unload_model", "/trained_models"}
    assert set(client.view_api(return_format="dict")["named_endpoints"]) == set(CALLS) | without_text


@pytest.mark.parametrize("endpoint", CALLS)
def test_a_strange_text_is_answered(client, endpoint, monkeypatch):
    # Half a surrogate pair goes over the wire as a browser sends it, escaped; httpx alone would refuse to send it.
    monkeypatch.setattr(httpx._content, "json_dumps", lambda value, **_: json.dumps(value))
    for name, text in TEXTS.items():
        try:
            answer = client.predict(**CALLS[endpoint](text), api_name=endpoint)
        except AppError as error:
            message = str(error)
            assert not any(said in message for said in NAMELESS), f"{name}: {message}"
            assert message.strip().endswith((".", "!", "?")), f"{name}: {message!r} is no sentence"
        else:
            assert answer, name
