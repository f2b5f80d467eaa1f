"""Look inside in Chromium: the heat map read with mouse and keyboard, its files, and a token of a reply explained."""

from __future__ import annotations

import csv
import io
import json
import re
import threading
from pathlib import Path

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.embedded]


def opened(page):
    page.get_by_role("tab", name="Generation").click()
    page.get_by_role("tab", name="Look inside").click()
    page.locator(".il[data-drawn='5']").wait_for()
    return page


def saved(page, form: str) -> str:
    with page.expect_download() as caught:
        page.locator(f".il [data-export={form}]").click()
    return Path(caught.value.path()).read_bytes().decode("utf-8-sig" if form == "csv" else "latin-1")


def test_a_text_is_read_layer_by_layer_and_its_answer_explained(open_page):
    page = opened(open_page())
    stage, said, readout = page.locator(".il-stage"), page.locator(".il-live"), page.locator(".il-readout")
    expect(readout).to_contain_text("layer 30, the last", use_inner_text=True)
    expect(readout).to_contain_text("·Paris", use_inner_text=True)
    expect(page.locator(".il-tracks-title")).to_contain_text("Paris” wins in the last layer", use_inner_text=True)
    stage.focus()
    for key in ("ArrowDown", "ArrowDown", "ArrowLeft", "End"):
        page.keyboard.press(key)
    expect(said).to_contain_text(
        "After layer 28 of 30, after token ' is', it would say ' the' with",
        use_inner_text=True,
    )
    expect(said).to_contain_text("' Paris', has rank", use_inner_text=True)
    page.get_by_role("button", name="Rank of the winner").click()
    expect(page.locator(".il-means")).to_contain_text("wins in the last layer", use_inner_text=True)
    stage.hover(position={"x": 20, "y": 30})
    expect(readout, "what the pointer is on is read out").to_contain_text("token The", use_inner_text=True)

    page.locator(".il-twin summary").click()
    expect(page.locator(".il-table tbody tr")).to_have_count(31)
    expect(page.locator(".il-table tbody tr").first).to_contain_text(re.compile("“\u2068?·the\u2069? ?”"))
    rows = list(csv.reader(io.StringIO(saved(page, "csv"))))
    assert len(rows) == 1 + 31 * 5 and rows[-1][:4] == ["30", "4", " is", " Paris"]
    assert len(json.loads(saved(page, "json"))["cells"]) == 31 * 5
    assert saved(page, "svg").startswith("<svg") and saved(page, "png")[1:4] == "PNG"

    why = page.locator("#inside-why")
    why.locator(".at-methods section").first.wait_for()
    expect(why.locator(".at-methods section")).to_have_attribute("aria-label", "integrated_gradients")
    expect(why.locator(".at-title")).to_contain_text("Why “·Paris”?", use_inner_text=True)
    for block, word in ((readout, "entropy"), (why.locator(".at-legend"), "logit")):  # explained where they stand
        expect(block.locator(".pg-word").first).to_have_text(word)
    expect(why.locator(".at-agreement")).to_contain_text("what one method says", use_inner_text=True)
    page.locator("#inside-more").click()
    page.wait_for_function("document.querySelectorAll('#inside-why .at-methods section').length === 3")
    expect(why.locator(".at-methods section").first).to_have_attribute("aria-label", "integrated_gradients")
    expect(why).to_contain_text("a delta of", use_inner_text=True)
    expect(why.locator(".at-agreement")).to_contain_text("speaks most for it", use_inner_text=True)

    page.locator("#inside-text textarea").fill("The capital of Italy is")
    expect(page.locator(".il-old")).to_be_visible()
    expect(why.locator(".at-stale")).to_contain_text("press Look inside")
    page.locator("#inside-look").click()
    expect(why.locator(".at-title")).to_contain_text("Why “·Rome”?")
    expect(page.locator(".il-old")).to_be_hidden()
    expect(why.locator(".at-stale")).to_be_hidden()
    expect(why.locator(".at-methods section")).to_have_count(1)

    page.locator(".il-whole").click()
    expect(page.locator(".im-origin")).to_contain_text("The capital of Italy is", timeout=60_000)
    expect(page.locator(".ih")).to_have_attribute("data-drawn", "self 0 0 4")
    expect(page.get_by_role("tab", name="The whole model")).to_be_focused()
    page.go_back()
    expect(page.get_by_role("tab", name="Look inside")).to_have_attribute("aria-selected", "true")


def test_a_look_that_ends_late_takes_no_slow_methods_away(open_page, app_playground, monkeypatch):
    """They were asked for of another text, at which a press of Look inside still looked: they look for themselves."""
    page = opened(open_page())
    why, text = page.locator("#inside-why"), page.locator("#inside-text textarea")
    expect(why.locator(".at-methods section")).to_have_count(1)
    look, explain = app_playground.logit_lens, app_playground.attribute_next_steps
    looks, answers, methods = threading.Semaphore(0), threading.Event(), threading.Semaphore(0)
    asked: list[object] = []

    def looking(request):
        asked.append(request)
        if len(asked) == 1:
            assert looks.acquire(timeout=60)  # the press
        return look(request)

    def explaining(request):
        if request.run_id:  # of the slow ones
            answers.set()
            assert methods.acquire(timeout=60)
        yield from explain(request)

    monkeypatch.setattr(app_playground, "logit_lens", looking)
    monkeypatch.setattr(app_playground, "attribute_next_steps", explaining)
    text.fill("The capital of Italy is")
    page.locator("#inside-look").click()
    expect(page.locator(".il-old")).to_be_visible()
    page.locator("#inside-more").click()
    assert answers.wait(60)
    looks.release()
    page.wait_for_timeout(1500)  # what follows on the press would be there by now
    methods.release(3)
    expect(why.locator(".at-title")).to_contain_text("Why “·Rome”?", timeout=60_000)
    expect(why.locator(".at-methods section")).to_have_count(3)


def test_a_token_of_a_reply_is_looked_into(open_page):
    page = open_page()
    page.get_by_role("tab", name="Generation").click()
    page.locator(".gen-token").nth(23).wait_for()
    token = page.locator(".gen-token").nth(3)
    written = token.inner_text()
    token.click()
    page.locator(".gen-inside").click()
    page.locator(".il-origin").get_by_text("the first 3 tokens of reply A").wait_for()
    page.locator("#inside-why .at-title").get_by_text(written.strip()).wait_for()
    expect(page.get_by_role("tab", name="Look inside")).to_have_attribute("aria-selected", "true")
    text = page.locator("#inside-text textarea")
    expect(text).to_have_value(re.compile("^Once upon a time, there was a little girl"))


def test_an_example_says_what_it_shows_and_the_model_what_it_is(page):
    page.get_by_role("tab", name="Generation").click()
    page.get_by_role("tab", name="Look inside").click()
    shows, about = page.locator("#inside-shows"), page.get_by_label("about this model").filter(visible=True)
    made = re.compile("Made by Hugging Face.* rounded to 4 bits")
    expect(shows).to_contain_text("“Paris” comes out best, but leads only after the last of 30 layers.")
    expect(about).to_have_value(made)
    page.get_by_role("button", name="a function").click()
    expect(shows).to_contain_text("“b” comes out best, but leads only after layer 27 of 30.")
    page.locator("#inside-text textarea").fill("What is not an example")
    expect(shows).to_be_hidden()
    page.get_by_role("tab", name="Tokens", exact=True).click()
    page.get_by_role("tab", name="Chat template").click()
    expect(about).to_have_value(made)


def test_layers_of_a_long_text_fade_out_beside_their_numbers_on_a_phone(open_page):
    page = open_page(width=390, height=844)
    page.get_by_role("tab", name="Generation").click()
    page.get_by_role("tab", name="Look inside").click()
    page.locator("#inside-text textarea").fill("A sentence of so many words that it fits no phone")
    page.get_by_role("button", name="Look inside", exact=True).click()
    page.locator(".il-origin").get_by_text("fits no phone").wait_for()
    frame = page.locator(".il-frame")
    expect(frame).to_have_attribute("data-pg-more", "start")
    numbers = frame.locator(".il-gutter").evaluate("(node) => node.clientWidth")
    assert f"transparent {numbers}px" in frame.evaluate("(node) => getComputedStyle(node).maskImage").replace(
        "rgba(0, 0, 0, 0)", "transparent"
    )
    frame.evaluate("(node) => { node.scrollLeft = 60 }")
    expect(frame).to_have_attribute("data-pg-more", "start end")
