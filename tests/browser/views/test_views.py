"""The views' modules in Chromium: nothing is lost while they load, two views share nothing, the theme is followed."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import gradio as gr
import pytest
import uvicorn
from fastapi import FastAPI, Response
from playwright.sync_api import Route, expect

import app
from tabs.generation import tab as generation
from tabs.view_files import VIEWS, version

pytestmark = [pytest.mark.browser, pytest.mark.embedded]
IDLE = "() => [...document.querySelectorAll('.gen')].every((one) => one.getAttribute('aria-busy') === 'false')"


@pytest.fixture
def opened_without(open_page):
    """``opened_without(path)`` opens the page and holds back a module; gives the page, and what lets it go."""

    def open_without(path: str):
        held: list[Route] = []
        page = open_page(prepare=lambda page: page.route(f"**/views/**/{path}", lambda route: held.append(route)))

        def release() -> None:
            assert held, "nobody asked for it"
            for route in held:
                route.continue_()

        return page, release

    return open_without


def test_a_value_that_came_before_the_module_is_drawn(opened_without):
    page, release = opened_without("classification/label_bars.js")
    expect(page.locator("#pg-status")).to_contain_text("Ready on")  # the server has been heard: no press is lost
    page.locator("#classification-run").click()  # it is the bars that ask when they are first seen
    expect(page.locator("#classification-steps .ps-difference")).not_to_be_empty(timeout=90_000)  # the answer is there
    expect(page.locator("#classification-bars .lb-verdict")).to_have_text("")
    release()
    expect(page.locator("#classification-bars .lb-verdict")).to_contain_text("5 stars")


@pytest.mark.parametrize(
    ("name", "example", "filled"),
    [
        ("live_tokens", {"text": "an example", "samples": [["One", "an example", "what it shows"]]}, {"text": "mine"}),
        ("chat_template", {"messages": [["user", "an example"]]}, {"messages": [{"role": "user", "content": "mine"}]}),
    ],
)
def test_an_example_that_comes_late_takes_no_text_away(page, name, example, filled):
    shown = page.evaluate(
        """async ([name, html, example, filled, version]) => {
            const at = (file) => new URL(`views/${version}/${file}`, document.baseURI);
            const [{ mount }, { tell }] = await Promise.all([
                import(at(`tokens/${name}.js`)), import(at("shared/inbox.js"))]);
            const element = Object.assign(document.createElement("div"), { innerHTML: html });
            document.body.append(element);
            const none = async () => ({ error: "none" });
            const server = { live_tokens: async () => JSON.stringify(await none()), live_chat: none };
            const props = { value: null };
            let late;
            mount({ element, props, server, trigger() {}, watch: (_, call) => { late = call; } });
            tell(element, "fill", filled);
            props.value = { model_id: "a/model", ...example };
            late();
            const texts = [...element.querySelectorAll("textarea")].map((area) => area.value);
            return [...texts, element.querySelector(".shows")?.textContent ?? ""];
        }""",
        [name, (VIEWS / "tokens" / f"{name}.html").read_text(encoding="utf-8"), example, filled, version()],
    )
    assert shown == ["mine", ""]


def test_while_new_reasons_are_sought_no_sentence_of_the_old_ones_stands(page):
    why = {
        "title": "Why?", "waiting": [], "of": 1, "agreement": "“good” counts most.", "caution": "One model's.",
        "scale": 1, "words": [{"text": "good"}], "tokens": [{"text": "good"}],
        "methods": [{"method": "occlusion", "about": "", "values": [1], "word_values": [1], "sum": ""}],
    }  # fmt: skip
    seen = page.evaluate(
        """async ([html, why, version]) => {
            const { mount } = await import(
                new URL(`views/${version}/classification/attribution.js`, document.baseURI));
            const element = Object.assign(document.createElement("div"), { innerHTML: html });
            document.body.append(element);
            const props = { value: why };
            let redraw;
            mount({ element, props, trigger() {}, watch: (_, call) => { redraw = call; } });
            const seen = [];
            for (const value of [why, { title: "Explaining…", waiting: ["occlusion"], of: 1 }, why]) {
                props.value = value;
                redraw();
                seen.push(!element.querySelector(".at-agreement").hidden);
            }
            return seen;
        }""",
        [(VIEWS / "classification" / "attribution.html").read_text(encoding="utf-8"), why, version()],
    )
    assert seen == [True, False, True]


def test_what_was_pressed_before_the_module_came_counts(opened_without):
    page, release = opened_without("generation/view.js")
    page.get_by_role("tab", name="Generation", exact=True).click()
    page.get_by_label("creative", exact=True).check()
    page.get_by_label("Chat", exact=True).check()
    expect(page.locator("[data-act=start]"), "what can't answer yet isn't shown").to_be_hidden()
    release()
    expect(page.locator("[data-act=start]")).to_have_text("Send")
    page.locator("[data-how=compare]").click()
    page.get_by_role("button", name="remove beam").click()
    page.get_by_role("button", name="+ current settings").click()
    expect(page.locator(".gen-strategy").last).to_contain_text("temperature 1.3")


def test_a_module_of_another_version_says_to_reload(browser, app_server):
    with browser.new_context() as context:
        page = context.new_page()
        page.route("**/views/**/classification/label_bars.js", lambda route: route.fulfill(status=404))
        page.goto(app_server)
        expect(page.locator("#classification-bars")).to_contain_text("Reload the page", timeout=30_000)


def test_two_generation_views_on_one_page_do_not_hear_each_other(open_page, app_playground, servers):
    with gr.Blocks() as demo, gr.Tabs(), gr.Tab("Twice"), gr.Row():
        for _ in range(2):
            with gr.Column():
                generation.build_tab(app_playground)
    url = servers.enter_context(running(app_playground, demo))
    page = open_page(path="/", url=url)
    starts = page.locator("[data-act=start]")
    expect(starts).to_have_count(2)
    tokens = [page.locator(".gen-text").nth(k).locator(".gen-token") for k in range(2)]
    tokens[1].first.wait_for(timeout=90_000)  # both begin by themselves; of one person the last run goes on
    page.wait_for_function(IDLE)
    before = tokens[0].count()
    page.get_by_label("Chat", exact=True).first.check()
    expect(starts.first).to_have_text("Send")
    expect(starts.last).to_have_text("Start")
    for field in page.get_by_label("number input for max_new_tokens").all():
        field.fill("3")
        field.press("Tab")
    page.locator("#generation-prompt textarea").last.focus()
    page.keyboard.press("Control+Enter")
    expect(tokens[1]).to_have_count(3, timeout=90_000)
    page.wait_for_function(IDLE)
    expect(tokens[0]).to_have_count(before)


def test_the_page_works_on_a_sub_path(open_page, app_playground, servers):
    options = app.launch_options(app_playground.settings)
    shared = {name: options[name] for name in ("app_kwargs", "theme", "css_paths", "head")}
    whole = FastAPI()
    whole.add_api_route("/favicon.ico", lambda: Response(status_code=204))  # browsers ask the host, not the page
    gr.mount_gradio_app(whole, app.build_app(app_playground), path="/lessons/one", ssr_mode=False, **shared)
    url = servers.enter_context(serving(whole))
    page = open_page(path="/lessons/one/", url=url)
    expect(page.locator("#classification-bars .lb-verdict")).to_contain_text("5 stars", timeout=90_000)
    loaded = page.evaluate("() => performance.getEntriesByType('resource').map((one) => one.name)")
    views = [name for name in loaded if "/views/" in name]
    assert views and all(name.startswith(f"{url}/lessons/one/views/{version()}/") for name in views)


def test_a_page_that_opens_asks_for_few_modules_and_once(open_page):
    asked: list[str] = []
    note = lambda request: "/views/" in request.url and asked.append(request.url)  # noqa: E731
    page = open_page(prepare=lambda page: page.on("request", note))
    expect(page.locator("#classification-bars .lb-verdict")).not_to_be_empty(timeout=90_000)
    wings = {url.split("/views/")[1].split("/")[1] for url in asked}  # a tab's views come when it is opened
    assert wings == {"classification", "links", "lessons", "page", "shared"} and len(asked) <= 30
    assert len(set(asked)) == len(asked)


def test_what_a_view_listens_to_ends_when_it_leaves_the_page(page):
    heard = page.evaluate(
        """async (version) => {
            const { lifeOf } = await import(new URL(`views/${version}/shared/lifecycle.js`, document.baseURI));
            const rest = () => new Promise((resolve) => setTimeout(resolve, 50));
            const [box, other] = [document.createElement("div"), document.createElement("div")];
            document.body.append(box, other);
            const life = lifeOf(box), heard = [];
            let calls = 0;
            life.onTheme(() => { calls += 1; });
            life.every(10, () => { calls += 0.001; });
            document.body.classList.toggle("dark"); await rest();
            heard.push(Math.floor(calls));
            other.append(box); await rest();
            heard.push(life.signal.aborted);
            box.remove(); await rest();
            const before = calls;
            document.body.classList.toggle("dark"); await rest();
            return [...heard, life.signal.aborted, calls - before];
        }""",
        version(),
    )
    assert heard == [1, False, True, 0]


def pixels(page, selector: str) -> str:
    return page.locator(selector).first.evaluate("(canvas) => canvas.toDataURL()")


def switch_theme(page) -> None:
    page.get_by_role("button", name="Switch between light and dark").click()
    page.wait_for_timeout(300)


def check_redrawn(page, *selectors: str) -> None:
    """Each canvas looks different in the other theme, and as before when the theme is back."""
    first = [pixels(page, one) for one in selectors]
    switch_theme(page)
    for selector, before in zip(selectors, first, strict=True):
        assert pixels(page, selector) != before, f"{selector} is still in the old theme"
    switch_theme(page)
    for selector, before in zip(selectors, first, strict=True):
        assert pixels(page, selector) == before, f"{selector} is not as it was"


def test_canvases_follow_the_theme_while_a_result_is_shown(page):
    page.get_by_role("tab", name="Similarity", exact=True).click()
    page.get_by_role("tab", name="Matrix").click()
    page.locator("#matrix-measure").click()
    page.locator(".wm-cell", has_text="nats").wait_for(timeout=90_000)
    page.mouse.move(5, 5)
    check_redrawn(page, ".wm-canvas", ".wm-scatter")
    page.get_by_role("tab", name="Tokens", exact=True).first.click()
    page.get_by_role("tab", name="Batch & masks").click()
    page.locator("#pg-tokens-batch button.bit").nth(2).click()
    page.locator("#pg-mask-comparison canvas").nth(2).wait_for(timeout=90_000)
    page.locator("#pg-mask-comparison input[type=range]").fill("1")
    check_redrawn(page, "#pg-mask-comparison canvas")
    expect(page.locator("#pg-mask-comparison input[type=range]"), "the layer is forgotten").to_have_value("1")
    page.get_by_role("tab", name="Attention", exact=True).click()
    page.wait_for_selector(".at[data-drawn]", state="attached", timeout=90_000)
    check_redrawn(page, ".at-stage", ".at-thumbs", ".at-ramp")


@contextmanager
def running(playground, demo: gr.Blocks) -> Iterator[str]:
    """The address of a page of one's own."""
    demo.queue(api_open=False, default_concurrency_limit=10)
    options = app.launch_options(playground.settings)
    _, url, _ = demo.launch(server_name="127.0.0.1", server_port=None, prevent_thread_lock=True, **options)
    try:
        yield url.rstrip("/")
    finally:
        demo.close()


@contextmanager
def serving(whole: FastAPI) -> Iterator[str]:
    """The address of an ASGI app."""
    server = uvicorn.Server(uvicorn.Config(whole, host="127.0.0.1", port=0, log_level="error"))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()), daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        thread.join(0.05)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(20)
