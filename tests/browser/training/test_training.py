"""Training in Chromium: a model learns while one watches, is used in another tab, and forgotten; on a phone as well."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.embedded]


def opened(page):
    page.get_by_role("tab", name="Training", exact=True).click()
    expect(page.locator("#training-plan")).to_contain_text("learns from", timeout=60_000)
    return page


@pytest.mark.long
def test_a_model_learns_is_used_in_another_tab_found_again_and_forgotten(open_page, app_server):
    page = opened(open_page())
    expect(page.locator(".tc-nothing")).to_be_visible()
    page.get_by_role("button", name="Polite or rude").click()
    expect(page.locator("#training-plan")).to_contain_text("2 labels; learns from 76 rows")
    explained = page.locator("#training-plan .pg-word")  # also where the plan was written anew
    expect(explained).to_have_text(["gradients", "optimizer", "activations"])
    page.get_by_label("head: the new head alone").check()
    page.locator("#training-guess input").fill("15")
    page.locator("#training-guess input").press("Enter")
    page.locator("#training-run").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".tc-stop")).to_be_focused(timeout=120_000)  # beside the charts, and so in the window
    expect(page.locator(".tc-stop")).to_be_in_viewport()
    expect(page.locator(".tc-stop")).to_have_text("Stop: keep the lowest loss")
    expect(page.locator(".tc-status")).to_contain_text("is kept as", timeout=120_000)
    expect(page.locator(".tc-status")).to_be_focused()
    expect(page.locator(".tc-stop")).to_be_hidden()
    expect(page.locator(".tc-verdict")).to_contain_text("You guessed 15 of 20")
    expect(page.locator(".tc-losses .curve")).to_have_count(2)
    expect(page.locator(".tc-matrix.tc-now td")).to_have_count(4)
    expect(page.locator("#training-stop")).to_be_disabled()
    page.get_by_label("lora: the head").check()
    expect(page.locator("#training-since")).to_contain_text("it had another method, another learning_rate")
    page.get_by_label("head: the new head alone").check()
    expect(page.locator("#training-since")).to_be_hidden()
    expect(page.locator("#training-mine input")).to_have_value("Manners")
    link = page.locator("#training-ways a", has_text="Classify with it")
    expect(link).to_have_attribute("href", re.compile("^#here&run=1[.]"))
    expect(page.locator("#training-ask textarea")).not_to_have_value("")  # a row that it has never seen
    page.locator("#training-ask textarea").fill("one\n" * 21)
    page.locator("#training-ask-both").click()
    expect(page.locator("#training-compared")).to_contain_text("There are 21 texts.")
    page.locator("#training-ask textarea").fill("Shut up and move.\nThank you so much!")
    expect(page.locator("#training-compared .tb-said")).to_be_hidden()
    page.locator("#training-ask-both").click()
    answers = page.locator("#training-compared tbody tr")
    expect(answers).to_have_count(2, timeout=60_000)
    expect(answers.first.locator("td").nth(1)).to_contain_text(re.compile(r"(polite|rude) · [45].\s%"))  # a guess
    expect(answers.first.locator("b")).to_contain_text("rude ·")
    with page.expect_download() as download:
        page.locator("#training-download").click()
    page.get_by_role("tab", name="Classification", exact=True).click()
    expect(page.locator("#classification-bars .lb-bars")).to_contain_text("5 stars", timeout=60_000)
    page.locator(".pg-model input:visible").first.click()
    page.get_by_role("option", name="Manners (yours)").click()
    expect(page.locator("#classification-bars")).to_contain_text("polite", timeout=60_000)
    again = page.context.new_page()  # who comes back finds what was trained
    again.goto(app_server)
    again.get_by_role("tab", name="Training", exact=True).click()
    expect(again.locator("#training-mine input")).to_have_value("Manners", timeout=30_000)
    again.locator("#training-forget").click()
    expect(again.locator("#training-mine")).to_be_hidden()
    expect(again.locator("#training-download")).to_be_hidden()
    again.locator("#training-load input").set_input_files(download.value.path())
    expect(again.locator("#training-mine input")).not_to_have_value("", timeout=60_000)
    expect(again.locator("#training-ask")).to_be_hidden()  # what it began with isn't in the file
    again.locator("#training-forget").click()
    expect(again.locator("#training-mine")).to_be_hidden()
    again.locator("#training-load input").set_input_files(
        {"name": "mine.zip", "mimeType": "application/zip", "buffer": b"no zip"}
    )
    expect(again.locator("#training-load .tl-said")).to_contain_text("can't be unpacked")
    expect(again.locator(".toast-body")).to_have_count(0)


@pytest.mark.long
def test_who_comes_back_stops_and_keeps_the_best_and_bad_rows_are_said(open_page, app_server, capsys):
    page = opened(open_page(width=390, dark=True))
    rows = page.locator("#training-rows textarea")
    text = rows.input_value()
    rows.fill("text,label\nonly,one\n")
    expect(page.locator("#training-plan")).to_contain_text("nothing to tell apart")
    rows.fill(text)
    expect(page.locator("#training-plan")).to_contain_text("6 labels")
    page.locator("#training-guess input").fill("21")
    page.locator("#training-run").click()
    expect(page.locator("#training-plan")).to_contain_text("⚠ Your guess is out of 20")
    expect(page.locator(".tc-nothing")).to_be_visible()
    expect(page.locator(".toast-body")).to_have_count(0)
    page.locator("#training-guess input").fill("")
    page.get_by_role("button", name="How it learns: TrainingArguments").filter(visible=True).click()
    page.get_by_label("number input for num_train_epochs").fill("50")
    page.get_by_label("number input for num_train_epochs").press("Tab")
    page.locator("#training-run").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".tc-status")).to_contain_text("Step", timeout=120_000)
    page.close()  # in the middle of it; who comes back finds it going on
    page = page.context.new_page()
    page.goto(app_server)
    opened(page)
    expect(page.locator(".tc-status")).to_contain_text("Step", timeout=60_000)
    expect(page.locator("#training-run")).to_be_disabled()
    expect(page.locator(".tc-after")).to_be_hidden()
    page.locator("#training-stop").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".tc-status")).to_contain_text("Stopped after", timeout=60_000)
    expect(page.locator(".tc-status")).to_be_focused()
    expect(page.locator(".tc-verdict, .tc-cards").filter(visible=True).first).to_be_in_viewport()  # below its fields
    expect(page.locator(".tc-after")).to_be_visible()
    width = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert width[0] <= width[1]
    assert "Traceback" not in capsys.readouterr().err, "the page that was left in between"
