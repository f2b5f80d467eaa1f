/** A card per device: a bar of what its memory is taken by, with a legend. */

import { make } from "../shared/dom.js";
import { formatBytes } from "../shared/format.js";
import { segmentsOf } from "./memory.js";

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
  const legend = make("ul", "lg-legend");
  const models = segments.filter((one) => one.kind === "model");
  for (const one of segments) {
    const share = one.count / total;
    const fits = share > (one.name.length * 7 + 14) / Math.max(1, width - 34);
    const piece = make("div", `lg-part-${one.kind}`, fits ? one.name : "");
    const swatch = make("i", `lg-part-${one.kind}`);
    piece.style.width = `${100 * share}%`;
    piece.title = `${one.name}: ${formatBytes(one.count)}`;
    if (!fits) piece.style.padding = "0";
    const colour = one.kind === "model" ? `var(--pg-cat-${models.indexOf(one) % 6})` : "";
    if (colour) piece.style.backgroundColor = swatch.style.backgroundColor = colour;
    bar.append(piece);
    legend.append(make("li", "", swatch, make("span", "", one.name), make("b", "", formatBytes(one.count))));
  }
  bar.setAttribute("role", "img");
  bar.setAttribute("aria-label", segments.map((one) => `${one.name} ${formatBytes(one.count)}`).join(", "));
  return { bar, legend };
}
