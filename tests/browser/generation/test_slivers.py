"""A line of a reply doesn't end in a coloured space that belongs to the next line's word."""

from __future__ import annotations

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.embedded]
# Tokens that begin a line though their space would stand on the one before: how many, and how many left a sliver there.
WRAPPED = """() => {
  const pieces = [...document.querySelectorAll(".gen-text .gen-token")].map((one) => [...one.getClientRects()]);
  const wrapped = pieces.filter((rects) => rects.length > 1 && rects[0].width < 8 && rects[0].top < rects[1].top - 8);
  return [wrapped.length, wrapped.filter(([first]) => first.width > 0.01).length];
}"""


def test_no_line_ends_in_a_sliver(open_page):
    page = open_page()
    page.locator('[data-tab-id="generation"]').click()
    page.locator(".gen[aria-busy=true]").wait_for()
    page.locator(".gen[aria-busy=false]").wait_for(timeout=120_000)
    shown = page.locator(".gen-text").inner_text()
    wrapped = 0
    for width in range(940, 1340, 20):
        page.set_viewport_size({"width": width, "height": 900})
        count, slivers = page.evaluate(WRAPPED)
        wrapped += count
        assert slivers == 0, width
    assert wrapped > 5
    assert page.locator(".gen-text").inner_text() == shown  # no space was lost
