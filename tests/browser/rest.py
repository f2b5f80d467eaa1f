"""When a page has come to rest: sooner than any fixed pause where the machine is idle, later where it is busy."""

from __future__ import annotations

# Resolves once no part has come or gone for a while; a page that never rests, such as one that writes, gets 5 s.
QUIET = """(still) => new Promise((done) => {
  let timer = 0;
  const observer = new MutationObserver(() => wait());
  const end = () => { observer.disconnect(); clearTimeout(timer); clearTimeout(last); done(); };
  const wait = () => { clearTimeout(timer); timer = setTimeout(end, still); };
  const last = setTimeout(end, 5000);
  observer.observe(document.body, { subtree: true, childList: true });
  requestAnimationFrame(() => requestAnimationFrame(wait));
})"""


def at_rest(page, still_ms: int = 250) -> None:
    """Waits until the page has drawn what was asked of it; what is only drawn after an answer has to be waited for."""
    page.evaluate(QUIET, still_ms)
