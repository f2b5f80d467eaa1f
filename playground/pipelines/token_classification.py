"""A text -> a label for each token, and the names in it: a softmax at every token, then tokens joined by offsets.

A longer text is read in windows that overlap by ``stride`` tokens. Source: ``TokenClassificationPipeline``.
"""

from __future__ import annotations

from typing import Any

from playground.classification.labels import label_names
from playground.errors import InputError, InputTooLongError
from playground.models.families import check_finite
from playground.pipelines.entities import Scored, joined, labelled, shown, without_overlap, words_of
from playground.pipelines.reading import Reader, cut_tokens, entries
from playground.pipelines.request import PipelineRequest
from playground.pipelines.result import Entity, ModelPass, PipelineToken, TokenClassificationAnswer, TokenLabel

MOST_WINDOWS = 12
NOTHING = "O"  # the label of what is no entity


def token_classification(reader: Reader, request: PipelineRequest) -> dict[str, Any]:
    """The fields of the result.

    Raises:
        InputError, InputTooLongError: the stride leaves no way forward, or there are too many windows.
        UnsupportedOptionError: the tokenizer knows no offsets.
    """
    reader.need_offsets()
    labels, _ = label_names(reader.model.config)
    strategy = str(request.option("aggregation_strategy"))
    encoding, whole = _windows(reader, request)
    passes: list[ModelPass] = []
    tokens: list[TokenLabel] = []
    words: list[Entity] = []
    found: list[Entity] = []
    for row in range(len(encoding["input_ids"])):
        one, scores = _run(reader, encoding, row)
        passes.append(one)
        parts = [
            (n, _scored(reader, request.text, scores[n], token))
            for n, token in enumerate(one.tokens)
            if not token.special
        ]
        tokens += [_token(row, n, part, labels) for n, part in parts]
        scored = [part for _, part in parts]
        own = _words(reader, scored, labels, strategy)
        words += own
        found += _entities(reader, scored, own, labels, strategy)
    kept = [one for one in found if one.label != NOTHING]
    answer = without_overlap(kept) if len(passes) > 1 else tuple(kept)
    said = _pipeline(reader, request, strategy)
    read = sum(not token.special for token in passes[0].tokens)
    own_words, entities = shown(words, request.text), shown(answer, request.text)
    return {
        "passes": tuple(passes),
        "answer": TokenClassificationAnswer(tuple(labels), tuple(tokens), own_words, entities),
        "pipeline": entries(said),
        "max_difference": _distance(answer, said),
        "notes": (cut_tokens(whole, read),) if request.stride is None and whole > read else (),
    }


def _windows(reader: Reader, request: PipelineRequest) -> tuple[Any, int]:
    """The text as rows of ids, and how many tokens it has without special ones."""
    whole = len(reader.tokenizer(request.text, add_special_tokens=False, verbose=False)["input_ids"])
    room = reader.limit - reader.tokenizer.num_special_tokens_to_add()
    stride = request.stride or 0
    if stride >= room:
        raise InputError(f"stride is {stride:,}, and a window has {room:,} tokens.", f"Use 0 to {room - 1}.")
    count = 1 + max(0, -(-(whole - room) // (room - stride)))
    if request.stride is not None and count > MOST_WINDOWS:
        raise InputTooLongError(f"The text needs {count} windows.", f"Use a text of at most {MOST_WINDOWS}.")
    overlap = {} if request.stride is None else {"return_overflowing_tokens": True, "stride": stride}
    encoding = reader.encode([request.text], truncation=True, max_length=reader.limit, **overlap)
    return encoding, whole


def _run(reader: Reader, encoding: Any, row: int) -> tuple[ModelPass, list[tuple[float, ...]]]:
    """One window through the model: the pass, and a score per label for each token."""
    one = {name: encoding[name][row] for name in reader.tokenizer.model_input_names if name in encoding}
    tokens = reader.tokens(encoding, row)
    inputs = reader.tensors(one)
    logits = reader.run(inputs).logits
    check_finite(reader.model, logits)
    scores = [tuple(values) for values in logits[0].float().softmax(-1).tolist()]
    ends = [token.end for token in tokens if token.end is not None]
    starts = [token.start for token in tokens if token.start is not None]
    about = f"characters {min(starts, default=0):,} to {max(ends, default=0):,}"
    return reader.one_pass(about, tokens, inputs, {"logits": logits}), scores


def _scored(reader: Reader, text: str, scores: tuple[float, ...], token: PipelineToken) -> Scored:
    """A token with its scores, and whether it goes on with the word before, by the rules of the pipeline."""
    start, end = token.start or 0, token.end or 0
    piece = str(reader.tokenizer.convert_ids_to_tokens(token.token_id))
    if getattr(reader.tokenizer.backend_tokenizer.model, "continuing_subword_prefix", None):
        joins = len(piece) != end - start
    else:
        joins = start > 0 and " " not in text[start - 1 : start + 1]
    if token.token_id == reader.tokenizer.unk_token_id:
        piece, joins = text[start:end], False
    return Scored(scores, piece, start, end, joins)


def _token(window: int, position: int, part: Scored, labels: tuple[str, ...]) -> TokenLabel:
    [best] = labelled([part], labels)
    return TokenLabel(window, position, best.label, best.score, part.scores, part.joins)


def _words(reader: Reader, scored: list[Scored], labels: tuple[str, ...], strategy: str) -> tuple[Entity, ...]:
    if strategy in ("none", "simple"):
        return ()
    return words_of(scored, labels, strategy, reader.tokenizer.convert_tokens_to_string)


def _entities(
    reader: Reader, scored: list[Scored], words: tuple[Entity, ...], labels: tuple[str, ...], strategy: str
) -> tuple[Entity, ...]:
    tokens = labelled(scored, labels)
    if strategy == "none":
        return tokens
    return joined(tokens if strategy == "simple" else words, reader.tokenizer.convert_tokens_to_string)


def _pipeline(reader: Reader, request: PipelineRequest, strategy: str) -> list[dict[str, Any]]:
    options = {} if request.stride is None else {"stride": request.stride}
    with reader.pipeline("token-classification") as pipeline:
        return pipeline(request.text, aggregation_strategy=strategy, **options)


def _distance(found: tuple[Entity, ...], said: list[dict[str, Any]]) -> float:
    """How far scores are apart; 1 where the two don't name the same characters and labels."""
    ours = [(one.label, one.start, one.end) for one in found]
    theirs = [(one.get("entity_group", one.get("entity")), one["start"], one["end"]) for one in said]
    if ours != theirs:
        return 1.0
    return max((abs(one.score - float(two["score"])) for one, two in zip(found, said, strict=True)), default=0.0)
