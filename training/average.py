"""Averages two adapters of one training, fits one temperature for the mean, and writes it as the shipped model.

Two points on one training path often have a mean that is better than either: their errors differ, their weights barely.
Run: python -m training.average FIRST SECOND --share 0.5 --data ../shared/data --out assets/models/sentiment

Source: Izmailov et al., 2018, Averaging Weights Leads to Wider Optima and Better Generalization.
"""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from transformers import AutoTokenizer

from training.data import add_data_argument, data_files, minilm_folder, read_labelled
from training.sentiment import calibrated_as_float16, fit_temperature
from training.sentiment_eval import load_sentiment_model, predict_logits, sentiment_figures

WEIGHTS = "adapter_model.safetensors"


def uncalibrated(folder: Path) -> dict[str, Tensor]:
    """The tensors of an adapter in float32, its temperature taken out of the head again."""
    temperature = json.loads((folder / "config.json").read_text())["calibration_temperature"]
    tensors = {name: tensor.float() for name, tensor in load_file(folder / WEIGHTS).items()}
    return {name: tensor * temperature if "classifier" in name else tensor for name, tensor in tensors.items()}


def average(first: Path, second: Path, share: float, dev: list[tuple[int, str]], out: Path) -> dict:
    """Dev figures of ``(1 - share) * first + share * second``, written to ``out`` with its own temperature."""
    one, two = uncalibrated(first), uncalibrated(second)
    tensors = {name: (1 - share) * one[name] + share * two[name] for name in one}
    config, record = (json.loads((second / name).read_text()) for name in ("config.json", "training.json"))
    out.mkdir(parents=True, exist_ok=True)
    if out.resolve() != second.resolve():
        shutil.copyfile(second / "adapter_config.json", out / "adapter_config.json")

    def write(temperature: float) -> None:
        save_file(calibrated_as_float16(tensors, temperature), out / WEIGHTS, {"format": "pt"})
        config["calibration_temperature"] = temperature
        (out / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")

    write(1.0)
    tokenizer, labels = AutoTokenizer.from_pretrained(minilm_folder()), torch.tensor([stars - 1 for stars, _ in dev])
    logits = predict_logits(load_sentiment_model(out), tokenizer, [text for _, text in dev])
    temperature = fit_temperature(logits, labels)
    write(temperature)
    (out / WEIGHTS).chmod(0o644)
    record |= {
        "averaged": {"share_of_second": share},
        "dev_before_calibration": sentiment_figures(logits, labels),
        "dev": sentiment_figures(logits / temperature, labels),
    }
    (out / "training.json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    return record["dev"]


def main() -> None:
    parser = argparse.ArgumentParser(description="Averages two sentiment adapters of one training.")
    add_data_argument(parser)
    parser.add_argument("first", type=Path)
    parser.add_argument("second", type=Path)
    parser.add_argument("--share", type=float, default=0.5, help="of the second, from 0 to 1")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    (dev_file,) = data_files(options.data, "sentiment/sst5_dev.txt")
    print(json.dumps(average(options.first, options.second, options.share, read_labelled(dev_file), options.out)))


if __name__ == "__main__":
    main()
