/**
 * What a model would say after each of its layers: a heat map, the way of single tokens as lines, and both as tables.
 *
 * The value is JSON text, see `Value` in state.js.
 */

import { addressOf } from "../links/address.js";
import { pen, ratioOf, sized } from "../shared/canvas.js";
import { along, colour, css, sequentialStops } from "../shared/colours.js";
import { finder, make, pressed, sayEmpty } from "../shared/dom.js";
import { mayAskFirst } from "../shared/first_answer.js";
import { hostOf, isOutdated, readInbox, saidWhenEmpty, tell } from "../shared/inbox.js";
import { arrowKeys } from "../shared/keyboard.js";
import { lifeOf } from "../shared/lifecycle.js";
import { fontsOf, paint, textMaker } from "../shared/parts.js";
import { visiblePiece } from "../shared/tokens.js";
import { untilSeen } from "../shared/until.js";
import { exportAs } from "./exports.js";
import { cellAt, cornerOf, geometryOf, gridPicture, gutterPicture, paintCursor } from "./grid.js";
import { linesPicture } from "./lines.js";
import { cellNote, cellOf, mostEntropy, mostOrders, newState, sentenceOf, spokenCell, tracksTitle } from "./state.js";
import { drawTables, fillColumns } from "./twin.js";

const RAMP = 150;
const FIRST_MS = 150;
const NOTHING = "What the model would say after each of its layers appears here. Press Look inside.";
const WHOLE = ["models", "whole-model"]; // the tabs that it is in
const COMING = "The model reads the reply up to this token…";

/** @param {import("../view.d.ts").View} view */
export function mount(view) {
  const { element, props, watch } = view;
  const fields = /** @type {string[]} */ ([]);
  const shown = { asked: false, width: 0, ground: "", fields, refusal: null };
  const tab = { view, find: finder(element), state: newState(), ...shown };
  listen(tab);
  const life = lifeOf(element);
  life.onTheme(() => draw(tab));
  life.onResize(element, () => {
    if (!element.clientWidth) return;
    if (!tab.asked) setTimeout(() => askFirst(tab), FIRST_MS);
    if (element.clientWidth !== tab.width) draw(tab);
  });
  readInbox(hostOf(element), life.signal, (_, values) => {
    tab.fields = values;
    markOld(tab);
  });
  watch("value", () => take(tab, props.value));
  take(tab, props.value);
}

/** Says so where the fields above are no longer those that the picture was made from. */
function markOld({ find, state, fields, refusal }) {
  find(".il-old").hidden = !isOutdated(state.value?.asked ?? [], fields);
  if (refusal) find(".il-empty").textContent = saidWhenEmpty(refusal, fields, NOTHING);
}

/** The example, unless something else has been asked for meanwhile. */
function askFirst(tab) {
  if (tab.asked || !mayAskFirst()) return;
  tab.asked = true;
  tab.view.trigger("first_view");
}

function take(tab, value) {
  const { find, state } = tab;
  const sent = value ? JSON.parse(value) : null;
  tab.asked = tab.asked || Boolean(sent);
  tab.refusal = sent?.said ? { ...sent, asked: sent.asked.length ? sent.asked : [...tab.fields] } : null;
  state.value = sent?.coming || sent?.said ? null : sent;
  sayEmpty(tab.view.element, !state.value, Boolean(sent?.coming));
  find(".il-empty").hidden = Boolean(state.value);
  find(".il-empty").textContent = sent?.coming ? COMING : saidWhenEmpty(tab.refusal, tab.fields, NOTHING);
  find(".il-main").hidden = !state.value;
  if (!state.value) return;
  markOld(tab);
  const { start, origin, notes } = state.value;
  Object.assign(state, { layer: start[0], column: start[1], over: null });
  find(".il-origin").textContent = origin;
  find(".il-note").hidden = !notes.length;
  find(".il-note").textContent = notes.join(" ");
  fillColumns(tab);
  draw(tab);
  scrollToCursor(tab);
  find(".il").dataset.drawn = String(state.value.positions.length);
}

function draw(tab) {
  const { view, find, state } = tab;
  const room = find(".il-frame").clientWidth;
  if (!state.value || room < 60) return;
  tab.width = view.element.clientWidth;
  state.colours = readColours(view.element);
  state.geometry = geometryOf(state, room);
  const { width, height, gutter } = state.geometry;
  const { fonts } = state.colours;
  const side = sized(find(".il-gutter"), gutter, height);
  paint(side, gutterPicture(state, textMaker(side, fonts)).parts, fonts);
  sized(find(".il-stage"), width, height);
  state.base = document.createElement("canvas");
  const context = sized(state.base, width, height);
  paint(context, gridPicture(state, textMaker(context, fonts)).parts, fonts);
  drawLegend(tab);
  drawCursor(tab);
}

function readColours(element) {
  const get = (name) => colour(element, name);
  const names = ["accent", "div-pos", "good", "div-neg", "bad", "warn", "ink", "muted"];
  return {
    ...{ ramp: sequentialStops(element), lines: names.map(get), fonts: fontsOf(element) },
    ...{ ink: get("ink"), muted: get("muted"), line: get("line"), surface: get("surface"), accent: get("accent") },
  };
}

/** The picture with its cursor, the sentence about it, and the lines of its token. */
function drawCursor(tab) {
  const { find, state } = tab;
  const { base, value } = state;
  if (!base || !value) return;
  const context = pen(find(".il-stage"));
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, base.width, base.height);
  context.drawImage(base, 0, 0);
  context.setTransform(ratioOf(base), 0, 0, ratioOf(base), 0, 0);
  paintCursor(context, state, state);
  if (state.over) paintCursor(context, state, state.over);
  const at = state.over ?? state;
  const parts = sentenceOf(value, at, visiblePiece).map((part, k) => make(k % 2 ? "b" : "span", "", part));
  const [best, entropy] = cellNote(value, at);
  find(".il-readout").replaceChildren(...parts, make("small", "", best, make("span", "pg-words", entropy)));
  drawLines(tab);
  drawTables(tab);
}

function drawLines({ find, state }) {
  const { value, column, layer, colours } = state;
  const canvas = find(".il-lines");
  const room = find(".il-tracks").clientWidth - 30;
  const picture = linesPicture(state, room, textMaker(pen(canvas), colours.fonts));
  const context = sized(canvas, picture.width, picture.height);
  paint(context, picture.parts, colours.fonts);
  find(".il-tracks-title").textContent = tracksTitle(value, column);
  const followed = value.tracks[column].map(({ piece }) => visiblePiece(piece)).join(", ");
  canvas.setAttribute("aria-label", `Lines of ${followed} through the layers; the table has their numbers`);
  const best = cellOf(value, layer, column).best[0];
  const known = value.tracks[column].some(({ id }) => id === best.id);
  find(".il-follow").hidden = known;
  find(".il-follow").textContent = `Follow ${visiblePiece(best.piece)} through the layers`;
}

function drawLegend({ find, state }) {
  const { by, value, colours } = state;
  const context = sized(find(".il-ramp"), RAMP + 12, 28);
  for (let x = 0; x < RAMP; x += 1) {
    context.fillStyle = css(along(colours.ramp, x / (RAMP - 1)));
    context.fillRect(6 + x, 0, 1, 12);
  }
  const names = {
    probability: ["0", "25\u00a0%", "100\u00a0%"],
    entropy: [mostEntropy(value).toFixed(1), (mostEntropy(value) / 2).toFixed(1), "0\u00a0nats"],
    rank: [`rank ${(10 ** mostOrders(value)).toLocaleString("en-US")}`, "", "1"],
  };
  Object.assign(context, { font: `11px ${colours.fonts.plain}`, fillStyle: colours.muted, textBaseline: "alphabetic" });
  const aligned = /** @type {CanvasTextAlign[]} */ (["left", "center", "right"]);
  names[by].forEach((name, k) => {
    context.textAlign = aligned[k];
    context.fillText(name, 6 + (k * RAMP) / 2, 25);
  });
  const means = {
    probability: "of the best token in each cell",
    entropy: "of each layer's distribution: 0 is certain",
    rank: "of the token that wins in the last layer",
  };
  find(".il-means").textContent = `${means[by]}; bold, with a line below: the winner leads already`;
}

function listen(tab) {
  const { view, find, state } = tab;
  const stage = find(".il-stage");
  stage.addEventListener("pointermove", (event) => {
    const over = state.geometry && event.pointerType !== "touch" ? cellAt(state, stage, event) : null;
    if (over?.layer === state.over?.layer && over?.column === state.over?.column) return;
    state.over = over;
    drawCursor(tab);
  });
  stage.addEventListener("pointerleave", () => {
    state.over = null;
    drawCursor(tab);
  });
  stage.addEventListener("click", (event) => {
    const at = state.geometry && cellAt(state, stage, event);
    if (at) move(tab, at.layer, at.column);
  });
  // Up is towards the last layer, which stands at the top.
  arrowKeys(stage, {
    place: () => [state.geometry.rows - 1 - state.layer, state.column],
    size: () => (state.value ? [state.geometry.rows, state.geometry.columns] : [0, 0]),
    move: (row, column) => move(tab, state.geometry.rows - 1 - row, column),
  });
  const buttons = view.element.querySelectorAll("button[data-by]");
  for (const button of buttons)
    button.addEventListener("click", () => {
      state.by = button.dataset.by;
      pressed(buttons, (one) => one === button);
      draw(tab);
    });
  find(".il-follow").addEventListener("click", () => {
    view.trigger("follow", { token_id: cellOf(state.value, state.layer, state.column).best[0].id, ...place(state) });
  });
  find(".il-whole").addEventListener("click", () => openWhole(state.value));
  find(".il-twin").addEventListener("toggle", () => drawTables(tab));
  find(".il-column").addEventListener("change", (event) => move(tab, state.layer, Number(event.target.value)));
  for (const button of view.element.querySelectorAll("[data-export]"))
    button.addEventListener("click", () => exportAs(state, button.dataset.export, (text) => say(tab, text, true)));
}

const place = ({ layer, column }) => ({ layer, column });

/** Goes to the picture of the whole model, for the text that was read and the weights that read it. */
async function openWhole({ asked: [text, model_id], task, quantization }) {
  location.hash = addressOf(WHOLE); // one step: back leads here again
  tell(await untilSeen("#model-map"), "whole", { text, model_id, task, quantization });
  (await untilSeen(`[role="tab"][data-tab-id="${WHOLE[1]}"]`))?.focus();
}

function move(tab, layer, column) {
  const { state } = tab;
  Object.assign(state, { layer, column, over: null });
  drawCursor(tab);
  scrollToCursor(tab);
  say(tab, spokenCell(state.value, state));
}

/** Keeps the cursor's column in sight, beside the gutter that stays. */
function scrollToCursor({ find, state }) {
  if (!state.geometry) return;
  const frame = find(".il-frame");
  const { cell, gutter } = state.geometry;
  const [x] = cornerOf(state, state.layer, state.column);
  const rest = frame.clientWidth - gutter;
  if (x < frame.scrollLeft || x + cell > frame.scrollLeft + rest) frame.scrollLeft = x - rest + cell + 4;
}

function say({ find }, text, shown = false) {
  find(".il-live").textContent = text;
  if (shown) find(".il-status").textContent = text;
}
