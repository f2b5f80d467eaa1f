"""Links in the page: Share, open it elsewhere, and be told whether the answer is the same."""

from __future__ import annotations

from dataclasses import replace

import pytest
from playwright.sync_api import expect

import playground as pg

pytestmark = [pytest.mark.browser, pytest.mark.embedded]
PATIENCE_MS = 120_000  # the first answer of a model waits for its weights
TEXT = "This restaurant is awesome"
BATCH = pg.EncodeRequest(("a cat", "the cat sat on the mat"), model_id="sentence-transformers/all-MiniLM-L6-v2")
MODELS = ("sentence-transformers/all-MiniLM-L6-v2", "HuggingFaceTB/SmolLM2-135M-Instruct")
CHAT = (pg.Message("user", "Name two."), pg.Message("assistant", "Red, blue."), pg.Message("user", "One more."))
STORY = pg.GenerateRequest(prompt="A list of colors: red, blue", max_new_tokens=6, model_id=MODELS[1])


def results(playground) -> dict:
    """What is shared, by a name: the result, and the request where the result doesn't say it."""
    tokens = pg.TokenizeRequest("Cats and CATS", MODELS[1], add_special_tokens=False)
    chat = pg.ChatTemplateRequest(CHAT, MODELS[1], add_generation_prompt=False)
    branch = replace(STORY, prefix_token_ids=(28, 2), stop_strings=("\n", "END"), seed=7)
    both = (replace(STORY, do_sample=True, seed=1), replace(STORY, do_sample=True, seed=2))
    return {
        "classification": (playground.classify(pg.ClassifyRequest(TEXT)),),
        "tokens": (playground.tokenize(tokens), tokens),
        "batch": (playground.encode(BATCH),),
        "masks": (playground.compare_masks(pg.MaskRequest(BATCH, flips=((0, 1),))),),
        "chat": (playground.render_chat(chat), chat),
        "tokenizers": (playground.compare_tokenizers(pg.CompareRequest(TEXT, MODELS)),),
        "attention": (
            playground.attend(pg.AttentionRequest(TEXT, MODELS[0], padding=2)),
            None,
            {"layer": 2, "head": 3},
        ),
        "generation": (playground.generate(branch).result(),),
        "chat turns": (playground.generate(replace(STORY, prompt=None, messages=CHAT)).result(),),
        "side by side": (tuple(playground.generate(one).result().finished for one in both), both),
        "similarity": (playground.word_loss(pg.WordLossRequest(("man", "woman", "animal"))),),
        "pipelines": (playground.pipeline(pg.PipelineRequest("text2text-generation", "thunder", max_new_tokens=5)),),
        "matrix": (list(playground.word_matrix(pg.WordMatrixRequest(("man", "woman", "dog"))))[-1],),
    }


@pytest.fixture(scope="module")
def links(app_playground) -> dict[str, pg.Link]:
    return {name: app_playground.link(*given) for name, given in results(app_playground).items()}


def opened(page) -> str:
    """What a page that was opened by a link says once it has run it."""
    expect(page.locator(".lk.same, .lk.differs")).to_be_visible(timeout=PATIENCE_MS)
    said = page.locator(".lk-text").inner_text()
    page.close()  # twelve open pages at once would share what one visitor's address may run
    return said


def test_every_kind_of_link_runs_again_and_says_that_it_is_the_same(open_page, links):
    said = {name: opened(open_page(f"/{link}")) for name, link in links.items()}
    assert said == dict.fromkeys(links, "Same as when it was shared.")


def test_share_is_copied_and_opens_in_another_page(open_page):
    page = open_page()
    expect(page.locator("#classification-bars .lb-verdict")).to_contain_text("5 stars", timeout=PATIENCE_MS)
    page.get_by_role("button", name="Share").locator("visible=true").first.click()
    expect(page.locator(".pg-share").locator("visible=true").first).to_contain_text("opied")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert pg.open_link(copied) == pg.ClassifyRequest("What a wonderful film!", model_id="playground/sentiment-5-stars")
    assert opened(open_page(f"/{copied[copied.index('#') :]}")) == "Same as when it was shared."


def test_the_address_follows_the_tab_and_a_reload_keeps_what_was_typed(open_page):
    page = open_page()
    tab = lambda name: page.get_by_role("tab", name=name, exact=True).first  # noqa: E731
    first_pair = page.locator("#similarity-losses .wl-pair").first
    text, words = page.locator("#classification-text textarea"), page.locator("#similarity-words textarea").first
    text.fill("A dull evening.")
    expect(page.locator("#classification-bars .lb-verdict")).not_to_contain_text("5 stars", timeout=PATIENCE_MS)
    tab("Similarity").click()
    expect(first_pair).to_contain_text("man", timeout=PATIENCE_MS)
    words.fill("fire, water, cat")
    page.locator("#similarity-measure").click()
    expect(first_pair).to_contain_text("fire", timeout=PATIENCE_MS)
    assert page.url.endswith("#tab=similarity/words")
    page.reload()
    expect(tab("Similarity")).to_have_attribute("aria-selected", "true", timeout=PATIENCE_MS)
    expect(words).to_have_value("fire, water, cat", timeout=PATIENCE_MS)
    page.go_back()
    expect(tab("Classification")).to_have_attribute("aria-selected", "true")
    expect(text).to_have_value("A dull evening.")
