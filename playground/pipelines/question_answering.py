"""A question and a text -> the part of the text that answers it: a start and an end logit for every token.

The best pair wins: the end doesn't come before the start, and the answer isn't longer than ``max_answer_len`` tokens.
A longer text is read in windows that overlap by ``doc_stride`` tokens, each with the whole question before it.

Source: the question-answering pipeline of transformers 4, which transformers 5 no longer has. Its answers were widened
to whole words by default; these are not.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from playground.errors import InputTooLongError, UnsupportedOptionError
from playground.models.families import check_finite
from playground.pipelines.reading import Reader
from playground.pipelines.request import PipelineRequest
from playground.pipelines.result import AnswerSpan, AnswerWindow, ModelPass, PipelineToken, QuestionAnsweringAnswer

MOST_WINDOWS = 24


def question_answering(reader: Reader, request: PipelineRequest) -> dict[str, Any]:
    """The fields of the result.

    Raises:
        InputTooLongError: the question leaves no room for the text, or there are too many windows.
        UnsupportedOptionError: the tokenizer knows no offsets, or the model gives no start and end logits.
    """
    reader.need_offsets()
    encoding = _windows(reader, request)
    passes: list[ModelPass] = []
    windows: list[AnswerWindow] = []
    spans: list[AnswerSpan] = []
    for row in range(len(encoding["input_ids"])):
        one, starts, ends = _run(reader, encoding, row)
        window, own = _search(request, row, one.tokens, starts, ends, reader.tokenizer.cls_token_id)
        passes.append(one)
        windows.append(window)
        spans += own
    empty = min(one.no_answer for one in windows) if request.option("handle_impossible_answer") else None
    best = tuple(_distinct(spans)[: request.option("top_k")])
    return {
        "passes": tuple(passes),
        "answer": QuestionAnsweringAnswer(tuple(windows), best, empty),
        "pipeline": (),
        "max_difference": None,
        "notes": (),
    }


def _windows(reader: Reader, request: PipelineRequest) -> Any:
    """Question and text as rows of ids, the question whole in each."""
    question = str(request.question).strip()
    longest = min(int(request.option("max_seq_len")), reader.limit)
    taken = len(reader.tokenizer(question, "", verbose=False)["input_ids"])
    room = longest - taken
    if room < 8:
        raise InputTooLongError(
            f"The question has {taken:,} tokens, and a window {longest:,}.", "Shorten it, or set a longer max_seq_len."
        )
    stride = min(int(request.option("doc_stride")), room // 2)
    whole = len(reader.tokenizer(request.text, add_special_tokens=False, verbose=False)["input_ids"])
    count = 1 + max(0, -(-(whole - room) // (room - stride)))
    if count > MOST_WINDOWS:
        raise InputTooLongError(f"The text needs {count} windows.", f"Use a text of at most {MOST_WINDOWS}.")
    return reader.encode(
        [question],
        [request.text],
        truncation="only_second",
        max_length=longest,
        stride=stride,
        return_overflowing_tokens=True,
    )


def _run(reader: Reader, encoding: Any, row: int) -> tuple[ModelPass, Tensor, Tensor]:
    """One window through the model, and its start and end logits."""
    one = {name: encoding[name][row] for name in reader.tokenizer.model_input_names if name in encoding}
    tokens, inputs = reader.tokens(encoding, row), reader.tensors(one)
    output = reader.run(inputs)
    starts, ends = output.get("start_logits"), output.get("end_logits")
    if starts is None or ends is None or starts.shape != (1, len(tokens)):
        raise UnsupportedOptionError(f"{reader.name} gives no start and end logit per token.", "Pick another model.")
    check_finite(reader.model, starts)
    check_finite(reader.model, ends)
    text = [token for token in tokens if token.segment == 1]
    about = f"characters {text[0].start or 0:,} to {text[-1].end or 0:,}" if text else "the question"
    outputs = {"start_logits": starts, "end_logits": ends}
    return reader.one_pass(about, tokens, inputs, outputs), starts[0].float().cpu(), ends[0].float().cpu()


def _search(
    request: PipelineRequest,
    number: int,
    tokens: tuple[PipelineToken, ...],
    starts: Tensor,
    ends: Tensor,
    cls_id: int | None,
) -> tuple[AnswerWindow, list[AnswerSpan]]:
    """The best spans of a window.

    Probabilities are shared among the text's tokens and the first special one ([CLS]), which stands for "no answer".
    """
    places = [n for n, token in enumerate(tokens) if token.segment == 1]
    if not places:
        return AnswerWindow(tuple(starts.tolist()), tuple(ends.tolist()), (0, 0), 0, 0.0), []
    empty = next((n for n, token in enumerate(tokens) if token.token_id == cls_id), None)
    counted = torch.zeros(len(tokens), dtype=torch.bool)
    counted[places] = True
    if empty is not None:
        counted[empty] = True
    shares = [torch.where(counted, one, torch.tensor(-10000.0)).softmax(-1) for one in (starts, ends)]
    no_answer = float(shares[0][empty] * shares[1][empty]) if empty is not None else 0.0
    grid = shares[0][places].unsqueeze(1) * shares[1][places].unsqueeze(0)
    allowed = torch.ones_like(grid).triu().tril(int(request.option("max_answer_len")) - 1).bool()
    scores = torch.where(allowed, grid, torch.tensor(-1.0)).flatten()
    best = scores.topk(min(3 * int(request.option("top_k")), int(allowed.sum())))
    spans = []
    for score, flat in zip(best.values.tolist(), best.indices.tolist(), strict=True):
        first, last = places[flat // len(places)], places[flat % len(places)]
        begin, end = tokens[first].start or 0, tokens[last].end or 0
        logits = float(starts[first]), float(ends[last])
        spans.append(AnswerSpan(number, first, last, begin, end, request.text[begin:end], *logits, score))
    context = (places[0], places[-1] + 1)
    window = AnswerWindow(tuple(starts.tolist()), tuple(ends.tolist()), context, int(allowed.sum()), no_answer)
    return window, spans


def _distinct(spans: list[AnswerSpan]) -> list[AnswerSpan]:
    """Each part of the text once, the surest first: windows overlap, and the surest reading counts."""
    best: dict[tuple[int, int], AnswerSpan] = {}
    for one in sorted(spans, key=lambda one: -one.score):
        best.setdefault((one.start, one.end), one)
    return list(best.values())
