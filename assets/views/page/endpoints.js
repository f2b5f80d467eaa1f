/**
 * Gradio's list of endpoints, by the keyboard: each button has a name, a language is chosen with Enter, Escape closes
 * the list and the focus goes back to where it was opened.
 */

import { escapeCloses } from "../shared/dom.js";

const NAMES = [
  [".banner-wrap h2 + button", "Close the list of endpoints"],
  [".menu-toggle-button", "More ways to copy the page"],
  ["button.copy-button", "Copy"],
];

const closeOf = (list) => /** @type {HTMLElement | null} */ (list.querySelector(NAMES[0][0]));

/** Names what has only a picture, and lets Tab come to the languages and to code that is wider than its place. */
function mend(list) {
  for (const [which, name] of NAMES) {
    for (const button of list.querySelectorAll(which))
      if (!button.textContent.trim()) button.setAttribute("aria-label", name);
  }
  for (const code of list.querySelectorAll("pre")) code.tabIndex = 0;
  for (const language of list.querySelectorAll("li.snippet")) {
    const isChosen = String(language.classList.contains("current-lang"));
    language.setAttribute("role", "button");
    language.tabIndex = 0;
    if (language.getAttribute("aria-pressed") !== isChosen) language.setAttribute("aria-pressed", isChosen);
  }
}

/** What is done once for a list that has just been opened. */
function begin(list) {
  const opener = /** @type {HTMLElement | null} */ (document.activeElement);
  escapeCloses(list, () => {
    closeOf(list)?.click();
    opener?.focus();
  });
  list.addEventListener("keydown", (event) => {
    if ((event.key !== "Enter" && event.key !== " ") || !event.target.matches("li.snippet")) return;
    event.preventDefault();
    event.target.click();
  });
  closeOf(list)?.focus();
}

const known = new WeakSet();

/**
 * @param {HTMLElement} list  the list, each time something new is drawn in it
 */
export function mendEndpoints(list) {
  if (!closeOf(list)) return; // it is still being drawn
  if (!known.has(list)) begin(list);
  known.add(list);
  mend(list);
}
