"""What a playground answers about attention.

Thin methods: each hands its request to the function that does it. What crosses is data.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from playground.registry import Wing, heavy

if TYPE_CHECKING:
    from playground.attention.request import AttentionRequest
    from playground.attention.result import AttentionResult
    from playground.links.form import Seen
    from playground.receipt import Receipt


class AttentionWing(Wing):
    """What a playground answers about attention."""

    @heavy("playground.attention.attend", gpu_seconds=20)
    def attend(self, request: AttentionRequest) -> AttentionResult:
        """The attention weights of a model for one text, per layer and head."""
        from playground.attention.attend import attend

        return attend(self.manager, request)

    @heavy("playground.attention.attend")
    def attention_receipt(
        self, result: AttentionResult, kind: str = "", layer: int | None = 0, head: int | None = 0, row: str = ""
    ) -> Receipt:
        """The plain-transformers Python for one head of a result; None averages over layers or heads.

        ``row`` is the token whose row its link chooses, by the name that lessons have for it.
        """
        from playground.attention.receipt import attention_receipt
        from playground.links.form import linked

        looked: dict[str, Seen] = {"kind": kind, "layer": layer, "head": -1 if head is None else head}
        if row:
            looked["row"] = row
        link = self.link(result, seen=None if layer is None else looked)
        return linked(attention_receipt(result, kind, layer, head), link)
