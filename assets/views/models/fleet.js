/** A fleet: a row per replica, with its machine, memory, models and replies. A process alone shows nothing here. */

import { make } from "../shared/dom.js";
import { formatBytes } from "../shared/format.js";
import { makeTable } from "../shared/tables.js";

/** @typedef {import("../types.d.ts").models.FleetListed} FleetListed */
/** @typedef {import("../types.d.ts").models.FleetReplica} FleetReplica */
/** @typedef {import("../types.d.ts").models.FleetModel} FleetModel */

const TONES = { running: "good", starting: "warn", silent: "bad" };
const COLUMNS = [
  { name: "replica" },
  { name: "replies", kind: "num" },
  { name: "memory" },
  { name: "models" },
  { name: "calls", kind: "num" },
];

/**
 * @param {HTMLElement} box
 * @param {FleetListed | null} fleet
 */
export function drawFleet(box, fleet) {
  box.hidden = !fleet;
  const seen = JSON.stringify(fleet);
  if (!fleet || box.dataset.seen === seen) return;
  box.dataset.seen = seen;
  const scrolled = box.querySelector(".pg-table-wrap")?.scrollLeft ?? 0;
  const table = make(
    "div",
    "pg-table-wrap",
    makeTable(
      COLUMNS,
      fleet.replicas.map((one) => cellsOf(one, fleet)),
    ),
  );
  box.replaceChildren(make("h3", "", "Fleet", make("span", "", inWords(fleet))), table, ...gone(fleet));
  table.scrollLeft = scrolled;
}

/**
 * What a fleet does now, in one line.
 *
 * @param {FleetListed} fleet
 * @returns {string}
 */
export function inWords(fleet) {
  const machines = fleet.machines.filter((one) => one.alive).length;
  const waits = (count, what) => (count ? [`${count} ${count === 1 ? "waits" : "wait"} for ${what}`] : []);
  return [
    counted(machines, "machine"),
    counted(fleet.replicas.length, "replica"),
    `${counted(fleet.running, "reply", "replies")} being written`,
    ...waits(fleet.in_line, "a turn"),
    ...waits(fleet.queue, "a replica"),
  ].join(" · ");
}

function counted(count, one, many = `${one}s`) {
  return `${count} ${count === 1 ? one : many}`;
}

/**
 * @param {FleetReplica} replica
 * @param {FleetListed} fleet
 */
function cellsOf(replica, { machines }) {
  const badge = make("span", `pg-badge ${TONES[replica.state] ?? ""}`, replica.state);
  const name = make(
    "span",
    "",
    make("span", "pg-mono", replica.name),
    " ",
    badge,
    make("small", "", machineInWords(replica.machine, machines)),
  );
  const memory = make("span", "", ...replica.devices.map(memoryOf));
  const models = make("ul", "", ...replica.models.map((model) => make("li", "", modelInWords(model))));
  return [name, repliesOf(replica), memory, models, String(replica.calls)];
}

/**
 * @param {string} name
 * @param {FleetListed["machines"]} machines
 * @returns {string}
 */
export function machineInWords(name, machines) {
  const machine = machines.find((one) => one.name === name);
  if (!machine) return name;
  const gpus = machine.gpus ? [counted(machine.gpus, "GPU")] : [];
  return [name, counted(machine.cpus, "core"), ...gpus].join(" · ");
}

/** @param {import("../types.d.ts").models.DeviceReport} device */
function memoryOf(device) {
  const used = device.used_bytes + device.cache_bytes;
  const most = Math.max(device.limit_bytes, device.budget_bytes, 1);
  const fill = make("span");
  fill.style.width = `${Math.min(100, (100 * used) / most)}%`;
  const words = `${device.device}: ${formatBytes(used)} of ${formatBytes(most)}`;
  const line = make("span", "", words, make("span", "lg-track", fill));
  line.title = device.name;
  return line;
}

/**
 * @param {FleetModel} model
 * @returns {string}
 */
export function modelInWords({ title, quantization, state }) {
  return `${title}, ${quantization}${state === "resident" ? "" : ` (${state})`}`;
}

/** @param {FleetReplica} replica */
function repliesOf({ models }) {
  const running = models.reduce((sum, one) => sum + one.running, 0);
  const waiting = models.reduce((sum, one) => sum + one.in_line, 0);
  return waiting ? `${running} + ${waiting} in line` : String(running);
}

/** @param {FleetListed} fleet */
function gone({ machines }) {
  const names = machines.filter((one) => !one.alive).map((one) => one.name);
  return names.length ? [make("p", "pg-muted", `Gone, and used again when they come back: ${names.join(", ")}.`)] : [];
}
