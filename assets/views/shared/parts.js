/** A picture as a list of simple parts, so that canvas and SVG show the same. */

import { clipped, pen } from "./canvas.js";
import { makeSvg } from "./dom.js";
import { escaped } from "./svg.js";

/**
 * @typedef {{ kind: "rect", x: number, y: number, width: number, height: number, fill: string, stroke?: string,
 *   radius?: number, thick?: number }} Rect  "none" fills nothing
 * @typedef {{ kind: "text", x: number, y: number, text: string, fill: string, align?: "left" | "center" | "right",
 *   size?: number, weight?: number, mono?: boolean }} Text
 * @typedef {{ kind: "line", points: [number, number][], stroke: string, width: number, dash?: number[] }} Line
 * @typedef {Rect | Text | Line} Part
 * @typedef {{ width: number, height: number, parts: Part[] }} Picture
 * @typedef {{ placed: { picture: Picture, x: number, y: number }[],
 *   size: { width: number, height: number, ground: string } }} Sheet  pictures below each other, to be taken away
 * @typedef {{ plain: string, mono: string }} Fonts  families; tokens stand in the second, as on their chips
 */

/**
 * The families of an element of the page.
 *
 * @param {Element} element
 * @returns {Fonts}
 */
export function fontsOf(element) {
  const style = getComputedStyle(element);
  return { plain: style.fontFamily, mono: style.getPropertyValue("--font-mono") };
}

/**
 * Parts of text that are cut where they are wider than their room.
 *
 * @param {CanvasRenderingContext2D} context
 * @param {Fonts} fonts
 */
export function textMaker(context, fonts) {
  /**
   * @param {[number, number]} place
   * @param {string} text
   * @param {string} fill
   * @param {Omit<Partial<Text>, "kind"> & { room?: number }} [look]
   * @returns {Text}
   */
  return ([x, y], text, fill, { room = Infinity, align = "left", size = 12, weight = 400, mono = false } = {}) => {
    context.font = `${weight} ${size}px ${mono ? fonts.mono : fonts.plain}`;
    return { kind: "text", x, y, text: clipped(context, text, room), fill, align, size, weight, mono };
  };
}

/**
 * The points of a line.
 *
 * @param {...number} flat  x and y in turn
 * @returns {[number, number][]}
 */
export function pairs(...flat) {
  return Array.from({ length: flat.length / 2 }, (_, k) => [flat[2 * k], flat[2 * k + 1]]);
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Part[]} parts
 * @param {Fonts} fonts
 */
export function paint(context, parts, fonts) {
  context.textBaseline = "middle";
  for (const part of parts) PAINTERS[part.kind](context, /** @type {any} */ (part), fonts);
}

const PAINTERS = {
  rect(context, { x, y, width, height, fill, stroke, radius = 0, thick = 1 }) {
    context.beginPath();
    context.roundRect(x, y, width, height, radius);
    context.fillStyle = fill;
    if (fill !== "none") context.fill();
    if (!stroke) return;
    Object.assign(context, { strokeStyle: stroke, lineWidth: thick });
    context.stroke();
  },
  text(context, { x, y, text, fill, align, size, weight, mono }, fonts) {
    const family = mono ? fonts.mono : fonts.plain;
    Object.assign(context, { fillStyle: fill, textAlign: align, font: `${weight} ${size}px ${family}` });
    context.fillText(text, x, y);
  },
  line(context, { points, stroke, width, dash = [] }) {
    Object.assign(context, { strokeStyle: stroke, lineWidth: width, lineJoin: "round" });
    context.setLineDash(dash);
    context.beginPath();
    for (const [x, y] of points) context.lineTo(x, y);
    context.stroke();
    context.setLineDash([]);
  },
};

const ANCHORS = { left: "start", center: "middle", right: "end" };
/** Each kind of part as an element of SVG: its tag, its attributes and its text. */
const WRITERS = {
  rect: ({ x, y, width, height, fill, stroke = "none", radius = 0, thick = 1 }) => [
    "rect",
    { x, y, width, height, fill, stroke, rx: radius, "stroke-width": thick },
  ],
  text: ({ x, y, text, fill, align = "left", size = 12, weight = 400, mono = false }) => [
    "text",
    {
      ...{ x, y: y + size * 0.35, fill, "text-anchor": ANCHORS[align], "font-size": size, "font-weight": weight },
      ...(mono ? { "font-family": "ui-monospace, monospace" } : {}),
    },
    text,
  ],
  line: ({ points, stroke, width, dash = [] }) => [
    "polyline",
    {
      points: points.map((point) => point.join(",")).join(" "),
      ...{ fill: "none", stroke, "stroke-width": width, "stroke-dasharray": dash.join(" ") },
    },
  ],
};

function written(part) {
  const [tag, attributes, text = ""] = WRITERS[part.kind](/** @type {any} */ (part));
  const named = Object.entries(attributes).map(([name, value]) => `${name}="${value}"`);
  return `<${tag} ${named.join(" ")}>${escaped(text)}</${tag}>`;
}

/**
 * A picture as elements of SVG for the page.
 *
 * @param {Part[]} parts
 * @returns {SVGElement[]}
 */
export function svgNodes(parts) {
  return parts.map((part) => {
    const [tag, attributes, text] = WRITERS[part.kind](/** @type {any} */ (part));
    return makeSvg(tag, attributes, text);
  });
}

/**
 * A sheet as SVG text.
 *
 * @param {Sheet} sheet
 * @returns {string}
 */
export function svgOf({ placed, size: { width, height, ground } }) {
  const groups = placed.map(({ picture, x, y }) => {
    const inner = picture.parts.map(written).join("");
    return `<g transform="translate(${x} ${y})">${inner}</g>`;
  });
  const look = `width="${width}" height="${height}" font-family="system-ui, sans-serif"`;
  const back = `<rect width="100%" height="100%" fill="${ground}"/>`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${look}>${back}${groups.join("")}</svg>`;
}

/**
 * A sheet as a PNG of twice its size.
 *
 * @param {Sheet} sheet
 * @param {Fonts} fonts
 * @returns {Promise<Blob>}
 */
export function pngOf({ placed, size }, fonts) {
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: size.width * 2, height: size.height * 2 });
  const context = pen(canvas);
  context.scale(2, 2);
  context.fillStyle = size.ground;
  context.fillRect(0, 0, size.width, size.height);
  for (const { picture, x, y } of placed) {
    context.save();
    context.translate(x, y);
    paint(context, picture.parts, fonts);
    context.restore();
  }
  return /** @type {Promise<any>} */ (new Promise((resolve) => canvas.toBlob(resolve)));
}
