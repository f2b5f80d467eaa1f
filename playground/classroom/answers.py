"""What a model says of a question to the class: asked of the same facade that the page asks, with plain requests.

`Answers.prepare` is asked before the class is, so that the answer is there when it is wanted; only the words that
students made up are looked up afterwards (`Answers.read_words`).

A word counts as its first token, as the model would write it: with a space before it or without, and with a capital or
a small first letter, which is the keyboard's choice on a phone, where the model or somebody else writes it so. Of these
the one counts that the model finds likelier.
"""

from __future__ import annotations

import math
import random
import re
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from playground.classification.request import ClassifyRequest
from playground.classroom.questions import (
    Choice,
    CloserPair,
    Continued,
    GreedyReply,
    Label,
    NextWord,
    Number,
    OneOfTop,
    Question,
    Slider,
    Spoken,
    TokenCount,
    Word,
)
from playground.classroom.result import ModelSays, Said, Writing
from playground.errors import InputError
from playground.generation.request import TASK, GenerateRequest
from playground.similarity.request import WordLossRequest
from playground.texts import isolated, named_piece, quoted
from playground.tokens.request import TokenizeRequest

if TYPE_CHECKING:
    from playground.classification.result import ClassifyResult
    from playground.generation.events import GenerationResult, NextTokenResult
    from playground.generation.running import Generation
    from playground.models.catalog import Catalog
    from playground.similarity.result import WordLossResult
    from playground.tokens.result import Token, Tokenization

LIKELIEST = 8  # tokens that have a bar, whoever said them
TOGETHER = 4  # looked up in one batch: as many as one person may run
TRIES = 5
NO_TOKEN = -1
MOST_WORDS = 2  # of a class that stand beside a token which shows none of their letters
_NO_CHARACTER = re.compile(r"<0x[0-9A-F]{2}>| \(")  # a byte, or what `named_piece` says of whitespace


class Model(Protocol):
    """What is asked of a playground here."""

    catalog: Catalog

    def classify(self, request: ClassifyRequest) -> ClassifyResult:
        """See `ClassificationWing`."""

    def tokenize(self, request: TokenizeRequest) -> Tokenization:
        """See `TokensWing`."""

    def next_token(self, request: GenerateRequest) -> NextTokenResult:
        """See `GenerationWing`."""

    def generate(self, request: GenerateRequest) -> Generation:
        """See `GenerationWing`."""

    def compare(self, requests: Sequence[GenerateRequest]) -> Generation:
        """See `GenerationWing`."""

    def word_loss(self, request: WordLossRequest) -> WordLossResult:
        """See `SimilarityWing`."""


@dataclass(frozen=True)
class Prepared:
    """A question as the class gets it, and what the model says."""

    question: Question
    says: ModelSays


class Answers:
    """What a model says to one class. ``address`` is where the class is asked from, for turns and limits."""

    def __init__(self, model: Model, address: str = "", chance: random.Random | None = None) -> None:
        self._model = model
        self._address = address
        self._chance = chance or secrets.SystemRandom()

    def prepare(self, question: Question) -> Prepared:
        """The question with its choices, in an order that tells nothing, and what the model says.

        Raises:
            InputError: the model can't be asked this.
            ModelError, BudgetError: the model can't be used; see `ModelManager.lease`.
        """
        if isinstance(question, NextWord | OneOfTop | GreedyReply):
            model_id = question.model_id or self._model.catalog.default_for(TASK).id
            question = replace(question, model_id=model_id, reply=self._text_of(question, question.reply_ids))
        match question:
            case NextWord():
                return Prepared(question, self._next_tokens(question))
            case OneOfTop():
                return self._one_of_top(question)
            case Label():
                return self._label(question)
            case TokenCount():
                return self._token_count(question)
            case CloserPair():
                return self._closer_pair(question)
            case GreedyReply():
                return self._greedy_reply(question)
            case Choice():
                return Prepared(question, ModelSays(tuple(Said(name, None) for name in question.choices)))
            case Slider() | Number() | Word():
                return Prepared(question, ModelSays())

    def read_words(self, question: NextWord, says: ModelSays, words: Iterable[str]) -> ModelSays:
        """What the model says of the words of a class, beside its own likeliest tokens."""
        probability = {one.token_id: one.probability or 0.0 for one in says.said}
        names = {one.token_id: one.name for one in says.said}
        probability[NO_TOKEN], names[NO_TOKEN] = 0.0, "no token"
        words, known = set(words), set(probability)
        ways = {
            word: self._ways(question, word, None if other_case(word) in words else known) for word in sorted(words)
        }
        unknown = sorted({way for both in ways.values() for way in both if way not in probability})
        for said in self._look_up(question, unknown):
            probability[said.token_id] = said.probability or 0.0
            names[said.token_id] = said.name
        chosen = {word: max(both, key=lambda way: probability[way]) for word, both in ways.items()}
        ids = list(dict.fromkeys([*(one.token_id for one in says.said[:LIKELIEST]), *chosen.values()]))
        places = {token_id: place for place, token_id in enumerate(ids)}
        for token_id in set(chosen.values()) - {NO_TOKEN}:
            own = [word for word in sorted(words) if chosen[word] == token_id]
            names[token_id] = with_words(names[token_id], own)
        return replace(
            says,
            said=tuple(Said(names[one], probability[one], one) for one in ids),
            read_as=tuple((word, places[token_id]) for word, token_id in chosen.items()),
            note="A word counts as its first token, with a capital or without.",
        )

    def continued(self, question: Continued, token_id: int) -> Continued:
        """The same question, one token later; its choices are made anew by `prepare`."""
        ids = (*question.token_ids, token_id)
        added = self._text_of(question, (*question.reply_ids, *ids)).removeprefix(question.reply)
        later = replace(question, token_ids=ids, added=added)
        return replace(later, choices=(), choice_ids=()) if isinstance(later, OneOfTop) else later

    def writing(self, question: Continued) -> Writing:
        """What the class has written so far, beside what the model writes, with the model's perplexity of each."""
        ids, before = question.token_ids, question.reply_ids
        prompt = question.text + question.reply
        if not ids:
            return Writing(prompt, "", None, "", None, 0, question.model_id)
        alone = replace(self._request(question), prefix_token_ids=before, max_new_tokens=len(before) + len(ids))
        forced = replace(alone, prefix_token_ids=(*before, *ids))
        both = self._model.compare((forced, alone)).results()
        ours, theirs = (_after(one, len(before)) for one in both)
        origin = self._origin(question.model_id, _held(both[0]))
        return Writing(prompt, *ours, *theirs, len(ids), question.model_id, origin)

    def _origin(self, model_id: str, held: str) -> str:
        """The model that answered, by the name that people know it by, and how its weights were held."""
        spec = self._model.catalog.find(model_id)
        return f"{spec.title if spec else model_id} in {held}" if held else spec.title if spec else model_id

    def _request(self, question: Spoken) -> GenerateRequest:
        ids = (*question.reply_ids, *getattr(question, "token_ids", ()))
        return GenerateRequest(
            None if question.messages else question.text,
            question.messages or None,
            question.model_id or None,
            question.quantization,
            prefix_token_ids=ids,
            max_new_tokens=len(ids) + 1,
            split_special_tokens=question.split_special_tokens,
            top=10,
            address=self._address,
        )

    def _text_of(self, question: Spoken, ids: tuple[int, ...]) -> str:
        """Tokens of a reply as text."""
        if not ids:
            return ""
        asked = replace(self._request(question), prefix_token_ids=ids, max_new_tokens=len(ids))
        return self._model.generate(asked).result().finished.text

    def _next_tokens(self, question: Continued) -> ModelSays:
        found = self._model.next_token(self._request(question))
        said = tuple(Said(named_piece(one.piece), one.before, one.token_id) for one in found.candidates)
        return ModelSays(said, right=0, origin=self._origin(question.model_id, found.quantization))

    def _one_of_top(self, question: OneOfTop) -> Prepared:
        next_tokens = self._next_tokens(question)
        said = list(next_tokens.said[: question.top])
        best = said[0]
        self._chance.shuffle(said)
        names, ids = tuple(one.name for one in said), tuple(one.token_id for one in said)
        says = replace(next_tokens, said=tuple(said), right=said.index(best))
        return Prepared(replace(question, choices=names, choice_ids=ids), says)

    def _label(self, question: Label) -> Prepared:
        asked = ClassifyRequest(
            question.text, question.text_pair or None, question.model_id or None, question.quantization
        )
        found = self._model.classify(asked)
        said = tuple(Said(one.label, one.probability) for one in found.labels)
        right = found.labels.index(found.best)
        origin = self._origin(found.info.model_id, found.info.pretrained.quantization)
        names = tuple(one.name for one in said)
        return Prepared(replace(question, choices=names), ModelSays(said, right=right, origin=origin))

    def _token_count(self, question: TokenCount) -> Prepared:
        asked = TokenizeRequest(question.text, question.model_id, question.add_special_tokens)
        found = self._model.tokenize(asked)
        origin = f"the tokenizer of {self._origin(found.model_id, '')}"
        return Prepared(question, ModelSays(number=float(len(found.input_ids)), origin=origin))

    def _closer_pair(self, question: CloserPair) -> Prepared:
        words = (question.word, *question.choices)
        asked = WordLossRequest(words, question.model_id or None, question.quantization, question.template)
        found = self._model.word_loss(asked)
        loss = {one.target: one for one in found.losses if one.source == question.word}
        right = min((0, 1), key=lambda place: loss[question.choices[place]].loss_sum)
        note = ", ".join(f"{isolated(word)} {loss[word].loss_sum:.2f}" for word in question.choices)
        note = f"Loss after {quoted(question.word)}, in nats: {note}."
        said = tuple(Said(name, None) for name in question.choices)
        origin = self._origin(found.model_id, found.held)
        return Prepared(question, ModelSays(said, right=right, note=note, origin=origin))

    def _greedy_reply(self, question: GreedyReply) -> Prepared:
        """Both replies; the other is drawn anew until it differs."""
        length = len(question.reply_ids) + question.max_new_tokens
        asked = replace(self._request(question), max_new_tokens=length)
        first = self._model.generate(asked).result()
        greedy, origin = _reply_to(question, first), self._origin(question.model_id, _held(first))
        for _ in range(TRIES):
            drawn = replace(asked, do_sample=True, seed=self._chance.randrange(2**31))
            other = _reply_to(question, self._model.generate(drawn).result())
            if other != greedy:
                place = self._chance.randrange(2)
                choices = (greedy, other) if place == 0 else (other, greedy)
                says = ModelSays(tuple(Said(one, None) for one in choices), right=place, origin=origin)
                return Prepared(replace(question, choices=choices), says)
        raise InputError("The model is so sure that both replies are the same.", "Take another text, or a longer one.")

    def _ways(self, question: NextWord, word: str, known: set[int] | None) -> tuple[int, ...]:
        """The first tokens of a word, with a space before it and without; with the other first letter, those ``known``.

        None: others wrote it with that letter. It counts only where the word takes no more tokens so: otherwise "Ian"
        would be an "i". What nobody can say, such as the end of the text, is no word.
        """
        found = self._read(question, word)
        if not found or any(tokens[0].special for tokens in found):
            return (NO_TOKEN,)
        fewest = min(map(len, found))
        others = (tokens for tokens in self._read(question, other_case(word)) if len(tokens) <= fewest)
        found += [tokens for tokens in others if known is None or tokens[0].token_id in known]
        return tuple(dict.fromkeys(tokens[0].token_id for tokens in found))

    def _read(self, question: NextWord, word: str) -> list[Sequence[Token]]:
        """The tokens of a word with a space before it, and without one."""
        asked = (TokenizeRequest(text, question.model_id, add_special_tokens=False) for text in (f" {word}", word))
        return [tokens for tokens in (self._model.tokenize(one).tokens for one in asked) if tokens]

    def _look_up(self, question: NextWord, ids: Sequence[int]) -> list[Said]:
        """Tokens that aren't among the likeliest, each with its exact probability."""
        here = self._request(question)
        asked = [replace(here, prefix_token_ids=(*here.prefix_token_ids, one)) for one in ids]
        groups = (asked[start : start + TOGETHER] for start in range(0, len(asked), TOGETHER))
        return [_last_of(one) for group in groups for one in self._model.compare(group).results()]


def other_case(word: str) -> str:
    """The word with its first letter in the other case.

    >>> other_case("Coffee"), other_case("paris")
    ('coffee', 'Paris')
    """
    return word[:1].swapcase() + word[1:]


def with_words(name: str, words: Sequence[str]) -> str:
    """The name of a token; beside words that it begins where it is no more than bytes of a character, or a space.

    >>> with_words("·tea", ["tea"]), with_words("·<0xE6>", ["日本"])
    ('·tea', '日本 (first token: ·<0xE6>)')
    """
    if not words or not _NO_CHARACTER.search(name):
        return name
    more = "…" if len(words) > MOST_WORDS else ""
    return f"{', '.join(words[:MOST_WORDS])}{more} (first token: {name})"


def _reply_to(question: Spoken, result: GenerationResult) -> str:
    """What is written after what stands there already, without the white space around it."""
    return result.finished.text.removeprefix(question.reply).strip()


def _held(result: GenerationResult) -> str:
    """How the weights were held that wrote it."""
    return result.started.quantization if result.started else ""


def _after(result: GenerationResult, count: int) -> tuple[str, float | None]:
    """The text of a reply after its first tokens, and the model's perplexity of it."""
    steps = result.steps[count:]
    if not steps:
        return "", None
    loss = -math.fsum(math.log(max(step.probability_before, 1e-300)) for step in steps) / len(steps)
    return "".join(step.text for step in steps), math.exp(loss)


def _last_of(result: GenerationResult) -> Said:
    step = result.steps[-1]
    return Said(named_piece(step.piece), step.probability_before, step.token_id)
