"""What is in memory, what it was predicted to take and what it takes, and what could be there instead.

Try: open SmolLM2, look at what 8 and 4 bits would save and what they can't, load it in 4-bit and watch the bar above. A
model is loaded by the first tab that needs it, too; then everybody on this page shares that one copy.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import playground as pg
from playground.models.catalog import TASKS, Catalog, ModelSpec
from playground.models.report import ModelReport, Snapshot
from playground.wire import to_json
from tabs.models import api
from tabs.page import answering, explain, publish, view

TITLE = "Models"


def format_models(
    catalog: Catalog, snapshot: Snapshot | None, settings: pg.Settings, problem: str = ""
) -> api.ModelsListed:
    """The view's value: devices, and one row per model of the catalog or typed in, each with its variants in memory.

    Without a snapshot the rows are there already and only the numbers are missing.
    """
    reports = snapshot.models if snapshot else ()
    listed = {spec.id for spec in catalog}
    typed = {report.model_id: report for report in reports if report.model_id not in listed}
    rows = [format_row(spec, reports) for spec in catalog]
    for model_id, report in typed.items():
        spec = ModelSpec(model_id, report.task, "hub", model_id, note="Typed in by hand.")
        rows.append(format_row(spec, reports))
    return api.ModelsListed(
        devices=snapshot.devices if snapshot else (),
        models=tuple(rows),
        public=settings.public,
        typing=settings.hub == "any" and not settings.public,
        hub=settings.hub,
        tasks=tuple(TASKS),
        problem=problem,
    )


def format_row(spec: ModelSpec, reports: tuple[ModelReport, ...]) -> api.ListedModel:
    """One model: what the catalog says, and its variants that were asked for."""
    own = [report for report in reports if report.model_id == spec.id]
    names = [field.name for field in dataclasses.fields(api.ModelVariant)]
    return api.ListedModel(
        id=spec.id,
        title=spec.title,
        task=spec.task,
        source=spec.source,
        licence=spec.licence,
        parameters=spec.parameters,
        note=spec.note,
        revision=spec.revision,
        variants=tuple(api.ModelVariant(**{name: getattr(report, name) for name in names}) for report in own),
    )


def build_tab(playground: pg.Playground) -> None:
    """Lays out the tab inside the current Blocks."""

    def models() -> api.ModelsListed:
        """What is in memory now: per device its budget, per model its state, bytes and who uses it.

        Returns:
            devices and models; bytes are integers, times are seconds.
        """
        return format_models(playground.catalog, playground.snapshot(), playground.settings)

    def model_options(given: list[Any]) -> dict[str, Any]:
        """The quantizations of one model, for the row that was opened."""
        model_id, task = given
        return {"value": playground.quantizations(model_id, task)}

    def model_command(given: list[Any]) -> dict[str, Any]:
        """Load, unload, pin or unpin; nothing is answered but what went wrong."""
        command, model_id, task, quantization = map(str, given)
        commands = {
            "load": lambda: playground.load_model(model_id.strip(), task, quantization),
            "unload": lambda: playground.unload_model(model_id, task, quantization),
            "pin": lambda: playground.pin_model(model_id, task, quantization, True),
            "unpin": lambda: playground.pin_model(model_id, task, quantization, False),
        }
        commands[command]()
        return {"value": None}

    def models_state(given: Any = None) -> dict[str, Any]:
        """What `models` returns."""
        return {"value": models()}

    def load_model(model_id: str, task: str = "", quantization: str = "auto") -> api.ModelAsked:
        """Begin to load a model; `models` says how it goes on.

        Args:
            model_id: an id of the catalog, or of the Hub where the settings allow it.
            task: text-classification, feature-extraction, text-generation or text2text-generation.
            quantization: auto, float32, bfloat16, float16, 8-bit or 4-bit.

        Returns:
            model_id, task and quantization under which it is found.
        """
        return api.ModelAsked(**dataclasses.asdict(playground.load_model(model_id, task, quantization)))

    def unload_model(model_id: str, task: str, quantization: str) -> api.ModelsListed:
        """Free the memory of a model that nobody uses, or stop its load.

        Args:
            model_id: the model.
            task: the task it was loaded for.
            quantization: the quantization it was loaded in.

        Returns:
            What `models` returns.
        """
        playground.unload_model(model_id, task, quantization)
        return models()

    # Layout

    explain(
        "A model answers only while its weights are **resident**: in the memory of the device that computes. The first "
        "person who needs one waits for the load; everybody after that shares the same copy. When the budget is full, "
        "the one that was not used for longest leaves - never one that somebody is using. While a model writes, it "
        "also keeps the keys and values of every token so far: its **KV cache**, which is gone when the last reply has "
        "ended. Open a model to see what its numbers take in 32, 16, 8 or 4 bits."
    )
    view(
        "models/view",
        to_json(format_models(playground.catalog, None, playground.settings)),
        elem_id="models-ledger",
        server_functions=[answering(one) for one in (models_state, model_options, model_command)],
    )

    # Wiring

    publish(models)
    publish(load_model)
    publish(unload_model)
