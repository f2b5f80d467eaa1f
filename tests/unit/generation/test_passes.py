"""Models that can't share keys and values, or keep none, are found by trying, and still give the tokens of generate."""

import pytest
import torch
import transformers

from playground.errors import UnsupportedOptionError
from playground.generation.generate import compare, generate, next_token
from playground.generation.passes import UNCACHED, Passes
from playground.generation.receipt import generation_receipt
from playground.generation.request import GenerateRequest
from tests.unit.generation.generation_models import KINDS, OneModel, held, reference, run_receipt, tiny_model

IDS = {"eos_token_id": 0, "bos_token_id": 0, "pad_token_id": 0}
OPTIONS = (
    {}, {"num_beams": 3}, {"do_sample": True, "seed": 3, "top_k": 30}, {"prompt_lookup_num_tokens": 3},
    {"prefix_token_ids": (7, 9, 11)}, {"stop_strings": "q"},
)  # fmt: skip


def other(kind, vocab):
    """A random model of a family that runs in another way than most."""
    torch.manual_seed(0)
    sizes = {"vocab_size": vocab, **IDS}
    if kind == "openai-gpt":  # ignores past_key_values
        config = transformers.OpenAIGPTConfig(n_embd=32, n_layer=2, n_head=4, n_positions=128, **sizes)
    elif kind == "xlnet":  # keeps hidden states
        config = transformers.XLNetConfig(d_model=32, n_layer=2, n_head=4, d_inner=64, **sizes)
    elif kind == "rwkv":  # keeps one state
        config = transformers.RwkvConfig(hidden_size=32, num_hidden_layers=2, context_length=128, **sizes)
    elif kind == "mamba":  # keeps states in a cache of another kind
        config = transformers.MambaConfig(hidden_size=32, num_hidden_layers=2, state_size=8, **sizes)
    else:  # counts positions from the left edge, padding included
        config = transformers.BartConfig(
            d_model=32, decoder_layers=2, decoder_attention_heads=4, decoder_ffn_dim=64, max_position_embeddings=128,
            is_decoder=True, is_encoder_decoder=False, forced_eos_token_id=None, **sizes,
        )  # fmt: skip
    model = transformers.AutoModelForCausalLM.from_config(config).eval().requires_grad_(False)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if weight.dim() > 1 and "norm" not in name:
                weight.copy_(torch.randn_like(weight) * 0.3)
    return model


@pytest.fixture(scope="module")
def lent(tokenizer):
    made = {}

    def lend(kind):
        made.setdefault(kind, OneModel(other(kind, len(tokenizer)), tokenizer))
        return made[kind]

    return lend


@pytest.mark.parametrize("kind", KINDS)
def test_most_models_share_a_padded_table(tiny, kind):
    passes = Passes(tiny(kind).loaded.model)
    assert passes.cached and passes.padded and passes.bytes_per_token and not passes.note


@pytest.mark.parametrize("kind", ["openai-gpt", "rwkv", "mamba"])
def test_models_that_keep_no_keys_and_values_read_the_whole_text(lent, tokenizer, kind):
    manager = lent(kind)
    model = manager.loaded.model
    requests = [GenerateRequest(prompt="the quick", max_new_tokens=10, **options) for options in OPTIONS[:4]]
    requests += [GenerateRequest(prompt="fox the", max_new_tokens=10)]
    results = [result for four in (requests[:4], requests[4:]) for result in compare(manager, four).results()]
    for request, result in zip(requests, results, strict=True):
        assert UNCACHED in result.started.notes
        assert not result.finished.use_cache
        assert result.finished.token_ids == reference(model, tokenizer, request, use_cache=False), request
    assert manager.engine.nbytes == manager.engine.reserved_bytes == 0


def test_a_model_that_counts_padding_shares_no_pass(lent, tokenizer):
    manager = lent("bart")
    requests = [GenerateRequest(prompt="the quick", max_new_tokens=10, **options) for options in OPTIONS[:3]]
    requests += [GenerateRequest(prompt="the lazy dog and the fox", max_new_tokens=10)]
    results = compare(manager, requests).results()
    assert manager.engine.passes.cached and not manager.engine.passes.padded
    for request, result in zip(requests, results, strict=True):
        assert result.started.notes == ()
        assert result.finished.token_ids == reference(manager.loaded.model, tokenizer, request), request


@pytest.mark.parametrize("kind", ["openai-gpt", "mamba", "bart"])
def test_the_next_token_after_a_long_prompt(lent, tokenizer, kind):
    """More tokens than one pass reads."""
    manager, prompt = lent(kind), "the lazy dog and the quick cat jumps over the fox " * 9
    ids = tokenizer(prompt, return_tensors="pt").input_ids
    assert ids.shape[1] > 96
    logits = manager.loaded.model(ids).logits[0, -1]
    best = next_token(manager, GenerateRequest(prompt=prompt)).candidates
    assert [one.token_id for one in best[:5]] == logits.topk(5).indices.tolist()
    assert best[0].logit == pytest.approx(float(logits.max()), abs=1e-4)


@pytest.mark.parametrize("options", OPTIONS)
def test_receipts_of_such_models_give_the_same_ids(lent, tokenizer, tmp_path, options):
    manager = lent("openai-gpt")
    manager.loaded.model.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    request = GenerateRequest(prompt="the quick", max_new_tokens=8, **options)
    finished = generate(manager, request).result().finished
    assert run_receipt(generation_receipt(request, held(tmp_path), finished).code) == list(finished.token_ids)


def test_an_encoder_decoder_is_refused_with_its_reason(tokenizer):
    config = transformers.BartConfig(d_model=32, encoder_layers=1, decoder_layers=1, vocab_size=len(tokenizer), **IDS)
    model = transformers.BartForConditionalGeneration(config).eval()
    with pytest.raises(UnsupportedOptionError, match="BartForConditionalGeneration is an encoder-decoder"):
        generate(OneModel(model, tokenizer), GenerateRequest(prompt="the"))


def test_a_model_whose_generate_can_not_be_repeated_is_refused(lent):
    """XLNet goes on from hidden states that it computed without the newer tokens."""
    with pytest.raises(UnsupportedOptionError, match="in a way of its own"):
        generate(lent("xlnet"), GenerateRequest(prompt="the"))


def test_a_model_that_fails_is_refused_with_its_reason(tokenizer, monkeypatch):
    model = tiny_model("llama", len(tokenizer))
    monkeypatch.setattr(model, "forward", lambda **_: 1 / 0)
    with pytest.raises(UnsupportedOptionError, match="next token: in transformers it stops with ZeroDivisionError"):
        generate(OneModel(model, tokenizer), GenerateRequest(prompt="the"))


def test_half_precision_still_shares(tokenizer):
    """Rounding is no other answer."""
    for kind in KINDS:
        passes = Passes(tiny_model(kind, len(tokenizer)).to(torch.bfloat16))
        assert passes.cached and passes.padded


@pytest.mark.parametrize("options", [{}, {"do_sample": True, "seed": 3}, {"num_beams": 3}])
def test_a_model_that_is_loaded_meanwhile_changes_nothing(tiny, options):
    """``from_pretrained`` makes the other one's dtype torch's own while it builds it, in all threads."""
    request = GenerateRequest(prompt="the", max_new_tokens=5, **options)
    before = generate(tiny("llama"), request).result()
    dtype = torch.get_default_dtype()
    torch.set_default_dtype(torch.float16)
    try:
        meanwhile = generate(tiny("llama"), request).result()
    finally:
        torch.set_default_dtype(dtype)
    assert meanwhile.finished.token_ids == before.finished.token_ids
    assert meanwhile.finished.beams == before.finished.beams
    told = [[(one.probability_before, one.probability_after) for one in run.steps] for run in (before, meanwhile)]
    assert told[0] == told[1]
