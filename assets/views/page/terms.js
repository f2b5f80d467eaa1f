/** Finding the words of the glossary in a text. */

/**
 * @typedef {object} Word
 * @property {string} name  as the glossary writes it; backticks around code
 * @property {string} text  what it means
 * @property {string[]} forms  how it is written on the page
 */

/** @typedef {{ text: string, index: number }} Found  a word as it stands there, and which one it is */

const escaped = (form) => form.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

/**
 * An expression that finds every form of every word, the longest first; null where there is none.
 *
 * @param {Word[]} words
 * @returns {RegExp | null}
 */
export function finding(words) {
  const forms = words.flatMap((word) => word.forms).sort((a, b) => b.length - a.length);
  return forms.length
    ? new RegExp(`(?<![\\p{L}\\p{N}_-])(?:${forms.map(escaped).join("|")})(?![\\p{L}\\p{N}_-])`, "giu")
    : null;
}

/**
 * A text in pieces; every second one is a name such as "4-bit", at whose hyphen no line must end.
 *
 * @param {string} text
 */
export const atNames = (text) => text.split(/((?<![\p{L}\p{N}-])(?:fast-)?[48]-bit(?![\p{L}\p{N}]))/u);

/**
 * The text in pieces: strings, and words that weren't `known` before; these are known from then on.
 *
 * @param {string} text
 * @param {Word[]} words
 * @param {RegExp} expression  of `finding(words)`
 * @param {Set<string>} known  indices of words
 * @returns {(string | Found)[]}
 */
export function splitAt(text, words, expression, known) {
  const parts = [];
  let end = 0;
  for (const match of text.matchAll(expression)) {
    const form = match[0].toLowerCase();
    const index = words.findIndex((word) => word.forms.some((one) => one.toLowerCase() === form));
    if (known.has(String(index))) continue;
    known.add(String(index));
    if (match.index > end) parts.push(text.slice(end, match.index));
    parts.push({ text: match[0], index });
    end = match.index + match[0].length;
  }
  if (end < text.length) parts.push(text.slice(end));
  return parts;
}
