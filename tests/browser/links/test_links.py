"""Links in the page: Share, open it elsewhere, and be told whether the answer is the same."""

from __future__ import annotations

import random
import re
from contextlib import contextmanager
from dataclasses import replace

import pytest
from playwright.sync_api import expect

import playground as pg
from playground.similarity.request import DEFAULT_TEMPLATE
from tabs.similarity.handlers import rated_pairs, read_ratings
from tests.browser.rest import boxes
from tests.browser.test_words import faults
from tests.hub_stand_in import Repository, running_hub
from tests.tiny_models import make_model

pytestmark = [pytest.mark.browser, pytest.mark.embedded]
PATIENCE_MS = 120_000  # the first answer of a model waits for its weights
TEXT = "This restaurant is awesome"
DULL = pg.ClassifyRequest("A dull evening.")
BATCH = pg.EncodeRequest(("a cat", "the cat sat on the mat"), model_id="sentence-transformers/all-MiniLM-L6-v2")
MODELS = ("sentence-transformers/all-MiniLM-L6-v2", "HuggingFaceTB/SmolLM2-135M-Instruct")
CHAT = (pg.Message("user", "Name two."), pg.Message("assistant", "Red, blue."), pg.Message("user", "One more."))
STORY = pg.GenerateRequest(prompt="A list of colors: red, blue", max_new_tokens=6, model_id=MODELS[1])
SAME = "Same as when it was shared."


def results(playground) -> dict:
    """What is shared, by a name: what gives the result, and the request where the result doesn't say it."""
    tokens = pg.TokenizeRequest("Cats and CATS", MODELS[1], add_special_tokens=False)
    chat = pg.ChatTemplateRequest(CHAT, MODELS[1], add_generation_prompt=False)
    branch = replace(STORY, prefix_token_ids=(28, 2), stop_strings=("\n", "END"), seed=7)
    both = (replace(STORY, do_sample=True, seed=1), replace(STORY, do_sample=True, seed=2))
    t5 = pg.AttentionRequest("my grandmother bakes bread", "playground/word-association", "she eats it", padding=2)
    return {
        "classification": lambda: (playground.classify(pg.ClassifyRequest(TEXT)),),
        "tokens": lambda: (playground.tokenize(tokens), tokens),
        "batch": lambda: (playground.encode(BATCH),),
        "masks": lambda: (playground.compare_masks(pg.MaskRequest(BATCH, flips=((0, 1),))),),
        "chat": lambda: (playground.render_chat(chat), chat),
        "tokenizers": lambda: (playground.compare_tokenizers(pg.CompareRequest(TEXT, MODELS)),),
        "attention": lambda: (playground.attend(t5), None, {"kind": "cross", "layer": 1, "head": 3, "row": "·she"}),
        "generation": lambda: (playground.generate(branch).result(),),
        "chat turns": lambda: (playground.generate(replace(STORY, prompt=None, messages=CHAT)).result(),),
        "side-by-side": lambda: (tuple(playground.generate(one).result().finished for one in both), both),
        "similarity": lambda: (playground.word_loss(pg.WordLossRequest(("man", "woman", "animal"))),),
        "pipelines": lambda: (
            playground.pipeline(pg.PipelineRequest("text2text-generation", "thunder", max_new_tokens=5)),
        ),
        "matrix": lambda: (list(playground.word_matrix(pg.WordMatrixRequest(("man", "woman", "dog"))))[-1],),
        **more_results(playground),
    }


def more_results(playground) -> dict:
    """What was asked beside a text, of many texts, and of a model's inside."""
    reply = pg.LensRequest(messages=CHAT, prefix_token_ids=(28, 2), model_id=MODELS[1], track_token_ids=(3,))
    why = pg.AttributeNextRequest("Once upon", token_id=253, contrast_token_id=9, methods=("gradient_x_input",))
    whole = pg.ModelMapRequest(
        "king", "playground/word-association", "queen", stack="cross", layer=1, head=1, position=0
    )
    asked = (pg.VocabularyRequest("play"), pg.SplitRequest("restaurants"))
    how = pg.TableFormat("separated", "utf-8", ",", "doubled", True)
    rows = (("7", "A dull evening.", "1"), ("8", "Great food, and cheap.", "5"))
    table = pg.ClassifyTableRequest(pg.Table(("id", "said", "stars"), rows, (2, 3), format=how), "said", "stars",
                                    labels_read_as="counted from 1")  # fmt: skip
    return {
        "attribution": lambda: (
            playground.attribute(pg.AttributeRequest(DULL.text, label_id=1, methods=("occlusion",))),
        ),
        "perturb": lambda: (playground.perturb(pg.PerturbRequest(DULL, (2, 3), "delete")),),
        "beside": lambda: ((playground.classify(DULL), playground.classify(pg.ClassifyRequest("A fine evening."))),),
        "pasted": lambda: (
            list(playground.classify_table(pg.ClassifyTableRequest(pg.read_lines("So so.\nBad."), "text")))[-1],
        ),
        "table": lambda: (list(playground.classify_table(table))[-1],),
        "inside": lambda: (playground.logit_lens(reply),),
        "why": lambda: (playground.attribute_next(why),),
        "model_map": lambda: (playground.model_map(whole),),
        "twin": lambda: (playground.twin(pg.TwinRequest("Once upon a time", max_new_tokens=2)),),
        "vocabulary": lambda: ((playground.search_vocabulary(asked[0]), playground.explain_split(asked[1])), asked),
        "people": lambda: (list(playground.word_pairs(rated_pairs(read_ratings(), None, DEFAULT_TEMPLATE)))[-1],),
    }


# One of each tab, or two.
SOME = "classification tokens attention side-by-side similarity pipelines table inside model_map".split()


@pytest.fixture(scope="module")
def link_of(app_playground):
    """``link_of(name)`` asks, and shares what was found."""
    made = results(app_playground)
    return lambda name: app_playground.link(*made[name]())


def verdict(page) -> str:
    """What a page says that has been opened by a link, once it has run it."""
    expect(page.locator(".lk.same, .lk.differs")).to_be_visible(timeout=PATIENCE_MS)
    return page.locator(".lk-text").inner_text()


@pytest.mark.long
@pytest.mark.parametrize("kinds", [SOME, pytest.param(None, marks=pytest.mark.thorough)], ids=["some", "all"])
def test_every_kind_of_link_runs_again_and_says_that_it_is_the_same(open_page, app_playground, link_of, kinds):
    kinds = kinds or tuple(results(app_playground))
    page, said = open_page(), {}
    for name in kinds:  # in one page, whatever stands there or still runs
        page.evaluate("link => { location.hash = link }", str(link_of(name)))
        said[name] = verdict(page)
        if name == "model_map":
            expect(page.locator(".ih")).to_have_attribute("data-drawn", "cross 1 1 0")
        if name == "attention":
            expect(page.locator('.at-kinds [aria-pressed="true"]')).to_have_text("Cross")
            expect(page.locator(".at-title")).to_have_text("Layer 1 · head 3")
            expect(page.locator(".at-readout")).to_contain_text("query ·she attends", use_inner_text=True)
        page.locator(".lk-close").click()
    assert said == dict.fromkeys(kinds, SAME)


def test_share_is_copied_and_opens_in_another_page(open_page):
    page = open_page()
    expect(page.locator("#classification-bars .lb-verdict")).to_contain_text("5 stars", timeout=PATIENCE_MS)
    page.get_by_role("button", name="Share").locator("visible=true").first.click()
    share = page.locator(".pg-share").locator("visible=true").first
    expect(share).to_contain_text("opied")
    assert faults(share.inner_text()) == []
    copied = page.evaluate("navigator.clipboard.readText()")
    assert pg.open_link(copied) == pg.ClassifyRequest("What a wonderful film!", model_id="playground/sentiment-5-stars")
    page = open_page(f"/{copied[copied.index('#') :]}")
    assert verdict(page) == SAME
    text = page.locator("#classification-text textarea")
    text.fill("A dull evening.")
    expect(page).to_have_url(re.compile("#tab=classification"))  # a reload keeps that, not the link
    expect(page.locator("#classification-bars .lb-verdict")).not_to_contain_text("5 stars", timeout=PATIENCE_MS)
    page.go_back()
    assert verdict(page) == SAME
    expect(text).to_have_value("What a wonderful film!")


def test_what_came_of_a_link_lies_on_no_answer_of_a_phone(open_page, link_of):
    for name, first in (("similarity", ".wl-verdict"), ("attention", ".at-title")):
        page = open_page(f"/{link_of(name)!s}", width=390, height=844)
        assert verdict(page) == SAME
        page.wait_for_timeout(500)  # it is scrolled to
        line, answer = boxes(page, *(page.locator(one).locator("visible=true").first for one in (".lk", first)))
        assert line["y"] + line["height"] <= answer["y"] < 300, name


def test_the_address_follows_the_tab_and_a_reload_keeps_what_was_typed(open_page):
    page = open_page()
    tab = lambda name: page.get_by_role("tab", name=name, exact=True).first  # noqa: E731
    first_pair = page.locator("#similarity-losses .wl-pair").first
    tab("Tokens").click()
    expect(page.locator("#pg-tokens-live .chips button").first).to_be_visible()
    page.wait_for_timeout(1500)  # it would be kept by now
    assert "drawn" not in page.evaluate("sessionStorage['pg-typed'] ?? ''"), "nobody has typed it"
    tab("Classification").click()
    text, words = page.locator("#classification-text textarea"), page.locator("#similarity-words textarea").first
    text.fill("A dull evening.")
    expect(page.locator("#classification-bars .lb-verdict")).not_to_contain_text("5 stars", timeout=PATIENCE_MS)
    tab("Similarity").click()
    expect(first_pair).to_contain_text("man", timeout=PATIENCE_MS)
    words.fill("fire, water, cat")
    page.locator("#similarity-measure").click()
    expect(first_pair).to_contain_text("fire", timeout=PATIENCE_MS)
    assert page.url.endswith("#tab=similarity/words")
    kept = "const kept = JSON.parse(sessionStorage['pg-typed'])"
    more = "kept.generation = {controls: {prompt: 'My cat is', temperature: 0.4}}"
    page.evaluate(f"() => {{ {kept}; {more}; sessionStorage['pg-typed'] = JSON.stringify(kept) }}")
    page.reload()
    expect(tab("Similarity")).to_have_attribute("aria-selected", "true", timeout=PATIENCE_MS)
    expect(words).to_have_value("fire, water, cat", timeout=PATIENCE_MS)
    expect(page.locator(".lk.back")).to_contain_text("What you had typed is back.")
    words.press_sequentially("s")
    expect(page.locator(".lk")).to_be_hidden()  # whoever goes on knows it, and the line lies on the page
    page.go_back()
    expect(tab("Classification")).to_have_attribute("aria-selected", "true")
    expect(text).to_have_value("A dull evening.")
    tab("Generation").click()  # its view appears only now, and knows what had come back into its fields before
    expect(page.locator("#generation-prompt textarea")).to_have_value("My cat is")
    expect(page.locator("#generation-preset input:checked")).to_have_count(0)
    expect(page.locator(".gen-paper")).to_contain_text("Press Start")


def test_what_is_too_long_for_a_link_goes_through_a_file_on_a_phone_by_keyboard(open_page, tmp_path):
    page = open_page("/#tab=tokens/tokens-live", width=390, dark=True)
    noise = random.Random(3)
    long = "".join(noise.choice("abcdefghijklmnopqrstuvwxyz ,.") for _ in range(9_000))
    page.locator("#pg-tokens-live textarea").fill(long)
    expect(page.locator("#pg-tokens-live")).to_contain_text("9,000", timeout=PATIENCE_MS)
    share = page.locator("#pg-tokens-share")
    share.get_by_role("button", name="Share").focus()
    for _ in range(10):  # the page counts the tokens before it knows what to share
        page.keyboard.press("Enter")
        expect(share.locator(".sh-said")).not_to_be_empty()
        if "no answer" not in share.locator(".sh-said").inner_text():
            break
        page.wait_for_timeout(500)
    expect(share).to_contain_text("too long for a link")
    expect(share.locator(".sh-link")).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.keyboard.press("Tab")
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    download.value.save_as(tmp_path / "run.txt")
    assert pg.open_link((tmp_path / "run.txt").read_text()).text == long
    page.keyboard.press("Tab")
    expect(share.locator(".sh-file")).to_be_focused()
    page.locator("#pg-tokens-live textarea").fill("something else")
    share.locator(".sh-file").set_input_files(tmp_path / "run.txt")
    assert verdict(page) == SAME
    expect(page.locator("#pg-tokens-live textarea")).to_have_value(long)
    (tmp_path / "foreign.txt").write_text("Dear diary")
    share.locator(".sh-file").set_input_files(tmp_path / "foreign.txt")
    expect(page.locator(".lk.differs")).to_contain_text("This is no link to a run of the playground")
    page.locator(".lk-close").focus()
    page.keyboard.press("Escape")
    expect(page.locator(".lk")).to_be_hidden()
    expect(page.locator('[data-tab-id="tokens"]')).to_be_focused()
    share.locator(".sh-save").focus()
    page.keyboard.press("Escape")
    expect(share.locator(".sh-box")).to_be_hidden()
    expect(share.get_by_role("button", name="Share")).to_be_focused()


@contextmanager
def public_app(remote):
    """A public page whose catalog has one more model, which is on the Hub."""
    import app
    from playground.config import Settings
    from playground.models.catalog import Catalog
    from playground.models.manager import ModelManager
    from playground.service import Playground

    settings = Settings(public=True, device="cpu", warm_up=("none",))
    with Playground(settings, ModelManager(settings, Catalog((*Catalog.read(), remote)))) as playground:
        demo = app.build_app(playground)
        _, url, _ = demo.launch(
            server_name="127.0.0.1", server_port=None, prevent_thread_lock=True, **app.launch_options(settings)
        )
        yield url.rstrip("/")
        demo.close()


def test_a_model_that_is_not_here_is_loaded_by_a_click_and_none_beyond_a_public_catalog(
    open_page, servers, tmp_path, monkeypatch
):
    from playground.models.catalog import QUANTIZATIONS, ModelSpec

    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    hub = servers.enter_context(running_hub())
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    files = Repository.of_folder(make_model(tmp_path / "m", "llama")).files
    here, beyond = Repository(files), Repository(files)
    hub.repositories |= {"org/remote": here, "org/beyond": beyond}
    remote = ModelSpec("org/remote", "text-generation", "hub", "org/remote", quantizations=QUANTIZATIONS)
    url = servers.enter_context(public_app(remote))
    page = open_page(f"/{pg.link_to(pg.LensRequest('w4 w5', model_id='org/beyond'))}", url=url)
    expect(page.locator(".lk.differs")).to_contain_text("org/beyond")
    expect(page.locator(".lk.differs")).to_contain_text("in the catalog")
    expect(page.locator(".lk-ways button")).to_have_count(0)
    page.evaluate("link => { location.hash = link }", str(pg.link_to(pg.LensRequest("w4 w5", model_id="org/remote"))))
    load = page.get_by_role("button", name="Load it and run")
    expect(load).to_be_visible()
    expect(page.locator(".lk")).to_contain_text("org/remote, which isn't on this machine yet")
    assert here.requests == beyond.requests == [], "something was fetched before anybody wanted it"
    load.click()
    expect(page.locator(".lk")).to_contain_text("holds the question alone", timeout=PATIENCE_MS)
    expect(page.locator("#inside-lens .il-origin")).to_contain_text("org/remote")
    assert here.requests and not beyond.requests
