/** One flat map as SVG, with its colours written out: what the page shows is what a file holds. */

import { pen } from "../shared/canvas.js";
import { colour } from "../shared/colours.js";
import { makeSvg } from "../shared/dom.js";
import { namesOf, placed } from "./map_geometry.js";

/** @typedef {import("../types.d.ts").similarity.MapView} MapView */
/** @typedef {import("../types.d.ts").similarity.PictureView} PictureView */
/** @typedef {Record<"ink" | "muted" | "line" | "surface" | "accent" | "mark" | "font", string>} Inks */

/**
 * @param {Element} element
 * @returns {Inks}
 */
export function inksOf(element) {
  const named = (name) => colour(element, name);
  return {
    ink: named("ink"),
    muted: named("muted"),
    line: named("line"),
    surface: named("surface"),
    accent: named("accent"),
    mark: named("div-pos"),
    font: getComputedStyle(element).fontFamily,
  };
}

/**
 * Draws a picture into its SVG.
 *
 * @param {SVGElement} svg
 * @param {MapView} map
 * @param {PictureView} picture
 * @param {{ word: number, size: [number, number], inks: Inks }} shown  the word whose neighbours are lit
 * @returns {[number, number][]} where each word is, in the picture's own pixels
 */
export function drawPicture(svg, map, picture, { word, size, inks }) {
  const points = placed(picture.points, size);
  svg.setAttribute("viewBox", `0 0 ${size[0]} ${size[1]}`);
  svg.setAttribute("font-family", inks.font);
  svg.setAttribute("font-size", "13");
  const near = litBy(map, word);
  const spokes = picture.neighbours[word].map((other) => spoke(points[word], points[other], inks));
  const marks = points.map((point, k) => markOf(point, k === word ? "chosen" : (near.get(k) ?? ""), inks));
  svg.replaceChildren(...spokes, ...marks, ...drawnNames({ map, points, size, word, near, inks }));
  return points;
}

/**
 * Which words are a word's nearest, and by what.
 *
 * @param {MapView} map
 * @param {number} word
 * @returns {Map<number, string>} word -> the names of the pictures whose numbers say so
 */
export function litBy(map, word) {
  const found = new Map();
  for (const { name, neighbours } of map.pictures)
    for (const other of neighbours[word]) found.set(other, found.has(other) ? "both" : name);
  return found;
}

function spoke([x1, y1], [x2, y2], { muted }) {
  return makeSvg("line", { x1, y1, x2, y2, stroke: muted, "stroke-width": 1, "stroke-opacity": 0.55 });
}

/** A dot; a square for a neighbour by loss, a ring for one by embedding, a ring around a square for both. */
function markOf([x, y], kind, { ink, accent, mark, surface }) {
  const group = makeSvg("g", {});
  const ring = (r) => makeSvg("circle", { cx: x, cy: y, r, fill: surface, stroke: accent, "stroke-width": 2.2 });
  const square = (s) => makeSvg("rect", { x: x - s, y: y - s, width: 2 * s, height: 2 * s, fill: mark });
  if (kind === "chosen") group.append(makeSvg("circle", { cx: x, cy: y, r: 6.5, fill: ink }));
  else if (kind === "losses") group.append(square(4.5));
  else if (kind === "embeddings") group.append(ring(5));
  else if (kind === "both") group.append(ring(7), square(3.4));
  else group.append(makeSvg("circle", { cx: x, cy: y, r: 3.2, fill: accent, "fill-opacity": 0.55 }));
  return group;
}

function drawnNames({ map, points, size, word, near, inks }) {
  const probe = pen(document.createElement("canvas"));
  const lit = (k) => k === word || near.has(k);
  const widths = map.words.map((name, k) => {
    probe.font = `${lit(k) ? "600 " : ""}13px ${inks.font}`;
    return probe.measureText(shortened(name)).width;
  });
  const order = map.words.map((_, k) => k).sort((a, b) => Number(lit(b)) - Number(lit(a)) || a - b);
  order.sort((a, b) => Number(b === word) - Number(a === word));
  const names = namesOf(points, widths, size, order);
  return names.flatMap((name, k) => {
    if (!name) return [];
    const look = { fill: lit(k) ? inks.ink : inks.muted, "font-weight": lit(k) ? 600 : 400 };
    const written = makeSvg(
      "text",
      { x: name.x, y: name.y, "text-anchor": name.anchor, "data-word": k, ...look },
      shortened(map.words[k]),
    );
    return name.lead ? [leadTo(points[k], name.lead, inks), written] : [written];
  });
}

/** A line from a word's mark to its name, where that stands apart. */
function leadTo([x, y], [toX, toY], { muted }) {
  return makeSvg("line", {
    class: "lead",
    x1: x,
    y1: y,
    x2: toX,
    y2: toY,
    stroke: muted,
    "stroke-width": 0.8,
    "stroke-opacity": 0.7,
  });
}

const shortened = (name) => (Array.from(name).length > 24 ? `${Array.from(name).slice(0, 23).join("")}…` : name);
