"""The Tokens tab: what a model sees of a text.

You see a text as tokens while you type, a batch with its ids and masks, a conversation as the template writes it,
tokenizers side by side, what a vocabulary holds, and where each token looks. Try an emoji with SmolLM2, flip a bit of
the attention mask, or compare the same sentence in Thai and in English.
"""

from __future__ import annotations

import gradio as gr

import playground as pg
from tabs.attention import tab as attention
from tabs.lessons.watched import Watched
from tabs.page import heading
from tabs.tokens import batch, chat_template, comparison, live, vocabulary
from tabs.tokens.api import TokensApi

TITLE = "Tokens"


def build_tab(playground: pg.Playground) -> list[Watched]:
    """Lays out the tab inside the current Blocks; what comes back is lent to the lessons."""
    with gr.Tabs(overflow_behavior="wrap"):
        with gr.Tab("One text", id="tokens-live"):
            heading("One text", 3)
            watched = [live.build_section(playground)]
        with gr.Tab("Batch & masks", id="tokens-batch"):
            heading("Batch & masks", 3)
            watched += batch.build_section(playground)
        with gr.Tab("Chat template", id="tokens-chat"):
            heading("Chat template", 3)
            watched.append(chat_template.build_section(playground))
        with gr.Tab("Compare", id="tokens-compare") as tab:
            heading("Compare", 3)
            watched.append(comparison.build_section(playground, tab))
        with gr.Tab("Vocabulary", id="tokens-vocabulary") as tab:
            heading("Vocabulary", 3)
            watched.append(vocabulary.build_section(playground, tab))
        with gr.Tab("Attention", id="tokens-attention"):
            heading("Attention", 3)
            watched.append(attention.build_section(playground))
    TokensApi(playground).publish()
    return watched
