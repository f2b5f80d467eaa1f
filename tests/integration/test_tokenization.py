"""The Tokens tab through its public endpoints, and its code receipts in a fresh process."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from gradio_client.exceptions import AppError

import playground as pg

MINILM = "sentence-transformers/all-MiniLM-L6-v2"
SMOLLM = "HuggingFaceTB/SmolLM2-135M-Instruct"


def run(receipt) -> dict:
    """What a receipt prints last, run by itself."""
    code = "import torch; torch.set_num_threads(1)\n" + receipt.code if "torch" in receipt.code else receipt.code
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "playground" not in receipt.code.replace("transformers-playground", "").replace("playground/", "")
    return json.loads(done.stdout.strip().splitlines()[-1])


def test_tokenize_answers_with_ids_spans_and_segments(client):
    answer = client.predict(text="Cats 👍", model_id=SMOLLM, api_name="/tokenize")
    assert answer["algorithm"] == "byte-level BPE"
    assert "".join(segment["text"] for segment in answer["segments"]) == "Cats 👍"
    assert len(answer["input_ids"]) == answer["counts"]["tokens"] == len(answer["tokens"])
    assert answer["tokens"][-1]["byte_note"].startswith("byte 4 of 4 of 👍")
    defaults = client.predict(text="cats", api_name="/tokenize")
    assert [token["piece"] for token in defaults["tokens"]] == ["[CLS]", "cats", "[SEP]"]


def test_every_endpoint_is_typed_and_documented(client):
    endpoints = client.view_api(return_format="dict", print_info=False)["named_endpoints"]
    expected = ["tokenize", "encode", "flip_mask", "chat_template", "compare_tokenizers"]
    expected += ["search_vocabulary", "explain_split"]
    for name in expected:
        parameters = endpoints[f"/{name}"]["parameters"]
        assert parameters and all(item["python_type"]["type"] for item in parameters), name


def test_encode_is_what_the_tokenizer_returns(client, app_playground):
    answer = client.predict(texts=["a cat", "a"], model_id=MINILM, api_name="/encode")
    tokenizer, _ = app_playground.tokenizers.copy(MINILM)
    theirs = dict(tokenizer(["a cat", "a"], padding=True, return_special_tokens_mask=True))
    assert {name: answer[name] for name in theirs} == theirs


def test_flip_mask_compares_both_runs(client):
    answer = client.predict(texts=["the cat sat", "cats"], flips=[[0, 2]], model_id=MINILM, api_name="/flip_mask")
    assert answer["right_mask"][0][2] == 1 and answer["wrong_mask"][0][2] == 0
    assert answer["rows"][0]["largest_difference"] > 0.01 > answer["rows"][1]["largest_difference"]


def test_chat_template_and_comparison_and_vocabulary_answer(client):
    chat = client.predict(messages=[{"role": "user", "content": "Hi"}], api_name="/chat_template")
    assert chat["text"].endswith("<|im_start|>assistant\n") and len(chat["input_ids"]) == len(chat["tokens"])
    both = client.predict(text="unbelievable", model_ids=[MINILM, SMOLLM], api_name="/compare_tokenizers")
    assert both["agreed"] == [0, 12] and len(both["results"]) == 2
    assert client.predict(query="ground", limit=3, api_name="/search_vocabulary")["entries"][0]["piece"] == "ground"
    assert client.predict(word="playgrounds", api_name="/explain_split")["pieces"] == ["playground", "##s"]


@pytest.mark.parametrize("text", ["", "\x00\x07", "👩‍👩‍👧", "שלום", "a\ud83d"])
def test_strange_text_gets_an_answer(client, text):
    answer = client.predict(text=text, api_name="/tokenize")
    assert "".join(segment["text"] for segment in answer["segments"]) == answer["text"]


def test_too_long_a_text_gets_a_message_with_the_fix(client):
    with pytest.raises(AppError, match="Shorten it to 20,000"):
        client.predict(text="x" * 100_000, api_name="/tokenize")


def test_a_tokenization_receipt_prints_the_same(app_playground):
    request = pg.TokenizeRequest('Cats\' "quotes"\n👍 {braces} \\n', SMOLLM)
    printed = run(app_playground.token_receipt(request))
    assert printed["input_ids"] == list(app_playground.tokenize(request).input_ids)


def test_a_batch_receipt_prints_the_same(app_playground):
    request = pg.EncodeRequest(
        ("one two three four", "five"), ("six", "seven"), MINILM, "max_length", "left", "longest_first", 9
    )
    assert run(app_playground.token_receipt(request)) == app_playground.encode(request).dictionary


def test_chat_and_comparison_receipts_print_the_same(app_playground):
    chat = pg.ChatTemplateRequest((pg.ChatMessage("user", "Hi {x}"),), SMOLLM)
    printed, ours = run(app_playground.token_receipt(chat)), app_playground.render_chat(chat)
    assert printed == {"text": ours.text, "input_ids": list(ours.tokenization.input_ids)}
    request = pg.CompareRequest("unbelievable naïve 👍", (MINILM, SMOLLM))
    counts = [result.counts.tokens for result in app_playground.compare_tokenizers(request).results]
    assert list(run(app_playground.token_receipt(request)).values()) == counts


@pytest.mark.parametrize(
    ("mistake", "flips"), [("flipped bits", ((0, 1),)), ("wrong padding side", ()), ("no special tokens", ())]
)
def test_mask_receipts_print_the_same(app_playground, mistake, flips):
    request = pg.MaskRequest(pg.EncodeRequest(("the cat sat", "cats"), (), MINILM), mistake, flips)
    printed, ours = run(app_playground.token_receipt(request)), app_playground.compare_masks(request)
    assert printed["wrong_mask"] == [list(row) for row in ours.wrong_mask]
    assert printed["largest_difference"] == pytest.approx([row.largest_difference for row in ours.rows], abs=1e-4)
