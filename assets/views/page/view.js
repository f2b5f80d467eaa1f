/**
 * The page as a whole: the three ways in at its top, arrow keys among tabs and radios, a focus that stays, hints, long
 * pastes, words that explain themselves, the edges of what is too wide, which sections are open, tabs near the lower
 * edge, and gradio's list of endpoints.
 */

import { escapeCloses } from "../shared/dom.js";
import { lifeOf } from "../shared/lifecycle.js";
import { whenDrawn } from "./drawn.js";
import { markEdges } from "./edges.js";
import { bringUpAnswers, bringUpTabs, sayFolds } from "./folds.js";
import { pasteAtOnce } from "./pasting.js";
import { radioKeys, radioStops, tabKeys, tabStops } from "./tab_keys.js";
import { dropHints, softenHints } from "./toasts.js";
import { explainWords } from "./words.js";

function lookForEndpoints() {
  const list = /** @type {HTMLElement | null} */ (document.querySelector(".api-docs"));
  if (list) import("./endpoints.js").then((one) => one.mendEndpoints(list)); // whoever doesn't open it doesn't load it
}

/** @param {import("../view.d.ts").View} view */
export function mount({ element, props }) {
  const { signal } = lifeOf(element);
  element.addEventListener("click", (event) => {
    const pressed = /** @type {HTMLElement} */ (event.target);
    const way = /** @type {HTMLElement | null} */ (pressed.closest(".pg-way"));
    if (way) import("./ways.js").then(({ go }) => go(String(way.dataset.way)));
    const switches = /** @type {HTMLElement | null} */ (document.querySelector(".pg-switches .pg-switch"));
    if (pressed.closest(".pg-door-close")) switches?.focus(); // the focus would be lost with the button that had it
  });
  escapeCloses(element, () => /** @type {HTMLElement | null} */ (element.querySelector(".pg-door-close"))?.click());
  tabStops(document, signal);
  tabKeys(document, signal);
  radioStops(document, signal);
  radioKeys(document, signal);
  const keyboard = async ({ target }) => {
    const { followPlace, keepFocus } = await import("./kept_focus.js");
    keepFocus(document, signal, target);
    followPlace(document, signal);
  };
  document.addEventListener("keydown", keyboard, { once: true, signal }); // whoever has none doesn't load it
  whenDrawn(document.body, signal, () => {
    lookForEndpoints();
    softenHints(document);
  });
  dropHints(document, signal);
  pasteAtOnce(document, signal);
  markEdges(document.body, signal);
  sayFolds(document.body, signal);
  bringUpTabs(document, signal);
  bringUpAnswers(document, signal);
  explainWords(document.body, props.value || [], signal);
}
