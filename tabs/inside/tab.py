"""The Look inside section: what the model would say after each layer, and which tokens spoke for what it says.

It opens with a fact that the embedded model knows, and whose answer only its last layers find. What to try: move up
through the layers; colour cells by the rank of the winner and see how far behind it begins; press Look inside beside a
token of a reply; ask why this token rather than another.

`build_section` is called inside the Generation tab. It leaves out how the pictures are drawn (``assets/views/inside``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import gradio as gr

import playground as pg
from server.arrival import address_of
from tabs.components import buttons_of_run, example_chips, halting, model_note, model_picker
from tabs.gradio_patches import payload
from tabs.inside.api import InsideApi
from tabs.inside.examples import EXAMPLES, MODEL
from tabs.inside.format import MORE, NO_NEXT
from tabs.inside.handlers import (
    ALONE,
    METHODS,
    NOBODY,
    Asked,
    Explained,
    Looked,
    asked_of_link,
    asked_of_reply,
    asked_of_text,
    explain,
    explain_at_once,
    explained,
    follow,
    look,
    new_run,
    of_nobodys_choice,
    why_request,
)
from tabs.last_run import LastRun
from tabs.lessons.watched import Shared, Watched
from tabs.links.asking import Asking
from tabs.links.bar import share_view
from tabs.links.handlers import asked_in
from tabs.page import (
    answer_or,
    friendly,
    heading,
    receipt_panel,
    receipt_values,
    refusal_text,
    said_in_place,
    tell,
    view,
)
from tabs.page import explain as say

ID = "inside"
WORK: dict[str, Any] = {"concurrency_id": "inside", "concurrency_limit": 2, "api_visibility": "private"}
# No look waits until it is answered, and it answers a second look while the first one's answer is on its way, too.
AT_ONCE: dict[str, Any] = {**WORK, "concurrency_id": "inside-why", "trigger_mode": "multiple"}
QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
COMING = '{"coming": true}'
Looking = Callable[[Callable[..., Any]], Callable[..., Iterator[Any]]]  # of `LastRun.wins`: looks at a text
PREDICTED = ("the most probable token", NOBODY)


class _Parts(NamedTuple):
    """The components of the section."""

    text: gr.Textbox
    model: gr.Dropdown
    button: gr.Button
    chips: list[gr.Button]
    lens: gr.HTML
    share: gr.HTML
    lens_code: tuple[gr.Code, gr.DownloadButton]
    target: gr.Dropdown
    contrast: gr.Dropdown
    more: gr.Button
    stop: gr.Button
    why: gr.HTML
    share_why: gr.HTML
    why_code: tuple[gr.Code, gr.DownloadButton]
    asked: gr.State
    run_id: gr.State
    looked: gr.State
    explained: gr.State


OLD = "Made before you changed something above: press Look inside."


def build_section(playground: pg.Playground, page: gr.HTML, tabs: gr.Tabs) -> list[Watched]:
    """Lays out the section inside the current Blocks; what comes back is lent to the lessons.

    ``page`` shows the replies, ``tabs`` holds this section.
    """
    parts = _lay_out(playground)
    whys, slow, follows, asking = LastRun(), LastRun(), LastRun(), Asking()
    looking = partial(LastRun().wins, ends=[follows])
    runs = _wire_lens(playground, parts, page, tabs, asking, looking)
    _wire_follow(playground, parts, follows)
    _wire_next(playground, parts, runs, whys, slow)
    _wire_why(playground, parts, whys, slow, looking)
    InsideApi(playground).publish()
    fields = {"text": parts.text, "model_id": parts.model}
    return [
        Watched("inside", fields, parts.lens, parts.looked, shared=Shared(parts.share, again=asking)),
        Watched(
            "why",
            fields,
            parts.why,
            parts.explained,
            of_nobodys_choice,
            shared=Shared(parts.share_why, answer=explained, again=asking),
            resets={parts.target: NOBODY, parts.contrast: NOBODY},
        ),
    ]


def _lay_out(playground: pg.Playground) -> _Parts:
    say(
        "A model has many layers, and any of them can be read as if it were the last: **what would it say there?** "
        "Read the columns from the bottom up. For a `[MASK]`, type the id of a model that fills masks."
    )
    with gr.Row(equal_height=False, elem_classes="pg-ask"):
        with gr.Column(scale=3, min_width=280):
            text = gr.Textbox(EXAMPLES[0].text, label="text", lines=2, max_lines=8, elem_id="inside-text")
            chips = example_chips([one.label for one in EXAMPLES])
            shows = gr.Markdown(EXAMPLES[0].shows, elem_classes="pg-explain", elem_id="inside-shows", min_height=0)
        with gr.Column(scale=2, min_width=260):
            model = model_picker(playground, "text-generation", "fill-mask")
            model_note(playground, model)
            button = gr.Button("Look inside", variant="primary", elem_id="inside-look")
    gr.on([text.change, model.change], _what_it_shows, [text, model], shows, queue=False, **QUIET)
    lens = view("inside/lens", events=["first_view", "follow"], elem_id="inside-lens", elem_classes="pg-answer")
    share = share_view()
    lens_code = receipt_panel("Code: every layer with plain transformers")
    heading("Why this token", 4)
    return _Parts(text, model, button, chips, lens, share, lens_code, *_lay_out_why())


def _what_it_shows(text: str, model_id: str) -> str:
    """What an example is there for; nothing of another text, nor of another model."""
    return next((one.shows for one in EXAMPLES if one.text == text and model_id == MODEL), "")


def _lay_out_why() -> tuple[Any, ...]:
    say(
        "**Why this token?** How much each token before it spoke for it. Choose another one under **rather than**, and "
        "what speaks for both is left out."
    )
    with gr.Row(equal_height=True):
        target = gr.Dropdown([PREDICTED], value=NOBODY, label="next token", scale=3, min_width=200)
        contrast = gr.Dropdown([ALONE], value=NOBODY, label="rather than", scale=3, min_width=200)
        more = gr.Button(MORE, scale=2, min_width=200, elem_id="inside-more")
        stop = gr.Button("Stop", scale=1, min_width=80, interactive=False, elem_id="inside-stop")
    why = view("classification/attribution", elem_id="inside-why")
    share = share_view()
    code = receipt_panel("Code: these attributions with plain transformers")
    return target, contrast, more, stop, why, share, code, gr.State(), gr.State(""), gr.State(), gr.State()


def _wire_lens(
    playground: pg.Playground, parts: _Parts, page: gr.HTML, tabs: gr.Tabs, asking: Asking, looking: Looking
) -> list[Any]:
    """A press, Enter, an example, the first look, a token of a reply or a link runs the model; these events.

    The last of them counts: a link wins over the example of the first look.
    """
    outputs = _seen_in(parts)
    told = [parts.text, parts.model, *outputs]

    @friendly
    @looking
    def press(text: str, model_id: str, asked: Asked | None) -> Iterator[list[Any]]:
        fields = (text, model_id)
        yield from _or_why_not(lambda: _shown(look(playground, asked_of_text(*fields, asked))), fields)

    @friendly
    @looking
    def open_reply(event: gr.EventData) -> Iterator[list[Any]]:
        yield from _or_why_not(lambda: _told(look(playground, asked_of_reply(payload(event)))))

    def open_link(event: gr.EventData) -> Iterator[list[Any]]:
        yield from _or_why_not(lambda: _told(look(playground, asked_of_link(*asked_in(event)))))

    given = [parts.text, parts.model, parts.asked]
    work: dict[str, Any] = {**WORK, "show_progress_on": parts.lens, "trigger_mode": "always_last"}
    starts = [parts.button.click, parts.text.submit, parts.lens.first_view]
    runs = [start(press, given, outputs, **work) for start in starts]
    for chip, one in zip(parts.chips, EXAMPLES, strict=True):
        filled = chip.click(lambda text=one.text: text, None, parts.text, **QUIET)
        runs.append(filled.then(press, given, outputs, **work))
    # The view is told that something comes: it would ask for its example when it is first seen.
    page.look_inside(lambda: (gr.Tabs(selected=ID), COMING), None, [tabs, parts.lens], queue=False, **QUIET)
    exactly = {**work, "trigger_mode": "multiple"}
    runs.append(page.look_inside(open_reply, None, told, **exactly))
    runs[-1].failure(no_longer_coming, parts.lens, parts.lens, **QUIET)
    again = friendly(asking.of(looking(open_link)))
    runs += [share.again(again, None, told, **exactly) for share in (parts.share, parts.share_why)]
    _wire_old(parts)
    return runs


def _or_why_not(found: Callable[[], list[Any]], fields: Sequence[str] = ()) -> Iterator[list[Any]]:
    """What a look shows; where it can't be, the reason in place of the picture, and nothing of another text."""
    untold = [] if fields else [gr.skip(), gr.skip()]  # text and model, as `_told` begins
    return answer_or(found, lambda error: [*untold, refusal_text(error, fields), *[None] * 4])


def no_longer_coming(value: str | None) -> Any:
    """Where a run has failed before it could say so, its picture isn't waited for."""
    return None if value == COMING else gr.skip()


def _wire_follow(playground: pg.Playground, parts: _Parts, follows: LastRun) -> None:
    """One more token is followed through the layers of what is shown."""

    def follow_token(event: gr.EventData, asked: Asked) -> list[Any]:
        return _shown(follow(playground, asked, payload(event)))

    work = {**WORK, "show_progress": "hidden", "trigger_mode": "multiple"}
    parts.lens.follow(friendly(follows.wins(follow_token)), parts.asked, _seen_in(parts), **work)


def _wire_next(playground: pg.Playground, parts: _Parts, runs: list[Any], whys: LastRun, slow: LastRun) -> None:
    """After each look the question about the next token is emptied, and answered where that is quick.

    Not where the slow methods explain the very same by then: of a look that they had not waited for comes nothing new.
    """

    def stays(asked: Asked | None, request: gr.Request) -> bool:
        return asked is not None and slow.goes_on(request, asked)

    def forget(run_id: str, asked: Asked | None, request: gr.Request) -> list[Any]:
        if stays(asked, request):
            return [gr.skip()] * 5
        whys.begin(request)  # what still answers the question before is dropped
        playground.cancel(run_id)
        return [*_forgotten(), *buttons_of_run(parts.more, parts.stop, working=False).values()]

    def drop(run_id: str, request: gr.Request) -> list[Any]:
        return [*forget(run_id, None, request), None, *[None for _ in parts.why_code]]

    at_once = _explaining(playground, parts, whys, stays)
    for run in runs:
        forgotten = [parts.target, parts.contrast, parts.why, parts.more, parts.stop]
        emptied = run.success(forget, [parts.run_id, parts.asked], forgotten, trigger_mode="multiple", **QUIET)
        emptied.success(**at_once)
        run.failure(drop, parts.run_id, [*forgotten, parts.explained, *parts.why_code], **QUIET)


def _wire_old(parts: _Parts) -> None:
    """Picture and reasons hear of another text or model, so that they can say that they were made from others."""
    fields = [parts.text, parts.model]
    told = f"(...values) => {{ {' '.join(tell(one, 'fields', 'values') for one in (parts.lens, parts.why))} }}"
    gr.on([one.change for one in fields], None, fields, None, js=told, **QUIET)


def _seen_in(parts: _Parts) -> list[Any]:
    """What shows and keeps a look; `_shown` is in this order."""
    return [parts.lens, *parts.lens_code, parts.asked, parts.looked]


def _shown(found: Looked) -> list[Any]:
    return [found.value, *receipt_values(found.code), found.asked, found.result]


def _told(found: Looked) -> list[Any]:
    """The same after the text and the model that were looked at, where they didn't come from the fields."""
    return [found.asked.text, found.asked.request.model_id, *_shown(found)]


def _catching_up(playground: pg.Playground, parts: _Parts, looking: Looking) -> gr.events.Dependency:
    """The press that asks for the slow methods: another text than was looked at is looked at first."""
    outputs = [*_seen_in(parts), parts.target, parts.contrast, parts.why]

    @friendly
    @looking
    def catch_up(text: str, model_id: str, asked: Asked | None) -> Iterator[list[Any]]:
        if asked and asked.is_of(text, model_id):
            yield [gr.skip()] * len(outputs)
            return
        fields = (text, model_id)
        for values in _or_why_not(lambda: _shown(look(playground, asked_of_text(*fields, asked))), fields):
            yield [*values, *_forgotten()]

    given = [parts.text, parts.model, parts.asked]
    return parts.more.click(
        catch_up, given, outputs, **{**WORK, "show_progress": "hidden", "trigger_mode": "always_last"}
    )


def _forgotten() -> list[Any]:
    """The question about the next token, emptied."""
    return [gr.Dropdown([PREDICTED], value=NOBODY), gr.Dropdown([ALONE], value=NOBODY), None]


def _explaining(
    playground: pg.Playground, parts: _Parts, whys: LastRun, stays: Callable[..., bool] = lambda *_: False
) -> dict[str, Any]:
    """The event that answers the question at once, where that is quick; none where what is there ``stays``."""

    @friendly
    def at_once(asked: Asked | None, target: int, contrast: int, request: gr.Request) -> Iterator[dict[Any, Any]]:
        if asked is None or asked.masked:
            yield {parts.why: {"said": NO_NEXT} if asked else None}
            return
        if stays(asked, request):
            yield {parts.why: gr.skip()}
            return
        is_wanted = whys.begin(request)
        question = why_request(asked, target, contrast, METHODS, address_of(request))
        answers = explain_at_once(playground, question)
        if asked.why and target == NOBODY:  # nobody has asked for another token than the link does
            answers = explain(playground, replace(asked.why, address=address_of(request)))
        try:
            for found in answers:
                if not is_wanted():
                    break
                yield _why_values(parts, found, asked)
        except Exception as error:
            if is_wanted():
                yield {parts.why: {"said": said_in_place(error)}}
                raise
        if not is_wanted():
            yield {parts.why: gr.skip()}

    outputs = [parts.target, parts.contrast, parts.why, *parts.why_code, parts.explained]
    inputs = [parts.asked, parts.target, parts.contrast]
    return {"fn": at_once, "inputs": inputs, "outputs": outputs, **AT_ONCE, "show_progress": "hidden"}


def _why_values(parts: _Parts, found: Explained, asked: Asked) -> dict[Any, Any]:
    """What the components of the question show of an answer, beside what stood in the fields then."""
    fields = {"asked": [asked.text, asked.request.model_id], "old": OLD}
    values: dict[Any, Any] = {parts.why: {**found.value, **fields}}
    if found.candidates:
        others = [one for one in found.candidates if one[1] != found.token_id]
        # Nobody's choice stays among them: another run may just have emptied the field.
        values[parts.target] = gr.Dropdown([PREDICTED, *found.candidates], value=found.token_id)
        values[parts.contrast] = gr.Dropdown([ALONE, *others], value=found.contrast_id)
    if found.result or "said" in found.value:
        values[parts.explained] = found.result
    if found.code:
        values |= dict(zip(parts.why_code, receipt_values(found.code), strict=True))
    return values


def _wire_why(playground: pg.Playground, parts: _Parts, whys: LastRun, slow: LastRun, looking: Looking) -> None:
    """Another question is answered at once; the slow methods come when they are asked for, and can be stopped."""
    at_once = _explaining(playground, parts, whys)
    gr.on([parts.target.input, parts.contrast.input], **{**at_once, "trigger_mode": "always_last"})

    @friendly
    def slowly(asked: Asked | None, target: int, contrast: int, request: gr.Request) -> Iterator[dict[Any, Any]]:
        if asked is None or asked.masked:
            yield {parts.why: {"said": NO_NEXT}}
            return
        run_id, is_wanted, is_last = new_run(), whys.begin(request), slow.begin(request, asked)
        ended = buttons_of_run(parts.more, parts.stop, working=False)
        yield {parts.run_id: run_id, **buttons_of_run(parts.more, parts.stop, working=True)}
        try:
            question = why_request(asked, target, contrast, METHODS, address_of(request), run_id)
            for found in explain(playground, question):
                yield _why_values(parts, found, asked) if is_wanted() else {parts.why: gr.skip()}
        except Exception as error:
            if is_wanted():
                yield {**ended, parts.why: {"said": said_in_place(error)}}
                raise
        if was_last := is_last():
            slow.begin(request)  # about nothing
        yield ended if was_last else {parts.why: gr.skip()}

    given = [parts.asked, parts.target, parts.contrast]
    outputs = [parts.run_id, parts.more, parts.stop, parts.target, parts.contrast, parts.why]
    outputs += [*parts.why_code, parts.explained]
    begun = _catching_up(playground, parts, looking)
    begun.success(slowly, given, outputs, **{**WORK, "show_progress": "hidden"})

    parts.stop.click(halting(playground), parts.run_id, None, queue=False, **QUIET)
