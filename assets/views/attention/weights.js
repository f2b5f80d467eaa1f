/** From a head's weights to the numbers and colours on screen, without a page. */

/**
 * Why a cell may not be read, by the number in the mask; `lines` is its hatching on a tile of 8 by 8.
 *
 * @type {Record<number, { name: string, why: string, lines: number[][] }>}
 */
export const REASONS = {
  1: { name: "padding", why: "the key is padding: its attention_mask is 0", lines: [[0, 8, 8, 0]] },
  2: {
    name: "causal",
    why: "the key comes later than the query: a causal model may not look ahead",
    lines: [[0, 0, 8, 8]],
  },
  3: {
    name: "sliding window",
    why: "the key is too far away for this layer's sliding window",
    lines: [
      [0, 4, 8, 4],
      [4, 0, 4, 8],
    ],
  },
  4: { name: "always 0", why: "every head of this layer gives exactly 0 here", lines: [[3, 4, 5, 4]] },
  5: { name: "padding query", why: "the query is padding: nobody reads this row", lines: [[0, 4, 8, 4]] },
};

/**
 * The weights to draw. Where columns are hidden, each row is divided by what is left of it.
 *
 * @param {Float32Array} matrix
 * @param {{ size: [number, number], mask: Uint8Array, special: number[], hide: boolean }} of
 * @returns {{ weights: Float32Array, kept: Float64Array, tops: Float64Array, most: number }} with what was kept of
 *   each row before the division, the largest weight of each row and of all; what is masked doesn't count for these
 */
export function shownWeights(matrix, { size: [q, k], mask, special, hide }) {
  const weights = hide ? new Float32Array(matrix) : matrix;
  const kept = new Float64Array(q);
  const tops = new Float64Array(q);
  for (let row = 0; row < q; row++) {
    const start = row * k;
    for (let key = 0; key < k; key++) {
      if (hide && special[key]) weights[start + key] = 0;
      kept[row] += weights[start + key];
    }
    for (let at = start; at < start + k; at++) {
      if (hide && kept[row] > 0) weights[at] /= kept[row];
      if (!mask[at] && weights[at] > tops[row]) tops[row] = weights[at];
    }
  }
  return { weights, kept, tops, most: tops.reduce((a, b) => Math.max(a, b), 0) };
}

/**
 * Each weight's place on the ramp, 0 to 255: the square root, so that small weights stay visible.
 *
 * @param {{ weights: Float32Array, tops: Float64Array, most: number }} shown
 * @param {"head" | "row" | "one"} scale
 * @returns {Uint8Array}
 */
export function rampSteps({ weights, tops, most }, scale) {
  const steps = new Uint8Array(weights.length);
  const k = weights.length / tops.length;
  for (let row = 0, at = 0; row < tops.length; row++) {
    const top = { one: 1, row: tops[row], head: most }[scale];
    const factor = top > 0 ? 1 / top : 0;
    for (let key = 0; key < k; key++, at++) {
      steps[at] = Math.min(255, Math.round(255 * Math.sqrt(weights[at] * factor)));
    }
  }
  return steps;
}

/**
 * Stretches of cells in one row that are masked for one reason.
 *
 * @param {Uint8Array} mask
 * @param {number} reason
 * @param {[number, number]} size
 * @returns {{ row: number, start: number, length: number }[]}
 */
export function maskedRuns(mask, reason, [q, k]) {
  const runs = [];
  for (let row = 0; row < q; row++)
    for (let key = 0; key < k; key++) {
      if (mask[row * k + key] !== reason) continue;
      const start = key;
      while (key < k && mask[row * k + key] === reason) key++;
      runs.push({ row, start, length: key - start });
    }
  return runs;
}

/**
 * The lines worth drawing: not masked, not faint, the strongest last, at most 4000.
 *
 * @param {Iterable<number>} cells
 * @param {Uint8Array} mask
 * @param {{ steps: Uint8Array, weights: Float32Array }} drawn
 * @returns {number[]}
 */
export function strongest(cells, mask, { steps, weights }) {
  const list = [...cells].filter((index) => !mask[index] && steps[index] > 40);
  return list.sort((a, b) => weights[a] - weights[b]).slice(-4000);
}

/** @param {number} weight */
export function formatWeight(weight) {
  if (weight === 0) return "0";
  return weight < 0.00005 ? "less than 0.0001" : weight.toFixed(4);
}

/**
 * @param {number} weight
 * @returns {string} with as few digits as a listener needs
 */
export function spokenWeight(weight) {
  if (weight === 0) return "0";
  if (weight >= 0.01) return weight.toFixed(2);
  return weight >= 0.0005 ? weight.toFixed(3) : "less than 0.001";
}
