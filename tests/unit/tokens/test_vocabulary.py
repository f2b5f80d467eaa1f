"""The replay of each algorithm ends where the tokenizer itself ends."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from playground.errors import EmptyInputError, UnsupportedOptionError
from playground.models.origin import Origin
from playground.tokens.request import SplitRequest, VocabularyRequest
from playground.tokens.rules import TokenizerShelf, read_rules
from playground.tokens.vocabulary import explain_split, search_vocabulary
from playground.tokens.vocabulary_receipt import vocabulary_receipt

MINILM = "sentence-transformers/all-MiniLM-L6-v2"
SMOLLM = "HuggingFaceTB/SmolLM2-135M-Instruct"
T5 = "playground/word-association"
WORDS = st.text("abcdefghijklmnopqrstuvwxyzABCéß한Жя", min_size=1, max_size=20)


LINES = ["the cat sat on the mat and ate the fish", "hello world, friend of the world", "abc abd abcd bcd aab"] * 10
LETTERS = list("abcdefghijklmnopqrstuvwxyz,")
HEXES = [f"<0x{byte:02X}>" for byte in range(256)]


def trained(model, trainer, before=None, normalizer=None, special=(), **changes):
    """The rules of a small tokenizer trained on three lines; ``changes`` are made in what its file says."""
    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer, tokenizer.normalizer = before or pre_tokenizers.Whitespace(), normalizer
    tokenizer.train_from_iterator(LINES, trainer)
    tokenizer.add_special_tokens(list(special))
    description = json.loads(tokenizer.to_str())
    description["model"] |= changes
    return read_rules(json.dumps(description))


def bpe(size=60, special=("<unk>",), **options):
    return trainers.BpeTrainer(
        vocab_size=size, special_tokens=list(special), initial_alphabet=LETTERS, show_progress=False, **options
    )


BYTES = pre_tokenizers.ByteLevel.alphabet()
UNIGRAM = {"vocab_size": 50, "show_progress": False, "unk_token": "<unk>"}
TINY = {
    "plain BPE": lambda: trained(models.BPE(unk_token="<unk>"), bpe()),
    "BPE without an unknown token": lambda: trained(models.BPE(), bpe(special=())),
    "BPE that fuses unknown characters": lambda: trained(models.BPE(unk_token="<unk>", fuse_unk=True), bpe()),
    "GPT-1 and XLM": lambda: trained(
        models.BPE(unk_token="<unk>", end_of_word_suffix="</w>"), bpe(90, end_of_word_suffix="</w>"),
        pre_tokenizers.BertPreTokenizer(), normalizers.BertNormalizer(),
    ),
    "CLIP": lambda: trained(
        models.BPE(unk_token="<unk>", end_of_word_suffix="</w>"),
        trainers.BpeTrainer(vocab_size=600, initial_alphabet=BYTES, end_of_word_suffix="</w>", special_tokens=["<unk>"],
                            show_progress=False),
        pre_tokenizers.ByteLevel(add_prefix_space=False), normalizers.Lowercase(),
    ),
    "BPE with a mark inside words": lambda: trained(
        models.BPE(unk_token="<unk>", continuing_subword_prefix="##"), bpe(120, continuing_subword_prefix="##")
    ),
    "BPE with both marks": lambda: trained(
        models.BPE(unk_token="<unk>", continuing_subword_prefix="##", end_of_word_suffix="</w>"),
        bpe(120, continuing_subword_prefix="##", end_of_word_suffix="</w>"),
    ),
    "Llama 2": lambda: trained(
        models.BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=True), bpe(330, ["<unk>", *HEXES]),
        pre_tokenizers.Metaspace(),
    ),
    "byte fallback with few bytes": lambda: trained(
        models.BPE(unk_token="<unk>", byte_fallback=True), bpe(60, ["<unk>", *HEXES[0xC0:0xC4], *HEXES[0xA0:0xB0]])
    ),
    "Llama 3": lambda: trained(
        models.BPE(), trainers.BpeTrainer(vocab_size=300, initial_alphabet=BYTES, show_progress=False),
        pre_tokenizers.ByteLevel(add_prefix_space=False), ignore_merges=True,
    ),
    "whole words that no merge makes": lambda: trained(
        models.BPE(unk_token="<unk>"), bpe(), ignore_merges=True, merges=[]
    ),
    "WordPiece": lambda: trained(
        models.WordPiece(unk_token="[UNK]"),
        trainers.WordPieceTrainer(vocab_size=80, special_tokens=["[UNK]"], show_progress=False),
    ),
    "WordPiece that gives long words up": lambda: trained(
        models.WordPiece(unk_token="[UNK]"),
        trainers.WordPieceTrainer(vocab_size=80, special_tokens=["[UNK]"], show_progress=False),
        max_input_chars_per_word=5,
    ),
    "WordLevel": lambda: trained(
        models.WordLevel(unk_token="[UNK]"), trainers.WordLevelTrainer(special_tokens=["[UNK]"], show_progress=False)
    ),
    "Unigram": lambda: trained(
        models.Unigram(), trainers.UnigramTrainer(special_tokens=["<unk>"], **UNIGRAM), pre_tokenizers.Metaspace()
    ),
    "Unigram with byte fallback": lambda: trained(
        models.Unigram(), trainers.UnigramTrainer(special_tokens=["<unk>", *HEXES], **UNIGRAM | {"vocab_size": 320}),
        pre_tokenizers.Metaspace(), byte_fallback=True,
    ),
    "an added token": lambda: trained(models.BPE(unk_token="<unk>"), bpe(), special=["ab", "the"]),
}  # fmt: skip


@pytest.fixture(scope="module")
def tiny():
    shelf = TokenizerShelf(load=lambda model_id: pytest.fail("nothing to load"))
    shelf._rules.update({name: make() for name, make in TINY.items()})
    return shelf


def check_replay(shelf, model_id, word):
    """The explained pieces are those of the tokenizer's own first word."""
    rules = shelf.rules(model_id)
    theirs = rules.backend.encode(word, add_special_tokens=False)
    split = explain_split(shelf, SplitRequest(word, model_id))
    ids = [rules.vocabulary.get(piece, rules.unknown_id) for piece in split.pieces]
    assert ids == [token_id for token_id, number in zip(theirs.ids, theirs.word_ids, strict=True) if number == 0]
    pieces = [piece for piece, number in zip(theirs.tokens, theirs.word_ids, strict=True) if number == 0]
    assert list(split.pieces) == pieces
    shown = tuple(rules.show(rules.vocabulary.get(piece, -1), piece) for piece in split.pieces)
    assert not split.steps or split.steps[0 if rules.algorithm == "Unigram" else -1].pieces == shown


@pytest.mark.parametrize("model_id", [MINILM, SMOLLM, T5])
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(word=WORDS)
def test_the_replay_equals_the_tokenizer(shelf, model_id, word):
    check_replay(shelf, model_id, word)


@pytest.mark.parametrize("kind", TINY)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(word=st.text("abcdefhilmnorstw,éßЖ한👍Ab", min_size=1, max_size=12))
def test_the_replay_of_every_kind_equals_the_tokenizer(tiny, kind, word):
    check_replay(tiny, kind, word)


def test_a_word_of_gpt_1_ends_with_its_mark(tiny):
    split = explain_split(tiny, SplitRequest("cat", "GPT-1 and XLM"))
    assert split.steps[0].pieces == ("c", "a", "t</w>") and split.pieces[-1].endswith("</w>")
    assert "</w>" in split.idea


@pytest.mark.parametrize("model", [models.BPE(dropout=0.5), None])
def test_what_can_not_be_replayed_is_said(model):
    shelf = TokenizerShelf(load=lambda model_id: pytest.fail("nothing to load"))
    if model is None:  # a description that isn't that of the tokenizer: the check at the end sees it
        rules = TINY["plain BPE"]()
        rules.description["model"]["merges"] = []
        shelf._rules["odd"] = rules
    else:
        shelf._rules["odd"] = trained(model, bpe(special=()), dropout=0.5)
    with pytest.raises(UnsupportedOptionError, match="draws lots" if model else "can't be replayed"):
        explain_split(shelf, SplitRequest("the", "odd"))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(word=WORDS)
def test_the_likeliest_split_comes_first_and_its_sum_is_that_of_its_pieces(shelf, word):
    rules = shelf.rules(T5)
    split = explain_split(shelf, SplitRequest(word, T5))
    assert split.steps == tuple(sorted(split.steps, key=lambda step: -step.number))
    scores = dict(rules.description["model"]["vocab"])
    if all(piece in scores for piece in split.pieces):
        assert sum(scores[piece] for piece in split.pieces) == pytest.approx(split.steps[0].number, abs=1e-3)


@pytest.mark.parametrize(("kind", "word"), [
    ("GPT-1 and XLM", "cats"), ("CLIP", "Thé"), ("BPE with both marks", "world"), ("Llama 2", "é👍a"),
        ("byte fallback with few bytes", "ЖéЖ"),
    ("Llama 3", "hello"), ("WordPiece that gives long words up", "friend"), ("WordLevel", "nothing"),
    ("Unigram", "thЖЖe"), ("Unigram with byte fallback", "thЖe"), ("an added token", "abc"),
])  # fmt: skip
def test_the_receipt_of_every_kind_prints_the_same_pieces(tiny, tmp_path, capsys, kind, word):
    rules = tiny.rules(kind)
    PreTrainedTokenizerFast(tokenizer_object=rules.backend).save_pretrained(tmp_path)
    split = SplitRequest(word, kind)
    code = vocabulary_receipt(VocabularyRequest("a", kind), split, Origin(str(tmp_path)), rules).code
    exec(compile(code, "receipt", "exec"), {})
    printed = capsys.readouterr().out
    assert json.loads(printed.splitlines()[-1])["pieces"] == list(explain_split(tiny, split).pieces)
    assert f"makes of the whole {word!r} these: [" in printed  # what is split above may be its first word alone


def test_wordpiece_names_what_it_tried(shelf):
    split = explain_split(shelf, SplitRequest("Playgrounds", MINILM))
    assert split.word == "playgrounds" and split.pieces == ("playground", "##s")
    assert split.steps[0].reason == "“playgrounds” is not in the vocabulary, but “playground” is"


def test_bpe_starts_from_bytes_and_names_its_merges(shelf):
    split = explain_split(shelf, SplitRequest("cats", SMOLLM))
    assert split.steps[0].pieces == ("c", "a", "t", "s")
    ranks = [step.number for step in split.steps[1:]]
    assert split.steps[-1].pieces == ("c", "ats") or len(ranks) == 4 - len(split.pieces)


def test_search_by_piece_and_by_id(shelf):
    page = search_vocabulary(shelf, VocabularyRequest("playground", MINILM))
    assert page.size == 30522 and page.matches >= 1 and page.entries[0].piece == "playground"
    number = page.entries[0].token_id
    assert search_vocabulary(shelf, VocabularyRequest(str(number), MINILM)).entries[0].piece == "playground"
    assert search_vocabulary(shelf, VocabularyRequest(" cat", SMOLLM)).entries[0].piece == "Ġcat"
    assert search_vocabulary(shelf, VocabularyRequest("qqqzzqq", MINILM)).matches == 0
    assert search_vocabulary(shelf, VocabularyRequest("", MINILM, limit=3)).entries[0].piece == "[PAD]"


def test_ranks_and_probabilities_belong_to_their_algorithm(shelf):
    entry = search_vocabulary(shelf, VocabularyRequest(" the", SMOLLM)).entries[0]
    assert entry.rank and entry.log_probability is None
    entry = search_vocabulary(shelf, VocabularyRequest("man", T5)).entries[0]
    assert entry.rank is None and entry.log_probability < 0


def test_no_word_gets_a_kind_message(shelf):
    with pytest.raises(EmptyInputError):
        explain_split(shelf, SplitRequest("  ", MINILM))


def test_an_added_token_is_never_split_and_further_words_are_said(shelf):
    split = explain_split(shelf, SplitRequest("[SEP]", MINILM))
    assert split.pieces == ("[SEP]",) and "added token" in split.idea
    assert "cut into 2 words" in explain_split(shelf, SplitRequest("two words", MINILM)).idea
