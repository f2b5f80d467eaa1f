/** Numbers as people read them. A space that no line breaks at (\u00a0) stands between one and its unit. */

/**
 * @param {number | null | undefined} count  of bytes
 * @returns {string}
 */
export function formatBytes(count) {
  if (count === null || count === undefined) return "?";
  const units = ["bytes", "kB", "MB", "GB", "TB"];
  let rest = count;
  let step = 0;
  while (Math.abs(rest) >= 999.5 && step < 4) {
    rest /= 1000;
    step += 1;
  }
  return `${step < 2 || rest >= 99.5 ? Math.round(rest) : rest.toFixed(1)}\u00a0${units[step]}`;
}

/**
 * @param {number} count
 * @returns {string} such as "135 million"
 */
export function formatCount(count) {
  if (count >= 1e9) return `${(count / 1e9).toFixed(1)} billion`;
  return count >= 1e6 ? `${Math.round(count / 1e6)} million` : String(count);
}

/**
 * @param {number} count
 * @returns {string} with commas between thousands
 */
export function formatInteger(count) {
  return count.toLocaleString("en-US");
}

/**
 * @param {number} count
 * @param {string} word  in its singular
 * @returns {string} such as "1 token" or "1,200 tokens"
 */
export function counted(count, word) {
  return `${formatInteger(count)} ${word}${count === 1 ? "" : "s"}`;
}

/**
 * @param {number} seconds  how long ago
 * @returns {string}
 */
export function formatAge(seconds) {
  if (seconds < 10) return "just now";
  if (seconds < 90) return `${Math.round(seconds / 10) * 10}\u00a0s ago`;
  return seconds < 5400 ? `${Math.round(seconds / 60)}\u00a0min ago` : `${Math.round(seconds / 3600)}\u00a0h ago`;
}

/**
 * A probability in percent, with as many digits as it needs; the two that count of a small one.
 *
 * @param {number | null | undefined} probability
 * @returns {string}
 */
export function formatProbability(probability) {
  if (probability === null || probability === undefined) return "–";
  if (probability === 0) return "0\u00a0%";
  if (probability >= 0.9995) return "100\u00a0%";
  if (probability >= 0.1) return `${(100 * probability).toFixed(0)}\u00a0%`;
  if (probability >= 0.001) return `${(100 * probability).toFixed(1)}\u00a0%`;
  return probability < 1e-6 ? "<\u00a00.0001\u00a0%" : `${(100 * probability).toPrecision(2)}\u00a0%`;
}

/**
 * A number that JavaScript has written, with a true minus sign as people read it; none before zeros.
 *
 * @param {string} shown
 * @returns {string}
 */
export function withMinus(shown) {
  return shown.replace(/^-(?=[0.]*$)/, "").replaceAll("-", "−");
}

/**
 * @param {number | null | undefined} number
 * @param {number} digits
 * @returns {string} a dash where there is no number
 */
export function formatFixed(number, digits) {
  return number === null || number === undefined || !Number.isFinite(number) ? "–" : withMinus(number.toFixed(digits));
}

/**
 * A perplexity or another number of any size, with three digits that count.
 *
 * @param {number} number
 * @returns {string}
 */
export function formatMagnitude(number) {
  if (Math.abs(number) >= 1e6) return withMinus(number.toExponential(2));
  return withMinus(Math.abs(number) >= 100 ? Math.round(number).toLocaleString("en-US") : number.toPrecision(3));
}

const FROM_THE_RIGHT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;

/**
 * A text as it can stand within an English sentence: one that is read from the right doesn't mix up its order.
 *
 * @param {string} text
 * @returns {string}
 */
export function isolated(text) {
  return FROM_THE_RIGHT.test(text) ? `\u2068${text}\u2069` : text;
}

/**
 * A text in quotation marks, as it can stand within a sentence.
 *
 * @param {string} text
 * @returns {string}
 */
export function quoted(text) {
  return `“${isolated(text)}”`;
}

/**
 * A text of somebody as the end of a sentence, with a full stop unless it ends in a mark of its own.
 *
 * @param {string} text
 * @returns {string}
 */
export function stopped(text) {
  return `${isolated(text)}${/[.!?…。！？]$/u.test(text) ? "" : "."}`;
}
