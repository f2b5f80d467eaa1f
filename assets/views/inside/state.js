/** What the view knows, and what follows from it; without a page. */

import { formatFixed, formatProbability, quoted } from "../shared/format.js";
import { spokenPiece, visiblePiece } from "../shared/tokens.js";

/**
 * @typedef {object} Track  one token followed through the layers at one position
 * @property {number} id
 * @property {string} piece
 * @property {number[]} shares
 */

/**
 * @typedef {object} Value  what Python sends
 * @property {string} title
 * @property {string} origin
 * @property {string[]} asked  the text and the model id in the fields
 * @property {string} task  whose head was read
 * @property {string} quantization  as it was asked
 * @property {string[]} notes
 * @property {boolean} masked
 * @property {string} read  how a state becomes an answer
 * @property {number} layers
 * @property {[number, number]} start  layer and column of the cursor at first
 * @property {number[]} positions
 * @property {string[]} tokens  that the model read at each position
 * @property {number[]} ids
 * @property {string[]} pieces  every token that some cell names, once
 * @property {number[]} pieceIds
 * @property {number[][][]} best  [layer][column][place]: index into `pieces`
 * @property {number[][][]} shares
 * @property {number[][]} entropy
 * @property {number[][]} rank
 * @property {number[][]} winner  the winner's probability
 * @property {Track[][]} tracks  [column]
 */

/**
 * @typedef {object} State
 * @property {Value | null} value
 * @property {"probability" | "entropy" | "rank"} by
 * @property {number} layer  of the cursor
 * @property {number} column  of the cursor
 * @property {{ layer: number, column: number } | null} over
 * @property {any} geometry
 * @property {any} colours
 * @property {HTMLCanvasElement | null} base
 */

/** @returns {State} */
export function newState() {
  return { value: null, by: "probability", layer: 0, column: 0, over: null, geometry: null, colours: null, base: null };
}

/**
 * What a cell says.
 *
 * @param {Value} value
 * @param {number} layer
 * @param {number} column
 */
export function cellOf(value, layer, column) {
  const best = value.best[layer][column].map((index, k) => {
    return { id: value.pieceIds[index], piece: value.pieces[index], share: value.shares[layer][column][k] };
  });
  const top = value.best[value.layers][column][0];
  return {
    best,
    entropy: value.entropy[layer][column],
    rank: value.rank[layer][column],
    winner: { id: value.pieceIds[top], piece: value.pieces[top], share: value.winner[layer][column] },
  };
}

/**
 * Where a cell's colour stands on the ramp, from 0 (nothing, unsure, far behind) to 1.
 *
 * @param {State} state
 * @param {number} layer
 * @param {number} column
 * @returns {number}
 */
export function placeOf({ value, by }, layer, column) {
  if (!value) return 0;
  if (by === "entropy") return 1 - value.entropy[layer][column] / mostEntropy(value);
  if (by === "rank") return 1 - Math.log10(value.rank[layer][column]) / mostOrders(value);
  return Math.sqrt(value.shares[layer][column][0]);
}

/** @param {Value} value  The largest entropy that a cell has. */
export function mostEntropy(value) {
  return Math.max(0.1, ...value.entropy.flat());
}

/** @param {Value} value  The powers of ten that the ranks span. */
export function mostOrders(value) {
  return Math.max(1, Math.ceil(Math.log10(Math.max(...value.rank.flat()))));
}

/**
 * The first layer from which on the winner stays the best.
 *
 * @param {Value} value
 * @param {number} column
 * @returns {number}
 */
export function settledAt(value, column) {
  let layer = value.layers;
  while (layer > 0 && value.rank[layer - 1][column] === 1) layer -= 1;
  return layer;
}

/**
 * @param {Value} value
 * @param {number} layer
 * @returns {string}
 */
export function layerName({ layers }, layer) {
  return layer === 0 ? "the embeddings" : layer === layers ? `layer ${layer}, the last` : `layer ${layer} of ${layers}`;
}

/**
 * A sentence about a cell: plain words and tokens in turn.
 *
 * @param {Value} value
 * @param {{ layer: number, column: number }} at
 * @param {(piece: string) => string} show
 * @returns {string[]}
 */
export function sentenceOf(value, { layer, column }, show) {
  const { best, rank, winner } = cellOf(value, layer, column);
  const where = value.masked ? " at token " : " after token ";
  const said = layer === value.layers ? "the model says" : "it would say";
  const share = formatProbability(best[0].share);
  const parts = [
    `After ${layerName(value, layer)},${where}`,
    show(value.tokens[column]),
    `, ${said} `,
    show(best[0].piece),
  ];
  if (layer === value.layers) return [...parts, ` with ${share}.`];
  if (rank === 1) return [...parts, ` with ${share}: the token that wins in the end.`];
  return [...parts, ` with ${share}. The token that wins in the end, `, show(winner.piece), `, has rank ${rank} here.`];
}

/**
 * @param {Value} value
 * @param {{ layer: number, column: number }} at
 * @returns {string} what a screen reader says
 */
export function spokenCell(value, at) {
  return sentenceOf(value, at, spokenPiece).join("");
}

/** A piece as it stands among words: one may be a comma, or a space. */
const quotedPiece = (/** @type {string} */ piece) => quoted(visiblePiece(piece));

/**
 * The small print below that sentence: what the model says, and how unsure it is.
 *
 * @param {Value} value
 * @param {{ layer: number, column: number }} at
 */
export function cellNote(value, { layer, column }) {
  const { best, entropy, winner } = cellOf(value, layer, column);
  const list = best.map(({ piece, share }) => `${quotedPiece(piece)} ${formatProbability(share)}`).join(", ");
  const won = `${quotedPiece(winner.piece)} ${formatProbability(winner.share)}`;
  return [`best: ${list} · winner: ${won} · `, `entropy ${formatFixed(entropy, 2)}\u00a0nats`];
}

/**
 * The heading of the lines: what is followed, and from which layer on the winner leads.
 *
 * @param {Value} value
 * @param {number} column
 */
export function tracksTitle(value, column) {
  const { winner } = cellOf(value, value.layers, column);
  const from = settledAt(value, column);
  const since = from === value.layers ? "wins in the last layer" : `leads from layer ${from} on`;
  const where = value.masked ? "At" : "After";
  return `${where} ${quotedPiece(value.tokens[column])}, ${quotedPiece(winner.piece)} ${since}`;
}

const NAMES = [
  "layer",
  "position",
  "token",
  "best",
  "probability",
  "entropy_nats",
  "winner",
  "winner_probability",
  "rank",
];

/**
 * Every cell as a row, under a row of names.
 *
 * @param {Value} value
 * @returns {(string | number)[][]}
 */
export function tableOf(value) {
  const rows = value.best.flatMap((columns, layer) =>
    columns.map((_, column) => {
      const { best, entropy, rank, winner } = cellOf(value, layer, column);
      const token = [layer, value.positions[column], value.tokens[column]];
      return [...token, best[0].piece, best[0].share, entropy, winner.piece, winner.share, rank];
    }),
  );
  return [NAMES, ...rows];
}

/**
 * The same as JSON, with the tokens that were followed.
 *
 * @param {Value} value
 * @returns {string}
 */
export function jsonOf(value) {
  const [names, ...rows] = tableOf(value);
  const cells = rows.map((row) => Object.fromEntries(names.map((name, k) => [name, row[k]])));
  const tracks = value.tracks.map((some, column) => {
    const followed = some.map(({ id, piece, shares }) => ({ token_id: id, piece, probabilities: shares }));
    return { position: value.positions[column], token: value.tokens[column], followed };
  });
  return JSON.stringify({ title: value.title, origin: value.origin, read: value.read, cells, tracks }, null, 1);
}
