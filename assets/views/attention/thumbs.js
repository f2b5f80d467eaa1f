/** All layers and heads, small, on one canvas. */

import { pen, sized } from "../shared/canvas.js";
import { placeIn } from "../shared/pointer.js";
import { kindOf } from "./state.js";

/** @typedef {import("./state.js").State} State */

const LEFT = 22;
const TOP = 18;
const BEFORE_AVERAGE = 6;
const WIDEST = 1.6; // of a small picture, by its height: many layers leave little height to each

/**
 * Where the thumbnails stand, in CSS pixels.
 *
 * @param {State} state
 * @param {number} width  there is
 */
export function thumbGeometry(state, width) {
  const kind = kindOf(state);
  const columns = kind.heads + 1;
  const room = Math.floor((width - LEFT - 8) / columns);
  const high = Math.max(14, Math.min(56, Math.floor(640 / kind.layers), room));
  const wide = Math.max(high, Math.min(Math.floor(high * WIDEST), 56, room));
  const gap = high > 24 ? 3 : 2;
  return { wide, high, gap, columns, width: LEFT + columns * wide + 8, height: TOP + kind.layers * high };
}

/**
 * @param {State} state
 * @param {HTMLCanvasElement} canvas
 * @param {number} width  there is
 */
export function drawThumbs(state, canvas, width) {
  const { overview, colours } = state;
  if (!overview || !colours || !width) return;
  const kind = kindOf(state);
  const g = thumbGeometry(state, width);
  const context = sized(canvas, g.width, g.height);
  const atlas = painted(state);
  const [w, h] = [overview.columns, overview.rows];
  context.imageSmoothingEnabled = overview.columns > g.wide;
  const place = (layer, head) => [
    LEFT + head * g.wide + (head === kind.heads ? BEFORE_AVERAGE : 0),
    TOP + layer * g.high,
  ];
  for (let layer = 0; layer < kind.layers; layer++)
    for (let head = 0; head < g.columns; head++) {
      const [x, y] = place(layer, head);
      context.drawImage(atlas, head * w, layer * h, w, h, x, y, g.wide - g.gap, g.high - g.gap);
    }
  drawNumbers(context, state, g);
  const frame = (layer, head, colour, thick) => {
    const [x, y] = place(layer, head);
    Object.assign(context, { strokeStyle: colour, lineWidth: thick });
    context.strokeRect(x - 1, y - 1, g.wide - g.gap + 2, g.high - g.gap + 2);
  };
  for (const [layer, head] of state.found) frame(layer, head, colours.mark, 2);
  frame(state.layer, state.head, colours.surface, 4);
  frame(state.layer, state.head, colours.accent, 2.5);
}

/** As many numbers of layers and heads as there is room for. */
function drawNumbers(context, state, g) {
  const { colours } = state;
  const { layers, heads } = kindOf(state);
  Object.assign(context, { font: `10px ${colours.font}`, fillStyle: colours.muted, textBaseline: "middle" });
  context.textAlign = "right";
  const every = Math.ceil(12 / g.high);
  for (let layer = 0; layer < layers; layer += every)
    context.fillText(String(layer), LEFT - 6, TOP + (layer + 0.5) * g.high);
  context.textAlign = "center";
  const step = Math.ceil(16 / g.wide);
  for (let head = 0; head < heads; head += step) context.fillText(String(head), LEFT + (head + 0.5) * g.wide, 8);
  context.fillText("avg", LEFT + (heads + 0.5) * g.wide + BEFORE_AVERAGE, 8);
}

/** All thumbnails on one canvas, made once for an overview and its colours. */
function painted(state) {
  const { overview, colours, scale } = state;
  const key = `${scale}/${colours.key}`;
  if (overview.atlas && overview.key === key) return overview.atlas;
  const { layers, heads } = kindOf(state);
  const { rows, columns, cells, largest } = overview;
  const atlas = document.createElement("canvas");
  atlas.width = columns * (heads + 1);
  atlas.height = rows * layers;
  const pixels = new ImageData(atlas.width, atlas.height);
  const shades = new Uint32Array(pixels.data.buffer);
  let at = 0;
  for (let layer = 0; layer < layers; layer++)
    for (let head = 0; head <= heads; head++) {
      const factor = scale === "one" ? largest[layer][head] : 1;
      const shadeOf = (cell) => colours.shades[Math.round(Math.sqrt((cell / 255) * factor) * 255)];
      const known = Uint32Array.from({ length: 256 }, (_, cell) => shadeOf(cell));
      for (let row = 0; row < rows; row++) {
        const to = (layer * rows + row) * atlas.width + head * columns;
        for (let column = 0; column < columns; column++) shades[to + column] = known[cells[at++]];
      }
    }
  pen(atlas).putImageData(pixels, 0, 0);
  Object.assign(overview, { atlas, key });
  return atlas;
}

/**
 * The layer and head under the pointer.
 *
 * @param {State} state
 * @param {HTMLCanvasElement} canvas
 * @param {number} width  there is
 * @param {MouseEvent} event
 * @returns {[number, number] | null}
 */
export function headAt(state, canvas, width, event) {
  const { wide, high } = thumbGeometry(state, width);
  const { layers, heads } = kindOf(state);
  const [x, y] = placeIn(canvas, event);
  const head = Math.floor((x - LEFT) / wide);
  const layer = Math.floor((y - TOP) / high);
  return head >= 0 && layer >= 0 && head <= heads && layer < layers ? [layer, head] : null;
}
