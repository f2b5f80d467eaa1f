"""Measures one of the two trained models on a file; the file decides which.

    make -s evaluate FILE=path                      (or: python -m training.evaluate path)

Lines of `__label__N<TAB>text` judge the sentiment model; a table headed `word1,word2,similarity` judges the
association model. The last line printed is one JSON object. Leaves out the measuring itself: sentiment_eval.py,
association_eval.py.
"""

import argparse
import csv
import json
import os
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")

from training.data import read_labelled

MODELS_FOLDER = Path(__file__).parents[1] / "assets" / "models"
PAIR_COLUMNS = ["word1", "word2", "similarity"]


def read_pairs(path: Path) -> list[tuple[str, str, float]]:
    """(word1, word2, people's mean rating) of every line of a `word1,word2,similarity` table.

    Raises SystemExit: at the first line that reads differently, with its number.
    """
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        next(rows)  # the header, by which the file was recognised
        pairs = []
        for row in rows:
            try:
                word1, word2, similarity = row
                pairs.append((word1.strip(), word2.strip(), float(similarity)))
            except ValueError:
                raise SystemExit(f"{path}, line {rows.line_num}: expected word1,word2,number, got {row}") from None
    return pairs


def evaluate_file(path: Path, models_folder: Path = MODELS_FOLDER) -> dict:
    """The figures of the model that this file is meant for.

    Raises SystemExit: one line, when the file is missing, empty or of neither kind.
    """
    if not path.is_file():
        raise SystemExit(f"No file at {path}. Name one with FILE=path.")
    with path.open(encoding="utf-8-sig") as file:
        first = file.readline().strip()
    if first.startswith("__label__"):
        from training import sentiment_eval

        return sentiment_eval.evaluate(read_labelled(path), models_folder / "sentiment")
    if [name.strip().lower() for name in first.split(",")] == PAIR_COLUMNS:
        from training import association_eval

        return association_eval.evaluate(read_pairs(path), models_folder / "association")
    raise SystemExit(f"{path} starts with neither __label__N<TAB>text nor word1,word2,similarity: {first[:60]!r}")


def main() -> None:
    parser = argparse.ArgumentParser(description="Measures a trained model on a file and prints one JSON line last.")
    parser.add_argument("file", type=Path, help="__label__N<TAB>text lines, or a word1,word2,similarity table")
    print(json.dumps(evaluate_file(parser.parse_args().file)))


if __name__ == "__main__":
    main()
