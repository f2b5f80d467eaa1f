"""A text -> another one, token by token: the encoder reads once, the decoder reads what it has written so far.

``generate`` decides (greedily, as the model's generation config says it may); the loop here gives the decoder the same
tokens and shows its logits before each. The pipelines ``summarization``, ``translation`` and ``text2text-generation``
of transformers 4 did this; transformers 5 no longer has them.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Literal

import torch
import transformers
from torch import Tensor

from playground.errors import UnsupportedOptionError
from playground.models.families import check_finite, explaining
from playground.models.limits import position_limit
from playground.pipelines.reading import Reader, cut_tokens, shapes
from playground.pipelines.request import MAX_NEW_TOKENS, PipelineRequest
from playground.pipelines.result import ModelPass, Seq2SeqAnswer, WrittenGuess, WrittenToken

SHOWN = 5  # guesses at each step
BEGINS = 1  # tokens that the decoder is given: the one that means start


class _Until(transformers.StoppingCriteria):
    """Ends ``generate`` when somebody pressed Stop."""

    def __init__(self, stopped: Callable[[], bool]) -> None:
        self._stopped = stopped

    def __call__(self, input_ids: torch.LongTensor, scores: torch.FloatTensor, **_: Any) -> Any:
        return torch.full((input_ids.shape[0],), self._stopped(), dtype=torch.bool, device=input_ids.device)


def seq2seq(reader: Reader, request: PipelineRequest, stopped: Callable[[], bool]) -> dict[str, Any]:
    """The fields of the result.

    Raises:
        UnsupportedOptionError: the model has no encoder and decoder for texts, or can't be run.
    """
    if not reader.model.config.is_encoder_decoder:
        raise UnsupportedOptionError(f"{reader.name} has no decoder that writes.", "Pick a model such as T5.")
    prefix = _prefix(reader, request)
    encoding = reader.encode(prefix + request.text, truncation=True, max_length=reader.limit)
    whole = len(reader.tokenizer(prefix + request.text, verbose=False)["input_ids"])
    inputs = reader.tensors({name: encoding[name] for name in ("input_ids", "attention_mask") if name in encoding})
    written, decided = _generate(reader, request, inputs, stopped)
    output = _read_again(reader, inputs, written)
    logits = output.logits[0, :-1].float()
    check_finite(reader.model, logits)
    steps = tuple(_step(reader, row, token_id) for row, token_id in zip(logits, written[BEGINS:], strict=True))
    answer = Seq2SeqAnswer(
        prefix,
        tuple(reader.readable(one) for one in written[:BEGINS]),
        steps,
        reader.tokenizer.decode(written, skip_special_tokens=True).strip(),
        _ended(reader, written, stopped()),
    )
    cut = whole - len(encoding["input_ids"])
    return {
        "passes": _passes(reader, encoding, inputs, output, written, cut),
        "answer": answer,
        "pipeline": (json.dumps(answer.text, ensure_ascii=False),),
        "max_difference": float((decided.softmax(-1) - logits.softmax(-1)).abs().max()),
        "notes": (cut_tokens(whole, len(encoding["input_ids"])),) if cut else (),
    }


def _prefix(reader: Reader, request: PipelineRequest) -> str:
    """The words that tell a model of many tasks what to do: as asked, else as its config says for this task.

    Source: ``task_specific_params`` of T5's config, which the pipelines of transformers 4 read.
    """
    if request.prefix is not None:
        return request.prefix
    own = getattr(reader.model.config, "task_specific_params", None) or {}
    for name, params in own.items():
        if name == request.task or (request.task == "translation" and name.startswith("translation")):
            return str(params.get("prefix") or "")
    return ""


def _ended(reader: Reader, written: list[int], stopped: bool) -> Literal["eos", "length", "stopped"]:
    """Why the loop ended."""
    ends = reader.model.generation_config.eos_token_id
    if written[-1] in (ends if isinstance(ends, list) else [ends]):
        return "eos"
    return "stopped" if stopped else "length"


@torch.inference_mode()
def _generate(
    reader: Reader, request: PipelineRequest, inputs: dict[str, Tensor], stopped: Callable[[], bool]
) -> tuple[list[int], Tensor]:
    """The decoder's tokens, with the one that it begins with, and the logits [step, vocabulary] that decided them."""
    most = position_limit(reader.model) or MAX_NEW_TOKENS + BEGINS
    with explaining(reader.model, "can't write a text"):
        written = reader.model.generate(
            **inputs,
            num_beams=1,
            do_sample=False,
            max_new_tokens=min(request.option("max_new_tokens"), most - BEGINS),
            stopping_criteria=transformers.StoppingCriteriaList([_Until(stopped)]),
            return_dict_in_generate=True,
            output_logits=True,
        )
    return written.sequences[0].tolist(), torch.cat(written.logits).float()


@torch.inference_mode()
def _read_again(reader: Reader, inputs: dict[str, Tensor], written: list[int]) -> Any:
    """What the decoder says before each token that was written, in one pass."""
    ids = torch.tensor([written], device=reader.model.device)
    return reader.run(inputs, decoder_input_ids=ids)


def _step(reader: Reader, logits: Tensor, token_id: int) -> WrittenToken:
    shares = logits.softmax(-1)
    best = shares.topk(min(SHOWN, len(shares)))
    guesses = tuple(
        WrittenGuess(one, reader.readable(one), share)
        for one, share in zip(best.indices.tolist(), best.values.tolist(), strict=True)
    )
    ruled = bool(logits[token_id] < logits.max() - 1e-4)
    return WrittenToken(
        token_id, reader.readable(token_id), float(logits[token_id]), float(shares[token_id]), ruled, guesses
    )


def _passes(
    reader: Reader, encoding: Any, inputs: dict[str, Tensor], output: Any, written: list[int], cut: int
) -> tuple[ModelPass, ...]:
    """The encoder's run, and the decoder's last one."""
    encoder = {"last_hidden_state": output.encoder_last_hidden_state}
    reads = torch.tensor([written[:-1]])
    last = ModelPass(
        "decoder, at its last step",
        (),
        (*shapes({"decoder_input_ids": reads}), *shapes({"encoder_hidden_states": output.encoder_last_hidden_state})),
        shapes({"logits": output.logits[:, :-1]}),
    )
    return reader.one_pass("encoder, once", reader.tokens(encoding), inputs, encoder, cut), last
