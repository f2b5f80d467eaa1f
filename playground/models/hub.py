"""Models from the Hugging Face Hub: downloads into the ordinary Hub cache, with progress, and explains what goes wrong.

Nothing here runs unless somebody chooses a Hub model. Only files that transformers reads are downloaded: safetensors
where there are any; pickled weights only where nothing else exists (transformers opens those with ``weights_only``).
A download that broke off goes on where it was: within a file by a range request, between tries file by file.
``HF_HUB_OFFLINE``, ``HF_TOKEN``, ``HF_HOME`` and ``HF_ENDPOINT`` mean what they mean everywhere.
"""

from __future__ import annotations

import errno
import fnmatch
import io
import json
import os
import shutil
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import huggingface_hub
from huggingface_hub import errors as hub_errors
from tqdm import tqdm

from playground.errors import (
    CorruptModelError,
    GatedModelError,
    HubOfflineError,
    ModelError,
    ModelNotFoundError,
    NotAllowedError,
    PlaygroundError,
    PreparationError,
    UnknownArchitectureError,
    said_by,
)
from playground.models.catalog import ModelSpec
from playground.models.reach import chain as chain_of
from playground.models.reach import is_unreachable
from playground.models.weights_progress import Report
from playground.units import format_bytes

TEXT_FILES = ("*.json", "*.txt", "*.model", "*.jinja")  # configuration, tokenizer, chat template; all at the top
INDEX_FILES = {"model.safetensors": "model.safetensors.index.json", "pytorch_model.bin": "pytorch_model.bin.index.json"}
SPARE_BYTES = 200_000_000
KNOCK_SECONDS = 10.0


def cached_folder(spec: ModelSpec) -> Path | None:
    """The folder of a model that was downloaded completely, or None; asks nobody."""
    found = huggingface_hub.try_to_load_from_cache(spec.location, "config.json", revision=spec.revision)
    if not isinstance(found, str):
        return None
    folder = Path(found).parent
    return folder if _has_weights(folder) else None


def _has_weights(folder: Path) -> bool:
    for whole, index in INDEX_FILES.items():
        if (folder / whole).is_file():
            return True
        if (folder / index).is_file():
            try:
                shards = set(json.loads((folder / index).read_text(encoding="utf-8"))["weight_map"].values())
            except (OSError, ValueError, KeyError, AttributeError):
                return False
            return all((folder / shard).is_file() for shard in shards)
    return False


def download(spec: ModelSpec, report: Report, *, allowed: bool = True, most_bytes: int | None = None) -> Path:
    """The folder with a model's files; missing ones are downloaded, if all have at most ``most_bytes``.

    Raises:
        NotAllowedError: they have more.
        ModelNotFoundError: the Hub has no such model or revision.
        GatedModelError: it wants a licence accepted, or a token.
        HubOfflineError: the Hub can't be reached, may not be used, or the download broke off.
        PreparationError: the disk is full.
        UnknownArchitectureError: it has no weights that transformers reads.
    """
    if folder := cached_folder(spec):
        return folder
    _require_allowed(spec, allowed)
    with explaining(spec):
        listing = _list_files(spec)
        files = choose_files(spec, listing)
        total = sum(listing[name] for name in files)
        _require_small(spec, total, most_bytes)
        _require_space(spec, total)
        report(f"downloading {format_bytes(total)}", 0.0)
        folder = Path(
            huggingface_hub.snapshot_download(
                spec.location, revision=spec.revision, allow_patterns=[_literally(name) for name in files],
                tqdm_class=_reporting_bar(report, total), endpoint=_endpoint(),
            )
        )  # fmt: skip
        if not _has_weights(folder):
            raise CorruptModelError(f"{spec.id} on the Hub is incomplete: weights are missing.", "Choose another.")
        return folder


def download_config(spec: ModelSpec, *, allowed: bool = True) -> Path:
    """A folder that holds at least a Hub model's config.json."""
    _require_allowed(spec, allowed)
    with explaining(spec):
        # Asked first because it is refused at once: a file's download tries for half a minute before it says so.
        page = _api().model_info(spec.location, revision=spec.revision)
        _refuse_adapter(spec, [file.rfilename for file in page.siblings or ()])
        return Path(_download_file(spec, "config.json")).parent


def download_tokenizer(spec: ModelSpec, *, allowed: bool = True) -> Path:
    """A folder that holds at least a Hub model's configuration and tokenizer."""
    if folder := cached_folder(spec):
        return folder
    _require_allowed(spec, allowed)
    with explaining(spec):
        listing = _list_files(spec)
        _refuse_adapter(spec, listing)
        folder = None
        for name in listing:
            if _is_text(name) and not name.endswith(".index.json"):
                folder = Path(_download_file(spec, name)).parent
        if folder is None:
            raise ModelNotFoundError(f"{spec.id} on the Hub has no tokenizer.", "Choose another model.")
        return folder


def choose_files(spec: ModelSpec, listing: dict[str, int]) -> list[str]:
    """The files that transformers needs, of all that a model's repository has.

    Raises:
        UnknownArchitectureError: there are no weights among them that transformers reads.
    """
    _refuse_adapter(spec, listing)
    texts = [name for name in listing if _is_text(name)]
    for whole, pattern in (("model.safetensors", "model-*.safetensors"), ("pytorch_model.bin", "pytorch_model-*.bin")):
        if whole in listing:
            return [*(name for name in texts if name != INDEX_FILES[whole]), whole]
        if INDEX_FILES[whole] in listing:
            return [*texts, *fnmatch.filter(listing, pattern)]
    raise UnknownArchitectureError(
        f"{spec.id} has no weights that transformers reads (model.safetensors or pytorch_model.bin).",
        "Choose a model in transformers' own format.",
    )


def _refuse_adapter(spec: ModelSpec, names: Collection[str]) -> None:
    """Nothing, if these are the files of a whole model.

    Raises:
        UnknownArchitectureError: they are those of an adapter; names its base.
    """
    if "adapter_config.json" not in names or "config.json" in names:
        return
    content = json.loads(Path(_download_file(spec, "adapter_config.json")).read_text(encoding="utf-8"))
    base = content.get("base_model_name_or_path")
    raise UnknownArchitectureError(
        f"{spec.id} is an adapter, not a whole model: it was trained on top of {base}.",
        f"Choose {base}; or download the adapter, and name its folder in a models file (source: folder).",
    )


def _is_text(name: str) -> bool:
    return "/" not in name and any(fnmatch.fnmatch(name, pattern) for pattern in TEXT_FILES)


def _literally(name: str) -> str:
    """A pattern that matches this name alone."""
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in name)


def _endpoint() -> str | None:
    return os.environ.get("HF_ENDPOINT") or None


def _api() -> huggingface_hub.HfApi:
    """The Hub's API, once the Hub has answered anything at all.

    Where nobody answers, ``huggingface_hub``'s own calls try six times and wait 24 seconds in between.
    """
    endpoint = _endpoint()
    huggingface_hub.get_session().head(endpoint or huggingface_hub.constants.ENDPOINT, timeout=KNOCK_SECONDS)
    return huggingface_hub.HfApi(endpoint=endpoint)


def _download_file(spec: ModelSpec, name: str) -> str:
    return huggingface_hub.hf_hub_download(
        spec.location,
        name,
        revision=spec.revision,
        endpoint=_endpoint(),
        tqdm_class=_reporting_bar(lambda what, fraction: None, 1),
    )


def _list_files(spec: ModelSpec) -> dict[str, int]:
    """File -> size, of everything in a repository."""
    entries = _api().list_repo_tree(spec.location, revision=spec.revision)
    return {entry.path: entry.size for entry in entries if hasattr(entry, "size")}


def _require_allowed(spec: ModelSpec, allowed: bool) -> None:
    if not allowed:
        raise HubOfflineError(
            f"{spec.id} isn't on this machine, and the Hub is switched off (--hub off).", "Embedded models need no Hub."
        )


def _require_small(spec: ModelSpec, needed: int, most_bytes: int | None) -> None:
    if most_bytes is not None and needed > most_bytes:
        raise NotAllowedError(
            f"{spec.id} is a download of {format_bytes(needed)}; visitors of this public page can cause "
            f"{format_bytes(most_bytes)}.",
            "Pick another model, or run the playground on a machine of your own.",
        )


def _require_space(spec: ModelSpec, needed: int) -> None:
    folder = Path(huggingface_hub.constants.HF_HUB_CACHE)
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    if free < needed + SPARE_BYTES:
        raise _disk_full(spec, f" {format_bytes(needed)} are needed, {format_bytes(free)} are free")


def _disk_full(spec: ModelSpec, found: str = "") -> PreparationError:
    cache = huggingface_hub.constants.HF_HUB_CACHE
    return PreparationError(
        f"No disk space for {spec.id}:{found or ' the disk is full'} in {cache}.",
        "Free some space, or set HF_HOME to a folder on another disk.",
    )


def _reporting_bar(report: Report, total: int) -> type[Any]:
    """A class for ``tqdm_class``: adds the bytes of all files up and reports them; shows nothing itself."""
    lock = threading.Lock()
    arrived = [0]

    class Bar(tqdm):
        """huggingface_hub makes several; the one that counts bytes written says "Reconstructing" at first."""

        def __init__(self, *args: Any, **options: Any) -> None:
            self._counts = str(options.get("desc", "")).startswith("Reconstructing")
            super().__init__(*args, **{**options, "file": io.StringIO()})

        def display(self, *args: Any, **options: Any) -> None:
            """Nothing: the page shows it."""

        def update(self, n: float | None = 1) -> None:
            super().update(n)
            if self._counts:
                with lock:
                    arrived[0] += int(n or 0)
                    done = max(0, min(arrived[0], total))
                report(f"downloading {format_bytes(done)} of {format_bytes(total)}", done / max(1, total))

    return Bar


@contextmanager
def explaining(spec: ModelSpec) -> Iterator[None]:
    """Turns what huggingface_hub raises into one clear error."""
    try:
        yield
    except PlaygroundError:
        raise
    except Exception as error:
        raise _explain(spec, error) from error


def _explain(spec: ModelSpec, error: BaseException) -> PlaygroundError:
    chain = list(chain_of(error))
    status = next((one.response.status_code for one in chain if isinstance(one, hub_errors.HfHubHTTPError)), None)
    if found := _refused(spec, chain, status) or _broken_off(spec, chain, status):
        return found
    if isinstance(error, PermissionError):
        cache = huggingface_hub.constants.HF_HUB_CACHE
        return PreparationError(f"{cache} can't be written.", "Set HF_HOME to a folder you may write to.")
    return ModelError(f"{spec.id} can't be downloaded ({type(error).__name__}: {said_by(error, 300)}).", "Try again.")


def _refused(spec: ModelSpec, chain: list[BaseException], status: int | None) -> PlaygroundError | None:
    """What the Hub says of a model that it doesn't give."""
    page = f"https://huggingface.co/{spec.location}"
    if any(isinstance(one, hub_errors.GatedRepoError) for one in chain) or status == 403:
        return GatedModelError(
            f"{spec.id} is gated: its authors want you to accept a licence first.",
            f"Accept it on {page}, then start the playground with your token in HF_TOKEN.",
        )
    if any(isinstance(one, hub_errors.RevisionNotFoundError) for one in chain):
        return ModelNotFoundError(f"{spec.id} has no revision {spec.revision!r} on the Hub.", "Check its revision.")
    if any(isinstance(one, hub_errors.RepositoryNotFoundError) for one in chain) or status == 401:
        return ModelNotFoundError(
            f"The Hub has no model {spec.id}, or it is private.", "Check the id; for a private one set HF_TOKEN."
        )
    if status == 404:
        return ModelNotFoundError(f"{spec.id} on the Hub lacks a file that is needed.", "Choose another model.")
    if any(isinstance(one, hub_errors.HFValidationError) for one in chain):
        return ModelNotFoundError(f"{spec.id!r} can't be the id of a model on the Hub.", "Write it as owner/name.")
    return None


def _broken_off(spec: ModelSpec, chain: list[BaseException], status: int | None) -> PlaygroundError | None:
    """What keeps a download from ending: the disk, a setting, the Hub or the network."""
    if any(isinstance(one, OSError) and one.errno in (errno.ENOSPC, errno.EDQUOT) for one in chain):
        return _disk_full(spec)
    if any(isinstance(one, hub_errors.OfflineModeIsEnabled) for one in chain):
        return HubOfflineError(
            f"{spec.id} isn't on this machine, which works without the Hub (HF_HUB_OFFLINE).",
            "Embedded models need no Hub.",
        )
    if status is not None:
        return HubOfflineError(f"The Hub answers with an error ({status}) for {spec.id}.", "Try again in a while.")
    if any("onsistency check failed" in str(one) or "peer closed" in str(one) for one in chain):
        return HubOfflineError(
            f"The download of {spec.id} broke off.", "Load it again: the files that are complete are kept."
        )
    if is_unreachable(chain[0]):
        return HubOfflineError(
            f"{spec.id} must be downloaded, and the Hub can't be reached.",
            "Check the id and the network, and try again. Embedded models need no Hub.",
        )
    return None
