/** Curves over the steps of a training, such as its losses, in an SVG element of the view. */

import { makeSvg } from "../shared/dom.js";

const BOX = { left: 44, right: 500, top: 10, bottom: 186, width: 520, height: 222 };

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
  const x = (step) => BOX.left + (step / ends.most) * (BOX.right - BOX.left);
  const y = (value) => BOX.bottom - (Math.min(value, ends.top) / ends.top) * (BOX.bottom - BOX.top);
  svg.setAttribute("viewBox", `0 0 ${BOX.width} ${BOX.height}`);
  svg.replaceChildren(
    ...axes(curves, ends, x, y),
    ...curves.levels.flatMap((level) => levelLine(level, y)),
    ...curves.series.flatMap((series, number) => curve(series, number, x, y)),
  );
}

function axes({ xName, yName }, ends, x, y) {
  const whole = ticks(ends.most, 6).filter(Number.isInteger);
  const middle = (BOX.left + BOX.right) / 2;
  const half = (BOX.top + BOX.bottom) / 2;
  return [
    ...ticks(ends.top, 4).flatMap((value) => [
      makeSvg("line", { class: "axis", x1: BOX.left, x2: BOX.right, y1: y(value), y2: y(value) }),
      makeSvg("text", { x: BOX.left - 6, y: y(value) + 4, "text-anchor": "end" }, shown(value)),
    ]),
    ...whole.map((step) => makeSvg("text", { x: x(step), y: BOX.bottom + 16, "text-anchor": "middle" }, String(step))),
    makeSvg("text", { x: middle, y: BOX.height - 3, "text-anchor": "middle" }, xName),
    makeSvg("text", { x: 10, y: half, "text-anchor": "middle", transform: `rotate(-90 10 ${half})` }, yName),
  ];
}

const shown = (value) => String(Number(value.toPrecision(3)));

function levelLine({ name, value }, y) {
  return [
    makeSvg("line", { class: "level", x1: BOX.left, x2: BOX.right, y1: y(value), y2: y(value) }),
    makeSvg("text", { class: "level-name", x: BOX.right - 2, y: y(value) - 4, "text-anchor": "end" }, name),
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
