/** Pointing at tokens, keys and buttons. */

import { keyAlong, rovingFocus } from "../shared/keyboard.js";
import { letGo, showAlternatives, showDefault } from "./panel.js";
import { drawTable, drawTree, replyIn } from "./paper.js";
import { ACTS } from "./runs.js";

const REST_MS = 90;
const HOSTS = ".gen-text, .gen-column-text";

/**
 * @param {any} tab
 * @param {AbortSignal} signal  after which nothing outside the view is listened to
 */
export function listen(tab, signal) {
  const { view, find, state } = tab;
  const pointer = { resting: /** @type {any} */ (0), back: /** @type {any} */ (null), place: "" };
  listenToPointer(tab, pointer);
  view.element.addEventListener("click", (event) => {
    const { act } = event.target.closest("[data-act]:not(:disabled)")?.dataset ?? {};
    const { how } = event.target.closest("[data-how]")?.dataset ?? {};
    const at = tokenAt(event.target);
    if (act) ACTS[act](tab);
    else if (how) tab.setHow(how);
    else if (at) pin(tab, at);
  });
  view.element.addEventListener("keydown", (event) => {
    const at = tokenAt(event.target);
    if (at) keyOnToken(tab, pointer, event, at);
    else keyOnChoice(tab, pointer, event);
  });
  document.addEventListener("keydown", (event) => keyOnPage(tab, event), { signal });
  find(".gen-tint").addEventListener("change", (event) => {
    state.tintBy = event.target.value;
    tab.draw();
  });
  find(".gen-samples select").addEventListener("change", (event) => {
    state.samples = Number(event.target.value);
  });
  find(".gen-dropped").addEventListener("change", () => drawTree(tab));
  find(".gen-table").addEventListener("toggle", () => drawTable(tab));
}

/** The token under a node: its reply, its number, its span and what that stands in. */
function tokenAt(target) {
  const span = target.closest?.(".gen-token");
  const host = span?.closest(HOSTS);
  const reply = host && replyIn(host);
  return reply ? { reply, index: Number(span.dataset.index), span, host } : null;
}

function listenToPointer(tab, pointer) {
  const { view, find, state } = tab;
  // A short rest on a token shows it, so that the way to the panel across other tokens changes nothing.
  const place = ({ screenX, screenY }) => `${screenX} ${screenY}`;
  view.element.addEventListener("mousedown", (event) => {
    pointer.place = place(event);
  });
  view.element.addEventListener("mouseover", (event) => {
    if (place(event) === pointer.place) return; // the page has moved below a pointer that rests
    pointer.place = place(event);
    const at = tokenAt(event.target);
    clearTimeout(pointer.resting);
    if (at && !state.pinned) pointer.resting = setTimeout(() => showAlternatives(tab, at.reply, at.index), REST_MS);
  });
  find(".gen-text").addEventListener("mouseleave", () => {
    if (state.how !== "step" || state.pinned) return;
    clearTimeout(pointer.resting);
    showDefault(tab);
  });
  rovingFocus(find(".gen-text"), ".gen-token");
  view.element.addEventListener("focusin", (event) => {
    const at = tokenAt(event.target);
    // Under a finger the panel would open before the finger is lifted, and catch the tap: a tap waits for its click.
    if (at?.span.matches(":focus-visible")) showAlternatives(tab, at.reply, at.index);
  });
  view.element.addEventListener("focusout", ({ relatedTarget: next }) => {
    const stays = !next || next.closest(`${HOSTS}, .gen-panel`) || find(".gen-panel").matches(":hover");
    if (!stays && state.panel && !state.pinned) showDefault(tab); // on a phone it would lie on what has the focus now
  });
}

function pin(tab, { reply, index, span }) {
  const { state } = tab;
  const same = state.pinned?.reply === reply && state.pinned.index === index;
  state.pinned = same ? null : { reply, index };
  tab.draw();
  showDefault(tab);
  const { top, bottom } = span.getBoundingClientRect();
  const covered = innerWidth <= 900 && bottom > innerHeight / 2;
  if (state.pinned && covered) window.scrollBy({ top: top - innerHeight / 4 }); // above the panel
}

function focusToken(host, index) {
  host.querySelector(`[data-index="${index}"]`)?.focus();
}

function keyOnToken(tab, pointer, event, at) {
  const last = at.reply.tokens.length - 1;
  const to = { ArrowRight: at.index + 1, ArrowLeft: at.index - 1, Home: 0, End: last }[keyAlong(event.key, at.host)];
  const opens = event.key === " " || (event.key === "Enter" && !event.ctrlKey && !event.metaKey);
  if (to === undefined && !opens && event.key !== "ArrowDown") return;
  event.preventDefault();
  if (to !== undefined) focusToken(at.host, to);
  else if (opens) pin(tab, at);
  else {
    pointer.back = at;
    tab.find(".gen-panel").querySelector(".gen-choice")?.focus();
  }
}

function keyOnChoice(tab, pointer, event) {
  const rows = [...tab.find(".gen-panel").querySelectorAll(".gen-choice")];
  const row = rows.indexOf(event.target);
  if (row < 0 || (event.key !== "ArrowDown" && event.key !== "ArrowUp")) return;
  const next = rows[row + (event.key === "ArrowDown" ? 1 : -1)];
  if (event.key === "ArrowUp" || next) event.preventDefault();
  if (next) next.focus();
  else if (event.key === "ArrowUp" && pointer.back) focusToken(pointer.back.host, pointer.back.index);
}

/** Ctrl+Enter and Esc work wherever the focus is; of several views the one that is nearest to it answers. */
function keyOnPage(tab, event) {
  const { view, find, state } = tab;
  if (!view.element.offsetParent || nearestView(event.target) !== find(".gen")) return;
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    const act = state.how === "step" && state.shown?.begin ? "step" : "start";
    if (state.run?.stopping) state.run.next = act;
    if (find(`[data-act="${act}"]`).disabled) return;
    event.preventDefault();
    ACTS[act](tab);
  }
  if (event.key !== "Escape") return;
  if (state.run) ACTS.stop(tab);
  else if (state.panel) letGo(tab);
}

function nearestView(target) {
  for (let node = target; node; node = node.parentElement) {
    const views = [...node.querySelectorAll(".gen")].filter((one) => one.offsetParent);
    if (node.matches(".gen")) return node;
    if (views.length) return views[0];
  }
  return null;
}
