"""What a model's own generation_config.json adds acts as it does in ``model.generate``, or is said not to."""

import json

import pytest
from transformers import GenerationConfig

from playground.errors import UnsupportedOptionError
from playground.generation.generate import compare, generate, next_token
from playground.generation.receipt import generation_receipt
from playground.generation.request import GenerateRequest
from tests.unit.generation.generation_models import OneModel, held, reference, run_receipt, tiny_model

# Each changes what this model says, some only in the kind of decoding that it is for.
ADDED = (
    {"suppress_tokens": [62, 102]},
    {"begin_suppress_tokens": [62, 267, 272]},
    {"no_repeat_ngram_size": 2},
    {"encoder_no_repeat_ngram_size": 1},
    {"encoder_repetition_penalty": 9.0},
    {"bad_words_ids": [[62], [102, 283]]},
    {"sequence_bias": [[[62], -20.0], [[100], 9.0]]},
    {"eos_token_id": [0, 62, 200], "min_new_tokens": 9},
    {"eos_token_id": [0, 62, 200], "min_length": 12},
    {"forced_eos_token_id": 7},
    {"forced_bos_token_id": 9},
    {"exponential_decay_length_penalty": [2, 1.9]},
    {"remove_invalid_values": True},
    {"renormalize_logits": True},
    {"eos_token_id": [0, 283, 62, 46]},
    {"stop_strings": ["er^", "%", "^^^"]},
    {"watermarking_config": {"bias": 6.0, "seeding_scheme": "selfhash", "context_width": 2}},
    {"typical_p": 0.4},
    {"epsilon_cutoff": 0.05},
    {"eta_cutoff": 0.9},
    {"top_h": 0.2},
    {"repetition_penalty": 3.0, "temperature": 0.1, "top_k": 1, "do_sample": True, "num_beams": 2},
)
STRATEGIES = (
    {},
    {"do_sample": True, "seed": 4, "temperature": 1.3, "top_k": 40, "repetition_penalty": 1.2},
    {"num_beams": 3},
    {"prompt_lookup_num_tokens": 3},
)
ACTS = [one for one in ADDED[:-1] if not {"typical_p", "epsilon_cutoff", "eta_cutoff", "top_h"} & set(one)]
SILENT = ({"remove_invalid_values": True}, {"renormalize_logits": True}, ADDED[-1])
RETURNED = {"return_dict_in_generate": True, "num_return_sequences": 2, "num_beams": 2}


@pytest.fixture(scope="module")
def lent(tokenizer):
    """A manager whose model has a generation config of its own; asks for a new one each time."""

    def lend(**settings):
        model = tiny_model("llama", len(tokenizer))
        model.generation_config = GenerationConfig(**{"eos_token_id": 0, "pad_token_id": 0, **settings})
        return OneModel(model, tokenizer)

    return lend


@pytest.mark.parametrize("added", ADDED, ids=lambda added: next(iter(added)))
def test_same_ids_as_generate_alone_and_together(lent, tokenizer, added):
    manager = lent(**added)
    prompt = "the q" if any(name.startswith("encoder") for name in added) else "the"  # it says "q" itself
    requests = [GenerateRequest(prompt=prompt, max_new_tokens=14, **strategy) for strategy in STRATEGIES]
    together = [result.finished.token_ids for result in compare(manager, requests).results()]
    if added not in SILENT:  # or the test would show nothing
        assert together != [result.finished.token_ids for result in compare(lent(), requests).results()]
    for request, ids in zip(requests, together, strict=True):
        plain = {**vars(request), "prompt_lookup_num_tokens": 0}
        assert ids == reference(manager.loaded.model, tokenizer, GenerateRequest(**plain)), request


@pytest.mark.parametrize("added", ACTS, ids=lambda added: next(iter(added)))
def test_each_of_them_is_said(lent, added):
    """A setting that isn't said would be a surprise; the ids that end a reply are no addition."""
    manager, request = lent(**added), GenerateRequest(prompt="the", max_new_tokens=2)
    started = generate(manager, request).result().started
    names = [name for name in added if name != "eos_token_id"]
    assert [name for name, _ in started.model_settings] == names
    assert all(json.loads(value) is not None for _, value in started.model_settings)
    assert all(any(name in note for note in started.notes) for name in names)
    assert next_token(manager, request).notes == started.notes


def test_what_the_request_decides_is_the_request_s(lent):
    """Its own temperature or beams are the model's wish, and the page has controls for them."""
    started = generate(lent(**ADDED[-1]), GenerateRequest(prompt="the", max_new_tokens=2)).result().started
    assert (started.model_settings, started.notes) == ((), ())


@pytest.mark.parametrize("ignored", [{"guidance_scale": 1.7}, {"max_time": 3.0}, {"token_healing": True}])
def test_what_cannot_act_here_is_said(lent, tokenizer, ignored):
    manager = lent(**ignored)
    request = GenerateRequest(prompt="the", max_new_tokens=6)
    result = generate(manager, request).result()
    assert "isn't applied here" in result.started.notes[0]
    manager.loaded.model.generation_config = GenerationConfig(eos_token_id=0, pad_token_id=0)
    assert result.finished.token_ids == reference(manager.loaded.model, tokenizer, request)


def test_the_next_token_is_the_one_that_generate_takes(lent, tokenizer):
    manager = lent(begin_suppress_tokens=[267, 62], no_repeat_ngram_size=1)
    request = GenerateRequest(prompt="the", max_new_tokens=1)
    best = [one for one in next_token(manager, request).candidates if one.kept]
    assert [one.token_id for one in best] == list(reference(manager.loaded.model, tokenizer, request))


def test_a_config_that_transformers_refuses_is_refused(lent):
    with pytest.raises(UnsupportedOptionError, match=r"generation_config\.json can't be used"):
        generate(lent(bad_words_ids=[[-3]]), GenerateRequest(prompt="the"))


@pytest.mark.filterwarnings("ignore:Unfeasible length")
@pytest.mark.parametrize("settings", [{}, {"prefix_token_ids": (7, 9)}, {"do_sample": True, "seed": 2}])
@pytest.mark.parametrize("added", [*ADDED[:3], ADDED[7], ADDED[15], ADDED[21], {"guidance_scale": 1.7}, RETURNED])
def test_receipts_give_the_same_ids(lent, tokenizer, tmp_path, added, settings):
    manager = lent(**added)
    manager.loaded.model.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    request = GenerateRequest(prompt="the", max_new_tokens=8, **settings)
    finished = generate(manager, request).result().finished
    own_config = manager.loaded.model.generation_config
    receipt = generation_receipt(request, held(tmp_path), finished, own_config=own_config)
    assert run_receipt(receipt.code) == list(finished.token_ids)
