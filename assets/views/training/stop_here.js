/**
 * A Stop beside what a training shows: its own button stands above the fields, out of sight once the charts are in it.
 */

import { bringToSight } from "../shared/dom.js";

const BEGINNING_MS = 2000; // in which the focus comes to the button above, since Train is disabled

/**
 * @param {HTMLButtonElement} here  beside the charts; hidden where there is none above, as on a page of its own
 * @param {() => HTMLElement} said  where it is said how the training goes, or why there is none: it has the focus once
 *   there is nothing left to stop
 * @param {string} part  the page's name of this training: Train and Stop are called after it
 * @param {AbortSignal} signal  ends it
 * @returns {(isRunning: boolean) => void}  to be told with each drawing whether the training runs
 */
export function stopHere(here, said, part, signal) {
  let wasRunning = false;
  let begun = 0;
  const above = () => document.getElementById(`${part}-stop`);
  const take = () => {
    const isNew = performance.now() - begun < BEGINNING_MS;
    if (!here.hidden && isNew && document.activeElement === above()) here.focus({ preventScroll: true });
  };
  here.addEventListener("click", () => above()?.click());
  here.addEventListener("keydown", (event) => event.repeat && event.preventDefault()); // Train's key, still held
  document.addEventListener("focusin", take, { signal });
  return (isRunning) => {
    const hadFocus = document.activeElement === here;
    here.hidden = !isRunning || !above();
    here.textContent = above()?.textContent ?? "";
    if (isRunning && !wasRunning) begun = performance.now();
    if (isRunning) take();
    if (hadFocus && here.hidden) said().focus({ preventScroll: true });
    wasRunning = isRunning;
  };
}

/**
 * Brings what a stopped training came to into sight, and the focus with it: else it is left above the window.
 *
 * @param {HTMLElement} said
 * @param {Element} top  comes to the window's top
 * @param {string} part
 */
export function showStopped(said, top, part) {
  const had = document.activeElement;
  const isAbove = had === document.body || had?.id === `${part}-stop` || had?.id === `${part}-run`;
  if (bringToSight(said, top) && isAbove) said.focus({ preventScroll: true });
}
