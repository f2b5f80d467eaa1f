/** A scatter plot on a canvas, and the dot under the pointer. */

import { sized, turned } from "./canvas.js";
import { colour } from "./colours.js";
import { withMinus } from "./format.js";
import { placeLabels } from "./labels.js";
import { placeIn } from "./pointer.js";

/**
 * @typedef {object} Dot
 * @property {number} x
 * @property {number} y
 * @property {boolean} [marked]  drawn as a square in another colour
 * @property {string} [label]  written beside it
 */

/**
 * @typedef {object} Plot
 * @property {[number, number]} size  width and height in CSS pixels
 * @property {[number, number]} xRange  values at the left and right edge
 * @property {number[]} [xTicks]  values written below the frame
 * @property {number[]} [yTicks]  values written left of the frame
 * @property {string} xName
 * @property {string} yName
 * @property {number} radius  of a dot
 * @property {number} opacity  of dots that are not marked
 */

const INSET = 10;
const LINE = 15; // the height of a label

/**
 * Draws the dots and returns where each stands.
 *
 * @param {HTMLCanvasElement} canvas
 * @param {Dot[]} dots
 * @param {Plot} plot
 * @returns {[number, number][]} x and y in CSS pixels, in the order of the dots
 */
export function drawScatter(canvas, dots, plot) {
  const [width, height] = plot.size;
  const context = sized(canvas, width, height);
  const frame = { left: plot.yTicks ? 58 : 32, top: 8, right: width - 8, bottom: height - (plot.xTicks ? 34 : 24) };
  const { toX, toY } = scales(dots, plot.xRange, frame);
  context.strokeStyle = colour(canvas, "line");
  context.strokeRect(frame.left, frame.top, frame.right - frame.left, frame.bottom - frame.top);
  const muted = colour(canvas, "muted");
  drawNames(context, plot, frame, { toX, toY }, muted);
  const places = dots.map(({ x, y }) => /** @type {[number, number]} */ ([toX(x), toY(y)]));
  const inks = {
    plain: colour(canvas, "accent"),
    marked: colour(canvas, "div-pos"),
    label: colour(canvas, "ink"),
    muted,
  };
  for (const [k, dot] of dots.entries()) drawDot(context, dot, places[k], plot, inks);
  drawLabels(context, dots, places, plot.radius, frame, inks);
  return places;
}

function scales(dots, xRange, frame) {
  const heights = dots.map(({ y }) => y);
  const [low, high] = [Math.min(...heights), Math.max(...heights)];
  const [inX, inY] = [frame.right - frame.left - 2 * INSET, frame.bottom - frame.top - 2 * INSET];
  return {
    toX: (x) => frame.left + INSET + ((x - xRange[0]) / (xRange[1] - xRange[0] || 1)) * inX,
    toY: (y) => frame.bottom - INSET - ((y - low) / (high - low || 1)) * inY,
  };
}

function drawNames(context, plot, frame, { toX, toY }, ink) {
  context.fillStyle = ink;
  context.font = `12px ${getComputedStyle(context.canvas).fontFamily}`;
  context.textAlign = "center";
  for (const tick of plot.xTicks ?? []) context.fillText(withMinus(String(tick)), toX(tick), frame.bottom + 15);
  context.textAlign = "right";
  for (const tick of plot.yTicks ?? []) context.fillText(withMinus(String(tick)), frame.left - 5, toY(tick) + 4);
  context.textAlign = "center";
  context.fillText(plot.xName, (frame.left + frame.right) / 2, plot.size[1] - 5);
  const middle = (frame.top + frame.bottom) / 2;
  turned(context, [16, middle], -Math.PI / 2, () => context.fillText(plot.yName, 0, 0));
}

/**
 * Round numbers from low to high, three to six of them.
 *
 * @param {number} low
 * @param {number} high
 * @returns {number[]}
 */
export function ticksBetween(low, high) {
  const rough = (high - low) / 4 || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 2.5, 5].find((unit) => unit * power >= rough) ?? 10) * power;
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, k) => Number(((first + k) * step).toPrecision(6)));
}

function drawDot(context, dot, [x, y], plot, inks) {
  context.fillStyle = dot.marked ? inks.marked : inks.plain;
  context.globalAlpha = dot.marked ? 1 : plot.opacity;
  context.beginPath();
  const r = plot.radius;
  if (dot.marked) context.rect(x - r, y - r, 2 * r, 2 * r);
  else context.arc(x, y, r, 0, 7);
  context.fill();
  context.globalAlpha = 1;
}

function drawLabels(context, dots, places, radius, frame, inks) {
  const named = [...dots.keys()].filter((k) => dots[k].label);
  const labels = named.map((k) => ({
    at: places[k],
    size: /** @type {[number, number]} */ ([context.measureText(dots[k].label).width, LINE]),
  }));
  const boxes = placeLabels(labels, places, radius, frame);
  Object.assign(context, { fillStyle: inks.label, strokeStyle: inks.muted, textAlign: "left" });
  for (const [n, box] of boxes.entries()) {
    context.fillText(dots[named[n]].label, box.left, box.bottom - 4);
    drawLead(context, places[named[n]], box, radius);
  }
}

/** A line from a dot to its label, where that stands apart. */
function drawLead(context, [x, y], { left, top, right, bottom }, radius) {
  const [toX, toY] = [Math.min(Math.max(x, left), right), Math.min(Math.max(y, top), bottom)];
  if (Math.hypot(toX - x, toY - y) < 2 * radius + 4) return;
  context.beginPath();
  context.moveTo(x, y);
  context.lineTo(toX, toY);
  context.stroke();
}

/**
 * The index of the place nearest to a point; null where none is within reach.
 *
 * @param {[number, number][]} places
 * @param {[number, number]} point
 * @param {number} reach
 * @returns {number | null}
 */
export function nearest(places, [x, y], reach) {
  let best = /** @type {number | null} */ (null);
  let least = reach ** 2;
  places.forEach((place, k) => {
    const distance = (place[0] - x) ** 2 + (place[1] - y) ** 2;
    if (distance >= least) return;
    best = k;
    least = distance;
  });
  return best;
}

/**
 * Calls back with the dot under the pointer, or null.
 *
 * @param {HTMLCanvasElement} canvas
 * @param {() => [number, number][]} places
 * @param {number} reach
 * @param {(index: number | null) => void} show
 */
export function pointAtDots(canvas, places, reach, show) {
  canvas.addEventListener("mousemove", (event) => show(nearest(places(), placeIn(canvas, event), reach)));
}
