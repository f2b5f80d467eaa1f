"""How many tokens fit: a forward pass takes so many and, where positions end, not one more."""

from __future__ import annotations

import pytest
import torch
import transformers

from playground.models.limits import ENDLESS_CONTEXT, MOST_TOKENS, context_length, position_limit, token_limit
from tests.tiny_classifiers import tiny_tokenizer

SMALL = {"vocab_size": 50, "hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 4, "intermediate_size": 32}
BART = {"vocab_size": 50, "d_model": 32, "encoder_layers": 1, "decoder_layers": 1, "encoder_attention_heads": 4}
BART |= {"decoder_attention_heads": 4, "encoder_ffn_dim": 32, "decoder_ffn_dim": 32, "max_position_embeddings": 40}
OPT = {"ffn_dim": 32, "word_embed_proj_dim": 32, "max_position_embeddings": 40}
CONFIGS = {
    "bert": lambda: transformers.BertConfig(**SMALL, max_position_embeddings=40),
    "roberta": lambda: transformers.RobertaConfig(**SMALL, max_position_embeddings=42, pad_token_id=1),
    "mpnet": lambda: transformers.MPNetConfig(**SMALL, max_position_embeddings=42, pad_token_id=1),
    "distilbert": lambda: transformers.DistilBertConfig(
        vocab_size=50, dim=32, hidden_dim=32, n_layers=1, n_heads=4, max_position_embeddings=40
    ),
    "gpt2": lambda: transformers.GPT2Config(vocab_size=50, n_embd=32, n_layer=1, n_head=4, n_positions=40),
    "opt": lambda: transformers.OPTConfig(**SMALL, **OPT),
    "bart": lambda: transformers.BartConfig(**BART),
}


def model_of(config):
    return transformers.AutoModel.from_config(config).eval()


@pytest.mark.parametrize("family", CONFIGS)
def test_positions_end_where_the_table_of_the_model_ends(family):
    """Positions counted from behind the padding's (RoBERTa) or with an offset of two (OPT, BART) are looked through."""
    model = model_of(CONFIGS[family]())
    assert position_limit(model) == 40
    with torch.no_grad():
        model(torch.full((1, 40), 7))
        with pytest.raises((IndexError, RuntimeError)):
            model(torch.full((1, 41), 7))


def test_a_decoder_that_looks_one_position_ahead_takes_one_token_less():
    config = transformers.ProphetNetConfig(
        vocab_size=50, hidden_size=32, num_encoder_layers=1, num_decoder_layers=1, num_encoder_attention_heads=4,
        num_decoder_attention_heads=4, encoder_ffn_dim=32, decoder_ffn_dim=32, max_position_embeddings=42, ngram=2,
        pad_token_id=0,
    )  # fmt: skip
    model = model_of(config)
    assert position_limit(model) == 40
    with torch.no_grad():
        model(torch.full((1, 40), 7), decoder_input_ids=torch.full((1, 40), 7))
        with pytest.raises(IndexError):
            model(torch.full((1, 41), 7), decoder_input_ids=torch.full((1, 41), 7))


@pytest.mark.parametrize(
    "config",
    [
        transformers.XLNetConfig(vocab_size=50, d_model=32, n_layer=1, n_head=4, d_inner=32),
        transformers.T5Config(vocab_size=50, d_model=32, d_ff=32, d_kv=8, num_layers=1, num_heads=4, n_positions=20),
        transformers.BloomConfig(vocab_size=50, hidden_size=32, n_layer=1, n_head=4, seq_length=20),
        transformers.MambaConfig(vocab_size=50, hidden_size=32, num_hidden_layers=1),
        transformers.FunnelConfig(
            vocab_size=50, d_model=32, n_head=4, d_head=8, d_inner=32, block_sizes=[1], architectures=["FunnelModel"]
        ),
    ],
    ids=lambda config: config.model_type,
)
def test_relative_and_recurrent_models_have_no_end(config):
    """-1 (XLNet), no number, or a number of an older model (T5, BLOOM) is no length."""
    model = model_of(config)
    assert position_limit(model) is None
    assert context_length(model) == ENDLESS_CONTEXT
    assert token_limit(model) == MOST_TOKENS


def test_the_shorter_of_two_tables_counts():
    config = transformers.LEDConfig(**{**BART, "max_position_embeddings": 0}, attention_window=4)
    config.max_encoder_position_embeddings, config.max_decoder_position_embeddings = 64, 32
    assert position_limit(model_of(config)) == 32


def test_a_tokenizer_counts_where_it_says_less():
    model = model_of(CONFIGS["bert"]())
    tokenizer = tiny_tokenizer(max_length=30)
    assert token_limit(model, tokenizer) == 30
    tokenizer.model_max_length = int(1e30)  # what transformers fills in where nobody said a length
    assert token_limit(model, tokenizer) == 40


def test_positions_that_were_stretched():
    rope = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 64, "rope_theta": 10000.0}
    config = transformers.LlamaConfig(**SMALL, num_key_value_heads=4, max_position_embeddings=64, rope_parameters=rope)
    assert context_length(model_of(config)) == 256
