"""What a playground answers about the inside of models.

Thin methods: each hands its request to the function that does it. What crosses is data.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from playground.registry import Wing, heavy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playground.inside.map_request import ModelMapRequest
    from playground.inside.map_result import ModelMapResult
    from playground.inside.request import AttributeNextRequest, LensRequest
    from playground.inside.result import AttributeNextProgress, AttributeNextResult, LensResult
    from playground.receipt import Receipt


class InsideWing(Wing):
    """What a playground answers about the inside of language models."""

    @heavy("playground.inside.lens", gpu_seconds=20)
    def logit_lens(self, request: LensRequest) -> LensResult:
        """What the model would say after each of its layers."""
        from playground.inside.lens import logit_lens

        return logit_lens(self.manager, request)

    def lens_receipt(self, result: LensResult) -> Receipt:
        """The plain-transformers Python for the predictions after each layer."""
        from playground.inside.receipt import lens_receipt
        from playground.links.form import linked

        return linked(lens_receipt(result), self.link(result))

    @heavy("playground.inside.attribute", gpu_seconds=60)
    def attribute_next_steps(
        self, request: AttributeNextRequest
    ) -> Iterator[AttributeNextProgress | AttributeNextResult]:
        """Progress, then how much each token spoke for the next one; cancelled, the result has what is done."""
        from playground.inside.attribute import attribute_next

        with self.runs.begin(request.run_id, request.address) as run:
            yield from attribute_next(self.manager, request, lambda: run.cancelled)

    @heavy("playground.inside.attribute", gpu_seconds=60)
    def attribute_next(self, request: AttributeNextRequest) -> AttributeNextResult:
        """How much each token spoke for the next one, or for it rather than for another."""
        from playground.inside.attribute import attribute_next

        with self.runs.begin(request.run_id, request.address) as run:
            *_, result = attribute_next(self.manager, request, lambda: run.cancelled)
        return result  # type: ignore[return-value]  # what comes last

    def attribute_next_receipt(self, result: AttributeNextResult) -> Receipt:
        """The plain-transformers Python for such attributions."""
        from playground.inside.why_receipt import attribute_next_receipt
        from playground.links.form import linked

        return linked(attribute_next_receipt(result), self.link(result))

    @heavy("playground.inside.model_map", gpu_seconds=20)
    def model_map(self, request: ModelMapRequest) -> ModelMapResult:
        """A model drawn from its own modules; with a text, what flows through them, and one head unrolled if asked."""
        from playground.inside.model_map import model_map

        return model_map(self.manager, request)

    def model_map_receipt(self, result: ModelMapResult) -> Receipt:
        """The plain-transformers Python for a model's sizes, a text through it and one head."""
        from playground.inside.map_receipt import model_map_receipt
        from playground.links.form import linked

        return linked(model_map_receipt(result), self.link(result))
