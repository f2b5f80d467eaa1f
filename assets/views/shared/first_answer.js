/**
 * Whether a view may ask for its example when it is first seen: not while a link asks for something else, nor while a
 * lesson wants a guess, which the example may give away.
 */

const OPENING = "data-opening-link"; // head.html says so of a page whose address holds a link
const GUESSING = "data-lesson-asks";

/** @param {boolean} isOpening  a link is being opened */
export const sayOpening = (isOpening) => document.documentElement.toggleAttribute(OPENING, isOpening);

/** @param {boolean} isGuessing  somebody is to guess, or has guessed and will press what answers */
export const sayGuessing = (isGuessing) => document.documentElement.toggleAttribute(GUESSING, isGuessing);

/** True if nothing else is on its way to be asked. */
export const mayAskFirst = () => ![OPENING, GUESSING].some((name) => document.documentElement.hasAttribute(name));

/**
 * Calls back whenever a view comes to sight and may ask for its example; where it may not yet, as soon as it may.
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
  const others = new MutationObserver(look);
  others.observe(document.documentElement, { attributes: true, attributeFilter: [OPENING, GUESSING] });
  life.signal.addEventListener("abort", () => others.disconnect());
}
