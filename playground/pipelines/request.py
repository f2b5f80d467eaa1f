"""What can be asked of a pipeline: a task, a text and the options of that task, by transformers' own names."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, get_args

from playground.errors import EmptyInputError, InputError, InputTooLongError
from playground.texts import usable_text
from playground.values import real_number, texts, truth, whole_number

Task = Literal[
    "feature-extraction",
    "fill-mask",
    "zero-shot-classification",
    "token-classification",
    "question-answering",
    "summarization",
    "translation",
    "text2text-generation",
]
TASKS: tuple[str, ...] = get_args(Task)
SEQ2SEQ = ("summarization", "translation", "text2text-generation")
STRATEGIES = ("none", "simple", "first", "average", "max")
HYPOTHESIS = "This example is {}."
MAX_CHARACTERS = 100_000  # of one text
MAX_TEXTS = 16  # that are compared with the first
MAX_LABELS = 20
MAX_LABEL_CHARACTERS = 200
MAX_NEW_TOKENS = 128


class Option(NamedTuple):
    """An option: what it is if nobody says, how it is read, and what it may be (a choice, or the least and most)."""

    default: Any
    read: Callable[[str, Any], Any]
    allowed: tuple[Any, ...] = ()
    low: float | None = None
    high: float | None = None


def _word(name: str, value: Any) -> str:
    """A short text."""
    if not isinstance(value, str):
        raise InputError(f"{name} is {value!r}.", "Give a text.")
    return usable_text(value, 2_000, name)


def _written(default: int) -> dict[str, Option]:
    return {"prefix": Option(None, _word), "max_new_tokens": Option(default, whole_number, (), 1, MAX_NEW_TOKENS)}


OPTIONS: dict[str, dict[str, Option]] = {
    "feature-extraction": {"texts": Option((), texts)},
    "fill-mask": {"top_k": Option(5, whole_number, (), 1, 50), "targets": Option((), texts)},
    "zero-shot-classification": {
        "candidate_labels": Option((), texts),
        "hypothesis_template": Option(HYPOTHESIS, _word),
        "multi_label": Option(False, truth),
    },
    "token-classification": {
        "aggregation_strategy": Option("simple", _word, STRATEGIES),
        "stride": Option(None, whole_number, (), 0, 4096),
    },
    "question-answering": {
        "question": Option("", _word),
        "max_answer_len": Option(15, whole_number, (), 1, 200),
        "max_seq_len": Option(384, whole_number, (), 8, 8192),
        "doc_stride": Option(128, whole_number, (), 0, 4096),
        "handle_impossible_answer": Option(False, truth),
        "top_k": Option(5, whole_number, (), 1, 20),
    },
    "summarization": _written(60),
    "translation": _written(60),
    "text2text-generation": _written(60),
}


@dataclass(frozen=True)
class PipelineRequest:
    """A task on a text. An option that isn't given is what the task takes by default, see `OPTIONS`, and None here.

    ``text`` is what is read: with masks in it for fill-mask, the context for question-answering. For
    feature-extraction it is compared with ``texts``. Without a ``model_id`` it is the catalog's first for the task.
    ``prefix`` stands before the text that an encoder-decoder reads; by default what its config says. ``run_id`` is what
    the work can be stopped by, ``address`` where it was asked from.
    """

    task: Task = "feature-extraction"
    text: str = ""
    model_id: str = ""
    quantization: str = "auto"
    texts: tuple[str, ...] | None = None
    top_k: int | None = None
    targets: tuple[str, ...] | None = None
    candidate_labels: tuple[str, ...] | None = None
    hypothesis_template: str | None = None
    multi_label: bool | None = None
    aggregation_strategy: str | None = None
    stride: int | None = None
    question: str | None = None
    max_answer_len: int | None = None
    max_seq_len: int | None = None
    doc_stride: int | None = None
    handle_impossible_answer: bool | None = None
    prefix: str | None = None
    max_new_tokens: int | None = None
    run_id: str = ""
    address: str = ""

    def __post_init__(self) -> None:
        if self.task not in TASKS:
            raise InputError(f"There is no task {self.task!r} here.", f"Choose among {', '.join(TASKS)}.")
        own = OPTIONS[self.task]
        for name in {name for options in OPTIONS.values() for name in options}:
            given = getattr(self, name)
            if given is not None and not (isinstance(given, str | tuple | list) and not given):
                if name not in own:
                    raise InputError(f"{self.task} has no option {name}.", f"It has {', '.join(own)}.")
                value = _read(name, given, own[name])
                object.__setattr__(self, name, None if value == own[name].default else value)
            else:
                object.__setattr__(self, name, None)
        _check(self)

    def option(self, name: str) -> Any:
        """What an option is, given or by default."""
        given = getattr(self, name)
        return OPTIONS[self.task][name].default if given is None else given


def _read(name: str, given: Any, option: Option) -> Any:
    """An option's value.

    Raises:
        InputError: it can't be that; the message says what it may be.
    """
    value = option.read(name, given)
    if option.allowed and value not in option.allowed:
        raise InputError(f"{name} is {value!r}.", f"Use {', '.join(option.allowed)}.")
    if option.low is not None and option.high is not None and not option.low <= real_number(name, value) <= option.high:
        raise InputError(f"{name} is {value}.", f"Use {option.low:g} to {option.high:g}.")
    return value


def _check(request: PipelineRequest) -> None:
    """Nothing, if there is something to read.

    Raises:
        EmptyInputError, InputTooLongError, InputError: something is missing, too much, or no text.
    """
    if not isinstance(request.text, str):
        raise InputError("The text is no text.", "Give a text.")
    if not request.text.strip():
        raise EmptyInputError("There is no text yet.", "Type one, or pick an example.")
    usable_text(request.text, MAX_CHARACTERS)
    for number, one in enumerate(request.texts or (), start=1):
        if not one.strip():
            raise EmptyInputError(f"Text {number} to compare with is empty.", "Leave it out, or type something.")
        usable_text(one, MAX_CHARACTERS, f"Text {number}")
    if len(request.texts or ()) > MAX_TEXTS:
        raise InputTooLongError(f"There are {len(request.texts or ()):,} texts.", f"Give at most {MAX_TEXTS}.")
    _check_options(request)


def _check_options(request: PipelineRequest) -> None:
    if request.task == "question-answering" and not (request.question or "").strip():
        raise EmptyInputError("There is no question yet.", "Type one, or pick an example.")
    if request.task == "zero-shot-classification":
        _check_labels(request)
    if request.stride is not None and request.option("aggregation_strategy") == "none":
        raise InputError(
            "stride joins what windows of a long text say, and aggregation_strategy is 'none'.",
            "Choose simple, first, average or max.",
        )
    for target in request.targets or ():
        if not target.strip():
            raise EmptyInputError("One of the targets is empty.", "Leave it out.")
        usable_text(target, MAX_LABEL_CHARACTERS, "A target")
    if len(request.targets or ()) > 50:
        raise InputTooLongError(f"There are {len(request.targets or ())} targets.", "Give at most 50.")


def _check_labels(request: PipelineRequest) -> None:
    labels = request.candidate_labels or ()
    if not labels or not all(label.strip() for label in labels):
        raise EmptyInputError("There are no labels, or one of them is empty.", "Write some, separated by commas.")
    if len(labels) > MAX_LABELS:
        raise InputTooLongError(f"There are {len(labels)} labels.", f"Give at most {MAX_LABELS}.")
    for label in labels:
        usable_text(label, MAX_LABEL_CHARACTERS, "A label")
    template = str(request.option("hypothesis_template"))
    try:
        filled = template.format(labels[0])
    except (IndexError, KeyError, ValueError, AttributeError):
        filled = template
    if filled == template or template.replace("{}", "", 1).count("{"):
        raise InputError(
            f"The hypothesis_template {template!r} has no place for a label.", f"Write {{}} once: {HYPOTHESIS}"
        )
