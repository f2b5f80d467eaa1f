"""The Attention section: which earlier or other tokens each token reads, in every head of every layer.

What to try: find the heads that read the previous token; hide [CLS] and [SEP] and see what is left; run SmolLM2 and
watch the first token soak up attention; switch a T5 between encoder, decoder and cross-attention; add padding tokens
and look at the mask.

`build_section` is called inside the Tokens tab. It leaves out how the picture is drawn (``assets/views/attention.js``)
and the page that works offline (`tabs.attention.export`).
"""

from __future__ import annotations

import base64
import itertools
import json
import secrets
import threading
from collections import OrderedDict
from typing import Any

import gradio as gr

import playground as pg
from playground.errors import InputError, InputTooLongError
from playground.wire import to_json
from tabs.attention import api
from tabs.components import model_picker
from tabs.gradio_patches import blocks_being_built, payload
from tabs.page import answering, explain, friendly, publish, receipt_panel, receipt_values, view

DEFAULT_MODEL = "sentence-transformers/all-MiniLM-L6-v2"
SMOLLM = "HuggingFaceTB/SmolLM2-135M-Instruct"
ASSOCIATION = "playground/word-association"
# label, model_id, text, second text, padding
EXAMPLES = (
    ("What does “it” read?", DEFAULT_MODEL, "The cat sat on the mat because it was tired.", "", 0),
    ("Two segments", DEFAULT_MODEL, "Where does the cat sleep?", "The cat sleeps on the warm mat.", 0),
    ("Padding, hatched", DEFAULT_MODEL, "Padding is masked.", "", 6),
    ("Causal: no look ahead", SMOLLM, "The capital of France is Paris. The capital of Italy is", "", 0),
    ("Cross-attention of a T5", ASSOCIATION, "my grandmother bakes bread", "my grandfather eats it", 0),
)
KIND_NAMES = {"self": "Self-attention", "encoder": "Encoder", "decoder": "Decoder", "cross": "Cross"}
MAX_LIST_CELLS = 2_000_000
THUMBNAIL_BYTES = 400_000


class Shelf:
    """The latest result of each open page, within a budget of bytes; forgotten when the page closes.

    A result is found by its ticket, which only the page that asked for it knows.
    """

    def __init__(self, budget_bytes: int = 512 * 1024**2) -> None:
        self.budget_bytes = budget_bytes
        self._lock = threading.Lock()
        self._results: OrderedDict[str, tuple[str, pg.AttentionResult]] = OrderedDict()

    def put(self, person: str, result: pg.AttentionResult) -> str:
        """The ticket of a result; the person's earlier one is dropped, and the oldest of others if room is needed."""
        ticket = secrets.token_urlsafe(12)
        self.forget(person)
        with self._lock:
            self._results[ticket] = (person, result)
            while len(self._results) > 1 and self._size() > self.budget_bytes:
                self._results.popitem(last=False)
        return ticket

    def get(self, ticket: str) -> pg.AttentionResult:
        """The result of a ticket.

        Raises:
            InputError: it was put away.
        """
        with self._lock:
            if ticket not in self._results:
                raise InputError("These weights were put away to make room.", "Press Show attention again.")
            self._results.move_to_end(ticket)
            return self._results[ticket][1]

    def forget(self, person: str) -> None:
        """Drops what a person has here."""
        with self._lock:
            for ticket in [ticket for ticket, (owner, _) in self._results.items() if owner == person]:
                del self._results[ticket]

    def __len__(self) -> int:
        return len(self._results)

    def _size(self) -> int:
        return sum(result.size_bytes for _, result in self._results.values())


def format_result(result: pg.AttentionResult, ticket: str, title: str) -> str:
    """The view's value: JSON text with tokens, masks and summaries, all heads small and one head exact."""
    kind, layer, head = opening(result)
    value: dict[str, Any] = {"ticket": ticket, "title": title, "notes": format_notes(result), "kinds": []}
    for stack in result.stacks:
        sides = {"queries": f"{stack.kind}_queries", "keys": f"{stack.kind}_keys"}
        value[sides["queries"]] = format_tokens(stack.queries)
        value[sides["keys"]] = format_tokens(stack.keys)
        value["kinds"].append(format_stack(stack) | sides)
    first = result.stacks[kind]
    value["first"] = {"kind": kind, "layer": layer, "head": head, "weights": encoded(first.head(layer, head))}
    value["first"]["overview"] = format_overview(first, hide_special=False)
    return json.dumps(value, separators=(",", ":"))


def opening(result: pg.AttentionResult) -> tuple[int, int, int]:
    """Kind, layer and head to open with: the cross-attention of an encoder-decoder model, the most telling head."""
    kind = len(result.stacks) - 1
    return kind, *striking_head(result.stacks[kind])


def striking_head(stack: pg.AttentionStack) -> tuple[int, int]:
    """Layer and head to open with: the one that reads the previous token most, else the one that reads fewest keys."""

    def strength(place: tuple[int, int]) -> float:
        summary = stack.summaries[place[0]][place[1]]
        previous = summary.previous_token_share
        return -summary.entropy_nats if previous is None else previous

    return max(itertools.product(range(stack.layers), range(stack.heads)), key=strength)


def format_notes(result: pg.AttentionResult) -> list[str]:
    """What the person must know about what is shown."""
    notes = []
    if result.tokens_given > result.tokens_shown:
        notes.append(
            f"The text has {result.tokens_given:,} tokens. The first {result.tokens_shown} were given to the model "
            "and are shown; the rest was cut off before it ran."
        )
    if result.written is not None:
        text = result.written.strip() or "nothing"
        notes.append(f"The decoder reads what the model wrote by itself: {text}. Give a target to choose it yourself.")
    return notes


def format_tokens(tokens: tuple[Any, ...]) -> dict[str, list[Any]]:
    """Tokens as columns."""
    return {
        "text": [token.text for token in tokens],
        "token": [token.token for token in tokens],
        "id": [token.token_id for token in tokens],
        "special": [int(token.special) for token in tokens],
        "attended": [int(token.attended) for token in tokens],
    }


def format_stack(stack: pg.AttentionStack) -> dict[str, Any]:
    """One kind of attention without its weights: sizes, masks as runs of equal reasons, summaries by measure."""
    separators = [key.text for key in stack.keys[1:] if key.special and key.attended]
    measures = [name for name, number in vars(stack.summaries[0][0]).items() if number is not None]
    return {
        "kind": stack.kind,
        "name": KIND_NAMES[stack.kind],
        "attribute": "attentions" if stack.kind == "self" else f"{stack.kind}_attentions",
        "layers": stack.layers,
        "heads": stack.heads,
        "masks": [_run_lengths(mask) for mask in stack.masks],
        "mask_of_layer": stack.mask_of_layer,
        "separatorLabel": separators[-1] if separators else "the end token",
        "summaries": {
            name: [[round(getattr(head, name), 5) for head in layer] for layer in stack.summaries] for name in measures
        },
    }


def format_overview(stack: pg.AttentionStack, hide_special: bool) -> dict[str, Any]:
    """The thumbnails of all heads, small enough together to be sent at once."""
    count = stack.layers * (stack.heads + 1)
    edge = max(12, min(40, int((THUMBNAIL_BYTES / count) ** 0.5)))
    cells, largest = stack.overview(edge, hide_special)
    return {
        "rows": cells.shape[2],
        "columns": cells.shape[3],
        "cells": encoded(cells),
        "largest": [[round(float(number), 6) for number in layer] for layer in largest],
    }


def answer_of(result: pg.AttentionResult, kind: str, layer: int | None, head: int | None) -> api.Attended:
    """One kind of attention as plain lists.

    Raises:
        InputError: there is no such kind, layer or head.
        InputTooLongError: that would be too many numbers at once.
    """
    stack = result.stack(kind)
    layers = list(range(stack.layers)) if layer is None else [layer]
    heads = list(range(stack.heads)) if head is None else [head]
    cells = len(layers) * len(heads) * len(stack.queries) * len(stack.keys)
    if cells > MAX_LIST_CELLS:
        raise InputTooLongError(f"That is {cells:,} numbers.", "Ask for one layer or one head, or give a shorter text.")
    return api.Attended(
        model_id=result.request.model_id,
        kind=stack.kind,
        kinds=tuple(result.kinds),
        layers=tuple(layers),
        heads=tuple(heads),
        queries=tuple(token.token for token in stack.queries),
        keys=tuple(token.token for token in stack.keys),
        input_ids=tuple(token.token_id for token in stack.keys),
        attention_mask=tuple(int(token.attended) for token in stack.keys),
        attentions=tuple(tuple(_rounded(stack.head(at, number)) for number in heads) for at in layers),
        masked=tuple(stack.mask(at).astype(bool).astype(int).tolist() for at in layers),
        tokens_given=result.tokens_given,
        tokens_shown=result.tokens_shown,
        written=result.written,
    )


def encoded(array: Any) -> str:
    """The bytes of an array in base64."""
    return base64.b64encode(array.tobytes()).decode("ascii")


def _rounded(matrix: Any) -> tuple[tuple[float, ...], ...]:
    """Floats that read like float32 numbers: eight digits are exact enough to get them back."""
    return tuple(tuple(float(f"{number:.8g}") for number in row) for row in matrix.tolist())


def _run_lengths(mask: bytes) -> list[int]:
    """reason, count, reason, count, ... in reading order."""
    return list(itertools.chain.from_iterable((reason, len(list(run))) for reason, run in itertools.groupby(mask)))


def build_section(playground: pg.Playground) -> None:
    """Lays out the section inside the current Blocks."""
    shelf = Shelf()

    # Handlers

    def request_of(text: str, model_id: str, second_text: str, padding: float) -> pg.AttentionRequest:
        return pg.AttentionRequest(
            text=text or "",
            model_id=(model_id or "").strip(),
            second_text=second_text or "",
            padding=int(padding or 0),
        )

    @friendly
    def show(text: str, model_id: str, second_text: str, padding: float, request: gr.Request) -> tuple[str, str, str]:
        result = playground.attend(request_of(text, model_id, second_text, padding))
        ticket = shelf.put(str(request.session_hash), result)
        title = playground.manager.spec(result.request.model_id).title
        kind, layer, head = opening(result)
        receipt = playground.attention_receipt(result, result.stacks[kind].kind, layer, head)
        return format_result(result, ticket, title), *receipt_values(receipt)

    @friendly
    def choose_head(event: gr.EventData) -> tuple[Any, Any]:
        chosen = payload(event)
        try:
            result = shelf.get(chosen["ticket"])
        except InputError:
            return gr.skip(), gr.skip()
        head = None if chosen["head"] < 0 else int(chosen["head"])
        return receipt_values(playground.attention_receipt(result, chosen["kind"], int(chosen["layer"]), head))

    def attention_head(given: list[Any]) -> dict[str, Any]:
        """The exact weights of one head, or of the average for -1."""
        ticket, kind, layer, head = given
        return {"weights": encoded(shelf.get(ticket).stack(kind).head(layer, _index(head)))}

    def attention_overview(given: list[Any]) -> dict[str, Any]:
        """All heads small."""
        ticket, kind, hide_special = given
        return format_overview(shelf.get(ticket).stack(kind), bool(hide_special))

    def attention_document(given: list[Any]) -> dict[str, Any]:
        """A file to take away: JSON of one kind, or the page that works offline."""
        ticket, form, kind = given
        return _document(playground, shelf.get(ticket), form, kind)

    def attention(
        text: str,
        model_id: str = DEFAULT_MODEL,
        text_pair: str = "",
        kind: str = "",
        layer: int | None = None,
        head: int | None = None,
        padding: int = 0,
    ) -> api.Attended:
        """Attention weights of a model for a text, as transformers computes them with eager attention.

        Args:
            text: what the model reads; its first 256 tokens are used.
            model_id: a model of the catalog.
            text_pair: a second segment, or what the decoder of an encoder-decoder model reads.
            kind: self, or encoder, decoder or cross; empty is the first that the model has.
            layer: one layer, counted from 0; all without it.
            head: one head, counted from 0; all without it.
            padding: how many padding tokens to add.

        Returns:
            queries, keys, attentions[layer][head][query][key], masked[layer][query][key] and what was run.
        """
        return answer_of(playground.attend(request_of(text, model_id, text_pair, padding)), kind, layer, head)

    # Layout

    explain(
        "Each row is a token that asks (**query**), each column a token that may be read (**key**); the weights of a "
        "row sum to 1. Click a small picture to see its head large; the pointer or the arrow keys read its cells."
    )
    with gr.Row(equal_height=False):
        text = gr.Textbox(EXAMPLES[0][2], label="text", lines=2, max_lines=6, scale=3)
        with gr.Column(scale=2, min_width=260):
            picker = model_picker(
                playground, "feature-extraction", "text-classification", "text-generation", "text2text-generation"
            )
            if playground.catalog.find(DEFAULT_MODEL):
                picker.value = DEFAULT_MODEL
            button = gr.Button("Show attention", variant="primary")
    with gr.Accordion("Second text and padding", open=False), gr.Row():
        second_text = gr.Textbox(
            label="text_pair",
            info="A second segment for an encoder; the target that the decoder of a T5 reads (empty: it writes one).",
            scale=3,
        )
        padding = gr.Slider(0, 16, 0, step=1, label="padding", info="Padding tokens to add.", scale=2)
    inputs = [text, picker, second_text, padding]
    examples = gr.Examples(
        [[example[2], example[1], *example[3:]] for example in EXAMPLES],
        inputs,
        example_labels=[example[0] for example in EXAMPLES],
        label="Try",
    )
    heads = view(
        "attention",
        server_functions=[answering(one) for one in (attention_head, attention_overview, attention_document)],
    )
    code, notebook = receipt_panel()

    # Wiring

    outputs = [heads, code, notebook]
    work: dict[str, Any] = {"concurrency_id": "attention", "concurrency_limit": 4, "api_visibility": "private"}
    button.click(show, inputs, outputs, **work)
    text.submit(show, inputs, outputs, **work)
    examples.load_input_event.then(show, inputs, outputs, **work)
    heads.first_view(show, inputs, outputs, **work)
    quiet: dict[str, Any] = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
    heads.head_chosen(choose_head, None, [code, notebook], **quiet)
    publish(attention, concurrency_id="attention", concurrency_limit=4)

    def forget(request: gr.Request) -> None:
        shelf.forget(str(request.session_hash))

    if blocks_being_built() is not None:
        blocks_being_built().unload(forget)


def _index(number: int) -> int | None:
    return None if number < 0 else int(number)


def _document(playground: pg.Playground, result: pg.AttentionResult, form: str, kind: str) -> dict[str, Any]:
    """Name and text of a file."""
    from tabs.attention.export import stand_alone_page

    name = f"attention-{result.request.model_id.rpartition('/')[2]}"
    if form == "json":
        return {"name": f"{name}-{kind}.json", "text": json.dumps(to_json(answer_of(result, kind, None, None)))}
    title = playground.manager.spec(result.request.model_id).title
    return {"name": f"{name}.html", "text": stand_alone_page(result, title)}
