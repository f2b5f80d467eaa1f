"""What a training of a classifier would take, before it begins: rows, numbers, bytes; and the job for the line."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

from playground.errors import UnsupportedOptionError, WrongTaskError
from playground.models.adapters import read_adapter
from playground.models.loading import blueprint, explaining, load_config, pick_device
from playground.training.classifier.begin import predicted_counts
from playground.training.classifier.job import MOST_TOKENS, FitClassifier, split_said
from playground.training.classifier.split import Split, split_rows
from playground.training.desk import FLOAT, PROCESS_BYTES, Training
from playground.training.events import ClassifierPlan, TrainingBytes
from playground.training.line import threads_for
from playground.training.receipt import classifier_receipt
from playground.training.request import BASES, MOST_ROWS, MOST_ROWS_OF_VISITORS, TrainClassifierRequest

if TYPE_CHECKING:
    from pathlib import Path

    from transformers import PreTrainedConfig

    from playground.models.catalog import ModelSpec
    from playground.models.manager import ModelManager
    from playground.receipt import Receipt
    from playground.training.events import TrainedClassifier

TASK = "text-classification"
WORK = "playground.training.classifier.fit:fit"
PER_CHARACTER = 0.4  # tokens, at the most, in what people write
PER_TOKEN = 17  # numbers that each layer keeps of a token for the way back, per number of its hidden state


def classifier_training(manager: ModelManager, asked: TrainClassifierRequest) -> Training:
    """The job for the line.

    Raises:
        InputError: these rows can't teach. ModelError: this model can't be trained.
    """
    split, spec = _split(manager, asked), base_of(manager, asked)
    folder = _whole_folder(manager, spec)
    plan = _plan(asked, split, spec, _config(spec, folder, len(split.labels)))
    title = asked.name or f"My {spec.title.partition(' (')[0]}"
    job = FitClassifier(asked, split, str(folder), spec.id, title)
    return Training(
        WORK, job, TASK, title, plan.bytes, plan.split.parameters, asked.person, asked.address, asked.run_id,
        asked.keep, split.held.texts[0][:200],
    )  # fmt: skip


def plan_classifier(manager: ModelManager, asked: TrainClassifierRequest) -> ClassifierPlan:
    """What a training would take; nothing is loaded.

    Raises:
        As `classifier_training`.
    """
    split, spec = _split(manager, asked), base_of(manager, asked)
    return _plan(asked, split, spec, _config(spec, _whole_folder(manager, spec), len(split.labels)))


def receipt_of(
    manager: ModelManager, asked: TrainClassifierRequest, result: TrainedClassifier | None = None
) -> Receipt:
    """The code of a training, with as many threads as it has here.

    Raises:
        As `classifier_training`.
    """
    device = str(pick_device(manager.settings.device))
    origin = manager.origin(base_of(manager, asked).id)
    return classifier_receipt(origin, asked, _split(manager, asked), threads_for(device), result)


def base_of(manager: ModelManager, asked: TrainClassifierRequest) -> ModelSpec:
    """The model to begin with; the catalog's first encoder where none is named."""
    return manager.spec(asked.model_id, BASES[0])


def _split(manager: ModelManager, asked: TrainClassifierRequest) -> Split:
    most = MOST_ROWS_OF_VISITORS if manager.settings.public else MOST_ROWS
    return split_rows(asked.table, asked.text_column, asked.label_column, asked.held_out, asked.seed, most)


def _whole_folder(manager: ModelManager, spec: ModelSpec) -> Path:
    """The files of a model, prepared or downloaded first if need be.

    Raises:
        UnsupportedOptionError: they are an adapter alone.
    """
    folder = manager.folder(spec)
    if read_adapter(spec, folder) is not None:
        raise UnsupportedOptionError(
            f"{spec.title} is an adapter beside another model.", "Begin with that one, or with MiniLM."
        )
    return folder


def _config(spec: ModelSpec, folder: Path, labels: int) -> PreTrainedConfig:
    """The configuration of the model with a head for so many labels.

    Raises:
        WrongTaskError: transformers has no classifier of this family.
    """
    task = TASK if spec.task == TASK else "feature-extraction"
    config = copy.deepcopy(load_config(spec, folder, task))
    if getattr(config, "is_encoder_decoder", False):
        raise WrongTaskError(f"{spec.title} reads with an encoder and writes with a decoder.", "Pick an encoder.")
    config.num_labels = labels
    return config


def _plan(asked: TrainClassifierRequest, split: Split, spec: ModelSpec, config: PreTrainedConfig) -> ClassifierPlan:
    device = pick_device("cpu")
    with explaining(spec):
        shape = blueprint(config, TASK, "float32", device)
    total, trained = predicted_counts(shape, asked.method, asked.r)
    said = split_said(split, asked, (total, trained))
    return ClassifierPlan(spec.id, said, _bytes(asked, split, config, total, trained))


def _bytes(
    asked: TrainClassifierRequest, split: Split, config: PreTrainedConfig, total: int, trained: int
) -> TrainingBytes:
    """What training takes: AdamW keeps two numbers per trained one, and the best weights so far are kept, too."""
    longest = max(map(len, (*split.train.texts, *split.held.texts)))
    tokens = min(MOST_TOKENS, int(longest * PER_CHARACTER) + 2)
    hidden, layers = getattr(config, "hidden_size", 512), getattr(config, "num_hidden_layers", 6)
    rows = max(asked.per_device_train_batch_size, 16)
    heads = getattr(config, "num_attention_heads", 12)
    kept = rows * tokens * layers * (PER_TOKEN * hidden + 3 * heads * tokens)
    return TrainingBytes(
        weights=FLOAT * total,
        gradients=FLOAT * trained,
        optimizer=2 * FLOAT * trained,
        activations=FLOAT * kept,
        process=PROCESS_BYTES,
        best=FLOAT * trained,
    )
