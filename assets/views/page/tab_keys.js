/**
 * Arrow keys among tabs and radio buttons: gradio's tabs hear only Tab and Enter, and each of its radios has a name of
 * its own, so that the browser doesn't know that they belong together.
 */

/**
 * Where a key leads from one of `count` tabs, round at the ends; null for a key that doesn't move.
 *
 * @param {string} key
 * @param {number} index
 * @param {number} count
 * @returns {number | null}
 */
export function tabAt(key, index, count) {
  const to = { ArrowLeft: index - 1, ArrowRight: index + 1, Home: 0, End: count - 1 }[key];
  return to === undefined ? null : (to + count) % count;
}

/**
 * @param {Document} page
 * @param {AbortSignal} signal  ends it
 */
export function tabKeys(page, signal) {
  const move = (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const tab = event.target.closest?.('[role="tab"]');
    const list = tab?.closest('[role="tablist"]');
    if (!list) return;
    const tabs = [...list.querySelectorAll('[role="tab"]:not([aria-disabled="true"])')];
    const to = tabAt(event.key, tabs.indexOf(tab), tabs.length);
    if (to === null) return;
    event.preventDefault();
    tabs[to].focus();
    tabs[to].click();
  };
  page.addEventListener("keydown", move, { signal });
}

const AS_IF = { ArrowUp: "ArrowLeft", ArrowDown: "ArrowRight" }; // among radios both ways lead on

/**
 * @param {Document} page
 * @param {AbortSignal} signal  ends it
 */
export function radioKeys(page, signal) {
  const move = (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (!event.target.matches?.("fieldset input[type=radio]") || !event.key.startsWith("Arrow")) return;
    const group = event.target.closest("fieldset");
    const radios = /** @type {HTMLElement[]} */ ([...group.querySelectorAll("input[type=radio]:not(:disabled)")]);
    const to = tabAt(AS_IF[event.key] ?? event.key, radios.indexOf(event.target), radios.length);
    if (to === null) return;
    event.preventDefault();
    radios[to].focus();
    radios[to].click();
  };
  page.addEventListener("keydown", move, { signal });
}
