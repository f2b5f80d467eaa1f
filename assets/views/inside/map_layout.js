/** Where the rows of a model stand, and the picture that is drawn of them: for the page, SVG and PNG alike. */

import { pairs } from "../shared/parts.js";
import {
  addInWords,
  factsOf,
  isStrip,
  keyOf,
  lengthInWords,
  renamedStream,
  rowsOf,
  shareOf,
  sizeOf,
  titleOf,
} from "./map_state.js";

/** @typedef {import("./map_state.js").State} State */
/** @typedef {import("./map_state.js").Row} Row */
/** @typedef {{ row: Row, x: number, y: number, width: number, height: number, end: number }} Box  end: of its frame */
/** @typedef {{ width: number, height: number, boxes: Box[] }} Layout */
/** @typedef {import("../shared/parts.js").Part} Part */

const HEIGHTS = { part: 42, add: 24, strip: 58 };
const GAP = 12;
const EDGE = 2;
const BETWEEN = 34; // the two sides of a model
const TWO_SIDES = 760;

/**
 * @param {State} state
 * @param {number} width
 * @returns {Layout}
 */
export function layoutOf(state, width) {
  const rows = rowsOf(state);
  const two = width >= TWO_SIDES && new Set(rows.map((row) => row.side)).size > 2;
  const inset = width < 520 ? [18, 4] : [26, 8];
  const half = (width - BETWEEN) / 2;
  /** @type {Box[]} */
  const boxes = [];
  const at = { "": EDGE, encoder: 0, decoder: 0 };
  let around = "";
  for (const row of rows) {
    const side = two ? row.side : "";
    if (side && !around) Object.assign(at, { encoder: at[""], decoder: at[""] });
    if (!side && around) at[""] = Math.max(at.encoder, at.decoder);
    around = side;
    const left = side === "decoder" ? half + BETWEEN : 0;
    const right = side === "encoder" ? half : width;
    const x = EDGE + left + row.depth * inset[0] - (side === "decoder" ? sideDepth(rows) * inset[0] : 0);
    const room = right - EDGE - row.depth * inset[1] - x;
    const height = HEIGHTS[row.kind];
    boxes.push({ row, x, y: at[side], width: room, height, end: at[side] + height });
    at[side] += height + GAP;
  }
  closeFrames(boxes);
  const height = Math.max(0, ...boxes.map(({ end }) => end)) + EDGE;
  return { width, height, boxes };
}

/** How deep the two sides stand in the model. */
const sideDepth = (rows) => Math.min(...rows.filter(({ side }) => side).map(({ depth }) => depth));

/** Lets the frame of an open module reach below all that is in it. */
function closeFrames(boxes) {
  for (let n = boxes.length - 1; n >= 0; n -= 1) {
    const box = boxes[n];
    if (!box.row.open) continue;
    const after = boxes.slice(n + 1);
    const stop = after.findIndex(({ row }) => row.depth <= box.row.depth);
    const inner = stop < 0 ? after : after.slice(0, stop);
    box.end = Math.max(box.end, ...inner.map(({ end }) => end + 6));
    pushDown(boxes, n + 1 + inner.length, box);
  }
}

/** Makes room below a frame for what comes next on its side. */
function pushDown(boxes, from, frame) {
  const next = boxes.slice(from).filter(({ row }) => !row.side || !frame.row.side || row.side === frame.row.side);
  if (!next.length || next[0].y >= frame.end + GAP) return;
  const by = frame.end + GAP - next[0].y;
  for (const box of next) {
    box.y += by;
    box.end += by;
  }
}

/**
 * The row under a point.
 *
 * @param {Layout} layout
 * @param {number} x
 * @param {number} y
 * @returns {Box | undefined}
 */
export function boxAt({ boxes }, x, y) {
  return boxes.find((box) => x >= box.x && x <= box.x + box.width && y >= box.y && y <= box.y + box.height);
}

/**
 * The member of a strip under a point.
 *
 * @param {Box} box
 * @param {number} x
 * @returns {string}
 */
export function memberAt(box, x) {
  const members = box.row.members ?? [];
  const place = Math.floor(((x - box.x) / box.width) * members.length);
  return members[Math.max(0, Math.min(members.length - 1, place))];
}

const FILLS = {
  ...{ embedding: "cat-0", positions: "cat-0", attention: "cat-1", "cross-attention": "cat-1", mlp: "cat-2" },
  ...{ norm: "cat-5", head: "cat-3", pooler: "cat-3", stack: "cat-4", block: "cat-4", rotary: "cat-0" },
};

/** The page's colour of a kind. @param {string} kind */
export const fillOf = (kind) => FILLS[kind] ?? "surface-2";

/**
 * @param {State} state
 * @param {Layout} layout
 * @param {ReturnType<typeof import("../shared/parts.js").textMaker>} text
 * @param {(name: string) => string} ink  a colour of the page
 * @returns {import("../shared/parts.js").Picture}
 */
export function mapPicture(state, layout, text, ink) {
  /** @type {Part[]} */
  const parts = [];
  const draw = { state, parts, text, ink, layout };
  for (const box of layout.boxes) if (box.row.open) drawFrame(draw, box);
  for (const box of layout.boxes) PAINT[box.row.kind](draw, box);
  drawArrows(draw);
  drawStreams(draw);
  drawCrossing(draw);
  return { width: layout.width, height: layout.height, parts };
}

function drawFrame({ parts, ink }, { row, x, y, width, end }) {
  const block = row.part.kind === "block";
  const look = { fill: block ? ink("surface-2") : "none", stroke: ink(block ? "muted" : "line"), radius: 9 };
  parts.push({ kind: "rect", x, y, width, height: end - y, ...look });
}

const PAINT = { part: drawPart, add: drawAdd, strip: drawStrip };

function drawPart({ state, parts, text, ink }, { row, x, y, width, height }) {
  const { part, name } = row;
  const count = row.part.kind === "stack" && state.tree ? state.tree.children(name).length : 0;
  const rect = (dx, dy, more) =>
    parts.push({ kind: "rect", x: x + dx, y: y + dy, width, height, radius: 8, stroke: ink("line"), ...more });
  const fill = ink(fillOf(part.kind));
  if (count > 1 && !row.open) for (const k of [2, 1]) rect(4 * k, -3 * k, { width: width - 4 * k, fill });
  rect(0, 0, { fill, width: count > 1 && !row.open ? width - 8 : width });
  const right = x + width - (count > 1 && !row.open ? 18 : 10);
  const own = part.kind === "block" || part.kind === "stack" ? "" : name.slice(name.lastIndexOf(".") + 1);
  const size = part[state.by] ? sizeOf(part, state.by) : "";
  const sizeText = text([right, y + 14], size, ink("ink"), { align: "right", size: 12, weight: 600 });
  const indent = row.open === undefined ? 0 : 14;
  if (indent) drawSign(parts, ink("ink"), x + 10, y + 14, row.open);
  const title = `${count > 1 ? `${count} ` : ""}${titleOf(part, name)}`;
  const room = width - 26 - size.length * 7.5;
  const head = text([x + 10 + indent, y + 14], title, ink("ink"), { room, size: 13, weight: 650 });
  parts.push(head, sizeText);
  const used = indent + head.text.length * 7.4 + 8;
  if (own && used + 30 < room && own !== part.class_name)
    parts.push(text([x + 12 + used, y + 14], own, ink("muted"), { room: room - used, size: 12 }));
  const total = state.value?.[state.by] ?? 0;
  const share = shareOf(part[state.by], total);
  parts.push(text([right, y + 29], share, ink("muted"), { align: "right", size: 11 }));
  parts.push(text([x + 10, y + 29], factsOf(state, row), ink("muted"), { room: width - 80, size: 11.5 }));
  drawBar({ parts, ink }, { x, y: y + height - 4, width }, total ? part[state.by] / total : 0);
}

/** An angle that points right at what is closed, down at what is open. */
function drawSign(parts, stroke, x, y, open) {
  const closed = pairs(x, y - 4, x + 5, y, x, y + 4);
  const opened = pairs(x - 1, y - 2, x + 3, y + 3, x + 7, y - 2);
  parts.push({ kind: "line", points: open ? opened : closed, stroke, width: 1.8 });
}

function drawBar({ parts, ink }, { x, y, width }, share) {
  if (share <= 0) return;
  const long = Math.max(2, share * (width - 16));
  parts.push({ kind: "rect", x: x + 8, y, width: long, height: 3, fill: ink("accent"), radius: 1.5 });
}

function drawAdd({ parts, text, ink }, { row, x, y, width, height }) {
  const middle = y + height / 2;
  const [cx, r] = [x + 20, 9];
  const ring = {
    kind: /** @type {const} */ ("rect"),
    x: cx - r,
    y: middle - r,
    width: 2 * r,
    height: 2 * r,
    radius: r,
  };
  parts.push({ ...ring, fill: ink("surface"), stroke: ink("accent"), thick: 1.6 });
  parts.push(text([cx, middle], row.add?.times ? "×" : "+", ink("accent"), { align: "center", size: 15, weight: 700 }));
  const scale = row.add && row.add.scale !== 1 ? ` (times ${row.add.scale})` : "";
  const said = row.add?.times ? addInWords(row) : `what went past is added${scale}`;
  parts.push(text([cx + 16, middle], said, ink("muted"), { room: width - 46, size: 11.5 }));
}

/** A cell for each block; their bars are the lengths of the vectors after it. */
function drawStrip({ state, parts, text, ink }, { row, x, y, width, height }) {
  const members = row.members ?? [];
  const norms = members.map((name) => state.value?.states[name]?.norm ?? 0);
  const most = Math.max(1e-9, ...norms);
  const step = width / members.length;
  const floor = y + height - 16;
  members.forEach((name, k) => {
    const chosen = name === row.chosen;
    const long = norms[k] ? Math.max(2, (Math.log1p(norms[k]) / Math.log1p(most)) * (height - 34)) : height - 34;
    const look = chosen ? { fill: ink("accent"), stroke: ink("accent") } : { fill: ink("cat-4"), stroke: ink("line") };
    const wide = Math.max(1, step - (step > 6 ? 2 : 0.5));
    parts.push({ kind: "rect", x: x + k * step, y: floor - long, width: wide, height: long, radius: 2, ...look });
    if (step >= 15 || chosen || k === members.length - 1)
      parts.push(text([x + (k + 0.5) * step, floor + 9], String(k), ink("muted"), { align: "center", size: 10.5 }));
  });
  const at = members.indexOf(row.chosen ?? "");
  const said = norms.some(Boolean)
    ? `how long vectors are after each block (log scale): ${lengthInWords(norms[at])} after block ${at}`
    : "a cell for each block";
  parts.push(text([x, y + 8], said, ink("muted"), { room: width, size: 11 }));
}

/** What each module reads, where the numbers say it: an arrow from the row above, else a way along the edge. */
function drawArrows(draw) {
  const { boxes } = draw.layout;
  for (const [n, box] of boxes.entries()) {
    const { row } = box;
    const idle = row.part.kind === "rotary" || (row.kind === "part" && isIdle(draw.state, row));
    const above = boxes
      .slice(0, n)
      .reverse()
      .find((one) => one.row.depth <= row.depth);
    if (row.kind === "strip" || idle || !above || (row.side && above.row.side && above.row.side !== row.side)) continue;
    if (above.row.kind === "strip") {
      arrow(draw, box.x + 20, above.end, box.y);
      continue;
    }
    const source = row.kind === "add" ? lastBranch(boxes, row) : sourceOf(draw, box);
    const inside = above.row.depth < row.depth;
    const x = above.row.side && !row.side ? above.x + 20 : box.x + 20;
    const from = inside ? above.y + above.height : above.end;
    if (source === above || (inside && !source)) arrow(draw, x, from, box.y);
    else if (source) bus(draw, source, box);
    else if (row.kind === "part" && !isIdle(draw.state, above.row)) arrow(draw, x, from, box.y, [2, 3]);
  }
}

/** Whether a module didn't compute for this text. */
const isIdle = ({ value }, { part, kind }) =>
  kind === "part" && Boolean(value?.ran) && part.order === null && !part.like;

/** The row whose numbers enter another first; null where the numbers don't say. */
function sourceOf({ state, layout }, { row }) {
  const reads = renamedStream(state.tree, row.name, row.part.reads);
  const around = row.name.slice(0, Math.max(0, row.name.lastIndexOf(".")));
  if (reads.startsWith("+"))
    return layout.boxes.find((one) => one.row.add && one.row.name === around && `+${one.row.add.number}` === reads);
  return seenOf(layout.boxes, reads.replace(/^>/, ""));
}

/** The row of the last module whose answer is joined. */
const lastBranch = (boxes, { add }) => (add ? seenOf(boxes, add.branches[add.branches.length - 1]) : null);

/** The innermost row that is seen of a module. */
function seenOf(boxes, name) {
  for (let one = name; one; one = one.slice(0, Math.max(0, one.lastIndexOf(".")))) {
    const box = boxes.find(({ row }) => row.kind === "part" && row.name === one);
    if (box) return box;
  }
  return null;
}

function arrow({ parts, ink }, x, from, to, dash = []) {
  const stroke = ink("muted");
  parts.push({ kind: "line", points: pairs(x, from, x, to - 1), stroke, width: 1.3, dash });
  parts.push({ kind: "line", points: pairs(x - 3.5, to - 5, x, to - 1, x + 3.5, to - 5), stroke, width: 1.3 });
}

/** A way from a row further up, along the left edge, into another. */
function bus({ parts, ink }, source, box) {
  const stroke = ink("muted");
  const inner = source.row.depth < box.row.depth;
  const x = box.x - 9;
  const [from, to] = [inner ? source.y + source.height + 4 : source.y + source.height / 2, box.y + box.height / 2];
  const start = inner ? box.x + 20 : source.x;
  const way = pairs(start, from, x, from, x, to, box.x - 1, to);
  const head = pairs(box.x - 5, to - 3.5, box.x - 1, to, box.x - 5, to + 3.5);
  for (const points of [way, head]) parts.push({ kind: "line", points, stroke, width: 1.3 });
}

/** The residual streams: from where they leave, past the modules, to where they are added. */
function drawStreams({ parts, ink, layout }) {
  const { boxes } = layout;
  for (const box of boxes) {
    const { add, name } = box.row;
    if (box.row.kind !== "add" || !add || add.times) continue;
    const from = startOf(boxes, name, add, box);
    if (!from) continue;
    const x = from.x;
    const middle = box.y + box.height / 2;
    const way = pairs(from.enter, from.y, x, from.y, x, middle, box.x + 10, middle);
    const points = way;
    parts.push({ kind: "line", points, stroke: ink("accent"), width: 2 });
  }
}

/** Where the stream of an addition leaves: its height there, and in which gutter it goes down. */
function startOf(boxes, name, { stream, number }, box) {
  if (stream.startsWith("+")) {
    const before = boxes.find(({ row }) => row.kind === "add" && row.name === name && `+${row.add?.number}` === stream);
    return before && { x: before.x - 4, y: before.y + before.height / 2, enter: before.x + 10, number };
  }
  const wanted = stream.startsWith(">") ? stream.slice(1) : stream;
  const source = boxes.find(({ row }) => row.kind === "part" && row.name === wanted);
  if (!source) return null;
  const first = boxes[boxes.indexOf(source) + 1];
  if (stream.startsWith(">")) {
    const y = source.y + source.height + GAP / 2 - 1;
    return { x: first.x - 4, y, enter: first.x + 20, number };
  }
  return { x: Math.min(source.x, box.x) - 4, y: source.end + GAP / 2 - 1, enter: source.x + 20, number };
}

/** From the end of the encoder to where the decoder reads it. */
function drawCrossing({ parts, ink, layout, state }) {
  const encoder = layout.boxes.filter(({ row }) => row.side === "encoder");
  const decoder = layout.boxes.filter(({ row }) => row.side === "decoder");
  if (!encoder.length || !decoder.length || encoder[0].x + encoder[0].width > decoder[0].x) return;
  const cross = decoder.filter(({ row }) => row.part.kind === "cross-attention" && !row.open);
  const stack = decoder.find(({ row }) => row.kind === "part" && state.tree && isStrip(state.tree, row.name));
  const to = cross[cross.length - 1] ?? stack;
  if (!to) return;
  const last = encoder[encoder.length - 1];
  const x = encoder[0].x + encoder[0].width + BETWEEN / 2;
  const [y, end] = [last.y + last.height / 2, to.y + to.height / 2];
  const way = pairs(last.x + last.width, y, x, y, x, end, to.x - 1, end);
  parts.push({ kind: "line", points: way, stroke: ink("div-pos"), width: 2 });
  const head = pairs(to.x - 7, end - 4, to.x - 1, end, to.x - 7, end + 4);
  parts.push({ kind: "line", points: head, stroke: ink("div-pos"), width: 2 });
}

/**
 * The frame around the row with the cursor.
 *
 * @param {State} state
 * @param {Layout} layout
 * @param {(name: string) => string} ink
 * @returns {Part[]}
 */
export function cursorParts(state, layout, ink) {
  const box = layout.boxes.find(({ row }) => keyOf(row) === state.at);
  if (!box) return [];
  const { x, y, width, height } = box;
  const around = { x: x - 2, y: y - 2, width: width + 4, height: height + 4, radius: 10 };
  return [{ kind: "rect", ...around, fill: "none", stroke: ink("accent"), thick: 2.5 }];
}
