"""The Models tab on a page of its own, over tiny models and the stand-in for the Hub."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.tiny_models import make_spec

TASK = "text-generation"
NASTY = "<img src=x onerror=alert(1)> ${alert(1)} {{title}}"


@contextmanager
def replies_held(playground: Any, quantization: str = "auto") -> Iterator[None]:
    """While the block runs, two replies of the first tiny model stay in the middle of being written."""
    from playground.generation.generate import generate
    from playground.generation.request import GenerateRequest

    with playground.manager.lease("tiny/a", TASK, quantization) as loaded:
        request = GenerateRequest(
            model_id="tiny/a", quantization=quantization, prompt="w4 w5", max_new_tokens=40, prefix_token_ids=(7,)
        )
        for event in generate(playground.manager, request):
            del event
        engine = loaded.companion("generation", lambda owner: None)
    passes, held, go = engine.passes, threading.Event(), threading.Event()
    real = passes.forward

    def forward(table: Any, token_ids: Any, wanted: int = 1) -> Any:
        if len(token_ids) == 2:
            held.set()
            assert go.wait(30)
        return real(table, token_ids, wanted)

    passes.forward = forward
    running = [generate(playground.manager, replace(request, person=person)) for person in ("one", "two")]
    try:
        assert held.wait(30)
        yield
    finally:
        go.set()
        for generation in running:
            generation.result()
        passes.forward = real
        deadline = time.monotonic() + 10
        while not engine.idle:
            assert time.monotonic() < deadline
            time.sleep(0.01)


@contextmanager
def models_app(folder: Path, **settings: Any) -> Iterator[tuple[str, Any]]:
    """Address and `Playground`; the catalog holds three tiny Llamas, a broken model and one of the Hub."""
    import gradio as gr

    import app
    from playground.config import Settings
    from playground.models.catalog import QUANTIZATIONS, Catalog, ModelSpec
    from playground.models.manager import ModelManager
    from playground.service import Playground
    from tabs.generation.api import GenerationApi
    from tabs.models import tab

    specs = [make_spec(folder / name, "llama", f"tiny/{name}", title=f"Tiny {name}") for name in "abc"]
    nowhere = ModelSpec("tiny/broken", TASK, "folder", str(folder / "nowhere"), title=NASTY, note=NASTY)
    remote = ModelSpec("org/remote", TASK, "hub", "org/remote", title="Remote", quantizations=QUANTIZATIONS)
    options = Settings(**{"device": "cpu", "memory_budget": 400_000, **settings})
    manager = ModelManager(options, Catalog((*specs, nowhere, remote)), patience_seconds=0.5)
    with Playground(options, manager=manager) as playground:
        with gr.Blocks() as demo, gr.Tabs(), gr.Tab(tab.TITLE):
            tab.build_tab(playground)
            GenerationApi(playground).publish()
        demo.queue(api_open=False, default_concurrency_limit=10)
        _, url, _ = demo.launch(
            server_name="127.0.0.1", server_port=None, prevent_thread_lock=True, **app.launch_options(options)
        )
        yield url.rstrip("/"), playground
        demo.close()
