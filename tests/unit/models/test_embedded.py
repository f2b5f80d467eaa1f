"""Preparing embedded models: whole or not at all, once, and repaired. The recipes here take milliseconds."""

import base64
import doctest
import errno
import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from playground.errors import PreparationError
from playground.models import embedded
from playground.models.recipes import Folder, Package, Recipe, copy_model

ROOT = Path(__file__).resolve().parents[3]


@dataclass
class Kitchen:
    """Tiny recipes over a folder of sources, and how often each was cooked."""

    home: Path
    source: Path
    cooked: list[str] = field(default_factory=list)
    before_writing: Callable[[], object] = lambda: None

    def recipes(self, version: int = 1, **changes) -> dict[str, Recipe]:
        source = Folder(self.source, "weights.bin", "Run: make weights")
        plain = Recipe(build=self.cook("plain"), source=source, size_bytes=1000, version=version)
        return {
            "plain": replace(plain, **changes),
            "derived": Recipe(build=self.cook("derived"), source=source, size_bytes=1000, base="plain"),
        }

    def cook(self, name: str):
        def build(sources, folder, progress) -> None:
            self.cooked.append(name)
            progress("Cooking", 0.5)
            (folder / "config.json").write_text("{}")
            self.before_writing()
            (folder / "model.safetensors").write_bytes((sources[-1] / "weights.bin").read_bytes())

        return build

    def locate(self, name: str = "plain", **options) -> Path:
        return embedded.locate(name, self.home, recipes=self.recipes(**options))

    def leftovers(self) -> list[str]:
        return [path.name for path in (self.home / "models").glob(".*") if path.suffix in (".draft", ".old")]


@pytest.fixture
def kitchen(tmp_path: Path) -> Kitchen:
    source = tmp_path / "source"
    source.mkdir()
    (source / "weights.bin").write_bytes(bytes(range(256)))
    return Kitchen(tmp_path / "home", source)


def flip_a_byte(path: Path, keep_time: bool = False) -> None:
    stat, content = path.stat(), bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns) if keep_time else (0, 0))


def test_importing_it_loads_no_framework():
    code = "import sys, playground.models.embedded; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert {"torch", "transformers", "peft", "numpy"}.isdisjoint(loaded.stdout.split())


def test_docstring_examples():
    from playground.models import gguf_conversion

    assert doctest.testmod(gguf_conversion).failed == 0


def test_default_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("PLAYGROUND_HOME", str(tmp_path / "chosen"))
    assert embedded.default_home() == tmp_path / "chosen"
    monkeypatch.delenv("PLAYGROUND_HOME")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(sys, "platform", "linux")
    assert embedded.default_home() == tmp_path / "cache" / "transformers-playground"
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(sys, "platform", "darwin")
    assert embedded.default_home() == tmp_path / "Library" / "Caches" / "transformers-playground"


def test_prepared_once_with_progress_and_a_manifest(kitchen: Kitchen):
    steps: list[tuple[str, float]] = []
    folder = embedded.locate("plain", kitchen.home, lambda *step: steps.append(step), recipes=kitchen.recipes())
    assert folder == kitchen.home / "models" / "plain"
    assert (folder / "model.safetensors").read_bytes() == bytes(range(256))
    assert steps[-1] == ("Ready", 1.0)
    assert [fraction for _, fraction in steps] == sorted(fraction for _, fraction in steps)
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["files"]["model.safetensors"]["size"] == 256
    assert manifest["sources"][0]["kind"] == "repository"
    steps.clear()
    assert kitchen.locate() == folder
    assert kitchen.cooked == ["plain"]
    assert kitchen.leftovers() == []


def test_a_second_start_reads_no_weights(kitchen: Kitchen, monkeypatch: pytest.MonkeyPatch):
    kitchen.locate()
    monkeypatch.setattr(embedded, "sha256_of", lambda path: pytest.fail(f"{path} was read in full"))
    kitchen.locate()


def test_files_that_were_only_touched_are_kept(kitchen: Kitchen):
    folder = kitchen.locate()
    os.utime(folder / "model.safetensors", (0, 0))
    kitchen.locate()
    assert kitchen.cooked == ["plain"]


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: flip_a_byte(folder / "model.safetensors"),
        lambda folder: flip_a_byte(folder / "manifest.json"),
        lambda folder: (folder / "model.safetensors").unlink(),
        lambda folder: (folder / "model.safetensors").write_bytes(b""),
        lambda folder: (folder / "manifest.json").write_text("[]"),
        lambda folder: (folder / "manifest.json").unlink(),
    ],
    ids=[
        "flipped byte",
        "flipped byte in the manifest",
        "missing file",
        "empty file",
        "strange manifest",
        "no manifest",
    ],
)
def test_damage_is_repaired(kitchen: Kitchen, damage: Callable[[Path], None]):
    folder = kitchen.locate()
    damage(folder)
    assert not embedded.verify("plain", kitchen.home, recipes=kitchen.recipes())
    kitchen.locate()
    assert kitchen.cooked == ["plain", "plain"]
    assert (folder / "model.safetensors").read_bytes() == bytes(range(256))
    assert embedded.verify("plain", kitchen.home, recipes=kitchen.recipes())


def test_damage_is_repaired_without_verify(kitchen: Kitchen):
    flip_a_byte(kitchen.locate() / "model.safetensors")
    kitchen.locate()
    assert kitchen.cooked == ["plain", "plain"]


def test_damage_that_keeps_size_and_time_is_found_by_verify(kitchen: Kitchen):
    flip_a_byte(kitchen.locate() / "model.safetensors", keep_time=True)
    kitchen.locate()
    assert kitchen.cooked == ["plain"]
    assert not embedded.verify("plain", kitchen.home, recipes=kitchen.recipes())
    kitchen.locate()
    assert kitchen.cooked == ["plain", "plain"]


def test_new_weights_or_a_new_recipe_are_prepared_again(kitchen: Kitchen):
    kitchen.locate("derived")
    (kitchen.source / "weights.bin").write_bytes(b"better")
    assert (kitchen.locate("derived") / "model.safetensors").read_bytes() == b"better"
    assert kitchen.cooked == ["plain", "derived"] * 2
    kitchen.locate("plain", version=2)
    assert kitchen.cooked[4:] == ["plain"]


def test_a_card_is_not_a_weight(kitchen: Kitchen):
    kitchen.locate()
    (kitchen.source / "README.md").write_text("about")
    kitchen.locate()
    assert kitchen.cooked == ["plain"]


def test_a_prepared_model_outlives_its_source(kitchen: Kitchen):
    folder = kitchen.locate()
    (kitchen.source / "weights.bin").unlink()
    assert kitchen.locate() == folder


def test_missing_source(kitchen: Kitchen):
    (kitchen.source / "weights.bin").unlink()
    with pytest.raises(PreparationError, match=r"weights\.bin are missing\. Run: make weights"):
        kitchen.locate()


def test_unknown_name(kitchen: Kitchen):
    with pytest.raises(PreparationError, match=r"no embedded model 'plane'\. There are: plain, derived"):
        kitchen.locate("plane")


def test_one_failure_does_not_stop_the_others(kitchen: Kitchen):
    broken = Recipe(build=copy_model, source=Folder(kitchen.home, "gone", "Run: make gone"), size_bytes=1000)
    with pytest.raises(PreparationError, match=r"^broken: The trained weights .* Run: make gone$"):
        embedded.prepare_all(kitchen.home, recipes={"broken": broken, **kitchen.recipes()})
    assert kitchen.cooked == ["plain", "derived"]


def test_preparing_all_reports_one_progress(kitchen: Kitchen):
    steps: list[tuple[str, float]] = []
    folders = embedded.prepare_all(kitchen.home, lambda *step: steps.append(step), recipes=kitchen.recipes())
    assert list(folders) == ["plain", "derived"]
    assert ("plain: Ready", 0.5) in steps
    assert steps[-1] == ("derived: Ready", 1.0)


def test_home_under_a_file(kitchen: Kitchen):
    kitchen.home = kitchen.source / "weights.bin" / "home"
    with pytest.raises(PreparationError, match=r"no write access to .*home .* Set PLAYGROUND_HOME"):
        kitchen.locate()


def test_home_without_write_permission(kitchen: Kitchen, monkeypatch: pytest.MonkeyPatch):
    def forbidden(path: Path, *args, **kwargs):
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, "mkdir", forbidden)
    with pytest.raises(PreparationError, match=r"no write access to .*\(Permission denied\)\. Set PLAYGROUND_HOME"):
        kitchen.locate()


def test_a_prepared_home_may_be_read_only(kitchen: Kitchen, monkeypatch: pytest.MonkeyPatch):
    folder = kitchen.locate()
    (kitchen.home / "models" / ".plain.stamp").unlink()

    def forbidden(path: Path, *args, **kwargs):
        raise OSError(errno.EROFS, "Read-only file system", str(path))

    for method in ("write_text", "mkdir", "unlink", "touch"):
        monkeypatch.setattr(Path, method, forbidden)
    assert kitchen.locate() == folder


def test_too_little_space_is_noticed_before(kitchen: Kitchen):
    with pytest.raises(PreparationError, match=r"Not enough disk space for plain.*[MG]B are free.*Free some space"):
        kitchen.locate(size_bytes=10**18)
    assert kitchen.cooked == []


@pytest.mark.parametrize(
    "failure",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        RuntimeError("I/O error: No space left on device (os error 28)"),
    ],
    ids=["python", "safetensors"],
)
def test_the_disk_fills_up_meanwhile(kitchen: Kitchen, failure: Exception):
    def fill_up():
        raise failure

    kitchen.before_writing = fill_up
    with pytest.raises(PreparationError, match=r"Not enough disk space for plain"):
        kitchen.locate()
    assert kitchen.leftovers() == []
    assert not (kitchen.home / "models" / "plain").exists()


def test_a_failure_while_building_names_itself(kitchen: Kitchen):
    kitchen.before_writing = lambda: int("x")
    with pytest.raises(PreparationError, match=r"plain can't be prepared \(ValueError: invalid literal"):
        kitchen.locate()


# --- other processes ---

WORKER = """
import sys, time
from pathlib import Path
from playground.models import embedded
from playground.models.recipes import Folder, Recipe
home, source, log, seconds = Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), float(sys.argv[4])

def build(sources, folder, progress):
    (folder / "config.json").write_text("{}")
    with log.open("a") as file:
        file.write("building\\n")
    time.sleep(seconds)
    (folder / "model.safetensors").write_bytes((sources[-1] / "weights.bin").read_bytes())

recipe = Recipe(build=build, source=Folder(source, "weights.bin", ""), size_bytes=1000)
print(embedded.locate("plain", home, recipes={"plain": recipe}))
"""


def start_worker(kitchen: Kitchen, seconds: float) -> subprocess.Popen:
    arguments = [str(kitchen.home), str(kitchen.source), str(log_of(kitchen)), str(seconds)]
    return subprocess.Popen([sys.executable, "-c", WORKER, *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True)


def log_of(kitchen: Kitchen) -> Path:
    return kitchen.source.parent / "log"


def wait_until_building(kitchen: Kitchen) -> None:
    deadline = time.monotonic() + 30
    while not log_of(kitchen).exists():
        assert time.monotonic() < deadline, "the worker never started to build"
        time.sleep(0.02)


def test_killed_in_the_middle(kitchen: Kitchen):
    worker = start_worker(kitchen, seconds=60)
    wait_until_building(kitchen)
    worker.send_signal(signal.SIGKILL)
    worker.communicate()
    assert kitchen.leftovers() == [".plain.draft"]
    folder = kitchen.locate()
    assert (folder / "model.safetensors").read_bytes() == bytes(range(256))
    assert kitchen.leftovers() == []


def test_killed_right_after_the_rename(kitchen: Kitchen):
    kitchen.locate()
    (kitchen.home / "models" / ".plain.old").mkdir()
    kitchen.locate()
    assert kitchen.leftovers() == []
    assert kitchen.cooked == ["plain"]


def test_two_processes_at_once_prepare_it_once(kitchen: Kitchen):
    workers = [start_worker(kitchen, seconds=0.5) for _ in range(2)]
    printed = [worker.communicate(timeout=60)[0].strip() for worker in workers]
    assert printed == [str(kitchen.home / "models" / "plain")] * 2
    assert log_of(kitchen).read_text() == "building\n"


def test_who_has_to_wait_is_told(kitchen: Kitchen):
    worker = start_worker(kitchen, seconds=0.5)
    wait_until_building(kitchen)
    steps: list[str] = []
    embedded.locate("plain", kitchen.home, lambda what, _: steps.append(what), recipes=kitchen.recipes())
    worker.communicate()
    assert steps == ["Waiting for another process that prepares it"]
    assert kitchen.cooked == []


def test_two_threads_at_once_prepare_it_once(kitchen: Kitchen):
    kitchen.before_writing = lambda: time.sleep(0.2)
    threads = [threading.Thread(target=kitchen.locate) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert kitchen.cooked == ["plain"]


# --- packages ---


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Package:
    """An installed package that holds one weight file, with the RECORD that pip writes."""
    site = tmp_path / "site"
    (site / "fake_weights" / "model").mkdir(parents=True)
    (site / "fake_weights" / "__init__.py").write_text("raise ImportError('its dependencies are not installed')")
    (site / "fake_weights" / "model" / "model.safetensors").write_bytes(bytes(100))
    info = site / "fake_weights-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: fake-weights\nVersion: 1.0\n")
    checksum = base64.urlsafe_b64encode(hashlib.sha256(bytes(100)).digest()).rstrip(b"=").decode()
    (info / "RECORD").write_text(f"fake_weights/model/model.safetensors,sha256={checksum},100\n")
    monkeypatch.syspath_prepend(str(site))
    return Package(
        "fake-weights", "fake_weights/model", ("model.safetensors",), "someone/fake", "abc123", ("model.safetensors",)
    )


def package_recipe(package: Package) -> dict[str, Recipe]:
    return {"packaged": Recipe(build=copy_model, source=package, size_bytes=1000)}


def test_from_a_package_that_cannot_be_imported(package: Package, tmp_path: Path):
    folder = embedded.locate("packaged", tmp_path / "home", recipes=package_recipe(package))
    assert (folder / "model.safetensors").read_bytes() == bytes(100)
    source = json.loads((folder / "manifest.json").read_text())["sources"][0]
    assert (source["kind"], source["name"], source["version"]) == ("package", "fake-weights", "1.0")


def test_damaged_package(package: Package, tmp_path: Path):
    flip_a_byte(tmp_path / "site" / "fake_weights" / "model" / "model.safetensors")
    with pytest.raises(
        PreparationError, match=r"model\.safetensors of the package fake-weights is damaged .*--force-re"
    ):
        embedded.locate("packaged", tmp_path / "home", recipes=package_recipe(package))


def test_missing_package_offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    missing = Package(
        "not-installed-weights", "x", ("model.safetensors",), "someone/fake", "abc123", ("model.safetensors",)
    )
    with pytest.raises(PreparationError, match=r"not-installed-weights, .*--no-deps -r requirements-models\.txt"):
        embedded.locate("packaged", tmp_path / "home", recipes=package_recipe(missing))


def test_missing_package_comes_from_the_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    asked = []

    def snapshot_download(repo_id: str, revision: str, **options: object) -> str:
        asked.append((repo_id, revision))
        (tmp_path / "snapshot").mkdir()
        (tmp_path / "snapshot" / "model.safetensors").write_bytes(b"from the Hub")
        return str(tmp_path / "snapshot")

    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setattr("huggingface_hub.snapshot_download", snapshot_download)
    missing = Package(
        "not-installed-weights", "x", ("model.safetensors",), "someone/fake", "abc123", ("model.safetensors",)
    )
    folder = embedded.locate("packaged", tmp_path / "home", recipes=package_recipe(missing))
    assert (folder / "model.safetensors").read_bytes() == b"from the Hub"
    assert asked == [("someone/fake", "abc123")]
    source = json.loads((folder / "manifest.json").read_text())["sources"][0]
    assert source == {"kind": "hub", "name": "someone/fake", "version": "abc123"}


def test_missing_package_and_no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def snapshot_download(*args, **kwargs):
        raise ConnectionError("no route")

    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setattr("huggingface_hub.snapshot_download", snapshot_download)
    missing = Package(
        "not-installed-weights", "x", ("model.safetensors",), "someone/fake", "abc123", ("model.safetensors",)
    )
    with pytest.raises(PreparationError, match=r"the Hub can't be reached \(ConnectionError\).*--no-deps"):
        embedded.locate("packaged", tmp_path / "home", recipes=package_recipe(missing))


# --- the command ---


def test_the_command_says_what_is_wrong_in_one_line(kitchen: Kitchen, capsys: pytest.CaptureFixture):
    home = kitchen.source / "weights.bin"
    assert embedded.main(["--home", str(home)]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == len(embedded.NAMES)
    assert all("no write access" in line and "PLAYGROUND_HOME" in line for line in lines[:2])


def test_requirements_name_the_packages():
    pinned = (ROOT / "requirements-models.txt").read_text()
    for recipe in embedded.RECIPES.values():
        assert not isinstance(recipe.source, Package) or f"{recipe.source.name}==" in pinned
