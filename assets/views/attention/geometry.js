/** Where rows, columns and labels stand on the stage, in CSS pixels. */

import { pen } from "../shared/canvas.js";
import { placeIn } from "../shared/pointer.js";
import { side, sizes } from "./state.js";

/** @typedef {import("./state.js").State} State */

export const NUMBERED = 34; // the smallest cell that its weight can be written in

/**
 * @param {State} state
 * @param {HTMLCanvasElement} stage
 * @param {number} width  there is
 * @param {number} height  that can be seen at once
 */
export function geometryOf(state, stage, width, height) {
  const narrow = width < 480;
  return state.mode === "lines"
    ? linesGeometry(state, stage, width, narrow)
    : cellsGeometry(state, stage, width, height);
}

function widest(state, stage, which, limit) {
  const brush = pen(stage);
  brush.font = `12px ${state.colours.font}`;
  return Math.min(limit, Math.max(...side(state, which).text.map((word) => brush.measureText(word).width)));
}

function linesGeometry(state, stage, width, narrow) {
  const [q, k] = sizes(state);
  const most = Math.max(q, k);
  const row = (most > 64 ? 14 : most > 24 ? 18 : 24) * 1.5 ** state.zoom;
  const limit = narrow ? 90 : 150;
  const left = widest(state, stage, "queries", limit) + 22;
  const right = widest(state, stage, "keys", limit) + 22;
  return { lines: true, q, k, row, left, right, top: 26, width: Math.min(width, 760), height: 26 + most * row + 6 };
}

function cellsGeometry(state, stage, width, height) {
  const narrow = width < 480;
  const [q, k] = sizes(state);
  const left = widest(state, stage, "queries", narrow ? 64 : 120) + 22;
  const tall = widest(state, stage, "keys", narrow ? 70 : 110);
  const top = tall * 0.82 + 18;
  const right = Math.max(46, tall * 0.58);
  const fitting = cellThatFits(q, k, width - left - right, height - top - 4) * 1.5 ** state.zoom;
  const cell = fitting > 4 ? Math.floor(fitting) : fitting;
  return { lines: false, q, k, cell, left, top, right, width: left + k * cell + right, height: top + q * cell + 4 };
}

/**
 * The size of a cell: all columns fit the width; all rows the height, too, while numbers can stand in them.
 *
 * @param {number} q
 * @param {number} k
 * @param {number} width  for all columns
 * @param {number} height  for all rows
 */
export function cellThatFits(q, k, width, height) {
  const wide = Math.max(1.5, Math.min(k > 6 ? 46 : 56, width / k));
  return Math.min(wide, Math.max(NUMBERED, height / q));
}

/**
 * The cell under the pointer; among lines the token, with the side that it stands on.
 *
 * @param {State} state
 * @param {HTMLCanvasElement} stage
 * @param {MouseEvent} event
 * @returns {{ q: number, k: number, side?: string } | null}
 */
export function cellAt(state, stage, event) {
  const g = state.geometry;
  const [x, y] = placeIn(stage, event);
  if (g.lines) {
    const index = Math.floor((y - g.top) / g.row);
    const isKey = x > g.width / 2;
    if (index < 0 || index >= (isKey ? g.k : g.q)) return null;
    return isKey ? { q: state.q, k: index, side: "keys" } : { q: index, k: state.k, side: "queries" };
  }
  const k = Math.floor((x - g.left) / g.cell);
  const q = Math.floor((y - g.top) / g.cell);
  return q >= 0 && k >= 0 && q < g.q && k < g.k ? { q, k } : null;
}

/**
 * Keeps the cursor in sight where the picture is larger than its frame.
 *
 * @param {State} state
 * @param {HTMLElement} frame
 */
export function scrollToCursor(state, frame) {
  const g = state.geometry;
  const x = g.lines ? 0 : g.left + state.k * g.cell;
  const y = g.top + state.q * (g.lines ? g.row : g.cell);
  const edge = 40;
  const within = (scroll, size, at) => Math.min(Math.max(scroll, at - size + edge), at - edge);
  frame.scrollLeft = within(frame.scrollLeft, frame.clientWidth, x);
  frame.scrollTop = within(frame.scrollTop, frame.clientHeight, y);
}
