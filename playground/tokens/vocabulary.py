"""What a tokenizer knows, and why it splits a word as it does: merges, scores or longest matches, step by step.

This module leaves out how a vocabulary is learned. Each algorithm is replayed here in plain Python from the numbers in
``tokenizer.json``; a test compares the replay with the tokenizer itself.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby, pairwise
from typing import TYPE_CHECKING

from playground.errors import EmptyInputError, InputTooLongError, UnsupportedOptionError
from playground.texts import quoted, usable_text
from playground.tokens.request import SplitRequest, VocabularyRequest
from playground.tokens.result import Split, SplitStep, VocabularyEntry, VocabularyPage
from playground.tokens.rules import TokenizerRules, TokenizerShelf
from playground.units import format_number

if TYPE_CHECKING:
    from tokenizers import Encoding

MAX_RESULTS = 200
MAX_WORD = 60


def search_vocabulary(shelf: TokenizerShelf, request: VocabularyRequest) -> VocabularyPage:
    """The pieces that contain the query, or the one with this id.

    Raises:
        InputTooLongError: the query has more than 200 characters.
    """
    rules = shelf.rules(request.model_id)
    query = usable_text(request.query, MAX_RESULTS, "The query")
    vocabulary = rules.vocabulary
    found = _found(rules, vocabulary, query)
    chosen = found[: max(0, min(request.limit, MAX_RESULTS))]
    ranks: dict[str, int] = {}
    for (left, right), rank in rules.merge_ranks.items():
        ranks.setdefault(left + right.removeprefix(rules.prefix), rank + 1)
    entries = tuple(
        VocabularyEntry(
            token_id,
            piece,
            rules.show(token_id, piece),
            rules.added.get(token_id, False),
            ranks.get(piece),
            rules.log_probabilities.get(piece),
        )
        for piece, token_id in chosen
    )
    return VocabularyPage(len(vocabulary), len(found), entries)


def explain_split(shelf: TokenizerShelf, request: SplitRequest) -> Split:
    """The steps from a word to its pieces; they end where the tokenizer itself ends, or there is no explanation.

    Raises:
        EmptyInputError: there is no word.
        UnsupportedOptionError: the tokenizer draws lots (BPE dropout), has another algorithm than those replayed here,
            or splits this word otherwise than the replay.
    """
    rules = shelf.rules(request.model_id)
    text = usable_text(request.word.strip(), MAX_WORD, "The word")
    found = rules.backend.encode(text, add_special_tokens=False)
    if 0 in (cut := _cut_out(rules, text, found)):
        split, words = _split_added(rules, found.ids[0], text[slice(*found.offsets[0])]), len({*found.word_ids})
    else:
        word, words = _first_word(rules, text[: found.offsets[cut[0]][0]] if cut else text, found)
        split = _replayed(rules, word, request.model_id)
        first = [token_id for token_id, number in zip(found.ids, found.word_ids, strict=True) if number == 0]
        if _ids(rules, split.pieces) != first:
            raise UnsupportedOptionError(
                f"The tokenizer of {request.model_id} splits this word by rules of its own, which can't be replayed.",
                "Try another word, or pick another tokenizer.",
            )
    if words > 1:
        idea = f"{split.idea} Before that, this text was cut into {words:,} words; here is the first."
        return replace(split, idea=idea)
    return split


def is_added(rules: TokenizerRules, text: str) -> bool:
    """True where a token such as ``[SEP]``, which is cut out of a text before the algorithm runs, comes first."""
    return 0 in _cut_out(rules, text, rules.backend.encode(text, add_special_tokens=False))


def _cut_out(rules: TokenizerRules, text: str, found: Encoding) -> list[int]:
    """Which of the tokens are added ones that stand in the text; an unknown token is added, too, and doesn't."""
    both = enumerate(zip(found.ids, found.offsets, strict=True))
    return [
        k
        for k, (token_id, (start, end)) in both
        if token_id in rules.added and text[start:end].strip().lower() == rules.entry(token_id).piece.strip().lower()
    ]


def _split_added(rules: TokenizerRules, token_id: int, text: str) -> Split:
    piece = rules.entry(token_id).piece
    idea = "This is an added token: it is cut out of the text before the algorithm runs, so it is never split."
    step = SplitStep((rules.show(token_id, piece),), f"id {token_id} as a whole")
    return Split(rules.algorithm, text, (step,), (piece,), idea)


def _replayed(rules: TokenizerRules, word: str, model_id: str) -> Split:
    model = rules.description["model"]
    kind = model.get("type") or "BPE"
    replays = {"WordPiece": _split_wordpiece, "BPE": _split_bpe, "Unigram": _split_unigram, "WordLevel": _split_words}
    if kind not in replays:
        raise UnsupportedOptionError(f"The algorithm {kind} of {model_id} can't be replayed.", "Pick another.")
    if model.get("dropout"):
        raise UnsupportedOptionError(
            f"The tokenizer of {model_id} draws lots: it splits a word otherwise each time.", "Pick another."
        )
    return replays[kind](rules, word)


def _ids(rules: TokenizerRules, pieces: Sequence[str]) -> list[int | None]:
    """The id of each piece; that of the unknown token for what the vocabulary doesn't have."""
    return [rules.own_vocabulary.get(piece, rules.unknown_id) for piece in pieces]


def _found(rules: TokenizerRules, vocabulary: dict[str, int], query: str) -> list[tuple[str, int]]:
    """Entries by id, or by part of the piece; the exact piece first, then the shortest."""
    if not query:
        return sorted(vocabulary.items(), key=lambda item: item[1])
    read = query.replace("·", " ")  # the sign with which spaces are shown
    hits = [
        (piece, token_id)
        for piece, token_id in vocabulary.items()
        if query in piece or read in rules.read(token_id, piece) or str(token_id) == query
    ]
    return sorted(hits, key=lambda item: (str(item[1]) != query, len(item[0]), item[0]))


def _first_word(rules: TokenizerRules, text: str, found: Encoding) -> tuple[str, int]:
    """What the algorithm gets to see of the text's first word, and how many words there are."""
    backend = rules.backend
    normal = backend.normalizer.normalize_str(text) if backend.normalizer else text
    words = backend.pre_tokenizer.pre_tokenize_str(normal) if backend.pre_tokenizer else [(normal, (0, len(normal)))]
    if not words or not words[0][0]:
        raise EmptyInputError("There is no word.", "Type one.")
    if len(words[0][0]) > MAX_WORD * 4:
        raise InputTooLongError("The word is too long.", f"Use at most {MAX_WORD} characters.")
    return words[0][0], max(len(words), len({*found.word_ids}))


def _split_words(rules: TokenizerRules, word: str) -> Split:
    """WordLevel: a word is an entry or unknown."""
    is_known = word in rules.own_vocabulary
    piece = word if is_known else rules.description["model"]["unk_token"]
    step = SplitStep((piece,), f"{quoted(word)} is {'' if is_known else 'not '}in the vocabulary")
    idea = "WordLevel never splits a word: it is in the vocabulary as a whole, or unknown."
    return Split(rules.algorithm, word, (step,), (piece,), idea)


def _split_wordpiece(rules: TokenizerRules, word: str) -> Split:
    """Greedy longest match, from the left. Source: Schuster & Nakajima 2012; transformers' BertTokenizer."""
    model, vocabulary = rules.description["model"], rules.own_vocabulary
    pieces: list[str] = []
    steps: list[SplitStep] = []
    start, longest = 0, model.get("max_input_chars_per_word", 100)
    if len(word) > longest:
        steps.append(
            SplitStep((model["unk_token"],), f"the word has more than {longest:,} characters, so it is unknown")
        )
        start, pieces = len(word), [model["unk_token"]]
    while start < len(word):
        mark = rules.prefix if start else ""
        tried = [mark + word[start:end] for end in range(len(word), start, -1)]
        hit = next((piece for piece in tried if piece in vocabulary), None)
        if hit is None:
            reason = f"not even {quoted(tried[-1])} is in the vocabulary, so the whole word is unknown"
            steps.append(SplitStep((model["unk_token"],), reason))
            pieces = [model["unk_token"]]
            break
        missed = tried[: tried.index(hit)]
        pieces.append(hit)
        steps.append(SplitStep(tuple(pieces), _missed(missed, hit), float(len(missed))))
        start += len(hit) - len(mark)
    idea = "WordPiece takes the longest piece that the vocabulary knows, from the left, again and again."
    return Split(rules.algorithm, word, tuple(steps), tuple(pieces), idea)


def _missed(missed: list[str], hit: str) -> str:
    if not missed:
        return f"{quoted(hit)} is in the vocabulary as a whole"
    shown = ", ".join(map(quoted, missed[:4])) + (", …" if len(missed) > 4 else "")
    return f"{shown} {'is' if len(missed) == 1 else 'are'} not in the vocabulary, but {quoted(hit)} is"


def _split_bpe(rules: TokenizerRules, word: str) -> Split:
    """The merge that was learned first is done first, until none is left. Source: Sennrich et al. 2016.

    A merge glues the second piece without its mark for "goes on with a word".
    """
    vocabulary, order = rules.own_vocabulary, rules.merge_ranks

    def show(symbols: list[str]) -> tuple[str, ...]:
        return tuple(rules.show(vocabulary.get(symbol, -1), symbol) for symbol in symbols)

    symbols = _first_symbols(rules, word)
    steps = [SplitStep(show(symbols), "the smallest pieces: " + ("bytes" if rules.is_byte_level else "characters"))]
    if rules.description["model"].get("ignore_merges") and word in vocabulary:
        symbols = [word]
        steps.append(SplitStep(show(symbols), "the whole word is in the vocabulary, so no merge is needed"))
    while len(symbols) > 1:
        ranked = [(order.get(pair, len(order)), k) for k, pair in enumerate(pairwise(symbols))]
        rank, k = min(ranked)
        if rank == len(order):
            break
        symbols = [*symbols[:k], symbols[k] + symbols[k + 1].removeprefix(rules.prefix), *symbols[k + 2 :]]
        steps.append(SplitStep(show(symbols), f"merge {rank + 1:,} of {len(order):,}", float(rank + 1)))
    idea = "BPE starts from the smallest pieces and always does the merge that was learned first, until none fits."
    if rules.suffix:
        idea += f" The last piece of a word carries the mark {rules.suffix}."
    return Split(rules.algorithm, rules.show(-1, word), tuple(steps), tuple(symbols), idea)


def _first_symbols(rules: TokenizerRules, word: str) -> list[str]:
    """A piece per character, with the marks for "goes on with a word" and "ends a word"; or its bytes, or unknown.

    An unknown token waits until the next known piece: bytes pass it, as they do in ``tokenizers``.
    """
    model, vocabulary = rules.description["model"], rules.own_vocabulary
    symbols: list[str] = []
    waiting: list[str] = []
    for k, character in enumerate(word):
        piece = (rules.prefix if k else "") + character + (rules.suffix if k == len(word) - 1 else "")
        hexes = [f"<0x{byte:02X}>" for byte in piece.encode()]
        if piece in vocabulary:
            symbols, waiting = [*symbols, *waiting, piece], []
        elif model.get("byte_fallback") and all(one in vocabulary for one in hexes):
            symbols += hexes
        elif model.get("unk_token"):
            symbols += [] if model.get("fuse_unk") else waiting
            waiting = [model["unk_token"]]
    return symbols + waiting


def _split_unigram(rules: TokenizerRules, word: str) -> Split:
    """The split whose pieces are likeliest together. Source: Kudo 2018; the best paths by dynamic programming."""
    scores = rules.log_probabilities
    floor = min(scores.values()) - 10.0
    best = [(total, pieces, _unigram_pieces(rules, pieces)) for total, pieces in _best_paths(word, scores, floor, 3)]
    steps = tuple(
        SplitStep(
            tuple(rules.show(rules.own_vocabulary.get(piece, -1), piece) for piece in kept),
            " + ".join(format_number(scores.get(piece, floor), ".2f") for piece in pieces)
            + f" = {format_number(total, '.2f')}",
            round(total, 4),
        )
        for total, pieces, kept in best
    )
    idea = (
        "Unigram adds up the log-probabilities of the pieces of every possible split; the highest sum wins (first row)."
    )
    return Split(rules.algorithm, rules.show(-1, word), steps, best[0][2], idea)


def _unigram_pieces(rules: TokenizerRules, pieces: Sequence[str]) -> tuple[str, ...]:
    """What the tokenizer makes of a path: neighbouring unknown characters as one piece, or as their bytes."""
    kept: list[str] = []
    for is_known, group in groupby(pieces, rules.own_vocabulary.__contains__):
        if is_known:
            kept += group
            continue
        unknown = "".join(group)
        hexes = [f"<0x{byte:02X}>" for byte in unknown.encode()]
        by_bytes = rules.description["model"].get("byte_fallback") and all(h in rules.own_vocabulary for h in hexes)
        kept += hexes if by_bytes else [unknown]
    return tuple(kept)


def _best_paths(word: str, scores: dict[str, float], floor: float, count: int) -> list[tuple[float, tuple[str, ...]]]:
    """The best ``count`` splits, best first. A character that no piece holds counts ``floor``."""
    longest = max(map(len, scores))
    ends: list[list[tuple[float, tuple[str, ...]]]] = [[(0.0, ())]]
    for end in range(1, len(word) + 1):
        options = []
        for start in range(max(0, end - longest), end):
            piece = word[start:end]
            if piece in scores or end - start == 1:
                weight = scores.get(piece, floor)
                options += [(total + weight, (*pieces, piece)) for total, pieces in ends[start]]
        ends.append(heapq.nlargest(count, options, key=lambda option: option[0]))
    return ends[-1]
