"""The receipt of a language model from nothing: the same text, tokenizer, random weights and steps, as plain code."""

from __future__ import annotations

from typing import Any

from playground.receipt import AS_JSON, Receipt, literal
from playground.training.language_model.corpus import HELD_OUT, plain_lines
from playground.training.language_model.events import LanguageModelTrained
from playground.training.language_model.fit import SAMPLE_TOKENS, stride_of, training_arguments
from playground.training.language_model.request import TrainLanguageModelRequest
from playground.training.language_model.shape import settings
from playground.training.language_model.tokenizer import UNKNOWN, WORDS
from playground.training.stories import Slot, StoryGrammar

MOST_WRITTEN_OUT = 20_000  # characters of a text; a longer one is read from a file

_IMPORTS = """\
import tempfile

import torch
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import {names}

torch.set_num_threads({threads})  # with more or fewer, sums are added in another order
"""
_STORIES = """\

# %% The text: lines by a small grammar
import random
import re

words = {words}
patterns = {patterns}
draw = random.Random({seed})


def line():
    chosen = {{}}

    def word(found):
        name, kind = found[1], found[1].rstrip("0123456789")
        if name not in chosen:
            taken = [word for other, word in chosen.items() if other.rstrip("0123456789") == kind]
            chosen[name] = draw.choice([word for word in words[kind] if word not in taken])
        return chosen[name]

    return re.sub(r"\\{{([^{{}}]*)\\}}", word, draw.choice(patterns))


text = "\\n".join(line() for _ in range({lines})) + "\\n"
"""
_TEXT = """\

# %% The text
text = {text}
"""
_FILE = """\

# %% The text, {characters:,} characters: save it beside this script as text.txt
from pathlib import Path

text = Path("text.txt").read_text(encoding="utf-8").strip("\\n") + "\\n"
"""
_TOKENIZER = """\

# %% A tokenizer of its own: {kind}
backend = Tokenizer(models.BPE(unk_token="{unknown}"))
backend.pre_tokenizer = pre_tokenizers.Split(Regex(r"{words}"), "isolated")
backend.decoder = decoders.Fuse()
trainer = trainers.BpeTrainer(vocab_size={size}, special_tokens=["{unknown}"], show_progress=False)
backend.train_from_iterator(text.splitlines(keepends=True), trainer)
tokenizer = PreTrainedTokenizerFast(
    tokenizer_object=backend, unk_token="{unknown}", model_max_length={context}, clean_up_tokenization_spaces=False
)
print(len(tokenizer), "entries")

# %% Nine tenths of the text to learn from, in blocks that overlap
ids = backend.encode(text).ids
ids = torch.tensor(ids[: len(ids) - len(ids) // {held_out}])
blocks = [ids[start : start + {context}] for start in range(0, len(ids) - {context} + 1, {stride})]

# %% A model with random weights
set_seed({seed})
config = {config}(
{settings}
)
model = AutoModelForCausalLM.from_config(config)
print(f"{{model.num_parameters():,}} numbers")
"""
_STOP = """\


class Stop(TrainerCallback):  # where it was stopped on the page
    def on_step_end(self, args, state, control, **more):
        control.should_training_stop = state.global_step >= {steps}
        return control

"""
_TRAIN = """\

# %% The training
arguments = TrainingArguments(
    output_dir=tempfile.mkdtemp(),
{arguments}
)
{stop}trainer = Trainer(
    model, arguments, train_dataset=[{{"input_ids": block, "labels": block}} for block in blocks]{callbacks}
)
trainer.train()
losses = [[entry["step"], entry["loss"]] for entry in trainer.state.log_history if "loss" in entry]
print(f"loss {{losses[0][1]:.3f}} at step {{losses[0][0]}}, {{losses[-1][1]:.3f}} at step {{losses[-1][0]}}")

# %% What it writes
model.eval()
prompt = {prompt}
newline = tokenizer.convert_tokens_to_ids("\\n")
prompt_ids = torch.tensor([backend.encode(prompt).ids or [newline]] * 5, device=model.device)
written = model.generate(
    prompt_ids,
    attention_mask=torch.ones_like(prompt_ids),
    max_new_tokens=min({length}, {context} - prompt_ids.shape[1]),
    do_sample=True,
    top_k=0,
    pad_token_id=newline,{ends}
)
for row in written.tolist():
    print(tokenizer.decode(row).strip("\\n"))
# to keep it: model.save_pretrained("stories"), tokenizer.save_pretrained("stories")

"""


def language_model_receipt(result: LanguageModelTrained) -> Receipt:
    """The training losses by plain transformers: the same to four digits on the same machine, with as many threads."""
    request, is_whole = result.request, result.steps >= result.request.max_steps
    config = "GPT2Config" if request.architecture == "gpt2" else "LlamaConfig"
    names = ["AutoModelForCausalLM", config, "PreTrainedTokenizerFast", "Trainer"]
    names += ["TrainingArguments", "set_seed"] if is_whole else ["TrainerCallback", "TrainingArguments", "set_seed"]
    wrapped = "(\n    " + ",\n    ".join(names) + ",\n)"
    arguments = training_arguments(request, result.device)
    code = (
        _IMPORTS.format(names=wrapped, threads=result.threads)
        + _text(request)
        + _TOKENIZER.format(
            kind="characters, which is BPE without a merge" if request.tokenizer == "characters" else "BPE",
            size=1 if request.tokenizer == "characters" else request.vocab_size,
            unknown=UNKNOWN, words=WORDS, context=request.context, stride=stride_of(request.context),
            held_out=HELD_OUT, seed=request.seed, config=config,
            settings=_lines(settings(request, 0) | {"vocab_size": "len(tokenizer)"}),
        )
        + _TRAIN.format(
            arguments=_lines({name: literal(value) for name, value in arguments.items()}),
            stop="" if is_whole else _STOP.format(steps=result.steps),
            callbacks="" if is_whole else ", callbacks=[Stop()]",
            prompt=literal(request.prompt), length=SAMPLE_TOKENS, context=request.context,
            ends="\n    eos_token_id=newline," if request.grammar.strip() else "",
        )
        + AS_JSON
        + "print(json.dumps(losses))\n"
    )  # fmt: skip
    return Receipt("A language model from nothing", code)


def _text(request: TrainLanguageModelRequest) -> str:
    if request.grammar.strip():
        grammar = StoryGrammar.read(request.grammar)
        words = "".join(f"    {literal(name)}: {literal(list(found))},\n" for name, found in grammar.words.items())
        patterns = "".join(f"    {literal(_written(pattern))},\n" for pattern in grammar.patterns)
        return _STORIES.format(
            words=f"{{\n{words}}}", patterns=f"[\n{patterns}]", seed=request.seed, lines=request.lines
        )
    lines = plain_lines(request.text)
    if sum(map(len, lines)) > MOST_WRITTEN_OUT:
        return _FILE.format(characters=len(request.text))
    written = "".join(f"    {literal(line + chr(10))}\n" for line in lines)
    return _TEXT.format(text=f"(\n{written})")


def _written(pattern: tuple[str | Slot, ...]) -> str:
    return "".join(f"{{{part.name}}}" if isinstance(part, Slot) else part for part in pattern)


def _lines(named: dict[str, Any]) -> str:
    return "\n".join(f"    {name}={value}," for name, value in named.items())
