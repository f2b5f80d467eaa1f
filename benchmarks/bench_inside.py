"""What looking inside costs beside the passes that it can't do without, with SmolLM2 on 64 tokens.

``lens_over_forward`` is the time of the predictions after all layers, over that of one forward pass and of the products
with the head that they need (a matrix product for each layer). ``why_over_backward`` is the time of gradient x input
with all that is answered beside it, over that of one forward and backward pass. ``twin_over_two_forwards`` is the time
of one text under two copies of the model (float32 and bfloat16), over that of a forward pass of each. All are medians
of pairs that were measured one after the other, so that a busy machine slows both. ``all_logits_mb`` is what the logits
of all layers would take together, which are never held.

Run: ``python benchmarks/bench_inside.py [--quick]``; the last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")
sys.path.insert(0, str(Path(__file__).parents[1]))

import torch

import playground as pg
from playground.config import Settings

MODEL = "HuggingFaceTB/SmolLM2-135M-Instruct"
TOKENS = 64
TEXT = "The old lighthouse keeper walked down to the harbour every morning and counted the boats. " * 8


def seconds(work: Callable[[], object]) -> float:
    """How long it takes once."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def ratio(ours: Callable[[], object], plain: Callable[[], object], pairs: int) -> tuple[float, float, float]:
    """The median of ours over plain, and the median seconds of both."""
    ours(), plain()
    times = [(seconds(ours), seconds(plain)) for _ in range(pairs)]
    both = [statistics.median(column) for column in zip(*times, strict=True)]
    return statistics.median(one / other for one, other in times), both[0], both[1]


def lens_figures(playground: pg.Playground, ids: list[int], pairs: int) -> dict[str, float]:
    """The logit lens beside a forward pass and the products with the head."""
    request = pg.LensRequest(prefix_token_ids=tuple(ids[1:]), prompt=_first(playground, ids), model_id=MODEL)
    with playground.manager.lease(MODEL, "text-generation") as loaded:
        model, tokens = loaded.model, torch.tensor([ids])

        @torch.inference_mode()
        def plain() -> None:
            states = model(tokens, output_hidden_states=True, logits_to_keep=1, use_cache=False).hidden_states
            for state in states:
                model.lm_head(state)

        found, ours, theirs = ratio(lambda: playground.logit_lens(request), plain, pairs)
        layers, width = model.config.num_hidden_layers + 1, model.config.vocab_size
    whole = layers * len(ids) * width * 4 / 1e6
    return {"lens_over_forward": found, "lens_seconds": ours, "forward_seconds": theirs, "all_logits_mb": whole}


def why_figures(playground: pg.Playground, ids: list[int], pairs: int) -> dict[str, float]:
    """Gradient x input beside a forward and a backward pass."""
    request = pg.AttributeNextRequest(
        prefix_token_ids=tuple(ids[1:]), prompt=_first(playground, ids), model_id=MODEL, methods=("gradient_x_input",)
    )
    with playground.manager.lease(MODEL, "text-generation") as loaded:
        model, tokens = loaded.model, torch.tensor([ids])

        def plain() -> None:
            embedded = model.get_input_embeddings()(tokens).detach().requires_grad_()
            logits = model(inputs_embeds=embedded, use_cache=False).logits
            logits[0, -1].max().backward()

        found, ours, theirs = ratio(lambda: playground.attribute_next(request), plain, pairs)
    return {"why_over_backward": found, "why_seconds": ours, "backward_seconds": theirs}


def twin_figures(playground: pg.Playground, ids: list[int], pairs: int) -> dict[str, float]:
    """One text under two copies of the model beside a forward pass of each."""
    from playground.generation.twin import read_text, read_twice

    manager = playground.manager
    request = pg.TwinRequest(manager.tokenizer(MODEL).decode(ids), MODEL, max_new_tokens=0)
    with (
        manager.lease(MODEL, "text-generation", "float32") as first,
        manager.lease(MODEL, "text-generation", "bfloat16") as second,
    ):
        tokens = torch.tensor([ids])

        def twin() -> None:
            read_twice(first, second, request, read_text(first, second, request))

        @torch.inference_mode()
        def plain() -> None:
            for one in (first, second):
                one.model(tokens, use_cache=False)

        found, ours, theirs = ratio(twin, plain, pairs)
    return {"twin_over_two_forwards": found, "twin_seconds": ours, "two_forwards_seconds": theirs}


def _first(playground: pg.Playground, ids: list[int]) -> str:
    return str(playground.manager.tokenizer(MODEL).decode(ids[:1]))


def main() -> None:
    """Measures, and prints one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer pairs")
    pairs = 5 if parser.parse_args().quick else 15
    with pg.Playground(Settings(warm_up=("none",))) as playground:
        playground.import_everything()
        ids = playground.manager.tokenizer(MODEL)(TEXT)["input_ids"][:TOKENS]
        measures = (lens_figures, why_figures, twin_figures)
        figures = {name: found for one in measures for name, found in one(playground, ids, pairs).items()}
    print(json.dumps({"model": MODEL, "tokens": TOKENS, "pairs": pairs} | {k: round(v, 3) for k, v in figures.items()}))


if __name__ == "__main__":
    main()
