"""Stop strings end a reply where ``model.generate(stop_strings=...)`` ends it."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import StopStringCriteria

from playground.errors import InputError
from playground.generation.generate import generate
from playground.generation.request import GenerateRequest
from playground.generation.stop_strings import Spelling
from tests.unit.generation.generation_models import OneModel, reference, tiny_model
from tests.unit.generation.tokenizer_kinds import KINDS, of_kind


@pytest.mark.parametrize("kind", KINDS[:6], ids=lambda kind: kind.__name__)
@settings(max_examples=60, deadline=None, derandomize=True)
@given(data=st.data())
def test_the_end_is_found_where_transformers_finds_it(kind, data):
    """For strings cut out of what tokens say, and for any others; also with ids that the tokenizer doesn't know."""
    tokenizer = of_kind(kind)
    ids = data.draw(st.lists(st.integers(0, len(tokenizer) + 2), min_size=1, max_size=12))
    text = tokenizer.decode([one for one in ids if one < len(tokenizer)])
    cut = st.tuples(st.integers(0, len(text)), st.integers(1, 6)).map(lambda pair: text[pair[0] : pair[0] + pair[1]])
    stops = data.draw(st.lists(st.one_of(cut, st.text("the fox<s>/o.é", min_size=1, max_size=3)), max_size=2).map(
        lambda found: [one for one in found if one] or ["e"]
    ))  # fmt: skip
    try:
        criteria = StopStringCriteria(tokenizer, stops)
    except ValueError:
        with pytest.raises(InputError, match="No token of this model"):
            Spelling(tokenizer).stop_strings(stops)
        return
    found = Spelling(tokenizer).stop_strings(stops)
    for length in range(1, len(ids) + 1):
        expected = bool(criteria(torch.tensor([ids[:length]]), None)[0])
        split = data.draw(st.integers(0, length - 1))
        assert found.end(ids[split:length], ids[:split]) is expected, (stops, ids[:length])


@pytest.mark.parametrize(
    "options", [{}, {"num_beams": 3}, {"do_sample": True, "seed": 3}, {"prompt_lookup_num_tokens": 3}]
)
@pytest.mark.parametrize("stop", ["<eos>", "k", "quick bro", "ck", "wn<", "the", ("zz", "x j")])
def test_same_ids_as_generate(tiny, tokenizer, options, stop):
    """A special token as a stop string, one that begins in the prompt, one inside a token, and some that never come."""
    manager = tiny()
    stops = (stop,) if isinstance(stop, str) else stop
    for prompt in ("the quick", "the lazy dog and the q", "fox"):
        request = GenerateRequest(prompt=prompt, max_new_tokens=20, stop_strings=stops, **options)
        assert generate(manager, request).result().finished.token_ids == reference(
            manager.loaded.model, tokenizer, request
        )


def test_special_tokens_stop(tokenizer):
    """A model that says nothing but a special token: the stop string is that token, and it isn't an eos."""
    model = tiny_model("llama", len(tokenizer))
    model.generation_config.eos_token_id = None
    manager = OneModel(model, tokenizer)
    model.lm_head.weight.zero_()  # every logit is 0, and the first id wins: <eos>
    result = generate(manager, GenerateRequest(prompt="the", max_new_tokens=9, stop_strings="<eos>")).result()
    assert result.finished.token_ids == (0,)
    assert result.finished.reason == "stop_string"


def test_a_stop_string_may_begin_in_the_prompt(tiny, tokenizer):
    manager = tiny()
    for prompt in ("the quick", "a", "lazy dog", "fox jumps", "brown"):
        first = generate(manager, GenerateRequest(prompt=prompt, max_new_tokens=1)).result().steps[0]
        if first.piece.startswith("<"):  # bytes that are no letter
            continue
        request = GenerateRequest(prompt=prompt, max_new_tokens=9, stop_strings=prompt[-2:] + first.piece[:1])
        finished = generate(manager, request).result().finished
        assert (finished.reason, len(finished.token_ids)) == ("stop_string", 1)
        assert finished.token_ids == reference(manager.loaded.model, tokenizer, request)
        return
    raise AssertionError("every first token was a byte")
