"""``from_pretrained`` in one place: dtype, device, quantization, attention implementation.

It leaves out when to load and what to evict for it (`manager`), and what it will cost (`memory`).
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
import transformers

from playground.errors import CorruptModelError, UnsupportedOptionError
from playground.models.catalog import ModelSpec

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

log = logging.getLogger(__name__)

AUTO_CLASSES = {
    "text-classification": "AutoModelForSequenceClassification",
    "feature-extraction": "AutoModel",
    "text-generation": "AutoModelForCausalLM",
    "text2text-generation": "AutoModelForSeq2SeqLM",
}


def pick_device(wanted: str) -> torch.device:
    """The device that a setting means: ``auto`` is the first GPU where there is one, else the CPU.

    Raises:
        UnsupportedOptionError: the device asked for isn't there.
    """
    if wanted == "auto":
        return torch.device("cuda:0" if torch.cuda.is_available() else "cpu")
    if wanted.startswith("cuda") and not torch.cuda.is_available():
        raise UnsupportedOptionError(
            f"The device {wanted} isn't there: torch sees no CUDA GPU.", "Use --device cpu or auto."
        )
    if wanted == "mps" and not torch.backends.mps.is_available():
        raise UnsupportedOptionError("The device mps isn't there.", "Use --device cpu or auto.")
    return torch.device("cuda:0" if wanted == "cuda" else wanted)


def pick_dtype(quantization: str, device: torch.device) -> torch.dtype:
    """The dtype that a quantization name means on a device; ``auto`` is float32 on a CPU, bfloat16 on a GPU."""
    named = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
    if quantization in named:
        return named[quantization]
    return torch.float32 if device.type == "cpu" else torch.bfloat16


def load_tokenizer(folder: Path) -> PreTrainedTokenizerBase:
    """The tokenizer of a folder."""
    return transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)


def load_model(spec: ModelSpec, folder: Path, task: str, quantization: str, device: torch.device) -> PreTrainedModel:
    """The model of a folder, in evaluation mode on its device.

    Raises:
        CorruptModelError: the files can't be read.
    """
    auto_class = getattr(transformers, AUTO_CLASSES[task])
    options: dict[str, Any] = {"dtype": pick_dtype(quantization, device)}
    if quantization in ("8-bit", "4-bit"):
        options["quantization_config"] = quantization_config(quantization, options["dtype"])
        options["device_map"] = {"": device}
    try:
        model = auto_class.from_pretrained(folder, local_files_only=True, trust_remote_code=False, **options)
    except (OSError, ValueError) as error:
        raise CorruptModelError(
            f"{spec.id} can't be loaded: {error}", "Delete its folder and load it again."
        ) from error
    if "device_map" not in options:
        model = model.to(device)
    return model.eval().requires_grad_(False)


def quantization_config(quantization: str, compute_dtype: torch.dtype) -> transformers.BitsAndBytesConfig:
    """The bitsandbytes settings for a quantization name: LLM.int8() or NF4 with double quantization."""
    if quantization == "8-bit":
        return transformers.BitsAndBytesConfig(load_in_8bit=True)
    return transformers.BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=compute_dtype,
    )


def eager_view(model: PreTrainedModel) -> PreTrainedModel:
    """A second module over the same parameters that returns attention weights (``attn_implementation="eager"``)."""
    import copy

    config = copy.deepcopy(model.config)
    config._attn_implementation = "eager"
    with torch.device("meta"):
        view = type(model)(config)
    view.load_state_dict(model.state_dict(), strict=False, assign=True)
    shared = {name: buffer for name, buffer in model.named_buffers()}
    for name, _ in list(view.named_buffers()):
        owner = view.get_submodule(name.rpartition(".")[0])
        owner._buffers[name.rpartition(".")[2]] = shared[name]
    if hasattr(model, "generation_config"):
        view.generation_config = model.generation_config
    return view.eval().requires_grad_(False)
