/** The heatmap of words against words, and which of its cells is at a point. */

import { clipped, pen, sized, turned } from "../shared/canvas.js";
import { channels, colour, inkOn } from "../shared/colours.js";
import { placeIn } from "../shared/pointer.js";

/**
 * @typedef {object} Grid  where the cells stand, in CSS pixels
 * @property {number} edge  room for the names, left and above
 * @property {number} size  of a cell
 */

/**
 * @param {HTMLCanvasElement} canvas
 * @param {string[]} words
 * @param {number} width  there is
 * @returns {Grid}
 */
export function gridOf(canvas, words, width) {
  const probe = pen(canvas);
  probe.font = fontOf(canvas, 13);
  const edge = Math.min(130, Math.max(...words.map((word) => probe.measureText(word).width)) + 12);
  const room = Math.max(240, width) - edge - 2;
  return { edge, size: Math.max(8, Math.min(58, Math.floor(room / words.length))) };
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {Grid} grid
 * @param {{ words: string[], cell: (row: number, column: number) => { strength: number, text: string } | null }} map
 *   in the order that is shown; a strength from 0 to 1, null for a cell that stands aside
 * @param {[number, number]} cursor
 */
export function drawHeatmap(canvas, grid, { words, cell }, cursor) {
  const { edge, size } = grid;
  const whole = edge + size * words.length + 2;
  const context = sized(canvas, whole, whole);
  context.textBaseline = "middle";
  drawWords(context, grid, words);
  const ramp = Array.from({ length: 9 }, (_, k) => colour(canvas, `seq-${k}`));
  const line = colour(canvas, "line");
  for (let row = 0; row < words.length; row++)
    for (let column = 0; column < words.length; column++) {
      const shown = cell(row, column);
      const [x, y] = [edge + column * size, edge + row * size];
      const ground = shown ? ramp[Math.min(8, Math.round(shown.strength * 8))] : line;
      context.fillStyle = ground;
      context.fillRect(x, y, size - 1, size - 1);
      if (!shown || size < 40) continue;
      context.fillStyle = inkOn(channels(ground));
      context.textAlign = "center";
      context.font = `11px ${getComputedStyle(canvas).getPropertyValue("--font-mono")}`;
      context.fillText(shown.text, x + size / 2, y + size / 2);
    }
  context.strokeStyle = colour(canvas, "div-pos");
  context.lineWidth = 2;
  context.strokeRect(edge + cursor[1] * size - 0.5, edge + cursor[0] * size - 0.5, size, size);
}

function drawWords(context, { edge, size }, words) {
  context.font = fontOf(context.canvas, Math.min(13, Math.max(8, size - 3)));
  context.fillStyle = colour(context.canvas, "ink");
  words.forEach((word, k) => {
    const middle = edge + k * size + size / 2;
    const text = clipped(context, word, edge - 10);
    context.textAlign = "right";
    context.fillText(text, edge - 6, middle);
    context.textAlign = "left";
    turned(context, [middle, edge - 6], -Math.PI / 2, () => context.fillText(text, 0, 0));
  });
}

/**
 * The cell under the pointer.
 *
 * @param {HTMLCanvasElement} canvas
 * @param {Grid} grid
 * @param {number} count  of words
 * @param {MouseEvent} event
 * @returns {[number, number] | null}
 */
export function cellAt(canvas, { edge, size }, count, event) {
  const [column, row] = placeIn(canvas, event).map((at) => Math.floor((at - edge) / size));
  return row >= 0 && column >= 0 && row < count && column < count ? [row, column] : null;
}

function fontOf(canvas, pixels) {
  return `${pixels}px ${getComputedStyle(canvas).fontFamily}`;
}
