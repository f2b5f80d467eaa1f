/**
 * One attention head for one token, number by number: which head is chosen here, and its picture with a cursor.
 *
 * The value is JSON text, see `Value` in head_state.js.
 */

import { pen, sized } from "../shared/canvas.js";
import { colour } from "../shared/colours.js";
import { csvText } from "../shared/csv.js";
import { finder, make } from "../shared/dom.js";
import { download } from "../shared/download.js";
import { quoted } from "../shared/format.js";
import { arrowKeys } from "../shared/keyboard.js";
import { lifeOf } from "../shared/lifecycle.js";
import { fontsOf, paint, pngOf, svgOf, textMaker } from "../shared/parts.js";
import { placeIn } from "../shared/pointer.js";
import { fillTable } from "../shared/tables.js";
import { visiblePiece } from "../shared/tokens.js";
import { cellAt, geometryOf, headPicture, rowTop } from "./head_picture.js";
import {
  COLUMNS,
  keysTable,
  mostRead,
  newState,
  readers,
  rowCount,
  rowInWords,
  STACKS,
  sentenceOf,
  short,
  stepsOf,
  vectorsOf,
} from "./head_state.js";

const NAME = "one-head";
const EDGE = 16;
const SHEET = 1200;

/** @param {import("../view.d.ts").View} view */
export function mount(view) {
  const { element, props, watch } = view;
  const tab = { view, find: finder(element), state: newState(), geometry: null, width: 0 };
  listen(tab);
  const life = lifeOf(element);
  life.onTheme(() => draw(tab));
  life.onResize(element, () => {
    if (element.clientWidth && element.clientWidth !== tab.width) draw(tab);
  });
  watch("value", () => take(tab, props.value));
  take(tab, props.value);
}

function take(tab, value) {
  const { find, state } = tab;
  state.value = value ? JSON.parse(value) : null;
  const shown = state.value && (state.value.head || state.value.unfit);
  find(".ih-empty").hidden = Boolean(shown);
  find(".ih-main").hidden = !shown;
  find(".ih").dataset.drawn = "";
  if (!shown) return;
  const { head, unfit } = state.value;
  find(".ih-unfit").hidden = !unfit;
  find(".ih-unfit").textContent = unfit;
  find(".ih-bar").hidden = find(".ih-shown").hidden = !head;
  if (head) {
    Object.assign(state, { row: mostRead(head).position + 1, step: 0, over: null });
    fillSelects(tab);
    draw(tab);
  }
  const { attention, head: number, position } = head ?? { attention: null, head: 0, position: 0 };
  find(".ih").dataset.drawn = attention ? `${attention.stack} ${attention.layer} ${number} ${position}` : "unfit";
}

function fillSelects({ find, state }) {
  const { value } = state;
  const { attention, head, position } = value.head;
  const options = (select, names, chosen) => {
    find(select).replaceChildren(...names.map(([name, said]) => new Option(said, String(name))));
    find(select).value = String(chosen);
  };
  const stacks = [...new Set(value.attentions.map((one) => one.stack))];
  const same = value.attentions.filter((one) => one.stack === attention.stack);
  const numbers = (count) => Array.from({ length: count }, (_, n) => [n, String(n)]);
  options(
    ".ih-stack",
    stacks.map((one) => [one, STACKS[one]]),
    attention.stack,
  );
  options(".ih-layer", numbers(same.length), attention.layer);
  options(".ih-head", numbers(attention.heads), head);
  const tokens = readers(value, attention.stack);
  options(
    ".ih-position",
    tokens.map((piece, n) => [n, `${n} ${visiblePiece(piece)}`]),
    position,
  );
  find(".ih-stack").parentElement.hidden = stacks.length < 2;
}

const lookOf = (element) => ({
  ink: (name) => colour(element, name),
  fonts: fontsOf(element),
});

function draw(tab) {
  const { view, find, state } = tab;
  const room = find(".ih-frame").clientWidth - 20;
  if (!state.value?.head || room < 60) return;
  tab.width = view.element.clientWidth;
  const { ink, fonts } = lookOf(view.element);
  tab.geometry = geometryOf(state.value, room);
  const context = sized(find(".ih-stage"), tab.geometry.width, tab.geometry.height);
  paint(context, headPicture(state.value, tab.geometry, textMaker(context, fonts), ink).parts, fonts);
  const { row } = state.over ?? state;
  const y = rowTop(tab.geometry, row, state.value.head);
  const frame = { x: 0.5, y: y + 0.5, width: tab.geometry.width - 1, height: tab.geometry.row - 1, radius: 4 };
  paint(context, [{ kind: "rect", ...frame, fill: "none", stroke: ink("accent"), thick: 1.5 }], fonts);
  drawWords(tab, row);
}

function drawWords({ find, state }, row) {
  const { value } = state;
  find(".ih-sentence").replaceChildren(...sentenceOf(value).map((part, k) => make(k % 2 ? "b" : "span", "", part)));
  find(".ih-readout").textContent = rowInWords(value, row, (piece) => quoted(visiblePiece(piece)));
  const steps = stepsOf(value).map(({ name, says }) => make("li", "", make("code", "", name), ` ${says}`));
  find(".ih-steps").replaceChildren(...steps);
  if (!find(".ih-twin").open) return;
  const columns = COLUMNS.map((name, k) => ({ name, kind: k ? "num" : "" }));
  const shown = (cells) => cells.map((cell) => (typeof cell === "number" ? short(cell) : cell));
  fillTable(find(".ih-keys"), columns, keysTable(value).map(shown));
  const vectors = vectorsOf(value);
  const names = ["vector", ...vectors[0][1].map((_, k) => String(k))];
  const heads = names.map((name, k) => ({ name, kind: k ? "num" : "" }));
  fillTable(
    find(".ih-vectors"),
    heads,
    vectors.map(([name, numbers]) => [name, ...numbers.map(short)]),
  );
}

function listen(tab) {
  const { view, find, state } = tab;
  const stage = find(".ih-stage");
  const under = (event) => tab.geometry && cellAt(tab.geometry, state.value.head, ...placeIn(stage, event));
  stage.addEventListener("pointermove", (event) => {
    const over = event.pointerType === "touch" ? null : under(event);
    if (over?.row === state.over?.row) return;
    state.over = over;
    draw(tab);
  });
  stage.addEventListener("pointerleave", () => {
    state.over = null;
    draw(tab);
  });
  stage.addEventListener("click", (event) => {
    const at = under(event);
    if (at) move(tab, at.row);
  });
  arrowKeys(stage, {
    place: () => [state.row, 0],
    size: () => (state.value?.head ? [rowCount(state.value.head), 1] : [0, 0]),
    move: (row) => move(tab, row),
  });
  for (const name of ["stack", "layer", "head", "position"])
    find(`.ih-${name}`).addEventListener("change", () => ask(tab, name));
  find(".ih-twin").addEventListener("toggle", () => draw(tab));
  for (const button of view.element.querySelectorAll("[data-export]"))
    button.addEventListener("click", () => exportAs(tab, button.dataset.export));
}

/** Asks for another head; what a new choice has none of begins at its first. */
function ask({ view, find, state }, changed) {
  const stack = find(".ih-stack").value;
  const other = changed === "stack";
  const number = (name) => Number(find(name).value);
  const position = other ? null : number(".ih-position");
  const heads = state.value.attentions.filter((one) => one.stack === stack);
  const layer = other ? 0 : number(".ih-layer");
  const head = Math.min(number(".ih-head"), heads[layer].heads - 1);
  view.trigger("unroll", { stack, layer, head, position });
}

function move(tab, row) {
  const { state } = tab;
  Object.assign(state, { row, over: null });
  draw(tab);
  say(tab, rowInWords(state.value, row));
}

function say({ find }, text, shown = false) {
  find(".ih-live").textContent = text;
  if (shown) find(".ih-status").textContent = text;
}

async function exportAs(tab, format) {
  const { value } = tab.state;
  const { ink, fonts } = lookOf(tab.view.element);
  if (format === "csv") {
    const vectors = vectorsOf(value);
    const rows = [[...COLUMNS], ...keysTable(value), [], ...vectors.map(([name, numbers]) => [name, ...numbers])];
    download(`${NAME}.csv`, csvText(rows), "text/csv");
  } else if (format === "json") download(`${NAME}.json`, JSON.stringify(value, null, 1), "application/json");
  else {
    const sheet = sheetOf(value, ink, fonts);
    if (format === "svg") download(`${NAME}.svg`, svgOf(sheet), "image/svg+xml");
    else download(`${NAME}.png`, await pngOf(sheet, fonts));
  }
  say(tab, `${NAME}.${format} is ready.`, true);
}

function sheetOf(value, ink, fonts) {
  const text = textMaker(pen(document.createElement("canvas")), fonts);
  const geometry = geometryOf(value, SHEET);
  const picture = headPicture(value, geometry, text, ink);
  const title = text([0, 10], `${value.title}. ${sentenceOf(value).join("")}`, ink("ink"), { size: 14, weight: 600 });
  const head = { picture: { width: SHEET, height: 30, parts: [title] }, x: EDGE, y: EDGE };
  const size = { width: geometry.width + 2 * EDGE, height: geometry.height + 30 + 2 * EDGE, ground: ink("surface") };
  return { placed: [head, { picture, x: EDGE, y: EDGE + 30 }], size };
}
