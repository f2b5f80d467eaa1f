/** The heat map: columns are tokens as they were read, rows are layers, the embeddings at the bottom. */

import { along, css, inkOn } from "../shared/colours.js";
import { placeIn } from "../shared/pointer.js";
import { visiblePiece } from "../shared/tokens.js";
import { placeOf } from "./state.js";

/** @typedef {import("./state.js").State} State */
/** @typedef {import("../shared/parts.js").Picture} Picture */

const GUTTER = 46;
const FOOT = 24;
const TOP = 4;
const WIDEST = 380;

/**
 * Where cells stand, in CSS pixels.
 *
 * @param {State} state
 * @param {number} room  the width that there is for gutter and cells
 */
export function geometryOf({ value }, room) {
  const columns = value?.positions.length ?? 0;
  const rows = (value?.layers ?? 0) + 1;
  const fitting = Math.floor((room - GUTTER - 4) / Math.max(1, columns));
  const cell = Math.max(58, Math.min(WIDEST, fitting));
  const row = rows > 48 ? 18 : 22; // even: letters in the middle of a row stand on whole pixels
  return {
    columns,
    rows,
    cell,
    row,
    top: TOP,
    gutter: GUTTER,
    width: columns * cell + 2,
    height: TOP + rows * row + FOOT,
  };
}

/**
 * The cell under the pointer.
 *
 * @param {State} state
 * @param {HTMLCanvasElement} stage
 * @param {MouseEvent} event
 * @returns {{ layer: number, column: number } | null}
 */
export function cellAt({ geometry: g }, stage, event) {
  const [x, y] = placeIn(stage, event);
  const column = Math.floor(x / g.cell);
  const layer = g.rows - 1 - Math.floor((y - g.top) / g.row);
  return column >= 0 && column < g.columns && layer >= 0 && layer < g.rows ? { layer, column } : null;
}

/**
 * @param {State} state
 * @param {number} layer
 * @param {number} column
 * @returns {[number, number]} the upper left corner of a cell
 */
export function cornerOf({ geometry: g }, layer, column) {
  return [column * g.cell, g.top + (g.rows - 1 - layer) * g.row];
}

/** A cell: its colour, its piece and, where that wins in the end, a line below it: a dot is bold to nobody's eyes. */
function cellParts(state, text, layer, column) {
  const { value, geometry: g, colours } = state;
  const [x, y] = cornerOf(state, layer, column);
  const ground = along(colours.ramp, placeOf(state, layer, column));
  const piece = visiblePiece(value.pieces[value.best[layer][column][0]]);
  const won = value.rank[layer][column] === 1;
  const look = /** @type {const} */ ({ room: g.cell - 10, align: "center", weight: won ? 700 : 400, mono: true });
  const box = { x: x + 1, y: y + 1, width: g.cell - 2, height: g.row - 2 };
  const width = Math.min(14, g.cell / 2);
  const line = { x: x + (g.cell - width) / 2, y: y + g.row - 3.5, width, height: 1.5 };
  return [
    { kind: "rect", ...box, fill: css(ground) },
    text([x + g.cell / 2, y + g.row / 2], piece, inkOn(ground), look),
    ...(won ? [{ kind: "rect", ...line, fill: inkOn(ground) }] : []),
  ];
}

/**
 * @param {State} state
 * @param {ReturnType<typeof import("../shared/parts.js").textMaker>} text
 * @returns {Picture}
 */
export function gridPicture(state, text) {
  const { value, geometry: g, colours } = state;
  /** @type {import("../shared/parts.js").Part[]} */
  const parts = [];
  if (!value) return { width: 0, height: 0, parts };
  for (let layer = 0; layer < g.rows; layer += 1)
    for (let column = 0; column < g.columns; column += 1) parts.push(...cellParts(state, text, layer, column));
  value.tokens.forEach((token, column) => {
    const look = /** @type {const} */ ({ room: g.cell - 6, align: "center", weight: 700, mono: true });
    parts.push(
      text([(column + 0.5) * g.cell, g.top + g.rows * g.row + FOOT / 2], visiblePiece(token), colours.ink, look),
    );
  });
  return { width: g.width, height: g.height, parts };
}

/**
 * The numbers of the layers, beside the cells.
 *
 * @param {State} state
 * @param {ReturnType<typeof import("../shared/parts.js").textMaker>} text
 * @returns {Picture}
 */
export function gutterPicture(state, text) {
  const { geometry: g, colours } = state;
  const parts = Array.from({ length: g.rows }, (_, layer) => {
    const name = layer === 0 ? "embed" : String(layer);
    const y = cornerOf(state, layer, 0)[1] + g.row / 2;
    return text([g.gutter - 6, y], name, colours.muted, { align: "right", size: 11 });
  });
  const read = text([g.gutter - 6, g.top + g.rows * g.row + FOOT / 2], "read", colours.muted, {
    align: "right",
    size: 11,
  });
  return { width: g.gutter, height: g.height, parts: [...parts, read] };
}

/**
 * The cursor, around its cell.
 *
 * @param {CanvasRenderingContext2D} context
 * @param {State} state
 * @param {{ layer: number, column: number }} at
 */
export function paintCursor(context, state, { layer, column }) {
  const { geometry: g, colours } = state;
  const [x, y] = cornerOf(state, layer, column);
  for (const [ink, thick] of /** @type {[string, number][]} */ ([
    [colours.surface, 5],
    [colours.accent, 2.5],
  ])) {
    Object.assign(context, { strokeStyle: ink, lineWidth: thick });
    context.strokeRect(x + 1, y + 1, g.cell - 2, g.row - 2);
  }
}
