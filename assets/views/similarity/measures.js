/** What one table of losses says under each switch, without a page. */

import { formatInteger } from "../shared/format.js";

/** @typedef {import("../types.d.ts").similarity.WordMatrixResult} WordMatrixResult */

/**
 * `loss` is the mean per piece of the column's word, given the row's; `baseline_sum` the summed loss of each word after
 * an empty source; `clustered` an order in which close words stand together.
 *
 * @typedef {"words" | "loss" | "pieces" | "baseline_sum" | "cosine"} Measured
 * @typedef {Pick<WordMatrixResult, Measured> & { clustered: number[] }} Losses
 */

/** @type {Record<string, string>} */
const RAISED = Object.fromEntries([..."-0123456789"].map((sign, k) => [sign, "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"[k]]));

/**
 * @typedef {object} Switches
 * @property {boolean} total
 * @property {boolean} baseline
 * @property {boolean} symmetric
 * @property {boolean} cosine
 */

/**
 * The number of a cell.
 *
 * @param {Losses} data
 * @param {Switches} on
 * @param {number} i  row: the source
 * @param {number} j  column: the label
 * @returns {number}
 */
export function measure(data, on, i, j) {
  if (on.cosine && data.cosine) return data.cosine[i][j];
  return on.symmetric ? (lossOf(data, on, i, j) + lossOf(data, on, j, i)) / 2 : lossOf(data, on, i, j);
}

function lossOf(data, on, i, j) {
  const perPiece = data.loss[i][j] - (on.baseline ? data.baseline_sum[j] / data.pieces[j] : 0);
  return perPiece * (on.total ? data.pieces[j] : 1);
}

/**
 * @param {Switches} on
 * @returns {string}
 */
export function unitOf(on) {
  if (on.cosine) return "cosine";
  return `nats${on.total ? "" : " per piece"}${on.baseline ? " above the baseline" : ""}`;
}

/**
 * @param {Switches} on
 * @returns {string} what a cell says, in a sentence or two
 */
export function meaningOf(on) {
  if (on.cosine) return "The cosine of two MiniLM embeddings: no direction, no label, no loss; 1 means the same.";
  const whole = "Loss of the whole label in nats, minus the logarithm of its probability: every piece adds to it.";
  const mean = "Loss in nats, the mean per piece: what model(…).loss returns.";
  const parts = [on.total ? whole : mean];
  if (on.baseline) parts.push("Minus what the label costs after an empty source: below 0 means the source helps.");
  parts.push(on.symmetric ? "Mean of both directions." : "Rows are sources, columns are labels.");
  return parts.join(" ");
}

/**
 * The one scale of some losses: from certain at the right end to the least probable at the left, a tick for each power
 * of ten of the probability (or every second, third ...).
 *
 * @param {number[]} losses  in nats
 * @returns {{ nats: number, ticks: { at: number, text: string }[], said: string }} the loss at the left end; shares of
 *   the width; how far apart the ticks are
 */
export function axisOf(losses) {
  const powers = Math.max(1, Math.ceil(losses.reduce((a, b) => Math.max(a, b), 0) / Math.LN10));
  const step = Math.ceil(powers / 5);
  const ticks = [];
  for (let power = 0; power <= powers; power += step)
    ticks.push({ at: 1 - power / powers, text: `${tenTo(2 - power)}\u00a0%` });
  const times = tenTo(step);
  return { nats: powers * Math.LN10, ticks, said: `Each tick to the left is ${times} times less probable.` };
}

/** A power of ten as people read it: such as "1,000", "0.01" or, where zeros would have to be counted, "10⁻²²". */
function tenTo(power) {
  if (power >= -4 && power <= 6) return power < 0 ? String(Number(`1e${power}`)) : formatInteger(10 ** power);
  return `10${String(power).replace(/./g, (sign) => RAISED[sign])}`;
}

/**
 * Every ordered pair of two words.
 *
 * @param {number} count
 * @returns {[number, number][]}
 */
export function orderedPairs(count) {
  const all = Array.from({ length: count * count }, (_, k) => [Math.floor(k / count), k % count]);
  return /** @type {[number, number][]} */ (all.filter(([i, j]) => i !== j));
}

/**
 * @param {Losses} data
 * @param {string} kind  typed, clustered or alphabet
 * @returns {number[]} the words in that order
 */
export function orderOf(data, kind) {
  const all = data.words.map((_, k) => k);
  if (kind === "clustered") return data.clustered;
  return kind === "alphabet" ? all.sort((a, b) => data.words[a].localeCompare(data.words[b])) : all;
}

/**
 * The words closest to one.
 *
 * @param {Losses} data
 * @param {Switches} on
 * @param {number} i
 * @param {number} most
 * @returns {[number, number][]} word and number, closest first
 */
export function closest(data, on, i, most) {
  const others = data.words.map((_, j) => /** @type {[number, number]} */ ([j, measure(data, on, i, j)]));
  const sign = on.cosine ? -1 : 1;
  return others
    .filter(([j]) => j !== i)
    .sort((a, b) => sign * (a[1] - b[1]))
    .slice(0, most);
}
