/**
 * Tabs and radio buttons by the keyboard: Tab comes to a row of them once, arrow keys move in it. Gradio's tabs hear
 * only Tab and Enter, and each of its radios has a name of its own, so that the browser doesn't know that they belong
 * together.
 */

import { whenDrawn } from "./drawn.js";

const CHOICES = 'input[type="radio"]:not(:disabled)';

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
 * Gives a row of things among which arrow keys move its one stop of Tab: the chosen one, or the first where none is.
 *
 * @param {HTMLElement[]} row
 * @param {HTMLElement | undefined} chosen
 */
export function oneStop(row, chosen) {
  const stop = chosen ?? row[0];
  for (const one of row) {
    const index = one === stop ? 0 : -1;
    if (one.tabIndex !== index || !one.hasAttribute("tabindex")) one.tabIndex = index;
  }
}

/**
 * Tab comes to the chosen tab of a row alone.
 *
 * @param {Document} page
 * @param {AbortSignal} signal  ends it
 */
export function tabStops(page, signal) {
  const tabs = () => {
    for (const list of page.querySelectorAll('[role="tablist"]')) {
      const row = /** @type {HTMLElement[]} */ ([...list.querySelectorAll('[role="tab"]')]);
      const chosen = row.find((tab) => tab.getAttribute("aria-selected") === "true");
      oneStop(row, chosen);
    }
  };
  const observer = new MutationObserver(tabs);
  observer.observe(page.body, { subtree: true, attributeFilter: ["aria-selected"] });
  signal.addEventListener("abort", () => observer.disconnect());
  whenDrawn(page.body, signal, tabs);
}

/**
 * Tab comes to one radio button of a group: the chosen one.
 *
 * @param {Document} page
 * @param {AbortSignal} signal  ends it
 */
export function radioStops(page, signal) {
  const stops = (event) => {
    if (event.key !== "Tab") return;
    for (const group of page.querySelectorAll("fieldset")) {
      const row = /** @type {HTMLInputElement[]} */ ([...group.querySelectorAll(CHOICES)]);
      const chosen = row.find((one) => one.checked); // no event tells of a choice that an answer made
      oneStop(row, chosen);
    }
  };
  page.addEventListener("keydown", stops, { signal, capture: true });
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
    const radios = /** @type {HTMLElement[]} */ ([...group.querySelectorAll(CHOICES)]);
    const to = tabAt(AS_IF[event.key] ?? event.key, radios.indexOf(event.target), radios.length);
    if (to === null) return;
    event.preventDefault();
    radios[to].focus();
    radios[to].click();
  };
  page.addEventListener("keydown", move, { signal });
}
