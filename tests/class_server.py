"""A server of the classroom alone, over a playground that answers at once or over a real one: what tests talk to."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount

from playground.classroom.answers import Answers
from playground.config import Settings
from server import guards
from server.classroom.pages import Pages
from server.classroom.routes import Classroom
from tabs.fonts import font_route
from tabs.view_files import PATH, ViewFiles, version


def said(piece: str, probability: float, token_id: int) -> SimpleNamespace:
    """A candidate of `NextTokenResult`."""
    return SimpleNamespace(piece=piece, before=probability, token_id=token_id)


class QuickModel:
    """Knows four tokens; a word is a token if it is one of them, with a space before it."""

    PIECES = (" blue", " grey", " clear", " falling")
    PROBABILITIES = (0.5, 0.25, 0.125, 0.0625)
    catalog = SimpleNamespace(
        default_for=lambda task: SimpleNamespace(id="quick"),
        find=lambda model_id: SimpleNamespace(title="A quick model"),
    )

    def next_token(self, request: Any) -> Any:
        """Always the same."""
        found = zip(self.PIECES, self.PROBABILITIES, range(4), strict=True)
        return SimpleNamespace(candidates=[said(*one) for one in found], quantization="float32")

    def tokenize(self, request: Any) -> Any:
        """One token or none."""
        ids = [number for number, piece in enumerate(self.PIECES) if piece == request.text]
        return SimpleNamespace(input_ids=ids, tokens=[SimpleNamespace(token_id=one, special=False) for one in ids])

    def generate(self, request: Any) -> Any:
        """The forced tokens, or always the first one."""
        ids = request.prefix_token_ids or (0,) * request.max_new_tokens
        steps = [SimpleNamespace(text=self.PIECES[one], probability_before=0.5) for one in ids]
        finished = SimpleNamespace(text="".join(step.text for step in steps))
        started = SimpleNamespace(quantization="float32")
        return SimpleNamespace(result=lambda: SimpleNamespace(started=started, finished=finished, steps=steps))

    def compare(self, requests: Any) -> Any:
        """Each by itself."""
        return SimpleNamespace(results=lambda: [self.generate(one).result() for one in requests])

    def prepare_question(self, question: Any, address: str = "") -> Any:
        """As the facade does."""
        return Answers(self, address).prepare(question)

    def read_words(self, question: Any, says: Any, words: Any, address: str = "") -> Any:
        """As the facade does."""
        return Answers(self, address).read_words(question, says, words)

    def continued_question(self, question: Any, token_id: int, address: str = "") -> Any:
        """As the facade does."""
        return Answers(self, address).continued(question, token_id)

    def class_writing(self, question: Any, address: str = "") -> Any:
        """As the facade does."""
        return Answers(self, address).writing(question)


@contextmanager
def class_server(tmp_path: Any, clock: Any = time.monotonic) -> Iterator[str]:
    """The address of a classroom behind the app's guards, over a `QuickModel`."""
    settings = Settings(classroom=True)
    pages = [font_route(), Mount(PATH, ViewFiles()), *Pages(f"{PATH[1:]}/{version()}").routes()]
    routes = [*Classroom(QuickModel(), clock).routes(), *pages]
    app = Starlette(routes=routes, middleware=guards(settings, "", tmp_path, {}))
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    server.force_exit = True
    thread.join(5)
