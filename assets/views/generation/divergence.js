/** What two models' distributions say of each other at one token, without a page. */

import { formatProbability, quoted, withMinus } from "../shared/format.js";
import { visiblePiece } from "../shared/tokens.js";

/** @typedef {import("../types.d.ts").generation.TwinToken} TwinToken */

const STEPS = [0.003, 0.03, 0.1, 0.3]; // nats

/**
 * @param {number} nats
 * @returns {number} from 0, the same, to 4, far apart; the same steps for every text
 */
export function divergenceStep(nats) {
  return STEPS.filter((edge) => nats >= edge).length;
}

/**
 * @param {TwinToken[]} tokens
 * @returns {number} the place of the token where they are farthest apart, the first of equal ones
 */
export function farthest(tokens) {
  const all = tokens.map((token) => token.kl_divergence);
  return all.indexOf(all.reduce((a, b) => Math.max(a, b)));
}

/**
 * @param {TwinToken} token
 * @param {number} number  its place in the text, from 1
 * @param {string[]} names  of the two models
 * @returns {string}
 */
export function sentenceOf(token, number, names) {
  const sure = (piece, probability) => `${quoted(visiblePiece(piece))} (${formatProbability(probability)})`;
  const [first, second] = names;
  const both = [formatProbability(token.probability), formatProbability(token.other_probability)];
  const [best, other] = [token.best_probability, token.other_best_probability];
  const expected = token.changed
    ? `${first} expected ${sure(token.best, best)}, ${second} ${sure(token.other_best, other)}`
    : `both expected ${quoted(visiblePiece(token.best))} (${formatProbability(best)} and ${formatProbability(other)})`;
  const kl = withMinus(token.kl_divergence.toPrecision(2));
  const head = `Token ${number}, ${quoted(visiblePiece(token.piece))}: KL divergence ${kl}\u00a0nats`;
  return `${head}; ${first} gave it ${both[0]}, ${second} ${both[1]}; ${expected}.`;
}
