/**
 * What is pasted stands in its field at once, however many lines it has, and what a field has no room for is said.
 *
 * Chromium inserts and deletes line by line, over a text ever slower: 8,000 lines take 1.7 s, 60,000 minutes. A script
 * puts all of them there in milliseconds; Ctrl+Z takes them back.
 */
import { formatInteger } from "../shared/format.js";

/** @typedef {HTMLInputElement | HTMLTextAreaElement} Field */
const MANY_LINES = 300;

/** Whether a text has so many lines that the browser would be slow with them. @param {string} text */
export function hasManyLines(text) {
  let at = -1;
  for (let count = 0; count < MANY_LINES; count++) {
    at = text.indexOf("\n", at + 1);
    if (at < 0) return false;
  }
  return true;
}

/**
 * How many characters a field can take where its selection stands; no end where it has no bound.
 * @param {Pick<Field, "maxLength" | "value" | "selectionStart" | "selectionEnd">} field
 */
export function roomIn({ maxLength, value, selectionStart, selectionEnd }) {
  if (maxLength < 0) return Number.POSITIVE_INFINITY;
  return Math.max(0, maxLength - value.length + (selectionEnd ?? 0) - (selectionStart ?? 0));
}

/** What is said of a paste that doesn't fit. @param {number} most @param {number} pasted @param {number} room */
export const cutShort = (most, pasted, room) =>
  `At most ${formatInteger(most)} characters fit here. Of the ${formatInteger(pasted)} pasted, ` +
  (room ? `the first ${formatInteger(room)} were taken.` : "none were taken.");

/** Whether a text comes from elsewhere; Enter that sends a form would be a line break. @param {InputEvent} event */
export const isPasted = ({ inputType }) => inputType.startsWith("insertFrom");

/** @param {Document} document @param {AbortSignal} signal */
export function pasteAtOnce(document, signal) {
  /** @type {{field: Field, before: string, after: string} | null} */
  let last = null;
  const write = (/** @type {InputEvent} */ event) => {
    const field = fieldOf(event.target);
    if (!field || !event.cancelable) return;
    const text = written(event);
    const room = roomIn(field);
    if (text.length > room && isPasted(event))
      setTimeout(() => say(field, cutShort(field.maxLength, text.length, room)));
    const [start, end] = [field.selectionStart ?? 0, field.selectionEnd ?? 0];
    if (!hasManyLines(text) && !hasManyLines(field.value.slice(start, end))) return;
    event.preventDefault();
    const before = field.value;
    field.setRangeText(text.slice(0, room), start, end, "end");
    last = { field, before, after: field.value };
    changed(field, event.inputType);
  };
  const undo = (/** @type {KeyboardEvent} */ event) => {
    const isUndo = event.key === "z" && (event.ctrlKey || event.metaKey) && !event.shiftKey;
    if (!isUndo || !last || event.target !== last.field || last.field.value !== last.after) return;
    event.preventDefault();
    last.field.value = last.before;
    changed(last.field, "historyUndo");
    last = null;
  };
  document.addEventListener("beforeinput", write, { signal });
  document.addEventListener("keydown", undo, { signal });
}

/** What takes the place of the selection. @param {InputEvent} event */
function written({ inputType, data, dataTransfer }) {
  if (inputType === "insertLineBreak") return "\n";
  return (data ?? dataTransfer?.getData("text/plain") ?? "").replaceAll("\r\n", "\n");
}

/** @param {Field} field @param {string} inputType */
const changed = (field, inputType) => field.dispatchEvent(new InputEvent("input", { bubbles: true, inputType }));

/** The field that is written in. @param {EventTarget | null} target */
function fieldOf(target) {
  const isField = target instanceof HTMLTextAreaElement || target instanceof HTMLInputElement;
  if (!isField || target.readOnly || target.disabled) return null;
  return target.type === "number" ? null : target; // the browser gives no access to what is selected in a number
}

/**
 * A sentence at the field, until it is written in again, sent or left: a form isn't held up by it.
 *
 * @param {Field} field
 * @param {string} sentence
 */
function say(field, sentence) {
  field.setCustomValidity(sentence);
  field.reportValidity();
  const said = new AbortController();
  const over = (/** @type {Event} */ event) => {
    if (event instanceof KeyboardEvent && event.key !== "Enter") return;
    field.setCustomValidity("");
    said.abort();
  };
  for (const type of ["input", "blur", "keydown"]) field.addEventListener(type, over, { signal: said.signal });
}
