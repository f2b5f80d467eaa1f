"""Gradients of one logit along the straight way from a neutral text to a text, at every place where its words come in.

Most models look up each token once, in one table of embeddings. An encoder-decoder looks it up twice (BART's classifier
gives the text to its decoder as well, one place later), XLNet with the axes exchanged, Longformer with padding of its
own behind. So the model is watched while it reads the text and the neutral text: every call of an embedding that was
given the text's ids is a place, and what it returned there are the two ends of the way.

Leaves out which text is neutral and what the values mean (`attribution`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from playground.errors import UnsupportedOptionError
from playground.models.families import embedding_rows
from playground.models.private_view import private_view

if TYPE_CHECKING:
    from transformers import PreTrainedModel

STEP_TOKENS = 2048  # tokens of one forward and backward pass on the way: bounds its memory


@dataclass(frozen=True)
class _Place:
    """One call of an embedding that was given the text: which call, and the token of each of its positions."""

    module: torch.nn.Module
    call: int
    tokens: tuple[int | None, ...]
    transposed: bool


class GradientPath:
    """The way of one text; ``inputs`` and ``neutral`` are batches of one row, which differ in ``input_ids`` alone."""

    def __init__(
        self,
        model: PreTrainedModel,
        inputs: dict[str, torch.Tensor],
        neutral: dict[str, torch.Tensor],
        label_id: int,
        *,
        takes_batches: bool,
        **options: Any,
    ) -> None:
        self._view = private_view(model)
        self._inputs, self._options, self._label_id = inputs, options, label_id
        self.length = inputs["input_ids"].shape[1]
        self._rows = max(1, STEP_TOKENS // self.length) if takes_batches else 1
        rows = embedding_rows(self._view)
        self._modules = [module for module in self._view.modules() if rows and _rows(module) == rows]
        ends, starts = self._watch(inputs), self._watch(neutral)
        self._places = [place for place in ends if place in starts]
        if not self._places:
            raise UnsupportedOptionError(
                f"{type(model).__name__} has no table of embeddings with a row for each token, so there is nothing to "
                "take a gradient of.",
                "Look at occlusion, which needs none.",
            )
        self._starts = [starts[place] for place in self._places]
        self._ends = [ends[place] for place in self._places]

    def integrated_gradients(self, n_steps: int) -> tuple[list[float], float]:
        """A value per token, and the convergence delta: their sum minus the difference of the logits at both ends.

        Source: Sundararajan et al. 2017, Axiomatic Attribution for Deep Networks; Gauss-Legendre steps as in captum.
        """
        import numpy

        nodes, weights = numpy.polynomial.legendre.leggauss(n_steps)
        values, _ = self._summed(((1 + nodes) / 2).tolist(), (weights / 2).tolist(), from_start=True)
        _, logits = self._summed([0.0, 1.0], [0.0, 0.0], from_start=True)
        return values, sum(values) - (logits[1] - logits[0])

    def gradient_x_input(self) -> list[float]:
        """For each token the gradient at the text itself times the embedding, added up."""
        values, _ = self._summed([1.0], [1.0], from_start=False)
        return values

    def _summed(
        self, alphas: Sequence[float], weights: Sequence[float], *, from_start: bool
    ) -> tuple[list[float], list[float]]:
        """The weighted gradients on the way times the way (or the embedding) per token, and the logit at each alpha."""
        values, logits = [0.0] * self.length, []
        for first in range(0, len(alphas), self._rows):
            part = slice(first, first + self._rows)
            weight = torch.tensor(weights[part], dtype=torch.float32, device=self._inputs["input_ids"].device)
            leaves, found = self._pass(alphas[part])
            gradients = torch.autograd.grad(found.sum(), leaves, allow_unused=True)
            logits += found.detach().tolist()
            for number, (place, gradient) in enumerate(zip(self._places, gradients, strict=True)):
                if gradient is None:
                    continue
                way = self._ends[number] - (self._starts[number] if from_start else 0.0)
                axis = 1 if place.transposed else 0
                share = (gradient.float() * way.float()).sum(-1).movedim(axis, 0)
                summed = (share * weight[:, None]).sum(0).tolist()
                for token, value in zip(place.tokens, summed, strict=True):
                    if token is not None:
                        values[token] += value
        return values, logits

    @torch.enable_grad()
    def _pass(self, alphas: Sequence[float]) -> tuple[list[torch.Tensor], torch.Tensor]:
        """The embeddings at each alpha of the way as leaves of a graph, and the label's logit for each."""
        leaves = []
        for place, start, end in zip(self._places, self._starts, self._ends, strict=True):
            shape = (1, -1, 1) if place.transposed else (-1, 1, 1)
            alpha = torch.tensor(alphas, dtype=end.dtype, device=end.device).view(shape)
            leaves.append((start + alpha * (end - start)).requires_grad_())
        replaced = {(place.module, place.call): leaf for place, leaf in zip(self._places, leaves, strict=True)}

        def replace(module: torch.nn.Module, call: int, arguments: Any, output: Any) -> Any:
            leaf = replaced.get((module, call))
            if leaf is None:
                return output
            leaf = leaf.clone()  # some models change what they looked up in place, which a leaf doesn't bear
            return (leaf, *output[1:]) if isinstance(output, tuple) else leaf

        rows = {n: values.expand(len(alphas), *values.shape[1:]) for n, values in self._inputs.items()}
        with self._hooked(replace):
            logits = self._view(**rows, **self._options).logits
        return leaves, logits[:, self._label_id].float()

    @torch.no_grad()
    def _watch(self, inputs: dict[str, torch.Tensor]) -> dict[_Place, torch.Tensor]:
        """What each embedding returned that was given the ids of this text."""
        seen: dict[_Place, torch.Tensor] = {}
        text = inputs["input_ids"][0].tolist()

        def note(module: torch.nn.Module, call: int, arguments: Any, output: Any) -> Any:
            ids = arguments[0] if arguments else None
            if isinstance(ids, torch.Tensor) and ids.ndim == 2 and 1 in ids.shape:
                transposed = ids.shape[1] == 1 and ids.shape[0] > 1
                tokens = _aligned(ids.flatten().tolist(), text)
                if tokens:
                    found = output[0] if isinstance(output, tuple) else output
                    seen[_Place(module, call, tokens, transposed)] = found.detach().clone()  # CTRL scales it in place
            return output

        with self._hooked(note):
            self._view(**inputs, **self._options)
        return seen

    @contextmanager
    def _hooked(self, hook: Any) -> Iterator[None]:
        """While the block runs, ``hook(module, number of its call, arguments, output)`` says what embeddings return."""
        calls: Counter[torch.nn.Module] = Counter()

        def count(module: torch.nn.Module, arguments: Any, output: Any) -> Any:
            calls[module] += 1
            return hook(module, calls[module], arguments, output)

        handles = [module.register_forward_hook(count) for module in self._modules]
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()


def _rows(module: torch.nn.Module) -> int:
    """How many rows a table of embeddings has; 0 for what is none."""
    weight = getattr(module, "weight", None)
    return int(weight.shape[0]) if isinstance(weight, torch.Tensor) and weight.ndim == 2 else 0


def _aligned(ids: Sequence[int], text: Sequence[int]) -> tuple[int | None, ...]:
    """The token of each position: the text itself, perhaps padded, or one place later as a decoder reads it; else ().

    >>> _aligned([5, 6, 0], [5, 6]), _aligned([2, 5], [5, 6]), _aligned([0, 1], [5, 6])
    ((0, 1, None), (None, 0), ())
    """
    length = len(text)
    if list(ids[:length]) == list(text):
        return (*range(length), *([None] * (len(ids) - length)))
    if len(ids) == length > 1 and list(ids[1:]) == list(text[:-1]):
        return (length - 1 if ids[0] == text[-1] else None, *range(length - 1))
    return ()
