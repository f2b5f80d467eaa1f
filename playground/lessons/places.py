"""The tabs that a lesson can set the stage on, and the fields of each: written down here alone, as data.

A field has the name that it bears in a lesson, the label of its control in the page, and the field of the request that
it becomes. From this a stage is filled in the page, and run without one (`stages`). Tests compare it with both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from playground.pipelines.request import TASKS
from playground.training.request import EPOCHS, LEARNING_RATES, METHODS, MOST_EPOCHS
from playground.training.stories import example

Kind = Literal["text", "lines", "words", "number", "flag", "choice", "model", "models", "messages", "cells"]
QUANTIZATIONS = ("auto", "float32", "bfloat16", "float16", "8-bit", "fast-8-bit", "4-bit")


@dataclass(frozen=True)
class Field:
    """One field: what it is called, what may stand in it, and where that goes.

    ``request_field`` is a path into the request (empty: the field only chooses what is shown of the answer).
    ``default`` is what the page has there at first, or nothing where that is an example; None for a model is the first
    that the page offers. ``label`` is
    that of the control (empty: the control is drawn by a view). In the page ``lines`` stand one under the other and
    ``words`` are separated by commas; ``cells`` are [row, column] pairs.
    """

    name: str
    kind: Kind
    request_field: str
    default: Any
    about: str
    label: str = ""
    choices: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Place:
    """A tab of the page, or a part of one.

    ``tab`` and ``part`` are its ids in the page. ``runs`` is the method of the playground that answers, ``request`` the
    class of what it is asked (empty: it takes the fields themselves). ``button`` is what the learner presses; empty
    where the page answers by itself. With one of the values of ``buttons`` in a field it is another button. ``beside``
    are the names of what else is shown of the answer, each with what that is.
    """

    name: str
    title: str
    tab: str
    part: str
    runs: str
    request: str
    button: str
    fields: tuple[Field, ...]
    buttons: Mapping[str, str] = field(default_factory=dict)
    beside: Mapping[str, str] = field(default_factory=dict)

    def field(self, name: str) -> Field | None:
        """The field of this name, or None."""
        return next((field for field in self.fields if field.name == name), None)

    def defaults(self) -> dict[str, Any]:
        """What the page has in each field at first."""
        return {field.name: field.default for field in self.fields}


def _text(about: str, label: str = "text") -> Field:
    return Field("text", "text", "text", "", about, label)


def _model(request_field: str = "model_id", label: str = "model_id") -> Field:
    return Field("model_id", "model", request_field, None, "The id of a model of the catalog.", label)


def _flag(name: str, request_field: str, default: bool, about: str, label: str = "") -> Field:
    return Field(name, "flag", request_field, default, about, label)


def _number(name: str, default: float, low: float, high: float, about: str) -> Field:
    return Field(name, "number", name, default, about, name, (), low, high)


_BATCH = "The cat sat on the mat.\nCats sleep.\nUnbelievable playgrounds everywhere!"
_TEMPLATE = "When people hear the word {source}, they think of the word {target}"
_MATRIX = (
    "man, woman, boy, girl, king, queen, father, mother, doctor, nurse, hospital, dog, cat, horse, animal, "
    "bread, butter, milk, car, road"
)
_COMPARED = (
    "We refund every order within thirty days.\nReturns are free of charge.\nThe bank lends money to farmers.\n"
    "My cat sleeps all day long."
)
_ROWS = (Path(__file__).parents[2] / "assets" / "examples" / "intents.csv").read_text(encoding="utf-8")
_MISTAKES = ("no mask", "wrong padding side", "no special tokens")


def _batch(prefix: str) -> tuple[Field, ...]:
    return (
        Field("texts", "lines", f"{prefix}texts", _BATCH.split("\n"), "One to eight texts.", "texts"),
        _model(f"{prefix}model_id"),
        Field(
            "padding", "choice", f"{prefix}padding", "longest", "How short rows are filled up.", "padding",
            ("longest", "max_length", "do_not_pad"),
        ),
        Field(
            "truncation", "choice", f"{prefix}truncation", "do_not_truncate", "How long rows are cut.", "truncation",
            ("do_not_truncate", "longest_first", "only_first", "only_second"),
        ),
        Field(
            "max_length", "number", f"{prefix}max_length", 12, "Where padding or truncation needs a length.",
            "max_length", (), 1, 128,
        ),
        _flag(
            "add_special_tokens", f"{prefix}add_special_tokens", True, "Adds [CLS], [SEP] and their kind.",
            "add_special_tokens",
        ),
    )  # fmt: skip


_SAMPLER = (
    _flag("do_sample", "do_sample", False, "Draw by chance; off: nothing is left to chance.", "do_sample"),
    _number("temperature", 1.0, 0.05, 3, "Below 1 sharpens the distribution, above 1 flattens it."),
    _number("top_p", 1.0, 0, 1, "Keeps the fewest tokens that together reach this probability."),
    _number("max_new_tokens", 24, 1, 400, "The reply ends here at the latest."),
    _number("top_k", 50, 0, 200, "Keeps this many of the best tokens; 0: all."),
    _number("min_p", 0.0, 0, 0.5, "Cuts tokens below this share of the best one's probability."),
    _number("repetition_penalty", 1.0, 1, 2, "Above 1 makes tokens less likely that stand in the text."),
    _number("seed", 0, 0, 2**53, "The same seed draws the same tokens."),
    _number("num_beams", 1, 1, 8, "Above 1: beam search follows this many texts at once."),
    Field(
        "quantization", "choice", "quantization", "auto", "How the weights are held in memory.", "quantization",
        QUANTIZATIONS,
    ),
)  # fmt: skip

PLACES = (
    Place(
        "classification", "Classification", "classification", "one-text", "classify", "ClassifyRequest", "",
        (
            _text("What the classifier reads."),
            Field("text_pair", "text", "text_pair", "", "The second text, for models that compare two.", "text_pair"),
            _model(),
        ),
        beside={"steps": "Step by step"},
    ),
    Place(
        "tokens", "Tokens", "tokens", "tokens-live", "tokenize", "TokenizeRequest", "",
        (
            _text("What is cut into tokens.", label=""),
            _model(),
            _flag(
                "add_special_tokens", "add_special_tokens", True, "Adds [CLS], [SEP] and their kind.",
                "add_special_tokens",
            ),
        ),
    ),
    Place("batch", "Batch & masks", "tokens", "tokens-batch", "encode", "EncodeRequest", "", _batch("")),
    Place(
        "masks", "Batch & masks", "tokens", "tokens-batch", "compare_masks", "MaskRequest", "",
        (
            *_batch("batch."),
            Field(
                "mistake", "choice", "mistake", "flipped bits", "What is wrong with the mask.", "",
                ("flipped bits", *_MISTAKES),
            ),
            Field("flips", "cells", "flips", [], "Bits of attention_mask that are turned over: [row, column] from 0."),
        ),
        {one: one.capitalize() for one in _MISTAKES},
    ),
    Place(
        "chat", "Chat template", "tokens", "tokens-chat", "render_chat", "ChatTemplateRequest", "",
        (
            Field("messages", "messages", "messages", [], "The conversation: a list of role and content."),
            _model(),
            _flag("add_generation_prompt", "add_generation_prompt", True, "Opens the assistant's turn at the end."),
        ),
    ),
    Place(
        "tokenizers", "Compare", "tokens", "tokens-compare", "compare_tokenizers", "CompareRequest", "",
        (
            _text("What all of them cut."),
            Field("model_ids", "models", "model_ids", [], "The ids of two to four models.", "tokenizers"),
        ),
    ),
    Place(
        "attention", "Attention", "tokens", "tokens-attention", "attend", "AttentionRequest", "Show attention",
        (
            _text("What the model reads."),
            _model(),
            Field("second_text", "text", "second_text", "", "A second segment, or what a decoder reads.", "text_pair"),
            Field("padding", "number", "padding", 0, "Padding tokens to add.", "padding", (), 0, 16),
            Field("layer", "number", "", 0, "Which layer is shown large, counted from 0."),
            Field("head", "number", "", 0, "Which head is shown large, counted from 0."),
            Field("row", "text", "", "", "The token whose row is chosen, as `attention.reads` names it; empty: any."),
        ),
    ),
    Place(
        "generation", "Generation", "generation", "reply", "generate", "GenerateRequest", "Start",
        (
            Field("mode", "choice", "", "Complete", "Go on with the prompt, or answer it.", "prompt as",
                  ("Complete", "Chat")),
            Field("prompt", "text", "prompt", "", "What the model goes on from.", "prompt"),
            _model(),
            *_SAMPLER,
            Field("system", "text", "", "", "The system message of a chat.", "system message"),
        ),
        {"Chat": "Send"},
    ),
    Place(
        "similarity", "Similarity", "similarity", "words", "word_loss", "WordLossRequest", "Measure",
        (
            Field("words", "words", "words", ["man", "woman", "animal"], "Two or three words.", "words"),
            _model(),
            Field("template", "text", "template", _TEMPLATE, "The sentence that a causal model reads.", "template"),
        ),
    ),
    Place(
        "word_map", "Matrix", "similarity", "matrix", "map_words", "WordMatrixRequest", "Measure all pairs",
        (
            Field("words", "words", "words", _MATRIX.split(", "), "Up to 60 words.", "words"),
            _model(),
            Field("template", "text", "template", _TEMPLATE, "The sentence that a causal model reads.", "template"),
        ),
    ),
    Place(
        "twin", "Generation", "generation", "reply", "twin", "TwinRequest", "Compare both",
        (
            Field("text", "text", "text", "", "What both models read.", "text"),
            Field("model_id", "model", "model_id", None, "The id of the first model.", "first model"),
            Field(
                "quantization", "choice", "quantization", "float32", "How the first is held in memory.",
                "first quantization", QUANTIZATIONS,
            ),
            Field("other_model_id", "text", "other_model_id", "", "The second's id; empty: the same.", "second model"),
            Field(
                "other_quantization", "choice", "other_quantization", "8-bit", "How the second is held in memory.",
                "second quantization", QUANTIZATIONS,
            ),
            Field(
                "max_new_tokens", "number", "max_new_tokens", 24, "How far each goes on by itself.",
                "tokens that each writes", (), 0, 100,
            ),
        ),
    ),
    Place(
        "inside", "Look inside", "generation", "inside", "logit_lens", "LensRequest", "Look inside",
        (
            Field("text", "text", "prompt", "", "What the model reads.", "text"),
            _model(),
        ),
    ),
    Place(
        "why", "Look inside", "generation", "inside", "attribute_next", "AttributeNextRequest",
        "Compare three methods",
        (
            Field("text", "text", "prompt", "", "What the model reads.", "text"),
            _model(),
        ),
    ),
    Place(
        "pipelines", "Pipelines", "pipelines", "", "pipeline", "PipelineRequest", "Run",
        (
            Field("task", "choice", "task", "feature-extraction", "What is asked of the text.", "task", TASKS),
            _text("What the model reads: with [MASK] for fill-mask, the context of a question."),
            _model(),
            Field(
                "texts", "lines", "texts", _COMPARED.split("\n"), "What it is compared with (feature-extraction).",
                "texts",
            ),
            Field("question", "text", "question", "", "The question (question-answering).", "question"),
            Field(
                "candidate_labels", "words", "candidate_labels", [], "The labels (zero-shot-classification).",
                "candidate_labels",
            ),
            Field("targets", "words", "targets", [], "The only words that may be chosen (fill-mask).", "targets"),
            Field("prefix", "text", "prefix", "", "What stands before the text (encoder-decoders).", "prefix"),
        ),
    ),
    Place(
        "model_map", "The whole model", "models", "whole-model", "model_map", "ModelMapRequest", "Draw it",
        (
            Field("text", "text", "text", "", "What flows through the model.", "text"),
            Field("decoder_text", "text", "decoder_text", "", "What a decoder reads.", "what the decoder reads"),
            _model(),
            Field(
                "quantization", "choice", "quantization", "auto", "How it is held in memory.", "quantization",
                QUANTIZATIONS,
            ),
        ),
    ),
    Place(
        "training", "Fine-tune a classifier", "training", "classifier", "train_classifier", "TrainClassifierRequest",
        "Train",
        (
            Field("rows", "text", "", _ROWS, "A text and its label on each line.", "labelled rows: text,label"),
            _model(label="model to begin with"),
            Field("method", "choice", "method", "lora", "What is trained.", "method: what is trained", METHODS),
            _number("learning_rate", LEARNING_RATES["lora"], 1e-7, 1, "How far a step goes."),
            _number("num_train_epochs", EPOCHS["lora"], 1, MOST_EPOCHS, "How often it reads every row."),
            _number("per_device_train_batch_size", 16, 1, 64, "Rows of a step."),
            Field(
                "held_out", "number", "held_out", 0.25, "The share of rows that it never learns from.", "held out",
                (), 0.1, 0.5,
            ),
            _number("seed", 0, 0, 2**31 - 1, "Of the split, the first numbers and the order of the rows."),
        ),
    ),
    Place(
        "language_model", "A language model from nothing", "training", "language-model", "train_language_model",
        "TrainLanguageModelRequest", "Train",
        (
            Field(
                "source", "choice", "", "Stories by a grammar", "What it reads.", "what it reads",
                ("Stories by a grammar", "A text of your own"),
            ),
            Field("grammar", "text", "grammar", example(), "Lists of words, and patterns.", "grammar"),
            Field("text", "text", "text", "", "What it reads, where that is no grammar's.", "text"),
            _number("lines", 4000, 500, 20_000, "How many lines the grammar writes."),
            Field("prompt", "text", "prompt", "", "It goes on from here at each checkpoint.", "prompt"),
            Field(
                "tokenizer", "choice", "tokenizer", "characters", "How the text is cut.", "tokenizer",
                ("characters", "bpe"),
            ),
            _number("n_layer", 2, 1, 8, "How many layers it has."),
            _number("n_head", 4, 1, 8, "How many heads each layer has."),
            _number("hidden_size", 64, 16, 256, "How many numbers stand for a token."),
            _number("context", 96, 16, 256, "How many tokens it reads at once."),
            _number("max_steps", 2500, 50, 5000, "How many steps it takes."),
            _number("learning_rate", 3e-3, 1e-6, 0.1, "How far a step goes."),
            _number("seed", 0, 0, 2**31 - 1, "Of the first numbers, and of the order of the text."),
        ),
    ),
    Place(
        "models", "Models", "models", "memory", "quantizations", "", "",
        (_model(label=""),),
    ),
)  # fmt: skip


def place(name: str) -> Place | None:
    """The place of this name, or None."""
    return next((one for one in PLACES if one.name == name), None)
