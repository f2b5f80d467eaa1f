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
