"""A request to every method that computes, and when two answers to one are the same."""

from __future__ import annotations

import base64
import re

import numpy as np
import pytest

import playground as pg
from playground.tables import read_lines
from playground.wire import to_json

BATCH = pg.EncodeRequest(("a cat", "b"))
TEXT = pg.ClassifyRequest("A good film")
COLORS = pg.GenerateRequest("A list of colors: red, blue", max_new_tokens=12)
WHY = pg.AttributeNextRequest("A list of colors", n_steps=8)
REQUESTS = {
    "attend": pg.AttentionRequest("A cat sat on the mat"),
    "attribute": pg.AttributeRequest("A good film", methods=("gradient_x_input",)),
    "attribute_next": WHY,
    "attribute_next_steps": WHY,
    "chat_next": pg.ChatTemplateRequest((pg.Message("user", "Hello"),)),
    "classify": TEXT,
    "classify_table": pg.ClassifyTableRequest(read_lines("Good.\nBad."), "text"),
    "compare_masks": pg.MaskRequest(BATCH, "no mask"),
    "embed": pg.EmbedRequest(("a cat", "a dog")),
    "logit_lens": pg.LensRequest("A list of colors"),
    "map_words": pg.WordMatrixRequest(("man", "woman", "lamp", "tree")),
    "model_map": pg.ModelMapRequest("A list of colors"),
    "next_token": COLORS,
    "perturb": pg.PerturbRequest(TEXT, (1,), "mask"),
    "pipeline": pg.PipelineRequest(text="a cat", texts=("a dog", "a car")),
    "word_loss": pg.WordLossRequest(("man", "woman")),
    "word_matrix": pg.WordMatrixRequest(("man", "woman")),
    "word_pairs": pg.WordPairsRequest((("man", "woman"),)),
}
MAPS = {"points"}  # places by differences of nearly equal numbers: rounding moves them further
UNLIKE = {"pretrained", "quantization", "at", "elapsed", "tokens_per_second", "max_difference", "rest"}


def same(one, other, path=""):
    """Nothing, where two answers are the same but for rounding, and for how long they took and where."""
    if isinstance(one, dict):
        assert one.keys() == other.keys(), path
        for name in one.keys() - UNLIKE:
            if "seconds" not in name:
                same(one[name], other[name], f"{path}.{name}")
    elif isinstance(one, list):
        assert len(one) == len(other), path
        for number, (left, right) in enumerate(zip(one, other, strict=True)):
            same(left, right, f"{path}[{number}]")
    elif isinstance(one, float):
        assert one == pytest.approx(other, rel=1e-3, abs=1e-3 if MAPS & {*re.findall(r"\w+", path)} else 1e-5), path
    elif path.endswith(".data"):
        assert _numbers(one) == pytest.approx(_numbers(other), rel=1e-3, abs=1e-5), path
    else:
        assert one == other, path


def _numbers(packed):
    return np.frombuffer(base64.b64decode(packed), "<f4")


def shaped(answer):
    """An answer as plain values with six digits."""
    return to_json(answer, short=True)


def last(playground, method, request):
    """The only or the last answer of a method."""
    answer = getattr(playground, method)(request)
    return list(answer)[-1] if hasattr(answer, "__next__") else answer
