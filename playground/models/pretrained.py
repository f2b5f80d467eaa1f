"""How a run holds its model, as the arguments of ``from_pretrained``: what a receipt repeats to get the same numbers.

It leaves out the loading itself (`loading`, which uses the same tables) and imports nothing heavy.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from playground.models.origin import Origin

AUTO_CLASSES = {
    "text-classification": "AutoModelForSequenceClassification",
    "feature-extraction": "AutoModel",
    "text-generation": "AutoModelForCausalLM",
    "text2text-generation": "AutoModelForSeq2SeqLM",
    "fill-mask": "AutoModelForMaskedLM",
    "token-classification": "AutoModelForTokenClassification",
    "question-answering": "AutoModelForQuestionAnswering",
}
# The arguments of BitsAndBytesConfig: LLM.int8(), and NF4 with double quantization.
BITS_AND_BYTES: dict[str, dict[str, Any]] = {
    "8-bit": {"load_in_8bit": True},
    "4-bit": {"load_in_4bit": True, "bnb_4bit_quant_type": "nf4", "bnb_4bit_use_double_quant": True},
}

FAST_8_BIT = "fast-8-bit"
_ROUNDING = '''\

import torch
from transformers.pytorch_utils import Conv1D


def hold_in_8_bits(model):
    """The model, its weights rounded as fast-8-bit holds them: in each row to 127 even steps up to the largest.

    The page multiplies whole numbers, and for that rounds what comes into a layer, too: its results differ a little
    from these, the logits of SmolLM2 135M by about one percent.
    """
    table = model.get_input_embeddings()
    for layer in model.modules():
        if type(layer) in (torch.nn.Linear, Conv1D) or (layer is table and type(layer) is torch.nn.Embedding):
            rows = layer.weight.data.T if type(layer) is Conv1D else layer.weight.data
            scale = (rows.abs().amax(1, keepdim=True) / 127).clamp(min=1e-30)
            rows = (rows / scale).round() * scale
            layer.weight = torch.nn.Parameter(rows.T if type(layer) is Conv1D else rows)
    return model
'''
_ODD_SHAPES = '''\


def keep_odd_shapes(model):
    """The model. On CPUs with AVX512-BF16 its first pass would fail at a layer that isn't whole blocks of 32 x 64."""
    for layer in model.modules():
        if getattr(layer, "support_avx512bf16_for_cpu", False) and (layer.out_features % 32 or layer.in_features % 64):
            layer.support_avx512bf16_for_cpu = False
    return model
'''
# What ``from_pretrained`` can't do: the name of a function for the loaded model, and its lines.
_AFTER_LOADING = {FAST_8_BIT: ("hold_in_8_bits", _ROUNDING), "4-bit": ("keep_odd_shapes", _ODD_SHAPES)}


@dataclass(frozen=True)
class Pretrained:
    """What ``from_pretrained`` got for a run.

    ``source`` is a Hub model's id, else a folder (``~``: of whoever runs the code); ``quantization`` is what was
    loaded, never "auto"; ``dtype`` and ``device`` are as torch writes them ("bfloat16", "cuda:0"). ``device`` is "auto"
    for a model that is spread over several. ``revision`` is empty where the Hub's own default will do,
    ``tokenizer_source`` where it is ``source`` (an adapter may have its base's). ``notes`` say how to get a folder that
    isn't on the Hub, ``hub_id`` and ``hub_revision`` are what will do instead of one (`models.origin`).

    Code that calls `code` or `tokenizer_code` begins with `model_lines`, which define ``MODEL``.
    """

    source: str
    auto_class: str
    quantization: str
    dtype: str
    device: str
    revision: str = ""
    tokenizer_source: str = ""
    notes: tuple[str, ...] = ()
    hub_id: str = ""
    hub_revision: str = ""

    def model_lines(self) -> str:
        """The first lines of a receipt.

        >>> print(Pretrained("gpt2", "AutoModelForCausalLM", "float32", "float32", "cpu").model_lines())
        # %% The model
        MODEL = 'gpt2'
        """
        return self.source_lines() + (f"\n{self.functions}" if self.functions else "")

    def source_lines(self) -> str:
        """Those of `model_lines` that define ``MODEL``."""
        return self._origin.lines()

    @property
    def functions(self) -> str:
        """Those of `model_lines` that define what `rounded` calls; empty where it calls nothing."""
        _, lines = self._after_loading
        return lines

    @property
    def expression(self) -> str:
        """The source as Python.

        >>> Pretrained("gpt2", "AutoModelForCausalLM", "float32", "float32", "cpu").expression
        "'gpt2'"
        """
        return self._origin.expression

    def imports(self, *names: str) -> str:
        """What a few lines with `expression` import, above them; ``names`` are those of transformers.

        >>> print(Pretrained("~/models/tiny", "AutoModel", "float32", "float32", "cpu").imports("pipeline"), end="")
        from os.path import expanduser
        from transformers import pipeline
        """
        folder = "from os.path import expanduser\n" if self.source.startswith("~") else ""
        return f"{folder}from transformers import {', '.join(sorted(names))}\n"

    @property
    def _origin(self) -> Origin:
        return Origin(self.source, self.revision, self.notes, self.hub_id, self.hub_revision)

    @property
    def quantized(self) -> bool:
        """Whether the code needs ``BitsAndBytesConfig``."""
        return self.quantization in BITS_AND_BYTES

    def options(self) -> str:
        """The keyword arguments as Python.

        >>> Pretrained("gpt2", "AutoModelForCausalLM", "bfloat16", "bfloat16", "cuda:0").options()
        "dtype=torch.bfloat16, device_map='cuda:0'"
        """
        options = [f"dtype=torch.{self.dtype}"]
        if self.quantized:
            arguments = [f"{name}={value!r}" for name, value in BITS_AND_BYTES[self.quantization].items()]
            arguments += [f"bnb_4bit_compute_dtype=torch.{self.dtype}"] if self.quantization == "4-bit" else []
            options.append(f"quantization_config=BitsAndBytesConfig({', '.join(arguments)})")
        options += [] if self.device == "cpu" else [f"device_map={self.device!r}"]
        return ", ".join(options + self._revision())

    def code(self) -> str:
        """The whole call as Python.

        >>> Pretrained("gpt2", "AutoModelForCausalLM", "float32", "float32", "cpu").code()
        'AutoModelForCausalLM.from_pretrained(MODEL, dtype=torch.float32)'
        """
        return self.rounded(f"{self.auto_class}.from_pretrained(MODEL, {self.options()})")

    def rounded(self, model: str) -> str:
        """The expression of a model, with what is to be done after it was loaded where ``from_pretrained`` can't do it.

        >>> Pretrained("gpt2", "AutoModelForCausalLM", "fast-8-bit", "float32", "cpu").rounded("model")
        'hold_in_8_bits(model)'
        """
        function, _ = self._after_loading
        return f"{function}({model})" if function else model

    def rounding(self, model: str) -> str:
        """The line that does so to a model that ``pipeline()`` has loaded; empty where nothing is to do."""
        function, _ = self._after_loading
        return f"{function}({model})\n" if function else ""

    @property
    def _after_loading(self) -> tuple[str, str]:
        elsewhere = self.quantization == "4-bit" and self.device != "cpu"  # only there bitsandbytes packs its weights
        return ("", "") if elsewhere else _AFTER_LOADING.get(self.quantization, ("", ""))

    def tokenizer_code(self) -> str:
        """The call for the tokenizer.

        >>> Pretrained("gpt2", "AutoModelForCausalLM", "float32", "float32", "cpu", "v1").tokenizer_code()
        "AutoTokenizer.from_pretrained(MODEL, revision='v1')"
        """
        if self.tokenizer_source:
            return f"AutoTokenizer.from_pretrained({self.tokenizer_source!r})"
        return f"AutoTokenizer.from_pretrained({', '.join(['MODEL', *self._revision()])})"

    def _revision(self) -> list[str]:
        return [self._origin.revision_argument.removeprefix(", ")] if self.revision or self.hub_id else []
