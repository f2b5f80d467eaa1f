/** The colours of the picture, read from the page, and the hatching of what is masked. */

import { pen } from "../shared/canvas.js";
import { along, colour, css, inkOn, sequentialStops } from "../shared/colours.js";
import { REASONS } from "./weights.js";

/**
 * @param {HTMLElement} element
 */
export function readPalette(element) {
  const get = (name) => colour(element, name);
  const stops = sequentialStops(element);
  const ramp = Array.from({ length: 256 }, (_, step) => along(stops, step / 255));
  // The same colours as 32-bit pixels, in the byte order of ImageData (little-endian, as every browser's machine is).
  const shades = Uint32Array.from(ramp, ([r, g, b]) => (255 << 24) | (b << 16) | (g << 8) | r);
  const names = { ink: "ink", muted: "muted", line: "line", surface: "surface", surface2: "surface-2" };
  const plain = Object.fromEntries(Object.entries(names).map(([key, name]) => [key, get(name)]));
  const strong = { accent: get("accent"), accentInk: get("accent-ink"), mark: get("div-pos") };
  return { ramp, shades, key: ramp.join(), ...plain, ...strong, font: getComputedStyle(element).fontFamily };
}

/**
 * @param {any} colours
 * @param {number} place  from 0 to 1
 */
export function rampCss(colours, place) {
  return css(colours.ramp[Math.round(place * 255)]);
}

/**
 * @param {any} colours
 * @param {number} place  from 0 to 1
 */
export function inkOnRamp(colours, place) {
  return inkOn(colours.ramp[Math.round(place * 255)]);
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {any} colours
 * @param {number} reason
 * @returns {CanvasPattern}
 */
export function hatching(context, colours, reason) {
  const tile = document.createElement("canvas");
  tile.width = tile.height = 16;
  const brush = pen(tile);
  brush.scale(2, 2);
  brush.fillStyle = colours.surface2;
  brush.fillRect(0, 0, 8, 8);
  Object.assign(brush, { strokeStyle: colours.muted, globalAlpha: 0.6, lineWidth: 0.9, lineCap: "square" });
  for (const [x1, y1, x2, y2] of REASONS[reason].lines) {
    brush.beginPath();
    brush.moveTo(x1, y1);
    brush.lineTo(x2, y2);
    brush.stroke();
  }
  const pattern = /** @type {CanvasPattern} */ (context.createPattern(tile, "repeat"));
  pattern.setTransform(new DOMMatrix().scale(0.5));
  return pattern;
}
