"""By the keyboard alone: a row of tabs or choices is one stop of Tab, and the focus is never lost."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.rest import at_rest

pytestmark = [pytest.mark.browser, pytest.mark.embedded]
# Rows of tabs or radio buttons in sight where Tab would stop more or less than once.
OTHER_STOPS = """() => [...document.querySelectorAll('[role=tablist], fieldset')].filter((one) => one.checkVisibility())
  .map((row) => [...row.querySelectorAll('[role=tab], input[type=radio]:not(:disabled)')])
  .filter((row) => row.length && row.filter((one) => one.tabIndex >= 0).length !== 1)
  .map((row) => row.map((one) => one.textContent || one.value))"""


def tab(page, name: str):
    return page.locator(f'[role=tab][data-tab-id="{name}"]')


INNER = {
    "classification": ["one-text", "table"],
    "tokens": ["tokens-live", "tokens-batch", "tokens-chat"],
    "generation": ["reply", "inside"],
    "training": ["classifier", "language-model"],
}


def presses_until(page, key: str, at: str, most: int = 30) -> None:
    """Presses a key until the focus is on what a selector names."""
    for _ in range(most):
        page.keyboard.press(key)
        if page.evaluate("(at) => document.activeElement.matches(at)", at):
            return


def test_tab_comes_to_a_row_once_and_arrow_keys_go_on(page):
    for outer, inner in INNER.items():
        tab(page, outer).click()
        first = tab(page, inner[0])
        expect(first).to_have_attribute("tabindex", "0")
        at_rest(page)  # what is drawn behind the focus would lie on its way back
        tab(page, outer).focus()
        presses_until(page, "Tab", "[role=tab]")
        expect(first).to_be_focused()
        for name in inner[1:]:
            page.keyboard.press("ArrowRight")
            expect(tab(page, name)).to_be_focused()
            expect(tab(page, name)).to_have_attribute("tabindex", "0")
        at_rest(page)
        page.keyboard.press("Tab")  # out of the row
        assert not page.evaluate("document.activeElement.matches('[role=tab]')")
        page.keyboard.press("Shift+Tab")
        expect(tab(page, inner[-1])).to_be_focused()
        page.keyboard.press("Home")
        expect(first).to_be_focused()
        page.keyboard.press("End")
        page.keyboard.press("Home")
        expect(first).to_have_attribute("aria-selected", "true")
        at_rest(page)
        assert page.evaluate(OTHER_STOPS) == []
        page.keyboard.press("Shift+Tab")
        if not page.evaluate("document.activeElement.matches('#pg-tabs > .tab-wrapper [role=tab]')"):
            presses_until(page, "Shift+Tab", "#pg-tabs > .tab-wrapper [role=tab]")
        expect(tab(page, outer)).to_be_focused()


ROWS = """() => [...document.querySelectorAll('[role=tablist]')].filter((one) => one.checkVisibility())
  .map((row) => [...row.querySelectorAll('[role=tab]')].map((one) => one.dataset.tabId))"""
# What a screen reader would be told that is a key or a fault of a script.
SAID = """() => {
  window.odd = [];
  const look = () => document.querySelectorAll('[aria-live], [role=status], [role=alert]').forEach((one) => {
    const text = one.textContent.trim();
    if (/^[a-z_]+\\.[a-z_]+$|undefined|NaN|\\[object/.test(text)) window.odd.push(text);
  });
  new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true });
}"""

# What has a ring when the keyboard comes to it, of which what is around cuts off more than its outermost pixel: also
# what scrolls, where its ring lies outside of all that can be scrolled to.
CUT = """() => {
  const inputs = 'textarea, input:not([role=combobox])';
  const all = [...document.querySelectorAll('button, a[href], summary, [tabindex="0"], ' + inputs)];
  const had = document.activeElement;
  const cut = [];
  for (const one of all) {
    if (!one.checkVisibility() || one.disabled || (one.tabIndex < 0 && one.type !== "radio")) continue;
    one.focus({ focusVisible: true, preventScroll: true });
    document.getAnimations().forEach((moving) => moving.effect.getTiming().iterations === 1 && moving.finish());
    const ringed = (one.type === "radio" && one.closest("label")) || one;
    const style = getComputedStyle(ringed);
    const reach = parseFloat(style.outlineWidth) + parseFloat(style.outlineOffset) - 1.1;
    if (document.activeElement !== one || style.outlineStyle === "none") continue;
    const { left, top, right, bottom } = ringed.getBoundingClientRect();
    for (let around = ringed.parentElement; around; around = around.parentElement) {
      const { overflowX, overflowY } = getComputedStyle(around);
      const frame = around.getBoundingClientRect();
      const scrolls = overflowX === "auto" || overflowX === "scroll";
      const x = frame.left + around.clientLeft - (scrolls ? around.scrollLeft : 0);
      const y = frame.top + around.clientTop - (scrolls ? around.scrollTop : 0);
      const width = scrolls ? around.scrollWidth : around.clientWidth;
      const height = scrolls ? around.scrollHeight : around.clientHeight;
      const cuts = (overflow) => ["hidden", "auto", "scroll"].includes(overflow);
      if ((cuts(overflowX) && (left - reach < x || right + reach > x + width)) ||
          (cuts(overflowY) && (top - reach < y || bottom + reach > y + height)))
        cut.push(one.getAttribute("aria-label") || one.value || one.textContent.trim().slice(0, 40));
    }
  }
  had.focus({ preventScroll: true });
  return cut;
}"""


def walk(page, row: list[str], known: list[list[str]]) -> int:
    """How many tabs arrow keys come to, in this row and in those that open inside of it."""
    count = 0
    for name in row:
        one = tab(page, name)
        if one.get_attribute("aria-selected") != "true":
            page.locator(f'[role=tab][data-tab-id="{row[row.index(name) - 1]}"]').focus()
            page.keyboard.press("ArrowRight")
        expect(one).to_have_attribute("aria-selected", "true")
        at_rest(page)  # it is laid out now
        assert page.evaluate(CUT) == [], name
        inner = [new for new in page.evaluate(ROWS) if new not in known]
        known += inner
        count += 1 + sum(walk(page, new, known) for new in reversed(inner))  # the innermost is in sight now
    return count


def test_a_ring_is_whole_where_the_window_ends(page):
    """Somebody comes by Tab to what is half in sight."""
    button = page.get_by_role("button", name="Classify", exact=True)
    expect(page.locator("#classification-bars .lb-row").first).to_be_visible()  # the button stays where it is now
    page.get_by_role("textbox", name="text", exact=False).first.focus()
    at_rest(page)
    box = button.bounding_box()
    page.set_viewport_size({"width": 1280, "height": int(box["y"] + box["height"] / 2)})
    for _ in range(20):
        page.keyboard.press("Tab")
        if button.evaluate("one => one === document.activeElement"):
            break
    expect(button).to_be_focused()
    at_rest(page)
    edge = "innerHeight - document.activeElement.getBoundingClientRect().bottom"
    assert page.evaluate(edge) >= 4


def test_arrow_keys_come_to_every_tab_and_nothing_is_said_by_a_key(page):
    page.evaluate(SAID)
    top = page.evaluate(ROWS)[0]
    assert walk(page, top, [top]) > 25
    assert page.evaluate("window.odd") == []


def test_a_group_of_choices_is_one_stop_that_follows_what_is_chosen(page):
    tab(page, "generation").click()
    page.get_by_role("radio", name="balanced").check()
    page.locator("#generation-prompt textarea").focus()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")
    assert page.evaluate(OTHER_STOPS) == []
    expect(page.get_by_role("radio", name="balanced")).to_have_attribute("tabindex", "0")


RUNS = {  # tabs: what begins a run there, and what stands there when it has ended
    ("generation",): ("[data-act=start]", ".gen[aria-busy=false]"),
    ("similarity", "matrix"): ("#matrix-measure", "#similarity-map h4"),
    ("similarity", "people"): ("#people-measure", "#similarity-people .wr-title"),
    ("pipelines",): ("#pipelines-run", "#pipelines-view .pp-title"),
    ("classification", "table"): ("#table-run", "#table-evaluation .ev-cards b"),
}
IN_SIGHT = """() => {
  const { top, bottom } = document.activeElement.getBoundingClientRect();
  return top >= 0 && bottom <= innerHeight;
}"""
FOCI = """() => {
  const at = window.at = [];
  const look = () => at.push(document.activeElement.textContent.trim());
  setTimeout(() => addEventListener("focusin", look), 0);
}"""


def test_the_focus_goes_to_stop_while_a_run_works_and_comes_back(open_page):
    page = open_page(width=1366, height=768)  # a laptop, where most answers end below its window
    for tabs, (run, done) in RUNS.items():
        for name in tabs:
            tab(page, name).click()
        if "table" in tabs:
            page.get_by_role("button", name="Use 30 example reviews").click()
            expect(page.get_by_label("label column")).to_have_value("stars")
        button = page.locator(run)
        button.wait_for()
        page.wait_for_timeout(1000)
        expect(button).to_be_enabled(timeout=90_000)  # what it begins with by itself is over
        button.focus()
        page.evaluate(FOCI)
        page.keyboard.press("Enter")
        page.wait_for_timeout(300)
        expect(button).to_be_enabled(timeout=120_000)
        page.locator(done).first.wait_for()
        page.wait_for_timeout(300)
        expect(button).to_be_focused()
        at_rest(page)
        assert page.evaluate(IN_SIGHT), tabs
        assert "Stop" in page.evaluate("window.at"), tabs


def test_what_a_key_takes_away_leaves_the_focus_to_what_stands_there_then(page):
    tab(page, "tokens").click()
    tab(page, "tokens-chat").click()
    page.get_by_label("content of message 1").focus()
    page.keyboard.press("Tab")
    loaded = "performance.getEntriesByType('resource').some(({ name }) => name.includes('kept_focus'))"
    page.wait_for_function(loaded)  # it comes with the first key
    page.keyboard.press("Enter")
    expect(page.get_by_label("role of message 1")).to_be_focused()
    tab(page, "generation").click()
    page.locator(".gen[aria-busy=false]").wait_for(timeout=120_000)
    page.get_by_role("button", name="Side by side").focus()
    page.keyboard.press("Enter")
    page.get_by_label("remove greedy").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label("quantization of balanced")).to_be_focused()
    tab(page, "models").click()
    page.locator("#models-ledger summary").first.focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Draw the whole").first.focus()
    page.keyboard.press("Enter")
    expect(tab(page, "whole-model")).to_be_focused()


def test_a_token_that_is_chosen_by_a_key_leaves_the_focus_on_those_that_may_come_next(page):
    tab(page, "generation").click()
    page.locator(".gen[aria-busy=false]").wait_for(timeout=120_000)
    page.get_by_role("button", name="By hand").focus()
    page.keyboard.press("Enter")
    first = page.locator("button.gen-choice").first
    first.focus()
    for _ in range(3):
        now = first.get_attribute("aria-label")
        page.keyboard.press("Enter")
        expect(first).not_to_have_attribute("aria-label", now, timeout=60_000)
        expect(first).to_be_focused()


def test_the_list_of_lessons_has_the_focus_when_a_key_has_opened_it(page):
    page.locator(".pg-lessons-button[data-ready]").focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="All lessons").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".ls-body button").first).to_be_focused()


def test_the_option_that_the_arrow_keys_are_on_is_seen(page):
    """Gradio's grey behind it stands out from the list by less than one part in twenty."""
    tab(page, "pipelines").click()
    task = page.get_by_label("task", exact=True)
    for dark in (False, True):
        page.evaluate("dark => document.body.classList.toggle('dark', dark)", dark)
        task.focus()
        page.keyboard.press("ArrowDown")
        page.keyboard.press("ArrowDown")
        at = page.locator("[role=option].active")  # the list may come after the keys
        expect(at).to_be_visible()
        shown = page.evaluate("() => getComputedStyle(document.body).getPropertyValue('--pg-accent-soft').trim()")
        expect(at).to_have_css("background-color", "rgb({}, {}, {})".format(*bytes.fromhex(shown[1:])))
        page.keyboard.press("Escape")
        expect(at).to_have_count(0)
    page.keyboard.press("ArrowDown")
    other = page.locator("[role=option].active").get_attribute("aria-label")
    page.keyboard.press("Enter")
    expect(at).to_have_count(0)
    expect(task).to_have_value(other)
    expect(task).to_be_focused()  # gradio takes it away
