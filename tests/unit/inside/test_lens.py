"""The logit lens: every layer read out as the family's own code reads out the last one, and the rest refused."""

from __future__ import annotations

from operator import attrgetter

import pytest
import torch

from playground.config import Settings
from playground.errors import EmptyInputError, InputError, InputTooLongError, UnsupportedOptionError
from playground.inside.lens import logit_lens
from playground.inside.readout import Readout
from playground.inside.request import LensRequest
from playground.models.catalog import QUANTIZATIONS, Catalog, ModelSpec
from playground.models.manager import ModelManager
from playground.models.tokenizers import Message
from playground.service import Playground
from playground.wire import from_json, to_json
from tests.tiny_models import make_tokenizer
from tests.unit.inside.inside_models import CAUSAL, GROUPED, MASKED, OLD, SIZES, OneModel, tiny

IDS = [5, 9, 60, 33, 9, 71]
TEXT = "w5 w9 w60 w33 w9 w71"


@torch.no_grad()
def by_hand(model, layer: int, norm: str):
    """``lm_head(final_norm(hidden_states[layer]))``; the last hidden state of transformers is normed already."""
    states = model(input_ids=torch.tensor([IDS]), output_hidden_states=True).hidden_states
    state = states[layer] if layer == len(states) - 1 else attrgetter(norm)(model)(states[layer])
    logits = model.lm_head(state) if hasattr(model, "lm_head") else model.embed_out(state)
    cap = getattr(model.config, "final_logit_softcapping", None)
    return (torch.tanh(logits / cap) * cap if cap else logits)[0]


@pytest.mark.parametrize("family", CAUSAL)
def test_every_layer_is_the_head_on_the_final_norm(family):
    name, sizes, norm = CAUSAL[family]
    model = tiny(name, sizes)
    readout = Readout(model, IDS)
    assert readout.layers == 3
    with torch.no_grad():
        answer = model(input_ids=torch.tensor([IDS])).logits[0]
        found = [readout.logits(layer, range(len(IDS))) for layer in range(4)]
    assert (found[3] - answer).abs().max() <= 1e-5, "the last layer is the model's answer"
    for layer in range(4):
        assert (found[layer] - by_hand(model, layer, norm)).abs().max() <= 1e-5
    assert (found[1] - found[3]).abs().max() > 0.1, "the layers differ, so that the comparison says something"


@pytest.mark.parametrize("family", MASKED)
def test_a_masked_model_is_read_with_its_own_head(family):
    name, sizes, head = MASKED[family]
    model = tiny(name, sizes)
    readout = Readout(model, IDS)
    with torch.no_grad():
        out = model(input_ids=torch.tensor([IDS]), output_hidden_states=True)
        assert (readout.logits(3, range(6)) - out.logits[0]).abs().max() <= 1e-5
        if head:
            second = getattr(model, head)(out.hidden_states[2])[0]
            assert (readout.logits(2, range(6)) - second).abs().max() <= 1e-5


@pytest.mark.parametrize(
    ("name", "sizes", "norm"),
    [
        ("GemmaForCausalLM", {**GROUPED, "head_dim": 8}, "model.norm"),
        ("CohereForCausalLM", GROUPED, "model.norm"),
        ("GPTJForCausalLM", {**OLD, "rotary_dim": 8}, "transformer.ln_f"),
        ("OPTForCausalLM", {**SIZES, "ffn_dim": 64, "word_embed_proj_dim": 16}, ""),
    ],
)
def test_scales_and_projections_behind_the_last_layer_are_the_models_own(name, sizes, norm):
    model = tiny(name, sizes)
    readout = Readout(model, IDS)
    with torch.no_grad():
        answer = model(input_ids=torch.tensor([IDS])).logits[0]
        assert (readout.logits(3, range(6)) - answer).abs().max() <= 1e-5 * answer.abs().max().clamp(min=1)


def test_a_family_that_can_not_be_read_so_is_refused_with_the_reason():
    xlnet = tiny("XLNetLMHeadModel", {"vocab_size": 100, "d_model": 32, "n_layer": 3, "n_head": 4, "d_inner": 64})
    with pytest.raises(UnsupportedOptionError, match="can't be read layer by layer: it"):
        Readout(xlnet, IDS)
    t5 = tiny("T5ForConditionalGeneration", {"vocab_size": 100, "d_model": 32, "d_ff": 64, "d_kv": 8, "num_layers": 2})
    with pytest.raises(UnsupportedOptionError, match="with an encoder and writes with a decoder"):
        logit_lens(OneModel(t5), LensRequest(TEXT))


def test_cells_are_the_distribution_of_each_layer():
    model = tiny(*CAUSAL["gemma2"][:2])
    result = logit_lens(OneModel(model), LensRequest(TEXT, track_token_ids=(7,), top=4))
    assert result.positions == (0, 1, 2, 3, 4, 5) and result.layers == 3
    for layer in range(4):
        logits = by_hand(model, layer, "model.norm")
        shares, logs = logits.softmax(-1), logits.log_softmax(-1)
        for column, cell in enumerate(result.cells[layer]):
            best = shares[column].topk(4)
            assert [one.token_id for one in cell.best] == best.indices.tolist()
            assert [one.probability for one in cell.best] == pytest.approx(best.values.tolist(), abs=1e-5)
            assert cell.entropy_nats == pytest.approx(-(shares[column] * logs[column]).sum().item(), abs=1e-4)
            winner = result.winners[column].token_id
            assert cell.winner_probability == pytest.approx(shares[column, winner].item(), abs=1e-5)
            assert cell.rank == 1 + (shares[column] > shares[column, winner]).sum()
            followed = {track.token_id: track.probabilities[layer] for track in result.tracks[column]}
            assert len(followed) in (3, 4) and followed[7] == pytest.approx(shares[column, 7].item(), abs=1e-5)
    assert from_json(type(result), to_json(result)) == result, "it survives as JSON"


def test_the_model_that_others_use_stays_as_it_is():
    model = tiny(*CAUSAL["llama"][:2])
    before = dict(model.named_modules())
    logit_lens(OneModel(model), LensRequest(TEXT))
    assert dict(model.named_modules()) == before
    assert not any(module._forward_hooks for module in model.modules())


def test_one_layer_of_few_positions_is_all_that_is_held(monkeypatch):
    model = tiny(*CAUSAL["llama"][:2])
    whole = logit_lens(OneModel(model), LensRequest(TEXT))
    held = []
    plain = Readout.logits

    def watched(self, layer, positions):
        held.append(len(positions))
        return plain(self, layer, positions)

    monkeypatch.setattr(Readout, "logits", watched)
    monkeypatch.setattr("playground.inside.lens.MOST_LOGITS", 200)
    parts = logit_lens(OneModel(model), LensRequest(TEXT))
    assert max(held) == 2
    assert [track.token_id for column in parts.tracks for track in column] == [
        track.token_id for column in whole.tracks for track in column
    ]
    assert [[cell.rank for cell in row] for row in parts.cells] == [[cell.rank for cell in row] for row in whole.cells]


def test_a_reply_goes_on_with_its_prompt_and_a_long_text_says_what_is_shown():
    manager = OneModel(tiny("LlamaForCausalLM", {**GROUPED, "max_position_embeddings": 200}))
    both = logit_lens(manager, LensRequest("w5 w9", prefix_token_ids=(60, 33, 9, 71)))
    assert [one.token_id for one in both.tokens] == IDS
    assert both.cells == logit_lens(manager, LensRequest(TEXT)).cells
    long = logit_lens(manager, LensRequest("w5 " * 70))
    assert long.positions == tuple(range(6, 70)) and "reads all 70 tokens" in long.notes[-1]
    one = logit_lens(manager, LensRequest("w5 " * 70, positions=(69,)))
    assert one.positions == (69,)
    assert one.cells[2][0].entropy_nats == pytest.approx(long.cells[2][-1].entropy_nats, abs=1e-5)


def test_a_mask_is_filled():
    tokenizer = make_tokenizer()
    tokenizer.add_special_tokens({"mask_token": "w99"})
    manager = OneModel(tiny(*MASKED["bert"][:2]), "fill-mask", tokenizer)
    result = logit_lens(manager, LensRequest("w5 [MASK] w7", model_id="tiny"))
    assert result.masked and [one.token_id for one in result.tokens] == [5, 99, 7]
    with torch.no_grad():
        answer = manager.model(input_ids=torch.tensor([[5, 99, 7]])).logits[0]
    assert [one.token_id for one in result.winners] == answer.argmax(-1).tolist()
    assert "mask is w99" in result.notes[0]
    with pytest.raises(InputError, match="fills masks"):
        logit_lens(manager, LensRequest("w5 w7", model_id="tiny"))


@pytest.mark.parametrize(
    ("asked", "error", "said"),
    [
        ({"prompt": " "}, EmptyInputError, "no text"),
        ({"prompt": "a\ud800"}, InputError, "half of a character"),
        ({"prompt": "w5", "messages": (Message("user", "hi"),)}, InputError, "a prompt and a chat"),
        ({"prompt": "w5", "top": 11}, InputError, "1 to 10"),
        ({"prompt": "w5", "positions": (1,)}, InputError, "no token 1"),
        ({"prompt": "w5", "prefix_token_ids": (100,)}, UnsupportedOptionError, "the model knows only 0 to 99"),
        ({"prompt": "w5", "track_token_ids": tuple(range(9))}, InputError, "at most 8"),
        ({"prompt": "w5 " * 60, "prefix_token_ids": (5,) * 5}, InputTooLongError, "context holds 64"),
    ],
)
def test_what_can_not_be_looked_at_is_said(asked, error, said):
    manager = OneModel(tiny(*CAUSAL["llama"][:2]))
    with pytest.raises(error, match=said):
        logit_lens(manager, LensRequest(**asked))


def test_numbers_that_are_none_are_refused():
    model = tiny(*CAUSAL["llama"][:2])
    model.model.norm.weight.fill_(float("nan"))
    with pytest.raises(UnsupportedOptionError, match="NaN"):
        logit_lens(OneModel(model), LensRequest(TEXT))


def test_a_model_on_disk_that_fills_masks_is_loaded_for_it(tmp_path):
    name, sizes, _ = MASKED["bert"]
    tokenizer = make_tokenizer()
    tokenizer.add_special_tokens({"mask_token": "w99"})
    tiny(name, sizes).save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    spec = ModelSpec("class/masks", "fill-mask", "folder", str(tmp_path), quantizations=QUANTIZATIONS)
    settings = Settings(warm_up=("none",))
    with Playground(settings, ModelManager(settings, Catalog((spec,)))) as playground:
        result = playground.logit_lens(LensRequest("w5 [MASK] w7", model_id="class/masks"))
        code = playground.lens_receipt(result).code
    assert result.masked and result.opening == 1 and "AutoModelForMaskedLM" in code
