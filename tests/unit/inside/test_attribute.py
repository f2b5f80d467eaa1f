"""Why this token: sums that add up, occlusion that is a run without the token, and gradients at the text itself."""

from __future__ import annotations

import pytest
import torch

from playground.errors import InputError, UnsupportedOptionError
from playground.inside import attribute as module
from playground.inside.attribute import attribute_next, words_of
from playground.inside.request import AttributeNextRequest
from playground.inside.result import AttributeNextProgress, InsideToken
from tests.unit.inside.inside_models import CAUSAL, OneModel, tiny

IDS = [5, 9, 60, 33, 9, 71]
TEXT = "w5 w9 w60 w33 w9 w71"


def logits_of(model, ids):
    with torch.no_grad():
        return model(input_ids=torch.tensor([ids])).logits[0, -1].double()


def explain(model, text=TEXT, **asked):
    *steps, result = attribute_next(OneModel(model), AttributeNextRequest(text, **asked))
    assert all(isinstance(one, AttributeNextProgress) for one in steps)
    return result


@pytest.mark.parametrize("family", CAUSAL)
@pytest.mark.parametrize("contrast", [None, 17])
def test_the_three_methods_are_what_they_say(family, contrast):
    model = tiny(*CAUSAL[family][:2], strength=2)  # gentle enough for a sum of 200 steps
    result = explain(model, token_id=42, contrast_token_id=contrast, n_steps=200)
    gradient, integrated, occlusion = result.methods

    def score(ids):
        logits = logits_of(model, ids)
        return float(logits[42] - (logits[contrast] if contrast else 0))

    assert result.explained == pytest.approx(score(IDS), abs=1e-4)
    with torch.no_grad():
        start = model.get_input_embeddings()(torch.tensor([IDS]))
        start[:, 1:] = model.get_input_embeddings()(torch.arange(100)).mean(0)
        empty = model(inputs_embeds=start).logits[0, -1]
    assert result.neutral == pytest.approx(float(empty[42] - (empty[contrast] if contrast else 0)), abs=1e-4)
    assert integrated.delta == pytest.approx(sum(integrated.values) - (score(IDS) - result.neutral), abs=1e-3)
    assert integrated.values[0] == 0, "the first token stays"
    assert abs(integrated.delta) < 0.02 * max(1.0, abs(result.explained - result.neutral))
    without = [score(IDS) - score(IDS[:n] + IDS[n + 1 :]) for n in range(6)]
    assert occlusion.values == pytest.approx(without, abs=1e-4)
    embedded = model.get_input_embeddings()(torch.tensor([IDS])).detach().requires_grad_()
    logits = model(inputs_embeds=embedded).logits[0, -1]
    (logits[42] - (logits[contrast] if contrast else 0)).backward()
    assert gradient.values == pytest.approx((embedded.grad * embedded)[0].sum(-1).tolist(), abs=1e-4)


def test_the_best_token_is_explained_where_none_is_named_and_candidates_are_listed():
    model = tiny(*CAUSAL["llama"][:2])
    result = explain(model, methods=("gradient_x_input",))
    logits = logits_of(model, IDS)
    assert result.target.token_id == int(logits.argmax()) and result.contrast is None and result.neutral is None
    assert [one.token_id for one in result.candidates] == logits.topk(20).indices.tolist()
    assert result.target.probability == pytest.approx(float(logits.softmax(-1).max()), abs=1e-5)


def test_pieces_are_joined_to_words_and_a_word_is_left_out_as_a_whole(monkeypatch):
    pieces = ["<s>", "play", "ground", "s", " of", "!", "日", "本", " w9"]
    tokens = tuple(InsideToken(n, piece, n == 0) for n, piece in enumerate(pieces))
    assert [word.text for word in words_of(tokens)] == ["<s>", "playgrounds", "of", "!", "日", "本", "w9"]
    model = tiny(*CAUSAL["llama"][:2])
    monkeypatch.setattr(module, "words_of", lambda tokens: words_of((*map(_glued, tokens[:2]), *tokens[2:])))
    result = explain(model, methods=("occlusion",), token_id=42)
    assert result.words[0].positions == (0, 1)
    lost = float(logits_of(model, IDS)[42] - logits_of(model, IDS[2:])[42])
    assert result.methods[0].word_values[0] == pytest.approx(lost, abs=1e-4)


def _glued(token):
    return InsideToken(token.token_id, token.piece.strip(), token.special)


def test_a_long_text_says_what_it_covers_and_still_adds_up(monkeypatch):
    monkeypatch.setattr(module, "MAX_COVERED", 4)
    model = tiny(*CAUSAL["gpt2"][:2], strength=2)
    result = explain(model, token_id=42, n_steps=200)
    assert result.first_covered == 2 and "The last 4 are explained" in result.notes[-1]
    for method in result.methods:
        assert method.values[:2] == (0.0, 0.0) and all(method.values[2:])
    difference = result.explained - result.neutral
    assert abs(sum(result.methods[1].values) - difference) < 0.02 * max(1.0, abs(difference))


def test_stop_keeps_what_is_done():
    model = tiny(*CAUSAL["gpt2"][:2])
    seen: list[AttributeNextProgress] = []
    run = attribute_next(OneModel(model), AttributeNextRequest(TEXT), lambda: len(seen) > 1)
    seen += [next(run), next(run)]  # type: ignore[list-item]  # progress comes first
    *_, result = run
    done = [one.method for one in result.methods]
    assert done == ["gradient_x_input", "integrated_gradients"] and result.stopped, "occlusion was stopped"
    assert seen[0] == AttributeNextProgress("gradient_x_input", 0, 1)


def test_nobody_else_sees_the_exchanged_embeddings():
    model = tiny(*CAUSAL["llama"][:2])
    before = logits_of(model, IDS)
    run = attribute_next(OneModel(model), AttributeNextRequest(TEXT))
    next(run)
    assert torch.equal(logits_of(model, IDS), before)
    assert not any(one._forward_hooks for one in model.modules())
    run.close()  # type: ignore[attr-defined]  # a generator


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"token_id": 5, "contrast_token_id": 5}, "compared with itself"),
        ({"methods": ("lime",)}, "no method"),
        ({"n_steps": 1}, "2 to 500"),
    ],
)
def test_what_can_not_be_explained_is_said(asked, said):
    with pytest.raises(InputError, match=said):
        explain(tiny(*CAUSAL["llama"][:2]), **asked)


def test_a_model_without_gradients_says_so():
    model = tiny(*CAUSAL["llama"][:2])
    plain = model.model.layers[1].forward
    model.model.layers[1].forward = lambda state, *rest, **more: plain(state.detach(), *rest, **more)
    with pytest.raises(UnsupportedOptionError, match="Look at another method"):
        explain(model, methods=("gradient_x_input",))
    assert explain(model, methods=("occlusion",)).methods[0].values[0] != 0
