"""A language model from nothing in Chromium: a grammar is learned, looked back through by keyboard, and writes."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.embedded]
GRAMMAR = "name = Mia, Ben\nthing = ball, kite\n{name} sees a <b>{thing}</b>."
TINY = {"n_layer": 1, "n_head": 2, "hidden_size": 32, "context": 32, "lines": 500}


def set_number(page, name, value):
    field = page.get_by_label(f"number input for {name}", exact=True).filter(visible=True)
    field.fill(str(value))
    field.press("Tab")


def opened(page):
    page.get_by_role("tab", name="Training").click()
    page.get_by_role("tab", name="A language model from nothing").click()
    return page.locator("#language-model-plan p")


@pytest.mark.long
def test_a_tiny_model_is_trained_looked_back_through_and_writes(open_page):
    page = open_page()
    plan = opened(page)
    page.get_by_label("A text of your own").check()
    expect(plan).to_contain_text("There is nothing to learn from.")
    expect(page.get_by_placeholder("Language model").filter(visible=True)).to_be_visible()  # what it would be called
    page.get_by_role("button", name="Stories, with BPE").click()
    page.locator("#language-model-grammar textarea").fill(GRAMMAR)
    for name, value in TINY.items():
        set_number(page, name, value)
    page.get_by_role("button", name="How it learns: TrainingArguments").filter(visible=True).click()
    set_number(page, "max_steps", 100)
    page.locator("#language-model-guess input").fill("100")
    page.locator("#language-model-run").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".lm-stop")).to_be_focused(timeout=60_000)  # beside what it writes, and so in the window
    expect(page.locator(".lm-stop")).to_have_text("Stop: keep it as it is")
    said, reveal = page.locator(".lm-said"), page.locator(".lm-reveal")
    expect(said).to_contain_text("Done after 100 steps in", timeout=90_000)
    expect(said).to_contain_text("the grammar could have written")
    expect(said).to_be_focused()
    expect(page.locator(".lm-stop")).to_be_hidden()
    expect(page.locator(".lm-samples")).to_be_in_viewport()  # it was brought up when it had written first
    expect(reveal).to_contain_text("of 100 lines follow the grammar.")
    expect(page.locator(".lm-samples li").filter(has_text="<b>").first).to_be_visible()
    expect(page.locator(".lm-merges summary")).to_contain_text("merges of BPE")
    slider = page.locator(".lm-slide input")
    slider.focus()
    page.keyboard.press("Home")
    expect(page.locator(".lm-step")).to_contain_text("step 0 ·")
    expect(page.locator(".lm-off").first).to_be_visible()
    canvas = page.locator(".lm-map canvas")
    expect(canvas).to_have_attribute("aria-label", "Attention of layer 0, head 0 at step 0")
    canvas.focus()
    page.keyboard.press("ArrowDown")
    expect(page.locator(".lm-readout")).to_contain_text("(token 1) looks at")
    page.locator("#language-model-prompt").locator("input, textarea").fill("She")
    expect(page.locator("#language-model-since")).to_contain_text("it had another prompt.")
    page.get_by_role("button", name="Code: this training with transformers' Trainer").filter(visible=True).click()
    expect(page.locator(".cm-content:visible")).to_contain_text("import tempfile")
    page.get_by_role("link", name="Generate with it").click()
    expect(page.get_by_role("tab", name="Generation")).to_have_attribute("aria-selected", "true")
    expect(page.locator(".gen-origin").filter(visible=True)).to_contain_text("From trained/stories", timeout=60_000)
    expect(page.locator(".lk")).to_be_hidden()  # nobody has shared anything


def test_on_a_phone_in_the_dark_nothing_is_wider_than_the_page(open_page):
    page = open_page(width=390, dark=True)
    opened(page)
    expect(page.locator("#language-model-run")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
