/** What the panel does in the page beside it: opens a tab, shows which fields were filled. */

/**
 * @typedef {object} Place
 * @property {string} title
 * @property {string} tab  the name of its tab
 * @property {string} part  the name of the tab within, or empty
 * @property {string} button  what the learner presses, or empty
 * @property {Record<string, string>} nodes  the fields' ids in the page
 * @property {Record<string, any>} defaults
 */

const RING = { outline: "3px solid var(--pg-accent)", outlineOffset: "-2px" };
const MARK = [RING, { ...RING, offset: 0.7 }, { outline: "3px solid transparent", outlineOffset: "-2px" }];
const MARK_MS = 3000;

/**
 * Opens the tab of a place, and the part of it.
 *
 * @param {Place} place
 */
export function open(place) {
  for (const name of [place.tab, place.part]) {
    const tab = [...document.querySelectorAll(`[role="tab"][data-tab-id="${CSS.escape(name)}"]`)].find(
      (one) => one.checkVisibility() || one.closest("#pg-tabs") === one.closest(".tabs"),
    );
    if (tab instanceof HTMLElement && tab.getAttribute("aria-selected") !== "true") tab.click();
  }
}

/**
 * Lets the learner see what was filled in: what differs from how the page opens, and the first field.
 *
 * @param {Place} place
 * @param {Record<string, any>} fields
 */
export function point(place, fields) {
  const changed = Object.keys(place.nodes).filter(
    (name) => name in fields && JSON.stringify(fields[name]) !== JSON.stringify(place.defaults[name]),
  );
  const nodes = changed.map((name) => document.getElementById(place.nodes[name])).filter((node) => node !== null);
  for (const node of nodes) {
    unfold(node);
    node.animate(MARK, MARK_MS);
  }
  nodes[0]?.scrollIntoView({ block: "center", behavior: "smooth" });
}

/**
 * Opens what a field is folded away in.
 *
 * @param {Element} node
 */
function unfold(node) {
  for (let above = node.parentElement; above && above.id !== "pg-tabs"; above = above.parentElement) {
    const fold = above.querySelector(":scope > button.label-wrap:not(.open)");
    if (fold instanceof HTMLElement) fold.click();
  }
}
