"""Answers in OpenAI's form: whole ones, and chunks of a stream."""

from __future__ import annotations

import base64
import math
import re
import secrets
import struct
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from playground.generation.events import Step
from playground.similarity.result import EmbedResult
from server.openai.parameters import Asked
from server.openai.replies import Replies, Reply, Token

NEVER = -9999.0  # OpenAI's number for a probability that is too small to tell
_BYTE = re.compile(r"<0x([0-9A-F]{2})>")


@dataclass(frozen=True)
class Form:
    """What all answers to one call share. ``model`` is the one that answers."""

    asked: Asked
    model: str
    id: str
    created: int

    @classmethod
    def of(cls, asked: Asked, model: str) -> Form:
        """The form of the answers to a call that came now."""
        return cls(asked, model, f"{'chatcmpl' if asked.chat else 'cmpl'}-{secrets.token_hex(12)}", int(time.time()))

    def whole(self, replies: Replies) -> dict[str, Any]:
        """The answer, when all replies have ended."""
        kind = "chat.completion" if self.asked.chat else "text_completion"
        choices = [self._whole_choice(index, reply) for index, reply in enumerate(replies.each)]
        return {**self._head(kind, choices), "usage": replies.usage.as_json(), **_noted(replies.notes)}

    def opening(self) -> list[dict[str, Any]]:
        """The first chunks: in a chat each choice says who speaks."""
        if not self.asked.chat:
            return []
        delta = {"role": "assistant", "content": ""}
        return [self._chunk([_streamed(index, {"delta": delta})]) for index in range(len(self.asked.requests))]

    def grown(self, index: int, reply: Reply) -> list[dict[str, Any]]:
        """Chunks with what a reply grew by since the last call, and with its end."""
        ending = reply.finished is not None
        piece = reply.take()
        chunks = []
        if piece.text or piece.tokens:
            body: dict[str, Any] = {"delta": {"content": piece.text}} if self.asked.chat else {"text": piece.text}
            chunks.append(self._chunk([_streamed(index, body, self._logprobs(piece.tokens))]))
        if ending:
            body = {"delta": {}} if self.asked.chat else {"text": ""}
            last = self._chunk([_streamed(index, body, finish_reason=reply.finish_reason)])
            chunks.append({**last, **_noted(reply.notes)})
        return chunks

    def closing(self, replies: Replies) -> list[dict[str, Any]]:
        """The last chunk, with the usage, if that was asked for."""
        return [{**self._chunk([]), "usage": replies.usage.as_json()}] if self.asked.include_usage else []

    def _whole_choice(self, index: int, reply: Reply) -> dict[str, Any]:
        piece = reply.take()
        said: dict[str, Any] = {"text": piece.text}
        if self.asked.chat:
            said = {"message": {"role": "assistant", "content": piece.text, "refusal": None}}
        logprobs = self._logprobs(piece.tokens)
        return {"index": index, **said, "logprobs": logprobs, "finish_reason": reply.finish_reason}

    def _chunk(self, choices: list[dict[str, Any]]) -> dict[str, Any]:
        return self._head("chat.completion.chunk" if self.asked.chat else "text_completion", choices)

    def _head(self, kind: str, choices: list[dict[str, Any]]) -> dict[str, Any]:
        return {"id": self.id, "object": kind, "created": self.created, "model": self.model, "choices": choices}

    def _logprobs(self, tokens: Sequence[Token]) -> dict[str, Any] | None:
        if self.asked.logprobs is None:
            return None
        return (_chat_logprobs if self.asked.chat else _completion_logprobs)(tokens, self.asked.logprobs)


def embeddings(result: EmbedResult, as_base64: bool) -> dict[str, Any]:
    """The answer with vectors, as numbers or as base64 of their 32-bit floats."""
    data = [
        {"object": "embedding", "index": index, "embedding": _packed(vector) if as_base64 else list(vector)}
        for index, vector in enumerate(result.vectors)
    ]
    count = sum(result.tokens)
    usage = {"prompt_tokens": count, "total_tokens": count}
    return {"object": "list", "data": data, "model": result.model_id, "usage": usage}


def log_probability(probability: float) -> float:
    """Its natural logarithm."""
    return math.log(probability) if probability > 0 else NEVER


def bytes_of(piece: str) -> list[int]:
    """The UTF-8 bytes of a token; those that are no whole character are spelled out in its piece.

    >>> bytes_of("é<0xF0><0x9F>")
    [195, 169, 240, 159]
    """
    parts = _BYTE.split(piece)  # text, two digits, text, two digits, text ...
    coded = (bytes([int(part, 16)]) if place % 2 else part.encode() for place, part in enumerate(parts))
    return list(b"".join(coded))


def _streamed(index: int, body: dict[str, Any], logprobs: Any = None, finish_reason: str | None = None) -> Any:
    return {"index": index, **body, "logprobs": logprobs, "finish_reason": finish_reason}


def _noted(notes: Sequence[str]) -> dict[str, Any]:
    """What OpenAI's form has no place for: sentences that the person should read."""
    return {"notes": list(notes)} if notes else {}


def _packed(vector: Sequence[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()


def _chat_logprobs(tokens: Sequence[Token], top: int) -> dict[str, Any]:
    def entry(piece: str, probability: float) -> dict[str, Any]:
        return {"token": piece, "logprob": log_probability(probability), "bytes": bytes_of(piece)}

    content = [
        {
            **entry(token.step.piece, token.step.probability_before),
            "top_logprobs": [entry(one.piece, one.before) for one in token.step.alternatives[:top]],
        }
        for token in tokens
    ]
    return {"content": content, "refusal": None}


def _completion_logprobs(tokens: Sequence[Token], top: int) -> dict[str, Any]:
    steps = [token.step for token in tokens]
    return {
        "tokens": [step.piece for step in steps],
        "token_logprobs": [log_probability(step.probability_before) for step in steps],
        "top_logprobs": [_best(step, top) for step in steps] if top else None,
        "text_offset": [token.offset for token in tokens],
    }


def _best(step: Step, top: int) -> dict[str, float]:
    """The likeliest tokens, best first, and the chosen one; of two that look alike, the likelier."""
    best: dict[str, float] = {}
    for one in step.alternatives[:top]:
        best.setdefault(one.piece, log_probability(one.before))
    best.setdefault(step.piece, log_probability(step.probability_before))
    return best
