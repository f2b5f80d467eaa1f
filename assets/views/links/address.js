/** The address follows the tab that is open; back and forward go through tabs. */

import { untilSeen } from "../shared/until.js";

const QUIET_MS = 80; // until the page has drawn the tab

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

/** Writes a tab into the address, as a step that can be gone back; what follows its "?" stays, such as ?present. */
const push = (address) => history.pushState(history.state, "", location.pathname + location.search + address);

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
    const tab = await untilSeen(`[role="tab"][data-tab-id="${CSS.escape(id)}"]`);
    if (tab?.getAttribute("aria-selected") === "false") tab.click();
  }
}

/** False for a field that takes files: a link may come from one. */
const isText = (field) => field.type !== "file";

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
    const still = () => {
      moving -= 1;
    };
    requestAnimationFrame(() => setTimeout(still, QUIET_MS)); // after `pressed`, however late a busy page draws
  };
  const write = () => {
    const address = addressOf(openTabs());
    const now = tabsIn(location.hash).length ? location.hash : linkIn(location.hash) || addressOf(first);
    if (!moving && address !== now) push(address);
  };
  /** Something else stands in the page than its link asks: a reload keeps that, and back goes to the link. */
  const leave = () => {
    if (linkIn(location.hash)) push(addressOf(openTabs()));
  };
  const isMoving = () => moving > 0;
  /** @param {Told} told */
  const start = (told) => listen(signal, { first, quietly, write, leave, isMoving }, told);
  return { quietly, leave, start };
}

/**
 * @typedef {object} Told
 * @property {(link: string) => void} open  the address holds a link
 * @property {() => void} back  somebody has gone back from one, or forward
 * @property {(tab: string) => void} moved  somebody has opened a tab: the outermost that is open now
 */

/** Reads the address whenever it changes, and hears of what is opened and typed. */
function listen(signal, { first, quietly, write, leave, isMoving }, { open, back, moved }) {
  const read = () => {
    const link = linkIn(location.hash);
    if (link) return open(link);
    back();
    if (tabsIn(location.hash).length) quietly(() => openAll(tabsIn(location.hash)));
    else if (!location.hash) quietly(() => openAll(first));
  };
  const drawn = () => {
    write();
    if (!isMoving()) moved(openTabs()[0]);
  };
  const pressed = (event) => event.target.closest?.('[role="tab"]') && requestAnimationFrame(() => setTimeout(drawn));
  const typed = (event) => event.isTrusted && event.target.closest?.("#pg-tabs") && isText(event.target) && leave();
  document.addEventListener("click", pressed, { signal });
  document.addEventListener("input", typed, { signal });
  addEventListener("popstate", read, { signal });
  if (location.hash) read();
}
