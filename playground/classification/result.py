"""What the classification wing answers with: plain values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from playground.classification.request import AttributeRequest, ClassifyRequest, ClassifyTableRequest, PerturbRequest
from playground.models.pretrained import Pretrained
from playground.tables import BadRow

FunctionToApply = Literal["softmax", "sigmoid", "none"]

# One text


@dataclass(frozen=True)
class ClassifierInfo:
    """What a classifier can be asked, known once it is loaded; ``pretrained`` is how this run holds it.

    ``labels_note`` says, where config.json doesn't number its labels 0, 1, 2, ..., how they were named all the same.
    """

    model_id: str
    labels: tuple[str, ...]
    problem_type: str
    function_to_apply: FunctionToApply
    max_length: int
    pair_names: tuple[str, str] | None
    pretrained: Pretrained
    labels_note: str = ""


@dataclass(frozen=True)
class Token:
    """One token of an encoded text; ``start`` and ``end`` are character offsets into the text of its ``segment``.

    ``unknown`` is True where the token stands for something that the vocabulary can't write. ``attention_mask`` and
    ``token_type_id`` are None where the tokenizer returns none.
    """

    token: str
    token_id: int
    attention_mask: int | None
    token_type_id: int | None
    special: bool
    unknown: bool
    segment: int | None
    word: int | None
    start: int | None
    end: int | None


@dataclass(frozen=True)
class LabelProbability:
    """One label with its logit and what became of it.

    ``probability`` is the softmax or sigmoid of the logit; a regression model's is the logit itself, as the pipeline
    returns it.
    """

    label_id: int
    label: str
    logit: float
    probability: float


@dataclass(frozen=True)
class PipelineLabel:
    """One entry of what ``pipeline()`` returns, in its own words."""

    label: str
    score: float


@dataclass(frozen=True)
class ClassifyResult:
    """Everything between a text and its label; ``labels`` in the order of their ids, ``pipeline`` best first."""

    request: ClassifyRequest
    info: ClassifierInfo
    tokens: tuple[Token, ...]
    labels: tuple[LabelProbability, ...]
    pipeline: tuple[PipelineLabel, ...]
    max_difference: float
    entropy_nats: float | None
    tokens_used: int
    tokens_total: int
    cut_at: int | None
    cut_pair_at: int | None

    @property
    def best(self) -> LabelProbability:
        """The label with the highest probability."""
        return max(self.labels, key=lambda label: label.probability)


# Why, and what if


@dataclass(frozen=True)
class Word:
    """A word and the positions of its tokens; a special token is a word of its own."""

    text: str
    positions: tuple[int, ...]
    special: bool


@dataclass(frozen=True)
class MethodAttribution:
    """What one method says: a value per token and per word, in units of the logit; above 0 speaks for the label.

    ``delta`` is integrated gradients' error: the sum of its values minus the difference of the two logits.
    """

    method: str
    values: tuple[float, ...]
    word_values: tuple[float, ...]
    delta: float | None = None


@dataclass(frozen=True)
class AttributeResult:
    """The attributions of one label: its ``logit``, and ``neutral_logit`` where every token is ``neutral_token``.

    ``encoder_decoder`` is True for a model that reads the text in two places.
    """

    request: AttributeRequest
    info: ClassifierInfo
    label_id: int
    label: str
    predicted_id: int
    logit: float
    neutral_logit: float
    neutral_token: str
    tokens: tuple[Token, ...]
    words: tuple[Word, ...]
    methods: tuple[MethodAttribution, ...]
    encoder_decoder: bool = False


@dataclass(frozen=True)
class PerturbResult:
    """The labels before and after; ``tokens`` are those of the whole text."""

    request: PerturbRequest
    info: ClassifierInfo
    tokens: tuple[Token, ...]
    before: tuple[LabelProbability, ...]
    after: tuple[LabelProbability, ...]
    neutral_token: str


# A table


@dataclass(frozen=True)
class LabelReading:
    """One way to read a column of labels: ``fits`` values mean a label, the ``first`` of them with the label's name."""

    name: str
    fits: int
    first: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class TableProgress:
    """How far a run has come."""

    done: int
    total: int
    elapsed_seconds: float

    @property
    def rows_per_second(self) -> float:
        """Rows done for each second so far."""
        return self.done / self.elapsed_seconds if self.elapsed_seconds else 0.0


@dataclass(frozen=True)
class ClassifiedRow:
    """One row with its label; ``gold`` is the label id that the table says is right, where it says so."""

    line: int
    text: str
    text_pair: str | None
    label_id: int
    label: str
    probability: float
    probabilities: tuple[float, ...]
    tokens_used: int
    tokens_total: int
    gold: int | None


@dataclass(frozen=True)
class TableResult:
    """The rows in the order of the table; ``read_as`` is the reading of the label column that was taken.

    ``no_metrics`` says why there are no metrics though a label column was named. A stopped run has the longest of its
    ``usable_rows``, because those come first.
    """

    request: ClassifyTableRequest
    info: ClassifierInfo
    rows: tuple[ClassifiedRow, ...]
    bad_rows: tuple[BadRow, ...]
    read_as: LabelReading | None
    no_metrics: str
    elapsed_seconds: float
    usable_rows: int

    @property
    def stopped(self) -> bool:
        """True if the run was stopped before it had all rows."""
        return len(self.rows) < self.usable_rows


@dataclass(frozen=True)
class LabelMetrics:
    """How one label did. A share with nothing to divide by is 0, as in scikit-learn."""

    label: str
    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True)
class ReliabilityBin:
    """Answers given with a probability in ``low..high``: how sure the model was on average, how often it was right."""

    low: float
    high: float
    count: int
    confidence: float
    accuracy: float


@dataclass(frozen=True)
class Evaluation:
    """How predictions compare with the right labels; ``confusion[gold][predicted]`` counts rows.

    Beside ``accuracy`` stands what needs no model: ``chance`` guesses any label alike, ``majority`` always says
    ``majority_label``, the most frequent one. ``mean_distance`` counts steps between ordered labels, such as stars;
    None where they have no order.
    """

    labels: tuple[str, ...]
    count: int
    accuracy: float
    chance: float
    majority: float
    majority_label: str
    mean_distance: float | None
    macro_f1: float
    per_label: tuple[LabelMetrics, ...]
    confusion: tuple[tuple[int, ...], ...]
    reliability: tuple[ReliabilityBin, ...]
    expected_calibration_error: float
