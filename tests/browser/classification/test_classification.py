"""The Classification tab as a person uses it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.classification_app import classification_app

pytestmark = [pytest.mark.browser, pytest.mark.embedded]
NASTY = "Lovely ${alert(1)} <img src=x onerror=alert(2)>"


def width_of(page) -> int:
    return page.evaluate("document.documentElement.scrollWidth")


def test_a_visitor_finds_an_answer_and_looks_inside(page):
    """The page opens with an answer on it; its steps, reasons, experiments and code are one press away."""
    alerts = []
    page.on("dialog", lambda dialog: (alerts.append(dialog.message), dialog.dismiss()))
    bars, steps = page.locator("#classification-bars"), page.locator("#classification-steps")
    expect(bars.locator(".lb-verdict")).to_contain_text("5 stars", timeout=90_000)
    expect(bars.locator(".lb-row")).to_have_count(5)
    expect(steps.locator(".ps-difference")).to_contain_text("They are the same numbers")
    expect(steps.locator(".ps-out div")).to_have_count(5)
    shown = {row.split()[0]: row for row in steps.locator("tbody tr").all_inner_texts()}
    assert len(shown) == 5
    expect(steps.locator("tfoot td").last).to_have_text("1.0000", use_inner_text=True)

    text = page.locator("#classification-text textarea")
    before = bars.locator(".lb-verdict").inner_text()
    text.fill("A terrible waste!")  # the answer follows what is typed or pasted
    expect(bars.locator(".lb-verdict")).not_to_have_text(before)
    expect(steps.locator(".ps-tokens")).to_contain_text("terrible")
    text.fill(NASTY)
    page.locator("#classification-run").click()
    expect(steps.locator(".ps-call")).to_contain_text("${alert(1)}")

    page.get_by_role("tab", name="Why", exact=True).click()
    why = page.locator("#classification-attribution")
    page.get_by_label("label to explain", exact=True).click()
    page.get_by_role("option", name="1 star").click()  # while the predicted label is still being explained
    expect(why.locator(".at-title")).to_contain_text("“1 star”", timeout=90_000)
    expect(why.locator(".at-methods section")).to_have_count(3, timeout=90_000)
    expect(why.locator(".at-word").first).to_have_text(re.compile(r"\[CLS\]"))
    words = why.locator("tbody tr").count()
    why.get_by_role("button", name="Pieces").click()
    why.locator("tbody tr").nth(words).wait_for(state="attached")
    expect(why.locator(".at-methods section").first).to_contain_text("convergence delta")

    page.get_by_role("tab", name="What if", exact=True).click()
    page.locator("#classification-tokens button", has_text="lovely").click()
    changed = page.locator("#classification-perturbed")
    expect(changed.locator(".lb-verdict")).to_have_text("With “lovely” replaced by [MASK]")
    expect(changed.locator(".lb-before")).to_have_count(5)
    page.get_by_label("deleted").check()
    expect(changed.locator(".lb-verdict")).to_have_text("With “lovely” deleted")
    edited = page.get_by_label("edited text")
    expect(edited).to_have_value(NASTY)  # a copy, until somebody edits it
    edited.fill("A terrible waste!")
    expect(page.locator("#classification-edited .lb-number small").first).to_contain_text("points")

    text.fill("Another text.")  # what was said about the text before must not stand beside this one's answer
    expect(page.locator("#classification-edited .lb-body")).to_be_hidden()
    expect(changed.locator(".lb-body")).to_be_hidden()
    page.get_by_role("tab", name="Code", exact=True).click()
    page.locator(".pg-receipt .cm-content").first.evaluate("code => code.scrollIntoView({block: 'end'})")
    expect(page.locator(".pg-receipt .cm-content").first).to_contain_text("from transformers import pipeline")
    assert alerts == []


# Whether a word of a node begins in the line of the space before it.
BESIDE_ITS_SPACE = """(node, word) => {
  const text = [...node.childNodes].find((one) => one.textContent.includes(word)), at = text.textContent.indexOf(word);
  const line = (from) => { const one = new Range(); one.setStart(text, from); one.setEnd(text, from + 1);
    return one.getBoundingClientRect().top };
  return line(at - 1) === line(at);
}"""


def test_an_answer_on_paper(open_page):
    page = open_page(width=800)
    call = page.locator("#classification-steps .ps-call")
    expect(call).to_contain_text("model=", timeout=90_000)
    assert call.evaluate(BESIDE_ITS_SPACE, "model="), "no empty line before a long path"
    page.emulate_media(media="print")
    expect(page.locator("#classification-bars .lb-verdict")).to_be_visible()
    expect(page.locator("#classification-bars .lb-fill").first).to_have_css("print-color-adjust", "exact")
    expect(page.locator(".gradio-container")).to_have_css("overflow", "visible")  # breaks push the end down
    for scrolls in (".pg-table-wrap", ".ps-tokens", ".ps-call"):  # paper doesn't
        expect(page.locator(f"#classification-steps {scrolls}").first).to_have_css("overflow", "visible")
        expect(page.locator(f"#classification-steps {scrolls}").first).to_have_css("max-height", "none")
    for pressed in ("#classification-run", "[role=tab]", ".pg-door", ".pg-class-link", "footer button"):
        expect(page.locator(pressed).filter(visible=True)).to_have_count(0)
    page.emulate_media(media="screen")
    body = page.locator("body")
    page.locator(".pg-theme-toggle").click()
    expect(body).to_have_class(re.compile("dark"))
    page.evaluate("addEventListener('beforeprint', () => { window.printed = document.body.className })")
    page.pdf()
    assert "dark" not in page.evaluate("window.printed"), "paper is light"
    expect(body).to_have_class(re.compile("dark"))


def test_many_rows_with_labels(page):
    page.get_by_role("tab", name="A table of texts", exact=True).click()
    page.locator("#table-sample").click()
    expect(page.get_by_label("label column")).to_have_value("stars")
    page.locator("#table-run").click()
    metrics = page.locator("#table-evaluation")
    expect(metrics.locator(".ev-cards")).to_contain_text("accuracy", timeout=90_000)
    expect(metrics.locator(".ev-cards")).to_contain_text("by guessing")
    expect(metrics.locator(".ev-cards")).to_be_in_viewport()  # brought up, with what it came from
    expect(page.locator("#table-progress")).to_be_in_viewport()
    explained = ["accuracy", "macro F1", "expected calibration error"]  # by the glossary, where they stand
    expect(metrics.locator(".ev-cards .pg-word")).to_have_text(explained)
    expect(metrics.locator(".ev-labels p")).to_contain_text("Recall: of the rows that have it", use_inner_text=False)
    expect(metrics).to_contain_text("The paler a bar, the fewer rows")
    expect(page.locator("#table-notes textarea")).to_have_value(re.compile("^Right labels are read as names"))
    expect(page.locator("#table-progress .rp-text")).to_contain_text("30 rows")
    parts = "[...document.querySelectorAll('#table-results :is(.table-container, .virtual-body)')]"
    place, table = page.evaluate(f"{parts}.map((one) => one.offsetWidth)")
    assert place - table < 5  # the texts take what is left over
    heading = page.locator("#table-results th:visible", has_text="probability")
    heading.hover()
    heading.get_by_label("Open cell menu").click()
    page.get_by_role("menuitem", name="Sort ascending").click()
    expect(heading).to_have_class(re.compile("sorted"))
    cells = page.locator("#table-results [data-testid^='cell-'][data-testid$='-3']")
    shown = [float(text) for text in cells.all_inner_texts() if text.strip()]
    assert len(set(shown)) > 1 and shown == sorted(shown)
    cells = metrics.locator(".ev-matrix button")
    assert sum(int(count) for count in cells.all_inner_texts()) == 30
    cell = metrics.locator(".ev-matrix td.right button").filter(has_not_text=re.compile("^0$")).first
    count = cell.inner_text()
    cell.click()
    expect(page.locator("#table-results")).to_contain_text(re.compile(f": {count} rows?"))
    expect(metrics.locator("button[aria-pressed=true]")).to_have_text(count)
    page.locator("#table-run").click()  # another run lists all rows again, and says so
    expect(metrics.locator("button[aria-pressed=true]")).to_have_count(0)
    expect(page.locator("#table-results")).to_contain_text("in a heading sorts")
    expect(page.locator("#table-results input.search-input")).to_have_attribute("aria-label", re.compile("filter"))
    with page.expect_download() as download:
        page.get_by_role("button", name="Download as CSV").click()
    lines = Path(download.value.path()).read_text(encoding="utf-8-sig").splitlines()
    assert lines[0].startswith("line,text,label,right label") and len(lines) == 31


def test_labels_that_fit_twice_are_asked_for_and_pairs_have_two_columns(open_page, servers, tmp_path):
    url = servers.enter_context(classification_app(tmp_path))
    page = open_page(url=url)
    page.get_by_role("tab", name="A table of texts", exact=True).click()
    twice, pairs = tmp_path / "twice.csv", tmp_path / "pairs.csv"
    twice.write_text("text,label\na good film,1\nbad food,2\n")  # a word of gradio's
    page.locator("#table-file input[type=file]").set_input_files(str(twice))
    question = page.locator("#table-reading")
    expect(question.locator("label")).to_have_count(2, timeout=90_000)
    question.get_by_text("counted from 1: '1' is 'bad'").click()
    page.locator("#table-run").click()
    expect(page.locator("#table-notes textarea")).to_have_value(re.compile("counted from 1: '1' is 'bad'"))

    pick(page, "model_id", "nli")  # another model: what the one before found goes
    expect(page.locator("#table-results")).to_be_hidden()
    expect(page.locator("#table-progress .rp-text")).to_contain_text("Press Classify all rows")
    pairs.write_text("premise,hypothesis,label\na good film,a poor film,neutral\nfood,no food,entailment\n")
    page.locator("#table-file button").first.click()
    page.locator("#table-file input[type=file]").set_input_files(str(pairs))
    expect(page.get_by_label("second text column")).to_have_value("hypothesis")
    page.locator("#table-run").click()
    expect(page.locator("#table-progress .rp-text")).to_contain_text("Done with tiny/nli in float32: 2 pairs")
    expect(page.locator("#table-results")).to_contain_text("→ a poor film")


def test_empty_text_gets_a_kind_message_and_a_phone_needs_no_sideways_scrolling(open_page):
    page = open_page(width=390, dark=True)
    expect(page.locator("#classification-bars .lb-verdict")).not_to_be_empty(timeout=90_000)
    assert width_of(page) <= 390
    tracks = page.locator("#classification-bars .lb-track")
    assert len(set(tracks.evaluate_all("all => all.map((one) => one.clientWidth)"))) == 1  # one scale for all bars
    page.locator("#classification-text textarea").fill("  ")
    page.locator("#classification-run").click()
    expect(page.locator("#classification-bars .lb-empty")).to_contain_text("no text yet")
    assert page.locator("#classification-inside").bounding_box()["height"] < 300, "what is empty takes no room"
    expect(page.locator(".toast-body")).to_have_count(0)
    page.get_by_role("tab", name="A table of texts", exact=True).click()
    expect(page.locator("#table-pasted")).to_be_visible()
    assert width_of(page) <= 390


def test_a_phone_shows_a_given_file_whole(open_page):
    page = open_page(width=390, dark=True)
    page.get_by_role("tab", name="A table of texts").click()
    page.get_by_role("button", name="Use 30 example reviews with stars").click()
    row = page.locator("#table-file tr.file")
    row.wait_for()
    page.wait_for_timeout(300)
    frame, file = page.locator("#table-file").bounding_box(), row.bounding_box()
    assert file["y"] + file["height"] <= frame["y"] + frame["height"]
    link = "(at) => getComputedStyle(at).color + getComputedStyle(at).getPropertyValue('--pg-accent')"
    assert row.locator("a").evaluate(link) == "rgb(88, 184, 194)#58b8c2", "gradio's own is too dark in the dark"


def test_examples_need_one_line_on_a_wide_screen_and_a_phone_reads_how_to_give_a_file(open_page):
    page = open_page(width=1366)
    page.locator("#classification-bars .lb-verdict").wait_for(timeout=90_000)
    tops = page.locator(".pg-examples button:visible").evaluate_all(
        "all => all.map((one) => one.getBoundingClientRect().top)"
    )
    assert len(tops) > 10 and max(tops) - min(tops) < 1, "an example stands alone on a second line"
    phone = open_page(width=390)
    phone.get_by_role("tab", name="A table of texts").click()
    words = phone.locator("#table-file [data-testid=upload-text]")
    words.get_by_text("Click to Upload").wait_for()
    assert words.evaluate("""(node) => {
        const range = document.createRange();
        range.selectNodeContents(node);
        const frame = document.querySelector("#table-file").getBoundingClientRect();
        return range.getBoundingClientRect().bottom <= frame.bottom - 2;
    }"""), "what one may do there is cut off"


def test_every_kind_of_classifier_says_what_it_is(open_page, servers, tmp_path):
    """Pairs get a second field, several labels a sigmoid, a regression its number; without a head it is refused."""
    url = servers.enter_context(classification_app(tmp_path))
    page = open_page(url=url)
    bars = page.locator("#classification-bars")
    pair, steps = page.get_by_label("hypothesis"), page.locator("#classification-steps .ps-call")
    expect(bars.locator(".lb-row")).to_have_count(3, timeout=90_000)
    expect(pair).to_be_hidden()

    pick(page, "model_id", "nli")
    expect(pair).to_be_visible()
    expect(page.get_by_label("premise")).to_be_visible()
    pair.fill("i hate this film")
    expect(steps).to_contain_text("i hate this film")

    pick(page, "model_id", "topics")
    expect(bars.locator(".lb-facts")).to_contain_text("sigmoid")
    expect(bars.locator(".lb-row")).to_have_count(4)
    expect(steps).not_to_contain_text("text_pair")  # what nobody sees isn't read

    pick(page, "model_id", "rating")
    expect(bars.locator(".lb-verdict")).to_contain_text("regression")

    pick(page, "model_id", "headless")
    expect(page.locator("#classification-shows")).to_contain_text(
        "has no head for text-classification: it is a BertForMaskedLM"
    )
    expect(bars.locator(".lb-body")).to_be_hidden()

    pick(page, "model_id", "nli")
    expect(pair).to_have_value("i hate this film")
    pick(page, "model_id", "mood")
    expect(pair).to_be_hidden()  # until then the question has a second text
    page.get_by_role("tab", name="What if", exact=True).click()
    both = page.locator("#classification-compare-texts, #classification-compare-models")
    expect(both).to_have_count(2)
    texts, models = both.evaluate_all(  # at one moment: the tab may still be on its way up
        "all => all.map(one => one.getBoundingClientRect()).map(({ y, width, height }) => [y, width, height])"
    )
    assert texts == models
    page.locator("#classification-compare-models").click()  # the same model with 8 bits for each weight
    second = page.locator("#classification-second")
    expect(second.locator(".lb-facts")).to_contain_text("tiny/mood in 8-bit")
    expect(second.locator(".lb-before")).to_have_count(3)
    page.locator("#classification-second-model").get_by_label("model_id", exact=True).focus()
    page.keyboard.press("Tab")  # past a list that is left as it was
    page.wait_for_timeout(1000)  # in which the answer went
    expect(second.locator(".lb-facts")).to_contain_text("tiny/mood in 8-bit")
    expect(second.locator(".lb-body")).to_be_visible()
    pick(page, "model_id", "topics", "#classification-second-model")
    page.locator("#classification-compare-models").click()
    expect(second.locator(".lb-facts")).to_contain_text("tiny/topics")
    pick(page, "model_id", "headless", "#classification-second-model")
    page.locator("#classification-compare-models").click()
    expect(second.locator(".lb-body")).to_be_hidden()
    expect(second.locator(".lb-empty")).to_contain_text("BertForMaskedLM")
    expect(second.locator(".lb-empty")).to_be_visible()
    expect(page.locator(".toast-body")).to_have_count(0)


def pick(page, label: str, name: str, within: str = ".pg-models:visible") -> None:
    """Chooses a model in one of the pickers."""
    page.locator(within).get_by_label(label, exact=True).click()
    page.get_by_role("option", name=name).click()


def test_why_says_nothing_of_a_text_that_was_changed_meanwhile_and_explains_the_new_one_by_itself(page):
    why = page.locator("#classification-attribution")
    page.get_by_role("tab", name="Why", exact=True).click()
    expect(why.locator(".at-status")).to_contain_text("of 3 methods")
    page.locator("#classification-text textarea").fill("A dull evening.")
    expect(page.locator("#classification-bars .lb-verdict")).to_contain_text(re.compile("[12] star"))
    expect(why.locator(".at-empty")).to_be_visible()
    expect(why.locator(".at-title")).to_contain_text("A dull evening.", timeout=60_000)
    page.get_by_role("button", name="not good", exact=True).click()
    expect(why.locator(".at-title")).to_contain_text("This is not good.", timeout=60_000)
    expect(why.locator(".at-methods section")).to_have_count(3, timeout=60_000)
    expect(why.locator(".at-stale")).to_be_hidden()


def test_the_legend_of_why_ends_in_the_colour_of_the_word_that_it_names(page):
    why = page.locator("#classification-attribution")
    expect(page.locator("#classification-bars .lb-verdict")).to_contain_text("5 stars", timeout=90_000)
    page.get_by_role("tab", name="Why", exact=True).click()
    expect(why.locator(".at-methods section")).to_have_count(3, timeout=90_000)
    most = why.locator(".at-high").inner_text().removeprefix("for: ")
    for theme in ("light", "dark"):
        page.evaluate("dark => document.body.classList.toggle('dark', dark)", theme == "dark")
        legend = why.locator(".at-legend i").evaluate("bar => getComputedStyle(bar).backgroundImage")
        word = why.locator(".at-word", has_text=most).first.evaluate("one => getComputedStyle(one).backgroundColor")
        assert legend.endswith(f" {word})"), (theme, legend, word)


def test_where_reasons_would_stand_it_says_what_is_too_long_and_what_to_press(page):
    why, toasts = page.locator("#classification-attribution"), page.locator(".toast-body")
    expect(page.locator("#classification-bars .lb-verdict")).to_contain_text("5 stars", timeout=90_000)
    page.get_by_role("tab", name="Why", exact=True).click()
    expect(why.locator(".at-title")).to_contain_text("wonderful", timeout=60_000)
    page.get_by_role("button", name="too long", exact=True).click()
    used = page.locator("#classification-bars .lb-cut-text")
    expect(used).to_contain_text("Used 512 of")
    expect(why.locator(".at-empty")).to_contain_text("Press Explain")
    page.locator("#classification-explain").click()
    count = re.search(r"of (\d+) tokens", used.inner_text())[1]
    expect(why.locator(".at-empty")).to_contain_text(f"The text has {count} tokens;")
    expect(toasts).to_have_count(0)
    page.locator("#classification-text textarea").fill("A dull evening.")
    expect(why.locator(".at-title")).to_contain_text("A dull evening.", timeout=60_000)


HEAR = """() => {
    window.heard = [];
    const said = document.querySelector('.wrap > .sr-only[role="status"]');
    const hear = () => said.textContent.trim() && heard.push(said.textContent);
    new MutationObserver(hear).observe(said, {childList: true, characterData: true, subtree: true});
}"""


def test_typing_announces_no_error_and_a_copy_as_it_was_says_what_to_do(page):
    """Why, which is told what is typed, isn't in the page before it is opened; a pressed button always answers."""
    bars, text = page.locator("#classification-bars .lb-verdict"), page.locator("#classification-text textarea")
    expect(bars).to_contain_text("5 stars", timeout=90_000)
    page.evaluate(HEAR)
    text.fill("A terrible waste!")
    expect(bars).to_contain_text("1 star")
    page.get_by_role("tab", name="What if", exact=True).click()
    copy, edited = page.get_by_label("edited text"), page.locator("#classification-edited")
    expect(copy).to_have_value("A terrible waste!")
    page.locator("#classification-compare-texts").click()
    expect(edited).to_contain_text("Both texts are still the same: change a word above")
    copy.fill("A terrible loss!")
    expect(edited.locator(".lb-row")).to_have_count(5)
    expect(edited).not_to_contain_text("still the same")
    assert "Error" not in page.evaluate("heard")
