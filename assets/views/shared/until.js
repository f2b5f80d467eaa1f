/** Waiting for the page: what a tab or a section holds is drawn when it is opened first. */

const LOOK_MS = 20;

/**
 * The first element of a selector that can be seen, once there is one; null where none comes in time.
 *
 * @param {string} selector
 * @param {number} [mostMs]
 * @returns {Promise<HTMLElement | null>}
 */
export const untilSeen = (selector, mostMs) =>
  until(() => {
    const nodes = /** @type {HTMLElement[]} */ ([...document.querySelectorAll(selector)]);
    return nodes.find((one) => one.checkVisibility({ visibilityProperty: true })) ?? null;
  }, mostMs);

export const pause = (/** @type {number} */ ms) => new Promise((done) => setTimeout(done, ms));

/**
 * What a function finds, as soon as it finds something; null where it doesn't in time.
 *
 * @template Found
 * @param {() => Found} find
 * @param {number} [mostMs]
 * @returns {Promise<Found | null>}
 */
export async function until(find, mostMs = 3000) {
  for (const end = performance.now() + mostMs; ; ) {
    const found = find();
    if (found) return found;
    if (performance.now() > end) return null;
    await pause(LOOK_MS);
  }
}
