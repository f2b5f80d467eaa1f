"""Playground: the one object that tabs, notebooks and the API talk to.

One method per capability, each handing its request to the capability's own module. Importing this module is cheap:
torch and transformers are imported by the first call that needs them, so that the page can answer before they are.
"""

from __future__ import annotations

import asyncio
import functools
import importlib
import logging
import threading
import time
from contextlib import aclosing
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from playground import IMPORTING
from playground.config import Settings
from playground.errors import BusyError, ModelNotFoundError, NotAllowedError, PlaygroundError
from playground.models.catalog import Catalog, ModelSpec
from playground.models.manager import ModelKey, ModelManager, QuantizationOption, Snapshot
from playground.models.zero_gpu import put_on_gpu
from playground.runs import Runs

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterator, Sequence

    from playground.attention.request import AttentionRequest
    from playground.attention.result import AttentionResult
    from playground.classification.request import (
        AttributeRequest,
        ClassifyRequest,
        ClassifyTableRequest,
        PerturbRequest,
    )
    from playground.classification.result import (
        AttributeResult,
        ClassifierInfo,
        ClassifyResult,
        LabelReading,
        PerturbResult,
        TableProgress,
        TableResult,
    )
    from playground.generation.events import Event, Finished, NextTokenResult
    from playground.generation.request import GenerateRequest
    from playground.generation.running import Generation
    from playground.receipt import Receipt
    from playground.similarity.request import WordLossRequest, WordMatrixRequest, WordPairsRequest
    from playground.similarity.result import Progress, WordLossResult, WordMatrixResult, WordPairsResult
    from playground.tokens.request import (
        ChatTemplateRequest,
        CompareRequest,
        EncodeRequest,
        MaskRequest,
        SplitRequest,
        TokenizeRequest,
        VocabularyRequest,
    )
    from playground.tokens.result import (
        ChatTemplate,
        Comparison,
        EncodedBatch,
        MaskComparison,
        Split,
        TokenColumns,
        Tokenization,
        VocabularyPage,
    )
    from playground.tokens.rules import TokenizerShelf

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class WarmUp:
    """How far the loading at start has come."""

    device: str = ""
    current: str = "torch and transformers"
    finished: int = 0
    total: int = 1
    failed: tuple[str, ...] = ()
    done: bool = False


Method = TypeVar("Method", bound="Callable[..., Any]")
_HEAVY = (
    "models.loading", "attention.attend", "classification.attribution", "classification.table",
    "classification.classify", "tokens.masks", "similarity.matrix", "similarity.pairs", "generation.generate",
)  # fmt: skip
# The Tokens tab starts without its model, so that one comes last.
_FIRST_NEEDED = ("text-classification", "text-generation", "text2text-generation", "feature-extraction")


def _after_imports(method: Method) -> Method:
    """The method, run once everything that needs torch and transformers is imported, by one thread alone.

    transformers loads its parts when they are first named, and that fails where two threads name them at once: a
    person who clicks while the app warms up would get an ImportError.
    """

    @functools.wraps(method)
    def wrapper(self: Playground, *args: Any, **kwargs: Any) -> Any:
        self.import_everything()
        return method(self, *args, **kwargs)

    return wrapper  # type: ignore[return-value]


class Playground:
    """Every capability of the playground over one shared model manager.

    Example:
        >>> playground = Playground()  # doctest: +SKIP
        >>> playground.classify(ClassifyRequest("I love it")).best.label  # doctest: +SKIP
        '5 stars'
    """

    def __init__(self, settings: Settings | None = None, manager: ModelManager | None = None) -> None:
        self.settings = settings or Settings()
        self.catalog = manager.catalog if manager else Catalog.read(self.settings.models_file)
        self.manager = manager or ModelManager(self.settings, self.catalog)
        put_on_gpu(self)
        self._runs = Runs()
        self._warmth = WarmUp()
        self._warming = threading.Lock()
        self._imported = False

    def __enter__(self) -> Playground:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def import_everything(self) -> None:
        """Imports all modules that need torch and transformers; the first call takes seconds."""
        with IMPORTING:
            for name in _HEAVY:
                importlib.import_module(f"playground.{name}")
        self._imported = True

    # Generation

    @_after_imports
    def generate(self, request: GenerateRequest) -> Generation:
        """The running generation: an iterable of events; see `generation.generate`."""
        from playground.generation import generate as generation

        return generation.generate(self.manager, request)

    @_after_imports
    def compare(self, requests: Sequence[GenerateRequest], asked_at: float | None = None) -> Generation:
        """Up to four settings in one batch; see `generation.compare`."""
        from playground.generation import generate as generation

        return generation.compare(self.manager, requests, asked_at)

    async def compare_batches(
        self,
        requests: Sequence[GenerateRequest],
        interval_seconds: float = 0.05,
        asked_at: float | None = None,
    ) -> AsyncGenerator[list[tuple[int, Event]], None]:
        """The same for an async handler: lists of (which request, event).

        Time in line counts from ``asked_at`` (of ``time.perf_counter``), or from this call.
        """
        asked_at = asked_at or time.perf_counter()
        if not self._imported:
            await asyncio.to_thread(self.import_everything)
        from playground.generation import running as streams

        def begin(requests: Sequence[GenerateRequest]) -> Generation:
            generation = self.compare(requests, asked_at)
            run.on_cancel(generation.stop)
            return generation

        with self._runs.begin(requests[0].run_id if requests else "") as run:
            async with aclosing(streams.batches_of_all(begin, tuple(requests), interval_seconds)) as batches:
                async for batch in batches:
                    yield batch

    @_after_imports
    def generation_receipt(self, request: GenerateRequest, finished: Finished | None = None) -> Receipt:
        """Runnable Python with plain transformers that gives the same token ids."""
        from playground.generation.receipt import receipt_of

        return receipt_of(self.manager, request, finished)

    @_after_imports
    def next_token(self, request: GenerateRequest) -> NextTokenResult:
        """The distribution over the next token; see `generation.next_token`."""
        from playground.generation import generate as generation

        return generation.next_token(self.manager, request)

    def cancel(self, run_id: str) -> bool:
        """Whether anything ran under this id; it ends within a step, and its last words still come."""
        return self._runs.cancel(run_id)

    # Start-up

    def warm_up(self) -> WarmUp:
        """How the loading at start went; runs it: torch and transformers first, then the models of ``--warm-up``.

        A model that can't be loaded is named in ``failed``; the others are loaded all the same.
        """
        with self._warming:
            self.import_everything()
            from playground.models.loading import pick_device

            specs = self._warm_up_specs()
            device = str(pick_device(self.settings.device))
            self._warmth = WarmUp(device=device, total=len(specs) or 1)
            for number, spec in enumerate(specs):
                self._warmth = replace(self._warmth, current=spec.title, finished=number)
                try:
                    with self.manager.lease(spec.id, spec.task):
                        log.info("%s is ready", spec.title)
                except PlaygroundError as error:
                    log.error("%s can't be loaded: %s", spec.title, error)
                    self._warmth = replace(self._warmth, failed=(*self._warmth.failed, spec.title))
            self._warmth = replace(self._warmth, finished=len(specs), done=True)
            return self._warmth

    def warmth(self) -> WarmUp:
        """How far `warm_up` has come."""
        return self._warmth

    def _warm_up_specs(self) -> list[ModelSpec]:
        """What ``--warm-up`` names: ids, ``embedded`` for all embedded models, or ``none``."""
        names = self.settings.warm_up
        if names == ("none",):
            return []
        if names == ("embedded",):
            embedded = [spec for spec in self.catalog if spec.source == "embedded"]
            return sorted(embedded, key=lambda spec: _FIRST_NEEDED.index(spec.task))
        return [self.manager.spec(name) for name in names]

    # Attention

    @_after_imports
    def attend(self, request: AttentionRequest) -> AttentionResult:
        """The attention weights of a model for one text, per layer and head."""
        from playground.attention.attend import attend

        return attend(self.manager, request)

    @_after_imports
    def attention_receipt(
        self, result: AttentionResult, kind: str = "", layer: int | None = 0, head: int | None = 0
    ) -> Receipt:
        """The plain-transformers Python for one head of a result; None averages over layers or heads."""
        from playground.attention.receipt import attention_receipt

        return attention_receipt(result, kind, layer, head)

    # Classification

    @_after_imports
    def describe_classifier(self, model_id: str | None = None, quantization: str = "auto") -> ClassifierInfo:
        """The labels of a classifier and what it can be asked; loads it if need be."""
        from playground.classification import describe

        return describe.describe(self.manager, model_id, quantization)

    @_after_imports
    def classify(self, request: ClassifyRequest) -> ClassifyResult:
        """The label probabilities of one text, step by step, beside what ``pipeline()`` returns."""
        from playground.classification import classify as classification

        return classification.classify(self.manager, request)

    def classification_receipts(self, result: ClassifyResult) -> tuple[Receipt, Receipt]:
        """The plain-transformers Python for a result: by ``pipeline()`` alone, and step by step."""
        from playground.classification import receipt as receipts

        return receipts.pipeline_receipt(result), receipts.steps_receipt(result)

    @_after_imports
    def classify_table(self, request: ClassifyTableRequest) -> Iterator[TableProgress | TableResult]:
        """Progress, then a label for every row. Closing the iterator stops the work; cancelled, the result has what is
        done."""
        from playground.classification import table

        with self._runs.begin(request.run_id) as run:
            yield from table.classify_table(self.manager, request, lambda: run.cancelled)

    @_after_imports
    def label_readings(self, request: ClassifyTableRequest) -> tuple[LabelReading, ...]:
        """Every way to read a table's column of right labels that fits; more than one means that somebody must say."""
        from playground.classification import table

        return table.readings(self.manager, request)

    @_after_imports
    def attribute(self, request: AttributeRequest) -> AttributeResult:
        """How much each token of a text speaks for or against a label, by three methods."""
        from playground.classification import attribution

        return attribution.attribute(self.manager, request)

    @_after_imports
    def perturb(self, request: PerturbRequest) -> PerturbResult:
        """The labels of a text before and after some of its tokens were masked or deleted."""
        from playground.classification import perturb

        return perturb.perturb(self.manager, request)

    # Similarity

    @_after_imports
    def word_loss(self, request: WordLossRequest) -> WordLossResult:
        """exp(loss) of every ordered pair of two or three words, piece by piece."""
        from playground.similarity import word_loss as similarity

        return similarity.word_loss(self.manager, request)

    @_after_imports
    def word_loss_receipt(self, result: WordLossResult) -> Receipt:
        """Plain transformers code that gives the losses of a result."""
        from playground.similarity import receipt as receipts

        words = tuple(dict.fromkeys(word for loss in result.losses for word in (loss.source, loss.target)))
        task = "text2text-generation" if result.template is None else "text-generation"
        held = self.manager.pretrained(result.model_id, task, result.quantization)
        return receipts.word_loss_receipt(words, held, result.template)

    @_after_imports
    def word_matrix(self, request: WordMatrixRequest) -> Iterator[Progress | WordMatrixResult]:
        """Progress, then the losses of up to 60 words against each other. Closing the iterator stops the work."""
        from playground.similarity import matrix

        return matrix.word_matrix(self.manager, request)

    @_after_imports
    def word_pairs(self, request: WordPairsRequest) -> Iterator[Progress | WordPairsResult]:
        """Progress, then every measure of a list of pairs. Closing the iterator stops the work."""
        from playground.similarity import pairs

        return pairs.word_pairs(self.manager, request)

    # Tokens

    @cached_property
    def tokenizers(self) -> TokenizerShelf:
        """The tokenizers in use. Those of embedded models are read from their files, without importing torch."""
        from playground.models import embedded
        from playground.tokens.rules import TokenizerShelf

        def embedded_folder(model_id: str) -> Path | None:
            spec = self.catalog.find(model_id)
            wanted = spec is not None and spec.source == "embedded"
            return embedded.locate(spec.location, self.settings.home) if spec and wanted else None

        return TokenizerShelf(self.manager.tokenizer, embedded_folder)

    def has_tokenizer(self, model_id: str) -> bool:
        """True when a tokenizer is read already: a question about a short text then takes about a millisecond."""
        return self.tokenizers.has(model_id)

    def tokenize(self, request: TokenizeRequest) -> Tokenization:
        """The tokens of one text, each tied to its characters."""
        from playground.tokens import tokenize as tokenization

        return tokenization.tokenize(self.tokenizers, self._named(request))

    def token_columns(self, request: TokenizeRequest) -> TokenColumns:
        """The same, as a list per property: quick enough to be asked at every keystroke."""
        from playground.tokens import tokenize as tokenization

        return tokenization.token_columns(self.tokenizers, self._named(request))

    def compare_tokenizers(self, request: CompareRequest) -> Comparison:
        """One text under two to four tokenizers, with the boundaries on which they differ."""
        from playground.tokens import tokenize as tokenization

        return tokenization.compare(self.tokenizers, request)

    def encode(self, request: EncodeRequest) -> EncodedBatch:
        """The rows that ``tokenizer(...)`` returns for one to eight texts."""
        from playground.tokens import batch as encoding

        return encoding.encode(self.tokenizers, self._named(request))

    def render_chat(self, request: ChatTemplateRequest) -> ChatTemplate:
        """A conversation as the model reads it, with who said what."""
        from playground.tokens.chat_template import chat_template

        return chat_template(self.tokenizers, self._named(request))

    def search_vocabulary(self, request: VocabularyRequest) -> VocabularyPage:
        """The pieces of a vocabulary that contain a text, or have an id."""
        from playground.tokens import vocabulary

        return vocabulary.search_vocabulary(self.tokenizers, self._named(request))

    def explain_split(self, request: SplitRequest) -> Split:
        """The steps from a word to its pieces."""
        from playground.tokens import vocabulary

        return vocabulary.explain_split(self.tokenizers, self._named(request))

    def token_receipt(
        self, asked: TokenizeRequest | EncodeRequest | ChatTemplateRequest | CompareRequest | MaskComparison
    ) -> Receipt:
        """The runnable Python that reproduces a request of the Tokens tab, or a mask comparison."""
        from playground.tokens import receipt as receipts

        return receipts.token_receipt(
            asked if hasattr(asked, "pretrained") else self._named(asked), self.pretrained_source
        )

    def vocabulary_receipt(self, search: VocabularyRequest, split: SplitRequest) -> Receipt:
        """The runnable Python that repeats a search and a split with one tokenizer."""
        from playground.tokens import vocabulary_receipt as receipts

        search, split = self._named(search), self._named(split)
        rules = self.tokenizers.rules(split.model_id)
        return receipts.vocabulary_receipt(search, split, self.pretrained_source(split.model_id), rules)

    def _named(self, request: Any) -> Any:
        """The request with a model id, where it has none."""
        from playground.tokens.request import named

        return named(request, lambda task: self.manager.spec(None, task).id)

    @_after_imports
    def compare_masks(self, request: MaskRequest) -> MaskComparison:
        """What a model makes of a batch with the right masks and with wrong ones."""
        from playground.tokens import masks as masking

        return masking.compare_masks(self.manager, self.tokenizers, self._named(request))

    # Models

    def pretrained_source(self, model_id: str) -> str:
        """What ``from_pretrained`` gets in a receipt: a Hub model's id, else the folder of an embedded or local one."""
        spec = self.manager.spec(model_id)
        return spec.id if spec.source == "hub" else str(self.manager.folder(spec))

    def snapshot(self) -> Snapshot:
        """What is resident now and how many bytes it takes."""
        return self.manager.snapshot()

    def quantizations(self, model_id: str, task: str = "") -> tuple[QuantizationOption, ...]:
        """Every way to hold a model's numbers: what it would take, and why it can't work here if it can't."""
        return self.manager.quantizations(model_id, task or None)

    def load_model(self, model_id: str, task: str = "", quantization: str = "auto") -> ModelKey:
        """The key of a model whose load has begun; `snapshot` says how it goes on.

        Raises:
            NotAllowedError: the playground is public.
            ModelError: there is no such model or quantization.
        """
        self._require_private("load models by hand")
        return self.manager.start_loading(model_id, task or self.manager.spec(model_id).task, quantization)

    def unload_model(self, model_id: str, task: str, quantization: str) -> None:
        """Frees a model's memory, or stops its load.

        Raises:
            NotAllowedError: the playground is public.
            BusyError: somebody uses it, or waits for it.
        """
        self._require_private("unload models")
        if not self.manager.unload(ModelKey(model_id, task, quantization)):
            raise BusyError(f"{model_id} is in use, or has just gone.", "Try again when nobody uses it.")

    def pin_model(self, model_id: str, task: str, quantization: str, pinned: bool = True) -> None:
        """Keeps a resident model from being evicted or unloaded for idleness, or no longer does.

        Raises:
            NotAllowedError: the playground is public.
            ModelNotFoundError: it isn't resident.
        """
        self._require_private("pin models")
        if not self.manager.pin(ModelKey(model_id, task, quantization), pinned):
            raise ModelNotFoundError(f"{model_id} isn't loaded.", "Load it first.")

    def _require_private(self, what: str) -> None:
        if self.settings.public:
            raise NotAllowedError(
                f"Visitors of this public page can't {what}, because everybody shares them.",
                "Using a model in another tab loads it; or run the playground on a machine of your own.",
            )

    def close(self, patience_seconds: float = 5.0) -> None:
        """Stops all work and unloads all models; what is lent has so long to be given back."""
        self.manager.close(patience_seconds)
