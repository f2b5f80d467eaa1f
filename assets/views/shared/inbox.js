/** What the page's other controls tell one view, in order; what came before the view was there is not lost. */

/**
 * Calls back for everything that the page's scripts have put into `host.told` and will put there; they then send the
 * host an event named "told".
 *
 * @param {HTMLElement & { told?: { name: string, value: any }[] }} host
 * @param {AbortSignal} signal  after which nothing is read
 * @param {(name: string, value: any) => void} receive
 */
export function readInbox(host, signal, receive) {
  const read = () => {
    for (const { name, value } of (host.told ?? []).splice(0)) receive(name, value);
  };
  host.addEventListener("told", read, { signal });
  read();
}

/**
 * Tells one view something.
 *
 * @param {(HTMLElement & { told?: { name: string, value: any }[] }) | null} host
 * @param {string} name
 * @param {any} value
 */
export function tell(host, name, value) {
  if (!host) return;
  host.told ??= [];
  host.told.push({ name, value });
  host.dispatchEvent(new Event("told"));
}

/**
 * The element by which the page's other controls know a view; its own where it stands alone, as in a notebook.
 *
 * @param {HTMLElement} element  the view's own
 * @returns {HTMLElement}
 */
export const hostOf = (element) => element.closest(".block.pg-view-host") ?? element;

/**
 * Whether a picture, or a refusal, was made from something else than what stands in the fields above it by now.
 *
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
