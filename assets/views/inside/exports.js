/** Files to take away: the picture, the drawing, and the numbers. */

import { pen } from "../shared/canvas.js";
import { csvText } from "../shared/csv.js";
import { download } from "../shared/download.js";
import { pngOf, svgOf, textMaker } from "../shared/parts.js";
import { gridPicture, gutterPicture } from "./grid.js";
import { linesPicture } from "./lines.js";
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
  if (format === "png") download(`${NAME}.png`, await pngOf(sheetOf(state), state.colours.fonts));
  if (format === "svg") download(`${NAME}.svg`, svgOf(sheetOf(state)), "image/svg+xml");
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
  return { placed, size };
}
