/** What is in memory, per device and per model. Asks the server while it can be seen, and changes only what changed. */

import { finder, make } from "../shared/dom.js";
import { hostOf, readInbox } from "../shared/inbox.js";
import { lifeOf } from "../shared/lifecycle.js";
import { drawDevices } from "./devices.js";
import { drawFleet } from "./fleet.js";
import { pauseFor, saidOf } from "./memory.js";
import { detailsOf, summaryOf } from "./rows.js";

const LOOK_MS = 200;
const ROWS = ".lg-said";
const FORM = ".lg-typed .lg-said";
const QUANTIZATIONS = ["auto", "float32", "bfloat16", "float16", "8-bit", "fast-8-bit", "4-bit"];
const PUBLIC =
  "This page is public: you see everything, and using a model in another tab loads it; loading, unloading and " +
  "pinning by hand are for its owner. ";

/** @param {import("../view.d.ts").View} view */
export function mount({ element, props, server, trigger }) {
  const root = /** @type {HTMLElement} */ (element.querySelector(".lg"));
  const state = {
    shown: /** @type {import("../types.d.ts").models.ModelsListed} */ (props.value),
    /** @type {Map<string, { box: HTMLDetailsElement, seen: string, options?: any[], trouble?: string }>} */
    rows: new Map(),
    own: /** @type {Set<string>} */ (new Set()), // ids that were typed in here
    /** @type {Map<string, Parameters<typeof saidOf>[0]>} */
    taken: new Map(), // by where its answer stands, the last command that the server has taken
    asking: false,
    asked: 0,
  };
  const ledger = { root, find: finder(root), state, server, trigger };
  buildForm(ledger);
  draw(ledger);
  readInbox(hostOf(element), lifeOf(element).signal, (_, { model_id }) => unfold(ledger, model_id));
  lifeOf(element).every(LOOK_MS, () => {
    const visible = !document.hidden && root.offsetParent !== null;
    if (!visible || Date.now() - state.asked <= pauseFor(state.shown.models)) return;
    state.asked = Date.now();
    ask(ledger);
  });
}

/** Draws everything from what the server said last. */
function draw(ledger) {
  const { root, find, state } = ledger;
  const problem = find(".lg-problem");
  problem.textContent = state.shown.public ? PUBLIC + state.shown.visitor_rules : state.shown.problem;
  problem.hidden = !problem.textContent;
  problem.classList.toggle("warn", !state.shown.public);
  find(".lg-typed").hidden = !state.shown.typing;
  drawFleet(find(".lg-fleet"), state.shown.fleet);
  drawDevices(find(".lg-devices"), state.shown, root.clientWidth);
  drawRows(ledger);
  for (const [where, asked] of state.taken) {
    const { text, bad } = saidOf(asked, state.shown.models);
    say(ledger, where, text, bad);
  }
}

async function ask(ledger) {
  const { state, server } = ledger;
  if (state.asking) return;
  state.asking = true;
  try {
    const answer = await server.models_state([...state.own]);
    state.shown = answer.error ? { ...state.shown, problem: answer.error } : answer.value;
  } catch {
    state.shown = { ...state.shown, problem: "The server doesn't answer; trying again." };
  } finally {
    state.asking = false;
  }
  draw(ledger);
}

function say({ find }, where, text, bad = false) {
  const said = find(where);
  if (said.textContent !== text) said.textContent = text; // else a screen reader would say it again
  said.classList.toggle("bad", bad);
}

/** Has the server do something, and says what becomes of it where it was asked for: `ROWS` or `FORM`. */
async function command(ledger, where, name, id, task, quantization, words) {
  ledger.state.taken.delete(where);
  say(ledger, where, words);
  try {
    const answer = await ledger.server.model_command(name, id, task, quantization);
    if (answer.error) say(ledger, where, answer.error, true);
    else ledger.state.taken.set(where, { name, id, quantization, words });
  } catch {
    say(ledger, where, "The server doesn't answer; please try again.", true);
  }
  await ask(ledger);
}

// ---- rows

function drawRows(ledger) {
  const { state } = ledger;
  const wanted = new Set(state.shown.models.map((model) => model.id));
  for (const [id, record] of state.rows) {
    if (wanted.has(id)) continue;
    record.box.remove();
    state.rows.delete(id);
  }
  const isKnown = state.shown.devices.length > 0 || Boolean(state.shown.fleet);
  for (const model of state.shown.models) {
    const record = state.rows.get(model.id) ?? addRow(ledger, model.id);
    const key = JSON.stringify([model, isKnown]);
    if (key === record.seen) continue;
    record.seen = key;
    record.box.querySelector("summary")?.replaceChildren(...summaryOf(model, isKnown));
    if (record.box.open) fill(ledger, model, record);
  }
}

function addRow(ledger, id) {
  const { find, state } = ledger;
  const box = make("details", "lg-row", make("summary"), make("div", "lg-body"));
  box.setAttribute("role", "listitem");
  const record = { box, seen: "" };
  box.addEventListener("toggle", () => box.open && open(ledger, id, record));
  state.rows.set(id, record);
  box.addEventListener("keydown", (event) => event.repeat && event.key === "Enter" && event.preventDefault()); // held
  find(".lg-rows").append(box);
  return record;
}

function modelOf({ state }, id) {
  return state.shown.models.find((model) => model.id === id);
}

async function open(ledger, id, record) {
  const model = modelOf(ledger, id);
  fill(ledger, model, record);
  const failed = { error: "The server doesn't answer; close and open this row to try again." };
  const answer = await ledger.server.model_options(id, model.task).catch(() => failed);
  record.trouble = answer.error || "";
  if (!answer.error) record.options = answer.value;
  const now = modelOf(ledger, id);
  if (now) fill(ledger, now, record);
  ledger.trigger("opened", [id, model.task]);
}

/** Opens the row of a model, of the first that writes where none is named, and closes the others. */
function unfold({ state }, id) {
  const wanted = state.shown.models.find((one) => (id ? one.id === id : one.task === "text-generation"));
  for (const [name, { box }] of state.rows) box.open = name === wanted?.id;
}

/** Draws an opened row again; what had the focus has it afterwards, or else what has come of it. */
function fill(ledger, model, record) {
  const body = record.box.querySelector(".lg-body");
  const active = /** @type {HTMLElement} */ (document.activeElement);
  const focus = body.contains(active) ? active.dataset.key : null;
  const isSeen = Boolean(focus) && active.matches(":focus-visible");
  const run = (name, one, ...what) => command(ledger, ROWS, name, one.id, ...what);
  const { hub, public: isPublic } = ledger.state.shown;
  const draw = (one, task, quantization) => ledger.trigger("draw", [one.id, task, quantization]);
  const drawable = hub !== "off" || model.source !== "hub";
  body.replaceChildren(...detailsOf(model, record, isPublic, run, drawable ? draw : null));
  const next = focus ? heirOf(record.box, focus) : null;
  next?.focus({ preventScroll: !isSeen || next?.dataset.key === focus });
}

/**
 * What has the focus once a row is drawn again: the same button; where it is gone, its variant, or what would load it.
 *
 * @param {HTMLElement} box
 * @param {string} key  of what had it; its last word is the quantization
 * @returns {HTMLElement | null}
 */
function heirOf(box, key) {
  const quantization = key.slice(key.lastIndexOf(" ") + 1);
  const able = [.../** @type {NodeListOf<HTMLButtonElement>} */ (box.querySelectorAll("[data-key]"))];
  const keyed = (test) => able.find((one) => !one.disabled && test(one.dataset.key));
  const isVariant = (one) => one.startsWith("variant ") && one.endsWith(` ${quantization}`);
  const heir = keyed((one) => one === key) ?? keyed(isVariant) ?? keyed((one) => one === `load ${quantization}`);
  return heir ?? box.querySelector("summary");
}

// ---- the form for any other model

function buildForm(ledger) {
  const form = ledger.find(".lg-typed");
  const { id, task, quantization } = form.elements;
  for (const name of ledger.state.shown.tasks) task.append(new Option(name));
  task.value = "text-generation";
  for (const name of QUANTIZATIONS) quantization.append(new Option(name));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const wanted = id.value.trim();
    if (wanted) ledger.state.own.add(wanted);
    const words = `Asking the Hub for ${wanted}…`;
    const taken = wanted && command(ledger, FORM, "load", wanted, task.value, quantization.value, words);
    if (!taken) say(ledger, FORM, "Write the id of a model first, such as openai-community/gpt2.", true);
    const show = () => ledger.find(FORM).scrollIntoView({ block: "nearest" });
    show(); // the button may stand at the window's edge,
    if (taken) taken.then(show); // and a new row moves it
  });
}
