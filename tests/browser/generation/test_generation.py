"""The generation tab as a person uses it: stream, point, choose, stop, step by hand, compare, chat."""

from __future__ import annotations

import base64
import math
import re

import pytest
from playwright.sync_api import expect

from tabs.generation.examples import EXAMPLES, FIRST
from tabs.view_files import VIEWS
from tests.browser.rest import boxes

pytestmark = [pytest.mark.browser, pytest.mark.embedded]
COLORS = "A list of colors: red, blue"
IDLE = "document.querySelector('.gen').getAttribute('aria-busy') === 'false'"
FREE_BESIDE = """(node) => {
  const range = document.createRange();
  range.setStart(node.nextSibling, 1);
  range.setEnd(node.nextSibling, 2);
  return range.getBoundingClientRect().left - node.getBoundingClientRect().right;
}"""


@pytest.fixture
def tab(page):
    return enter(page)


def enter(page, tokens=8):
    page.get_by_role("tab", name="Generation", exact=True).click()
    page.locator("[data-act=start]").wait_for()
    tokens_of(page).first.wait_for(timeout=90_000)  # the tab opens with a reply on it
    wait(page)
    limit(page, tokens)
    return page


def limit(page, tokens):
    field = page.get_by_label("number input for max_new_tokens")
    field.fill(str(tokens))
    field.press("Tab")


def wait(page, seconds=90):
    page.wait_for_function(IDLE, timeout=1000 * seconds)


def number(percent):
    return float(percent.removesuffix("%"))


def tokens(page, host=".gen-text"):
    return page.locator(f"{host} .gen-token")


tokens_of = tokens  # where an argument is called tokens


def test_it_opens_with_a_reply_and_says_what_it_came_from(open_page):
    page = open_page()
    page.get_by_role("tab", name="Generation", exact=True).click()
    tokens(page).first.wait_for(timeout=90_000)
    wait(page)
    opening = EXAMPLES[0]
    expect(page.locator(".gen-text")).to_contain_text(opening.prompt + opening.begins, use_inner_text=True)
    expect(page.locator(".gen-shows")).to_have_text(opening.shows)
    origin = page.locator(".gen-origin").text_content()
    for part in ("SmolLM2 135M Instruct", "float32", opening.prompt, "greedy", "max_new_tokens 24"):
        assert part in origin
    old = page.locator(".gen-old")
    expect(old).to_be_hidden()
    page.get_by_label("creative", exact=True).check()
    expect(old).to_contain_text("the settings were greedy")
    page.get_by_label("greedy", exact=True).check()
    expect(old).to_be_hidden()
    page.locator("#generation-prompt textarea").fill("Something else")
    expect(old).to_contain_text(f"the prompt was “{opening.prompt}”")

    # A chip fills in its example and starts it; what it shows is said with its own reply alone.
    fact = next(one for one in EXAMPLES if one.label == "a fact")
    page.get_by_role("button", name=fact.label, exact=True).click()
    expect(page.locator(".gen-shows")).to_have_text(fact.shows, timeout=90_000)
    wait(page)
    expect(page.locator(".gen-text")).to_have_text(fact.prompt + fact.begins, use_inner_text=True)
    expect(page.locator("#generation-prompt textarea")).to_have_value(fact.prompt)
    expect(page.get_by_label("number input for max_new_tokens")).to_have_value("2")
    expect(old).to_be_hidden()


def test_nothing_starts_by_itself_where_somebody_has_typed(open_page):
    held = []
    page = open_page(
        prepare=lambda page: page.route("**/views/**/generation/view.js", lambda route: held.append(route))
    )
    with page.expect_request("**/views/**/generation/view.js"):
        page.get_by_role("tab", name="Generation", exact=True).click()
    page.locator("#generation-prompt textarea").fill("Mine")
    for route in held:
        route.continue_()
    page.get_by_text("The reply appears here, token by token.").wait_for()
    expect(page.locator(".gen")).to_have_attribute("aria-busy", "false")
    expect(tokens(page)).to_have_count(0)


def test_a_refusal_goes_with_its_cause(tab):
    tab.get_by_label("Chat", exact=True).check()
    prompt = tab.locator("#generation-prompt textarea")
    expect(prompt).to_have_value(FIRST["Chat"].prompt)
    prompt.fill("")
    tab.locator("[data-act=start]").click()
    said = tab.locator(".gen-notes", has_text="The message is empty")
    said.wait_for(timeout=90_000)
    expect(tab.locator(".toast-wrap .toast-body")).to_have_count(0)
    prompt.fill("Hello")
    expect(said).to_have_count(0)
    tab.get_by_role("button", name="More settings").click()
    tab.locator("#pg-generation-seed input").fill("-5")
    tab.locator("[data-act=start]").click()
    tab.locator(".gen-notes", has_text="seed").wait_for()
    expect(tab.locator(".toast-wrap .toast-body")).to_have_count(0)


def test_stream_point_choose_and_return(tab):
    tab.locator("#generation-prompt textarea").fill(COLORS)
    tab.keyboard.press("Control+Enter")
    expect(tokens(tab)).to_have_count(8, timeout=90_000)
    wait(tab)
    expect(tab.locator(".gen-state")).to_contain_text("max_new_tokens reached after 8 tokens")
    first = tab.locator(".gen-text").inner_text()
    assert first.startswith("A list of colors: red, blue")
    expect(tab.locator(".gen-live")).to_contain_text("of 8,192")

    # By keyboard: one stop for Tab, arrows move, the token says what it is, arrow down reaches its alternatives.
    expect(tab.locator('.gen-text .gen-token[tabindex="0"]')).to_have_count(1)
    tokens(tab).first.focus()
    tab.keyboard.press("ArrowRight")
    label = tab.evaluate("document.activeElement.getAttribute('aria-label')")
    assert re.fullmatch(r"token '.+', probability [01]\.\d\d", label)
    rows = tab.locator(".gen-panel .gen-choice")
    expect(rows).to_have_count(10)
    expect(rows.first.locator(".gen-numbers span").nth(1)).to_have_text("100 %")
    expect(rows.nth(1)).to_have_attribute("class", re.compile("cut"))
    tab.keyboard.press("ArrowDown")
    tab.keyboard.press("ArrowDown")
    chosen = rows.nth(1).locator(".gen-piece").text_content()
    tab.keyboard.press("Enter")
    wait(tab)

    # The text goes on from the choice; the other branch is kept and comes back as it was.
    expect(tokens(tab).nth(1)).to_have_text(chosen.replace("·", " "))
    expect(tokens(tab).nth(1)).to_have_attribute("aria-label", re.compile("chosen by you"))
    expect(tokens(tab)).to_have_count(8)
    expect(tab.locator(".gen-panel h4 code"), "the panel still shows the old token").to_have_text(chosen)
    expect(tab.locator(".gen-panel .gen-choice.chosen .gen-piece")).to_have_text(chosen)
    branches = tab.locator(".gen-branch")
    expect(branches).to_have_count(2)
    branches.first.click()
    expect(tab.locator(".gen-text")).to_have_text(first, use_inner_text=True)

    tab.locator(".gen-table summary").click()
    tab.locator(".gen-table tbody tr").first.wait_for()  # drawn when it opens, a moment later
    cells = tab.locator(".gen-table tbody tr").first.locator("td").all_text_contents()
    assert cells[0] == "1"
    assert 0 < float(cells[3]) <= 1
    expect(tab.locator(".gen-table tbody tr")).to_have_count(8)
    before = float(cells[3])
    tokens(tab).first.click()
    expect(tab.locator(".gen-panel")).to_contain_text(f"probability {100 * before:.0f} %")
    tab.locator(".gen-close").focus()
    tab.keyboard.press("Escape")
    expect(tab.locator(".gen-close")).to_have_count(0)
    expect(tokens(tab).first).to_be_focused()
    expect(tab.locator(".gen-panel.showing")).to_be_visible()
    tab.keyboard.press("Shift+Tab")
    expect(tab.locator(".gen-panel.showing")).to_have_count(0)

    tab.locator(".gen-tint").select_option("plain")
    expect(tab.locator(".gen-text .t1, .gen-text .t2, .gen-text .t3, .gen-text .t4, .gen-text .t5")).to_have_count(0)

    limit(tab, 3)
    tab.locator("[data-act=continue]").click()
    tokens(tab).nth(10).wait_for(timeout=90_000)
    wait(tab)
    expect(tokens(tab)).to_have_count(11)
    expect(tab.locator(".gen-text")).to_contain_text(first.rstrip(), use_inner_text=True)


def test_stop_then_step_by_hand(tab, app_playground):
    limit(tab, 400)
    tab.locator("#generation-prompt textarea").fill("Once upon a time")
    tab.locator("[data-act=start]").click()
    tab.locator(".gen-prompt", has_text=re.compile("^Once upon a time$")).wait_for()
    tokens(tab).nth(2).wait_for(timeout=90_000)
    tokens(tab).nth(1).click()
    tab.locator(".gen-panel .gen-choice").nth(2).hover()
    tab.mouse.down()
    tokens(tab).nth(tokens(tab).count() + 2).wait_for()  # a slow click, while tokens keep coming
    tab.mouse.up()
    tab.locator(".gen-branch").nth(1).wait_for()
    tokens(tab).nth(4).wait_for()
    tab.keyboard.press("Escape")
    wait(tab)
    written = tokens(tab).count()
    assert 3 <= written < 400
    expect(tab.locator(".gen-state")).to_contain_text("Stopped after")

    tab.locator("[data-how=step]").click()
    tab.get_by_text("What comes next?").wait_for()
    tab.locator(".gen-panel .gen-choice").nth(11).wait_for(timeout=90_000)
    wait(tab)
    rows = tab.locator(".gen-panel .gen-choice")

    piece = rows.nth(1).locator(".gen-piece").text_content()
    rows.nth(1).click()
    wait(tab)
    expect(tokens(tab)).to_have_count(written + 1)
    assert (
        tokens(tab)
        .last.get_attribute("aria-label")
        .startswith(f"token '{piece.replace('·', ' ')}'".replace("↵", "new line"))
    )
    tab.locator("[data-act=step]").click()
    wait(tab)
    expect(tokens(tab)).to_have_count(written + 2)
    expect(tab.locator(".gen-live dd").nth(1), "one step has no speed").to_contain_text(re.compile("^–"))
    tab.locator("[data-act=undo]").click()
    wait(tab)
    expect(tokens(tab)).to_have_count(written + 1)

    # What is refused takes nothing away.
    half = "field => { field.value = 'a\\ud83d'; field.dispatchEvent(new Event('input', {bubbles: true})); }"
    tab.locator("#generation-prompt textarea").evaluate(half)
    tab.locator("[data-act=start]").click()
    tab.locator(".gen-notes", has_text="Character 2 of the text is half of a character").wait_for()
    wait(tab)
    expect(tokens(tab)).to_have_count(written + 1)


def test_presets_act_on_the_cached_logits(tab):
    """At the first token of this prompt: a reply stopped anywhere can stand before a token that is certain anyhow."""
    tab.locator("[data-how=step]").click()
    tab.locator("#generation-prompt textarea").fill("The weather today is")
    tab.locator("[data-act=start]").click()
    tab.locator(".gen-panel .gen-choice").nth(11).wait_for(timeout=90_000)
    wait(tab)
    after = tab.locator(".gen-panel .gen-choice").first.locator(".gen-numbers span").nth(1)
    expect(after).to_have_text("100 %")
    requests: list[str] = []
    tab.on("request", lambda request: requests.append(request.url))
    tab.get_by_label("creative", exact=True).check()
    expect(after).not_to_have_text("100 %")
    creative = after.text_content()
    tab.get_by_label("balanced", exact=True).check()
    expect(after).not_to_have_text(creative)
    assert 0 < number(creative) < number(after.text_content()) < 100, "a lower temperature sharpens"
    origin = tab.locator(".gen-origin").text_content()
    assert "· float32 · “The weather today is” · " in origin, "before the first token, too"
    assert "max_new_tokens" not in origin, "by hand nothing but the person ends a reply"
    assert not [url for url in requests if "queue" in url or "component_server" in url]


def test_a_long_prompt_shows_how_far_it_is_read_and_can_be_stopped(tab):
    bar = tab.locator(".gen-progress")
    expect(bar).to_be_hidden()
    tab.locator("#generation-prompt textarea").fill("All work and no play. " * 900)
    tab.locator("[data-act=start]").click()
    tab.wait_for_function("document.querySelector('.gen-progress').value > 0", timeout=90_000)
    expect(bar).to_be_visible()
    expect(tab.locator(".gen-state")).to_contain_text("Reading the prompt")
    tab.locator("[data-act=stop]").click()
    wait(tab)
    expect(bar).to_be_hidden()


def test_what_comes_below_a_pointer_that_rests_opens_no_panel(tab):
    """A page that brings up its answer moves tokens below the place where its button was pressed."""
    wait(tab)
    tab.set_viewport_size({"width": 1366, "height": 600})
    tab.locator("[data-how=compare]").click()
    tab.locator("[data-act=start]").click()
    wait(tab)
    token = tab.locator(".gen-column .gen-token").nth(1)
    token.evaluate("one => one.scrollIntoView({ block: 'center', behavior: 'instant' })")
    box = token.bounding_box()
    tab.evaluate("scrollBy({ top: 90, behavior: 'instant' })")
    tab.mouse.move(box["x"] + 4, box["y"] + 4)
    tab.wait_for_timeout(600)
    tab.evaluate("scrollBy({ top: -90, behavior: 'instant' })")
    tab.wait_for_timeout(900)
    assert token.evaluate("one => one.matches(':hover')")
    expect(tab.locator(".gen-panel")).to_be_hidden()
    tab.mouse.move(box["x"] + 6, box["y"] + 5)
    tab.locator(".gen-column .gen-token").nth(2).hover()
    expect(tab.locator(".gen-panel")).to_contain_text("Token 3")


def test_side_by_side_and_beams(tab):
    tab.locator("[data-how=compare]").click()
    tab.get_by_role("button", name="remove creative").click()
    tab.locator("[data-act=start]").click()
    columns = tab.locator(".gen-column")
    columns.nth(2).wait_for()
    wait(tab)
    assert columns.locator("h4").all_text_contents() == ["greedy", "balanced", "beam"]
    assert columns.locator(".gen-sample-head").all_text_contents() == [
        "no dice",
        "seed 0",
        "seed 1",
        "seed 2",
        "no dice",
    ]
    verdict = tab.locator(".gen-verdict").text_content()
    assert re.search(r"Different texts: balanced [123] of 3\. One text each, without dice: greedy, beam\.", verdict)
    first = r"The first to part from greedy (is|are \d at the same token; one is) "
    assert re.search(first + r"(balanced with seed [012]|beam)\. At token", verdict)
    assert re.search(r"At token \d+, greedy takes .+ \(.+\s%\) and (balanced|beam) takes", verdict)
    expect(tab.locator(".gen-column .diverges")).not_to_have_count(0)
    expect(tab.locator(".gen-parting")).to_contain_text("surprising dashed parts from the first text here")
    assert tab.locator(".gen-parting .diverges").evaluate(FREE_BESIDE) >= 8, "the frame is 3 wide, the word stands free"

    tab.locator("[data-how=write]").click()
    tab.get_by_label("beam", exact=True).check()
    tab.locator("[data-act=start]").click()
    tab.locator(".gen-node.best").first.wait_for(timeout=90_000)
    wait(tab)
    best = tab.locator(".gen-node.best")
    expect(best).to_have_count(8)
    expect(tokens(tab)).to_have_count(8)
    best.last.focus()
    label = tab.evaluate("document.activeElement.getAttribute('aria-label')").replace("−", "-")
    total = float(re.search(r"total (-?[\d.]+)", label)[1])
    tab.keyboard.press("ArrowLeft")
    parent = tab.evaluate("document.activeElement.getAttribute('aria-label')").replace("−", "-")
    own = float(re.search(r"log-probability (-?[\d.]+)", label)[1])
    assert total == pytest.approx(float(re.search(r"total (-?[\d.]+)", parent)[1]) + own, abs=0.02)
    shown = tab.locator(".gen-node").count()
    tab.locator(".gen-dropped").check()
    tab.locator(".gen-node").nth(shown).wait_for()


def test_on_a_small_projector_start_brings_the_reply_into_the_window(open_page):
    page = enter(open_page("/?present", width=1366, height=768), tokens=3)
    page.evaluate("scrollTo(0, 0)")
    page.locator("#generation-prompt textarea").press("Control+Enter")
    expect(page.locator(".gen-paper")).to_be_in_viewport(ratio=0.9)
    expect(page.locator("[data-act=start]")).to_be_in_viewport(ratio=1)
    wait(page)
    expect(page.locator("[data-act=start]")).to_be_focused()  # where Stop was; the prompt stands above the window


def test_the_prompt_stays_in_the_window_with_the_reply_that_ctrl_enter_starts(open_page):
    page = enter(open_page(width=1366, height=600), tokens=3)
    page.evaluate("scrollTo(0, 0)")
    page.locator("#generation-prompt textarea").press("Control+Enter")
    expect(page.locator(".gen-paper")).to_be_in_viewport(ratio=0.9)
    expect(page.locator("#generation-prompt textarea")).to_be_in_viewport(ratio=1)
    wait(page)
    expect(page.locator("#generation-prompt textarea")).to_be_focused()


def test_chat_on_a_phone_with_hostile_text(open_page, app_playground, monkeypatch):
    page = enter(open_page(width=390, dark=True), tokens=3)
    places = [box["y"] for box in boxes(page, ".gen-paper", ".gen-origin", ".gen-live")]
    assert places == sorted(places), "what a reply was made from stands right below it"
    prompt = page.locator("#generation-prompt textarea")
    page.get_by_label("Chat", exact=True).check()
    expect(prompt).to_have_value(FIRST["Chat"].prompt)  # it comes a moment later, and would fill the field again
    prompt.fill("")
    page.locator("[data-act=start]").click()
    page.locator(".gen-notes", has_text="The message is empty").wait_for(timeout=90_000)
    hostile = "${alert(1)} <img src=x onerror=alert(1)> {{value}} <|im_end|>"
    prompt.fill(hostile)
    page.locator("[data-act=start]").click()
    tokens(page).nth(2).wait_for(timeout=90_000)
    wait(page)
    expect(page.locator(".gen-turn.user")).to_contain_text(hostile)
    expect(page.locator(".gen-notes")).to_contain_text("<|im_end|>")
    expect(prompt).to_have_value("")
    prompt.fill("And now?")
    page.locator("[data-act=start]").click()
    page.locator(".gen-turn.user", has_text="And now?").wait_for()
    wait(page)
    expect(page.locator(".gen-turn")).to_have_count(3)  # what was asked, what was answered, what is asked now
    expect(prompt).to_have_value("")
    page.locator("[data-act=start]").click()
    page.locator(".gen-notes", has_text="The message is empty").wait_for()
    expect(page.locator(".gen-turn")).to_have_count(3)  # an empty message is no turn
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0

    # A tap shows the alternatives at the bottom of the window, the token still above them; choosing makes room again.
    tokens(page).nth(1).evaluate("span => span.scrollIntoView({block: 'end'})")
    tokens(page).nth(1).click()
    page.get_by_role("button", name="close", exact=True).wait_for()
    panel, token = boxes(page, ".gen-panel", tokens(page).nth(1))
    assert 0 < token["y"] + token["height"] <= panel["y"]
    assert panel["y"] + panel["height"] <= page.viewport_size["height"] + 1
    page.locator(".gen-panel .gen-choice").nth(1).click()
    page.locator(".gen-branch").nth(1).wait_for()
    wait(page)
    expect(page.get_by_role("button", name="close", exact=True)).to_have_count(0)

    # A failure that nobody foresaw ends the run, says so, and keeps the text.
    def fail(*_, **__):
        raise RuntimeError("unforeseen")

    monkeypatch.setattr(app_playground, "compare_batches", fail)
    prompt.fill("Still here")
    page.locator("[data-act=start]").click()
    page.locator(".gen-notes", has_text="try again").wait_for()
    wait(page)
    expect(prompt).to_have_value("Still here")


SETTINGS = [
    {"temperature": 0.7, "top_k": 20},
    {"temperature": 1.5, "top_k": 0, "top_p": 0.8},
    {"temperature": 1.2, "top_k": 50, "top_p": 0.95, "min_p": 0.02, "repetition_penalty": 1.3},
    {"temperature": 0.3, "top_k": 0, "min_p": 0.1},
]


@pytest.mark.parametrize("settings", SETTINGS)
def test_the_page_samples_as_transformers_does(browser, settings):
    """The arithmetic behind the sliders against transformers' own processors, over a whole vocabulary."""
    import torch
    from transformers import (
        LogitsProcessorList,
        MinPLogitsWarper,
        RepetitionPenaltyLogitsProcessor,
        TemperatureLogitsWarper,
        TopKLogitsWarper,
        TopPLogitsWarper,
    )

    settings = {"top_p": 1.0, "min_p": 0.0, "repetition_penalty": 1.0, "do_sample": True, **settings}
    logits = torch.randn(1, 500, generator=torch.Generator().manual_seed(1)) * 3
    seen = torch.tensor([[3, 77, 123, int(logits.argmax())]])
    processors = LogitsProcessorList(
        [
            RepetitionPenaltyLogitsProcessor(settings["repetition_penalty"]),
            TemperatureLogitsWarper(settings["temperature"]),
        ]
    )
    if settings["top_k"]:
        processors.append(TopKLogitsWarper(settings["top_k"]))
    if settings["top_p"] < 1:
        processors.append(TopPLogitsWarper(settings["top_p"]))
    if settings["min_p"]:
        processors.append(MinPLogitsWarper(settings["min_p"]))
    expected = processors(seen, logits.clone()).softmax(-1)[0].tolist()

    candidates = [{"id": i, "logit": x, "seen": i in seen[0].tolist()} for i, x in enumerate(logits[0].tolist())]
    page = browser.new_page()
    script = base64.b64encode((VIEWS / "generation" / "sampler.js").read_bytes()).decode()
    run = "async ([script, ...given]) => (await import(`data:text/javascript;base64,${script}`)).afterSampler(...given)"
    answer = page.evaluate(run, [script, candidates, [], settings])
    page.close()
    assert [one["kept"] for one in answer] == [p > 0 for p in expected]
    assert all(math.isclose(one["after"], p, abs_tol=1e-6) for one, p in zip(answer, expected, strict=True))


def test_what_is_asked_for_while_a_reply_stops_begins_when_it_has_stopped(page):
    page.get_by_role("tab", name="Generation", exact=True).click()
    page.locator(".gen-text .gen-token").first.wait_for(timeout=90_000)
    page.get_by_label("number input for max_new_tokens").fill("200")
    prompt = page.locator("#generation-prompt textarea")
    prompt.fill("Once there was")
    page.wait_for_function("document.querySelector('.gen').getAttribute('aria-busy') === 'false'")
    prompt.press("Control+Enter")
    page.get_by_text("“Once there was”").wait_for(timeout=90_000)
    prompt.fill("The sky is")
    both = """(field) => [["Escape", false], ["Enter", true]].forEach(([key, ctrlKey]) =>
        field.dispatchEvent(new KeyboardEvent("keydown", { key, ctrlKey, bubbles: true })))"""
    prompt.evaluate(both)  # at once, while the button is still off
    expect(page.locator(".gen-origin")).to_contain_text("“The sky is”", timeout=90_000)
    prompt.press("Escape")
