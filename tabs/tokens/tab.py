"""The Tokens tab: what a model sees of a text.

You see a text as tokens while you type, a batch with its ids and masks, a conversation as the template writes it,
tokenizers side by side, what a vocabulary holds, and where each token looks. Try an emoji with SmolLM2, flip a bit of
the attention mask, or compare the same sentence in Thai and in English.
"""

from __future__ import annotations

from typing import Any

import anyio.to_thread
import gradio as gr
import orjson

import playground as pg
from playground.errors import InputError
from tabs.attention import tab as attention
from tabs.components import model_picker
from tabs.gradio_patches import payload
from tabs.page import explain, friendly, message_of, publish, receipt_panel, receipt_values, view
from tabs.tokens import batch as token_batch
from tabs.tokens import chat_template as token_chat
from tabs.tokens import comparison as token_comparison
from tabs.tokens import vocabulary as token_vocabulary

TITLE = "Tokens"
DEFAULT_MODEL = "sentence-transformers/all-MiniLM-L6-v2"
DESCRIBED = 6_000
SHORT = 1_500
EXAMPLES = (
    ("Words", "Tokenizers unbelievably split playgrounds, not words: cats, Cats and CATS!"),
    ("Emoji", "Thumbs up 👍🏽 to the family 👩‍👩‍👧 and a café in München"),
    ("Languages", "Hello · Bonjour · Привет · مرحبا · שלום · こんにちは · 안녕하세요 · สวัสดี"),
    ("Numbers", "3.14159 + 1,234,567 = 2024-02-29 at 07:45, or 0xFF"),
    ("Code", "def add(a, b):\n\treturn a + b   # three spaces\n\nfor i in range(10):\n    print(i)"),
    (
        "Hidden characters",
        "zero\u200bwidth, no\u00a0break, soft\u00adhyphen, bell\x07, tab\there, and [SEP] <|im_end|>",
    ),
    ("Long", "The quick brown fox jumps over the lazy dog. Pack my box with five dozen liquor jugs! " * 60),
)


def format_tokens(result: pg.TokenColumns) -> dict[str, Any]:
    """What the live view draws, a list per property: small on the wire and quick to write at every keystroke.

    ``spans`` has two numbers per token, -1 and -1 where it stands for no character; tokens whose spans overlap share
    that stretch of text. ``gaps`` are those between tokens that are more than one space. What begins at ``rest`` is
    counted and not described.
    """
    size = result.described
    pieces, shown = result.pieces[:size], result.shown[:size]
    return {
        "algorithm": result.algorithm,
        "counts": vars(result.counts),
        "notes": result.notes,
        "ids": result.input_ids[:size],
        "shown": shown,
        "pieces": None if pieces == shown else pieces,
        "spans": [place for span in result.spans[:size] for place in span or (-1, -1)],
        "marks": result.marks[:size],
        "bytes": [[index, note] for index, note in result.byte_notes if index < size],
        "gaps": _unusual_gaps(result),
        "rest": result.groups[-1][0] if size < len(result.input_ids) else None,
    }


def _unusual_gaps(result: pg.TokenColumns) -> list[list[Any]]:
    """Where text that no token stands for begins, and how it is shown, unless it is one space."""
    from playground.texts import shown_text

    gaps, position = [], 0
    for start, end, _ in [*result.groups, [len(result.text), 0, ()]]:
        if start > position and (text := result.text[position:start]) != " ":
            gaps.append([position, shown_text(text)])
        position = end
    return gaps


def build_tab(playground: pg.Playground) -> None:
    """Lays out the tab inside the current Blocks."""
    with gr.Tabs(overflow_behavior="wrap"):
        with gr.Tab("Tokens", id="tokens-live"):
            build_live(playground)
        with gr.Tab("Batch & masks", id="tokens-batch") as tab:
            token_batch.build_section(playground, tab)
        with gr.Tab("Chat template", id="tokens-chat") as tab:
            token_chat.build_section(playground, tab)
        with gr.Tab("Compare", id="tokens-compare") as tab:
            token_comparison.build_section(playground, tab)
        with gr.Tab("Vocabulary", id="tokens-vocabulary") as tab:
            token_vocabulary.build_section(playground, tab)
        with gr.Tab("Attention", id="tokens-attention"):
            attention.build_section(playground)


def build_live(playground: pg.Playground) -> None:
    """Tokens while a person types, without the queue and without a model."""

    def answer(question: dict[str, Any]) -> str:
        """JSON as text: gradio would walk through a dictionary of this size for longer than tokenizing takes."""
        try:
            return orjson.dumps(looked_up(question)).decode()
        except Exception as error:
            return orjson.dumps({"error": message_of(error)}).decode()

    def looked_up(question: Any) -> dict[str, Any]:
        if not isinstance(question, dict) or not question.keys() >= {"text", "model_id", "add_special_tokens"}:
            raise InputError("The question was not understood.", "Reload the page.")
        text, model_id = str(question["text"]), str(question["model_id"])
        special = bool(question["add_special_tokens"])
        return format_tokens(playground.token_columns(pg.TokenizeRequest(text, model_id, special, DESCRIBED)))

    async def live_tokens(question: dict[str, Any]) -> str:
        """Short texts are answered at once (about a millisecond), others on a thread of their own."""
        known = isinstance(question, dict) and playground.has_tokenizer(str(question.get("model_id")))
        if known and len(str(question.get("text"))) <= SHORT:
            return answer(question)
        return await anyio.to_thread.run_sync(answer, question)

    def configure(model_id: str, add_special_tokens: bool) -> dict[str, Any]:
        return {"model_id": model_id, "add_special_tokens": add_special_tokens}

    def show_code(event: gr.EventData, model_id: str, add_special_tokens: bool) -> tuple[str, str]:
        text = str(payload(event).get("text", ""))
        return receipt_values(playground.token_receipt(pg.TokenizeRequest(text, model_id, add_special_tokens)))

    def tokenize(text: str, model_id: str = DEFAULT_MODEL, add_special_tokens: bool = True) -> pg.Tokenization:
        """Tokens of a text with ids, pieces, character spans and marks; segments join back to the text exactly.

        Args:
            text: up to 20,000 characters.
            model_id: whose tokenizer; an id from the catalog, or from the Hub where the settings allow it.
            add_special_tokens: add what the model expects around a text, such as [CLS] and [SEP].

        Returns:
            model_id, algorithm, text, input_ids, tokens, segments, counts and notes.
        """
        return playground.tokenize(pg.TokenizeRequest(text, model_id, add_special_tokens))

    explain(
        "A model never sees letters: it sees **ids of pieces**. Type, and point at a token or at the text to see what"
        " belongs together. Dotted edges go on with a word, dashed ones are special tokens, `<0xF0>` are bytes of a"
        " character that was cut."
    )
    with gr.Row(equal_height=False):
        with gr.Column(scale=3, min_width=280):
            model = model_picker(
                playground,
                "feature-extraction",
                "text-generation",
                "text2text-generation",
                "text-classification",
                label="tokenizer (model_id)",
            )
        with gr.Column(scale=1, min_width=200):
            special = gr.Checkbox(True, label="add_special_tokens")
    start = {"model_id": model.value, "add_special_tokens": True, "text": EXAMPLES[0][1], "samples": EXAMPLES}
    live = view("tokens", start, server_functions=[live_tokens], elem_id="pg-tokens-live")
    code, notebook = receipt_panel()

    gr.on(
        [model.change, special.change],
        configure,
        [model, special],
        live,
        queue=False,
        show_progress="hidden",
        api_visibility="private",
    )
    live.input(
        friendly(show_code),
        [model, special],
        [code, notebook],
        trigger_mode="always_last",
        show_progress="hidden",
        api_visibility="private",
    )
    publish(tokenize)
