"""Tiny random models and a manager that lends one of them: what the tests of generation run on."""

from __future__ import annotations

import contextlib
import io
import json
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import torch
import transformers
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from playground.config import Settings
from playground.models.manager import LoadedModel, ModelKey
from playground.models.pretrained import Pretrained

KINDS = ("gpt2", "llama", "qwen", "gemma")
PROMPTS = ("the quick brown", "a", "the lazy dog and the quick cat jumps over the fox", "fox the", "🦊 日本")
STRATEGIES = (
    {},
    {"repetition_penalty": 1.4},
    {"do_sample": True, "top_k": 20, "top_p": 0.9, "temperature": 1.3, "repetition_penalty": 1.2},
    {"do_sample": True, "top_k": 0, "top_p": 0.7},
    {"do_sample": True, "top_k": 0, "min_p": 0.05, "temperature": 0.7},
    {"num_beams": 3},
    {"num_beams": 4, "repetition_penalty": 1.3},
    {"prompt_lookup_num_tokens": 4},
)
TEXT = "the quick brown fox jumps over the lazy dog and the cat"


def tiny_tokenizer(chat: bool = True):
    """A byte-level BPE tokenizer of 300 tokens, with one special token."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=300, special_tokens=["<eos>"], initial_alphabet=alphabet)
    tokenizer.train_from_iterator([TEXT] * 3, trainer)
    fast = transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token="<eos>", bos_token="<eos>", pad_token="<eos>"
    )
    if chat:
        fast.chat_template = "{% for m in messages %}<eos>{{ m.role }}: {{ m.content }}\n{% endfor %}assistant:"
    return fast


def tiny_model(kind: str, vocab: int = 300, context: int = 128, seed: int = 0):
    """A random model whose weights are large enough for its distributions to be peaked."""
    torch.manual_seed(seed)
    ids = {"vocab_size": vocab, "eos_token_id": 0, "bos_token_id": 0, "pad_token_id": 0}
    sizes = {
        "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4,
        "num_key_value_heads": 2, "max_position_embeddings": context,
    }  # fmt: skip
    if kind == "gpt2":
        config = transformers.GPT2Config(n_embd=32, n_layer=2, n_head=4, n_positions=context, **ids)
    elif kind == "llama":
        config = transformers.LlamaConfig(**sizes, **ids)
    elif kind == "qwen":
        config = transformers.Qwen2Config(**sizes, **ids)
    else:
        layers = ["sliding_attention", "full_attention"]
        config = transformers.Gemma3TextConfig(**sizes, head_dim=8, sliding_window=8, layer_types=layers, **ids)
    model = transformers.AutoModelForCausalLM.from_config(config).eval().requires_grad_(False)
    with torch.no_grad():
        for weight in model.parameters():
            if weight.dim() > 1:
                weight.mul_(8 if kind == "gpt2" else 4)
    return model


class OneModel:
    """A stand-in for `ModelManager` that lends one model and counts its leases."""

    def __init__(self, model, tokenizer, **settings) -> None:
        self.settings = Settings(**settings)
        self.leases = 0
        self._lock = threading.Lock()
        key = ModelKey("tiny", "text-generation", "auto")
        self.loaded = LoadedModel(key, SimpleNamespace(id="tiny"), Path(), model, tokenizer, "cpu", "float32", 0)

    @contextmanager
    def lease(self, model_id, task, quantization="auto"):
        with self._lock:
            self.leases += 1
        try:
            yield self.loaded
        finally:
            with self._lock:
                self.leases -= 1

    @property
    def engine(self):
        """The engine, after the first request."""
        return self.loaded.companion("generation", None)


def reference(model, tokenizer, request, **more):
    """New token ids of plain ``model.generate`` for a request."""
    ids = tokenizer(request.prompt, return_tensors="pt").input_ids.to(model.device)
    options: dict = {"do_sample": False, "num_beams": request.num_beams, **more}
    if request.do_sample:
        options = {
            **more, "do_sample": True, "num_beams": 1,
            "temperature": request.temperature, "top_k": request.top_k, "top_p": request.top_p,
            "min_p": request.min_p or None,
        }  # fmt: skip
    if request.stop_strings:
        options["stop_strings"] = list(request.stop_strings)
    with torch.random.fork_rng():
        torch.manual_seed(request.seed)
        output = model.generate(
            ids,
            attention_mask=torch.ones_like(ids),
            max_new_tokens=request.max_new_tokens,
            tokenizer=tokenizer,
            repetition_penalty=request.repetition_penalty,
            **options,
        )
    return tuple(output[0, ids.shape[1] :].tolist())


def wait_until(condition, seconds=5.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.005)


def assert_idle(manager):
    """No thread, lease or cache is left."""
    wait_until(lambda: manager.engine.idle and manager.leases == 0)
    assert not [thread for thread in threading.enumerate() if thread.name == "playground-engine"]


def held(folder):
    """How a receipt loads the model of a folder."""
    return Pretrained(str(folder), "AutoModelForCausalLM", "float32", "float32", "cpu")


def run_receipt(code):
    """The token ids that a receipt prints."""
    output = io.StringIO()
    with contextlib.redirect_stdout(output), torch.random.fork_rng():
        exec(compile(code, "receipt", "exec"), {})
    return json.loads(output.getvalue().strip().splitlines()[-1])["token_ids"]
