"""Tokens while a person types, a part of the Tokens tab: without the queue and without a model.

What to try: an emoji with SmolLM2; hidden characters; a long text; [SEP] typed into the text.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import anyio.to_thread
import gradio as gr

import playground as pg
from tabs.components import model_note, model_picker
from tabs.gradio_patches import payload
from tabs.lessons.watched import Shared, Watched
from tabs.links.bar import share_view
from tabs.page import explain, friendly, receipt_panel, receipt_values, view
from tabs.tokens.handlers import is_quick, live_tokens

# label, text, the fact that it is there to show: a test holds each for the embedded tokenizers
EXAMPLES = (
    (
        "Words",
        "Tokenizers unbelievably split playgrounds, not words: cats, Cats and CATS!",
        "MiniLM cuts “unbelievably” into 5 pieces and gives cats, Cats and CATS one id; SmolLM2 tells the three apart.",
    ),
    (
        "Hugging Face, English",
        "We are very happy to show you the 🤗 Transformers library.",
        "MiniLM doesn't know 🤗 and reads [UNK]; SmolLM2 writes its bytes.",
    ),
    (
        "Hugging Face, French",
        "Nous sommes très heureux de vous présenter la bibliothèque 🤗 Transformers.",
        "The same sentence in French: 23 tokens of MiniLM instead of 14, its accents dropped (très is “tres”).",
    ),
    (
        "Emoji",
        "Thumbs up 👍🏽 to the family 👩‍👩‍👧 and a café in München",
        "MiniLM reads [UNK] for both emoji; SmolLM2 loses nothing, it writes their bytes.",
    ),
    (
        "Languages",
        "Hello · Bonjour · Привет · مرحبا · שלום · こんにちは · 안녕하세요 · สวัสดี",
        "MiniLM has no piece for the Thai word: [UNK]. SmolLM2 loses nothing, but cuts many letters into bytes.",
    ),
    (
        "Numbers",
        "3.14159 + 1,234,567 = 2024-02-29 at 07:45, or 0xFF",
        "SmolLM2 gives every digit a token of its own; MiniLM cuts 2024 into 202 and ##4.",
    ),
    (
        "Code",
        "def add(a, b):\n\treturn a + b   # three spaces\n\nfor i in range(10):\n    print(i)",
        "MiniLM drops line breaks and indentation; SmolLM2 keeps both.",
    ),
    (
        "Hidden characters",
        "zero\u200bwidth, no\u00a0break, soft\u00adhyphen, bell\x07, tab\there, and [SEP] <|im_end|>",
        "MiniLM drops what can't be seen. A typed [SEP] is a special token to it, as <|im_end|> is to SmolLM2.",
    ),
    (
        "Long",
        "The quick brown fox jumps over the lazy dog. Pack my box with five dozen liquor jugs! " * 60,
        "MiniLM makes 1,202 tokens of it, and reads 512 at once.",
    ),
)


def build_section(playground: pg.Playground) -> Watched:
    """Lays out the section inside the current Blocks; what comes back is lent to the lessons."""
    explain(
        "A model never sees letters: it sees **ids of pieces**. Type, and point at or tap a token to see what"
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
            )
            model_note(playground, model)
        with gr.Column(scale=1, min_width=200):
            special = gr.Checkbox(True, label="add_special_tokens")
    start = {"model_id": model.value, "add_special_tokens": True, "text": EXAMPLES[0][1], "samples": EXAMPLES}
    live = view("tokens/live_tokens", start, server_functions=[_live_function(playground)], elem_id="pg-tokens-live")
    share = share_view()
    asked = _wire(playground, model, special, live, receipt_panel())
    controls = {"model_id": model, "add_special_tokens": special}
    return Watched("tokens", controls, live, asked, playground.tokenize, {"text": live}, Shared(share))


def _live_function(playground: pg.Playground) -> Any:
    """What the view asks at every keystroke."""
    answer = partial(live_tokens, playground)

    async def live(question: dict[str, Any]) -> str:
        """Short texts are answered at once (about a millisecond), others on a thread of their own."""
        return answer(question) if is_quick(playground, question) else await anyio.to_thread.run_sync(answer, question)

    live.__name__ = "live_tokens"
    return live


def _wire(
    playground: pg.Playground,
    model: gr.Dropdown,
    special: gr.Checkbox,
    live: gr.HTML,
    code: tuple[gr.Code, gr.DownloadButton],
) -> gr.State:
    """The view learns what is chosen; the code follows the text. Where the last question is kept comes back."""
    asked = gr.State()
    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}

    def configure(model_id: str, add_special_tokens: bool) -> dict[str, Any]:
        return {"model_id": model_id, "add_special_tokens": add_special_tokens}

    @friendly
    def show_code(event: gr.EventData, model_id: str, add_special_tokens: bool) -> dict[Any, Any]:
        told = payload(event)
        if told.get("failed"):  # the view says why
            return dict.fromkeys((asked, *code))
        question = pg.TokenizeRequest(str(told.get("text", "")), model_id, add_special_tokens)
        receipt = receipt_values(playground.token_receipt(question))
        return {asked: question, **dict(zip(code, receipt, strict=True))}

    gr.on([model.change, special.change], configure, [model, special], live, queue=False, **quiet)
    live.input(show_code, [model, special], [asked, *code], trigger_mode="multiple", **quiet)
    return asked
