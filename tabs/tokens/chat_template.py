"""Chat template, a part of the Tokens tab: a conversation as the model really reads it.

What to try: switch add_generation_prompt; remove the system message and see what the template invents; write
<|im_end|> into a message and watch it become a special token.
"""

from __future__ import annotations

from typing import Any

import anyio.to_thread
import gradio as gr

import playground as pg
from playground.errors import InputError
from tabs.components import model_picker
from tabs.gradio_patches import payload
from tabs.page import answering, explain, friendly, publish, receipt_panel, receipt_values, view
from tabs.tokens import api

DEFAULT_MODEL = "HuggingFaceTB/SmolLM2-135M-Instruct"
EXAMPLE = (
    ("system", "You are a patient teacher."),
    ("user", "What is a token?"),
    ("assistant", "A piece of text that has a number."),
    ("user", "And a special token?"),
)


def request_of(question: Any) -> pg.ChatTemplateRequest:
    """The request in what the page sent.

    Raises:
        InputError: it isn't a conversation.
    """
    from playground.models.tokenizers import read_messages

    if not isinstance(question, dict) or "messages" not in question:
        raise InputError("That is no conversation.", "Give messages, each with a role and a content.")
    messages = tuple(pg.ChatMessage(**message) for message in read_messages(question["messages"]))
    return pg.ChatTemplateRequest(messages, str(question["model_id"]), bool(question["add_generation_prompt"]))


def format_chat(result: pg.ChatTemplate) -> dict[str, Any]:
    """What the view draws."""
    return {
        "text": result.text,
        "template": result.template,
        "notes": list(result.notes),
        "spans": [
            {"start": s.start, "end": s.end, "role": s.role, "message": s.message, "content": s.is_content}
            for s in result.spans
        ],
        "tokens": [
            {"id": t.token_id, "piece": t.piece, "shown": t.shown, "special": t.special, "span": span}
            for t, span in zip(result.tokenization.tokens, result.token_spans, strict=True)
        ],
    }


def chat_of(result: pg.ChatTemplate) -> api.ChatRendered:
    """The answer of the API's ``/chat_template``."""
    described = zip(result.tokenization.tokens, result.token_spans, strict=True)
    return api.ChatRendered(
        text=result.text,
        template=result.template,
        spans=tuple(api.ChatSpan(s.start, s.end, s.role, s.message, s.is_content) for s in result.spans),
        tokens=tuple(api.ChatToken(t.token_id, t.piece, t.shown, t.special, span) for t, span in described),
        input_ids=result.tokenization.input_ids,
        notes=result.notes,
    )


def build_section(playground: pg.Playground, tab: gr.Tab) -> None:
    """Lays out the section inside the current Blocks."""

    def answer(question: Any) -> dict[str, Any]:
        return format_chat(playground.render_chat(request_of(question)))

    async def live_chat(question: dict[str, Any]) -> dict[str, Any]:
        return await anyio.to_thread.run_sync(answer, question)

    def show_code(event: gr.EventData) -> tuple[str, str]:
        return receipt_values(playground.token_receipt(request_of(payload(event))))

    def chat_template(
        messages: list[dict[str, str]], model_id: str = DEFAULT_MODEL, add_generation_prompt: bool = True
    ) -> api.ChatRendered:
        """A conversation as the model reads it, with who said what.

        Args:
            messages: role (system, user, assistant, tool) and content of each.
            model_id: whose template.
            add_generation_prompt: end with the opening of the assistant's turn.

        Returns:
            text, input_ids, spans (start, end, role, message, content), tokens, template.
        """
        question = {"messages": messages, "model_id": model_id, "add_generation_prompt": add_generation_prompt}
        return chat_of(playground.render_chat(request_of(question)))

    explain(
        "A chat model knows no messages: it reads **one long text**, in which a template has written the roles with"
        " special tokens. Without `add_generation_prompt` it would go on with the question instead of answering it."
    )
    model = model_picker(playground, "text-generation")
    start = {"model_id": model.value, "messages": EXAMPLE}
    chat = view("chat-template", start, server_functions=[answering(live_chat)], elem_id="pg-tokens-chat")
    code, notebook = receipt_panel()

    def choose(model_id: str) -> dict[str, Any]:
        return {"model_id": model_id}

    model.change(choose, model, chat, queue=False, show_progress="hidden", api_visibility="private")
    chat.input(
        friendly(show_code),
        None,
        [code, notebook],
        trigger_mode="always_last",
        show_progress="hidden",
        api_visibility="private",
    )
    publish(chat_template)
