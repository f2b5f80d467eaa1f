/** Three things to try: each opens its tabs one after the other, and starts what moves there. */
import { bringUp } from "../shared/dom.js";
import { untilSeen } from "../shared/until.js";

/**
 * @typedef {object} Way
 * @property {string[]} tabs  ids of the tabs to open, from outside to inside
 * @property {string} shown  a selector of what comes then
 * @property {string} top  a selector of what to bring to the window's top, to see it
 * @property {() => void} [start]  starts it, where opening the tab does not
 */

/** @type {Record<string, Way>} */
const WAYS = {
  why: {
    tabs: ["classification", "one-text", "why"],
    shown: "#classification-attribution .at-methods > *",
    top: "#classification-inside",
  },
  choose: { tabs: ["generation"], shown: "#generation-body", top: "#generation-body", start: startWriting },
  look: { tabs: ["tokens", "tokens-attention"], shown: "canvas.at-stage", top: ".at-columns" },
};
const PATIENCE_MS = 15_000; // later, a page that moves by itself would only disturb

/**
 * Goes one of the ways.
 *
 * @param {string} name
 */
export async function go(name) {
  const { tabs, shown, top, start } = WAYS[name];
  const door = document.activeElement;
  for (const id of tabs) (await seen(`[role="tab"][data-tab-id="${id}"]`)).click();
  start?.();
  bringUp(await seen(top));
  await seen(shown);
  const end = await seen(top);
  bringUp(end); // the page is longer now
  if (document.activeElement === door) takeFocus(end);
}

/** The next Tab goes on here, and not at the door, where it would take the page back to its top. */
function takeFocus(end) {
  end.tabIndex = -1;
  end.style.outline = "none"; // a place, and nothing to press
  const leave = () => {
    end.removeAttribute("tabindex");
    end.style.outline = "";
  };
  end.addEventListener("blur", leave, { once: true });
  end.focus({ preventScroll: true });
}

/** Presses Start, unless the model is writing. */
async function startWriting() {
  const button = await seen('.gen [data-act="start"]');
  const stop = /** @type {HTMLButtonElement | null} */ (document.querySelector('.gen [data-act="stop"]'));
  if (stop?.disabled) button.click();
}

/**
 * The first element that can be seen, once there is one; never, where somebody went elsewhere meanwhile.
 *
 * @param {string} selector
 * @returns {Promise<HTMLElement>}
 */
const seen = async (selector) => (await untilSeen(selector, PATIENCE_MS)) ?? new Promise(() => {});
