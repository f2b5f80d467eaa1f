"""Events and distributions as the view takes them."""

from __future__ import annotations

from typing import Any

import playground as pg
from playground.wire import to_json


def format_event(event: Any) -> dict[str, Any]:
    """An event as the view takes it: alternatives as short rows, numbers with six digits."""
    shaped: dict[str, Any] = to_json(event, short=True)
    if isinstance(event, pg.Step):
        alternatives = [list(one.values()) for one in shaped["alternatives"]]
        return {
            "type": "step", "index": event.index, "id": event.token_id, "piece": event.piece, "text": event.text,
            "before": shaped["probability_before"], "after": shaped["probability_after"], "entropy": shaped["entropy"],
            "elapsed": shaped["elapsed_seconds"], "forced": event.forced, "guessed": event.guessed,
            "alternatives": alternatives,
        }  # fmt: skip
    if isinstance(event, pg.BeamStep):
        nodes = [list(node.values()) for node in shaped["nodes"]]
        return {
            "type": "beams",
            "index": event.index,
            "nodes": nodes,
            "text": event.text,
            "elapsed": shaped["elapsed_seconds"],
        }
    return shaped


def format_next(result: pg.NextTokenResult) -> dict[str, Any]:
    """The distribution over the next token, with the logits that the page needs to apply other settings itself."""
    shaped: dict[str, Any] = to_json(result, short=True)
    logits = [one.logit for one in result.candidates]
    rows = [[one["token_id"], one["piece"], logit, one["before"], one["after"], one["kept"], one["seen"]]
            for one, logit in zip(shaped["candidates"], logits, strict=True)]  # fmt: skip
    return shaped | {"candidates": rows, "rest": to_json(result.rest)}
