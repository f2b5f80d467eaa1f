/** A model as a tree of modules: which rows are seen, what each is called, and what is said of it. Needs no page. */

import { counted, formatBytes, formatInteger } from "../shared/format.js";

/** @typedef {import("../types.d.ts").inside.MapPart} Part */
/** @typedef {import("../types.d.ts").inside.MapAttention} Attention */
/** @typedef {{ shape: number[], norm: number, norms: number[] }} Returned  what a module returned for the text */

/**
 * @typedef {object} Value
 * @property {string} title
 * @property {string} origin
 * @property {string[]} notes
 * @property {string} model_class
 * @property {number} parameters
 * @property {number} bytes
 * @property {boolean} ran
 * @property {Part[]} parts
 * @property {import("../types.d.ts").inside.MapShare[]} shares
 * @property {Attention[]} attentions
 * @property {string[]} tokens
 * @property {string[]} decoder_tokens
 * @property {Record<string, Returned>} states
 * @property {string} unfit
 */

/**
 * @typedef {object} Row
 * @property {"part" | "add" | "strip"} kind
 * @property {string} name  of the module; of the one around, for an addition
 * @property {Part} part
 * @property {number} depth
 * @property {string} side
 * @property {boolean} [open]  whether what is in it is shown; undefined where there is nothing
 * @property {{ stream: string, branches: string[], scale: number, times: boolean, number: number }} [add]
 * @property {string[]} [members]  of a strip
 * @property {string} [chosen]  of them
 */

/**
 * @typedef {object} State
 * @property {Value | null} value
 * @property {Tree | null} tree
 * @property {Set<string>} open
 * @property {Map<string, string>} chosen  which member of a list is shown
 * @property {string} at  the key of the row with the cursor
 * @property {"parameters" | "bytes"} by
 */

/** @typedef {ReturnType<typeof treeOf>} Tree */

/** @returns {State} */
export const newState = () => ({
  ...{ value: null, tree: null, open: new Set(), chosen: new Map(), at: "", by: "parameters" },
});

/** What a row is known by while others open and close. @param {Row} row */
export const keyOf = (row) => `${row.kind} ${row.name} ${row.add?.number ?? ""}`.trim();

/**
 * Names of modules -> their parts and what is in them; of blocks that are built alike only one is listed.
 *
 * @param {Value} value
 */
export function treeOf(value) {
  const parts = new Map(value.parts.map((part) => [part.name, part]));
  /** @type {Map<string, string[]>} */
  const inside = new Map();
  for (const { name } of value.parts) {
    if (!name) continue;
    const around = name.includes(".") ? name.slice(0, name.lastIndexOf(".")) : "";
    inside.set(around, [...(inside.get(around) ?? []), name]);
  }
  // A table that others use under names of their own comes first, though it never computes itself.
  const rank = (name) => parts.get(name)?.order ?? (usersOf(value, name).length ? -1 : Infinity);
  for (const names of inside.values()) names.sort((a, b) => rank(a) - rank(b) || 0);
  /** The listed module that a name is built like. @returns {string} */
  const listed = (name) => {
    for (let end = name.length; end > 0; end = name.lastIndexOf(".", end - 1)) {
      const like = parts.get(name.slice(0, end))?.like;
      if (like) return listed(like + name.slice(end));
    }
    return name;
  };
  const partOf = (name) => /** @type {Part} */ (parts.get(name) ?? parts.get(listed(name)));
  return {
    part: partOf,
    /** A name of the listed module as it is in the one that is shown. */
    renamed: (name, inner) => (inner.startsWith(listed(name)) ? name + inner.slice(listed(name).length) : inner),
    joins: (name) => parts.get(listed(name))?.joins ?? [],
    /** @returns {string[]} the names of what is in it, in the order in which it computes */
    children: (name) => (inside.get(listed(name)) ?? []).map((one) => name + one.slice(listed(name).length)),
  };
}

/** The modules that use numbers of another one. @param {Value} value @param {string} name @returns {string[]} */
export const usersOf = (value, name) =>
  value.parts.filter(({ tensors }) => tensors.some((one) => one.tied_to.startsWith(`${name}.`))).map((one) => one.name);

/** Whether a list is shown as one of its members and a strip of all. @param {Tree} tree @param {string} name */
export function isStrip(tree, name) {
  const { kind } = tree.part(name);
  return kind === "stack" || (kind === "list" && tree.children(name).length > 3);
}

/** Whether what never computes and holds nothing may be left out. */
const idle = (value, part) => value.ran && part.order === null && !part.parameters && !part.like;

/** @param {Value} value @param {Tree} tree @param {string} name @returns {string[]} */
const shown = (value, tree, name) => tree.children(name).filter((one) => !idle(value, tree.part(one)));

/**
 * All rows that are seen, from top to bottom; those of a decoder come after those of its encoder.
 *
 * @param {State} state
 * @returns {Row[]}
 */
export function rowsOf(state) {
  const { value, tree } = state;
  /** @type {Row[]} */
  const rows = [];
  if (value && tree) for (const name of shown(value, tree, "")) addRows(state, rows, name, 0);
  return rows;
}

function addRows(state, rows, name, depth) {
  const { value, tree, open } = state;
  const part = tree.part(name);
  const inside = shown(value, tree, name);
  const row = { kind: "part", name, part, depth, side: part.side, open: inside.length ? open.has(name) : undefined };
  rows.push(row);
  if (!row.open) return;
  if (isStrip(tree, name)) {
    const members = tree.children(name);
    const chosen = state.chosen.get(name) ?? members[0];
    rows.push({ ...row, kind: "strip", depth: depth + 1, open: undefined, members, chosen });
    addRows(state, rows, chosen, depth + 1);
    return;
  }
  const adds = tree.joins(name).map((join, k) => ({
    ...{ ...join, before: tree.renamed(name, join.before), number: k + 1 },
    stream: renamedStream(tree, name, join.stream),
    branches: join.branches.map((one) => tree.renamed(name, one)),
  }));
  const push = (before) => {
    for (const add of adds.filter((one) => one.before === before))
      rows.push({ ...row, kind: "add", depth: depth + 1, open: undefined, add });
  };
  for (const child of inside) {
    push(child);
    addRows(state, rows, child, depth + 1);
  }
  push("");
}

/**
 * Where a stream comes from, by the names of the block that is shown in place of those of the listed one.
 *
 * @param {Tree} tree
 * @param {string} name  the module that is shown
 * @param {string} stream
 */
export function renamedStream(tree, name, stream) {
  if (!stream || stream.startsWith("+")) return stream;
  const [mark, source] = stream.startsWith(">") ? [">", stream.slice(1)] : ["", stream];
  for (let one = name; one; one = one.slice(0, Math.max(0, one.lastIndexOf("."))))
    if (tree.renamed(one, source) !== source || one === source) return mark + tree.renamed(one, source);
  return stream;
}

/**
 * The modules that are open at first: those around lists of blocks.
 *
 * @param {Value} value
 * @returns {Set<string>}
 */
export function firstOpen(value) {
  const open = new Set();
  for (const { name, kind } of value.parts) {
    if (kind !== "stack") continue;
    const steps = name.split(".");
    for (let count = 1; count < steps.length; count += 1) open.add(steps.slice(0, count).join("."));
  }
  for (const { name, kind } of value.parts) if (kind === "block") open.delete(name);
  return new Set([...open].filter((name) => ![...name.split(".").keys()].some((n) => isInBlock(value, name, n))));
}

function isInBlock(value, name, count) {
  const around = name.split(".").slice(0, count).join(".");
  return value.parts.some((part) => part.name === around && part.kind === "block");
}

/**
 * Opens a module, and in it whatever additions stand in; closes one that is open.
 *
 * @param {State} state
 * @param {string} name
 */
export function toggle(state, name) {
  const { tree, open } = state;
  if (!tree) return;
  if (open.has(name)) {
    open.delete(name);
    return;
  }
  open.add(name);
  if (isStrip(tree, name)) openForAdds(tree, open, state.chosen.get(name) ?? tree.children(name)[0]);
  else openForAdds(tree, open, name);
}

/** Opens a module and those in it that hold additions. */
export function openForAdds(tree, open, name) {
  const inner = tree.children(name).map((child) => openForAdds(tree, open, child));
  const holds = tree.joins(name).some(({ times }) => !times) || inner.some(Boolean);
  if (holds || ["block", "list"].includes(tree.part(name).kind)) open.add(name);
  return holds;
}

const TITLES = {
  ...{ embedding: "Embedding", positions: "Positions", attention: "Attention", "cross-attention": "Cross-attention" },
  ...{ mlp: "Feed-forward (MLP)", norm: "Norm", linear: "Linear", head: "Head", pooler: "Pooler", dropout: "Dropout" },
  ...{ rotary: "Rotary positions", activation: "Activation" },
};

/**
 * What a module is called; what no rule knows, by its class.
 *
 * @param {Part} part
 * @param {string} name
 */
export function titleOf(part, name) {
  const last = name.slice(name.lastIndexOf(".") + 1);
  if (part.kind === "block") return `Block ${last}`;
  if (part.kind === "stack") return "blocks";
  return TITLES[part.kind] ?? part.class_name;
}

/** What each kind of module does, in a sentence. */
export const SAYS = {
  model: "The whole model.",
  body: "Everything but the head: a vector for each token goes in, and comes out with all that was read into it.",
  stack: "Blocks that are built alike, one after the other: each reads what the one before it wrote.",
  block: "One layer: attention reads from other tokens, the feed-forward part works on each token alone.",
  attention: "Each token reads from others. What it reads is a sum of their values, weighted by how well q fits k.",
  "cross-attention": "Each token of the decoder reads from what the encoder made of its text.",
  mlp: "Works on each token by itself: to a wider vector, through an activation, and back.",
  norm: "Brings each token's vector to one size, then multiplies each of its numbers by one that was learned.",
  embedding: "A table: a row of numbers for each token id.",
  positions: "Numbers that stand for a place in the text, or for a distance.",
  rotary: "Angles by which q and k are turned, so that their product depends on how far apart two tokens are.",
  linear: "A product with a table of numbers that were learned.",
  activation: "Bends each number by itself. Without it, layers in a row would be no more than one.",
  dropout: "Forgets numbers by chance while a model is trained; does nothing here.",
  pooler: "Makes one vector of all, from that of the first token.",
  head: "Makes the answer of the last vectors: a number for each label, or for each token of the vocabulary.",
  list: "Several modules.",
  group: "Modules that belong together.",
  other: "No rule knows what this is; its class says it.",
};

/**
 * A number of parameters or bytes in words.
 *
 * @param {Part | Value} part
 * @param {"parameters" | "bytes"} by
 */
export const sizeOf = (part, by) => (by === "bytes" ? formatBytes(part.bytes) : formatInteger(part.parameters));

/**
 * A share in percent.
 *
 * @param {number} part
 * @param {number} whole
 */
export function shareOf(part, whole) {
  const share = whole ? (100 * part) / whole : 0;
  if (!share) return "";
  return share >= 99.95 ? "100\u00a0%" : share >= 0.1 ? `${share.toFixed(1)}\u00a0%` : "<\u00a00.1\u00a0%";
}

/** Why a module counts nothing though it holds numbers: they are counted elsewhere. @param {Part} part */
export function countedElsewhere(part) {
  if (part.same_as) return `the same module as ${part.same_as}, counted there`;
  const tied = part.tensors.filter((one) => one.tied_to && !one.bytes);
  return tied.length ? `${tied[0].name} is tied to ${tied[0].tied_to}, counted there` : "";
}

/** @param {number[]} shape */
export const shapeInWords = (shape) => shape.map(formatInteger).join(" × ");

/**
 * The second line of a row: class, sizes, and what it returned for the text.
 *
 * @param {State} state
 * @param {Row} row
 */
export function factsOf({ value }, { name, part }) {
  const state = value?.states[name];
  const heads = value?.attentions.find((one) => one.name === name);
  const facts = [
    titleOf(part, name) === part.class_name || part.kind === "stack" ? "" : part.class_name,
    heads ? headsInWords(heads) : part.about,
    part.calls > 1 ? `runs ${part.calls} times` : "",
    value?.ran && part.order === null && part.kind !== "list" && !part.like ? idleInWords(value, name) : "",
    state ? `→ ${shapeInWords(state.shape)}, length ${lengthInWords(state.norm)}` : "",
  ];
  return facts.filter(Boolean).join(" · ");
}

/** A module that didn't compute: its numbers may have, under another name. */
function idleInWords(value, name) {
  const users = usersOf(value, name);
  return users.length ? `used as ${users.join(", ")}` : "not used here";
}

/** @param {Attention} one */
export function headsInWords({ heads, key_value_heads, head_dim }) {
  const shared = key_value_heads < heads ? `, ${counted(key_value_heads, "head")} of k and v` : "";
  return `${counted(heads, "head")} of ${head_dim}${shared}`;
}

/** The length of a vector, with three digits that count. @param {number} norm */
export const lengthInWords = (norm) =>
  norm >= 1000 ? formatInteger(Math.round(norm)) : norm.toPrecision(3).replace(/\.?0+$/, "");

/**
 * A row for a screen reader.
 *
 * @param {State} state
 * @param {Row} row
 */
export function spokenRow(state, row) {
  const { value } = state;
  if (!value) return "";
  if (row.kind === "add") return `${addInWords(row)}.`;
  if (row.kind === "strip") return stripInWords(state, row);
  const { part, name } = row;
  const opened = row.open === undefined ? "" : row.open ? ", open" : ", closed";
  const share = shareOf(part.parameters, value.parameters);
  const size = part.parameters ? `${counted(part.parameters, "parameter")}, ${share}` : "no parameters of its own";
  const elsewhere = countedElsewhere(part);
  const more = [elsewhere, factsOf(state, row)].filter(Boolean).map((one) => ` ${one}.`);
  return `${titleOf(part, name)} ${name}${opened}: ${size}.${more.join("")}`;
}

/** An addition, or a product, in words. @param {Row} row */
export function addInWords({ add }) {
  if (!add) return "";
  const short = (name) => name.slice(name.lastIndexOf(".") + 1);
  const scale = add.scale === 1 ? "" : `${add.scale} × `;
  const branches = add.branches.map(short).join(" + ");
  if (add.times) return `${short(add.stream)} × ${scale}${branches}, number by number`;
  const past = add.stream.startsWith(">") || add.stream.startsWith("+");
  return `${past ? "what went past" : short(add.stream)} + ${scale}${branches}`;
}

/** @param {State} state @param {Row} row */
function stripInWords({ value }, row) {
  const { members, chosen } = { members: /** @type {string[]} */ ([]), chosen: "", ...row };
  const norm = value?.states[chosen]?.norm;
  const length = norm === undefined ? "" : `; after it a token's vector has the length ${lengthInWords(norm)}`;
  return `Block ${members.indexOf(chosen)} of ${members.length}${length}. Left and right choose another.`;
}
