"""The facts of every lesson, computed once for all tests."""

from __future__ import annotations

import importlib
import queue
import threading

import pytest

from playground.errors import PlaygroundError
from playground.lessons.run import remembering
from playground.lessons.stages import run
from playground.training.desk import Desk, Done


class Here:
    """What a training's process does, in a thread of this one: what it computes is the same, and nothing is started."""

    def __init__(self, training, device, folder, threads):
        self.said, self.stopped = queue.Queue(), threading.Event()
        self.desk = Desk(device, folder, self.said.put, self.stopped)
        threading.Thread(target=self._work, args=(training,), daemon=True).start()

    def _work(self, training):
        module, _, name = training.work.partition(":")
        function = getattr(importlib.import_module(module), name)
        try:
            self.said.put(Done(function(training.request, self.desk)))
        except PlaygroundError as error:
            self.said.put(error)

    def next(self, seconds):
        return self.said.get(timeout=60)

    def stop(self):
        self.stopped.set()

    def end(self):
        self.stopped.set()


@pytest.fixture(scope="session")
def answer(app_playground):
    """The facts of a tab with its fields; the same question is answered once."""

    def answered(tab, fields):
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr("playground.training.child.Child", Here)
            return run(app_playground, tab, fields)

    return remembering(answered)
