"""The similarity tab as a person uses it: words, matrix with keyboard and switches, and the reader's own ratings."""

from __future__ import annotations

import csv
import math
import re

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.embedded]
STOPPED = re.compile("^Stopped (after [0-9]+ of [0-9]+ sources, before there were|before the first source was read)")


@pytest.fixture
def tab(page):
    page.get_by_role("tab", name="Similarity", exact=True).click()
    return page


def test_two_or_three_words(tab):
    rows = tab.locator("#similarity-losses .wl-row")
    rows.first.wait_for()
    expect(rows).to_have_count(6)
    pairs = rows.locator(".wl-pair").all_text_contents()
    assert pairs.index("man → woman") < pairs.index("man → animal")
    expect(tab.locator("#similarity-losses .wl-verdict")).to_contain_text("times as probable as")

    # The breakdown: the pieces' losses make the mean, its exp makes the number.
    text = rows.first.locator(".wl-detail").text_content()
    mean = float(re.search(r"= ([\d.]+)\snats, the mean", text)[1])
    assert float(re.search(r"exp\(loss\) = ([\d.]+)", text)[1]) == pytest.approx(math.exp(mean), rel=1e-3)

    # What people type is text, never code.
    tab.locator("#similarity-words textarea, #similarity-words input").first.fill(
        "${alert(1)}, <img src=x onerror=alert(1)>"
    )
    tab.locator("#similarity-measure").click()
    tab.locator("#similarity-losses .wl-pair", has_text="${alert(1)} → <img").wait_for()

    # Other words: the numbers of these go.
    tab.locator("#similarity-words textarea, #similarity-words input").first.fill("bread, butter")
    tab.locator("#similarity-losses .wl-empty", has_text="Press Measure").wait_for()

    # Bad input: a kind message, and the text is still there.
    tab.locator("#similarity-words textarea, #similarity-words input").first.fill("man")
    tab.locator("#similarity-measure").click()
    tab.get_by_text("only one word").first.wait_for()


def test_matrix(tab):
    tab.get_by_role("tab", name="Matrix").click()
    doing = tab.locator("#matrix-progress .rp")
    expect(doing.locator(".rp-text")).to_contain_text("Press Measure all pairs")
    tab.locator("#matrix-measure").click()
    tab.get_by_role("button", name="Stop", exact=True).click()
    expect(doing.locator(".rp-text")).to_have_text(STOPPED)
    tab.locator("#matrix-words textarea").fill("man, woman, boy, animal, bread, butter")
    expect(doing.locator(".rp-text")).to_contain_text("Press Measure all pairs")
    tab.wait_for_timeout(500)  # typing ends what is being measured, and a hand is slower than a script
    tab.set_viewport_size(
        {"width": 1280, "height": 600}
    )  # as low as the presentation size: the map comes below its fold
    tab.locator("#matrix-measure").click()
    canvas = tab.locator("#similarity-matrix .wm-canvas")
    canvas.wait_for()
    expect(canvas).to_be_in_viewport(ratio=0.7)
    cell = tab.locator("#similarity-matrix .wm-cell")
    expect(cell).to_contain_text(re.compile(r"man → woman: [\d.]+\snats"))
    canvas.focus()
    tab.keyboard.press("ArrowRight")
    expect(cell).to_contain_text("man → boy")
    expect(canvas).to_have_attribute("aria-label", re.compile("man → boy"))
    tab.keyboard.press("Enter")
    tab.locator("#matrix-pair .wl-pair", has_text="man → boy").wait_for()

    for name in ("sum over pieces", "subtract baseline", "both directions"):
        tab.get_by_role("button", name=name).click()
    expect(cell).to_contain_text("nats per piece below the baseline")
    expect(cell).not_to_contain_text(re.compile("[-−]"))
    tab.locator(".wm-order").select_option("clustered")
    tab.locator(".wm-word").select_option(label="bread")
    expect(tab.locator(".wm-ranking li").first).to_contain_text("butter")
    expect(tab.locator(".wm-rho .pg-word", has_text="Spearman's rho")).to_be_visible()
    expect(tab.locator(".wm-order")).to_have_css("appearance", "auto")  # with an arrow: there is a list
    tab.locator(".wm-twin summary").click()
    tab.locator(".wm-twin tbody tr").first.wait_for()
    expect(tab.locator(".wm-twin tbody tr")).to_have_count(6)
    canvas.evaluate("one => Object.assign(one.style, { width: '900px' })")  # as of sixty words on a phone
    assert canvas.bounding_box()["width"] == 900, "what is squeezed sideways shows other cells than it is pressed for"
    assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")

    the_map(tab)
    with tab.expect_download() as download:
        tab.get_by_role("button", name="All measures as CSV").click()
    with open(download.value.path(), encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 30
    assert {"loss", "loss_sum", "cosine", "symmetric_loss_sum_minus_baseline"} <= set(rows[0])


def the_map(tab):
    """The same words on two maps: keys and clicks choose a word, its neighbours are lit in both; files hold them."""
    maps = tab.locator("#similarity-map .mp-pictures svg")
    said = tab.locator("#similarity-map .mp-said")
    expect(maps).to_have_count(2)
    expect(tab.locator("#similarity-map .mp-hides")).to_contain_text("What a flat picture hides: of a word's 2 nearest")
    expect(said).to_contain_text("“man”: by embedding, nearest are ")
    maps.first.focus()
    tab.keyboard.press("End")
    expect(said).to_contain_text("“butter”: ")
    expect(said).to_contain_text("by loss, nearest are bread")
    expect(maps.last).to_have_attribute("aria-label", re.compile("butter"))
    lit = maps.last.locator('text[font-weight="600"]').all_text_contents()
    assert {"butter", "bread"} <= set(lit)
    rows = tab.locator("#similarity-map .mp-numbers tbody tr")
    assert "bread" in rows.locator("td:first-child").all_text_contents()
    for word in "man", "butter", "boy":
        name = maps.first.locator("text", has_text=re.compile(f"^{word}$"))
        name.click()
        expect(said).to_contain_text(f"“{word}”")
    name.click(position={"x": 1, "y": 8})
    expect(said).to_contain_text("“boy”: ")
    tab.locator("#similarity-map .mp-twin summary").click()
    tab.locator("#similarity-map .mp-twin tbody tr").nth(5).wait_for()
    expect(tab.locator("#similarity-map .mp-twin tbody tr")).to_have_count(6)
    for kind, begins in (("SVG", b"<svg"), ("PNG", b"\x89PNG"), ("CSV", b"\xef\xbb\xbf")):
        with tab.expect_download() as download:
            tab.locator("#similarity-map").get_by_role("button", name=kind).click()
        with open(download.value.path(), "rb") as file:
            assert file.read().startswith(begins)


def test_against_people(tab):
    tab.get_by_role("tab", name="Against people").click()
    sliders = tab.locator(".wr-sliders input")
    sliders.first.wait_for()
    expect(sliders).to_have_count(10)
    expect(tab.locator(".wr-reveal")).to_be_disabled()
    for number in range(10):
        sliders.nth(number).fill(str(number)) if number != 5 else sliders.nth(5).click()  # it stands there already
    tab.locator(".wr-reveal").click()
    own = tab.locator(".wr-own", has_text="model and you")
    own.wait_for()
    said = own.text_content()
    sliders.first.fill("10")
    expect(own).not_to_have_text(said)  # other ratings, another agreement
    title = tab.locator(".wr-title").text_content()
    assert float(re.search(r"loss (-?[\d.]+) \(95\s% interval", title)[1]) > 0.3
    expect(tab.locator(".wr-key")).to_have_text(re.compile("the 6 pairs whose places in the two rankings"))
    tab.locator(".wr-twin summary").click()
    tab.locator(".wr-twin tbody tr").first.wait_for()
    expect(tab.locator(".wr-twin tbody tr")).to_have_count(64)


def test_the_comparison_with_people_is_stopped_by_the_keyboard(tab):
    tab.get_by_role("tab", name="Against people").click()
    score, stop = tab.locator("#people-measure"), tab.locator("#people-stop")
    expect(stop).to_be_disabled()
    score.focus()
    tab.keyboard.press("Enter")
    expect(stop).to_be_focused()
    tab.wait_for_timeout(500)  # sooner it is the same press
    tab.keyboard.press("Enter")
    expect(score).to_be_focused()
    expect(stop).to_be_disabled()
    tab.wait_for_timeout(1500)  # the rest would be there by now
    expect(tab.locator("#people-progress .rp-text")).to_have_text(STOPPED)
    expect(tab.locator(".wr-all")).to_be_hidden()


def test_phone_width_has_no_sideways_scrolling(open_page):
    page = open_page(width=390, dark=True)
    page.get_by_role("tab", name="Similarity", exact=True).first.click()
    page.locator("#similarity-losses .wl-row").first.wait_for()  # measured by itself: a press would take it away first
    ticks = page.locator("#similarity-losses .wl-ticks span")
    expect(ticks).to_have_count(6)
    expect(page.locator("#similarity-losses .wl-notes")).to_contain_text("Each tick to the left is 10 times")
    assert all(one.is_visible() for one in ticks.all()), "without their numbers, if need be"
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def test_what_can_not_be_measured_says_so_where_the_answer_would_stand(tab):
    page = tab
    losses = page.locator("#similarity-losses")
    expect(losses.locator(".wl-verdict")).to_be_visible(timeout=90_000)
    page.locator("#similarity-words textarea, #similarity-words input").first.fill("man")
    page.locator("#similarity-measure").click()
    expect(losses.locator(".wl-empty")).to_contain_text("There is only one word")
    page.get_by_role("tab", name="Matrix").click()
    page.locator("#matrix-words textarea").fill("man")
    page.locator("#matrix-measure").click()
    refused = page.locator("#matrix-progress")
    expect(refused.locator(".rp-text")).to_contain_text("There is only one word")
    expect(refused.locator(".rp-track")).to_be_hidden()
    expect(page.locator(".toast-body")).to_have_count(0)
