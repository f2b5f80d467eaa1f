"""A class from the app itself: asked from the teacher's own screen and from a lesson, led, and shown what it found."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

import app
from playground.config import Settings
from playground.service import Playground
from tests.browser.rest import boxes

LOADED_MS = 60_000  # a frame loads the whole page


@pytest.fixture(scope="module")
def school():
    """The address of an app with classes."""
    with Playground(Settings(warm_up=("none",), classroom=True)) as playground:
        demo = app.build_app(playground)
        routes = app.routes_for_programs(playground, app.classroom_of(playground))
        options = app.launch_options(playground.settings, routes)
        _, url, _ = demo.launch(server_name="127.0.0.1", server_port=None, prevent_thread_lock=True, **options)
        playground.warm_up()  # tells the header that there is nothing to wait for
        yield url.rstrip("/")
        demo.close()


@pytest.fixture
def desk(open_window, school):
    """The teacher's own page of a room that she has opened from the page."""
    desk = open_window(f"{school}/class")
    desk.get_by_role("button", name="Open a room").click()
    expect(desk.get_by_role("heading", name="Ask the class")).to_be_visible()
    return desk


@pytest.fixture
def student(open_window, desk):
    """A student's phone."""
    student = open_window(re.sub("/teach$", "", desk.url), width=390)
    student.get_by_role("button", name="Join").click()
    expect(student.get_by_role("heading", name="You are in.")).to_be_visible()
    return student


def opened(desk, name):
    """The window that a link of the teacher's page opens."""
    with desk.expect_popup() as popup:
        desk.get_by_role("link", name=name).click()
    return popup.value


def panel(page):
    return page.get_by_role("region", name="Your class")


def answered(student, teacher, answer):
    student.get_by_label("Your number").fill(answer)
    student.get_by_role("button", name="Send").first.click()
    expect(student.get_by_text(f"You said: {answer}. You can change it.")).to_be_visible()
    expect(panel(teacher)).to_contain_text("1 of 1 answered")


def tokens(page, text):
    page.get_by_role("tab", name="Tokens", exact=True).first.click()
    page.locator("#pg-tokens-live textarea").fill(text)


def test_the_class_is_asked_led_and_shown_what_it_found(desk, student):
    teacher, board = opened(desk, "Open the playground"), opened(desk, "Open the board")
    expect(panel(teacher)).to_contain_text("1 here")
    expect(teacher.get_by_role("link", name="Class", exact=True)).to_have_attribute("href", "class")
    tokens(teacher, "two cats")
    asks = panel(teacher).get_by_role("group", name="Ask the class")
    asks.get_by_role("button", name="how many tokens").click()
    expect(student.get_by_role("heading", name="How many tokens is this")).to_be_visible()
    expect(student.get_by_text("two cats")).to_be_visible()
    answered(student, teacher, "3")
    panel(teacher).get_by_label("Follow me").check()  # held back: it would tell the answer
    expect(student.locator("iframe")).to_have_count(1)
    expect(student.locator(".cl-follow")).to_be_hidden()
    panel(teacher).get_by_role("button", name="Reveal").press("Enter")
    expect(asks.get_by_role("button", name="how many tokens")).to_be_focused()  # its own row is empty now
    expect(student.get_by_role("row").filter(has_text="model").get_by_role("rowheader")).to_have_text("4model")

    frame = student.frame_locator("iframe")
    expect(frame.locator("#pg-tokens-live textarea")).to_have_value("two cats", timeout=LOADED_MS)
    expect(board.get_by_role("row").filter(has_text="model")).to_be_visible()
    assert frame.locator("body").evaluate("body => body.inert") is True
    frame.locator("body").evaluate("body => { window.isTheSame = true }")
    tokens(teacher, "three dogs")
    expect(frame.locator("#pg-tokens-live textarea")).to_have_value("three dogs")
    assert frame.locator("body").evaluate("body => window.isTheSame") is True, "the frame was loaded anew"
    on_board = board.frame_locator("iframe").locator("#pg-tokens-live textarea")
    expect(on_board).to_have_value("three dogs", timeout=LOADED_MS)
    panel(teacher).get_by_label("Follow me").uncheck()
    expect(student.locator(".cl-follow")).to_be_hidden()

    student.get_by_text("Look what I found").click()
    with student.expect_popup() as popup:
        student.get_by_role("link", name="Open the playground").click()
    free = popup.value
    tokens(free, "a find")
    brand, ways = boxes(free, ".pg-brand h1", ".pg-switch >> nth=0")
    assert brand["x"] + brand["width"] <= ways["x"], "a phone's header has room for all that stands in it"
    expect(free.locator(".pg-brand p")).to_be_visible()  # what this is, where somebody comes from a class, too
    row = free.locator("#pg-tokens-share")
    send, share = (row.get_by_role("button", name=name, exact=True) for name in ("Send to your teacher", "Share"))
    left, right = boxes(free, send, share)
    assert right["x"] - left["x"] - left["width"] >= 6, "they touch"
    send.click()
    sent = free.get_by_text("Your teacher has it.")
    expect(sent).to_be_visible()
    left, right = boxes(free, sent, send)
    assert right["x"] - left["x"] - left["width"] >= 6, "they touch"
    desk.get_by_role("button", name="To the board").press("Enter")
    expect(on_board).to_have_value("a find", timeout=LOADED_MS)
    expect(desk.get_by_role("button", name="Off the board")).to_be_focused()
    desk.get_by_role("button", name="Off the board").click()
    expect(board.get_by_role("heading", name="How many tokens is this")).to_be_visible()


def test_a_step_of_a_lesson_is_asked_and_its_answer_is_what_is_right(open_window, desk, student, school):
    """Her page was opened from within a frame, as on a Space: the key comes behind the address, and leaves it."""
    code = desk.url.split("/")[-2]
    key = desk.get_by_role("link", name="Open the board").get_attribute("href").partition("#key=")[2]
    teacher = open_window(f"{school}/#class={code}.{key}")
    expect(panel(teacher)).to_contain_text("1 here")
    assert key not in teacher.url
    teacher.locator(".pg-lessons-button").click()
    teacher.get_by_role("button", name="All lessons").click()
    teacher.get_by_role("button", name="Tokens are not words").click()
    teacher.get_by_role("button", name="Ask the class", exact=True).click()
    answered(student, teacher, "1")
    teacher.locator(".ls-field").fill("2")
    teacher.get_by_role("button", name="That is my guess").click()
    told = teacher.locator(".ls-sides dd").last
    expect(told).to_be_visible()
    right = told.inner_text()
    panel(teacher).get_by_role("button", name="Reveal").click()
    row = student.get_by_role("row").filter(has_text="right")
    expect(row.get_by_role("rowheader")).to_have_text(f"{right}right")
