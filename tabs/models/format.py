"""What the page and the API are told of models: rows of the catalog beside what the manager holds of each."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection
from dataclasses import dataclass

import playground as pg
from playground.models.catalog import TASKS, Catalog, ModelSpec
from playground.models.origin import about_model
from playground.models.report import DeviceReport, ModelReport, Snapshot
from playground.models.trained import PREFIX
from tabs.models.fleet_format import FleetListed


@dataclass(frozen=True)
class ModelVariant:
    """One model in one quantization, as the manager holds it; bytes and seconds."""

    task: str
    quantization: str
    state: str
    device: str
    dtype: str
    predicted_bytes: int | None
    measured_bytes: int | None
    leases: int
    waiting: int
    loads: int
    evictions: int
    last_used: float | None
    pinned: bool
    progress: float | None
    message: str
    load_seconds: float | None
    cache_bytes: int


@dataclass(frozen=True)
class ListedModel:
    """One model of the catalog, or typed in, and its variants that were asked for."""

    id: str
    title: str
    task: str
    source: str
    licence: str
    parameters: int | None
    note: str
    revision: str | None
    variants: tuple[ModelVariant, ...]


@dataclass(frozen=True)
class ModelsListed:
    """Devices and models; ``typing`` says whether ids of the Hub may be typed in. A process alone has no ``fleet``."""

    devices: tuple[DeviceReport, ...]
    models: tuple[ListedModel, ...]
    public: bool
    visitor_rules: str
    typing: bool
    hub: str
    tasks: tuple[str, ...]
    problem: str
    fleet: FleetListed | None = None


def format_models(
    catalog: Catalog,
    snapshot: Snapshot | None,
    settings: pg.Settings,
    visitor_rules: str = "",
    asked_for: Collection[str] = (),
    fleet: FleetListed | None = None,
) -> ModelsListed:
    """Devices, and one row per model of the catalog or typed in, each with its variants in memory.

    Without a snapshot the rows are there already and only the numbers are missing. ``visitor_rules`` is the text of
    `Playground.visitor_rules`. An id that was typed in and never became a model, such as a mistyped one, is shown to
    those who ``asked_for`` it, nobody else.
    """
    reports = snapshot.models if snapshot else ()
    listed = {spec.id for spec in catalog}
    shown = {one.model_id for one in reports if one.loads or one.state not in ("failed", "not loaded")}.union(asked_for)
    typed = {one.model_id: one for one in reports if one.model_id in shown - listed}
    rows = [format_row(spec, reports) for spec in catalog]
    rows += [format_row(_unlisted(report), reports) for report in typed.values()]
    return ModelsListed(
        devices=snapshot.devices if snapshot else (),
        models=tuple(rows),
        public=settings.public,
        visitor_rules=visitor_rules,
        typing=settings.hub == "any" and not settings.public,
        hub=settings.hub,
        tasks=tuple(TASKS),
        problem="",
        fleet=fleet,
    )


def _unlisted(report: ModelReport) -> ModelSpec:
    """What is known of a model that no catalog lists: somebody trained it here, or typed its id in."""
    model_id, task = report.model_id, report.task
    if not model_id.startswith(PREFIX):
        return ModelSpec(model_id, task, "hub", model_id, note="Typed in by hand.")
    owner, note = "of who trained it", "Trained on this playground."
    return ModelSpec(model_id, task, "trained", model_id, title=report.title, licence=owner, note=note)


def format_row(spec: ModelSpec, reports: tuple[ModelReport, ...]) -> ListedModel:
    """One model: what the catalog says, and its variants that were asked for."""
    own = [report for report in reports if report.model_id == spec.id]
    names = [field.name for field in dataclasses.fields(ModelVariant)]
    return ListedModel(
        id=spec.id,
        title=spec.title,
        task=spec.task,
        source=spec.source,
        licence=spec.licence,
        parameters=spec.parameters,
        note=about_model(spec),
        revision=spec.revision,
        variants=tuple(ModelVariant(**{name: getattr(report, name) for name in names}) for report in own),
    )
