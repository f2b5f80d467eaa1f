/**
 * Sections that unfold say whether they are open: gradio's own buttons for it say so by an arrow alone. And a tab that
 * is opened near the window's lower edge is brought up, so that what it holds is seen.
 */

import { bringUp } from "../shared/dom.js";
import { whenDrawn } from "./drawn.js";

const FOLDS = "button.label-wrap";

/** Says at a button whether its section is open; the class is gradio's. */
function say(button) {
  const isOpen = String(button.classList.contains("open"));
  if (button.getAttribute("aria-expanded") !== isOpen) button.setAttribute("aria-expanded", isOpen);
}

/**
 * @param {HTMLElement} page
 * @param {AbortSignal} signal  ends it
 */
export function sayFolds(page, signal) {
  const known = new WeakSet();
  const opened = new MutationObserver((changes) => {
    for (const { target } of changes) say(target);
  });
  whenDrawn(page, signal, () => {
    for (const button of page.querySelectorAll(FOLDS)) {
      if (known.has(button)) continue;
      known.add(button);
      opened.observe(button, { attributes: true, attributeFilter: ["class"] });
      say(button);
    }
  });
  signal.addEventListener("abort", () => opened.disconnect());
}

const ROOM = 0.5; // of the window's height, below a row of tabs: with less, what a tab holds can't be seen

/**
 * @param {Document} page
 * @param {AbortSignal} signal  ends it
 */
export function bringUpTabs(page, signal) {
  const pressed = async (event) => {
    const tab = event.target.closest?.('[role="tab"]');
    if (!tab || !(event.isTrusted || tab === page.activeElement)) return; // a lesson or a way in brings up its own
    await new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)));
    const rows = tab.closest(".tabs");
    if (!rows || tab.getBoundingClientRect().bottom < innerHeight * (1 - ROOM)) return;
    bringUp(rows);
  };
  page.addEventListener("click", pressed, { signal });
}

/**
 * On a phone an example may stand below the answer that it changes: whoever presses it is taken there.
 *
 * @param {Document} page
 * @param {AbortSignal} signal  ends it
 */
export function bringUpAnswers(page, signal) {
  const pressed = ({ target }) => {
    const example = target.closest?.(".gallery-item, .pg-examples button");
    const answer = example?.closest('[role="tabpanel"]')?.querySelector(".pg-answer");
    if (!answer || answer.getBoundingClientRect().bottom > example.getBoundingClientRect().top) return;
    bringUp(answer);
  };
  page.addEventListener("click", pressed, { signal });
}
