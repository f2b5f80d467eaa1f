"""Families that read a text otherwise than BERT: gradients against captum, padding, positions and inputs of their own.

`make sweep` runs every family there is.
"""

from __future__ import annotations

import copy

import pytest
import torch
import transformers
from captum.attr import LayerGradientXActivation, LayerIntegratedGradients

from playground.classification.attribution import attribute
from playground.classification.batching import classifier
from playground.classification.classify import classify
from playground.classification.perturb import perturb
from playground.classification.request import AttributeRequest, ClassifyRequest, ClassifyTableRequest, PerturbRequest
from playground.classification.table import classify_table
from playground.errors import UnsupportedOptionError
from playground.models.neutral import neutral_token_id
from playground.tables import read_lines
from tests.tiny_classifiers import FAMILIES, SMALL, WORDS, TinyManager, lend, managed, tiny_tokenizer

TEXT = "the film was goodish but i hate it"
IDS = {"vocab_size": 120, "num_labels": 3, "pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 3}
SIDES = {
    "d_model": 32, "encoder_layers": 1, "decoder_layers": 1, "encoder_attention_heads": 2, "decoder_attention_heads": 2,
    "encoder_ffn_dim": 48, "decoder_ffn_dim": 48, "max_position_embeddings": 64, "decoder_start_token_id": 3,
}  # fmt: skip
CONFIGS = {
    "bart": lambda: transformers.BartConfig(**IDS, **SIDES),
    "mbart": lambda: transformers.MBartConfig(**IDS, **SIDES),
    "t5": lambda: transformers.T5Config(
        d_model=32, d_kv=8, d_ff=48, num_layers=1, num_heads=2, decoder_start_token_id=0, **IDS
    ),
    "xlnet": lambda: transformers.XLNetConfig(d_model=32, n_layer=2, n_head=2, d_inner=48, **IDS),
    "gpt2": lambda: transformers.GPT2Config(n_embd=32, n_layer=2, n_head=2, n_positions=64, **IDS),
    "ctrl": lambda: transformers.CTRLConfig(n_embd=32, n_layer=2, n_head=2, dff=48, n_positions=64, **IDS),
    "longformer": lambda: transformers.LongformerConfig(
        attention_window=[8, 8], max_position_embeddings=66, **SMALL, **IDS
    ),
    "funnel": lambda: transformers.FunnelConfig(
        block_sizes=[1, 1], d_model=32, n_head=2, d_head=16, d_inner=48, num_decoder_layers=1, **IDS
    ),
    "fnet": lambda: transformers.FNetConfig(tpu_short_seq_length=64, max_position_embeddings=64, **SMALL, **IDS),
    "ibert": lambda: transformers.IBertConfig(max_position_embeddings=64, **SMALL, **IDS),
    "convbert": lambda: transformers.ConvBertConfig(embedding_size=32, max_position_embeddings=64, **SMALL, **IDS),
    "nystromformer": lambda: transformers.NystromformerConfig(max_position_embeddings=64, **SMALL, **IDS),
}


def other(family: str, pad: int | None = 0) -> TinyManager:
    """A manager that lends one random classifier of a family."""
    config = CONFIGS[family]()
    config.pad_token_id = pad
    torch.manual_seed(7)
    model = transformers.AutoModelForSequenceClassification.from_config(config).eval().requires_grad_(False)
    for parameter in model.parameters():
        if parameter.ndim == 2 and parameter.std() < 0.1:
            parameter.mul_(4)
    tokenizer = tiny_tokenizer("roberta")
    if family == "fnet":
        tokenizer.model_input_names = ["input_ids", "token_type_ids"]
    if pad is None:
        tokenizer.pad_token = None
    return TinyManager(tiny=lend(model, tokenizer))


@pytest.fixture(params=[*CONFIGS, "gpt2 without padding"])
def manager(request):
    family, _, unpadded = request.param.partition(" ")
    manager = other(family, None if unpadded else 0)
    yield manager
    manager.close()


def plain(manager, text: str, ids: list[int] | None = None) -> list[float]:
    one = manager.loaded["tiny"]
    inputs = one.tokenizer(text, return_tensors="pt")
    if ids is not None:
        inputs = {"input_ids": torch.tensor([ids])}
    return one.model(**inputs).logits[0].tolist()


def test_answers_are_the_plain_call_s_and_rows_keep_apart(manager):
    texts = ["bad", TEXT, "i love it", "never again", "the film was not very good"]
    *_, result = classify_table(manager, ClassifyTableRequest(read_lines("\n".join(texts)), "text"))
    for row in result.rows:
        one = classify(manager, ClassifyRequest(row.text))
        assert [label.logit for label in one.labels] == pytest.approx(plain(manager, row.text), abs=1e-4)
        assert row.probabilities == pytest.approx([label.probability for label in one.labels], abs=1e-4)
        assert one.max_difference < 1e-4


def test_every_method_explains_every_family(manager):
    result = attribute(manager, AttributeRequest(TEXT, n_steps=300))
    one = manager.loaded["tiny"]
    ids = [token.token_id for token in result.tokens]
    inner = [n for n, token in enumerate(result.tokens) if not token.special]
    neutral = neutral_token_id(one.model, one.tokenizer)

    def lost(places):
        changed = plain(manager, TEXT, [neutral if n in places else token_id for n, token_id in enumerate(ids)])
        return plain(manager, TEXT)[result.label_id] - changed[result.label_id]

    integrated, simple, occlusion = result.methods
    assert occlusion.values[inner[0]] == pytest.approx(lost(inner[:1]), abs=1e-4)
    assert sum(integrated.values) - integrated.delta == pytest.approx(lost(inner), abs=1e-3)
    assert abs(integrated.delta) < 0.05 * max(1.0, abs(lost(inner)))
    assert any(simple.values)


def test_masking_and_deleting(manager):
    for action in ("mask", "delete"):
        result = perturb(manager, PerturbRequest(ClassifyRequest(TEXT), (2,), action))
        ids = [token.token_id for token in result.tokens]
        one = manager.loaded["tiny"]
        new = [neutral_token_id(one.model, one.tokenizer)] if action == "mask" else []
        expected = plain(manager, TEXT, [*ids[:2], *new, *ids[3:]])
        assert [label.logit for label in result.after] == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("family", FAMILIES)
def test_gradients_are_captum_s(family):
    with managed(family) as manager:
        result = attribute(manager, AttributeRequest(TEXT, label_id=1))
        machine = classifier(manager.loaded["tiny"])
        model, embeddings = machine.model, machine.model.get_input_embeddings()
        inputs = machine.inputs(machine.encode(TEXT))
        ids = torch.tensor([inputs["input_ids"]])
        neutral = neutral_token_id(model, machine.tokenizer)
        pairs = zip(inputs["input_ids"], result.tokens, strict=True)
        base = torch.tensor([[token_id if token.special else neutral for token_id, token in pairs]])

        def logit(input_ids):
            return model(input_ids=input_ids, attention_mask=torch.ones_like(input_ids)).logits[:, 1]

        expected = LayerIntegratedGradients(logit, embeddings).attribute(ids, baselines=base, n_steps=50)
        assert result.methods[0].values == pytest.approx(expected[0].sum(-1).tolist(), abs=1e-4)
        hook = embeddings.register_forward_hook(lambda module, inputs, output: output.requires_grad_())
        expected = LayerGradientXActivation(logit, embeddings).attribute(ids)
        hook.remove()
        assert result.methods[1].values == pytest.approx(expected[0].sum(-1).tolist(), abs=1e-4)


def test_families_that_read_their_padding_share_passes_with_their_like_alone():
    manager = other("convbert")
    try:
        machine = classifier(manager.loaded["tiny"])
        assert machine.padding_side is None and machine.takes_batches
        jobs = [type("Job", (), {"length": 3 + n % 3})() for n in range(9)]
        assert [sorted({job.length for job in group}) for group in machine.groups(jobs)] == [[3], [4], [5]]
    finally:
        manager.close()


def test_a_second_text_that_a_model_has_no_type_for_is_refused_before_it_runs():
    """IndexError on a CPU; on a GPU it would end everybody's work."""
    with managed("bert", type_vocab_size=1) as manager:
        assert classify(manager, ClassifyRequest("good")).max_difference < 1e-5
        with pytest.raises(UnsupportedOptionError, match=r"1 embedding for token_type_ids.*Give one text alone"):
            classify(manager, ClassifyRequest("good", "bad"))


def test_a_row_that_the_model_refuses_is_named_and_the_others_are_answered():
    with managed("bert", vocab_size=20) as manager:
        *_, result = classify_table(manager, ClassifyTableRequest(read_lines("good\nagain\nbad"), "text"))
        assert [row.text for row in result.rows] == ["good", "bad"] and not result.stopped
        assert [bad.line for bad in result.bad_rows] == [2] and "embeddings" in result.bad_rows[0].reason
        with pytest.raises(UnsupportedOptionError):
            list(classify_table(manager, ClassifyTableRequest(read_lines("again"), "text")))


@pytest.mark.parametrize("kind", ["big_bird", "bigbird_pegasus"])
def test_a_long_text_gets_the_same_whoever_came_before(kind):
    """BigBird switches its sparse attention off at the first short text, and never on again."""
    blocks = {"attention_type": "block_sparse", "block_size": 4, "num_random_blocks": 1}
    config = {
        "big_bird": lambda: transformers.BigBirdConfig(**SMALL, **IDS, **blocks, max_position_embeddings=64),
        "bigbird_pegasus": lambda: transformers.BigBirdPegasusConfig(**IDS, **SIDES, **blocks),
    }[kind]()
    torch.manual_seed(7)
    model = transformers.AutoModelForSequenceClassification.from_config(config).eval().requires_grad_(False)
    for parameter in model.parameters():
        if parameter.ndim == 2:
            parameter.mul_(8)
    tokenizer = tiny_tokenizer("roberta")
    texts = [" ".join((WORDS * 2)[n : n + 30]) for n in range(3)]
    expected = [copy.deepcopy(model)(**tokenizer(text, return_tensors="pt")).logits[0].tolist() for text in texts]
    manager = TinyManager(tiny=lend(model, tokenizer))
    try:
        for n, text in enumerate(texts):
            classify(manager, ClassifyRequest("good"))
            result = classify(manager, ClassifyRequest(text))
            assert len(result.tokens) > 28  # 7 blocks of 4: from here on it is sparse
            assert [label.logit for label in result.labels] == pytest.approx(expected[n], abs=1e-4)
            assert result.max_difference < 1e-5
        table = read_lines("\n".join([texts[0], "good", "bad film", texts[1]]))
        *_, found = classify_table(manager, ClassifyTableRequest(table, "text"))
        probabilities = torch.softmax(torch.tensor(expected), -1).tolist()
        assert found.rows[0].probabilities == pytest.approx(probabilities[0], abs=1e-4)
        assert found.rows[3].probabilities == pytest.approx(probabilities[1], abs=1e-4)
    finally:
        manager.close()
