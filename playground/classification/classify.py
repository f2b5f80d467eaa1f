"""Text -> label probabilities, with every number between the text and the label.

``pipeline("text-classification")`` is four steps: the tokenizer turns text into ``input_ids``, the model turns those
into one logit per label, softmax (or sigmoid, or nothing) turns logits into probabilities, and ``id2label`` names
them. `classify` does these steps one by one, runs the real pipeline beside them and says how far the two are apart.

Leaves out many texts at once (`table`), why a label was chosen (`attribution`) and how forward passes are shared
(`batching`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from playground.classification.batching import Classifier, classifier
from playground.classification.describe import TASK, classifier_info, label_probabilities
from playground.classification.request import AttributeRequest, ClassifyRequest
from playground.classification.result import ClassifyResult, LabelProbability, PipelineLabel, Token
from playground.errors import EmptyInputError
from playground.texts import usable_text

if TYPE_CHECKING:
    from transformers import BatchEncoding, PreTrainedTokenizerBase

    from playground.models.manager import ModelManager

MAX_CHARACTERS = 200_000


def classify(manager: ModelManager, request: ClassifyRequest) -> ClassifyResult:
    """The label probabilities of one text, step by step, beside what ``pipeline()`` says.

    Raises:
        EmptyInputError, InputTooLongError, InputError: the text can't be used; the message says why.
        ModelError: the model can't be loaded, or has no classification head.
    """
    check_text(request.text)
    if request.text_pair:
        check_text(request.text_pair)
    model_id = request.model_id or manager.catalog.default_for(TASK).id
    with manager.lease(model_id, TASK, request.quantization) as loaded:
        machine = classifier(loaded)
        with machine.arriving():
            info = classifier_info(loaded, machine)
            encoding = machine.encode(request.text, request.text_pair or None)
            total = count_tokens(machine, encoding, request)
        pipeline_input = {"text": request.text} | ({"text_pair": request.text_pair} if request.text_pair else {})
        coming = machine.submit(encoding, pipeline_input)
        tokens = tokens_of(machine.tokenizer, encoding)  # while the model works
        cut_at, cut_pair_at = _cuts(encoding, request, len(encoding["input_ids"]) < total)
        answer = coming.result()
    assert answer.pipeline is not None
    labels = label_probabilities(answer.logits, info)
    return ClassifyResult(
        request=request,
        info=info,
        tokens=tokens,
        labels=labels,
        pipeline=tuple(PipelineLabel(label, score) for label, score in answer.pipeline),
        max_difference=max_difference(labels, answer.pipeline),
        entropy_nats=entropy_nats([label.probability for label in labels])
        if info.function_to_apply == "softmax"
        else None,
        tokens_used=len(encoding["input_ids"]),
        tokens_total=total,
        cut_at=cut_at,
        cut_pair_at=cut_pair_at,
    )


def check_text(text: str) -> None:
    """Returns nothing; the text can be classified.

    Raises:
        EmptyInputError: there is no text.
        InputTooLongError: there are more than MAX_CHARACTERS characters.
        InputError: half of a character stands in it, which no tokenizer can read.
    """
    if not text.strip():
        raise EmptyInputError("There is no text yet.", "Type a sentence, or pick an example.")
    usable_text(text, MAX_CHARACTERS)


def count_tokens(machine: Classifier, encoding: BatchEncoding, request: ClassifyRequest | AttributeRequest) -> int:
    """How many tokens the text has before it is cut."""
    if len(encoding["input_ids"]) < machine.max_length:
        return len(encoding["input_ids"])
    return len(machine.encode(request.text, request.text_pair or None, truncate=False)["input_ids"])


def tokens_of(tokenizer: PreTrainedTokenizerBase, encoding: BatchEncoding) -> tuple[Token, ...]:
    """The tokens of an encoded text with all that the tokenizer says about them."""
    unknown_id = None if tokenizer.unk_token == tokenizer.eos_token else tokenizer.unk_token_id  # GPT-2's ends a text
    ids = encoding["input_ids"]
    fast = encoding.is_fast
    offsets = encoding["offset_mapping"] if fast else [(None, None)] * len(ids)
    segments = encoding.sequence_ids() if fast else [None] * len(ids)
    words = encoding.word_ids() if fast else [None] * len(ids)
    types, masks = (encoding.get(name, [None] * len(ids)) for name in ("token_type_ids", "attention_mask"))
    names = encoding.tokens() if fast else [str(token_id) for token_id in ids]
    return tuple(
        Token(
            token=names[n],
            token_id=ids[n],
            attention_mask=masks[n],
            token_type_id=types[n],
            special=bool(encoding["special_tokens_mask"][n]),
            unknown=ids[n] == unknown_id,
            segment=segments[n],
            word=words[n],
            start=offsets[n][0] if segments[n] is not None else None,
            end=offsets[n][1] if segments[n] is not None else None,
        )
        for n in range(len(ids))
    )


def entropy_nats(probabilities: Sequence[float]) -> float:
    """How undecided the model is, in nats: 0 when one label has it all, ln(labels) when all are equal.

    >>> round(entropy_nats([0.25, 0.25, 0.25, 0.25]), 4), entropy_nats([1.0, 0.0])
    (1.3863, 0.0)
    """
    return sum(-p * math.log(p) for p in probabilities if p > 0) + 0.0


def max_difference(labels: Sequence[LabelProbability], pipeline: Sequence[tuple[str, float]]) -> float:
    """The greatest distance between a probability of ours and the pipeline's for the same label.

    Both are sorted first: a model may give two labels the same name, and the pipeline sorts by probability.
    """
    ours = sorted((label.label, label.probability) for label in labels)
    theirs = sorted(pipeline)
    return max(abs(a[1] - b[1]) for a, b in zip(ours, theirs, strict=True))


def _cuts(encoding: BatchEncoding, request: ClassifyRequest, cut: bool) -> tuple[int | None, int | None]:
    """The characters at which the text and its pair were cut, None where nothing is missing."""
    if not cut or not encoding.is_fast:
        return None, None
    ends = {0: 0, 1: 0}
    for segment, (_, end) in zip(encoding.sequence_ids(), encoding["offset_mapping"], strict=True):
        if segment is not None:
            ends[segment] = max(ends[segment], end)
    text, pair = request.text.rstrip(), (request.text_pair or "").rstrip()
    return ends[0] if ends[0] < len(text) else None, ends[1] if ends[1] < len(pair) else None
