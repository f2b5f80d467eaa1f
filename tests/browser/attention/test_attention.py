"""The attention section in Chromium: drawn, read by keyboard, hatched, exported, and opened again without a network."""

from __future__ import annotations

import csv
import json
import re
import threading
import time
from pathlib import Path

import gradio as gr
import pytest
from playwright.sync_api import expect

import app
from tabs.attention import tab as attention
from tests.browser.rest import boxes

pytestmark = [pytest.mark.browser, pytest.mark.embedded]
READOUT, LIVE = ".at-readout", ".at-live"


def open_section(page):
    page.get_by_role("tab", name="Tokens", exact=True).first.click()
    page.get_by_role("tab", name="Attention", exact=True).click()
    page.wait_for_selector(".at[data-drawn]", state="attached", timeout=60_000)
    return page


def run(page, text: str) -> None:
    """Shows the attention of a text and waits until it is drawn."""
    before = page.get_attribute(".at[data-drawn]", "data-drawn")
    section = page.locator(".at").locator("xpath=ancestor::*[@role='tabpanel'][1]")
    section.locator("#pg-attention-text textarea").fill(text)
    section.get_by_role("button", name="Show attention").click()
    page.wait_for_function("old => document.querySelector('.at[data-drawn]').dataset.drawn !== old", arg=before)


def colours_drawn(page, selector: str) -> int:
    """How many different colours a canvas shows."""
    return page.evaluate(
        """(selector) => {
            const canvas = document.querySelector(selector), context = canvas.getContext("2d");
            const data = context.getImageData(0, 0, canvas.width, canvas.height).data, seen = new Set();
            for (let at = 0; at < data.length; at += 4) seen.add(data[at] << 16 | data[at + 1] << 8 | data[at + 2]);
            return seen.size;
        }""",
        selector,
    )


PAINTED_AT_ONCE = """async () => {
    const before = document.querySelector(".at-stage").toDataURL();
    document.body.classList.toggle("dark");
    await Promise.resolve();
    const changed = document.querySelector(".at-stage").toDataURL() !== before;
    document.body.classList.toggle("dark");
    return changed;
}"""


def test_a_learner_reads_heads_by_pointer_keyboard_and_table(page):
    open_section(page)
    assert colours_drawn(page, ".at-thumbs") > 50
    assert colours_drawn(page, ".at-stage") > 20
    hidden = page.locator(".at-scroll").evaluate("node => node.scrollHeight - node.clientHeight")
    assert hidden <= 0, f"{hidden} px of the map's last rows are cut"
    assert page.evaluate(PAINTED_AT_ONCE), "a dark page's print, which waits for no frame, is light"

    page.focus(".at-stage")
    page.keyboard.press("Home")
    expect(page.locator(LIVE)).to_contain_text(" attends ", use_inner_text=True)
    expect(page.locator(LIVE)).to_contain_text("query it", use_inner_text=True)
    expect(page.locator(LIVE)).to_contain_text(re.compile(r" to \[CLS\]$"))
    page.keyboard.press("ArrowDown")
    expect(page.locator(LIVE)).to_contain_text("query was attends", use_inner_text=True)

    page.focus(".at-thumbs")
    page.keyboard.press("ArrowLeft")
    page.get_by_text("outputs.attentions[5][0, 11]").wait_for()
    page.locator(".at-layer").fill("4")
    page.locator(".at-headslider").fill("12")
    page.get_by_text("outputs.attentions[4][0].mean(0)").wait_for()
    page.select_option(".at-find", label="read the previous token")
    page.get_by_text("outputs.attentions[0][0, 2]").wait_for()
    expect(page.locator(".at-habit")).to_have_text("looks at the token before", use_inner_text=True)
    expect(page.locator(".at-caution")).to_contain_text("not why the model answers", use_inner_text=True)

    code = page.get_by_role("button", name="Code: this exact run with plain transformers")
    code.locator("visible=true").click()
    page.get_by_text("weights = attentions[0, 2]").locator("visible=true").wait_for()

    box = page.locator(".at-stage").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page.locator(READOUT)).to_contain_text("the row sums to 1.0000", use_inner_text=True)

    page.get_by_text("The same numbers as a table").click()
    page.locator(".at-table tr").nth(3).wait_for()
    header = page.locator(".at-table tr").first.locator("th").all_inner_texts()
    row = page.locator(".at-table tr").nth(3).locator("td").all_inner_texts()
    assert header[1:4] == ["[CLS]", "the", "cat"]
    assert float(row[2 - 1]) > 0.99  # "cat" reads "the", the previous token
    assert row[-1] == "1.0000"

    page.check(".at-hide")
    page.get_by_text("special tokens hidden").wait_for()
    expect(page.locator(".at-plain")).to_contain_text("not the model's own numbers", use_inner_text=True)


def test_padding_is_hatched_and_named(page):
    open_section(page)
    before = page.get_attribute(".at[data-drawn]", "data-drawn")
    page.get_by_role("button", name="Padding, hatched").click()
    page.wait_for_function("old => document.querySelector('.at[data-drawn]').dataset.drawn !== old", arg=before)
    page.get_by_text("masked: padding", exact=True).wait_for()
    page.focus(".at-stage")
    page.keyboard.press("End")
    expect(page.locator(LIVE)).to_contain_text("can't read [PAD]", use_inner_text=True)
    expect(page.locator(LIVE)).to_contain_text("attention_mask is 0", use_inner_text=True)
    for mode in ("lines", "mask", "heatmap"):
        page.click(f"[data-mode={mode}]")
        assert colours_drawn(page, ".at-stage") > 3
    expect(page.locator(READOUT)).not_to_contain_text("padding: attention_mask")


def test_what_people_write_is_shown_and_never_run(page):
    open_section(page)
    text = "${alert(1)} {{alert(2)}} <img src=x onerror=alert(3)> cat"
    page.on("dialog", lambda dialog: pytest.fail(f"a script of the text ran: {dialog.message}"))
    run(page, text)
    page.get_by_text("The same numbers as a table").click()
    page.select_option(".at-query", index=1)
    expect(page.locator(".at-table td, .at-table th").filter(has_text="$")).not_to_have_count(0)
    expect(page.locator(".at img")).to_have_count(0)
    run(page, "word " * 300)
    page.get_by_text("The first 256 were given to the model").wait_for()


def test_every_export_and_the_page_without_a_network(page, browser, tmp_path):
    open_section(page)
    files = {}
    for form in ("png", "svg", "csv", "json", "html"):
        with page.expect_download() as download:
            page.click(f"[data-export={form}]")
        files[form] = tmp_path / download.value.suggested_filename
        download.value.save_as(files[form])
    assert files["png"].read_bytes().startswith(b"\x89PNG")
    assert files["svg"].read_text().startswith("<svg") and "because" in files["svg"].read_text()
    rows = list(csv.reader(files["csv"].read_text(encoding="utf-8-sig").splitlines()))
    assert len(rows) == 14 and sum(map(float, rows[3][1:])) == pytest.approx(1, abs=1e-4)
    taken = json.loads(files["json"].read_text())
    assert len(taken["attentions"]) == 6 and len(taken["attentions"][0]) == 12
    check_offline_page(browser, files["html"], taken)


def test_weights_are_forgotten_when_the_page_closes(open_page, app_playground, servers, monkeypatch):
    shelves = []

    class Watched(attention.Results):
        def __init__(self) -> None:
            super().__init__()
            shelves.append(self)

    monkeypatch.setattr(attention, "Results", Watched)
    with gr.Blocks() as demo, gr.Tabs(), gr.Tab("Attention"):
        attention.build_section(app_playground)
    options = app.launch_options(app_playground.settings)
    _, url, _ = demo.launch(server_name="127.0.0.1", server_port=None, prevent_thread_lock=True, **options)
    servers.callback(demo.close)
    page = open_page(url=url.rstrip("/"))
    page.wait_for_selector(".at[data-drawn]", state="attached")
    run(page, "Nobody else sees this.")
    assert len(shelves[0]) == 1
    page.close()
    deadline = time.monotonic() + 20
    while len(shelves[0]) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert len(shelves[0]) == 0


def test_a_t5_opens_with_cross_attention_and_the_code_is_that_of_the_head_in_sight(page):
    open_section(page)
    before = page.get_attribute(".at[data-drawn]", "data-drawn")
    page.get_by_role("button", name="Cross-attention of a T5").click()
    page.wait_for_function("old => document.querySelector('.at[data-drawn]').dataset.drawn !== old", arg=before)
    expect(page.locator('.at-kinds [aria-pressed="true"]')).to_have_text("Cross", use_inner_text=True)
    shown = page.inner_text(".at-code")
    assert shown.startswith("outputs.cross_attentions[")
    assert shown.endswith("[0].mean(0)")
    layer = int(shown.split("[")[1].strip("]"))
    page.get_by_role("button", name="Code: this exact run").last.click()
    code = page.locator(".pg-receipt .cm-content").filter(visible=True)
    code.evaluate("node => { node.scrollIntoView(false); node.parentElement.scrollTop = node.scrollHeight; }")
    code.get_by_text(f"attentions[{layer}, :].mean(dim=0)").wait_for()  # the editor writes only the lines in sight


def check_offline_page(browser, path: Path, taken: dict) -> None:
    """The file opens with no network, shows another head, and its numbers are those of the JSON."""
    context = browser.new_context(offline=True)
    page, troubles = context.new_page(), []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on(
        "request", lambda request: request.url.startswith(("file:", "blob:", "data:")) or troubles.append(request.url)
    )
    page.goto(path.as_uri())
    page.wait_for_selector(".at[data-drawn]", state="attached")
    page.focus(".at-thumbs")
    page.select_option(".at-find", label="read the previous token")
    page.locator(".at-found button").first.click()
    page.focus(".at-thumbs")
    page.keyboard.press("ArrowDown")
    page.get_by_text("outputs.attentions[1][0, 2]").wait_for()
    page.get_by_text("The same numbers as a table").click()
    page.wait_for_function("document.querySelectorAll('.at-table td.num').length === 13 * 13")
    shown = [float(text.lstrip("<")) for text in page.locator(".at-table td.num").all_inner_texts()]
    expected = [weight for row in taken["attentions"][1][2] for weight in row]
    assert shown == pytest.approx(expected, abs=2e-4)
    context.close()
    assert troubles == []


def test_a_picture_of_other_fields_is_old_and_an_older_answer_never_wins(open_page, app_playground, monkeypatch):
    attend, held = app_playground.attend, threading.Event()

    def slowly(request):
        result = attend(request)
        assert request.text != "slow" or held.wait(60)
        return result

    monkeypatch.setattr(app_playground, "attend", slowly)
    page = open_page()
    open_section(page)
    old, origin = page.locator(".at-old"), page.locator(".at-origin")
    section = page.locator(".at").locator("xpath=ancestor::*[@role='tabpanel'][1]")
    text = section.locator("#pg-attention-text textarea")
    expect(old).to_be_hidden()
    text.fill("slow")
    expect(old).to_be_visible()
    section.get_by_role("button", name="Show attention").click()
    text.fill("quick")
    text.press("Shift+Enter")
    expect(origin).to_contain_text("“quick”")
    expect(old).to_be_hidden()
    held.set()
    page.wait_for_timeout(1500)
    expect(origin).to_contain_text("“quick”")
    page.locator("canvas.at-thumbs").focus()
    page.keyboard.press("ArrowLeft")  # a head that isn't here yet: its result must not have been put away
    page.wait_for_timeout(700)
    expect(page.locator(".at-status")).to_be_empty()


def test_on_a_phone_the_map_comes_first_then_what_it_is_of(open_page):
    page = open_section(open_page(width=390))
    parts = (".at-detail", ".at-origin", ".at-bar", ".at-overview", ".at-twin", ".at-export")
    places = [box["y"] for box in boxes(page, *parts)]
    assert places == sorted(places)
    expect(page.locator(".at-cards .pg-word")).to_have_text("entropy")  # which explains itself where it stands


def test_on_a_wide_screen_choices_and_words_stand_beside_the_maps(open_page):
    page = open_section(open_page(width=1920, height=1080))
    page.get_by_role("button", name="Causal: no look ahead").click()
    page.locator(".at-tall").wait_for(timeout=60_000)
    thumbs, picks, small = boxes(page, ".at-thumbs", ".at-picks", ".at-overview")
    assert picks["x"] >= thumbs["x"] + thumbs["width"] and picks["y"] < thumbs["y"] + 30
    stage, beside, panel = boxes(page, ".at-stage", ".at-beside", ".at-detail")
    assert beside["x"] >= stage["x"] + stage["width"] and beside["y"] < stage["y"] + 30
    assert stage["width"] + beside["width"] > 0.8 * panel["width"]
    assert thumbs["width"] + picks["width"] > 0.7 * small["width"]
    page.set_viewport_size({"width": 1545, "height": 1080})  # as wide as it is beside a lesson
    page.wait_for_timeout(300)
    number, card = boxes(page, ".at-layer-out", ".at-overview")
    assert number["x"] + number["width"] <= card["x"] + card["width"] - 8 and number["height"] < 30  # in one line
    page.set_viewport_size({"width": 1920, "height": 1080})
    page.wait_for_timeout(300)
    page.locator(".at-thumbs").click(position={"x": 30 + thumbs["width"] * 0.5, "y": thumbs["height"] * 0.5})
    expect(page.locator(".at-layer-out")).to_have_text(re.compile(r"^1[45] of 0–29$"))


def test_on_a_phone_whoever_presses_an_example_sees_what_it_changes(open_page):
    page = open_section(open_page(width=390, height=844))
    for name, one, answer in (("Attention", "Two segments", ".at-title"), ("Compare", "German", ".compare .legend")):
        page.get_by_role("tab", name=name, exact=True).click()
        shown = page.locator(answer).locator("visible=true").first
        shown.wait_for()
        page.get_by_role("button", name=one, exact=True).filter(visible=True).click()
        expect(shown, name).to_be_in_viewport()


def test_where_a_lesson_leaves_little_room_the_map_has_all_of_it(open_page):
    page = open_page("/?present", width=1366, height=768)
    open_section(page)
    page.locator(".pg-lessons-button").click()
    page.locator(".ls-body h3").wait_for()
    page.get_by_role("tab", name="Tokens", exact=True).first.click()  # the lesson has opened another
    detail, overview, ramp = boxes(page, ".at-detail", ".at-overview", ".at-ramp")
    assert ramp["x"] + ramp["width"] <= detail["x"] + detail["width"]
    assert overview["y"] >= detail["y"] + detail["height"] and overview["width"] == detail["width"]
