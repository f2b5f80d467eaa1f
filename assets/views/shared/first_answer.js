/** Whether a view may ask for its example when it is first seen: not while a link asks for something else. */

const OPENING = "data-opening-link"; // head.html says so of a page whose address holds a link

/** @param {boolean} isOpening  a link is being opened */
export const sayOpening = (isOpening) => document.documentElement.toggleAttribute(OPENING, isOpening);

/** True if nothing else is on its way to be asked. */
export const mayAskFirst = () => !document.documentElement.hasAttribute(OPENING);

/**
 * Calls back whenever a view comes to sight and may ask for its example; while a link is opened, once that is over.
 *
 * @param {HTMLElement} element
 * @param {Pick<import("./lifecycle.js").Life, "signal" | "onResize">} life
 * @param {() => void} ask
 */
export function whenSeen(element, life, ask) {
  let asked = false; // since it was last out of sight
  const look = () => {
    const isSeen = element.clientWidth > 0;
    const may = isSeen && !asked && mayAskFirst();
    asked = isSeen && (asked || may);
    if (may) ask();
  };
  life.onResize(element, look);
  const links = new MutationObserver(look);
  links.observe(document.documentElement, { attributes: true, attributeFilter: [OPENING] });
  life.signal.addEventListener("abort", () => links.disconnect());
}
