"""A trained model as a file to take home, and the way back; no code is ever in it, nor run from it.

What is packed are safetensors, JSON and texts. What is unpacked must be that alone, and no larger than it says.
"""

from __future__ import annotations

import json
import lzma
import os
import re
import secrets
import shutil
import zipfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

from playground.errors import CorruptModelError, InputTooLongError
from playground.models.adapters import read_adapter
from playground.models.catalog import ModelSpec
from playground.models.loading import pick_device
from playground.models.sources import Source
from playground.models.trained import ADAPTER
from playground.units import format_bytes

if TYPE_CHECKING:
    from playground.models.manager import ModelManager
    from playground.models.trained import TrainedModel, TrainedModels

MOST_FILES = 30
_NAMES = re.compile(
    r"(?:(?:adapter_)?model\.safetensors|(?:adapter_|generation_)?config\.json|tokenizer\.json|tokenizer_config\.json"
    r"|special_tokens_map\.json|added_tokens\.json|vocab\.txt|vocab\.json|merges\.txt|README\.md)"
)
_FIX = "Give a file that this page made (Download), or a zip of config.json, model.safetensors and tokenizer.json."


def pack(trained: TrainedModels, model_id: str, folder: Path) -> Path:
    """The zip file; ``folder`` is where it is written, and stands there once it is whole.

    Raises:
        ModelNotFoundError: the model isn't here any more.
    """
    whole = trained.folder(model_id)
    source = whole / ADAPTER if (whole / ADAPTER).is_dir() else whole
    name = model_id.rpartition("/")[2].rpartition("-")[0] or "model"
    folder.mkdir(parents=True, exist_ok=True)
    begun = folder / f"{secrets.token_hex(8)}.part"
    with zipfile.ZipFile(begun, "w") as packed:  # weights don't get smaller
        for path in sorted(source.iterdir()):
            if path.is_file() and _NAMES.fullmatch(path.name):
                packed.write(path, f"{name}/{path.name}")
    target = folder / f"{name}.zip"
    os.replace(begun, target)
    return target


def unpack(manager: ModelManager, path: Path, person: str) -> TrainedModel:
    """The model of a file that `pack` wrote, for a person.

    Raises:
        CorruptModelError, InputTooLongError: it is no such file, or too large.
        ModelError, NotAllowedError: it can't be a model here; the message says why.
    """
    folder = manager.trained.new_folder()
    try:
        title = _unpack_into(path, folder, manager.settings.most_model_upload)
        task, parameters = _look(manager, folder, title)
        return manager.trained.add(folder, title, task, parameters, person)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _unpack_into(path: Path, folder: Path, most: int) -> str:
    """The name of the model, whose files are in the folder from now on."""
    try:
        with zipfile.ZipFile(path) as packed:
            files = [one for one in packed.infolist() if not one.is_dir()]
            if len(files) > MOST_FILES or any(not _NAMES.fullmatch(Path(one.filename).name) for one in files):
                raise CorruptModelError(f"{path.name} holds other files than a trained model has.", _FIX)
            if sum(one.file_size for one in files) > most:
                raise InputTooLongError(
                    f"{path.name} is larger than {format_bytes(most)} when it is unpacked.", "Give a smaller model."
                )
            for one in files:
                with packed.open(one) as source, (folder / Path(one.filename).name).open("wb") as target:
                    _copy(source, target, one.file_size)
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, OSError, NotImplementedError, RuntimeError, EOFError):
        raise CorruptModelError(f"{path.name} can't be unpacked.", _FIX) from None
    if not (folder / "config.json").is_file():
        raise CorruptModelError(f"{path.name} has no config.json.", _FIX)
    return path.stem.replace("-", " ")[:60] or "model"


def _copy(source: object, target: object, size: int) -> None:
    """Copies no more bytes than the file says that it has."""
    left = size
    while left > 0 and (part := source.read(min(left, 1 << 20))):  # type: ignore[attr-defined]
        target.write(part)  # type: ignore[attr-defined]
        left -= len(part)


def _look(manager: ModelManager, folder: Path, title: str) -> tuple[str, int]:
    """The task of a model and how many numbers it has, by its files.

    Raises:
        CorruptModelError, UnknownArchitectureError, UnsupportedOptionError: it can't be used.
        ModelNotFoundError, NotAllowedError: it is an adapter of a model that isn't known, or not for visitors.
    """
    try:
        name = str((json.loads((folder / "config.json").read_text(encoding="utf-8")).get("architectures") or [""])[0])
    except (OSError, ValueError, AttributeError, TypeError, LookupError, RecursionError):
        raise CorruptModelError(f"The config.json of {title} can't be read.", _FIX) from None
    task = "text-generation" if name.endswith(("ForCausalLM", "LMHeadModel")) else "text-classification"
    spec, source = ModelSpec(title, task, "trained", str(folder)), Source(manager.settings, manager.catalog)
    if adapter := read_adapter(spec, folder):
        known = [one for one in manager.catalog if adapter.base in (one.id, one.location)]
        manager.local_folder(known[0] if known else manager.spec(adapter.base, task))
    return task, source.predict(spec, folder, task, "float32", pick_device("cpu")) // 4
