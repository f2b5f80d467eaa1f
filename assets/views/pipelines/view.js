/** The answer of a task first; below left what pipeline() returns, right the steps with their real tensors. */

import { directionOf, finder, make, makeButton, pressed, sayEmpty } from "../shared/dom.js";
import { mayAskFirst } from "../shared/first_answer.js";
import { counted } from "../shared/format.js";
import { hostOf, isOutdated, readInbox, saidWhenEmpty } from "../shared/inbox.js";
import { lifeOf } from "../shared/lifecycle.js";
import { blockNodes } from "./blocks.js";
import { exportAs } from "./exports.js";

const COMES = "The answer, and every step of it, comes here.";

/** @param {import("../view.d.ts").View} view */
export function mount(view) {
  const { element, props, watch, trigger } = view;
  const find = finder(element, ".pp-");
  const value = /** @type {Record<string, any> | null} */ (null);
  const state = { pass: 0, value, asked: false, width: 0, fields: /** @type {unknown[]} */ ([]) };
  const take = () => {
    Object.assign(state, { value: props.value, pass: props.value?.opens ?? 0 });
    draw(element, find, state);
  };
  const life = lifeOf(element);
  life.onTheme(() => draw(element, find, state));
  life.onResize(element, () => {
    if (!element.clientWidth) return;
    if (!state.asked && !state.value?.hero && mayAskFirst()) {
      state.asked = true;
      trigger("first_view");
    }
    if (element.clientWidth !== state.width) draw(element, find, state);
  });
  readInbox(hostOf(element), life.signal, (_, fields) => {
    state.fields = fields;
    markOld(find, state);
  });
  watch("value", take);
  find("copy").addEventListener("click", () => copyCommand(find, state));
  for (const button of /** @type {NodeListOf<HTMLElement>} */ (element.querySelectorAll("[data-export]")))
    button.addEventListener("click", async () => {
      if (!state.value?.hero) return;
      find("status").textContent = `${await exportAs(element, state.value, button.dataset.export ?? "")} is ready.`;
    });
  take();
}

function draw(element, find, state) {
  const { value } = state;
  state.width = element.clientWidth;
  find("preview").hidden = !value?.preview;
  find("body").hidden = !value?.hero;
  if (value?.preview) drawPreview(find, state);
  if (value?.hero) drawAnswer(element, find, state);
  sayEmpty(element, !value?.hero, value?.state === "here");
  element.querySelector(".pp").setAttribute("data-drawn", value?.hero ? value.task : "");
}

/** Says so where the fields above are no longer those that were answered. */
function markOld(find, { value, fields }) {
  find("old").hidden = !isOutdated(value?.asked ?? [], fields);
  if (value?.preview) find("sentence").textContent = saidWhenEmpty(value, fields, value.sentence || COMES);
}

/** What a task does, while there is no answer, and which model it takes. */
function drawPreview(find, state) {
  const { preview, command } = state.value;
  const ways = preview.map((way, n) => make("li", "", make("span", "pp-n", n + 1), make("span", "", way)));
  find("ways").replaceChildren(...ways);
  markOld(find, state);
  find("command").hidden = !command;
  find("command code").textContent = command;
}

function drawAnswer(element, find, state) {
  const { value } = state;
  for (const name of ["title", "origin", "heading", "call", "removed"]) find(name).textContent = value[name];
  const named = value.hero.length > 1 || value.hero[0]?.kind === "bars";
  find("answer").replaceChildren(...blockNodes(value.hero, element, named, "h3"));
  markOld(find, state);
  find("notes").hidden = !value.notes.length;
  find("notes").textContent = value.notes.join(" ");
  const more = value.more ? [make("div", "pg-muted", `and ${value.more} more`)] : [];
  find("said").replaceChildren(...value.said.map((line) => make("div", "", line)), ...more);
  find("removed").hidden = !value.removed;
  find("difference").hidden = value.difference === null;
  const difference = make("b", "", value.difference);
  find("difference").replaceChildren("Largest difference between the two ways: ", difference, `. ${value.comment}`);
  find("step").textContent = value.steps;
  find("after").replaceChildren(...blockNodes(value.after, element, true, "h5"));
  drawPass(find, state);
}

/** One run of the model: its tokens, and the tensors that go in and come out. */
function drawPass(find, state) {
  const { passes, model } = state.value;
  const buttons = passes.map((one, n) => makeButton("", one.about, () => choose(find, state, n)));
  find("passes").hidden = passes.length < 2;
  find("passes").replaceChildren(...buttons);
  pressed(buttons, (button) => button === buttons[state.pass]);
  find("passes").scrollTop = buttons[state.pass].offsetTop - buttons[0].offsetTop;
  const one = passes[state.pass];
  find("count").textContent = one.count ? tokensInWords(one) : "The decoder reads what it has written so far.";
  find("tokens").hidden = !one.count;
  find("tokens").replaceChildren(...one.tokens.map(tokenBox));
  find("tokens").dir = directionOf(one.tokens.filter((token) => !token.special).map((token) => token.text));
  find("model").replaceChildren(
    model,
    " ",
    make("span", "pg-muted", passes.length > 1 ? `${passes.length} runs` : "one run"),
  );
  for (const name of ["inputs", "outputs"])
    find(name).replaceChildren(...one[name].map((shape) => make("span", "pp-shape", shape)));
}

function choose(find, state, n) {
  state.pass = n;
  drawPass(find, state);
  find("passes").children[n].focus();
}

function tokensInWords({ count, tokens }) {
  const more = tokens.length < count ? `, the first ${tokens.length} are shown` : "";
  return `${counted(count, "token")}, each with its input_id${more}`;
}

function tokenBox({ text, id, special, segment }) {
  const kind = special ? " special" : segment === 1 ? " second" : "";
  return make("span", `pp-token${kind}`, make("span", "", text), make("small", "", id));
}

async function copyCommand(find, state) {
  try {
    await navigator.clipboard.writeText(state.value.command);
    find("copy").textContent = "Copied";
  } catch {
    find("copy").textContent = "Mark it and copy";
  }
}
