/** When a step is done, and what is said then. Needs no page. */
import { holds, isExact, isRight, isTrue, readOf, said, shown } from "./readings.js";

/**
 * @typedef {import("./readings.js").Live} Live
 * @typedef {{ text: string, live: boolean }[]} Said
 * @typedef {object} Outcome  what stands beside the guess once the answer is there
 * @property {boolean | null} right  null where nothing was guessed
 * @property {boolean} [near]  right, as it wasn't far off
 * @property {string} answer
 * @property {Said} verdict
 * @property {Said} why
 *
 * @typedef {object} Kept  what is remembered of a step
 * @property {string | number} [guess]
 * @property {boolean} [staged]  its fields were filled in
 * @property {Outcome} [outcome]
 */

/** What an answer is about; the rest is how it was asked for */
const SUBJECTS = ["text", "texts", "messages", "prompt", "words", "rows", "grammar"];

/**
 * True if what was asked are these fields, as far as it names them.
 *
 * @param {Record<string, any>} fields  null stands for what the page offers first
 * @param {Record<string, any>} asked
 */
export function answers(fields, asked) {
  const same = ([name, value]) => {
    if (value === null || !Object.hasOwn(asked, name)) return true;
    // words in any order: every pair is measured both ways
    if (name === "words") return JSON.stringify(value.toSorted()) === JSON.stringify(asked[name].toSorted());
    return JSON.stringify(value) === JSON.stringify(asked[name]);
  };
  return Object.entries(fields).every(same);
}

/**
 * The stage that a step stands on: its own, or the last one of its tab before it.
 *
 * @param {any} lesson
 * @param {number} at
 */
export function stageAt(lesson, at) {
  const { tab } = lesson.steps[at];
  const before = lesson.steps.slice(0, at + 1).filter((step) => step.stage && step.tab === tab);
  return before.at(-1)?.stage ?? null;
}

/**
 * What a step waits for: "ask" a guess, "stage" its fields, "answer" of the page, or nothing more ("done").
 *
 * @param {any} step
 * @param {Kept} kept
 */
export function phaseOf(step, kept) {
  if (kept.outcome) return "done";
  if (step.predict && kept.guess === undefined) return "ask";
  if (step.stage && !kept.staged) return "stage";
  return step.stage || step.do || step.reveal ? "answer" : "done";
}

/**
 * True if the page has now answered what a step is about.
 *
 * @param {any} lesson
 * @param {number} at
 * @param {Live} live
 * @param {Record<string, any>} asked  what stood in the fields of its tab when it answered
 */
export function isAnswered(lesson, at, live, asked) {
  const step = lesson.steps[at];
  if (!live[step.tab]) return false;
  const stage = stageAt(lesson, at)?.fields ?? {};
  if (!step.do) return answers(stage, asked) && !isUnsaid(step, live);
  const about = Object.entries(stage).filter(([name]) => SUBJECTS.includes(name) && !(name in step.do.show));
  return answers(Object.fromEntries(about), asked) && step.do.until.every((one) => holds(one, live));
}

/** True if what the step asks for isn't in the answer yet: a quick part of it may come before the rest. */
function isUnsaid({ predict, reveal }, live) {
  return [predict?.reading, reveal?.reading].some((one) => one && readOf(one, live) === null);
}

/**
 * What is said of a step whose answer is there.
 *
 * @param {any} step
 * @param {Kept} kept
 * @param {Live} live
 * @param {Record<string, string>} [words]  of the panel: yes and no
 * @returns {Outcome}
 */
export function outcomeOf(step, kept, live, words) {
  const { predict, reveal } = step;
  const right =
    predict && kept.guess !== undefined && canBeTold(predict, live) ? isRight(predict, kept.guess, live) : null;
  const verdict = reveal && right !== null ? said(right ? reveal.right : reveal.wrong, live, words) : [];
  const near = right === true && !isExact(predict, kept.guess ?? "", live);
  return {
    right,
    near,
    answer: answerOf(step, live, words),
    verdict,
    why: reveal ? said(reveal.why, live, words) : [],
  };
}

/** False where no choice is true: what the right one is compared with was of a step that was skipped. */
const canBeTold = (predict, live) =>
  predict.kind !== "choice" || predict.choices.some((one) => isTrue(one, predict, live));

/**
 * A guess as it stands beside the answer.
 *
 * @param {any} predict
 * @param {string | number | undefined} guess
 */
export const guessShown = (predict, guess) => (predict?.form === "%" ? `${guess}\u00a0%` : String(guess));

/** The answer as it stands beside the guess. */
function answerOf({ predict, reveal }, live, words) {
  if (reveal?.reading) return shown(readOf(reveal.reading, live), reveal.form, words).trim();
  return predict?.choices.find((one) => isTrue(one, predict, live))?.say ?? "";
}
