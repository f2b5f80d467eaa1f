"""The replay of each algorithm ends where the tokenizer itself ends."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from playground.errors import EmptyInputError
from playground.tokens.request import SplitRequest, VocabularyRequest
from playground.tokens.vocabulary import explain_split, search_vocabulary

MINILM = "sentence-transformers/all-MiniLM-L6-v2"
SMOLLM = "HuggingFaceTB/SmolLM2-135M-Instruct"
T5 = "playground/word-association"
WORDS = st.text("abcdefghijklmnopqrstuvwxyzABCéß한Жя", min_size=1, max_size=20)


@pytest.mark.parametrize("model_id", [MINILM, SMOLLM])
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(word=WORDS)
def test_the_replay_equals_the_tokenizer(shelf, model_id, word):
    backend = shelf.rules(model_id).backend
    theirs = backend.encode(word, add_special_tokens=False)
    first = [piece for piece, number in zip(theirs.tokens, theirs.word_ids, strict=True) if number == 0]
    assert list(explain_split(shelf, SplitRequest(word, model_id)).pieces) == first


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(word=WORDS)
def test_the_likeliest_split_is_what_unigram_takes(shelf, word):
    """As a sum: two splits can be equally likely, and neighbouring unknown characters are fused by the tokenizer."""
    rules = shelf.rules(T5)
    split = explain_split(shelf, SplitRequest(word, T5))
    theirs = rules.backend.encode(word, add_special_tokens=False)
    assert split.steps == tuple(sorted(split.steps, key=lambda step: -step.number))
    if not any(token_id == rules.unknown_id for token_id in theirs.ids):
        scores = dict(rules.description["model"]["vocab"])
        assert sum(scores[piece] for piece in theirs.tokens) == pytest.approx(split.steps[0].number, abs=1e-3)


def test_wordpiece_names_what_it_tried(shelf):
    split = explain_split(shelf, SplitRequest("Playgrounds", MINILM))
    assert split.word == "playgrounds" and split.pieces == ("playground", "##s")
    assert split.steps[0].reason == "not in the vocabulary: “playgrounds”; then “playground” is"


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
