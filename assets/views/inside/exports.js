/** Files to take away: the picture, the drawing, and the numbers. */

import { pen } from "../shared/canvas.js";
import { csvText } from "../shared/csv.js";
import { download } from "../shared/download.js";
import { gridPicture, gutterPicture } from "./grid.js";
import { linesPicture } from "./lines.js";
import { paint, svgOf, textMaker } from "./parts.js";
import { jsonOf, tableOf, tracksTitle } from "./state.js";

const EDGE = 14;
const HEAD = 30;
const NAME = "layer-by-layer";

/**
 * Offers what is shown as a file.
 *
 * @param {import("./state.js").State} state
 * @param {string} format
 * @param {(text: string) => void} say
 */
export async function exportAs(state, format, say) {
  const { value } = state;
  if (!value) return;
  if (format === "png") download(`${NAME}.png`, await pngOf(state));
  if (format === "svg") download(`${NAME}.svg`, sheetOf(state).svg, "image/svg+xml");
  if (format === "csv") download(`${NAME}.csv`, csvText(tableOf(value)), "text/csv");
  if (format === "json") download(`${NAME}.json`, jsonOf(value), "application/json");
  say(`${NAME}.${format} is ready.`);
}

/** Heat map and lines on one sheet. */
function sheetOf(state) {
  const { colours } = state;
  const context = pen(document.createElement("canvas"));
  const text = textMaker(context, colours.fonts);
  const [gutter, grid] = [gutterPicture(state, text), gridPicture(state, text)];
  const lines = linesPicture(state, 900, text);
  const width = Math.max(gutter.width + grid.width, lines.width) + 2 * EDGE;
  const head = (title) => {
    return { width, height: HEAD, parts: [text([0, HEAD / 2], title, colours.ink, { weight: 600, size: 14 })] };
  };
  const second = EDGE + HEAD + grid.height + EDGE;
  const placed = [
    { picture: head(`${state.value.title}: what it would say after each layer`), x: EDGE, y: EDGE },
    { picture: gutter, x: EDGE, y: EDGE + HEAD },
    { picture: grid, x: EDGE + gutter.width, y: EDGE + HEAD },
    { picture: head(tracksTitle(state.value, state.column)), x: EDGE, y: second },
    { picture: lines, x: EDGE, y: second + HEAD },
  ];
  const size = { width, height: second + HEAD + lines.height + EDGE, ground: colours.surface };
  return { placed, size, svg: svgOf(placed, size) };
}

function pngOf(state) {
  const { placed, size } = sheetOf(state);
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: size.width * 2, height: size.height * 2 });
  const context = pen(canvas);
  context.scale(2, 2);
  context.fillStyle = size.ground;
  context.fillRect(0, 0, size.width, size.height);
  for (const { picture, x, y } of placed) {
    context.save();
    context.translate(x, y);
    paint(context, picture.parts, state.colours.fonts);
    context.restore();
  }
  return /** @type {Promise<any>} */ (new Promise((resolve) => canvas.toBlob(resolve)));
}
