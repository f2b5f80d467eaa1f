"""Trains the word-association model: a small T5 that reads a word and predicts what people think of next.

    python -m training.association --data DIR

The idea that makes this fit two cores: nearly every word is one piece of the tokenizer, so the decoder's first step is
a whole distribution over words. Rather than sampling (word, associate) pairs, each row of a batch is compared with the
teacher's full distribution, all pieces at once: what people answered, mixed with the nearest words in the teacher's
space (see `association_teacher.py`). The shared embedding starts as the teacher's vectors and the layers start as a
straight road from the encoder to the output, so training starts from meaning.

Interrupted? Run the same command again: it goes on from the last checkpoint in `--run`. Same seed, machine and threads:
same weights.
"""

from __future__ import annotations

import argparse
import math
import re
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer, decoders, normalizers, pre_tokenizers, processors
from tokenizers.models import Unigram
from torch.nn import functional as F
from transformers import GenerationConfig, PreTrainedTokenizerFast, T5Config, T5ForConditionalGeneration

from training.association_teacher import WORDNET, Teacher, build_teacher, compare_with_pieces
from training.data import add_data_argument

OUT = Path("assets/models/association")
SPECIAL = ["<pad>", "</s>", "<unk>"]
PAD, EOS = 0, 1
END, START, COMMON = -3, -2, -1  # dimensions of the embedding with a meaning of their own at the start
FIRST_PIECE = 3  # piece i of the teacher's words has id FIRST_PIECE + i


@dataclass(frozen=True)
class Recipe:
    """The numbers that were tried; see the model card for what each brought."""

    seed: int = 7
    n_pieces: int = 26_000
    n_endings: int = 500
    d_model: int = 256
    d_ff: int = 1024
    steps: int = 2000
    batch: int = 96
    top_columns: int = 48  # of each row, compared exactly
    random_columns: int = 4000  # of the rest, weighted to stand for all of it
    spelling_batch: int = 12
    learning_rate: float = 1e-3
    embedding_learning_rate: float = 2e-4
    warmup: int = 30
    answers_share: float = 0.35  # of the target that is what people answered, where people were asked
    regression_weight: float = 0.15  # of matching the whole row of log ratios, not only its top


# --- tokenizer ------------------------------------------------------------------------------------------------------


def find_endings(words: list[str], n_pieces: int, n_endings: int) -> list[str]:
    """Return what most often follows a known piece inside the words that are not pieces (`s`, `ness`, `man`, ...)."""
    pieces = set(words[:n_pieces])
    counts: Counter[str] = Counter()
    for word in re.findall(r"[a-z]+", " ".join(words[n_pieces:])):
        for cut in range(len(word) - 1, 2, -1):
            if word[:cut] in pieces:
                counts[word[cut:]] += 1
                break
    return [ending for ending, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0])) if len(ending) > 1][
        :n_endings
    ]


def build_tokenizer(words: list[str], n_pieces: int, n_endings: int) -> PreTrainedTokenizerFast:
    """Return a Unigram tokenizer whose piece `FIRST_PIECE + i` is `▁` + word i, never split further."""
    scores = [(f"▁{word}", -math.log(rank + 10) - 2.5) for rank, word in enumerate(words[:n_pieces])]
    worst = scores[-1][1]
    inside = find_endings(words, n_pieces, n_endings)
    letters = [chr(c) for c in range(33, 127) if not chr(c).isupper()] + list("¡£§°¿–—‘’“”•…€")
    taken = {piece for piece, _ in scores}
    scores += (
        [(piece, worst - 2) for piece in inside] + [("▁", worst - 2)] + [(letter, worst - 8) for letter in letters]
    )
    scores += [(f"▁{letter}", worst - 5) for letter in letters if f"▁{letter}" not in taken]
    core = Tokenizer(Unigram([(special, 0.0) for special in SPECIAL] + scores, unk_id=2, byte_fallback=False))
    core.normalizer = normalizers.Sequence([normalizers.NFKD(), normalizers.StripAccents(), normalizers.Lowercase()])
    core.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")]
    )
    core.decoder = decoders.Metaspace(replacement="▁", prepend_scheme="always")
    core.post_processor = processors.TemplateProcessing(
        single="$A </s>", pair="$A </s> $B </s>", special_tokens=[("</s>", EOS)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=core, pad_token="<pad>", eos_token="</s>", unk_token="<unk>", model_max_length=64
    )


# --- model ----------------------------------------------------------------------------------------------------------


def build_model(teacher: Teacher, tokenizer: PreTrainedTokenizerFast, recipe: Recipe) -> T5ForConditionalGeneration:
    """Return a T5 with 2+2 layers that already answers "the words nearest to the source" before any training."""
    torch.manual_seed(recipe.seed)
    config = T5Config(
        vocab_size=len(tokenizer), d_model=recipe.d_model, d_kv=64, num_heads=recipe.d_model // 64, d_ff=recipe.d_ff,
        num_layers=2, num_decoder_layers=2, dropout_rate=0.0, feed_forward_proj="relu", tie_word_embeddings=True,
        pad_token_id=PAD, eos_token_id=EOS, decoder_start_token_id=PAD,
    )  # fmt: skip
    model = T5ForConditionalGeneration(config)
    with torch.no_grad():
        fill_embedding(model.shared.weight, teacher)
        open_the_straight_road(model)
    return model


def fill_embedding(weight: torch.Tensor, teacher: Teacher) -> None:
    """Put each piece's meaning in its row; the last three dimensions mark the end, the start and how common it is."""
    n_features = weight.shape[1] - 3
    meaning = F.normalize(torch.tensor(teacher.meaning[: teacher.n_pieces, :n_features])) * math.sqrt(n_features)
    prior = torch.tensor(teacher.log_prior)
    words = slice(FIRST_PIECE, FIRST_PIECE + teacher.n_pieces)
    weight.mul_(0.2)
    weight[:, -3:] = 0.0
    weight[words, :n_features] = meaning
    weight[words, COMMON] = prior - prior.mean()
    weight[:, END] = -1.0
    weight[:FIRST_PIECE] = 0.0
    weight[EOS, END], weight[PAD, START] = 10.0, 1.0


def open_the_straight_road(model: T5ForConditionalGeneration) -> None:
    """Let the decoder's first layer copy the encoder's word into its own stream, and end after one word.

    The output is compared with the same embedding, so the copy alone ranks words by closeness; training does the rest.
    """
    for block in [*model.encoder.block, *model.decoder.block]:
        for layer in block.layer:
            inner = next(iter(layer.children()))
            (inner.wo if hasattr(inner, "wo") else inner.o).weight.mul_(0.1)
    self_attention, cross_attention = (
        model.decoder.block[0].layer[0].SelfAttention,
        model.decoder.block[0].layer[1].EncDecAttention,
    )
    self_attention.v.weight[:2] = 0.0
    self_attention.v.weight[0, START] = self_attention.v.weight[1, END] = 1.0
    self_attention.o.weight[COMMON, 0] = 35.0 / math.sqrt(model.model_dim)
    self_attention.o.weight[END, 0] = -10.0 / math.sqrt(model.model_dim)  # at the start, not the end
    self_attention.o.weight[END, 1] = -200.0  # after a word, the end
    keep = torch.eye(model.model_dim)
    keep[-3:] = 0.0
    cross_attention.v.weight.copy_(keep)
    cross_attention.o.weight.copy_(3.0 * keep)
    model.decoder.final_layer_norm.weight.fill_(1.2)


# --- targets --------------------------------------------------------------------------------------------------------


def log_targets(
    teacher: Teacher, meaning: torch.Tensor, sharpness: torch.Tensor, prior: torch.Tensor, rows: list[int], share: float
) -> torch.Tensor:
    """Return (row, piece): log-probabilities, the nearest words mixed with a `share` of what people answered."""
    closeness = compare_with_pieces(meaning, torch.tensor(rows), teacher.n_pieces)
    targets = F.log_softmax(prior + closeness * sharpness[rows, None], dim=-1)
    for i, row in enumerate(rows):
        if row in teacher.answers:
            pieces, shares = teacher.answers[row]
            said = share * torch.tensor(shares)
            targets[i] += torch.log1p(-said.sum())
            targets[i, pieces] = torch.logaddexp(targets[i, pieces], said.log())
    return targets


# --- training -------------------------------------------------------------------------------------------------------


class Trainer:
    """Holds what one step needs. Every step draws its batch from its own seed, so that a resumed run draws the same."""

    def __init__(self, teacher: Teacher, recipe: Recipe):
        self.teacher, self.recipe = teacher, recipe
        self.tokenizer = build_tokenizer(teacher.words, teacher.n_pieces, recipe.n_endings)
        self.model = build_model(teacher, self.tokenizer, recipe)
        self.meaning, self.prior = torch.tensor(teacher.meaning), torch.tensor(teacher.log_prior)
        self.sharpness = torch.tensor(teacher.sharpness)
        self.ids = self.tokenizer(teacher.words)["input_ids"]
        others = [*range(FIRST_PIECE), *range(FIRST_PIECE + teacher.n_pieces, len(self.tokenizer))]
        self.never_first = torch.tensor(others)  # endings, letters and special tokens
        weights = np.ones(len(teacher.words))
        weights[list(teacher.answers)] = 2.0
        weights[teacher.n_pieces :] *= 0.5
        self.source_weights = weights / weights.sum()
        shared = self.model.shared.weight
        rest = [p for p in self.model.parameters() if p is not shared]
        groups = [
            {"params": rest, "lr": recipe.learning_rate, "peak": recipe.learning_rate},
            {"params": [shared], "lr": recipe.embedding_learning_rate, "peak": recipe.embedding_learning_rate},
        ]
        self.optimizer = torch.optim.AdamW(groups, weight_decay=0.0, betas=(0.9, 0.98))

    def pad(self, rows: list[list[int]]) -> tuple[torch.Tensor, torch.Tensor]:
        longest = max(len(row) for row in rows)
        ids = torch.tensor([row + [PAD] * (longest - len(row)) for row in rows])
        return ids, (ids != PAD).long()

    def choose_columns(self, targets: torch.Tensor, random: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor]:
        """Return (pieces, log weights): the likeliest of each row at weight 1, and a random few for all the others."""
        n = self.teacher.n_pieces
        taken = torch.zeros(n, dtype=torch.bool)
        taken[targets.topk(self.recipe.top_columns, sorted=False).indices.flatten()] = True
        top, others = torch.nonzero(taken)[:, 0], torch.nonzero(~taken)[:, 0]
        some = others[torch.from_numpy(random.permutation(len(others))[: self.recipe.random_columns])]
        log_weight = math.log(len(others) / max(1, len(some)))
        return torch.cat([top, some]), torch.cat([torch.zeros(len(top)), torch.full((len(some),), log_weight)])

    def first_logits(self, ids: torch.Tensor, mask: torch.Tensor, columns: torch.Tensor) -> torch.Tensor:
        """Return (row, column) the logits of the decoder's first step, for the vocabulary's chosen columns alone."""
        encoded = self.model.encoder(input_ids=ids, attention_mask=mask).last_hidden_state
        start = torch.full((len(ids), 1), PAD)
        hidden = self.model.decoder(
            input_ids=start, encoder_hidden_states=encoded, encoder_attention_mask=mask
        ).last_hidden_state[:, 0]
        return hidden * self.model.model_dim**-0.5 @ self.model.shared.weight[columns].T

    def whole_row_loss(self, random: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor]:
        """Return (divergence, regression) of the first step from the teacher's rows. The last source is empty.

        The divergence keeps the top of a row right, the regression the log ratios to the baseline all along it.
        """
        recipe = self.recipe
        rows = random.choice(len(self.ids), recipe.batch, replace=False, p=self.source_weights).tolist()
        ids, mask = self.pad([self.ids[row] for row in rows] + [[EOS]])
        nearest = log_targets(self.teacher, self.meaning, self.sharpness, self.prior, rows, recipe.answers_share)
        targets = torch.cat([nearest, self.prior[None]])
        columns, log_weights = self.choose_columns(targets, random)
        targets = targets[:, columns]
        logits = self.first_logits(ids, mask, torch.cat([FIRST_PIECE + columns, self.never_first]))
        words = logits[:, : len(columns)]
        total = torch.cat([words + log_weights, logits[:, len(columns) :]], dim=1).logsumexp(-1, keepdim=True)
        said = words - total
        divergence = ((targets + log_weights).exp() * (targets - said)).sum(-1)
        weights = torch.ones(len(ids))
        weights[-1] = 10.0  # the baseline is subtracted from every other row
        ratio, wanted = said[:-1] - said[-1], targets[:-1] - self.prior[columns]
        error = (ratio - ratio.mean(1, keepdim=True)) - (wanted - wanted.mean(1, keepdim=True))
        return (weights * divergence).sum() / weights.sum(), error.pow(2).mean()

    def spelling_loss(self, random: np.random.Generator) -> torch.Tensor:
        """Return the loss after the first piece: where a word ends, and how words of several pieces go on."""
        n, words = self.recipe.spelling_batch, len(self.ids)
        single = random.choice(
            self.teacher.n_pieces, n * 2 // 3, p=self.prior.exp().numpy() / self.prior.exp().numpy().sum()
        )
        several = random.integers(self.teacher.n_pieces, words, n - len(single))
        targets = np.concatenate([single, several]).tolist()
        near = (self.meaning[targets] @ self.meaning[: self.teacher.n_pieces].T).topk(12).indices
        sources = [self.ids[int(near[i, random.integers(12)])] if random.random() > 0.15 else [EOS] for i in range(n)]
        ids, mask = self.pad(sources)
        labels, labels_mask = self.pad([self.ids[target] for target in targets])
        labels = labels.masked_fill(labels_mask == 0, -100)
        logits = self.model(input_ids=ids, attention_mask=mask, labels=labels).logits
        losses = F.cross_entropy(logits.transpose(1, 2), labels, ignore_index=-100, reduction="none")
        first = 0.02 * losses[len(single) :, 0].mean()
        return losses[:, 1:].sum() / (labels[:, 1:] != -100).sum() + first

    def step(self, number: int) -> dict[str, float]:
        recipe = self.recipe
        warm = min(1.0, (number + 1) / recipe.warmup)
        rate = warm * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * min(1.0, number / recipe.steps))))
        for group in self.optimizer.param_groups:
            group["lr"] = group["peak"] * rate
        random = np.random.default_rng([recipe.seed, number])
        divergence, error = self.whole_row_loss(random)
        spelling = self.spelling_loss(random)
        loss = divergence + recipe.regression_weight * error + 0.5 * spelling
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        return {"divergence": divergence.item(), "regression": error.item(), "spelling": spelling.item()}

    def save_checkpoint(self, path: Path, number: int) -> None:
        state = {"model": self.model.state_dict(), "optimizer": self.optimizer.state_dict(), "step": number}
        torch.save(state, path.with_suffix(".new"))
        path.with_suffix(".new").replace(path)  # an interruption leaves the old one whole

    def load_checkpoint(self, path: Path) -> int:
        state = torch.load(path, weights_only=True)
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        return int(state["step"])


def export(model: T5ForConditionalGeneration, tokenizer: PreTrainedTokenizerFast, folder: Path) -> None:
    """Write what plain `from_pretrained` loads: float16 safetensors, config, tokenizer, generation settings."""
    folder.mkdir(parents=True, exist_ok=True)
    half = T5ForConditionalGeneration(model.config)
    half.load_state_dict(model.state_dict())
    half.half().eval()
    half.generation_config = GenerationConfig(
        decoder_start_token_id=PAD, pad_token_id=PAD, eos_token_id=EOS, max_new_tokens=6, num_beams=1, do_sample=False
    )
    half.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def load_teacher(arguments: argparse.Namespace, recipe: Recipe) -> Teacher:
    """Return the teacher, kept in the run's folder because it takes minutes to build."""
    path = arguments.run / "teacher.npz"
    if not path.exists():
        teacher = build_teacher(arguments.data, arguments.wordnet, recipe.n_pieces, recipe.d_model, recipe.seed)
        keys = np.array(sorted(teacher.answers))
        lengths = np.array([len(teacher.answers[key][0]) for key in keys])
        np.savez(
            path, words=np.array(teacher.words), n_pieces=teacher.n_pieces, meaning=teacher.meaning,
            log_prior=teacher.log_prior, sharpness=teacher.sharpness, keys=keys, lengths=lengths,
            pieces=np.concatenate([teacher.answers[key][0] for key in keys]),
            shares=np.concatenate([teacher.answers[key][1] for key in keys]),
        )  # fmt: skip
    kept = np.load(path)
    cuts = np.cumsum(kept["lengths"])[:-1]
    rows = zip(kept["keys"].tolist(), np.split(kept["pieces"], cuts), np.split(kept["shares"], cuts), strict=True)
    answers = {key: (pieces, shares) for key, pieces, shares in rows}
    words, n_pieces = kept["words"].tolist(), int(kept["n_pieces"])
    return Teacher(words, n_pieces, kept["meaning"], answers, kept["log_prior"], kept["sharpness"])


def train(arguments: argparse.Namespace, recipe: Recipe) -> None:
    arguments.run.mkdir(parents=True, exist_ok=True)
    trainer = Trainer(load_teacher(arguments, recipe), recipe)
    checkpoint = arguments.run / "checkpoint.pt"
    first = trainer.load_checkpoint(checkpoint) if checkpoint.exists() else 0
    trainer.model.train()
    began = time.monotonic()
    for number in range(first, recipe.steps):
        losses = trainer.step(number)
        done = number + 1
        if done % 20 == 0:
            left = (time.monotonic() - began) / (done - first) * (recipe.steps - done)
            shown = "  ".join(f"{name} {value:.3f}" for name, value in losses.items())
            print(f"step {done:,}/{recipe.steps:,}  {shown}  {left / 60:.0f} min left", flush=True)
        if done % 200 == 0 or done == recipe.steps:
            trainer.save_checkpoint(checkpoint, done)
            export(trainer.model, trainer.tokenizer, arguments.out)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_data_argument(parser)
    parser.add_argument("--wordnet", type=Path, default=WORDNET, help="folder with data.noun, index.noun, ...")
    parser.add_argument("--run", type=Path, default=Path("build/training/association"), help="checkpoints go here")
    parser.add_argument("--out", type=Path, default=OUT, help="the finished model goes here")
    parser.add_argument("--steps", type=int, default=Recipe.steps)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    train(arguments, Recipe(steps=arguments.steps))


if __name__ == "__main__":
    main()
