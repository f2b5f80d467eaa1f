/** A picture as a list of simple parts, so that canvas and SVG show the same. */

import { clipped } from "../shared/canvas.js";
import { escaped } from "../shared/svg.js";

/**
 * @typedef {{ kind: "rect", x: number, y: number, width: number, height: number, fill: string }} Rect
 * @typedef {{ kind: "text", x: number, y: number, text: string, fill: string, align?: "left" | "center" | "right",
 *   size?: number, weight?: number, mono?: boolean }} Text
 * @typedef {{ kind: "line", points: [number, number][], stroke: string, width: number, dash?: number[] }} Line
 * @typedef {Rect | Text | Line} Part
 * @typedef {{ width: number, height: number, parts: Part[] }} Picture
 * @typedef {{ plain: string, mono: string }} Fonts  families; tokens stand in the second, as on their chips
 */

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
 * @param {CanvasRenderingContext2D} context
 * @param {Part[]} parts
 * @param {Fonts} fonts
 */
export function paint(context, parts, fonts) {
  context.textBaseline = "middle";
  for (const part of parts) PAINTERS[part.kind](context, /** @type {any} */ (part), fonts);
}

const PAINTERS = {
  rect(context, { x, y, width, height, fill }) {
    context.fillStyle = fill;
    context.fillRect(x, y, width, height);
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
const WRITERS = {
  rect: ({ x, y, width, height, fill }) =>
    `<rect x="${x}" y="${y}" width="${width}" height="${height}" fill="${fill}"/>`,
  text: ({ x, y, text, fill, align, size, weight, mono }) =>
    `<text x="${x}" y="${y + size * 0.35}" fill="${fill}" text-anchor="${ANCHORS[align]}" font-size="${size}" ` +
    `font-weight="${weight}"${mono ? ' font-family="ui-monospace, monospace"' : ""}>${escaped(text)}</text>`,
  line: ({ points, stroke, width, dash = [] }) =>
    `<polyline points="${points.map((point) => point.join(",")).join(" ")}" fill="none" stroke="${stroke}" ` +
    `stroke-width="${width}" stroke-dasharray="${dash.join(" ")}"/>`,
};

/**
 * Pictures below each other as SVG text.
 *
 * @param {{ picture: Picture, x: number, y: number }[]} placed
 * @param {{ width: number, height: number, ground: string }} sheet
 * @returns {string}
 */
export function svgOf(placed, { width, height, ground }) {
  const groups = placed.map(({ picture, x, y }) => {
    const inner = picture.parts.map((part) => WRITERS[part.kind](/** @type {any} */ (part))).join("");
    return `<g transform="translate(${x} ${y})">${inner}</g>`;
  });
  const size = `width="${width}" height="${height}" font-family="system-ui, sans-serif"`;
  const back = `<rect width="100%" height="100%" fill="${ground}"/>`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size}>${back}${groups.join("")}</svg>`;
}
