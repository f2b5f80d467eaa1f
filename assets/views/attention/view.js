/**
 * Draws attention weights on canvases: all heads small, one head large as a heatmap, as lines, or its mask.
 *
 * The value is JSON text: tokens, masks as runs, summaries and 8-bit thumbnails of every head, and the exact float32
 * weights of one head. The weights of the other heads are fetched when they are looked at. The same modules run in the
 * stand-alone page, where `server` answers from data in the page.
 */

import { finder, make, makeButton, pressed, sayEmpty } from "../shared/dom.js";
import { mayAskFirst } from "../shared/first_answer.js";
import { isOutdated, readInbox, saidWhenEmpty } from "../shared/inbox.js";
import { lifeOf } from "../shared/lifecycle.js";
import { listen } from "./controls.js";
import { readPalette } from "./palette.js";
import { drawStage } from "./stage.js";
import { bytesOf, floatsOf, isAverage, kindOf, newState, placeNamed, side, sizes } from "./state.js";
import { drawThumbs } from "./thumbs.js";
import { buildQueries, drawTable } from "./twin.js";
import { FINDERS, figuresOf, foundHeads, habitOf, headCode, headName, numberedIn, spokenHead } from "./words.js";

const CHOOSE_MS = 700;
const MOST_CACHED = 60;
const FOUND = 5;
const NOTHING = "Every head of every layer appears here as soon as a model has read a text.";
const TALL = 16; // layers: more make a narrow grid, beside which the choices stand

/** @param {import("../view.d.ts").View} view */
export function mount(view) {
  const { element, props, watch, trigger } = view;
  const state = newState();
  const work = {
    ...{ cache: new Map(), wanted: 0, told: "", asked: false, timer: 0, frame: 0, painted: "" },
    ...{ fields: /** @type {unknown[]} */ ([]), lesson: null, before: null, refusal: null },
  };
  const tab = { view, find: finder(element), state, work };
  listen(tab, { look, changeKind, loadOverview, drawThumbnails, drawFound, chooseLater, ask, say });
  const life = lifeOf(element);
  life.onTheme(() => repaint(tab)); // at once: the paper of a dark page is light, and isn't waited for
  life.onResize(element, () => {
    if (!element.clientWidth) {
      work.painted = "";
      return;
    }
    if (!state.value && !work.asked && mayAskFirst()) {
      work.asked = true;
      trigger("first_view");
    }
    repaintLater(tab);
  });
  state.colours = readPalette(element);
  readInbox(document.getElementById(props.inbox) ?? element, life.signal, (name, value) => {
    if (name === "fill") return wantHead(tab, value);
    work.fields = value;
    markOld(tab);
  });
  watch("value", () => take(tab, props.value));
  take(tab, props.value);
}

/** Says so where the fields above are no longer those that the picture was made from. */
function markOld({ find, state, work }) {
  const old = isOutdated(state.value?.asked ?? [], work.fields);
  find(".at-old").hidden = !old;
  find(".at").classList.toggle("at-outdated", old);
  find(".at-empty").textContent = saidWhenEmpty(work.refusal, work.fields, NOTHING);
}

function repaintLater(tab) {
  cancelAnimationFrame(tab.work.frame);
  tab.work.frame = requestAnimationFrame(() => repaint(tab));
}

function repaint(tab) {
  const { view, find, state, work } = tab;
  state.colours = readPalette(view.element);
  const { key, ink } = state.colours;
  const look = `${key} ${ink} ${find(".at-scroll").clientWidth} ${find(".at-thumbs-wrap").clientWidth}`;
  if (look === work.painted) return;
  work.painted = look;
  drawThumbnails(tab);
  drawStage(tab);
}

// ---- a new value

async function take(tab, value) {
  if (!value) return;
  const { find, state, work } = tab;
  if (state.value) work.before = { kind: state.kind, layer: state.layer, head: state.head, title: state.value.title };
  const { before } = work;
  const sent = JSON.parse(value);
  showWhole(tab, sent);
  if (sent.said) return;
  const { first, kinds, notes, title } = state.value;
  // The same model again: stay with the head that is being looked at. A lesson's comes before that.
  const stay = work.lesson ? headIn(kinds, work.lesson) : before?.title === title ? before : first;
  Object.assign(state, { kind: stay.kind, layer: stay.layer, head: stay.head, q: 0, k: 0, over: null, zoom: 0 });
  for (const kind of kinds) {
    const { text, attended } = state.value[kind.keys];
    kind.firstLabel = text[Math.max(0, attended.indexOf(1))];
  }
  work.cache.clear();
  work.cache.set(`${first.kind}/${first.layer}/${first.head}`, floatsOf(first.weights));
  work.cache.set(`overview/${first.kind}/false`, readOverview(first.overview));
  status(tab, "");
  markOld(tab);
  find(".at-origin").textContent = state.value.origin;
  find(".at-note").hidden = !notes.length;
  find(".at-note").textContent = notes.join(" ");
  buildKinds(tab);
  state.q = firstRow(kindTokens(state, stay.kind));
  Object.assign(state, { isRowChosen: false, isCellChosen: false });
  chooseRow(state, work.lesson?.row, stay.kind);
  await changeKind(tab, stay.kind, stay.layer, stay.head);
  if (!state.value) return; // refused meanwhile
  find(".at").dataset.drawn = state.value.ticket;
  if (stay !== first) choose(tab); // the code must be that of the head which is looked at
}

/** The picture, or why there is none. */
function showWhole(tab, sent) {
  const { view, find, state, work } = tab;
  const isRefused = Boolean(sent.said);
  Object.assign(work, { refusal: isRefused ? sent : null });
  state.value = isRefused ? null : sent;
  sayEmpty(view.element, isRefused);
  find(".at-empty").hidden = !isRefused;
  find(".at-main").hidden = isRefused;
  if (!isRefused) return;
  clearTimeout(work.timer);
  work.wanted += 1; // weights under way are of nothing that is shown
  delete find(".at").dataset.drawn;
  markOld(tab);
}

/** A lesson or a link wants this head to be looked at, now and in what is shown next, until another one is chosen. */
function wantHead(tab, wanted) {
  const { state, work } = tab;
  if (state.value) {
    const { kinds } = state.value;
    const { kind, layer, head } = headIn(kinds, wanted);
    chooseRow(state, wanted.row, kind);
    if (layer < kinds[kind].layers && wanted.head < kinds[kind].heads) {
      if (kind === state.kind) look(tab, layer, head);
      else changeKind(tab, kind, layer, head).then(() => choose(tab));
    }
  }
  work.lesson = wanted;
}

/** Where a wanted head stands among the kinds of attention: by its kind's name, else the first; -1 is the average. */
function headIn(kinds, { kind: name, layer, head }) {
  const kind = kinds.findIndex((one) => one.kind === name);
  if (kind < 0) return headIn(kinds, { kind: kinds[0].kind, layer, head });
  return { kind, layer, head: head < 0 ? kinds[kind].heads : head };
}

const kindTokens = ({ value }, kind) => value[value.kinds[kind].queries].text;

/** Where the cursor begins: at "it", as the first example asks what that reads, else not at the very edge. */
function firstRow(tokens) {
  const it = placeNamed(tokens, "it");
  return it < 0 ? Math.min(3, tokens.length - 1) : it;
}

/** Goes to the row of the token of this name, if there is one, and to what the head reads most there. */
function chooseRow(state, name, kind) {
  const row = name ? placeNamed(kindTokens(state, kind), name) : -1;
  if (row >= 0) Object.assign(state, { q: row, isRowChosen: true, isCellChosen: false });
}

/** The key that the chosen row reads most, of those in sight. */
function strongestKey(state) {
  const k = sizes(state)[1];
  const { special } = side(state, "keys");
  const row = [...state.matrix.subarray(state.q * k, (state.q + 1) * k)];
  const inSight = row.map((weight, key) => (state.hide && special[key] ? -1 : weight));
  return inSight.indexOf(Math.max(...inSight));
}

/** An answer about the text that is shown; null where another one is by the time it comes. */
async function askOfThis(tab, name, ...rest) {
  const { ticket } = tab.state.value;
  const answer = await ask(tab, name, ticket, ...rest);
  return tab.state.value?.ticket === ticket ? answer : null;
}

const readOverview = (overview) => ({ ...overview, cells: bytesOf(overview.cells) });

function choose({ view, state }) {
  if (!state.value) return;
  const head = isAverage(state) ? -1 : state.head;
  const { layer, isRowChosen, q } = state;
  const row = isRowChosen ? q : -1;
  view.trigger("head_chosen", { ticket: state.value.ticket, kind: kindOf(state).kind, layer, head, row });
}

function chooseLater(tab) {
  clearTimeout(tab.work.timer);
  tab.work.timer = setTimeout(() => choose(tab), CHOOSE_MS);
}

function buildKinds(tab) {
  const group = tab.find(".at-kinds");
  const { kinds } = tab.state.value;
  group.hidden = kinds.length < 2;
  const button = (kind, index) => {
    const press = () => changeKind(tab, index, tab.state.layer, tab.state.head);
    return makeButton("", kind.name, press, { "data-kind": String(index) });
  };
  group.replaceChildren(...kinds.map(button));
}

async function changeKind(tab, number, layer, head) {
  const { find, state } = tab;
  state.kind = number;
  const kind = kindOf(state);
  const [q, k] = sizes(state);
  Object.assign(state, { layer: Math.min(layer, kind.layers - 1), head: Math.min(head, kind.heads) });
  Object.assign(state, { q: Math.min(state.q, q - 1), k: Math.min(state.k, k - 1) });
  const shape = `${kind.layers} × ${kind.heads}, ${q} queries × ${k} keys; the last column is the average`;
  find(".at-shape").textContent = shape;
  find(".at-habits").textContent = kind.habitsInWords;
  find(".at-layer").max = kind.layers - 1;
  find(".at-headslider").max = kind.heads;
  pressed(find(".at-kinds").children, (button) => Number(button.dataset.kind) === number);
  buildFinders(tab);
  buildQueries(tab);
  await Promise.all([loadOverview(tab), look(tab, state.layer, state.head, false)]);
}

function buildFinders({ find, state }) {
  const select = find(".at-find");
  const before = select.value;
  select.replaceChildren(new Option("choose …", ""));
  FINDERS.forEach(({ name, text }, index) => {
    if (kindOf(state).summaries[name]) select.add(new Option(text(kindOf(state)), String(index)));
  });
  select.value = [...select.options].some((option) => option.value === before) ? before : "";
}

// ---- heads

async function loadOverview(tab) {
  const { state, work } = tab;
  const wanted = () => `overview/${state.kind}/${state.hide}`;
  const key = wanted();
  if (!work.cache.has(key)) {
    const answer = await askOfThis(tab, "attention_overview", kindOf(state).kind, state.hide);
    if (!answer) return;
    work.cache.set(key, readOverview(answer));
    if (key !== wanted()) return;
  }
  state.overview = work.cache.get(key);
  drawThumbnails(tab);
}

async function look(tab, layer, head, aloud = true) {
  const { state, work } = tab;
  if (aloud) work.lesson = null;
  Object.assign(state, { layer, head });
  work.wanted += 1;
  const wanted = work.wanted;
  drawHeadName(tab);
  drawFound(tab);
  drawCards(tab);
  const matrix = await weightsOf(tab);
  if (wanted !== work.wanted) return;
  tab.find(".at-scroll").removeAttribute("aria-busy");
  if (!matrix) return;
  state.matrix = matrix;
  if (!state.isCellChosen) state.k = strongestKey(state);
  drawStage(tab);
  drawTable(tab);
  clearTimeout(work.timer);
  if (!aloud) return;
  say(tab, spokenHead(state));
  chooseLater(tab);
}

/** The weights of the head in the state, from the server where they aren't here yet; null where it has none. */
async function weightsOf(tab) {
  const { find, state, work } = tab;
  const key = `${state.kind}/${state.layer}/${state.head}`;
  if (!work.cache.has(key)) {
    find(".at-scroll").setAttribute("aria-busy", "true");
    const { kind } = kindOf(state);
    const head = isAverage(state) ? -1 : state.head;
    const answer = await askOfThis(tab, "attention_head", kind, state.layer, head);
    if (!answer) return null;
    const oldest = [...work.cache.keys()].find((name) => !name.startsWith("overview"));
    if (work.cache.size > MOST_CACHED) work.cache.delete(oldest);
    work.cache.set(key, answer.weights instanceof Float32Array ? answer.weights : floatsOf(answer.weights));
  }
  return work.cache.get(key);
}

function drawHeadName({ find, state }) {
  const { layers, heads } = kindOf(state);
  find(".at-layer").value = state.layer;
  find(".at-headslider").value = state.head;
  find(".at-layer-out").textContent = numberedIn(state.layer, layers);
  find(".at-head-out").textContent = isAverage(state) ? "average" : numberedIn(state.head, heads);
  find(".at-title").textContent = headName(state);
  find(".at-habit").textContent = habitOf(state);
  find(".at-habit").hidden = !habitOf(state);
  find(".at-code").textContent = headCode(state);
}

function drawCards({ find, state }) {
  const card = ({ label, figure, part, unit }) => {
    const bar = make("i");
    bar.style.width = `${Math.max(0, Math.min(1, part)) * 100}%`;
    const number = make("dd", "", `${figure} `, unit && make("small", "", unit), bar);
    return make("div", "", make("dt", label === "entropy" ? "pg-words" : "", label), number);
  };
  find(".at-cards").replaceChildren(...figuresOf(state).map(card));
}

function drawFound(tab) {
  const { find, state } = tab;
  const search = FINDERS[find(".at-find").value === "" ? -1 : Number(find(".at-find").value)];
  const { summaries, heads } = kindOf(state);
  state.found = search ? foundHeads(summaries[search.name], search, heads, FOUND) : [];
  const buttons = state.found.map(([layer, head, number]) => {
    const button = makeButton("", `layer ${layer} head ${head}`, () => look(tab, layer, head));
    button.append(make("b", "", search.format(number)));
    pressed([button], () => layer === state.layer && head === state.head);
    return button;
  });
  find(".at-found").replaceChildren(...buttons);
  drawThumbnails(tab);
}

function drawThumbnails({ find, state }) {
  if (state.value) find(".at-overview-body").classList.toggle("at-tall", kindOf(state).layers > TALL);
  drawThumbs(state, find(".at-thumbs"), find(".at-thumbs-wrap").clientWidth);
}

// ---- the server and the screen reader

async function ask(tab, name, ...given) {
  try {
    const answer = await tab.view.server[name](...given);
    status(
      tab,
      answer && !answer.error ? "" : (answer?.error ?? "The server gave no answer. Press Show attention again."),
    );
    return answer && !answer.error ? answer : null;
  } catch {
    status(tab, "The server can't be reached. Check the connection and try again.");
    return null;
  }
}

function status(tab, text) {
  tab.find(".at-status").textContent = text;
  if (text) say(tab, text);
}

function say({ find, work }, text) {
  if (text === work.told) return;
  work.told = text;
  find(".at-live").textContent = text;
}
