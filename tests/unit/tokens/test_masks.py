"""A flipped mask equals running the model with that mask; the mistakes are the ones they claim to be."""

from __future__ import annotations

import contextlib

import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    BertModel,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
    T5Config,
    T5ForConditionalGeneration,
)

from playground.errors import InputError, InputTooLongError
from playground.models.catalog import ModelSpec
from playground.models.pretrained import Pretrained
from playground.tokens.masks import compare_masks
from playground.tokens.masks_receipt import mask_receipt
from playground.tokens.request import EncodeRequest, MaskRequest
from playground.tokens.rules import TokenizerShelf

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "the", "cat", "sat", "on", "mat", "dog", "a", "b", "c", "d"]
TEXTS = ("the cat sat on the mat", "the dog", "a b c d")
SIZE = {"vocab_size": len(WORDS), "hidden_size": 32, "num_attention_heads": 4, "num_hidden_layers": 2}
SMALL = {**SIZE, "intermediate_size": 64, "max_position_embeddings": 64, "pad_token_id": 0}


def tokenizer_of(side: str) -> PreTrainedTokenizerFast:
    backend = Tokenizer(models.WordLevel({word: number for number, word in enumerate(WORDS)}, unk_token="[UNK]"))
    backend.pre_tokenizer = pre_tokenizers.Whitespace()
    backend.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=backend, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]",
        padding_side=side,
    )  # fmt: skip


def make_model(task: str):
    torch.manual_seed(0)
    if task == "text-classification":
        model = BertForSequenceClassification(BertConfig(**SMALL, num_labels=3))
    elif task == "feature-extraction":
        model = BertModel(BertConfig(**SMALL))
    elif task == "text-generation":
        model = LlamaForCausalLM(LlamaConfig(**SMALL, num_key_value_heads=2))
    else:
        model = T5ForConditionalGeneration(
            T5Config(vocab_size=len(WORDS), d_model=32, d_kv=8, d_ff=64, num_layers=2, num_heads=4,
                     decoder_start_token_id=0, pad_token_id=0)
        )  # fmt: skip
    model.set_attn_implementation("eager")
    return model.eval()


class Loaded:
    def __init__(self, task: str) -> None:
        self.model = self.eager = make_model(task)
        self.tokenizer = tokenizer_of("left" if task == "text-generation" else "right")
        self.safe_padding = "right"
        self.pretrained = Pretrained("nowhere", "AutoModel", "float32", "float32", "cpu")


class Manager:
    """Lends one tiny model."""

    def __init__(self, task: str) -> None:
        self.loaded, self.task = Loaded(task), task

    def spec(self, model_id: str) -> ModelSpec:
        return ModelSpec("tiny", self.task, "folder", "nowhere")

    @contextlib.contextmanager
    def lease(self, model_id, task, quantization="auto"):
        yield self.loaded


TASKS = ("text-classification", "feature-extraction", "text-generation", "text2text-generation")


@pytest.fixture(params=TASKS)
def both(request):
    manager = Manager(request.param)
    return manager, TokenizerShelf(lambda model_id: manager.loaded.tokenizer)


def direct(manager, batch, mask):
    """Numbers of plain ``model(...)``, as the definition says."""
    inputs = {"input_ids": torch.tensor(batch["input_ids"]), "attention_mask": torch.tensor(mask)}
    if manager.task == "text2text-generation":
        inputs["decoder_input_ids"] = torch.zeros(len(mask), 1, dtype=torch.long)
    with torch.inference_mode():
        output = manager.loaded.model(**inputs, output_attentions=True)
    attentions = output.encoder_attentions if manager.task == "text2text-generation" else output.attentions
    attention = torch.stack([layer.mean(1) for layer in attentions])
    if manager.task == "text-classification":
        return output.logits, attention
    if manager.task == "feature-extraction":
        weights = inputs["attention_mask"].unsqueeze(-1).float()
        return (output.last_hidden_state * weights).sum(1) / weights.sum(1), attention
    return output.logits[:, -1], attention


def test_a_flipped_mask_equals_running_the_model_with_that_mask(both):
    manager, shelf = both
    flips = ((0, 2), (1, 3))
    result = compare_masks(manager, shelf, MaskRequest(EncodeRequest(TEXTS, (), "tiny"), flips=flips, attention_row=1))
    batch = result.right.dictionary
    mask = [list(row) for row in batch["attention_mask"]]
    right, right_attention = direct(manager, batch, mask)
    for row, column in flips:
        mask[row][column] = 1 - mask[row][column]
    wrong, wrong_attention = direct(manager, batch, mask)
    assert [list(row) for row in result.wrong_mask] == mask
    for index, row in enumerate(result.rows):
        assert row.largest_difference == pytest.approx(float((right[index] - wrong[index]).abs().max()), abs=1e-6)
    assert torch.allclose(torch.tensor(result.attention.right), right_attention[:, 1], atol=6e-5)
    assert torch.allclose(torch.tensor(result.attention.wrong), wrong_attention[:, 1], atol=6e-5)
    assert result.attention.row == 1 and result.attention.aligned


def test_no_mask_means_that_padding_counts(both):
    manager, shelf = both
    result = compare_masks(manager, shelf, MaskRequest(EncodeRequest(TEXTS, (), "tiny"), "no mask"))
    assert all(set(row) == {1} for row in result.wrong_mask)
    assert result.rows[0].largest_difference < 1e-5 < result.rows[1].largest_difference


def test_the_wrong_padding_side_moves_the_padding(both):
    manager, shelf = both
    result = compare_masks(manager, shelf, MaskRequest(EncodeRequest(TEXTS, (), "tiny"), "wrong padding side"))
    left, right = (1, 0) if result.wrong.padding_side == "left" else (0, 1)
    masks = (result.right_mask, result.wrong_mask)
    assert masks[left][1][0] == 0 and masks[right][1][-1] == 0
    assert not result.attention.aligned or result.attention.row == 0
    receipt = mask_receipt(result)  # no mask was wrong
    assert receipt.title == "A batch padded on the wrong side"
    assert "padded on the wrong side, the answer moves by" in receipt.code and "MISTAKE" not in receipt.code
    if manager.task == "text-generation":  # generate() reads the last column, which is padding now
        assert result.rows[1].largest_difference > 1e-4


def test_no_special_tokens_makes_other_rows(both):
    manager, shelf = both
    result = compare_masks(manager, shelf, MaskRequest(EncodeRequest(TEXTS, (), "tiny"), "no special tokens"))
    assert len(result.wrong.rows[0].input_ids) == len(result.right.rows[0].input_ids) - 2
    receipt = mask_receipt(result)
    assert receipt.title == "A batch without special tokens" and "with the wrong mask" not in receipt.code
    assert all(row.largest_difference > 1e-5 for row in result.rows)


def test_what_is_read_is_named():
    manager = Manager("text-classification")
    shelf = TokenizerShelf(lambda model_id: manager.loaded.tokenizer)
    row = compare_masks(manager, shelf, MaskRequest(EncodeRequest(TEXTS, (), "tiny"), flips=((0, 0),))).rows[0]
    assert [item.name for item in row.quantities] == ["LABEL_0", "LABEL_1", "LABEL_2"] and row.unit == "logit"
    assert row.quantities[0].difference == row.quantities[0].wrong - row.quantities[0].right


@pytest.mark.parametrize(
    ("request_", "error", "words"),
    [
        (MaskRequest(EncodeRequest(TEXTS, (), "tiny")), InputError, "No bit"),
        (MaskRequest(EncodeRequest(TEXTS, (), "tiny"), flips=((0, 99),)), InputError, "no bit at row 0, column 99"),
        (MaskRequest(EncodeRequest(TEXTS, (), "tiny"), "haste"), InputError, "no mistake 'haste'"),
        (MaskRequest(EncodeRequest(("a",), (), "tiny"), "no mask"), InputError, "no padding"),
        (MaskRequest(EncodeRequest(("a",), (), "tiny"), "wrong padding side"), InputError, "no padding"),
        (
            MaskRequest(EncodeRequest(TEXTS, (), "tiny", padding="do_not_pad"), flips=((0, 0),)),
            InputError,
            "different lengths",
        ),
        (MaskRequest(EncodeRequest(("a " * 1998,), (), "tiny"), flips=((0, 0),)), InputTooLongError, "2,000 columns"),
    ],
)
def test_what_cannot_be_compared_gets_a_kind_message(request_, error, words):
    manager = Manager("feature-extraction")
    with pytest.raises(error, match=words):
        compare_masks(manager, TokenizerShelf(lambda model_id: manager.loaded.tokenizer), request_)
