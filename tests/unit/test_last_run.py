"""Of a page's runs that fill the same place the last one wins."""

from __future__ import annotations

from types import SimpleNamespace

import gradio as gr
import pytest

from tabs.last_run import PAGES, LastRun


def page(name: str):
    return SimpleNamespace(session_hash=name)


def test_an_older_answer_is_dropped_and_so_is_its_failure():
    last = LastRun()

    @last.wins
    def answer(text):
        yield f"{text}, begun"
        if text == "broken":
            raise ValueError(text)
        yield text

    def plain(text):
        return text

    slow, broken = answer(page("me"), "slow"), answer(page("me"), "broken")
    assert next(slow) == "slow, begun" and next(broken) == "broken, begun"
    other = list(answer(page("you"), "another page"))
    assert list(last.wins(plain)(page("me"), "quick")) == ["quick"]
    for dropped in (slow, broken):
        [nothing] = list(dropped)
        assert nothing == gr.skip()
    assert other == ["another page, begun", "another page"]
    with pytest.raises(ValueError, match="broken"):
        list(answer(page("me"), "broken"))


def test_of_many_pages_the_oldest_are_forgotten_and_still_answered():
    last = LastRun()
    first = last.begin(page("first"))
    for number in range(PAGES):
        last.begin(page(str(number)))
    assert first() and len(last._last) == PAGES


def test_what_a_page_was_asked_last_is_known():
    last = LastRun()
    list(last.wins(lambda *given: given)(page("me"), "a text", "its pair"))
    assert last.asked(page("me")) == ("a text", "its pair") and last.asked(page("you")) == ()
