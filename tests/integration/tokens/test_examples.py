"""Every example of the Tokens tab shows what it is there to show, with the embedded tokenizers and models."""

from __future__ import annotations

from dataclasses import replace

import pytest

import playground as pg
from tabs.tokens import batch, chat_template, live
from tabs.tokens.comparison import START
from tabs.tokens.format import format_comparison, format_languages
from tabs.tokens.handlers import SAMPLES, is_cheap, language_table, measure_next, parse_texts

pytestmark = pytest.mark.embedded
MINILM = "sentence-transformers/all-MiniLM-L6-v2"
SMOLLM = "HuggingFaceTB/SmolLM2-135M-Instruct"
TEXTS = {label: text for label, text, _ in live.EXAMPLES}


@pytest.fixture(scope="module")
def pieces(app_playground):
    """The pieces of an example under each tokenizer."""

    def pieces(label: str) -> tuple[list[str], list[str]]:
        results = [app_playground.tokenize(pg.TokenizeRequest(TEXTS[label], model)) for model in (MINILM, SMOLLM)]
        return tuple([token.shown for token in result.tokens] for result in results)  # type: ignore[return-value]

    return pieces


def test_words(pieces):
    mini, smol = pieces("Words")
    assert mini[4:9] == ["un", "##bel", "##ie", "##va", "##bly"]
    assert mini.count("cats") == 3
    assert {"·cats", "·Cats", "·CAT"} <= set(smol)


def test_the_article_s_sentence_in_two_languages(pieces):
    (english, smol), (french, _) = pieces("Hugging Face, English"), pieces("Hugging Face, French")
    assert (len(english), len(french)) == (14, 23)
    assert "[UNK]" in english and "tres" in french
    assert "·<0xF0><0x9F>" in smol and "[UNK]" not in smol


def test_emoji(pieces, app_playground):
    mini, smol = pieces("Emoji")
    assert mini.count("[UNK]") == 2
    assert any("<0x" in piece for piece in smol)
    assert app_playground.tokenize(pg.TokenizeRequest(TEXTS["Emoji"], SMOLLM)).counts.unknown_tokens == 0


def test_languages(pieces):
    mini, smol = pieces("Languages")
    assert mini.count("[UNK]") == 1 and mini[-2] == "[UNK]"
    assert sum("<0x" in piece for piece in smol) > 10


def test_numbers(pieces):
    mini, smol = pieces("Numbers")
    assert not [piece for piece in smol if sum(letter.isdigit() for letter in piece) > 1]
    assert mini[mini.index("202") + 1] == "##4"


def test_code(pieces):
    mini, smol = pieces("Code")
    assert not [piece for piece in mini if set("↵→·") & set(piece)]
    assert "↵" in smol and "→" in smol


def test_hidden_characters(pieces):
    mini, smol = pieces("Hidden characters")
    assert mini.count("[SEP]") == 2 and "<|im_end|>" in smol
    assert not [piece for piece in mini if "⟨" in piece or "␇" in piece] and "␇" in smol


def test_a_long_text_is_more_than_minilm_reads(pieces, app_playground):
    assert len(pieces("Long")[0]) == 1202
    with app_playground.manager.lease(MINILM, "feature-extraction") as loaded:
        assert loaded.model.config.max_position_embeddings == 512


def test_every_fact_is_a_sentence():
    assert all(shows.endswith(".") for _, _, shows in live.EXAMPLES)


def test_what_comes_next_is_measured_and_is_no_question(app_playground):
    """Without the prompt this model opens the assistant's turn by itself: it doesn't go on with the question."""
    messages = tuple(pg.Message(role, content) for role, content in chat_template.EXAMPLE)
    request = pg.ChatTemplateRequest(messages, SMOLLM)
    found = app_playground.chat_next(request)
    assert found.without_prompt[0].shown == "<|im_start|>" and found.without_prompt[0].probability > 0.99
    assert found.with_prompt[0].shown == "A"
    ids = app_playground.render_chat(request).tokenization.input_ids
    import torch

    with app_playground.manager.lease(SMOLLM, "text-generation") as loaded, torch.inference_mode():
        logits = loaded.model(torch.tensor([ids])).logits[0, -1].float().softmax(-1)
    for piece in found.with_prompt:
        assert piece.probability == pytest.approx(logits[piece.token_id].item(), abs=1e-5)
    shown = measure_next(app_playground, request)
    assert "without it with “<|im_start|>” (99." in shown["sentence"] and "SmolLM2" in shown["origin"]
    assert is_cheap(app_playground, request)
    assert not is_cheap(app_playground, replace(request, model_id="openai-community/gpt2"))


def test_where_nothing_can_be_measured_the_reason_stands_there(app_playground):
    long = pg.ChatTemplateRequest((pg.Message("user", "🤗" * 9_000),), SMOLLM)
    assert not is_cheap(app_playground, long)
    reason = measure_next(app_playground, long)["sentence"]
    assert "tokens" in reason and "shorten it" in reason


def test_examples_of_batches_are_padded_paired_and_cut(app_playground):
    three, article, pairs, cut = batch.EXAMPLES
    batches = []
    for _, texts, padding, *_ in (three, article):
        batches.append(app_playground.encode(pg.EncodeRequest(tuple(texts.splitlines()), (), MINILM, padding)).rows)
    padded = [[row.attention_mask.count(0) for row in rows] for rows in batches]
    assert sum(count > 0 for count in padded[0]) == 2 and padded[1] == [0, 3]
    assert 100 in batches[1][0].input_ids  # [UNK]
    texts, others = parse_texts(pairs[1])
    rows = app_playground.encode(pg.EncodeRequest(texts, others, MINILM, pairs[2])).rows
    assert all(set(row.token_type_ids) == {0, 1} for row in rows)
    request = pg.EncodeRequest((cut[1],), (), MINILM, cut[2], truncation=cut[3], max_length=12)
    assert app_playground.encode(request).truncated[0] == 8


def test_text_that_is_lost_is_marked_and_is_not_cheap(app_playground):
    table = language_table(app_playground, [MINILM, SMOLLM])
    rows = {row[0]: row[2:] for row in table["data"]}
    assert "⚠" in rows["Emoji"][0] and "/word" not in rows["Emoji"][0]
    assert "⚠" not in rows["Emoji"][1] and "/word" in rows["English"][0]
    lost = pg.Counts(10, 10, 2, 3, 0, 1, 1.5)
    assert format_languages([("x", [lost])]) == [["x", "10", "3 · ⚠ 1 unknown"]]
    compared = app_playground.compare_tokenizers(pg.CompareRequest(START, (MINILM, SMOLLM)))
    totals = format_comparison(compared, ["a", "b"], ["", ""])["totals"]
    assert totals[0][4:] == ["⚠ 1", "–"]
    assert float(totals[1][5]) > 1
    assert dict(SAMPLES)["Thai"]
