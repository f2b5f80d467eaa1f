"""What the Tokens tab does, without a page."""

from __future__ import annotations

import json

import pytest

import playground as pg
from playground.errors import EmptyInputError, InputError
from tabs.tokens import handlers

SMOLLM = "HuggingFaceTB/SmolLM2-135M-Instruct"
VALUES = {
    "texts": "a cat\nwhere? ||| here", "model_id": "", "padding": "longest", "padding_side": handlers.OWN,
    "truncation": "do_not_truncate", "max_length": 12, "add_special_tokens": True,
    "return_token_type_ids": handlers.OWN, "return_overflowing_tokens": False, "stride": 2,
}  # fmt: skip


@pytest.fixture(scope="module")
def playground():
    with pg.Playground(pg.Settings(warm_up=("none",))) as made:
        yield made


@pytest.mark.parametrize(
    ("text", "texts", "pairs"),
    [
        ("a\n\n b", ("a", " b"), ()),
        ("a ||| b", ("a",), ("b",)),
        ("a |||  \nb", ("a", "b"), ()),
        ("a ||| b ||| c", ("a",), ("b ||| c",)),
    ],
)
def test_lines_are_texts_and_pairs(text, texts, pairs):
    assert handlers.parse_texts(text) == (texts, pairs)


def test_what_is_typed_is_answered_as_json_and_so_are_errors(playground):
    question = {"text": "cats", "model_id": "", "add_special_tokens": True}
    assert json.loads(handlers.live_tokens(playground, question))["shown"] == ["[CLS]", "cats", "[SEP]"]
    assert "Reload" in json.loads(handlers.live_tokens(playground, ["cats"]))["error"]
    assert "20,000" in json.loads(handlers.live_tokens(playground, question | {"text": "x" * 20_001}))["error"]
    assert (
        "nobody/nothing"
        in json.loads(handlers.live_tokens(playground, question | {"model_id": "nobody/nothing"}))["error"]
    )


def test_a_short_text_is_quick_once_its_tokenizer_is_read(playground):
    playground.tokenize(pg.TokenizeRequest("x", SMOLLM))
    assert handlers.is_quick(playground, {"text": "short", "model_id": SMOLLM})
    assert not handlers.is_quick(playground, {"text": "x" * 2_000, "model_id": SMOLLM})
    assert not handlers.is_quick(playground, {"text": "short", "model_id": "unread"})
    assert not handlers.is_quick(playground, None)


def test_the_batch_section_shows_rows_dictionary_and_code(playground):
    found = handlers.show_batch(playground, VALUES | {"texts": "a cat\na"})
    assert [row["shown"] for row in found.batch["rows"]][1] == ["[CLS]", "a", "[SEP]", "[PAD]"]
    assert json.loads(found.dictionary)["attention_mask"] == [[1, 1, 1, 1], [1, 1, 1, 0]]
    assert "padding='longest'" in found.code.code
    empty = handlers.show_batch(playground, VALUES | {"texts": " \n"})
    assert empty.batch == {"rows": [], "hint": "Type a text, one per line."} and empty.code is None
    with pytest.raises(InputError, match="Some texts have a pair"):
        handlers.show_batch(playground, VALUES)


def test_a_mistake_shows_the_first_row_that_has_padding(playground):
    found = handlers.make_mistake(playground, VALUES | {"texts": "a cat sat\na"}, "no mask")
    assert found.comparison["attention"]["row"] == 1 and found.comparison["mistake"] == "no mask"
    assert found.notes == "" and "torch.ones_like(mask)" in found.code.code and "dtype=torch.float32" in found.code.code
    touched = handlers.make_mistake(playground, VALUES | {"texts": "a cat\na"}, "flipped bits", ((1, 0), (0, 1)))
    assert touched.comparison["attention"]["row"] == 0


def test_a_conversation_is_read_as_clients_send_it(playground):
    parts = [{"type": "text", "text": "Hi"}]
    shown = handlers.live_chat(playground, {"messages": [{"role": "user", "content": parts}], "model_id": ""})
    assert "user\nHi<|im_end|>" in shown["text"] and shown["notes"] == []
    for question in (None, {}, {"messages": [{"role": "user"}]}, {"messages": "hello"}):
        with pytest.raises(InputError):
            handlers.live_chat(playground, question)
    with pytest.raises(EmptyInputError):
        handlers.live_chat(playground, {"messages": []})


def test_tokenizers_are_compared_under_their_titles(playground):
    ids, made_by = ["sentence-transformers/all-MiniLM-L6-v2", SMOLLM], ["Sentence Transformers", "Hugging Face"]
    shown, receipt = handlers.compare_texts(playground, pg.CompareRequest("naïve cats", tuple(ids)))
    assert (
        shown["names"][1] == "SmolLM2 135M Instruct"
        and len(shown["rows"]) == 2
        and all(one in said for one, said in zip(made_by, shown["about"], strict=True))
        and 'print(name, "makes", len(token_ids)' in receipt.code
    )
    table = handlers.language_table(playground, ids)
    assert len(table["headers"]) == 4 and len(table["data"]) == len(handlers.SAMPLES)
    with pytest.raises(InputError, match="No tokenizer"):
        handlers.language_table(playground, [])


def test_what_a_tokenizer_does_not_know_is_marked_and_counts_as_no_bargain(playground):
    minilm = "sentence-transformers/all-MiniLM-L6-v2"
    shown, _ = handlers.compare_texts(playground, pg.CompareRequest("cats 🫠🫠 🫠", (minilm, SMOLLM)))
    assert [row[-2][0] for row in shown["totals"]] == ["⚠", "0"]
    assert shown["totals"][0][-1] == "–" and float(shown["totals"][1][-1]) > 1
    cells = [cell for row in handlers.language_table(playground, [minilm])["data"] for cell in row[2:]]
    marked = [cell for cell in cells if "unknown" in cell]
    assert marked and all("⚠" in cell and "/word" not in cell for cell in marked)
    assert any("/word" in cell for cell in cells)


def test_pieces_are_searched_and_splits_explained(playground):
    said, table = handlers.search_pieces(playground, "ground", "")
    assert "of 30,522 pieces match" in said
    assert table["headers"][:2] == ["id", "piece"] and table["data"][0][1] == "ground"
    assert handlers.split_word(playground, "playgrounds", "")["steps"][-1]["pieces"] == ["playground", "##s"]
    assert handlers.split_word(playground, " ", "")["idea"] == "Type a word."
    assert handlers.both_questions("x", " ", "") is None
    page, split = handlers.both_answers(playground, handlers.both_questions("ground", "playgrounds", ""))
    assert page.entries[0].piece == "ground" and split.pieces == ("playground", "##s")
