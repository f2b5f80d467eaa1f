"""Settings, read once from ``PLAYGROUND_*`` variables and from the matching flags of ``python app.py``.

A flag wins over its variable, a variable over the default; on a Hugging Face Space (``SPACE_ID`` is set) the defaults
are ``host=0.0.0.0`` and ``public=True``. Every setting is one field of `Settings`: its name gives
the variable (``memory_budget`` -> ``PLAYGROUND_MEMORY_BUDGET``) and the flag (``--memory-budget``). Nothing else in the
app reads ``PLAYGROUND_*`` variables.
"""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from playground.errors import ConfigError
from playground.units import parse_bytes, parse_seconds

VERSION = "0.9.0"  # the newest entry of CHANGELOG.md has it in its heading
_WORDS = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}


def _boolean(text: str) -> bool:
    if text.strip().lower() not in _WORDS:
        raise ValueError("one of 1, 0, true, false, yes, no, on, off")
    return _WORDS[text.strip().lower()]


def _port(text: str) -> int:
    if not text.strip().isdigit() or not 0 <= int(text) <= 65535:
        raise ValueError("a whole number from 0 to 65535 (0 picks a free port)")
    return int(text)


def _count(text: str) -> int:
    if not text.strip().isdigit() or int(text) < 1:
        raise ValueError("a whole number of at least 1")
    return int(text)


def _host(text: str) -> str:
    if not re.fullmatch(r"[0-9A-Za-z.:\-]+", text):
        raise ValueError("a host name or address, such as 127.0.0.1 or 0.0.0.0")
    return text


def _device(text: str) -> str:
    if not re.fullmatch(r"auto|cpu|mps|cuda(:\d+)?", text):
        raise ValueError("auto, cpu, cuda, cuda:N or mps")
    return text


def _hub(text: str) -> str:
    if text not in ("off", "catalog", "any"):
        raise ValueError("off, catalog or any")
    return text


def _copies(text: str) -> tuple[str, ...]:
    from playground.models.catalog import QUANTIZATIONS

    names = QUANTIZATIONS if text.strip() == "all" else _names(text)
    if not names or set(names) - set(QUANTIZATIONS):
        raise ValueError(f"all, or some of {', '.join(QUANTIZATIONS)}")
    return names


def _minutes(text: str) -> int:
    if not text.strip().isdigit():
        raise ValueError("a whole number of minutes")
    return int(text)


def _file(text: str) -> Path:
    path = Path(text).expanduser()
    if not path.is_file():
        raise ValueError("the path of an existing file")
    return path


def _folder(text: str) -> Path:
    if not text.strip():
        raise ValueError("the path of a folder")
    return Path(text).expanduser()


def _existing_folder(text: str) -> Path:
    path = Path(text).expanduser()
    if not path.is_dir():
        raise ValueError("the path of an existing folder")
    return path


def _key(text: str) -> str:
    if not re.fullmatch(r"[!-~]{8,200}", text):
        raise ValueError("8 to 200 letters, digits and signs, without spaces")
    return text


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _setting(default: Any, parse: Callable[[str], Any], text: str, secret: bool = False) -> Any:
    return field(default=default, repr=not secret, metadata={"parse": parse, "help": text})


@dataclass(frozen=True)
class Settings:
    """Every setting of the app, with its default."""

    host: str = _setting("127.0.0.1", _host, "address to listen on; 0.0.0.0 lets a whole classroom in")
    port: int = _setting(7860, _port, "port to listen on; 0 picks a free one")
    allowed_hosts: tuple[str, ...] = _setting(
        (), _names, "host names that the page is opened under, beside local names and addresses, such as *.example.org"
    )
    share: bool = _setting(
        False,
        _boolean,
        "a public address for 72 hours by gradio's tunnel, which needs a network; visitors are public then",
    )
    public: bool = _setting(False, _boolean, "visitors see everything and change nothing that others share")
    public_models: tuple[str, ...] = _setting(
        ("catalog",),
        _names,
        "models that visitors of a public page may cause to be loaded: catalog, embedded, or ids separated by commas",
    )
    public_copies: tuple[str, ...] = _setting(
        ("auto", "float32", "bfloat16", "float16", "8-bit", "fast-8-bit", "4-bit"),
        _copies,
        "copies that visitors may have loaded: all, or some of auto, float32, bfloat16, float16, 8-bit, "
        "fast-8-bit and 4-bit",
    )
    public_bytes: int = _setting(
        2_000_000_000, parse_bytes, "the largest copy that visitors may have loaded, and the largest download for one"
    )
    public_minutes: int = _setting(10, _minutes, "minutes in an hour that loads which visitors cause may take")
    public_training_seconds: float = _setting(
        180.0, parse_seconds, "seconds that a training of a visitor may take, one at a time; 0: visitors can't train"
    )
    warm_up: tuple[str, ...] = _setting(
        ("embedded",),
        _names,
        "model ids to load at start, separated by commas; embedded: all embedded ones; none: on first use",
    )
    device: str = _setting("auto", _device, "auto, cpu, cuda, cuda:N or mps")
    memory_budget: int | None = _setting(
        None, parse_bytes, "bytes of models and their KV caches on the device, such as 6GB; default: measured"
    )
    ram_budget: int | None = _setting(
        None, parse_bytes, "bytes of models parked in RAM when a GPU is full; default: measured"
    )
    idle_unload: float = _setting(0.0, parse_seconds, "seconds after the last use until a model is unloaded; 0: never")
    models_file: Path | None = _setting(
        None, _file, "a catalog of your own (YAML), in place of playground/models/catalog.yaml"
    )
    lessons: Path | None = _setting(None, _existing_folder, "a folder of lessons of your own, beside those of the app")
    home: Path | None = _setting(None, _folder, "where prepared models are kept; default: the user's cache folder")
    hub: str = _setting("any", _hub, "off: no Hub; catalog: Hub models of the catalog; any: any Hub id may be typed in")
    openai_api: bool = _setting(False, _boolean, "serve OpenAI's API under /v1, also on a public page")
    openai_key: str = _setting(
        "",
        _key,
        "the key that programs must bear under /v1; unset: any will do (a variable keeps it secret)",
        secret=True,
    )
    mcp: bool = _setting(False, _boolean, "serve tools for language models (MCP), also on a public page")
    classroom: bool = _setting(
        False, _boolean, "serve classrooms under /class: a teacher asks, everybody answers; --class does, too"
    )
    metrics: bool = _setting(False, _boolean, "serve counts for Prometheus under /metrics, to programs of this machine")
    metrics_key: str = _setting(
        "",
        _key,
        "the key that whoever reads /metrics must bear, from any machine; a public page wants one",
        secret=True,
    )
    max_streams: int = _setting(
        32, _count, "generations that share the device at once, a beam counts as one; more wait in line"
    )
    max_streams_per_person: int = _setting(4, _count, "generations of one person at once")
    max_upload: int = _setting(20_000_000, parse_bytes, "largest file that may be dropped, such as 20MB")
    max_model_upload: int = _setting(
        1_500_000_000,
        parse_bytes,
        "largest file of a trained model that may be loaded again; for visitors at most public_bytes",
    )
    max_uploads: int = _setting(
        1_000_000_000, parse_bytes, "bytes of all dropped files together; half of them from one address in an hour"
    )

    @property
    def most_model_upload(self) -> int:
        """The largest file of a trained model that whoever comes here may load."""
        return min(self.max_model_upload, self.public_bytes) if self.public else self.max_model_upload

    @classmethod
    def read(cls, argv: Sequence[str] = (), environ: Mapping[str, str] | None = None) -> Settings:
        """Settings from flags and variables.

        Raises:
            ConfigError: a value isn't allowed; the message names the variable or flag, the value and what is allowed.
        """
        environ = os.environ if environ is None else environ
        given = vars(_parser().parse_args(list(argv)))
        values: dict[str, Any] = {"host": "0.0.0.0", "public": True} if environ.get("SPACE_ID") else {}
        for item in fields(cls):
            variable, flag = f"PLAYGROUND_{item.name.upper()}", f"--{item.name.replace('_', '-')}"
            if given[item.name] is not None:
                values[item.name] = _parse(item, flag, given[item.name])
            elif environ.get(variable, "").strip():
                values[item.name] = _parse(item, variable, environ[variable])
        if values.get("share"):
            values.setdefault("public", True)
        return cls(**values)


def _parse(item: Any, source: str, text: str) -> Any:
    try:
        return item.metadata["parse"](text)
    except ValueError as error:
        shown = repr(text) if item.repr else "a secret"
        raise ConfigError(f"{source} is {shown}, which isn't allowed.", f"Use {error}.") from None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python app.py",
        description="Transformers Playground: learn Hugging Face Transformers by running it.",
        epilog="Each flag can also be set as a variable: --memory-budget 6GB is PLAYGROUND_MEMORY_BUDGET=6GB.",
    )
    parser.add_argument("--version", action="version", version=f"Transformers Playground {VERSION}")
    for item in fields(Settings):
        flag = f"--{item.name.replace('_', '-')}"
        shown = f"{item.metadata['help']} [{_shown(item.default)}]"
        if isinstance(item.default, bool):
            parser.add_argument(flag, nargs="?", const="true", default=None, help=shown, metavar="BOOL")
        else:
            parser.add_argument(flag, default=None, help=shown, metavar=item.name.rsplit("_", 1)[-1].upper())
    return parser


def _shown(default: Any) -> str:
    if default in (None, (), ""):
        return "unset"
    return ",".join(default) if isinstance(default, tuple) else str(default)
