"""Chat template, a part of the Tokens tab: a conversation as the model really reads it.

What to try: switch add_generation_prompt; remove the system message and see what the template invents; write
<|im_end|> into a message and watch it become a special token.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import anyio.to_thread
import gradio as gr

import playground as pg
from tabs.components import model_picker
from tabs.gradio_patches import payload
from tabs.page import answering, explain, friendly, receipt_panel, receipt_values, view
from tabs.tokens.handlers import chat_request, live_chat

EXAMPLE = (
    ("system", "You are a patient teacher."),
    ("user", "What is a token?"),
    ("assistant", "A piece of text that has a number."),
    ("user", "And a special token?"),
)


def build_section(playground: pg.Playground) -> None:
    """Lays out the section inside the current Blocks."""
    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    answer = partial(live_chat, playground)

    async def live(question: dict[str, Any]) -> dict[str, Any]:
        return await anyio.to_thread.run_sync(answer, question)

    live.__name__ = "live_chat"

    def choose(model_id: str) -> dict[str, Any]:
        return {"model_id": model_id}

    @friendly
    def show_code(event: gr.EventData) -> dict[Any, Any]:
        receipt = playground.token_receipt(chat_request(payload(event)))
        return dict(zip(code, receipt_values(receipt), strict=True))

    explain(
        "A chat model knows no messages: it reads **one long text**, in which a template has written the roles with"
        " special tokens. `add_generation_prompt` opens the turn of the assistant, so that its answer comes next."
    )
    model = model_picker(playground, "text-generation")
    start = {"model_id": model.value, "messages": EXAMPLE}
    chat = view("tokens/chat_template", start, server_functions=[answering(live)], elem_id="pg-tokens-chat")
    code = receipt_panel()
    model.change(choose, model, chat, queue=False, **quiet)
    chat.input(show_code, None, list(code), trigger_mode="always_last", **quiet)
