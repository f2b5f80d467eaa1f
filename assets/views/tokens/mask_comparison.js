/** What the model made of the right and of the wrong batch: numbers with their difference, and attention of one row. */

import { bringToSight, finder, make } from "../shared/dom.js";
import { formatFixed, withMinus } from "../shared/format.js";
import { lifeOf } from "../shared/lifecycle.js";
import { makeTable } from "../shared/tables.js";
import { attentionMaps } from "./attention_maps.js";

const SAME = 2e-6;
const FLIPPED = "flipped bits";

/** @param {import("../view.d.ts").View} view */
export function mount({ element, props, watch }) {
  const find = finder(element);
  let isComing = false;
  const state = { layer: 0, place: /** @type {[number, number]} */ ([0, 0]) };
  const say = (text) => {
    find(".heard").textContent = text;
  };
  const drawMaps = () => attentionMaps(find, props.value?.rows ? props.value.attention : null, state, say);
  const draw = () => {
    const value = props.value?.rows ? props.value : { rows: [], attention: null };
    state.layer = value.attention ? value.attention.layers - 1 : 0;
    const instead = props.value?.coming || props.value?.said || "";
    find(".coming").hidden = !instead;
    find(".coming").textContent = instead;
    find(".origin").textContent = props.value?.rows ? props.value.origin : "";
    find(".rows").replaceChildren(...value.rows.map((row) => drawRow(row, value.mistake)));
    drawMaps();
    say(value.rows.map(rowInWords).join(". "));
    // Whoever flips bits looks at them; whoever presses a mistake looks for what it does, below a laptop's fold.
    if (isComing && value.rows.length && value.mistake !== FLIPPED) bringToSight(find(".rows"), find(".comparison"));
    isComing = Boolean(props.value?.coming);
  };
  lifeOf(element).onTheme(drawMaps);
  watch("value", draw);
  draw();
}

/**
 * A number with the digits that count.
 *
 * @param {number} number
 * @returns {string}
 */
export function formatDigits(number) {
  const size = Math.abs(number);
  if (size >= 100) return formatFixed(number, 1);
  return size >= 0.0001 || size === 0 ? formatFixed(number, 4) : withMinus(number.toExponential(1));
}

function rowInWords(row) {
  const difference = formatDigits(row.largest_difference);
  const same = row.largest_difference < SAME;
  return `${row.title}: ${same ? "the same answer" : `${row.summary}, largest difference ${difference}`}`;
}

function drawRow(row, mistake) {
  const difference = formatDigits(row.largest_difference);
  if (row.largest_difference < SAME) {
    const text = `${row.title}: the same answer; largest difference ${difference}.`;
    return make("div", "result", make("p", "same", text));
  }
  const names = ["right", mistake, "difference"].map((name) => ({ name, kind: "num" }));
  const most = Math.max(...row.quantities.map((one) => Math.abs(one.wrong - one.right)), 1e-12);
  const rows = row.quantities.map(({ name, right, wrong }) => {
    const delta = wrong - right;
    const stripe = make("span", `delta ${delta < 0 ? "neg" : "pos"}`);
    stripe.style.width = `${Math.round((46 * Math.abs(delta)) / most)}px`;
    const change = make("span", "", (delta > 0 ? "+" : "") + formatDigits(delta), stripe);
    return [name, formatDigits(right), formatDigits(wrong), change];
  });
  const table = makeTable([{ name: row.unit }, ...names], rows);
  table.className = "";
  const foot = `Largest difference over all ${row.compared} numbers: ${difference}.`;
  const summary = `${row.summary[0].toUpperCase()}${row.summary.slice(1)}.`;
  const parts = [make("h4", "", row.title), make("p", "", summary), make("div", "pg-table-wrap", table)];
  return make("div", "result", ...parts, make("p", "pg-muted", foot));
}
