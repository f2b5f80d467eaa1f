"""Trained models in the lists of all other tabs, for whoever trained them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import gradio as gr

import playground as pg


class Lists:
    """The lists of models of the page, and what each offers everybody."""

    def __init__(self, playground: pg.Playground, blocks: Iterable[Any]) -> None:
        self._plain: dict[gr.Dropdown, list[tuple[str, str]]] = {}
        self._tasks: dict[gr.Dropdown, set[str]] = {}
        for one in blocks:
            if not isinstance(one, gr.Dropdown) or "pg-model" not in (one.elem_classes or ()):
                continue
            choices = [(str(name), str(value)) for name, value in one.choices]
            specs = [playground.catalog.find(value) for _, value in choices]
            if specs and all(specs) and one.elem_id != "pipelines-model":
                self._plain[one] = choices
                self._tasks[one] = {spec.task for spec in specs if spec}

    @property
    def components(self) -> list[gr.Dropdown]:
        """All that can be changed."""
        return list(self._plain)

    def with_trained(self, models: tuple[pg.TrainedModel, ...]) -> dict[Any, Any]:
        """Every list with these models, first in those of their task."""
        return {
            one: gr.Dropdown(choices=[*_offered(models, self._tasks[one]), *plain])
            for one, plain in self._plain.items()
        }


def _offered(models: tuple[pg.TrainedModel, ...], tasks: set[str]) -> list[tuple[str, str]]:
    return [(f"{one.title} (yours)", one.model_id) for one in models if one.task in tasks]
