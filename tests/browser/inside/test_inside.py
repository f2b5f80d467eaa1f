"""Look inside in Chromium: the heat map read with mouse and keyboard, its files, and a token of a reply explained."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

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
    assert "layer 30, the last" in readout.inner_text() and "·Paris" in readout.inner_text()
    assert "Paris wins in the last layer" in page.locator(".il-tracks-title").inner_text()
    stage.focus()
    for key in ("ArrowDown", "ArrowDown", "ArrowLeft", "End"):
        page.keyboard.press(key)
    assert said.inner_text().startswith("After layer 28 of 30, after token ' is', it would say ' the' with")
    assert "' Paris', has rank" in said.inner_text()
    page.get_by_role("button", name="Rank of the winner").click()
    assert "wins in the last layer" in page.locator(".il-means").inner_text()
    stage.hover(position={"x": 20, "y": 30})
    assert "token The" in readout.inner_text(), "what the pointer is on is read out"

    page.locator(".il-twin summary").click()
    assert page.locator(".il-table tbody tr").count() == 31
    rows = list(csv.reader(io.StringIO(saved(page, "csv"))))
    assert len(rows) == 1 + 31 * 5 and rows[-1][:4] == ["30", "4", " is", " Paris"]
    assert len(json.loads(saved(page, "json"))["cells"]) == 31 * 5
    assert saved(page, "svg").startswith("<svg") and saved(page, "png")[1:4] == "PNG"

    why = page.locator("#inside-why")
    why.locator(".at-methods section").first.wait_for()
    assert why.locator(".at-title").inner_text().startswith("Why “·Paris”?")
    page.locator("#inside-more").click()
    page.wait_for_function("document.querySelectorAll('#inside-why .at-methods section').length === 3")
    why.locator(".at-agreement").wait_for()
    assert "a delta of" in why.inner_text() and "speaks most for it" in why.locator(".at-agreement").inner_text()


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
    assert page.get_by_role("tab", name="Look inside").get_attribute("aria-selected") == "true"
    assert page.locator("#inside-text textarea").input_value().startswith("Once upon a time, there was a little girl")
