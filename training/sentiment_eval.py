"""How good the sentiment model is on a file of labelled sentences: the numbers its card states.

Leaves out training. The model is loaded the way anybody would load it, so the numbers hold for the shipped files.
"""

from collections.abc import Sequence
from pathlib import Path

import torch
from jaxtyping import Float, Int
from peft import PeftModel
from torch import Tensor
from transformers import AutoConfig, AutoModelForSequenceClassification, AutoTokenizer, PreTrainedModel

from training.data import minilm_folder

CALIBRATION_BINS = 15
MAX_TOKENS = 128


def load_sentiment_model(model_folder: str | Path) -> PreTrainedModel:
    """MiniLM with the adapter merged into its weights: an ordinary BertForSequenceClassification in eval mode.

    Raises SystemExit: when the folder holds no trained adapter.
    """
    if not (Path(model_folder) / "adapter_model.safetensors").is_file():
        raise SystemExit(f"No trained adapter in {model_folder}. Run: make train-sentiment")
    config = AutoConfig.from_pretrained(model_folder)
    base = AutoModelForSequenceClassification.from_pretrained(minilm_folder(), config=config)
    return PeftModel.from_pretrained(base, str(model_folder)).merge_and_unload().eval()


@torch.inference_mode()
def predict_logits(model: torch.nn.Module, tokenizer, texts: Sequence[str]) -> Float[Tensor, "text label"]:
    """The logits of every text, in the order given; texts of like length share a batch, so little is padded."""
    order = sorted(range(len(texts)), key=lambda index: len(texts[index]))
    logits = torch.zeros(len(texts), 5)
    for start in range(0, len(order), 64):
        rows = order[start : start + 64]
        batch = tokenizer([texts[row] for row in rows], padding=True, truncation=True, max_length=MAX_TOKENS)
        logits[rows] = model(**batch.convert_to_tensors("pt")).logits.float()
    return logits


def expected_calibration_error(probabilities: Float[Tensor, "text label"], labels: Int[Tensor, " text"]) -> float:
    """Mean gap between how sure the model is and how often it is right, over bins of equal width.

    Source: Guo et al., 2017, On Calibration of Modern Neural Networks, section 2 (M = 15 bins).

    >>> two_thirds_sure = torch.tensor([[0.75, 0.25]] * 4)
    >>> expected_calibration_error(two_thirds_sure, torch.tensor([0, 0, 0, 1]))  # right three times in four
    0.0
    """
    confidence, predicted = probabilities.max(dim=-1)
    right = (predicted == labels).float()
    bins = (confidence * CALIBRATION_BINS).long().clamp(max=CALIBRATION_BINS - 1)
    gaps = [
        (confidence[bins == index].mean() - right[bins == index].mean()).abs() * (bins == index).float().mean()
        for index in bins.unique()
    ]
    return float(sum(gaps))


def sentiment_figures(
    logits: Float[Tensor, "text label"], labels: Int[Tensor, " text"]
) -> dict[str, float | int | None]:
    """accuracy_5, accuracy_binary, ece and n, from logits and labels 0..4.

    accuracy_binary leaves out texts of 3 stars and asks whether 4 + 5 stars outweigh 1 + 2.
    """
    probabilities = logits.softmax(dim=-1)
    polar = labels != 2
    positive = probabilities[:, 3:].sum(dim=-1) > probabilities[:, :2].sum(dim=-1)
    return {
        "accuracy_5": round(float((probabilities.argmax(dim=-1) == labels).float().mean()), 4),
        "accuracy_binary": round(float((positive == (labels > 2))[polar].float().mean()), 4) if polar.any() else None,
        "ece": round(expected_calibration_error(probabilities, labels), 4),
        "n": len(labels),
    }


def evaluate(rows: Sequence[tuple[int, str]], model_folder: str | Path) -> dict[str, float | int | None]:
    """The figures of the shipped model on (stars 1..5, text) rows."""
    model = load_sentiment_model(model_folder)
    tokenizer = AutoTokenizer.from_pretrained(minilm_folder())
    logits = predict_logits(model, tokenizer, [text for _, text in rows])
    return sentiment_figures(logits, torch.tensor([stars - 1 for stars, _ in rows]))
