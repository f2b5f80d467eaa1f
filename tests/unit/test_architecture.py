"""The house rules that a machine can check: who may import whom, the same stems everywhere, documented public names."""

from __future__ import annotations

import ast
import functools
import importlib.util
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CAPABILITIES = ("classification", "tokens", "attention", "generation", "inside", "similarity", "pipelines", "training")
WINGS = (*CAPABILITIES, "models")
PLAYGROUND = sorted((ROOT / "playground").rglob("*.py"))
SERVER = sorted((ROOT / "server").rglob("*.py"))
TABS = sorted((ROOT / "tabs").rglob("*.py"))


@functools.cache
def nodes_of(path: Path) -> tuple[ast.AST, ...]:
    """All that stands in a file, its module first; many rules look at each file."""
    return tuple(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))


@pytest.fixture(scope="module", autouse=True)
def _forget_files():
    yield
    nodes_of.cache_clear()


def imported(path: Path) -> set[str]:
    """The top-level packages that a file imports, anywhere in it."""
    names: set[str] = set()
    for node in nodes_of(path):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.split(".")[0])
    return names


@pytest.mark.parametrize("path", PLAYGROUND, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_is_computed_knows_nothing_of_the_page(path):
    assert not imported(path) & {"gradio", "tabs", "app"}


@pytest.mark.parametrize("path", SERVER, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_guards_the_page_knows_neither(path):
    assert not imported(path) & {"gradio", "torch", "transformers", "tabs", "app"}


@pytest.mark.parametrize("path", TABS, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_is_shown_does_not_compute(path):
    assert not imported(path) & {"torch", "transformers", "numpy", "scipy"}


def test_importing_the_page_imports_no_heavy_library():
    """The page answers before torch and transformers are imported."""
    code = (
        "import sys, app; from playground.service import Playground; app.build_app(Playground())\n"
        "print([name for name in ('torch', 'transformers', 'accelerate', 'captum') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip().splitlines()[-1] == "[]"


@pytest.mark.parametrize("wing", WINGS)
def test_every_wing_has_the_same_name_on_every_floor(wing):
    floors = [f"{floor}/{wing}" for floor in ("playground", "tabs", "tests/unit", "tests/integration", "tests/browser")]
    assert [floor for floor in floors if not (ROOT / floor).is_dir()] == []


@pytest.mark.parametrize("wing", CAPABILITIES)
def test_every_capability_writes_a_receipt(wing):
    assert (ROOT / "playground" / wing / "receipt.py").exists()


def test_every_tab_has_a_title_and_builds_itself():
    from tabs import TABS as tabs

    for tab in tabs:
        assert isinstance(tab.TITLE, str) and callable(tab.build_tab) and tab.__doc__


def test_public_names_exist_and_are_documented():
    import playground

    assert sorted(playground.__all__) == list(playground.__all__)
    for name in playground.__all__:
        thing = getattr(playground, name)
        assert inspect.getdoc(thing), f"playground.{name} has no docstring"


def test_public_functions_and_classes_are_documented():
    missing = []
    for path in [*PLAYGROUND, *TABS, ROOT / "app.py"]:
        module = nodes_of(path)[0]
        if not ast.get_docstring(module):
            missing.append(str(path.relative_to(ROOT)))
        for node in module.body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef) and not node.name.startswith(
                "_"
            ):
                if not ast.get_docstring(node):
                    missing.append(f"{path.relative_to(ROOT)}:{node.name}")
    assert missing == []


def test_no_module_level_mutable_state():
    """A name in lower case, or one bound to a fresh object that can change, would be state outside the manager."""
    found = []
    for path in [*PLAYGROUND, *TABS, ROOT / "app.py"]:
        for node in nodes_of(path)[0].body:
            targets = (
                node.targets
                if isinstance(node, ast.Assign)
                else [node.target]
                if isinstance(node, ast.AnnAssign)
                else []
            )
            names = [name for target in targets for name in ast.walk(target) if isinstance(name, ast.Name)]
            for name in names:
                constant = name.id.lstrip("_").isupper() or name.id in ("log", "__all__") or name.id[:1].isupper()
                if not constant:
                    found.append(f"{path.relative_to(ROOT)}: {name.id}")
        for node in nodes_of(path):
            if isinstance(node, ast.Global):
                found.append(f"{path.relative_to(ROOT)}: global {node.names}")
    assert found == []


@pytest.mark.parametrize("word", ["utils", "helpers", "common", "misc"])
def test_no_module_named_after_nothing(word):
    assert [path for path in [*PLAYGROUND, *TABS] if path.stem == word] == []


NEEDS_RAY = {ROOT / "playground/cluster/router.py"}


def test_every_module_of_the_project_can_be_imported():
    for path in [one for one in PLAYGROUND if one not in NEEDS_RAY or importlib.util.find_spec("ray")]:
        importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"))


# Sizes. An entry may shrink and go, never come; the number is what was measured.

LARGEST = {"function": 40, "class": 300, "file": 400}
ALLOWED_SIZES: dict[str, int] = {
    # name: lines
}


def code_files() -> list[Path]:
    return [*PLAYGROUND, *TABS, *sorted((ROOT / "server").rglob("*.py")), *sorted(ROOT.glob("*.py"))]


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def oversized(path: Path) -> dict[str, int]:
    """Functions, classes and files of a module that are too long, and their lines; decorators don't count."""
    lines = {f"{name_of(path)}": ("file", len(path.read_text(encoding="utf-8").splitlines()))}
    for node in nodes_of(path):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            kind = "class" if isinstance(node, ast.ClassDef) else "function"
            lines[f"{name_of(path)}:{node.name}"] = (kind, (node.end_lineno or 0) - node.lineno + 1)
    return {name: count for name, (kind, count) in lines.items() if count > LARGEST[kind]}


def test_nothing_is_too_long():
    found = {name: count for path in code_files() for name, count in oversized(path).items()}
    grown = {name: count for name, count in found.items() if count > ALLOWED_SIZES.get(name, 0)}
    assert grown == {}, "shorten it: at most 40 lines a function, 300 a class, 400 a file"
    assert [name for name in ALLOWED_SIZES if name not in found] == [], "it is short enough: its entry goes"


def test_what_is_too_long_is_seen(tmp_path, monkeypatch):
    monkeypatch.setattr(sys.modules[__name__], "ROOT", tmp_path)
    body = "\n".join(["    pass"] * 40)
    (tmp_path / "long.py").write_text(f"def short():\n{body[:-9]}\n\n\ndef long():\n{body}\n" + "\n" * 400)
    assert oversized(tmp_path / "long.py") == {"long.py": 483, "long.py:long": 41}


# Imports


def runtime_imports(path: Path, modules: dict[str, Path]) -> set[str]:
    """Modules of the project that a module imports when it runs, at its top or inside a function."""
    typing_only = {
        id(inner)
        for node in nodes_of(path)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    found: set[str] = set()
    for node in nodes_of(path):
        if isinstance(node, ast.Import) and id(node) not in typing_only:
            found |= {alias.name for alias in node.names} & modules.keys()
        elif isinstance(node, ast.ImportFrom) and node.module and id(node) not in typing_only:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                found |= {inner if inner in modules else node.module} & modules.keys()
    return found


def project_modules() -> dict[str, Path]:
    return {
        name_of(path).removesuffix(".py").replace("/", ".").removesuffix(".__init__"): path for path in code_files()
    }


def circles(graph: dict[str, set[str]]) -> list[set[str]]:
    """Groups of modules that import each other, directly or by way of others."""
    reached: dict[str, set[str]] = {}
    for start in graph:
        seen, waiting = set(), [start]
        while waiting:
            for other in graph[waiting.pop()] - seen:
                seen.add(other)
                waiting.append(other)
        reached[start] = seen
    groups = {frozenset({one, *(o for o in reached[one] if one in reached[o])}) for one in graph if one in reached[one]}
    return sorted((set(group) for group in groups), key=sorted)


def test_no_modules_import_each_other():
    modules = project_modules()
    graph = {name: runtime_imports(path, modules) - {name} for name, path in modules.items()}
    assert circles(graph) == ALLOWED_CIRCLES


def test_a_circle_is_seen(tmp_path):
    files = {"a": "import b\n", "b": "def later():\n    from c import x\n", "c": "import a\n", "d": "import a\n"}
    modules = {name: tmp_path / f"{name}.py" for name in files}
    for name, text in files.items():
        modules[name].write_text(text)
    assert circles({name: runtime_imports(path, modules) for name, path in modules.items()}) == [{"a", "b", "c"}]


ALLOWED_CIRCLES: list[set[str]] = [{"playground.models.lending", "playground.models.loading"}]
BOTTOM = ("request", "events", "result")


def test_nobody_knows_whether_there_is_a_fleet():
    """Tabs, the API and the app have a `Playground`; one command makes another kind of it."""
    modules = project_modules()
    outside = {name: path for name, path in modules.items() if not name.startswith("playground.cluster")}
    knows = [name for name, path in outside.items() if any("cluster" in one for one in runtime_imports(path, modules))]
    assert len(outside) < len(modules) and knows == []


def test_ray_is_imported_by_the_cluster_alone():
    cluster = ROOT / "playground/cluster"
    importing = {path for path in code_files() if "ray" in imported(path)}
    assert importing and all(cluster in path.parents for path in importing)
    code = "import sys, app, playground.cluster.facade, playground.cluster.start; print('ray' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_requests_and_results_stand_at_the_bottom_of_their_wing():
    modules = project_modules()
    above = []
    for name, path in modules.items():
        wing, _, part = name.rpartition(".")
        if part in BOTTOM and wing.startswith("playground."):
            own = {one for one in runtime_imports(path, modules) if one.startswith(f"{wing}.")}
            above += [f"{name} imports {one}" for one in own if one.rpartition(".")[2] not in BOTTOM]
    assert above == []


# Private names of other libraries: each file here says why, and what it does when they change.

PRIVATE_NAMES = {
    "playground/cluster/ray_patches.py",
    "playground/generation/processors.py",
    "playground/generation/stop_strings.py",
    "playground/models/cpu/fast_8bit.py",
    "playground/models/cpu/linear.py",
    "playground/models/loading.py",
    "playground/models/recorded.py",
    "playground/models/shared_tokenizer.py",
    "playground/training/worker.py",
    "process.py",
    "tabs/gradio_patches.py",
}
OF_NAMED_TUPLES = {"_fields", "_asdict", "_replace"}


def private_names(path: Path) -> set[str]:
    """Private attributes that a module uses and doesn't make itself, and private names that it imports."""
    used, made, inherited = set(), set(OF_NAMED_TUPLES), set()
    for node in nodes_of(path):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            made.add(node.name)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            made.add(node.target.id)
        elif isinstance(node, ast.Attribute) and node.attr.startswith("_"):
            owner = ast.unparse(node.value)
            (made if owner in ("self", "cls") else inherited if owner == "super()" else used).add(node.attr)
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] not in OURS:
            used.update(node.module.split("."), (alias.name for alias in node.names))
    return {name for name in (used - made) | inherited if name.startswith("_") and not name.startswith("__")}


OURS = {"playground", "tabs", "server", "app", "process"}


def test_private_names_of_other_libraries_stay_in_the_listed_files():
    using = {name_of(path) for path in code_files() if private_names(path)}
    assert using == PRIVATE_NAMES


def test_a_private_name_is_seen(tmp_path):
    path = tmp_path / "one.py"
    path.write_text(
        "from gradio._x import y\nz._queue\nself._own = 1\nother._own\nclass A:\n    _b: int\nA._b\nsuper()._c\n"
    )
    assert private_names(path) == {"_x", "_queue", "_c"}


# State

GROWS = {"dict", "list", "set", "defaultdict", "OrderedDict", "Counter", "deque", "WeakKeyDictionary", "WeakSet"}
# Keyed by classes of the program, of which there are only so many.
CACHES_OF_CLASSES = {
    "playground/models/cpu/packed_4bit.py:_packed_class",
    "playground/models/shared_tokenizer.py:_shared_class",
    "playground/wire.py:_names",
    "playground/wire.py:_tag",
    "playground/wire.py:hints",
}
CHANGES = {"append", "add", "update", "setdefault", "pop", "popitem", "clear", "extend", "insert", "remove", "discard"}


def state_of(path: Path) -> list[str]:
    """What of a module can grow or change while the program runs: containers and caches at its top."""
    found, containers = [], set()
    for node in nodes_of(path)[0].body:
        value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        names = [target.id for target in targets if isinstance(target, ast.Name)]
        if isinstance(value, ast.Dict | ast.List | ast.Set):
            containers |= set(names)
            found += names if not (value.keys if isinstance(value, ast.Dict) else value.elts) else []
        elif (
            isinstance(value, ast.Call)
            and ast.unparse(value.func).removeprefix("collections.").removeprefix("weakref.") in GROWS
        ):
            found += names
        if isinstance(node, ast.FunctionDef) and node.args.args:
            caches = [ast.unparse(one).rpartition("functools.")[2] for one in node.decorator_list]
            found += [node.name for one in caches if one == "cache" or re.match(r"lru_cache\((maxsize=)?None", one)]
    for node in nodes_of(path):
        writes = isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store | ast.Del)
        if writes or (isinstance(node, ast.Attribute) and node.attr in CHANGES):
            found += {ast.unparse(node.value)} & containers  # type: ignore[attr-defined]
    return [f"{name_of(path)}:{name}" for name in found]


def test_no_container_or_cache_at_the_top_of_a_module_grows():
    assert {one for path in code_files() for one in state_of(path)} == CACHES_OF_CLASSES


@pytest.mark.parametrize(
    "code",
    [
        "CACHE = {}",
        "CACHE: dict = {}",
        "CACHE = []",
        "CACHE = set()",
        "CACHE = collections.defaultdict(list)",
        "CACHE = {1: 2}\ndef f(): CACHE[2] = 3",
        "CACHE = [1]\ndef f(): CACHE.append(3)",
        "@functools.cache\ndef CACHE(text): ...",
        "@lru_cache(maxsize=None)\ndef CACHE(text): ...",
    ],
)
def test_state_is_seen(tmp_path, monkeypatch, code):
    monkeypatch.setattr(sys.modules[__name__], "ROOT", tmp_path)
    (tmp_path / "one.py").write_text(code)
    assert state_of(tmp_path / "one.py") == ["one.py:CACHE"]
    (tmp_path / "two.py").write_text("TABLE = {1: 2}\nNAMES = ['a']\n@functools.cache\ndef table(): ...\n")
    assert state_of(tmp_path / "two.py") == []


# The views

VIEWS = sorted((ROOT / "assets" / "views").rglob("*.js"))
LONG_SCRIPTS: frozenset[str] = frozenset()  # may only shrink: no new name is let in


def functions_of(script: str) -> list[tuple[str, int]]:
    """Name and lines of every function at the top of a module and of every method, as the formatter lays them out."""
    opening = re.compile(
        r"^(?:(?:export )?(?:async )?function (\w+)|(?:export )?const (\w+) = (?:async )?\(.*=> \{$"
        r"|  (?:async )?([#\w]+)\(.*\) \{$)"
    )
    found, lines = [], script.splitlines()
    for start, line in enumerate(lines):
        match = opening.match(line)
        if match and match[3] not in ("for", "if", "while", "switch"):
            indent = line[: len(line) - len(line.lstrip())]
            length = next(n for n, later in enumerate(lines[start:], 1) if re.match(indent + r"\}[;,)]*$", later))
            found.append((next(filter(None, match.groups())), length))
    return found


@pytest.mark.parametrize("path", VIEWS, ids=lambda path: str(path.relative_to(ROOT)))
def test_scripts_are_short(path):
    script = path.read_text(encoding="utf-8")
    long = [f"line {n}" for n, line in enumerate(script.splitlines(), 1) if len(line) > 120]
    long += [f"{name}: {length} lines" for name, length in functions_of(script) if length > 40]
    long += [f"{len(script.splitlines())} lines"] if len(script.splitlines()) > 400 else []
    assert bool(long) == (path.relative_to(ROOT).as_posix() in LONG_SCRIPTS), long


def test_functions_of_scripts_are_seen():
    found = dict(functions_of((ROOT / "assets/views/tokens/chips.js").read_text(encoding="utf-8")))
    assert {"constructor", "draw", "#patch", "spanOf"} <= set(found) and min(found.values()) >= 3


@pytest.mark.parametrize("name", ["make", "spearman", "ranks", "csvText", "visiblePiece", "sized", "finder"])
def test_scripts_have_shared_things_once(name):
    homes = [path for path in VIEWS if re.search(rf"(function|const) {name}\b", path.read_text(encoding="utf-8"))]
    assert [path.parent.name for path in homes] == ["shared"]


def test_scripts_put_text_into_the_page_as_text():
    found = [
        str(path.relative_to(ROOT))
        for path in VIEWS
        if re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write", path.read_text(encoding="utf-8"))
    ]
    assert found == []


def test_scripts_have_no_bus_and_no_globals():
    """What one view says only one hears: nothing is written to the window, no event is sent to the document."""
    bus = re.compile(r"window\.\w+ = |globalThis|document\.dispatchEvent|window\.dispatchEvent")
    assert [str(path.relative_to(ROOT)) for path in VIEWS if bus.search(path.read_text(encoding="utf-8"))] == []
