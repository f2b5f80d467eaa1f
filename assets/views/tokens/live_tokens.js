/** Tokens while a person types: the text coloured in place, a chip per token, and what each stands for. */

import { latestAnswer, wellFormed } from "../shared/asking.js";
import { finder, make, makeButton, sayEmpty } from "../shared/dom.js";
import { counted, formatInteger, quoted } from "../shared/format.js";
import { hostOf, readInbox } from "../shared/inbox.js";
import { keyAlong, rovingFocus } from "../shared/keyboard.js";
import { lifeOf } from "../shared/lifecycle.js";
import { countsOf, marksOf, placeOf, readAnswer } from "./arrange.js";
import { CHUNK, Chips } from "./chips.js";

const LIMIT = 20000;
const TELL_MS = 900;
const REASONS = {
  special: "special: the tokenizer knows it as a sign of its own",
  unknown: "unknown: the vocabulary can't write this",
  continuation: "goes on with the same word",
  added: "put there by the tokenizer",
};
const FAILED = "The server didn't answer. Your text is still here; it is asked again when you type.";
const IS_READ = "Reading this model's tokenizer…";
const HINT =
  "Point at a token or at the text, tap a token, or move with Tab and the arrow keys: you see what belongs together.";

const newState = () => ({
  modelId: "",
  special: true,
  samples: [], // name, text and what it shows
  letters: [],
  drawnModel: "",
  said: "",
  current: -2,
  told: 0,
  tellMs: TELL_MS,
  isWritten: false, // by somebody, or by a link: the example that the page opens with comes too late
});

/** @param {import("../view.d.ts").View} view */
export function mount(view) {
  const { element, props, watch, server } = view;
  const find = finder(element);
  const area = find("textarea");
  const { signal } = lifeOf(element);
  const drawn = new Chips(find(".chips"), find(".mirror"), signal);
  const state = newState();
  const tab = { view, find, area, drawn, state };
  const question = () => {
    const letters = Array.from(area.value);
    const text = letters.length > LIMIT ? letters.slice(0, LIMIT).join("") : area.value;
    return { letters, text, model_id: state.modelId, add_special_tokens: state.special };
  };
  const send = ({ letters: _, ...asked }) => server.live_tokens(asked).then(readAnswer, () => ({ error: FAILED }));
  const receive = (result, asked) => draw(tab, result, asked);
  const wait = (asked) => asked.model_id !== state.drawnModel && sayItIsRead(tab, asked);
  const { ask, askNow } = latestAnswer({ question, send, receive, wait });
  const configure = () => {
    const value = props.value || {};
    const fresh = !state.modelId;
    offerSamples(tab, value.samples, askNow);
    const special = value.add_special_tokens !== false;
    const changed = fresh || value.model_id !== state.modelId || special !== state.special;
    Object.assign(state, { modelId: value.model_id || state.modelId, special });
    if (fresh && value.text && !state.isWritten) area.value = value.text;
    sayWhatItShows(tab);
    if (changed) askNow();
  };
  listenToChips(tab);
  listenToText(tab, ask);
  readInbox(hostOf(element), signal, (name, value) => {
    if (name === "chosen") return value({ text: area.value });
    area.value = value.text;
    sayWhatItShows(tab);
    Object.assign(state, { tellMs: 0, isWritten: true }); // nobody goes on typing it
    askNow();
  });
  watch("value", configure);
  configure();
}

function offerSamples(tab, samples, askNow) {
  const { find, area, state } = tab;
  const box = find(".samples");
  if (!samples || box.childNodes.length) return;
  const take = (text) => {
    area.value = text;
    sayWhatItShows(tab);
    area.scrollTop = 0;
    askNow();
  };
  state.samples = samples;
  box.append(make("span", "", "Try:"), ...samples.map(([name, text]) => makeButton("", name, () => take(text))));
}

/** The sentence of the example that stands there; its numbers count the special tokens. */
function sayWhatItShows({ find, area, state }) {
  const [, , shows] = (state.special && state.samples.find(([, text]) => text === area.value)) || [];
  find(".shows").textContent = shows ?? "";
}

// ---- drawing

function draw(tab, result, { letters, text, model_id }) {
  const { view, find, area, drawn, state } = tab;
  drawNotes(tab, result.error ? [result.error] : notesOf(result, letters.length), Boolean(result.error));
  sayEmpty(view.element, Boolean(result.error));
  if (result.error) {
    drawNothing(tab, letters);
    return;
  }
  const afresh = state.drawnModel !== model_id;
  Object.assign(state, { letters: letters.slice(0, LIMIT), drawnModel: model_id });
  drawCounts(find(".counts"), result.counts, result.algorithm);
  drawn.draw(result, state.letters, letters.slice(LIMIT).join(""), afresh);
  requestAnimationFrame(() => {
    find(".mirror").scrollTop = area.scrollTop;
  });
  point(tab, -1);
  view.element.dataset.drawn = String(Number(view.element.dataset.drawn || 0) + 1);
  tellPython(tab, text);
}

/** Instead of another model's tokens, while those of the chosen one can take seconds. */
function sayItIsRead(tab, { letters }) {
  drawNotes(tab, [IS_READ], false);
  sayEmpty(tab.view.element, true, true);
  drawNothing(tab, letters);
}

/** The text alone: tokens of another text or model must not stand beside what was asked. */
function drawNothing(tab, letters) {
  const { view, find, drawn, state } = tab;
  clearTimeout(state.told);
  drawn.draw({ tokens: [], gaps: new Map(), rest: 0 }, letters, "", true);
  find(".counts").replaceChildren();
  find(".heard").textContent = "";
  point(tab, -1);
  view.trigger("input", { failed: true });
}

function notesOf(result, count) {
  const notes = [...result.notes];
  const [all, shown] = [result.counts.tokens, result.tokens.length];
  if (count > LIMIT)
    notes.unshift(`The text has ${formatInteger(count)} characters; the first ${formatInteger(LIMIT)} are tokenized.`);
  if (shown < all)
    notes.push(`All ${formatInteger(all)} tokens are counted; the first ${formatInteger(shown)} are shown one by one.`);
  else if (shown > 2 * CHUNK) notes.push(`${formatInteger(shown)} tokens: chips are drawn as you scroll.`);
  return notes;
}

function drawNotes({ find, state }, notes, failed) {
  if (notes.join("\n") === state.said) return;
  state.said = notes.join("\n");
  find(".notes").replaceChildren(...notes.map((text) => make("div", failed ? "pg-note warn" : "pg-note", text)));
}

function drawCounts(box, counts, algorithm) {
  if (!box.childNodes.length) {
    box.append(...countsOf(counts).map(() => make("span", "", make("b"), "")), make("span", "pg-badge"));
  }
  for (const [k, [value, unit]] of countsOf(counts).entries()) {
    box.children[k].firstChild.textContent = value;
    box.children[k].lastChild.textContent = ` ${unit}`;
  }
  box.lastChild.textContent = algorithm;
}

// ---- linking text and chips

function mark({ view }, parts, chips) {
  for (const node of view.element.querySelectorAll(".hot")) node.classList.remove("hot");
  for (const part of parts) part.mirror?.classList.add("hot");
  for (const chip of chips) chip.classList.add("hot");
}

function describe({ find, drawn, state }, index) {
  const token = drawn.result?.tokens[index];
  if (!token) {
    find(".detail").replaceChildren(make("span", "pg-muted", HINT));
    return;
  }
  const parts = [make("span", "piece", token.shown), ` token ${token.index} · id ${token.id} · ${placeOf(token)}`];
  if (token.piece !== token.shown) parts.push(" · in the vocabulary: ", make("span", "piece", token.piece));
  if (!token.added) parts.push(` · stands for ${quoted(state.letters.slice(token.start, token.end).join(""))}`);
  const notes = [token.bytes, ...marksOf(token).map((name) => REASONS[name])].filter(Boolean);
  find(".detail").replaceChildren(...parts, ...notes.map((note) => ` · ${note}`));
}

function point(tab, index) {
  const { drawn, state } = tab;
  if (index === state.current && index >= 0) return;
  const quiet = index === state.current;
  state.current = index;
  const token = drawn.result?.tokens[index];
  mark(tab, token ? [drawn.homes[index]] : [], token ? [drawn.chipOf(index)] : []);
  if (!quiet) describe(tab, index);
}

function pointPart(tab, part) {
  if (!part?.members.length) {
    point(tab, -1);
    return;
  }
  point(tab, part.members[0]);
  mark(tab, [part], part.chips);
  const chips = tab.find(".chips");
  const box = chips.getBoundingClientRect();
  const place = part.chips[0].getBoundingClientRect();
  if (place.top < box.top || place.bottom > box.bottom) chips.scrollTop += place.top - box.top - box.height / 3;
}

function listenToChips(tab) {
  const { find, drawn } = tab;
  const chips = find(".chips");
  const chipAt = (event) => event.target.closest(".pg-chip");
  const pointAt = (event) => chipAt(event) && point(tab, drawn.indexOf(chipAt(event)));
  chips.addEventListener("pointerover", pointAt);
  chips.addEventListener("pointerleave", () => point(tab, -1));
  rovingFocus(chips, ".pg-chip");
  chips.addEventListener("focusin", pointAt);
  chips.addEventListener("keydown", (event) => {
    if (!chipAt(event)) return;
    const last = drawn.result.tokens.length - 1;
    const here = drawn.indexOf(chipAt(event));
    const steps = {
      ArrowRight: here + 1,
      ArrowDown: here + 1,
      ArrowLeft: here - 1,
      ArrowUp: here - 1,
      Home: 0,
      End: last,
    };
    const next = steps[keyAlong(event.key, chips)];
    if (next === undefined) return;
    event.preventDefault();
    drawn.chipOf(Math.min(last, Math.max(0, next)))?.focus();
  });
}

function listenToText(tab, ask) {
  const { find, area, drawn, state } = tab;
  const mirror = find(".mirror");
  const caret = () => {
    if (!drawn.result) return;
    const place = Array.from(area.value.slice(0, area.selectionStart)).length;
    const token = drawn.result.tokens.find((item) => !item.added && item.start <= place && place < item.end);
    if (token) pointPart(tab, drawn.homes[token.index]);
  };
  area.addEventListener("pointermove", (event) => {
    const nodes = /** @type {any[]} */ (document.elementsFromPoint(event.clientX, event.clientY));
    const hit = nodes.find((node) => node.home && mirror.contains(node));
    if (hit) pointPart(tab, hit.home);
  });
  area.addEventListener("pointerleave", () => point(tab, -1));
  area.addEventListener("keyup", (event) => event.key.startsWith("Arrow") && caret());
  area.addEventListener("click", caret);
  area.addEventListener("scroll", () => {
    mirror.scrollTop = area.scrollTop;
  });
  area.addEventListener("input", () => {
    for (const node of mirror.querySelectorAll(".hot")) node.classList.remove("hot");
    sayWhatItShows(tab);
    state.isWritten = true;
    ask();
  });
}

/** Once the person pauses: the code receipt follows the text. */
function tellPython({ view, find, drawn, state }, text) {
  clearTimeout(state.told);
  state.told = setTimeout(() => {
    const { tokens, special_tokens, unknown_tokens } = drawn.result.counts;
    find(".heard").textContent =
      `${counted(tokens, "token")}, ${special_tokens} of them special, ${unknown_tokens} unknown`;
    view.trigger("input", { text: wellFormed(text) });
  }, state.tellMs);
  state.tellMs = TELL_MS;
}
