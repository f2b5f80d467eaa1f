"""Lessons, walked to the end as a learner does: she guesses, lets the page answer, and reads what it means."""

from __future__ import annotations

from contextlib import contextmanager

import pytest
from axe_playwright_python.base import AXE_FILE_PATH
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.embedded]
PATIENCE_MS = 60_000  # the first answer of a model waits for its weights
PRESSED = ("Start", "Measure", "Show attention", "No mask")
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


def open_lesson(page, title: str) -> None:
    """The first visit opens the first lesson; later ones show the list."""
    page.locator(".pg-lessons-button").click()
    page.locator(".ls-panel h3").wait_for()
    page.get_by_role("button", name="All lessons").click()
    page.locator(".ls-lesson", has_text=title).click()
    page.locator(".ls-panel h3").wait_for()


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


def test_the_article_is_walked_to_its_end_with_wrong_guesses(page):
    open_lesson(page, "The article, live")
    said = walk(page)
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
    page = open_page(width=390, height=844)
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
    panel.get_by_role("button", name="Close the lessons").click()
    expect(panel).to_be_hidden()
    page.get_by_role("button", name="Lessons").click()
    expect(panel.locator(".ls-reveal")).to_contain_text("121")


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
    guess(panel)  # there is none: only the fields are waited for
    page.locator(".at-layer").fill("5")
    page.locator(".at-headslider").fill("11")  # not as it is shown: by the sliders
    assert "cat" in goes_on(panel)
    for title, said in (("Four bits", "170 MB"), ("Chat is only text", "34")):
        page.get_by_role("button", name="All lessons").click()
        page.locator(".ls-lesson", has_text=title).click()
        panel.locator("h3").wait_for()
        do_the_step(page, panel)
        assert said in goes_on(panel)


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
    open_lesson(page, "Wörter sind keine Token")
    panel = page.locator(".ls-panel")
    expect(panel.locator(".ls-body")).to_have_attribute("lang", "de")
    panel.locator(".ls-field").fill("4")
    panel.locator(".ls-field").press("Enter")
    expect(panel.locator(".ls-reveal")).to_contain_text("Die Stücke sind", timeout=PATIENCE_MS)
    page.evaluate(AXE_FILE_PATH.read_text(encoding="utf-8"))
    assert page.evaluate(BAD) == []
    page.get_by_role("button", name="All lessons").first.click()
    expect(panel.locator(".ls-problems")).to_contain_text("kaputt.md:17: There is no reading")
    assert page.evaluate(BAD) == []
