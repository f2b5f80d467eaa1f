/** What is to be done once more whenever the page has got other parts. */

const PAUSE_MS = 150; // a page that draws itself changes many times at once

/**
 * Does the work now, and again soon after parts have come or gone.
 *
 * @param {HTMLElement} page
 * @param {AbortSignal} signal  ends it
 * @param {() => void} work
 */
export function whenDrawn(page, signal, work) {
  let waiting = 0;
  const observer = new MutationObserver(() => {
    if (waiting) return;
    waiting = setTimeout(() => {
      waiting = 0;
      work();
    }, PAUSE_MS);
  });
  observer.observe(page, { childList: true, subtree: true });
  signal.addEventListener("abort", () => observer.disconnect());
  work();
}
