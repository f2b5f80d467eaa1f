"""Lessons, walked to the end as a learner does: she guesses, lets the page answer, and reads what it means."""

from __future__ import annotations

import re
from contextlib import contextmanager

import pytest
from axe_playwright_python.base import AXE_FILE_PATH
from playwright.sync_api import expect

from tests.browser.rest import boxes
from tests.browser.test_words import faults

pytestmark = [pytest.mark.browser, pytest.mark.embedded]
PATIENCE_MS = 60_000  # the first answer of a model waits for its weights
PRESSED = ("Start", "Measure", "Show attention", "No mask", "Train")
BAD = """() => axe.run(document.querySelector(".ls-panel"), { resultTypes: ["violations"] }).then((found) =>
  found.violations.filter((one) => ["serious", "critical"].includes(one.impact))
    .flatMap((one) => one.nodes.map((node) => `${one.id}: ${node.html.slice(0, 160)}`)))"""
GERMAN = """---
title: Wörter sind keine Token
minutes: 5
know: was ein Token ist
fact: Ein Wort kann viele Token kosten.
model: HuggingFaceTB/SmolLM2-135M-Instruct
language: de
---

## Wie viele?

Dieses Modell hat vor allem Englisch gelernt. Ein **Token** ist ein Stück Text mit einer Nummer.

```yaml
predict:
  ask: Wie viele Token braucht es für „Straßenbahn“?
  number: tokens.own_count
  within: 0
stage: {tab: tokens, text: Straßenbahn, model_id: HuggingFaceTB/SmolLM2-135M-Instruct}
reveal:
  right: Ja, {tokens.own_count}.
  wrong: Nein, {tokens.own_count}.
  why: Die Stücke sind {tokens.pieces}.
```
"""


def open_panel(page) -> None:
    """The first visit opens the first lesson, later ones where it was left."""
    if page.locator(".ls-panel").is_hidden():
        page.locator(".pg-lessons-button").click()
    expect(page.locator(".ls-body")).not_to_be_empty()


def open_lesson(page, title: str, step: int = 1) -> None:
    """Opens a lesson; the steps before this one are skipped."""
    panel = page.locator(".ls-panel")
    open_panel(page)
    if panel.locator(".ls-list-button").is_visible():
        panel.locator(".ls-list-button").click()
    panel.locator(".ls-lesson", has_text=title).click()
    for at in range(1, step + 1):
        expect(panel.locator(".ls-place")).to_contain_text(f"step {at} ")
        if at < step:
            panel.get_by_role("button", name="Skip").click()


def assert_accessible(page) -> None:
    """What axe finds serious in the panel: nothing."""
    page.evaluate(AXE_FILE_PATH.read_text(encoding="utf-8"))
    assert page.evaluate(BAD) == []


def click(target) -> None:
    """Clicks, once what runs there before has ended."""
    target.click(timeout=PATIENCE_MS)


def enter(target) -> None:
    """Presses it by its key."""
    target.focus()
    target.press("Enter", timeout=PATIENCE_MS)


def guess(panel, press=click) -> None:
    """The last choice, or a number far off; then waits for the fields."""
    if panel.locator(".ls-choice").count():
        press(panel.locator(".ls-choice").last)
    elif panel.locator(".ls-field").count():
        panel.locator(".ls-field").fill("999")
        press(panel.get_by_role("button", name="That is my guess"))
    expect(panel.get_by_text("The fields are being filled")).to_have_count(0, timeout=PATIENCE_MS)


def do_the_step(page, panel, press=click) -> None:
    """Guesses, and does what the panel asks for in the page."""
    guess(panel, press)
    if (show := panel.get_by_role("button", name="Show me")).count():
        press(show)
        expect(panel.get_by_text("The fields are being filled")).to_have_count(0, timeout=PATIENCE_MS)
    if (task := panel.locator(".ls-task")).count():
        asked = task.inner_text()
        for name in PRESSED:
            if name in asked:
                press(page.get_by_role("button", name=name, exact=True))


def goes_on(panel) -> str:
    """What the step said at its end; the next one is there then."""
    expect(panel.locator(".ls-next"), panel.locator("h3").inner_text()).to_have_text("Next", timeout=PATIENCE_MS)
    said, title = panel.locator(".ls-reveal").inner_text(), panel.locator("h3").inner_text()
    assert faults(panel.inner_text()) == []
    panel.locator(".ls-next").press("Enter")
    expect(panel.locator("h3")).not_to_have_text(title)
    return said


def walk(page, doing=do_the_step) -> list[str]:
    """What each step of the open lesson said at its end, but the last."""
    panel, said = page.locator(".ls-panel"), []
    while True:
        doing(page, panel)
        if panel.locator(".ls-next", has_text="All lessons").count():
            return said
        said.append(goes_on(panel))


def test_who_asks_before_the_panel_is_there_gets_it(open_page):
    waiting = []
    page = open_page(prepare=lambda page: page.route("**/lessons/panel.js", lambda route: waiting.append(route)))
    page.locator(".pg-lessons-button").click()
    expect(page.locator(".pg-lessons-button")).to_have_attribute("data-asked", "")
    for route in waiting:
        route.continue_()
    expect(page.locator(".ls-panel h3")).to_be_visible(timeout=PATIENCE_MS)


def test_the_article_is_walked_to_its_end_with_wrong_guesses(page):
    open_lesson(page, "The article, live")

    def doing(page, panel):
        do_the_step(page, panel)
        if panel.locator("h3", has_text="Why it can't read French").count():
            expect(panel.locator(".ls-reveal")).to_be_visible(timeout=PATIENCE_MS)
            expect(page.locator("#classification-steps .ps-tokens")).to_be_in_viewport()

    said = walk(page, doing)
    assert len(said) == 8
    assert "Not this time" in said[2] and "999" in said[2] and "23" in said[2]
    assert "Live result" in said[0] and "5 stars" in said[0]
    assert "user" in said[6]
    assert "It is woman" in said[7] and "woman" in said[7]
    page.reload()
    panel = page.locator(".ls-panel")
    expect(panel.locator("h3")).to_have_text("You have walked the article")
    expect(panel.locator(".ls-known li")).to_have_count(4)
    page.get_by_role("button", name="Back", exact=True).click()
    expect(panel.locator(".ls-reveal")).to_contain_text("It is woman")
    panel.get_by_role("button", name="Start over").click()
    expect(panel.locator(".ls-choice")).to_have_count(5)
    panel.get_by_role("button", name="Skip").click()
    expect(panel.locator("h3")).to_have_text("A language it never learned")


def test_on_a_phone_a_lesson_is_walked_and_the_tabs_stay_usable(open_page):
    page = open_page(width=390, height=844, dark=True)
    open_lesson(page, "Tokens are not words")
    panel, area = page.locator(".ls-panel"), page.get_by_label("Text to tokenize")

    def doing(page, panel):
        guess(panel)
        if panel.get_by_role("button", name="Show me").count():
            area.fill("HELLO")  # not as it is shown: in the page
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0

    said = walk(page, doing)
    assert [word in text for word, text in zip(("3", "Fewer", "HELLO", "1", "13"), said, strict=True)] == [True] * 5
    expect(panel.locator(".ls-reveal")).to_contain_text("121", timeout=PATIENCE_MS)
    top = lambda selector: f"document.querySelector('{selector}').getBoundingClientRect().top"  # noqa: E731
    page.wait_for_function(f"() => {top('#pg-tokens-compare')} < {top('.ls-panel')}")  # once it has scrolled there
    assert_accessible(page)
    panel.get_by_role("button", name="Close the lessons").click()
    expect(panel).to_be_hidden()
    page.get_by_role("button", name="Lessons").click()
    expect(panel.locator(".ls-reveal")).to_contain_text("121")


@pytest.mark.parametrize(
    ("title", "step", "seen"),
    [
        ("The article, live", 3, "#classification-steps .ps-token:has-text('[UNK]')"),
        ("Four bits", 1, "#models-ledger .lg-options tr:has-text('4-bit'):visible >> nth=-1"),
    ],
)
def test_on_a_phone_what_a_step_speaks_of_at_its_end_is_in_sight(open_page, title, step, seen):
    page = open_page(width=390, height=844, dark=True)
    open_lesson(page, title, step)
    panel = page.locator(".ls-panel")
    expect(panel.locator(".ls-field")).to_have_css("color-scheme", "dark")  # its two small arrows
    guess(panel)
    expect(panel.locator(".ls-reveal")).to_be_visible(timeout=PATIENCE_MS)
    around = page.locator(seen).locator("xpath=ancestor::*[contains(@class,'ps-tokens') or contains(@class,'wrap')][1]")
    for _ in range(12):  # it scrolls there
        row, inner, sheet, button = boxes(page, seen, around, ".ls-panel", ".ls-next")
        if 0 <= row["y"] <= sheet["y"] - row["height"]:
            break
        page.wait_for_timeout(250)
    assert row["y"] >= 0 and row["y"] + row["height"] <= sheet["y"]
    assert row["y"] + row["height"] <= inner["y"] + inner["height"], "it isn't cut"
    assert button["y"] + button["height"] + 4 <= 844, "the ring of its focus is whole"
    names = ["4-bit"] if title == "Four bits" else []  # in which no line ends
    expect(panel.locator(".ls-question .pg-whole")).to_have_text(names)


def test_a_lesson_is_walked_by_keyboard_alone(page):
    page.get_by_role("button", name="Take a lesson").focus()
    page.keyboard.press("Enter")
    panel = page.locator(".ls-panel")
    expect(panel.locator("h3")).to_be_focused()
    enter(panel.get_by_role("button", name="All lessons"))
    enter(page.locator(".ls-lesson", has_text="the mask that hides it"))
    expect(panel.locator("h3")).to_have_text("A rectangle")

    def doing(page, panel):
        guess(panel, enter)
        if (show := panel.get_by_role("button", name="Show me")).count():
            enter(show)
        elif panel.get_by_text("Now press No mask").count():
            enter(panel.get_by_role("button", name="Take me there"))
            expect(page.get_by_role("button", name="No mask")).to_be_focused()
            page.keyboard.press("Enter")
            expect(panel.locator(".ls-next")).to_be_focused(timeout=PATIENCE_MS)

    said = walk(page, doing)
    assert "The short one" in said[1] and "from 2 stars to 5 stars" in said[2] and "Nothing at all" in said[3]
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(page.locator(".pg-lessons-button")).to_be_focused()


def test_what_views_draw_themselves_ends_steps(page):
    panel = page.locator(".ls-panel")
    open_lesson(page, "Where attention looks")
    do_the_step(page, panel)
    assert "because" in goes_on(panel)
    readout = page.locator(".at-readout")  # the row that the lesson speaks of is chosen in the picture
    expect(readout).to_contain_text(re.compile(r"query it attends \S+ to because"), use_inner_text=True)
    guess(panel)  # there is none: only the fields are waited for
    page.locator(".at-layer").fill("5")
    page.locator(".at-headslider").fill("11")  # not as it is shown: by the sliders
    assert "cat" in goes_on(panel)
    expect(readout).to_contain_text(re.compile(r"query it attends \S+ to cat"), use_inner_text=True)
    for title, said in (("Four bits", "170\u00a0MB"), ("Chat is only text", "34")):
        open_lesson(page, title)
        do_the_step(page, panel)
        assert said in goes_on(panel)


def test_what_is_folded_away_is_opened_and_what_was_filled_in_is_what_the_reply_was_made_from(page):
    panel = page.locator(".ls-panel")
    open_lesson(page, "Beam search", step=2)
    panel.get_by_role("button", name="Take me there").click()
    expect(page.locator("#pg-generation-num-beams input[type=number]")).to_be_focused()
    open_lesson(page, "Greedy, temperature", step=2)
    do_the_step(page, panel)
    expect(panel.locator(".ls-reveal")).to_contain_text("man", timeout=PATIENCE_MS)
    expect(page.locator("#pg-generation-seed input")).to_have_value("1")
    expect(page.locator(".gen-origin")).to_contain_text("seed 1")
    expect(page.locator(".gen-old")).to_be_hidden()  # nothing was changed since
    expect(page.locator("#generation-preset input:checked")).to_have_count(0)
    open_lesson(page, "Four bits", step=5)
    guess(panel)
    expect(page.get_by_role("button", name="Compare both")).to_be_in_viewport()


@pytest.mark.parametrize(
    ("title", "step", "field", "said"),
    [
        ("Greedy, temperature", 6, "#pg-generation-seed", ["seed", "1", "Now press Start in the page."]),
        ("Chat is only text", 5, "#generation-mode", ["prompt as", "Chat", "14", "Now press Send in the page."]),
        ("It follows its data", 3, "#language-model-grammar", ["name = Zorro, Ada, Quill …", "Now press Train"]),
    ],
)
def test_what_show_me_has_filled_in_is_said_seen_and_marked(page, title, step, field, said):
    panel = page.locator(".ls-panel")
    open_lesson(page, title, step)
    guess(panel)  # there is none: only the fields are waited for
    panel.get_by_role("button", name="Show me").click()
    task = panel.locator(".ls-task")
    for words in ["Filled in for you:", *said]:
        expect(task).to_contain_text(words)
    marked = f"document.querySelector('{field}').getAnimations().length > 0"
    page.wait_for_function(f"() => {marked}")
    page.wait_for_timeout(2500)  # nothing leads away from it
    expect(page.locator(field)).to_be_in_viewport(ratio=0.5)
    assert said[0] in panel.locator(".ls-said").inner_text()
    panel.get_by_role("button", name="Take me there").click()
    expect(page.get_by_role("button", name=said[-1].split()[2], exact=True)).to_be_focused()


def test_take_me_there_leads_to_the_button_not_to_the_tab_of_its_name(page):
    panel, button = page.locator(".ls-panel"), page.locator("#inside-look")
    open_lesson(page, "Layer by layer")
    guess(panel)
    expect(panel.locator(".ls-task")).to_contain_text("Now press Look inside")
    expect(page.locator("#inside-shows")).to_be_hidden()  # it says at which layer "cold" leads
    panel.get_by_role("button", name="Take me there").click()
    expect(button).to_be_focused()
    button.press("Enter")
    assert "Your guess" in goes_on(panel)
    expect(page.locator("#inside-shows")).to_be_hidden()
    guess(panel)  # the picture that answers this, too, is there
    expect(panel.locator(".ls-reveal")).to_contain_text("from layer 29 on", timeout=PATIENCE_MS)
    expect(page.locator("#inside-shows")).to_be_visible()


def test_an_answer_that_comes_in_parts_ends_a_step_when_it_is_whole(page):
    panel = page.locator(".ls-panel")
    for name in ("generation", "inside"):
        page.locator(f'[role=tab][data-tab-id="{name}"]').click()
    expect(page.locator("#inside-why")).to_contain_text("integrated_gradients", timeout=PATIENCE_MS)
    open_lesson(page, "Layer by layer", step=4)  # of another text than the section opens with
    guess(panel)
    expect(panel.locator(".ls-task")).to_contain_text("Compare three methods")
    page.get_by_role("button", name="Compare three methods").click()
    said = goes_on(panel)
    assert "opposite" in said and "hot" in said


def test_where_nothing_is_computed_the_answer_is_not_called_a_live_result(page):
    open_lesson(page, "Chat is only text")
    panel = page.locator(".ls-panel")
    guess(panel)
    assert "Live result" in goes_on(panel)
    guess(panel)
    expect(panel.locator(".ls-reveal dt")).to_have_text(["Your guess", "Right answer"])


def test_a_chat_that_was_cut_off_does_not_end_a_step_whose_answer_is_compared_later(page):
    open_lesson(page, "Chat is only text", step=5)
    panel, limit = page.locator(".ls-panel"), page.get_by_label("number input for max_new_tokens")
    guess(panel)  # there is none: only the fields are waited for
    panel.get_by_role("button", name="Show me").click()
    expect(limit).to_have_value("14")
    limit.fill("10")
    limit.press("Tab")
    click(page.get_by_role("button", name="Send", exact=True))
    expect(page.get_by_text("max_new_tokens reached after 10 tokens")).to_be_visible(timeout=PATIENCE_MS)
    page.wait_for_timeout(2000)
    expect(panel.locator(".ls-reveal")).to_have_count(0)


def test_an_answer_that_is_put_away_late_ends_a_step_all_the_same(page):
    open_lesson(page, "The article, live")
    looks = []

    def late(route):
        reply = route.fetch()
        found = reply.json()
        if "look" in (found["data"][0] or {}) and len(looks) < 3:
            looks.append(found)
            found["data"][0] |= {"facts": None, "asked": {}}
        route.fulfill(response=reply, json=found)

    page.route("**/run/predict*", late)
    guess(page.locator(".ls-panel"))
    expect(page.locator(".ls-reveal")).to_contain_text("5 stars", timeout=PATIENCE_MS)
    assert len(looks) == 3


def test_back_leads_to_the_place_of_a_step_and_what_it_was_made_from_can_be_filled_in_again(page):
    open_lesson(page, "The article, live", step=5)
    panel, again = page.locator(".ls-panel"), page.get_by_role("button", name="Fill the fields again")
    guess(panel)
    assert "1.7" in goes_on(panel)
    expect(panel.locator(".ls-said")).to_be_empty()  # it is of the last step
    tab = page.get_by_role("tab", name="Generation")
    expect(tab).to_have_attribute("aria-selected", "true")
    expect(again).to_be_hidden()
    page.get_by_role("button", name="Back", exact=True).click()
    expect(page.get_by_role("tab", name="Classification")).to_have_attribute("aria-selected", "true")
    page.locator("#classification-text textarea").fill("Something else")
    again.click()
    expect(page.locator("#classification-text textarea")).to_have_value("This restaurant is awesome")
    expect(page.locator("#classification-steps .ps-tokens")).to_contain_text("restaurant", timeout=PATIENCE_MS)
    expect(panel.locator(".ls-reveal")).to_contain_text("59.4")


@pytest.mark.long
def test_a_training_ends_a_step(page):
    panel = page.locator(".ls-panel")
    open_lesson(page, "It follows its data")
    do_the_step(page, panel)
    expect(page.locator("#language-model-stop")).to_be_enabled(timeout=PATIENCE_MS)
    expect(panel.locator(".ls-reveal")).to_contain_text("22 entries", timeout=2 * PATIENCE_MS)
    assert "3.11" in goes_on(panel)


def test_another_text_does_not_end_a_step(page):
    open_lesson(page, "The article, live")
    panel = page.locator(".ls-panel")
    page.locator("#classification-text textarea").fill("Something else")
    page.wait_for_timeout(2000)
    expect(panel.locator(".ls-choice")).to_have_count(5)
    expect(panel.locator(".ls-reveal")).to_have_count(0)
    page.locator("#classification-text textarea").fill("This restaurant is awesome")  # however she got there
    panel.locator(".ls-choice").first.click()
    expect(panel.locator(".ls-reveal")).to_contain_text("5 stars", timeout=PATIENCE_MS)


@contextmanager
def _classroom(folder):
    """The address of a page with a teacher's lessons."""
    import app
    from playground.config import Settings
    from playground.service import Playground

    with Playground(Settings(warm_up=("none",), lessons=folder)) as playground:
        demo = app.build_app(playground)
        options = app.launch_options(playground.settings)
        _, url, _ = demo.launch(server_name="127.0.0.1", server_port=None, prevent_thread_lock=True, **options)
        yield url.rstrip("/")
        demo.close()


def test_a_teachers_lesson_in_another_language_and_one_that_is_broken(open_page, servers, tmp_path):
    (tmp_path / "woerter.md").write_text(GERMAN, encoding="utf-8")
    (tmp_path / "kaputt.md").write_text(GERMAN.replace("number: tokens", "number: tokns"), encoding="utf-8")
    page = open_page(url=servers.enter_context(_classroom(tmp_path)))
    panel = page.locator(".ls-panel")
    open_panel(page)
    panel.locator(".ls-list-button").click()
    expect(panel.locator(".ls-problems")).to_contain_text("kaputt.md:17: There is no reading")
    assert_accessible(page)
    panel.locator(".ls-lesson", has_text="Wörter sind keine Token").click()
    expect(panel).to_have_attribute("lang", "de")
    expect(panel.locator(".ls-place")).to_contain_text("Schritt 1 von 1")
    panel.locator(".ls-field").fill("4")
    panel.get_by_role("button", name="Das schätze ich").click()
    reveal = panel.locator(".ls-reveal")
    expect(reveal).to_contain_text("Die Stücke sind", timeout=PATIENCE_MS)
    expect(reveal.locator("dt")).to_have_text(["Geschätzt", "Ergebnis"])
    expect(panel.locator(".ls-ways button")).to_have_text(["Zurück", "Alle Lektionen", "Von vorn"])
    expect(panel.get_by_role("button", name="Lektionen schließen")).to_be_visible()
    assert_accessible(page)
    panel.locator(".ls-list-button").click()
    expect(panel.locator(".ls-lesson", has_text="Wörter")).to_contain_text("1 von 1 Schritten getan")
