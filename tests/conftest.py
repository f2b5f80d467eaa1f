"""What all tiers share: the app on a free port over the embedded models, and a browser page that tolerates no error."""

from __future__ import annotations

import gc
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from urllib.parse import urlparse

os.environ.setdefault("HF_HUB_OFFLINE", "1")  # a test that reaches for the Hub fails, unless it makes its own stand-in
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # two test processes whose idle threads spin take thrice the time
# Test processes that look for a free port at the same time each have a range of their own.
WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
os.environ["GRADIO_SERVER_PORT"] = str(7860 + 100 * WORKER)
# Each deletes at its end what was sent to it, and one file has one place in such a folder.
os.environ["GRADIO_TEMP_DIR"] = os.path.join(tempfile.gettempdir(), f"gradio-of-tests-{WORKER}")

import pytest

from tests.browser.setup_chromium import NAMES

CHROMIUM = next(filter(None, map(shutil.which, NAMES)), None)
# Pages that Chromium draws for itself in each window, a fifth of what ours costs. Of two such arguments the last one
# counts, so that it also names what Playwright switches off and our page could meet.
LEFT_OUT = (
    "WebUIOmniboxPopup,WebUIOmniboxAimPopup,WebUIOmniboxFullPopup,AimEnabled,PaintHolding,LensOverlay,MediaRouter,"
    "HttpsUpgrades,HttpsFirstBalancedModeAutoEnable,OptimizationHints,NetworkTimeServiceQuerying,PreconnectToSearch,"
    "AvoidUnnecessaryBeforeUnloadCheckSync,DestroyProfileOnBrowserClose,ThirdPartyStoragePartitioning"
)
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--font-render-hinting=none",  # the shell alone would draw letters of other widths
    "--disable-background-networking",
    "--disable-component-update",
    f"--disable-features={LEFT_OUT}",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long ones first: else one process ends with such a test while the other one has nothing left to do. Then the
    modules with receipts that run at home, together: else each of the processes makes somebody's home."""
    at_home = {item.path for item in items if "home" in getattr(item, "fixturenames", ())}
    items.sort(key=lambda item: (item.get_closest_marker("long") is None, item.path not in at_home))


@pytest.fixture(scope="module", autouse=True)
def _settled() -> None:
    """A model that leaves may ask for a full collection; what was imported until now isn't looked through each time."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def _alone() -> Iterator[None]:
    """Each of two test processes would leave the other one a core now and then, which changes the last digits."""
    from playground.models import loads

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loads, "taken_elsewhere", lambda: 0.0)
        yield


@pytest.fixture(autouse=True)
def _all_cores() -> None:
    """A lease that ended on another thread may have left this one with fewer threads, beside a training."""
    from playground.models.cpu.threads import leave_cores

    leave_cores(0.0)


@pytest.fixture(autouse=True)
def _uploads_have_one_folder() -> Iterator[None]:
    """A command that was called here has named a folder of its own for what people upload: for its process alone."""
    before = os.environ.get("GRADIO_TEMP_DIR")
    yield
    os.environ.pop("GRADIO_TEMP_DIR", None)
    if before is not None:
        os.environ["GRADIO_TEMP_DIR"] = before


@pytest.fixture(scope="session")
def app_playground() -> Iterator[object]:
    """The `Playground` behind `app_server`: embedded models, loaded on first use."""
    from playground.config import Settings
    from playground.service import Playground

    with Playground(Settings(warm_up=("none",), openai_api=True, mcp=True, metrics=True)) as playground:
        yield playground


@pytest.fixture(scope="session")
def app_routes(app_playground):
    """What is served beside the page; made before it, as the app does."""
    import app

    return app.routes_for_programs(app_playground)


@pytest.fixture(scope="session")
def demo(app_playground, app_routes):
    """The page, as it is built; `app_server` serves it."""
    import app

    return app.build_app(app_playground)


@pytest.fixture(scope="session")
def app_server(app_playground, app_routes, demo) -> Iterator[str]:
    """Address of the running app, without a slash at the end."""
    import httpx

    import app

    options = app.launch_options(app_playground.settings, app_routes)
    _, url, _ = demo.launch(server_name="127.0.0.1", server_port=None, prevent_thread_lock=True, **options)
    assert httpx.get(f"{url}config").json()["app_id"] == demo.app_id, f"another process answers at {url}"
    app_playground.warm_up()  # tells the header that there is nothing to wait for
    yield url.rstrip("/")
    demo.close()


@pytest.fixture(scope="session")
def client(app_server):
    """A gradio_client on the running app."""
    from gradio_client import Client

    return Client(app_server, verbose=False)


@pytest.fixture(scope="session")
def home(tmp_path_factory):
    """Another person's machine, for receipts."""
    from tests.at_home import somebodys_home

    folder = tmp_path_factory.mktemp("home")
    with somebodys_home(folder) as home:
        yield home
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def python(tmp_path_factory):
    """Fresh processes for receipts of tiny models, on this machine."""
    from tests.fresh_python import fresh_python

    with fresh_python(os.environ, tmp_path_factory.mktemp("python") / "somewhere") as python:
        yield python


@pytest.fixture(scope="session")
def playwright():
    """Playwright, started once: a process can't have two."""
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=20_000)  # a busy machine is slow, and that is no fault of the page
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="session")
def browser(playwright):
    """Chromium (the system's, else the one that Playwright installed), driven by Playwright."""
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS)
    yield browser
    browser.close()


@pytest.fixture
def servers() -> Iterator[ExitStack]:
    """Takes the servers of one test (``enter_context``); they end after its pages, which complain of a lost server."""
    with ExitStack() as servers:
        yield servers


@pytest.fixture(scope="session")
def visitor(browser):
    """A browser context whose cache outlives a test, so that not every test compiles the page's scripts anew."""
    with browser.new_context(accept_downloads=True) as visitor:
        yield visitor


@pytest.fixture
def open_page(browser, visitor, app_server, servers):
    """``open_page(path="/", width=1280, dark=False, url=app_server)`` gives a page that loaded the app, for somebody
    who was never there; ``prepare(page)`` is called before it does. A test that starts a server of its own gives it
    to ``servers``.

    After the test every page must have made no request to another host, logged no console error, raised nothing.
    """
    contexts, troubles = [], []

    def open_page(
        path: str = "/", width: int = 1280, height: int = 900, dark: bool = False, url: str = app_server, prepare=None
    ):
        context = browser.new_context(accept_downloads=True) if contexts else visitor
        contexts.append(context)
        context.grant_permissions(["clipboard-read", "clipboard-write"], origin=url)
        page = context.new_page()
        _forget(page, url)
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme="dark" if dark else "light")
        page.set_default_timeout(30_000)
        page.on("request", lambda request: _note_foreign(request.url, troubles))
        page.on("pageerror", lambda error: troubles.append(f"page error: {error} {error.stack}"))
        page.on("console", lambda line: _note_console(line, troubles))
        if prepare:
            prepare(page)
        page.goto(url + path, wait_until="domcontentloaded")
        page.get_by_role("tab").first.wait_for()
        return page

    yield open_page
    for page in visitor.pages:
        page.close()
    for context in contexts[1:]:
        context.close()
    assert not troubles, "\n".join(troubles)


def _forget(page, url: str) -> None:
    """Empties what the browser stored for this server, but not its cache."""
    session = page.context.new_cdp_session(page)
    session.send("Storage.clearDataForOrigin", {"origin": url, "storageTypes": "cookies,local_storage,indexeddb"})
    session.detach()


@pytest.fixture
def page(open_page):
    """The app in a desktop window."""
    return open_page()


def _note_console(line, troubles: list[str]) -> None:
    """An error, or a label of ours that gradio takes for a key of its own words."""
    if line.type == "error" or "[svelte-i18n]" in line.text:
        troubles.append(f"console: {line.text} {line.location.get('url')}")


def _note_foreign(url: str, troubles: list[str]) -> None:
    host = urlparse(url).hostname
    if host not in (None, "localhost", "127.0.0.1") and not url.startswith(("data:", "blob:")):
        troubles.append(f"request to another host: {url}")
