/** Words coloured by how much they speak for (orange) or against (blue) a label, by three methods on one scale. */

import { directionOf, finder, make, pressed, sayEmpty } from "../shared/dom.js";
import { hostOf, isOutdated, readInbox } from "../shared/inbox.js";
import { lifeOf } from "../shared/lifecycle.js";
import { fillTable } from "../shared/tables.js";

const REST_MS = 900; // since another text was told of: then nobody types
const SHORT = 300; // characters that are explained unasked

const WAITING = "The words that speak for it, and those against it, appear here.";

/**
 * Where a short text has taken the place of the one that was explained, and the view can be seen, it asks again by its
 * event ``rested``. What it says is marked as old where ``asked`` in the value isn't what stands in the fields.
 *
 * @param {import("../view.d.ts").View} view
 */
export function mount({ element, props, watch, trigger }) {
  const state = { by: "words", fields: /** @type {unknown[]} */ ([]), timer: 0 };
  const { signal } = lifeOf(element);
  const buttons = /** @type {NodeListOf<HTMLButtonElement>} */ (element.querySelectorAll("button[data-by]"));
  const show = () => {
    pressed(buttons, (button) => button.dataset.by === state.by);
    draw(element, props.value, state.by);
  };
  for (const button of buttons)
    button.addEventListener("click", () => {
      state.by = button.dataset.by ?? "words";
      show();
    });
  readInbox(hostOf(element), signal, (name, values) => {
    if (name === "fields") state.fields = values;
    markOld(element, props.value, state.fields);
    clearTimeout(state.timer);
    if (name === "texts" && isShort(values))
      state.timer = setTimeout(() => isOpen(element, props.value, values) && trigger("rested"), REST_MS);
  });
  watch("value", () => {
    show();
    markOld(element, props.value, state.fields);
  });
  show();
}

/** Whether the view can be seen, and neither explains these texts nor is about to. */
const isOpen = (element, value, texts) =>
  element.checkVisibility() && Boolean(value?.said || (value?.asked && isOutdated(value.asked, texts)));

const isShort = (texts) => Boolean(texts[0]?.trim()) && texts.join("").length <= SHORT;

/** Says so where the fields above are no longer those whose answer is explained. */
function markOld(element, value, fields) {
  const old = element.querySelector(".at-stale");
  old.hidden = !isOutdated(value?.asked ?? [], fields);
  if (!old.hidden) old.textContent = value.old;
}

function draw(element, given, by) {
  const value = given?.said ? null : given;
  const find = finder(element, ".at-");
  sayEmpty(element, !value || value.waiting.length > 0, Boolean(value));
  find("empty").hidden = Boolean(value);
  find("empty").textContent = given?.said ?? WAITING;
  find("body").hidden = !value;
  if (!value) return;
  find("title").textContent = value.title;
  drawProgress(find, value);
  const begun = value.waiting.length < value.of;
  const details = element.querySelector("details");
  for (const part of [...["switch", "legend", "methods", "caution"].map(find), details]) part.hidden = !begun;
  find("agreement").hidden = !begun || !value.agreement;
  if (!begun) return;
  find("caution").textContent = value.caution;
  find("agreement").textContent = value.agreement;
  find("low").textContent = `against: −${value.scale.toFixed(2)}`;
  find("high").textContent = `for: +${value.scale.toFixed(2)}`;
  find("methods").replaceChildren(...value.methods.map((method) => card(value, method, by)));
  const names = value.methods.map((method) => ({ name: method.method, kind: "num" }));
  const rows = units(value, by).map((unit, n) => [unit.text, ...value.methods.map((m) => signed(numbers(m, by)[n]))]);
  fillTable(element.querySelector("table"), [{ name: by === "words" ? "word" : "token" }, ...names], rows);
}

function drawProgress(find, value) {
  const done = value.of - value.waiting.length;
  find("wait").hidden = !value.waiting.length;
  find("track").setAttribute("aria-valuemax", value.of);
  find("track").setAttribute("aria-valuenow", done);
  find("track").firstElementChild.style.width = `${(100 * (done + 0.3)) / value.of}%`;
  const methods = value.of === 1 ? "1 method" : `${value.of} methods`;
  find("status").textContent = value.waiting.length ? `${done} of ${methods}; now ${value.waiting[0]}` : "";
}

function card(value, method, by) {
  const words = units(value, by).map((unit, n) => {
    const number = numbers(method, by)[n];
    const word = make("span", `at-word${unit.special ? " special" : ""}`, unit.text, make("small", "", signed(number)));
    const strength = Math.round((Math.abs(number) / value.scale) * 100);
    const side = number < 0 ? "neg" : "pos";
    word.style.background = `color-mix(in srgb, var(--at-${side}) ${strength}%, var(--pg-div-mid))`;
    return word;
  });
  const row = make("div", "at-words", ...words);
  row.dir = directionOf(units(value, by).flatMap((unit) => (unit.special ? [] : unit.text)));
  const about = [make("h4", "", method.method), make("p", "pg-muted pg-words", method.about)];
  const box = make("section", "pg-card", ...about, row, make("p", "pg-muted", method.sum));
  box.setAttribute("aria-label", method.method);
  return box;
}

const units = (value, by) => (by === "words" ? value.words : value.tokens);
const numbers = (method, by) => (by === "words" ? method.word_values : method.values);
const signed = (number) => {
  const shown = Math.abs(number).toFixed(2);
  return (Number(shown) === 0 ? "" : number > 0 ? "+" : "−") + shown;
};
