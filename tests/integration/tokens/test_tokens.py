"""The Tokens tab through its public endpoints, and its code receipts in a fresh process."""

from __future__ import annotations

import pytest
from gradio_client.exceptions import AppError

import playground as pg

MINILM = "sentence-transformers/all-MiniLM-L6-v2"
SMOLLM = "HuggingFaceTB/SmolLM2-135M-Instruct"
ASSOCIATION = "playground/word-association"


FLIPPED = pg.EncodeRequest(("the cat sat", "cats"), (), MINILM)
REQUESTS = (
    pg.TokenizeRequest('Cats\' "quotes"\n👍 {braces} \\n', SMOLLM),
    pg.EncodeRequest(
        ("one two three four", "five"), ("six", "seven"), MINILM, "max_length", "left", "longest_first", 9
    ),
    pg.ChatTemplateRequest((pg.Message("user", "Hi {x}"),), SMOLLM),
    pg.CompareRequest("unbelievable naïve 👍", (MINILM, SMOLLM)),
    pg.MaskRequest(FLIPPED, "flipped bits", ((0, 1),)),
    pg.MaskRequest(FLIPPED, "no mask"),
    pg.MaskRequest(FLIPPED, "wrong padding side"),
    pg.MaskRequest(FLIPPED, "no special tokens"),
)


SPLITS = tuple(
    (pg.VocabularyRequest(query, model_id), pg.SplitRequest(word, model_id))
    for query, word, model_id in (
        ("ground", "Playgrounds", MINILM),
        ("1012", "x👍", MINILM),
        ("[", "[SEP]", MINILM),
        (" cat", "unbelievably", SMOLLM),
        ("\u00a9", "naïve", SMOLLM),
        ("ing", "playing", ASSOCIATION),
        ("·s", "a÷b", ASSOCIATION),
    )
)


@pytest.fixture(scope="module")
def printed(app_playground, home) -> dict:
    """What the receipt of each request prints last, run in a fresh process that knows nothing of this project."""
    codes = [app_playground.token_receipt(request).code for request in REQUESTS[:4]]
    codes += [app_playground.token_receipt(app_playground.compare_masks(request)).code for request in REQUESTS[4:]]
    codes += [app_playground.vocabulary_receipt(*pair).code for pair in SPLITS]
    assert not any("import playground" in code or "from playground" in code for code in codes)
    return dict(zip(REQUESTS + SPLITS, home.numbers(*codes), strict=True))


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
    tokenizer = app_playground.manager.tokenizer(MINILM)
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


@pytest.mark.parametrize("text", ["", "\x00\x07", "👩‍👩‍👧", "שלום"])
def test_strange_text_gets_an_answer(client, text):
    answer = client.predict(text=text, api_name="/tokenize")
    assert "".join(segment["text"] for segment in answer["segments"]) == answer["text"]


def test_too_long_a_text_gets_a_message_with_the_fix(client):
    with pytest.raises(AppError, match="Use at most 20,000"):
        client.predict(text="x" * 100_000, api_name="/tokenize")


def test_receipts_of_tokenizers_print_the_same(app_playground, printed):
    text, batch, chat, both = REQUESTS[:4]
    assert printed[text]["input_ids"] == list(app_playground.tokenize(text).input_ids)
    assert printed[batch] == app_playground.encode(batch).dictionary
    ours = app_playground.render_chat(chat)
    following = printed[chat].pop("next")
    assert printed[chat] == {"text": ours.text, "input_ids": list(ours.tokenization.input_ids)}
    measured = app_playground.chat_next(chat)
    for one, found in zip((measured.with_prompt, measured.without_prompt), following, strict=True):
        assert [piece.probability for piece in one] == pytest.approx(found, abs=1e-3)
    counts = [result.counts.tokens for result in app_playground.compare_tokenizers(both).results]
    assert printed[both] == dict(zip(both.model_ids, counts, strict=True)), "by their names, not by folders"


@pytest.mark.parametrize("request_", REQUESTS[4:], ids=lambda request: request.mistake)
def test_receipts_of_masks_print_the_same(app_playground, printed, request_):
    ours = app_playground.compare_masks(request_)
    assert printed[request_]["wrong_mask"] == [list(row) for row in ours.wrong_mask]
    differences = [row.largest_difference for row in ours.rows]
    assert printed[request_]["largest_difference"] == pytest.approx(differences, abs=1e-4)


@pytest.mark.parametrize("pair", SPLITS, ids=lambda pair: pair[1].word)
def test_receipts_of_vocabularies_print_the_same(app_playground, printed, pair):
    found, split = app_playground.search_vocabulary(pair[0]), app_playground.explain_split(pair[1])
    ours = {"size": found.size, "matches": found.matches, "pieces": list(split.pieces)}
    assert found.matches and printed[pair] == ours
