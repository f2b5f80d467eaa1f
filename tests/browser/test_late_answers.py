"""An answer to an older question comes when another text stands there already: it must not be shown beside that."""

from __future__ import annotations

import threading
from contextlib import contextmanager

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.embedded]
LONG = "Tell me about tokens, please. " * 60  # too long for the next token to be measured at every pause


@pytest.fixture
def answering_late(app_playground, monkeypatch, page):
    """``with answering_late("method"):`` the playground's method answers when the block has ended, and the page has
    heard of it afterwards.
    """

    @contextmanager
    def late(name: str):
        method, asked, may_answer, has_answered = getattr(app_playground, name), *(threading.Event() for _ in range(3))

        def slow(*given):
            asked.set()
            may_answer.wait(60)
            try:
                return method(*given)
            finally:
                has_answered.set()

        with monkeypatch.context() as patched:
            patched.setattr(app_playground, name, slow)
            yield lambda: asked.wait(30)
            may_answer.set()
            assert has_answered.wait(30)
        page.wait_for_timeout(700)  # on its way to the page

    return late


def open_tabs(page, *names: str) -> None:
    for name in names:
        page.locator(f'[role=tab][data-tab-id="{name}"]').click()


def test_no_late_answer_lands_on_another_text(page, answering_late):
    verdict = page.locator("#classification-bars .lb-verdict")
    expect(verdict).to_contain_text("5 stars", timeout=90_000)
    open_tabs(page, "what-if")
    page.locator("#classification-tokens button", has_text="wonderful").wait_for()
    with answering_late("perturb") as is_asked:
        page.locator("#classification-tokens button", has_text="wonderful").click()
        assert is_asked()
        page.locator("#classification-text textarea").fill("What a terrible film!")
        expect(verdict).to_contain_text("1 star")
    expect(page.locator("#classification-perturbed .lb-verdict")).to_be_hidden()

    open_tabs(page, "tokens", "tokens-batch")
    batch = page.locator("#pg-tokens-batch")
    expect(batch).to_contain_text("mat")
    with answering_late("compare_masks") as is_asked:
        page.get_by_role("button", name="No mask").click()
        assert is_asked()
        page.locator("#pg-batch-texts textarea").fill("Something else.\nAnd a longer line of it.")
        expect(batch).to_contain_text("something")
    expect(page.locator("#pg-mask-comparison .result")).to_have_count(0)

    open_tabs(page, "tokens-chat")
    content = page.locator("#pg-tokens-chat textarea").last
    content.fill(LONG)
    measure = page.get_by_role("button", name="Measure the next token")
    measure.wait_for()
    with answering_late("chat_next") as is_asked:
        measure.click()
        assert is_asked()
        content.fill(LONG + "And more.")
        expect(page.locator("#pg-tokens-chat .rendered")).to_contain_text("And more.")
        page.wait_for_timeout(1500)  # the page tells of it after a pause
    expect(page.locator("#pg-tokens-chat-next .origin")).to_be_empty()

    open_tabs(page, "similarity")
    losses, words = page.locator("#similarity-losses"), page.locator("#similarity-words :is(input, textarea)")
    expect(losses.locator(".wl-verdict")).to_contain_text("man", timeout=60_000)
    with answering_late("word_loss") as is_asked:
        words.fill("hot, cold")
        words.press("Enter")
        assert is_asked()
        words.fill("bread, butter, car")
        expect(losses).to_contain_text("Press Measure")
    expect(losses).to_contain_text("Press Measure")


def test_an_answer_to_the_text_before_says_so_until_the_new_one_is_there(page, answering_late):
    bars = page.locator("#classification-bars")
    old, shows = bars.locator(".lb-old"), page.locator("#classification-shows")
    expect(bars.locator(".lb-verdict")).to_contain_text("5 stars", timeout=90_000)
    expect(old).to_be_hidden()
    with answering_late("classify") as is_asked:
        page.locator("#classification-text textarea").fill("What a terrible film!")
        assert is_asked()
        expect(old).to_be_visible()
        expect(bars.locator(".lb-verdict")).to_contain_text("5 stars")
        expect(shows).to_have_css("visibility", "hidden")
        page.locator("#classification-text textarea").fill("What a wonderful film!")
        expect(old).to_be_hidden()  # it is the answer to this text again
        page.locator("#classification-text textarea").fill("What a terrible film!")
        expect(old).to_be_visible()
    expect(bars.locator(".lb-verdict")).to_contain_text("1 star")
    expect(old).to_be_hidden()
    expect(shows).to_contain_text("from the last label to the first")


def test_a_measured_next_token_says_so_once_the_conversation_is_another(page, answering_late):
    open_tabs(page, "tokens", "tokens-chat")
    measured = page.locator("#pg-tokens-chat-next")
    old, origin, sentence = (measured.locator(f".{name}") for name in ("old", "origin", "sentence"))
    expect(origin).to_contain_text("this conversation", timeout=90_000)
    expect(old).to_be_hidden()
    before = sentence.inner_text()
    with answering_late("chat_next") as is_asked:
        page.locator("#pg-tokens-chat textarea").last.fill("Name a fruit.")
        expect(old).to_be_visible()
        expect(origin).to_be_hidden()
        assert is_asked()
    expect(sentence).not_to_have_text(before)
    expect(old).to_be_hidden()
    expect(origin).to_be_visible()
