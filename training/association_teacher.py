"""What the association model learns from: for every word, a vector of meaning and what people answered when shown it.

Three sources are joined here, none of which is a rating of word pairs:

1. **all-MiniLM-L6-v2** gives every word an embedding (384 numbers, centred and normalised).
2. **The free associations** form a graph: cue -> answer. A random walk on it reaches the answers' answers as well, so
   two words that share their company meet even if nobody answered one with the other. Its positive pointwise mutual
   information, reduced by SVD, is a second vector. A ridge regression from MiniLM guesses it where nobody was asked.
3. **WordNet** says which meanings a word reaches (its synonyms, hypernyms and neighbours): a third vector, reduced and
   filled in the same way. It also extends the vocabulary with the frequent words of its own glosses.

The teacher's closeness is the dot product of two joined vectors. Left out: senses, for a word has one vector.
"""

from __future__ import annotations

import csv
import math
import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from transformers import AutoModel, AutoTokenizer

from training.data import data_files, minilm_folder

WORDNET = Path("/usr/share/wordnet")  # where Debian's package wordnet-base puts it
ASSOCIATIONS = "word-associations/usf_free_association.csv"
WALK_STEPS, WALK_DECAY, WALK_BACK, WALK_SIZE = 4, 0.75, 1.0, 300
HYPERNYM_STRENGTHS = (1.0, 0.8, 0.6, 0.45, 0.3, 0.2)
FEATURE_SHARES = (0.48, 0.37, 0.15)  # of closeness: company in the associations, MiniLM, WordNet
LOG_TOTAL = 3.5  # how far every word may sharpen, see sharpen()
ANSWER_BACK = 0.3  # how much of "doctor -> nurse" also counts as "nurse -> doctor"
PARTS_OF_SPEECH = {"noun": "n", "verb": "v", "adj": "a", "adv": "r"}
ENDINGS = (("ies", "y"), ("es", ""), ("s", ""), ("ing", ""), ("ing", "e"), ("ed", ""), ("ed", "e"))


@dataclass(frozen=True)
class Synset:
    """One meaning in WordNet: the words for it, its relations as (symbol, synset), and its gloss."""

    lemmas: tuple[str, ...]
    relations: tuple[tuple[str, tuple[str, str]], ...]
    gloss: str


@dataclass(frozen=True)
class Teacher:
    """`words` in order of frequency, of which the first `n_pieces` are single pieces.

    `meaning` is (word, feature), rows normalised.
    `answers[i]` holds (pieces, shares) of what people said to word i; the shares sum to at most 1.
    `log_prior` is (piece,): each one's log-probability when nothing was said. `sharpness` is (word,), see sharpen().
    """

    words: list[str]
    n_pieces: int
    meaning: np.ndarray
    answers: dict[int, tuple[np.ndarray, np.ndarray]]
    log_prior: np.ndarray
    sharpness: np.ndarray


def read_associations(data: Path) -> list[tuple[str, str, float]]:
    """Return (cue, answer, share of people who gave it). Raises SystemExit: one line, when the file is not there."""
    (path,) = data_files(data, ASSOCIATIONS)
    with path.open(encoding="utf-8") as file:
        return [
            (row["cue"].lower(), row["target"].lower(), float(row["forward_strength"])) for row in csv.DictReader(file)
        ]


def read_wordnet(folder: Path = WORDNET) -> tuple[dict, dict[str, list]]:
    """Return {(part, offset): Synset} and {word: [(synset key, weight of the sense), ...]}.

    Raises SystemExit: one line, when WordNet is not there.
    """
    if not (folder / "data.noun").is_file():
        raise SystemExit(
            f"No WordNet at {folder}. Install Debian's package wordnet-base, or name its folder with --wordnet."
        )
    synsets: dict[tuple[str, str], Synset] = {}
    senses: dict[str, list] = defaultdict(list)
    tagged = _read_tag_counts(folder / "cntlist.rev")
    for name, part in PARTS_OF_SPEECH.items():
        for line in (folder / f"data.{name}").read_text(encoding="utf-8").splitlines():
            if not line.startswith(" "):
                key, synset = _parse_synset(line, part)
                synsets[key] = synset
        for line in (folder / f"index.{name}").read_text(encoding="utf-8").splitlines():
            if not line.startswith(" "):
                fields = line.split()
                word = fields[0].replace("_", " ")
                for rank, offset in enumerate(fields[6 + int(fields[3]) :]):
                    senses[word].append(((part, offset), tagged[word, part, rank] + 0.5 / (1 + rank)))
    return synsets, dict(senses)


def _parse_synset(line: str, part: str) -> tuple[tuple[str, str], Synset]:
    left, gloss = line.split("|", 1)
    fields = left.split()
    n_words = int(fields[3], 16)
    lemmas = tuple(re.sub(r"\(.*\)", "", word).lower().replace("_", " ") for word in fields[4 : 4 + 2 * n_words : 2])
    first = 5 + 2 * n_words
    pointers = [fields[i : i + 4] for i in range(first, first + 4 * int(fields[first - 1]), 4)]
    relations = tuple((symbol, ("a" if pos == "s" else pos, offset)) for symbol, offset, pos, _ in pointers)
    return (part, fields[0]), Synset(lemmas, relations, gloss.strip())


def _read_tag_counts(path: Path) -> Counter:
    parts = {"1": "n", "2": "v", "3": "a", "4": "r", "5": "a"}
    counts: Counter = Counter()
    for line in path.read_text(encoding="utf-8").splitlines():
        key, sense, count = line.split()
        word, rest = key.split("%")
        counts[word.replace("_", " "), parts[rest[0]], int(sense) - 1] = int(count)
    return counts


def choose_words(associations: list, synsets: dict, senses: dict, n_pieces: int) -> tuple[list[str], int]:
    """Return words in rough order of frequency and how many of the first are to be single pieces of the tokenizer.

    MiniLM's vocabulary is ordered by frequency. A rare name in it stays only if WordNet or the associations know it.
    """
    vocab = (minilm_folder() / "vocab.txt").read_text(encoding="utf-8").splitlines()
    known = {word for cue, answer, _ in associations for word in (cue, answer)} | set(senses)
    whole = [word for word in vocab if re.fullmatch(r"[a-z]{2,}|[ai]", word)]
    frequent = [word for i, word in enumerate(whole) if i < 14_000 or word in known or stem(word, senses)]
    said = Counter(word for cue, answer, _ in associations for word in (cue, answer))
    glossed = Counter(w for synset in synsets.values() for w in re.findall(r"[a-z]{3,}", synset.gloss.lower()))
    tail = Counter({word: 3 * said[word] + glossed[word] for word in set(said) | {w for w in glossed if w in senses}})
    tail_words = [word for word, _ in sorted(tail.items(), key=lambda item: (-item[1], item[0]))]
    single = dict.fromkeys(frequent + [word for word in tail_words if re.fullmatch(r"[a-z]+", word)])
    pieces = list(single)[:n_pieces]
    taken = set(pieces)
    rest = [word for word in dict.fromkeys(tail_words + whole) if word not in taken and (tail[word] > 2 or said[word])]
    plurals = [word + "s" for word in pieces[500:8000] if word in senses and word + "s" not in taken]
    return pieces + list(dict.fromkeys(rest + plurals)), len(pieces)


def stem(word: str, senses: dict) -> str | None:
    """Return the word as WordNet lists it (`dogs` -> `dog`), or None."""
    if word in senses:
        return word
    candidates = (word[: -len(ending)] + other for ending, other in ENDINGS if word.endswith(ending))
    return next((candidate for candidate in candidates if candidate in senses), None)


@torch.inference_mode()
def embed_with_minilm(texts: list[str], batch_size: int = 256) -> np.ndarray:
    """Return one row per text: MiniLM's mean-pooled embedding, centred over all texts and normalised."""
    tokenizer = AutoTokenizer.from_pretrained(minilm_folder())
    model = AutoModel.from_pretrained(minilm_folder()).eval()
    rows = np.zeros((len(texts), model.config.hidden_size), dtype=np.float32)
    order = sorted(range(len(texts)), key=lambda i: len(texts[i]))  # short ones together: less padding
    for first in range(0, len(texts), batch_size):
        chosen = order[first : first + batch_size]
        inputs = tokenizer(
            [texts[i] for i in chosen], padding=True, truncation=True, max_length=32, return_tensors="pt"
        )
        hidden, mask = model(**inputs).last_hidden_state, inputs["attention_mask"][..., None]
        rows[chosen] = ((hidden * mask).sum(1) / mask.sum(1)).numpy()
    rows = normalise(rows)
    return normalise(rows - rows.mean(0))


def fill_gaps(known: np.ndarray, target: np.ndarray, embedded: np.ndarray) -> np.ndarray:
    """Return the target's vectors for every word: guessed where they are missing, steadied by the guess elsewhere."""
    filled = fill_by_ridge(known, target, embedded)
    filled[known] = normalise(target + 0.3 * filled[known])
    return filled


def normalise(rows: np.ndarray) -> np.ndarray:
    return rows / np.maximum(np.linalg.norm(rows, axis=-1, keepdims=True), 1e-9)


def walk_associations(associations: list, index: dict[str, int], seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return (word indices, vectors): a decayed random walk over cue -> answer, as positive PMI, reduced by SVD."""
    nodes = np.array(
        sorted({index[word] for cue, answer, _ in associations for word in (cue, answer) if word in index})
    )
    place = {int(node): i for i, node in enumerate(nodes)}
    graph = torch.zeros(len(nodes), len(nodes))
    for cue, answer, share in associations:
        if cue in index and answer in index:
            graph[place[index[cue]], place[index[answer]]] += share
    graph = graph + WALK_BACK * graph.T
    graph = (graph / graph.sum(1, keepdim=True).clamp(min=1e-9)).to_sparse_csr()
    reached = step = torch.eye(len(nodes))
    for _ in range(WALK_STEPS):
        step = WALK_DECAY * (graph @ step)
        reached = reached + step
    expected = reached.sum(1, keepdim=True) * reached.sum(0, keepdim=True) / reached.sum()
    pmi = torch.log((reached / expected).clamp(min=1.0))
    torch.manual_seed(seed)
    left, scale, _ = torch.svd_lowrank(pmi, q=WALK_SIZE, niter=3)
    return nodes, normalise((left * scale).numpy())


def relate_by_wordnet(words: list[str], synsets: dict, senses: dict, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return (word indices, vectors): the meanings a word reaches in WordNet, rare ones weighing more, reduced by SVD.

    Two words are close when they reach the same meanings: synonyms at once, kinds of one thing by their hypernyms.
    """
    bags: dict[int, dict[tuple[str, str], float]] = {}
    for i, word in enumerate(words):
        known = stem(word, senses)
        if known:
            total = sum(weight for _, weight in senses[known])
            bags[i] = defaultdict(float)
            for key, weight in senses[known][:5]:
                for reached, strength in _reach(key, synsets).items():
                    bags[i][reached] += strength * math.sqrt(weight / total)
    n_reaching = Counter(key for bag in bags.values() for key in bag)
    columns = {key: i for i, key in enumerate(sorted(key for key, n in n_reaching.items() if n > 1))}
    entries = [
        (row, columns[key], strength * math.log(len(bags) / n_reaching[key]))
        for row, bag in enumerate(bags.values())
        for key, strength in bag.items()
        if key in columns
    ]
    where = torch.tensor([entry[:2] for entry in entries]).T
    size = (len(bags), len(columns))
    table = torch.sparse_coo_tensor(
        where, torch.tensor([entry[2] for entry in entries]), size, check_invariants=True
    ).coalesce()
    lengths = torch.zeros(len(bags)).index_add(0, table.indices()[0], table.values() ** 2).sqrt().clamp(min=1e-9)
    table = torch.sparse_coo_tensor(
        table.indices(), table.values() / lengths[table.indices()[0]], size, check_invariants=True
    )
    torch.manual_seed(seed)
    left, scale, _ = torch.svd_lowrank(table.coalesce(), q=WALK_SIZE, niter=2)
    return np.array(list(bags)), normalise((left * scale).numpy())


def _reach(key: tuple[str, str], synsets: dict) -> dict[tuple[str, str], float]:
    """Return how strongly one meaning reaches others: itself 1, each hypernym above it less, its neighbours a half."""
    reached: dict[tuple[str, str], float] = {}
    level = {key}
    for strength in HYPERNYM_STRENGTHS:
        for synset in level:
            reached[synset] = max(reached.get(synset, 0.0), strength)
        level = {target for synset in level for symbol, target in synsets[synset].relations if symbol in ("@", "@i")}
    for symbol, target in synsets[key].relations:
        if symbol not in ("@", "@i", "~", "~i", "!"):
            reached[target] = max(reached.get(target, 0.0), 0.5)
    return reached


def fill_by_ridge(known: np.ndarray, target: np.ndarray, everywhere: np.ndarray, strength: float = 10.0) -> np.ndarray:
    """Return the target's vectors guessed for every word from its embedding, by ridge regression on the known words."""
    source = everywhere[known]
    weights = np.linalg.solve(source.T @ source + strength * np.eye(source.shape[1]), source.T @ target)
    return normalise((everywhere @ weights).astype(np.float32))


def build_teacher(data: Path, wordnet: Path, n_pieces: int, n_features: int, seed: int) -> Teacher:
    """Return everything the student is trained on; about six minutes of one core, mostly embedding and SVD."""
    associations = read_associations(data)
    synsets, senses = read_wordnet(wordnet)
    words, n_pieces = choose_words(associations, synsets, senses, n_pieces)
    index = {word: i for i, word in enumerate(words)}
    print(f"{len(words):,} words, {n_pieces:,} of them single pieces; embedding them with MiniLM", flush=True)
    embedded = embed_with_minilm(words)
    print("walking the associations", flush=True)
    company = fill_gaps(*walk_associations(associations, index, seed), embedded)
    print("relating the words by WordNet", flush=True)
    relations = fill_gaps(*relate_by_wordnet(words, synsets, senses, seed), embedded)
    parts = zip(FEATURE_SHARES, (company, embedded, relations), strict=True)
    joined = np.concatenate([math.sqrt(share) * part for share, part in parts], axis=1)
    meaning = reduce_features(joined, n_pieces, n_features)
    answers, popularity = count_answers(associations, index, n_pieces)
    log_prior = estimate_log_prior(popularity)
    print("sharpening", flush=True)
    return Teacher(words, n_pieces, meaning, answers, log_prior, sharpen(meaning, log_prior))


def reduce_features(joined: np.ndarray, n_pieces: int, n_features: int) -> np.ndarray:
    """Return the rows turned to their main axes and cut, so that their dot products stay as near as they can."""
    _, vectors = np.linalg.eigh(joined[:n_pieces].T @ joined[:n_pieces])
    return normalise(np.ascontiguousarray(joined @ vectors[:, ::-1][:, :n_features], dtype=np.float32))


def estimate_log_prior(popularity: np.ndarray) -> np.ndarray:
    """Return (piece,): its log-probability when nothing was said, by its rank and by how often it is answered."""
    by_rank = (np.arange(len(popularity)) + 300.0) ** -0.8
    return np.log(0.6 * by_rank / by_rank.sum() + 0.4 * popularity).astype(np.float32)


def compare_with_pieces(meaning: torch.Tensor, rows: torch.Tensor, n_pieces: int) -> torch.Tensor:
    """Return (row, piece): closeness. A word is as close to itself as to its nearest: nobody answers with the cue."""
    closeness = meaning[rows] @ meaning[:n_pieces].T
    own = torch.nonzero(rows < n_pieces)[:, 0]
    closeness[own, rows[own]] = -1.0
    closeness[own, rows[own]] = closeness[own].amax(1)
    return closeness


def sharpen(meaning: np.ndarray, log_prior: np.ndarray, chunk: int = 100) -> np.ndarray:
    """Return (word,): the factor on closeness at which log sum(prior * exp(factor * closeness)) is LOG_TOTAL.

    One factor for all would let words with many near neighbours spread their probability thin, and each of those
    neighbours would look less close than the stray best match of a lonely word. Found by Newton's method.
    """
    factors = []
    vectors, prior = torch.tensor(meaning), torch.tensor(log_prior)
    for rows in torch.arange(len(meaning)).split(chunk):
        closeness, factor = compare_with_pieces(vectors, rows, len(prior)), torch.full((len(rows), 1), 10.0)
        for _ in range(5):
            weighted = torch.addcmul(prior, factor, closeness)
            total = weighted.logsumexp(-1, keepdim=True)
            slope = (weighted.sub_(total).exp_() * closeness).sum(-1, keepdim=True).clamp(min=0.05)
            factor = (factor - (total - LOG_TOTAL) / slope).clamp(1.0, 60.0)
        factors.append(factor[:, 0])
    return torch.cat(factors).numpy()


def count_answers(associations: list, index: dict[str, int], n_pieces: int) -> tuple[dict, np.ndarray]:
    """Return what people said to each word, with a little of the way back, and how often each piece was said at all."""
    table: dict[int, Counter] = defaultdict(Counter)
    popularity = np.zeros(n_pieces)
    for cue, answer, share in associations:
        source, target = index.get(cue, -1), index.get(answer, -1)
        if 0 <= target < n_pieces and source >= 0:
            table[source][target] += share
            popularity[target] += share
        if 0 <= source < n_pieces and target >= 0:
            table[target][source] += ANSWER_BACK * share
    answers = {}
    for source, row in sorted(table.items()):
        targets, shares = np.array(list(row), dtype=np.int64), np.array(list(row.values()), dtype=np.float32)
        answers[source] = (targets, shares / max(1.0, shares.sum()))
    return answers, popularity / popularity.sum()
