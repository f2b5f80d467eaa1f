/** Where one head looks on one text, as a triangle of cells: each row is a token, its columns are those up to it. */

import { clipped, sized, turned } from "../shared/canvas.js";
import { along, colour, css, sequentialStops } from "../shared/colours.js";
import { formatProbability } from "../shared/format.js";
import { arrowKeys } from "../shared/keyboard.js";
import { placeIn } from "../shared/pointer.js";
import { spokenPiece, visiblePiece } from "../shared/tokens.js";
import { weightAt } from "./language_model_state.js";

const LEAST = 12;
const MOST = 26;

/**
 * How large cells and the names beside them are.
 *
 * @param {string[]} tokens
 * @param {number} room  CSS pixels from left to right
 * @returns {{ cell: number, edge: number, size: number }}
 */
export function gridOf(tokens, room) {
  const longest = Math.max(1, ...tokens.map((one) => Array.from(visiblePiece(one)).length));
  const edge = Math.min(96, 12 + 8 * longest);
  const cell = Math.max(LEAST, Math.min(MOST, Math.floor((room - edge) / tokens.length)));
  return { cell, edge, size: edge + cell * tokens.length };
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {string[]} tokens
 * @param {(row: number, column: number) => number} weight
 * @param {[number, number] | null} chosen
 * @param {number} room
 */
export function drawAttention(canvas, tokens, weight, chosen, room) {
  const { cell, edge, size } = gridOf(tokens, room);
  const context = sized(canvas, size, size);
  const stops = sequentialStops(canvas);
  const names = tokens.map(visiblePiece);
  context.font = `11px ${getComputedStyle(canvas).fontFamily}`;
  context.textBaseline = "middle";
  const isUpright = names.every((name) => context.measureText(name).width < cell); // single letters need no turning
  names.forEach((name, row) => {
    const middle = edge + (row + 0.5) * cell;
    const [isRow, isColumn] = [chosen?.[0] === row, chosen?.[1] === row];
    context.fillStyle = colour(canvas, isRow ? "accent" : "muted");
    context.textAlign = "right";
    context.fillText(clipped(context, name, edge - 8), edge - 5, middle);
    context.fillStyle = colour(canvas, isColumn ? "accent" : "muted");
    context.textAlign = isUpright ? "center" : "left";
    turned(context, [middle, edge - (isUpright ? 9 : 5)], isUpright ? 0 : -Math.PI / 2, () => {
      context.fillText(isUpright ? name : clipped(context, name, edge - 8), 0, 0);
    });
    for (let column = 0; column <= row; column++) {
      context.fillStyle = css(along(stops, weight(row, column)));
      context.fillRect(edge + column * cell, edge + row * cell, cell - 1, cell - 1);
    }
  });
  if (!chosen) return;
  context.strokeStyle = colour(canvas, "ink");
  context.lineWidth = 2;
  context.strokeRect(edge + chosen[1] * cell, edge + chosen[0] * cell, cell - 1, cell - 1);
}

/**
 * What a cell says, or, without one, what there is to do.
 *
 * @param {string[]} tokens
 * @param {(row: number, column: number) => number} weight
 * @param {[number, number] | null} cell
 * @returns {string}
 */
export function readout(tokens, weight, cell) {
  if (!cell)
    return "A row is a token, its cells are the tokens up to it. Point at one or tap it, or use the arrow keys.";
  const [row, column] = cell;
  const share = formatProbability(weight(row, column));
  const name = (place) => `${spokenPiece(tokens[place])} (token ${place})`;
  return `${name(row)} looks at ${name(column)}: ${share}`;
}

/**
 * Points at cells by mouse and arrow keys.
 *
 * @param {HTMLCanvasElement} canvas
 * @param {object} picture
 * @param {() => string[]} picture.tokens
 * @param {() => number} picture.room
 * @param {() => [number, number] | null} picture.cell
 * @param {(cell: [number, number] | null) => void} picture.point
 */
export function pointAtCells(canvas, picture) {
  canvas.addEventListener("mousemove", (event) => {
    const { cell, edge } = gridOf(picture.tokens(), picture.room());
    const [x, y] = placeIn(canvas, event).map((place) => Math.floor((place - edge) / cell));
    const inside = x >= 0 && y >= x && y < picture.tokens().length;
    picture.point(inside ? [y, x] : null);
  });
  canvas.addEventListener("focus", () => picture.cell() ?? picture.point([0, 0]));
  arrowKeys(canvas, {
    place: () => picture.cell() ?? [0, 0],
    size: () => [picture.tokens().length, picture.tokens().length],
    move: (row, column) => picture.point([row, Math.min(row, column)]),
  });
}

/**
 * The weights of one head, as a function of row and column.
 *
 * @param {Uint8Array} weights
 * @param {number} head
 * @param {number} size
 */
export const weightsOf = (weights, head, size) => (row, column) => weightAt(weights, head, size, row, column);
