"""``from_pretrained`` in one place: dtype, device, quantization, attention implementation, and what can go wrong.

It leaves out when to load and what to evict for it (`manager`), where files come from (`hub`, `embedded`), and bytes
(`memory`).
"""

from __future__ import annotations

import copy
import json
import logging
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
import transformers
from transformers.models.auto import modeling_auto

from playground.errors import (
    CorruptModelError,
    ModelNotFoundError,
    PlaygroundError,
    UnknownArchitectureError,
    UnsupportedOptionError,
    WrongTaskError,
    said_by,
)
from playground.forks import no_fork_while_held
from playground.models.adapters import Adapter, adapted_names, merge, require_float
from playground.models.catalog import QUANTIZATIONS, ModelSpec
from playground.models.cpu import fast_8bit
from playground.models.cpu.packed_4bit import pack_4bit
from playground.models.lending import is_spread
from playground.models.pretrained import AUTO_CLASSES, BITS_AND_BYTES, FAST_8_BIT
from playground.models.shared_tokenizer import share
from playground.models.weights_progress import Report, weights_progress
from playground.models.zero_gpu import is_zero_gpu

if TYPE_CHECKING:
    from transformers import PreTrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

log = logging.getLogger(__name__)

# Which classes have the head for a task: transformers' own tables, config's model_type -> class name.
ARCHITECTURES: dict[str, Mapping[str, Any]] = {
    "text-classification": modeling_auto.MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES,
    "feature-extraction": modeling_auto.MODEL_MAPPING_NAMES,
    "text-generation": modeling_auto.MODEL_FOR_CAUSAL_LM_MAPPING_NAMES,
    "text2text-generation": modeling_auto.MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING_NAMES,
    "fill-mask": modeling_auto.MODEL_FOR_MASKED_LM_MAPPING_NAMES,
    "token-classification": modeling_auto.MODEL_FOR_TOKEN_CLASSIFICATION_MAPPING_NAMES,
    "question-answering": modeling_auto.MODEL_FOR_QUESTION_ANSWERING_MAPPING_NAMES,
}
DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}

# While from_pretrained builds a model it exchanges functions of torch and transformers for the whole process
# (``no_tie_weights``, ``set_default_dtype``): two loads at once would leave them exchanged for good. A build is short;
# downloads, which are not, happen outside.
BUILDING = threading.RLock()
no_fork_while_held(BUILDING)


def pick_device(wanted: str) -> torch.device:
    """The device that a setting means: ``auto`` is the first GPU where there is one, else the CPU.

    Raises:
        UnsupportedOptionError: the device asked for isn't there.
    """
    if wanted == "auto":
        return torch.device("cuda:0" if torch.cuda.is_available() else "cpu")
    if wanted.startswith("cuda"):
        number = int(wanted.partition(":")[2] or 0)
        if number >= torch.cuda.device_count():
            seen = torch.cuda.device_count() or "no"
            raise UnsupportedOptionError(
                f"The device {wanted} isn't there: PyTorch sees {seen} CUDA GPUs.", "Use --device cpu or auto."
            )
        return torch.device(f"cuda:{number}")
    if wanted == "mps" and not torch.backends.mps.is_available():
        raise UnsupportedOptionError("The device mps isn't there.", "Use --device cpu or auto.")
    return torch.device(wanted)


def pick_quantization(wanted: str, offered: tuple[str, ...], device: torch.device) -> str:
    """The quantization that a name means: ``auto`` is what runs best on the device.

    That is float32 on a CPU and half precision on a GPU, unless the catalog offers no ``auto``: then its first.

    >>> pick_quantization("auto", ("auto", "4-bit"), torch.device("cpu"))
    'float32'
    >>> pick_quantization("auto", ("4-bit", "8-bit"), torch.device("cpu"))
    '4-bit'

    Raises:
        UnsupportedOptionError: there is no such quantization.
    """
    if wanted not in QUANTIZATIONS:
        raise UnsupportedOptionError(f"There is no quantization {wanted!r}.", f"Use one of {', '.join(QUANTIZATIONS)}.")
    if wanted != "auto":
        return wanted
    if "auto" not in offered:
        return offered[0]
    return "float32" if device.type == "cpu" else _half_precision(device)


def _half_precision(device: torch.device) -> str:
    """bfloat16 has float32's range and so never overflows; older GPUs only have float16."""
    return "bfloat16" if device.type != "cuda" or torch.cuda.is_bf16_supported() else "float16"


def pick_dtype(quantization: str, device: torch.device) -> torch.dtype:
    """The dtype of everything that isn't quantized."""
    return DTYPES.get(quantization) or (torch.float32 if device.type == "cpu" else DTYPES[_half_precision(device)])


def quantization_config(quantization: str, compute_dtype: torch.dtype) -> transformers.BitsAndBytesConfig:
    """The bitsandbytes settings for a quantization name: LLM.int8() or NF4 with double quantization."""
    compute = {"bnb_4bit_compute_dtype": compute_dtype} if quantization == "4-bit" else {}
    return transformers.BitsAndBytesConfig(**BITS_AND_BYTES[quantization], **compute)


def quantization_obstacle(quantization: str, device: torch.device) -> str:
    """Why a quantization can't work on this machine, in one sentence; empty if it can."""
    if quantization == FAST_8_BIT:
        return fast_8bit.obstacle() if device.type == "cpu" else "It runs on the CPU; a GPU has 8-bit and 4-bit."
    if quantization not in BITS_AND_BYTES:
        return ""
    try:
        import bitsandbytes
    except Exception as error:  # a broken CUDA set-up raises all kinds of errors here
        return f"bitsandbytes can't be used here ({type(error).__name__}): pip install bitsandbytes."
    supported = getattr(bitsandbytes, "supported_torch_devices", {"cuda"})
    return "" if device.type in supported else f"bitsandbytes doesn't run on {device.type}."


def load_config(spec: ModelSpec, folder: Path, task: str, adapter: Adapter | None = None) -> PreTrainedConfig:
    """The configuration of a folder, or of its adapter, after checking that this model can do the task.

    Raises:
        ModelNotFoundError: there is no such folder, or no model in it.
        UnknownArchitectureError: transformers has no class for it, or it needs code from the Hub.
        WrongTaskError: it has no head for the task.
        CorruptModelError: config.json can't be read.
    """
    folder = adapter.own("config.json", folder) if adapter else folder
    path = folder / "config.json"
    if not path.is_file():
        raise ModelNotFoundError(f"There is no model in {folder}: it has no config.json.", "Check the folder's path.")
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise corrupt(spec, f"config.json can't be read ({said_by(error)})") from error
    if not isinstance(content, dict):
        raise corrupt(spec, "config.json isn't an object")
    if adapter:
        content.pop("architectures", None)  # its head need not be that of its base
    check_architecture(spec, content, task)
    with explaining(spec):
        return transformers.AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)


def check_architecture(spec: ModelSpec, content: dict[str, Any], task: str) -> None:
    """Nothing, if what config.json says can do the task with transformers' own classes."""
    model_type, named = str(content.get("model_type")), content.get("architectures") or []
    if model_type not in transformers.CONFIG_MAPPING:
        code = "would run code from the Hub, which stays off here" if content.get("auto_map") else "isn't known"
        raise UnknownArchitectureError(
            f"{spec.id} has the architecture {model_type!r}, which {code} (transformers {transformers.__version__}).",
            "Choose a model of an architecture that transformers has itself.",
        )
    heads = ARCHITECTURES[task].get(model_type, ())
    heads = (heads,) if isinstance(heads, str) else tuple(heads)
    fits = heads and (
        task == "feature-extraction" or not named or set(named) & set(heads) or _is_around(model_type, named, task)
    )
    if not fits:
        can = [name for name, table in ARCHITECTURES.items() if set(named) & set(_names(table.get(model_type, ())))]
        about = f"it is a {named[0]}" if named else f"{model_type} models can't"
        fix = f"It can do {', '.join(can)}." if can else f"Choose a model made for {task}."
        raise WrongTaskError(f"{spec.id} has no head for {task}: {about}.", fix)


def _is_around(model_type: str, named: list[str], task: str) -> bool:
    """Whether it reads pictures beside text, and ``AutoModelForCausalLM`` takes the model of text out of it."""
    heads = _names(ARCHITECTURES[task].get(model_type, ()))
    whole = _names(modeling_auto.MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES.get(model_type, ()))
    text: Any = (transformers.CONFIG_MAPPING[model_type].sub_configs or {}).get("text_config")
    if task != "text-generation" or text is None or not set(named) & set(whole):
        return False
    return any(getattr(getattr(transformers, head, None), "config_class", None) is text for head in heads)


def _names(entry: str | tuple[str, ...]) -> tuple[str, ...]:
    return (entry,) if isinstance(entry, str) else tuple(entry)


def blueprint(config: PreTrainedConfig, task: str, quantization: str, device: torch.device) -> PreTrainedModel:
    """The model as shapes without weights (meta device): costs milliseconds and no memory."""
    from transformers.quantizers.auto import AutoHfQuantizer

    dtype = pick_dtype(quantization, device)
    with BUILDING:
        with torch.device("meta"):
            model = getattr(transformers, AUTO_CLASSES[task]).from_config(copy.deepcopy(config), dtype=dtype)
        if quantization == FAST_8_BIT:
            fast_8bit.hold_in_8_bits(model)
        if quantization in BITS_AND_BYTES:
            settings = quantization_config(quantization, dtype)
            quantizer = AutoHfQuantizer.from_config(settings, pre_quantized=False)
            quantizer.preprocess_model(
                model=model, dtype=dtype, device_map={"": device}, checkpoint_files=None, use_kernels=False
            )
    return model


def load_tokenizer(folder: Path) -> PreTrainedTokenizerBase:
    """The tokenizer of a folder; any number of threads may call it at once, see `shared_tokenizer`."""
    return share(transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False))


def load_model(
    spec: ModelSpec,
    folder: Path,
    task: str,
    quantization: str,
    device: torch.device,
    report: Report = lambda what, fraction: None,
    max_memory: dict[int | str, int] | None = None,
    adapter: Adapter | None = None,
) -> PreTrainedModel:
    """The model of a folder, in evaluation mode on its device; spread by accelerate where ``max_memory`` is given.

    An ``adapter`` is merged into it.

    Raises:
        ModelError: it can't be loaded; the kind says why, see `explaining`.
    """
    config = load_config(spec, folder, task, adapter)
    options = _options(quantization, device, max_memory) | {"ignore_mismatched_sizes": adapter is not None}
    auto_class = getattr(transformers, AUTO_CLASSES[task])
    with explaining(spec), BUILDING, weights_progress(report):
        model, info = auto_class.from_pretrained(
            folder, config=config, local_files_only=True, trust_remote_code=False, output_loading_info=True, **options
        )
        if is_zero_gpu():
            model = model.to(device)
        missing = set(info["missing_keys"])
        if adapter:
            require_float(spec, quantization)
            missing |= {name for name, *_ in info["mismatched_keys"]}  # its head may have other labels than its base's
            missing -= adapted_names(adapter)
            model = merge(model, adapter)
    _check_complete(spec, task, model, missing)
    if quantization == FAST_8_BIT:
        fast_8bit.hold_in_8_bits(model)
    _finish_8_bit(model)
    pack_4bit(model)
    return model.eval().requires_grad_(False)


def _options(quantization: str, device: torch.device, max_memory: dict[int | str, int] | None) -> dict[str, Any]:
    """The keyword arguments of ``from_pretrained`` that say where the numbers go, and in how many bits."""
    options: dict[str, Any] = {"dtype": pick_dtype(quantization, device), "device_map": {"": device}}
    if device.type == "cuda":  # cuDNN plans attention anew for each length of a text: 70 ms on an H200, every time
        torch.backends.cuda.enable_cudnn_sdp(False)
    if is_zero_gpu():  # what it emulates takes no device_map
        del options["device_map"]
    if max_memory:
        options |= {"device_map": "auto", "max_memory": max_memory}
    if quantization in BITS_AND_BYTES:
        if obstacle := quantization_obstacle(quantization, device):
            raise UnsupportedOptionError(f"{quantization} can't work here: {obstacle}", "Choose auto.")
        # bitsandbytes warns of its cast to float16 at every layer of every forward pass.
        logging.getLogger("bitsandbytes.autograd._functions").setLevel(logging.ERROR)
        options["quantization_config"] = quantization_config(quantization, options["dtype"])
    return options


def _check_complete(spec: ModelSpec, task: str, model: PreTrainedModel, missing: set[str]) -> None:
    """transformers fills weights that the files lack with random numbers and only logs it; nobody would notice."""
    if not missing or (task == "feature-extraction" and all("pooler" in name for name in missing)):
        return
    base = f"{model.base_model_prefix}."
    if all(not name.startswith(base) for name in missing):
        raise WrongTaskError(
            f"{spec.id} has no trained head for {task}: {sorted(missing)[0]} is missing.",
            f"Choose a model that was fine-tuned for {task}.",
        )
    raise corrupt(spec, f"{len(missing)} weights are missing, the first is {sorted(missing)[0]}")


def _finish_8_bit(model: PreTrainedModel) -> None:
    """bitsandbytes sets a layer up at its first call, which isn't safe when the first two calls come at once."""
    layer: Any
    for layer in model.modules():
        if type(layer).__name__ == "Linear8bitLt" and layer.weight.CB is not None:
            layer.init_8bit_state()


def corrupt(spec: ModelSpec, what: str) -> CorruptModelError:
    """The error for damaged files, with the fix that suits where they came from."""
    fixes = {
        "embedded": "It is prepared again at the next start.",
        "folder": f"Check the files in {spec.location}.",
        "trained": "Train it again, or load the file that you downloaded.",
        "hub": f"Download it again: hf cache rm model/{spec.location}, then load it.",
    }
    return CorruptModelError(f"The files of {spec.id} are damaged: {what}.", fixes[spec.source])


@contextmanager
def explaining(spec: ModelSpec) -> Iterator[None]:
    """Turns what transformers, safetensors and torch raise while loading into one clear `ModelError`."""
    from playground.models.memory import is_out_of_memory

    try:
        yield
    except PlaygroundError:
        raise
    except Exception as error:
        if is_out_of_memory(error):
            raise
        text = re.sub(r"\s+", " ", str(error)).strip()
        log.info("%s can't be loaded", spec.id, exc_info=True)
        if isinstance(error, ImportError):
            raise UnsupportedOptionError(f"{spec.id} needs a package: {said_by(error)}.", "Install it.") from error
        if "trust_remote_code" in text or "does not recognize this architecture" in text:
            raise UnknownArchitectureError(
                f"transformers has no class for {spec.id} itself, and code from the Hub stays off here.",
                "Choose a model of an architecture that transformers has.",
            ) from error
        if "Unrecognized configuration class" in text:
            raise WrongTaskError(f"{spec.id} can't do this task.", "Choose another model.") from error
        if "ignore_mismatched_sizes" in text:
            what = "config.json describes other sizes than the weights have"
            raise corrupt(spec, f"{what} (for a classifier, id2label must name as many labels)") from error
        raise corrupt(spec, f"{type(error).__name__}: {said_by(error, 300)}") from error


def eager_view(model: PreTrainedModel) -> PreTrainedModel:
    """A second module over the same weights that returns attention weights (``attn_implementation="eager"``).

    Only the modules that contain others are new; the innermost ones (linear layers, embeddings, norms, also the
    quantized ones) are the same objects in both, so there is no second copy and neither view changes the other.

    Raises:
        UnsupportedOptionError: the model is spread over several devices.
    """
    if is_spread(model):
        raise UnsupportedOptionError(
            "Attention weights need the whole model on one device, and this one is spread over several.",
            "Load it in 8-bit or 4-bit, so that it fits on one.",
        )
    config = copy.deepcopy(model.config)
    config._attn_implementation = "eager"
    with torch.device("meta"):
        view = type(model)(config)
    _share_modules(view, model)
    if getattr(model, "generation_config", None) is not None:
        view.generation_config = copy.deepcopy(model.generation_config)
    return view.eval().requires_grad_(False)


def _share_modules(view: torch.nn.Module, original: torch.nn.Module) -> None:
    """Puts the original's innermost modules, and what weights the others hold themselves, into the view."""
    view._parameters = dict(original._parameters)
    view._buffers = dict(original._buffers)
    for name, value in vars(view).items():
        if isinstance(value, torch.Tensor) and value.is_meta:
            setattr(view, name, getattr(original, name))
    for name, child in original._modules.items():
        if child is None or not any(True for _ in child.children()) or name not in view._modules:
            view._modules[name] = child
        else:
            _share_modules(view._modules[name], child)  # type: ignore[arg-type]
