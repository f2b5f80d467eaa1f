"""Why this label: how much each token speaks for or against it, by three methods side by side.

All three explain one logit, not a probability: softmax mixes all labels, so a probability can rise because another
label's logit fell. The text is compared with the same text in which every token is the neutral one (``[MASK]`` where
the tokenizer has it); special tokens stay.

- integrated_gradients: gradients along the straight way from the neutral text to this one. Its values add up to the
  difference of the two logits, but for the error of the sum in steps (the convergence delta).
- gradient_x_input: one gradient at the text itself. Quick, and blind where the model is saturated.
- occlusion: the logit minus the logit with that one token made neutral. No gradient, and no view of two words together.

None of them shows what the model "thinks". Leaves out attention (`attention`).
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import torch

from playground.classification.batching import Classifier, Encoding, classifier
from playground.classification.classify import (
    TASK,
    ClassifierInfo,
    ClassifyRequest,
    LabelProbability,
    Token,
    check_text,
    classifier_info,
    label_probabilities,
    tokens_of,
)
from playground.errors import InputError, InputTooLongError, UnsupportedOptionError

if TYPE_CHECKING:
    from transformers import BatchEncoding, PreTrainedModel, PreTrainedTokenizerBase

    from playground.models.manager import ModelManager

METHODS = ("integrated_gradients", "gradient_x_input", "occlusion")
MAX_TOKENS = 256
N_STEPS = 50
STEP_TOKENS = 2048  # tokens of one forward and backward pass on the way of integrated gradients: bounds its memory


@dataclass(frozen=True)
class AttributeRequest:
    """Which label of which text to explain; ``label_id`` None takes the predicted one."""

    text: str
    text_pair: str | None = None
    label_id: int | None = None
    model_id: str | None = None
    quantization: str = "auto"
    methods: tuple[str, ...] = METHODS
    n_steps: int = N_STEPS


@dataclass(frozen=True)
class Word:
    """A word and the positions of its tokens; a special token is a word of its own."""

    text: str
    positions: tuple[int, ...]
    special: bool


@dataclass(frozen=True)
class MethodAttribution:
    """What one method says: a value per token and per word, in units of the logit; above 0 speaks for the label.

    ``delta`` is integrated gradients' error: the sum of its values minus the difference of the two logits.
    """

    method: str
    values: tuple[float, ...]
    word_values: tuple[float, ...]
    delta: float | None = None


@dataclass(frozen=True)
class AttributeResult:
    """The attributions of one label: its ``logit``, and ``neutral_logit`` where every token is ``neutral_token``."""

    request: AttributeRequest
    info: ClassifierInfo
    label_id: int
    label: str
    predicted_id: int
    logit: float
    neutral_logit: float
    neutral_token: str
    tokens: tuple[Token, ...]
    words: tuple[Word, ...]
    methods: tuple[MethodAttribution, ...]


@dataclass(frozen=True)
class PerturbRequest:
    """A text of which some tokens are masked or deleted, by their positions."""

    request: ClassifyRequest
    positions: tuple[int, ...]
    action: str = "mask"


@dataclass(frozen=True)
class PerturbResult:
    """The labels before and after; ``tokens`` are those of the whole text."""

    request: PerturbRequest
    info: ClassifierInfo
    tokens: tuple[Token, ...]
    before: tuple[LabelProbability, ...]
    after: tuple[LabelProbability, ...]
    neutral_token: str


def attribute(manager: ModelManager, request: AttributeRequest) -> AttributeResult:
    """How much each token and word of a text speaks for a label.

    Raises:
        EmptyInputError, InputError: the text or the label can't be used.
        InputTooLongError: the text has more than MAX_TOKENS tokens.
        UnsupportedOptionError: this model gives no gradients, or its tokenizer has no neutral token.
    """
    _check(request)
    model_id = request.model_id or manager.catalog.default_for(TASK).id
    with manager.lease(model_id, TASK, request.quantization) as loaded:
        machine = classifier(loaded)
        info = classifier_info(loaded, machine)
        encoding = machine.encode(request.text, request.text_pair or None)
        tokens = tokens_of(encoding)
        if len(tokens) > MAX_TOKENS:
            raise InputTooLongError(
                f"The text has {len(tokens)} tokens; explaining one takes a forward pass for each.",
                f"Use a text of at most {MAX_TOKENS} tokens.",
            )
        words = words_of(tokens, request.text, request.text_pair or "")
        neutral_id = neutral_token_id(loaded.model, machine.tokenizer)
        neutral = _with_neutral(encoding, [n for n, token in enumerate(tokens) if not token.special], neutral_id)
        futures = machine.submit_many([encoding, neutral])
        logits, neutral_logits = (future.result().logits for future in futures)
        labels = label_probabilities(logits, info)
        predicted = max(labels, key=lambda label: label.probability).label_id
        label_id = predicted if request.label_id is None else request.label_id
        if not 0 <= label_id < len(labels):
            raise InputError(f"There is no label {label_id}.", f"Choose one from 0 to {len(labels) - 1}.")
        explain = _Explanation(loaded.model, machine, encoding, neutral, tokens, words, label_id, neutral_id)
        methods = tuple(getattr(explain, name)(request.n_steps) for name in request.methods)
    return AttributeResult(
        request=request,
        info=info,
        label_id=label_id,
        label=labels[label_id].label,
        predicted_id=predicted,
        logit=logits[label_id],
        neutral_logit=neutral_logits[label_id],
        neutral_token=str(machine.tokenizer.convert_ids_to_tokens(neutral_id)),
        tokens=tokens,
        words=words,
        methods=methods,
    )


def perturb(manager: ModelManager, request: PerturbRequest) -> PerturbResult:
    """The labels of a text before and after some of its tokens were masked or deleted.

    Raises:
        EmptyInputError, InputError: the text can't be used, or there is no such token.
    """
    text = request.request
    check_text(text.text)
    with manager.lease(text.model_id or manager.catalog.default_for(TASK).id, TASK, text.quantization) as loaded:
        machine = classifier(loaded)
        info = classifier_info(loaded, machine)
        encoding = machine.encode(text.text, text.text_pair or None)
        tokens = tokens_of(encoding)
        wrong = [n for n in request.positions if not 0 <= n < len(tokens) or tokens[n].special]
        if wrong or request.action not in ("mask", "delete"):
            raise InputError("This token can't be changed.", "Choose a token of the text, and mask or delete.")
        neutral_id = neutral_token_id(loaded.model, machine.tokenizer)
        if request.action == "mask":
            changed = _with_neutral(encoding, list(request.positions), neutral_id)
        else:
            changed = _without(encoding, set(request.positions))
        futures = machine.submit_many([encoding, changed])
        before, after = (label_probabilities(future.result().logits, info) for future in futures)
    neutral_token = str(machine.tokenizer.convert_ids_to_tokens(neutral_id))
    return PerturbResult(request, info, tokens, before, after, neutral_token)


def words_of(tokens: tuple[Token, ...], text: str, text_pair: str = "") -> tuple[Word, ...]:
    """The words that the tokens spell, as the tokenizer split the text before it cut words into pieces."""
    words: list[Word] = []
    last: tuple[int | None, int | None] | None = None
    for position, token in enumerate(tokens):
        key = (token.segment, token.word)
        if token.word is None or token.special:
            words.append(Word(token.token, (position,), token.special))
            last = None
            continue
        source = text_pair if token.segment == 1 else text
        if key == last:
            first = tokens[words[-1].positions[0]]
            words[-1] = Word(source[first.start : token.end].strip(), (*words[-1].positions, position), False)
        else:
            words.append(Word(source[token.start : token.end].strip() or token.token, (position,), False))
        last = key
    return tuple(words)


def neutral_token_id(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> int:
    """The id that stands for "no word here": the mask token, else the first other special one that is not the padding.

    The padding itself won't do: RoBERTa counts its positions by it, and decoders find the end of a text by it.

    Raises:
        UnsupportedOptionError: the tokenizer has no such token.
    """
    padding = getattr(model.config.get_text_config(), "pad_token_id", None)
    names = ("mask_token_id", "unk_token_id", "bos_token_id", "eos_token_id", "cls_token_id", "sep_token_id")
    for name in names:
        token_id = getattr(tokenizer, name, None)
        if token_id is not None and token_id != padding:
            return token_id
    spaces = tokenizer(" ", add_special_tokens=False)["input_ids"]
    if spaces and spaces[0] != padding:
        return spaces[0]
    raise UnsupportedOptionError("This tokenizer has no token that could stand for nothing.", "Choose another model.")


class _Explanation:
    """The three methods on one encoded text; each returns a MethodAttribution."""

    def __init__(
        self,
        model: PreTrainedModel,
        machine: Classifier,
        encoding: BatchEncoding,
        neutral: Encoding,
        tokens: tuple[Token, ...],
        words: tuple[Word, ...],
        label_id: int,
        neutral_id: int,
    ) -> None:
        self.view = private_view(model)
        self.machine, self.encoding, self.neutral = machine, encoding, neutral
        self.tokens, self.words, self.label_id, self.neutral_id = tokens, words, label_id, neutral_id
        self.inputs = machine.padded([_inputs(encoding)])
        self.rest = {name: values for name, values in self.inputs.items() if name != "input_ids"}
        self.embeddings = self.view.get_input_embeddings()

    def logit(self, input_ids: torch.Tensor) -> torch.Tensor:
        """The label's logit for each row of ``input_ids``; captum repeats rows, so the rest is repeated here."""
        rest = {name: values.expand(len(input_ids), -1) for name, values in self.rest.items()}
        return self.view(input_ids=input_ids, **rest, **self.machine.options).logits[:, self.label_id].float()

    def integrated_gradients(self, n_steps: int) -> MethodAttribution:
        """Sundararajan et al. 2017, Axiomatic Attribution for Deep Networks; captum's LayerIntegratedGradients."""
        from captum.attr import LayerIntegratedGradients

        baseline = self.machine.padded([self.neutral])["input_ids"]
        values, delta = LayerIntegratedGradients(self.logit, self.embeddings).attribute(
            self.inputs["input_ids"],
            baselines=baseline,
            n_steps=n_steps,
            internal_batch_size=max(1, STEP_TOKENS // len(self.tokens)),
            return_convergence_delta=True,
        )
        return self._result("integrated_gradients", values[0].sum(-1).tolist(), float(delta))

    def gradient_x_input(self, n_steps: int) -> MethodAttribution:
        """The gradient at each token's embedding times that embedding, added up; captum's LayerGradientXActivation."""
        from captum.attr import LayerGradientXActivation

        hook = self.embeddings.register_forward_hook(lambda module, inputs, output: output.requires_grad_())
        try:
            values = LayerGradientXActivation(self.logit, self.embeddings).attribute(self.inputs["input_ids"])
        finally:
            hook.remove()
        return self._result("gradient_x_input", values[0].sum(-1).tolist())

    def occlusion(self, n_steps: int) -> MethodAttribution:
        """The logit that is lost when one token, or one whole word, is made neutral."""
        words = [word.positions for word in self.words if not word.special]
        cuts = list(dict.fromkeys([*((n,) for n, t in enumerate(self.tokens) if not t.special), *words]))
        changed = [_with_neutral(self.encoding, list(cut), self.neutral_id) for cut in cuts]
        futures = self.machine.submit_many([_inputs(self.encoding), *changed])
        whole, *rest = (future.result().logits[self.label_id] for future in futures)
        lost = {cut: whole - logit for cut, logit in zip(cuts, rest, strict=True)}
        result = self._result("occlusion", [lost.get((n,), 0.0) for n in range(len(self.tokens))])
        return replace(result, word_values=tuple(lost.get(word.positions, 0.0) for word in self.words))

    def _result(self, method: str, values: list[float], delta: float | None = None) -> MethodAttribution:
        words = tuple(sum(values[n] for n in word.positions) for word in self.words)
        return MethodAttribution(method, tuple(values), words, delta)


def private_view(model: PreTrainedModel) -> PreTrainedModel:
    """A second module tree over the same weights, so that captum's hooks never touch the model that others use."""
    tensors: list[Any] = [*model.parameters(), *model.buffers()]
    return copy.deepcopy(model, {id(tensor): tensor for tensor in tensors})


def _check(request: AttributeRequest) -> None:
    check_text(request.text)
    if request.text_pair:
        check_text(request.text_pair)
    unknown = set(request.methods) - set(METHODS)
    if unknown or not request.methods:
        raise InputError(f"There is no method {sorted(unknown)}.", f"Choose among {', '.join(METHODS)}.")
    if not 2 <= request.n_steps <= 500:
        raise InputError(f"n_steps is {request.n_steps}.", "Use 2 to 500.")


def _inputs(encoding: Encoding | BatchEncoding) -> dict[str, list[int]]:
    return {n: list(encoding[n]) for n in ("input_ids", "attention_mask", "token_type_ids") if n in encoding}


def _with_neutral(encoding: Encoding | BatchEncoding, positions: list[int], neutral_id: int) -> dict[str, list[int]]:
    changed = _inputs(encoding)
    for position in positions:
        changed["input_ids"][position] = neutral_id
    return changed


def _without(encoding: Encoding | BatchEncoding, positions: set[int]) -> dict[str, list[int]]:
    kept = [n for n in range(len(encoding["input_ids"])) if n not in positions]
    return {name: [values[n] for n in kept] for name, values in _inputs(encoding).items()}
