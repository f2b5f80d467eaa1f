"""The receipt of the vocabulary section: which pieces match, and the steps from a word to its pieces."""

from __future__ import annotations

from playground.receipt import Receipt, literal
from playground.tokens.request import SplitRequest, VocabularyRequest
from playground.tokens.rules import TokenizerRules
from playground.tokens.vocabulary import is_added

_WORDPIECE = """pieces, start = [], 0  # the longest piece that the vocabulary knows, from the left, again and again
while start < len(word):
    mark = rules["continuing_subword_prefix"] if start else ""
    fitting = [end for end in range(len(word), start, -1) if mark + word[start:end] in vocabulary]
    if not fitting or len(word) > rules["max_input_chars_per_word"]:
        pieces, start = [rules["unk_token"]], len(word)
    else:
        pieces, start = [*pieces, mark + word[start : fitting[0]]], fitting[0]
    print(pieces)
"""
_BPE = """order = {tuple(pair): rank for rank, pair in enumerate(rules["merges"], start=1)}
FIRST
print(pieces)
while len(pieces) > 1:  # the merge that was learned first is done first, until none fits
    rank, k = min((order.get(pair, len(order) + 1), k) for k, pair in enumerate(zip(pieces, pieces[1:])))
    if rank > len(order):
        break
    pieces[k : k + 2] = [pieces[k] + pieces[k + 1]]
    print(f"merge {rank:,} of {len(order):,}: {pieces}")
"""
_UNIGRAM = """log_probabilities = dict(rules["vocab"])
floor = min(log_probabilities.values()) - 10  # for a character that no piece holds
best = [(0.0, [])]  # the likeliest split of the first characters of the word: of none, of one, of two, ...
for end in range(1, len(word) + 1):
    options = []
    for start in range(end):
        piece, (total, before) = word[start:end], best[start]
        if piece in log_probabilities or len(piece) == 1:
            options.append((total + log_probabilities.get(piece, floor), [*before, piece]))
    best.append(max(options))
log_probability, pieces = best[-1]
print(" + ".join(f"{log_probabilities.get(piece, floor):.2f}" for piece in pieces), "=", round(log_probability, 2))
"""


_ADDED = """word, pieces = text, [text]  # an added token is cut out of a text before the algorithm runs
"""


def vocabulary_receipt(search: VocabularyRequest, split: SplitRequest, source: str, rules: TokenizerRules) -> Receipt:
    """The matches of a search and the replay of a split by these rules."""
    query, word = search.query, split.word.strip()
    code = f"""import json

from transformers import AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained({literal(source)})
vocabulary = tokenizer.get_vocab()
rules = json.loads(tokenizer.backend_tokenizer.to_str())["model"]

query = {literal(query)}  # a part of a piece, as it is stored or as it reads, or an id
matches = [
    (token_id, piece)
    for piece, token_id in vocabulary.items()
    if query in piece
    or query.replace("·", " ") in piece.replace("▁", " ")
    or query.replace("·", " ") in tokenizer.convert_tokens_to_string([piece])
    or query == str(token_id)
]
print(len(matches), "of", len(vocabulary), "pieces match, such as", sorted(matches)[:10])

text, backend = {literal(word)}, tokenizer.backend_tokenizer
normal = backend.normalizer.normalize_str(text) if backend.normalizer else text
word = backend.pre_tokenizer.pre_tokenize_str(normal)[0][0] if backend.pre_tokenizer else normal
print(word, "is split by", rules["type"])
{_ADDED if is_added(rules, word) else _replay(rules)}
print("the tokenizer itself says", tokenizer.tokenize(text))
print(json.dumps({{"size": len(vocabulary), "matches": len(matches), "word": word, "pieces": pieces}}))
"""
    return Receipt("A vocabulary and a split", code)


def _replay(rules: TokenizerRules) -> str:
    """The code of the algorithm."""
    description = rules.description["model"]
    kind = description.get("type") or "BPE"
    if kind != "BPE":
        return {"WordPiece": _WORDPIECE, "Unigram": _UNIGRAM}[kind]
    first = "pieces = [letter for letter in word if letter in vocabulary]  # the smallest pieces"
    if description.get("byte_fallback"):
        first = (
            "pieces = []  # the smallest pieces: characters, or bytes\nfor letter in word:\n"
            '    pieces += [letter] if letter in vocabulary else [f"<0x{byte:02X}>" for byte in letter.encode()]'
        )
    if description.get("ignore_merges"):
        first += "\nif word in vocabulary:\n    pieces = [word]"
    return _BPE.replace("FIRST", first)
