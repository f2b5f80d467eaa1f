"""Links and answers: from an answer back to its question, to what it was made with, and whether it can be made here."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import playground as pg
from playground.errors import InputError, PlaygroundError
from playground.generation.request import TASK
from playground.links.compare import Verdict, compare
from playground.links.fingerprint import Setting, fingerprint, versions
from playground.links.form import Link, Seen, link_to
from playground.links.kinds import inner
from playground.models.visitors import in_their_words
from playground.similarity.request import DEFAULT_TEMPLATE
from playground.tokens.request import named

if TYPE_CHECKING:
    from playground.models.catalog import ModelSpec
    from playground.models.manager import ModelManager

REVISION_CHARACTERS = 8
CUT_SHORT = "Stopped before its end, so this answer isn't compared with what was shared."


@dataclass(frozen=True)
class Presence:
    """Whether what a link asks can be asked: here now, only after a load that somebody wants, or not at all.

    ``sentence`` says why, where it can't be at once.
    """

    state: Literal["here", "load", "refused"] = "here"
    sentence: str = ""


def link(manager: ModelManager, result: Any, asked: Any, seen: dict[str, Seen] | None) -> Link:
    """The link to a run.

    Raises:
        InputError: the result doesn't say what was asked, or it can't be shared.
    """
    asked = asked or asked_by(result)
    requests = asked if isinstance(asked, tuple) else (asked,)
    each = isinstance(result, tuple) and len(result) == len(requests)
    results = result if each else (result,) * len(requests)
    requests = tuple(_named(manager, *pair) for pair in zip(requests, results, strict=True))
    answer = None if _cut_short(result) else fingerprint(result, setting_of(manager, requests[0], result))
    found = link_to(*requests, seen=seen, answer=answer)
    if found is None:
        raise InputError(f"A {type(requests[0]).__name__} can't be shared.", "Share a run of one of the tabs.")
    return found


def compare_with(manager: ModelManager, shared: Link, result: Any) -> Verdict:
    """Whether an answer is the same as when the link was made."""
    if _cut_short(result):
        return Verdict(None, CUT_SHORT)
    asked = getattr(result, "request", shared.asked[0])
    return compare(shared.place, shared.answer, fingerprint(result, setting_of(manager, asked, result)))


def _cut_short(result: Any) -> bool:
    """Whether an answer was stopped, by hand or because others waited: where it ends says nothing of the model."""
    if isinstance(result, tuple):
        return any(map(_cut_short, result))
    end = getattr(result, "finished", result)
    reason = getattr(end, "reason", "") or getattr(getattr(result, "answer", None), "ended", "")
    return getattr(result, "stopped", False) or reason in ("stopped", "crowded")


def asked_by(result: Any) -> Any:
    """What was asked, of a result that says it.

    Raises:
        InputError: it doesn't.
    """
    if request := getattr(result, "request", None):
        return request
    if isinstance(result, tuple) and all(hasattr(one, "request") for one in result):
        return tuple(one.request for one in result)
    kind = type(result).__name__
    if kind in ("WordLossResult", "WordMatrixResult", "WordMapResult"):
        make = pg.WordLossRequest if kind == "WordLossResult" else pg.WordMatrixRequest
        return make(result.words, result.model_id, result.quantization, result.template or DEFAULT_TEMPLATE)
    if kind == "WordPairsResult":
        pairs = tuple((one.word1, one.word2) for one in result.pairs)
        template, cosine = result.template or DEFAULT_TEMPLATE, all(one.cosine is not None for one in result.pairs)
        return pg.WordPairsRequest(pairs, result.model_id, result.quantization, template, cosine)
    if kind == "Comparison":
        return pg.CompareRequest(result.text, tuple(one.model_id for one in result.results))
    raise InputError(f"A {kind} doesn't say what was asked.", "Give the request as well.")


def setting_of(manager: ModelManager, asked: Any, result: Any) -> Setting:
    """What a result was made with; where no model was run there are only versions and the tokenizer's revision."""
    held = _held(manager, asked, result)
    how = {name: getattr(held, name) for name in ("quantization", "dtype")} if held else {}
    device = {"device": held.device.partition(":")[0]} if held else {}
    return Setting(**versions(), **how, **device, model=revision(manager, _model_of(asked)))


def revision(manager: ModelManager, model_id: str | None) -> str:
    """Which files a model has here: the Hub's commit, or the hash of an embedded model's weights; else empty."""
    if not model_id:
        return ""
    spec = manager.spec(model_id)
    folder = manager.local_folder(spec)
    return _revision(spec, folder)[:REVISION_CHARACTERS] if folder else ""


def presence(manager: ModelManager, shared: Link) -> Presence:
    """Whether the models of a link can be asked here."""
    for model_id in shared.model_ids:
        try:
            spec = manager.spec(model_id)
            folder = manager.local_folder(spec)
        except PlaygroundError as error:
            return Presence("refused", f"This link asks the model {model_id[:100]}. {error.message} {error.fix}")
        if folder or spec.source == "embedded":  # which is prepared from what was installed
            continue
        if manager.settings.hub == "off":
            said = f"This link asks {model_id}, and this copy downloads nothing (--hub off)."
            return Presence("refused", in_their_words(manager.settings, said))
        return Presence("load", f"This link asks {model_id}, which isn't on this machine yet.")
    return Presence()


def _named(manager: ModelManager, asked: Any, result: Any) -> Any:
    """The request with its model, where it takes the catalog's first: elsewhere that is another."""
    if hasattr(asked, "model_ids") or inner(asked).model_id:
        return asked
    if isinstance(asked, pg.PerturbRequest | pg.MaskRequest):
        name = "batch" if isinstance(asked, pg.MaskRequest) else "request"
        return replace(asked, **{name: _named(manager, inner(asked), result)})
    if isinstance(asked, pg.VocabularyRequest | pg.SplitRequest):
        return named(asked, lambda task: manager.spec(None, task).id)
    about = next((getattr(result, name) for name in ("info", "tokenization") if hasattr(result, name)), result)
    return replace(asked, model_id=getattr(about, "model_id", "") or manager.spec(None, TASK).id)


def _held(manager: ModelManager, asked: Any, result: Any) -> Any:
    """How the model was held, where there was one."""
    first = result[0] if isinstance(result, tuple) else result
    if found := getattr(getattr(first, "info", first), "pretrained", None):
        return found
    kind = type(asked).__name__
    if kind in ("GenerateRequest", "TwinRequest"):
        return manager.pretrained(asked.model_id, "text-generation", asked.quantization)
    if kind in ("WordLossRequest", "WordMatrixRequest", "WordPairsRequest"):
        task = "text2text-generation" if result.template is None else "text-generation"
        return manager.pretrained(asked.model_id, task, asked.quantization)
    return None


def _revision(spec: ModelSpec, folder: Path) -> str:
    if spec.source == "hub":
        return folder.name
    try:
        files = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["files"]
        return str(files["model.safetensors"]["sha256"])
    except (OSError, ValueError, LookupError, TypeError):
        return ""


def _model_of(asked: Any) -> str | None:
    """The model whose files decide; None for several, each with its own."""
    return None if hasattr(asked, "model_ids") else inner(asked).model_id
