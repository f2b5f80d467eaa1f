/** An answer as files: the picture, the numbers, and all that there is to say of it. */

import { pen } from "../shared/canvas.js";
import { colour } from "../shared/colours.js";
import { csvText } from "../shared/csv.js";
import { download } from "../shared/download.js";
import { fontsOf, pngOf, svgOf } from "../shared/parts.js";
import { sheetOf } from "./sheet.js";

/**
 * Offers the answer as a file.
 *
 * @param {Element} element  the view, whose colours count
 * @param {Record<string, any>} value
 * @param {string} format
 * @returns {Promise<string>} the file's name
 */
export async function exportAs(element, value, format) {
  const name = `${value.task}.${format}`;
  if (format === "csv") download(name, csvText(value.rows), "text/csv");
  else if (format === "json") download(name, JSON.stringify(value.json, null, 1), "application/json");
  else {
    const context = pen(document.createElement("canvas"));
    const look = { ink: (/** @type {string} */ one) => colour(element, one), fonts: fontsOf(element), context };
    const sheet = sheetOf(value, look);
    if (format === "svg") download(name, svgOf(sheet), "image/svg+xml");
    else download(name, await pngOf(sheet, look.fonts));
  }
  return name;
}
