"""Texts that are read from the right: fields and what shows them again begin at the right, numbers and code don't."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.embedded]
ARABIC = "هذا الفيلم رائع! It has 3 stars."
# At which side a field begins: its letters have no place that a script could ask for, so the same is laid out.
BEGINS = """(field) => {
  const { unicodeBidi, textAlign } = getComputedStyle(field);
  const twin = document.createElement("div");
  Object.assign(twin.style, { unicodeBidi, textAlign, width: "600px", direction: getComputedStyle(field).direction });
  twin.textContent = field.value;
  document.body.append(twin);
  const range = document.createRange();
  range.setStart(twin.firstChild, 0);
  range.setEnd(twin.firstChild, 1);
  const place = range.getBoundingClientRect().left - twin.getBoundingClientRect().left;
  twin.remove();
  return place > 300 ? "right" : "left";
}"""


def tab(page, name: str):
    return page.locator(f'[role=tab][data-tab-id="{name}"]')


# At which x each of some words begins that stand in the text of an element.
STAND = """(node, words) => words.map((word) => {
  const walker = document.createTreeWalker(node, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const at = walker.currentNode.data.indexOf(word), range = document.createRange();
    if (at < 0) continue;
    range.setStart(walker.currentNode, at);
    range.setEnd(walker.currentNode, at + word.length);
    return range.getBoundingClientRect().left;
  }
  return null;
})"""


def standing(page, node, words: list[str]) -> list[float]:
    """Where the words stand; a sentence that is just drawn anew stands nowhere, and is looked for once more."""
    for _ in range(50):
        if any(found := node.evaluate(STAND, words)):
            return found
        page.wait_for_timeout(100)
    raise AssertionError(f"{words} stand nowhere")


def lefts(places) -> list[float]:
    return [box["x"] for box in (one.bounding_box() for one in places.all())]


FIELDS = {
    (): "#classification-text textarea",
    ("tokens", "tokens-live"): ".editor textarea",
    ("generation",): "#generation-prompt textarea",
    ("similarity",): "#similarity-words :is(textarea, input)",
}


def test_a_field_begins_where_its_script_begins(page):
    for tabs, field in FIELDS.items():
        for name in tabs:
            tab(page, name).click()
        for text, side in ((ARABIC, "right"), ("A good film", "left")):
            page.locator(field).fill(text)
            assert page.locator(field).evaluate(BEGINS) == side, field


def test_pieces_stand_as_their_text_does_and_the_left_arrow_goes_on(page):
    page.locator("#classification-text textarea").fill(ARABIC)
    boxes = page.locator(".ps-token")
    expect(page.locator(".ps-tokens")).to_have_attribute("dir", "rtl", timeout=60_000)
    first, second = lefts(boxes)[:2]
    assert second < first
    tab(page, "why").click()
    page.locator("#classification-explain").click()
    numbers = page.locator(".at-words[dir=rtl] small")
    numbers.first.wait_for(timeout=90_000)
    for property in ("direction", "unicodeBidi"):  # a sign stands before its number
        said = numbers.evaluate_all(f"(all) => [...new Set(all.map((one) => getComputedStyle(one).{property}))]")
        assert said == {"direction": ["ltr"], "unicodeBidi": ["isolate"]}[property]
    tab(page, "tokens").click()
    page.locator(".editor textarea").fill(ARABIC)
    chips = page.locator("#pg-tokens-live .chips")
    expect(chips).to_have_attribute("dir", "rtl")
    first, second = lefts(chips.locator(".pg-chip"))[:2]
    assert second < first
    chips.locator(".pg-chip").first.focus()
    page.keyboard.press("ArrowLeft")
    expect(chips.locator(".pg-chip").nth(1)).to_be_focused()
    tab(page, "tokens-compare").click()
    page.locator("[role=tabpanel]:visible textarea:visible").first.fill(ARABIC)
    cells = page.locator("#pg-tokens-compare .line .cell[dir=rtl]")
    cells.first.wait_for()
    first, second = lefts(cells)[:2]
    assert second < first
    names = page.locator("#pg-tokens-compare .line .name")
    assert lefts(names)[0] < min(lefts(cells))


def test_words_from_the_right_keep_their_place_in_a_sentence(page):
    """Two of them side by side are one run from the right: after → the first would stand behind it."""
    tab(page, "similarity").click()
    page.locator("#similarity-words :is(textarea, input)").fill("a גבר, אשה b")
    page.get_by_role("button", name="Measure", exact=True).click()
    pair = page.locator(".wl-pair").filter(has_text="גבר").filter(has_text="אשה").first
    expect(pair).to_be_visible(timeout=60_000)
    source, arrow, target = standing(page, pair, ["גבר", "→", "אשה"])
    assert source < arrow < target
    tab(page, "classification").click()
    page.locator("#classification-text textarea").fill("סרט טוב")
    tab(page, "why").click()
    page.locator("#classification-explain").click()
    question = page.locator(".at-body .at-title")
    expect(question).to_contain_text("סרט", timeout=90_000)
    text, logit, number = standing(page, question, ["סרט", "logit", "against"])
    assert text < logit < number
