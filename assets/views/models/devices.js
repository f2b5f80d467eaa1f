/** A card per device: a bar of what its memory is taken by, with a legend. */

import { make } from "../shared/dom.js";
import { formatBytes } from "../shared/format.js";
import { segmentsOf } from "./memory.js";

const NARROW = 480; // CSS pixels
const FEW = 3; // copies

/**
 * @param {HTMLElement} box
 * @param {import("../types.d.ts").models.ModelsListed} state  what the server says
 * @param {number} width  of the view, in CSS pixels
 */
export function drawDevices(box, state, width) {
  if (state.devices.length) box.replaceChildren(...state.devices.map((device) => card(device, state.models, width)));
  else if (!box.childElementCount) box.append(make("div", "pg-card pg-muted", "Measuring the memory…"));
}

function card(device, models, width) {
  const { bar, legend } = drawBar(segmentsOf(device, models), width);
  const head = make("h3", "", device.name, make("span", "", inWords(device)));
  return make("section", "pg-card lg-device", head, bar, legend);
}

/** @param {import("./memory.js").DeviceReport} device */
function inWords(device) {
  const shared = device.device !== "ram" && device.limit_bytes === device.budget_bytes;
  const purpose = shared ? "of it for weights and KV caches" : "of it for weights";
  const cached = device.cache_bytes ? ` + ${formatBytes(device.cache_bytes)} of KV cache` : "";
  const budget = `${formatBytes(device.budget_bytes)} ${purpose}`;
  const used = `${formatBytes(device.used_bytes)} taken${cached}`;
  return `${device.device} · ${formatBytes(device.total_bytes)} in all, ${budget}, ${used}`;
}

function drawBar(segments, width) {
  const total = segments.reduce((sum, one) => sum + one.count, 0) || 1;
  const bar = make("div", "lg-bar");
  const models = segments.filter((one) => one.kind === "model");
  const painted = (tag, one, text) => {
    const node = make(tag, `lg-part-${one.kind}`, text);
    if (one.kind === "model") node.style.backgroundColor = `var(--pg-cat-${Math.max(0, models.indexOf(one)) % 6})`;
    return node;
  };
  for (const one of segments) {
    const share = one.count / total;
    const fits = share > (one.name.length * 7 + 14) / Math.max(1, width - 34);
    const piece = painted("div", one, fits ? one.name : "");
    piece.style.width = `${100 * share}%`;
    piece.title = `${one.name}: ${formatBytes(one.count)}`;
    if (!fits) piece.style.padding = "0";
    bar.append(piece);
  }
  const line = (one) =>
    make("li", "", painted("i", one, ""), make("span", "", one.name), make("b", "", formatBytes(one.count)));
  const legend = make("ul", "lg-legend", ...legendOf(segments, width).map(line));
  bar.setAttribute("role", "img");
  bar.setAttribute("aria-label", segments.map((one) => `${one.name} ${formatBytes(one.count)}`).join(", "));
  return { bar, legend };
}

/**
 * What a legend names: where there is little room, many copies of models together, as the rows below name each.
 *
 * @param {{ kind: string, name: string, count: number }[]} segments
 * @param {number} width
 */
export function legendOf(segments, width) {
  const models = segments.filter((one) => one.kind === "model");
  if (width >= NARROW || models.length <= FEW) return segments;
  const count = models.reduce((sum, one) => sum + one.count, 0);
  const all = { kind: "model", name: `${models.length} copies of models`, count };
  return [all, ...segments.filter((one) => one.kind !== "model")];
}
