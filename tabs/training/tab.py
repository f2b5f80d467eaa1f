"""The Training tab: watch a model learn from your own examples, then use it in all other tabs.

What to try: train on the first sample; change half of its labels to something silly, and train again; take steps that
are far too large. Then let a model begin with random numbers, and watch noise become words, and words become sentences.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gradio as gr

import playground as pg
from tabs.gradio_patches import blocks_being_built, tab_being_built
from tabs.lessons.watched import Watched
from tabs.page import explain, friendly, heading
from tabs.training.api import TrainingApi
from tabs.training.classifier import build_classifier_section
from tabs.training.handlers import PARTS
from tabs.training.language_model import build_language_model_section
from tabs.training.language_model_api import LanguageModelApi
from tabs.training.mine import MineHandlers, lay_out_mine, wire_mine
from tabs.training.offer import Lists

TITLE = "Training"
# The name that this browser keeps, made once. gr.BrowserState isn't read before its tab is opened.
_NAME = """() => {
  const made = () => [...crypto.getRandomValues(new Uint32Array(4))].map((n) => n.toString(36)).join("");
  try {
    if (!localStorage.getItem("pg-person")) localStorage.setItem("pg-person", made());
    return localStorage.getItem("pg-person");
  } catch { return made(); }
}"""
UNSEEN: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}


def build_tab(playground: pg.Playground) -> list[Watched]:
    """Lays out the tab inside the current Blocks; what comes back is lent to the lessons."""
    page, page_tab = blocks_being_built(), tab_being_built()
    lists = Lists(playground, list(page.blocks.values()))
    explain(
        "A model learns by guessing, being told how wrong it was, and moving its numbers a little. **Train one "
        "here in a minute or two**, in a process of its own, while everything else goes on."
    )
    person = gr.State("")
    parts = gr.Tabs(elem_id="training-parts", overflow_behavior="wrap")
    with parts, gr.Tab(PARTS["text-classification"], id="classifier"):
        heading(PARTS["text-classification"], 3)
        section = build_classifier_section(playground, person)
    with parts, gr.Tab(PARTS["text-generation"], id="language-model"):
        heading(PARTS["text-generation"], 3)
        language = build_language_model_section(playground, person)
    mine = lay_out_mine(playground.settings.most_model_upload)
    handlers = MineHandlers(playground, mine, lists)
    refreshing = wire_mine(handlers, mine, person)
    section.training.then(**refreshing)
    language.training.then(**refreshing)
    if page_tab is not None:
        page_tab.select(**section.planning)
    follows = [(one.handlers.follow, one.parts.of_training) for one in (section, language)]
    _wire_arrival(playground, page, person, follows, refreshing)
    TrainingApi(playground).publish()
    LanguageModelApi(playground).publish()
    return [section.watched, language.watched]


def _wire_arrival(
    playground: pg.Playground,
    page: gr.Blocks,
    person: gr.State,
    follows: list[tuple[Any, list[Any]]],
    refreshing: dict[str, Any],
) -> None:
    """Who comes back finds the models, and a training that goes on; who comes first gets a name that nobody guesses."""
    left, has_models = gr.State(""), gr.State(False)

    def arrive(name: Any) -> dict[Any, Any]:
        owner = str(name or "")[:64]
        running = [one.run_id for one in playground.running_trainings(owner)] if owner else []
        return {
            person: owner,
            left: running[0] if running else "",
            has_models: bool(owner and playground.trained_models(owner)),
        }

    name = gr.Textbox(visible=False)
    # In the queue: else no change of the states is told.
    page.load(arrive, name, [person, left, has_models], js=_NAME, **UNSEEN)
    for follow, outputs in follows:
        following = left.change(friendly(_of_its_own(follow)), left, outputs, concurrency_limit=8, **UNSEEN)
        following.then(**refreshing)
    has_models.change(**refreshing)


def _of_its_own(follow: Any) -> Any:
    """Follows a training of its own kind, and leaves everything as it is where there is none."""

    def following(run_id: str) -> Iterator[Any]:
        heard = False
        for values in follow(run_id) if run_id else ():
            heard = True
            yield values
        if not heard:
            yield gr.skip()

    return following
