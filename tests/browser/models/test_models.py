"""The Models tab as a person uses it: loading, progress, quantizations, errors with their fix, public mode, a phone."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.fleets import two_replicas
from tests.hub_stand_in import Repository, running_hub
from tests.models_app import NASTY, TASK, models_app, replies_held
from tests.tiny_models import make_model

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="module")
def tiny_app(folder):
    with models_app(folder) as (url, playground):
        yield url, playground


def row(page, name):
    return page.locator(".lg-row", has=page.locator("summary b", has_text=re.compile(f"^{name}$")))


def test_load_compare_pin_unload(open_page, tiny_app):
    url, playground = tiny_app
    page = open_page(url=url)
    page.locator(".lg-bar").wait_for()
    tiny = row(page, "Tiny a")
    expect(tiny.locator("summary")).to_contain_text("not loaded")
    expect(page.locator(".lg-fleet")).to_be_hidden()
    tiny.locator("summary").click()
    tiny.get_by_role("button", name="Load Tiny a in float32").wait_for()
    table = tiny.locator(".lg-options").text_content()
    for words in ("float32", "100\u00a0%", "bfloat16", "50\u00a0%", "8-bit", "4-bit"):
        assert words in table
    expect(tiny).to_contain_text("half a byte in place of 4")

    tiny.get_by_role("button", name="Load Tiny a in 4-bit").press("Enter")
    expect(tiny.locator(".lg-variant")).to_be_focused()  # the button is gone
    tiny.get_by_text("exactly as predicted").wait_for()
    expect(tiny.locator("summary")).to_contain_text("resident")
    expect(page.locator(".lg-legend")).to_contain_text("Tiny a, 4-bit")
    expect(page.locator(".lg-bar")).to_have_attribute("aria-label", re.compile("Tiny a, 4-bit"))

    with playground.manager.lease("tiny/a", TASK, "4-bit"):
        tiny.get_by_text("in use by 1").first.wait_for()
        expect(tiny.get_by_role("button", name="Unload Tiny a in 4-bit", exact=True)).to_be_disabled()
    with replies_held(playground, "4-bit"):
        tiny.get_by_text(re.compile(r"KV cache of replies: \d+\skB")).wait_for()
        expect(tiny.locator("summary")).to_contain_text(re.compile(r"4-bit \+ \d+\skB KV cache"))
        expect(page.locator(".lg-legend")).to_contain_text("KV cache of Tiny a")
        expect(page.locator(".lg-device h3")).to_contain_text(re.compile(r"taken \+ \d+\skB of KV cache"))
    tiny.get_by_role("button", name="Pin Tiny a in 4-bit", exact=True).click()
    tiny.get_by_role("button", name="Unpin").wait_for()
    assert tiny.get_by_role("button", name="Unpin").evaluate("node => node === document.activeElement"), "focus is lost"
    tiny.get_by_role("button", name="Unload").press("Enter")
    page.wait_for_function("() => !document.querySelector('.lg-legend').textContent.includes('Tiny a')")
    expect(tiny.locator("summary")).to_contain_text("not loaded")
    expect(tiny.get_by_role("button", name="Load Tiny a in 4-bit")).to_be_focused()
    expect(page.locator(".lg > .lg-said")).to_have_text("")  # "Unloading…" ends when it has

    # A failure is named with its fix, and what the catalog says is text, never code.
    broken = page.locator(".lg-row", has_text="onerror")
    expect(broken.locator("summary b")).to_have_text(NASTY)
    page.get_by_label("model_id").fill("../../etc/passwd")
    page.get_by_role("button", name="Download and load").click()
    refused = page.locator(".lg-typed .lg-said.bad", has_text="can't be the id of a model")
    expect(refused).to_be_in_viewport()
    expect(page.get_by_label("model_id")).to_have_value("../../etc/passwd")
    page.get_by_label("model_id").fill("nobody/nothing-here")
    page.get_by_label("model_id").press("Enter")  # a new row moves the form
    expect(page.locator(".lg-typed .lg-said.bad", has_text="nobody/nothing-here")).to_be_in_viewport()
    broken.locator("summary").click()
    playground.load_model("tiny/broken")
    broken.locator(".lg-error", has_text="Check its path").wait_for()


def test_a_download_shows_its_bytes_and_can_be_stopped(open_page, tiny_app, folder, tmp_path, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.DOWNLOAD_CHUNK_SIZE", 8_192)
    url, playground = tiny_app
    with running_hub() as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        files = Repository.of_folder(make_model(tmp_path / "m", "llama")).files
        hub.repositories["org/typed"] = Repository(files, bytes_per_second=30_000)
        page = open_page(url=url, width=390, height=800, dark=True)
        page.get_by_label("model_id").fill("org/typed")
        page.get_by_role("button", name="Download and load").click()
        typed = row(page, "org/typed")
        typed.get_by_text(re.compile(r"downloading \d+\s(bytes|kB) of \d+\skB")).first.wait_for()
        typed.locator("summary").click()
        assert int(typed.get_by_role("progressbar").first.get_attribute("aria-valuenow")) < 100
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        hidden = page.evaluate(
            "[...document.querySelectorAll('.lg-row')].filter(one => one.getBoundingClientRect().right > 390).length"
        )
        assert hidden == 0, "rows are cut off on a phone"
        typed.get_by_role("button", name="Stop loading").click()
        typed.locator("summary").get_by_text("not loaded").wait_for()
        assert playground.snapshot().devices[0].used_bytes == 0


def test_a_public_page_has_no_buttons_that_load(open_page, folder, servers):
    (url, playground) = servers.enter_context(models_app(folder, public=True))
    page = open_page(url=url)
    page.locator(".lg-bar").wait_for()
    page.get_by_text("This page is public").wait_for()
    expect(page.locator(".lg-typed")).to_be_hidden()
    tiny = row(page, "Tiny a")
    tiny.locator("summary").click()
    tiny.locator(".lg-options").wait_for()
    expect(tiny.get_by_role("button")).to_have_text(["Draw it"])  # which any visitor may: it loads as other tabs do
    with playground.manager.lease("tiny/a", TASK):
        tiny.get_by_text("in use by 1").first.wait_for()


def test_a_fleet_stands_above_the_models(open_page, tiny_app, monkeypatch):
    url, playground = tiny_app
    monkeypatch.setattr(playground, "fleet", lambda: two_replicas(NASTY), raising=False)
    page = open_page(url=url, width=390, height=800)
    fleet, rows = page.locator(".lg-fleet"), page.locator(".lg-fleet tbody tr")
    does = "2 machines · 2 replicas · 4 replies being written · 2 wait for a turn · 7 wait for a replica"
    expect(fleet.locator("h3")).to_contain_text(does)
    expect(rows).to_have_count(2)
    expect(rows.filter(has_text="first1")).to_contain_text("cuda:0: 25.0 GB of 60.0 GB")
    expect(rows.filter(has_text="first1")).to_contain_text("3 + 2 in line")
    expect(rows.filter(has_text="second")).to_contain_text(f"{NASTY}, auto")
    expect(fleet).to_contain_text(f"used again when they come back: {NASTY} 3.")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
