/** The same numbers as a table: of all queries, or of one with its keys by weight. */

import { make } from "../shared/dom.js";
import { fillTable, namedGrid } from "../shared/tables.js";
import { maskOf, side, sizes } from "./state.js";
import { formatWeight, REASONS } from "./weights.js";

const MOST_CELLS = 900;

/** @typedef {import("./stage.js").Tab} Tab */

/** @param {Tab} tab  Which rows can be chosen. */
export function buildQueries({ find, state }) {
  const [q, k] = sizes(state);
  const single = side(state, "queries").text.map((text, index) => new Option(`${index} ${text}`, String(index)));
  const all = q * k <= MOST_CELLS ? [new Option("all queries", "all")] : [];
  find(".at-query").replaceChildren(...all, ...single);
}

/** @param {Tab} tab */
export function drawTable({ find, state }) {
  if (!find(".at-twin").open || !state.drawn) return;
  const chosen = find(".at-query").value;
  if (chosen === "all") find(".at-table").replaceChildren(wholeTable(state));
  else rowTable(find(".at-table"), state, Number(chosen));
}

function cellOf(state, row, key) {
  const index = row * sizes(state)[1] + key;
  const reason = maskOf(state)[index];
  if (reason) return make("td", "at-masked", REASONS[reason].name);
  const weight = state.drawn.weights[index];
  return make("td", "num", weight > 0 && weight < 0.00005 ? "<0.0001" : formatWeight(weight));
}

function wholeTable(state) {
  const keys = side(state, "keys").text;
  const names = [...keys, state.hide ? "kept" : "sum"];
  const cell = (row, key) =>
    key < keys.length ? cellOf(state, row, key) : make("td", "", state.drawn.kept[row].toFixed(4));
  return namedGrid("query \\ key", side(state, "queries").text, names, cell);
}

function rowTable(table, state, row) {
  const { text } = side(state, "keys");
  const weight = (key) => state.drawn.weights[row * text.length + key];
  const order = text.map((_, key) => key).sort((a, b) => weight(b) - weight(a));
  const rows = order.map((key) => [key, text[key], ""]);
  fillTable(table, [{ name: "position" }, { name: "key" }, { name: "weight", kind: "num" }], rows);
  for (const [k, key] of order.entries()) table.tBodies[0].rows[k].lastChild.replaceWith(cellOf(state, row, key));
}
