/** What the view of a language model's training knows: which checkpoint is shown, which head; what to say of both. */

import { formatFixed, formatInteger, formatProbability } from "../shared/format.js";

/** @typedef {import("../types.d.ts").training.LanguageModelRun} Run */
/** @typedef {import("../types.d.ts").training.TrainingCheckpoint} Checkpoint */
/** @typedef {import("../types.d.ts").training.TrainingSample} Sample */

/**
 * @typedef {object} State
 * @property {string} run  whose checkpoints are shown
 * @property {number | null} chosen  index of a checkpoint; null follows the newest
 * @property {boolean} playing
 * @property {number} layer
 * @property {number} head
 * @property {[number, number] | null} cell  row and column of the attention that is pointed at
 * @property {boolean} ended  its end has been seen
 * @property {number} written  how many checkpoints stand in the list of what was written
 * @property {Map<number, Uint8Array | null>} weights  of attention, by checkpoint; null is asked for
 */

/** @returns {State} */
export function newState() {
  return {
    run: "",
    chosen: null,
    playing: false,
    layer: 0,
    head: 0,
    cell: null,
    written: 0,
    ended: false,
    weights: new Map(),
  };
}

/**
 * The index of the checkpoint that is shown; -1 while there is none.
 *
 * @param {State} state
 * @param {Run} run
 * @returns {number}
 */
export function shownIndex(state, run) {
  const last = run.checkpoints.length - 1;
  return state.chosen === null ? last : Math.min(state.chosen, last);
}

/**
 * A sample in three parts: what was given, what follows the grammar, and the rest. Without a grammar all follows.
 *
 * @param {Sample} sample
 * @param {string} prompt
 * @returns {[string, string, string]}
 */
export function partsOf({ text, follows }, prompt) {
  const given = text.startsWith(prompt) ? prompt.length : 0;
  const letters = Array.from(text); // Python counts whole characters
  const end = follows === null ? text.length : letters.slice(0, follows).join("").length;
  const middle = Math.max(given, end);
  return [text.slice(0, given), text.slice(given, middle), text.slice(middle)];
}

/**
 * What the grammar says of a sample; nothing without a grammar.
 *
 * @param {Sample} sample
 * @returns {string}
 */
export function verdict({ accepted, is_new }) {
  if (accepted === null) return "";
  if (!accepted) return "✗ no line of the grammar";
  return is_new ? "✓ a new line" : "✓ stands in the text";
}

/**
 * The weight with which one token looks at another, from 0 to 1.
 *
 * @param {Uint8Array} weights  of all heads, a triangle each
 * @param {number} head  counted through all layers
 * @param {number} size  tokens
 * @param {number} row
 * @param {number} column  not behind the row
 * @returns {number}
 */
export function weightAt(weights, head, size, row, column) {
  const triangle = (size * (size + 1)) / 2;
  return weights[head * triangle + (row * (row + 1)) / 2 + column] / 255;
}

/**
 * The bytes behind base64.
 *
 * @param {string} text
 * @returns {Uint8Array}
 */
export function bytesOf(text) {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

/**
 * The figures of a run as they are read: name, value, and what it is measured against.
 *
 * @param {Run} run
 * @param {number} index  of the checkpoint that is shown
 * @returns {[string, string, string][]}
 */
export function figures(run, index) {
  const { corpus, checkpoints } = run;
  if (!corpus) return [];
  const size = `${formatInteger(corpus.vocab_size)} entries, ${formatInteger(corpus.train_tokens)} tokens to read`;
  /** @type {[string, string, string][]} */
  const found = [["numbers that learn", formatInteger(corpus.parameters), size]];
  const shown = checkpoints[index];
  if (!shown) return found;
  const guess = `a guess: ${formatFixed(corpus.uniform_loss, 2)}; by frequency: ${formatFixed(corpus.unigram_loss, 2)}`;
  found.push(["held-out loss", formatFixed(shown.heldout_loss, 3), guess]);
  found.push(["words of the text", formatProbability(shown.known_words), "of those that it writes"]);
  if (shown.accepted !== null)
    found.push(["lines of the grammar", formatProbability(shown.accepted), "of those that it writes"]);
  return found;
}

/**
 * Whether the held-out loss has risen again from its least, by more than a twentieth, while the training loss fell: it
 * learns by heart. Where both rise, its steps are too large.
 *
 * @param {Run} run
 * @returns {{ step: number, least: number, now: number } | null}
 */
export function overfit({ checkpoints, losses }) {
  if (checkpoints.length < 3) return null;
  const least = checkpoints.reduce((best, one) => (one.heldout_loss < best.heldout_loss ? one : best));
  const now = checkpoints[checkpoints.length - 1].heldout_loss;
  const since = losses.filter(([step]) => step >= least.step).map(([, loss]) => loss);
  const half = Math.floor(since.length / 2);
  const falls = half > 0 && mean(since.slice(-half)) < mean(since.slice(0, half));
  return falls && now > 1.05 * least.heldout_loss ? { step: least.step, least: least.heldout_loss, now } : null;
}

const mean = (numbers) => numbers.reduce((sum, one) => sum + one, 0) / numbers.length;

/**
 * Every checkpoint in numbers.
 *
 * @param {Run} run
 * @returns {string[][]}
 */
export function checkpointRows({ checkpoints }) {
  return checkpoints.map((one) => [
    formatInteger(one.step),
    formatFixed(one.heldout_loss, 4),
    formatProbability(one.known_words),
    formatProbability(one.accepted),
  ]);
}

/**
 * The first sample of every checkpoint, so that noise, words and sentences stand below each other.
 *
 * @param {Run} run
 * @returns {string[][]}
 */
export function writtenRows({ checkpoints }) {
  return checkpoints.map((one) => [
    formatInteger(one.step),
    formatFixed(one.heldout_loss, 3),
    one.samples[0]?.text.trim() ?? "",
  ]);
}
