/** Whether a picture was made from something else than what stands in the fields above it by now. */

/**
 * @param {unknown[]} asked  what stood in them when it was made
 * @param {unknown[]} fields  what stands there, as far as the page has told
 * @returns {boolean}
 */
export function isOutdated(asked, fields) {
  return asked.some((one, k) => k in fields && String(fields[k] ?? "") !== String(one ?? ""));
}
