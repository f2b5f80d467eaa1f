/** One head large, as lines from queries to keys. */

import { clipped } from "../shared/canvas.js";
import { maskOf, side } from "./state.js";
import { strongest } from "./weights.js";

/** @typedef {import("./state.js").State} State */

/**
 * The ends and the bend of a line.
 *
 * @param {any} g  the geometry
 * @param {number} index  of its cell
 */
export function curveOf(g, index) {
  const [x1, x2] = [g.left, g.width - g.right];
  const y1 = g.top + (Math.floor(index / g.k) + 0.5) * g.row;
  const y2 = g.top + ((index % g.k) + 0.5) * g.row;
  return { x1, y1, x2, y2, bend: (x2 - x1) * 0.42 };
}

/**
 * How a line looks.
 *
 * @param {number} place  of its weight on the ramp, from 0 to 1
 * @param {boolean} strong  whether it belongs to the token in focus
 */
export function strokeOf(place, strong) {
  const opacity = strong ? 0.25 + 0.75 * place : place * place;
  return { opacity, width: (strong ? 1 : 0.6) + place * (strong ? 3.5 : 2.2) };
}

/** @param {State} state  The lines of the whole picture. */
export function allLines(state) {
  return strongest(state.drawn.weights.keys(), maskOf(state), state.drawn);
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {State} state
 */
export function paintLines(context, state) {
  drawLines(context, state, allLines(state), false);
  lineLabels(context, state);
}

function drawLines(context, { geometry: g, colours, drawn }, cells, strong) {
  context.strokeStyle = colours.accent;
  for (const index of cells) {
    const { opacity, width } = strokeOf(drawn.steps[index] / 255, strong);
    const { x1, y1, x2, y2, bend } = curveOf(g, index);
    Object.assign(context, { globalAlpha: opacity, lineWidth: width });
    context.beginPath();
    context.moveTo(x1, y1);
    context.bezierCurveTo(x1 + bend, y1, x2 - bend, y2, x2, y2);
    context.stroke();
  }
  context.globalAlpha = 1;
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {State} state
 */
export function lineLabels(context, state) {
  const { geometry: g, colours } = state;
  for (let row = 0; row < g.q; row++) lineLabel(context, state, "queries", row, colours.ink);
  for (let key = 0; key < g.k; key++) lineLabel(context, state, "keys", key, colours.ink);
  Object.assign(context, { font: `11px ${colours.font}`, fillStyle: colours.muted });
  context.textAlign = "right";
  context.fillText("query", g.left - 8, 12);
  context.textAlign = "left";
  context.fillText("key", g.width - g.right + 8, 12);
}

function lineLabel(context, state, which, index, ink, weight = 400) {
  const { geometry: g, colours } = state;
  const { text, special } = side(state, which);
  const isQuery = which === "queries";
  context.font = `${weight} ${special[index] ? "italic " : ""}${g.row < 16 ? 11 : 12.5}px ${colours.font}`;
  Object.assign(context, { fillStyle: ink, textAlign: isQuery ? "right" : "left", textBaseline: "middle" });
  const x = isQuery ? g.left - 8 : g.width - g.right + 8;
  const shown = clipped(context, text[index], (isQuery ? g.left : g.right) - 14);
  context.fillText(shown, x, g.top + (index + 0.5) * g.row);
}

/**
 * The token in focus: its lines, a bar for each weight on the other side, and its label.
 *
 * @param {CanvasRenderingContext2D} context
 * @param {State} state
 * @param {{ q: number, k: number }} at
 */
export function focusLines(context, state, at) {
  const { geometry: g, colours } = state;
  const byKey = state.over?.side === "keys";
  const cell = (_, index) => (byKey ? index * g.k + at.k : at.q * g.k + index);
  const cells = Array.from({ length: byKey ? g.q : g.k }, cell);
  drawLines(context, state, strongest(cells, maskOf(state), state.drawn), true);
  weightBars(context, state, cells, byKey);
  const index = byKey ? at.k : at.q;
  context.fillStyle = colours.accent;
  context.beginPath();
  const left = byKey ? g.width - g.right + 3 : 2;
  context.roundRect(left, g.top + index * g.row + 1, (byKey ? g.right : g.left) - 6, g.row - 2, 4);
  context.fill();
  lineLabel(context, state, byKey ? "keys" : "queries", index, colours.accentInk, 600);
  if (byKey) return;
  Object.assign(context, { strokeStyle: colours.mark, lineWidth: 2 });
  context.strokeRect(g.width - g.right + 3, g.top + at.k * g.row + 1, g.right - 6, g.row - 2);
}

function weightBars(context, state, cells, byKey) {
  const { geometry: g, colours, drawn } = state;
  const mask = maskOf(state);
  Object.assign(context, { globalAlpha: 0.28, fillStyle: colours.accent });
  for (const index of cells) {
    if (mask[index]) continue;
    const other = byKey ? Math.floor(index / g.k) : index % g.k;
    const width = ((byKey ? g.left : g.right) - 4) * (drawn.steps[index] / 255) ** 2;
    const x = byKey ? g.left - 4 - width : g.width - g.right + 4;
    context.fillRect(x, g.top + other * g.row + 1, width, g.row - 2);
  }
  context.globalAlpha = 1;
}
