"""What happens when somebody types, picks or presses in the part for one text.

Each handler answers with a dictionary of the components it fills. Leaves out where they stand (`tab`) and what a
result looks like (`format`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import gradio as gr

import playground as pg
from playground.errors import InputError, UnsupportedOptionError
from playground.links.kinds import inner
from playground.receipt import Receipt
from playground.texts import quoted
from tabs.classification import format as shown
from tabs.classification.examples import what_it_shows
from tabs.gradio_patches import payload
from tabs.last_run import LastRun
from tabs.links.asking import Asking
from tabs.links.handlers import asked_in
from tabs.page import plain, receipt_values, said_in_place

Values = dict[Any, Any]  # component -> its new value
PREDICTED = ("the predicted label", -1)


@dataclass(frozen=True, eq=False)
class Parts:
    """The components that are filled; ``codes`` are two receipt panels, a code and a notebook each.

    ``result``, ``explained``, ``tried`` and ``beside`` keep what the parts have answered.
    """

    info: Any
    shows: Any
    text: Any
    pair: Any
    label: Any
    kept_pair: Any
    result: Any
    bars: Any
    steps: Any
    attribution: Any
    explained: Any
    why_code: Any
    why_notebook: Any
    action: Any
    toggles: Any
    pressed: Any
    changed: Any
    tried: Any
    edited: Any
    edited_bars: Any
    second: Any
    quantization: Any
    second_bars: Any
    beside: Any
    what_if_code: Any
    what_if_notebook: Any
    codes: Sequence[Any]

    @property
    def asides(self) -> list[Any]:
        """What is said about one text and model beside its answer, untrue of the next."""
        answers = [self.changed, self.edited_bars, self.second_bars, self.attribution]
        kept = [self.tried, self.beside, self.explained]
        return [*answers, *kept, self.why_code, self.why_notebook, self.what_if_code, self.what_if_notebook]

    @property
    def everything(self) -> list[Any]:
        """All of them in one list, for events that may fill any."""
        return [*(value for name, value in vars(self).items() if name != "codes"), *self.codes]


class OneText:
    """The handlers of the part for one text; ``parts`` are only ever used as keys of what is returned."""

    def __init__(self, playground: pg.Playground, parts: Parts) -> None:
        self._playground, self._parts = playground, parts
        self.answers, self.whys, self.tries, self.edits, self.seconds = (LastRun() for _ in range(5))
        self.asking = Asking()

    # The answer

    def describe(self, model_id: str, text_pair: str | None, kept: str) -> Iterator[Values]:
        """What a newly picked model can be asked. What the one before had said goes first, whatever comes."""
        yield self.nothing() | {self._parts.info: ""}
        yield from self._about(model_id, text_pair, kept)

    def describe_first(self, model_id: str, text_pair: str | None, kept: str) -> Iterator[Values]:
        """What the first model can be asked, for a page that has just come.

        Its second text stays as it stands there: the page answers whatever is filled in.
        """
        yield from self._about(model_id, text_pair, kept, fills=False)

    def _about(self, model_id: str, text_pair: str | None, kept: str, fills: bool = True) -> Iterator[Values]:
        parts = self._parts
        try:
            about = self._playground.describe_classifier(model_id)
        except Exception as error:
            reason = plain(said_in_place(error))
            yield self.nothing() | {parts.shows: f"**No answer from this model.** {reason}".strip()}
            raise
        first, second = about.pair_names or ("text", "text_pair")
        kept = text_pair or kept  # a model of single texts must not be given a second one that nobody sees
        labels = [PREDICTED, *((name, number) for number, name in enumerate(about.labels))]
        value = {"value": kept if about.pair_names else ""} if fills else {}
        yield {
            parts.text: gr.Textbox(label=first),
            parts.pair: gr.Textbox(**value, label=second, visible=bool(about.pair_names)),
            parts.label: gr.Dropdown(choices=labels, value=-1),
            parts.kept_pair: kept,
        }

    def run(
        self, text: str, text_pair: str | None, model_id: str, code_shown: bool, before: pg.ClassifyResult | None
    ) -> Iterator[Values]:
        """The answer to one text; what was tried with another is taken away."""
        parts = self._parts
        try:
            result = self._playground.classify(pg.ClassifyRequest(text, text_pair or None, model_id))
        except Exception as error:
            yield self.nothing() | {parts.bars: shown.format_said(said_in_place(error))}
            raise
        same = before is not None and before.request == result.request
        untried = {
            parts.edited: text,
            parts.toggles: shown.format_toggles(result),
            parts.changed: None,
            parts.tried: None,
            parts.pressed: (),
        }
        yield {
            **({} if same else untried),
            parts.result: result,
            parts.info: shown.format_info(result.info),
            parts.shows: what_it_shows(text, result.info.model_id),
            parts.bars: shown.format_bars(result),
            parts.steps: shown.format_steps(result),
            **(self.fill_code(result) if code_shown else {}),
        }

    def follow(
        self, text: str, text_pair: str | None, model_id: str, code_shown: bool, before: pg.ClassifyResult | None
    ) -> Iterator[Values]:
        """The same while somebody types: an emptied field is no mistake yet."""
        if text.strip():
            yield from self.run(text, text_pair, model_id, code_shown, before)
        else:
            yield self.nothing()

    def nothing(self) -> Values:
        """No answer on the page: neither the verdict nor anything that was made of it."""
        parts = self._parts
        cleared = [parts.result, parts.bars, parts.steps, parts.toggles, *parts.codes]
        return {**dict.fromkeys(cleared), **self.no_asides(), parts.pressed: (), parts.shows: "", parts.edited: ""}

    def forget_asides(self, text: str, text_pair: str | None, request: gr.Request) -> Values:
        """Another text ends what is still said beside the answer to the one before.

        The page may tell of a new text after something was asked about it: that goes on.
        """
        parts, now = self._parts, about_fields(text, text_pair)
        code = (parts.what_if_code, parts.what_if_notebook)
        filled = {
            self.whys: (parts.attribution, parts.explained, parts.why_code, parts.why_notebook),
            self.tries: (parts.changed, parts.tried, *code),
            self.edits: (parts.edited_bars, parts.beside, *code),
            self.seconds: (parts.second_bars, parts.beside, *code),
        }
        stays = {place for last, places in filled.items() if last.goes_on(request, now) for place in places}
        return {place: value for place, value in self.no_asides().items() if place not in stays}

    def no_asides(self) -> Values:
        """Nothing is said beside the answer."""
        return dict.fromkeys(self._parts.asides) | {self._parts.attribution: shown.format_said(shown.PRESS_EXPLAIN)}

    def fill_code(self, result: pg.ClassifyResult | None) -> Values:
        """Both receipts of the answer."""
        if result is None:
            return dict.fromkeys(self._parts.codes)
        receipts = self._playground.classification_receipts(result)
        values = [value for receipt in receipts for value in receipt_values(receipt)]
        return dict(zip(self._parts.codes, values, strict=True))

    # Why

    def why(self, text: str, text_pair: str | None, model_id: str, label_id: int | None) -> Iterator[Values]:
        """Each method's attributions as soon as it has answered."""
        chosen = None if label_id is None or label_id < 0 else label_id
        yield from self._explain(pg.AttributeRequest(text, text_pair or None, chosen, model_id))

    def why_again(self, event: gr.EventData) -> Iterator[Values]:
        """The same for what a link asks; its label stands in the field then."""
        (request,) = asked_in(event)
        for values in self._explain(request):
            yield values | {self._parts.label: PREDICTED[1] if request.label_id is None else request.label_id}

    def _explain(self, request: pg.AttributeRequest) -> Iterator[Values]:
        attribution = self._parts.attribution
        found: tuple[Any, ...] = ()
        refused: dict[str, UnsupportedOptionError] = {}
        yield {attribution: shown.format_explaining()}
        try:
            for method in filter(request.methods.__contains__, shown.METHODS):
                try:
                    result = self._playground.attribute(replace(request, methods=(method,)))
                except UnsupportedOptionError as error:  # of this method: others may need less of a model
                    refused[method] = error
                    continue
                found += result.methods
                yield {attribution: shown.format_attribution(replace(result, methods=found), refused)}
            if not found:
                raise next(iter(refused.values()))
            whole = replace(result, request=request, methods=found)
            known = {attribution: shown.format_attribution(whole, refused), self._parts.explained: whole}
            yield {**known, **self._why_code(whole)}
        except Exception as error:
            parts = self._parts
            gone = dict.fromkeys((parts.explained, parts.why_code, parts.why_notebook))
            yield {**gone, attribution: shown.format_said(said_in_place(error) or shown.PRESS_EXPLAIN)}
            raise

    def _why_code(self, result: pg.AttributeResult) -> Values:
        code, notebook = receipt_values(self._playground.attribution_receipt(result))
        return {self._parts.why_code: code, self._parts.why_notebook: notebook}

    # What if

    def press(self, event: gr.EventData, result: pg.ClassifyResult | None, action: str) -> Values:
        """The bars without the tokens that are pressed now."""
        positions = tuple(int(position) for position in payload(event)["positions"])
        return {self._parts.pressed: positions, **self.perturb(result, positions, action)}

    def perturb(self, result: pg.ClassifyResult | None, positions: Sequence[int], action: str) -> Values:
        """The bars with some tokens masked or deleted; none without any."""
        if result is None or not positions:
            return {self._parts.changed: None, self._parts.tried: None}
        return self._try(pg.PerturbRequest(result.request, tuple(positions), action))[1]

    def try_again(self, event: gr.EventData) -> Values:
        """The same for what a link asks: its tokens are pressed then."""
        (request,) = asked_in(event)
        found, values = self._try(request)
        pressed = {self._parts.pressed: request.positions, self._parts.action: request.action}
        return {**values, **pressed, self._parts.toggles: shown.format_toggles(found, request.positions)}

    def _try(self, request: pg.PerturbRequest) -> tuple[pg.PerturbResult, Values]:
        found, positions = self._playground.perturb(request), request.positions
        words = " ".join(found.tokens[n].token for n in sorted(positions))
        did = f"replaced by {found.neutral_token}" if request.action == "mask" else "deleted"
        bars = shown.format_change(f"With {quoted(words)} {did}", found.info, found.before, found.after)
        code = self._what_if_code(self._playground.perturb_receipt(found))
        return found, {self._parts.changed: bars, self._parts.tried: found, **code}

    def _what_if_code(self, receipt: Receipt) -> Values:
        code, notebook = receipt_values(receipt)
        return {self._parts.what_if_code: code, self._parts.what_if_notebook: notebook}

    def compare_texts(self, text: str, text_pair: str | None, edited: str, model_id: str) -> Iterator[Values]:
        """The same model on two texts; nothing yet where the edited one is empty or still a copy."""
        if not edited.strip() or edited == text:
            yield {self._parts.edited_bars: None, self._parts.beside: None}
            return
        first, second = (pg.ClassifyRequest(each, text_pair or None, model_id) for each in (text, edited))
        yield from self._both_texts(first, second)

    def compare_pressed(self, text: str, text_pair: str | None, edited: str, model_id: str) -> Iterator[Values]:
        """The same by a press, which is never without an answer: it says what to do where there is nothing yet."""
        if edited.strip() and edited != text:
            yield from self.compare_texts(text, text_pair, edited, model_id)
        else:
            said = shown.SAME_TEXTS if edited.strip() else shown.NO_COPY
            yield {self._parts.edited_bars: shown.format_said(said), self._parts.beside: None}

    def _both_texts(self, first: pg.ClassifyRequest, second: pg.ClassifyRequest) -> Iterator[Values]:
        bars, beside = self._parts.edited_bars, self._parts.beside
        try:
            old, new = map(self._playground.classify, (first, second))
        except Exception as error:
            yield {bars: shown.format_said(said_in_place(error)), beside: None}
            raise
        facts = ["dashed line: the text above", shown.named(new.info)]
        answer = shown.format_change(pg.verdict(new), new.info, old.labels, new.labels, facts)
        code = self._what_if_code(self._playground.texts_receipt((old, new)))
        yield {bars: answer, beside: (old, new), **code}

    def ask_second(
        self, text: str, text_pair: str | None, first_id: str, model_id: str, quantization: str
    ) -> Iterator[Values]:
        """Another model on the same text, or the same one with other bits."""
        first = pg.ClassifyRequest(text, text_pair or None, first_id)
        yield from self._both_models(first, replace(first, model_id=model_id, quantization=quantization))

    def _both_models(self, first: pg.ClassifyRequest, second: pg.ClassifyRequest) -> Iterator[Values]:
        bars, beside = self._parts.second_bars, self._parts.beside
        yield {bars: shown.format_asking(str(second.model_id), second.quantization)}
        try:
            old, other = map(self._playground.classify, (first, second))
        except Exception as error:  # what the last model said must not stand there as this one's answer
            yield {bars: shown.format_said(said_in_place(error)), beside: None}
            raise
        receipt, _ = self._playground.classification_receipts(other)
        yield {bars: shown.format_second(old, other), beside: (old, other), **self._what_if_code(receipt)}

    def beside_again(self, event: gr.EventData) -> Iterator[Values]:
        """Both answers that a link asks for: of two texts, or of two models.

        Raises:
            InputError: it asks more at once.
        """
        parts, asked = self._parts, asked_in(event)
        first, second = asked[0], asked[-1]
        if len(asked) == 2 and second == replace(first, text=second.text):
            for values in self._both_texts(first, second):
                yield {parts.edited: second.text, **values}
        elif len(asked) == 2 and second == replace(first, model_id=second.model_id, quantization=second.quantization):
            for values in self._both_models(first, second):
                yield {parts.second: second.model_id, parts.quantization: second.quantization, **values}
        else:
            shown_here = "This page shows two texts, or two models, side by side."
            raise InputError(shown_here, "In Python, pg.open_link(…) gives the question.")


# What a run of the asides is about, for `tabs.last_run.LastRun`: a text and its pair.


def about_fields(text: str, text_pair: str | None, *_: Any) -> tuple[str, str | None]:
    """What stands in the fields."""
    return text, text_pair or None


def about_result(result: pg.ClassifyResult | None, *_: Any) -> tuple[str, str | None] | None:
    """What the page has answered."""
    return about_fields(result.request.text, result.request.text_pair) if result else None


def about_link(event: gr.EventData) -> tuple[str, str | None]:
    """What a link asks."""
    first = inner(asked_in(event)[0])
    return about_fields(first.text, first.text_pair)
