/**
 * What is wider or longer than its place says so: it fades out at the side where there is more. A chosen tab is moved
 * into sight.
 */

import { whenDrawn } from "./drawn.js";

/** What may scroll: the tabs, rows of examples, tables and code (gradio's own, too), and views' own places. */
const PLACES = [
  "#pg-tabs > .tab-wrapper .tab-container",
  ".pg-examples",
  ".block:has(> .gallery)",
  ".samples",
  ".pg-table-wrap",
  ".virtual-table-viewport",
  ".sideways",
  ".il-frame",
  ".gen-tree-scroll",
  ".at-scroll",
  ".cm-scroller",
  ".chips",
  ".steps",
  ".rendered",
  ".template",
  ".gen-paper",
  ".gen-panel",
  ".lb-bars",
  ".at-words",
  ".tt-tokens",
  ".ps-tokens",
  ".ps-out",
  ".pp-tokens",
  ".pp-passes",
  ".pp-flow",
  ".pp-marked",
].join(", ");

const LEAST_BELOW = 8; // pixels: less is the margin or the focus ring of what is there

/** @typedef {"scrollLeft" | "scrollWidth" | "clientWidth" | "scrollTop" | "scrollHeight" | "clientHeight"} Length */

/**
 * At which sides of a place there is more than is seen: "start", "end" and "below", or none.
 *
 * @param {Record<Length, number>} place
 */
export function moreOf({ scrollLeft, scrollWidth, clientWidth, scrollTop, scrollHeight, clientHeight }) {
  const rest = scrollWidth - clientWidth;
  const from = Math.abs(scrollLeft); // negative where text runs from right to left
  const isLonger = scrollHeight - clientHeight - scrollTop > LEAST_BELOW;
  return [from > 1 && "start", rest - from > 1 && "end", isLonger && "below"].filter(Boolean).join(" ");
}

const TAKES_FOCUS = "a[href], button, input, select, textarea, summary, [tabindex]";

/** A table that scrolls and holds nothing that takes the focus takes it itself, in any browser: keys scroll it. */
export function reachTable(place) {
  const scrolls = place.scrollWidth > place.clientWidth + 1 || place.scrollHeight > place.clientHeight + 1;
  if (scrolls && !place.querySelector(TAKES_FOCUS)) place.tabIndex = 0;
  else place.removeAttribute("tabindex");
}

/** Says at a place where it goes on. */
function mark(place) {
  if (place.matches(".pg-table-wrap")) reachTable(place);
  const more = moreOf(place);
  if (more) place.dataset.pgMore = more;
  else delete place.dataset.pgMore;
}

/** Code that is longer than its box is scrolled by keys, too; gradio's editor takes it out of their reach. */
function reachCode(page) {
  for (const code of page.querySelectorAll(".cm-scroller[tabindex='-1']")) code.tabIndex = 0;
}

/** The field that filters gradio's table has a title alone, which no label replaces. */
function nameFilters(page) {
  for (const field of page.querySelectorAll("input.search-input:not([aria-label])")) field.ariaLabel = field.title;
}

/**
 * How far a row of tabs has to be scrolled, so that the chosen one stands in its middle, or as near as it gets there.
 *
 * @param {{ left: number, right: number }} tab
 * @param {{ left: number, right: number }} row
 */
export const toMiddle = (tab, row) => (tab.left + tab.right - row.left - row.right) / 2;

/** Scrolls a tab's row, where it is wider than its place, so that the tab is seen. */
function showTab(tab) {
  const row = tab.closest('[role="tablist"]');
  if (!row || row.scrollWidth <= row.clientWidth) return;
  row.scrollBy({ left: toMiddle(tab.getBoundingClientRect(), row.getBoundingClientRect()), behavior: "instant" });
}

const CHOSEN = '[role="tab"][aria-selected="true"]';

/** Whoever chooses a tab, by whatever means, sees it whole; an address may have chosen one before this is there. */
function showChosenTabs(page, signal) {
  const observer = new MutationObserver((changes) => {
    for (const { target } of changes) if (target instanceof Element && target.matches(CHOSEN)) showTab(target);
  });
  observer.observe(page, { subtree: true, attributeFilter: ["aria-selected"] });
  signal.addEventListener("abort", () => observer.disconnect());
  for (const tab of page.querySelectorAll(CHOSEN)) showTab(tab);
}

/**
 * @param {HTMLElement} page
 * @param {AbortSignal} signal  ends it
 */
export function markEdges(page, signal) {
  const sizes = new ResizeObserver((entries) => {
    for (const { target } of entries) mark(target.matches(PLACES) ? target : (target.closest(PLACES) ?? target));
  });
  showChosenTabs(page, signal);
  const watched = new WeakSet();
  whenDrawn(page, signal, () => {
    reachCode(page);
    nameFilters(page);
    for (const place of page.querySelectorAll(PLACES)) {
      for (const node of [place, ...place.children]) {
        if (watched.has(node)) continue;
        watched.add(node);
        sizes.observe(node);
      }
      mark(place);
    }
  });
  page.addEventListener("scroll", ({ target }) => target instanceof Element && target.matches(PLACES) && mark(target), {
    signal,
    capture: true,
    passive: true,
  });
  signal.addEventListener("abort", () => sizes.disconnect());
}
