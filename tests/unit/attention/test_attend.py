"""Attention against transformers' own output, for every kind of model, on tiny random weights."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
import torch
import transformers
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from tokenizers.processors import TemplateProcessing

from playground.attention.attend import attend_model
from playground.attention.receipt import attention_receipt
from playground.attention.request import AttentionRequest
from playground.attention.result import CAUSAL, PADDING, PADDING_QUERY, VISIBLE, WINDOW, renormalise
from playground.errors import EmptyInputError, InputError, InputTooLongError, UnsupportedOptionError
from playground.models.loading import eager_view
from playground.models.pretrained import Pretrained

WORDS = ["the", "cat", "sat", "on", "mat", "and", "dog", "ran", "far", "away", "from", "home"]
TEXT = "the cat sat on the mat and the dog ran away"
SMALL = {"vocab_size": 40, "hidden_size": 32, "num_hidden_layers": 3, "num_attention_heads": 4}
DECODER = SMALL | {"intermediate_size": 64, "num_key_value_heads": 2, "max_position_embeddings": 512}
GPT2 = {"vocab_size": 40, "n_embd": 32, "n_layer": 3, "n_head": 4}
T5 = {"vocab_size": 40, "d_model": 32, "d_kv": 8, "d_ff": 64, "num_layers": 3, "num_heads": 4}
EDGES = {"pad_token_id": 0, "eos_token_id": 2, "bos_token_id": 1}
MODELS = {
    "bert": lambda: transformers.BertModel(transformers.BertConfig(**SMALL, intermediate_size=64)),
    "roberta": lambda: transformers.RobertaForSequenceClassification(
        transformers.RobertaConfig(**SMALL, intermediate_size=64, pad_token_id=0)
    ),
    "gpt2": lambda: transformers.GPT2LMHeadModel(transformers.GPT2Config(**GPT2)),
    "llama": lambda: transformers.LlamaForCausalLM(transformers.LlamaConfig(**DECODER, **EDGES)),
    "qwen": lambda: transformers.Qwen2ForCausalLM(transformers.Qwen2Config(**DECODER, **EDGES)),
    "gemma": lambda: transformers.Gemma3ForCausalLM(
        transformers.Gemma3TextConfig(
            **DECODER, **EDGES, head_dim=8, sliding_window=4,
            layer_types=["sliding_attention", "full_attention", "sliding_attention"],
        )
    ),
    "t5": lambda: transformers.T5ForConditionalGeneration(
        transformers.T5Config(**T5, **EDGES, decoder_start_token_id=0)
    ),
}  # fmt: skip


def make_tokenizer(encoder: bool, padding_side: str = "right") -> transformers.PreTrainedTokenizerFast:
    vocab = {word: number for number, word in enumerate(["[PAD]", "[CLS]", "[SEP]", "[UNK]", *WORDS])}
    inner = Tokenizer(WordLevel(vocab, unk_token="[UNK]"))
    inner.pre_tokenizer = Whitespace()
    specials = {"pad_token": "[PAD]", "unk_token": "[UNK]", "sep_token": "[SEP]", "cls_token": "[CLS]"}
    if encoder:
        inner.post_processor = TemplateProcessing(
            single="[CLS] $A [SEP]",
            pair="[CLS] $A [SEP] $B:1 [SEP]:1",
            special_tokens=[("[CLS]", 1), ("[SEP]", 2)],
        )
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=inner,
        padding_side=padding_side,
        eos_token="[SEP]",
        model_input_names=["input_ids", "token_type_ids", "attention_mask"]
        if encoder
        else ["input_ids", "attention_mask"],
        **specials,
    )


def make(name: str, implementation: str = "eager"):
    torch.manual_seed(7)
    with torch.random.fork_rng():
        model = MODELS[name]().eval().requires_grad_(False)
    torch.manual_seed(11)
    for parameter in model.parameters():  # wide enough that heads differ
        parameter.copy_(torch.randn_like(parameter) * 0.4)
    model.set_attn_implementation(implementation)
    return model, make_tokenizer(encoder=name in ("bert", "roberta", "t5"))


def attended(model, tokenizer, request, auto_class="AutoModel", source="nowhere"):
    held = Pretrained(source, auto_class, "float32", "float32", "cpu")
    return attend_model(model, tokenizer, request, held)


def plain(model, tokenizer, text: str, **more) -> dict[str, tuple[torch.Tensor, ...]]:
    names = tokenizer.model_input_names if model.config.model_type == "bert" else ["input_ids", "attention_mask"]
    encoded = tokenizer(text, return_tensors="pt")
    inputs = {name: encoded[name] for name in names} | more
    with torch.no_grad():
        return model(**inputs, output_attentions=True)


@pytest.mark.parametrize("name", [name for name in MODELS if name != "t5"])
def test_self_attention_is_what_transformers_returns(name):
    model, tokenizer = make(name)
    stack = attended(model, tokenizer, AttentionRequest(TEXT)).stack("self")
    expected = torch.stack([layer[0] for layer in plain(model, tokenizer, TEXT).attentions]).numpy()
    assert stack.weights.shape == expected.shape
    assert np.abs(stack.weights - expected).max() <= 1e-6
    assert np.abs(stack.weights.sum(-1) - 1).max() <= 1e-5


def test_the_three_kinds_of_t5_are_what_transformers_returns():
    model, tokenizer = make("t5")
    result = attended(model, tokenizer, AttentionRequest(TEXT, second_text="dog ran home"))
    target = tokenizer(text_target="dog ran home", return_tensors="pt")["input_ids"]
    expected = plain(model, tokenizer, TEXT, labels=target)
    assert result.kinds == ("encoder", "decoder", "cross")
    for kind in result.kinds:
        reference = torch.stack([layer[0] for layer in expected[f"{kind}_attentions"]]).numpy()
        assert np.abs(result.stack(kind).weights - reference).max() <= 1e-6
    assert [token.token for token in result.stack("cross").queries] == ["[PAD]", "[CLS]", "dog", "ran", "home"]


def test_t5_reads_what_it_wrote_when_no_target_is_given():
    model, tokenizer = make("t5")
    result = attended(model, tokenizer, AttentionRequest(TEXT))
    ids = tokenizer(TEXT, return_tensors="pt")["input_ids"]
    written = model.generate(ids, max_new_tokens=24, do_sample=False, num_beams=1)[0].tolist()
    queries = [token.token_id for token in result.stack("decoder").queries]
    assert result.written == tokenizer.decode(written, skip_special_tokens=True)
    assert queries == written[: len(queries)]
    assert len(queries) >= len(written) - 1


@pytest.mark.parametrize("name", list(MODELS))
def test_the_eager_view_of_another_implementation_gives_the_same_attention(name):
    model, tokenizer = make(name)
    request = AttentionRequest(TEXT, second_text="dog ran" if name == "t5" else "")
    wanted = attended(model, tokenizer, request)
    model.set_attn_implementation("sdpa" if name != "t5" else "eager")
    view = eager_view(model)
    for kind, stack in zip(wanted.kinds, attended(view, tokenizer, request).stacks, strict=True):
        assert np.abs(stack.weights - wanted.stack(kind).weights).max() <= 1e-6
    storages = {parameter.data_ptr() for parameter in model.parameters()}
    assert {parameter.data_ptr() for parameter in view.parameters()} <= storages


@pytest.mark.parametrize("name", ["gpt2", "llama", "qwen"])
def test_causal_models_hide_exactly_what_comes_later(name):
    model, tokenizer = make(name)
    mask = attended(model, tokenizer, AttentionRequest(TEXT)).stack().mask(0)
    later = np.triu(np.ones_like(mask, dtype=bool), k=1)
    assert (mask[later] == CAUSAL).all()
    assert (mask[~later] == VISIBLE).all()


def test_a_sliding_window_is_hatched_in_its_layers_only():
    model, tokenizer = make("gemma")
    stack = attended(model, tokenizer, AttentionRequest(TEXT)).stack()
    query, key = np.indices((len(stack.queries), len(stack.keys)))
    far = query - key >= 4
    assert (stack.mask(0)[far] == WINDOW).all()
    assert (stack.mask(0)[(query >= key) & ~far] == VISIBLE).all()
    assert (stack.mask(1)[query >= key] == VISIBLE).all()
    assert stack.mask_of_layer == (0, 1, 0)


@pytest.mark.parametrize("name", ["bert", "roberta"])
def test_padding_is_masked_as_a_key_and_marked_as_a_query(name):
    model, tokenizer = make(name)
    alone = attended(model, tokenizer, AttentionRequest(TEXT)).stack()
    stack = attended(model, tokenizer, AttentionRequest(TEXT, padding=3)).stack()
    assert (stack.mask(0)[:-3, -3:] == PADDING).all()
    assert (stack.mask(0)[-3:] == PADDING_QUERY).all()
    assert (stack.mask(0)[:-3, :-3] == VISIBLE).all()
    assert np.abs(stack.weights[:, :, :-3, :-3] - alone.weights).max() <= 1e-5
    assert [token.attended for token in stack.keys[-3:]] == [False] * 3


def test_left_padding_leaves_causal_rows_that_nobody_reads():
    model, _ = make("llama")
    stack = attended(
        model, make_tokenizer(encoder=False, padding_side="left"), AttentionRequest(TEXT, padding=2)
    ).stack()
    assert (stack.mask(0)[:2] == PADDING_QUERY).all()
    assert (stack.mask(0)[2:, :2] == PADDING).all()
    assert stack.mask(0)[3, 5] == CAUSAL


def test_a_flipped_mask_is_the_model_run_with_that_mask():
    model, tokenizer = make("bert")
    length = len(tokenizer(TEXT)["input_ids"])
    mask = tuple(int(position not in (2, 5)) for position in range(length))
    stack = attended(model, tokenizer, AttentionRequest(TEXT, attention_mask=mask)).stack()
    expected = plain(model, tokenizer, TEXT, attention_mask=torch.tensor([mask])).attentions
    assert np.abs(stack.weights - torch.stack([layer[0] for layer in expected]).numpy()).max() <= 1e-6
    assert (stack.weights[:, :, :, [2, 5]] == 0).all()


def test_a_pair_is_read_as_two_segments():
    model, tokenizer = make("bert")
    stack = attended(model, tokenizer, AttentionRequest("the cat", second_text="the dog")).stack()
    assert [token.text for token in stack.keys] == ["[CLS]", "the", "cat", "[SEP]", "the", "dog", "[SEP]"]
    encoded = tokenizer("the cat", "the dog", return_tensors="pt")
    with torch.no_grad():
        expected = model(**encoded, output_attentions=True).attentions
    assert np.abs(stack.weights - torch.stack([layer[0] for layer in expected]).numpy()).max() <= 1e-6


def test_summaries_agree_with_the_plain_formulas():
    model, tokenizer = make("bert")
    stack = attended(model, tokenizer, AttentionRequest(TEXT, padding=2)).stack()
    rows = stack.weights[1, 2][:-2]
    summary = stack.summaries[1][2]
    size = len(rows)
    positive = rows[rows > 0]
    assert summary.entropy_nats == pytest.approx(-(positive * np.log(positive)).sum() / size, abs=1e-5)
    assert summary.first_token_share == pytest.approx(rows[:, 0].mean(), abs=1e-5)
    assert summary.separator_share == pytest.approx(rows[:, size - 1].mean(), abs=1e-5)
    assert summary.special_tokens_share == pytest.approx(rows[:, [0, size - 1]].sum(1).mean(), abs=1e-5)
    assert summary.previous_token_share == pytest.approx(np.mean([rows[q, q - 1] for q in range(1, size)]), abs=1e-5)
    assert summary.same_token_share == pytest.approx(np.mean([rows[q, q] for q in range(size)]), abs=1e-5)
    distances = [sum(abs(q - k) * rows[q, k] for k in range(rows.shape[1])) for q in range(size)]
    assert summary.mean_distance_tokens == pytest.approx(np.mean(distances), abs=1e-4)
    average = stack.summaries[1][stack.heads]
    assert average.first_token_share == pytest.approx(stack.head(1, None)[:-2, 0].mean(), abs=1e-5)
    assert average.entropy_nats >= min(head.entropy_nats for head in stack.summaries[1][:-1])


def test_cross_attention_has_no_previous_token():
    model, tokenizer = make("t5")
    summary = attended(model, tokenizer, AttentionRequest(TEXT, second_text="dog")).stack("cross").summaries[0][0]
    assert summary.previous_token_share is None
    assert summary.mean_distance_tokens is None
    assert 0 <= summary.entropy_nats <= math.log(len(tokenizer(TEXT)["input_ids"])) + 1e-6


def test_averages_over_heads_and_layers():
    model, tokenizer = make("bert")
    stack = attended(model, tokenizer, AttentionRequest(TEXT)).stack()
    assert np.allclose(stack.head(1, None), stack.weights[1].mean(0), atol=1e-7)
    assert np.allclose(stack.head(None, 3), stack.weights[:, 3].mean(0), atol=1e-7)
    assert np.allclose(stack.head(None, None), stack.weights.mean((0, 1)), atol=1e-7)
    assert (stack.head(2, 1) == stack.weights[2, 1]).all()
    with pytest.raises(InputError, match="0 to 2"):
        stack.head(3, 0)


def test_thumbnails_keep_the_largest_weight_of_what_they_merge():
    model, tokenizer = make("bert")
    stack = attended(model, tokenizer, AttentionRequest(TEXT)).stack()
    small, largest = stack.overview(edge=5)
    assert small.shape == (3, 5, 5, 5)
    assert np.allclose(largest[:, :4], stack.weights.max((-2, -1)))
    assert (small.max((-2, -1)) == 255).all()
    whole, largest = stack.overview(edge=64)
    error = np.abs(whole[:, :4] / 255 * largest[:, :4, None, None] - stack.weights)
    assert (error <= largest[:, :4, None, None] / 510 + 1e-6).all()


def test_thumbnails_without_special_tokens_are_divided_by_what_is_left():
    model, tokenizer = make("bert")
    stack = attended(model, tokenizer, AttentionRequest(TEXT)).stack()
    small, largest = stack.overview(edge=64, hide_special=True)
    assert (small[:, :, :, [0, -1]] == 0).all()
    kept = stack.weights[0, 0][:, 1:-1]
    assert largest[0, 0] == pytest.approx((kept / kept.sum(1, keepdims=True)).max(), rel=1e-5)


@given(st.lists(st.lists(st.floats(0, 1), min_size=3, max_size=3), min_size=1, max_size=4))
@settings(max_examples=50, deadline=None)
def test_renormalised_rows_sum_to_one_or_have_nothing_left(rows):
    weights, keep = np.array(rows), np.array([True, False, True])
    out = renormalise(weights, keep)
    assert (out[:, 1] == 0).all()
    for given_row, row in zip(weights, out, strict=True):
        left = given_row[keep].sum()
        assert row.sum() == pytest.approx(1.0 if left > 0 else 0.0, abs=1e-6)


def test_beyond_the_limit_the_first_tokens_are_run_and_counted():
    model, tokenizer = make("bert")
    result = attended(model, tokenizer, AttentionRequest("cat " * 400))
    assert (result.tokens_given, result.tokens_shown) == (402, 256)
    assert result.stack().weights.shape == (3, 4, 256, 256)
    assert result.stack().keys[-1].text == "[SEP]"
    assert result.size_bytes == 3 * 4 * 256 * 256 * 4


def test_a_model_with_few_positions_gets_no_more_tokens_than_it_has():
    model, tokenizer = make("gpt2")
    model.config.n_positions = 16
    assert attended(model, tokenizer, AttentionRequest("cat " * 40)).tokens_shown == 16


@pytest.mark.parametrize(
    ("request_", "error", "says"),
    [
        (AttentionRequest("  "), EmptyInputError, "Type a sentence"),
        (AttentionRequest("x" * 100_001), InputTooLongError, "100,000"),
        (AttentionRequest("cat", padding=99), InputError, "0 to 16"),
        (AttentionRequest("cat", max_tokens=9999), InputError, "2 to 256"),
        (AttentionRequest("cat", attention_mask=(1, 1)), InputError, "Give 3"),
        (AttentionRequest("cat", attention_mask=(0, 0, 0)), InputError, "at least one"),
        (AttentionRequest("cat", attention_mask=(1, 2, 1)), InputError, "0 or 1"),
    ],
)
def test_bad_requests_get_a_message_that_says_the_fix(request_, error, says):
    model, tokenizer = make("bert")
    with pytest.raises(error, match=says):
        attended(model, tokenizer, request_)


def test_a_model_without_attention_says_so():
    config = transformers.MambaConfig(vocab_size=40, hidden_size=32, num_hidden_layers=2, state_size=4)
    model = transformers.MambaForCausalLM(config).eval()
    with pytest.raises(UnsupportedOptionError, match="no self attention weights"):
        attended(model, make_tokenizer(encoder=False), AttentionRequest(TEXT))


def test_an_unknown_kind_names_those_that_exist():
    model, tokenizer = make("bert")
    with pytest.raises(InputError, match="It has: self"):
        attended(model, tokenizer, AttentionRequest(TEXT)).stack("cross")


def saved(name: str, folder) -> tuple[object, object]:
    """A tiny model and its tokenizer, saved for `from_pretrained`; the model as it comes back."""
    model, tokenizer = make(name)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return model, transformers.AutoTokenizer.from_pretrained(folder)


@pytest.mark.parametrize(
    ("name", "auto_class", "request_", "kind", "layer", "head"),
    [
        ("bert", "AutoModel", AttentionRequest(TEXT + " '\"\\", second_text="dog", padding=2), "self", 1, 2),
        ("gpt2", "AutoModelForCausalLM", AttentionRequest(TEXT, padding=1), "self", None, None),
        ("t5", "AutoModelForSeq2SeqLM", AttentionRequest(TEXT, second_text="dog ran"), "cross", 2, None),
        ("t5", "AutoModelForSeq2SeqLM", AttentionRequest(TEXT, padding=1), "decoder", None, 1),
    ],
)
def test_the_receipt_runs_and_prints_the_same_numbers(tmp_path, capsys, name, auto_class, request_, kind, layer, head):
    model, tokenizer = saved(name, tmp_path)
    result = attended(model, tokenizer, request_, auto_class, str(tmp_path))
    receipt = attention_receipt(result, kind, layer, head)
    exec(compile(receipt.code, "receipt", "exec"), {})  # integration tests run receipts in a process of their own
    printed = json.loads(capsys.readouterr().out.splitlines()[-1])
    stack = result.stack(kind)
    assert printed["shape"] == list(stack.weights.shape)
    assert printed["largest"][0]["weight"] == pytest.approx(float(stack.head(layer, head).max()), abs=1e-6)
    if layer is not None:
        index = stack.heads if head is None else head
        assert printed["entropy_nats"] == pytest.approx(stack.summaries[layer][index].entropy_nats, abs=1e-5)
