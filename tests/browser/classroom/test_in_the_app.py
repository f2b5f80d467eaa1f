"""A class from the app itself: asked from the teacher's own screen and from a lesson, led, and shown what it found."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect


@pytest.fixture
def school(open_page):
    """(the teacher in the app, her own page, a student on a phone, the board), in three browsers."""
    desk = open_page()
    desk.get_by_role("link", name="Class", exact=True).click()
    desk.get_by_role("button", name="Open a room").click()
    expect(desk.get_by_role("heading", name="Ask the class")).to_be_visible()
    way = re.sub("/teach$", "", desk.url)
    with desk.expect_popup() as popup:
        desk.get_by_role("link", name="Open the playground").click()
    with desk.expect_popup() as board:
        desk.get_by_role("link", name="Open the board").click()
    student = open_page(width=390)
    student.goto(way)
    student.get_by_role("button", name="Join").click()
    expect(student.get_by_role("heading", name="You are in.")).to_be_visible()
    teacher = popup.value
    expect(panel(teacher)).to_contain_text("1 here")
    return teacher, desk, student, board.value


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


def test_the_class_is_asked_led_and_shown_what_it_found(school):
    teacher, desk, student, board = school
    tokens(teacher, "two cats")
    asks = panel(teacher).get_by_role("group", name="Ask the class")
    asks.get_by_role("button", name="how many tokens").click()
    expect(student.get_by_role("heading", name="How many tokens is this")).to_be_visible()
    expect(student.get_by_text("two cats")).to_be_visible()
    answered(student, teacher, "3")
    panel(teacher).get_by_label("Follow me").check()  # held back: it would tell the answer
    expect(student.locator("iframe")).to_have_count(1)
    expect(student.locator(".cl-follow")).to_be_hidden()
    panel(teacher).get_by_role("button", name="Reveal").click()
    expect(student.get_by_role("row").filter(has_text="model").get_by_role("rowheader")).to_have_text("4model")

    frame = student.frame_locator("iframe")
    expect(frame.locator("#pg-tokens-live textarea")).to_have_value("two cats")
    expect(board.get_by_role("row").filter(has_text="model")).to_be_visible()
    assert frame.locator("body").evaluate("body => body.inert") is True
    frame.locator("body").evaluate("body => { window.isTheSame = true }")
    tokens(teacher, "three dogs")
    expect(frame.locator("#pg-tokens-live textarea")).to_have_value("three dogs")
    assert frame.locator("body").evaluate("body => window.isTheSame") is True, "the frame was loaded anew"
    expect(board.frame_locator("iframe").locator("#pg-tokens-live textarea")).to_have_value("three dogs")
    panel(teacher).get_by_label("Follow me").uncheck()
    expect(student.locator(".cl-follow")).to_be_hidden()

    student.get_by_text("Look what I found").click()
    with student.expect_popup() as popup:
        student.get_by_role("link", name="Open the playground").click()
    free = popup.value
    tokens(free, "a find")
    free.locator("#pg-tokens-share").get_by_role("button", name="Send to your teacher").click()
    expect(free.get_by_text("Your teacher has it.")).to_be_visible()
    desk.get_by_role("button", name="To the board").click()
    expect(board.frame_locator("iframe").locator("#pg-tokens-live textarea")).to_have_value("a find")
    desk.get_by_role("button", name="Off the board").click()
    expect(board.get_by_role("heading", name="How many tokens is this")).to_be_visible()


def test_a_step_of_a_lesson_is_asked_and_its_answer_is_what_is_right(school):
    teacher, _, student, _ = school
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
