"""What the Look inside section does: plain functions on a playground, values of its components.

They know no component and need no page: `tabs.inside.tab` binds them.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import playground as pg
from playground.errors import InputError
from playground.models.tokenizers import read_messages
from playground.receipt import Receipt
from playground.texts import quoted
from tabs.components import title_of
from tabs.inside.format import ABOUT, format_candidates, format_lens, format_long, format_why, format_working

NOBODY = -1  # in place of a token's id
ALONE = ("nothing: the token alone", NOBODY)
METHODS = tuple(ABOUT)  # as they are read: the noisy one last
AT_ONCE_TOKENS = 16  # more than this wait until they are asked for: each costs 32 steps, there and back
MOST_FOLLOWED = 8


@dataclass(frozen=True)
class Asked:
    """What the section shows: the request, and the text that stood in the field when it was answered.

    ``token_id`` is the token of a reply that somebody wants to know about; ``source`` says in words what was read,
    ``masked`` that the model filled masks. ``why`` is what a link asks about the next token.
    """

    request: pg.LensRequest
    text: str
    source: str
    token_id: int | None = None
    masked: bool = False
    why: pg.AttributeNextRequest | None = None

    def is_of(self, text: str, model_id: str) -> bool:
        """Whether this is what stands in the fields."""
        return text == self.text and model_id == self.request.model_id


@dataclass(frozen=True)
class Looked:
    """The lens view's value, what it shows, its code and the result itself."""

    value: str
    asked: Asked
    code: Receipt
    result: pg.LensResult


@dataclass(frozen=True)
class Explained:
    """The attribution view's value; the result, its candidates, what is explained and its code once it is there."""

    value: dict[str, Any]
    candidates: Sequence[tuple[str, int]] = ()
    token_id: int = NOBODY
    contrast_id: int = NOBODY
    code: Receipt | None = None
    result: pg.AttributeNextResult | None = None


def asked_of_text(text: str, model_id: str, before: Asked | None) -> Asked:
    """What a press asks for: what is shown already, where neither text nor model has changed since; else the text."""
    if before and before.is_of(text, model_id):
        return before
    return Asked(pg.LensRequest(text or "", model_id=model_id or ""), text, quoted(text))


def asked_of_reply(sent: Mapping[str, Any]) -> Asked:
    """A token of a reply: prompt or chat, and the reply up to it, token for token.

    Raises:
        InputError: what the page sent is no token of a reply.
    """
    try:
        messages, prefix = sent.get("messages"), tuple(int(one) for one in sent["prefix_token_ids"])
        token_id = int(sent["token_id"])
        request = pg.LensRequest(
            prompt="" if messages else str(sent.get("prompt") or ""),
            messages=tuple(pg.Message(**one) for one in read_messages(messages)) if messages else None,
            prefix_token_ids=prefix,
            split_special_tokens=bool(sent.get("split_special_tokens")),
            model_id=str(sent["model_id"] or ""),
            quantization=str(sent.get("quantization") or "auto"),
            track_token_ids=(token_id,),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise InputError("This token can't be looked into.", "Press Start again.") from error
    count = f"the first {len(prefix):,} tokens" if len(prefix) > 1 else "the first token" if prefix else "nothing yet"
    return Asked(request, "", f"prompt and {count} of reply {str(sent.get('reply') or 'A')[:4]}", token_id)


def asked_of_link(request: pg.LensRequest | pg.AttributeNextRequest) -> Asked:
    """What a link asks: for the layers, or why the next token comes."""
    plain = request.prompt if not request.prefix_token_ids else ""
    source = quoted(plain) if plain else "what the link holds"
    if isinstance(request, pg.LensRequest):
        return Asked(request, plain, source)
    lens = pg.LensRequest(
        request.prompt,
        request.messages,
        request.prefix_token_ids,
        request.split_special_tokens,
        request.model_id,
        request.quantization,
        track_token_ids=() if request.token_id is None else (request.token_id,),
    )
    return Asked(lens, plain, source, request.token_id, why=request)


def look(playground: pg.Playground, asked: Asked, at: tuple[int, int] | None = None) -> Looked:
    """The predictions after each layer; the text that the model read stands in the field then."""
    result = playground.logit_lens(asked.request)
    text = asked.text or text_of(playground, result)
    known = replace(asked, request=result.request, text=text, masked=result.masked)
    fields = (text, result.request.model_id)
    value = format_lens(result, title_of(playground, result.request.model_id), asked.source, at, fields)
    return Looked(value, known, playground.lens_receipt(result), result)


def text_of(playground: pg.Playground, result: pg.LensResult) -> str:
    """What the model read, as a text that its tokenizer makes the same tokens of: it adds its own before it."""
    added = playground.tokenize(pg.TokenizeRequest("", result.request.model_id)).input_ids
    ids = tuple(token.token_id for token in result.tokens)
    own = next(n for n in range(len(added), -1, -1) if ids[:n] == tuple(added[:n]))
    return "".join(token.piece for token in result.tokens[own:])


def follow(playground: pg.Playground, asked: Asked, sent: Mapping[str, Any]) -> Looked:
    """The same with one more token followed through the layers; the cursor stays."""
    ids = (*asked.request.track_token_ids, int(sent["token_id"]))[-MOST_FOLLOWED:]
    wanted = replace(asked, request=replace(asked.request, track_token_ids=ids))
    return look(playground, wanted, (int(sent["layer"]), int(sent["column"])))


def why_request(
    asked: Asked, token_id: int, contrast_id: int, methods: tuple[str, ...], address: str = "", run_id: str = ""
) -> pg.AttributeNextRequest:
    """The question why the next token comes, about the text that is shown."""
    text = asked.request
    target = asked.token_id if token_id == NOBODY else token_id
    return pg.AttributeNextRequest(
        prompt=text.prompt,
        messages=text.messages,
        prefix_token_ids=text.prefix_token_ids,
        split_special_tokens=text.split_special_tokens,
        model_id=text.model_id,
        quantization=text.quantization,
        token_id=target,
        contrast_token_id=None if contrast_id in (NOBODY, target) else contrast_id,
        methods=methods,
        run_id=run_id,
        address=address,
    )


def explain(playground: pg.Playground, request: pg.AttributeNextRequest) -> Iterator[Explained]:
    """Each method's answer as soon as it is there, and how far the next has come; stopped, what is done."""
    found: pg.AttributeNextResult | None = None
    for place, method in enumerate(request.methods):
        rest = list(request.methods[place + 1 :])
        for step in playground.attribute_next_steps(replace(request, methods=(method,))):
            if isinstance(step, pg.AttributeNextResult):
                found = _joined(found, step)
            elif len(request.methods) > 1:
                yield Explained(_working(found, [format_working(step.method, step.done, step.total), *rest]))
        if found and found.stopped:
            break
    assert found is not None  # every method ends with a result
    asked = tuple(name for name in request.methods if name in {one.method for one in found.methods})
    found = replace(found, request=replace(found.request, methods=asked or request.methods))
    contrast = found.contrast.token_id if found.contrast else NOBODY
    code = playground.attribute_next_receipt(found) if found.methods else None
    yield Explained(format_why(found), format_candidates(found), found.target.token_id, contrast, code, found)


def explain_at_once(playground: pg.Playground, request: pg.AttributeNextRequest) -> Iterator[Explained]:
    """Integrated gradients for a short text; for a longer one its question alone, which one gradient makes known."""
    *_, first = explain(playground, replace(request, methods=("gradient_x_input",)))
    assert first.result is not None
    if len(first.result.tokens) > AT_ONCE_TOKENS:
        yield replace(first, value=format_long(first.result), code=None, result=None)
        return
    yield replace(first, value=_working(None, list(METHODS[:1])), code=None, result=None)
    yield from explain(playground, replace(request, methods=METHODS[:1]))


def explained(result: pg.AttributeNextResult) -> tuple[tuple[pg.AttributeNextRequest], pg.AttributeNextResult]:
    """The question and its answer, to be shared."""
    return (result.request,), result


def of_nobodys_choice(result: pg.AttributeNextResult) -> pg.AttributeNextResult | None:
    """The answer, if it is about the most probable token alone, as lessons ask; None where somebody chose another."""
    best = max(result.candidates, key=lambda one: one.probability)
    return result if result.contrast is None and result.target.token_id == best.token_id else None


def _joined(one: pg.AttributeNextResult | None, other: pg.AttributeNextResult) -> pg.AttributeNextResult:
    """The methods of both."""
    if one is None:
        return other
    neutral = other.neutral if one.neutral is None else one.neutral
    return replace(other, methods=(*one.methods, *other.methods), neutral=neutral)


def _working(found: pg.AttributeNextResult | None, waiting: list[str]) -> dict[str, Any]:
    """The attribution view's value while methods are still to come."""
    if found is None:
        return {"title": "Explaining…", "waiting": waiting, "of": len(waiting)}
    return format_why(found, waiting)


def new_run() -> str:
    """An id that nobody can guess."""
    return secrets.token_hex(8)
