/** A row per model: its state in one line, and opened, every variant with its buttons and what others would take. */

import { make, makeButton } from "../shared/dom.js";
import { counted, formatAge, formatBytes, formatCount, formatFixed } from "../shared/format.js";
import { makeTable } from "../shared/tables.js";
import { BUSY, bestVariant, fourBitInWords } from "./memory.js";

const TONES = { resident: "good", failed: "bad" };
const SOURCES = {
  embedded: "needs no network",
  folder: "from a folder on this machine",
  hub: "downloaded from the Hub on first use",
};

/** @typedef {import("./memory.js").ListedModel} ListedModel */
/** @typedef {import("./memory.js").ModelVariant} ModelVariant */

/**
 * @callback Command  has the server do something with a variant of a model
 * @param {string} name  load, unload, pin or unpin
 * @param {ListedModel} model
 * @param {string} task
 * @param {string} quantization
 * @param {string} words  what is said meanwhile
 */

/**
 * The line of a model that is closed.
 *
 * @param {ListedModel} model
 * @param {boolean} isKnown  whether the server has said what is in memory
 * @returns {HTMLElement[]}
 */
export function summaryOf(model, isKnown) {
  const source = model.source === "hub" ? " · Hub" : "";
  const name = make("span", "lg-name", make("b", "", model.title), make("small", "", `${model.task}${source}`));
  const state = isKnown ? stateOf(bestVariant(model.variants)) : make("span", "lg-state pg-muted", "…");
  return [name, state, sizeOf(model)];
}

/**
 * What a model shows when it is opened.
 *
 * @param {ListedModel} model
 * @param {{ options?: any[], trouble?: string }} record  what it would take in each quantization, or why not
 * @param {boolean} isPublic
 * @param {Command} command
 * @param {((model: ListedModel, task: string, quantization: string) => void) | null} draw  opens its picture
 * @returns {HTMLElement[]}
 */
export function detailsOf(model, record, isPublic, command, draw) {
  const parameters = model.parameters && `${formatCount(model.parameters)} parameters`;
  const facts = [model.id, model.task, `licence ${model.licence}`, parameters, SOURCES[model.source]].filter(Boolean);
  const parts = /** @type {HTMLElement[]} */ ([make("p", "", model.note), make("p", "lg-facts", facts.join(" · "))]);
  const variants = model.variants.filter((variant) => variant.state !== "not loaded");
  if (draw) parts.push(drawButton(model, draw));
  parts.push(...variants.map((variant) => variantBox(model, variant, isPublic ? null : command)));
  if (record.options?.length) {
    parts.push(optionsTable(model, record.options, isPublic, command));
    parts.push(make("p", "lg-facts", fourBitInWords(record.options, formatBytes)));
  } else parts.push(make("p", "pg-muted", record.trouble || "Working out what it would take…"));
  return parts;
}

/** Opens the picture of the whole model, as it is in memory if it is. */
function drawButton(model, draw) {
  const best = /** @type {ModelVariant | undefined} */ (bestVariant(model.variants));
  const held = best?.state === "resident" ? best : { task: model.task, quantization: "auto" };
  const press = () => draw(model, held.task, held.quantization);
  const button = makeButton("lg-button", "Draw it", press, { "aria-label": `Draw the whole of ${model.title}` });
  button.dataset.key = "draw";
  return button;
}

/** @param {ModelVariant | undefined} variant */
function stateOf(variant) {
  const name = variant?.state ?? "not loaded";
  const badge = (text, tone = "") => make("span", `pg-badge ${tone}`, text);
  const box = make("span", "lg-state", badge(name, BUSY.includes(name) ? "warn" : TONES[name] || ""));
  if (variant?.leases) box.append(" ", badge(`in use by ${variant.leases}`));
  if (variant?.pinned) box.append(" ", badge("pinned"));
  if (variant?.waiting) box.append(" ", badge(`${variant.waiting} waiting`));
  if (variant && BUSY.includes(name) && name !== "leaving") {
    box.append(progressBar(variant), make("small", "pg-muted", variant.message));
  }
  return box;
}

/** @param {ModelVariant} variant */
function progressBar(variant) {
  const percent = Math.round(100 * (variant.progress || 0));
  const done = make("div");
  done.style.width = `${percent}%`;
  const track = make("div", `lg-progress${variant.progress === null ? " unknown" : ""}`, done);
  const attributes = { role: "progressbar", "aria-valuemin": "0", "aria-valuemax": "100" };
  for (const [name, value] of Object.entries(attributes)) track.setAttribute(name, value);
  track.setAttribute("aria-label", `loading, ${variant.message}`);
  if (variant.progress !== null) track.setAttribute("aria-valuenow", String(percent));
  return track;
}

/** @param {ListedModel} model */
function sizeOf(model) {
  const held = model.variants.filter((one) => one.measured_bytes);
  const small = (text) => make("small", "", text);
  if (!held.length) {
    const parameters = model.parameters && small(`${formatCount(model.parameters)} parameters`);
    return make("span", "lg-size", parameters);
  }
  const sum = (name, list) => list.reduce((total, one) => total + one[name], 0);
  const cached = sum("cache_bytes", model.variants);
  const parts = [...held.map((one) => one.quantization), ...(cached ? [`${formatBytes(cached)} KV cache`] : [])];
  const whole = parts.map((part, n) => make("span", "", n < parts.length - 1 ? `${part} +` : part)); // none is broken
  const all = formatBytes(sum("measured_bytes", held));
  return make("span", "lg-size", all, make("small", "", ...whole.flatMap((one) => [one, " "]).slice(0, -1)));
}

function variantBox(model, variant, command) {
  const head = make("div", "", make("b", "", variant.quantization), ` for ${variant.task} `, stateOf(variant));
  const words = make("div", "lg-words", head, ...variantFacts(variant));
  if (variant.state === "failed") words.append(make("div", "lg-error", variant.message));
  const box = make("div", "lg-variant", words, ...(command ? variantButtons(model, variant, command) : []));
  box.tabIndex = -1; // it has the focus where the button that was pressed is gone
  box.dataset.key = `variant ${variant.task} ${variant.quantization}`;
  return box;
}

/** @param {ModelVariant} variant */
function variantFacts(variant) {
  const line = (className, text) => make("div", className, text);
  const predicted = variant.predicted_bytes;
  const measured = variant.measured_bytes;
  if (!measured) return predicted ? [line("pg-mono", `predicted ${formatBytes(predicted)}`)] : [];
  const facts = [
    `dtype ${variant.dtype}`,
    `on ${variant.device}`,
    variant.load_seconds !== null && `loaded in ${variant.load_seconds.toFixed(1)}\u00a0s`,
    counted(variant.loads, "load"),
    counted(variant.evictions, "eviction"),
    variant.last_used && `last used ${formatAge(Math.max(0, Date.now() / 1000 - variant.last_used))}`,
  ];
  const cache = variant.cache_bytes && `KV cache of replies: ${formatBytes(variant.cache_bytes)}`;
  return [
    line(
      "pg-mono",
      `predicted ${formatBytes(predicted)}, measured ${formatBytes(measured)} (${gapInWords(predicted, measured)})`,
    ),
    ...(cache ? [line("pg-mono", cache)] : []),
    line("pg-muted", facts.filter(Boolean).join("\u00a0· ")),
  ];
}

/** How far the prediction was off. */
function gapInWords(predicted, measured) {
  if (!predicted) return "nothing was predicted";
  const gap = (100 * (measured - predicted)) / predicted;
  return measured === predicted ? "exactly as predicted" : `${gap > 0 ? "+" : ""}${formatFixed(gap, 1)}\u00a0%`;
}

function variantButtons(model, variant, command) {
  const key = `${variant.task} ${variant.quantization}`;
  const button = (label, name, words, disabled = false) => {
    const press = () => command(name, model, variant.task, variant.quantization, words);
    const node = makeButton("lg-button", label, press);
    node.dataset.key = `${name === "unpin" ? "pin" : name} ${key}`;
    node.setAttribute("aria-label", `${label} ${model.title} in ${variant.quantization}`); // as Load has: there are two
    node.disabled = disabled;
    return node;
  };
  const unloading = `Unloading ${model.title}…`;
  if (variant.state === "resident") {
    const pin = variant.pinned
      ? button("Unpin", "unpin", `${model.title} may leave again when room is needed.`)
      : button("Pin", "pin", `${model.title} stays until you unpin or unload it.`);
    const unload = button("Unload", "unload", unloading, variant.leases > 0 || variant.waiting > 0);
    if (unload.disabled) unload.title = `In use by ${variant.leases}: it can't be unloaded now.`;
    return [pin, unload];
  }
  if (variant.state === "in RAM") return [button("Unload", "unload", unloading)];
  if (variant.state === "failed") return [button("Try again", "load", `Loading ${model.title}…`)];
  const stoppable = BUSY.includes(variant.state) && variant.state !== "leaving";
  return stoppable ? [button("Stop loading", "unload", "Stopping…", variant.waiting > 0)] : [];
}

const OPTION_COLUMNS = [
  { name: "quantization" },
  { name: "memory", kind: "num" },
  { name: "", kind: "lg-bits" },
  { name: "against float32", kind: "num" },
  { name: "", kind: "lg-why" },
  { name: "" },
];

function optionsTable(model, options, isPublic, command) {
  const full = options.find((one) => one.name === "float32")?.predicted_bytes;
  const most = Math.max(...options.map((one) => one.predicted_bytes || 0)) || 1;
  const first = options.find((one) => one.available)?.name;
  const rows = options.map((option) => {
    const fill = make("span");
    fill.style.width = `${(100 * (option.predicted_bytes || 0)) / most}%`;
    const share = full && option.predicted_bytes ? `${Math.round((100 * option.predicted_bytes) / full)}\u00a0%` : "";
    const name = make("span", "", make("span", "pg-mono", option.name), make("small", "lg-why-below", option.reason));
    const last = optionState(model, option, first, isPublic, command);
    const track = make("span", "lg-track", fill);
    return [name, formatBytes(option.predicted_bytes), track, share, option.reason, last];
  });
  const table = makeTable(OPTION_COLUMNS, rows);
  table.classList.add("lg-options");
  for (const [k, option] of options.entries()) table.tBodies[0].rows[k].classList.toggle("off", !option.available);
  const wrap = make("div", "pg-table-wrap", table);
  wrap.toggleAttribute("data-see", true); // what a lesson speaks of
  return wrap;
}

function optionState(model, option, first, isPublic, command) {
  const there = model.variants.find((one) => one.quantization === option.name && one.task === model.task);
  const isThere = there && there.state !== "not loaded" && there.state !== "failed";
  if (isPublic || isThere) return there && make("span", "pg-muted", there.state);
  const press = () => command("load", model, model.task, option.name, `Loading ${model.title} in ${option.name}…`);
  const button = makeButton(`lg-button${option.name === first ? " primary" : ""}`, "Load", press);
  button.dataset.key = `load ${option.name}`;
  button.setAttribute("aria-label", `Load ${model.title} in ${option.name}`);
  button.disabled = !option.available;
  button.title = option.reason;
  return button;
}
