/** The map of words as files: both pictures in one SVG or PNG, the numbers as CSV. */

import { pen } from "../shared/canvas.js";
import { csvText } from "../shared/csv.js";
import { makeSvg } from "../shared/dom.js";
import { download } from "../shared/download.js";
import { quoted } from "../shared/format.js";
import { drawPicture } from "./map_picture.js";

const EACH = /** @type {[number, number]} */ ([520, 420]);
const HEAD = 64;

/**
 * @param {import("./map_picture.js").MapView} map
 * @param {number} word  whose neighbours are lit
 * @param {import("./map_picture.js").Inks} inks
 * @returns {SVGElement} both pictures side by side, which stands alone
 */
export function wholePicture(map, word, inks) {
  const [width, height] = [EACH[0] * map.pictures.length, EACH[1] + HEAD];
  const whole = makeSvg("svg", {
    xmlns: "http://www.w3.org/2000/svg",
    width,
    height,
    viewBox: `0 0 ${width} ${height}`,
  });
  whole.append(makeSvg("rect", { width, height, fill: inks.surface }));
  map.pictures.forEach((picture, k) => {
    const inner = makeSvg("svg", { x: k * EACH[0], y: HEAD, width: EACH[0], height: EACH[1] });
    drawPicture(inner, map, picture, { word, size: EACH, inks });
    const text = (y, content, look) =>
      makeSvg("text", { x: k * EACH[0] + 16, y, "font-family": inks.font, ...look }, content);
    whole.append(
      text(26, `${picture.title} · neighbours of ${quoted(map.words[word])}`, {
        fill: inks.ink,
        "font-size": 15,
        "font-weight": 600,
      }),
      text(46, map.origin, { fill: inks.muted, "font-size": 11 }),
      makeSvg("rect", {
        x: k * EACH[0] + 4,
        y: HEAD,
        width: EACH[0] - 8,
        height: EACH[1] - 4,
        fill: "none",
        stroke: inks.line,
      }),
      inner,
    );
  });
  return whole;
}

/**
 * Offers the map as a file.
 *
 * @param {string} format  svg, png or csv
 * @param {import("./map_picture.js").MapView} map
 * @param {number} word
 * @param {import("./map_picture.js").Inks} inks
 */
export async function offerMap(format, map, word, inks) {
  if (format === "csv") return download("word-map.csv", csvText(mapRows(map)), "text/csv");
  const text = new XMLSerializer().serializeToString(wholePicture(map, word, inks));
  if (format === "svg") return download("word-map.svg", text, "image/svg+xml");
  return download("word-map.png", await painted(text));
}

/**
 * @param {import("./map_picture.js").MapView} map
 * @returns {(string | number)[][]} a row for each word
 */
export function mapRows(map) {
  const heads = map.pictures.flatMap(({ name }) => [
    `x by ${name}`,
    `y by ${name}`,
    `nearest by ${name}`,
    `of them still near`,
  ]);
  const rows = map.words.map((word, k) => [
    word,
    ...map.pictures.flatMap(({ points, neighbours, still_near }) => [
      ...points[k],
      neighbours[k].map((other) => map.words[other]).join(", "),
      still_near[k],
    ]),
  ]);
  return [["word", ...heads], ...rows];
}

/** @returns {Promise<Blob>} a PNG of twice the size */
async function painted(text) {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
  await image.decode();
  const canvas = Object.assign(document.createElement("canvas"), { width: image.width * 2, height: image.height * 2 });
  const context = pen(canvas);
  context.scale(2, 2);
  context.drawImage(image, 0, 0);
  return /** @type {Promise<any>} */ (new Promise((resolve) => canvas.toBlob(resolve)));
}
