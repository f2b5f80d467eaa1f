/** Where a text breaks into lines under several tokenizers, without a page. */

/**
 * Where lines begin and the last one ends: a line breaks where all tokenizers agree, or where it must.
 *
 * @param {number[]} cuts  every boundary that any tokenizer has, in order
 * @param {Set<number>} agreed  those that all have
 * @param {number} perLine  the most characters of a line
 * @returns {number[]}
 */
export function lineBreaks(cuts, agreed, perLine) {
  const breaks = [cuts[0]];
  let best = 0;
  for (let k = 1; k < cuts.length; k++) {
    const begin = breaks[breaks.length - 1];
    if (cuts[k] - begin > perLine && k - 1 > cuts.indexOf(begin)) {
      breaks.push(best > begin ? best : cuts[k - 1]);
      best = 0;
    }
    if (agreed.has(cuts[k])) best = cuts[k];
  }
  breaks.push(cuts[cuts.length - 1]);
  return breaks;
}
