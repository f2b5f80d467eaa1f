"""What the Tokens tab does when something is typed, chosen or pressed: plain functions on a playground.

They know no component and need no page; the sections' layouts bind them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson

import playground as pg
from playground.errors import InputError
from playground.models.tokenizers import read_messages
from playground.receipt import Receipt
from playground.tables import text_lines
from tabs.components import about_of, title_of
from tabs.page import message_of
from tabs.tokens.format import (
    format_batch,
    format_chat,
    format_comparison,
    format_dictionary,
    format_entries,
    format_languages,
    format_masks,
    format_next,
    format_split,
    format_tokens,
)

DESCRIBED = 6_000
SHORT = 1_500
SEPARATOR = "|||"
OWN = "tokenizer's own"
YES_NO = {OWN: None, "True": True, "False": False}
# The first article of the Universal Declaration of Human Rights (its first sentence), so that all say the same.
SAMPLES = (
    ("English", "All human beings are born free and equal in dignity and rights."),
    ("French", "Tous les êtres humains naissent libres et égaux en dignité et en droits."),
    ("German", "Alle Menschen sind frei und gleich an Würde und Rechten geboren."),
    ("Spanish", "Todos los seres humanos nacen libres e iguales en dignidad y derechos."),
    ("Portuguese", "Todos os seres humanos nascem livres e iguais em dignidade e em direitos."),
    ("Italian", "Tutti gli esseri umani nascono liberi ed eguali in dignità e diritti."),
    ("Turkish", "Bütün insanlar hür, haysiyet ve haklar bakımından eşit doğarlar."),
    ("Finnish", "Kaikki ihmiset syntyvät vapaina ja tasavertaisina arvoltaan ja oikeuksiltaan."),
    ("Russian", "Все люди рождаются свободными и равными в своем достоинстве и правах."),
    ("Greek", "Όλοι οι άνθρωποι γεννιούνται ελεύθεροι και ίσοι στην αξιοπρέπεια και τα δικαιώματα."),
    ("Arabic", "يولد جميع الناس أحرارًا متساوين في الكرامة والحقوق."),
    ("Hebrew", "כל בני אדם נולדו בני חורין ושווים בערכם ובזכויותיהם."),
    ("Hindi", "सभी मनुष्यों को गौरव और अधिकारों के मामले में जन्मजात स्वतन्त्रता और समानता प्राप्त है।"),
    ("Chinese", "人人生而自由,在尊严和权利上一律平等。"),
    ("Japanese", "すべての人間は、生まれながらにして自由であり、かつ、尊厳と権利とについて平等である。"),
    ("Korean", "모든 인간은 태어날 때부터 자유로우며 그 존엄과 권리에 있어 동등하다."),
    ("Thai", "มนุษย์ทั้งหลายเกิดมามีอิสระและเสมอภาคกันในเกียรติศักดิ์และสิทธิ"),
    ("Vietnamese", "Tất cả mọi người sinh ra đều được tự do và bình đẳng về nhân phẩm và quyền lợi."),
    ("Numbers", "3.14159265, 1,234,567 and 2024-02-29 07:45"),
    ("Code", 'for i in range(10):\n    print(f"{i:>3}")  # indented'),
    ("Emoji", "🎉 Well done! 👍🏽 👩‍👩‍👧 🇫🇷 ❤️"),
)
EMPTY: dict[str, list[Any]] = {"rows": []}


def live_tokens(playground: pg.Playground, question: Any) -> str:
    """The tokens of what was typed, as JSON text: gradio would walk through a dictionary of this size for long."""
    try:
        if not isinstance(question, dict) or not question.keys() >= {"text", "model_id", "add_special_tokens"}:
            raise InputError("The question was not understood.", "Reload the page.")
        text, model_id = str(question["text"]), str(question["model_id"])
        request = pg.TokenizeRequest(text, model_id, bool(question["add_special_tokens"]), DESCRIBED)
        return orjson.dumps(format_tokens(playground.token_columns(request))).decode()
    except Exception as error:
        return orjson.dumps({"error": message_of(error)}).decode()


def is_quick(playground: pg.Playground, question: Any) -> bool:
    """True for a question that takes about a millisecond: a short text for a tokenizer that is read already."""
    known = isinstance(question, dict) and playground.has_tokenizer(str(question.get("model_id")))
    return known and len(str(question.get("text"))) <= SHORT


def parse_texts(text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Texts and pairs out of lines; ``first ||| second`` is a pair.

    >>> parse_texts("a cat\\nwhere? ||| here")
    (('a cat', 'where?'), ('', 'here'))
    """
    lines = [line for _, line in text_lines(text)]
    parts = [line.partition(SEPARATOR) for line in lines]
    texts = tuple(first.strip() if mark else first for first, mark, _ in parts)
    pairs = tuple(second.strip() for _, _, second in parts)
    return texts, pairs if any(pairs) else ()


def batch_request(values: dict[str, Any]) -> pg.EncodeRequest:
    """The request in the values of the batch section, by their labels."""
    texts, pairs = parse_texts(values["texts"])
    side = values["padding_side"]
    return pg.EncodeRequest(
        texts,
        pairs,
        model_id=values["model_id"],
        padding=values["padding"],
        padding_side=None if side == OWN else side,
        truncation=values["truncation"],
        max_length=int(values["max_length"] or 0),
        add_special_tokens=values["add_special_tokens"],
        return_token_type_ids=YES_NO[values["return_token_type_ids"]],
        stride=int(values["stride"] or 0),
        return_overflowing_tokens=values["return_overflowing_tokens"],
    )


@dataclass(frozen=True)
class BatchShown:
    """The batch section after a change; without a text there is nothing to write code for."""

    batch: dict[str, Any]
    dictionary: str = "{}"
    code: Receipt | None = None
    asked: pg.EncodeRequest | None = None


def show_batch(playground: pg.Playground, values: dict[str, Any]) -> BatchShown:
    """The rows that ``tokenizer(...)`` returns."""
    if not values["texts"].strip():
        return BatchShown({"rows": [], "hint": "Type a text, one per line."})
    request = batch_request(values)
    batch = playground.encode(request)
    code = playground.token_receipt(request)
    return BatchShown(format_batch(batch), format_dictionary(batch.dictionary), code, request)


@dataclass(frozen=True, eq=False)
class MasksKept:
    """A `MaskComparison` without its large parts; each is another one, also where all is the same again."""

    request: pg.MaskRequest
    rows: tuple[Any, ...]


@dataclass(frozen=True)
class MasksShown:
    """Both masks side by side, what must be said of the model, the code, and what the page keeps of it."""

    comparison: dict[str, Any]
    notes: str
    code: Receipt
    kept: MasksKept


def make_mistake(
    playground: pg.Playground, values: dict[str, Any], mistake: str, flips: tuple[tuple[int, int], ...] = ()
) -> MasksShown:
    """What the model makes of the batch with its right mask and after a mistake.

    Attention is shown for the row that was touched last, else for the first row that has padding.
    """
    batch = batch_request(values)
    row = flips[-1][0] if flips else 0
    if not flips and mistake != "no special tokens":
        masks = [item.attention_mask for item in playground.encode(batch).rows]
        row = next((k for k, mask in enumerate(masks) if 0 in mask), 0)
    result = playground.compare_masks(pg.MaskRequest(batch, mistake, flips, row))
    kept = MasksKept(result.request, result.rows)
    shown = format_masks(result, title_of(playground, batch.model_id))
    return MasksShown(shown, "\n\n".join(result.notes), playground.token_receipt(result), kept)


def read_flips(given: Any) -> tuple[tuple[int, int], ...]:
    """The bits that were turned over, as the view sends them."""
    return tuple((int(row), int(column)) for row, column in given.get("flips", []))


def chat_request(question: Any) -> pg.ChatTemplateRequest:
    """The request in what the page sent.

    Raises:
        InputError: it isn't a conversation.
    """
    if not isinstance(question, dict) or "messages" not in question:
        raise InputError("That is no conversation.", "Give messages, each with a role and a content.")
    messages = tuple(pg.Message(**message) for message in read_messages(question["messages"]))
    prompt = bool(question.get("add_generation_prompt", True))
    return pg.ChatTemplateRequest(messages, str(question.get("model_id") or ""), prompt)


def live_chat(playground: pg.Playground, question: Any) -> dict[str, Any]:
    """The conversation as the model reads it, for the view."""
    return format_chat(playground.render_chat(chat_request(question)))


def is_cheap(playground: pg.Playground, request: pg.ChatTemplateRequest) -> bool:
    """Whether the model can be run at every pause: no download that nobody asked for, and a short conversation."""
    spec = playground.catalog.find(request.model_id)
    length = sum(len(message.content) for message in request.messages)
    return spec is not None and spec.source == "embedded" and length <= SHORT


def measure_next(playground: pg.Playground, request: pg.ChatTemplateRequest) -> dict[str, Any]:
    """What the model would say next, for the view; where it can't be run, the reason in its place."""
    try:
        measured = format_next(playground.chat_next(request), title_of(playground, request.model_id))
        said = [part for message in request.messages for part in (message.role, message.content)]
        return {**measured, "asked": [len(request.messages), *said]}
    except pg.PlaygroundError as error:
        return {"sentence": str(error)}


def compare_texts(playground: pg.Playground, request: pg.CompareRequest) -> tuple[dict[str, Any], Receipt]:
    """One text under several tokenizers, and the code."""
    result = playground.compare_tokenizers(request)
    titles = [title_of(playground, model_id) for model_id in request.model_ids]
    about = [about_of(playground, model_id) for model_id in request.model_ids]
    return format_comparison(result, titles, about), playground.token_receipt(request)


def language_table(playground: pg.Playground, model_ids: list[str]) -> dict[str, Any]:
    """What each sample costs under each tokenizer, as headers and rows."""
    if not model_ids:
        raise InputError("No tokenizer is chosen.", "Pick at least one.")
    requests = [
        (name, [pg.TokenizeRequest(text, model_id, add_special_tokens=False) for model_id in model_ids])
        for name, text in SAMPLES
    ]
    rows = [(name, [playground.tokenize(request).counts for request in each]) for name, each in requests]
    headers = ["sample", "characters", *(title_of(playground, model_id) for model_id in model_ids)]
    return {"headers": headers, "data": format_languages(rows)}


def search_pieces(playground: pg.Playground, query: str, model_id: str) -> tuple[str, dict[str, Any]]:
    """How many pieces match, and the table of the first."""
    page = playground.search_vocabulary(pg.VocabularyRequest(query, model_id))
    more = f", the first {len(page.entries)} are shown" if page.matches > len(page.entries) else ""
    return f"{page.matches:,} of {page.size:,} pieces match{'es' * (page.matches == 1)}{more}.", format_entries(page)


def split_word(playground: pg.Playground, word: str, model_id: str) -> dict[str, Any]:
    """The steps from a word to its pieces, for the view."""
    if not word.strip():
        return {"idea": "Type a word.", "framed": False, "result": 0, "steps": []}
    return format_split(playground.explain_split(pg.SplitRequest(word, model_id)))


BothQuestions = tuple[pg.VocabularyRequest, pg.SplitRequest]


def both_questions(query: str, word: str, model_id: str) -> BothQuestions | None:
    """What is looked for and which word is split; None without a word."""
    return (pg.VocabularyRequest(query, model_id), pg.SplitRequest(word, model_id)) if word.strip() else None


def both_answers(playground: pg.Playground, asked: BothQuestions) -> tuple[pg.VocabularyPage, pg.Split]:
    """What the vocabulary says to both."""
    return playground.search_vocabulary(asked[0]), playground.explain_split(asked[1])
