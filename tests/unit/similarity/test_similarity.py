"""Losses equal the model's own, whatever the batch and padding; words are checked kindly."""

from __future__ import annotations

import math
import types

import pytest
import torch
import transformers as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from playground.errors import EmptyInputError, InputError, InputTooLongError
from playground.similarity import word_loss as similarity
from playground.similarity.request import DEFAULT_TEMPLATE
from playground.similarity.word_loss import Scorer

WORDS = ["the", "man", "woman", "animal", "lamp", "doctor", "nurse", "king", "queen", "big", "old"]
PIECES = {piece: number for number, piece in enumerate(["<pad>", "</s>", "<unk>", *WORDS])}
TARGETS = ["man", "woman", "big old king", "animal", "the doctor", "queen big old the lamp"]


def make_tokenizer(end: bool) -> tf.PreTrainedTokenizerFast:
    backend = Tokenizer(models.WordLevel(PIECES, unk_token="<unk>"))
    backend.pre_tokenizer = pre_tokenizers.Whitespace()
    if end:
        backend.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    names = {"pad_token": "<pad>", "eos_token": "</s>", "unk_token": "<unk>"}
    return tf.PreTrainedTokenizerFast(tokenizer_object=backend, **names)


def make_model(kind: str) -> torch.nn.Module:
    torch.manual_seed(0)
    size = len(PIECES)
    two_sided = {
        "vocab_size": size,
        "d_model": 32,
        "encoder_layers": 2,
        "decoder_layers": 2,
        "encoder_attention_heads": 4,
        "decoder_attention_heads": 4,
        "encoder_ffn_dim": 64,
        "decoder_ffn_dim": 64,
        "pad_token_id": 0,
        "bos_token_id": 1,
        "eos_token_id": 1,
        "decoder_start_token_id": 1,
        "max_position_embeddings": 64,
        "forced_eos_token_id": None,
    }
    t5 = {"d_model": 32, "d_kv": 8, "d_ff": 64, "num_layers": 2, "num_heads": 4, "decoder_start_token_id": 0}
    gpt2 = {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 64}
    llama = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4}
    llama |= {"num_key_value_heads": 2}
    ends = {"vocab_size": size, "pad_token_id": 0, "eos_token_id": 1, "bos_token_id": 1}
    model = {
        "t5": lambda: tf.T5ForConditionalGeneration(tf.T5Config(**ends, **t5)),
        "bart": lambda: tf.BartForConditionalGeneration(tf.BartConfig(**two_sided)),
        "mbart": lambda: tf.MBartForConditionalGeneration(tf.MBartConfig(**two_sided)),
        "marian": lambda: tf.MarianMTModel(tf.MarianConfig(**two_sided)),
        "pegasus": lambda: tf.PegasusForConditionalGeneration(tf.PegasusConfig(**two_sided)),
        "gpt2": lambda: tf.GPT2LMHeadModel(tf.GPT2Config(**ends, **gpt2)),
        "llama": lambda: tf.LlamaForCausalLM(tf.LlamaConfig(**ends, **llama)),
    }[kind]()
    return model.eval().requires_grad_(False)


def make_scorer(kind: str, template: str = DEFAULT_TEMPLATE) -> Scorer:
    causal = kind in ("gpt2", "llama")
    key = types.SimpleNamespace(task=similarity.CAUSAL if causal else similarity.SEQ2SEQ)
    spec = types.SimpleNamespace(title=kind)
    loaded = types.SimpleNamespace(model=make_model(kind), tokenizer=make_tokenizer(not causal), key=key, spec=spec)
    return Scorer(loaded, template)


@pytest.mark.parametrize("kind", ["t5", "bart", "mbart", "marian", "pegasus"])
@pytest.mark.parametrize("chunk_bytes", [1, similarity.CHUNK_BYTES])
def test_seq2seq_losses_are_those_of_the_article(kind, chunk_bytes, monkeypatch):
    monkeypatch.setattr(similarity, "CHUNK_BYTES", chunk_bytes)
    scorer = make_scorer(kind)
    sources, tokenizer = ["", *TARGETS], scorer.tokenizer
    found = [row for _, rows in scorer.sums(sources, TARGETS) for row in rows]
    for source, row in zip(sources, found, strict=True):
        for target, total in zip(TARGETS, row, strict=True):
            input_ids = tokenizer(source, return_tensors="pt").input_ids
            labels = tokenizer(target, return_tensors="pt").input_ids
            expected = scorer.model(input_ids=input_ids, labels=labels).loss.item()
            assert total / labels.shape[1] == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("kind", ["gpt2", "llama"])
@pytest.mark.parametrize("chunk_bytes", [1, similarity.CHUNK_BYTES])
def test_causal_losses_are_those_of_the_continuation(kind, chunk_bytes, monkeypatch):
    monkeypatch.setattr(similarity, "CHUNK_BYTES", chunk_bytes)
    scorer = make_scorer(kind, "the {source} big old {target}")
    sources, tokenizer = ["", *TARGETS], scorer.tokenizer
    found = [row for _, rows in scorer.sums(sources, TARGETS) for row in rows]
    for source, row in zip(sources, found, strict=True):
        for target, total in zip(TARGETS, row, strict=True):
            prompt = tokenizer(f"the {source} big old").input_ids
            full = tokenizer(f"the {source} big old {target}").input_ids
            labels = torch.tensor([[-100] * len(prompt) + full[len(prompt) :]])
            expected = scorer.model(input_ids=torch.tensor([full]), labels=labels).loss.item()
            assert total / (len(full) - len(prompt)) == pytest.approx(expected, abs=1e-5)


def test_pieces_show_probabilities_that_make_the_loss():
    scorer = make_scorer("t5")
    [pieces] = scorer.piece_losses("man", ["big old king"])
    assert [token_id for token_id, _ in pieces] == scorer.tokenizer("big old king").input_ids
    loss = similarity._word_loss(scorer.loaded, "man", "big old king", pieces)
    assert loss.perplexity == pytest.approx(math.exp(-sum(math.log(p.probability) for p in loss.pieces) / len(pieces)))


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.lists(st.sampled_from(WORDS), min_size=1, max_size=6).map(" ".join), min_size=2, max_size=8, unique=True
    )
)
def test_a_loss_does_not_depend_on_its_company(targets):
    scorer = SHARED
    together = scorer.piece_losses("man", targets)
    for target, pieces in zip(targets, together, strict=True):
        [alone] = scorer.piece_losses("man", [target])
        assert [i for i, _ in alone] == [i for i, _ in pieces]
        assert [loss for _, loss in alone] == pytest.approx([loss for _, loss in pieces], abs=1e-5)


SHARED = make_scorer("t5")


@pytest.mark.parametrize(
    ("words", "error", "says"),
    [
        ([], EmptyInputError, "no words"),
        (["", "  "], EmptyInputError, "no words"),
        (["man"], InputError, "only one word"),
        (["man", "man "], InputError, "only one word"),
        ([f"word{i}" for i in range(1000)], InputTooLongError, "1,000 words; 60 fit"),
        (["man", "a" * 5000], InputTooLongError, "5,000 characters"),
        (["man", "\ud83d"], InputError, "lone surrogate"),
    ],
)
def test_words_that_cannot_be_used_are_refused_kindly(words, error, says):
    with pytest.raises(error, match=says):
        similarity.check_words(words, most=60)


def test_repeated_words_count_once_and_are_named():
    words, notes = similarity.check_words(["man", " man", "woman"], most=60)
    assert words == ("man", "woman")
    assert notes == ("Counted once: man.",)


def test_a_word_of_only_unknown_pieces_is_named():
    with pytest.raises(InputError, match="knows no piece of “zebra”"):
        make_scorer("t5").piece_losses("man", ["zebra"])


@pytest.mark.parametrize("template", ["", "{target}", "{source} {source} {target}", "{target} then {source}"])
def test_a_template_that_cannot_work_says_how_it_should_be(template):
    with pytest.raises(InputError, match="must end with"):
        similarity.check_template(template)


def test_spearman_needs_something_to_rank():
    assert similarity.spearman([1, 2], [1, 2]) is None
    assert similarity.spearman([1, 1, 1], [1, 2, 3]) is None
    assert similarity.spearman([1, 2, 3, 4], [4, 3, 2, 1]) == -1.0
