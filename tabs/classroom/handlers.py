"""What the teacher's panel asks of Python: a question to the class about what stands in the fields of a place.

Plain functions; `tabs.classroom.panel` binds them. The key of a room never comes here: the browser sends it to the
room alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from playground.classroom.answers import Prepared
from playground.classroom.questions import (
    CloserPair,
    GreedyReply,
    Label,
    NextWord,
    OneOfTop,
    Question,
    Slider,
    Spoken,
    TokenCount,
)
from playground.classroom.report import text_of
from playground.errors import InputError
from playground.models.tokenizers import Message
from playground.wire import from_json
from tabs.similarity.handlers import split_words

ASKABLE = {
    "generation": ("next_word", "one_of_top", "greedy_reply", "slider"),
    "inside": ("next_word", "one_of_top", "slider"),
    "classification": ("label", "slider"),
    "tokens": ("token_count",),
    "similarity": ("closer_pair",),
}
TOP = 4
MOST_OF_A_REPLY = 40  # tokens that a class can compare at a glance
Fields = Mapping[str, Any]


def question_of(
    place: str, kind: str, fields: Fields, chosen: Fields | None, prepare: Callable[[Question], Prepared]
) -> tuple[Question, float | None]:
    """What is asked, and what is right where no model answers it later.

    ``fields`` are a place's by their names. ``chosen`` is what the view knows better than they: a text that is typed
    into it, or the chat or text that a reply goes on from, with the tokens before the chosen one.

    Raises:
        InputError: nothing of this kind can be asked of what stands there.
    """
    if kind not in ASKABLE.get(place, ()):
        raise InputError("This part of the page has no such question.", "Ask by hand, on the teacher's page.")
    if place == "tokens":
        text = str((chosen or {}).get("text") or "")
        return TokenCount(text, fields["model_id"] or "", bool(fields["add_special_tokens"])), None
    if place == "similarity":
        return _closer(fields), None
    asked: Question = _label(fields) if place == "classification" else _spoken(fields, chosen)
    if kind == "slider":
        return _how_sure(prepare(asked))
    if isinstance(asked, NextWord) and kind == "one_of_top":
        return OneOfTop(**vars(asked) | {"top": TOP}), None
    if isinstance(asked, NextWord) and kind == "greedy_reply":
        length = min(MOST_OF_A_REPLY, int(fields.get("max_new_tokens") or MOST_OF_A_REPLY))
        return GreedyReply(**_source(asked), max_new_tokens=length), None
    return asked, None


def _label(fields: Fields) -> Label:
    return Label(fields["text"] or "", fields["text_pair"] or "", fields["model_id"] or "")


def _closer(fields: Fields) -> CloserPair:
    words = split_words(fields["words"] or "")
    if len(words) != 3:
        raise InputError(
            f"There {'is 1 word' if len(words) == 1 else f'are {len(words):,} words'}.",
            "Give three: the first is compared with the other two.",
        )
    pair = CloserPair(words[0], (words[1], words[2]), fields["model_id"] or "")
    return replace(pair, template=fields["template"]) if fields["template"] else pair


def _spoken(fields: Fields, chosen: Fields | None) -> NextWord:
    """What a language model goes on from."""
    names = ("model_id", "quantization", "split_special_tokens")
    settings = {name: fields[name] for name in names if fields.get(name)}
    if chosen:
        source = {name: chosen[name] for name in names if chosen.get(name)}
        spoken = {"text": chosen.get("prompt") or "", "messages": chosen.get("messages") or []}
        ids = chosen.get("prefix_token_ids") or []
        asked: NextWord = from_json(NextWord, {**settings, **source, **spoken, "reply_ids": ids})
        return asked
    text = str(fields.get("prompt", fields.get("text")) or "")
    if fields.get("mode") != "Chat" or not text.strip():
        return NextWord(text, **settings)
    system = [Message("system", fields["system"])] if fields.get("system") else []
    return NextWord(messages=(*system, Message("user", text)), **settings)


def _source(asked: Spoken) -> dict[str, Any]:
    return {name: getattr(asked, name) for name in Spoken.__dataclass_fields__}


def _how_sure(prepared: Prepared) -> tuple[Slider, float]:
    """A slider for the probability of the model's own answer, and that probability in percent."""
    likeliest = max(one.probability or 0.0 for one in prepared.says.said)
    what = "label" if isinstance(prepared.question, Label) else "next token"
    return Slider(f"How probable is the likeliest {what}?", text=text_of(prepared.question)), float(
        f"{100 * likeliest:.3g}"
    )
