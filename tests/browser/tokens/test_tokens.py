"""The Tokens tab in Chromium: live chips, links between text and chips, masks that answer, strange text."""

from __future__ import annotations

import re
import threading

import pytest
from playwright.sync_api import expect

import playground as pg
from tabs.tokens import chat_template

SMOLLM_TITLE = "SmolLM2 135M Instruct"


@pytest.fixture
def tokens(open_page):
    """Opens the tab, at a width."""

    def opened(width: int = 1280):
        page = open_page(width=width)
        page.get_by_role("tab", name="Tokens", exact=True).first.click()
        page.locator("#pg-tokens-live .pg-chip").first.wait_for()
        return page

    return opened


def chips(page) -> list[str]:
    return page.locator("#pg-tokens-live .pg-chip .piece").all_text_contents()


def write(page, text: str) -> None:
    """Types and waits until the chips are those of the text."""
    view = page.locator("#pg-tokens-live [data-drawn]")
    before = view.get_attribute("data-drawn")
    page.locator("#pg-tokens-live textarea").fill(text)
    expect(view).not_to_have_attribute("data-drawn", before)


def test_chips_follow_the_text_and_are_linked_with_it(tokens):
    page = tokens()
    write(page, "Unbelievable cats")
    assert chips(page) == ["[CLS]", "unbelievable", "cats", "[SEP]"]
    page.locator("#pg-tokens-live .pg-chip", has_text="cats").hover()
    expect(page.locator("#pg-tokens-live .mirror .hot")).to_have_text("cats")
    expect(page.locator("#pg-tokens-live .detail")).to_contain_text("characters 13 to 16")
    page.locator("#pg-tokens-live textarea").hover(position={"x": 40, "y": 22})
    expect(page.locator("#pg-tokens-live .pg-chip.hot .piece")).to_have_text("unbelievable")
    page.locator("#pg-tokens-live .pg-chip").first.focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#pg-tokens-live .mirror .hot")).to_have_text("Unbelievable")
    # hidden characters are seen, payloads stay text, half of a surrogate pair is refused
    write(page, "a\u200b ${alert(1)} <img src=x onerror=alert(2)> {{value}}")
    expect(page.locator("#pg-tokens-live img")).to_have_count(0)
    page.evaluate(
        "() => { const area = document.querySelector('#pg-tokens-live textarea');"
        " area.value = 'lone \\ud83d half'; area.dispatchEvent(new Event('input')); }"
    )
    expect(page.locator("#pg-tokens-live .notes")).to_contain_text("surrogate")
    write(page, "x " * 10_050)
    expect(page.locator("#pg-tokens-live .notes")).to_contain_text("the first 20,000 are tokenized")
    expect(page.locator("#pg-tokens-live .notes")).to_contain_text("are shown one by one")
    assert len(chips(page)) < 2_000


def test_bytes_of_a_character_are_shown_and_the_code_follows(tokens):
    page = tokens()
    page.get_by_label("model_id").locator("visible=true").first.click()
    page.get_by_role("option", name=SMOLLM_TITLE).click()
    expect(page.locator("#pg-tokens-live .counts")).to_contain_text("byte-level BPE")
    write(page, "a 👍")
    assert chips(page) == ["a", "·<0xF0><0x9F>", "<0x91>", "<0x8D>"]
    page.get_by_role("button", name=re.compile("Code: this exact run")).first.click()
    page.locator(".pg-receipt .cm-content").first.wait_for()
    page.get_by_role("button", name="Copy").locator("visible=true").first.click()
    page.wait_for_function("async () => (await navigator.clipboard.readText()).includes('a 👍')")


def test_an_example_says_what_it_shows_until_the_text_is_another(tokens):
    page = tokens()
    shows = page.locator("#pg-tokens-live .shows")
    expect(shows).to_contain_text("one id")
    page.get_by_role("button", name="Hugging Face, French").click()
    expect(shows).to_contain_text("23 tokens of MiniLM")
    special = page.get_by_label("add_special_tokens").first
    special.uncheck()  # 21 of them then
    expect(shows).to_be_empty()
    special.check()
    expect(shows).to_contain_text("23 tokens of MiniLM")
    write(page, "cats")
    expect(shows).to_be_empty()


def test_a_flipped_bit_runs_the_model_with_both_masks(tokens):
    page = tokens()
    page.get_by_role("tab", name="Batch & masks").click()
    page.locator("#pg-tokens-batch td.token").first.wait_for()
    page.locator("#pg-tokens-batch button.bit").nth(2).click()
    result = page.locator("#pg-mask-comparison .result")
    expect(result.first).to_contain_text("cosine", timeout=60_000)
    expect(result.nth(1)).to_contain_text("the same answer")
    origin = page.locator("#pg-mask-comparison .origin")
    expect(origin).to_have_text("Measured: MiniLM sentence encoder, float32, these texts.")
    expect(page.locator("#pg-mask-comparison canvas")).to_have_count(3)
    tokens_of_last = ["[CLS]", "the", "cat", "sat", "on", "the", "mat", ".", "[SEP]"]
    for side in ("keys", "queries"):
        expect(page.locator(f"#pg-mask-comparison .{side}").last.locator("span")).to_have_text(tokens_of_last)
    page.set_viewport_size({"width": 1366, "height": 768})
    no_mask = page.get_by_role("button", name="No mask")
    no_mask.focus()
    page.evaluate("document.activeElement.scrollIntoView({ block: 'end' })")
    page.keyboard.press("Enter")
    expect(result.nth(1)).to_contain_text("Largest difference over all", timeout=60_000)
    expect(result.nth(1).locator("table")).to_be_in_viewport()  # it began below the fold
    expect(no_mask).to_be_in_viewport()
    expect(result.nth(1)).to_contain_text("The two embeddings have a cosine of")
    heard = page.locator("#pg-mask-comparison .heard")
    expect(heard).to_contain_text("largest difference")
    page.get_by_role("button", name="Pairs", exact=True).click()
    expect(result).to_have_count(0)
    expect(origin).to_be_empty()
    expect(heard).to_be_empty()  # nor does a screen reader find numbers of the texts before


def test_a_conversation_is_rendered_live(tokens, monkeypatch):
    page = tokens()
    page.get_by_role("tab", name="Chat template").click()
    page.set_viewport_size({"width": 390, "height": 900})
    rendered = page.locator("#pg-tokens-chat .rendered")
    expect(rendered).to_contain_text("<|im_start|>system")
    names = [page.get_by_role("button", name=f"Remove message {place}", exact=True) for place in (1, 2)]
    assert [one.count() for one in names] == [1, 1], "each button says which message it removes"
    page.locator("#pg-tokens-chat textarea").first.fill("Be <b>brief</b> ${1+1}")
    expect(rendered).to_contain_text("Be <b>brief</b> ${1+1}")
    page.locator("#pg-tokens-chat input[type=checkbox]").uncheck()
    expect(rendered.locator(".invented")).to_have_count(0)
    following = page.locator("#pg-tokens-chat-next")
    expect(following.locator(".sentence")).to_contain_text("without it with “<|im_start|>” (9", timeout=60_000)
    expect(following.locator(".origin")).to_contain_text(SMOLLM_TITLE)
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 391
    below = page.locator(".pg-share:has(~ .pg-receipt), .pg-receipt").filter(visible=True)
    expect(below).to_have_count(2)
    held, measure = threading.Event(), chat_template.measure_next
    monkeypatch.setattr(chat_template, "measure_next", lambda *asked: held.wait(60) and measure(*asked))
    page.locator("#pg-tokens-chat textarea").first.fill("Be kind")
    below.get_by_text("Code", exact=False).first.click()
    expect(below.locator(".cm-content").first).to_contain_text("Be kind")  # whatever is still measured
    expect(following.locator(".old")).to_be_visible()
    held.set()
    expect(following.locator(".old")).to_be_hidden()
    for _ in range(page.locator("#pg-tokens-chat .message").count()):
        names[0].click()
    expect(page.locator("#pg-tokens-chat .notes")).to_contain_text("There is no message.")
    expect(below).to_have_count(0)  # nothing is there to be shared


def test_a_slow_tokenizer_is_said_and_another_choice_does_not_wait_for_it(tokens, app_playground, monkeypatch):
    page, held, columns = tokens(), threading.Event(), app_playground.token_columns

    def slowly(request):
        if request.model_id.endswith("association"):
            held.wait(60)
        return columns(request)

    monkeypatch.setattr(app_playground, "has_tokenizer", lambda model_id: False)  # so that nobody else waits
    monkeypatch.setattr(app_playground, "token_columns", slowly)
    counts, notes = page.locator("#pg-tokens-live .counts"), page.locator("#pg-tokens-live .notes")
    expect(counts).to_contain_text("WordPiece")
    for name, says in (("Word association (T5)", None), (SMOLLM_TITLE, "byte-level BPE")):
        page.get_by_label("model_id", exact=True).filter(visible=True).click()
        page.get_by_role("option", name=name).click()
        if says:
            expect(counts).to_contain_text(says)
            expect(notes).to_be_empty()
        else:
            expect(notes).to_have_text("Reading this model's tokenizer…")
            expect(counts).to_be_empty()
            expect(page.locator("#pg-tokens-live .pg-chip")).to_have_count(0)
            expect(page.locator(".pg-share:visible, .pg-receipt:visible")).to_have_count(0)
    held.set()
    page.wait_for_timeout(700)
    expect(counts).to_contain_text("byte-level BPE")


def test_tokenizers_side_by_side_and_the_reasons_of_a_split(tokens):
    page = tokens()
    page.get_by_role("tab", name="Compare", exact=True).click()
    expect(page.locator("#pg-tokens-compare .cell.differs").first).to_be_visible()
    expect(page.locator("#pg-tokens-compare .totals")).to_contain_text("Unigram")
    expect(page.locator("#pg-tokens-compare .totals tr.lost").first).to_contain_text("⚠")
    about = page.get_by_role("list", name="about these models").locator("li")
    expect(about).to_have_text([re.compile("MiniLM.*: Small"), re.compile("SmolLM2.*tiny"), re.compile("Word.*: Tiny")])
    page.get_by_label("text", exact=True).filter(visible=True).fill("")
    expect(page.locator("#pg-tokens-compare .empty")).to_contain_text("There is no text yet.")
    expect(page.locator("#pg-tokens-compare .totals tr, .pg-share:visible, .pg-receipt:visible")).to_have_count(0)
    page.get_by_role("button", name="Thai", exact=True).click()
    expect(page.locator("#pg-tokens-compare .totals tr").nth(1).locator("td").last).to_have_text("–")
    cut = "all => all.filter((one) => one.scrollWidth > one.clientWidth).map((one) => one.textContent)"
    assert page.locator("#pg-tokens-compare .name").evaluate_all(cut) == [], "names of tokenizers are whole"
    assert page.locator("#pg-tokens-compare .cell").evaluate_all(cut) == [], "and so are their pieces"
    removes = page.locator(".token-remove:not(.remove-all)").filter(visible=True)
    count = removes.count()
    removes.last.focus()
    page.keyboard.press("Enter")
    expect(removes).to_have_count(count - 1)
    expect(removes.last).to_be_focused()
    page.get_by_role("tab", name="Vocabulary", exact=True).click()
    expect(page.locator("#pg-tokens-split .steps li").first).to_contain_text("not in the vocabulary")
    page.get_by_label("Why is this word split so?").fill("tokenizers")  # pasted: no key is pressed
    expect(page.locator("#pg-tokens-split .steps li").last).to_contain_text("##izer")
    page.get_by_role("tab", name="Batch & masks").click()
    page.locator("#pg-tokens-batch td.token").first.wait_for()
    page.locator("textarea").filter(visible=True).first.fill("pasted")
    expect(page.locator("#pg-tokens-batch td.token")).to_have_text(["[CLS]", "paste", "##d", "[SEP]"])


EDITS = (
    "one two three",
    "one TWO-and-a-half three",  # in the middle
    "zero one three",  # at both ends
    "한국 zero one three 👍 é\n\tx\u200by",  # characters that several tokens share, gaps of their own
    "한국 zero one three 👍👍 é\n\tx\u200by",
    "",
    "words " * 150 + "end",  # more than a chunk
    "words " * 75 + "unbelievable " + "words " * 75 + "end",
    "words " * 5 + "ends",
)


def test_what_is_redrawn_in_place_is_what_a_fresh_drawing_shows(tokens, app_playground):
    """Chips that an edit left alone are kept: their text, number, colour and place must still be right."""
    page = tokens()
    for text in EDITS:
        write(page, text)
        result = app_playground.tokenize(pg.TokenizeRequest(text))
        drawn = page.evaluate(
            """() => [...document.querySelectorAll("#pg-tokens-live .pg-chip")].map((chip) => [
              chip.querySelector(".piece").textContent, chip.querySelector(".id").textContent,
              Number((chip.className.match(/\\bc(\\d)/) || [0, -1])[1]), chip.getAttribute("aria-label")])"""
        )
        expected = [
            [t.shown, str(t.token_id), -1 if t.segment is None else t.segment % 6, _spoken(t)] for t in result.tokens
        ]
        assert len(drawn) >= min(100, len(expected)) and drawn == expected[: len(drawn)]
        rows = page.locator("#pg-tokens-live .chunk").filter(has=page.locator(".pg-chip, .gap"))
        assert rows.count() == 1 or len(result.tokens) > 100, "what fits one row isn't parted"
        mirror = page.locator("#pg-tokens-live .mirror")
        assert mirror.evaluate("node => node.textContent") == text + "\n"
        colours = mirror.evaluate("node => [...node.children].map((span) => [span.textContent, span.className])")
        assert colours == [[s.text, f"c{k % 6}" if s.tokens else ""] for k, s in enumerate(result.segments)]


def _spoken(token: pg.Token) -> str:
    """What a screen reader says at a chip."""
    if token.added:
        place = "stands for no character of the text"
    elif token.end - token.start == 1:
        place = f"character {token.start}"
    else:
        place = f"characters {token.start} to {token.end - 1}"
    marks = [name for name in ("special", "unknown", "continuation") if getattr(token, name)]
    marks += ["added"] * (token.added and not token.special)
    said = [f"token {token.index}", token.shown, f"id {token.token_id}", place, *marks, token.byte_note]
    return ", ".join(part for part in said if part)


def test_a_bit_is_flipped_and_the_attention_read_by_keyboard(tokens):
    """Arrow keys move among the bits and the cells, Enter flips, and a status line says what a screen reader needs."""
    page = tokens()
    page.get_by_role("tab", name="Batch & masks").click()
    page.locator("#pg-tokens-batch .bit").first.focus()
    for key in ("ArrowDown", "ArrowRight", "Enter"):
        page.keyboard.press(key)
    expect(page.locator("#pg-tokens-batch [role=status]")).to_contain_text("cats in row 1 is now hidden")
    assert page.evaluate("() => document.activeElement.textContent") == "0"
    heard = page.locator("#pg-mask-comparison .heard")
    expect(heard).to_contain_text("row 0: text 0: the same answer", timeout=60_000)
    page.locator("#pg-mask-comparison canvas").nth(1).focus()
    page.keyboard.press("ArrowRight")
    expect(heard).to_contain_text("query [CLS] attends to cats: right 0.")
    expect(heard).to_contain_text("flipped bits 0.0000")
    expect(page.locator("#pg-mask-comparison .cursor")).to_have_count(3)
    box = page.locator("#pg-mask-comparison canvas").nth(1).bounding_box()
    tapped = {"clientX": box["x"] + box["width"] / 2, "clientY": box["y"] + box["height"] / 2}  # nothing moves
    page.locator("#pg-mask-comparison canvas").nth(1).dispatch_event("click", tapped)
    expect(page.locator("#pg-mask-comparison .cursor").nth(1)).not_to_have_attribute("style", re.compile("top: 0%"))


def test_every_part_of_the_tab_is_in_sight_on_a_phone(tokens):
    page = tokens(390)
    for name in ("Batch & masks", "Chat template", "Compare", "Vocabulary", "Attention"):
        expect(page.get_by_role("tab", name=name, exact=True)).to_be_in_viewport()
    expect(page.get_by_label("add_special_tokens").first).to_be_in_viewport(ratio=1)
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 391
