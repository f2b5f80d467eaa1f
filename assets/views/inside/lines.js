/** Tokens through the layers: how probable each of them is after each layer, at one position. */

import { visiblePiece } from "../shared/tokens.js";

/** @typedef {import("./state.js").State} State */
/** @typedef {import("../shared/parts.js").Part} Part */

const DASHES = [[], [7, 4], [2, 3], [10, 3, 2, 3], [4, 2], [1, 2], [12, 4], [6, 2, 2, 2]];
const LEFT = 44;
const TOP = 10;
const HEIGHT = 190;
const FOOT = 34;
const BESIDE = 118;
const LABEL = 15;

/**
 * @param {State} state
 * @param {number} room
 * @param {ReturnType<typeof import("../shared/parts.js").textMaker>} text
 * @returns {import("../shared/parts.js").Picture}
 */
export function linesPicture(state, room, text) {
  const { value, colours } = state;
  const width = Math.max(260, Math.min(room, 1840));
  /** @type {Part[]} */
  const parts = [];
  if (!value) return { width, height: 0, parts };
  const right = width - BESIDE;
  const toX = (layer) => LEFT + (layer / value.layers) * (right - LEFT);
  const toY = (share) => TOP + (1 - share) * HEIGHT;
  for (const share of [0, 0.25, 0.5, 0.75, 1]) {
    parts.push(line(level(LEFT, right, toY(share)), colours.line, 1));
    parts.push(text([LEFT - 6, toY(share)], `${share * 100}\u00a0%`, colours.muted, { align: "right", size: 11 }));
  }
  for (const layer of ticks(value.layers, (right - LEFT) / 30))
    parts.push(text([toX(layer), toY(0) + 12], String(layer), colours.muted, { align: "center", size: 11 }));
  parts.push(text([(LEFT + right) / 2, toY(0) + 27], "layer", colours.muted, { align: "center", size: 11 }));
  const tracks = value.tracks[state.column];
  const ends = tracks.map(({ shares }) => toY(shares[value.layers]));
  const heights = spread(ends, [TOP, toY(0)]);
  tracks.forEach(({ piece, shares }, k) => {
    const ink = colours.lines[k % colours.lines.length];
    const points = shares.map((share, layer) => /** @type {[number, number]} */ ([toX(layer), toY(share)]));
    parts.push(line(points, ink, 2.2, DASHES[k % DASHES.length]));
    parts.push(line(level(right + 3, right + 25, heights[k]), ink, 2.2, DASHES[k % DASHES.length]));
    parts.push(text([right + 30, heights[k]], visiblePiece(piece), colours.ink, { room: BESIDE - 32, mono: true }));
  });
  const x = toX((state.over ?? state).layer);
  const upright = /** @type {[number, number][]} */ ([TOP, toY(0)].map((y) => [x, y]));
  parts.push(line(upright, colours.accent, 1));
  return { width, height: TOP + HEIGHT + FOOT, parts };
}

/** @returns {[number, number][]} a line from left to right */
function level(from, to, y) {
  return [
    [from, y],
    [to, y],
  ];
}

/** @returns {Part} */
function line(points, stroke, width, dash = []) {
  return { kind: "line", points, stroke, width, dash };
}

/**
 * Layers that get a number, so that no two touch.
 *
 * @param {number} layers
 * @param {number} most
 * @returns {number[]}
 */
export function ticks(layers, most) {
  const step = [1, 2, 4, 5, 10, 20, 50].find((one) => layers / one <= most) ?? layers;
  const found = Array.from({ length: Math.floor(layers / step) + 1 }, (_, k) => k * step);
  return layers - found[found.length - 1] > step / 2 ? [...found, layers] : found;
}

/**
 * Heights of labels, moved apart so that none covers another, in their order.
 *
 * @param {number[]} wanted
 * @param {[number, number]} within
 * @returns {number[]}
 */
export function spread(wanted, [low, high]) {
  const order = wanted.map((_, k) => k).sort((a, b) => wanted[a] - wanted[b]);
  const places = wanted.slice();
  let least = low;
  for (const k of order) {
    places[k] = Math.max(places[k], least);
    least = places[k] + LABEL;
  }
  let most = high;
  for (const k of order.reverse()) {
    places[k] = Math.min(places[k], most);
    most = places[k] - LABEL;
  }
  return places;
}
