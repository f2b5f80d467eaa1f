/** Sections that unfold say whether they are open: gradio's own buttons for it say so by an arrow alone. */

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
