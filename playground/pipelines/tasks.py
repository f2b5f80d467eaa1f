"""The tasks: which head each needs, which model to take, and which of them transformers still has a pipeline for.

Imports nothing heavy: the page asks before torch is there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from playground.models.visitors import in_their_words
from playground.pipelines.request import SEQ2SEQ
from playground.units import format_bytes

if TYPE_CHECKING:
    from playground.models.catalog import Catalog, ModelSpec
    from playground.models.manager import ModelManager

# The task under which the manager holds a model, where it has another name: one classifier serves both, and so on.
HEADS = {"zero-shot-classification": "text-classification", **dict.fromkeys(SEQ2SEQ, "text2text-generation")}
# Of models with the right head, those that were made for something else are left out by what they are made for.
SUGGESTED = {
    "fill-mask": "distilbert/distilroberta-base",
    "zero-shot-classification": "cross-encoder/nli-distilroberta-base",
    "token-classification": "dslim/distilbert-NER",
    "question-answering": "distilbert/distilbert-base-cased-distilled-squad",
    "summarization": "google-t5/t5-small",
    "translation": "google-t5/t5-small",
}
REMOVED = ("question-answering", *SEQ2SEQ)


def head_of(task: str) -> str:
    """The task of the catalog whose models can do this one.

    >>> head_of("summarization")
    'text2text-generation'
    """
    return HEADS.get(task, task)


def models_for(catalog: Catalog, task: str) -> tuple[ModelSpec, ...]:
    """Models of the catalog to offer for a task, embedded ones first, and the suggested one before others of the Hub.

    The embedded classifier and the embedded encoder-decoder have the head of three tasks that they weren't trained for.
    """
    wanted = SUGGESTED.get(task)
    specs = catalog.for_task(head_of(task))
    if wanted and head_of(task) != task:
        specs = tuple(spec for spec in specs if spec.source != "embedded")
    if task == "zero-shot-classification":
        specs = tuple(spec for spec in specs if spec.source == "folder" or "nli" in spec.id.lower())
    return tuple(sorted(specs, key=lambda spec: (spec.source == "hub", spec.id != wanted)))


def default_model(catalog: Catalog, task: str) -> str:
    """The model of whoever names none.

    Raises:
        ModelNotFoundError: the catalog has none for this task.
    """
    specs = models_for(catalog, task)
    return specs[0].id if specs else catalog.default_for(head_of(task)).id


def removed(task: str) -> str:
    """One sentence for a task that transformers has no pipeline for any more; else empty."""
    if task not in REMOVED:
        return ""
    return (
        f'transformers 5 no longer has pipeline("{task}"); these are the steps that it took, with the model\'s own '
        "Auto class."
    )


@dataclass(frozen=True)
class ModelAdvice:
    """Whether a model can answer at once. ``sentence`` says what it takes otherwise, ``command`` what gets it before.

    ``state`` is "here", "download" (it is on the Hub, and asking for it downloads it) or "refused".
    """

    model_id: str
    title: str
    state: Literal["here", "download", "refused"]
    sentence: str = ""
    command: str = ""


def advice(manager: ModelManager, task: str, model_id: str) -> ModelAdvice:
    """What is to be said of a model before it is asked; without an id of the one that is suggested for the task.

    Raises:
        ModelNotFoundError: this can't be the id of a model.
    """
    spec = manager.spec(model_id or SUGGESTED.get(task) or None, head_of(task))
    if spec.source != "hub" or manager.local_folder(spec):
        return ModelAdvice(spec.id, spec.title, "here")
    size = f" ({format_bytes(4 * spec.parameters)})" if spec.parameters else ""
    command = "" if manager.settings.public else f"hf download {spec.location}"
    none = any(one.source == "embedded" for one in models_for(manager.catalog, task))
    first = "It isn't on this machine yet." if none else f"No model for {task} comes with the playground."
    if manager.settings.hub == "off":
        fix = f"fetch {spec.id}{size} where there is a network."
        fix = "pick another model or task." if manager.settings.public else fix
        said = in_their_words(manager.settings, f"{first} This copy downloads nothing (--hub off): {fix}")
        return ModelAdvice(spec.id, spec.title, "refused", said, command)
    return ModelAdvice(
        spec.id, spec.title, "download", f"{first} Run fetches {spec.id}{size} from the Hub, once.", command
    )
