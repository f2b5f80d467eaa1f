/** Arrow keys in grids and lists, with one stop for Tab. */

const STEPS = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
  Home: [0, -Infinity],
  End: [0, Infinity],
  PageUp: [-10, 0],
  PageDown: [10, 0],
};

/**
 * Where a key leads in a grid, held within it; null for keys that don't move.
 *
 * @param {Pick<KeyboardEvent, "key" | "altKey" | "ctrlKey" | "metaKey">} event
 * @param {[number, number]} place  row and column now
 * @param {[number, number]} size  rows and columns there are
 * @returns {[number, number] | null}
 */
export function gridMove(event, place, size) {
  const step = STEPS[event.key];
  if (!step || event.altKey || event.ctrlKey || event.metaKey) return null;
  const within = (value, count) => Math.max(0, Math.min(count - 1, value));
  return [within(place[0] + step[0], size[0]), within(place[1] + step[1], size[1])];
}

const MIRRORED = { ArrowLeft: "ArrowRight", ArrowRight: "ArrowLeft" };

/**
 * A key as it moves along a row: in one that runs from right to left, the left arrow goes on.
 *
 * @param {string} key
 * @param {Element} row
 */
export function keyAlong(key, row) {
  return getComputedStyle(row).direction === "rtl" ? (MIRRORED[key] ?? key) : key;
}

/**
 * Lets arrow keys move through a grid that is drawn on one node.
 *
 * @param {HTMLElement} node
 * @param {object} grid
 * @param {() => [number, number]} grid.place  row and column of the cursor
 * @param {() => [number, number]} grid.size  rows and columns there are
 * @param {(row: number, column: number) => void} grid.move
 */
export function arrowKeys(node, grid) {
  node.addEventListener("keydown", (event) => {
    const to = grid.size()[0] > 0 && gridMove(event, grid.place(), grid.size());
    if (!to) return;
    event.preventDefault();
    grid.move(to[0], to[1]);
  });
}

/**
 * Makes one item of a list or grid the stop for Tab; called whenever its items were drawn.
 *
 * @param {ParentNode} host
 * @param {string} selector  of the items
 * @param {HTMLElement | null} [item]  by default the one that is the stop already, else the first
 */
export function oneTabStop(host, selector, item = null) {
  const stops = [...host.querySelectorAll(`${selector}[tabindex="0"]`)];
  const chosen = /** @type {HTMLElement | null} */ (item ?? stops[0] ?? host.querySelector(selector));
  for (const other of stops) if (other !== chosen) /** @type {HTMLElement} */ (other).tabIndex = -1;
  if (chosen) chosen.tabIndex = 0;
}

/**
 * Keeps one stop for Tab: the item that has the focus, or had it last.
 *
 * @param {HTMLElement} host
 * @param {string} selector
 */
export function rovingFocus(host, selector) {
  host.addEventListener("focusin", (event) => {
    const item = /** @type {HTMLElement} */ (event.target).closest(selector);
    if (item) oneTabStop(host, selector, /** @type {HTMLElement} */ (item));
  });
}
