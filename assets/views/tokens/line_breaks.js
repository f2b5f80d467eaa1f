/** Where a text breaks into lines under several tokenizers, without a page. */

/**
 * Where lines begin and the last one ends: a line breaks where all tokenizers agree, or where it must.
 *
 * @param {number[]} cuts  every boundary that any tokenizer has, in order
 * @param {Set<number>} agreed  those that all have
 * @param {number} most  the length of a line
 * @param {number[]} [edges]  where each boundary stands on one endless line; at its character, if they aren't given
 * @returns {number[]}
 */
export function lineBreaks(cuts, agreed, most, edges = cuts) {
  const breaks = [cuts[0]];
  let best = 0;
  for (let k = 1; k < cuts.length; k++) {
    const begin = breaks[breaks.length - 1];
    const first = cuts.indexOf(begin);
    if (edges[k] - edges[first] > most && k - 1 > first) {
      breaks.push(best > begin ? best : cuts[k - 1]);
      best = 0;
    }
    if (agreed.has(cuts[k])) best = cuts[k];
  }
  breaks.push(cuts[cuts.length - 1]);
  return breaks;
}

const LETTER = 9.2; // of the style's monospaced font, in pixels
const WIDE = 16; // a character of Chinese, Japanese or Korean, or a picture
const EDGE = 10; // what stands between the letters of two cells
const COUNT = 15; // such as ×2, at the end of a cell
const IS_WIDE = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\uff00-\uff60\u{1f000}-\u{3ffff}]/u;

/**
 * Where each boundary stands on one endless line, in pixels: short cells need more room for each of their letters.
 *
 * @param {{ cuts: number[], letters: string[], rows: { end: number, tokens: number }[][] }} value
 * @returns {number[]}
 */
export function cellEdges({ cuts, letters, rows }) {
  const counted = new Set(rows.flat().flatMap(({ end, tokens }) => (tokens > 1 ? [end] : [])));
  const edges = [0];
  for (let k = 1; k < cuts.length; k++) {
    const widths = letters.slice(cuts[k - 1], cuts[k]).map((letter) => (IS_WIDE.test(letter) ? WIDE : LETTER));
    const more = EDGE + (counted.has(cuts[k]) ? COUNT : 0);
    edges.push(edges[k - 1] + widths.reduce((a, b) => a + b, more));
  }
  return edges;
}
