/** One head large, as a heatmap or its mask. */

import { clipped, pen, turned } from "../shared/canvas.js";
import { NUMBERED } from "./geometry.js";
import { hatching, inkOnRamp } from "./palette.js";
import { maskOf, side, sizes } from "./state.js";
import { maskedRuns, REASONS } from "./weights.js";

/** @typedef {import("./state.js").State} State */

const SLANT = -0.96;
const MASK_STEP = 153;

/**
 * @param {CanvasRenderingContext2D} context
 * @param {State} state
 */
export function paintCells(context, state) {
  const g = state.geometry;
  context.imageSmoothingEnabled = false;
  context.drawImage(cellPixels(state), g.left, g.top, g.k * g.cell, g.q * g.cell);
  for (const { reason, rectangles } of hatchedAreas(state)) {
    context.fillStyle = hatching(context, state.colours, reason);
    for (const [x, y, width, height] of rectangles) context.fillRect(x, y, width, height);
  }
  if (g.cell >= 9) gridLines(context, state);
  if (g.cell >= NUMBERED && state.mode !== "mask") numbers(context, state);
  labels(context, state);
  if (state.mode !== "mask") sums(context, state);
}

/**
 * A pixel for each cell; nothing where it is masked or hidden.
 *
 * @param {State} state
 */
export function cellPixels(state) {
  const [q, k] = sizes(state);
  const mask = maskOf(state);
  const { special } = side(state, "keys");
  const isMask = state.mode === "mask";
  const canvas = document.createElement("canvas");
  canvas.width = k;
  canvas.height = q;
  const image = new ImageData(k, q);
  const shades = new Uint32Array(image.data.buffer);
  for (let index = 0; index < q * k; index++) {
    if (mask[index] || (state.hide && !isMask && special[index % k])) continue;
    shades[index] = state.colours.shades[isMask ? MASK_STEP : state.drawn.steps[index]];
  }
  pen(canvas).putImageData(image, 0, 0);
  return canvas;
}

/**
 * Where cells are masked, by reason.
 *
 * @param {State} state
 * @returns {{ reason: number, rectangles: number[][] }[]}
 */
export function hatchedAreas(state) {
  const g = state.geometry;
  const rectangle = ({ row, start, length }) => [
    g.left + start * g.cell,
    g.top + row * g.cell,
    length * g.cell,
    g.cell,
  ];
  const mask = maskOf(state);
  const areas = Object.keys(REASONS).map(Number);
  return areas
    .map((reason) => ({ reason, rectangles: maskedRuns(mask, reason, [g.q, g.k]).map(rectangle) }))
    .filter(({ rectangles }) => rectangles.length);
}

function gridLines(context, { geometry: g, colours }) {
  context.fillStyle = colours.surface;
  for (let key = 0; key <= g.k; key++) context.fillRect(g.left + key * g.cell - 0.5, g.top, 1, g.q * g.cell);
  for (let row = 0; row <= g.q; row++) context.fillRect(g.left, g.top + row * g.cell - 0.5, g.k * g.cell, 1);
}

function numbers(context, state) {
  const { geometry: g, colours, drawn } = state;
  const mask = maskOf(state);
  const { special } = side(state, "keys");
  context.font = `${g.cell >= 38 ? 11 : 10}px ${colours.font}`;
  Object.assign(context, { textAlign: "center", textBaseline: "middle" });
  for (let index = 0; index < g.q * g.k; index++) {
    const weight = drawn.weights[index];
    if (mask[index] || weight < 0.005 || (state.hide && special[index % g.k])) continue;
    context.fillStyle = inkOnRamp(colours, drawn.steps[index] / 255);
    const text = weight >= 0.995 ? "1.0" : weight.toFixed(2).slice(1);
    const y = g.top + (Math.floor(index / g.k) + 0.5) * g.cell;
    context.fillText(text, g.left + ((index % g.k) + 0.5) * g.cell, y);
  }
}

/** As many labels as there is room for. */
function labels(context, state) {
  const { geometry: g, colours, hide } = state;
  const every = labelStep(g);
  const { special } = side(state, "keys");
  for (let row = 0; row < g.q; row += every) label(context, state, "queries", row, colours.ink);
  for (let key = 0; key < g.k; key += every)
    label(context, state, "keys", key, hide && special[key] ? colours.line : colours.ink);
}

/** @param {{ cell: number }} geometry  Every how many rows and columns there is room for a label. */
export function labelStep(geometry) {
  return Math.max(1, Math.ceil(13 / geometry.cell));
}

function label(context, state, which, index, ink) {
  const { geometry: g, colours } = state;
  const { text, special } = side(state, which);
  context.font = `${special[index] ? "italic " : ""}12px ${colours.font}`;
  Object.assign(context, { fillStyle: ink, textBaseline: "middle" });
  const middle = (index + 0.5) * g.cell;
  if (which === "queries") {
    context.textAlign = "right";
    context.fillText(clipped(context, text[index], g.left - 12), g.left - 7, g.top + middle);
    return;
  }
  turned(context, [g.left + middle + 1, g.top - 7], SLANT, () => {
    context.textAlign = "left";
    context.fillText(clipped(context, text[index], (g.top - 16) / 0.82), 0, 0);
  });
}

function sums(context, { geometry: g, colours, drawn, hide }) {
  const x = g.left + g.k * g.cell + 7;
  Object.assign(context, { font: `11px ${colours.font}`, textAlign: "left", fillStyle: colours.muted });
  context.textBaseline = "middle";
  for (let row = 0; row < g.q; row += labelStep(g))
    context.fillText(drawn.kept[row].toFixed(2), x, g.top + (row + 0.5) * g.cell);
  context.textBaseline = "bottom";
  context.fillText(hide ? "kept" : "sum", x, g.top - 4);
}

/**
 * The cursor: its row, its column, its cell, and the labels of both.
 *
 * @param {CanvasRenderingContext2D} context
 * @param {State} state
 * @param {{ q: number, k: number }} at
 */
export function focusCell(context, state, at) {
  const { geometry: g, colours } = state;
  const [x, y] = [g.left + at.k * g.cell, g.top + at.q * g.cell];
  Object.assign(context, { fillStyle: colours.accent, globalAlpha: 0.9 });
  context.fillRect(g.left, y - 1, g.k * g.cell, 1);
  context.fillRect(g.left, y + g.cell, g.k * g.cell, 1);
  context.fillRect(x - 1, g.top, 1, g.q * g.cell);
  context.fillRect(x + g.cell, g.top, 1, g.q * g.cell);
  context.globalAlpha = 1;
  for (const [ink, thick] of [
    [colours.surface, 5],
    [colours.accent, 2.5],
  ]) {
    Object.assign(context, { strokeStyle: ink, lineWidth: thick });
    context.strokeRect(x - 1, y - 1, g.cell + 2, g.cell + 2);
  }
  pill(context, state, "queries", at.q);
  pill(context, state, "keys", at.k);
}

/**
 * How high the ground of a label may be: it lies on no letter of its neighbours, where these can be drawn at all.
 *
 * @param {number} apart  the middles of two labels
 */
export const groundHeight = (apart) => 2 * Math.min(9, Math.max(6.5, apart - 5.5));

/** The label of the row or column in focus, on a ground of its own: readable where labels are thinned out. */
function pill(context, state, which, index) {
  const { geometry: g, colours } = state;
  const text = side(state, which).text[index];
  const isQuery = which === "queries";
  const middle = (index + 0.5) * g.cell;
  context.font = `600 12px ${colours.font}`;
  const width = Math.min(context.measureText(text).width, isQuery ? g.left - 12 : (g.top - 16) / 0.82) + 8;
  const height = groundHeight(isQuery ? g.cell : -g.cell * Math.sin(SLANT));
  const origin = isQuery ? [g.left - 3 - width, g.top + middle] : [g.left + middle - 1, g.top - 5];
  turned(context, /** @type {[number, number]} */ (origin), isQuery ? 0 : SLANT, () => {
    context.fillStyle = colours.accent;
    context.beginPath();
    context.roundRect(0, -height / 2, width, height, 4);
    context.fill();
    Object.assign(context, { fillStyle: colours.accentInk, textAlign: "left", textBaseline: "middle" });
    context.fillText(clipped(context, text, width - 8), 4, 0.5);
  });
}
