"""The page as a whole: every tab opens without an error or a foreign request, in both themes and on a phone."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tabs import TABS

pytestmark = [pytest.mark.browser, pytest.mark.embedded]
TITLES = [tab.TITLE for tab in TABS]


def open_tab(page, title: str) -> None:
    """Clicks a tab, which is never hidden in a menu, however narrow the page."""
    page.get_by_role("tab", name=title, exact=True).first.click()
    page.wait_for_timeout(300)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_tab_opens_on_a_desktop(open_page, dark):
    page = open_page(dark=dark)
    root = page.locator("html")  # whose scheme is that of the bars that scroll: else they are white in the dark
    assert root.evaluate("e => getComputedStyle(e).colorScheme.includes('dark')") is dark
    for title in TITLES:
        open_tab(page, title)
        expect(page.get_by_role("tab", name=title, exact=True).first).to_have_attribute("aria-selected", "true")
        assert page.locator("[role=tabpanel]:visible").first.inner_text().strip()


def test_every_tab_fits_a_phone(open_page):
    page = open_page(width=390, height=800)
    for title in TITLES:
        open_tab(page, title)
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, f"{title} scrolls sideways"


def test_the_theme_can_be_switched_and_is_remembered(page):
    before = page.evaluate("document.body.classList.contains('dark')")
    page.get_by_role("button", name="Switch between light and dark").click()
    assert page.evaluate("document.body.classList.contains('dark')") != before
    again = page.context.new_page()  # a later visit: the same browser, another page
    again.goto(page.url, wait_until="domcontentloaded")
    again.get_by_role("tab").first.wait_for()
    again.wait_for_function(f"document.body.classList.contains('dark') === {str(not before).lower()}")


HEIGHTS = """window.heights = new Set();
const note = () => {
  const header = document.querySelector("#pg-header:has(.pg-brand):has(.pg-lessons-button)");
  if (header?.clientHeight) heights.add(header.clientHeight);
  requestAnimationFrame(note);
};
note();"""


@pytest.mark.parametrize("width", [1280, 390])
def test_the_header_says_when_everything_is_ready_and_moves_nothing_below_it(open_page, width):
    page = open_page(width=width, prepare=lambda page: page.add_init_script(HEIGHTS))
    page.locator("#pg-status", has_text="Ready on").wait_for(state="attached")
    expect(page.locator(".pg-lessons-button")).to_have_attribute("data-ready", "")
    expect(page.get_by_role("button", name="New here? Take a lesson")).to_be_visible()
    page.wait_for_timeout(300)  # in which it grew
    assert len(page.evaluate("[...heights]")) == 1


def test_a_keyboard_reaches_the_tabs(page):
    page.get_by_role("tab", name=TITLES[0], exact=True).focus()
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.textContent").strip() == TITLES[1]
    tab = page.get_by_role("tab", name=TITLES[1], exact=True).first
    expect(tab).to_have_attribute("aria-selected", "true")


def test_a_list_closes_when_the_keyboard_goes_on(page):
    page.locator("#classification-bars", has_text="%").wait_for()  # until then the page still moves
    page.get_by_role("tab", name=TITLES[-1], exact=True).focus()
    for _ in range(8):  # past the words that explain themselves
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.getAttribute('role')") == "combobox":
            break
    options = page.get_by_role("option")
    options.first.wait_for()
    page.keyboard.press("Tab")
    options.first.wait_for(state="detached")
    page.wait_for_timeout(200)  # it used to open again behind the focus
    expect(options).to_have_count(0)
