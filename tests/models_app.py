"""The Models tab on a page of its own, over tiny models and the stand-in for the Hub."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.tiny_models import make_spec

TASK = "text-generation"
NASTY = "<img src=x onerror=alert(1)> ${alert(1)} {{title}}"


@contextmanager
def models_app(folder: Path, **settings: Any) -> Iterator[tuple[str, Any]]:
    """Address and `Playground`; the catalog holds three tiny Llamas, a broken model and one of the Hub."""
    import gradio as gr

    import app
    from playground.config import Settings
    from playground.models.catalog import QUANTIZATIONS, Catalog, ModelSpec
    from playground.models.manager import ModelManager
    from playground.service import Playground
    from tabs import models as tab

    specs = [make_spec(folder / name, "llama", f"tiny/{name}", title=f"Tiny {name}") for name in "abc"]
    nowhere = ModelSpec("tiny/broken", TASK, "folder", str(folder / "nowhere"), title=NASTY, note=NASTY)
    remote = ModelSpec("org/remote", TASK, "hub", "org/remote", title="Remote", quantizations=QUANTIZATIONS)
    options = Settings(**{"device": "cpu", "memory_budget": 400_000, **settings})
    manager = ModelManager(options, Catalog((*specs, nowhere, remote)), patience_seconds=0.5)
    with Playground(options, manager=manager) as playground:
        with gr.Blocks() as demo, gr.Tabs(), gr.Tab(tab.TITLE):
            tab.build_tab(playground)
        demo.queue(api_open=False, default_concurrency_limit=10)
        _, url, _ = demo.launch(
            server_name="127.0.0.1", server_port=None, prevent_thread_lock=True, **app.launch_options(options)
        )
        yield url.rstrip("/"), playground
        demo.close()
