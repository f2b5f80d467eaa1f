"""What a playground answers about tokens.

Thin methods: each hands its request to the function that does it. What crosses is data.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from playground.registry import Wing, heavy

if TYPE_CHECKING:
    from playground.receipt import Receipt
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
        ChatNext,
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


class TokensWing(Wing):
    """What a playground answers about tokens."""

    @cached_property
    def _tokenizers(self) -> TokenizerShelf:
        """The tokenizers in use. Those of embedded models are read from their files, without importing torch."""
        from playground.models import embedded
        from playground.tokens.rules import TokenizerShelf

        def embedded_folder(model_id: str) -> Path | None:
            spec = self.catalog.find(model_id)
            wanted = spec is not None and spec.source == "embedded"
            if not spec or not wanted:
                return None
            asks = embedded.asks_hub(spec.location, self.settings.home)
            with self.manager.reach.asking(spec.title, asks):
                return embedded.locate(spec.location, self.settings.home)

        return TokenizerShelf(self.manager.tokenizer, embedded_folder)

    def has_tokenizer(self, model_id: str) -> bool:
        """True when a tokenizer is read already: a question about a short text then takes about a millisecond."""
        return self._tokenizers.has(model_id)

    def tokenize(self, request: TokenizeRequest) -> Tokenization:
        """The tokens of one text, each tied to its characters."""
        from playground.tokens import tokenize as tokenization

        return tokenization.tokenize(self._tokenizers, self._named(request))

    def token_columns(self, request: TokenizeRequest) -> TokenColumns:
        """The same, as a list per property: quick enough to be asked at every keystroke."""
        from playground.tokens import tokenize as tokenization

        return tokenization.token_columns(self._tokenizers, self._named(request))

    def compare_tokenizers(self, request: CompareRequest) -> Comparison:
        """One text under two to four tokenizers, with the boundaries on which they differ."""
        from playground.tokens import tokenize as tokenization

        return tokenization.compare(self._tokenizers, request)

    def encode(self, request: EncodeRequest) -> EncodedBatch:
        """The rows that ``tokenizer(...)`` returns for one to eight texts."""
        from playground.tokens import batch as encoding

        return encoding.encode(self._tokenizers, self._named(request))

    def render_chat(self, request: ChatTemplateRequest) -> ChatTemplate:
        """A conversation as the model reads it, with who said what."""
        from playground.tokens.chat_template import chat_template

        return chat_template(self._tokenizers, self._named(request))

    @heavy("playground.tokens.chat_next", gpu_seconds=20)
    def chat_next(self, request: ChatTemplateRequest) -> ChatNext:
        """What a model would say next, with the generation prompt and without it."""
        from playground.tokens.chat_next import chat_next

        return chat_next(self.manager, self._tokenizers, self._named(request))

    def search_vocabulary(self, request: VocabularyRequest) -> VocabularyPage:
        """The pieces of a vocabulary that contain a text, or have an id."""
        from playground.tokens import vocabulary

        return vocabulary.search_vocabulary(self._tokenizers, self._named(request))

    def explain_split(self, request: SplitRequest) -> Split:
        """The steps from a word to its pieces."""
        from playground.tokens import vocabulary

        return vocabulary.explain_split(self._tokenizers, self._named(request))

    def token_receipt(
        self, asked: TokenizeRequest | EncodeRequest | ChatTemplateRequest | CompareRequest | MaskComparison
    ) -> Receipt:
        """The runnable Python that reproduces a request of the Tokens tab, or a mask comparison."""
        from playground.links.form import link_to, linked
        from playground.tokens import receipt as receipts

        ran = hasattr(asked, "pretrained")
        asked = asked if ran else self._named(asked)
        return linked(receipts.token_receipt(asked, self.origin), self.link(asked) if ran else link_to(asked))

    def vocabulary_receipt(self, search: VocabularyRequest, split: SplitRequest) -> Receipt:
        """The runnable Python that repeats a search and a split with one tokenizer."""
        from playground.links.form import link_to, linked
        from playground.tokens import vocabulary_receipt as receipts

        search, split = self._named(search), self._named(split)
        rules = self._tokenizers.rules(split.model_id)
        receipt = receipts.vocabulary_receipt(search, split, self.origin(split.model_id), rules)
        return linked(receipt, link_to(search, split))

    def _named(self, request: Any) -> Any:
        """The request with a model id, where it has none."""
        from playground.tokens.request import named

        return named(request, lambda task: self.manager.spec(None, task).id)

    @heavy("playground.tokens.masks", gpu_seconds=20)
    def compare_masks(self, request: MaskRequest) -> MaskComparison:
        """What a model makes of a batch with the right masks and with wrong ones."""
        from playground.tokens import masks as masking

        return masking.compare_masks(self.manager, self._tokenizers, self._named(request))
