"""What a model makes of its hidden states: its own final norm, its own head, its own soft cap, for any layer.

Families call these parts by many names, and put scales, caps and projections between them. So nothing is looked up by
name: the model is watched while it reads the text, and what ran behind its last block is the final norm; for the rest
its own ``forward`` runs, with a body that returns the state which is to be read out. Both are then compared with what
the model answered. A family where they differ is refused.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
from transformers.modeling_outputs import BaseModelOutputWithPastAndCrossAttentions

from playground.errors import UnsupportedOptionError
from playground.models.families import check_finite, explaining
from playground.models.private_view import private_view

if TYPE_CHECKING:
    from jaxtyping import Float
    from transformers import PreTrainedModel

TOLERANCE = {torch.float32: 1e-5, torch.float64: 1e-5}  # of the largest number that is compared
COARSE = 3e-2  # the same in 16 bits


class Readout:
    """One text in one model: the logits of any layer at any position.

    ``last_block`` and ``final_norm`` are the names of the modules that were found.

    Raises:
        UnsupportedOptionError: this family has no final norm and head that explain its answer.
    """

    def __init__(self, model: PreTrainedModel, token_ids: Sequence[int]) -> None:
        self._view = private_view(model)
        self._ids = torch.tensor([list(token_ids)], device=model.device)
        self._accepted = inspect.signature(model.forward).parameters
        with explaining(model):
            self._read()
        self.layers = len(self._states) - 1

    def logits(self, layer: int, positions: Sequence[int]) -> Float[torch.Tensor, "position token"]:
        """``lm_head(final_norm(hidden_states[layer]))`` in float32, with all that the model does besides."""
        state = self._states[layer][:, list(positions)]
        if layer < self.layers:
            for module in self._tail:
                state = _tensor(module(state))
        self._body.answer = state
        return self._view(input_ids=self._ids[:, list(positions)], **self._options).logits[0].float()

    def _read(self) -> None:
        """Runs the text through the model, finds the parts behind its last block, and puts the stand-in into place."""
        body = self._view.base_model
        if body is self._view:
            raise self._unfit("has no body apart from its head")
        watch = _Watch(body)
        options = self._takes(use_cache=False, return_dict=True, output_hidden_states=True, logits_to_keep=1)
        answer = self._view(input_ids=self._ids, **options)
        own, states = answer.logits[0, -1:].float(), answer.hidden_states
        check_finite(self._view, own)
        if not states:
            raise self._unfit("returns no hidden states")
        found = watch.end(len(states) - 1)
        if found is None:
            raise self._unfit("does something between its last layer and its head that can't be repeated")
        last, self._tail, block = found
        names = {module: name for name, module in self._view.named_modules()}
        self.last_block, self.final_norm = names[block], tuple(names[module] for module in self._tail)
        self._states = (*states[:-1], last)
        self._options = self._takes(use_cache=False, return_dict=True)
        self._body = _StandIn(body)
        setattr(self._view, self._view.base_model_prefix, self._body)
        self.layers = len(self._states) - 1
        if not _alike(self.logits(self.layers, [len(self._ids[0]) - 1]), own, last.dtype):
            raise self._unfit("needs more than its last hidden state for its answer")

    def _takes(self, **options: Any) -> dict[str, Any]:
        """Those of the options that this model knows."""
        any_name = any(one.kind is one.VAR_KEYWORD for one in self._accepted.values())
        known = {name for name in options if name in self._accepted}
        if any_name:
            known |= {"output_hidden_states", "return_dict"}
        return {name: value for name, value in options.items() if name in known}

    def _unfit(self, reason: str) -> UnsupportedOptionError:
        name = type(self._view).__name__
        return UnsupportedOptionError(f"{name} can't be read layer by layer: it {reason}.", "Pick another model.")


class _Watch:
    """Notes what the modules of a body return, the parts of its blocks apart, while it reads a text."""

    def __init__(self, body: torch.nn.Module) -> None:
        self._calls: list[tuple[torch.nn.Module, Any]] = []
        self._lists = [one for one in body.modules() if isinstance(one, torch.nn.ModuleList) and len(one)]
        inside = {inner for one in self._lists for block in one for inner in block.modules() if inner is not block}
        for module in body.modules():
            if module not in inside:
                module.register_forward_hook(lambda module, _, output: self._calls.append((module, output)))

    def end(self, layers: int) -> tuple[torch.Tensor, tuple[torch.nn.Module, ...], torch.nn.Module] | None:
        """The last hidden state, what makes it of the last block's, and that block; None where no modules do that."""
        for blocks in self._lists:
            places = [n for n, (module, _) in enumerate(self._calls) if module is blocks[-1]]
            if len(blocks) != layers or not places:
                continue
            state, behind = _tensor(self._calls[places[-1]][1]), self._calls[places[-1] + 1 :]
            holders = [output for module, output in behind if blocks in list(module.modules())]
            if not holders:
                continue
            last, found = _tensor(holders[-1]), []
            for module, _ in [call for call in behind if blocks not in list(call[0].modules())]:
                if _alike(state, last, last.dtype):
                    break
                state = _tensor(module(state))
                found.append(module)
            if _alike(state, last, last.dtype):
                return last, tuple(found), blocks[-1]
        return None


class _StandIn(torch.nn.Module):
    """In the place of a model's body: returns the state that it was given, whatever it is asked."""

    def __init__(self, body: torch.nn.Module) -> None:
        super().__init__()
        self.answer: torch.Tensor | None = None
        object.__setattr__(self, "replaced", body)

    def forward(self, *arguments: Any, **options: Any) -> BaseModelOutputWithPastAndCrossAttentions:
        """The state, as the last hidden state."""
        return _Answer(last_hidden_state=self.answer)

    def __getattr__(self, name: str) -> Any:
        if name in ("decoder", "encoder", "transformer"):  # OPT asks its body's decoder, not its body
            return self
        try:
            return super().__getattr__(name)
        except AttributeError:
            return getattr(self.replaced, name)  # some heads look at the body's embeddings


class _Answer(BaseModelOutputWithPastAndCrossAttentions):
    """What a body answers, with None for whatever else a family's bodies have to say."""

    def __getattr__(self, name: str) -> None:
        if name.startswith("__"):
            raise AttributeError(name)


def _tensor(output: Any) -> torch.Tensor:
    """The hidden state in what a module returned."""
    return output if isinstance(output, torch.Tensor) else output[0]


def _alike(one: torch.Tensor, other: torch.Tensor, dtype: torch.dtype) -> bool:
    """Whether two states are the same but for rounding."""
    if one.shape != other.shape:
        return False
    largest = other.float().abs().max().clamp(min=1.0)
    return bool((one.float() - other.float()).abs().max() <= TOLERANCE.get(dtype, COARSE) * largest)
