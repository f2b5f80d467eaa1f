/** Whether a picture, or a refusal, was made from something else than what stands in the fields above it by now. */

/**
 * @param {unknown[]} asked  what stood in them when it was made
 * @param {unknown[]} fields  what stands there, as far as the page has told
 * @returns {boolean}
 */
export function isOutdated(asked, fields) {
  return asked.some((one, k) => k in fields && String(fields[k] ?? "") !== String(one ?? ""));
}

/**
 * What an empty view says: why there is no answer, as long as what was asked still stands in the fields.
 *
 * @param {{ said?: string, asked?: unknown[] } | null} refusal  what Python sent in place of an answer
 * @param {unknown[]} fields  see `isOutdated`
 * @param {string} otherwise  what comes here
 */
export function saidWhenEmpty(refusal, fields, otherwise) {
  return refusal?.said && !isOutdated(refusal.asked ?? [], fields) ? refusal.said : otherwise;
}
