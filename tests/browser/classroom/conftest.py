"""Windows of a class: each person's in a browser of her own."""

from __future__ import annotations

import pytest


@pytest.fixture
def open_window(browser):
    """``open_window(url, width, dark, is_cut)`` opens a page; links open more of them beside it. ``close()`` ends all.

    Afterwards none has logged an error (but where the line is cut), run a strange script, or asked another host.
    """
    contexts, troubles = [], []

    def listen(page, url, is_cut):
        page.set_default_timeout(30_000)
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("console", lambda line: line.type == "error" and not is_cut and troubles.append(line.text))
        page.on("dialog", lambda dialog: troubles.append("a script ran"))
        page.on("request", lambda one: one.url.startswith((url, "data:", "blob:")) or troubles.append(one.url))

    def open_window(url, width=1366, dark=False, is_cut=False):
        theme = "dark" if dark else "light"
        context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=theme)
        contexts.append(context)
        host = "/".join(url.split("/")[:3])
        context.on("page", lambda page: listen(page, host, is_cut))
        page = context.new_page()
        page.goto(url)
        return page

    def close():
        for context in contexts:
            context.close()
        contexts.clear()

    open_window.close = close
    yield open_window
    close()
    assert troubles == []
