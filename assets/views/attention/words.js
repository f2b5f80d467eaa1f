/** What is in sight, in words, without a page: figures of a head, heads of a kind, the cell in focus. */

import { counted, formatFixed, isolated } from "../shared/format.js";
import { indexOf, isAverage, kindOf, maskOf, side, sizes } from "./state.js";
import { REASONS, spokenWeight } from "./weights.js";

/** @typedef {import("./state.js").State} State */

const formatShare = (number) => `${(100 * number).toFixed(0)}\u00a0%`;
const formatNats = (number) => `${formatFixed(number, 2)}\u00a0nats`;
const formatDistance = (number) => `${number.toFixed(1)} tokens`;

/** A layer or head, counted from 0 as transformers does, among all: "5 / 5" would seem to be the last of five. */
export const numberedIn = (number, count) => `${number} of 0–${count - 1}`;

/** What heads can be searched for. */
export const FINDERS = [
  { name: "previous_token_share", order: "most", format: formatShare, text: () => "read the previous token" },
  {
    name: "first_token_share",
    order: "most",
    format: formatShare,
    text: (kind) => `read the first token (${kind.firstLabel})`,
  },
  {
    name: "separator_share",
    order: "most",
    format: formatShare,
    text: (kind) => `read the separators (${kind.separatorLabel})`,
  },
  { name: "same_token_share", order: "most", format: formatShare, text: () => "read the token itself" },
  { name: "entropy_nats", order: "least", format: formatNats, text: () => "read few tokens (low entropy)" },
  { name: "entropy_nats", order: "most", format: formatNats, text: () => "read everything alike (high entropy)" },
  { name: "mean_distance_tokens", order: "most", format: formatDistance, text: () => "look far away" },
];

/**
 * The heads that do something most, or least.
 *
 * @param {number[][]} table  a number for every layer and head
 * @param {{ order: string }} finder
 * @param {number} heads  of them the first count; what follows is their average
 * @param {number} most
 * @returns {[number, number, number][]} layer, head and number
 */
export function foundHeads(table, { order }, heads, most) {
  const all = table.flatMap((row, layer) =>
    row.slice(0, heads).map((number, head) => /** @type {[number, number, number]} */ ([layer, head, number])),
  );
  return all.sort((a, b) => (order === "most" ? b[2] - a[2] : a[2] - b[2])).slice(0, most);
}

/**
 * The figures of the head in sight.
 *
 * @param {State} state
 * @returns {{ label: string, figure: string, part: number, unit: string }[]} `part` of the most it could be
 */
export function figuresOf(state) {
  const kind = kindOf(state);
  const keys = sizes(state)[1];
  const at = (name) => kind.summaries[name]?.[state.layer]?.[state.head];
  const entropy = at("entropy_nats");
  const most = Math.log(keys);
  const unit = `of ${most.toFixed(2)}\u00a0nats`;
  const list = [{ label: "entropy", figure: formatFixed(entropy, 2), part: entropy / Math.max(most, 1e-9), unit }];
  const shares = {
    first_token_share: `on first token (${kind.firstLabel})`,
    separator_share: `on ${kind.separatorLabel}`,
    previous_token_share: "on previous token",
    same_token_share: "on itself",
  };
  for (const [name, label] of Object.entries(shares)) {
    if (at(name) !== undefined) list.push({ label, figure: formatShare(at(name)), part: at(name), unit: "" });
  }
  const distance = at("mean_distance_tokens");
  if (distance === undefined) return list;
  return [...list, { label: "mean distance", figure: distance.toFixed(1), part: distance / keys, unit: "tokens" }];
}

/** @param {State} state */
export function headName(state) {
  const { heads } = kindOf(state);
  return `Layer ${state.layer} · ${isAverage(state) ? `average of ${counted(heads, "head")}` : `head ${state.head}`}`;
}

/**
 * What a head does whatever the words mean, in a few words; empty for others, and for an average of heads.
 *
 * @param {State} state
 */
export function habitOf(state) {
  const habit = isAverage(state) ? "" : kindOf(state).habits[state.layer][state.head];
  return habit && `looks at ${habit}`;
}

/** @param {State} state */
export function headCode(state) {
  const which = isAverage(state) ? "[0].mean(0)" : `[0, ${state.head}]`;
  const { attribute, softmax } = kindOf(state);
  return `outputs.${attribute}[${state.layer}]${softmax}${which}`;
}

/** @param {State} state */
export function spokenHead(state) {
  const figures = figuresOf(state).slice(0, 3);
  const numbers = figures.map(({ label, figure }) => `${label} ${figure}`).join(", ");
  const which = isAverage(state) ? "average of heads" : `head ${state.head}`;
  return [`layer ${state.layer}`, which, habitOf(state), numbers].filter(Boolean).join(", ");
}

/** A token by its text, with its place where the same text stands there twice. */
function named(state, which, index) {
  const { text } = side(state, which);
  const word = text[index];
  return text.indexOf(word) === text.lastIndexOf(word) ? word : `${word} #${index}`;
}

/**
 * A sentence about a cell: plain words and tokens in turn, and the weight as an object.
 *
 * @param {State} state
 * @param {{ q: number, k: number }} at
 * @param {(weight: number) => string} format
 * @returns {(string | { weight: string })[]}
 */
export function sentenceOf(state, at, format) {
  const index = indexOf(state, at);
  const reason = maskOf(state)[index];
  const query = named(state, "queries", at.q);
  const key = named(state, "keys", at.k);
  if (reason === 5) {
    const weight = format(state.matrix?.[index] ?? 0);
    return ["query ", query, ` is padding: nobody reads its row, here ${weight} to `, key];
  }
  if (reason) return ["query ", query, " can't read ", key];
  if (state.mode === "mask") return ["query ", query, " may read ", key];
  if (state.hide && side(state, "keys").special[at.k]) {
    return ["the column of ", key, " is hidden; query ", query];
  }
  return ["query ", query, " attends ", { weight: format(state.drawn.weights[index]) }, " to ", key];
}

/**
 * What a screen reader says about a cell.
 *
 * @param {State} state
 * @param {{ q: number, k: number }} at
 */
export function spokenCell(state, at) {
  const said = sentenceOf(state, at, spokenWeight).map((part) => (typeof part === "string" ? part : part.weight));
  const reason = maskOf(state)[indexOf(state, at)];
  return said.join("") + (reason ? `: ${REASONS[reason].why}` : "");
}

/**
 * The small print below that sentence.
 *
 * @param {State} state
 * @param {{ q: number, k: number }} at
 */
export function cellNote(state, at) {
  const kept = state.drawn.kept[at.q].toFixed(4);
  const hidden = `special tokens hidden: ${kept} of the row is kept and stands for 1`;
  const total = state.hide ? hidden : `the row sums to ${kept}`;
  const reason = maskOf(state)[indexOf(state, at)];
  const piece = (which, index) => {
    const { text, id } = side(state, which);
    return `${isolated(text[index])} (position ${index}, id ${id[index]})`;
  };
  return `${reason ? REASONS[reason].why : `${piece("queries", at.q)} → ${piece("keys", at.k)}`} · ${total}`;
}

/** @param {{ mode: string, hide: boolean }} state  What the picture is, in a sentence or two. */
export function pictureInWords(state) {
  if (state.mode === "mask")
    return "The mask of this layer: which keys each query may read at all. It is the same for every head.";
  const own = "These are not the model's own numbers; the figures below are.";
  if (state.mode === "lines") {
    const lines =
      "On the left stand the tokens that ask (queries), on the right those that may be read (keys). Of one query's " +
      "lines, the thicker has the larger weight; its weights sum to 1.";
    const shown = "Lines to special tokens are hidden, and each of the other weights is divided by what is left.";
    return state.hide ? `${lines} ${shown} ${own}` : lines;
  }
  const plain =
    "Each row is a token that asks (the query), each column one that may be read (the key); the weights of a row sum " +
    "to 1. Colours follow the square root, so that small weights stay visible.";
  const hidden =
    "Columns of special tokens are hidden and each row is divided by what is left of it; “kept” says how much that " +
    "was.";
  return state.hide ? `${plain} ${hidden} ${own}` : plain;
}
