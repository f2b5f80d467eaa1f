/** How the model's ratings agree with people's, without a page. */

import { formatFixed } from "../shared/format.js";
import { ranks, spearman } from "../shared/ranks.js";

const OUTLIERS = 6;

/** @param {number | null} rho */
export function formatRho(rho) {
  return rho === null ? "none (all the same)" : formatFixed(rho, 2);
}

/**
 * How the reader, the model and the published mean agree on the ten pairs.
 *
 * @param {{ ten: number[], pairs: { rating: number, similarity: number }[] }} data
 * @param {Map<number, number>} rated
 * @returns {string}
 */
export function agreement(data, rated) {
  const mine = data.ten.map((k) => rated.get(k) ?? 0);
  const model = data.ten.map((k) => data.pairs[k].similarity);
  const people = data.ten.map((k) => data.pairs[k].rating);
  const [you, mean, both] = [spearman(mine, model), spearman(people, model), spearman(mine, people)];
  const numbers = `model and you ${formatRho(you)}, model and published mean ${formatRho(mean)}`;
  const few = "Ten pairs are few: a different ten can turn it round.";
  const intro = `Rank agreement (Spearman's rho) on these ten pairs: ${numbers}`;
  return `${intro}, you and published mean ${formatRho(both)}.${verdict(you, mean)} ${few}`;
}

function verdict(you, mean) {
  if (you === null || mean === null) return "";
  if (you > mean + 0.05) return " The model ranks these pairs more as you do.";
  if (mean > you + 0.05) return " The model ranks these pairs more as the published mean does.";
  return " It agrees about equally with both.";
}

/**
 * The pairs whose two ranks lie furthest apart.
 *
 * @param {{ rating: number, similarity: number }[]} pairs
 * @returns {number[]}
 */
export function outliers(pairs) {
  const rx = ranks(pairs.map(({ rating }) => rating));
  const ry = ranks(pairs.map(({ similarity }) => similarity));
  const gap = (k) => Math.abs(rx[k] - ry[k]);
  const order = pairs.map((_, k) => k).sort((a, b) => gap(b) - gap(a));
  return order.slice(0, OUTLIERS);
}
