"""Links in the page: Share, open it elsewhere, and be told whether the answer is the same."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from playwright.sync_api import expect

import playground as pg
from playground.links.fingerprint import Mark

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
        "similarity": (playground.word_loss(pg.WordLossRequest(("king", "queen"))),),
        "matrix": (list(playground.word_matrix(pg.WordMatrixRequest(("man", "woman", "dog"))))[-1],),
    }


@pytest.fixture(scope="module")
def links(app_playground) -> dict[str, pg.Link]:
    return {name: app_playground.link(*given) for name, given in results(app_playground).items()}


def opened(page, link: object) -> str:
    """What the page says once it has run a link."""
    page.goto(page.url.split("#")[0] + str(link))
    said = page.locator(".lk.same, .lk.differs")
    expect(said).to_be_visible(timeout=PATIENCE_MS)
    return page.locator(".lk-text").inner_text()


def test_every_kind_of_link_runs_again_and_says_that_it_is_the_same(page, links):
    said = {name: opened(page, link) for name, link in links.items()}
    assert said == dict.fromkeys(links, "Same as when it was shared.")


def test_share_copies_a_link_and_another_answer_is_named(page, open_page, links):
    expect(page.locator("#classification-bars")).to_contain_text("5 stars", timeout=PATIENCE_MS)
    page.locator(".sh-share").first.click()
    expect(page.locator(".sh-said").first).to_contain_text("Link copied")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert pg.open_link(copied).text == page.get_by_label("text", exact=True).input_value()
    link = links["classification"]
    other = replace(link, answer=replace(link.answer, marks=(Mark("5 stars", 0.31), *link.answer.marks[1:])))
    said = opened(page, other)
    assert said.startswith("Differs from when it was shared. First at 5 stars: 0.31 there,"), said
    page.get_by_role("button", name="Close", exact=True).click()
    expect(page.locator(".lk")).to_be_hidden()


def test_what_is_no_link_gets_one_sentence_and_a_file_is_opened_like_a_link(page, links, tmp_path):
    for broken, said in (("#run=1.AAAA", "damaged"), ("#run=7.eJw", "newer version")):
        assert said in opened(page, broken)
    page.locator(".sh-share").first.click()
    file = tmp_path / "run.txt"
    file.write_text(f"{links['classification']}\n", encoding="utf-8")
    page.locator(".sh-file").first.set_input_files(file)
    expect(page.locator(".lk.same")).to_be_visible(timeout=PATIENCE_MS)


def test_the_address_follows_the_tab_and_a_reload_keeps_what_was_typed(page):
    page.get_by_role("tab", name="Generation").click()
    expect(page).to_have_url(re.compile("#tab=generation"))
    page.get_by_role("tab", name="Similarity").click()
    expect(page).to_have_url(re.compile("#tab=similarity/words$"))
    page.go_back()
    expect(page.get_by_role("tab", name="Generation")).to_have_attribute("aria-selected", "true")
    page.go_forward()
    expect(page.get_by_role("tab", name="Similarity")).to_have_attribute("aria-selected", "true")
    page.locator("#similarity-words").get_by_label("words").fill("bread, butter")
    expect(page.locator("#similarity-losses")).not_to_contain_text("animal", timeout=PATIENCE_MS)
    page.reload()
    expect(page.get_by_role("tab", name="Similarity")).to_have_attribute("aria-selected", "true")
    expect(page.locator("#similarity-words").get_by_label("words")).to_have_value("bread, butter")
    page.get_by_role("button", name="Clear it").click()
    expect(page.locator("#similarity-words").get_by_label("words")).to_have_value("man, woman, animal")
