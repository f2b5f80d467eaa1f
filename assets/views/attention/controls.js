/** What a person presses, points at and types, and what follows from it. */

import { pressed } from "../shared/dom.js";
import { arrowKeys } from "../shared/keyboard.js";
import { exportHead } from "./exports.js";
import { cellAt, scrollToCursor } from "./geometry.js";
import { drawCursor, drawStage } from "./stage.js";
import { kindOf, sizes } from "./state.js";
import { headAt } from "./thumbs.js";
import { drawTable } from "./twin.js";
import { spokenCell } from "./words.js";

/**
 * @param {any} tab
 * @param {Record<string, (...given: any[]) => any>} act  what the view can do
 */
export function listen(tab, act) {
  listenToStage(tab, act);
  listenToThumbs(tab, act);
  listenToFields(tab, act);
  listenToButtons(tab, act);
}

function listenToStage(tab, act) {
  const { find, state } = tab;
  const stage = find(".at-stage");
  stage.addEventListener("pointermove", (event) => {
    if (!state.geometry) return;
    state.over = cellAt(state, stage, event);
    drawCursor(tab);
  });
  stage.addEventListener("pointerleave", () => {
    state.over = null;
    drawCursor(tab);
  });
  const sayCell = () => {
    Object.assign(state, { isRowChosen: true, isCellChosen: true });
    act.say(tab, spokenCell(state, state));
    act.chooseLater(tab); // a link shows the row again
  };
  stage.addEventListener("click", (event) => {
    const at = state.geometry && cellAt(state, stage, event);
    if (!at) return;
    Object.assign(state, { q: at.q, k: at.k });
    drawCursor(tab);
    sayCell();
  });
  const size = () => (state.drawn ? sizes(state) : [0, 0]);
  const move = (q, k) => {
    Object.assign(state, { q, k, over: null });
    drawCursor(tab);
    scrollToCursor(state, find(".at-scroll"));
    sayCell();
  };
  arrowKeys(stage, { place: () => [state.q, state.k], size: () => /** @type {[number, number]} */ (size()), move });
}

function listenToThumbs(tab, act) {
  const { find, state } = tab;
  const thumbs = find(".at-thumbs");
  thumbs.addEventListener("click", (event) => {
    const at = headAt(state, thumbs, find(".at-thumbs-wrap").clientWidth, event);
    if (!at) return;
    act.look(tab, ...at);
    const large = find(".at-detail"); // on a phone it stands above, and may be out of sight
    const isAbove = large.getBoundingClientRect().bottom <= thumbs.getBoundingClientRect().top;
    if (isAbove) large.scrollIntoView({ block: "nearest" });
  });
  arrowKeys(thumbs, {
    place: () => [state.layer, state.head],
    size: () => (state.value ? [kindOf(state).layers, kindOf(state).heads + 1] : [0, 0]),
    move: (layer, head) => act.look(tab, layer, head),
  });
}

function listenToFields(tab, act) {
  const { find, state } = tab;
  const on = (selector, type, work) => find(selector).addEventListener(type, (event) => work(event.target));
  on(".at-layer", "input", ({ value }) => act.look(tab, Number(value), state.head));
  on(".at-headslider", "input", ({ value }) => act.look(tab, state.layer, Number(value)));
  on(".at-scale", "change", ({ value }) => {
    state.scale = value;
    act.drawThumbnails(tab);
    drawStage(tab);
  });
  on(".at-hide", "change", ({ checked }) => {
    state.hide = checked;
    act.loadOverview(tab);
    drawStage(tab);
    drawTable(tab);
    act.say(tab, spokenCell(state, state));
  });
  on(".at-find", "change", () => {
    act.drawFound(tab);
    if (state.found.length) act.look(tab, state.found[0][0], state.found[0][1]);
  });
  on(".at-query", "change", () => drawTable(tab));
  on(".at-twin", "toggle", () => drawTable(tab));
}

function listenToButtons(tab, act) {
  const { view, state } = tab;
  const all = (selector, press) => {
    const buttons = /** @type {NodeListOf<HTMLElement>} */ (view.element.querySelectorAll(selector));
    for (const button of buttons) button.addEventListener("click", () => press(button.dataset, buttons));
  };
  all("[data-mode]", ({ mode }, buttons) => {
    state.mode = mode;
    pressed(buttons, (button) => button.dataset.mode === mode);
    drawStage(tab);
  });
  all("[data-zoom]", ({ zoom }) => {
    const step = Number(zoom);
    state.zoom = step ? Math.max(-3, Math.min(8, state.zoom + step)) : 0;
    drawStage(tab);
  });
  const say = (text) => {
    tab.find(".at-status").textContent = text;
    act.say(tab, text);
  };
  const ask = (...given) => act.ask(tab, ...given);
  all("[data-export]", (data) => exportHead(state, data.export, say, ask));
}
