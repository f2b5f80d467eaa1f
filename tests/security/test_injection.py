"""What people and models wrote reaches the page as text: in titles, labels, cells, roles, names and error messages."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.models_app import NASTY, models_app

pytestmark = pytest.mark.browser
HOSTILE = "<img src=x onerror=\"window.hit=1\"><b id='injected'>bold</b>"


def assert_clean(page) -> None:
    assert page.evaluate("window.hit") is None
    expect(page.locator("#injected")).to_have_count(0)


def test_an_error_message_is_shown_as_text_where_the_answer_would_be(page):
    page.get_by_role("tab", name="Similarity").click()
    page.locator("#similarity-words textarea, #similarity-words input").first.fill(f"{HOSTILE}\n{HOSTILE}")
    page.locator("#similarity-measure").click()
    page.locator(".wl-empty").get_by_text("<img src=x").wait_for()
    assert_clean(page)


def test_a_model_that_is_not_here_is_named_as_text(page):
    page.get_by_role("tab", name="Tokens", exact=True).click()
    page.get_by_role("tab", name="Attention", exact=True).click()
    model = page.get_by_role("combobox", name="model_id").filter(visible=True).first
    model.fill(HOSTILE)
    model.press("Enter")
    page.get_by_role("button", name="Show attention").click()
    page.locator(".at-empty").get_by_text("<img src=x").wait_for()
    assert_clean(page)


def test_a_hostile_title_is_shown_as_text(open_page, servers, tmp_path):
    url, _ = servers.enter_context(models_app(tmp_path))
    page = open_page(url=url)
    page.get_by_text(NASTY).first.wait_for()
    expect(page.locator(".lg-row img")).to_have_count(0)


def test_a_hostile_file_is_shown_as_text(page, tmp_path):
    """Its name, its headings, its cells and its labels."""
    path = tmp_path / "<img src=x onerror='window.hit=1'>.csv"
    rows = [f"text {HOSTILE},{HOSTILE}", *(f"good {number} {HOSTILE},{HOSTILE} {number % 2}" for number in range(4))]
    path.write_text("\n".join(row.replace('"', "'") for row in rows))
    page.get_by_role("tab", name="A table of texts", exact=True).click()
    page.locator("#table-file input[type=file]").set_input_files(str(path))
    page.get_by_text("<b id='injected'>").filter(visible=True).first.wait_for()
    assert_clean(page)
    expect(page.locator("#table-file img[src=x]")).to_have_count(0)
