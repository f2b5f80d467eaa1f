"""What the Pipelines tab does: plain functions on a playground, values of its components.

They know no component and need no page: `tabs.pipelines.tab` binds them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import playground as pg
from playground.errors import PlaygroundError
from playground.pipelines.request import OPTIONS, TASKS
from playground.receipt import Receipt
from tabs.components import title_of
from tabs.pipelines.format import format_preview, format_result

NO_CODE = "# transformers has no pipeline() for this task any more: the steps below do the same.\n"


@dataclass(frozen=True)
class Answered:
    """The view's value, the result and its code: by ``pipeline()``, None where there is none, and step by step."""

    value: dict[str, Any]
    result: pg.PipelineResult
    one_line: Receipt | None
    steps: Receipt


def request_of(values: Mapping[str, Any], run_id: str = "", address: str = "") -> pg.PipelineRequest:
    """What is asked when these values stand in the fields; options of other tasks don't count.

    Raises:
        InputError: it can't be asked; the message says why.
    """
    task = str(values["task"])
    options = {name: _as_asked(name, values[name]) for name in OPTIONS.get(task, {}) if name in values}
    return pg.PipelineRequest(
        task,  # type: ignore[arg-type]  # which is checked there
        values["text"] or "",
        values["model_id"] or "",
        run_id=run_id,
        address=address,
        **options,
    )


def _as_asked(name: str, value: Any) -> Any:
    """A value of a field as requests have it: texts stand on lines, labels and targets between commas."""
    if name == "texts":
        return tuple(line.strip() for line in str(value or "").splitlines() if line.strip())
    if name in ("candidate_labels", "targets"):
        return tuple(one.strip() for one in str(value or "").split(",") if one.strip())
    if name == "stride":
        return int(value) if value else None
    return value


def as_typed(name: str, value: Any) -> Any:
    """The way back: an option's value as its field has it."""
    if name == "texts":
        return "\n".join(value or ())
    if name in ("candidate_labels", "targets"):
        return ", ".join(value or ())
    return {"stride": 0, "prefix": "", "question": ""}.get(name, value) if value is None else value


def ask(playground: pg.Playground, request: pg.PipelineRequest, fields: Sequence[Any]) -> Answered:
    """The answer to what stood in the fields, ready to be shown."""
    result = playground.pipeline(request)
    codes = playground.pipeline_receipts(result)
    one_line = codes[0] if len(codes) > 1 else None
    shown = format_result(result, title_of(playground, result.model_id), fields)
    return Answered(shown, result, one_line, codes[-1])


def preview(playground: pg.Playground, task: str, model_id: str) -> dict[str, Any]:
    """The view's value in place of an answer."""
    known = task if task in TASKS else TASKS[0]
    try:
        return format_preview(known, playground.pipeline_advice(known, model_id))
    except PlaygroundError:  # what was typed can't be a model's id: asking says so
        return format_preview(known, playground.pipeline_advice(known))


def refused(playground: pg.Playground, task: str, model_id: str, said: str, fields: Sequence[Any]) -> dict[str, Any]:
    """The same where what stood in the fields was asked, and can't be: what is in its way."""
    shown = preview(playground, task, model_id)
    return shown | ({"state": "refused", "said": said, "asked": list(fields)} if said else {})


def is_here(playground: pg.Playground, task: str, model_id: str) -> bool:
    """Whether a model answers without a download."""
    try:
        return playground.pipeline_advice(task, model_id).state == "here"
    except PlaygroundError:
        return False


def offered(playground: pg.Playground, *tasks: str) -> list[tuple[str, str]]:
    """Titles and ids of models for tasks; none of the Hub where nothing may be downloaded and it isn't here."""
    specs = {spec.id: spec for task in tasks for spec in playground.pipeline_models(task)}
    if playground.settings.hub == "off":
        specs = {name: spec for name, spec in specs.items() if is_here(playground, spec.task, name)}
    return [(spec.title if spec.source != "hub" else f"{spec.title} (Hub)", spec.id) for spec in specs.values()]
