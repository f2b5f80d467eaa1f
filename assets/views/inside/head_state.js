/** One attention head for one token: what is said of it, its steps, and its tables. Needs no page. */

import { withMinus } from "../shared/format.js";
import { spokenPiece, visiblePiece } from "../shared/tokens.js";

/** @typedef {import("../types.d.ts").inside.HeadUnrolled} Head */
/** @typedef {import("../types.d.ts").inside.HeadKey} Key */
/** @typedef {import("../types.d.ts").inside.MapAttention} Attention */

/**
 * @typedef {object} Value
 * @property {string} title
 * @property {string} unfit
 * @property {Attention[]} attentions
 * @property {string[]} tokens
 * @property {string[]} decoder_tokens
 * @property {Head | null} head
 */

/** @typedef {{ value: Value | null, row: number, step: number, over: { row: number, step: number } | null }} State */

/** @returns {State} */
export const newState = () => ({ value: null, row: 0, step: 0, over: null });

/** The rows: q first, then a key each, then what comes out. @param {Head} head */
export const rowCount = (head) => head.keys.length + 2;

export const STACKS = {
  self: "self-attention",
  encoder: "the encoder's own",
  decoder: "the decoder's own",
  cross: "cross-attention",
};

/** The tokens that read, by whose attention it is. @param {Value} value @param {string} stack */
export const readers = (value, stack) =>
  stack === "decoder" || stack === "cross" ? value.decoder_tokens : value.tokens;

/** The tokens that can be read. @param {Value} value @param {string} stack */
export const readTokens = (value, stack) => (stack === "decoder" ? value.decoder_tokens : value.tokens);

/**
 * A number with four digits that count, of one width.
 *
 * @param {number} number
 */
export function short(number) {
  if (!number) return "0";
  const size = Math.abs(number);
  if (size >= 1e5 || size < 1e-3) return withMinus(number.toExponential(1));
  return withMinus(number.toFixed(size >= 1000 ? 0 : size >= 100 ? 1 : size >= 10 ? 2 : 3));
}

/** @param {number} weight */
export const percent = (weight) =>
  weight >= 0.0005 || !weight ? `${(100 * weight).toFixed(1)}\u00a0%` : "<\u00a00.1\u00a0%";

/** The key with the largest weight. @param {Head} head */
export const mostRead = (head) => head.keys.reduce((best, one) => (one.weight > best.weight ? one : best));

/**
 * What the head does, in a sentence; words and tokens in turn.
 *
 * @param {Value} value
 * @param {(piece: string) => string} [show]
 * @returns {string[]}
 */
export function sentenceOf(value, show = visiblePiece) {
  const { head } = value;
  if (!head) return [];
  const { stack, layer, heads, key_value_heads } = head.attention;
  const best = mostRead(head);
  const others = new Intl.ListFormat("en-GB").format(head.shared_with.map(String));
  const shared = `${head.shared_with.length > 1 ? "heads" : "head"} ${others}`;
  const place = `number ${head.key_value_head} of ${key_value_heads}`;
  const group = key_value_heads < heads ? ` It shares its keys and values (${place}) with ${shared}.` : "";
  return [
    `Head ${head.head} of layer ${layer}: `,
    show(readers(value, stack)[head.position] ?? ""),
    " reads most of ",
    show(readTokens(value, stack)[best.position] ?? ""),
    ` (${percent(best.weight)}).${group}`,
  ];
}

/**
 * The steps in order, as formula and words; what a model leaves out isn't named.
 *
 * @param {Value} value
 * @returns {{ name: string, says: string }[]}
 */
export function stepsOf({ head }) {
  if (!head) return [];
  const last = (name) => name.slice(name.lastIndexOf(".") + 1) || "no module of its own";
  const from = `from ${last(head.query_from)}, ${last(head.key_from)} and ${last(head.value_from)}`;
  const root = 1 / Math.sqrt(head.query.length);
  const usual = Math.abs(head.scaling - root) < 1e-6 * root;
  const steps = [
    { name: "q, k, v", says: `${head.query.length} numbers each, ${from}.` },
    head.rotary && { name: "rotary", says: "q and k are turned by angles that depend on their positions; v isn't." },
    head.query_scale !== 1 && { name: `q × ${short(head.query_scale)}`, says: "q is made smaller first." },
    { name: "q·k", says: "each number of q times that of k, added up: how well they fit." },
    head.scaling !== 1
      ? { name: `× ${short(head.scaling)}`, says: usual ? `divided by √${head.query.length}.` : "this model's scale." }
      : { name: "no scaling", says: "this model takes q·k as it is." },
    head.biased && { name: "+ position", says: "a number that was learned for the distance of the two tokens." },
    { name: "mask", says: maskInWords(head) },
    { name: "softmax", says: "e to the power of each score, divided by their sum: weights that add up to 1." },
    { name: "weight × v", says: "each value, as much of it as its weight says." },
    { name: "sum", says: "leaves the head, and goes into the output projection with those of all other heads." },
  ];
  return /** @type {any[]} */ (steps.filter(Boolean));
}

function maskInWords({ keys }) {
  const hidden = keys.filter((one) => one.masked).length;
  if (!hidden) return "hides nothing here.";
  return `hides ${hidden} of ${keys.length} tokens: later ones, or those that the model may not read.`;
}

/**
 * One row in words, for reading and for a screen reader.
 *
 * @param {Value} value
 * @param {number} row
 * @param {(piece: string) => string} [show]
 * @returns {string}
 */
export function rowInWords(value, row, show = spokenPiece) {
  const { head } = value;
  if (!head) return "";
  const { stack } = head.attention;
  const reader = show(readers(value, stack)[head.position] ?? "");
  if (row === 0) return `The query of ${reader}: ${head.query.length} numbers, length ${short(lengthOf(head.query))}.`;
  if (row === head.keys.length + 1)
    return `What leaves the head for ${reader}: ${head.output.length} numbers, length ${short(lengthOf(head.output))}.`;
  const key = head.keys[row - 1];
  const token = show(readTokens(value, stack)[key.position] ?? "");
  const scaled = head.scaling === 1 ? "" : `, scaled ${short(key.scaled)}`;
  const added = head.biased ? `, with its position ${short(key.scaled + key.added)}` : "";
  const end = key.masked ? "masked: it can't be read" : `weight ${percent(key.weight)}`;
  return `Token ${key.position}, ${token}: q·k is ${short(key.product)}${scaled}${added}; ${end}.`;
}

/** @param {number[]} vector */
export const lengthOf = (vector) => Math.hypot(...vector);

export const COLUMNS = ["token", "q·k", "scaled", "position added", "masked", "weight"];

/** @param {Value} value @returns {(string | number)[][]} a row for each key */
export function keysTable(value) {
  const { head } = value;
  if (!head) return [];
  const tokens = readTokens(value, head.attention.stack);
  return head.keys.map((one) => [
    `${one.position} ${visiblePiece(tokens[one.position] ?? "")}`,
    ...[one.product, one.scaled, one.added, one.masked ? "yes" : "no", one.weight],
  ]);
}

/** Every vector of the head, named. @param {Value} value @returns {[string, number[]][]} */
export function vectorsOf(value) {
  const { head } = value;
  if (!head) return [];
  const before = head.query_before.length ? [["q before", head.query_before]] : [];
  const keys = head.keys.flatMap((one) => [
    ...(one.key_before.length ? [[`k ${one.position} before`, one.key_before]] : []),
    [`k ${one.position}`, one.key],
    [`v ${one.position}`, one.value],
    [`weight × v ${one.position}`, one.weighted],
  ]);
  return /** @type {[string, number[]][]} */ ([...before, ["q", head.query], ...keys, ["sum", head.output]]);
}
