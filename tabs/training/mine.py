"""What somebody trained here: to be used elsewhere on the page, taken home, loaded again, or forgotten."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path
from typing import Any, NamedTuple

import gradio as gr

import playground as pg
from playground.wire import to_json
from tabs.gradio_patches import upload_folder
from tabs.page import explain, friendly, view
from tabs.training.format import format_trained
from tabs.training.offer import Lists

UNSEEN: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}


class Mine(NamedTuple):
    """The components."""

    chosen: gr.Dropdown
    ways: gr.HTML
    download: gr.DownloadButton
    forget: gr.Button
    load: gr.UploadButton


def lay_out_mine() -> Mine:
    """Lays out the part inside the current Blocks."""
    explain(
        "**What you trained** is yours alone: it stands first in the lists of models of the other tabs, and is gone "
        "when the playground ends, unless you download it."
    )
    with gr.Row(equal_height=False):
        chosen = gr.Dropdown([], label="your models", visible=False, elem_id="training-mine", scale=3, min_width=240)
        download = gr.DownloadButton("Download", size="sm", visible=False, elem_id="training-download", min_width=110)
        forget = gr.Button("Forget", size="sm", visible=False, elem_id="training-forget", min_width=90)
        load = gr.UploadButton(
            "Load one from its file", size="sm", file_types=[".zip"], elem_id="training-load", min_width=150
        )
    ways = view("training/mine", elem_id="training-ways")
    return Mine(chosen, ways, download, forget, load)


class MineHandlers:
    """What happens to them; ``lists`` are those of the other tabs."""

    def __init__(self, playground: pg.Playground, mine: Mine, lists: Lists) -> None:
        self._playground, self._mine, self._lists = playground, mine, lists

    @property
    def outputs(self) -> list[Any]:
        """All that may be filled."""
        return [*self._mine, *self._lists.components]

    def refresh(self, person: str) -> dict[Any, Any]:
        """What a person has now, the newest chosen; in the lists of the other tabs as well."""
        models = self._playground.trained_models(person)
        choices = [(one.title, one.model_id) for one in models]
        newest = models[0].model_id if models else None
        chosen = gr.Dropdown(choices=choices, value=newest, visible=bool(models))
        return {self._mine.chosen: chosen, **self.choose(newest, person), **self._lists.with_trained(models)}

    def choose(self, model_id: str | None, person: str) -> dict[Any, Any]:
        """Where a model can be used, and its file."""
        mine = self._mine
        model = next((one for one in self._playground.trained_models(person) if one.model_id == model_id), None)
        if model is None:
            return {
                mine.ways: None, mine.download: gr.DownloadButton(value=None, visible=False),
                mine.forget: gr.Button(visible=False),
            }  # fmt: skip
        folder = _served(model.model_id)
        path = next(folder.glob("*.zip"), None) or self._playground.pack_trained(model.model_id, str(folder))
        return {
            mine.ways: to_json(format_trained(model)),
            mine.download: gr.DownloadButton(value=str(path), visible=True),
            mine.forget: gr.Button(visible=True),
        }

    def forget(self, model_id: str | None, person: str) -> dict[Any, Any]:
        """Nothing is left of a model of this person."""
        if model_id in {one.model_id for one in self._playground.trained_models(person)}:
            self._playground.forget_trained(str(model_id))
            shutil.rmtree(_served(str(model_id)), ignore_errors=True)
        return self.refresh(person)

    def load(self, path: str, person: str) -> dict[Any, Any]:
        """A model from a file that was downloaded."""
        self._playground.load_trained(path, person)
        return self.refresh(person)


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
    def load(path: str, name: Any, request: gr.Request) -> dict[Any, Any]:
        return handlers.load(path, owner_of(name, request))

    @friendly
    def refresh(name: Any, request: gr.Request) -> dict[Any, Any]:
        return handlers.refresh(owner_of(name, request))

    chosen = [mine.chosen, person]
    mine.chosen.input(choose, chosen, [mine.ways, mine.download, mine.forget], **UNSEEN)
    mine.forget.click(forget, chosen, handlers.outputs, **UNSEEN)
    mine.load.upload(load, [mine.load, person], handlers.outputs, **UNSEEN)
    return {"fn": refresh, "inputs": person, "outputs": handlers.outputs, **UNSEEN}
