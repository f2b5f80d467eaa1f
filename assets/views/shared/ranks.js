/** Ranks and their correlation. */

/**
 * The rank of each value, from 0; equal values share the mean of theirs.
 *
 * @param {number[]} values
 * @returns {number[]}
 */
export function ranks(values) {
  const order = values.map((_, index) => index).sort((a, b) => values[a] - values[b]);
  const result = new Array(values.length);
  for (let start = 0; start < order.length; ) {
    let end = start;
    while (end + 1 < order.length && values[order[end + 1]] === values[order[start]]) end++;
    for (let place = start; place <= end; place++) result[order[place]] = (start + end) / 2;
    start = end + 1;
  }
  return result;
}

/**
 * Spearman's rho: the correlation of ranks; null where one side is the same everywhere.
 *
 * @param {number[]} a
 * @param {number[]} b
 * @returns {number | null}
 */
export function spearman(a, b) {
  const x = ranks(a);
  const y = ranks(b);
  const mean = (x.length - 1) / 2;
  let xy = 0;
  let xx = 0;
  let yy = 0;
  for (let k = 0; k < x.length; k++) {
    xy += (x[k] - mean) * (y[k] - mean);
    xx += (x[k] - mean) ** 2;
    yy += (y[k] - mean) ** 2;
  }
  return xx && yy ? xy / Math.sqrt(xx * yy) : null;
}
