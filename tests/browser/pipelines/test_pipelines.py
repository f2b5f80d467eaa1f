"""Pipelines in Chromium: the first answer, numbers read by keyboard, files, other tasks, a model that is not here."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tabs.pipelines.examples import EXAMPLES
from tabs.pipelines.handlers import NO_CODE

pytestmark = [pytest.mark.browser, pytest.mark.embedded]


def saved(page, form: str) -> str:
    with page.expect_download() as caught:
        page.locator(f".pp [data-export={form}]").click()
    return Path(caught.value.path()).read_bytes().decode("utf-8-sig" if form != "png" else "latin-1")


def test_the_first_look_finds_texts_compared_and_every_number_can_be_read(open_page):
    page = open_page()
    page.get_by_role("tab", name="Pipelines").click()
    title, view = page.locator(".pp-title"), page.locator(".pp")
    expect(title).to_have_text("Nearest in meaning: “We refund every order within thirty days.”", timeout=60_000)
    expect(page.locator(".pp-answer tr")).to_have_count(4)
    expect(page.locator(".pp-outputs")).to_have_text("last_hidden_state [1, 10, 384] float32")
    expect(page.locator(".pp-difference")).to_contain_text("They are the same numbers")
    view.get_by_role("button", name="text 2", exact=True).click()
    expect(page.locator(".pp-tokens")).to_contain_text("##und")
    page.locator("canvas.pp-strip").first.focus()
    page.keyboard.press("ArrowUp")
    expect(page.locator(".pp-readout")).to_contain_text("“[SEP]”, number 1:")
    box = page.locator("canvas.pp-strip").first.bounding_box()
    tapped = {"clientX": box["x"] + box["width"] - 3, "clientY": box["y"] + 20}  # a finger's tap: nothing moves
    page.locator("canvas.pp-strip").first.dispatch_event("click", tapped)
    expect(page.locator(".pp-readout")).to_contain_text("“how”, number 48:")
    page.locator(".pp-twin summary").first.click()
    expect(page.locator(".pp-twin tbody tr").filter(visible=True)).to_have_count(11)
    rows = list(csv.reader(io.StringIO(saved(page, "csv"))))
    assert rows[0][:2] == ["text", "cosine with text 1"] and len(rows) == 6
    assert json.loads(saved(page, "json"))["dimensions"] == 384
    assert "We refund every order" in saved(page, "svg") and saved(page, "png")[1:4] == "PNG"
    code = page.get_by_role("button", name="Code: every step with plain transformers")
    code.click()
    expect(page.locator(".cm-content:visible").first).to_contain_text("MODEL =")


def test_what_needs_a_model_of_the_hub_says_so_before_it_is_pressed(page):
    page.get_by_role("tab", name="Pipelines").click()
    chips = page.locator(".pg-examples button").filter(visible=True)
    expect(chips).to_have_count(len(EXAMPLES))
    here = {"search", "same words", "word association"}
    assert chips.all_inner_texts() == [one.name if one.name in here else f"{one.name} (Hub)" for one in EXAMPLES]


def test_another_task_answers_and_one_without_a_model_says_which_to_fetch(open_page):
    page = open_page()
    page.get_by_role("tab", name="Pipelines").click()
    expect(page.locator(".pp-title")).to_contain_text("Nearest", timeout=60_000)
    one_line = page.locator(".pg-receipt").filter(has_text="Code: in one line")
    page.get_by_role("button", name="word association").click()
    expect(page.locator(".pp-title")).to_have_text("“doctor”", timeout=60_000)
    expect(page.locator(".pp-removed")).to_contain_text("no longer has")
    assert page.locator(".pp-call").evaluate("node => node.scrollHeight - node.clientHeight") <= 0, "all of it is seen"
    one_line.get_by_role("button", name="Code: in one line").click()
    expect(one_line.locator(".cm-content")).to_have_text(NO_CODE.strip())
    expect(one_line.get_by_role("button", name="Download as notebook")).to_have_count(0)
    step = page.locator(".pp-loop button").first
    step.focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".pp-loop-said")).to_contain_text("Step 2 of 2. The decoder has read <pad> ·doctor")
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".pp-loop-from tr").nth(1)).to_contain_text("·nurse")

    page.get_by_role("button", name="a question (Hub)", exact=True).click()
    expect(page.locator(".pp-command code")).to_have_text(
        "hf download distilbert/distilbert-base-cased-distilled-squad", timeout=60_000
    )
    expect(page.locator(".pp-body")).to_be_hidden()
    expect(page.get_by_role("button", name="Share").filter(visible=True)).to_have_count(0)
    expect(page.locator("#pg-pipelines-question textarea")).to_have_value("How long was the tower meant to stand?")
    page.locator("#pipelines-run").click()
    expect(page.locator(".pp-sentence")).to_contain_text("distilled-squad isn't on this machine", timeout=60_000)
    expect(page.locator(".toast-body")).to_have_count(0)
    expect(page.locator("#pipelines-stop")).to_be_disabled()
    expect(page.locator(".pp-command code")).not_to_have_css("color", "rgba(0, 0, 0, 0)")  # as while it is on its way
