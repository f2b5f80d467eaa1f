"""What a training tells while it runs, and what comes back at its end.

They come in this order: `MergesLearned` (of BPE, in parts), one `CorpusRead`, then `LossLogged` and
`TrainingCheckpoint` in turn, and `LanguageModelTrained` as the last.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from playground.training.events import TrainingBegins, TrainingBytes, TrainingWaits
from playground.training.language_model.request import TrainLanguageModelRequest


@dataclass(frozen=True)
class Merge:
    """Two neighbours that became one piece: how often they stood beside each other, and how long the text is then."""

    left: str
    right: str
    count: int
    tokens: int


@dataclass(frozen=True)
class MergesLearned:
    """The next merges of BPE, in the order in which they were learned; ``first`` counts from 0."""

    type: ClassVar[Literal["merges_learned"]] = "merges_learned"

    first: int
    merges: tuple[Merge, ...]
    total: int


@dataclass(frozen=True)
class CorpusRead:
    """The text as the model will see it, and the two levels that its loss is measured against, in nats per token.

    ``uniform_loss`` is that of guessing any entry of the vocabulary, ``unigram_loss`` that of knowing how frequent each
    is and nothing else. ``probe`` are the tokens on which a head's attention is shown at each `TrainingCheckpoint`.
    """

    type: ClassVar[Literal["corpus_read"]] = "corpus_read"

    characters: int
    train_tokens: int
    heldout_tokens: int
    vocab_size: int
    parameters: int
    blocks: int
    uniform_loss: float
    unigram_loss: float
    excerpt: str
    probe: tuple[str, ...]
    possible_lines: int


@dataclass(frozen=True)
class LanguageModelPlan:
    """What a training would take, before it begins. ``vocab_size`` is the largest that BPE may come to.

    ``excerpt`` is the beginning of the text, ``possible_lines`` how many a grammar can write, 0 without one.
    """

    characters: int
    vocab_size: int
    parameters: int
    bytes: TrainingBytes
    possible_lines: int
    excerpt: str


@dataclass(frozen=True)
class LossLogged:
    """The mean training loss since the last one, in nats per token, at this step."""

    type: ClassVar[Literal["loss_logged"]] = "loss_logged"

    step: int
    loss: float
    learning_rate: float
    seconds: float


@dataclass(frozen=True)
class TrainingSample:
    """What the model wrote at a checkpoint, the prompt first.

    Of a grammar's model: whether the grammar could have written this line, how many characters follow it, and whether
    the line didn't stand in the text that the model read.
    """

    text: str
    accepted: bool | None = None
    follows: int | None = None
    is_new: bool | None = None


@dataclass(frozen=True)
class TrainingCheckpoint:
    """The model at one step: its loss on text that it isn't trained on, what it writes, where its heads look.

    ``known_words`` is the share of the words it wrote that stand in the text; ``accepted`` that of lines which the
    grammar could write, None without a grammar. ``attention`` holds a byte for each weight (255 is 1), layer by layer,
    head by head, row by row of the `CorpusRead.probe`; a row ends at its own token.
    """

    type: ClassVar[Literal["checkpoint"]] = "checkpoint"

    step: int
    seconds: float
    heldout_loss: float
    known_words: float
    accepted: float | None
    samples: tuple[TrainingSample, ...]
    attention: bytes


@dataclass(frozen=True)
class LanguageModelTrained:
    """What came out. ``model_id`` is its name in the manager, ``title`` how the page names it.

    ``reason`` says why it ended: "done", "stopped" or "time". ``losses`` are (step, loss) as they were logged,
    ``threads`` how many the processor computed with: other numbers of threads add in another order.
    """

    type: ClassVar[Literal["language_model_trained"]] = "language_model_trained"

    request: TrainLanguageModelRequest
    model_id: str
    title: str
    steps: int
    seconds: float
    reason: Literal["done", "stopped", "time"]
    parameters: int
    vocab_size: int
    losses: tuple[tuple[int, float], ...]
    heldout_loss: float
    accepted: float | None
    known_words: float
    new_share: float | None
    samples: tuple[TrainingSample, ...]
    device: str
    threads: int


LanguageModelEvent = (
    TrainingWaits | TrainingBegins | MergesLearned | CorpusRead | LossLogged | TrainingCheckpoint | LanguageModelTrained
)
