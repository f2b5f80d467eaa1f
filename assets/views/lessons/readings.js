/** What a lesson reads of live facts: the same readings, conditions and sentences as in Python. Needs no page. */
import { formatInteger, withMinus } from "../shared/format.js";

/**
 * @typedef {{ name: string, root: string, steps: (string | number)[] }} Reading
 * @typedef {{ reading: Reading, form: string }} Shown
 * @typedef {{ parts: (string | Shown)[] }} Sentence
 * @typedef {{ text: string, reading: Reading, test: string, value: any, other: Reading | null }} Condition
 * @typedef {{ say: string, when: Condition | null }} Choice
 * @typedef {{ kind: string, ask: string, choices: Choice[], reading: Reading | null, within: number }} Question
 * @typedef {Question & { form: string }} Predict  its numbers are in percent where the form says so
 * @typedef {Record<string, any>} Live  facts by the name of their tab, or the name they were kept under
 */

const ENGLISH = { yes: "yes", no: "no" };
const folded = (text) => text.trim().toLowerCase();

/**
 * What a reading says now; null where it leads nowhere.
 *
 * @param {Reading | null} reading
 * @param {Live} live
 * @returns {any}
 */
export function readOf(reading, live) {
  if (!reading || !Object.hasOwn(live, reading.root)) return null;
  let found = live[reading.root];
  for (const step of reading.steps) {
    if (found === null || typeof found !== "object") return null;
    const key = typeof step === "number" && step < 0 ? found.length + step : step;
    if (typeof step === "number" ? !Array.isArray(found) : Array.isArray(found)) return null;
    if (!Object.hasOwn(found, key)) return null;
    found = found[key];
  }
  return found ?? null;
}

/**
 * True if a condition is true of live facts; one that reads nothing is true of none.
 *
 * @param {Condition} condition
 * @param {Live} live
 */
export function holds(condition, live) {
  const left = readOf(condition.reading, live);
  const right = condition.other ? readOf(condition.other, live) : condition.value;
  if (left === null) return condition.test === "is" && !condition.other && right === null;
  if (condition.test === "is") return left === right;
  if (condition.test === "is not") return left !== right;
  if (condition.test === "contains") {
    if (Array.isArray(left)) return left.includes(right);
    return typeof left === "string" && left.toLowerCase().includes(shown(right).toLowerCase());
  }
  if (typeof left !== "number" || typeof right !== "number") return false;
  return { "<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right }[condition.test] ?? false;
}

/**
 * A value as people read it.
 *
 * @param {any} value
 * @param {string} [form]  "%" for a percentage, a number of decimals, or empty
 * @param {Record<string, string>} [words]  of the panel: yes and no
 * @returns {string}
 */
export function shown(value, form = "", words = ENGLISH) {
  if (value === null || value === undefined) return "–";
  if (typeof value === "boolean") return value ? words.yes : words.no;
  // commas stand between them
  if (Array.isArray(value))
    return value.map((one) => (Number.isInteger(one) ? withMinus(String(one)) : shown(one, "", words))).join(", ");
  if (typeof value !== "number") return String(value);
  if (form === "%") return `${(value * 100).toFixed(1)}\u00a0%`;
  if (form) return withMinus(value.toFixed(Number(form)));
  return withMinus(Number.isInteger(value) ? formatInteger(value) : String(Number(value.toPrecision(4))));
}

const ENDS = /(?<=[.!?…][”"’»)*_`]*)(?=\s)|(?<=[。！？])/u;

/**
 * A text in its sentences, each with its parts.
 *
 * @param {(string | Shown)[]} parts
 */
function sentencesOf(parts) {
  const found = /** @type {(string | Shown)[][]} */ ([[]]);
  for (const part of parts) {
    const [first, ...others] = typeof part === "string" ? part.split(ENDS) : [part];
    found[found.length - 1].push(first);
    for (const other of others) found.push([other]);
  }
  return found;
}

/**
 * A text in pieces: what the lesson wrote (with its Markdown), and live values, without the space that a token may
 * begin with. A sentence about a step that was skipped is left out: there is nothing to say.
 *
 * @param {Sentence} sentence
 * @param {Live} live
 * @param {Record<string, string>} [words]  of the panel: yes and no
 * @returns {{ text: string, live: boolean }[]}
 */
export function said(sentence, live, words = ENGLISH) {
  const value = (part) => shown(readOf(part.reading, live), part.form, words);
  const isKnown = (part) => typeof part === "string" || Object.hasOwn(live, part.reading.root);
  const parts = sentencesOf(sentence.parts)
    .filter((one) => one.every(isKnown))
    .flat();
  if (typeof parts[0] === "string") parts[0] = parts[0].trimStart();
  return parts.map((part) =>
    typeof part === "string" ? { text: part, live: false } : { text: value(part).trim() || value(part), live: true },
  );
}

/**
 * True if this choice is the right one.
 *
 * @param {Choice} choice
 * @param {Predict} predict
 * @param {Live} live
 */
export function isTrue(choice, predict, live) {
  if (choice.when) return holds(choice.when, live);
  const answer = readOf(predict.reading, live);
  return answer !== null && folded(choice.say) === folded(shown(answer));
}

/**
 * True if a guess is right; a choice is guessed by what it says.
 *
 * @param {Predict} predict
 * @param {string | number} guess
 * @param {Live} live
 */
export function isRight(predict, guess, live) {
  if (predict.kind === "choice") return predict.choices.some((one) => one.say === guess && isTrue(one, predict, live));
  const answer = readOf(predict.reading, live);
  if (predict.kind === "number")
    return (
      typeof answer === "number" &&
      typeof guess === "number" &&
      Math.abs(answer * (predict.form === "%" ? 100 : 1) - guess) <= predict.within + 1e-9
    );
  return answer !== null && folded(String(guess)) === folded(String(answer));
}

/**
 * True if a guess that counts as right is the answer itself: a number as far as it was guessed, so that 2.5 is for
 * 2.48, and 3 isn't for 1.
 *
 * @param {Predict} predict
 * @param {string | number} guess
 * @param {Live} live
 */
export function isExact(predict, guess, live) {
  if (predict.kind !== "number") return isRight(predict, guess, live);
  const answer = readOf(predict.reading, live);
  if (typeof answer !== "number") return false;
  const decimals = String(guess).split(".")[1]?.length ?? 0;
  return Math.abs(answer * (predict.form === "%" ? 100 : 1) - Number(guess)) <= 0.5 * 10 ** -decimals + 1e-9;
}
