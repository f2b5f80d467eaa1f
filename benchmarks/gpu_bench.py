"""What the rows of ``make gpu`` share: models, what replies are held to, and rates.

On a CPU everything is tiny, so that a row can be walked through in a second. A rate is tokens per second.
"""

from __future__ import annotations

import contextlib
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
import transformers
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from playground.config import Settings
from playground.errors import PlaygroundError, PreparationError
from playground.generation.choose import Draw
from playground.generation.events import Finished
from playground.generation.generate import generate
from playground.generation.request import TASK, GenerateRequest
from playground.models import embedded
from playground.models.catalog import QUANTIZATIONS, Catalog, ModelSpec
from playground.models.lending import LoadedModel, ModelKey
from playground.models.manager import ModelManager
from playground.models.recorded import WAITS

TINY = {"vocab_size": 1000, "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2,
        "num_attention_heads": 8, "num_key_value_heads": 1}  # fmt: skip
SMOLLM2 = {"vocab_size": 49152, "hidden_size": 576, "intermediate_size": 1536, "num_hidden_layers": 30,
           "num_attention_heads": 9, "num_key_value_heads": 3}  # fmt: skip
LARGE = {"vocab_size": 32768, "hidden_size": 2048, "intermediate_size": 8192, "num_hidden_layers": 16,
         "num_attention_heads": 32, "num_key_value_heads": 8}  # fmt: skip
BEGINNING = "Once upon a time there was a person with the number"


def make_random(folder: Path, sizes: dict[str, int], device: str, dtype: torch.dtype) -> Path:
    """The folder, with a Llama of these sizes whose weights are random, and a tokenizer of as many words."""
    from tokenizers import Tokenizer, models, pre_tokenizers

    if folder.exists():
        return folder
    words = {"[UNK]": 0, **{f"w{number}": number for number in range(1, sizes["vocab_size"])}}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    config = transformers.LlamaConfig(**sizes, tie_word_embeddings=True, eos_token_id=None, bos_token_id=None)
    torch.manual_seed(0)
    with torch.device(device):
        transformers.LlamaForCausalLM(config).to(dtype).save_pretrained(folder)
    transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="[UNK]").save_pretrained(folder)
    return folder


class Bench:
    """What all rows share: the device, the models, how long replies are, and what is known of the device so far."""

    def __init__(self, folder: Path, device: str) -> None:
        self.folder, self.device, self.tiny = folder, device, device == "cpu"
        self.length, self.turns = (6, 1) if self.tiny else (96, 3)

    @cached_property
    def small(self) -> ModelSpec:
        """The embedded SmolLM2; random weights of its sizes where its package is missing."""
        try:
            if not self.tiny:
                return self._spec("SmolLM2-135M-Instruct", embedded.locate("smollm2-135m-instruct"))
        except PreparationError:
            return self._random("random, as large as SmolLM2-135M", SMOLLM2, torch.float32)
        return self._random("tiny", TINY, torch.float32)

    @cached_property
    def large(self) -> ModelSpec:
        """A thousand million random weights: enough for reading them to take longer than starting kernels."""
        if self.tiny:
            return self.small
        return self._random("random, 1,040 M weights", LARGE, torch.bfloat16)

    def _random(self, name: str, sizes: dict[str, int], dtype: torch.dtype) -> ModelSpec:
        return self._spec(name, make_random(self.folder / name, sizes, self.device, dtype))

    @staticmethod
    def _spec(name: str, folder: Path) -> ModelSpec:
        return ModelSpec(name, TASK, "folder", str(folder), quantizations=QUANTIZATIONS)

    @contextlib.contextmanager
    def manager(self, *specs: ModelSpec, **settings: Any) -> Iterator[ModelManager]:
        """A manager of these models on the device, closed at the end."""
        chosen = Settings(device=self.device, hub="off", max_streams=32, **settings)
        manager = ModelManager(chosen, Catalog(specs), parking=True)
        try:
            yield manager
        finally:
            manager.close()

    @cached_property
    def peak_bytes_per_second(self) -> float:
        """Bytes that a large copy reads and writes per second: what the memory gives at its best."""
        source = torch.ones(2**20 if self.tiny else 2**30, dtype=torch.uint8, device=self.device)
        target, seconds = torch.empty_like(source), []
        for _ in range(8):
            self.wait()
            began = time.perf_counter()
            target.copy_(source)
            self.wait()
            seconds.append(time.perf_counter() - began)
        return 2 * source.numel() / min(seconds)

    def wait(self) -> None:
        """Returns when the device has done all that it was given."""
        if self.device == "cuda":
            torch.cuda.synchronize()


# What replies are held to


def given_up(model: Any, prompt_ids: Sequence[int], reply_ids: Sequence[int]) -> float:
    """How much better another token stood than the one that a greedy reply has, where that was most; 0: nowhere.

    In standard deviations of the logits there, by one plain forward pass over the whole text. Numbers of 16 bits round
    differently in passes of different shapes, so that two tokens which are nearly as good may change places; a reply
    that reads a wrong mask, position or row gives up whole deviations.
    """
    ids = torch.tensor([[*prompt_ids, *reply_ids]], device=model.device)
    with torch.inference_mode():
        logits = model(ids, use_cache=False).logits[0, len(prompt_ids) - 1 : -1].float()
    own = logits.gather(-1, ids[0, len(prompt_ids) :, None])[:, 0]
    return float(((logits.amax(-1) - own) / logits.std(-1)).max())


class _Functions(TorchFunctionMode):
    """Notes each call that brings a whole tensor to Python."""

    def __init__(self, seen: list[str]) -> None:
        super().__init__()
        self.seen = seen

    def __torch_function__(self, function: Any, types: Any, given: Any = (), named: Any = None) -> Any:
        if getattr(function, "__name__", "") in ("tolist", "cpu", "numpy"):
            self.seen.append(function.__name__)
        return function(*given, **(named or {}))


class _Operations(TorchDispatchMode):
    """Notes each operation for which a GPU has to be waited for: one number to Python, or a list from there."""

    def __init__(self, seen: list[str]) -> None:
        super().__init__()
        self.seen = seen

    def __torch_dispatch__(self, operation: Any, types: Any, given: Any = (), named: Any = None) -> Any:
        if operation.overloadpacket.__name__ in WAITS:
            self.seen.append(str(operation))
        return operation(*given, **(named or {}))


def synchronisations(work: Callable[[], object], device: str) -> int:
    """How often a piece of work waits for the device: counted by CUDA itself, on a CPU by the operations that would."""
    seen: list[str] = []
    if device != "cuda":
        with _Functions(seen), _Operations(seen):
            work()
        return len(seen)
    torch.cuda.synchronize()
    torch.cuda.set_sync_debug_mode("warn")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.showwarning = _note_waits(seen)
            work()
    finally:
        torch.cuda.set_sync_debug_mode("default")
    return len(seen)


def _note_waits(seen: list[str]) -> Callable[..., None]:
    """What hears CUDA's warnings, and notes those of this thread: others may wait meanwhile."""
    own = threading.get_ident()

    def note(message: Warning | str, *where: Any, **more: Any) -> None:
        if "synchronizing" in str(message) and threading.get_ident() == own:
            seen.append(str(message))

    return note


def draws(count: int, device: str, **settings: Any) -> list[Draw]:
    """Turns of so many rows with equal settings, each with a random stream of its own."""
    request = GenerateRequest("a", **settings)
    return [Draw(request, [1, 2, row % 7], torch.Generator(device).manual_seed(row)) for row in range(count)]


# Rates


def plain_rate(bench: Bench, loaded: LoadedModel, length: int, **options: Any) -> float:
    """Tokens per second of ``model.generate``."""
    model: Any = loaded.model
    inputs = loaded.tokenizer(f"{BEGINNING} 0", return_tensors="pt").to(model.device)
    bench.wait()
    began = time.perf_counter()
    model.generate(
        inputs.input_ids, attention_mask=inputs.attention_mask, do_sample=False, max_new_tokens=length,
        min_new_tokens=length, **options,
    )  # fmt: skip
    bench.wait()
    return length / (time.perf_counter() - began)


def crowd(manager: ModelManager, key: ModelKey, count: int, length: int) -> tuple[float, list[Finished]]:
    """Tokens per second of so many people together, and how their replies ended."""
    ended: dict[int, Finished] = {}
    troubles: list[Exception] = []

    def one(number: int) -> None:
        request = GenerateRequest(
            f"{BEGINNING} {number}", model_id=key.model_id, quantization=key.quantization, max_new_tokens=length,
            person=str(number),
        )  # fmt: skip
        try:
            ended[number] = generate(manager, request).result().finished
        except PlaygroundError as error:
            troubles.append(error)

    began = time.perf_counter()
    threads = [threading.Thread(target=one, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - began
    if troubles:
        raise troubles[0]
    finished = [ended[number] for number in range(count)]
    return sum(len(one.token_ids) for one in finished) / seconds, finished
