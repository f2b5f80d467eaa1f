"""Which of the endpoints language models may call as tools, and what they are told of each.

A tool reads and computes: what takes a file, or changes what people share, is none. Answers are those of the endpoints,
but for generation, the next token, pipelines and the inside of models, which say less, and at once.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, get_type_hints

import playground as pg
from playground import wire
from playground.config import VERSION
from playground.errors import InputError
from playground.lessons.facts.pipelines import observe_pipelines
from playground.models.origin import about_model
from server.mcp import McpServer, Tool
from tabs.arguments import check_arguments, described
from tabs.attention.api import AttentionApi
from tabs.classification.api import ClassificationApi
from tabs.generation.settings import turns
from tabs.inside.tools import InsideTools
from tabs.page import message_of
from tabs.pipelines.answers_format import tell
from tabs.similarity.api import SimilarityApi
from tabs.tokens.api import TokensApi

ALTERNATIVES = 5
MOST_CANDIDATES = 50


@dataclass(frozen=True)
class Offered:
    """A model of the catalog: what it is for, and its id for the other tools."""

    id: str
    task: str
    title: str
    source: str
    note: str


@dataclass(frozen=True)
class Guess:
    """A token, and how likely the model found it."""

    piece: str
    probability: float


@dataclass(frozen=True)
class Written:
    """One token of a reply, and what else could have stood there."""

    piece: str
    probability: float
    alternatives: tuple[Guess, ...]


@dataclass(frozen=True)
class Reply:
    """A reply. ``reason`` says why it ended: eos, stop_string, length, context, crowded or stopped."""

    text: str
    reason: str
    prompt_tokens: int
    reply_tokens: int
    perplexity: float | None
    tokens: tuple[Written, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Next:
    """What may come next; ``entropy`` in nats."""

    prompt_tokens: int
    entropy: float
    candidates: tuple[Guess, ...]


@dataclass(frozen=True)
class Scored:
    """A text, a word, a label, a name or a token, and its score: a cosine, or a probability."""

    what: str
    score: float


@dataclass(frozen=True)
class Piped:
    """What a pipeline answers, in one line and one by one."""

    model_id: str
    headline: str
    answers: tuple[Scored, ...]
    notes: tuple[str, ...]


class ToolsOfTheirOwn:
    """Tools that answer otherwise than the endpoints do."""

    def __init__(self, playground: pg.Playground) -> None:
        self._playground = playground

    def list_models(self) -> tuple[Offered, ...]:
        """Which models there are, what each is for and what it is good at; ids are what other tools take."""
        return tuple(
            Offered(one.id, one.task, one.title, one.source, about_model(one)) for one in self._playground.catalog
        )

    async def generate(
        self,
        address: str,
        prompt: str = "",
        messages: list[dict[str, str]] | None = None,
        model_id: str = "",
        max_new_tokens: int = 100,
        temperature: float = 0.0,
        seed: int = 0,
        stop_strings: list[str] | None = None,
        show_tokens: bool = False,
    ) -> Reply:
        """Text from a small language model, if asked with the probability of each token and what it beat.

        Args:
            prompt: a text to go on from; give either this or messages.
            messages: a chat: role (system, user or assistant) and content of each message.
            model_id: a text-generation model; empty is the first.
            max_new_tokens: how long the reply may be, in tokens.
            temperature: 0 always takes the likeliest token; 1 draws from the model's own distribution.
            seed: which of the random replies, where the temperature isn't 0.
            stop_strings: texts with which the reply ends.
            show_tokens: also tell each token's probability and what else could have stood there.

        Returns:
            text, reason, prompt_tokens, reply_tokens, perplexity, tokens and notes.
        """
        request = pg.GenerateRequest(
            **_source(prompt, messages), model_id=model_id or None, max_new_tokens=max_new_tokens, seed=seed,
            do_sample=temperature != 0, temperature=temperature or 1.0, stop_strings=tuple(stop_strings or ()),
            top=ALTERNATIVES, person="mcp", address=address,
        )  # fmt: skip
        async with aclosing(self._playground.compare_batches((request,), 0.25)) as batches:
            return _reply([event async for batch in batches for _, event in batch], show_tokens)

    def next_token(
        self,
        prompt: str = "",
        messages: list[dict[str, str]] | None = None,
        model_id: str = "",
        count: int = 20,
    ) -> Next:
        """Which tokens a language model finds likely after a text, with their probabilities; nothing is generated.

        Args:
            prompt: a text to go on from; give either this or messages.
            messages: a chat: role (system, user or assistant) and content of each message.
            model_id: a text-generation model; empty is the first.
            count: how many tokens are told, the likeliest first; up to 50.

        Returns:
            prompt_tokens, entropy in nats, and candidates with piece and probability.
        """
        if not 1 <= count <= MOST_CANDIDATES:
            raise InputError(f"count is {count}.", f"It goes from 1 to {MOST_CANDIDATES}.")
        request = pg.GenerateRequest(**_source(prompt, messages), model_id=model_id or None, max_new_tokens=1)
        result = self._playground.next_token(request)
        guesses = tuple(Guess(one.piece, one.before) for one in result.candidates[:count])
        return Next(result.prompt_tokens, result.entropy, guesses)

    def run_pipeline(
        self,
        address: str,
        text: str,
        task: str = "feature-extraction",
        model_id: str = "",
        texts: list[str] | None = None,
        candidate_labels: list[str] | None = None,
        question: str = "",
    ) -> Piped:
        """What a task makes of a text: nearest texts, filled masks, labels of your own, names, answers, summaries.

        Args:
            text: what is read: with [MASK] in it for fill-mask, the context for question-answering.
            task: one of feature-extraction, fill-mask, zero-shot-classification, token-classification,
                question-answering, summarization, translation and text2text-generation.
            model_id: a model for the task; empty is the first.
            texts: for feature-extraction: what the text is compared with.
            candidate_labels: for zero-shot-classification: the labels.
            question: for question-answering: the question.

        Returns:
            model_id, headline, answers with what and score, and notes.
        """
        own: dict[str, Any] = {"texts": texts, "candidate_labels": candidate_labels, "question": question}
        asked = pg.PipelineRequest(task, text, model_id, address=address, **own)  # type: ignore[arg-type]
        result = self._playground.pipeline(asked)
        answers = tuple(Scored(one.what, one.score) for one in observe_pipelines(result, {}).answers)
        return Piped(result.model_id, tell(result).headline, answers, result.notes)


def tools(playground: pg.Playground) -> list[Tool]:
    """All tools over one playground."""
    own, tokens, words = ToolsOfTheirOwn(playground), TokensApi(playground), SimilarityApi(playground)
    inside = InsideTools(playground)
    handlers: list[Callable[..., Any]] = [
        own.list_models, ClassificationApi(playground).classify, tokens.tokenize, tokens.compare_tokenizers,
        tokens.explain_split, tokens.search_vocabulary, tokens.encode, tokens.chat_template, tokens.flip_mask,
        AttentionApi(playground).attention, own.next_token, own.generate, words.word_loss, words.word_matrix,
        own.run_pipeline, inside.model_map, inside.logit_lens, inside.attribute_next,
    ]  # fmt: skip
    return [tool_of(handler) for handler in handlers]


def mcp_server(playground: pg.Playground) -> McpServer:
    """What serves them.

    Raises:
        ConfigError: the package that it needs isn't installed.
    """
    return McpServer("Transformers Playground", VERSION, tools(playground), message_of)


def tool_of(handler: Callable[..., Any]) -> Tool:
    """A typed function as a tool: its docstring tells what it does, and what its arguments are.

    An argument ``address`` is nobody's to give: it is where the call came from.
    """
    signature, hints = inspect.signature(handler), get_type_hints(handler)
    hints = {name: kind for name, kind in hints.items() if name not in ("return", "address")}
    description, said = described(handler)
    properties = {name: _schema(kind) | {"description": said[name]} for name, kind in hints.items()}
    for name in hints:
        default = signature.parameters[name].default
        if default not in (inspect.Parameter.empty, None, ""):
            properties[name]["default"] = default
    required = [name for name in hints if signature.parameters[name].default is inspect.Parameter.empty]
    parameters = {"type": "object", "properties": properties, "required": required, "additionalProperties": False}
    waits = not inspect.iscoroutinefunction(handler)

    async def call(arguments: dict[str, Any], address: str) -> Any:
        given = {**arguments, **({"address": address} if "address" in signature.parameters else {})}
        check_arguments(signature, hints, (), given)
        answer = await (asyncio.to_thread(functools.partial(handler, **given)) if waits else handler(**given))
        return wire.to_json(answer)

    return Tool(handler.__name__, description, parameters, call, waits)


def _schema(kind: Any) -> dict[str, Any]:
    return {name: value for name, value in wire.schema(kind).items() if name != "$schema"}


def _source(prompt: str, messages: list[dict[str, str]] | None) -> dict[str, Any]:
    return {"messages": tuple(turns(messages))} if messages else {"prompt": prompt}


def _reply(events: list[pg.Event], show_tokens: bool) -> Reply:
    steps = [event for event in events if isinstance(event, pg.Step)]
    notes = [note for event in events if isinstance(event, pg.Started) for note in event.notes]
    end = next(event for event in events if isinstance(event, pg.Finished))
    tokens = tuple(
        Written(step.piece, step.probability_before, tuple(Guess(one.piece, one.before) for one in step.alternatives))
        for step in steps
    )
    written = tokens if show_tokens else ()
    return Reply(
        end.text, end.reason, end.prompt_tokens, len(end.token_ids), end.perplexity, written, tuple(notes)
    )  # fmt: skip
