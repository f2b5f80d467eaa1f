/** The picture of one head: q, then for each token its k, the score, the weight, its v and what is taken of it. */

import { along, channels, css, mixed } from "../shared/colours.js";
import { pairs } from "../shared/parts.js";
import { visiblePiece } from "../shared/tokens.js";
import { percent, readers, readTokens, short } from "./head_state.js";

/** @typedef {import("./head_state.js").Value} Value */
/** @typedef {import("./head_state.js").Head} Head */
/** @typedef {import("../shared/parts.js").Part} Part */
/** @typedef {{ name: string, x: number, width: number, vector: boolean }} Column */
/** @typedef {{ width: number, height: number, columns: Column[], top: number, row: number }} Geometry */

const ROW = 24;
const TOP = 26;
const SPACE = 10;
const EDGE = 8; // between the frame of the chosen row and what stands in it

/**
 * Where columns and rows stand.
 *
 * @param {Value} value
 * @param {number} room
 * @returns {Geometry}
 */
export function geometryOf({ head }, room) {
  if (!head) return { width: room, height: 0, columns: [], top: TOP, row: ROW };
  const numbers = [
    { name: "q·k", width: 62 },
    ...(head.scaling === 1 ? [] : [{ name: `× ${short(head.scaling)}`, width: 62 }]),
    ...(head.biased ? [{ name: "+ position", width: 70 }] : []),
    { name: "weight", width: 92 },
  ];
  const before = head.keys.some((one) => one.key_before.length);
  const vectors = before ? 4 : 3;
  const token = room < 520 ? 84 : 120;
  const fixed =
    2 * EDGE + token + numbers.reduce((sum, one) => sum + one.width, 0) + (numbers.length + vectors + 1) * SPACE;
  const strip = Math.max(64, Math.min(260, Math.floor((room - fixed) / vectors)));
  const vector = (name) => ({ name, width: strip, vector: true });
  const list = [
    { name: "token", width: token },
    ...(before ? [vector("k before")] : []),
    vector(before ? "k, turned" : "k"),
    ...numbers,
    vector("v"),
    vector("weight × v"),
  ];
  let x = EDGE;
  const columns = list.map((one) => {
    const column = { vector: false, ...one, x };
    x += one.width + SPACE * (one.name === "weight" ? 2 : 1); // its heading ends where that of v begins
    return column;
  });
  return {
    width: x - SPACE + EDGE,
    height: TOP + ROW * (head.keys.length + 2) + 2 * SPACE,
    columns,
    top: TOP,
    row: ROW,
  };
}

/** The upper edge of a row: q first, the sum last. @param {Geometry} g @param {number} row @param {Head} head */
export const rowTop = (g, row, head) =>
  g.top + row * g.row + (row > 0 ? SPACE : 0) + (row > head.keys.length ? SPACE : 0);

/**
 * The row and column at a point.
 *
 * @param {Geometry} g
 * @param {Head} head
 * @param {number} x
 * @param {number} y
 * @returns {{ row: number, step: number } | null}
 */
export function cellAt(g, head, x, y) {
  const rows = Array.from({ length: head.keys.length + 2 }, (_, row) => row);
  const row = rows.find((one) => y >= rowTop(g, one, head) && y < rowTop(g, one, head) + g.row);
  const step = g.columns.findIndex((one) => x >= one.x - SPACE / 2 && x < one.x + one.width + SPACE / 2);
  return row === undefined || step < 0 ? null : { row, step };
}

/**
 * @param {Value} value
 * @param {Geometry} g
 * @param {ReturnType<typeof import("../shared/parts.js").textMaker>} text
 * @param {(name: string) => string} ink
 * @returns {import("../shared/parts.js").Picture}
 */
export function headPicture(value, g, text, ink) {
  const { head } = value;
  /** @type {Part[]} */
  const parts = [];
  if (!head) return { width: g.width, height: g.height, parts };
  const draw = { value, head, g, parts, text, ink, scale: scalesOf(head) };
  for (const { name, x, width, vector } of g.columns) {
    const look = vector || name === "token" ? {} : { align: /** @type {const} */ ("right") };
    parts.push(text([look.align ? x + width : x, 10], name, ink("muted"), { size: 11, room: width, ...look }));
  }
  drawQuery(draw);
  head.keys.forEach((_, n) => {
    drawKey(draw, n);
  });
  drawSum(draw);
  return { width: g.width, height: g.height, parts };
}

/** The largest number of each kind of vector: full colour. */
function scalesOf(head) {
  const most = (vectors) => Math.max(1e-9, ...vectors.flat().map(Math.abs));
  return {
    q: most([head.query, head.query_before]),
    k: most(head.keys.flatMap((one) => [one.key, one.key_before])),
    v: most(head.keys.map((one) => one.value)),
    sum: most([head.output]),
  };
}

/** A strip of cells, one for each number: blue below 0, orange above, nothing at 0. */
function strip({ parts, ink }, vector, most, { x, width }, y) {
  const [low, middle, high] = ["div-neg", "div-mid", "div-pos"].map((name) => channels(ink(name)));
  const step = width / Math.max(1, vector.length);
  vector.forEach((number, k) => {
    const fill = css(mixed(middle, number < 0 ? low : high, Math.min(1, Math.abs(number) / most) ** 0.7));
    parts.push({ kind: "rect", x: x + k * step, y: y + 4, width: step + 0.3, height: ROW - 8, fill });
  });
  const frame = { x: x - 0.5, y: y + 3.5, width: width + 1, height: ROW - 7, radius: 2 };
  parts.push({ kind: "rect", ...frame, fill: "none", stroke: ink("line") });
}

function drawQuery(draw) {
  const { value, head, g, parts, text, ink, scale } = draw;
  const y = rowTop(g, 0, head);
  const reader = visiblePiece(readers(value, head.attention.stack)[head.position] ?? "");
  const [token, ...rest] = g.columns;
  parts.push(
    text([token.x, y + ROW / 2], `q of ${reader}`, ink("ink"), { room: token.width, weight: 650, size: 12.5 }),
  );
  const columns = rest.filter((one) => one.vector);
  if (columns.length === 4) {
    strip(draw, head.query_before, scale.q, columns[0], y);
    strip(draw, head.query, scale.q, columns[1], y);
  } else strip(draw, head.query, scale.q, columns[0], y);
}

function drawKey(draw, n) {
  const { value, head, g, parts, text, ink, scale } = draw;
  const key = head.keys[n];
  const y = rowTop(g, n + 1, head);
  const middle = y + ROW / 2;
  const ground = ink(key.masked ? "muted" : "ink");
  const words = {
    token: visiblePiece(readTokens(value, head.attention.stack)[key.position] ?? ""),
    q·k: short(key.product),
    "+ position": key.masked ? "" : short(key.scaled + key.added),
    weight: key.masked ? "masked" : percent(key.weight),
  };
  for (const column of g.columns) {
    const { name, x, width } = column;
    if (column.vector) strip(draw, ...vectorFor(name, key, scale), column, y);
    else if (name === "token") parts.push(text([x, middle], words.token, ground, { room: width, size: 12.5 }));
    else {
      if (name === "weight" && !key.masked) {
        const fill = css(along([channels(ink("seq-1")), channels(ink("seq-5"))], key.weight));
        parts.push({
          kind: "rect",
          x,
          y: y + 4,
          width: Math.max(1, key.weight * width),
          height: ROW - 8,
          fill,
          radius: 3,
        });
      }
      const said = words[name] ?? short(key.scaled);
      parts.push(
        text([x + width - 2, middle], said, ground, {
          align: "right",
          size: 12,
          weight: name === "weight" ? 600 : 400,
        }),
      );
    }
  }
}

/** @returns {[number[], number]} the numbers of a column, and the one that has full colour */
function vectorFor(name, key, scale) {
  if (name === "k before") return [key.key_before, scale.k];
  if (name === "v") return [key.value, scale.v];
  return name === "weight × v" ? [key.weighted, scale.v] : [key.key, scale.k];
}

function drawSum(draw) {
  const { head, g, parts, text, ink, scale } = draw;
  const y = rowTop(g, head.keys.length + 1, head);
  const last = g.columns[g.columns.length - 1];
  const top = y - SPACE / 2;
  parts.push({ kind: "line", points: pairs(last.x, top, last.x + last.width, top), stroke: ink("ink"), width: 1.2 });
  strip(draw, head.output, scale.sum, last, y);
  const said = "sum: leaves the head";
  parts.push(text([last.x - 8, y + ROW / 2], said, ink("ink"), { align: "right", weight: 650, size: 12.5 }));
}
