"""When a page has come to rest: sooner than any fixed pause where the machine is idle, later where it is busy."""

from __future__ import annotations

# Resolves once for a while no part has come, gone or scrolled; a page that never rests, as one that writes, gets 5 s.
QUIET = """(still) => new Promise((done) => {
  let timer = 0;
  const observer = new MutationObserver(() => wait());
  const end = () => {
    removeEventListener("scroll", wait, true);
    observer.disconnect();
    [timer, last].forEach(clearTimeout);
    done();
  };
  const wait = () => { clearTimeout(timer); timer = setTimeout(end, still); };
  const last = setTimeout(end, 5000);
  addEventListener("scroll", wait, true);
  observer.observe(document.body, { subtree: true, childList: true });
  requestAnimationFrame(() => requestAnimationFrame(wait));
})"""


def at_rest(page, still_ms: int = 250) -> None:
    """Waits until the page has drawn what was asked of it; what is only drawn after an answer has to be waited for."""
    page.evaluate(QUIET, still_ms)


def boxes(page, *places) -> list[dict[str, float]]:
    """Where these selectors or locators stand at one and the same moment, in pixels, once the page is at rest.

    One asked after the other would have moved in between where the page still glides to them.
    """
    at_rest(page)
    nodes = [(page.locator(one) if isinstance(one, str) else one).element_handle() for one in places]
    return page.evaluate("all => all.map((one) => one.getBoundingClientRect().toJSON())", nodes)
