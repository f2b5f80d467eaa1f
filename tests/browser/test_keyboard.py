"""By the keyboard alone: a row of tabs or choices is one stop of Tab, and the focus is never lost."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.embedded]
# Rows of tabs or radio buttons in sight where Tab would stop more or less than once.
OTHER_STOPS = """() => [...document.querySelectorAll('[role=tablist], fieldset')].filter((one) => one.checkVisibility())
  .map((row) => [...row.querySelectorAll('[role=tab], input[type=radio]:not(:disabled)')])
  .filter((row) => row.length && row.filter((one) => one.tabIndex >= 0).length !== 1)
  .map((row) => row.map((one) => one.textContent || one.value))"""


def tab(page, name: str):
    return page.locator(f'[role=tab][data-tab-id="{name}"]')


@pytest.mark.parametrize(
    ("outer", "inner"),
    [
        ("classification", ["one-text", "table"]),
        ("tokens", ["tokens-live", "tokens-batch", "tokens-chat"]),
        ("generation", ["reply", "inside"]),
        ("training", ["classifier", "language-model"]),
    ],
)
def test_tab_comes_to_a_row_once_and_arrow_keys_go_on(page, outer, inner):
    tab(page, outer).click()
    first = tab(page, inner[0])
    expect(first).to_have_attribute("tabindex", "0")
    tab(page, outer).focus()
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.matches('[role=tab]')"):
            break
    expect(first).to_be_focused()
    for name in inner[1:]:
        page.keyboard.press("ArrowRight")
        expect(tab(page, name)).to_be_focused()
        expect(tab(page, name)).to_have_attribute("tabindex", "0")
    page.keyboard.press("Tab")  # out of the row
    assert not page.evaluate("document.activeElement.matches('[role=tab]')")
    page.keyboard.press("Shift+Tab")
    expect(tab(page, inner[-1])).to_be_focused()
    page.keyboard.press("Home")
    expect(first).to_be_focused()
    page.keyboard.press("End")
    page.keyboard.press("Home")
    assert page.evaluate(OTHER_STOPS) == []
    page.keyboard.press("Shift+Tab")
    for _ in range(30):
        if page.evaluate("document.activeElement.matches('#pg-tabs > .tab-wrapper [role=tab]')"):
            break
        page.keyboard.press("Shift+Tab")
    expect(tab(page, outer)).to_be_focused()


def test_a_group_of_choices_is_one_stop_that_follows_what_is_chosen(page):
    tab(page, "generation").click()
    page.get_by_role("radio", name="balanced").check()
    page.locator("#generation-prompt textarea").focus()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")
    assert page.evaluate(OTHER_STOPS) == []
    expect(page.get_by_role("radio", name="balanced")).to_have_attribute("tabindex", "0")
