"""What a playground answers about classification.

Thin methods: each hands its request to the function that does it. What crosses is data.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from playground.registry import Wing, heavy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playground.classification.request import (
        AttributeRequest,
        ClassifyRequest,
        ClassifyTableRequest,
        PerturbRequest,
    )
    from playground.classification.result import (
        AttributeResult,
        ClassifierInfo,
        ClassifyResult,
        LabelReading,
        PerturbResult,
        TableProgress,
        TableResult,
    )
    from playground.receipt import Receipt


def _table_seconds(request: ClassifyTableRequest) -> float:
    """On a GPU: a second for 200 rows."""
    return 20 + len(request.table.lines) / 200


class ClassificationWing(Wing):
    """What a playground answers about classification."""

    @heavy("playground.classification.describe")
    def describe_classifier(self, model_id: str | None = None, quantization: str = "auto") -> ClassifierInfo:
        """The labels of a classifier and what it can be asked; loads it if need be."""
        from playground.classification import describe

        return describe.describe(self.manager, model_id, quantization)

    @heavy("playground.classification.classify", gpu_seconds=20)
    def classify(self, request: ClassifyRequest) -> ClassifyResult:
        """The label probabilities of one text, step by step, beside what ``pipeline()`` returns."""
        from playground.classification import classify as classification

        return classification.classify(self.manager, request)

    def classification_receipts(self, result: ClassifyResult) -> tuple[Receipt, Receipt]:
        """The plain-transformers Python for a result: by ``pipeline()`` alone, and step by step."""
        from playground.classification import receipt as receipts
        from playground.links.form import linked

        link = self.link(result)
        return linked(receipts.pipeline_receipt(result), link), linked(receipts.steps_receipt(result), link)

    def texts_receipt(self, results: tuple[ClassifyResult, ...]) -> Receipt:
        """The plain-transformers Python for several texts that one model was asked."""
        from playground.classification import receipt as receipts
        from playground.links.form import linked

        return linked(receipts.texts_receipt(results), self.link(results))

    def table_receipt(self, result: TableResult) -> Receipt:
        """The plain-transformers Python for the rows of a table."""
        from playground.classification import receipt as receipts
        from playground.links.form import linked

        return linked(receipts.table_receipt(result), self.link(result))

    def attribution_receipt(self, result: AttributeResult) -> Receipt:
        """The plain-transformers Python for attributions."""
        from playground.classification import why_receipt as receipts
        from playground.links.form import linked

        return linked(receipts.attribution_receipt(result), self.link(result))

    def perturb_receipt(self, result: PerturbResult) -> Receipt:
        """The plain-transformers Python for what changed without some tokens."""
        from playground.classification import why_receipt as receipts
        from playground.links.form import linked

        return linked(receipts.perturb_receipt(result), self.link(result))

    @heavy("playground.classification.table", gpu_seconds=_table_seconds)
    def classify_table(self, request: ClassifyTableRequest) -> Iterator[TableProgress | TableResult]:
        """Progress, then a label for every row. Closing the iterator stops the work; cancelled, the result has what is
        done."""
        from playground.classification import table

        with self.runs.begin(request.run_id) as run:
            yield from table.classify_table(self.manager, request, lambda: run.cancelled)

    @heavy("playground.classification.table")
    def label_readings(self, request: ClassifyTableRequest) -> tuple[LabelReading, ...]:
        """Every way to read a table's column of right labels that fits; more than one means that somebody must say."""
        from playground.classification import table

        return table.readings(self.manager, request)

    @heavy("playground.classification.attribution", gpu_seconds=30)
    def attribute(self, request: AttributeRequest) -> AttributeResult:
        """How much each token of a text speaks for or against a label, by three methods."""
        from playground.classification import attribution

        return attribution.attribute(self.manager, request)

    @heavy("playground.classification.perturb", gpu_seconds=20)
    def perturb(self, request: PerturbRequest) -> PerturbResult:
        """The labels of a text before and after some of its tokens were masked or deleted."""
        from playground.classification import perturb

        return perturb.perturb(self.manager, request)
