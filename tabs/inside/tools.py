"""The inside of a model as tools for language models, which say less than the endpoints do: what lessons read of it."""

from __future__ import annotations

import playground as pg
from playground.inside.request import METHODS
from playground.lessons.facts.inside import (
    InsideFacts,
    ModelMapFacts,
    WhyFacts,
    observe_inside,
    observe_model_map,
    observe_why,
)


class InsideTools:
    """The tools over one playground. An empty ``model_id`` takes the catalog's first that generates text."""

    def __init__(self, playground: pg.Playground) -> None:
        self._playground = playground

    def model_map(self, model_id: str = "", text: str = "", quantization: str = "auto") -> ModelMapFacts:
        """What a model is made of, of any family: its size, blocks and heads, and where its parameters are.

        Args:
            model_id: a model; empty is the first that generates text.
            text: what goes through it, to see how long the tokens' vectors become; may be empty.
            quantization: how its weights are held: auto, float32, bfloat16, float16, 8-bit, fast-8-bit or 4-bit.

        Returns:
            class_name, parameters, megabytes, blocks, heads, key_value_heads, head_dim, tied, share of the parameters
            by kind, and lengths of the vectors after each block.
        """
        asked = pg.ModelMapRequest(text, model_id, quantization=quantization)
        return observe_model_map(self._playground.model_map(asked), {})

    def logit_lens(self, text: str, model_id: str = "") -> InsideFacts:
        """What a language model would say next if each of its layers were the last, for the end of a text.

        Args:
            text: what the model reads; with [MASK] in it, for a model that fills masks.
            model_id: a model; empty is the first that generates text.

        Returns:
            answer with its probability, leads_from (the layer from which on it stays the best), and after each layer
            the best token, its probability, entropy_nats and the rank of the answer.
        """
        return observe_inside(self._playground.logit_lens(pg.LensRequest(text, model_id=model_id)), {})

    def attribute_next(self, address: str, text: str, model_id: str = "", methods: list[str] | None = None) -> WhyFacts:
        """Which words of a text speak for the token that a language model finds likeliest next, and how much.

        Args:
            text: what the model reads.
            model_id: a model; empty is the first that generates text.
            methods: of integrated_gradients, gradient_x_input (alone by default: quick, but noisy) and occlusion.

        Returns:
            token with probability and logit, the strongest word by method, and speaks: by method what each word adds to
            the logit.
        """
        asked = pg.AttributeNextRequest(text, model_id=model_id, methods=tuple(methods or METHODS[:1]), address=address)
        return observe_why(self._playground.attribute_next(asked), {})
