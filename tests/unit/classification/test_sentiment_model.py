"""The shipped sentiment model judges everyday sentences it never saw in training, and loads as its card says."""

import json
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from transformers import AutoTokenizer, BertForSequenceClassification

from training.data import STAR_LABELS, minilm_folder
from training.sentiment_eval import load_sentiment_model, predict_logits

MODEL_FOLDER = Path(__file__).parents[3] / "assets" / "models" / "sentiment"
PROBES_RIGHT_AT_LEAST = 50
MEGABYTE = 1_000_000

NEGATIVE = (
    "The soup was cold and the waiter was rude.",
    "I want my money back.",
    "Worst hotel I have ever stayed in.",
    "The battery died after two days.",
    "I expected more.",
    "It rained the whole week and our holiday was ruined.",
    "This phone is a waste of money.",
    "The service was not good.",
    "I would not recommend this place to anyone.",
    "The room was dirty and smelled of smoke.",
    "My package arrived broken.",
    "I am really disappointed with this purchase.",
    "The train was late again and nobody told us why.",
    "The app keeps crashing.",
    "Not worth the price.",
    "What a terrible day!",
    "The coffee tasted awful.",
    "I hate waiting in line.",
    "The instructions make no sense at all.",
    "It is not very comfortable.",
    "Customer support never answered my emails.",
    "The pizza was burnt.",
    "I don't like it.",
    "This is the last time I buy anything here.",
)
NEUTRAL = (
    "The shop opens at nine.",
    "It is okay, nothing special.",
    "The food was good but the service was slow.",
    "The meeting is on Tuesday.",
    "It does what it says, no more and no less.",
    "I have mixed feelings about this.",
    "The bus stops near the library.",
    "Some parts were good, others were bad.",
    "It's neither good nor bad.",
    "The box contains two cables and a manual.",
    "It was average.",
    "The weather will be cloudy tomorrow.",
)
POSITIVE = (
    "Not bad at all!",
    "The food was delicious and the staff were friendly.",
    "I love this camera.",
    "Best pizza in town.",
    "What a beautiful sunny day!",
    "It works perfectly.",
    "The hotel was clean and comfortable.",
    "I could not be happier with it.",
    "Great value for the price.",
    "The teacher explained everything so clearly.",
    "We had a wonderful evening.",
    "Highly recommended!",
    "You will not regret buying it.",
    "The delivery was fast and everything arrived in perfect condition.",
    "My kids enjoyed every minute of it.",
    "This is exactly what I was looking for.",
    "The view from the balcony was amazing.",
    "Nothing to complain about, everything was excellent.",
    "Thank you so much, you made my day!",
    "The new version is much better than the old one.",
    "I never get tired of this song.",
    "A charming little restaurant with a warm welcome.",
    "The best purchase I have made this year.",
    "She sings like an angel.",
)
GROUPS = {"negative": (NEGATIVE, {0, 1}), "neutral or mixed": (NEUTRAL, {2}), "positive": (POSITIVE, {3, 4})}


@pytest.fixture(scope="module")
def model() -> BertForSequenceClassification:
    return load_sentiment_model(MODEL_FOLDER)


@pytest.fixture(scope="module")
def tokenizer():
    return AutoTokenizer.from_pretrained(minilm_folder())


def wrong_probes(model, tokenizer) -> list[str]:
    """The probes whose most likely label lies outside their group, each with what the model said."""
    wrong = []
    for group, (texts, labels) in GROUPS.items():
        predicted = predict_logits(model, tokenizer, texts).argmax(dim=-1).tolist()
        wrong += [
            f"{text!r}: {group}, not {STAR_LABELS[label]}"
            for text, label in zip(texts, predicted, strict=True)
            if label not in labels
        ]
    return wrong


def test_everyday_sentences_are_judged_as_people_would(model, tokenizer):
    total = sum(len(texts) for texts, _ in GROUPS.values())
    wrong = wrong_probes(model, tokenizer)
    assert total - len(wrong) >= PROBES_RIGHT_AT_LEAST, "\n".join(wrong)


def test_the_model_is_an_ordinary_classifier_with_star_labels(model):
    assert type(model) is BertForSequenceClassification
    assert model.config.id2label == dict(enumerate(STAR_LABELS))


def test_spaced_out_and_plain_text_get_the_same_stars(model, tokenizer):
    pairs = [("I do n't like it .", "I don't like it."), ("It 's a great film !", "It's a great film!")]
    for spaced, plain in pairs:
        first, second = predict_logits(model, tokenizer, [spaced, plain]).argmax(dim=-1).tolist()
        assert first == second


def test_weights_are_small_float16_and_without_pickle():
    path = MODEL_FOLDER / "adapter_model.safetensors"
    assert path.stat().st_size <= 8 * MEGABYTE
    with safe_open(path, "pt") as tensors:
        assert {tensors.get_tensor(name).dtype for name in tensors.keys()} == {torch.float16}  # noqa: SIM118
    assert not [file.name for file in MODEL_FOLDER.iterdir() if file.suffix in {".bin", ".pt", ".pkl", ".pth"}]


def test_files_name_the_public_base_model_and_the_temperature():
    adapter = json.loads((MODEL_FOLDER / "adapter_config.json").read_text(encoding="utf-8"))
    config = json.loads((MODEL_FOLDER / "config.json").read_text(encoding="utf-8"))
    assert adapter["base_model_name_or_path"] == "sentence-transformers/all-MiniLM-L6-v2"
    assert config["calibration_temperature"] > 0
