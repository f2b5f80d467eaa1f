"""What somebody trained here: to be used elsewhere on the page, taken home, loaded again, or forgotten."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import gradio as gr

import playground as pg
from playground.errors import EmptyInputError, InputError
from playground.wire import to_json
from tabs.gradio_patches import payload, upload_folder
from tabs.page import explain, friendly, said_in_place, view
from tabs.training.format import ComparedShown, format_compared, format_load, format_trained
from tabs.training.offer import Lists

MOST_TEXTS = 20
UNSEEN: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}


class Mine(NamedTuple):
    """The components; ``texts`` and what follows them ask a model and the one that its training began with."""

    chosen: gr.Dropdown
    ways: gr.HTML
    download: gr.DownloadButton
    forget: gr.Button
    load: gr.HTML
    texts: gr.Textbox
    ask: gr.Button
    compared: gr.HTML


def lay_out_mine(most_bytes: int) -> Mine:
    """Lays out the part inside the current Blocks; a file that is loaded again may have so many bytes."""
    explain(
        "**What you trained** is yours alone: it stands first in the lists of models of the other tabs, and is gone "
        "when the playground ends, unless you download it."
    )
    with gr.Row(equal_height=False):
        chosen = gr.Dropdown([], label="your models", visible=False, elem_id="training-mine", scale=3, min_width=240)
        download = gr.DownloadButton("Download", size="sm", visible=False, elem_id="training-download", min_width=110)
        forget = gr.Button("Forget", size="sm", visible=False, elem_id="training-forget", min_width=90)
    ways = view("training/mine", elem_id="training-ways")
    with gr.Row(equal_height=False):
        texts = gr.Textbox(
            label="ask it, and the model that its training began with: one text a line", lines=2, max_lines=8,
            visible=False, elem_id="training-ask", scale=3, min_width=240,
        )  # fmt: skip
        ask = gr.Button("Ask both", size="sm", visible=False, elem_id="training-ask-both", min_width=110)
    compared = view("training/compared", elem_id="training-compared")
    load = view("training/load", to_json(format_load(most_bytes)), ["arrived"], elem_id="training-load")
    return Mine(chosen, ways, download, forget, load, texts, ask, compared)


class MineHandlers:
    """What happens to them; ``lists`` are those of the other tabs."""

    def __init__(self, playground: pg.Playground, mine: Mine, lists: Lists) -> None:
        self._playground, self._mine, self._lists = playground, mine, lists

    @property
    def outputs(self) -> list[Any]:
        """All that may be filled."""
        return [*self.of_choice, self._mine.chosen, *self._lists.components]

    @property
    def of_choice(self) -> list[Any]:
        """What depends on which model is chosen."""
        mine = self._mine
        return [mine.ways, mine.download, mine.forget, mine.texts, mine.ask, mine.compared]

    def refresh(self, person: str) -> dict[Any, Any]:
        """What a person has now, the newest chosen; in the lists of the other tabs as well."""
        models = self._playground.trained_models(person)
        choices = [(one.title, one.model_id) for one in models]
        newest = models[0].model_id if models else None
        chosen = gr.Dropdown(choices=choices, value=newest, visible=bool(models))
        offered = () if self._playground.lends_gpu else models
        return {self._mine.chosen: chosen, **self.choose(newest, person), **self._lists.with_trained(offered)}

    def choose(self, model_id: str | None, person: str) -> dict[Any, Any]:
        """Where a model can be used, and its file."""
        mine = self._mine
        model = next((one for one in self._playground.trained_models(person) if one.model_id == model_id), None)
        if model is None:
            return {
                mine.ways: None, mine.download: gr.DownloadButton(value=None, visible=False),
                mine.forget: gr.Button(visible=False), **self._asking("", False),
            }  # fmt: skip
        folder, usable = _served(model.model_id), not self._playground.lends_gpu
        path = next(folder.glob("*.zip"), None) or self._playground.pack_trained(model.model_id, str(folder))
        return {
            mine.ways: to_json(format_trained(model, usable)),
            mine.download: gr.DownloadButton(value=str(path), visible=True),
            mine.forget: gr.Button(visible=True),
            **self._asking(model.first_text, usable and bool(model.before_id)),
        }

    def _asking(self, text: str, visible: bool) -> dict[Any, Any]:
        mine = self._mine
        return {
            mine.texts: gr.Textbox(value=text, visible=visible), mine.ask: gr.Button(visible=visible),
            mine.compared: None,
        }  # fmt: skip

    def ask(self, model_id: str | None, texts: str, person: str) -> Iterator[dict[str, Any] | None]:
        """What a model says now and what it said before its training, for the view, or why it can't be asked."""
        try:
            shown = format_compared(self._ask_both(model_id, texts, person))
        except Exception as error:
            said = said_in_place(error)
            yield to_json(ComparedShown((), said)) if said else None
            raise
        yield to_json(shown)

    def _ask_both(self, model_id: str | None, texts: str, person: str) -> list[tuple[Any, Any]]:
        model = next((one for one in self._playground.trained_models(person) if one.model_id == model_id), None)
        lines = [line.strip() for line in texts.splitlines() if line.strip()]
        if model is None or not lines:
            raise EmptyInputError("There is no text yet.", "Write one, or several, one a line.")
        if len(lines) > MOST_TEXTS:
            raise InputError(f"There are {len(lines):,} texts.", f"Ask at most {MOST_TEXTS} at once.")
        ask = self._playground.classify
        return [
            (ask(pg.ClassifyRequest(line, model_id=model.before_id)), ask(pg.ClassifyRequest(line, model_id=model_id)))
            for line in lines
        ]

    def forget(self, model_id: str | None, person: str) -> dict[Any, Any]:
        """Nothing is left of a model of this person."""
        if model_id in {one.model_id for one in self._playground.trained_models(person)}:
            self._playground.forget_trained(str(model_id))
            shutil.rmtree(_served(str(model_id)), ignore_errors=True)
        return self.refresh(person)

    def load(self, token: str, person: str) -> Iterator[dict[Any, Any]]:
        """A model from a file that was downloaded, and has come again under this token; or why it can't be used."""
        most = self._playground.settings.most_model_upload
        try:
            self._playground.load_arrived(token, person)
        except Exception as error:
            yield {self._mine.load: to_json(format_load(most, said_in_place(error)))}
            raise
        yield self.refresh(person) | {self._mine.load: to_json(format_load(most))}


def _served(model_id: str) -> Path:
    """The folder of a model's file, where gradio may serve it from."""
    return upload_folder() / hashlib.sha256(model_id.encode()).hexdigest()


def owner_of(person: Any, request: gr.Request) -> str:
    """Whose models they are: the name that the browser keeps, or else this visit of the page."""
    return str(person or "")[:64] or str(request.session_hash or "")


def wire_mine(handlers: MineHandlers, mine: Mine, person: gr.State) -> dict[str, Any]:
    """Ties what people do to the handlers; what shows anew what there is comes back."""

    @friendly
    def choose(model_id: str | None, name: Any, request: gr.Request) -> dict[Any, Any]:
        return handlers.choose(model_id, owner_of(name, request))

    @friendly
    def forget(model_id: str | None, name: Any, request: gr.Request) -> dict[Any, Any]:
        return handlers.forget(model_id, owner_of(name, request))

    @friendly
    def load(event: gr.EventData, name: Any, request: gr.Request) -> Iterator[dict[Any, Any]]:
        yield from handlers.load(str(payload(event)), owner_of(name, request))

    @friendly
    def ask(model_id: str | None, texts: str, name: Any, request: gr.Request) -> Iterator[dict[str, Any] | None]:
        yield from handlers.ask(model_id, texts, owner_of(name, request))

    @friendly
    def refresh(name: Any, request: gr.Request) -> dict[Any, Any]:
        return handlers.refresh(owner_of(name, request))

    chosen = [mine.chosen, person]
    mine.chosen.input(choose, chosen, handlers.of_choice, **UNSEEN)
    mine.forget.click(forget, chosen, handlers.outputs, **UNSEEN)
    mine.load.arrived(load, person, [*handlers.outputs, mine.load], **UNSEEN)
    asked = [mine.chosen, mine.texts, person]
    mine.ask.click(ask, asked, mine.compared, trigger_mode="always_last", **UNSEEN)
    mended = "(shown) => shown?.said ? null : shown"  # a refusal goes with the text that it is about
    mine.texts.change(None, mine.compared, mine.compared, js=mended, **UNSEEN)
    return {"fn": refresh, "inputs": person, "outputs": handlers.outputs, **UNSEEN}
