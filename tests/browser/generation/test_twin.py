"""The quantization twin as a person uses it: two copies of the embedded model on a text, keys, a table and a file."""

from __future__ import annotations

import csv
import re

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.embedded]


def test_two_copies_read_one_text(page):
    page.get_by_role("tab", name="Generation", exact=True).click()
    page.get_by_role("button", name="What fewer bits cost").click()
    page.locator("#twin-text textarea").fill("The capital of France is Paris,  ${alert(1)} <b>")
    expect(page.get_by_label("about the first model")).to_have_value(re.compile("^Made by Hugging Face; tiny"))
    expect(page.get_by_label("about the second model")).to_have_count(0)  # there is none
    page.get_by_label("second quantization").click()
    page.get_by_role("option", name="bfloat16").click()
    page.get_by_label("number input for tokens that each writes").fill("100")
    page.wait_for_timeout(800)  # a change ends what runs, and a hand is slower than a script
    page.locator("#twin-start").click()
    view, doing = page.locator("#twin-view"), page.locator("#twin-progress")
    expect(doing).to_contain_text(re.compile("Loading SmolLM2|Both read 1. tokens|goes on"))
    page.locator("#twin").get_by_role("button", name="Stop", exact=True).click()
    expect(doing).to_contain_text(re.compile(r"Stopped at “.+…”: nothing is compared"))
    page.get_by_label("number input for tokens that each writes").fill("3")
    page.locator("#twin-start").click()  # what was stopped may still load: the press counts all the same
    expect(doing).not_to_contain_text("Stopped", timeout=5_000)
    view.locator(".tw-verdict", has_text="bfloat16 takes 50 % of the memory of float32").wait_for(timeout=120_000)
    text = view.locator(".tw-text")
    expect(text).to_have_text("The capital of France is Paris, ${alert(1)} <b>")
    tokens = text.locator(".tw-token")
    blank = tokens.filter(has_not_text=re.compile(r"\S"))
    expect(blank).to_have_attribute("aria-label", "·")  # it would be heard as nothing
    said = view.locator(".tw-said")
    tokens.first.click()
    expect(said).to_contain_text(re.compile(r"Token 2, “·capital”: KL divergence \S+\snats; float32 gave it"))
    page.keyboard.press("ArrowRight")
    expect(said).to_contain_text("Token 3, “·of”")
    expect(text.locator("[aria-selected=true]")).to_have_count(1)
    expect(text.locator("[tabindex='0']")).to_have_count(1)  # one stop for Tab
    expect(view.locator(".tw-reply-text")).to_have_count(2)
    expect(view.locator(".tw-parting")).to_contain_text(re.compile("write the same|same tokens|at the first token"))
    view.locator(".tw-twin summary").click()
    view.locator(".tw-twin tbody tr").last.wait_for()
    expect(view.locator(".tw-twin tbody tr")).to_have_count(tokens.count())
    with page.expect_download() as download:
        view.get_by_role("button", name="CSV").click()
    with open(download.value.path(), encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == tokens.count() and float(rows[0]["KL (nats)"]) >= 0

    # Another setting, another text: these numbers were not theirs.
    page.get_by_label("number input for tokens that each writes").fill("2")
    page.locator("#twin-start").click()  # which leaves the field, too, and that doesn't end the run
    view.locator(".tw").wait_for(state="hidden")
    view.locator(".tw-verdict", has_text="bfloat16").wait_for(timeout=120_000)
    page.locator("#twin-text textarea").fill("Something else")
    view.locator(".tw").wait_for(state="hidden")


def test_a_lesson_unfolds_what_it_fills(page):
    page.locator(".pg-lessons-button").click()
    page.get_by_role("button", name="All lessons").click()
    page.locator(".ls-lesson", has_text="Four bits").click()
    panel, quantization = page.locator(".ls-panel"), page.get_by_label("quantization", exact=True)
    for title in ("How big is a number?", "Smaller model, stranger numbers"):
        expect(panel.locator("h3")).to_have_text(title)
        panel.get_by_role("button", name="Skip").click()
    expect(panel.locator("h3")).to_have_text("What it wrote before")
    expect(quantization.locator("visible=true")).to_have_value("float32")  # under More settings
    panel.get_by_role("button", name="Skip").click()
    expect(panel.locator("h3")).to_have_text("Now in four bits")
    panel.get_by_role("button", name="Skip").click()
    expect(panel.locator("h3")).to_have_text("Token by token")
    panel.locator(".ls-field").fill("9")
    panel.get_by_role("button", name="That is my guess").click()
    expect(page.locator("#twin-text textarea")).to_have_value(
        "The capital of France is Paris. Water boils at 100 degrees Celsius."
    )
    expect(page.get_by_label("second quantization")).to_have_value("4-bit")


def test_a_column_has_its_own_weights(page):
    page.get_by_role("tab", name="Generation", exact=True).click()
    page.locator("[data-how=compare]").click()
    for name in ("creative", "beam", "balanced"):
        page.get_by_role("button", name=f"remove {name}").click()
    page.get_by_role("button", name="+ current settings").click()
    page.get_by_label("quantization of greedy", exact=True).first.select_option("float32")
    page.get_by_label("quantization of greedy (again)", exact=True).select_option("bfloat16")
    page.locator("[data-act=start]").click()
    heads = page.locator(".gen-column h4")
    heads.nth(1).wait_for()
    assert heads.all_text_contents() == ["greedy · float32", "greedy (again) · bfloat16"]
    page.locator(".gen-verdict", has_text=re.compile("each by its own model|say the same")).wait_for(timeout=120_000)
    expect(page.locator(".gen-origin")).to_contain_text("The first column is from")
