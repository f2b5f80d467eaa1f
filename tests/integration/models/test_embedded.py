"""The real embedded models, as they are prepared on this machine."""

import math

import pytest
import torch
from transformers import AutoModel, AutoModelForCausalLM, AutoModelForSequenceClassification, AutoTokenizer

from playground.models import embedded

pytestmark = pytest.mark.embedded


@pytest.fixture(scope="module")
def smollm2():
    folder = embedded.locate("smollm2-135m-instruct")
    return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval(), AutoTokenizer.from_pretrained(
        folder
    )


@pytest.mark.parametrize("name", ["smollm2-135m-instruct", "all-minilm-l6-v2", "sentiment-5-stars"])
def test_every_file_has_its_checksum(name: str):
    folder = embedded.locate(name)
    assert embedded.verify(name)
    assert {"config.json", "model.safetensors", "tokenizer.json", "manifest.json"} <= {
        path.name for path in folder.iterdir()
    }


def test_the_causal_lm_answers_in_its_chat_format(smollm2):
    model, tokenizer = smollm2
    question = [{"role": "user", "content": "What is the capital of France?"}]
    inputs = tokenizer.apply_chat_template(question, add_generation_prompt=True, return_tensors="pt", return_dict=True)
    prompt = tokenizer.decode(inputs["input_ids"][0])
    assert prompt.startswith("<|im_start|>system\n")
    assert prompt.endswith("<|im_start|>user\nWhat is the capital of France?<|im_end|>\n<|im_start|>assistant\n")
    reply = model.generate(**inputs, max_new_tokens=20, do_sample=False)[0, inputs["input_ids"].shape[1] :]
    assert tokenizer.decode(reply) == "The capital of France is Paris.<|im_end|>"


def test_the_causal_lm_knows_english_from_scrambled_english(smollm2):
    model, tokenizer = smollm2
    text = "The sun rises in the east and sets in the west."
    with torch.inference_mode():
        plain, scrambled = (
            model(**batch, labels=batch["input_ids"]).loss.item()
            for batch in (tokenizer(words, return_tensors="pt") for words in (text, " ".join(reversed(text.split()))))
        )
    assert plain < 3 < 5 < scrambled < math.log(49152)


def test_the_causal_lms_tokenizer(smollm2):
    _, tokenizer = smollm2
    assert (len(tokenizer), tokenizer.model_max_length) == (49152, 8192)
    assert (tokenizer.bos_token, tokenizer.eos_token, tokenizer.pad_token) == (
        "<|im_start|>",
        "<|im_end|>",
        "<|im_end|>",
    )
    assert tokenizer.tokenize("Hello world 2026") == ["Hello", "Ġworld", "Ġ", "2", "0", "2", "6"]
    for text in ("  two  spaces\n\ttab", "日本語 你好 👩‍👩‍👧 🤷🏽‍♀️", "مرحبا بالعالم", "a\x00b\u200bc"):
        assert tokenizer.decode(tokenizer(text)["input_ids"]) == text


def test_the_encoder_puts_like_meanings_together():
    folder = embedded.locate("all-minilm-l6-v2")
    model, tokenizer = AutoModel.from_pretrained(folder).eval(), AutoTokenizer.from_pretrained(folder)
    sentences = ["A man is eating food.", "Somebody has a meal.", "The stock market fell sharply."]
    batch = tokenizer(sentences, padding=True, return_tensors="pt")
    with torch.inference_mode():
        hidden, mask = model(**batch).last_hidden_state, batch["attention_mask"].unsqueeze(-1)
    vectors = torch.nn.functional.normalize((hidden * mask).sum(1) / mask.sum(1), dim=-1)
    related, unrelated = (vectors[0] @ vectors[1]).item(), (vectors[0] @ vectors[2]).item()
    assert related > 0.5 > 0.2 > unrelated


def test_the_sentiment_model_counts_stars():
    folder = embedded.locate("sentiment-5-stars")
    model, tokenizer = (
        AutoModelForSequenceClassification.from_pretrained(folder).eval(),
        AutoTokenizer.from_pretrained(folder),
    )
    batch = tokenizer(
        ["An absolute masterpiece, I loved it.", "A complete waste of time."], padding=True, return_tensors="pt"
    )
    with torch.inference_mode():
        best = model(**batch).logits.argmax(-1).tolist()
    labels = [model.config.id2label[index] for index in best]
    assert labels[0] in ("4 stars", "5 stars")
    assert labels[1] in ("1 star", "2 stars")
