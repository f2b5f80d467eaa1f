/** Curves over the steps of a training, such as its losses, in an SVG element of the view. */

import { makeSvg } from "../shared/dom.js";

const EDGES = { left: 50, right: 24, top: 10, bottom: 36 }; // a number is centred below its step
const WIDTHS = [280, 1200]; // as wide as its place, so that its letters are as large as those around it
const HEIGHTS = [222, 320];
const HIDDEN = 520;

/** @param {number[]} ends @param {number} value */
const within = ([low, high], value) => Math.max(low, Math.min(high, value));

/** @typedef {{ left: number, right: number, top: number, bottom: number, width: number, height: number }} Box */

/**
 * @param {number} room  pixels that the picture has on the page, 0 where it isn't shown
 * @returns {Box} where its axes stand
 */
export function boxFor(room) {
  const width = within(WIDTHS, room || HIDDEN);
  const height = within(HEIGHTS, Math.round(width * 0.42));
  return { ...EDGES, right: width - EDGES.right, bottom: height - EDGES.bottom, width, height };
}

/**
 * @typedef {{ name: string, points: number[][], kind?: string }} Series  points are [step, value]; kind "held" has dots
 * @typedef {{ name: string, value: number }} Level  a value to compare with, such as that of guessing
 * @typedef {{ series: Series[], levels: Level[], most: number, xName: string, yName: string, top?: number }} Curves
 */

/**
 * The ends of both axes; those of values begin at 0.
 *
 * @param {Curves} curves
 */
export function extent({ series, levels, most, top }) {
  const values = [...series.flatMap((one) => one.points.map(([, value]) => value)), ...levels.map((one) => one.value)];
  const highest = top ?? Math.max(0.1, ...values.filter(Number.isFinite)) * 1.06;
  return { most: Math.max(1, most), top: highest };
}

/**
 * Round numbers from 0 to the end of an axis, about so many.
 *
 * @param {number} end
 * @param {number} count
 */
export function ticks(end, count) {
  const rough = end / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((one) => one * power).find((one) => one >= rough) ?? rough;
  return Array.from({ length: Math.floor(end / step + 1e-9) + 1 }, (_, k) => k * step);
}

/**
 * Draws curves into an SVG element, which gets a view box; a legend is the caller's, by the names.
 *
 * @param {SVGElement} svg
 * @param {Curves} curves
 */
export function drawCurves(svg, curves) {
  const ends = extent(curves);
  const box = boxFor(svg.clientWidth);
  const x = (step) => box.left + (step / ends.most) * (box.right - box.left);
  const y = (value) => box.bottom - (Math.min(value, ends.top) / ends.top) * (box.bottom - box.top);
  svg.setAttribute("viewBox", `0 0 ${box.width} ${box.height}`);
  svg.replaceChildren(
    ...axes(curves, ends, box, x, y),
    ...curves.levels.flatMap((level) => levelLine(level, box, y)),
    ...curves.series.flatMap((series, number) => curve(series, number, x, y)),
  );
}

function axes({ xName, yName }, ends, box, x, y) {
  const whole = ticks(ends.most, Math.floor(box.width / 80)).filter(Number.isInteger);
  const middle = (box.left + box.right) / 2;
  const half = (box.top + box.bottom) / 2;
  return [
    ...ticks(ends.top, 4).flatMap((value) => [
      makeSvg("line", { class: "axis", x1: box.left, x2: box.right, y1: y(value), y2: y(value) }),
      makeSvg("text", { x: box.left - 6, y: y(value) + 4, "text-anchor": "end" }, shown(value)),
    ]),
    ...whole.map((step) => makeSvg("text", { x: x(step), y: box.bottom + 16, "text-anchor": "middle" }, String(step))),
    makeSvg("text", { x: middle, y: box.height - 3, "text-anchor": "middle" }, xName),
    makeSvg("text", { x: 10, y: half, "text-anchor": "middle", transform: `rotate(-90 10 ${half})` }, yName),
  ];
}

const shown = (value) => String(Number(value.toPrecision(3)));

function levelLine({ name, value }, box, y) {
  return [
    makeSvg("line", { class: "level", x1: box.left, x2: box.right, y1: y(value), y2: y(value) }),
    makeSvg("text", { class: "level-name", x: box.right - 2, y: y(value) - 4, "text-anchor": "end" }, name),
  ];
}

function curve({ points, kind = "" }, number, x, y) {
  const at = points.filter(([, value]) => Number.isFinite(value)).map(([step, value]) => [x(step), y(value)]);
  if (!at.length) return [];
  const path = at.map(([left, top], k) => `${k ? "L" : "M"}${left.toFixed(1)} ${top.toFixed(1)}`).join("");
  const dots = kind === "held" || at.length === 1 ? at : [];
  return [
    makeSvg("path", { class: `curve curve-${number} ${kind}`, d: path }),
    ...dots.map(([cx, cy]) => makeSvg("circle", { class: `dot dot-${number}`, cx, cy, r: 3 })),
  ];
}
