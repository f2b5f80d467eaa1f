"""Attributions on tiny random models: they add up, touch nothing shared, and find a word that was made to matter."""

from __future__ import annotations

import threading

import pytest
import torch

from playground.classification.attribution import MAX_TOKENS, attribute
from playground.classification.classify import classify
from playground.classification.perturb import perturb
from playground.classification.request import AttributeRequest, ClassifyRequest, PerturbRequest
from playground.errors import EmptyInputError, InputError, InputTooLongError
from playground.models.neutral import neutral_token_id
from playground.models.private_view import private_view
from tests.tiny_classifiers import FAMILIES, managed, tiny_model, tiny_tokenizer

TEXT = "the film was goodish but i hate it"


@pytest.mark.parametrize("family", FAMILIES)
def test_integrated_gradients_add_up_to_the_difference_of_the_logits(family):
    with managed(family) as manager:
        for label_id in range(3):
            result = attribute(manager, AttributeRequest(TEXT, label_id=label_id, methods=("integrated_gradients",)))
            method = result.methods[0]
            difference = result.logit - result.neutral_logit
            assert sum(method.values) - difference == pytest.approx(method.delta, abs=1e-4)
            assert abs(method.delta) < 0.05 * max(1.0, abs(difference))
            assert sum(method.word_values) == pytest.approx(sum(method.values), abs=1e-5)


@pytest.mark.parametrize("family", FAMILIES)
def test_occlusion_is_the_logit_that_is_lost(family):
    with managed(family) as manager:
        result = attribute(manager, AttributeRequest(TEXT, methods=("occlusion",)))
        one = manager.loaded["tiny"]
        ids = torch.tensor([[token.token_id for token in result.tokens]])
        logits = one.model(input_ids=ids).logits[0]
        position = next(n for n, token in enumerate(result.tokens) if not token.special)
        ids[0, position] = neutral_token_id(one.model, one.tokenizer)
        lost = (logits - one.model(input_ids=ids).logits[0])[result.label_id].item()
        assert result.methods[0].values[position] == pytest.approx(lost, abs=1e-4)
        special = [n for n, token in enumerate(result.tokens) if token.special]
        assert all(result.methods[0].values[n] == 0 for n in special)


def test_gradient_x_input_is_the_gradient_times_the_embedding():
    with managed("bert") as manager:
        result = attribute(manager, AttributeRequest(TEXT, methods=("gradient_x_input",)))
        model = manager.loaded["tiny"].model
        ids = torch.tensor([[token.token_id for token in result.tokens]])
        embedded = model.get_input_embeddings()(ids).detach().requires_grad_()
        model(inputs_embeds=embedded).logits[0, result.label_id].backward()
        expected = (embedded.grad * embedded)[0].sum(-1).tolist()
        assert result.methods[0].values == pytest.approx(expected, abs=1e-5)


def test_pieces_are_merged_into_words_and_pairs_are_told_apart():
    with managed("bert") as manager:
        result = attribute(manager, AttributeRequest("goodish film", "goodish food"))
        words = [word.text for word in result.words if not word.special]
        assert words == ["goodish", "film", "goodish", "food"]
        sizes = [len(word.positions) for word in result.words]
        assert sum(sizes) == len(result.tokens) and max(sizes) == 4
        assert [method.method for method in result.methods] == ["integrated_gradients", "gradient_x_input", "occlusion"]


def test_others_classify_the_same_while_somebody_explains():
    """captum hooks the model it explains: that must be a view of our own, never the model that others use."""
    with managed("bert") as manager:
        expected = [label.logit for label in classify(manager, ClassifyRequest("i love it")).labels]
        wrong, stop = [], threading.Event()

        def others() -> None:
            while not stop.is_set():
                found = [label.logit for label in classify(manager, ClassifyRequest("i love it")).labels]
                if found != pytest.approx(expected, abs=1e-4):
                    wrong.append(found)

        thread = threading.Thread(target=others)
        thread.start()
        results = [attribute(manager, AttributeRequest(TEXT)) for _ in range(3)]
        stop.set()
        thread.join()
        model = manager.loaded["tiny"].model
        assert not wrong
        assert results[0].methods[0].values == pytest.approx(results[1].methods[0].values, abs=1e-5)
        assert all(not module._forward_hooks and not module._forward_pre_hooks for module in model.modules())
        assert all(p.grad is None and not p.requires_grad for p in model.parameters())


def test_the_private_view_shares_the_weights():
    model = tiny_model()
    view = private_view(model)
    theirs = {id(parameter) for parameter in model.parameters()}
    assert all(id(parameter) in theirs for parameter in view.parameters())
    assert view.get_input_embeddings() is not model.get_input_embeddings()


@pytest.mark.parametrize("family", ["bert", "roberta", "llama"])
def test_the_neutral_token_is_never_the_padding(family):
    model, tokenizer = tiny_model(family), tiny_tokenizer(family)
    assert neutral_token_id(model, tokenizer) != model.config.pad_token_id
    tokenizer.mask_token = None
    assert neutral_token_id(model, tokenizer) != model.config.pad_token_id


@pytest.mark.parametrize(
    ("request_", "error"),
    [
        (AttributeRequest(" "), EmptyInputError),
        (AttributeRequest("good", label_id=3), InputError),
        (AttributeRequest("good", methods=("magic",)), InputError),
        (AttributeRequest("good", n_steps=1), InputError),
        (AttributeRequest("good " * 400), InputTooLongError),
    ],
)
def test_what_can_not_be_explained_is_refused_kindly(request_, error):
    with managed("bert", max_length=400, max_position_embeddings=400) as manager:
        with pytest.raises(error) as caught:
            attribute(manager, request_)
        assert caught.value.fix
    assert MAX_TOKENS < 400


def test_a_text_that_is_cut_is_refused_with_the_tokens_that_it_has():
    with (
        managed("bert", max_length=300, max_position_embeddings=300) as manager,
        pytest.raises(InputTooLongError, match="has 1,402 tokens"),
    ):
        attribute(manager, AttributeRequest("good " * 1400))


@pytest.mark.parametrize("action", ["mask", "delete"])
def test_masking_and_deleting_tokens(action):
    with managed("bert") as manager:
        result = perturb(manager, PerturbRequest(ClassifyRequest(TEXT), (2, 3), action))
        one = manager.loaded["tiny"]
        ids = [token.token_id for token in result.tokens]
        mask = one.tokenizer.mask_token_id
        changed = [*ids[:2], mask, mask, *ids[4:]] if action == "mask" else [*ids[:2], *ids[4:]]
        expected = one.model(input_ids=torch.tensor([changed])).logits[0].tolist()
        assert [label.logit for label in result.after] == pytest.approx(expected, abs=1e-5)
        alone = [label.logit for label in classify(manager, ClassifyRequest(TEXT)).labels]
        assert [label.logit for label in result.before] == pytest.approx(alone, abs=1e-5)
        with pytest.raises(InputError):
            perturb(manager, PerturbRequest(ClassifyRequest(TEXT), (0,), action))
        with pytest.raises(InputError):
            perturb(manager, PerturbRequest(ClassifyRequest(TEXT), (99,), action))
