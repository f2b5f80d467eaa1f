"""A class in four windows: a teacher, two students and the board, with names and words that would like to be code."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.class_server import class_server
from tests.holding_proxy import proxy

PAYLOAD = "<img src=x onerror=alert(1)>${7*7}"


@pytest.fixture
def windows(open_window, tmp_path):
    """``windows(path, width)`` opens a page of a server that has classes alone; ``windows.url`` is its address."""
    with class_server(tmp_path) as url:

        def window(path, url=url, **look):
            return open_window(url + path, **look)

        window.url = url
        yield window
        open_window.close()


def joined(windows, path, name, **look):
    page = windows(path, **look)
    page.get_by_label("Nickname").fill(name)
    page.get_by_role("button", name="Join").click()
    expect(page.get_by_role("heading", name="You are in.")).to_be_visible()
    return page


def test_a_class_asks_answers_reveals_and_goes_on(windows):
    teacher = windows("/class")
    teacher.get_by_role("button", name="Open a room").click()
    expect(teacher.get_by_role("heading", name="Ask the class")).to_be_visible()
    expect(teacher).to_have_url(re.compile("/class/[2-9A-Z]{6}/teach$"))  # the key has left the address
    way = teacher.url.rpartition("/class/")[2].removesuffix("/teach")
    key = teacher.get_by_role("link", name="Open the board").get_attribute("href").partition("#")[2]
    board = windows(f"/class/{way}/board#{key}", width=1920, dark=True)
    expect(board.get_by_role("img", name="QR code of")).to_be_visible()
    ada = joined(windows, f"/class/{way}", "Ada", width=390)
    bob = joined(windows, f"/class/{way}", PAYLOAD, width=390, dark=True)
    expect(board.get_by_text("2 here")).to_be_visible()

    teacher.get_by_role("button", name="Ask").click()
    for page, word in ((ada, "grey"), (bob, PAYLOAD)):
        page.get_by_label("Your word").fill(word)
        page.get_by_role("button", name="Send").first.click()
        expect(page.get_by_text(f"You said: {word}. You can change it.")).to_be_visible()
    ada.reload()
    expect(ada.get_by_text("You said: grey. You can change it.")).to_be_visible()
    expect(board.get_by_role("img", name="2 of 2 have answered")).to_be_visible()
    expect(board.get_by_text("grey")).to_have_count(0)
    assert ada.evaluate("document.documentElement.scrollWidth") <= 390

    teacher.get_by_label("Show nicknames").check()
    expect(teacher.get_by_text(f"2 answered. Joined: Ada, {PAYLOAD}")).to_be_visible()
    board.keyboard.press("PageDown")  # a presenter's key
    for page in (teacher, board, ada, bob):
        row = page.get_by_role("row").filter(has_text="·grey")
        expect(row.get_by_role("cell")).to_have_text(["50 % (1)", "25 %"])
    expect(ada.get_by_role("row").filter(has_text="you").get_by_role("rowheader")).to_contain_text("·grey")
    for page in (teacher, board, ada, bob):
        expect(page.get_by_text("Measured with A quick model in float32.")).to_be_visible()
    teacher.get_by_role("button", name="Go on with the vote").click()
    assert board.locator("mark").text_content() == "grey"  # its space has no colour: a line may end there
    teacher.get_by_role("button", name="Both texts").click()
    expect(bob.get_by_role("heading", name="The model")).to_be_visible()
    expect(bob.get_by_text("Measured with A quick model in float32.")).to_be_visible()
    ada.get_by_label("Your word").fill("A cat.")  # the question waits still
    ada.get_by_role("button", name="Send").first.click()
    expect(ada.get_by_text("You said: A cat. You can change it.")).to_be_visible()
    teacher.reload()
    expect(teacher.get_by_label("Show nicknames")).to_be_checked()
    expect(teacher.get_by_role("heading", name="Which word comes next?")).to_be_visible()

    teacher.get_by_label("Kind").select_option("choice")
    teacher.get_by_role("textbox", name="Question").fill(PAYLOAD)
    teacher.get_by_role("textbox", name="Choices").fill(f"{PAYLOAD}\nno")
    teacher.get_by_role("button", name="Ask", exact=True).click()
    ada.get_by_role("button", name=PAYLOAD).click()
    expect(ada.get_by_role("button", name=PAYLOAD)).to_have_attribute("aria-pressed", "true")
    expect(board.get_by_role("img", name="1 of 2 have answered")).to_be_visible()
    teacher.get_by_role("button", name="Reveal").click()
    for page in (board, ada):  # an answer of many words has more room than its bar
        expect(page.get_by_role("row").filter(has_text="100 % (1)").get_by_role("rowheader")).to_contain_text(PAYLOAD)
        width = "document.querySelector('.cl-name').clientWidth / document.querySelector('.cl-bars').clientWidth"
        assert page.evaluate(width) > 0.5
    with teacher.expect_download() as file:
        teacher.get_by_role("button", name="Answers (CSV)").click()
    assert "grey" in file.value.path().read_text(encoding="utf-8")
    end = teacher.locator(".cl-end")
    end.click()
    end.click()
    for page in (teacher, board, ada, bob):
        expect(page.get_by_role("heading", name="This class is over.")).to_be_visible()
        expect(page.get_by_text("Look what I found")).to_be_hidden()


def test_what_is_refused_stays_until_it_is_changed(windows):
    """The page looks at its room every second; what that brings is no reason to wipe what was refused."""
    teacher = windows("/class", is_cut=True)  # the browser logs what is refused
    teacher.get_by_role("button", name="Open a room").click()
    teacher.get_by_label("Kind").select_option("choice")
    teacher.get_by_role("textbox", name="Question").fill("Will it rain?")
    teacher.get_by_role("textbox", name="Choices").fill("yes")
    teacher.get_by_role("button", name="Ask", exact=True).click()
    refused = teacher.get_by_text("There is 1 choice. Give 2 to 30 different ones.")
    expect(refused).to_be_visible()
    for _ in range(3):
        with teacher.expect_response("**/state*"):
            pass
    expect(refused).to_be_visible()
    teacher.get_by_role("textbox", name="Choices").fill("yes\nno")
    expect(refused).to_have_count(0)
    teacher.get_by_label("Kind").select_option("slider")
    teacher.get_by_role("button", name="Ask", exact=True).click()
    right, reveal = teacher.get_by_label("The right answer"), teacher.get_by_role("button", name="Reveal")
    right.fill("700")
    teacher.set_viewport_size({"width": 1366, "height": 230})  # it ends where the row of buttons does
    reveal.click()
    refused = teacher.locator(".cl-row:has(.cl-answer-known) + .cl-said")  # below what was pressed, and on nothing
    expect(refused).to_have_text("700 is out of range. It goes from 0 to 100.")
    expect(refused).to_be_in_viewport(ratio=0.9)
    right.fill("70")
    expect(refused).to_have_text("")


def test_the_keyboard_loses_nothing_when_a_page_is_drawn_anew(windows):
    teacher = windows("/class", is_cut=True)  # the browser logs what is refused
    expect(teacher.get_by_role("button", name="Open a room")).to_be_visible()
    teacher.get_by_role("button", name="Open a room").press("Enter")
    expect(teacher.get_by_role("heading", name=re.compile("^Class [2-9A-Z]{6}$"), level=1)).to_be_visible()
    way = teacher.url.rpartition("/class/")[2].removesuffix("/teach")
    ada = windows(f"/class/{way}", width=390, is_cut=True)
    ada.get_by_label("Nickname").press("Enter")
    expect(ada.get_by_role("heading", name="You are in.")).to_be_focused()

    def press(name):
        teacher.get_by_role("button", name=name, exact=True).press("Enter")

    press("Ask")
    word = ada.get_by_label("Your word")
    word.fill("grey")
    word.press("Enter")
    expect(ada.get_by_text("You said: grey. You can change it.")).to_be_visible()
    for name in ("Close", "Reveal", "Go on with the vote"):
        press(name)
        expect(teacher.get_by_role("button", name=name, exact=True)).to_have_count(0)
        expect(teacher.get_by_role("heading", name="Which word comes next?")).to_be_focused()
        expect(ada.get_by_role("heading", name="Which word comes next?")).to_be_focused()
    word.fill(" ")
    word.press("Enter")
    refused = ada.get_by_text("The word is empty. Type something.")
    expect(refused).to_be_visible()
    word.fill("a ca")
    expect(refused).to_have_count(0)
    press("Both texts")
    expect(ada.get_by_role("heading", name="The model")).to_be_visible()
    expect(word).to_be_focused()
    expect(word).to_have_value("a ca")
    expect(teacher.get_by_role("button", name="Both texts")).to_be_focused()


def test_a_slider_needs_no_unit_and_no_model(windows):
    teacher = windows("/class")
    teacher.get_by_label("Code of your class").fill("!!")
    teacher.keyboard.press("Enter")
    expect(teacher.get_by_role("alert").first).to_have_text("A code is of letters and digits.")
    teacher.get_by_role("button", name="Open a room").click()
    expect(teacher.get_by_role("heading", name="Ask the class")).to_be_visible()
    wrongs = (("one_of_top", "How many tokens", "2.5"), ("greedy_reply", "Tokens of each reply", "101"))
    for kind, name, wrong in wrongs:
        teacher.get_by_label("Kind").select_option(kind)
        field = teacher.get_by_role("spinbutton", name=name)
        field.fill(wrong)
        teacher.get_by_role("button", name="Ask", exact=True).click()
        expect(field).to_be_focused()  # the browser says beside it what it takes; no model was asked
        assert not field.evaluate("field => field.checkValidity()")
        expect(teacher.locator(".cl-said").filter(has_text="It ")).to_have_count(0)
    ada = joined(windows, f"/class/{teacher.url.rpartition('/class/')[2].removesuffix('/teach')}", "Ada", width=390)
    teacher.get_by_label("Kind").select_option("slider")
    teacher.get_by_role("textbox", name="Unit").fill("")
    teacher.get_by_role("button", name="Ask", exact=True).click()
    ada.get_by_role("button", name="Send").first.click()
    expect(ada.get_by_text("You said: 50. You can change it.")).to_be_visible()
    teacher.get_by_label("The right answer").fill("78.25")
    teacher.evaluate("[...document.querySelectorAll('button')].find(one => one.textContent === 'Close').click()")
    expect(ada.get_by_text("You said: 50. Now your teacher …")).to_be_visible()
    expect(teacher.get_by_role("button", name="Close")).to_have_count(0)  # what was being typed outlives the drawing
    expect(teacher.get_by_label("The right answer")).to_be_focused()
    teacher.get_by_role("button", name="Reveal").click()
    expect(ada.get_by_text("Right: 78.25.")).to_be_visible()
    teacher.get_by_label("Kind").select_option("number")
    teacher.get_by_role("textbox", name="Question").fill("How many?")
    teacher.get_by_role("button", name="Ask", exact=True).click()
    expect(ada.get_by_role("heading", name="How many?")).to_be_visible()
    teacher.get_by_role("button", name="Reveal").click()
    expect(ada.get_by_text("Nobody has answered.")).to_be_visible()
    expect(ada.locator(".cl-bars")).to_have_count(0)


def test_a_board_has_room_for_all_that_is_said_of_the_answers(windows):
    teacher = windows("/class")
    teacher.get_by_role("button", name="Open a room").click()
    expect(teacher.get_by_role("heading", name="Ask the class")).to_be_visible()
    way = teacher.url.rpartition("/class/")[2].removesuffix("/teach")
    board = windows(f"/class/{way}/board", width=1366)
    ada = joined(windows, f"/class/{way}", "Ada", width=390)
    teacher.get_by_role("button", name="Ask").click()
    assert ada.get_by_label("Your word").get_attribute("autocapitalize") == "none"
    ada.get_by_label("Your word").fill("grey")
    ada.get_by_role("button", name="Send").first.click()
    expect(board.get_by_role("img", name="1 of 1 have answered")).to_be_visible()
    expect(board.get_by_text("Closed")).to_have_count(0)
    teacher.get_by_role("button", name="Close", exact=True).click()
    expect(board.get_by_text("Closed: no more answers are taken.")).to_be_visible()
    teacher.get_by_role("button", name="Reveal").click()
    last = board.get_by_text("Measured with")
    rows = board.locator(".cl-bars tbody tr")
    expect(rows).to_have_count(4)
    for height in range(600, 300, -20):  # until three of the four answers have room, and no further
        board.set_viewport_size({"width": 1366, "height": height})
        expect(last).to_be_in_viewport(ratio=1)
        assert board.evaluate("document.documentElement.scrollHeight <= innerHeight")
        if rows.count() == 3:
            break
    expect(board.get_by_text("And 1 more answer.")).to_be_visible()
    board.set_viewport_size({"width": 1366, "height": 600})
    expect(rows).to_have_count(4)


def test_a_board_shows_every_range_and_says_what_its_numbers_are(windows):
    teacher = windows("/class", dark=True)
    colours = (
        "one => [getComputedStyle(one, '::placeholder').color, getComputedStyle(one).getPropertyValue('--pg-muted')]"
    )
    teacher.get_by_role("button", name="Open a room").click()
    expect(teacher.get_by_role("heading", name="Ask the class")).to_be_visible()
    shown, muted = teacher.get_by_placeholder("A link of Share").evaluate(colours)
    assert shown == "rgb({}, {}, {})".format(*bytes.fromhex(muted.strip().removeprefix("#")))
    way = teacher.url.rpartition("/class/")[2].removesuffix("/teach")
    board = windows(f"/class/{way}/board", width=1920)
    board.set_viewport_size({"width": 1920, "height": 1080})
    ada = joined(windows, f"/class/{way}", "Ada", width=390)
    teacher.get_by_label("Kind").select_option("slider")
    teacher.get_by_role("button", name="Ask", exact=True).click()
    ada.get_by_role("button", name="Send").first.click()
    expect(ada.get_by_text("You said: 50\u00a0%. You can change it.")).to_be_visible()
    teacher.get_by_role("button", name="Reveal").click()
    expect(board.locator(".cl-bars tbody tr")).to_have_count(10)
    assert board.evaluate("document.documentElement.scrollHeight <= innerHeight")
    teacher.get_by_label("Kind").select_option("next_word")
    teacher.get_by_role("button", name="Ask", exact=True).click()
    ada.get_by_label("Your word").fill("falling")
    ada.get_by_role("button", name="Send").first.click()
    expect(ada.get_by_text("You said: falling. You can change it.")).to_be_visible()
    teacher.get_by_role("button", name="Reveal").click()
    expect(board.get_by_text("surprised the model")).to_be_visible()
    expect(board.get_by_text("Nats: minus the natural logarithm of its probability.")).to_be_visible()
    teacher.get_by_role("button", name="Go on with the vote").click()
    teacher.get_by_role("button", name="Both texts").click()
    expect(board.get_by_text("1 is no surprise").first).to_be_visible()


def test_what_a_field_has_no_room_for_is_said_and_holds_up_nobody(windows):
    page = windows("/class", width=390)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])

    def paste(label, text):
        field = page.get_by_label(label)
        expect(field).to_be_visible()  # no click's new page is still to come
        page.evaluate("text => navigator.clipboard.writeText(text)", text)
        field.press("ControlOrMeta+v")
        return field

    code = paste("Code of your class", "A class that has a long name")
    said = "At most 12 characters fit here. Of the 28 pasted, the first 12 were taken."
    expect(code).to_have_js_property("validationMessage", said)
    code.press("End")
    expect(code).to_have_js_property("validationMessage", said)
    page.goto(windows.url + "/class")
    page.get_by_role("button", name="Open a room").click()
    link = paste("Follow me", "a" * 6000)
    said = "At most 5,000 characters fit here. Of the 6,000 pasted, the first 5,000 were taken."
    expect(link).to_have_js_property("validationMessage", said)
    page.goto(page.url.removesuffix("/teach"))
    name = paste("Nickname", "Ada " * 20)
    said = "At most 40 characters fit here. Of the 80 pasted, the first 40 were taken."
    expect(name).to_have_js_property("validationMessage", said)
    name.press("Enter")
    expect(page.get_by_role("heading", name="You are in.")).to_be_visible()


def test_a_proxy_that_holds_back_or_cuts_only_slows_the_class_down(windows):
    """One student's line holds every stream back, one's is cut off after each second."""
    teacher = windows("/class")
    teacher.get_by_role("button", name="Open a room").click()
    expect(teacher.get_by_role("heading", name="Ask the class")).to_be_visible()
    path = "/class/" + teacher.url.rpartition("/class/")[2].removesuffix("/teach")
    with proxy(windows.url, "holds") as holding, proxy(windows.url, "cuts") as cutting:
        held = joined(windows, path, "held", width=390, url=holding)
        cut = joined(windows, path, "cut", width=390, url=cutting, is_cut=True)
        for word in ("grey", "clear"):
            teacher.get_by_role("button", name="Ask", exact=True).click()
            for page in (held, cut):
                page.get_by_label("Your word").fill(word)
                page.get_by_role("button", name="Send").first.click()
                expect(page.get_by_text(f"You said: {word}. You can change it.")).to_be_visible()
            expect(teacher.get_by_text("2 answered")).to_be_visible()
            teacher.get_by_role("button", name="Reveal").click()
            for page in (teacher, held, cut):
                row = page.get_by_role("row").filter(has_text=f"·{word}")
                expect(row.get_by_role("cell").first).to_have_text("100 % (2)")
        for context in (held.context, cut.context):
            context.close()
