/** The picture as text in SVG. */

import { escaped } from "../shared/svg.js";
import { cellPixels, hatchedAreas, labelStep } from "./cells.js";
import { allLines, curveOf, strokeOf } from "./lines.js";
import { side } from "./state.js";
import { REASONS } from "./weights.js";

/** @typedef {import("./state.js").State} State */

const text = (x, y, content, more = "") => `<text x="${x}" y="${y}" ${more}>${escaped(content)}</text>`;

/**
 * @param {State} state
 * @param {string} heading
 * @returns {string}
 */
export function svgOf(state, heading) {
  const { geometry: g, colours } = state;
  const parts = g.lines ? linesOf(state) : cellsOf(state);
  const size = `width="${Math.max(g.width, 560) + 24}" height="${g.height + 56}"`;
  const font = `font-family="system-ui, sans-serif" font-size="12" fill="${colours.ink}"`;
  const title = text(12, 24, heading, 'font-size="14" font-weight="600"');
  const ground = `<rect width="100%" height="100%" fill="${colours.surface}"/>`;
  const picture = `<g transform="translate(12 44)">${parts.join("")}</g>`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} ${font}>${ground}${title}${picture}</svg>`;
}

function linesOf(state) {
  const { geometry: g, colours, drawn } = state;
  const paths = allLines(state).map((index) => {
    const { x1, y1, x2, y2, bend } = curveOf(g, index);
    const { opacity, width } = strokeOf(drawn.steps[index] / 255, false);
    const look = `stroke-opacity="${opacity.toFixed(3)}" stroke-width="${width.toFixed(2)}"`;
    const stroke = `stroke="${colours.accent}" ${look}`;
    return `<path d="M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}" fill="none" ${stroke}/>`;
  });
  const y = (index) => g.top + (index + 0.5) * g.row + 4;
  const queries = side(state, "queries").text.map((word, row) => text(g.left - 8, y(row), word, 'text-anchor="end"'));
  const keys = side(state, "keys").text.map((word, key) => text(g.width - g.right + 8, y(key), word));
  return [...paths, ...queries, ...keys];
}

function cellsOf(state) {
  const { geometry: g } = state;
  const area = `x="${g.left}" y="${g.top}" width="${g.k * g.cell}" height="${g.q * g.cell}"`;
  const look = 'preserveAspectRatio="none" style="image-rendering:pixelated"';
  const image = `<image ${area} ${look} href="${cellPixels(state).toDataURL()}"/>`;
  const hatched = hatchedAreas(state).flatMap(({ reason, rectangles }) =>
    rectangles.map(([x, y, w, h]) => `<rect x="${x}" y="${y}" width="${w}" height="${h}" fill="url(#h${reason})"/>`),
  );
  return [...patterns(state.colours), image, ...hatched, ...cellLabels(state)];
}

function patterns(colours) {
  return Object.entries(REASONS).map(([reason, { lines }]) => {
    const stroke = `stroke="${colours.muted}" stroke-opacity="0.6"`;
    const paths = lines.map(([x1, y1, x2, y2]) => `<path d="M${x1} ${y1}L${x2} ${y2}" ${stroke}/>`).join("");
    const ground = `<rect width="8" height="8" fill="${colours.surface2}"/>`;
    return `<pattern id="h${reason}" width="8" height="8" patternUnits="userSpaceOnUse">${ground}${paths}</pattern>`;
  });
}

function cellLabels(state) {
  const { geometry: g } = state;
  const every = labelStep(g);
  const middle = (index) => (index + 0.5) * g.cell + 4;
  const queries = side(state, "queries").text.map((word, row) =>
    row % every ? "" : text(g.left - 7, g.top + middle(row), word, 'text-anchor="end"'),
  );
  const keys = side(state, "keys").text.map((word, key) => {
    const [x, y] = [g.left + middle(key), g.top - 7];
    return key % every ? "" : text(x, y, word, `transform="rotate(-55 ${x} ${y})"`);
  });
  return [...queries, ...keys];
}
