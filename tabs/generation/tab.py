"""Watch a model choose token by token, and choose yourself.

Press Start: the reply streams in, tinted where the model hesitated. Point at a token to see what else it could have
been, before and after the sampler; choose one, and the text goes on from there. Then take single steps, set strategies
side by side, or watch beam search grow its tree.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from contextlib import aclosing
from typing import Any

import gradio as gr

import playground as pg
from playground.models.catalog import QUANTIZATIONS
from playground.models.tokenizers import read_messages
from playground.receipt import Receipt
from playground.wire import to_json
from server.arrival import arrived_at
from tabs.components import model_picker
from tabs.gradio_patches import payload
from tabs.page import explain, friendly, publish, receipt_panel, receipt_values, view

TITLE = "Generation"
EXAMPLES = {"Complete": "A list of colors: red, blue", "Chat": "What is a token? Answer in two sentences."}
DEFAULTS: dict[str, Any] = {
    "do_sample": False,
    "temperature": 1.0,
    "top_k": 50,
    "top_p": 1.0,
    "min_p": 0.0,
    "repetition_penalty": 1.0,
    "num_beams": 1,
    "prompt_lookup_num_tokens": 0,
}
PRESETS: dict[str, dict[str, Any]] = {
    "greedy": DEFAULTS,
    "balanced": DEFAULTS | {"do_sample": True, "temperature": 0.7, "top_p": 0.9, "repetition_penalty": 1.1},
    "creative": DEFAULTS | {"do_sample": True, "temperature": 1.3, "top_k": 0, "min_p": 0.05},
    "beam": DEFAULTS | {"num_beams": 4},
}
SPELLED = {"max_new_tokens": 40, "seed": 0, "stop_strings": "", "split_special_tokens": False, "quantization": "auto"}


def format_event(event: Any) -> dict[str, Any]:
    """An event as the view takes it: alternatives as short rows, numbers with six digits."""
    if isinstance(event, pg.Step):
        return {
            "type": "step", "index": event.index, "id": event.token_id, "piece": event.piece, "text": event.text,
            "before": _six(event.probability_before), "after": _six(event.probability_after),
            "entropy": _six(event.entropy), "elapsed": round(event.elapsed_seconds, 4), "forced": event.forced,
            "guessed": event.guessed,
            "alternatives": [
                [one.token_id, one.piece, _six(one.before), _six(one.after), one.kept] for one in event.alternatives
            ],
        }  # fmt: skip
    if isinstance(event, pg.BeamStep):
        nodes = [
            [one.node, one.parent, one.step, one.token_id, one.piece, _six(one.log_probability),
             _six(one.total_log_probability), one.state]
            for one in event.nodes
        ]  # fmt: skip
        return {"type": "beams", "index": event.index, "nodes": nodes, "text": event.text,
                "elapsed": round(event.elapsed_seconds, 4)}  # fmt: skip
    shaped: dict[str, Any] = to_json(event)
    return shaped


def format_next(result: pg.NextTokenResult) -> dict[str, Any]:
    """The distribution over the next token, with the logits that the page needs to apply other settings itself."""
    rows = [
        [one.token_id, one.piece, one.logit, _six(one.before), _six(one.after), one.kept, one.seen]
        for one in result.candidates
    ]
    return {
        "prompt_tokens": result.prompt_tokens,
        "context_length": result.context_length,
        "entropy": _six(result.entropy),
        "candidates": rows,
        "rest": [[count, logit] for count, logit in result.rest],
        "notes": list(result.notes),
    }


def _six(number: float) -> float:
    return float(f"{number:.6g}")


def read_settings(values: dict[str, Any]) -> dict[str, Any]:
    """The arguments of a `GenerateRequest` from the values of the controls; a cleared number gets its default.

    >>> read_settings({"temperature": None, "seed": 3.0, "stop_strings": "END\\n\\nStop"})["stop_strings"]
    ('END', 'Stop')
    """
    known = {**DEFAULTS, **SPELLED}
    settings = {name: known[name] if values.get(name) is None else values[name] for name in known}
    for name in ("max_new_tokens", "top_k", "seed", "num_beams", "prompt_lookup_num_tokens"):
        settings[name] = int(settings[name])
    lines = settings["stop_strings"].split("\n") if isinstance(settings["stop_strings"], str) else ()
    settings["stop_strings"] = tuple(line.replace("\\n", "\n") for line in lines if line)
    return settings


def build_requests(values: dict[str, Any], asked: dict[str, Any], person: str) -> tuple[pg.GenerateRequest, ...]:
    """What to generate: the controls' values, overridden by what the view asked for; one request per strategy.

    Raises:
        PlaygroundError: a value is out of range, or there is no prompt.
    """
    common: dict[str, Any] = {"model_id": values["model_id"], "person": person}
    if values["mode"] == "Chat":
        common["messages"] = tuple(_messages(values, asked))
    else:
        common["prompt"] = values["prompt"] or ""
    if asked.get("prompt") is not None:
        common |= {"prompt": str(asked["prompt"]), "messages": None}
    elif asked.get("messages"):
        common |= {"messages": tuple(_turns(asked["messages"])), "prompt": None}
    if asked.get("model_id"):
        common["model_id"] = str(asked["model_id"])
    columns = asked.get("columns") or [{}]
    numbers = {
        name: int(asked[name]) for name in ("max_new_tokens", "seed", "num_beams") if asked.get(name) is not None
    }
    prefix = tuple(int(token_id) for token_id in asked.get("prefix_token_ids") or ())
    return tuple(
        pg.GenerateRequest(**common, **(read_settings({**values, **column}) | numbers), prefix_token_ids=prefix)
        for column in columns
    )


def _messages(values: dict[str, Any], asked: dict[str, Any]) -> Iterable[pg.Message]:
    """System message, earlier turns, and what was just written."""
    if values.get("system"):
        yield pg.Message("system", values["system"])
    yield from _turns(asked.get("history") or ())
    yield pg.Message("user", values["prompt"] or "")


def _turns(turns: Iterable[dict[str, str]]) -> Iterable[pg.Message]:
    return [pg.Message(**turn) for turn in read_messages(turns)]


def echo(request: pg.GenerateRequest) -> dict[str, Any]:
    """What the view keeps of a request, to continue it, rewind it, tell it from others, or ask for its code."""
    kept = {name: value for name, value in dataclasses.asdict(request).items() if name != "person"}
    return kept | {"messages": list(kept["messages"]) if kept["messages"] else None}


def unecho(kept: dict[str, Any]) -> pg.GenerateRequest:
    """The request that was echoed."""
    tuples = {name: tuple(kept[name]) for name in ("stop_strings", "prefix_token_ids")}
    messages = tuple(_turns(kept["messages"])) if kept["messages"] else None
    return pg.GenerateRequest(**{**kept, **tuples, "messages": messages})


def build_receipt(playground: pg.Playground, asked: dict[str, Any]) -> Receipt:
    """The code of what has just run; of several strategies one after the other."""
    receipts = []
    for kept, figures in zip(asked["requests"], asked["finished"], strict=True):
        own = {name: figures[name] for name in figures if name not in ("type", "beams", "token_ids")}
        finished = pg.Finished(**own, token_ids=tuple(figures["token_ids"]))
        receipts.append(playground.generation_receipt(unecho(kept), finished))
    if len(receipts) == 1:
        return receipts[0]
    parts = [f"# {n} of {len(receipts)}\n{receipt.code}" for n, receipt in enumerate(receipts, start=1)]
    return Receipt("Generation", "\n\n".join(parts))


class Run:
    """What one page is generating; Stop may come before there is anything to stop."""

    def __init__(self) -> None:
        self._generation: pg.Generation | None = None
        self.stopped = False

    def begin(self, generation: pg.Generation) -> None:
        """Called as soon as the model is loaded and the streams stand in line."""
        self._generation = generation
        if self.stopped:
            generation.stop()

    def stop(self) -> None:
        """Ends it within one step; its last event still comes."""
        self.stopped = True
        if self._generation is not None:
            self._generation.stop()


class Runs:
    """The run of every open page. Used from the event loop alone, so it needs no lock."""

    def __init__(self) -> None:
        self._running: dict[str, Run] = {}

    def __len__(self) -> int:
        return len(self._running)

    def enter(self, person: str) -> Run:
        """A new run for the page; ends the one it has."""
        self.stop(person)
        self._running[person] = Run()
        return self._running[person]

    def leave(self, person: str, run: Run) -> None:
        """Forgets a run that is over."""
        if self._running.get(person) is run:
            del self._running[person]

    def stop(self, person: str) -> None:
        """Ends the page's run, if it has one."""
        if person in self._running:
            self._running[person].stop()


async def stream_run(
    playground: pg.Playground,
    runs: Runs,
    values: dict[str, Any],
    asked: dict[str, Any],
    person: str,
    asked_at: float | None = None,
) -> AsyncGenerator[str, None]:
    """Deltas for the view, as JSON: what happened since the last one; the last has everything once more.

    A page that was busy may miss a delta: it sees so by ``n``, and the last one repairs it. A request with
    ``draw`` 0 or more is a step by hand: that many free tokens, then the distribution over the next one.
    """
    run, n = runs.enter(person), 0
    events: list[list[Any]] = []
    known = int(asked.get("have") or 0)

    def delta(**content: Any) -> str:
        return json.dumps({"run": asked.get("run"), "n": n, "people": len(runs), **content})

    try:
        requests = build_requests(values, asked, person)
        if by_hand := asked.get("draw") is not None:
            requests = tuple(
                dataclasses.replace(one, max_new_tokens=max(1, len(one.prefix_token_ids) + int(asked["draw"])))
                for one in requests
            )
        yield delta(begin=[echo(one) for one in requests])
        if not by_hand or requests[0].prefix_token_ids or asked["draw"]:
            async with aclosing(playground.compare_batches(requests, started=run.begin, asked_at=asked_at)) as batches:
                async for batch in batches:
                    shaped = [
                        [index, format_event(event)]
                        for index, event in batch
                        if not (isinstance(event, pg.Step) and event.index < known)
                    ]
                    events, n = events + shaped, n + 1
                    yield delta(events=shaped)
        upcoming = await _upcoming(playground, requests[0], events) if by_hand and not run.stopped else None
        n += 1
        yield delta(events=events, next=upcoming, final=True)
    except pg.PlaygroundError as error:
        n += 1
        yield delta(events=events, error=str(error), final=True)
    finally:
        runs.leave(person, run)


async def _upcoming(
    playground: pg.Playground, request: pg.GenerateRequest, events: list[list[Any]]
) -> dict[str, Any] | None:
    """The distribution after what a step by hand has taken; None where the model has ended the reply."""
    finished = next((event for _, event in events if event["type"] == "finished"), None)
    if finished and finished["reason"] in ("eos", "stop_string", "context"):
        return None
    taken = tuple(finished["token_ids"]) if finished else request.prefix_token_ids
    ahead = dataclasses.replace(request, prefix_token_ids=taken, max_new_tokens=len(taken) + 1)
    return format_next(await asyncio.to_thread(playground.next_token, ahead))


def build_tab(playground: pg.Playground) -> None:
    """Lays out the tab inside the current Blocks."""
    explain(
        "A causal model knows one thing: how probable each token of its vocabulary is as the **next** one. "
        "Press **Start**, then point at a token to see what else it could have been, and choose another."
    )
    with gr.Row(equal_height=True, elem_id="generation-ask"):
        with gr.Column(scale=2, min_width=240):
            model_id = model_picker(playground, "text-generation")
            mode = gr.Radio(list(EXAMPLES), value="Complete", label="prompt as", container=True)
        prompt = gr.Textbox(
            EXAMPLES["Complete"],
            label="prompt",
            lines=5,
            max_lines=14,
            scale=5,
            min_width=260,
            elem_id="generation-prompt",
        )
    with gr.Row(elem_id="generation-body"):
        with gr.Column(scale=1, min_width=270, elem_id="generation-settings"):
            preset, controls = _controls()
        with gr.Column(scale=3, min_width=320, elem_id="generation-main"):
            page = view("generation", None, parts=PARTS, presets=PRESETS, defaults={**DEFAULTS, **SPELLED})
    code, notebook = receipt_panel()
    inputs = {"model_id": model_id, "mode": mode, "prompt": prompt, **controls}
    runs = Runs()

    @friendly
    async def go(data: dict[Any, Any], event: gr.EventData, request: gr.Request) -> AsyncIterator[str]:
        values = {name: data[control] for name, control in inputs.items()}
        person, since = request.session_hash or "", arrived_at(request)
        async with aclosing(stream_run(playground, runs, values, payload(event), person, since)) as deltas:
            async for delta in deltas:
                yield delta

    async def halt(request: gr.Request) -> None:
        runs.stop(request.session_hash or "")

    @friendly
    def write_code(event: gr.EventData) -> tuple[str, str]:
        return receipt_values(build_receipt(playground, payload(event)))

    private: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
    page.go(
        go, set(inputs.values()), page, postprocess=False, concurrency_limit=100, concurrency_id="generation",
        trigger_mode="multiple", **private,
    ).failure(None, js=f"() => {{ {_tell('failed')} }}")  # fmt: skip
    page.halt(halt, trigger_mode="multiple", **private)
    page.receipt(write_code, None, [code, notebook], **private)
    page.emptied(None, None, prompt, js="() => ''", **private)
    _wire_settings(page, mode, prompt, preset, controls, private)
    _api(playground)


PARTS = ("generation_format", "generation_sampler", "generation_beams", "generation_reply")


def _controls() -> tuple[gr.Radio, dict[str, gr.components.Component]]:
    """The settings under transformers' names, each with one line of what it does."""
    preset = gr.Radio(list(PRESETS), value="greedy", label="preset", elem_id="generation-preset")
    controls: dict[str, Any] = {
        "do_sample": gr.Checkbox(False, label="do_sample", info="Draw by chance; off: always the most probable token."),
        "temperature": gr.Slider(
            0.05, 3, 1.0, step=0.05, label="temperature", info="Below 1 sharpens the distribution, above 1 flattens it."
        ),
        "top_p": gr.Slider(
            0.0,
            1.0,
            1.0,
            step=0.01,
            label="top_p",
            info="Keeps the fewest tokens that together reach this probability.",
        ),
        "max_new_tokens": gr.Slider(
            1, 400, 40, step=1, label="max_new_tokens", info="The reply ends here at the latest."
        ),
    }
    with gr.Accordion("More settings", open=False):
        controls |= {
            "top_k": gr.Slider(0, 200, 50, step=1, label="top_k", info="Keeps this many of the best tokens; 0: all."),
            "min_p": gr.Slider(
                0.0,
                0.5,
                0.0,
                step=0.01,
                label="min_p",
                info="Cuts tokens below this share of the best one's probability.",
            ),
            "repetition_penalty": gr.Slider(
                1.0,
                2.0,
                1.0,
                step=0.01,
                label="repetition_penalty",
                info="Above 1 makes tokens less likely that stand in the text.",
            ),
            "seed": gr.Number(0, precision=0, minimum=0, label="seed", info="The same seed draws the same tokens."),
            "num_beams": gr.Slider(
                1, 8, 1, step=1, label="num_beams", info="Above 1: beam search follows this many texts at once."
            ),
            "prompt_lookup_num_tokens": gr.Slider(
                0,
                20,
                0,
                step=1,
                label="prompt_lookup_num_tokens",
                info="Above 0: greedy only; guesses ahead from repetitions and checks the guesses in one pass.",
            ),
            "stop_strings": gr.Textbox(
                "", label="stop_strings", lines=2, info="The reply ends after one of these, one per line."
            ),
            "split_special_tokens": gr.Checkbox(
                False, label="split_special_tokens", info="Read special tokens that you type as plain text."
            ),
            "quantization": gr.Dropdown(
                list(QUANTIZATIONS), value="auto", label="quantization", info="How the weights are held in memory."
            ),
            "system": gr.Textbox("", label="system message", lines=2, info="For chat. Empty: what the template says."),
        }
    return preset, controls


def _tell(name: str, detail: str = "null") -> str:
    """Script that tells the view about something that happened outside it."""
    return f"document.dispatchEvent(new CustomEvent('pg-generation', {{detail: {{name: '{name}', value: {detail}}}}}));"


def _wire_settings(
    page: gr.HTML,
    mode: gr.Radio,
    prompt: gr.Textbox,
    preset: gr.Radio,
    controls: dict[str, Any],
    private: dict[str, Any],
) -> None:
    """Presets and sliders reach the view at once, in the browser; nothing here asks the server."""
    names, parts = list(controls), list(controls.values())
    known = [controls[name] for name in DEFAULTS]
    presets = json.dumps(PRESETS)
    settings = f"Object.fromEntries({json.dumps(names)}.map((name, i) => [name, values[i]]))"
    changed = (
        f"(...values) => {{ const settings = {settings}; {_tell('settings', 'settings')} const presets = {presets};"
        " return Object.keys(presets).find((one) => Object.entries(presets[one]).every(([k, v]) => settings[k] === v))"
        " || null; }"
    )
    for control in parts:
        control.input(None, parts, preset, js=changed, **private)
    chosen = (
        f"(name) => {{ const all = {presets}; {_tell('settings', 'all[name]')} return {json.dumps(list(DEFAULTS))}"
        ".map((one) => all[name][one]); }"
    )
    preset.input(None, preset, known, js=chosen, **private)
    examples = json.dumps(EXAMPLES)
    switched = (
        f"(mode, prompt) => {{ const all = {examples}; {_tell('mode', 'mode')}"
        " return Object.values(all).includes(prompt) || !prompt ? all[mode] : prompt; }"
    )
    mode.input(None, [mode, prompt], prompt, js=switched, **private)
    seed = "() => window.pgGenerationSeed"
    page.reseed(None, None, controls["seed"], js=seed, **private)


def _api(playground: pg.Playground) -> None:
    """The public endpoints; arguments are those of `GenerateRequest`, results stand for its dataclasses."""
    first_model = next((spec.id for spec in playground.catalog.for_task("text-generation")), "")

    async def generate(
        request: gr.Request,
        prompt: str = "",
        messages: list[dict[str, str]] | None = None,
        model_id: str = first_model,
        quantization: str = "auto",
        max_new_tokens: int = 100,
        do_sample: bool = False,
        temperature: float = 1.0,
        top_k: int = 50,
        top_p: float = 1.0,
        min_p: float = 0.0,
        repetition_penalty: float = 1.0,
        seed: int = 0,
        stop_strings: list[str] | None = None,
        num_beams: int = 1,
        prompt_lookup_num_tokens: int = 0,
        prefix_token_ids: list[int] | None = None,
        split_special_tokens: bool = False,
        top: int = 10,
    ) -> AsyncIterator[list[pg.Event]]:
        """Streams lists of events as they come: waiting, started, reading (long prompts), step (or beamstep), and
        finished at the end."""
        asked = pg.GenerateRequest(
            **_source(prompt, messages), model_id=model_id, quantization=quantization, max_new_tokens=max_new_tokens,
            do_sample=do_sample, temperature=temperature, top_k=top_k, top_p=top_p, min_p=min_p,
            repetition_penalty=repetition_penalty, seed=seed, stop_strings=tuple(stop_strings or ()),
            num_beams=num_beams, prompt_lookup_num_tokens=prompt_lookup_num_tokens,
            prefix_token_ids=tuple(prefix_token_ids or ()), split_special_tokens=split_special_tokens, top=top,
            person=request.session_hash or "",
        )  # fmt: skip
        async with aclosing(playground.compare_batches((asked,), asked_at=arrived_at(request))) as batches:
            async for batch in batches:
                yield [event for _, event in batch]

    def next_token(
        request: gr.Request,
        prompt: str = "",
        messages: list[dict[str, str]] | None = None,
        model_id: str = first_model,
        quantization: str = "auto",
        do_sample: bool = False,
        temperature: float = 1.0,
        top_k: int = 50,
        top_p: float = 1.0,
        min_p: float = 0.0,
        repetition_penalty: float = 1.0,
        prefix_token_ids: list[int] | None = None,
        split_special_tokens: bool = False,
    ) -> pg.NextTokenResult:
        """The distribution over the next token before and after the sampler; nothing is generated."""
        prefix = tuple(prefix_token_ids or ())
        asked = pg.GenerateRequest(
            **_source(prompt, messages), model_id=model_id, quantization=quantization, do_sample=do_sample,
            temperature=temperature, top_k=top_k, top_p=top_p, min_p=min_p, repetition_penalty=repetition_penalty,
            prefix_token_ids=prefix, max_new_tokens=len(prefix) + 1, split_special_tokens=split_special_tokens,
            person=request.session_hash or "",
        )  # fmt: skip
        return playground.next_token(asked)

    publish(generate, concurrency_limit=100, concurrency_id="generation")
    publish(next_token)


def _source(prompt: str, messages: list[dict[str, str]] | None) -> dict[str, Any]:
    """Either the prompt or the chat, as `GenerateRequest` takes them."""
    return {"messages": tuple(_turns(messages))} if messages else {"prompt": prompt}
