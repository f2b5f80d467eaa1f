"""Losses equal the model's own, whatever the family, the batch and padding; words are checked kindly."""

from __future__ import annotations

import functools
import math
from pathlib import Path

import pytest
import torch
import transformers as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, pre_tokenizers, processors

import playground as pg
from playground.errors import EmptyInputError, InputError, InputTooLongError, UnsupportedOptionError
from playground.models.catalog import ModelSpec
from playground.models.lending import LoadedModel, ModelKey
from playground.similarity import scorer as scoring
from playground.similarity.embedding import embed
from playground.similarity.scorer import Scorer
from playground.similarity.word_loss import CAUSAL, SEQ2SEQ, _word_loss, scorer_of
from playground.similarity.words import before_target, check_pairs, check_template, check_words

WORDS = ["the", "man", "woman", "animal", "lamp", "doctor", "nurse", "king", "queen", "big", "old", "{", "}", "target",
         "source", "one", "two", "three"]  # fmt: skip
PIECES = {piece: number for number, piece in enumerate(["<pad>", "</s>", "<unk>", *WORDS])}
TARGETS = ["man", "woman", "big old king", "animal", "the doctor", "queen big old the lamp", "{target}", "{source}"]
TEMPLATE = "the {source} big old {target}"
SIZE = len(PIECES)
ENDS = {"vocab_size": SIZE, "pad_token_id": 0, "eos_token_id": 1, "bos_token_id": 1}
TWO_SIDED = {
    **ENDS, "d_model": 32, "encoder_layers": 2, "decoder_layers": 2, "encoder_attention_heads": 4,
    "decoder_attention_heads": 4, "encoder_ffn_dim": 64, "decoder_ffn_dim": 64, "decoder_start_token_id": 1,
    "max_position_embeddings": 64, "forced_eos_token_id": None,
}  # fmt: skip
T5 = {**ENDS, "d_model": 32, "d_kv": 8, "d_ff": 64, "num_layers": 2, "num_heads": 4, "decoder_start_token_id": 0}
GPT2 = {**ENDS, "n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 64}
LLAMA = {
    **ENDS, "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4,
    "num_key_value_heads": 2,
}  # fmt: skip
BERT = {key: value for key, value in LLAMA.items() if key != "num_key_value_heads"}
PROPHET = {
    **ENDS, "hidden_size": 32, "encoder_ffn_dim": 64, "decoder_ffn_dim": 64, "num_encoder_layers": 2,
    "num_decoder_layers": 2, "num_encoder_attention_heads": 4, "num_decoder_attention_heads": 4,
    "decoder_start_token_id": 1, "max_position_embeddings": 64,
}  # fmt: skip
FSMT = {key: value for key, value in TWO_SIDED.items() if key != "vocab_size"}
MAKE = {
    "t5": lambda: tf.T5ForConditionalGeneration(tf.T5Config(**T5)),
    "switch": lambda: tf.SwitchTransformersForConditionalGeneration(
        tf.SwitchTransformersConfig(**T5, num_experts=4, num_sparse_encoder_layers=1, num_sparse_decoder_layers=1)
    ),
    "bart": lambda: tf.BartForConditionalGeneration(tf.BartConfig(**TWO_SIDED)),
    "mbart": lambda: tf.MBartForConditionalGeneration(tf.MBartConfig(**TWO_SIDED)),
    "marian": lambda: tf.MarianMTModel(tf.MarianConfig(**TWO_SIDED)),
    "pegasus": lambda: tf.PegasusForConditionalGeneration(tf.PegasusConfig(**TWO_SIDED)),
    "m2m_100": lambda: tf.M2M100ForConditionalGeneration(tf.M2M100Config(**TWO_SIDED)),
    "blenderbot-small": lambda: tf.BlenderbotSmallForConditionalGeneration(tf.BlenderbotSmallConfig(**TWO_SIDED)),
    "prophetnet": lambda: tf.ProphetNetForConditionalGeneration(tf.ProphetNetConfig(**PROPHET)),
    "fsmt": lambda: tf.FSMTForConditionalGeneration(
        tf.FSMTConfig(**FSMT, langs=["en", "de"], src_vocab_size=SIZE, tgt_vocab_size=SIZE)
    ),
    "gpt2": lambda: tf.GPT2LMHeadModel(tf.GPT2Config(**GPT2)),
    "llama": lambda: tf.LlamaForCausalLM(tf.LlamaConfig(**LLAMA)),
    "openai-gpt": lambda: tf.OpenAIGPTLMHeadModel(tf.OpenAIGPTConfig(**GPT2)),
    "bert": lambda: tf.BertLMHeadModel(tf.BertConfig(**BERT)),
    "mbart, its decoder": lambda: tf.MBartForCausalLM(tf.MBartConfig(**TWO_SIDED)),
}
CAUSAL_KINDS = ("gpt2", "llama", "openai-gpt", "bert", "mbart, its decoder")


def make_tokenizer(end: bool) -> tf.PreTrainedTokenizerFast:
    backend = Tokenizer(models.WordLevel(PIECES, unk_token="<unk>"))
    backend.pre_tokenizer = pre_tokenizers.Whitespace()
    if end:
        backend.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    names = {"pad_token": "<pad>", "eos_token": "</s>", "unk_token": "<unk>"}
    return tf.PreTrainedTokenizerFast(tokenizer_object=backend, **names)


def lend(model: torch.nn.Module, kind: str, task: str) -> LoadedModel:
    spec, key = ModelSpec(f"tiny/{kind}", task, "folder", ".", title=kind), ModelKey(f"tiny/{kind}", task)
    model = model.eval().requires_grad_(False)
    return LoadedModel(key, spec, Path(), model, make_tokenizer(task != CAUSAL), "cpu", "float32", 0)


def make_scorer(kind: str, template: str = TEMPLATE) -> Scorer:
    torch.manual_seed(0)
    causal = kind in CAUSAL_KINDS
    return scorer_of(lend(MAKE[kind](), kind, CAUSAL if causal else SEQ2SEQ), template if causal else None)


def sums_of(scorer: Scorer) -> list[tuple[float, ...]]:
    return [row for _, rows in scorer.sums(["", *TARGETS], TARGETS) for row in rows]


@pytest.mark.parametrize(
    ("kind", "way"),
    [
        ("t5", 0), ("bart", 0), ("mbart", 0), ("marian", 0), ("pegasus", 0), ("m2m_100", 0), ("blenderbot-small", 0),
        ("switch", None),
    ],
)  # fmt: skip
@pytest.mark.parametrize("chunk_bytes", [1, scoring.CHUNK_BYTES])
def test_seq2seq_losses_are_those_of_the_article(kind, way, chunk_bytes, monkeypatch):
    monkeypatch.setattr(scoring, "CHUNK_BYTES", chunk_bytes)
    scorer = make_scorer(kind)
    assert way is None or scorer.way == scorer.WAYS[way]
    for source, row in zip(["", *TARGETS], sums_of(scorer), strict=True):
        for target, total in zip(TARGETS, row, strict=True):
            input_ids = scorer.tokenizer(source, return_tensors="pt").input_ids
            labels = scorer.tokenizer(target, return_tensors="pt").input_ids
            expected = scorer.model(input_ids=input_ids, labels=labels).loss.item()
            assert total / labels.shape[1] == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize(("kind", "way"), [("gpt2", 0), ("llama", 0), ("openai-gpt", 1), ("bert", 1)])
@pytest.mark.parametrize("chunk_bytes", [1, scoring.CHUNK_BYTES])
def test_causal_losses_are_those_of_the_continuation(kind, way, chunk_bytes, monkeypatch):
    """GPT-1 has no cache, and BERT's tokens see what stands behind them: both are asked pair by pair."""
    monkeypatch.setattr(scoring, "CHUNK_BYTES", chunk_bytes)
    scorer = make_scorer(kind)
    assert scorer.way == scorer.WAYS[way]
    for source, row in zip(["", *TARGETS], sums_of(scorer), strict=True):
        for target, total in zip(TARGETS, row, strict=True):
            prompt = scorer.tokenizer(f"the {source} big old").input_ids
            full = scorer.tokenizer(f"the {source} big old {target}").input_ids
            labels = torch.tensor([[-100] * len(prompt) + full[len(prompt) :]])
            expected = scorer.model(input_ids=torch.tensor([full]), labels=labels).loss.item()
            assert total / (len(full) - len(prompt)) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("prophetnet", "its loss is not the mean surprise"),
        ("mbart, its decoder", "its loss is not the mean surprise"),
        ("fsmt", "in transformers it stops with ValueError"),
    ],
)
def test_a_family_whose_loss_is_something_else_is_refused_with_the_reason(kind, says):
    with pytest.raises(UnsupportedOptionError, match=says) as caught:
        make_scorer(kind)
    assert caught.value.fix


def test_a_model_without_encoder_is_no_sequence_to_sequence_model():
    with pytest.raises(UnsupportedOptionError, match="no encoder that reads"):
        scorer_of(lend(MAKE["llama"](), "llama", SEQ2SEQ), None)


def test_the_way_is_found_once_for_a_model(monkeypatch):
    scorer = make_scorer("t5")
    monkeypatch.setattr(type(scorer), "plain_loss", lambda *_: pytest.fail("asked again"))
    assert scorer_of(scorer.loaded, None).way == scorer.way


def test_pieces_show_probabilities_that_make_the_loss():
    scorer = make_scorer("t5")
    [pieces] = scorer.piece_losses("man", ["big old king"])
    assert [token_id for token_id, _ in pieces] == scorer.tokenizer("big old king").input_ids
    loss = _word_loss(scorer, "man", "big old king", pieces)
    assert loss.perplexity == pytest.approx(math.exp(-sum(math.log(p.probability) for p in loss.pieces) / len(pieces)))


SHARED = functools.cache(make_scorer)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.lists(st.sampled_from(WORDS), min_size=1, max_size=6).map(" ".join), min_size=2, max_size=8, unique=True
    )
)
def test_a_loss_does_not_depend_on_its_company(targets):
    together = SHARED("t5").piece_losses("man", targets)
    for target, pieces in zip(targets, together, strict=True):
        [alone] = SHARED("t5").piece_losses("man", [target])
        assert [i for i, _ in alone] == [i for i, _ in pieces]
        assert [loss for _, loss in alone] == pytest.approx([loss for _, loss in pieces], abs=1e-5)


@pytest.mark.parametrize("kind", ["bert", "xlnet", "fnet"])
def test_embeddings_are_those_of_each_word_alone(kind):
    """FNet mixes padding into every token, so its words go one by one."""
    torch.manual_seed(0)
    make = {
        "bert": lambda: tf.BertModel(tf.BertConfig(**BERT)),
        "xlnet": lambda: tf.XLNetModel(tf.XLNetConfig(vocab_size=SIZE, d_model=32, n_layer=2, n_head=4, d_inner=64)),
        "fnet": lambda: tf.FNetModel(tf.FNetConfig(**{k: v for k, v in BERT.items() if k != "num_attention_heads"})),
    }
    loaded = lend(make[kind](), kind, "feature-extraction")
    for word, vector in zip(TARGETS, embed(loaded, TARGETS), strict=True):
        hidden = loaded.model(**loaded.tokenizer(word, return_tensors="pt")).last_hidden_state[0].mean(dim=0)
        assert torch.allclose(vector, torch.nn.functional.normalize(hidden, dim=0), atol=1e-4)


def test_a_model_without_hidden_states_for_tokens_has_no_embedding():
    with pytest.raises(UnsupportedOptionError, match="no hidden state for every token"):
        embed(lend(MAKE["llama"](), "llama", "feature-extraction"), ["man"])


@pytest.mark.parametrize(
    ("words", "error", "says"),
    [
        ([], EmptyInputError, "no words"),
        (["", "  "], EmptyInputError, "no words"),
        (["man"], InputError, "only one word"),
        (["man", "man "], InputError, "only one word"),
        (["man woman"], InputError, "Put a comma between"),
        ([f"word{i}" for i in range(1000)], InputTooLongError, "1,000 words; 60 fit"),
        (["man", "a" * 5000], InputTooLongError, "5,000 characters"),
        (["man", "\ud83d"], InputError, "lone surrogate"),
    ],
)
def test_words_that_cannot_be_used_are_refused_kindly(words, error, says):
    with pytest.raises(error, match=says):
        check_words(words, most=60)


def test_repeated_words_count_once_and_are_named():
    words, notes = check_words(["man", " man", "woman"], most=60)
    assert words == ("man", "woman")
    assert notes == ("Counted once: man.",)


def test_a_word_of_only_unknown_pieces_is_named():
    with pytest.raises(InputError, match="knows no piece of “zebra”"):
        make_scorer("t5").check_known(["man", "zebra"])
    with pytest.raises(InputError, match="knows no piece of “zebra”"):
        make_scorer("gpt2").check_known(["zebra"])


def test_a_text_that_is_too_long_is_refused():
    with pytest.raises(InputTooLongError, match=r"tokens for gpt2; 64 fit"):
        make_scorer("gpt2").piece_losses("man", ["big " * 70])


@pytest.mark.parametrize("template", ["", "{target}", "{source} {source} {target}", "{target} then {source}"])
def test_a_template_that_cannot_work_says_how_it_should_be(template):
    with pytest.raises(InputError, match="must end with"):
        check_template(template)


def test_spearman_needs_something_to_rank():
    assert pg.spearman([1, 2], [1, 2]) is None
    assert pg.spearman([1, 1, 1], [1, 2, 3]) is None
    assert pg.spearman([1, 2, 3, 4], [4, 3, 2, 1]) == -1.0


@pytest.mark.parametrize("word", ["{target}", "{source}", "{", "a}b"])
def test_a_word_may_look_like_a_part_of_the_template(word):
    assert before_target("the {source} and {target}", word) == f"the {word} and "


def test_requests_take_what_is_meant():
    assert pg.WordLossRequest("man").words == ("man",)
    assert pg.WordMatrixRequest(["man", "woman"]).words == ("man", "woman")
    assert pg.WordPairsRequest([["man", "woman"]]).pairs == (("man", "woman"),)
    assert hash(pg.WordPairsRequest([["man", "woman"]]))


@pytest.mark.parametrize(
    ("pairs", "error", "says"),
    [
        ([], EmptyInputError, "no pairs"),
        ([("man", "woman"), ("man", " ")], InputError, "Pair 2 is not two words"),
        ([("man", "woman", "child")], InputError, "Pair 1 is not two words"),
        ([("man", "woman")] * 1001, InputTooLongError, "1,001 pairs; 1,000 fit"),
    ],
)
def test_pairs_that_cannot_be_used_are_refused_kindly(pairs, error, says):
    with pytest.raises(error, match=says):
        check_pairs(pairs, most=1_000)
