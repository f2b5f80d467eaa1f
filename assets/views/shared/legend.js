/** Swatches with their names. */

import { make } from "./dom.js";

/**
 * @param {[string, string][]} entries  class of the swatch and its name
 * @returns {HTMLElement[]}
 */
export function swatches(entries) {
  return entries.map(([kind, name]) => make("span", "", make("span", `swatch ${kind}`), name));
}
