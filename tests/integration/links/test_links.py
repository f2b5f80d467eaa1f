"""Links of real answers: opened again they ask the same, and the answer is the same."""

from __future__ import annotations

import pytest

import playground as pg
from playground.config import Settings
from playground.receipt import script
from playground.service import Playground

pytestmark = pytest.mark.embedded
TEXT = "This restaurant is awesome"
BATCH = pg.EncodeRequest(("a cat", "the cat sat on the mat"))
CHAT = (pg.Message("user", "Name three colors."),)
MODELS = ("sentence-transformers/all-MiniLM-L6-v2", "HuggingFaceTB/SmolLM2-135M-Instruct")
RUNS = {
    "classification": ("classify", pg.ClassifyRequest(TEXT)),
    "tokens": ("tokenize", pg.TokenizeRequest(TEXT)),
    "batch": ("encode", BATCH),
    "masks": ("compare_masks", pg.MaskRequest(BATCH, "no mask")),
    "chat": ("render_chat", pg.ChatTemplateRequest(CHAT)),
    "tokenizers": ("compare_tokenizers", pg.CompareRequest(TEXT, MODELS)),
    "attention": ("attend", pg.AttentionRequest(TEXT)),
    "generation": ("generate", pg.GenerateRequest(prompt="A list of colors: red, blue", max_new_tokens=8)),
    "similarity": ("word_loss", pg.WordLossRequest(("man", "woman", "animal"))),
    "pipelines": ("pipeline", pg.PipelineRequest("feature-extraction", TEXT, texts=("a cat", "a film"))),
    "matrix": ("word_matrix", pg.WordMatrixRequest(("man", "woman", "dog"))),
    "twin": ("twin", pg.TwinRequest("Once upon a", max_new_tokens=2)),
    "inside": ("logit_lens", pg.LensRequest("Once upon", prefix_token_ids=(253,))),
    "why": ("attribute_next", pg.AttributeNextRequest("Once upon", methods=("gradient_x_input",))),
    "model_map": ("model_map", pg.ModelMapRequest("a cat", layer=1, head=4)),
    "table": ("classify_table", pg.ClassifyTableRequest(pg.read_lines("A dull evening.\n\nGreat!"), "text")),
    "attribution": ("attribute", pg.AttributeRequest(TEXT, label_id=1, methods=("occlusion",))),
    "perturb": ("perturb", pg.PerturbRequest(pg.ClassifyRequest(TEXT), (2,), "delete")),
    "beside": ("classify", (pg.ClassifyRequest(TEXT), pg.ClassifyRequest(f"{TEXT}!"))),
    "vocabulary": (("search_vocabulary", "explain_split"), (pg.VocabularyRequest("play"), pg.SplitRequest("cats"))),
    "people": ("word_pairs", pg.WordPairsRequest((("tiger", "cat"), ("car", "moon")))),
}


RECEIPTS = {
    "classification": lambda playground, asked, result: playground.classification_receipts(result)[1],
    **dict.fromkeys(
        ("tokens", "batch", "chat", "tokenizers"), lambda playground, asked, result: playground.token_receipt(asked)
    ),
    "pipelines": lambda playground, asked, result: playground.pipeline_receipts(result)[-1],
    "masks": lambda playground, asked, result: playground.token_receipt(result),
    "attention": lambda playground, asked, result: playground.attention_receipt(result, "self", 1, None),
    "generation": lambda playground, asked, result: playground.generation_receipt(result.request, result.finished),
    "similarity": lambda playground, asked, result: playground.word_loss_receipt(result),
    "matrix": lambda playground, asked, result: playground.word_map_receipt(playground.word_map(result)),
    "twin": lambda playground, asked, result: playground.twin_receipt(result),
    "inside": lambda playground, asked, result: playground.lens_receipt(result),
    "why": lambda playground, asked, result: playground.attribute_next_receipt(result),
    "model_map": lambda playground, asked, result: playground.model_map_receipt(result),
    "table": lambda playground, asked, result: playground.table_receipt(result),
    "attribution": lambda playground, asked, result: playground.attribution_receipt(result),
    "perturb": lambda playground, asked, result: playground.perturb_receipt(result),
    "beside": lambda playground, asked, result: playground.texts_receipt(result),
    "vocabulary": lambda playground, asked, result: playground.vocabulary_receipt(*asked),
    "people": lambda playground, asked, result: playground.word_pairs_receipt(result),
}


def answer(playground, method, asked):
    if isinstance(asked, tuple):
        methods = (method,) * len(asked) if isinstance(method, str) else method
        return tuple(getattr(playground, name)(one) for name, one in zip(methods, asked, strict=True))
    found = getattr(playground, method)(asked)
    if method == "generate":
        return found.result()
    return list(found)[-1] if method in ("word_matrix", "word_pairs", "classify_table") else found


@pytest.mark.parametrize("place", RUNS)
def test_a_link_opened_again_gives_the_same_answer(app_playground, place):
    method, asked = RUNS[place]
    result = answer(app_playground, method, asked)
    text = str(app_playground.link(result, None if place not in ("tokens", "chat", "vocabulary") else asked))
    shared = pg.read_link(text)
    assert shared.place == place and shared.model_ids and len(text) < 1500
    opened = pg.open_link(text)
    assert getattr(opened, "words", None) == getattr(asked, "words", None)  # in their order: the page reads it
    assert [type(one) for one in shared.asked] == [
        type(one) for one in (asked if isinstance(asked, tuple) else (asked,))
    ]
    again = answer(app_playground, method, opened)
    assert app_playground.compare_link(shared, again).sentence == "Same as when it was shared."
    assert app_playground.link_presence(shared).state == "here"
    receipt = RECEIPTS[place](app_playground, asked, result)
    assert pg.open_link(script(receipt).splitlines()[-1]) == opened


def test_another_copy_of_the_weights_is_found_out(app_playground):
    asked = RUNS["classification"][1]
    shared = app_playground.link(app_playground.classify(asked))
    fewer_bits = app_playground.classify(pg.ClassifyRequest(TEXT, quantization="4-bit"))
    verdict = app_playground.compare_link(shared, fewer_bits)
    assert verdict.same is False
    assert "quantization (float32 there, 4-bit here)" in verdict.sentence


def test_visitors_of_a_public_page_get_no_model_beyond_its_list():
    with Playground(Settings(public=True, warm_up=("none",))) as public:
        for model_id in ("someone/else", "../../etc/passwd", "/etc/passwd"):
            found = public.link_presence(pg.link_to(pg.ClassifyRequest("a", model_id=model_id)))
            assert found.state == "refused" and "in the catalog" in found.sentence
