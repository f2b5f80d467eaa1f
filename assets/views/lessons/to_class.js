/** A step's question as a class gets it, and what is right once the live answer is there. Needs no page. */
import { isTrue, readOf } from "./readings.js";

export { taught } from "../shared/class_key.js";

/**
 * @param {import("./readings.js").Predict} predict
 * @returns {Record<string, any>}  as `playground/classroom/questions.py` has it
 */
export function questionFor({ kind, ask, choices, form }) {
  if (kind === "choice") return { type: "choice", question: ask, choices: choices.map((one) => one.say) };
  if (kind === "word") return { type: "word", question: ask };
  return form === "%" ? { type: "slider", question: ask } : { type: "number", question: ask };
}

/**
 * The right answer: the place of a choice, a number or a word; null where nothing is known to be right.
 *
 * @param {import("./readings.js").Predict} predict
 * @param {import("./readings.js").Live} live
 */
export function rightOf(predict, live) {
  if (predict.kind === "choice") {
    const place = predict.choices.findIndex((one) => isTrue(one, predict, live));
    return place < 0 ? null : place;
  }
  const answer = readOf(predict.reading, live);
  if (predict.kind === "word") return answer === null ? null : String(answer).trim();
  return typeof answer === "number" ? shownOf(answer, predict.form) : null;
}

/** A number with the digits that a lesson shows of it, percent as such. */
function shownOf(answer, form) {
  if (form === "%") return Number((100 * answer).toPrecision(3));
  return /^\d+$/.test(form ?? "") ? Number(answer.toFixed(Number(form))) : Number(answer.toPrecision(12));
}
