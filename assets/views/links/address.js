/** The address follows the tab that is open; back and forward go through tabs. */

const QUIET_MS = 80; // until the page has drawn the tab
const THERE_MS = 3000;

/**
 * The tabs that an address names, from outside to inside; none where it names something else.
 *
 * @param {string} hash
 * @returns {string[]}
 */
export function tabsIn(hash) {
  const found = /^#tab=([\w/-]{1,200})$/.exec(hash);
  return found ? found[1].split("/").filter(Boolean) : [];
}

/** @param {string[]} tabs */
export const addressOf = (tabs) => `#tab=${tabs.join("/")}`;

/**
 * The link that an address holds, or an empty string.
 *
 * @param {string} hash
 */
export const linkIn = (hash) => (/[#&]run=/.test(hash) ? hash : "");

/** The ids of the tabs that are open now, from outside to inside. */
export function openTabs() {
  const tabs = /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll('[role="tab"][aria-selected="true"]'));
  const seen = [...tabs].filter((tab) => tab.dataset.tabId && tab.checkVisibility());
  return seen.map((tab) => String(tab.dataset.tabId));
}

/**
 * Opens tabs by their ids, from outside to inside; what doesn't come in time is passed over.
 *
 * @param {string[]} ids
 */
export async function openAll(ids) {
  for (const id of ids) {
    const tab = await seen(`[role="tab"][data-tab-id="${CSS.escape(id)}"]`);
    if (tab?.getAttribute("aria-selected") === "false") tab.click();
  }
}

/**
 * The first element that can be seen, once there is one: what a tab holds is drawn when it is opened first.
 *
 * @param {string} selector
 * @returns {Promise<HTMLElement | null>}
 */
export async function seen(selector) {
  for (const end = performance.now() + THERE_MS; performance.now() < end; ) {
    const nodes = /** @type {HTMLElement[]} */ ([...document.querySelectorAll(selector)]);
    const node = nodes.find((one) => one.checkVisibility());
    if (node) return node;
    await new Promise((done) => setTimeout(done, 20));
  }
  return null;
}

/**
 * Writes the open tab into the address, and opens the tab that it names.
 *
 * @param {AbortSignal} signal  ends it
 */
export function followAddress(signal) {
  const first = openTabs();
  let moving = 0;
  /** @param {() => unknown} work  something that opens tabs, which the address shall not follow */
  const quietly = async (work) => {
    moving += 1;
    await work();
    await new Promise((done) => setTimeout(done, QUIET_MS));
    moving -= 1;
  };
  const write = () => {
    const address = addressOf(openTabs());
    const now = tabsIn(location.hash).length ? location.hash : linkIn(location.hash) || addressOf(first);
    if (!moving && address !== now) history.pushState(history.state, "", address);
  };
  /** @param {(link: string) => void} open  called with a link that the address holds */
  const start = (open) => {
    const read = () => {
      const link = linkIn(location.hash);
      if (link) open(link);
      else if (tabsIn(location.hash).length) quietly(() => openAll(tabsIn(location.hash)));
      else if (!location.hash) quietly(() => openAll(first));
    };
    const pressed = (event) => event.target.closest?.('[role="tab"]') && requestAnimationFrame(() => setTimeout(write));
    document.addEventListener("click", pressed, { signal });
    addEventListener("popstate", read, { signal });
    if (location.hash) read();
  };
  return { quietly, start };
}
