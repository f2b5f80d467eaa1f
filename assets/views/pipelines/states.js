/** Hidden states as strips of colour, a row for each token and one for their mean; and cosines as a coloured table. */

import { sized } from "../shared/canvas.js";
import { along, channels, colour, css, inkOn, mixed, sequentialStops } from "../shared/colours.js";
import { make } from "../shared/dom.js";
import { counted, formatFixed, quoted, withMinus } from "../shared/format.js";
import { arrowKeys } from "../shared/keyboard.js";
import { placeIn, whenPointed } from "../shared/pointer.js";
import { namedGrid } from "../shared/tables.js";

const [ROW, GAP, SIDE] = [14, 6, 92];
const LEAST_CELL = 4;

/** One strip for each text. */
export function states(block, element) {
  const whole = make("div", "pp-states");
  const said = make("p", "pp-readout pg-muted", "Point at a number or tap it, or use the arrow keys.");
  said.setAttribute("aria-live", "polite");
  const inks = inksOf(element);
  for (const text of block.texts) {
    const more = text.count > text.rows.length ? `, of which the first ${text.rows.length} are drawn` : "";
    whole.append(
      make(
        "p",
        "pp-strip-head",
        `Text ${text.number}: ${counted(text.count, "token")}${more}. Length of their mean: ${text.norm}`,
      ),
    );
    whole.append(strip(text, block.scale, inks, (line) => (said.textContent = line)));
    whole.append(twin(text));
  }
  whole.append(said);
  return whole;
}

/** The same numbers as a table, which is made when it is opened first. */
function twin({ tokens, rows, mean }) {
  const table = make("table", "pg-table");
  const frame = make("div", "pg-table-wrap", table);
  frame.tabIndex = 0;
  frame.setAttribute("role", "group");
  frame.setAttribute("aria-label", "Hidden states as a table");
  const box = make("details", "pp-twin", make("summary", "", "The same numbers as a table"), frame);
  const all = [...rows, mean];
  const columns = mean.map((_, k) => String(k + 1));
  const fill = () =>
    namedGrid("token", [...tokens, "mean"], columns, (row, column) => withMinus(String(all[row][column])));
  box.addEventListener("toggle", () => table.rows.length || table.append(fill()));
  return box;
}

function inksOf(element) {
  const [neg, mid, pos] = ["div-neg", "div-mid", "div-pos"].map((name) => channels(colour(element, name)));
  const font = getComputedStyle(element).fontFamily;
  const room = Math.min(640, (element.querySelector(".pp-right")?.clientWidth || 360) - 32);
  return { neg, mid, pos, font, room, ink: colour(element, "ink"), muted: colour(element, "muted") };
}

/** A canvas with the numbers of one text, that pointer and arrow keys read. */
function strip(text, scale, inks, say) {
  const rows = [...text.rows, text.mean];
  const names = [...text.tokens, "mean"];
  const cell = Math.max(LEAST_CELL, Math.floor((inks.room - SIDE) / text.mean.length));
  const at = { row: rows.length - 1, column: 0 };
  const canvas = document.createElement("canvas");
  canvas.className = "pp-strip";
  canvas.tabIndex = 0;
  canvas.setAttribute("role", "application");
  canvas.setAttribute("aria-label", `Hidden states of “${text.text}”: rows are tokens, the last one their mean`);
  paint(canvas, rows, names, cell, { scale, inks });
  const read = (row, column) => {
    Object.assign(at, { row, column });
    const name = row === rows.length - 1 ? "Mean" : quoted(names[row]);
    say(`${name}, number ${column + 1}: ${withMinus(String(rows[row][column]))}`);
  };
  arrowKeys(canvas, {
    place: () => [at.row, at.column],
    size: () => [rows.length, text.mean.length],
    move: read,
  });
  whenPointed(canvas, (event) => {
    const [x, y] = placeIn(canvas, event);
    const row = y >= rows.length * ROW - ROW + GAP ? rows.length - 1 : Math.floor(y / ROW);
    const column = Math.floor((x - SIDE) / cell);
    if (column >= 0 && column < text.mean.length && row >= 0 && row < rows.length) read(row, column);
  });
  return canvas;
}

function paint(canvas, rows, names, cell, { scale, inks }) {
  const context = sized(canvas, SIDE + cell * rows[0].length, rows.length * ROW + GAP);
  context.font = `11px ${inks.font}`;
  context.textBaseline = "middle";
  context.textAlign = "right";
  for (const [n, row] of rows.entries()) {
    const last = n === rows.length - 1;
    const top = n * ROW + (last ? GAP : 0);
    context.fillStyle = last ? inks.ink : inks.muted;
    context.fillText(names[n].length > 13 ? `${names[n].slice(0, 12)}…` : names[n], SIDE - 8, top + ROW / 2);
    for (const [k, value] of row.entries()) {
      context.fillStyle = css(tint(value / scale, inks));
      context.fillRect(SIDE + k * cell, top, Math.max(1, cell - 1), ROW - 1);
    }
  }
}

/**
 * A colour between that of -1, of 0 and of 1.
 *
 * @param {number} part
 * @param {{ neg: any, mid: any, pos: any }} inks
 */
export function tint(part, { neg, mid, pos }) {
  return mixed(mid, part < 0 ? neg : pos, Math.min(1, Math.abs(part)));
}

/** The cosine of every two texts, as a table of coloured cells. */
export function cosines(block, element) {
  const stops = sequentialStops(element);
  const table = make("table", "pg-table pp-grid");
  const numbers = block.names.map((_, n) => String(n + 1));
  const names = block.names.map((name, n) => `${n + 1}  ${name.length > 60 ? `${name.slice(0, 59)}…` : name}`);
  const cell = (row, column) => {
    const value = block.table[row][column];
    const ground = along(stops, Math.max(0, value));
    const box = make("td", "", formatFixed(value, 2));
    box.style.background = css(ground);
    box.style.color = inkOn(ground);
    return box;
  };
  table.append(namedGrid("text", names, numbers, cell));
  const frame = make("div", "pg-table-wrap", table);
  frame.tabIndex = 0;
  frame.setAttribute("role", "group");
  frame.setAttribute("aria-label", block.title);
  return frame;
}
