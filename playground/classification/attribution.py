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

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from playground.classification.batching import Classifier, Encoding, classifier
from playground.classification.classify import check_text, count_tokens, tokens_of
from playground.classification.describe import TASK, classifier_info, label_probabilities
from playground.classification.gradients import GradientPath
from playground.classification.perturb import with_neutral
from playground.classification.request import METHODS, AttributeRequest
from playground.classification.result import AttributeResult, MethodAttribution, Token, Word
from playground.errors import InputError, InputTooLongError, PlaygroundError, UnsupportedOptionError
from playground.models.memory import is_out_of_memory
from playground.models.neutral import neutral_token_id

if TYPE_CHECKING:
    from transformers import BatchEncoding

    from playground.models.manager import ModelManager

log = logging.getLogger(__name__)
MAX_TOKENS = 256


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
        machine, config = classifier(loaded), loaded.model.config
        info = classifier_info(loaded, machine)
        encoding = machine.encode(request.text, request.text_pair or None)
        tokens = tokens_of(machine.tokenizer, encoding)
        _check_length(machine, encoding, request)
        neutral_id = neutral_token_id(loaded.model, machine.tokenizer)
        inputs = machine.inputs(encoding)
        neutral = with_neutral(inputs, [n for n, token in enumerate(tokens) if not token.special], neutral_id)
        logits, neutral_logits = (future.result().logits for future in machine.submit_many([inputs, neutral]))
        labels = label_probabilities(logits, info)
        predicted = max(labels, key=lambda label: label.probability).label_id
        label = labels[_checked_label(request.label_id, len(labels), predicted)]
        words = words_of(tokens, request.text, request.text_pair or "")
        explain = _Explanation(machine, inputs, neutral, tokens, words, label.label_id, neutral_id)
        methods = tuple(explain.by(name, request.n_steps) for name in request.methods)
    return AttributeResult(
        request=request,
        info=info,
        label_id=label.label_id,
        label=label.label,
        predicted_id=predicted,
        logit=label.logit,
        neutral_logit=neutral_logits[label.label_id],
        neutral_token=str(machine.tokenizer.convert_ids_to_tokens(neutral_id)),
        tokens=tokens,
        words=words,
        methods=methods,
        encoder_decoder=bool(config.is_encoder_decoder),
    )


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


@dataclass(frozen=True)
class _Explanation:
    """The three methods on one encoded text."""

    machine: Classifier
    inputs: Encoding
    neutral: Encoding
    tokens: tuple[Token, ...]
    words: tuple[Word, ...]
    label_id: int
    neutral_id: int

    def by(self, method: str, n_steps: int) -> MethodAttribution:
        """What one method says.

        Raises:
            UnsupportedOptionError: this model gives no gradients.
        """
        if method == "occlusion":
            return self._occlusion()
        try:
            return self._by_gradients(method, n_steps)
        except PlaygroundError:
            raise
        except Exception as error:
            if is_out_of_memory(error):
                raise
            log.info("%s gives no gradients", self.machine.name, exc_info=True)
            raise UnsupportedOptionError(
                f"{self.machine.name} can't be explained by gradients: its code in transformers computes none outside"
                f" of training ({type(error).__name__}).",
                "Choose occlusion alone, which needs none, or another model.",
            ) from error

    def _by_gradients(self, method: str, n_steps: int) -> MethodAttribution:
        machine = self.machine
        path = GradientPath(
            machine.model,
            machine.padded([self.inputs]),
            machine.padded([self.neutral]),
            self.label_id,
            takes_batches=machine.takes_batches,
            **machine.options,
        )
        values, delta = (
            path.integrated_gradients(n_steps) if method == "integrated_gradients" else (path.gradient_x_input(), None)
        )
        words = tuple(sum(values[n] for n in word.positions) for word in self.words)
        return MethodAttribution(method, tuple(values), words, delta)

    def _occlusion(self) -> MethodAttribution:
        """The logit that is lost when one token, or one whole word, is made neutral."""
        words = [word.positions for word in self.words if not word.special]
        cuts = list(dict.fromkeys([*((n,) for n, t in enumerate(self.tokens) if not t.special), *words]))
        changed = [with_neutral(self.inputs, list(cut), self.neutral_id) for cut in cuts]
        futures = self.machine.submit_many([self.inputs, *changed])
        whole, *rest = (future.result().logits[self.label_id] for future in futures)
        lost = {cut: whole - logit for cut, logit in zip(cuts, rest, strict=True)}
        values = tuple(lost.get((n,), 0.0) for n in range(len(self.tokens)))
        return MethodAttribution("occlusion", values, tuple(lost.get(word.positions, 0.0) for word in self.words))


def _check(request: AttributeRequest) -> None:
    check_text(request.text)
    if request.text_pair:
        check_text(request.text_pair)
    unknown = set(request.methods) - set(METHODS)
    if unknown or not request.methods:
        raise InputError(f"There is no method {sorted(unknown)}.", f"Choose among {', '.join(METHODS)}.")
    if not 2 <= request.n_steps <= 500:
        raise InputError(f"n_steps is {request.n_steps}.", "Use 2 to 500.")


def _check_length(machine: Classifier, encoding: BatchEncoding, request: AttributeRequest) -> None:
    if len(encoding["input_ids"]) > MAX_TOKENS:
        raise InputTooLongError(
            f"The text has {count_tokens(machine, encoding, request):,} tokens; explaining one takes a forward pass for"
            " each.",
            f"Use a text of at most {MAX_TOKENS} tokens.",
        )


def _checked_label(asked: int | None, labels: int, predicted: int) -> int:
    if asked is not None and not 0 <= asked < labels:
        raise InputError(f"There is no label {asked}.", f"Choose one from 0 to {labels - 1}.")
    return predicted if asked is None else asked
