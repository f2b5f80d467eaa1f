"""Which models exist: a readable YAML file, checked when it is read.

It leaves out what a model costs right now (`memory`) and whether it is loaded (`manager`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from playground.errors import ConfigError, ModelNotFoundError

TASKS = (
    "text-classification", "feature-extraction", "text-generation", "text2text-generation", "fill-mask",
    "token-classification", "question-answering",
)  # fmt: skip
SOURCES = ("embedded", "folder", "hub")
QUANTIZATIONS = ("auto", "float32", "bfloat16", "float16", "8-bit", "fast-8-bit", "4-bit")
DEFAULT_FILE = Path(__file__).with_name("catalog.yaml")


@dataclass(frozen=True)
class ModelSpec:
    """One line of the catalog: a model that can be asked for, loaded or not."""

    id: str
    task: str
    source: str
    location: str
    title: str = ""
    licence: str = "unknown"
    parameters: int | None = None
    quantizations: tuple[str, ...] = ("auto",)
    note: str = ""
    revision: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "title", self.title or self.id)


def typed_in(model_id: str, task: str) -> ModelSpec:
    """The entry for a Hub id that somebody typed in.

    >>> typed_in("org/name", "text-generation").location
    'org/name'

    Raises:
        ModelNotFoundError: this can't be the id of a model on the Hub; a path on this machine isn't one either.
    """
    if not re.fullmatch(r"[A-Za-z0-9][\w.\-]{0,95}(/[A-Za-z0-9][\w.\-]{0,95})?", model_id, re.ASCII) or re.search(
        r"--|\.\.|\.git$|[.\-]$", model_id
    ):
        raise ModelNotFoundError(
            f"{model_id[:100]!r} can't be the id of a model on the Hub.",
            "An id looks like openai-community/gpt2: an owner, a slash and a name.",
        )
    return ModelSpec(model_id, task, "hub", model_id, quantizations=QUANTIZATIONS, note="Typed in by hand.")


@dataclass(frozen=True)
class Catalog:
    """All models on offer, in the order of their file."""

    models: tuple[ModelSpec, ...]

    @classmethod
    def read(cls, path: Path | None = None) -> Catalog:
        """The catalog of a YAML file.

        Raises:
            ConfigError: the file can't be read, or an entry is wrong; the message names the entry and what is allowed.
        """
        import yaml

        path = path or DEFAULT_FILE
        try:
            content = yaml.safe_load(path.read_text(encoding="utf-8"))
        except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
            raise ConfigError(
                f"The models file {path} can't be read: {error}.", "Check its path and its YAML."
            ) from None
        entries = content.get("models") if isinstance(content, dict) else None
        if not isinstance(entries, list) or not entries:
            raise ConfigError(f"The models file {path} has no list 'models'.", f"Copy the form of {DEFAULT_FILE.name}.")
        specs = tuple(_spec(entry, number, path) for number, entry in enumerate(entries, start=1))
        repeated = {spec.id for spec in specs if sum(other.id == spec.id for other in specs) > 1}
        if repeated:
            raise ConfigError(f"The models file {path} names {sorted(repeated)[0]!r} twice.", "Keep one of them.")
        return cls(specs)

    def __iter__(self) -> Iterator[ModelSpec]:
        return iter(self.models)

    def find(self, model_id: str) -> ModelSpec | None:
        """The entry with this id, or None."""
        return next((spec for spec in self.models if spec.id == model_id), None)

    def for_task(self, *tasks: str) -> tuple[ModelSpec, ...]:
        """The entries for any of these tasks, embedded ones first."""
        chosen = [spec for spec in self.models if spec.task in tasks]
        return tuple(sorted(chosen, key=lambda spec: SOURCES.index(spec.source)))

    def default_for(self, *tasks: str) -> ModelSpec:
        """The model of whoever names none: the first of the first of these tasks that has one, embedded ones first.

        Raises:
            ModelNotFoundError: the catalog has no model for any of these tasks.
        """
        for task in tasks:
            if specs := self.for_task(task):
                return specs[0]
        raise ModelNotFoundError(f"The catalog has no model for {' or '.join(tasks)}.", "Add one to the models file.")


def _spec(entry: object, number: int, path: Path) -> ModelSpec:
    """One checked entry."""

    def wrong(what: str) -> ConfigError:
        return ConfigError(
            f"Entry {number} of {path.name}: {what}.", f"See the comments at the top of {DEFAULT_FILE.name}."
        )

    if not isinstance(entry, dict) or not isinstance(entry.get("id"), str) or not entry["id"].strip():
        raise wrong("it has no 'id'")
    unknown = set(entry) - set(ModelSpec.__dataclass_fields__)
    if unknown:
        raise wrong(f"{sorted(unknown)[0]!r} is not a field")
    task, source = entry.get("task"), entry.get("source", "hub")
    if task not in TASKS:
        raise wrong(f"task is {task!r}; allowed are {', '.join(TASKS)}")
    if source not in SOURCES:
        raise wrong(f"source is {source!r}; allowed are {', '.join(SOURCES)}")
    quantizations = tuple(entry.get("quantizations", ("auto",)))
    if not quantizations or set(quantizations) - set(QUANTIZATIONS):
        raise wrong(f"quantizations are {list(quantizations)}; allowed are {', '.join(QUANTIZATIONS)}")
    parameters = entry.get("parameters")
    if parameters is not None and (not isinstance(parameters, int) or parameters <= 0):
        raise wrong(f"parameters is {parameters!r}; it is a whole number")
    if source != "hub" and not entry.get("location"):
        raise wrong(f"a model from source {source!r} needs a 'location'")
    return ModelSpec(
        id=entry["id"],
        title=str(entry.get("title", "")),
        task=task,
        source=source,
        location=str(entry.get("location", entry["id"])),
        licence=str(entry.get("licence", "unknown")),
        parameters=parameters,
        quantizations=quantizations,
        note=str(entry.get("note", "")),
        revision=str(entry["revision"]) if entry.get("revision") else None,
    )
