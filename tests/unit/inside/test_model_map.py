"""The whole model: counts that add up to its own, parts named for what they are, and streams found in the numbers."""

from __future__ import annotations

import pytest
import torch
from transformers.models.llama.modeling_llama import apply_rotary_pos_emb

from playground.config import Settings
from playground.errors import InputError
from playground.inside.map_parts import parts_of
from playground.inside.map_request import ModelMapRequest
from playground.inside.model_map import model_map
from playground.models.catalog import Catalog
from playground.models.cpu.linear import prepare_for_crowd
from playground.models.manager import ModelManager
from playground.models.memory import measure_bytes
from tests.tiny_models import make_model, make_spec
from tests.unit.inside.inside_models import CAUSAL, GROUPED, MASKED, OLD, SIZES, OneModel, tiny

IDS = [5, 9, 60, 33, 9, 71]
TEXT = "w5 w9 w60 w33 w9 w71"
T5 = {"vocab_size": 100, "d_model": 32, "d_ff": 64, "d_kv": 8, "num_layers": 3, "num_heads": 4, "pad_token_id": 0,
      "decoder_start_token_id": 0}  # fmt: skip
MODELS = {
    **{name: sizes[:2] for name, sizes in {**CAUSAL, **MASKED}.items()},
    "t5": ("T5ForConditionalGeneration", T5),
    "albert": ("AlbertForMaskedLM", {**SIZES, "embedding_size": 16}),
    "mixtral": ("MixtralForCausalLM", {**GROUPED, "num_local_experts": 4}),
    "granite": ("GraniteForCausalLM", {**GROUPED, "residual_multiplier": 0.25}),
    "mamba": ("MambaForCausalLM", {"vocab_size": 100, "hidden_size": 32, "num_hidden_layers": 3, "state_size": 8}),
    "tied": ("LlamaForCausalLM", {**GROUPED, "tie_word_embeddings": True}),
}  # fmt: skip


def drawn(model, **asked):
    return model_map(OneModel(model), ModelMapRequest(**asked))


def made(name):
    return tiny(*MODELS[name], strength=2)


def all_names(result):
    """The names of every module, those of blocks that are built alike written out."""
    names = set()
    for part in result.parts:
        names.add(part.name)
        if part.like:
            inner = [one.name[len(part.like) :] for one in result.parts if one.name.startswith(f"{part.like}.")]
            names.update(part.name + one for one in inner)
    return names


@pytest.mark.parametrize("name", MODELS)
def test_parts_are_the_models_modules_and_add_up_to_its_own_totals(name):
    model = made(name)
    result = drawn(model)
    assert result.ran and result.parts[0].kind == "model" and result.model_class == type(model).__name__
    assert all_names(result) == {name for name, _ in model.named_modules(remove_duplicate=False)}
    assert result.parameters == sum(one.numel() for one in model.parameters()) == model.num_parameters()
    assert sum(one.parameters for one in result.shares) == result.parameters
    assert (
        sum(one.bytes for one in result.shares) == result.bytes == measure_bytes(model) == model.get_memory_footprint()
    )
    for part in result.parts:
        inner = [one for one in result.parts if one.name and one.name.rpartition(".")[0] == part.name and one != part]
        if inner:
            assert part.parameters == sum(one.parameters for one in (*inner, *part.tensors))
            assert part.bytes == sum(one.bytes for one in (*inner, *part.tensors))
        if part.like:
            alike = result.part(part.like)
            assert (part.parameters, part.bytes, part.class_name) == (alike.parameters, alike.bytes, alike.class_name)
        module = model.get_submodule(part.name)
        assert type(module).__name__ == part.class_name
        for tensor in part.tensors:
            assert tuple(getattr(module, tensor.name).shape) == tensor.shape


@pytest.mark.parametrize("name", ["gpt2", "llama"])
def test_a_model_that_has_written_is_drawn_as_before(name):
    model = made(name)
    before = parts_of(model)
    prepare_for_crowd(model)
    assert parts_of(model) == before


def test_tied_weights_are_counted_once_and_said():
    result = drawn(made("tied"))
    (weight,) = result.part("lm_head").tensors
    assert (weight.tied_to, weight.parameters, weight.bytes) == ("model.embed_tokens.weight", 0, 0)
    (counted,) = result.part("model.embed_tokens").tensors
    assert (counted.parameters, counted.bytes, counted.tied_to) == (3200, 12800, "")
    t5 = drawn(made("t5"))
    assert [t5.part(f"{side}.embed_tokens").tensors[0].tied_to for side in ("encoder", "decoder")] == 2 * [
        "shared.weight"
    ]


@pytest.mark.parametrize("quantization", ["8-bit", "4-bit"])
def test_quantized_weights_have_their_real_bytes_and_the_parameters_that_they_stand_for(tmp_path, quantization):
    make_model(tmp_path / "llama", "llama", hidden_size=64, intermediate_size=128)
    spec = make_spec(tmp_path / "llama", "llama")
    manager = ModelManager(Settings(device="cpu"), Catalog((spec,)))
    plain = model_map(manager, ModelMapRequest(model_id=spec.id))
    packed = model_map(manager, ModelMapRequest(TEXT, spec.id, quantization=quantization))
    with manager.lease(spec.id, spec.task, quantization) as loaded:
        assert packed.bytes == measure_bytes(loaded.model) < 0.7 * plain.bytes
    manager.close()
    assert packed.parameters == plain.parameters
    (weight, *scales) = [one for one in packed.part("model.layers.0.mlp.up_proj").tensors if one.bytes]
    count = (64 * 128) // (1 if quantization == "8-bit" else 2)
    assert count in (weight.bytes, *(one.bytes for one in scales)), "and what else there is are scales"
    named = next(one for one in packed.part("model.layers.0.mlp.up_proj").tensors if one.name == "weight")
    assert named.shape == (128, 64) and named.parameters == 64 * 128
    assert named.dtype == ("int8" if quantization == "8-bit" else "4-bit nf4")


def test_parts_are_named_for_what_they_are_and_the_rest_by_their_class():
    kinds = {one.name: one.kind for one in drawn(made("bert")).parts}
    block = "bert.encoder.layer.0"
    expected = {
        "bert.embeddings.word_embeddings": "embedding", "bert.embeddings.position_embeddings": "positions",
        "bert.encoder.layer": "stack", block: "block", f"{block}.attention": "attention",
        f"{block}.attention.self.query": "linear", f"{block}.intermediate": "mlp", f"{block}.output": "mlp",
        f"{block}.output.LayerNorm": "norm", "cls": "head",
    }  # fmt: skip
    assert {name: kinds[name] for name in expected} == expected
    t5 = {one.name: (one.kind, one.side) for one in drawn(made("t5")).parts}
    assert t5["decoder.block.1.layer.1"] == ("cross-attention", "decoder")
    assert t5["encoder.block.0.layer.1"] == ("mlp", "encoder") and t5["shared"] == ("embedding", "")
    shares = {one.kind: one.parameters for one in drawn(made("llama")).shares}
    assert shares == {"embedding": 3200, "attention": 9216, "mlp": 18432, "norm": 224, "head": 3200, "other": 0}
    opt = {one.name: one.kind for one in drawn(made("opt")).parts}
    assert opt["model.decoder.layers.0.fc1"] == opt["model.decoder.layers.0.fc2"] == "mlp"
    mamba = {one.class_name: one.kind for one in drawn(made("mamba")).parts}
    assert mamba["MambaMixer"] == "group" and mamba["Conv1d"] == "other", "nothing is taken for attention"


def flow(result, name):
    """The parts of one module in their order, additions as texts between them."""
    part = result.part(name)
    inner = [one for one in result.parts if one.name.rpartition(".")[0] == name and one.order is not None]
    steps = []

    def said(join):
        branches = " + ".join(one.removeprefix(f"{name}.") for one in join.branches)
        sign = "×" if join.times else "+"
        return f"{join.stream.removeprefix(f'{name}.')} {sign} {join.scale:g} × {branches}"

    for one in [*sorted(inner, key=lambda one: one.order), None]:
        steps += [said(join) for join in part.joins if join.before == (one.name if one else "")]
        steps += [one.name.rpartition(".")[2]] if one else []
    return steps


FLOWS = {
    "llama": ("model.layers.0", ["input_layernorm", "self_attn", ">model.layers.0 + 1 × self_attn",
                                 "post_attention_layernorm", "mlp", "+1 + 1 × mlp"]),
    "mixtral": ("model.layers.0", ["input_layernorm", "self_attn", ">model.layers.0 + 1 × self_attn",
                                   "post_attention_layernorm", "mlp", "+1 + 1 × mlp"]),
    "tied": ("model.layers.0.mlp", ["gate_proj", "act_fn", "up_proj", "act_fn × 1 × up_proj", "down_proj"]),
    "granite": ("model.layers.0", ["input_layernorm", "self_attn", ">model.layers.0 + 0.25 × self_attn",
                                   "post_attention_layernorm", "mlp", "+1 + 0.25 × mlp"]),
    "phi": ("model.layers.0", ["input_layernorm", "self_attn", "mlp", "resid_dropout",
                               ">model.layers.0 + 1 × self_attn + mlp"]),
    "bert": ("bert.encoder.layer.0.output", ["dense", "dropout",
                                             "bert.encoder.layer.0.attention + 1 × dropout", "LayerNorm"]),
    "t5": ("decoder.block.0.layer.1", ["layer_norm", "EncDecAttention", "dropout",
                                       "decoder.block.0.layer.0 + 1 × dropout"]),
}  # fmt: skip


@pytest.mark.parametrize("name", FLOWS)
def test_the_order_and_the_residual_stream_are_found_in_the_numbers(name):
    result = drawn(made(name), text=TEXT)
    where, steps = FLOWS[name]
    assert sorted(flow(result, where)) == sorted(steps)
    if name != "phi":  # whose attention and feed-forward part read the same
        assert flow(result, where) == steps


def test_what_a_module_reads_is_what_the_numbers_say():
    llama = {one.name: one.reads for one in drawn(made("llama")).parts}
    block = "model.layers.0"
    expected = {
        "lm_head": "model", "model.layers": "model.embed_tokens", "model.norm": "model.layers.2",
        f"{block}.input_layernorm": f">{block}", f"{block}.self_attn": f"{block}.input_layernorm",
        f"{block}.post_attention_layernorm": "+1", f"{block}.self_attn.v_proj": f">{block}.self_attn",
        f"{block}.self_attn.o_proj": "", f"{block}.mlp.up_proj": f">{block}.mlp", f"{block}.mlp.down_proj": "+1",
    }  # fmt: skip
    assert {name: llama[name] for name in expected} == expected
    neox = {one.name: one.reads for one in drawn(made("gpt_neox")).parts}
    block = "gpt_neox.layers.0"
    assert neox[f"{block}.post_attention_layernorm"] == f">{block}", "both halves read what entered the block"


@torch.no_grad()
def test_states_are_what_the_modules_return():
    model = made("llama")
    result = drawn(model, text=TEXT)
    states = {one.name: one for one in result.states}
    hidden = model(input_ids=torch.tensor([IDS]), output_hidden_states=True).hidden_states
    assert states["model.embed_tokens"].norms == pytest.approx(hidden[0][0].norm(dim=-1).tolist(), abs=1e-5)
    assert states["model.layers.1"].norms == pytest.approx(hidden[2][0].norm(dim=-1).tolist(), abs=1e-4)
    assert states["model.norm"].norm == pytest.approx(hidden[3][0].norm(dim=-1).mean().item(), abs=1e-4)
    assert states["model.layers.2.self_attn.k_proj"].shape == (1, 6, 16) and states["lm_head"].shape == (1, 6, 100)
    assert [one.piece.strip() for one in result.tokens] == TEXT.split()
    albert = drawn(made("albert"), text=TEXT)
    assert albert.part("albert.encoder.albert_layer_groups.0").calls == 3, "one block, run three times"


HEADS = {
    # family: stack, layer; names in the block of attention, q, k, v and what the head's output enters
    "bert": ("self", "bert.encoder.layer.1.attention", "self.query", "self.key", "self.value", "output.dense"),
    "gpt2": ("self", "transformer.h.1.attn", "c_attn", "c_attn", "c_attn", "c_proj"),
    "llama": ("self", "model.layers.1.self_attn", "q_proj", "k_proj", "v_proj", "o_proj"),
    "t5": ("cross", "decoder.block.1.layer.1.EncDecAttention", "q", "k", "v", "o"),
    "opt": ("self", "model.decoder.layers.1.self_attn", "q_proj", "k_proj", "v_proj", "out_proj"),
    "gpt_neox": ("self", "gpt_neox.layers.1.attention", *3 * ["query_key_value"], "dense"),
}  # fmt: skip


def hooked(model, names, **inputs):
    """What modules return, and what enters the last of them."""
    seen = {}
    handles = [
        model.get_submodule(one).register_forward_hook(lambda m, given, out, one=one: seen.update({one: (given, out)}))
        for one in names
    ]
    with torch.no_grad():
        answer = model(**inputs, output_attentions=True, use_cache=False)
    for handle in handles:
        handle.remove()
    return {
        one: (given[0][0], (out if torch.is_tensor(out) else out[0])[0]) for one, (given, out) in seen.items()
    }, answer


def cut(name, rows, role):
    """The 8 numbers of head 3 in what made q (role 0), k or v: alone, in one row with the others, or shared by two."""
    start = {"gpt2": 32 * role + 24, "gpt_neox": 72 + 8 * role, "llama": 8 if role else 24}.get(name, 24)
    return rows[:, start : start + 8]


@pytest.mark.parametrize("name", HEADS)
def test_the_unrolled_numbers_are_those_of_the_modules(name):
    """Head 3 of 4, 8 numbers each; llama's 4 heads share 2 of keys and values."""
    model = made(name)
    stack, where, *inner = HEADS[name]
    result = drawn(model, text=TEXT, decoder_text="w7 w8", stack=stack, layer=1, head=3, position=1)
    head = result.head
    model.set_attn_implementation("eager")
    inputs = {"input_ids": torch.tensor([IDS])}
    if name == "t5":
        inputs["decoder_input_ids"] = torch.tensor([[one.token_id for one in result.decoder_tokens]])
    names = [f"{where}.{one}" for one in inner]
    made_by, answer = hooked(model, names, **inputs)
    assert [head.query_from, head.key_from, head.value_from] == names[:3]
    q, k, v = (made_by[one][1] for one in names[:3])
    q, k, v = cut(name, q, 0)[1], cut(name, k, 1), cut(name, v, 2)
    weights = (answer.cross_attentions if stack == "cross" else answer.attentions)[1][0, 3, 1]
    close = {"abs": 1e-5}
    assert head.query_before in ((), pytest.approx(q.tolist(), **close))
    assert [one.value for one in head.keys] == [pytest.approx(row, **close) for row in v.tolist()]
    assert [one.weight for one in head.keys] == pytest.approx(weights.tolist(), **close)
    entered = made_by[names[3]][0][1, 24:32]
    assert head.output == pytest.approx(entered.tolist(), **close)
    summed = torch.tensor([one.weighted for one in head.keys]).sum(0)
    assert head.output == pytest.approx(summed.tolist(), **close)
    scores = torch.tensor([-torch.inf if one.masked else one.scaled + one.added for one in head.keys])
    assert scores.softmax(-1).tolist() == pytest.approx(weights.tolist(), **close)
    dots = [float(torch.tensor(head.query) @ torch.tensor(one.key)) for one in head.keys]
    assert [one.product for one in head.keys] == pytest.approx(dots, **close)
    assert [one.scaled for one in head.keys] == pytest.approx([head.scaling * one for one in dots], **close)
    assert head.rotary == (name in ("llama", "gpt_neox"))
    if not head.rotary:
        assert head.query == pytest.approx((q * head.query_scale).tolist(), **close)
        assert [one.key for one in head.keys] == [pytest.approx(row, **close) for row in k.tolist()]


def test_rotary_positions_and_shared_keys_are_shown_as_what_they_are():
    model = made("llama")
    head = drawn(model, text=TEXT, layer=0, head=1, position=4).head
    assert (head.key_value_head, head.shared_with, head.rotary, head.biased) == (0, (0,), True, False)
    before = torch.tensor([one.key_before for one in head.keys])[None, None]
    with torch.no_grad():
        cos, sin = model.model.rotary_emb(before, torch.arange(6)[None])
        query = torch.tensor(head.query_before).expand(1, 1, 6, -1)
        turned, keys = apply_rotary_pos_emb(query, before, cos, sin)
    assert head.query == pytest.approx(turned[0, 0, 4].tolist(), abs=1e-5)
    assert [one.key for one in head.keys] == [pytest.approx(row, abs=1e-5) for row in keys[0, 0].tolist()]
    assert [one.masked for one in head.keys] == [False] * 5 + [True]


def test_t5_adds_a_bias_of_position_and_scales_nothing():
    model = made("t5")
    head = drawn(model, text=TEXT, stack="decoder", decoder_text="w7 w8 w9", layer=1, head=2, position=2).head
    with torch.no_grad():
        bias = model.decoder.block[0].layer[0].SelfAttention.compute_bias(3, 3)[0, 2, 2]
    assert head.biased and head.scaling == 1
    assert [one.added for one in head.keys] == pytest.approx(bias.tolist(), abs=1e-6)
    assert [one.scaled for one in head.keys] == [one.product for one in head.keys]


@pytest.mark.parametrize(("name", "says"), [("gemma2", "in a way of its own"), ("mamba", "has no attention")])
def test_other_families_get_the_picture_and_a_sentence_why_no_head_is_unrolled(name, says):
    model = made(name)
    result = drawn(model, text=TEXT)
    assert says in result.unfit and result.head is None and len(result.states) > 10 and result.ran
    assert drawn(model, text=TEXT, layer=0).unfit == result.unfit


def test_a_model_that_can_not_read_a_text_is_drawn_in_the_order_of_its_class():
    sizes = {"vocab_size": 100, "d_model": 32, "encoder_layers": 2, "decoder_layers": 2, "encoder_ffn_dim": 64,
             "decoder_ffn_dim": 64, "encoder_attention_heads": 4, "decoder_attention_heads": 4}  # fmt: skip
    result = drawn(tiny("BartForSequenceClassification", sizes), text="w5 w6")  # which looks for its </s>
    assert not result.ran and "in the order of its class" in result.notes[0] and result.parts[0].parameters


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"text": " ", "layer": 0}, "a head reads one"),
        ({"text": TEXT, "layer": 3}, "They are 0 to 2"),
        ({"text": TEXT, "layer": 0, "head": 4}, "They are 0 to 3"),
        ({"text": TEXT, "layer": 0, "position": 6}, "They are 0 to 5"),
        ({"text": TEXT, "layer": 0, "stack": "cross"}, "It has: self"),
        ({"text": TEXT, "layer": 0, "stack": "middle"}, "Use one of self"),
        ({"text": "\ud800"}, "half of a character"),
    ],
)
def test_what_can_not_be_drawn_is_said(asked, says):
    with pytest.raises(InputError, match=says):
        drawn(tiny("GPT2LMHeadModel", OLD), **asked)


def test_a_long_text_is_cut_and_said_and_nobody_elses_model_is_touched():
    model = made("llama")
    before = model(input_ids=torch.tensor([IDS])).logits
    result = drawn(model, text=" ".join(1080 * ["w5"]), decoder_text="w7", layer=0)
    assert len(result.tokens) == 64 and "1,080 tokens; its first 64 are read" in result.notes[0]
    assert "has no decoder" in result.notes[1] and len(result.head.keys) == 64
    assert torch.equal(model(input_ids=torch.tensor([IDS])).logits, before)
    assert not any(one._forward_hooks or one._forward_pre_hooks for one in model.modules())
