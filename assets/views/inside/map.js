/**
 * A whole model drawn from its own modules: a tree that opens, with what each part costs and what it returned.
 *
 * The value is JSON text, see `Value` in map_state.js.
 */

import { pen } from "../shared/canvas.js";
import { colour } from "../shared/colours.js";
import { finder, pressed, sayEmpty } from "../shared/dom.js";
import { mayAskFirst } from "../shared/first_answer.js";
import { hostOf, isOutdated, readInbox, saidWhenEmpty } from "../shared/inbox.js";
import { lifeOf } from "../shared/lifecycle.js";
import { fontsOf, svgNodes, textMaker } from "../shared/parts.js";
import { fillTable } from "../shared/tables.js";
import { drawPart, drawTotals } from "./map_detail.js";
import { COLUMNS, exportAs, tableOf } from "./map_exports.js";
import { boxAt, cursorParts, layoutOf, mapPicture, memberAt } from "./map_layout.js";
import { firstOpen, keyOf, newState, openForAdds, spokenRow, toggle, treeOf } from "./map_state.js";

const FIRST_MS = 150;

/** @param {import("../view.d.ts").View} view */
export function mount(view) {
  const { element, props, watch } = view;
  const state = newState();
  const fields = /** @type {unknown[]} */ ([]);
  const shown = { asked: false, width: 0, fields, refusal: null };
  const tab = { view, find: finder(element), state, layout: layoutOf(state, 0), ...shown };
  listen(tab);
  const life = lifeOf(element);
  life.onTheme(() => draw(tab));
  life.onResize(element, () => {
    if (!element.clientWidth) return;
    if (!tab.asked) setTimeout(() => askFirst(tab), FIRST_MS);
    if (element.clientWidth !== tab.width) draw(tab);
  });
  readInbox(hostOf(element), life.signal, (name, value) => {
    if (name === "fields") {
      tab.fields = value;
      markOld(tab);
      return;
    }
    tab.asked = true; // by another part of the page, so the example isn't
    view.trigger(name, value);
  });
  watch("value", () => take(tab, props.value));
  take(tab, props.value);
}

/** Says so where the fields above are no longer those that the picture was made from. */
function markOld({ find, state, fields, refusal }) {
  find(".im-old").hidden = !isOutdated(state.value?.asked ?? [], fields);
  if (refusal) find(".im-empty").textContent = saidWhenEmpty(refusal, fields, EMPTY);
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
  const drawn = sent?.coming || sent?.said ? null : sent;
  const same = drawn && state.value?.model_class === drawn.model_class && state.value.title === drawn.title;
  tab.refusal = sent?.said ? { ...sent, asked: sent.asked.length ? sent.asked : [...tab.fields] } : null;
  state.value = drawn;
  sayEmpty(tab.view.element, !drawn, Boolean(sent?.coming));
  find(".im-empty").hidden = Boolean(drawn);
  find(".im-empty").textContent = sent?.coming ? COMING : saidWhenEmpty(tab.refusal, tab.fields, EMPTY);
  find(".im-main").hidden = !state.value;
  if (!state.value) return;
  markOld(tab);
  state.tree = treeOf(state.value);
  if (!same) Object.assign(state, { open: firstOpen(state.value), chosen: new Map(), at: "" });
  find(".im-origin").textContent = state.value.origin;
  find(".im-note").hidden = !state.value.notes.length;
  find(".im-note").textContent = state.value.notes.join(" ");
  draw(tab);
  find(".im").dataset.drawn = String(state.value.parameters);
}

const COMING = "The model is being read…";
const EMPTY = "The model, drawn from its own modules, appears here. Press Draw it.";

/** The page's look: a colour by its name, and the font. */
const lookOf = (element) => ({
  ink: (name) => (name === "none" ? "none" : colour(element, name)),
  fonts: fontsOf(element),
});

function draw(tab) {
  const { view, find, state } = tab;
  const room = find(".im-frame").clientWidth - 20;
  if (!state.value || room < 60) return;
  tab.width = view.element.clientWidth;
  const { ink, fonts } = lookOf(view.element);
  tab.layout = layoutOf(state, room);
  if (!tab.layout.boxes.some(({ row }) => keyOf(row) === state.at)) state.at = keyOf(tab.layout.boxes[0].row);
  const text = textMaker(pen(document.createElement("canvas")), fonts);
  const { parts, width, height } = mapPicture(state, tab.layout, text, ink);
  const svg = find(".im-picture");
  for (const [name, size] of Object.entries({ width, height })) svg.setAttribute(name, String(size));
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.replaceChildren(...svgNodes([...parts, ...cursorParts(state, tab.layout, ink)]));
  drawTotals(find, state, ink);
  drawPart(find, state, rowAt(tab));
  drawTwin(tab);
}

const rowAt = ({ layout, state }) => layout.boxes.find(({ row }) => keyOf(row) === state.at)?.row;

function drawTwin({ find, state }) {
  if (!find(".im-twin").open) return;
  const columns = COLUMNS.map((name) => ({
    name,
    kind: ["parameters", "bytes", "length"].includes(name) ? "num" : "",
  }));
  const shown = (cell) =>
    typeof cell === "number" ? cell.toLocaleString("en-US", { maximumFractionDigits: 4 }) : cell;
  fillTable(
    find(".im-table"),
    columns,
    tableOf(state)
      .slice(1)
      .map((row) => row.map(shown)),
  );
}

function listen(tab) {
  const { view, find, state } = tab;
  const svg = find(".im-picture");
  svg.addEventListener("click", (event) => {
    const box = svg.getBoundingClientRect(); // the page may be shown larger
    const scale = box.width ? tab.layout.width / box.width : 1;
    const [x, y] = [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
    const found = boxAt(tab.layout, x, y);
    if (found) press(tab, found, x);
  });
  svg.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || !state.value) return;
    const act = KEYS[event.key];
    if (!act) return;
    event.preventDefault();
    act(tab);
  });
  const buttons = view.element.querySelectorAll("button[data-by]");
  for (const button of buttons)
    button.addEventListener("click", () => {
      state.by = button.dataset.by;
      pressed(buttons, (one) => one === button);
      draw(tab);
    });
  find(".im-twin").addEventListener("toggle", () => drawTwin(tab));
  find(".im-unroll").addEventListener("click", () => {
    const found = state.value.attentions.find(({ name }) => name === rowAt(tab)?.name);
    if (found) view.trigger("unroll", { stack: found.stack, layer: found.layer });
  });
  for (const button of view.element.querySelectorAll("[data-export]"))
    button.addEventListener("click", () =>
      exportAs(state, button.dataset.export, lookOf(view.element), (text) => say(tab, text, true)),
    );
}

const KEYS = {
  ArrowDown: (tab) => step(tab, 1),
  ArrowUp: (tab) => step(tab, -1),
  Home: (tab) => step(tab, -Infinity),
  End: (tab) => step(tab, Infinity),
  ArrowRight: (tab) => sideways(tab, 1),
  ArrowLeft: (tab) => sideways(tab, -1),
  Enter: (tab) => openOrClose(tab),
  " ": (tab) => openOrClose(tab),
};

function step(tab, by) {
  const { boxes } = tab.layout;
  const place = boxes.findIndex(({ row }) => keyOf(row) === tab.state.at);
  go(tab, boxes[Math.max(0, Math.min(boxes.length - 1, place + by))].row);
}

/** Right opens or goes in, left closes or goes out; on the cells of blocks they choose another block. */
function sideways(tab, by) {
  const row = rowAt(tab);
  if (!row) return;
  if (row.kind === "strip") {
    const place = row.members.indexOf(row.chosen) + by;
    choose(tab, row, row.members[Math.max(0, Math.min(row.members.length - 1, place))]);
  } else if (row.open === by < 0) openOrClose(tab);
  else if (by > 0 && row.open) step(tab, 1);
  else if (by < 0) goOut(tab, row);
}

function goOut(tab, row) {
  const { boxes } = tab.layout;
  const place = boxes.findIndex((box) => box.row === row);
  const around = boxes
    .slice(0, place)
    .reverse()
    .find((box) => box.row.depth < row.depth && box.row.kind === "part");
  if (around) go(tab, around.row);
}

function openOrClose(tab) {
  const row = rowAt(tab);
  if (row?.open === undefined) return;
  toggle(tab.state, row.name);
  draw(tab);
  go(tab, rowAt(tab));
}

/** Shows another block of a list, opened as the one before was. */
function choose(tab, row, member) {
  const { state } = tab;
  const wasOpen = state.open.has(row.chosen);
  state.chosen.set(row.name, member);
  if (wasOpen) openForAdds(state.tree, state.open, member);
  draw(tab);
  go(tab, rowAt(tab));
}

function press(tab, box, x) {
  tab.state.at = keyOf(box.row);
  if (box.row.kind === "strip") choose(tab, box.row, memberAt(box, x));
  else if (box.row.open === undefined) go(tab, box.row);
  else openOrClose(tab);
}

/** Moves the cursor to a row, keeps it in sight and speaks of it. */
function go(tab, row) {
  if (!row) return;
  tab.state.at = keyOf(row);
  draw(tab);
  const nodes = tab.find(".im-picture").children;
  if (document.activeElement === tab.find(".im-picture")) nodes[nodes.length - 1]?.scrollIntoView({ block: "nearest" });
  say(tab, spokenRow(tab.state, row));
}

function say({ find }, text, shown = false) {
  find(".im-live").textContent = text;
  if (shown) find(".im-status").textContent = text;
}
