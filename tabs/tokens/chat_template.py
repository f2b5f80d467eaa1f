"""Chat template, a part of the Tokens tab: a conversation as the model really reads it.

What to try: switch add_generation_prompt; remove the system message and see what the template invents; write
<|im_end|> into a message and watch it become a special token.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import anyio.to_thread
import gradio as gr

import playground as pg
from tabs.components import model_row
from tabs.gradio_patches import payload
from tabs.last_run import LastRun
from tabs.lessons.watched import Shared, Watched
from tabs.links.bar import share_view
from tabs.page import answering, explain, friendly, receipt_panel, receipt_values, view
from tabs.tokens.handlers import chat_request, is_cheap, live_chat, measure_next

EXAMPLE = (
    ("system", "You are a patient teacher."),
    ("user", "What is a token?"),
    ("assistant", "A piece of text that has a number."),
    ("user", "And a special token?"),
)


def build_section(playground: pg.Playground) -> Watched:
    """Lays out the section inside the current Blocks; what comes back is lent to the lessons."""
    answer = partial(live_chat, playground)

    async def live(question: dict[str, Any]) -> dict[str, Any]:
        return await anyio.to_thread.run_sync(answer, question)

    live.__name__ = "live_chat"
    explain(
        "A chat model knows no messages: it reads **one long text**, in which a template has written the roles with"
        " special tokens. `add_generation_prompt` opens the answer; what the model would say next with it and without"
        " it is measured below."
    )
    model = model_row(playground, "text-generation", explained_last=True)
    start = {"model_id": model.value, "messages": EXAMPLE}
    chat = view(
        "tokens/chat_template", start, server_functions=[answering(live)], elem_id="pg-tokens-chat",
        elem_classes="pg-answer",
    )  # fmt: skip
    following = view("tokens/chat_next", {}, elem_id="pg-tokens-chat-next")
    button = gr.Button("Measure the next token", size="sm", visible=False, elem_classes="pg-small")
    share = share_view()
    asked = _wire(playground, model, chat, (following, button), receipt_panel())
    drawn = {"messages": chat, "add_generation_prompt": chat}
    return Watched("chat", {"model_id": model}, chat, asked, playground.render_chat, drawn, Shared(share))


def _wire(
    playground: pg.Playground,
    model: gr.Dropdown,
    chat: gr.HTML,
    next_token: tuple[gr.HTML, gr.Button],
    code: tuple[gr.Code, gr.DownloadButton],
) -> gr.State:
    """The code follows the messages, and so does the next token where that is cheap; else a button measures it.

    Where the last question is kept comes back.
    """
    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    (following, button), nexts = next_token, LastRun()
    asked = gr.State(pg.ChatTemplateRequest(tuple(pg.Message(*one) for one in EXAMPLE), model.value or ""))
    outputs = [*code, following, button, asked]

    def choose(model_id: str, request: gr.Request) -> tuple[dict[str, Any], dict[str, Any]]:
        nexts.begin(request)  # the model before answers no longer
        return {"model_id": model_id}, {}

    def follow(event: gr.EventData) -> Iterator[dict[Any, Any]]:
        told = payload(event)
        if told.get("failed"):  # the view says why
            yield {**dict.fromkeys((*code, asked)), following: {}, button: gr.Button(visible=False)}
            return
        request = chat_request(told)
        receipt = dict(zip(code, receipt_values(playground.token_receipt(request)), strict=True))
        yield {**receipt, asked: request}  # what is measured may take long
        cheap = is_cheap(playground, request)
        measured = measure_next(playground, request) if cheap else {}
        yield {following: measured, button: gr.Button(visible=not cheap)}

    model.change(choose, model, [chat, following], queue=False, **quiet)
    chat.input(friendly(nexts.wins(follow)), None, outputs, trigger_mode="multiple", **quiet)
    press = friendly(nexts.wins(partial(measure_next, playground)))
    button.click(
        press, asked, following, concurrency_id="chat-next", trigger_mode="always_last", api_visibility="private"
    )
    return asked
