"""Finds and prepares the models that need no network.

``locate`` returns a folder for ``from_pretrained``. The first call makes it from the installed packages or from this
repository, every later one only looks at sizes and times of the files. A folder appears whole or not at all: it is
made under another name and renamed, one process at a time.

Leaves out how a model is made (``recipes.py``) and how it is loaded (``loading.py``).

Run ``python -m playground.models.embedded`` to prepare all of them.
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import functools
import hashlib
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from playground.errors import PlaygroundError, PreparationError
from playground.models.recipes import RECIPES, Package, Recipe, sha256_of
from playground.units import format_bytes

NAMES: tuple[str, ...] = tuple(RECIPES)
MANIFEST = "manifest.json"
LOCK_TIMEOUT_SECONDS = 1800

ProgressCallback = Callable[[str, float], None]  # (what is being done, fraction 0..1)


def default_home() -> Path:
    """The folder for everything the playground keeps: ``PLAYGROUND_HOME``, or one in the user's cache folder."""
    if chosen := os.environ.get("PLAYGROUND_HOME"):
        return Path(chosen).expanduser().absolute()
    if sys.platform == "darwin":
        caches = Path.home() / "Library" / "Caches"
    else:
        caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return caches / "transformers-playground"


def locate(
    name: str,
    home: Path | None = None,
    progress: ProgressCallback | None = None,
    *,
    recipes: Mapping[str, Recipe] = RECIPES,
) -> Path:
    """The folder of an embedded model, ready for ``from_pretrained``; made now if it is missing, damaged or outdated.

    Cheap when all is well: sizes and times are compared, and checksums only where these differ. A damage that keeps
    both is found by ``verify``.

    Raises PreparationError: it can't be made (package missing or damaged, no space, no write access).
    """
    return _Shelf(home, recipes).locate(name, progress or _ignore_progress)


def asks_hub(name: str, home: Path | None = None, *, recipes: Mapping[str, Recipe] = RECIPES) -> bool:
    """Whether ``locate`` would download something."""
    shelf = _Shelf(home, recipes)
    return name in recipes and not shelf.is_ready(name) and shelf.asks_hub(name)


def prepare_all(
    home: Path | None = None, progress: ProgressCallback | None = None, *, recipes: Mapping[str, Recipe] = RECIPES
) -> dict[str, Path]:
    """Name -> folder of every embedded model. One that fails does not keep the others from being prepared.

    Raises PreparationError: at least one can't be made; it says which.
    """
    folders, failures, done_bytes = {}, [], 0
    all_bytes = sum(recipe.size_bytes for recipe in recipes.values())
    for name, recipe in recipes.items():
        part = functools.partial(_report_part, progress, name, done_bytes / all_bytes, recipe.size_bytes / all_bytes)
        try:
            folders[name] = locate(name, home, part, recipes=recipes)
        except PreparationError as error:
            failures.append(f"{name}: {error}")
        done_bytes += recipe.size_bytes
    if failures:
        raise PreparationError("\n".join(failures))
    return folders


def verify(name: str, home: Path | None = None, *, recipes: Mapping[str, Recipe] = RECIPES) -> bool:
    """Whether every file of a prepared model has the checksum it was made with; reads all of them.

    After False the next ``locate`` makes the model again.
    """
    return _Shelf(home, recipes).verify(name)


def _report_part(
    progress: ProgressCallback | None, name: str, start: float, share: float, what: str, fraction: float
) -> None:
    """Reports the progress of one model as progress of all of them."""
    if progress:
        progress(f"{name}: {what}", start + share * fraction)


class _Shelf:
    """The models folder of one home: ``<name>/`` holds a model, ``.<name>.*`` is what making it needs."""

    def __init__(self, home: Path | None, recipes: Mapping[str, Recipe]) -> None:
        self.home = Path(home).expanduser().absolute() if home else default_home()
        self.models = self.home / "models"
        self.recipes = recipes

    def locate(self, name: str, progress: ProgressCallback) -> Path:
        if name not in self.recipes:
            raise PreparationError(f"There is no embedded model {name!r}.", f"There are: {', '.join(self.recipes)}.")
        with self._explaining(name):
            if self.is_ready(name):
                self._sweep(name)
            else:
                with self._lock(name, progress):
                    if not self.is_ready(name):  # another process may have made it while this one waited
                        self._prepare(name, progress)
        return self.models / name

    def asks_hub(self, name: str) -> bool:
        recipe = self.recipes[name]
        by_base = recipe.base is not None and not self.is_ready(recipe.base) and self.asks_hub(recipe.base)
        return by_base or (isinstance(recipe.source, Package) and recipe.source.asks_hub())

    def verify(self, name: str) -> bool:
        manifest = self._manifest(name)
        intact = bool(manifest) and self._checksums_match(name, manifest["files"])
        if not intact:
            with contextlib.suppress(OSError):
                self._hidden(name, "stamp").unlink()
        return intact

    def _hidden(self, name: str, purpose: str) -> Path:
        return self.models / f".{name}.{purpose}"

    def is_ready(self, name: str) -> bool:
        manifest = self._manifest(name)
        if not manifest or not self._is_current(name, manifest):
            return False
        if self._read_json(self._hidden(name, "stamp")) == self._stamp(name, manifest["files"]):
            return True
        if not self._checksums_match(name, manifest["files"]):
            return False
        with contextlib.suppress(OSError):  # a read-only home works too, it is only checked in full each time
            self._write_stamp(name, manifest["files"])
        return True

    def _is_current(self, name: str, manifest: dict[str, Any]) -> bool:
        """Whether today's recipe and sources would make the same; a source that is gone can't make anything else."""
        recipe = self.recipes[name]
        now = [recipe.source.identity(), self._base_identity(recipe)]
        return manifest["recipe_version"] == recipe.version and all(
            not new or not old or new["kind"] != old["kind"] or new == old
            for new, old in zip(now, manifest["sources"], strict=True)
        )

    def _base_identity(self, recipe: Recipe) -> dict[str, str]:
        manifest = self._manifest(recipe.base) if recipe.base else {}
        weights = {name: file["sha256"] for name, file in manifest.get("files", {}).items()}
        return {"kind": "embedded", "name": str(recipe.base), **weights} if manifest else {}

    def _prepare(self, name: str, progress: ProgressCallback) -> None:
        """Makes the folder under another name and renames it; leftovers of an earlier try go first."""
        recipe, draft, old = self.recipes[name], self._hidden(name, "draft"), self._hidden(name, "old")
        bases = (self.locate(recipe.base, progress),) if recipe.base else ()
        self._remove_leftovers(name)
        source_folder, identity = recipe.source.fetch(progress)
        self._require_space(name, recipe)
        draft.mkdir(parents=True)
        try:
            recipe.build((*bases, source_folder), draft, progress)
            progress("Writing checksums", 0.95)
            manifest: dict[str, Any] = {
                "recipe_version": recipe.version,
                "sources": [identity, self._base_identity(recipe)],
                "files": {path.name: _seal(path) for path in sorted(draft.iterdir())},
            }
            sealed = {**manifest, "sha256": _digest(manifest)}
            (draft / MANIFEST).write_text(json.dumps(sealed, indent=2) + "\n", encoding="utf-8")
            if (self.models / name).exists():
                (self.models / name).rename(old)
            draft.rename(self.models / name)
        finally:
            self._remove_leftovers(name)
        self._write_stamp(name, manifest["files"])
        progress("Ready", 1.0)

    def _remove_leftovers(self, name: str) -> None:
        for purpose in ("draft", "old"):
            shutil.rmtree(self._hidden(name, purpose), ignore_errors=True)

    def _sweep(self, name: str) -> None:
        """Removes what a process left behind that died right after the rename, unless somebody is at work there."""
        from filelock import FileLock, Timeout

        if self._hidden(name, "draft").exists() or self._hidden(name, "old").exists():
            with contextlib.suppress(Timeout, OSError), FileLock(self._hidden(name, "lock")).acquire(timeout=0):
                self._remove_leftovers(name)

    def _require_space(self, name: str, recipe: Recipe) -> None:
        free_bytes = shutil.disk_usage(self.models).free
        if free_bytes < recipe.size_bytes:
            raise self._no_space(name, f"{format_bytes(free_bytes)} are free, ")

    def _no_space(self, name: str, found: str = "") -> PreparationError:
        return PreparationError(
            f"Not enough disk space for {name} in {self.home}: {found}"
            f"{format_bytes(self.recipes[name].size_bytes)} are needed.",
            "Free some space, or set PLAYGROUND_HOME to a folder on another disk.",
        )

    @contextlib.contextmanager
    def _explaining(self, name: str) -> Iterator[None]:
        """Turns what goes wrong while preparing into one clear message."""
        try:
            yield
        except PlaygroundError:
            raise
        except Exception as error:
            if _is_out_of_space(error):
                raise self._no_space(name) from error
            if isinstance(error, OSError) and str(error.filename or "").startswith(str(self.home)):
                raise PreparationError(
                    f"{name} can't be prepared: no write access to {self.home} ({error.strerror}).",
                    "Set PLAYGROUND_HOME to a folder you may write to.",
                ) from error
            raise PreparationError(
                f"{name} can't be prepared ({type(error).__name__}: {error}).",
                "Check that the installed packages are those of requirements.txt and requirements-models.txt.",
            ) from error

    @contextlib.contextmanager
    def _lock(self, name: str, progress: ProgressCallback) -> Iterator[None]:
        """Held by one process at a time; the system lets go of it when that process dies."""
        from filelock import FileLock, Timeout

        self.models.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self._hidden(name, "lock"))
        try:
            try:
                lock.acquire(timeout=0)
            except Timeout:
                progress("Waiting for another process that prepares it", 0.0)
                lock.acquire(timeout=LOCK_TIMEOUT_SECONDS, poll_interval=0.1)
        except Timeout as error:
            raise PreparationError(
                f"Another process has been preparing {name} for {LOCK_TIMEOUT_SECONDS // 60} minutes.",
                "End that process and start again.",
            ) from error
        try:
            yield
        finally:
            lock.release()

    def _manifest(self, name: str) -> dict[str, Any]:
        """What was made and from what; empty when it is missing or isn't as it was written."""
        manifest = self._read_json(self.models / name / MANIFEST)
        return manifest if manifest.pop("sha256", "") == _digest(manifest) else {}

    @staticmethod
    def _read_json(path: Path) -> dict[str, Any]:
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return content if isinstance(content, dict) else {}

    def _stamp(self, name: str, files: dict[str, Any]) -> dict[str, list[int]] | None:
        """File -> size and time of change, as of now; None when one is missing."""
        try:
            stats = {file: (self.models / name / file).stat() for file in [*files, MANIFEST]}
        except OSError:
            return None
        return {file: [stat.st_size, stat.st_mtime_ns] for file, stat in stats.items()}

    def _write_stamp(self, name: str, files: dict[str, Any]) -> None:
        self._hidden(name, "stamp").write_text(json.dumps(self._stamp(name, files)), encoding="utf-8")

    def _checksums_match(self, name: str, files: dict[str, Any]) -> bool:
        paths = {self.models / name / file: expected for file, expected in files.items()}
        return all(
            path.is_file() and path.stat().st_size == expected["size"] and sha256_of(path) == expected["sha256"]
            for path, expected in paths.items()
        )


def _is_out_of_space(error: Exception) -> bool:
    """Whether the disk or the quota is full; safetensors says so in an error of its own that is no OSError."""
    return getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT) or "No space left on device" in str(error)


def _digest(manifest: dict[str, Any]) -> str:
    """A checksum over the manifest itself; the number changes when its layout does."""
    return hashlib.sha256(f"manifest 1 {json.dumps(manifest, sort_keys=True)}".encode()).hexdigest()


def _seal(path: Path) -> dict[str, Any]:
    """Size and checksum of a finished file, which is on the disk and readable by everybody from here on."""
    path.chmod(0o644)
    with path.open("rb") as file:
        os.fsync(file.fileno())
    return {"size": path.stat().st_size, "sha256": sha256_of(path)}


def _ignore_progress(what: str, fraction: float) -> None:
    """For callers who don't watch."""


def main(argv: list[str] | None = None) -> int:
    """0 when every embedded model is ready, 1 after one line on standard error that says why not."""
    parser = argparse.ArgumentParser(
        prog="python -m playground.models.embedded", description="Prepares the models that need no network, once."
    )
    parser.add_argument("--home", type=Path, help="where they are kept (default: PLAYGROUND_HOME or the user's cache)")
    parser.add_argument("--verify", action="store_true", help="first check every byte of what is there")
    options = parser.parse_args(argv)
    try:
        failures = [failure for name in NAMES if (failure := _prepare_shown(name, options.home, options.verify))]
    except KeyboardInterrupt:
        failures = ["Interrupted. Start again: what is finished is kept."]
    for failure in failures:
        print(failure, file=sys.stderr)
    return 1 if failures else 0


def _prepare_shown(name: str, home: Path | None, check: bool) -> str:
    """Prepares one model behind a progress bar; returns what went wrong, or nothing."""
    from tqdm import tqdm

    if check and not verify(name, home):
        print(f"{name}: missing or damaged, making it again")
    with tqdm(total=100, bar_format="{bar:30} {percentage:3.0f}%  {desc}", leave=False, delay=0.2, disable=None) as bar:

        def show(what: str, fraction: float) -> None:
            bar.set_description_str(f"{name}: {what}", refresh=False)
            bar.update(100 * fraction - bar.n)

        try:
            folder = locate(name, home, show)
        except PreparationError as error:
            return f"{name}: {error}"
    print(f"{name}: ready in {folder}")
    return ""


if __name__ == "__main__":
    sys.exit(main())
