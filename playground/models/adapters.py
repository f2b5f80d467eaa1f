"""LoRA adapters: a folder that holds only what was trained on top of another model, its base.

Where the base is at hand, the two are merged into an ordinary model: ``W + scaling · B A`` for every weight that the
adapter changes. It leaves out where the base is looked for (`sources`).

Source: Hu et al. 2021, LoRA: Low-Rank Adaptation of Large Language Models, section 4.1.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from playground.errors import CorruptModelError, UnknownArchitectureError, UnsupportedOptionError, said_by
from playground.models.catalog import ModelSpec

if TYPE_CHECKING:
    from transformers import PreTrainedModel

CONFIG_FILE = "adapter_config.json"
WEIGHTS_FILES = ("adapter_model.safetensors", "adapter_model.bin")


@dataclass(frozen=True)
class Adapter:
    """An adapter's folder, and what it calls its base: an id on the Hub, or a folder."""

    folder: Path
    base: str

    def own(self, name: str, base_folder: Path) -> Path:
        """The folder to read a file from: the adapter's where it has that file, else the base's."""
        return self.folder if (self.folder / name).is_file() else base_folder

    @property
    def tokenizer_in(self) -> bool:
        """Whether the adapter brings a tokenizer of its own."""
        return any((self.folder / name).is_file() for name in ("tokenizer.json", "tokenizer_config.json"))


def read_adapter(spec: ModelSpec, folder: Path) -> Adapter | None:
    """The adapter in a folder; None where the folder holds a whole model, or nothing.

    Raises:
        CorruptModelError: adapter_config.json can't be read, or the weights are missing.
        UnsupportedOptionError: it is another kind of adapter than LoRA, or it doesn't name its base.
    """
    path = folder / CONFIG_FILE
    whole = any(folder.glob("model*.safetensors")) or any(folder.glob("pytorch_model*.bin"))
    if whole or not path.is_file():
        return None
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CorruptModelError(
            f"{spec.id}: {CONFIG_FILE} can't be read ({said_by(error)}).", "Save the adapter again."
        ) from None
    kind, base = str(content.get("peft_type")), content.get("base_model_name_or_path")
    if kind != "LORA":
        raise UnsupportedOptionError(
            f"{spec.id} is an adapter of the kind {kind[:30]}; only LoRA can be merged here.",
            "Merge it into its base model yourself, with peft's merge_and_unload and save_pretrained.",
        )
    if not isinstance(base, str) or not base:
        raise UnsupportedOptionError(
            f"{spec.id} is a LoRA adapter that doesn't say of which model.",
            f"Write base_model_name_or_path into its {CONFIG_FILE}.",
        )
    if not any((folder / name).is_file() for name in WEIGHTS_FILES):
        raise CorruptModelError(f"{spec.id} is an adapter without weights ({WEIGHTS_FILES[0]}).", "Save it again.")
    return Adapter(folder, base)


def no_base(spec: ModelSpec, base: str) -> UnknownArchitectureError:
    """The error where an adapter's base isn't on this machine."""
    return UnknownArchitectureError(
        f"{spec.id} is a LoRA adapter, not a whole model: its base {base} isn't on this machine.",
        f"Add {base} to the models file, or merge the two with peft's merge_and_unload and save_pretrained.",
    )


def require_float(spec: ModelSpec, quantization: str) -> None:
    """Nothing, if weights of this kind can be added to.

    Raises:
        UnsupportedOptionError: they are 8-bit or 4-bit.
    """
    if quantization in ("8-bit", "4-bit"):
        raise UnsupportedOptionError(
            f"{spec.id} is a LoRA adapter: it is added to its base's weights, which {quantization} can't take.",
            "Choose auto or float32, or merge the two and save them first.",
        )


def adapted_names(adapter: Adapter) -> set[str]:
    """The weights that an adapter brings whole, such as the head of a classifier, by their names in the model."""
    from safetensors import safe_open

    path = adapter.folder / WEIGHTS_FILES[0]
    if not path.is_file():
        return set()
    with safe_open(path, "pt") as file:
        return {name.removeprefix("base_model.model.") for name in file.keys()}  # noqa: SIM118


def merge(model: PreTrainedModel, adapter: Adapter) -> PreTrainedModel:
    """The model with the adapter merged into its weights, in place."""
    from peft import PeftModel

    merged: Any = PeftModel.from_pretrained(model, str(adapter.folder)).merge_and_unload()
    return merged
