"""Trains `assets/models/sentiment`: a LoRA adapter and a head that make MiniLM answer in 1 to 5 stars.

    make train-sentiment DATA=../shared/data        (or: python -m training.sentiment --data ../shared/data)

The treebank rates every phrase of every sentence. One pass over a sentence learns from all of them: the head learns the
rating of the whole, and a second head, thrown away afterwards, the ratings of the stretches inside, each read off the
mean of its tokens. Phrases also come alone, as short texts. The weights kept are a running mean along the way. Last,
one temperature is fitted on the dev split and folded into the head: the logits come out calibrated, and nothing has to
be applied afterwards.

Run it again after an interruption and it goes on from its last checkpoint. Same seed, same machine, same threads: same
weights. Leaves out the evaluation (sentiment_eval.py) and reading the data (data.py).
"""

import argparse
import itertools
import json
import random
import time
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch
from jaxtyping import Float, Int
from peft import LoraConfig, PeftModel, get_peft_model, get_peft_model_state_dict
from safetensors.torch import save_file
from torch import Tensor
from transformers import (
    AutoConfig,
    AutoModelForSequenceClassification,
    AutoTokenizer,
    BatchEncoding,
)
from transformers.utils import logging as transformers_logging

from training.data import (
    STAR_LABELS,
    Phrase,
    add_data_argument,
    data_files,
    minilm_folder,
    plain_text,
    read_labelled,
    spaced_text,
    tree_phrases,
)
from training.sentiment_eval import MAX_TOKENS, predict_logits, sentiment_figures

MODEL_FOLDER = Path(__file__).parents[1] / "assets" / "models" / "sentiment"
RUN_FOLDER = Path(__file__).parents[1] / "build" / "training" / "sentiment"
BASE_MODEL_ID = "sentence-transformers/all-MiniLM-L6-v2"


@dataclass(frozen=True)
class Stage:
    """One part of the training: which texts, how often, how fast."""

    epochs: int
    batch: int
    learning_rate: float
    phrase_share: float = 0.0  # of the phrases that carry a feeling (not 3 stars), each as a text of its own
    neutral_share: float = 0.0  # of the phrases of 3 stars, which are many and say little
    span_weight: float = 1.0  # of the loss on the stretches inside a text
    most_steps: int | None = None  # ends the stage early, its learning rate not yet down


@dataclass(frozen=True)
class Recipe:
    """Everything that decides the weights, together with the data."""

    stages: tuple[Stage, ...] = (
        Stage(epochs=2, batch=32, learning_rate=5e-4),
        Stage(
            epochs=1,
            batch=48,
            learning_rate=4e-4,
            phrase_share=0.2,
            neutral_share=0.03,
            span_weight=0.5,
            most_steps=300,
        ),
        Stage(epochs=1, batch=16, learning_rate=4.5e-4, span_weight=0.3),
        Stage(epochs=2, batch=16, learning_rate=4e-4, span_weight=0.3),
    )
    seed: int = 5
    rank: int = 32
    label_spread: float = 0.45  # in stars: neighbouring ratings count as nearly right
    weight_mean_decay: float = 0.99


def build_model(recipe: Recipe) -> PeftModel:
    """MiniLM with a fresh adapter on every linear layer of its encoder; pooler and head train in full."""
    torch.manual_seed(recipe.seed)
    config = AutoConfig.from_pretrained(
        minilm_folder(),
        num_labels=len(STAR_LABELS),
        id2label=dict(enumerate(STAR_LABELS)),
        label2id={label: index for index, label in enumerate(STAR_LABELS)},
    )
    base = AutoModelForSequenceClassification.from_pretrained(minilm_folder(), config=config)
    adapter = LoraConfig(
        task_type="SEQ_CLS",
        r=recipe.rank,
        lora_alpha=2 * recipe.rank,
        target_modules=r".*encoder.*\.(query|key|value|dense)",
        modules_to_save=["pooler"],  # the classifier comes with the task type
    )
    return get_peft_model(base, adapter)


def trainable_weights(model: torch.nn.Module) -> dict[str, Tensor]:
    return {name: weight for name, weight in model.named_parameters() if weight.requires_grad}


class Examples:
    """The phrases of the training trees: whole sentences, and what is inside them, each wording once."""

    def __init__(self, trees: Path) -> None:
        phrases = [tree_phrases(line) for line in trees.read_text(encoding="utf-8").splitlines()]
        self.sentences = [inside[-1] for inside in phrases]
        whole = {sentence.words for sentence in self.sentences}
        unique = {phrase.words: phrase for inside in phrases for phrase in inside if phrase.words not in whole}
        self.polar = [phrase for phrase in unique.values() if phrase.stars != 3]
        self.neutral = [phrase for phrase in unique.values() if phrase.stars == 3]

    def batches(self, stage: Stage, seed: str) -> list[list[Phrase]]:
        """One epoch in random order; texts of like length share a batch, so little is padded."""
        chance = random.Random(seed)
        texts = self.sentences + chance.sample(self.polar, round(stage.phrase_share * len(self.polar)))
        texts += chance.sample(self.neutral, round(stage.neutral_share * len(self.neutral)))
        chance.shuffle(texts)
        batches: list[list[Phrase]] = []
        for start in range(0, len(texts), 40 * stage.batch):
            alike = sorted(texts[start : start + 40 * stage.batch], key=lambda phrase: len(phrase.words))
            batches += [alike[at : at + stage.batch] for at in range(0, len(alike), stage.batch)]
        chance.shuffle(batches)
        return batches


@dataclass(frozen=True)
class Step:
    """One optimizer step of the plan."""

    batch: list[Phrase]
    learning_rate: float
    span_weight: float
    ends: str | None  # the name of the epoch that this step completes


def plan_steps(recipe: Recipe, examples: Examples) -> Iterator[Step]:
    """Every step of the training; within a stage the learning rate warms up, then falls to a twentieth."""
    for number, stage in enumerate(recipe.stages, start=1):
        epochs = [examples.batches(stage, f"{recipe.seed}-{number}-{epoch}") for epoch in range(1, stage.epochs + 1)]
        ends = {sum(map(len, epochs[:epoch])): epoch for epoch in range(1, stage.epochs + 1)}
        batches = list(itertools.chain.from_iterable(epochs))
        kept = batches[: stage.most_steps]
        for done, batch in enumerate(kept):
            rise = min(1.0, (done + 1) / (0.06 * len(batches)))
            fall = 1.0 - 0.95 * done / len(batches)
            last = done + 1 == len(kept)
            name = f"stage {number}, epoch {ends.get(done + 1, stage.epochs)}" if done + 1 in ends or last else None
            yield Step(batch, stage.learning_rate * min(rise, fall), stage.span_weight, name)


@dataclass(frozen=True)
class Batch:
    """Texts as tensors, and the stretches inside them as token positions."""

    inputs: BatchEncoding
    labels: Int[Tensor, " text"]
    spans: Int[Tensor, "span 4"]  # text, first token, token after the last, label


def encode(phrases: list[Phrase], tokenizer, chance: random.Random) -> Batch:
    """The phrases as tensors, each spaced out or as people type it, by a toss of a coin."""
    written = [(spaced_text if chance.random() < 0.5 else plain_text)(phrase.words) for phrase in phrases]
    inputs = tokenizer([text for text, _ in written], padding=True, truncation=True, max_length=MAX_TOKENS)
    spans = []
    for row, (phrase, (_, word_starts)) in enumerate(zip(phrases, written, strict=True)):
        length = sum(inputs["attention_mask"][row])
        token_starts = [start for start, _ in inputs.encodings[row].offsets[1 : length - 1]]
        tokens = [1 + bisect_left(token_starts, start) for start in word_starts] + [length - 1]
        spans += [
            (row, tokens[first], tokens[end], stars - 1)
            for first, end, stars in phrase.spans
            if tokens[first] < tokens[end]
        ]
    labels = torch.tensor([phrase.stars - 1 for phrase in phrases])
    return Batch(inputs.convert_to_tensors("pt"), labels, torch.tensor(spans, dtype=torch.long).reshape(-1, 4))


def span_means(
    hidden: Float[Tensor, "text token hidden"], spans: Int[Tensor, "span 4"]
) -> Float[Tensor, "span hidden"]:
    """The mean hidden state of every span, from running sums: no loop over spans."""
    sums = torch.nn.functional.pad(hidden.cumsum(dim=1), (0, 0, 1, 0))
    row, first, end, _ = spans.unbind(dim=1)
    return (sums[row, end] - sums[row, first]) / (end - first)[:, None]


def soft_targets(labels: Tensor, spread: float) -> Float[Tensor, "text label"]:
    """Each label as a small hill over the stars, because a rating one star off is nearly right."""
    distance = torch.arange(len(STAR_LABELS)) - labels[:, None]
    return torch.softmax(-(distance**2) / (2 * spread**2), dim=-1)


class Training:
    """The state that a checkpoint holds: weights, their running mean, the optimizer, the number of steps done."""

    def __init__(self, recipe: Recipe, folder: Path) -> None:
        self.recipe, self.folder = recipe, folder
        self.tokenizer = AutoTokenizer.from_pretrained(minilm_folder())
        self.model = build_model(recipe).train()
        self.span_head = torch.nn.Linear(self.model.config.hidden_size, len(STAR_LABELS))
        self.weights = trainable_weights(self.model) | {
            f"span_head.{name}": weight for name, weight in self.span_head.named_parameters()
        }
        self.mean = {name: weight.detach().clone() for name, weight in self.weights.items()}
        self.optimizer = torch.optim.AdamW(self.weights.values(), lr=0.0, weight_decay=0.01, betas=(0.9, 0.98))
        self.steps_done = 0
        self.seconds = 0.0

    def step(self, step: Step) -> float:
        """The loss in nats of one batch, after learning from it."""
        started = time.monotonic()
        seed = self.recipe.seed * 1_000_003 + self.steps_done  # so that chance survives an interruption
        torch.manual_seed(seed)
        batch = encode(step.batch, self.tokenizer, random.Random(seed))
        output = self.model(**batch.inputs, output_hidden_states=True)
        loss = self._loss(output.logits, batch.labels)
        if step.span_weight and len(batch.spans):
            span_logits = self.span_head(span_means(output.hidden_states[-1], batch.spans))
            (loss + step.span_weight * self._loss(span_logits, batch.spans[:, 3])).backward()
        else:
            loss.backward()
        torch.nn.utils.clip_grad_norm_(self.weights.values(), 1.0)
        for group in self.optimizer.param_groups:
            group["lr"] = step.learning_rate
        self.optimizer.step()
        self.optimizer.zero_grad()
        self.steps_done += 1
        self._update_mean()
        self.seconds += time.monotonic() - started
        return loss.item()

    def _loss(self, logits: Float[Tensor, "text label"], labels: Int[Tensor, " text"]) -> Tensor:
        return torch.nn.functional.cross_entropy(logits, soft_targets(labels, self.recipe.label_spread))

    @torch.no_grad()
    def _update_mean(self) -> None:
        decay = min(self.recipe.weight_mean_decay, self.steps_done / (self.steps_done + 10))
        torch._foreach_lerp_(list(self.mean.values()), list(self.weights.values()), 1.0 - decay)

    def save(self) -> None:
        """Writes the checkpoint; the old one stays until the new one is complete."""
        self.folder.mkdir(parents=True, exist_ok=True)
        weights = {name: weight.detach() for name, weight in self.weights.items()}
        state = {
            "recipe": json.dumps(asdict(self.recipe)),
            "steps_done": self.steps_done,
            "seconds": self.seconds,
            "weights": weights,
            "mean": self.mean,
            "optimizer": self.optimizer.state_dict(),
        }
        torch.save(state, self.folder / "checkpoint.new")
        (self.folder / "checkpoint.new").replace(self.folder / "checkpoint.pt")

    @torch.no_grad()
    def resume(self) -> bool:
        """Whether a checkpoint of this very recipe was there to go on from."""
        path = self.folder / "checkpoint.pt"
        if not path.exists():
            return False
        state = torch.load(path, weights_only=True)
        if state["recipe"] != json.dumps(asdict(self.recipe)):
            print("The checkpoint belongs to another recipe: starting anew.", flush=True)
            return False
        for name, weight in self.weights.items():
            weight.copy_(state["weights"][name])
            self.mean[name].copy_(state["mean"][name])
        self.optimizer.load_state_dict(state["optimizer"])
        self.steps_done, self.seconds = state["steps_done"], state["seconds"]
        return True

    @torch.no_grad()
    def swap_in_mean(self) -> None:
        """Exchanges the weights and their running mean; called twice, it changes nothing."""
        for name, weight in self.weights.items():
            current = weight.detach().clone()
            weight.copy_(self.mean[name])
            self.mean[name].copy_(current)

    def dev_logits(self, texts: list[str]) -> Float[Tensor, "text label"]:
        """Logits of the running mean of the weights, the ones that ship."""
        self.swap_in_mean()
        self.model.eval()
        logits = predict_logits(self.model, self.tokenizer, texts)
        self.model.train()
        self.swap_in_mean()
        return logits


def train(recipe: Recipe, examples: Examples, dev: list[tuple[int, str]], folder: Path) -> Training:
    """The finished training, resumed when a checkpoint is there; prints where it stands every few seconds."""
    training = Training(recipe, folder)
    resumed = training.resume()
    steps = list(plan_steps(recipe, examples))
    print(f"{'Resuming at' if resumed else 'Starting:'} step {training.steps_done} of {len(steps)}", flush=True)
    labels = torch.tensor([stars - 1 for stars, _ in dev])
    losses: list[float] = []
    for step in steps[training.steps_done :]:
        losses.append(training.step(step))
        done = training.steps_done
        if done % 100 == 0:
            left = (len(steps) - done) * training.seconds / done / 60
            mean_loss = sum(losses[-100:]) / len(losses[-100:])
            print(f"step {done}/{len(steps)}  loss {mean_loss:.3f}  about {left:.0f} min left", flush=True)
        if done % 200 == 0:
            training.save()
        if step.ends:
            training.save()
            figures = sentiment_figures(training.dev_logits([text for _, text in dev]), labels)
            print(f"{step.ends}: dev {json.dumps(figures)}", flush=True)
    return training


def fit_temperature(logits: Float[Tensor, "text label"], labels: Tensor) -> float:
    """The temperature that makes the labels most likely: one number, found on a grid of hundredths.

    Source: Guo et al., 2017, On Calibration of Modern Neural Networks, section 4.2.
    """
    grid = [hundredths / 100 for hundredths in range(30, 300)]
    losses = [float(torch.nn.functional.cross_entropy(logits / value, labels)) for value in grid]
    return grid[losses.index(min(losses))]


def export(training: Training, dev: list[tuple[int, str]], folder: Path) -> dict:
    """Dev figures of what was written: adapter and calibrated head as float16, config, and how they came about."""
    labels = torch.tensor([stars - 1 for stars, _ in dev])
    logits = training.dev_logits([text for _, text in dev])
    temperature = fit_temperature(logits, labels)
    training.swap_in_mean()
    tensors = get_peft_model_state_dict(training.model, save_embedding_layers=False)
    folder.mkdir(parents=True, exist_ok=True)
    save_file(calibrated_as_float16(tensors, temperature), folder / "adapter_model.safetensors", {"format": "pt"})
    (folder / "adapter_model.safetensors").chmod(0o644)
    training.swap_in_mean()
    adapter = training.model.peft_config["default"]
    adapter.base_model_name_or_path, adapter.inference_mode = BASE_MODEL_ID, True
    adapter.save_pretrained(str(folder))
    config = training.model.config
    config.calibration_temperature = temperature  # already folded into the head: a record, not an instruction
    config.architectures = ["BertForSequenceClassification"]
    config.save_pretrained(folder)
    figures = sentiment_figures(logits / temperature, labels)
    record = {
        "recipe": asdict(training.recipe),
        "minutes": round(training.seconds / 60, 1),
        "threads": torch.get_num_threads(),
        "dev_before_calibration": sentiment_figures(logits, labels),
        "dev": figures,
    }
    (folder / "training.json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    return figures


def calibrated_as_float16(tensors: dict[str, Tensor], temperature: float) -> dict[str, Tensor]:
    """The tensors as they ship: the head divided by the temperature, so that its logits need no further treatment."""
    return {
        name: (tensor / temperature if "classifier" in name else tensor).half().contiguous()
        for name, tensor in tensors.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Trains the 5-star sentiment model (about an hour on one core).")
    add_data_argument(parser)
    parser.add_argument("--out", type=Path, default=MODEL_FOLDER, help="where the adapter goes")
    parser.add_argument("--run", type=Path, default=RUN_FOLDER, help="where the checkpoint lives meanwhile")
    parser.add_argument("--seed", type=int, default=Recipe.seed)
    parser.add_argument("--threads", type=int, default=1, help="more is faster, with last digits of its own")
    options = parser.parse_args()
    trees, dev_file = data_files(options.data, "sentiment/sst5_train_trees.txt", "sentiment/sst5_dev.txt")
    transformers_logging.set_verbosity_error()
    torch.set_num_threads(options.threads)
    torch.set_flush_denormal(True)
    recipe, dev = replace(Recipe(), seed=options.seed), read_labelled(dev_file)
    training = train(recipe, Examples(trees), dev, options.run)
    print(json.dumps(export(training, dev, options.out)))


if __name__ == "__main__":
    main()
