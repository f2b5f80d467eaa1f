/**
 * The life of a view: what it listens to ends when its element leaves the page, and it hears of another theme.
 */

/** Is put into a view's element; the browser tells it when the element has left the page. */
class Leaving extends HTMLElement {
  /** @type {() => void} */
  left = () => {};

  disconnectedCallback() {
    queueMicrotask(() => this.isConnected || this.left()); // moved within the page, it is connected again by now
  }
}
if (!customElements.get("pg-leaving")) customElements.define("pg-leaving", Leaving);

/**
 * @typedef {object} Life
 * @property {AbortSignal} signal  aborted when the element has left: give it to `addEventListener`
 * @property {(redraw: () => void) => void} onTheme  calls it when the page has changed between light and dark;
 *   once more when the element comes into sight, if it was out of it then
 * @property {(node: Element, redraw: () => void) => void} onResize  calls it when the node's size has changed
 * @property {(milliseconds: number, work: () => void) => void} every  calls it again and again
 */

/**
 * The life of a view that is drawn in this element.
 *
 * @param {HTMLElement} element
 * @returns {Life}
 */
export function lifeOf(element) {
  const ending = new AbortController();
  const { signal } = ending;
  const watcher = /** @type {Leaving} */ (document.createElement("pg-leaving"));
  watcher.hidden = true;
  watcher.left = () => ending.abort();
  element.append(watcher);
  const untilEnd = (end) => signal.addEventListener("abort", end);
  return {
    signal,
    onTheme(redraw) {
      let dark = document.body.classList.contains("dark");
      const seen = new ResizeObserver(() => {
        if (!element.clientWidth) return;
        seen.disconnect();
        redraw();
      });
      const observer = new MutationObserver(() => {
        const now = document.body.classList.contains("dark");
        if (now === dark) return;
        dark = now;
        redraw();
        if (!element.clientWidth) seen.observe(element); // out of sight a view has no room to draw in
      });
      observer.observe(document.body, { attributes: true, attributeFilter: ["class"] });
      untilEnd(() => observer.disconnect());
      untilEnd(() => seen.disconnect());
    },
    onResize(node, redraw) {
      const observer = new ResizeObserver(redraw);
      observer.observe(node);
      untilEnd(() => observer.disconnect());
    },
    every(milliseconds, work) {
      const timer = setInterval(work, milliseconds);
      untilEnd(() => clearInterval(timer));
    },
  };
}
