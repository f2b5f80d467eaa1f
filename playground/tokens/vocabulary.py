"""What a tokenizer knows, and why it splits a word as it does: merges, scores or longest matches, step by step.

This module leaves out how a vocabulary is learned. Each algorithm is replayed here in plain Python from the numbers in
``tokenizer.json``; a test compares the replay with the tokenizer itself.
"""

from __future__ import annotations

import heapq
from dataclasses import replace
from itertools import pairwise

from playground.errors import EmptyInputError, InputTooLongError, UnsupportedOptionError
from playground.texts import usable_text
from playground.tokens.request import SplitRequest, VocabularyRequest
from playground.tokens.result import Split, SplitStep, VocabularyEntry, VocabularyPage
from playground.tokens.rules import TokenizerRules, TokenizerShelf

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
        ranks.setdefault(left + right, rank + 1)
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
    """The steps from a word to its pieces.

    Raises:
        EmptyInputError: there is no word.
        UnsupportedOptionError: the tokenizer's algorithm is none of BPE, WordPiece, Unigram.
    """
    rules = shelf.rules(request.model_id)
    text = usable_text(request.word.strip(), MAX_WORD, "The word")
    if is_added(rules, text):
        return _split_added(rules, text)
    word, words = _first_word(rules, text)
    kind = rules.description["model"].get("type") or "BPE"
    if kind not in ("WordPiece", "BPE", "Unigram"):
        raise UnsupportedOptionError(f"The algorithm {kind} of {request.model_id} can't be replayed.", "Pick another.")
    replay = {"WordPiece": _split_wordpiece, "BPE": _split_bpe, "Unigram": _split_unigram}[kind]
    split = replay(rules, word)
    if words > 1:
        idea = f"{split.idea} Before that, this text was cut into {words} words; here is the first."
        return replace(split, idea=idea)
    return split


def is_added(rules: TokenizerRules, text: str) -> bool:
    """True for a token such as ``[SEP]`` that is cut out of a text before the algorithm runs."""
    return rules.backend.token_to_id(text) in rules.added


def _split_added(rules: TokenizerRules, text: str) -> Split:
    idea = "This is an added token: it is cut out of the text before the algorithm runs, so it is never split."
    step = SplitStep((rules.show(-1, text),), f"id {rules.backend.token_to_id(text)} as a whole")
    return Split(rules.algorithm, text, (step,), (text,), idea)


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


def _first_word(rules: TokenizerRules, text: str) -> tuple[str, int]:
    """What the algorithm gets to see of the text's first word, and how many words there are."""
    backend = rules.backend
    normal = backend.normalizer.normalize_str(text) if backend.normalizer else text
    words = backend.pre_tokenizer.pre_tokenize_str(normal) if backend.pre_tokenizer else [(normal, (0, len(normal)))]
    if not words or not text:
        raise EmptyInputError("There is no word.", "Type one.")
    word = words[0][0]
    if len(word) > MAX_WORD * 4:
        raise InputTooLongError("The word is too long.", f"Use at most {MAX_WORD} characters.")
    return word, len(words)


def _split_wordpiece(rules: TokenizerRules, word: str) -> Split:
    """Greedy longest match, from the left. Source: Schuster & Nakajima 2012; transformers' BertTokenizer."""
    model, vocabulary = rules.description["model"], rules.vocabulary
    pieces: list[str] = []
    steps: list[SplitStep] = []
    start, longest = 0, model.get("max_input_chars_per_word", 100)
    if len(word) > longest:
        steps.append(SplitStep((model["unk_token"],), f"the word has more than {longest} characters, so it is unknown"))
        start, pieces = len(word), [model["unk_token"]]
    while start < len(word):
        mark = rules.prefix if start else ""
        tried = [mark + word[start:end] for end in range(len(word), start, -1)]
        hit = next((piece for piece in tried if piece in vocabulary), None)
        if hit is None:
            reason = f"not even “{tried[-1]}” is in the vocabulary, so the whole word is unknown"
            steps.append(SplitStep((*pieces, model["unk_token"]), reason))
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
        return f"“{hit}” is in the vocabulary as a whole"
    shown = ", ".join(f"“{piece}”" for piece in missed[:4]) + (", …" if len(missed) > 4 else "")
    return f"not in the vocabulary: {shown}; then “{hit}” is"


def _split_bpe(rules: TokenizerRules, word: str) -> Split:
    """The merge that was learned first is done first, until none is left. Source: Sennrich et al. 2016."""
    vocabulary = rules.vocabulary
    order = rules.merge_ranks

    def show(symbols: list[str]) -> tuple[str, ...]:
        return tuple(rules.show(vocabulary.get(symbol, -1), symbol) for symbol in symbols)

    symbols = _first_symbols(rules, word, vocabulary)
    steps = [SplitStep(show(symbols), "the smallest pieces: " + ("bytes" if rules.is_byte_level else "characters"))]
    if rules.description["model"].get("ignore_merges") and word in vocabulary:
        symbols = [word]
        steps.append(SplitStep(show(symbols), "the whole word is in the vocabulary, so no merge is needed"))
    while len(symbols) > 1:
        ranked = [(order.get(pair, len(order)), k) for k, pair in enumerate(pairwise(symbols))]
        rank, k = min(ranked)
        if rank == len(order):
            break
        symbols = [*symbols[:k], symbols[k] + symbols[k + 1], *symbols[k + 2 :]]
        steps.append(SplitStep(show(symbols), f"merge {rank + 1:,} of {len(order):,}", float(rank + 1)))
    idea = "BPE starts from the smallest pieces and always does the merge that was learned first, until none fits."
    return Split(rules.algorithm, rules.show(-1, word), tuple(steps), tuple(symbols), idea)


def _first_symbols(rules: TokenizerRules, word: str, vocabulary: dict[str, int]) -> list[str]:
    symbols: list[str] = []
    unknown = rules.description["model"].get("unk_token")
    for character in word:
        if character in vocabulary:
            symbols.append(character)
        elif rules.description["model"].get("byte_fallback"):
            symbols += [f"<0x{byte:02X}>" for byte in character.encode()]
        elif unknown:
            symbols.append(unknown)
    return symbols


def _split_unigram(rules: TokenizerRules, word: str) -> Split:
    """The split whose pieces are likeliest together. Source: Kudo 2018; the best paths by dynamic programming."""
    scores = rules.log_probabilities
    floor = min(scores.values()) - 10.0
    best = _best_paths(word, scores, floor, 3)
    steps = tuple(
        SplitStep(
            tuple(rules.show(-1, piece) for piece in pieces),
            " + ".join(f"{scores.get(piece, floor):.2f}" for piece in pieces) + f" = {total:.2f}",
            round(total, 4),
        )
        for total, pieces in best
    )
    idea = (
        "Unigram adds up the log-probabilities of the pieces of every possible split; the highest sum wins (first row)."
    )
    return Split(rules.algorithm, rules.show(-1, word), steps, best[0][1], idea)


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
