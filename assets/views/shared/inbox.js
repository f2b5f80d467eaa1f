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
