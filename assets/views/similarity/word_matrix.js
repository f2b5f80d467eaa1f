/**
 * Losses of up to 60 words against each other: a heatmap with a cursor, switches that say what the number hides, a
 * ranking, a scatter against cosine, and a table twin. All from one table of losses; nothing is asked again.
 */

import { bringToSight, finder, make, pressed, sayEmpty } from "../shared/dom.js";
import { counted, formatFixed, isolated } from "../shared/format.js";
import { arrowKeys } from "../shared/keyboard.js";
import { lifeOf } from "../shared/lifecycle.js";
import { spearman } from "../shared/ranks.js";
import { drawScatter, pointAtDots, ticksBetween } from "../shared/scatter.js";
import { namedGrid } from "../shared/tables.js";
import { cellAt, drawHeatmap, gridOf } from "./heatmap.js";
import { closest, meaningOf, measure, orderedPairs, orderOf, unitOf } from "./measures.js";

const PLAIN = { total: true, baseline: false, symmetric: false, cosine: false };
const RANKED = 8;

/** @param {import("../view.d.ts").View} view */
export function mount({ element, props, watch, trigger }) {
  const root = /** @type {HTMLElement} */ (element.querySelector(".wm"));
  const state = {
    data: /** @type {any} */ (null),
    alone: Boolean(props.alone), // nobody can be asked for the pieces of a pair
    on: { ...PLAIN },
    order: /** @type {number[]} */ ([]),
    cursor: /** @type {[number, number]} */ ([0, 1]),
    grid: { edge: 80, size: 20 },
    pairs: /** @type {[number, number][]} */ ([]),
    places: /** @type {[number, number][]} */ ([]),
  };
  const tab = { root, find: finder(root, ".wm-"), state, trigger };
  const show = () => {
    state.data = props.value?.loss ? props.value : null;
    sayEmpty(element, !state.data);
    if (state.data) takeData(tab);
    draw(tab);
  };
  listenToControls(tab);
  listenToMap(tab);
  const life = lifeOf(element);
  life.onTheme(() => draw(tab));
  life.onResize(root, () => drawMap(tab));
  watch("value", () => {
    show();
    if (root.offsetParent) requestAnimationFrame(() => bringToSight(tab.find("map"), root)); // below a fold
  });
  show();
}

function takeData({ find, state }) {
  const { words, notes } = state.data;
  find("word").replaceChildren(...words.map((word, k) => new Option(word, String(k))));
  find("notes").textContent = [state.data.origin, ...(notes || [])].join(" ");
  state.cursor = [0, Math.min(1, words.length - 1)];
}

/** Draws everything from the state. */
function draw(tab) {
  const { root, find, state } = tab;
  root.hidden = !state.data;
  if (!state.data) return;
  root.querySelector('[data-switch="cosine"]').disabled = !state.data.cosine;
  pressed(root.querySelectorAll("[data-switch]"), (button) => state.on[String(button.dataset.switch)]);
  state.order = orderOf(state.data, find("order").value);
  find("meaning").textContent = meaningOf(state.on);
  drawMap(tab);
  drawRanking(tab);
  drawPlot(tab);
  drawTwin(tab);
}

const numberOf = ({ data, on }, i, j) => measure(data, on, i, j);
const textOf = (number) => formatFixed(number, 2);

function drawMap({ root, find, state }) {
  const { data, on, order, cursor } = state;
  if (!data || !root.offsetParent) return;
  const values = orderedPairs(data.words.length).map(([i, j]) => numberOf(state, i, j));
  const low = values.reduce((a, b) => Math.min(a, b));
  const high = values.reduce((a, b) => Math.max(a, b));
  state.grid = gridOf(find("canvas"), data.words, root.querySelector(".wm-map").clientWidth);
  const cell = (row, column) => {
    if (row === column) return null;
    const number = numberOf(state, order[row], order[column]);
    const share = high > low ? (number - low) / (high - low) : 0.5;
    // A small loss is a close pair: the strong colour always means close.
    return { strength: on.cosine ? share : 1 - share, text: textOf(number) };
  };
  drawHeatmap(find("canvas"), state.grid, { words: order.map((k) => data.words[k]), cell }, cursor);
  find("low").textContent = `close: ${textOf(on.cosine ? high : low)}`;
  find("high").textContent = `far: ${textOf(on.cosine ? low : high)}`;
  saySelected(find, state);
}

function saySelected(find, state) {
  const { data, on, order, cursor } = state;
  const [i, j] = cursor.map((at) => order[at]);
  const [a, b] = [isolated(data.words[i]), isolated(data.words[j])];
  const parts = [`${a} → ${b}: ${inWords(numberOf(state, i, j), on)}`];
  if (i === j) parts[0] = `${a} with itself: ${inWords(numberOf(state, i, i), on)} (left out of the colours)`;
  else if (!on.symmetric && !on.cosine) parts.push(`${b} → ${a}: ${inWords(numberOf(state, j, i), on)}`);
  if (!on.cosine && data.cosine) parts.push(`cosine ${formatFixed(data.cosine[i][j], 2)}`);
  find("cell").textContent = [...parts, ...(state.alone ? [] : ["click or Enter for the pieces"])].join(" · ");
  find("canvas").setAttribute("aria-label", parts.join(" · "));
}

/** A number with its unit; what lies above the baseline by less than nothing lies below it. */
function inWords(number, on) {
  const below = on.baseline && !on.cosine && number < 0;
  return `${textOf(below ? -number : number)}\u00a0${below ? unitOf(on).replace("above", "below") : unitOf(on)}`;
}

function drawRanking({ find, state }) {
  const near = closest(state.data, state.on, Number(find("word").value), RANKED);
  const row = ([j, number]) => make("li", "", make("span", "v", textOf(number)), state.data.words[j]);
  find("ranking").replaceChildren(...near.map(row));
}

function drawPlot({ find, state }) {
  const { data } = state;
  if (!data.cosine) return;
  const on = { ...state.on, cosine: false };
  state.pairs = orderedPairs(data.words.length).filter(([i, j]) => !on.symmetric || i < j);
  const dots = state.pairs.map(([i, j]) => ({ x: measure(data, on, i, j), y: data.cosine[i][j] }));
  const name = unitOf(on);
  const xs = dots.map(({ x }) => x);
  const [low, high] = [xs.reduce((a, b) => Math.min(a, b)), xs.reduce((a, b) => Math.max(a, b))];
  const ys = dots.map(({ y }) => y);
  const many = dots.length > 400;
  state.places = drawScatter(find("scatter"), dots, {
    size: [300, 220],
    xRange: [low, high],
    xTicks: ticksBetween(low, high),
    yTicks: ticksBetween(Math.min(...ys), Math.max(...ys)),
    xName: `${name} →`,
    yName: "cosine →",
    radius: many ? 2 : 3.5,
    opacity: many ? 0.35 : 0.7,
  });
  const rho = spearman(xs, ys);
  const hint = `(${counted(dots.length, "pair")}; −1 would be the same ranking).`;
  const said = `Spearman's rho of loss (${name}) and cosine: ${formatFixed(rho, 2)} ${hint}`;
  find("rho").replaceChildren(make("span", "pg-words", rho === null ? "Too few pairs for a correlation." : said));
  find("scatter").setAttribute("aria-label", find("rho").textContent);
}

function drawTwin({ find, state }) {
  const wrap = find("twin").querySelector(".pg-table-wrap");
  wrap.replaceChildren();
  if (!find("twin").open || !state.data) return;
  const { data, on, order } = state;
  const names = order.map((k) => data.words[k]);
  const cell = (r, c) => (r === c ? "–" : textOf(numberOf(state, order[r], order[c])));
  const table = make("table", "pg-table", make("caption", "", `Rows: source, columns: label; ${unitOf(on)}`));
  table.append(namedGrid("", names, names, cell));
  wrap.append(table);
}

function listenToControls(tab) {
  const { root, find, state } = tab;
  for (const button of root.querySelectorAll("[data-switch]"))
    button.addEventListener("click", () => {
      state.on[button.dataset.switch] = !state.on[button.dataset.switch];
      draw(tab);
    });
  find("order").addEventListener("change", () => draw(tab));
  find("word").addEventListener("change", () => drawRanking(tab));
  find("twin").addEventListener("toggle", () => drawTwin(tab));
  const words = (k) => state.pairs[k].map((at) => isolated(state.data.words[at])).join(" → ");
  pointAtDots(
    find("scatter"),
    () => state.places,
    12,
    (k) => {
      find("scatter").title = k === null ? "" : words(k);
    },
  );
}

function listenToMap(tab) {
  const { find, state, trigger } = tab;
  const canvas = find("canvas");
  const count = () => state.data?.words.length ?? 0;
  const move = (row, column) => {
    state.cursor = [row, column];
    drawMap(tab);
  };
  const openPieces = () => {
    const [i, j] = state.cursor.map((at) => state.order[at]);
    if (i !== j) trigger("click", { source: state.data.words[i], target: state.data.words[j] });
  };
  const at = (event) => cellAt(canvas, state.grid, count(), event);
  canvas.addEventListener("mousemove", (event) => {
    const cell = at(event);
    if (cell && String(cell) !== String(state.cursor)) move(...cell);
  });
  canvas.addEventListener("click", (event) => {
    const cell = at(event);
    if (!cell) return;
    move(...cell);
    openPieces();
  });
  arrowKeys(canvas, { place: () => state.cursor, size: () => [count(), count()], move });
  canvas.addEventListener("keydown", (event) => {
    if (!count() || (event.key !== "Enter" && event.key !== " ")) return;
    event.preventDefault();
    openPieces();
  });
}
