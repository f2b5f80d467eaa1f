"""The receipt of the vocabulary section: which pieces match, and the steps from a word to its pieces."""

from __future__ import annotations

from playground.models.origin import Origin
from playground.receipt import AS_JSON, Receipt, literal
from playground.tokens.request import SplitRequest, VocabularyRequest
from playground.tokens.rules import TokenizerRules
from playground.tokens.vocabulary import is_added

_WORDPIECE = """pieces, start = [], 0  # the longest piece that the vocabulary knows, from the left, again and again
while start < len(word):
    mark = rules["continuing_subword_prefix"] if start else ""
    fitting = [end for end in range(len(word), start, -1) if mark + word[start:end] in known]
    if not fitting or len(word) > rules["max_input_chars_per_word"]:
        pieces, start = [rules["unk_token"]], len(word)
    else:
        pieces, start = [*pieces, mark + word[start : fitting[0]]], fitting[0]
    print(pieces)
"""
_WORDLEVEL = """pieces = [word if word in known else rules["unk_token"]]
"""
_BPE = """order = {tuple(pair): rank for rank, pair in enumerate(rules["merges"], start=1)}
prefix, suffix = rules["continuing_subword_prefix"] or "", rules["end_of_word_suffix"] or ""
pieces, waiting = [], []  # the smallest pieces; an unknown one waits for the next known one
for k, letter in enumerate(word):
    piece = (prefix if k else "") + letter + (suffix if k == len(word) - 1 else "")
    hexes = [f"<0x{byte:02X}>" for byte in piece.encode()]
    if piece in known:
        pieces, waiting = [*pieces, *waiting, piece], []
    elif rules["byte_fallback"] and set(hexes) <= set(known):
        pieces += hexes
    elif rules["unk_token"]:
        pieces, waiting = pieces + (waiting if not rules["fuse_unk"] else []), [rules["unk_token"]]
pieces += waiting
if rules["ignore_merges"] and word in known:
    pieces = [word]
print(pieces)
while len(pieces) > 1:  # the merge that was learned first is done first, until none fits
    rank, k = min((order.get(pair, len(order) + 1), k) for k, pair in enumerate(zip(pieces, pieces[1:])))
    if rank > len(order):
        break
    pieces[k : k + 2] = [pieces[k] + pieces[k + 1].removeprefix(prefix)]
    print(f"merge {rank:,} of {len(order):,}: {pieces}")
"""
_UNIGRAM = """from itertools import groupby

log_probabilities = dict(rules["vocab"])
floor = min(log_probabilities.values()) - 10  # for a character that no piece holds
best = [(0.0, 0, [])]  # the likeliest split of the first characters of the word: of none, of one, of two, ...
for end in range(1, len(word) + 1):
    options = []
    for start in range(end):
        piece, (total, _, before) = word[start:end], best[start]
        if piece in log_probabilities or len(piece) == 1:
            options.append((total + log_probabilities.get(piece, floor), -start, [*before, piece]))
    best.append(max(options))
log_probability, _, path = best[-1]
print(" + ".join(f"{log_probabilities.get(piece, floor):.2f}" for piece in path), "=", round(log_probability, 2))
pieces = []  # neighbouring unknown characters become one piece, or their bytes
for is_known, group in groupby(path, known.__contains__):
    unknown = "" if is_known else "".join(group)
    hexes = [f"<0x{byte:02X}>" for byte in unknown.encode()]
    by_bytes = rules["byte_fallback"] and set(hexes) <= set(known)
    pieces += group if is_known else hexes if by_bytes else [unknown]
"""
_WORD = """normal = backend.normalizer.normalize_str(text) if backend.normalizer else text
word = backend.pre_tokenizer.pre_tokenize_str(normal)[0][0] if backend.pre_tokenizer else normal
known = rules["vocab"] if isinstance(rules["vocab"], dict) else dict(rules["vocab"])
print(word, "is split by", rules["type"])
"""
_ADDED = """# an added token is cut out of a text before the algorithm runs
pieces = tokenizer.tokenize(text)[:1]
"""
_REPLAYS = {"WordPiece": _WORDPIECE, "WordLevel": _WORDLEVEL, "BPE": _BPE, "Unigram": _UNIGRAM}


def vocabulary_receipt(
    search: VocabularyRequest, split: SplitRequest, origin: Origin, rules: TokenizerRules
) -> Receipt:
    """The matches of a search and the replay of a split by these rules."""
    query, word = search.query, split.word.strip()
    code = f"""{origin.lines()}

import json

from transformers import AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained(MODEL{origin.revision_argument})
vocabulary = tokenizer.get_vocab()
rules = json.loads(tokenizer.backend_tokenizer.to_str())["model"]

# %% Pieces that match
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

# %% From a word to its pieces
text, backend = {literal(word)}, tokenizer.backend_tokenizer
{_steps(rules, word)}
print("the tokenizer itself makes of the whole", repr(text), "these:", tokenizer.tokenize(text))

{AS_JSON}
print(json.dumps({{"size": len(vocabulary), "matches": len(matches), "pieces": pieces}}))
"""
    return Receipt("A vocabulary and a split", code)


def _steps(rules: TokenizerRules, text: str) -> str:
    """The code that splits the first word of the text."""
    if is_added(rules, text):
        return _ADDED
    return _WORD + _REPLAYS[rules.description["model"].get("type") or "BPE"]
