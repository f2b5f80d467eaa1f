"""Every row of a batch is what ``tokenizer(...)`` returns."""

from __future__ import annotations

import numpy as np
import pytest
import transformers
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from playground.errors import EmptyInputError, InputError, InputTooLongError, UnsupportedOptionError
from playground.tokens.batch import encode
from playground.tokens.request import EncodeRequest, MaskRequest
from playground.tokens.rules import TokenizerShelf

MINILM = "sentence-transformers/all-MiniLM-L6-v2"
SMOLLM = "HuggingFaceTB/SmolLM2-135M-Instruct"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    texts=st.lists(st.text("abc xyz é", min_size=1, max_size=30), min_size=1, max_size=8),
    model_id=st.sampled_from([MINILM, SMOLLM]),
    padding=st.sampled_from(["longest", "max_length", "do_not_pad"]),
    padding_side=st.sampled_from([None, "left", "right"]),
    truncation=st.sampled_from(["longest_first", "only_first", "do_not_truncate"]),
    max_length=st.integers(4, 24),
    add_special_tokens=st.booleans(),
    return_token_type_ids=st.sampled_from([None, True, False]),
    overflow=st.booleans(),
)
def test_rows_are_those_of_transformers(shelf, texts, model_id, padding, padding_side, truncation, max_length,
                                        add_special_tokens, return_token_type_ids, overflow):  # fmt: skip
    request = EncodeRequest(
        tuple(texts), (), model_id, padding, padding_side, truncation, max_length, add_special_tokens,
        return_token_type_ids, 1, overflow,
    )  # fmt: skip
    batch = encode(shelf, request)
    tokenizer = shelf.tokenizer(model_id)
    arguments = {
        "padding": {"do_not_pad": False}.get(padding, padding),
        "truncation": {"do_not_truncate": False}.get(truncation, truncation),
        "add_special_tokens": add_special_tokens,
        "return_token_type_ids": return_token_type_ids,
        "padding_side": padding_side,
        "return_special_tokens_mask": True,
    }
    if truncation != "do_not_truncate" or padding == "max_length":
        arguments["max_length"] = max_length
    if truncation != "do_not_truncate" and overflow:
        arguments |= {"return_overflowing_tokens": True, "stride": 1}
    theirs = dict(tokenizer(texts, **arguments))
    assert batch.dictionary == theirs
    for index, row in enumerate(batch.rows):
        assert list(row.input_ids) == theirs["input_ids"][index]
        assert list(row.attention_mask) == theirs["attention_mask"][index]
        assert list(row.special_tokens_mask) == theirs["special_tokens_mask"][index]
        assert (row.token_type_ids is not None) == ("token_type_ids" in theirs)
        assert [kind == "padding" for kind in row.kinds] == [not bit for bit in row.attention_mask]


def test_pairs_get_type_ids(shelf):
    row = encode(shelf, EncodeRequest(("a cat",), ("a dog",))).rows[0]
    assert row.pieces == ("[CLS]", "a", "cat", "[SEP]", "a", "dog", "[SEP]")
    assert row.token_type_ids == (0, 0, 0, 0, 1, 1, 1)
    assert row.kinds == ("special", "text", "text", "special", "pair", "pair", "special")


def roberta_like(**options):
    """A tokenizer that returns no token_type_ids."""
    words = ["<pad>", "<s>", "</s>", "<unk>", "a", "cat", "dog"]
    backend = Tokenizer(models.WordLevel({word: number for number, word in enumerate(words)}, unk_token="<unk>"))
    backend.pre_tokenizer = pre_tokenizers.Whitespace()
    backend.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 1), add_prefix_space=False)
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=backend, pad_token="<pad>", unk_token="<unk>", model_input_names=["input_ids"], **options
    )


@pytest.mark.parametrize("side", ["left", "right"])
def test_a_second_text_is_called_so_without_token_type_ids(side):
    shelf = TokenizerShelf(lambda model_id: roberta_like(padding_side=side))
    request = EncodeRequest(("a cat", "a"), ("a dog", "dog"), return_token_type_ids=False)
    rows = encode(shelf, request).rows
    assert rows[0].kinds == ("special", "text", "text", "special", "special", "pair", "pair", "special")
    assert rows[1].token_type_ids is None and rows[1].kinds.count("pair") == 1
    assert rows[1].kinds[-1 if side == "right" else 0] == "padding"


@pytest.mark.parametrize("pairs", [(" ",), ("\n", "\t"), "  "])
def test_blanks_are_no_second_text(shelf, pairs):
    texts = ("a cat",) * len(pairs) if isinstance(pairs, tuple) else "a cat"
    batch = encode(shelf, EncodeRequest(texts, pairs))
    assert batch.request.pairs == () and set(batch.rows[0].kinds) == {"special", "text"}


def test_one_text_and_numbers_of_numpy_mean_what_they_say(shelf):
    request = EncodeRequest("hello world", truncation="longest_first", max_length=np.int64(3), stride=np.uint8(0))
    assert request.texts == ("hello world",) and type(request.max_length) is int
    assert encode(shelf, request).rows[0].pieces == ("[CLS]", "hello", "[SEP]")
    assert MaskRequest(request, flips=[(np.int32(0), np.int64(1))]).flips == ((0, 1),)
    assert EncodeRequest("hello", max_length=3.0).max_length == 3
    for wrong in ({"max_length": "three"}, {"stride": 1.5}, {"texts": [1]}, {"pairs": 3}):
        with pytest.raises(InputError):
            EncodeRequest(**{"texts": "hello"} | wrong)
    with pytest.raises(InputError, match="pair of numbers"):
        MaskRequest(request, flips=[(0, 1, 2)])


def test_a_tokenizer_written_in_python_makes_batches_too():
    shelf = TokenizerShelf(lambda model_id: transformers.ByT5Tokenizer())
    row = encode(shelf, EncodeRequest("é", model_id="byt5")).rows[0]
    assert row.kinds == ("text", "text", "special") and row.pieces[-1] == "</s>"
    with pytest.raises(UnsupportedOptionError, match="not a fast one"):
        shelf.rules("byt5")


def test_what_truncation_cut_is_counted(shelf):
    batch = encode(shelf, EncodeRequest(("one two three four five", "one"), truncation="longest_first", max_length=5))
    assert batch.truncated == (2, 0)


def test_overflow_goes_on_in_further_rows(shelf):
    batch = encode(
        shelf,
        EncodeRequest(("one two three four five six",), truncation="longest_first", max_length=5, stride=1,
                      return_overflowing_tokens=True),
    )  # fmt: skip
    assert [row.sample for row in batch.rows] == [0, 0, 0]
    assert batch.rows[1].pieces[1] == batch.rows[0].pieces[3] == "three"


@pytest.mark.parametrize(
    ("request_", "error", "words"),
    [
        (EncodeRequest(()), EmptyInputError, "no text"),
        (EncodeRequest(("",)), EmptyInputError, "no text"),
        (EncodeRequest(("x",) * 9), InputTooLongError, "at most 8"),
        (EncodeRequest(("x",), padding="sideways"), InputError, "padding is 'sideways'"),
        (EncodeRequest(("x",), padding="max_length"), InputError, "needs max_length"),
        (EncodeRequest(("x",), truncation="longest_first", max_length=2), InputError, "no room for text"),
        (EncodeRequest(("x",), truncation="longest_first", max_length=9999), InputError, "Use 1 to 512"),
        (EncodeRequest(("x",), truncation="only_second", max_length=9), InputError, "no pairs"),
        (EncodeRequest(("x", "y"), ("z", "")), InputError, "Some texts have a pair"),
        (
            EncodeRequest(
                ("x y z a b c",), truncation="longest_first", max_length=5, stride=4, return_overflowing_tokens=True
            ),
            InputError,
            "Use less than 3",
        ),
    ],
)
def test_wrong_arguments_get_a_message_that_says_the_fix(shelf, request_, error, words):
    with pytest.raises(error, match=words):
        encode(shelf, request_)
