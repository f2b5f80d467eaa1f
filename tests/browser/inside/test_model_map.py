"""The whole model in Chromium: drawn, opened and one head unrolled with the keyboard alone, and its files."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.embedded]


def saved(page, view: str, form: str) -> str:
    with page.expect_download() as caught:
        page.locator(f"{view} [data-export={form}]").click()
    return Path(caught.value.path()).read_bytes().decode("utf-8-sig" if form == "csv" else "latin-1")


def test_a_model_is_opened_and_a_head_unrolled_with_the_keyboard(open_page):
    page = open_page()
    page.get_by_role("tab", name="Models").click()
    page.locator(".lg-row", has_text="SmolLM2 135M").locator("summary").click()
    page.get_by_role("button", name="Draw the whole of SmolLM2 135M Instruct").click()
    page.locator(".im[data-drawn='134515008']").wait_for()
    expect(page.get_by_role("tab", name="The whole model")).to_have_attribute("aria-selected", "true")
    said = page.locator(".im-live")
    expect(page.locator(".im-sum")).to_have_text("LlamaForCausalLM: 134,515,008 parameters, 538 MB")
    expect(page.locator(".im-legend")).to_contain_text("feed-forward 59.2 %")
    page.locator(".im-picture").focus()
    for key in ("End", "Home", "ArrowDown", "ArrowDown", "ArrowDown"):
        page.keyboard.press(key)
    expect(said).to_contain_text("blocks model.layers, closed")
    for key in ("Enter", "ArrowDown", "ArrowRight", "ArrowRight"):
        page.keyboard.press(key)
    expect(said).to_have_text(re.compile(r"^Block 2 of 30; after it a token's vector has the length \d+"))
    for key in ("ArrowDown", "ArrowDown", "ArrowDown"):
        page.keyboard.press(key)
    expect(said).to_have_text(re.compile(r"^Attention model\.layers\.2\.self_attn, closed: 884,736 parameters"))
    expect(page.locator(".im-facts")).to_contain_text("9 heads of 64, 3 heads of k and v")
    page.locator(".im-unroll").focus()
    page.keyboard.press("Enter")
    page.locator(".ih[data-drawn='self 2 0 4']").wait_for()
    page.locator(".ih-head").select_option("4")
    page.locator(".ih[data-drawn='self 2 4 4']").wait_for()
    expect(page.locator(".ih-sentence")).to_contain_text(
        "shares its keys and values (number 1 of 3) with heads 3 and 5"
    )
    expect(page.locator(".ih-steps")).to_contain_text("turned by angles")
    page.locator(".ih-stage").focus()
    page.keyboard.press("PageUp")
    page.keyboard.press("ArrowDown")
    expect(page.locator(".ih-live")).to_have_text(re.compile(r"^Token 0, 'The': q·k is .*weight \d"))

    page.locator(".ih-twin summary").click()
    expect(page.locator(".ih-keys tbody tr")).to_have_count(5)
    head = json.loads(saved(page, ".ih", "json"))["head"]
    assert sum(one["weight"] for one in head["keys"]) == pytest.approx(1, abs=1e-4)
    page.locator(".im-twin summary").click()
    rows = list(csv.reader(io.StringIO(saved(page, ".im", "csv"))))
    assert rows[1][4:6] == ["134515008", "538060288"]
    assert saved(page, ".im", "svg").startswith("<svg") and saved(page, ".ih", "png")[1:4] == "PNG"


def test_a_model_with_two_sides_and_its_cross_attention(open_page):
    page = open_page()
    page.get_by_role("tab", name="Models").click()
    page.get_by_role("tab", name="The whole model").click()
    page.locator(".im[data-drawn]").wait_for()
    page.locator("#pg-model_map-model-id input").fill("Word association")
    page.keyboard.press("Enter")
    expect(page.locator("#map-decoder-text textarea")).to_be_visible()
    page.locator("#map-text textarea").fill("king")
    page.locator("#map-decoder-text textarea").fill("queen")
    page.locator("#map-draw").click()
    page.locator(".im[data-drawn='10499072']").wait_for()
    expect(page.locator(".im-origin")).to_contain_text("the decoder reads what you gave it")
    page.locator(".ih-stack").select_option("cross")
    page.locator(".ih[data-drawn^='cross 0 0']").wait_for()
    expect(page.locator(".ih-steps")).to_contain_text("this model takes q·k as it is")


def test_a_tapped_block_is_marked_and_the_browser_rings_no_whole_drawing(open_page):
    page = open_page(width=390, height=844)
    page.get_by_role("tab", name="Models").click()
    page.get_by_role("tab", name="The whole model").click()
    page.locator(".im[data-drawn]").wait_for()
    picture = page.locator(".im-picture")
    picture.click(position={"x": 60, "y": 20})
    assert page.evaluate("document.activeElement.classList.contains('im-picture')")
    assert picture.evaluate("(node) => getComputedStyle(node).outlineStyle") == "none"
    page.keyboard.press("ArrowDown")
    assert picture.evaluate("(node) => getComputedStyle(node).outlineStyle") == "solid"
