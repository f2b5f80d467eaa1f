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


def test_what_is_told_late_of_a_field_ends_what_was_asked_about_another_text_alone():
    last = LastRun()

    def answer(text, pair):
        yield f"{text}, begun"
        yield text

    ask = last.wins(answer, lambda text, pair: (text, pair))
    running = ask(page("me"), "new text", "its pair")
    assert next(running) == "new text, begun"
    assert last.goes_on(page("me"), ("new text", "its pair")) and list(running) == ["new text"]
    assert last.goes_on(page("me"), ("new text", "its pair"))  # its answer stays
    running = ask(page("me"), "old text", "its pair")
    next(running)
    assert not last.goes_on(page("me"), ("new text", "its pair")) and list(running) == [gr.skip()]
    assert not last.goes_on(page("me"), ("old text", "its pair")), "what was dropped doesn't come back"


def test_an_answer_ends_what_still_looks_at_the_one_before():
    looks = LastRun()

    def answer():
        yield "an answer"

    def look():
        yield "begun"
        yield "a part of the answer before"

    looking = looks.wins(look)(page("me"))
    next(looking)
    asking = LastRun().wins(answer, ends=[looks])(page("me"))
    assert next(asking) == "an answer" and list(looking) == [gr.skip()]


def test_one_that_takes_its_event_gets_it_first():
    def look(event: gr.EventData, text):
        return event, text

    wrapped = LastRun().wins(look)
    assert wrapped.__annotations__ == {"request": gr.Request, "event": gr.EventData}
    assert list(wrapped(page("me"), "event", "text")) == [("event", "text")]


def test_after_a_stop_no_run_counts_and_what_is_told_late_of_its_own_fields_is_no_stop():
    last = LastRun()

    def answer(text):
        yield f"{text}, begun"
        yield text

    ask, stop = last.wins(answer, lambda text: text), last.none(lambda *come: ("nothing", *come))
    running = ask(page("me"), "a")
    assert next(running) == "a, begun"
    assert stop(page("me"), 12) == ("nothing", 12)  # made of how far it has come
    assert list(running) == [gr.skip()]  # the step that was under way
    forget = last.none(lambda: "nothing", lambda text: text)
    running = ask(page("me"), "b")
    assert next(running) == "b, begun"
    assert forget(page("me"), "b") == gr.skip() and next(running) == "b"
    assert forget(page("me"), "c") == "nothing"
