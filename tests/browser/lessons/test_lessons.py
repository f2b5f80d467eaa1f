"""Lessons, walked to the end as a learner does: she guesses, lets the page answer, and reads what it means."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.embedded]
PATIENCE_MS = 120_000  # the first answer of a model waits for its weights


def open_lesson(page, title: str = "The article, live") -> None:
    """The first visit opens the first lesson; later ones show the list."""
    page.get_by_role("button", name="Take a lesson").click()
    page.locator(".ls-panel h3").wait_for()
    page.get_by_role("button", name="All lessons").click()
    page.locator(".ls-lesson", has_text=title).click()
    page.locator(".ls-panel h3").wait_for()


def click(target) -> None:
    """Clicks, once what runs there before has ended."""
    target.click(timeout=PATIENCE_MS)


def do_the_step(page, panel, press=click) -> None:
    """Guesses the last choice, or a number far off, and does what the panel asks for in the page."""
    if panel.locator(".ls-choice").count():
        press(panel.locator(".ls-choice").last)
    elif panel.locator(".ls-field").count():
        panel.locator(".ls-field").fill("999")
        press(panel.get_by_role("button", name="That is my guess"))
    expect(panel.get_by_text("The fields are being filled")).to_have_count(0, timeout=PATIENCE_MS)
    if (show := panel.get_by_role("button", name="Show me")).count():
        press(show)
    expect(panel.get_by_text("The fields are being filled")).to_have_count(0, timeout=PATIENCE_MS)
    if (task := panel.locator(".ls-task")).count():
        asked = task.inner_text()
        for name in ("Start", "Measure"):
            if name in asked:
                press(page.get_by_role("button", name=name, exact=True))


def walk(page, press=click) -> list[str]:
    """What each step of the open lesson said at its end."""
    panel, said = page.locator(".ls-panel"), []
    while True:
        title = panel.locator("h3").inner_text()
        do_the_step(page, panel, press)
        if panel.locator(".ls-next", has_text="All lessons").count():
            return said
        expect(panel.locator(".ls-next")).to_have_text("Next", timeout=PATIENCE_MS)
        said.append(panel.locator(".ls-reveal").inner_text())
        press(panel.locator(".ls-next"))
        expect(panel.locator("h3")).not_to_have_text(title)


def test_the_article_is_walked_to_its_end_with_wrong_guesses(page):
    open_lesson(page)
    said = walk(page)
    assert len(said) == 8
    assert "Not this time" in said[2] and "999" in said[2] and "23" in said[2]
    assert "Live result" in said[0] and "5 stars" in said[0]
    assert "user" in said[6]
    assert "It is woman" in said[7] and "woman" in said[7]
    page.reload()
    expect(page.locator(".ls-panel h3")).to_have_text("You have walked the article")
    page.get_by_role("button", name="Back", exact=True).click()
    expect(page.locator(".ls-reveal")).to_contain_text("It is woman")


def test_on_a_phone_the_tabs_stay_usable(open_page):
    page = open_page(width=390, height=844)
    open_lesson(page)
    panel = page.locator(".ls-panel")
    do_the_step(page, panel)
    expect(panel.locator(".ls-reveal")).to_contain_text("5 stars", timeout=PATIENCE_MS)
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    page.get_by_label("text", exact=True).fill("This restaurant is horrible")
    expect(page.locator("#classification-bars")).to_contain_text("1 star", timeout=PATIENCE_MS)
    panel.get_by_role("button", name="Close the lessons").click()
    expect(panel).to_be_hidden()
    page.get_by_role("button", name="Lessons").click()
    expect(panel.locator(".ls-reveal")).to_contain_text("5 stars")


def test_a_step_is_done_by_keyboard_alone(page):
    button = page.get_by_role("button", name="Take a lesson")
    button.focus()
    page.keyboard.press("Enter")
    panel = page.locator(".ls-panel")
    expect(panel.locator("h3")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(panel.locator(".ls-reveal")).to_contain_text("1 star", timeout=PATIENCE_MS)
    expect(panel.locator(".ls-next")).to_be_focused()
    page.keyboard.press("Enter")
    expect(panel.locator("h3")).to_have_text("A language it never learned")
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(page.locator(".pg-lessons-button")).to_be_focused()


def test_another_text_does_not_end_a_step(page):
    open_lesson(page)
    panel = page.locator(".ls-panel")
    page.get_by_label("text", exact=True).fill("Something else")
    page.wait_for_timeout(2500)
    assert panel.locator(".ls-choice").count() == 5 and not panel.locator(".ls-reveal").count()
    page.get_by_label("text", exact=True).fill("This restaurant is awesome")  # however she got there
    page.wait_for_timeout(2500)
    panel.locator(".ls-choice").first.click()
    expect(panel.locator(".ls-reveal")).to_contain_text("5 stars", timeout=PATIENCE_MS)
    panel.get_by_role("button", name="Start over").click()
    expect(panel.locator(".ls-choice")).to_have_count(5)
