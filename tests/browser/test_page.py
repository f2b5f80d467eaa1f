"""The page as a whole: three ways in, the keyboard, the presentation size, explained words, and what axe finds."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.base import AXE_FILE_PATH
from playwright.sync_api import expect

from tabs import TABS
from tests.browser.rest import at_rest, boxes

pytestmark = [pytest.mark.browser, pytest.mark.embedded]
IDS = [tab.__name__.split(".")[1] for tab in TABS]
FIRST_ANSWERS = {
    "classification": "#classification-bars .lb-bars",
    "tokens": "#pg-tokens-live .editor",
    "generation": ".gen-text .gen-token",
    "similarity": "#similarity-losses .wl-verdict",
    "pipelines": "#pipelines-view .pp-title",
    "training": "#training-plan strong",
    "models": "#models-ledger .lg-devices",
}
INSIDE = {  # of the tabs inside of these, and how much of it is on a phone's first screen
    ("classification", "what-if"): ("#classification-bars .lb-bars", 100),
    ("tokens", "tokens-batch"): ("#pg-tokens-batch table", 150),
    ("tokens", "tokens-chat"): ("#pg-tokens-chat .rendered", 100),
    ("tokens", "tokens-compare"): ("#pg-tokens-compare .line", 50),
    ("tokens", "tokens-vocabulary"): ("#pg-tokens-split .steps", 50),
    ("tokens", "tokens-attention"): ("canvas.at-stage", 280),
    ("generation", "inside"): (".il-frame", 100),
    ("training", "language-model"): ("#language-model-plan p", 50),
    ("models", "whole-model"): (".im-shares", 20),
}
PRESSED_FOR = {  # what is asked by a press, and where its answer begins
    ("classification", "table"): ("#table-run", "#table-progress"),
    ("similarity", "matrix"): ("#matrix-measure", "#similarity-matrix .wm-canvas"),
    ("similarity", "people"): ("#people-measure", "#similarity-people .wr-title"),
}
REFUSED = (  # tabs, what is there before, the field that is emptied, what is pressed, where and how that is refused
    (("tokens", "tokens-batch"), "#pg-tokens-batch table", "#pg-batch-texts textarea", "No mask",
     "#pg-mask-comparison .coming", "There is no text."),
    (("tokens", "tokens-attention"), "canvas.at-stage", "#pg-attention-text textarea", "Show attention", ".at-empty",
     "There is no text to attend to."),
    (("generation", "inside"), ".il-frame", "#inside-text textarea", "Look inside", ".il-empty",
     "There is no text to look into."),
    (("generation", "inside"), "#inside-text textarea", "#inside-text textarea", "Compare three methods", ".il-empty",
     "There is no text to look into."),
    (("classification", "table"), "#table-run", "#table-pasted textarea", "Classify all rows",
     "#table-progress .rp-text", "There are no rows in the text."),
    (("pipelines",), ".pp-title", "#pipelines-text textarea", "Run", ".pp-sentence", "There is no text yet."),
    (("training",), "#training-plan strong", "#training-rows textarea", "Train", "#training-plan p",
     "There are no rows in the text."),
    (("training", "language-model"), "#language-model-plan p", "#language-model-grammar textarea", "Train",
     "#language-model-plan p", "There is nothing to learn from."),
)  # fmt: skip
BELOW_AN_ANSWER = {  # what says more about the answer above it, each in a tab
    "code": ".pg-receipt .cm-scroller",
    "what-if": "#classification-tokens button",
    "why": "#classification-attribution .at-methods > *",
    "steps": "#classification-steps h4",
}
PHONE = ((390, 844, False),)
PROJECTOR = ((1920, 1080, True),)  # width, height, at the presentation size: as much room as 1324 x 745
SCREENS = ((1366, 768, False), (1920, 1080, False))
# What axe finds serious, by the rules of the options: in the whole page, or in what a tab holds.
BAD = """([tabId, options]) => {
  const rows = document.querySelector(`[role=tab][data-tab-id="${tabId}"]`)?.closest(".tabs");
  const held = (one) => one.parentElement.closest(".tabs") === rows && one.checkVisibility();
  const where = rows ? [...rows.querySelectorAll("[role=tabpanel]")].find(held) : document;
  return axe.run(where, { resultTypes: ["violations"], ...options }).then((found) =>
    found.violations.filter((one) => ["serious", "critical"].includes(one.impact) || one.id === "heading-order")
      .flatMap((one) => one.nodes.map((node) => `${one.id}: ${node.html.slice(0, 160)} (${node.failureSummary})`)));
}"""
OF_COLOURS = ["color-contrast", "link-in-text-block"]  # the slow rules; the others find the same in the dark
COLOURS = {"runOnly": OF_COLOURS}
HEADINGS = {"runOnly": ["heading-order"]}
UNSEEN = """() => {
  const at = document.activeElement;
  for (let node = at; node && node !== document.body; node = node.parentElement) {
    const style = getComputedStyle(node);
    if (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2) return "";
  }
  return at.outerHTML.slice(0, 150);
}"""
# What axe has no rule for: a button that unfolds a section says whether it is open.
FOLDS = """() => [...document.querySelectorAll("button.label-wrap")]
  .every((one) => one.getAttribute("aria-expanded") === String(one.classList.contains("open")))"""
# A heading that is only heard lies on nothing that is pressed.
PRESSED = """() => [...document.querySelectorAll(".pg-heading .html-container")].filter((one) => {
  const { left, top, width, height } = one.getBoundingClientRect();
  return width && one.contains(document.elementFromPoint(left + width / 2, top + height / 2));
}).length"""


def tab(page, name: str):
    return page.locator(f'[role=tab][data-tab-id="{name}"]')


def door(page, name: str):
    return page.get_by_role("region", name="Three things to try").get_by_role("button", name=name)


STARTED = {  # tabs: what is pressed there, and what its answer is
    ("similarity", "matrix"): ("#matrix-measure", "#similarity-map h4"),
    ("similarity", "people"): ("#people-measure", "#similarity-people .wr-all"),
    ("classification", "table"): ("#table-run", "#table-results"),
    ("classification", "one-text", "what-if"): (
        "#classification-compare-models",
        "#classification-second .lb-verdict",
    ),
}


def test_code_and_share_stand_only_beside_a_result(page):
    for tabs, (start, result) in STARTED.items():
        for name in tabs:
            tab(page, name).click()
        holds = f"> {start}, > .row > {start}, > .row > .column > {start}"
        taken = page.locator(f".column:has({holds}) > :is(.pg-receipt, .pg-share)")
        page.locator(start).wait_for()
        taken.first.wait_for(state="attached")
        expect(taken.filter(visible=True)).to_have_count(0)
        page.locator(start).click()
        page.locator(result).first.wait_for(timeout=120_000)
        of_another = page.locator("#classification-perturbed + .pg-share").filter(visible=False)
        expect(taken.filter(visible=True)).to_have_count(taken.count() - taken.and_(of_another).count())


def test_a_reply_is_shared_and_written_as_code_once_it_is_there(page):
    tab(page, "generation").click()
    beside = page.locator("#generation-main > .pg-share, #generation-body ~ .pg-receipt")
    page.locator(".gen[aria-busy=true]").wait_for()
    assert beside.count() == 2 and not beside.filter(visible=True).count()
    page.locator(".gen[aria-busy=false]").wait_for(timeout=120_000)
    expect(beside.filter(visible=True)).to_have_count(2)


def again(page):
    """A later visit: the same browser, another page."""
    later = page.context.new_page()
    later.goto(page.url, wait_until="domcontentloaded")
    later.get_by_role("tab").first.wait_for()
    return later


def test_a_sentence_is_judged_and_its_words_are_explained_by_one_click(page):
    door(page, "See a sentence judged and which words decided").click()
    page.locator("#classification-attribution .at-methods, #classification-attribution h4").first.wait_for(
        timeout=90_000
    )
    expect(tab(page, "why")).to_have_attribute("aria-selected", "true")


def test_a_model_writes_after_one_click(page):
    door(page, "Watch a model choose token by token").click()
    page.locator(".gen-text").get_by_role("button").or_(page.locator(".gen-text span")).first.wait_for()
    expect(tab(page, "generation")).to_have_attribute("aria-selected", "true")


def test_attention_is_seen_after_one_click(page):
    door(page, "See where attention looks every head of every layer").click()
    page.locator(".at-main canvas.at-stage").wait_for()
    expect(page.locator(".at-habits")).to_contain_text("heads")
    expect(tab(page, "tokens-attention")).to_have_attribute("aria-selected", "true")
    expect(page.locator(".at-columns")).to_be_focused()  # a key goes on there, and not at the page's top
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.matches('.at-columns *')")


def test_the_door_stays_closed_and_can_be_opened_again(page):
    region = page.get_by_role("region", name="Three things to try")
    page.get_by_role("button", name=re.compile("^Close;")).click()
    region.wait_for(state="hidden")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "Three things to try"
    page = again(page)
    region = page.get_by_role("region", name="Three things to try")
    expect(region).to_be_hidden()
    page.locator(".pg-switches").get_by_role("button", name="Three things to try").click()
    region.get_by_role("button").first.focus()
    page.keyboard.press("Escape")
    expect(region).to_be_hidden()
    expect(page.locator(".pg-switches").get_by_role("button", name="Three things to try")).to_be_focused()


def test_arrow_keys_go_round_among_tabs(page):
    tab(page, IDS[0]).focus()
    page.keyboard.press("ArrowLeft")
    page.locator(f'[data-tab-id="{IDS[-1]}"][aria-selected="true"]').wait_for()
    page.keyboard.press("ArrowRight")
    page.locator(f'[data-tab-id="{IDS[0]}"][aria-selected="true"]').wait_for()


def test_a_keyboard_skips_the_header(page):
    page.locator(".pg-skip").focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.getAttribute('role')") == "tabpanel"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('#pg-tabs') !== null")


def reach(page, selector: str) -> None:
    """Presses Tab until the focus is on what a selector names."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("(wanted) => document.activeElement.matches(wanted)", selector):
            return
    raise AssertionError(f"Tab never comes to {selector}")


def rewrite(page, text: str) -> None:
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.insert_text(text)


def test_tabs_do_their_job_by_the_keyboard_alone(page):
    verdict = page.locator("#classification-bars .lb-verdict")
    expect(verdict).to_contain_text("5 stars", timeout=90_000)
    tab(page, "classification").focus()
    reach(page, "#classification-text textarea")
    rewrite(page, "What a terrible film!")
    expect(verdict).to_contain_text("1 star")

    tab(page, "classification").focus()
    page.keyboard.press("ArrowRight")
    reach(page, ".editor textarea")
    rewrite(page, "Hello")
    expect(page.locator("#pg-tokens-live .pg-chip", has_text="hello")).to_be_visible()

    tab(page, "tokens").focus()
    page.keyboard.press("ArrowRight")
    reach(page, "#generation-preset input")
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("radio", name="balanced")).to_be_checked()
    reach(page, "#generation-prompt textarea")
    rewrite(page, "The sky is")
    page.keyboard.press("Escape")  # what it writes by itself
    page.keyboard.press("Control+Enter")
    expect(page.locator(".gen-origin")).to_contain_text("“The sky is”", timeout=90_000)
    page.locator(".gen-text .gen-token").first.wait_for()

    tab(page, "generation").focus()
    page.keyboard.press("ArrowRight")
    reach(page, "#similarity-words textarea, #similarity-words input")
    rewrite(page, "hot, cold")
    page.keyboard.press("Enter")
    expect(page.locator("#similarity-losses .wl-verdict, .wl-pair", has_text="hot → cold")).to_be_visible(
        timeout=60_000
    )


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_focus_is_seen_on_every_kind_of_control(open_page, dark):
    page = open_page(dark=dark)
    tab(page, "generation").click()
    page.locator("#generation-prompt textarea").wait_for()
    unseen = []
    tab(page, "generation").focus()
    for _ in range(30):
        page.keyboard.press("Tab")
        unseen.append(page.evaluate(UNSEEN))
    for name in ("tokens-batch", "tokens-vocabulary"):  # gradio's code and its table
        tab(page, "tokens").click()
        tab(page, name).click()
        place = page.locator(".cm-scroller, [role=grid]").filter(visible=True)
        expect(place).to_have_count(1)
        place.focus()
        page.keyboard.press("Shift+Tab")
        page.keyboard.press("Tab")
        unseen.append(page.evaluate(UNSEEN))
    assert [one for one in unseen if one] == []


def test_the_presentation_size_is_larger_and_pointing_still_meets_its_cell(open_page):
    page = open_page("/?present", width=1920, height=1080)
    assert page.locator("#pg-brand h1").bounding_box()["height"] > 30
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    tab(page, "tokens").click()
    tab(page, "tokens-attention").click()
    stage = page.locator("canvas.at-stage")
    stage.wait_for()
    page.locator(".at-readout").wait_for()
    stage.scroll_into_view_if_needed()
    stage.focus()
    page.keyboard.press("End")
    by_key = page.locator(".at-readout").inner_text()
    cell = page.evaluate("document.querySelector('canvas.at-stage').getBoundingClientRect().toJSON()")
    assert abs(stage.evaluate("(canvas) => canvas.width") - cell["width"]) <= 2  # as sharp as the screen
    page.mouse.move(cell["x"] + cell["width"] - 12, cell["y"] + cell["height"] / 2)
    at_the_right = page.locator(".at-readout").inner_text()
    assert "[SEP]" in by_key and "[SEP]" in at_the_right


def test_on_a_small_projector_the_presentation_size_shows_what_the_model_says(open_page):
    page = open_page("/?present", width=1366, height=768)
    verdict = page.locator("#classification-bars .lb-verdict")
    expect(verdict).to_contain_text("5 stars")
    box = verdict.bounding_box()
    assert box["y"] + box["height"] <= 768
    share = page.get_by_role("button", name="Share", exact=True).first
    edges = share.evaluate("(one) => [one, one.parentElement].map((node) => node.getBoundingClientRect().right)")
    assert abs(edges[0] - edges[1]) <= 1, "Share stands at the right edge"


# The last word that is seen of a line whose second one is cut off.
LAST_WORD = """(line) => {
  const bottom = line.getBoundingClientRect().bottom;
  const words = document.createTreeWalker(line, NodeFilter.SHOW_TEXT);
  const seen = [];
  for (let node = words.nextNode(); node; node = words.nextNode()) {
    for (const { index, 0: word } of node.data.matchAll(/\\w+/g)) {
      const range = document.createRange();
      range.setStart(node, index);
      range.setEnd(node, index + word.length);
      const box = range.getBoundingClientRect();
      if (box.width && box.top < bottom - 4) seen.push(word);
    }
  }
  return seen.at(-1);
}"""


@pytest.mark.parametrize("width", [1024, 1284, 1366, 1450])  # an old projector, the frame of a board, laptops
def test_at_the_presentation_size_nothing_lies_on_its_neighbour(open_page, width):
    page = open_page("/?present", width=width, height=768)
    title = page.locator("#pg-brand h1")
    expect(page.locator("#pg-status .ready")).to_be_attached()
    words = "node => { const all = document.createRange(); all.selectNodeContents(node); return all"
    shown = page.locator("#pg-header > :not(#pg-brand, #pg-door)")
    starts = [box["x"] for one in shown.all() if (box := one.bounding_box()) and box["width"] > 4]
    said = page.locator("#pg-brand p")
    for one in (title, said):
        right = one.evaluate(f"{words}.getBoundingClientRect().right }}")
        assert right <= min(starts), "the title and what stands beside it"
    assert said.evaluate(LAST_WORD) == "it", "its line is whole; what follows may be left out"
    tab(page, "tokens").click()
    page.get_by_role("tab", name="Batch & masks").click()
    side, ways = page.get_by_label("padding_side"), page.locator("#classification-second-bits input")
    expect(side).to_have_value("tokenizer's own")
    assert side.evaluate("node => node.scrollWidth - node.clientWidth") <= 0, "all of it is seen"
    tab(page, "classification").click()
    page.get_by_role("tab", name="What if", exact=True).click()
    expect(ways).to_have_value("8-bit")
    assert ways.evaluate("node => node.scrollWidth - node.clientWidth") <= 0
    tab(page, "training").click()
    page.get_by_role("tab", name="A language model from nothing").click()
    ends = page.locator(".slider_input_container:visible")
    expect(ends.nth(4)).to_be_visible()
    rights = "node => [node.lastElementChild, node.closest('.block')].map((one) => one.getBoundingClientRect().right)"
    for last, card in (one.evaluate(rights) for one in ends.all()):
        assert last < card - 8, "the ends of a slider stand within its card"
    tab(page, "generation").click()
    paper = page.locator(".gen-paper").bounding_box()
    legend = page.locator(".gen-stage .gen-scale").evaluate(f"{words}.getBoundingClientRect().right }}")
    assert legend <= paper["x"] + paper["width"] + 1
    assert paper["width"] > 450, "a reply has room for more than three words in a line"


def test_the_presentation_size_is_switched_and_kept(page):
    size = page.locator("#pg-brand h1").bounding_box()["height"]
    page.get_by_role("button", name="Presentation size").click()
    assert page.locator("#pg-brand h1").bounding_box()["height"] > size * 1.3
    again(page).locator("html.pg-present").wait_for()
    page.get_by_role("button", name="Presentation size").click()  # off again, with what an address may ask for
    page.evaluate("history.replaceState(null, '', '?present')")
    page = again(page)
    page.get_by_role("button", name="Presentation size").click()
    assert "present" not in page.url


def test_a_word_explains_itself_to_the_pointer_and_to_the_keyboard(page):
    tab(page, "models").click()
    word = page.get_by_role("button", name="resident", exact=True).first
    word.hover()
    tip = page.get_by_role("tooltip")
    tip.filter(has_text="memory of the device").wait_for()
    page.keyboard.press("Escape")
    tip.wait_for(state="hidden")
    word.focus()
    tip.wait_for()
    expect(word).to_have_attribute("aria-describedby", tip.get_attribute("id"))
    box = tip.bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= 1280
    page.mouse.move(0, 0)
    page.set_viewport_size({"width": 1280, "height": 400})
    page.locator(".lg-row").nth(3).wait_for()  # the page is long enough to scroll
    page.evaluate("document.activeElement.blur(); scrollTo(0, document.documentElement.scrollHeight)")
    word.focus()  # which scrolls to it
    page.wait_for_timeout(200)
    at, above = boxes(page, tip, word)
    assert 0 < at["y"] - above["y"] < 40, "the tip stands at its word"
    page.set_viewport_size({"width": 390, "height": 800})
    tab(page, "similarity").click()
    for name in ("input_ids", "loss"):  # a narrow one that stands to the right, then a wide one
        word = page.locator("[role=tabpanel]:visible .pg-word:visible", has_text=name).first
        word.focus()
        tip.filter(has_text=name).wait_for()
        box = tip.bounding_box()
        assert box["x"] >= 8 and box["x"] + box["width"] <= 382
    a_finger_opens_and_closes_what_a_word_means(page, word, tip)


def a_finger_opens_and_closes_what_a_word_means(page, word, tip):
    """A tap on what lies open presses nothing below it."""
    touch = page.context.new_cdp_session(page)
    touch.send("Emulation.setTouchEmulationEnabled", {"enabled": True})

    def tap(box):
        at = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
        for kind, points in (("touchStart", [at]), ("touchEnd", [])):
            touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    page.evaluate("document.activeElement.blur()")
    page.evaluate("addEventListener('click', ({target}) => { window.pgPressed = target }, true)")
    tap(word.bounding_box())
    tip.wait_for()
    tap(tip.bounding_box())
    tip.wait_for(state="hidden")
    assert page.evaluate("pgPressed.closest('#pg-tip') !== null")
    tap(word.bounding_box())
    tip.wait_for()
    tap(word.bounding_box())
    tip.wait_for(state="hidden")


def test_a_word_is_explained_once_in_a_tab_and_never_in_what_people_wrote(page):
    page.locator("#classification-text textarea").fill("A token, a logit and a softmax.")
    of_answers = {"classification": ("entropy", "softmax"), "generation": ("perplexity",)}
    for name in IDS:
        tab(page, name).click()
        at_rest(page)
        words = page.locator("[role=tabpanel]:visible .pg-word:visible")
        for word in of_answers.get(name, ()):  # which come with the answer, and stand beside its numbers
            words.filter(has_text=word).first.wait_for()
        assert words.count() > 0, name
        expect(page.locator(".pg-word:not(.pg-words .pg-word)")).to_have_count(0)
    repeated = """() => [...document.querySelectorAll('[role=tabpanel]')].flatMap((panel) => {
      const own = [...panel.querySelectorAll('.pg-word')].filter((one) => one.closest('[role=tabpanel]') === panel);
      const names = own.map((one) => one.dataset.word);
      return names.filter((name, index) => names.indexOf(name) !== index);
    })"""
    assert page.evaluate(repeated) == []


def test_a_refusal_is_said_in_place_by_no_toast_and_leaves_with_its_cause(page):
    for tabs, drawn, emptied, press, place, why in REFUSED:
        for name in tabs:
            tab(page, name).click()
        page.locator(drawn).first.wait_for()
        field = page.locator(emptied)
        before = field.input_value()
        field.fill("")
        page.get_by_role("button", name=press, exact=True).filter(visible=True).first.click()
        said = page.locator(place).filter(has_text=why).filter(visible=True)
        expect(said).to_have_count(1)
        expect(page.locator(".pg-share, .pg-receipt").filter(visible=True)).to_have_count(0)  # nor is anything shared
        page.wait_for_timeout(300)  # a toast would be there by now
        expect(page.get_by_text(why).filter(visible=True)).to_have_count(1)
        expect(page.locator(".toast-body")).to_have_count(0)
        expect(page.locator("span.error:visible")).to_have_count(0)
        field.fill(before)
        expect(said).to_have_count(0)
    tab(page, "training").click()
    tab(page, "classifier").click()
    page.get_by_role("button", name="…or a file").filter(visible=True).click()
    page.locator("#training-file input[type=file]").set_input_files(
        {"name": "rows.pdf", "mimeType": "application/pdf", "buffer": b"%PDF"}
    )
    expect(page.locator(".toast-body.warning")).to_contain_text("Warning")  # gradio itself calls it an error
    expect(page.locator(".toast-body")).to_contain_text("rows.pdf. Only .csv")
    expect(page.locator(".error:visible")).to_have_count(0)


def test_what_a_model_that_is_not_here_can_not_answer_says_so_where_the_answer_would_be(page):
    tab(page, "tokens").click()
    tab(page, "tokens-compare").click()
    page.locator("#pg-tokens-compare .line").first.wait_for()
    for _ in range(2):  # of three tokenizers
        page.locator("#pg-tokenizers-model-ids input").press("Backspace")
    expect(page.locator("#pg-tokens-compare .empty")).to_contain_text("needs two to four different tokenizers")
    expect(page.locator(".pg-share, .pg-receipt").filter(visible=True)).to_have_count(0)
    places = {
        ("tokens", "tokens-live"): ("tokens-model-id", None, "#pg-tokens-live .notes"),
        ("tokens", "tokens-vocabulary"): ("vocabulary-model-id", None, "#pg-vocabulary-found"),
        ("tokens", "tokens-attention"): ("attention-model-id", "Show attention", ".at-empty"),
        ("models", "whole-model"): ("model_map-model-id", "Draw it", ".im-empty"),
        ("generation", "inside"): ("inside-model-id", "Look inside", ".il-empty"),
    }
    for tabs, (picker, press, place) in places.items():
        for name in tabs:
            tab(page, name).click()
        model = page.locator(f"#pg-{picker} input")
        model.fill("nobody/nothing")
        model.press("Enter")
        if press:
            page.get_by_role("button", name=press, exact=True).filter(visible=True).click()
        expect(page.locator(place)).to_contain_text("nobody/nothing isn't on this machine")
        expect(page.get_by_text("nobody/nothing isn't").filter(visible=True)).to_have_count(1)
        expect(page.locator(".pg-share, .pg-receipt").filter(visible=True)).to_have_count(0)
        expect(page.locator(".toast-body")).to_have_count(0)


# What the status says while a model is loaded.
LOADS = """() => {
  const status = document.querySelector("#pg-status .pg-status");
  status.classList.remove("ready");
  status.querySelector(".text").textContent = "Loading the weights of a model with a long name (3 of 4)…";
}"""


def in_each(page, screens):
    """The page in one window after the other: its width and its height."""
    for width, height, present in screens:
        if page.evaluate("document.documentElement.classList.contains('pg-present')") is not present:
            page.get_by_role("button", name="Presentation size").click()
        page.set_viewport_size({"width": width, "height": height})
        page.evaluate("scrollTo(0, 0)")
        at_rest(page)
        yield width, height


def first_answers_stand_on_the_first_screen(page, height):
    for name, answer in FIRST_ANSWERS.items():
        tab(page, name).click()
        box = page.locator(answer).first
        box.wait_for()
        at_rest(page)
        assert page.evaluate("scrollY") == 0
        found = box.bounding_box()
        assert found["y"] + found["height"] <= height, name


def answers_of_inner_tabs_begin_on_the_first_screen(page, width, height):
    """Measured from the page's upper edge, once it is at rest."""
    for (outer, inner), (answer, shown) in INSIDE.items():
        tab(page, outer).click()
        tab(page, inner).click()
        box = page.locator(answer).first
        box.wait_for()
        at_rest(page)
        found = box.bounding_box()
        seen = min(shown if width < 500 else height * 0.06, found["height"])
        assert found["y"] + page.evaluate("scrollY") + seen <= height, inner
        assert found["height"] > 10, inner


def a_tab_below_an_answer_is_brought_up_when_it_is_opened(page, height):
    tab(page, "classification").click()
    for name, says in BELOW_AN_ANSWER.items():
        page.evaluate("scrollTo(0, 0)")
        tab(page, name).click()
        box = page.locator(says).filter(visible=True).first
        for _ in range(40):  # what is asked anew takes its place
            at_rest(page)
            above, found = boxes(page, tab(page, name), box) if box.count() else (None, None)
            if found and 0 <= above["y"] < found["y"] < height * 0.9:
                break
        assert found and 0 <= above["y"] < found["y"] < height * 0.9, name


def what_is_asked_by_a_press_is_answered_where_it_was_pressed(page, screens):
    asked = set()
    for _, height in in_each(page, screens):
        for (outer, inner), (start, answer) in PRESSED_FOR.items():
            tab(page, outer).click()
            tab(page, inner).click()
            page.evaluate("scrollTo(0, 0)")
            at_rest(page)
            place = page.locator(start).bounding_box()
            assert place["y"] + place["height"] <= height, inner
            if inner not in asked:  # what was found then is there in the other windows
                page.locator(start).click()
            asked.add(inner)
            box = page.locator(answer).first
            box.wait_for(timeout=120_000)
            for _ in range(20):  # it may still be on its way
                found = box.bounding_box()
                if found["y"] + min(30, found["height"]) <= height:
                    break
                page.wait_for_timeout(250)
            assert found["y"] + min(30, found["height"]) <= height, inner


def somebodys_load_moves_nobodys_page(page):
    top = "document.querySelector('#pg-tabs').getBoundingClientRect().top + scrollY"  # an answer may still come up
    before = page.evaluate(top)
    page.evaluate(LOADS)
    expect(page.locator("#pg-status .text")).to_be_visible()
    assert page.evaluate(top) == before


@pytest.mark.long
@pytest.mark.parametrize(
    "screens",
    [
        pytest.param(PHONE, id="phone"),
        pytest.param(PROJECTOR, id="projector"),
        pytest.param(SCREENS, id="desktop", marks=pytest.mark.thorough),
    ],
)
def test_answers_stand_where_they_are_seen_without_a_search(open_page, screens):
    # the window of a phone whose browser shows its address is lower
    low = [(width, 800 if width < 500 else height, present) for width, height, present in screens]
    page = open_page("/", width=low[0][0], height=low[0][1])
    page.locator(FIRST_ANSWERS["classification"]).first.wait_for()  # a click while the page moves may scroll it
    for _, height in in_each(page, low):
        first_answers_stand_on_the_first_screen(page, height)
    for width, height in in_each(page, low):
        answers_of_inner_tabs_begin_on_the_first_screen(page, width, height)
    page.emulate_media(reduced_motion="reduce")
    for _, height in in_each(page, screens):
        a_tab_below_an_answer_is_brought_up_when_it_is_opened(page, height)
    page.emulate_media(reduced_motion="no-preference")
    what_is_asked_by_a_press_is_answered_where_it_was_pressed(page, screens)
    for _ in in_each(page, screens):
        somebodys_load_moves_nobodys_page(page)


# What of the tabs would show through the lines and panels that stay in sight above them.
SHOWS_THROUGH = """() => {
  const layer = (node) => Number.parseInt(getComputedStyle(node).zIndex, 10) || 0;
  const above = Math.min(...["#pg-links", ".ls-panel"].map((one) => layer(document.querySelector(one))));
  const labels = [...document.querySelectorAll("#pg-tabs label > span, #pg-tabs label")];
  return [labels.length > 5, labels.filter((one) => layer(one) >= above).map((one) => one.outerHTML.slice(0, 80))];
}"""


def test_no_label_shows_through_what_stays_in_sight(page):
    page.locator(FIRST_ANSWERS["classification"]).first.wait_for()
    for name in ("tokens", "training"):
        tab(page, name).click()
    page.locator(FIRST_ANSWERS["training"]).first.wait_for()
    assert page.evaluate(SHOWS_THROUGH) == [True, []]


def test_no_line_ends_at_the_hyphen_of_a_name(page):
    tab(page, "generation").click()
    page.locator("#twin > button.label-wrap").click()
    said = page.locator("#twin .pg-words")
    expect(said.locator(".pg-whole").first).to_have_css("white-space", "nowrap")
    assert set(said.locator(".pg-whole").all_inner_texts()) == {"4-bit", "8-bit", "fast-8-bit"}


# How a button looks: [background, border, colour, opacity].
LOOK = """(id) => { const style = getComputedStyle(document.querySelector(id));
  return [style.backgroundColor, style.borderTopWidth, style.borderTopColor, style.color, style.opacity]; }"""


def test_second_buttons_look_alike_in_every_tab_and_paler_where_they_can_not_be_pressed(page):
    page.locator(FIRST_ANSWERS["classification"]).first.wait_for()
    page.get_by_role("tab", name="What if").click()
    tab(page, "generation").click()
    expect(page.locator("[data-act=regenerate]")).to_be_enabled(timeout=60_000)
    page.get_by_role("tab", name="Look inside").click()
    page.locator("#inside-more").wait_for()
    others = ("#classification-compare-texts", "#classification-compare-models", "#inside-more")
    looks = [page.evaluate(LOOK, one) for one in ("[data-act=regenerate]", *others)]
    *alike, opacity = looks[1]
    assert alike[1] == "1px" and opacity == "1" and [one[:-1] for one in looks] == [alike] * 4
    stops = [page.evaluate(LOOK, one) for one in ("#inside-stop", "[data-act=stop]")]
    assert stops == [[*alike, "0.45"]] * 2


# Wider or longer than its place without fading out (or a shadow), or of no height and yet with a gap beside it.
CUT_OR_EMPTY = """() => [...document.querySelectorAll('#pg-tabs *')].filter((node) => {
  if (!node.checkVisibility({visibilityProperty: true})) return false;
  const [style, above] = [getComputedStyle(node), getComputedStyle(node.parentElement)];
  const stacks = above.display.includes("grid") || (above.display === "flex" && above.flexDirection === "column");
  const stands = !["absolute", "fixed"].includes(style.position) && !node.getBoundingClientRect().height;
  if (stacks && stands && parseFloat(above.rowGap) > 2) return true;
  const scrolls = style.display !== "inline" && style.overflowX !== "visible" && node.clientWidth > 3;
  const isWide = scrolls && node.scrollWidth > node.clientWidth + 1;
  const isLong = scrolls && node.scrollHeight > node.clientHeight + 8 && node.clientHeight > 3;
  const says = 'textarea, .lm-table, .pp-said, .pp-call, .ps-call, [data-pg-more~="below"]';
  if (isLong && !node.closest(`.pg-sr, .pg-heading, ${says}`)) return true;
  return isWide && !node.closest('.pg-sr, .pg-heading, [data-pg-more]');
}).map((node) => node.outerHTML.slice(0, 120))"""


def found_at_rest(page, wrong: str) -> list[str]:
    """What is wrong once the tab has come to rest; a busy machine gets five seconds for it."""
    at_rest(page)
    for _ in range(10):
        if not (found := page.evaluate(wrong)):
            return []
        page.wait_for_timeout(500)
    return found


def test_on_a_phone_what_is_too_wide_fades_out_where_it_goes_on_and_what_is_empty_takes_no_gap(open_page):
    page = open_page("/#tab=models", width=390, height=800)
    expect(tab(page, "models")).to_be_in_viewport(ratio=0.9)  # also where the address has opened it
    tab(page, "classification").click()
    chips = page.locator(".pg-examples").first
    expect(chips).to_have_attribute("data-pg-more", "end")
    chips.get_by_role("button").last.focus()  # scrolled to
    expect(chips).to_have_attribute("data-pg-more", "start")
    for name in IDS:
        tab(page, name).click()
        found = found_at_rest(page, CUT_OR_EMPTY)
        for inner in page.locator("[role=tabpanel]:visible [role=tab]:visible").evaluate_all(
            "all => all.map((one) => one.dataset.tabId).reverse()"
        ):
            tab(page, inner).click()
            found += found_at_rest(page, CUT_OR_EMPTY)
        assert found == [], name


@pytest.mark.parametrize("name", IDS)
def test_axe_finds_nothing_serious(open_page, name):
    """In light and dark; colours of what stands around a row of tabs are looked at once."""
    page = open_page()
    page.emulate_media(reduced_motion="reduce")
    tab(page, name).click()
    page.locator(FIRST_ANSWERS[name]).first.wait_for(timeout=60_000)
    at_rest(page)
    page.evaluate(AXE_FILE_PATH.read_text(encoding="utf-8"))
    found = page.evaluate(BAD, [None, {}])
    inner = page.locator("[role=tabpanel]:visible [role=tab]:visible").evaluate_all(
        "all => all.map((one) => one.dataset.tabId)"
    )
    inner.reverse()  # those inside of a tab before its neighbours, which hide them
    for tab_id in inner:
        tab(page, tab_id).click()
        at_rest(page, 400)
        found += page.evaluate(BAD, [tab_id, {}]) + page.evaluate(BAD, [None, HEADINGS])
    page.get_by_role("button", name="Switch between light and dark").click()
    expect(page.locator("body")).to_have_class(re.compile(r"\bdark\b"))
    at_rest(page, 400)
    found += page.evaluate(BAD, [None, {}])
    for tab_id in reversed(inner):
        if tab(page, tab_id).is_visible():
            tab(page, tab_id).click()
            at_rest(page)
            found += page.evaluate(BAD, [tab_id, COLOURS])
    assert sorted(set(found)) == []
    page.wait_for_function(FOLDS)
    assert page.evaluate(PRESSED) == 0


def test_a_section_says_whether_it_is_open(page):
    tab(page, "generation").click()
    fold = page.locator("#twin > button.label-wrap")
    expect(fold).to_have_attribute("aria-expanded", "false")
    fold.focus()
    page.keyboard.press("Enter")
    expect(fold).to_have_attribute("aria-expanded", "true")
    page.locator("#twin-start").wait_for()
    page.keyboard.press("Enter")
    expect(fold).to_have_attribute("aria-expanded", "false")


def paste(page, field, text: str) -> None:
    page.evaluate("text => navigator.clipboard.writeText(text)", text)
    field.press("ControlOrMeta+a")
    page.keyboard.press("ControlOrMeta+v")


def test_many_lines_are_pasted_at_once_and_what_a_field_has_no_room_for_is_said(page):
    field = page.locator("#classification-text textarea")
    before = field.input_value()
    paste(page, field, "ab\n" * 60_000)  # the browser itself would be busy for minutes
    expect(field).to_have_js_property("value.length", 180_000)
    page.keyboard.press("ControlOrMeta+z")
    expect(field).to_have_value(before)
    page.keyboard.press("ControlOrMeta+v")
    field.press("ControlOrMeta+a")
    page.keyboard.press("x")
    expect(field).to_have_value("x")
    tab(page, "tokens").click()
    tab(page, "tokens-vocabulary").click()
    query = page.get_by_label("Search pieces and ids")
    paste(page, query, "ground " * 1_000)
    said = "At most 200 characters fit here. Of the 7,000 pasted, the first 200 were taken."
    expect(query).to_have_js_property("validationMessage", said)
    query.press("Backspace")
    expect(query).to_have_js_property("validationMessage", "")


def test_the_list_of_endpoints_opens_with_no_error_in_the_console(page):
    page.get_by_role("button", name="Use via API").click()
    page.locator(".api-docs").first.wait_for()
    page.wait_for_timeout(500)  # what it asks for has been answered; `open_page` looks at the console
    ways = page.locator(".api-docs .snippets").first.locator("> *")
    assert [one.inner_text().strip() for one in ways.all() if one.is_visible()][-1] == "cURL", "no false word on MCP"


def test_what_is_said_of_a_model_is_cut_nowhere_also_where_its_tab_was_hidden_at_first(open_page):
    page = open_page("/#tab=generation/inside", width=1366, height=768)
    page.locator(".il-frame").wait_for()
    tab(page, "reply").click()
    said = page.locator("#generation-settings .pg-about textarea")
    expect(said).to_be_visible()
    assert said.evaluate("(field) => field.scrollHeight - field.clientHeight") <= 1


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_the_list_of_endpoints_is_read_and_used_in_each_theme_and_by_the_keyboard(open_page, theme):
    """Gradio's own takes some colours from the system, and its languages and unnamed buttons are for a mouse."""
    page = open_page(f"/?__theme={theme}")
    page.evaluate(AXE_FILE_PATH.read_text(encoding="utf-8"))
    for of_the_system in ("dark", "light"):
        page.emulate_media(color_scheme=of_the_system, reduced_motion="reduce")
        the_list_of_endpoints_is_read_and_used(page, theme)


def the_list_of_endpoints_is_read_and_used(page, theme):
    opener = page.get_by_role("button", name="Use via API")
    opener.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Close the list of endpoints")).to_be_focused()
    page.locator(".api-docs .menu-toggle-button").click()
    page.locator(".menu-dropdown").wait_for()
    found = page.evaluate("() => axe.run('.api-docs', { resultTypes: ['violations'] })")["violations"]
    assert [one["id"] for one in found if one["impact"] in ("serious", "critical")] == []
    robots = page.locator(".api-docs .agent-icon")
    filters = robots.evaluate_all("all => all.map((one) => getComputedStyle(one).filter)")
    assert set(filters) == {"invert(1)" if theme == "dark" else "none"}, "a black picture on black isn't seen"
    page.locator(".backdrop-overlay").first.click()
    page.get_by_role("button", name="cURL", exact=True).first.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".api-docs pre", has_text="curl -X POST").first).to_be_visible()
    expect(page.get_by_role("button", name="cURL", exact=True).first).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Escape")
    expect(page.locator(".api-docs")).to_have_count(0)
    expect(opener).to_be_focused()


SAID_OF_THE_MODEL = {  # where a model is picked, and how what is said of the first one begins
    ("classification",): "Small, trained for this playground",
    ("tokens", "tokens-live"): "Small, made by Sentence Transformers",
    ("tokens", "tokens-batch"): "Small, made by Sentence Transformers",
    ("tokens", "tokens-chat"): "Made by Hugging Face; tiny",
    ("tokens", "tokens-vocabulary"): "Small, made by Sentence Transformers",
    ("tokens", "tokens-attention"): "Small, made by Sentence Transformers",
    ("generation", "reply"): "Made by Hugging Face; tiny",
    ("generation", "inside"): "Made by Hugging Face; tiny",
    ("similarity", "words"): "Tiny, trained for this playground",
    ("pipelines",): "Small, made by Sentence Transformers",
    ("training", "classifier"): "Small, made by Sentence Transformers",
    ("models", "whole-model"): "Made by Hugging Face; tiny",
}


# How far a field stands below the list of models that is nearest above it, in pixels.
BELOW_ITS_PICKER = """(field) => Math.min(...[...document.querySelectorAll(".pg-model")]
  .filter((one) => one.checkVisibility())
  .map((one) => field.getBoundingClientRect().top - one.getBoundingClientRect().bottom)
  .filter((gap) => gap > -20))"""


@pytest.mark.parametrize(("address", "zoom"), [("/", 1), ("/?present", 1.45)])
def test_wherever_a_model_is_picked_the_page_says_what_it_is(open_page, address, zoom):
    page = open_page(address, width=1366, height=800)
    expect(page.locator("#pg-brand p")).to_be_visible()  # and what itself is
    for tabs, begins in SAID_OF_THE_MODEL.items():
        for name in tabs:
            tab(page, name).click()
        said = page.get_by_label("about this model").filter(visible=True)
        expect(said).to_have_value(re.compile(f"^{begins}"))
        for width in (1366,) if "present" in address else (390, 1366):
            page.set_viewport_size({"width": width, "height": 800})
            at_rest(page)
            assert said.evaluate("(field) => field.scrollHeight - field.clientHeight") <= 1, (tabs, width)
            if width == 390:
                assert 0 <= said.evaluate(BELOW_ITS_PICKER) < 20, tabs
            assert said.bounding_box()["height"] < 160 * zoom, (tabs, width)


EXAMPLES_SHOW = (  # tabs, an example, where its sentence stands, the sentence, a field that changes what was asked
    (("tokens", "tokens-batch"), "Truncated", "#batch-shows", "8 tokens are cut off", "#pg-batch-texts textarea"),
    (("tokens", "tokens-attention"), "Padding, hatched", "#attention-shows", "No head gives padding any attention",
     "#pg-attention-text textarea"),
    (("pipelines",), "word association", "#pipelines-shows", "nearly said the word itself", "#pipelines-text textarea"),
)  # fmt: skip


def test_an_example_says_what_it_shows_and_says_it_of_no_other_text(page):
    for tabs, example, place, sentence, field in EXAMPLES_SHOW:
        for name in tabs:
            tab(page, name).click()
        said = page.locator(place)
        expect(said).to_be_visible()  # of the one that the tab opens with
        page.get_by_role("button", name=example, exact=True).filter(visible=True).click()
        expect(said).to_contain_text(sentence)
        page.locator(field).fill("something else")
        expect(said).to_be_hidden()
    tab(page, "tokens").click()
    tab(page, "tokens-batch").click()
    page.get_by_role("button", name="Truncated", exact=True).click()
    expect(page.locator("#batch-shows")).to_be_visible()
    page.get_by_label("number input for max_length").fill("20")  # fewer tokens are cut off then
    page.keyboard.press("Tab")
    expect(page.locator("#batch-shows")).to_be_hidden()
