/** What one table of losses says under each switch, without a page. */

/** @typedef {import("../types.d.ts").similarity.WordMatrixResult} WordMatrixResult */

/**
 * `loss` is the mean per piece of the column's word, given the row's; `baseline_sum` the summed loss of each word after
 * an empty source; `clustered` an order in which close words stand together.
 *
 * @typedef {"words" | "loss" | "pieces" | "baseline_sum" | "cosine"} Measured
 * @typedef {Pick<WordMatrixResult, Measured> & { clustered: number[] }} Losses
 */

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
 * @returns {boolean} whether cells show exp(loss) itself
 */
export function isPerplexity(on) {
  return !on.cosine && !on.baseline && !on.total;
}

/**
 * @param {Switches} on
 * @returns {string}
 */
export function unitOf(on) {
  if (on.cosine) return "cosine";
  if (isPerplexity(on)) return "exp(loss)";
  return on.baseline ? "nats above the baseline" : "summed loss in nats";
}

/**
 * @param {Switches} on
 * @returns {string} what a cell says, in a sentence or two
 */
export function meaningOf(on) {
  if (on.cosine) return "The cosine of two MiniLM embeddings: no direction, no label, no loss; 1 means the same.";
  const whole = "Summed loss of all pieces: long words cost more.";
  const parts = [on.total ? whole : "Rows are sources, columns are labels; exp of the mean loss per piece."];
  const less = "Less what the label costs after an empty source: below 0 means the source helps.";
  if (on.baseline) parts.push(less);
  if (on.symmetric) parts.push("Mean of both directions.");
  return parts.join(" ");
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
