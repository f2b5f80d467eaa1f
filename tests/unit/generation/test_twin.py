"""Two models on one text: every number is that of a plain computation, and what can't be compared is said."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from types import SimpleNamespace

import pytest
import torch

import playground as pg
import playground.generation.twin as module
from playground.config import Settings
from playground.errors import (
    BudgetError,
    BusyError,
    EmptyInputError,
    InputError,
    InputTooLongError,
    UnsupportedOptionError,
)
from playground.generation.engine import Engine
from playground.generation.generate import compare as side_by_side
from playground.generation.generate import generate
from playground.generation.together import keys_of, require_together, same_tokenizer
from playground.generation.twin import MOST_TOKENS, compare, last_of, quantization_twin
from playground.models.catalog import ModelSpec
from playground.models.report import DeviceReport, QuantizationOption, Snapshot
from tabs.generation.twin_format import format_twin
from tests.unit.generation.generation_models import OneModel, tiny_model, tiny_tokenizer

TEXT = "the quick brown fox jumps over the lazy dog and the cat"
SIZES = {"one": 100, "two": 60, "large": 900}


class TwoModels:
    """A stand-in for `ModelManager` that lends tiny models by their ids, with 200 bytes to give."""

    def __init__(self, budget: int = 200, **models: tuple) -> None:
        self.settings, self.budget, self.held, self.most_held = Settings(), budget, [], 0
        self.one = {name: OneModel(*both) for name, both in models.items()}
        for name, one in self.one.items():
            one.loaded.spec = ModelSpec(name, "text-generation", "folder", "/tiny", title=name.title())
            one.loaded.measured_bytes = SIZES[name]

    def spec(self, model_id, task):
        return self.one[model_id or "one"].loaded.spec

    def tokenizer(self, model_id):
        return self.one[model_id].loaded.tokenizer

    def snapshot(self):
        return Snapshot((), (DeviceReport("cpu", "cpu", 0, self.budget, 0, 0),))

    def pretrained(self, model_id, task, quantization):
        return SimpleNamespace(quantization={"auto": "float32"}.get(quantization, quantization))

    def quantizations(self, model_id, task):
        return (QuantizationOption("float32", True, "", SIZES[model_id]),)

    @contextmanager
    def lease(self, model_id, task, quantization="auto"):
        self.held.append(model_id)
        self.most_held = max(self.most_held, len(set(self.held)))
        try:
            yield self.one[model_id].loaded
        finally:
            self.held.remove(model_id)


@pytest.fixture(scope="module")
def two():
    tokenizer = tiny_tokenizer()
    first = tiny_model("llama", len(tokenizer))
    second = tiny_model("llama", len(tokenizer))
    with torch.no_grad():
        for weight in second.parameters():
            weight.add_(0.05 * torch.randn(weight.shape, generator=torch.Generator().manual_seed(3)))
    return TwoModels(one=(first, tokenizer), two=(second, tokenizer))


def asked(**changes) -> pg.TwinRequest:
    given = {"text": TEXT, "model_id": "one", "other_model_id": "two", "other_quantization": "float32"}
    return pg.TwinRequest(**given | {"max_new_tokens": 12} | changes)


def test_every_number_is_that_of_a_plain_computation(two):
    result = last_of(quantization_twin(two, asked()))
    models = [two.one[name].loaded.model for name in ("one", "two")]
    ids = two.tokenizer("one")(TEXT, return_tensors="pt").input_ids
    with torch.inference_mode():
        p, q = (model(ids).logits[0, :-1].double().softmax(-1) for model in models)
    following = ids[0, 1:]
    assert [one.token_id for one in result.tokens] == following.tolist()
    assert len(result.start) == 1 and "".join(result.start + tuple(one.piece for one in result.tokens)) == TEXT
    changed = 0
    for place, token in enumerate(result.tokens):
        kl = (p[place] * (p[place].log() - q[place].log())).sum()
        assert token.kl_divergence == pytest.approx(float(kl), abs=1e-6)
        assert token.probability == pytest.approx(float(p[place, following[place]]), abs=1e-6)
        assert token.other_probability == pytest.approx(float(q[place, following[place]]), abs=1e-6)
        best = [int(one[place].argmax()) for one in (p, q)]
        assert token.changed == (best[0] != best[1])
        assert (token.best == token.other_best) != token.changed
        assert token.best_probability == pytest.approx(float(p[place].max()), abs=1e-6)
        assert token.other_best_probability == pytest.approx(float(q[place].max()), abs=1e-6)
        changed += token.changed
    assert 0 < changed < len(result.tokens)  # the two differ enough to be told apart
    assert result.changed_share == pytest.approx(changed / len(result.tokens))
    assert result.mean_kl_divergence == pytest.approx(sum(one.kl_divergence for one in result.tokens) / len(following))
    for side, chances in ((result.first, p), (result.second, q)):
        loss = -chances[range(len(following)), following].log().mean()
        assert side.perplexity == pytest.approx(float(loss.exp()), rel=1e-6)
        assert side.reading_tokens_per_second > 0 and side.measured_bytes == SIZES[side.model_id]


def test_what_is_lost_by_a_copy_that_was_rounded_before_is_said_to_be_that(two, monkeypatch):
    assert not last_of(quantization_twin(two, asked(max_new_tokens=0))).notes
    monkeypatch.setattr(module, "rounding_of", lambda spec: "This copy was rounded." if spec.id == "two" else "")
    [note] = last_of(quantization_twin(two, asked(max_new_tokens=0))).notes
    assert note == "Two: This copy was rounded. So this measures what fewer bits cost this copy."


def test_replies_are_greedy_and_part_where_their_tokens_do(two):
    result = last_of(quantization_twin(two, asked()))
    ids = two.tokenizer("one")(TEXT, return_tensors="pt").input_ids
    replies = []
    for side in (result.first, result.second):
        model = two.one[side.model_id].loaded.model
        plain = model.generate(ids, attention_mask=torch.ones_like(ids), do_sample=False, max_new_tokens=12)
        replies.append(plain[0, ids.shape[1] :].tolist())
        assert list(side.reply.token_ids) == replies[-1] and len(side.reply.pieces) == len(replies[-1])
    pairs = list(zip(*replies, strict=False))
    assert result.parts_at == next(place for place, (one, other) in enumerate(pairs) if one != other)
    assert two.held == [] and two.most_held == 2
    alone = last_of(quantization_twin(two, asked(max_new_tokens=0)))
    assert alone.first.reply is None and alone.parts_at is None


def test_a_model_beside_itself_is_the_same(two):
    same = last_of(quantization_twin(two, asked(other_model_id=None)))
    assert same.mean_kl_divergence == 0 and same.changed_share == 0 and same.parts_at is None
    assert format_twin(same).verdict.endswith("Every distribution of the text is the same.")
    assert format_twin(same).parting == "Both go on with the same tokens to the end."


def test_probabilities_of_nothing_are_no_obstacle():
    """A token that one model rules out, as far as its numbers go, leaves every divergence a number."""
    first = torch.tensor([[0.0, 1.0, -60000.0]])
    second = torch.tensor([[1.0, 0.0, -1000.0]])
    apart = compare(first.half(), second.half(), torch.tensor([0]))
    p, q = (torch.tensor(logits, dtype=torch.float64).softmax(-1) for logits in ([0.0, 1.0], [1.0, 0.0]))
    assert float(apart.kl_divergence) == pytest.approx(float((p * (p / q).log()).sum()), abs=1e-6)


def test_the_page_says_it_in_sentences(two):
    shown = format_twin(last_of(quantization_twin(two, asked())))
    assert shown.verdict.startswith("Two, auto takes 60\u00a0% of the memory of One, auto. Over the text the mean KL ")
    assert "another token is the most probable" in shown.verdict
    assert [len(one.figures) for one in shown.columns] == [len(shown.figures)] * 2 == [4, 4]
    assert "part at the next" in shown.parting or shown.parting == "They part at the first token."


@pytest.mark.parametrize("text", ["", "  \n", None])
def test_no_text_is_said(text):
    with pytest.raises(EmptyInputError, match="no text"):
        pg.TwinRequest(text)


def test_what_is_too_short_or_too_long_is_said(two):
    for text, error in (("a", InputError), ("fox " * (MOST_TOKENS + 1), InputTooLongError)):
        with pytest.raises(error):
            last_of(quantization_twin(two, asked(text=text)))
    with pytest.raises(InputError, match="goes from 0 to"):
        asked(max_new_tokens=-1)
    assert two.held == []


def test_other_tokenizers_and_other_vocabularies_are_refused():
    tokenizer, other = tiny_tokenizer(), tiny_tokenizer()
    other.add_tokens(["zebra"])
    assert same_tokenizer(tokenizer, tiny_tokenizer()) and not same_tokenizer(tokenizer, other)
    first, wider = tiny_model("llama", len(tokenizer)), tiny_model("gpt2", len(tokenizer) + 4)
    with pytest.raises(InputError, match="One and Two have different tokenizers"):
        last_of(quantization_twin(TwoModels(one=(first, tokenizer), two=(wider, other)), asked()))
    with pytest.raises(UnsupportedOptionError, match="choose among"):
        last_of(quantization_twin(TwoModels(one=(first, tokenizer), two=(wider, tokenizer)), asked()))


def test_two_that_do_not_fit_are_refused_before_either_is_loaded():
    tokenizer = tiny_tokenizer()
    models = {name: (tiny_model("llama", len(tokenizer)), tokenizer) for name in ("one", "large")}
    manager = TwoModels(budget=950, **models)
    keys = keys_of(manager, [("one", "float32"), ("large", "float32"), ("one", "float32")])
    assert [key.model_id for key in keys] == ["large", "one"]  # one order for everybody, each once
    for public, flag in ((False, ", or raise --memory-budget."), (True, "smaller models.")):
        manager.settings = Settings(public=public)
        needs = r"Side by side they need 1\u00a0kB .*Large in float32 900\u00a0bytes"
        with pytest.raises(BudgetError, match=needs) as refused:
            require_together(manager, keys)
        assert str(refused.value).endswith(flag)
    require_together(manager, keys[:1])
    require_together(manager, keys_of(manager, [("large", "float32"), ("large", "auto")]))  # one and the same copy
    with pytest.raises(BudgetError):
        last_of(quantization_twin(manager, asked(other_model_id="large")))
    assert manager.most_held == 0


def columns(*model_ids: str) -> list[pg.GenerateRequest]:
    return [pg.GenerateRequest("the quick", model_id=one, max_new_tokens=8) for one in model_ids]


def test_columns_of_several_models_are_what_each_gives_alone(two):
    asked = columns("two", "one", "two")
    together = side_by_side(two, asked).results()
    alone = [generate(two, request).result() for request in asked]
    assert [one.finished.token_ids for one in together] == [one.finished.token_ids for one in alone]
    assert together[0].finished.token_ids != together[1].finished.token_ids
    assert [one.request.model_id for one in together] == ["two", "one", "two"]


def test_columns_that_can_not_stand_together_are_refused():
    tokenizer, other = tiny_tokenizer(), tiny_tokenizer()
    other.add_tokens(["zebra"])
    model = tiny_model("llama", len(tokenizer))
    with pytest.raises(InputError, match="different tokenizers"):
        side_by_side(TwoModels(one=(model, tokenizer), two=(model, other)), columns("one", "two"))
    with pytest.raises(BudgetError, match="Side by side"):
        side_by_side(TwoModels(budget=100, one=(model, tokenizer), two=(model, tokenizer)), columns("one", "two"))


def test_when_one_model_has_no_place_nothing_stays_behind(two, monkeypatch):
    wait_until = threading.Event()
    submit = Engine.submit

    def full(engine, streams):
        if streams[0].request.model_id == "two":
            raise BusyError("The line is full.")
        submit(engine, streams)

    monkeypatch.setattr(Engine, "submit", full)
    with pytest.raises(BusyError):
        side_by_side(two, columns("one", "two"))
    for _ in range(100):
        if not two.held:
            break
        wait_until.wait(0.05)
    assert two.held == []
