"""The logits of the next token as a function of what the embedding returned for each token, and their gradients.

The model reads the ids as always; only what its embedding returns is exchanged on the way. So whatever a family does
with its embeddings (scales, positions) is done here, too.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch

from playground.errors import UnsupportedOptionError
from playground.models.families import check_finite, explaining, token_vectors
from playground.models.private_view import private_view

if TYPE_CHECKING:
    from jaxtyping import Float, Int
    from transformers import PreTrainedModel

STEP_TOKENS = 2048  # of one forward and backward pass: bounds its memory


class NextLogits:
    """One text in one model; what is explained is the logit of ``target``, minus that of ``contrast``."""

    def __init__(self, model: PreTrainedModel, token_ids: Sequence[int]) -> None:
        self._view = private_view(model)
        self._ids = torch.tensor([list(token_ids)], device=model.device)
        self._leaf: torch.Tensor | None = None
        self._given: torch.Tensor | None = None
        self._options: dict[str, Any] = {
            name: value
            for name, value in {"use_cache": False, "logits_to_keep": 1}.items()
            if name in inspect.signature(model.forward).parameters
        }
        self._table: Any = self._view.get_input_embeddings()
        self._table.register_forward_hook(self._exchange)
        self.target, self.contrast = 0, -1
        self._logits = self._read()

    @property
    def length(self) -> int:
        """How many tokens the text has."""
        return int(self._ids.shape[1])

    @property
    def rows(self) -> int:
        """How many texts of this length go into one pass."""
        return max(1, STEP_TOKENS // self.length)

    @property
    def logits(self) -> Float[torch.Tensor, " token"]:
        """The logits of the next token."""
        return self._logits[0].detach()

    def explained(self, logits: Float[torch.Tensor, "row token"]) -> Float[torch.Tensor, " row"]:
        """The number that is explained."""
        own = logits[:, self.target]
        return own if self.contrast < 0 else own - logits[:, self.contrast]

    def gradient_x_input(self) -> list[float]:
        """For each token the gradient at the text itself times its embedding, added up; only once."""
        assert self._leaf is not None
        [gradient] = torch.autograd.grad(self.explained(self._logits).sum(), [self._leaf])
        return (gradient.float() * self._leaf.detach().float()).sum(-1)[0].tolist()

    def along(
        self, start: Float[torch.Tensor, "1 position width"], alphas: Sequence[float], weights: Sequence[float]
    ) -> list[float]:
        """The weighted gradients at some places of the straight way from ``start`` to the text, times the way."""
        assert self._leaf is not None
        end = self._leaf.detach()
        place = torch.tensor(alphas, dtype=end.dtype, device=end.device).view(-1, 1, 1)
        with torch.enable_grad():
            points = (start + place * (end - start)).requires_grad_()
            self._given = points
            logits = self._forward(self._ids.expand(len(alphas), -1))
            [gradient] = torch.autograd.grad(self.explained(logits).sum(), [points])
        share = torch.tensor(weights, dtype=torch.float32, device=end.device).view(-1, 1)
        way = (end - start).float()
        return ((gradient.float() * way).sum(-1) * share).sum(0).tolist()

    @torch.no_grad()
    def emptied(self, places: Sequence[int]) -> Float[torch.Tensor, "1 position width"]:
        """The text's embeddings, with the average of all embeddings at these places."""
        assert self._leaf is not None
        start = self._leaf.detach().clone()
        rows = token_vectors(self._table)
        scale = start[0, 0].float().norm() / rows[self._ids[0, 0]].norm().clamp(min=1e-12)  # Gemma scales what it reads
        start[0, list(places)] = (rows.mean(0) * scale).to(start.dtype)
        return start

    def at(self, embedded: Float[torch.Tensor, "1 position width"]) -> float:
        """The number that is explained, of other embeddings in place of the text's."""
        with torch.enable_grad():
            self._given = embedded
            return float(self.explained(self._forward(self._ids))[0].detach())

    @torch.no_grad()
    def of(self, texts: Sequence[Sequence[int]]) -> list[float]:
        """The number that is explained, of other texts of one length."""
        self._given = None
        rows = torch.tensor([list(one) for one in texts], device=self._ids.device)
        return self.explained(self._forward(rows)).tolist()

    def _read(self) -> Float[torch.Tensor, "row token"]:
        """Runs the text, with its embeddings as the leaf of a graph."""
        with explaining(self._view), torch.enable_grad():
            self._leaf = None
            logits = self._forward(self._ids)
        if self._leaf is None:
            raise UnsupportedOptionError(
                f"{type(self._view).__name__} looks its tokens up in no table, so there is nothing to take a gradient"
                " of.",
                "Pick another model.",
            )
        check_finite(self._view, logits)
        return logits

    def _forward(self, ids: Int[torch.Tensor, "row position"]) -> Float[torch.Tensor, "row token"]:
        mask = torch.ones_like(ids)
        return self._view(input_ids=ids, attention_mask=mask, **self._options).logits[:, -1].float()

    def _exchange(self, module: torch.nn.Module, arguments: Any, output: torch.Tensor) -> torch.Tensor:
        """What the embedding returns: what was given, or the leaf that it becomes itself while gradients are noted."""
        if not torch.is_grad_enabled():
            return output
        if self._given is None:
            self._leaf = output.detach().requires_grad_()
            return self._leaf.clone()  # some models change it in place, which a leaf doesn't bear
        return self._given.clone()
